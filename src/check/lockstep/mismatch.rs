//! Where the system and the reference part, and what led there.

use super::difference::Difference;
use crate::dut::soc::LastRun;
use model::hart::Run;

/// An instruction of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traced {
    /// The cycle behind which it was reported.
    pub cycle: u64,
    /// Its number.
    pub order: u64,
    /// Its address.
    pub pc: u32,
    /// Its bits; 16 of a compressed one.
    pub insn: u32,
    /// The register that the system wrote, 0 for none, and the value.
    pub rd: (u8, u32),
    /// It trapped.
    pub trap: bool,
    /// It is the first of an interrupt's handler.
    pub interrupt: bool,
}

/// The first instruction at which the system and the reference differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The clock cycle behind which the system reported it, or in which it was given up.
    pub cycle: u64,
    /// How they differ; at least one thing.
    pub differences: Vec<Difference>,
    /// The last instructions that retired, the differing one last.
    pub history: Vec<Traced>,
    /// The registers after it, of the system and of the reference.
    pub registers: [(u32, u32); 32],
    /// The unit's run, if it was one: of the system and of the reference.
    pub run: Option<(LastRun, Box<Run>)>,
}

impl Mismatch {
    /// What an assertion tells when there is no reference.
    pub(super) fn without_reference(cycle: u64, differences: Vec<Difference>) -> Self {
        Self { cycle, differences, history: Vec::new(), registers: [(0, 0); 32], run: None }
    }
}
