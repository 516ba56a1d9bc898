//! How often each bin has been hit.

use super::bins::{BINS, Group};

/// A count for each bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hits(pub Vec<u64>);

impl Hits {
    pub fn new() -> Self {
        Self(vec![0; BINS.names.len()])
    }

    /// Counts one hit.
    pub fn add(&mut self, group: Group, point: &[usize]) {
        self.0[BINS.index(group, point)] += 1;
    }
}
