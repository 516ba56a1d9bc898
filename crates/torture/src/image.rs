//! A program as bytes in memory.

use std::fmt::Write as _;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::generate::values::corner;
use super::layout::{LayoutError, layout};
use super::map::{self, save};
use super::program::{Item, Program};
use super::runtime::{boot, finish, handler};
use model::elf::{self, Segment};
use model::hart::disassemble;

/// What is in RAM when a program starts; all other bytes are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Code and data. The code is the first segment, from the first address of RAM on. The signature
    /// are the registers at the end.
    pub program: elf::Program,
    /// The parts of the code, in the order of their addresses.
    pub parts: Vec<Part>,
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
        &self.program.segments[0]
    }

    /// The part of the code that an address belongs to.
    pub fn part(&self, addr: u32) -> Option<&Part> {
        self.parts.iter().find(|part| (part.first()..part.end()).contains(&addr))
    }

    /// The instruction at an address of the code: its bits, 16 of a short one.
    pub fn instruction(&self, addr: u32) -> Option<u32> {
        let low = self.half(addr)?;
        if low & 3 == 3 { Some(low | self.half(addr + 2)? << 16) } else { Some(low) }
    }

    fn half(&self, addr: u32) -> Option<u32> {
        let code = self.code();
        let offset = addr.checked_sub(code.addr)? as usize;
        let bytes = code.bytes.get(offset..offset + 2)?;
        Some(u32::from(bytes[0]) | u32::from(bytes[1]) << 8)
    }

    /// The instructions of the program's own blocks as text, a line each; those of boot code, end and
    /// trap handler are left out.
    pub fn listing(&self) -> String {
        let mut text = String::new();
        for part in self.parts.iter().filter(|part| !AROUND.contains(&&*part.name)) {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{}:", part.name);
            let mut addr = part.first();
            while addr < part.end() {
                let gap = (addr..part.end()).step_by(2).take_while(|&it| self.half(it) == Some(0));
                let gap = gap.count() as u32;
                if gap > LISTED_GAP {
                    let _ = writeln!(text, "  {addr:08x}  0000      {gap} halfwords of 0");
                    addr += 2 * gap;
                    continue;
                }
                let insn = self.instruction(addr).unwrap_or_default();
                let (bits, bytes) = match insn & 3 {
                    3 => (format!("{insn:08x}"), 4),
                    _ => (format!("{insn:04x}"), 2),
                };
                let _ = writeln!(text, "  {addr:08x}  {bits:8}  {}", disassemble(insn, addr));
                addr += bytes;
            }
        }
        text
    }
}

impl Part {
    /// Its first address.
    pub fn first(&self) -> u32 {
        self.addresses[0]
    }

    /// The address behind it.
    pub fn end(&self) -> u32 {
        *self.addresses.last().unwrap_or(&0)
    }
}

/// More halfwords of 0 than this are one line of a listing.
const LISTED_GAP: u32 = 4;

/// Parts that are alike in every program.
const AROUND: [&str; 3] = ["boot", "end", "trap handler"];

/// Puts boot code, body, end, functions and trap handler one behind the other, and the data where
/// they expect it.
pub fn assemble(program: &Program) -> Result<Image, LayoutError> {
    let (boot, finish, handler) = (boot(program), finish(program), handler(program));
    let mut parts: Vec<(&str, &[Item])> = vec![(AROUND[0], &boot)];
    parts.extend(program.body.iter().map(|block| (&*block.name, &*block.items)));
    parts.push((AROUND[1], &finish));
    parts.extend(program.functions.iter().map(|block| (&*block.name, &*block.items)));
    parts.push((AROUND[2], &handler));

    let items: Vec<Item> = parts.iter().flat_map(|(_, items)| *items).copied().collect();
    let placed = layout(&items, map::RAM)?;
    let limit = (map::SAVE - map::RAM) as usize;
    if placed.bytes.len() > limit {
        return Err(LayoutError::Size { bytes: placed.bytes.len(), limit });
    }
    let end = map::RAM + placed.bytes.len() as u32;
    let mut addresses = placed.addresses.clone();
    addresses.push(end);
    let mut first = 0;
    let parts = parts
        .iter()
        .map(|(name, items)| {
            let part = addresses[first..=first + items.len()].to_vec();
            first += items.len();
            Part { name: (*name).to_owned(), addresses: part }
        })
        .collect();
    let mut segments = vec![Segment { addr: map::RAM, bytes: placed.bytes }];
    segments.extend(data(program).into_iter().filter(|segment| !segment.bytes.is_empty()));
    let registers = map::SAVE + save::REGISTERS as u32;
    let signature = Some(registers..registers + 4 * 32);
    let program = elf::Program { segments, tohost: Some(map::TOHOST), signature };
    Ok(Image { program, parts })
}

fn data(program: &Program) -> Vec<Segment> {
    let words = |addr, words: &mut dyn Iterator<Item = u32>| Segment {
        addr,
        bytes: words.flat_map(u32::to_le_bytes).collect(),
    };
    let mut segments = vec![
        words(map::SAVE + save::INTERVAL as u32, &mut [map::INTERVALS].into_iter()),
        words(map::INTERVALS, &mut program.timer_intervals.iter().copied()),
    ];
    if let Some(seed) = program.data_seed {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let word = |_| match rng.random_range(0..4) {
            0 => corner(&mut rng),
            1 => rng.random_range(-200..200_i32) as u32,
            _ => rng.random(),
        };
        segments.push(words(map::DATA, &mut (0..map::DATA_BYTES / 4).map(word)));
    }
    segments
}
