//! Places the items of a program in memory and resolves their labels.

use std::collections::HashMap;

use super::compress::compress;
use super::instruction::{Instruction, Register};
use super::program::{Item, Label};

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

/// Items with their addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The bytes, from the first item's address.
    pub bytes: Vec<u8>,
    /// The address of each item.
    pub addresses: Vec<u32>,
    /// The addresses of the labels.
    pub labels: HashMap<Label, u32>,
}

/// Places items one behind the other from the address `base`, a multiple of 4.
///
/// Branches and jumps that may be short are so at first; those that do not reach become long, which
/// moves others further apart, until all reach.
pub fn layout(items: &[Item], base: u32) -> Result<Layout, LayoutError> {
    let mut long: Vec<bool> = items.iter().map(|item| !may_be_short(item)).collect();
    loop {
        let (addresses, labels) = place(items, &long, base);
        let mut changed = false;
        for (index, long) in long.iter_mut().enumerate().filter(|(_, long)| !**long) {
            let instruction = resolve(items[index], addresses[index], 2, &labels);
            *long = instruction.and_then(compress).is_none();
            changed |= *long;
        }
        if !changed {
            let bytes = encode(items, &long, &addresses, &labels)?;
            return Ok(Layout { bytes, addresses, labels });
        }
    }
}

fn may_be_short(item: &Item) -> bool {
    matches!(item, Item::Branch { short: true, .. } | Item::Jump { short: true, .. })
}

/// Addresses of the items and of the labels.
fn place(items: &[Item], long: &[bool], base: u32) -> (Vec<u32>, HashMap<Label, u32>) {
    let mut labels = HashMap::new();
    let mut addresses = Vec::with_capacity(items.len());
    let mut address = base;
    for (item, &long) in items.iter().zip(long) {
        addresses.push(address);
        address += match *item {
            Item::Label(label) => {
                labels.insert(label, address);
                0
            }
            Item::Plain { instruction, short } => size(instruction, short),
            Item::Branch { .. } | Item::Jump { .. } => {
                if long {
                    4
                } else {
                    2
                }
            }
            Item::Constant { rd, value, short } => {
                constant(rd, value).iter().map(|&it| size(it, short)).sum()
            }
            Item::Address { .. } => 8,
            Item::Align => address % 4,
            Item::Gap { halves } => 2 * u32::from(halves),
        };
    }
    (addresses, labels)
}

fn size(instruction: Instruction, short: bool) -> u32 {
    match instruction {
        Instruction::Half { .. } => 2,
        _ if short && compress(instruction).is_some() => 2,
        _ => 4,
    }
}

/// The instruction of `size` bytes at address `from` that a branch or a jump is.
fn resolve(item: Item, from: u32, size: u32, labels: &HashMap<Label, u32>) -> Option<Instruction> {
    let offset =
        |to: Label| labels.get(&to).map_or(size as i32, |&to| to.wrapping_sub(from) as i32);
    match item {
        Item::Branch { op, rs1, rs2, to, .. } => {
            Some(Instruction::Branch { op, rs1, rs2, offset: offset(to) })
        }
        Item::Jump { rd, to, .. } => Some(Instruction::Jal { rd, offset: offset(to) }),
        _ => None,
    }
}

fn encode(
    items: &[Item],
    long: &[bool],
    addresses: &[u32],
    labels: &HashMap<Label, u32>,
) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = Vec::new();
    for ((item, &long), &address) in items.iter().zip(long).zip(addresses) {
        match *item {
            Item::Label(_) => {}
            Item::Plain { instruction, short } => bytes.extend(instruction.bytes(short)),
            Item::Branch { .. } | Item::Jump { .. } => {
                let size = if long { 4 } else { 2 };
                let instruction = resolve(*item, address, size, labels).expect("it has a target");
                if let Instruction::Branch { offset, .. } = instruction
                    && !(-4096..4096).contains(&offset)
                {
                    let to = address.wrapping_add_signed(offset);
                    return Err(LayoutError::Reach { from: address, to });
                }
                bytes.extend(instruction.bytes(!long));
            }
            Item::Constant { rd, value, short } => {
                for instruction in constant(rd, value) {
                    bytes.extend(instruction.bytes(short));
                }
            }
            Item::Address { rd, to, addend } => {
                let target = labels.get(&to).map_or(address + 8, |&to| to);
                let offset = target.wrapping_add_signed(addend).wrapping_sub(address);
                let (upper, lower) = split(offset);
                bytes.extend(Instruction::Auipc { rd, value: upper }.bytes(false));
                bytes.extend(Instruction::addi(rd, rd, lower).bytes(false));
            }
            Item::Align if address % 4 != 0 => bytes.extend([0x01, 0x00]),
            Item::Align => {}
            Item::Gap { halves } => bytes.resize(bytes.len() + 2 * usize::from(halves), 0),
        }
    }
    Ok(bytes)
}

/// The instructions that bring a constant into a register.
pub(super) fn constant(rd: Register, value: u32) -> Vec<Instruction> {
    let (upper, lower) = split(value);
    match (upper, lower) {
        (0, lower) => vec![Instruction::addi(rd, 0, lower)],
        (value, 0) => vec![Instruction::Lui { rd, value }],
        (value, lower) => {
            vec![Instruction::Lui { rd, value }, Instruction::addi(rd, rd, lower)]
        }
    }
}

/// The parts of a number for `lui` or `auipc` and for `addi`.
fn split(value: u32) -> (u32, i32) {
    let upper = value.wrapping_add(0x800) & 0xffff_f000;
    (upper, value.wrapping_sub(upper) as i32)
}
