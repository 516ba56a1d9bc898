// SPDX-License-Identifier: MIT OR Apache-2.0
//! The joint of the house: what runs the convolutions of a network.
//!
//! The golden model, the unit's RTL and the system's RTL are an [`Engine`] each. Experiments ask
//! for results and costs and know none of them by name; an engine that is not the golden model
//! compares what it did with the golden model itself and reports what differs as [`Findings`].

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::{AddAssign, Sub};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::conv::{
    ConfigError, FeatureMap, Kernel, Number, OperandError, Plane, PreparedKernels, PreparedPlane,
    Semantics, conv2d_prepared, dot_kernels,
};
use crate::nn::{self, Configuration, Convolution, LayerOutcome, MachineNetwork, NetworkRun};

/// Where in an experiment something was computed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The command that ran it.
    pub experiment: String,
    pub dataset: String,
    pub network: String,
    /// The layer, or the filter.
    pub layer: String,
    pub configuration: String,
    /// The image's number in the run.
    pub image: usize,
    pub output: usize,
    pub channel: usize,
    /// Of the window's upper left corner.
    pub column: usize,
    pub row: usize,
}

/// How much of a layer is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The sums over all input channels, and counts.
    Sums,
    /// The map of every output and input channel as well.
    Maps,
}

/// What a layer took on the hardware; all zero on the golden model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub windows: u64,
    /// Those of them whose words were fetched; the others used the words of one of these.
    pub fetched_windows: u64,
    /// Clock cycles of the windows from start to done, added up.
    pub cycles: u64,
    pub kernel_loads: u64,
    /// Clock cycles of the kernel loads from start to done, added up.
    pub load_cycles: u64,
    /// Words that entered the unit, of windows and kernels.
    pub memory_words: u64,
    /// Accesses of the memory port, for windows and kernels.
    pub memory_beats: u64,
    /// Those of them that brought logs of log planes.
    pub log_beats: u64,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.windows += other.windows;
        self.fetched_windows += other.fetched_windows;
        self.cycles += other.cycles;
        self.kernel_loads += other.kernel_loads;
        self.load_cycles += other.load_cycles;
        self.memory_words += other.memory_words;
        self.memory_beats += other.memory_beats;
        self.log_beats += other.log_beats;
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        let mut sum = Self::default();
        costs.for_each(|cost| sum += cost);
        sum
    }
}

/// One convolution layer over a batch of images.
#[derive(Debug, Clone)]
pub struct LayerRun {
    pub outcomes: Vec<LayerOutcome>,
    /// One entry per output channel, over all images.
    pub costs: Vec<Cost>,
}

impl LayerRun {
    /// What software computed, at no cost.
    pub fn of_software(outcomes: Vec<LayerOutcome>) -> Self {
        let outputs = outcomes.first().map_or(0, |outcome| outcome.sums.len());
        Self { outcomes, costs: vec![Cost::default(); outputs] }
    }
}

/// What the counters of core and unit say of one stage of a program that runs a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageCounts {
    /// Clock cycles; on the reference model, instructions.
    pub cycles: u32,
    pub instructions: u32,
    /// The core's events: mhpmcounter3 to 14.
    pub events: [u32; 12],
    /// Counters 0 to 12 of the unit.
    pub unit: [u32; 13],
    pub kernel_loads: u32,
    /// Windows that were read from memory.
    pub window_fetches: u32,
}

impl StageCounts {
    fn combine(mut self, other: Self, with: impl Fn(u32, u32) -> u32) -> Self {
        self.cycles = with(self.cycles, other.cycles);
        self.instructions = with(self.instructions, other.instructions);
        let mine = self.events.iter_mut().chain(&mut self.unit);
        for (mine, other) in mine.zip(other.events.into_iter().chain(other.unit)) {
            *mine = with(*mine, other);
        }
        self.kernel_loads = with(self.kernel_loads, other.kernel_loads);
        self.window_fetches = with(self.window_fetches, other.window_fetches);
        self
    }
}

impl Sub for StageCounts {
    type Output = Self;

    /// What was counted since an earlier moment; counters wrap.
    fn sub(self, earlier: Self) -> Self {
        self.combine(earlier, u32::wrapping_sub)
    }
}

impl AddAssign for StageCounts {
    fn add_assign(&mut self, other: Self) {
        *self = self.combine(other, u32::wrapping_add);
    }
}

