//! The simulator by the manuals: expected values are from there or by hand.

use super::{Feed, Hart, HartConfig, Retire, Trap};

mod arithmetic;
mod compressed;
mod control;
mod conv;
mod conv_traps;
mod counters;
mod csr;
mod decode;
mod devices;
mod encode;
mod interrupts;
mod memory;
mod random;
mod traps;
mod vectors;

const BASE: u32 = 0x8000_0000;

/// A hart after reset with these instructions at its pc. RAM is 64 KiB.
fn hart(program: &[u32]) -> Hart {
    let mut hart = Hart::new(&HartConfig { ram_bytes: 1 << 16, ..HartConfig::default() });
    store(&mut hart, BASE, program);
    hart
}

/// Puts words into RAM.
fn store(hart: &mut Hart, addr: u32, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    hart.load(addr, &bytes).unwrap();
}

/// One instruction of a hart that stands alone.
fn step(hart: &mut Hart) -> Retire {
    hart.step(&Feed::default()).unwrap()
}

/// So many instructions, none of which may trap.
fn steps(hart: &mut Hart, count: usize) {
    for _ in 0..count {
        let retire = step(hart);
        assert_eq!(retire.trap, None, "at {:#x}", retire.pc);
    }
}

/// One instruction with these registers; it may not trap.
fn execute(insn: u32, registers: &[(usize, u32)]) -> Retire {
    let mut hart = hart(&[insn]);
    for &(register, value) in registers {
        hart.registers[register] = value;
    }
    let retire = step(&mut hart);
    assert_eq!(retire.trap, None, "{insn:#010x}");
    retire
}

/// The trap of one instruction with these registers.
fn trap(insn: u32, registers: &[(usize, u32)]) -> Option<Trap> {
    let mut hart = hart(&[insn]);
    for &(register, value) in registers {
        hart.registers[register] = value;
    }
    step(&mut hart).trap
}
