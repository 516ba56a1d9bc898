//! A program without a device under test.

use super::{Feed, FeedError, Hart};

/// Why [`Hart::run`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// The program stored this word, which is not 0, to `tohost`.
    ToHost(u32),
    /// The program was still running.
    Limit,
    /// It waits for an interrupt that cannot come.
    Asleep(FeedError),
}

impl Hart {
    /// Runs until the word at `tohost` is written and not 0, but at most `max_instructions`.
    pub fn run(&mut self, max_instructions: u64, tohost: Option<u32>) -> RunEnd {
        for _ in 0..max_instructions {
            let retire = match self.step(&Feed::default()) {
                Ok(retire) => retire,
                Err(error) => return RunEnd::Asleep(error),
            };
            let (Some(access), Some(tohost)) = (retire.memory, tohost) else { continue };
            if access.wmask == 0 || !overlap(access.addr, access.wmask.count_ones(), tohost) {
                continue;
            }
            if let Some(word @ 1..) = self.read_word(tohost) {
                return RunEnd::ToHost(word);
            }
        }
        RunEnd::Limit
    }
}

/// Whether a store of so many bytes reaches the word at `tohost`.
fn overlap(addr: u32, bytes: u32, tohost: u32) -> bool {
    let (addr, tohost) = (u64::from(addr), u64::from(tohost));
    addr < tohost + 4 && tohost < addr + u64::from(bytes)
}
