// SPDX-License-Identifier: MIT OR Apache-2.0
//! Constrained-random programs for the core, a kind of test that is known as torture: what they
//! consist of, how they are made, what they have covered, and how one that fails is shrunk.

mod coverage;
mod generate;
mod program;
mod runtime;
mod shrink;

pub use coverage::{Coverage, Recorder};
pub use generate::{generate, program_seed};
pub use program::{
    Block, Image, Item, Label, LayoutError, Part, RandomProgram, Reserved, Stimulus, assemble,
};
pub use shrink::shrink;
