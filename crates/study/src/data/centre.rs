//! MNIST's last step: a digit of at most 20 × 20 is put into 28 × 28 by its centre of mass.

use super::{PIXELS, SIDE};

/// The side of the box that a digit is scaled into, as MNIST's digits are.
pub(super) const BOX: usize = 20;

/// Puts `ink`, row by row of `width` pixels, so that its centre of mass is at the centre of the
/// image, or as near as whole pixels and the frame allow.
pub(super) fn centre(ink: &[u8], width: usize) -> [u8; PIXELS] {
    let height = ink.len() / width;
    let (mut mass, mut moment_x, mut moment_y) = (0, 0, 0);
    for (index, &value) in ink.iter().enumerate() {
        let value = value as usize;
        mass += value;
        moment_x += value * (index % width);
        moment_y += value * (index / width);
    }
    let left = offset(mass, moment_x, width);
    let top = offset(mass, moment_y, height);

    let mut pixels = [0; PIXELS];
    for (y, row) in ink.chunks_exact(width).enumerate() {
        let start = (top + y) * SIDE + left;
        pixels[start..start + width].copy_from_slice(row);
    }
    pixels
}

/// Where the first pixel goes along one axis. In MNIST the mean pixel index, weighted by ink, is
/// 14 ± 0.5; whole numbers keep the result the same everywhere.
fn offset(mass: usize, moment: usize, size: usize) -> usize {
    let room = SIDE - size;
    if mass == 0 {
        return room / 2;
    }
    // round(14 − moment / mass), at least 0: the sum is shifted by `mass` to stay positive.
    let doubled = ((SIDE + 1) * mass).saturating_sub(2 * moment);
    (doubled / (2 * mass)).min(room)
}
