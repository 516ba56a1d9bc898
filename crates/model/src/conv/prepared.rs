//! Operands with their log proxies, laid out for the vector loops.

use super::config::MAX_LOG_FRAC;
use super::shape::{Kernel, Plane, ShapeError};
use super::vector::Words;

/// A plane with the log proxies of its words, computed once for all kernels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedPlane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) log_frac: u32,
    /// Row-major.
    pub(super) words: Words,
}

impl PreparedPlane {
    /// Takes the log proxies of `plane`, with `log_frac` fraction bits.
    ///
    /// # Panics
    /// If `log_frac` is above [`MAX_LOG_FRAC`].
    pub fn new(plane: &Plane, log_frac: u32) -> Self {
        check_log_frac(log_frac);
        let words = Words::new(plane.data().iter().copied(), log_frac);
        Self { width: plane.width(), height: plane.height(), log_frac, words }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// F, the fraction bits of the log proxies.
    pub fn log_frac(&self) -> u32 {
        self.log_frac
    }
}

/// Kernels of one side with the log proxies of their weights, computed once for all windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedKernels {
    pub(super) count: usize,
    pub(super) side: usize,
    pub(super) log_frac: u32,
    /// The first weight of every kernel, the second of every kernel, and so on.
    pub(super) words: Words,
}

impl PreparedKernels {
    /// Takes the log proxies of `kernels`, with `log_frac` fraction bits. Without a kernel, or with
    /// kernels of different sides, it is an error.
    ///
    /// # Panics
    /// If `log_frac` is above [`MAX_LOG_FRAC`].
    pub fn new(kernels: &[Kernel], log_frac: u32) -> Result<Self, ShapeError> {
        check_log_frac(log_frac);
        let first = kernels.first().ok_or(ShapeError::NoKernel)?;
        let (side, count) = (first.side(), kernels.len());
        if let Some(other) = kernels.iter().find(|kernel| kernel.side() != side) {
            return Err(ShapeError::MixedKernels { first: side, other: other.side() });
        }
        let weights = (0..side * side).flat_map(|i| kernels.iter().map(move |k| k.weights()[i]));
        Ok(Self { count, side, log_frac, words: Words::new(weights, log_frac) })
    }

    /// The number of kernels; at least 1.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The side of every kernel.
    pub fn side(&self) -> usize {
        self.side
    }

    /// F, the fraction bits of the log proxies.
    pub fn log_frac(&self) -> u32 {
        self.log_frac
    }
}

fn check_log_frac(log_frac: u32) {
    assert!(log_frac <= MAX_LOG_FRAC, "{log_frac} fraction bits; at most {MAX_LOG_FRAC}");
}
