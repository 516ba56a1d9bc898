//! Bits that are no instruction, by the judgement of the reference model.

use rand::Rng;
use rand::seq::IndexedRandom;

use crate::instruction::Instruction;
use model::hart::{Feed, Hart, HartConfig};

/// Bytes of RAM for one instruction and what is fetched with it.
const RAM_BYTES: u32 = 16;
/// mcause of an illegal instruction.
const ILLEGAL: u32 = 2;

/// Whether the reference takes an instruction for illegal, straight after reset.
fn is_illegal(bits: u32) -> bool {
    let config = HartConfig { ram_bytes: RAM_BYTES, ..HartConfig::default() };
    let mut hart = Hart::new(&config);
    hart.load(config.boot, &bits.to_le_bytes()).expect("it is in RAM");
    let retire = hart.step(&Feed::default()).expect("there is no interrupt");
    retire.trap.is_some_and(|trap| trap.cause == ILLEGAL)
}

fn find(mut candidate: impl FnMut() -> u32) -> u32 {
    loop {
        let bits = candidate();
        if is_illegal(bits) {
            return bits;
        }
    }
}

/// 32 bits that are no instruction, half of them of a major opcode that there is. The unit's opcode
/// is left out: what it refuses depends on what it holds.
pub(super) fn word(rng: &mut impl Rng) -> u32 {
    const OPCODES: [u32; 9] = [0x03, 0x0f, 0x13, 0x23, 0x33, 0x63, 0x67, 0x73, 0x73];
    const UNIT: u32 = 0x77;
    find(|| {
        let bits = rng.random::<u32>();
        let opcode = if rng.random() {
            *OPCODES.choose(rng).expect("it is not empty")
        } else {
            bits & 0x7f | 3
        };
        if opcode == UNIT { u32::MAX } else { bits & !0x7f | opcode }
    })
}

/// 16 bits that are no instruction.
pub(super) fn half(rng: &mut impl Rng) -> u16 {
    find(|| {
        loop {
            let bits = rng.random_range(0..=0xffff);
            if bits & 3 != 3 {
                break bits;
            }
        }
    }) as u16
}

/// The number of a CSR that does not exist.
pub(super) fn csr(rng: &mut impl Rng) -> u16 {
    let read = |csr| Instruction::csrr(0, csr).encode();
    (find(|| read(rng.random_range(0..0x1000))) >> 20) as u16
}
