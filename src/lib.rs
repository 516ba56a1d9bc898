//! An open laboratory for approximate convolution in hardware.
//!
//! `data source → network → engine → scoreboard → report`: images come from [`data`], [`nn`] takes
//! them through a network in integers, [`golden`] is the software model of the arithmetic, [`dut`] drives the verilated unit, an [`engine`] is either of
//! the two behind one trait, [`check`] compares them window by window, and [`report`] writes what
//! a run found. [`cli`] has the commands.

pub mod bench;
pub mod check;
pub mod cli;
pub mod dut;
pub mod engine;
pub mod experiment;
pub mod firmware;