/// A stage of a program that runs a network: layers that are done together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRecord {
    /// The names of its layers, with a `+` between; the first is `input`, before all layers.
    pub stage: String,
    /// Accesses of memory that load the kernels of the unit for it, all together; if it loads any.
    pub kernel_beats: u32,
    /// Outputs of its convolutions, input channel by input channel, if the unit gives them tile by
    /// tile.
    pub tile_outputs: u32,
    pub counts: StageCounts,
}

/// A window, or an instruction, that did not do what the golden model does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mismatch {
    pub place: Place,
    /// What differs, in words.
    pub difference: String,
    /// All that the engine needs to run it again; only the engine reads it.
    pub case: serde_json::Value,
}

/// What an engine's scoreboard has seen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    /// Windows (unit) or inferences (system) compared.
    pub compared: u64,
    /// Instructions compared with the reference model, in lockstep.
    pub instructions: u64,
    /// Windows or inferences that differ, and readings of performance counters that do.
    pub mismatches: u64,
    /// The first few in full, in the order of the run.
    pub cases: Vec<Mismatch>,
    /// What the performance counters of a unit said that they should not.
    pub counter_errors: Vec<String>,
}

impl Findings {
    /// Adds what was seen after this, keeping at most `limit` cases and `limit` counter errors.
    pub fn merge(&mut self, other: Self, limit: usize) {
        self.compared += other.compared;
        self.instructions += other.instructions;
        self.mismatches += other.mismatches;
        self.cases.extend(other.cases);
        self.cases.truncate(limit);
        self.counter_errors.extend(other.counter_errors);
        self.counter_errors.truncate(limit);
    }
}

/// Why an engine has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine cannot run this at all.
    #[error("{engine} cannot run this: {reason}")]
    Unsupported {
        engine: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// A network has weights or activations that the unit has no room for.
    #[error(transparent)]
    Operand(#[from] OperandError),
    /// The numbers of a network have no such semantics.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The hardware gave up in the middle: it hangs, or an assertion of the RTL failed.
    #[error("{source}")]
    Failed {
        /// What can be run again with a waveform.
        case: Option<Box<Mismatch>>,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Which windows of a layer are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// How many, at least.
    pub windows: usize,
    /// The seed that they are drawn with.
    pub seed: u64,
}

/// What some windows of a layer have taken of a netlist, all added up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyReading {
    /// Side of the kernels: the layer's, or the unit's if it is smaller.
    pub side: u64,
    /// Windows of the whole layer in an inference, if the kernels are the layer's.
    pub layer_windows: Option<u64>,
    pub windows: u64,
    /// Clock cycles from one command to the next.
    pub cycles: u64,
    /// Products of exact windows.
    pub products: u64,
    pub multiplications: u64,
    /// Bits that were read from memory.
    pub memory_bits: u64,
    /// By block of the unit, as it is named in tables.
    pub blocks: BTreeMap<String, BlockEnergy>,
    /// The loads of the kernels before these windows.
    pub loads: LoadReading,
}

/// What some loads of kernels have taken of a netlist, all added up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadReading {
    pub loads: u64,
    /// Windows of a layer for which a kernel is loaded once.
    pub windows_per_load: u64,
    /// Clock cycles from one command to the next.
    pub cycles: u64,
    /// Bits that were read from memory.
    pub memory_bits: u64,
    /// As those of the windows.
    pub blocks: BTreeMap<String, BlockEnergy>,
}

/// The energy of a block.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockEnergy {
    /// Of all changes of its nets, in fJ.
    pub dynamic_fj: f64,
    /// Of the changes that are left without glitches, in fJ.
    pub settled_fj: f64,
    /// What it leaks all the time, in nW.
    pub leakage_nw: f64,
}

/// A stage of a program on a netlist, as the layers of an inference are, and what a sample of its cycles has
/// taken.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageEnergy {
    /// As [`StageRecord`] names it.
    pub stage: String,
    /// Clock cycles of the whole stage.
    pub cycles: u64,
    /// Clock cycles that were measured.
    pub measured_cycles: u64,
    /// Of these, bits of instructions that were fetched.
    pub instruction_bits: u64,
    /// Of these, bits of words that were read or written, by core and unit.
    pub data_bits: u64,
    /// By block, as it is named in tables.
    pub blocks: BTreeMap<String, BlockEnergy>,
}

