// SPDX-License-Identifier: MIT OR Apache-2.0
//! A random program: blocks of items that a shrinker can take out one by one, and their places in
//! memory.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use model::elf::{Executable, Segment};
use model::facts::soc::RAM_BASE;
use model::isa::{Instruction, Op, Register, disassemble, is_compressed};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::generate::{corner, float_corner};
use super::runtime::{boot, finish, handler};

/// Words that the trap handler and the program's end use; [`save`] has the offsets.
pub(crate) const SAVE: u32 = RAM_BASE + 0x1_0000;
/// The intervals of the timer, up to a 0.
const INTERVALS: u32 = RAM_BASE + 0x1_0400;
/// A store of 1 here ends the program.
pub(crate) const TOHOST: u32 = RAM_BASE + 0x1_1000;
/// The words that loads, stores and the convolution unit work on.
pub(crate) const DATA: u32 = RAM_BASE + 0x1_2000;
/// Bytes of the data area.
pub(crate) const DATA_BYTES: u32 = 0x2000;

/// Offsets in the save area.
pub(crate) mod save {
    /// The two registers that the trap handler uses.
    pub const SCRATCH: [i32; 2] = [0, 4];
    /// Exceptions so far.
    pub const EXCEPTIONS: i32 = 8;
    /// Address of the timer's next interval.
    pub const INTERVAL: i32 = 12;
    /// While it is not 0 the timer goes on with this interval.
    pub const PERIOD: i32 = 16;
    /// All registers at the end, x0 first; of a core with F behind them the float registers and fcsr.
    pub const REGISTERS: i32 = 64;
    pub const FLOATS: i32 = REGISTERS + 4 * 32;
    pub const FCSR: i32 = FLOATS + 4 * 32;
}

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
    Plain { instruction: Instruction, short: bool },
    /// These 32 bits, whatever they are; the lowest two are 11.
    Word { bits: u32 },
    /// These 16 bits, whatever they are.
    Half { bits: u16 },
    /// A branch to a label; `short`: in 16 bits if there is such a form and the label is near.
    Branch { op: Op, rs1: Register, rs2: Register, to: Label, short: bool },
    /// `jal` to a label.
    Jump { rd: Register, to: Label, short: bool },
    /// A constant into a register other than x0: one or two instructions.
    Constant { rd: Register, value: u32, short: bool },
    /// A label's address plus `addend` into a register: `auipc` and `addi`.
    Address { rd: Register, to: Label, addend: i32 },
    /// Up to a word boundary, with `c.nop`.
    Align,
    /// So many halfwords of 0, which are illegal to run.
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

    /// The register other than x0 that it writes, if it does. Raw bits are taken to write nothing.
    pub fn destination(self) -> Option<Register> {
        match self {
            Self::Plain { instruction, .. } => instruction.destination(),
            Self::Jump { rd, .. } | Self::Constant { rd, .. } | Self::Address { rd, .. } => {
                (rd != 0).then_some(rd)
            }
            _ => None,
        }
    }

    /// The float register that it writes, if it does.
    pub fn float_destination(self) -> Option<Register> {
        match self {
            Self::Plain { instruction, .. } => instruction.float_destination(),
            _ => None,
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

/// A whole program, without boot code and trap handler, which [`assemble`] adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomProgram {
    /// Registers with a fixed role.
    pub reserved: Reserved,
    /// Two registers that the trap handler saves, uses and restores.
    pub scratch: [Register; 2],
    /// Whether interrupts have an entry each at first.
    pub vectored: bool,
    /// Whether boot code and trap handler are in 16-bit forms where they can.
    pub short_handler: bool,
    /// Whether it is for a core with F: then floats are on when the body begins, and it ends with all
    /// float registers stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub float: bool,
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

impl RandomProgram {
    /// Items in all blocks.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.body.iter().chain(&self.functions).flat_map(|block| &block.items)
    }
}

/// All that a run depends on: a program, when interrupts come from outside, how memory waits. The same stimulus gives the same run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stimulus {
    /// Where it comes from.
    pub seed: u64,
    /// What is run.
    pub program: RandomProgram,
    /// Cycles after reset in which the external interrupt is raised, in ascending order.
    pub interrupts: Vec<u64>,
    /// Seed of the memory's random waiting times; 0 for none.
    pub stall_seed: u32,
    /// Cycles that the memory's grants come late, 0 to 15.
    pub wait_states: u8,
}

