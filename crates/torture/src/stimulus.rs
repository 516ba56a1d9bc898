//! All that a run depends on: a program, when interrupts come from outside, how memory waits.

use serde::{Deserialize, Serialize};

use super::program::Program;

/// What one run is given; the same stimulus gives the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stimulus {
    /// Where it comes from.
    pub seed: u64,
    /// What is run.
    pub program: Program,
    /// Cycles after reset in which the external interrupt is raised, in ascending order.
    pub interrupts: Vec<u64>,
    /// Seed of the memory's random waiting times; 0 for none.
    pub stall_seed: u32,
    /// Cycles that the memory's grants come late, 0 to 15.
    pub wait_states: u8,
}
