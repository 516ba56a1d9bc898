// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs of random words: whatever they are, the hart goes on.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::encode::{NOP, sw};
use super::{BASE, Feed, Hart, HartConfig, hart, store};
use crate::hart::RunEnd;
use crate::isa::disassemble;

/// Mostly the opcodes that there are.
fn word(rng: &mut ChaCha8Rng) -> u32 {
    const OPCODES: [u32; 12] =
        [0x03, 0x0f, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6f, 0x73, 0x77];
    let word: u32 = rng.random();
    match rng.random_range(0..4) {
        0 => word,
        1 => word & 0x01ff_ff80 | OPCODES[rng.random_range(0..12)],
        _ => word & !0x7f | OPCODES[rng.random_range(0..12)],
    }
}

#[test]
fn random_words_never_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut trapped, mut executed) = (0, 0);
    for _ in 0..300 {
        let program: Vec<u32> = (0..256).map(|_| word(&mut rng)).collect();
        let mut hart = hart(&program);
        for n in 1..32 {
            let near = BASE + rng.random_range(0..0x400);
            hart.registers[n] = if rng.random() { near } else { rng.random() };
        }
        for _ in 0..300 {
            let feed = Feed {
                mip: rng.random::<bool>().then(|| rng.random()),
                interrupt: rng.random_bool(0.1),
                read: rng.random::<bool>().then(|| rng.random()),
            };
            let pc = hart.pc();
            match hart.step(&feed) {
                Ok(retire) => {
                    disassemble(retire.insn, retire.pc);
                    trapped += u32::from(retire.trap.is_some());
                    executed += u32::from(retire.trap.is_none());
                    assert_eq!((hart.pc(), hart.pc() % 2), (retire.next_pc, 0));
                    assert_eq!(hart.register(0), 0);
                }
                Err(error) => {
                    assert_eq!(hart.pc(), pc, "{error}");
                    hart.pc = BASE + 4 * rng.random_range(0..256);
                }
            }
            // Traps go nowhere: back into the program.
            if hart.pc().wrapping_sub(BASE) >= 0x400 {
                hart.pc = BASE + 4 * rng.random_range(0..256);
            }
        }
    }
    assert!(trapped > 1000 && executed > 10_000, "{trapped}, {executed}");
}

#[test]
fn run_ends_at_tohost() {
    const TOHOST: u32 = BASE + 0x40;
    let program = [sw(0, 10, 0), sw(11, 10, -4), sw(11, 10, 4), sw(11, 10, 0), NOP];
    let ready = || {
        let mut hart = hart(&program);
        (hart.registers[10], hart.registers[11]) = (TOHOST, 7);
        hart
    };
    let mut hart = ready();
    assert_eq!(hart.run(100, Some(TOHOST)), RunEnd::ToHost(7));
    assert_eq!(hart.pc(), BASE + 16);
    let mut hart = ready();
    assert_eq!(hart.run(3, Some(TOHOST)), RunEnd::Limit);
    assert_eq!((hart.pc(), hart.instructions()), (BASE + 12, 3));
    let mut hart = ready();
    assert_eq!(hart.run(5, None), RunEnd::Limit);
    assert_eq!(hart.pc(), BASE + 20);
    // A byte of it, and a store that ends in it.
    for (insn, word) in [(super::encode::s(3, 11, 10, 0), 7 << 24), (sw(11, 10, -2), 0)] {
        let mut hart = ready();
        store(&mut hart, BASE, &[insn, NOP]);
        let end = if word == 0 { RunEnd::Limit } else { RunEnd::ToHost(word) };
        assert_eq!(hart.run(2, Some(TOHOST)), end);
    }
    let mut hart = ready();
    hart.registers[11] = 0x0005_0000;
    store(&mut hart, BASE, &[sw(11, 10, -2)]);
    assert_eq!(hart.run(1, Some(TOHOST)), RunEnd::ToHost(5));
}

#[test]
fn run_ends_at_a_wfi_without_end() {
    let mut hart = hart(&[NOP, super::encode::WFI]);
    let RunEnd::Asleep(error) = hart.run(10, None) else { panic!("it waits") };
    assert!(error.to_string().starts_with("the wfi at 0x80000004 waits for ever"));
}

#[test]
#[should_panic(expected = "KERNEL is 1 to 7")]
fn a_unit_that_cannot_be() {
    let mut config = HartConfig::default();
    config.unit.kernel = 8;
    Hart::new(&config);
}