/// What runs the convolutions of networks: one of these per thread.
pub trait Engine: Send {
    /// The name in flags and files: `golden`, `rtl`, `soc`.
    fn name(&self) -> &'static str;

    /// Runs one convolution layer on a batch of images, `inputs[image][input channel]`, all of one
    /// size. `place` says where the layer belongs; its image is the number of the first one.
    fn layer(
        &mut self,
        place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<LayerRun, EngineError>;

    /// Runs a whole network on a batch of images, `images[image]` being what
    /// [`input_planes`](crate::nn::input_planes) gives; layer by layer, if the engine does not know
    /// better.
    fn infer(
        &mut self,
        place: &Place,
        network: &MachineNetwork,
        configuration: &Configuration,
        images: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<NetworkRun, EngineError> {
        nn::infer(self, place, network, configuration, images, detail)
    }

    /// Measures the energy of some windows of a layer, of which `inputs` are as in
    /// [`layer`](Self::layer). Only an engine that is a netlist can.
    fn energy(
        &mut self,
        _place: &Place,
        _layer: &Convolution,
        _semantics: &Semantics,
        _inputs: &[Vec<Plane>],
        _sampling: Sampling,
    ) -> Result<EnergyReading, EngineError> {
        let reason = "it has no gates whose energy could be measured".to_owned();
        Err(EngineError::Unsupported { engine: self.name(), reason })
    }

    /// Measures the energy of an inference as a program: of each stage a sample of `cycles`. Only an
    /// engine that is the netlist of a core can.
    fn program_energy(
        &mut self,
        _place: &Place,
        _network: &MachineNetwork,
        _configuration: &Configuration,
        _image: &[Plane],
        _cycles: u64,
    ) -> Result<Vec<StageEnergy>, EngineError> {
        let reason = "it has no gates whose energy could be measured".to_owned();
        Err(EngineError::Unsupported { engine: self.name(), reason })
    }

    /// What the scoreboard has seen since the last call.
    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        Ok(Findings::default())
    }

    /// Runs a mismatch again with a waveform and writes a report into a folder of its own below
    /// `folder`. Returns the report's folder.
    fn follow_up(&self, _mismatch: &Mismatch, _folder: &Path) -> Result<PathBuf, EngineError> {
        let reason = "it has no waveforms".to_owned();
        Err(EngineError::Unsupported { engine: self.name(), reason })
    }
}

/// What may be known of an engine without opening it.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineInfo {
    /// `golden`, `rtl`, `hart`, `soc`.
    pub name: &'static str,
    /// The parameter set, where one was chosen; else empty.
    pub unit: String,
    /// Whether it compares something with the golden model.
    pub compares: bool,
    /// Whether its costs and counts have clock cycles.
    pub timed: bool,
    /// All that results depend on: parameters, seeds, waiting, a planted bug, digests of RTL and
    /// programs, tools. It goes into the provenance, and into the key of a run that may be resumed.
    pub settings: serde_json::Value,
}

/// Opens engines of one kind with one set of options, for all threads of a run.
pub trait EngineFactory: Sync {
    fn info(&self) -> EngineInfo;

    /// An engine for one thread.
    fn open(&self) -> Result<Box<dyn Engine>, EngineError>;
}

/// The golden model, which refuses operands that a unit of this width has no room for.
#[derive(Debug, Clone, Copy)]
pub struct Golden {
    /// Bits of an operand: 8, 16 or 32.
    pub operand_w: u32,
}

impl Default for Golden {
    fn default() -> Self {
        Self { operand_w: i32::BITS }
    }
}

impl EngineFactory for Golden {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: "golden",
            unit: String::new(),
            compares: false,
            timed: false,
            settings: serde_json::json!({ "name": "golden", "operand_w": self.operand_w }),
        }
    }

    fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        Ok(Box::new(GoldenEngine { operand_w: self.operand_w }))
    }
}

/// The fast golden model, on the calling thread; by default of 32-bit operands.
#[derive(Debug)]
pub struct GoldenEngine {
    /// Bits of an operand, which [`Engine::layer`] refuses more of.
    pub operand_w: u32,
}

impl Default for GoldenEngine {
    fn default() -> Self {
        Self { operand_w: i32::BITS }
    }
}

