// SPDX-License-Identifier: MIT OR Apache-2.0
//! The arithmetic of the extension F: Berkeley SoftFloat's, as the simulator `rvsim` makes RISC-V's
//! instructions of it. Nothing of the arithmetic is written here.

use rvsim::{CpuState, Interp, Memory, MemoryAccess, SimpleClock};

pub use crate::facts::float::CANONICAL_NAN;
use crate::facts::float::{DZ, NV, NX, OF, RMM, UF};
use crate::isa::{Class, Instruction, Op};

/// The flags that an instruction raises, as fflags has them.
pub const INVALID: u32 = 1 << NV;
pub const DIVISION_BY_ZERO: u32 = 1 << DZ;
pub const OVERFLOW: u32 = 1 << OF;
pub const UNDERFLOW: u32 = 1 << UF;
pub const INEXACT: u32 = 1 << NX;

/// The highest number of a rounding mode; those above are reserved, or stand for frm.
pub const LAST_ROUNDING_MODE: u8 = RMM as u8;

/// The number in an instruction that stands for the rounding mode in frm.
pub const DYNAMIC: u8 = 7;

/// Rounding modes in assembly text, by their numbers.
pub const ROUNDING_MODES: [&str; LAST_ROUNDING_MODE as usize + 1] =
    ["rne", "rtz", "rdn", "rup", "rmm"];

/// The names of some flags, the most severe one first, with blanks between.
pub fn flag_names(flags: u32) -> String {
    let names = [(NV, "NV"), (DZ, "DZ"), (OF, "OF"), (UF, "UF"), (NX, "NX")];
    let raised = names.into_iter().filter(|(bit, _)| flags >> bit & 1 == 1);
    raised.map(|it| it.1).collect::<Vec<_>>().join(" ")
}

/// The result of a float instruction other than a load or store, and the flags that it raises. The
/// operands are the values of rs1, rs2 and rs3, of float or integer registers; what the instruction
/// does not have is not looked at, nor is the rounding mode (0 RNE, 1 RTZ, 2 RDN, 3 RUP, 4 RMM) of
/// one that does not [round](Op::rounds). Panics for other instructions and modes.
pub fn compute(op: Op, rounding: u8, operands: [u32; 3]) -> (u32, u32) {
    assert!(op.class() == Class::Float, "{} computes no floats", op.name());
    assert!(rounding <= LAST_ROUNDING_MODE, "rounding mode {rounding} is reserved");
    let [a, b, c] = operands;
    let rounding = if op.rounds() { rounding } else { 0 };
    let mut word = Word(Instruction::float(op, rounding, RD, [1, 2, 3]).encode().to_le_bytes());
    let mut state = CpuState::new(0);
    state.x[1] = a;
    for (register, value) in state.f[1..].iter_mut().zip([a, b, c]) {
        // A single in a register of 64 bits has ones above it.
        register.0 = u64::from(value) | 0xffff_ffff << 32;
    }
    Interp::new(&mut state, &mut word, &mut SimpleClock::new())
        .step()
        .expect("the table of instructions has RISC-V's encodings");
    let rd = usize::from(RD);
    let result = if op.floats()[0] { state.f[rd].0 as u32 } else { state.x[rd] };
    (result, state.fcsr)
}

const RD: u8 = 4;

/// A memory that holds one instruction.
#[repr(align(4))]
struct Word([u8; 4]);

impl Memory for Word {
    fn access<T: Copy>(&mut self, addr: u32, access: MemoryAccess<T>) -> bool {
        self.0.access(addr, access)
    }
}

#[cfg(test)]
mod tests;
