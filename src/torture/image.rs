//! A program as bytes in memory.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::generate::values::corner;
use super::layout::{LayoutError, layout};
use super::map::{self, save};
use super::program::{Item, Program};
use super::runtime::{boot, finish, handler};

/// Bytes at consecutive addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Address of the first one.
    pub addr: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// What is in RAM when a program starts; all other bytes are 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Code and data. The code is the first one, from the first address of RAM, where it starts.
    pub segments: Vec<Segment>,
    /// Where each part begins, in the order of the addresses, and what it is about.
    pub parts: Vec<(u32, String)>,
}

impl Image {
    /// The code.
    pub fn code(&self) -> &Segment {
        &self.segments[0]
    }

    /// What the code at an address is about.
    pub fn part(&self, addr: u32) -> Option<&str> {
        let end = self.code().addr + self.code().bytes.len() as u32;
        let parts = self.parts.iter().rev();
        parts.filter(|_| addr < end).find(|&&(begin, _)| begin <= addr).map(|(_, name)| &**name)
    }
}

/// Puts boot code, body, end, functions and trap handler one behind the other, and the data where
/// they expect it.
pub fn assemble(program: &Program) -> Result<Image, LayoutError> {
    let (boot, finish, handler) = (boot(program), finish(program), handler(program));
    let mut parts: Vec<(&str, &[Item])> = vec![("boot", &boot)];
    parts.extend(program.body.iter().map(|block| (&*block.name, &*block.items)));
    parts.push(("end", &finish));
    parts.extend(program.functions.iter().map(|block| (&*block.name, &*block.items)));
    parts.push(("trap handler", &handler));

    let items: Vec<Item> = parts.iter().flat_map(|(_, items)| *items).copied().collect();
    let placed = layout(&items, map::RAM)?;
    let limit = (map::SAVE - map::RAM) as usize;
    if placed.bytes.len() > limit {
        return Err(LayoutError::Size { bytes: placed.bytes.len(), limit });
    }
    let mut first = 0;
    let parts = parts
        .iter()
        .filter(|(_, items)| !items.is_empty())
        .map(|(name, items)| {
            let addr = placed.addresses[first];
            first += items.len();
            (addr, (*name).to_owned())
        })
        .collect();
    let mut segments = vec![Segment { addr: map::RAM, bytes: placed.bytes }];
    segments.extend(data(program));
    Ok(Image { segments, parts })
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
