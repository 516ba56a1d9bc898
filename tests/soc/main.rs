//! Programs on the verilated system on chip.

mod programs;