/// What is in RAM when a program starts; all other bytes are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Code and data. The code is the first segment, from the first address of RAM on. The signature
    /// are the registers at the end.
    pub executable: Executable,
    /// The parts of the code, in the order of their addresses.
    pub parts: Vec<Part>,
    /// Whether its instructions may be those of F.
    pub float: bool,
}

/// A block of a program, or what every program has around its blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is about.
    pub name: String,
    /// The addresses of its items, and the one behind the last.
    pub addresses: Vec<u32>,
}

impl Image {
    /// The code.
    pub fn code(&self) -> &Segment {
        &self.executable.segments[0]
    }

    /// The part of the code that an address belongs to.
    pub fn part(&self, addr: u32) -> Option<&Part> {
        self.parts.iter().find(|part| part.range().contains(&addr))
    }

    /// The instruction at an address of the code: its bits, 16 of a short one.
    pub fn instruction(&self, addr: u32) -> Option<u32> {
        let low = self.half(addr)?;
        if is_compressed(low) { Some(low) } else { Some(low | self.half(addr + 2)? << 16) }
    }

    fn half(&self, addr: u32) -> Option<u32> {
        let code = self.code();
        let offset = addr.checked_sub(code.addr)? as usize;
        let bytes = code.bytes.get(offset..offset + 2)?;
        Some(u32::from(bytes[0]) | u32::from(bytes[1]) << 8)
    }

    /// The ELF file, with the parts, numbered, as symbols.
    pub fn to_elf(&self) -> Vec<u8> {
        let symbol = |(index, part): (usize, &Part)| {
            (format!("{}_{index}", part.name.replace(' ', "_")), part.range().start)
        };
        let symbols: Vec<_> = self.parts.iter().enumerate().map(symbol).collect();
        self.executable.to_elf(&symbols)
    }

    /// The instructions of the program's own blocks as text, one line each; those of boot code, end and
    /// trap handler are left out.
    pub fn listing(&self) -> String {
        let mut text = String::new();
        for part in self.parts.iter().filter(|part| !AROUND.contains(&&*part.name)) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{}:", part.name);
            let Range { start: mut addr, end } = part.range();
            while addr < end {
                let gap = (addr..end).step_by(2).take_while(|&it| self.half(it) == Some(0));
                let gap = gap.count() as u32;
                if gap > LISTED_GAP {
                    let _ = writeln!(text, "  {addr:08x}  0000      {gap} halfwords of 0");
                    addr += 2 * gap;
                    continue;
                }
                let insn = self.instruction(addr).unwrap_or_default();
                let bytes = if is_compressed(insn) { 2 } else { 4 };
                let bits = format!("{insn:0width$x}", width = 2 * bytes);
                let _ = writeln!(
                    text,
                    "  {addr:08x}  {bits:8}  {}",
                    disassemble(insn, addr, self.float)
                );
                addr += bytes as u32;
            }
        }
        text
    }
}

impl Part {
    /// Its addresses.
    pub fn range(&self) -> Range<u32> {
        self.addresses[0]..self.addresses[self.addresses.len() - 1]
    }
}

/// More halfwords of 0 than this are one line of a listing.
const LISTED_GAP: u32 = 4;

/// Parts that are alike in every program.
const AROUND: [&str; 3] = ["boot", "end", "trap handler"];

