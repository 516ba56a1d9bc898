//! The joint of the house: what runs the convolutions of a network.
//!
//! The golden model, the unit's RTL and the system's RTL are an [`Engine`] each. Experiments ask
//! for results and costs and know none of them by name; an engine that is not the golden model
//! compares what it did with the golden model itself and reports what differs as [`Findings`].

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::conv::{Plane, Semantics};
use crate::nn::{Configuration, Convolution, Inference, IntegerNetwork, LayerOutcome};

/// Where in an experiment something was computed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The command that ran it.
    pub experiment: String,
    /// The data set.
    pub dataset: String,
    /// The network, or the set of filters.
    pub network: String,
    /// The layer.
    pub layer: String,
    /// The configuration.
    pub configuration: String,
    /// The image's number in the run.
    pub image: usize,
    /// The output channel.
    pub output: usize,
    /// The input channel.
    pub channel: usize,
    /// Column of the window's upper left corner.
    pub column: usize,
    /// Row of the window's upper left corner.
    pub row: usize,
}

/// What a layer took on the hardware; all zero on the golden model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Windows run.
    pub windows: u64,
    /// Those of them whose words were fetched; the others used the words of one of these.
    pub fetched_windows: u64,
    /// Clock cycles of the windows from start to done, added up.
    pub cycles: u64,
    /// Kernels loaded.
    pub kernel_loads: u64,
    /// Clock cycles of the kernel loads from start to done, added up.
    pub load_cycles: u64,
    /// Words that entered the unit, of windows and kernels.
    pub memory_words: u64,
    /// Accesses of the memory port, for windows and kernels.
    pub memory_beats: u64,
}

/// One convolution layer over a batch of images.
#[derive(Debug, Clone)]
pub struct LayerRun {
    /// One entry per image.
    pub outcomes: Vec<LayerOutcome>,
    /// One entry per output channel, over all images.
    pub costs: Vec<Cost>,
}

/// A window, or an instruction, that did not do what the golden model does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mismatch {
    /// Where.
    pub place: Place,
    /// All that the engine needs to run it again; only the engine reads it.
    pub case: serde_json::Value,
}

/// What an engine's scoreboard has seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// Windows (unit) or inferences (system) compared.
    pub compared: u64,
    /// Those that differ, and readings of performance counters that do.
    pub mismatches: u64,
    /// The first few in full, in the order of the run.
    pub cases: Vec<Mismatch>,
    /// What the performance counters of a unit said that they should not.
    pub counter_errors: Vec<String>,
}

/// Why an engine has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine cannot run this at all.
    #[error("{engine} cannot run this: {reason}")]
    Unsupported {
        /// The engine's name.
        engine: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// The hardware gave up in the middle: it hangs, or an assertion of the RTL failed.
    #[error("{source}")]
    Failed {
        /// What can be run again with a waveform.
        case: Option<Box<Mismatch>>,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What runs the convolutions of networks: one of these per thread.
pub trait Engine: Send {
    /// The name in flags and files: `golden`, `rtl`, `soc`.
    fn name(&self) -> &'static str;

    /// Runs one convolution layer on a batch of images, `inputs[image][input channel]`. `place` says
    /// where the layer belongs; its image is the number of the first one. The outcomes have their
    /// maps.
    ///
    /// # Errors
    /// What the engine cannot run, or did not finish.
    fn layer(
        &mut self,
        place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
    ) -> Result<LayerRun, EngineError>;

    /// Runs a whole network on a batch of images, `images[image]` being what
    /// [`input_planes`](crate::nn::input_planes) gives, layer by layer.
    ///
    /// # Errors
    /// As [`layer`](Self::layer).
    fn infer(
        &mut self,
        place: &Place,
        network: &IntegerNetwork,
        configuration: &Configuration,
        images: &[Vec<Plane>],
    ) -> Result<Vec<Inference>, EngineError>;

    /// What the scoreboard has seen since the last call.
    ///
    /// # Errors
    /// If the hardware does not answer.
    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        Ok(Findings::default())
    }

    /// Runs a mismatch again with a waveform and writes a report into a folder of its own below
    /// `folder`. Returns the report's folder.
    ///
    /// # Errors
    /// If it cannot be run again, or the report cannot be written.
    fn follow_up(&self, mismatch: &Mismatch, folder: &Path) -> Result<PathBuf, EngineError>;
}
