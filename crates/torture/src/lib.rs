//! Constrained-random programs for the core, a kind of test that is known as torture: what they
//! consist of, how they are made, what they have covered, and how one that fails is shrunk.

mod compress;
mod coverage;
mod elf;
mod encode;
mod generate;
mod image;
mod instruction;
mod layout;
pub mod map;
mod program;
mod runtime;
mod shrink;
mod stimulus;

pub use compress::compress;
pub use coverage::{Coverage, Recorder};
pub use elf::elf;
pub use generate::{generate, program_seed};
pub use image::{Image, Part, assemble};
pub use instruction::{
    BranchOp, ConvOp, CsrOp, ImmediateOp, Instruction, LoadOp, Register, RegisterOp, StoreOp,
    SystemOp,
};
pub use layout::{Layout, LayoutError, layout};
pub use program::{Block, Item, Label, Program, Reserved};
pub use shrink::shrink;
pub use stimulus::Stimulus;