/// Puts boot code, body, end, functions and trap handler one behind the other, and the data where
/// they expect it.
pub fn assemble(program: &RandomProgram) -> Result<Image, LayoutError> {
    let (boot, finish, handler) = (boot(program), finish(program), handler(program));
    let mut parts: Vec<(&str, &[Item])> = vec![(AROUND[0], &boot)];
    parts.extend(program.body.iter().map(|block| (&*block.name, &*block.items)));
    parts.push((AROUND[1], &finish));
    parts.extend(program.functions.iter().map(|block| (&*block.name, &*block.items)));
    parts.push((AROUND[2], &handler));

    let items: Vec<Item> = parts.iter().flat_map(|(_, items)| *items).copied().collect();
    let (bytes, addresses) = layout(&items, RAM_BASE)?;
    let limit = (SAVE - RAM_BASE) as usize;
    if bytes.len() > limit {
        return Err(LayoutError::Size { bytes: bytes.len(), limit });
    }
    let mut first = 0;
    let place = |(name, items): &(&str, &[Item])| {
        let addresses = addresses[first..=first + items.len()].to_vec();
        first += items.len();
        Part { name: (*name).to_owned(), addresses }
    };
    let parts = parts.iter().map(place).collect();
    let mut segments = vec![Segment { addr: RAM_BASE, bytes }];
    segments.extend(data(program).into_iter().filter(|segment| !segment.bytes.is_empty()));
    let registers = SAVE + save::REGISTERS as u32;
    let end = if program.float { save::FCSR + 4 } else { save::FLOATS };
    let signature = Some(registers..SAVE + end as u32);
    let executable = Executable { segments, tohost: Some(TOHOST), signature };
    Ok(Image { executable, parts, float: program.float })
}

fn data(program: &RandomProgram) -> Vec<Segment> {
    let words = |addr, words: &[u32]| Segment {
        addr,
        bytes: words.iter().flat_map(|word| word.to_le_bytes()).collect(),
    };
    let mut segments = vec![
        words(SAVE + save::INTERVAL as u32, &[INTERVALS]),
        words(INTERVALS, &program.timer_intervals),
    ];
    if let Some(seed) = program.data_seed {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let word = |_| match rng.random_range(0..4) {
            3 if program.float => float_corner(&mut rng),
            0 => corner(&mut rng),
            1 => rng.random_range(-200..200_i32) as u32,
            _ => rng.random(),
        };
        segments.push(words(DATA, &(0..DATA_BYTES / 4).map(word).collect::<Vec<_>>()));
    }
    segments
}

/// Why a program has no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A branch reaches ±4 KiB.
    #[error("a branch from {from:#x} to {to:#x} is too far: put less between them")]
    Reach {
        /// The branch.
        from: u32,
        /// Its target.
        to: u32,
    },
    /// The code runs into what lies behind it.
    #[error("the program takes {bytes} bytes, {limit} is the most: make it of fewer blocks")]
    Size {
        /// Bytes of the program.
        bytes: usize,
        /// Bytes that there are.
        limit: usize,
    },
}

/// Distances that a branch of 32 bits reaches.
const BRANCH_REACH: Range<i32> = -4096..4096;

