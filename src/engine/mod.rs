//! Engines: what runs a convolution. Golden and unit RTL are interchangeable behind [`Engine`].

mod expect;
mod golden;
mod layer;
mod rtl;

pub use golden::GoldenEngine;
pub use layer::{
    LayerBatch, LayerError, LayerMaps, LayerSums, LayerTotals, RtlLayerEngine, golden_layer,
};
pub use rtl::RtlEngine;

use crate::check::Case;
use crate::dut::{DutError, Outcome, Tile, WindowRun};
use model::conv::{FeatureMap, Kernel, Plane, Semantics};

/// One window as a unit ran it, for the scoreboard.
#[derive(Debug, Clone, Copy)]
pub struct WindowRecord {
    /// Column of the window's upper left corner, and of its first output.
    pub x: usize,
    /// Row of the window's upper left corner, and of its first output.
    pub y: usize,
    /// The command.
    pub run: WindowRun,
    /// The stream of waiting times that it drew from.
    pub stream: u64,
    /// The result.
    pub outcome: Outcome,
}

/// A convolution of one plane with one kernel, as an engine did it.
#[derive(Debug, Clone)]
pub struct Convolved {
    /// Outputs and counts.
    pub map: FeatureMap,
    /// The windows it took, in order; empty where the engine has none.
    pub windows: Vec<WindowRecord>,
}

impl Convolved {
    /// Cycles from start to done, added up over all windows; `None` where there are none.
    pub fn cycles(&self) -> Option<u64> {
        let cycles = || self.windows.iter().map(|window| u64::from(window.outcome.cycles)).sum();
        (!self.windows.is_empty()).then(cycles)
    }
}

/// Why an engine has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The unit cannot run this.
    #[error("unit {unit} has KERNEL = {kernel}; a {side}×{side} kernel does not fit")]
    KernelTooLarge {
        /// Name of the parameter set.
        unit: &'static str,
        /// Its largest kernel side.
        kernel: usize,
        /// The side asked for.
        side: usize,
    },
    /// The unit's log proxy has other fraction bits.
    #[error("unit {unit} has LOG_FRAC = {log_frac}; the semantics ask for {wanted}")]
    LogFrac {
        /// Name of the parameter set.
        unit: &'static str,
        /// Its fraction bits.
        log_frac: u32,
        /// Those asked for.
        wanted: u32,
    },
    /// A transaction failed.
    #[error("window at column {x}, row {y}: {source}")]
    Window {
        /// Column of the window.
        x: usize,
        /// Row of the window.
        y: usize,
        /// The command.
        run: Box<WindowRun>,
        /// The stream of waiting times that it drew from.
        stream: u64,
        /// Why.
        source: DutError,
    },
    /// The sizes of a layer do not fit together.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A transaction failed in a layer.
    #[error(
        "layer {}, image {}, output channel {}, channel {}, window at column {}, row {}: {source}",
        case.place.layer, case.place.image, case.place.output, case.place.channel,
        case.place.column, case.place.row
    )]
    LayerWindow {
        /// The window in full, for its replay.
        case: Box<Case>,
        /// Why.
        source: DutError,
    },
    /// Loading the kernel, or the counters, failed.
    #[error(transparent)]
    Dut(#[from] DutError),
}

/// What runs convolutions of one input channel.
pub trait Engine: Send {
    /// Sets the input channel of the convolutions that follow.
    fn set_plane(&mut self, plane: &Plane);

    /// Convolves the plane with a kernel; `carry` is the map of the channel before, for running
    /// scope.
    ///
    /// # Panics
    /// If the kernel does not fit into the plane, or no plane is set.
    fn convolve(
        &mut self,
        kernel: &Kernel,
        semantics: &Semantics,
        carry: Option<&FeatureMap>,
    ) -> Result<Convolved, EngineError>;
}

/// The tiles that cover `width` × `height` outputs: 2×2 where they fit, single outputs in the last
/// column and row of odd sizes.
pub fn tiles(width: usize, height: usize) -> impl Iterator<Item = (usize, usize, Tile)> {
    let even = move |x: usize, y: usize| x + 1 < width && y + 1 < height;
    (0..height).step_by(2).flat_map(move |y| {
        (0..width).step_by(2).flat_map(move |x| {
            let rows = if y + 1 < height { 2 } else { 1 };
            let columns = if x + 1 < width { 2 } else { 1 };
            let singles =
                (0..rows * columns).map(move |i| (x + i % columns, y + i / columns, Tile::One));
            let tile = std::iter::once((x, y, Tile::TwoByTwo));
            tile.filter(move |_| even(x, y)).chain(singles.filter(move |_| !even(x, y)))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_each_output_once() {
        for (width, height) in [(1, 1), (2, 2), (3, 2), (2, 3), (5, 5), (26, 26), (1, 4)] {
            let mut covered = vec![0; width * height];
            for (x, y, tile) in tiles(width, height) {
                for output in 0..tile.outputs() {
                    let (dx, dy) = Tile::place(output);
                    covered[(y + dy) * width + x + dx] += 1;
                }
            }
            assert_eq!(covered, vec![1; width * height], "{width}×{height}");
        }
        assert_eq!(tiles(26, 26).count(), 169);
    }
}
