//! A program before it is bits: blocks of items that a shrinker can take out one by one.

use serde::{Deserialize, Serialize};

use super::instruction::{BranchOp, Instruction, Register};

/// A place in a program that items refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(pub u32);

/// What a program is made of. A reference to a label that is not in the program (any more) means
/// the place behind the item, so that a program stays one whatever is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Item {
    /// The place of a label.
    Label(Label),
    /// An instruction; `short`: in 16 bits if there is such a form.
    #[allow(missing_docs, reason = "told above")]
    Plain { instruction: Instruction, short: bool },
    /// A branch to a label; `short`: in 16 bits if there is such a form and the label is near.
    #[allow(missing_docs, reason = "told above")]
    Branch { op: BranchOp, rs1: Register, rs2: Register, to: Label, short: bool },
    /// `jal` to a label.
    #[allow(missing_docs, reason = "as for a branch")]
    Jump { rd: Register, to: Label, short: bool },
    /// A constant into a register other than x0: one or two instructions.
    #[allow(missing_docs, reason = "as for a plain instruction")]
    Constant { rd: Register, value: u32, short: bool },
    /// A label's address plus `addend` into a register: `auipc` and `addi`.
    #[allow(missing_docs, reason = "told above")]
    Address { rd: Register, to: Label, addend: i32 },
    /// Up to a word boundary, with `c.nop`.
    Align,
    /// So many halfwords of 0, which are illegal to run.
    #[allow(missing_docs, reason = "told above")]
    Gap { halves: u16 },
}

impl Item {
    /// An instruction in 32 bits.
    pub const fn long(instruction: Instruction) -> Self {
        Self::Plain { instruction, short: false }
    }

    /// An instruction in 16 bits if it has such a form.
    pub const fn short(instruction: Instruction) -> Self {
        Self::Plain { instruction, short: true }
    }

    /// The register other than x0 that it writes, if it does.
    pub fn destination(self) -> Option<Register> {
        match self {
            Self::Plain { instruction, .. } => instruction.destination(),
            Self::Jump { rd, .. } | Self::Constant { rd, .. } | Self::Address { rd, .. } => {
                (rd != 0).then_some(rd)
            }
            Self::Label(_) | Self::Branch { .. } | Self::Align | Self::Gap { .. } => None,
        }
    }
}

/// A part of a program that makes sense alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// What it is about.
    pub name: String,
    /// What it consists of.
    pub items: Vec<Item>,
}

/// The registers that a program keeps for its own ends. All are different, and none is x0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// Address of the save area.
    pub save: Register,
    /// Where the trap handler goes on after an instruction fetch that failed.
    pub resume: Register,
    /// Return address of calls.
    pub link: Register,
    /// Counters of the outer and of the inner loop.
    pub counters: [Register; 2],
}

impl Reserved {
    /// All of them.
    pub fn all(self) -> [Register; 5] {
        let [outer, inner] = self.counters;
        [self.save, self.resume, self.link, outer, inner]
    }
}

/// A whole program, without boot code and trap handler, which [`assemble`](super::assemble) adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Registers with a fixed role.
    pub reserved: Reserved,
    /// Two registers that the trap handler saves, uses and restores.
    pub scratch: [Register; 2],
    /// Whether interrupts have an entry each at first.
    pub vectored: bool,
    /// Whether boot code and trap handler are in 16-bit forms where they can.
    pub short_handler: bool,
    /// Seed of the data area's words; without one they are 0.
    pub data_seed: Option<u64>,
    /// Cycles until the next timer interrupt, each time that there has been one; after these the
    /// timer is off.
    pub timer_intervals: Vec<u32>,
    /// What runs, from first to last.
    pub body: Vec<Block>,
    /// What the body calls.
    pub functions: Vec<Block>,
}

impl Program {
    /// Items in all blocks.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.body.iter().chain(&self.functions).flat_map(|block| &block.items)
    }
}
