//! Where the operands of a layer lie in the unit's memory.

use super::{LayerBatch, LayerError, Shape};
use crate::dut::Memory;

/// Words of a line of the widest port. Each kernel and each plane begins on one.
const LINE: usize = 4;

/// All kernels of a layer, then all planes of its batch.
pub(super) struct Layout {
    channels: usize,
    kernel_words: usize,
    plane_words: usize,
    /// The first plane's first word.
    planes: usize,
    words: usize,
}

impl Layout {
    pub(super) fn new(shape: &Shape) -> Result<Self, LayerError> {
        let kernel_words = (shape.side * shape.side).next_multiple_of(LINE);
        let plane_words = shape.plane_words.next_multiple_of(LINE);
        let planes = shape.outputs * shape.channels * kernel_words;
        let words = planes + shape.images * shape.channels * plane_words;
        if u32::try_from(4 * words).is_err() {
            return Err(LayerError::Memory { words });
        }
        Ok(Self { channels: shape.channels, kernel_words, plane_words, planes, words })
    }

    /// The byte address of a kernel.
    pub(super) fn kernel(&self, output: usize, channel: usize) -> u32 {
        (4 * (output * self.channels + channel) * self.kernel_words) as u32
    }

    /// The byte address of a plane.
    #[inline]
    pub(super) fn plane(&self, image: usize, channel: usize) -> u32 {
        (4 * (self.planes + (image * self.channels + channel) * self.plane_words)) as u32
    }

    /// A memory with the operands of the batch.
    pub(super) fn memory(&self, batch: &LayerBatch) -> Memory {
        let mut memory = Memory::new(self.words);
        for (output, filter) in batch.filters.iter().enumerate() {
            for (channel, kernel) in filter.iter().enumerate() {
                memory.write(self.kernel(output, channel), kernel.weights());
            }
        }
        for (image, planes) in batch.planes.iter().enumerate() {
            for (channel, plane) in planes.iter().enumerate() {
                memory.write(self.plane(image, channel), plane.data());
            }
        }
        memory
    }
}
