//! What the counters of a run say.

use crate::dut::Counters;

/// The performance counters of the core and of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Clock cycles since the reset; a program may change `mcycle`.
    pub cycles: u64,
    /// Instructions retired, those that trapped included; a program may change `minstret`.
    pub instructions: u64,
    /// Cycles in which an instruction waits for a load right before it: `mhpmcounter3`.
    pub load_use: u64,
    /// Cycles in which a jump to a register waits for it: `mhpmcounter4`.
    pub jump_register: u64,
    /// Cycles in which no instruction has been fetched: `mhpmcounter5`.
    pub fetch: u64,
    /// Cycles in which a load or a store waits for the memory: `mhpmcounter6`.
    pub memory: u64,
    /// Cycles in which an instruction waits for the multiplier or the divider: `mhpmcounter7`.
    pub arithmetic: u64,
    /// Cycles in which an instruction waits for the unit: `mhpmcounter8`.
    pub unit: u64,
    /// Loads: `mhpmcounter9`.
    pub loads: u64,
    /// Stores: `mhpmcounter10`.
    pub stores: u64,
    /// Jumps: `mhpmcounter11`.
    pub jumps: u64,
    /// Conditional branches: `mhpmcounter12`.
    pub branches: u64,
    /// Conditional branches taken: `mhpmcounter13`.
    pub branches_taken: u64,
    /// Compressed instructions: `mhpmcounter14`.
    pub compressed: u64,
    /// The unit's counters, 32 bits each.
    pub unit_counters: Counters,
}

impl Statistics {
    /// `core` has the counters of the core in the order of their numbers, of which 3 to 14 are
    /// taken.
    pub(super) const fn new(
        cycles: u64,
        instructions: u64,
        core: [u64; 15],
        unit_counters: Counters,
    ) -> Self {
        Self {
            cycles,
            instructions,
            load_use: core[3],
            jump_register: core[4],
            fetch: core[5],
            memory: core[6],
            arithmetic: core[7],
            unit: core[8],
            loads: core[9],
            stores: core[10],
            jumps: core[11],
            branches: core[12],
            branches_taken: core[13],
            compressed: core[14],
            unit_counters,
        }
    }

    /// Cycles an instruction; 0 if none has retired.
    pub fn cycles_per_instruction(&self) -> f64 {
        if self.instructions == 0 { 0.0 } else { self.cycles as f64 / self.instructions as f64 }
    }
}