/// Places items one behind the other from the address `base`, a multiple of 4: their bytes, the
/// address of each and the one behind the last.
///
/// Branches and jumps that may be short are so at first; those that do not reach become long, which
/// moves others further apart, until all reach.
fn layout(items: &[Item], base: u32) -> Result<(Vec<u8>, Vec<u32>), LayoutError> {
    let (mut fixed, mut sizes) = (Vec::new(), Vec::with_capacity(items.len()));
    let mut labels = HashMap::new();
    for (index, item) in items.iter().enumerate() {
        let before = fixed.len();
        sizes.push(match *item {
            Item::Branch { short, .. } | Item::Jump { short, .. } => 4 - 2 * u32::from(short),
            Item::Address { .. } => 8,
            _ => {
                if let Item::Label(label) = *item {
                    labels.insert(label, index);
                }
                append(*item, &mut fixed);
                (fixed.len() - before) as u32
            }
        });
    }
    // Where each item that refers to a label leads: another one, or the one behind it.
    let target = |(index, item): (usize, &Item)| match item {
        Item::Branch { to, .. } | Item::Jump { to, .. } | Item::Address { to, .. } => {
            labels.get(to).copied().unwrap_or(index + 1)
        }
        _ => index,
    };
    let targets: Vec<usize> = items.iter().enumerate().map(target).collect();
    let mut addresses = vec![base; items.len() + 1];
    loop {
        for (index, item) in items.iter().enumerate() {
            if *item == Item::Align {
                sizes[index] = addresses[index] % 4;
            }
            addresses[index + 1] = addresses[index] + sizes[index];
        }
        let mut changed = false;
        for ((index, item), size) in items.iter().enumerate().zip(&mut sizes) {
            let jump = || jump(*item, addresses[index], addresses[targets[index]]);
            if *size == 2 && jump().is_some_and(|it| it.compress().is_none()) {
                (*size, changed) = (4, true);
            }
        }
        if !changed {
            break;
        }
    }
    let (mut bytes, mut fixed) = (Vec::new(), &fixed[..]);
    for (index, item) in items.iter().enumerate() {
        let (from, to) = (addresses[index], addresses[targets[index]]);
        match *item {
            Item::Branch { .. } | Item::Jump { .. } => {
                let jump = jump(*item, from, to).expect("it is one");
                if matches!(item, Item::Branch { .. }) && !BRANCH_REACH.contains(&jump.imm) {
                    return Err(LayoutError::Reach { from, to });
                }
                bytes.extend(jump.bytes(sizes[index] == 2));
            }
            Item::Address { rd, addend, .. } => {
                let (upper, lower) = split(to.wrapping_add_signed(addend).wrapping_sub(from));
                bytes.extend(Instruction::u(Op::Auipc, rd, upper).bytes(false));
                bytes.extend(Instruction::addi(rd, rd, lower).bytes(false));
            }
            Item::Align => bytes.extend(&[0x01, 0x00][..sizes[index] as usize]),
            _ => {
                let (now, rest) = fixed.split_at(sizes[index] as usize);
                bytes.extend(now);
                fixed = rest;
            }
        }
    }
    Ok((bytes, addresses))
}

/// The bytes of an item that do not depend on where it and others are.
fn append(item: Item, bytes: &mut Vec<u8>) {
    match item {
        Item::Plain { instruction, short } => bytes.extend(instruction.bytes(short)),
        Item::Word { bits } => bytes.extend((bits | 3).to_le_bytes()),
        Item::Half { bits } => bytes.extend(bits.to_le_bytes()),
        Item::Constant { rd, value, short } => {
            // One of the two is enough where the other does nothing.
            let (upper, lower) = split(value);
            if upper != 0 {
                bytes.extend(Instruction::u(Op::Lui, rd, upper).bytes(short));
            }
            if upper == 0 || lower != 0 {
                let rs1 = if upper == 0 { 0 } else { rd };
                bytes.extend(Instruction::addi(rd, rs1, lower).bytes(short));
            }
        }
        Item::Gap { halves } => bytes.resize(bytes.len() + 2 * usize::from(halves), 0),
        _ => {}
    }
}

/// The instruction at address `from` that a branch or a jump to an address is.
fn jump(item: Item, from: u32, to: u32) -> Option<Instruction> {
    let offset = to.wrapping_sub(from) as i32;
    match item {
        Item::Branch { op, rs1, rs2, .. } => Some(Instruction::s(op, rs1, rs2, offset)),
        Item::Jump { rd, .. } => Some(Instruction::jal(rd, offset)),
        _ => None,
    }
}

/// The parts of a number for `lui` or `auipc` and for `addi`.
fn split(value: u32) -> (u32, i32) {
    let upper = value.wrapping_add(0x800) & 0xffff_f000;
    (upper, value.wrapping_sub(upper) as i32)
}
