//! An open laboratory for approximate convolution in hardware.
//!
//! `data source → engine → scoreboard → report`: images come from [`data`], the software model of
//! the arithmetic is [`golden`], the verilated unit is driven by [`dut`], [`check`] compares the
//! two, and [`report`] writes what a run found.

pub mod data;
pub mod golden;
