// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RTL regression suite of the core, instruction by instruction beside its reference: the programs
//! of `firmware/`, and random ones.
//!
//! `CONVAPPROX_INSTRUCTIONS` says how many random instructions are run; a million by default.

mod programs;
mod random;
