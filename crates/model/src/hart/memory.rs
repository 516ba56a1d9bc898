//! RAM.

/// Bytes from an address on. An access that does not lie inside as a whole is `None`.
#[derive(Debug, Clone)]
pub(super) struct Ram {
    base: u32,
    bytes: Vec<u8>,
}

impl Ram {
    pub(super) fn new(base: u32, bytes: u32) -> Self {
        Self { base, bytes: vec![0; bytes as usize] }
    }

    #[inline]
    pub(super) fn read<const N: usize>(&self, addr: u32) -> Option<[u8; N]> {
        let from = addr.wrapping_sub(self.base) as usize;
        self.bytes.get(from..from + N)?.first_chunk().copied()
    }

    pub(super) fn read_word(&self, addr: u32) -> Option<u32> {
        self.read(addr).map(u32::from_le_bytes)
    }

    /// Returns whether the bytes lie inside; if they do not, none is written.
    #[inline]
    #[must_use]
    pub(super) fn write(&mut self, addr: u32, bytes: &[u8]) -> bool {
        let from = addr.wrapping_sub(self.base) as usize;
        let room = self.bytes.get_mut(from..from + bytes.len());
        room.map(|room| room.copy_from_slice(bytes)).is_some()
    }
}