impl GoldenEngine {
    /// [`Engine::layer`] of operands that fit, which cannot fail then; it panics if the kernels do not fit the planes.
    pub fn outcomes(
        &mut self,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        detail: Detail,
    ) -> Vec<LayerOutcome> {
        let channels = layer.filters[0].len();
        for input in inputs {
            assert_eq!(input.len(), channels, "layer {}: a plane per input channel", layer.name);
        }
        let side = layer.side();
        let one_window = |input: &Vec<Plane>| (input[0].width(), input[0].height()) == (side, side);
        if inputs.first().is_some_and(one_window) {
            let channel = |c: usize| {
                let kernels: Vec<&Kernel> = layer.filters.iter().map(|filter| &filter[c]).collect();
                let prepared = PreparedKernels::new(&kernels, semantics.number, semantics.log_frac);
                prepared.expect("a layer has kernels of one side")
            };
            let kernels: Vec<_> = (0..channels).map(channel).collect();
            return inputs.iter().map(|it| dot_layer(&kernels, it, semantics, detail)).collect();
        }
        inputs.iter().map(|it| conv_layer(layer, it, semantics, detail)).collect()
    }

    /// [`Engine::infer`] with the place left out; it panics if the network, the configuration, the images
    /// and the width of the operands do not fit together.
    pub fn inferences(
        &mut self,
        network: &MachineNetwork,
        configuration: &Configuration,
        images: &[Vec<Plane>],
        detail: Detail,
    ) -> Vec<nn::Inference> {
        let run = self.infer(&Place::default(), network, configuration, images, detail);
        run.expect("the operands fit").inferences
    }
}

/// A layer of whole maps: S_max goes from each input channel to the next of the same output channel.
fn conv_layer(
    layer: &Convolution,
    input: &[Plane],
    semantics: &Semantics,
    detail: Detail,
) -> LayerOutcome {
    let planes: Vec<_> = input
        .iter()
        .map(|it| PreparedPlane::new(it, semantics.number, semantics.log_frac))
        .collect();
    let mut outcome = LayerOutcome::default();
    for filter in &layer.filters {
        let mut sums: Vec<i32> = Vec::new();
        let mut maps: Vec<FeatureMap> = Vec::with_capacity(planes.len());
        let mut multiplications = 0;
        for (plane, kernel) in planes.iter().zip(filter) {
            let map = conv2d_prepared(plane, kernel, semantics, maps.last());
            add(&mut sums, &map.outputs, semantics.number);
            multiplications += map.total_kept();
            if detail == Detail::Sums {
                maps.clear();
            }
            maps.push(map);
        }
        outcome.sums.push(sums);
        outcome.multiplications.push(multiplications);
        if detail == Detail::Maps {
            outcome.maps.push(maps);
        }
    }
    outcome
}

/// A layer with one output per output channel: one window with many kernels.
fn dot_layer(
    kernels: &[PreparedKernels],
    input: &[Plane],
    semantics: &Semantics,
    detail: Detail,
) -> LayerOutcome {
    let mut sums: Vec<i32> = Vec::new();
    let mut multiplications = vec![0; kernels[0].count()];
    let mut maps: Vec<FeatureMap> = Vec::with_capacity(input.len());
    for (plane, kernels) in input.iter().zip(kernels) {
        let map = dot_kernels(kernels, plane.data(), semantics, maps.last());
        add(&mut sums, &map.outputs, semantics.number);
        for (sum, &kept) in multiplications.iter_mut().zip(&map.kept) {
            *sum += u64::from(kept);
        }
        if detail == Detail::Sums {
            maps.clear();
        }
        maps.push(map);
    }
    let maps = if detail == Detail::Maps { vec![maps] } else { Vec::new() };
    let sums = sums.into_iter().map(|sum| vec![sum]).collect();
    LayerOutcome { sums, multiplications, maps }
}

/// The first input channel is the sum, to which the others are added in their order.
fn add(sums: &mut Vec<i32>, outputs: &[i32], number: Number) {
    if sums.is_empty() {
        sums.extend_from_slice(outputs);
    } else {
        for (sum, &output) in sums.iter_mut().zip(outputs) {
            *sum = number.add(*sum, output);
        }
    }
}

impl Engine for GoldenEngine {
    fn name(&self) -> &'static str {
        "golden"
    }

    fn layer(
        &mut self,
        _place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<LayerRun, EngineError> {
        layer.check_operands(inputs, self.operand_w)?;
        Ok(LayerRun::of_software(self.outcomes(layer, semantics, inputs, detail)))
    }
}
