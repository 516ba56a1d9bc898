// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's experiments, and those beyond: what is run over which images, and what is measured.

pub mod accel;
pub mod channels;
pub mod classify;
pub mod energy;
pub mod explore;
pub mod ideal;
pub mod lenet;
pub mod numbers;
pub mod peers;
pub mod planes;
pub mod power;
pub mod search;
pub mod windows;

use std::ops::{AddAssign, Range};

use serde::{Deserialize, Serialize};

use crate::data::Image;
use crate::tables::{
    self, AblationRow, ClassifyRow, ConfusionRow, CoverageRow, CycleRow, DesignRow, FlipRow,
    LayerErrorRow, LenetRow, MarginRow, MemoryRow, ModuleRow, OperandRow, OverflowRow, PeerRow,
    PointLayerRow, PointRow, ProductRow, QuantisationRow, ScoreErrorRow, ScoreRow, SearchRow,
    SkipRow, SplitRow, StatRow, SummaryRow, Table, TimeRow, WindowsRow, ZeroRow,
};
use model::conv::{Plane, Semantics};
use model::engine::{Detail, Engine, EngineError, LayerRun, Place};
use model::nn::{
    Configuration, Convolution, Inference, LayerOutcome, MachineNetwork, input_planes,
};

/// All tables, in the order of the commands that write them.
pub static TABLES: &[Table] = &[
    Table::of::<StatRow>(&[&tables::single::STATISTICS]),
    Table::of::<WindowsRow>(&[&tables::windows::IMAGES]),
    Table::of::<SummaryRow>(&[&tables::windows::MULTIPLICATIONS]),
    Table::of::<LenetRow>(&[&tables::accuracy::ACCURACY, &tables::layers::MULTIPLICATIONS]),
    Table::of::<PointRow>(&[&tables::accuracy::ACCURACY]),
    Table::of::<PointLayerRow>(&[]),
    Table::of::<PeerRow>(&[&tables::accuracy::ACCURACY]),
    Table::of::<AblationRow>(&[&tables::lenet::ABLATION]),
    Table::of::<SplitRow>(&[&tables::lenet::SPLITS]),
    Table::of::<ProductRow>(&[&tables::layers::PRODUCTS]),
    Table::of::<SkipRow>(&[&tables::layers::SKIPS]),
    Table::of::<LayerErrorRow>(&[&tables::layers::ERRORS]),
    Table::of::<ZeroRow>(&[&tables::lenet::ZEROS]),
    Table::of::<ConfusionRow>(&[&tables::layers::CONFUSION]),
    Table::of::<FlipRow>(&[&tables::lenet::FLIPS]),
    Table::of::<MarginRow>(&[&tables::lenet::MARGINS]),
    Table::of::<QuantisationRow>(&[&tables::lenet::QUANTISATION]),
    Table::of::<OverflowRow>(&[&tables::lenet::OVERFLOW]),
    Table::of::<OperandRow>(&[]),
    Table::of::<MemoryRow>(&[]),
    Table::of::<ClassifyRow>(&[&tables::single::CLASSIFY]),
    Table::of::<channels::ChannelRow>(&[&channels::CHANNELS]),
    Table::of::<numbers::NumberRow>(&[&numbers::NUMBERS]),
    Table::of::<energy::EnergyRow>(&[]),
    Table::of::<energy::BlockRow>(&[&energy::BLOCKS]),
    Table::of::<energy::InferenceEnergyRow>(&[&energy::INFERENCES]),
    Table::of::<energy::LoadRow>(&[]),
    Table::of::<energy::MemoryEnergyRow>(&[]),
    Table::of::<power::ProgramEnergyRow>(&[&power::PROGRAMS]),
    Table::of::<power::PowerRow>(&[]),
    Table::of::<explore::ExploreRow>(&[&explore::PARETO]),
    Table::of::<ideal::IdealRow>(&[&ideal::IDEAL]),
    Table::of::<planes::PlaneRow>(&[&planes::PLANES]),
    Table::of::<planes::PlaneCostRow>(&[&planes::COSTS]),
    Table::of::<SearchRow>(&[&tables::single::SEARCH]),
    Table::of::<ScoreRow>(&[&tables::accel::SCORES]),
    Table::of::<ScoreErrorRow>(&[&tables::accel::SCORE_ERRORS]),
    Table::of::<CycleRow>(&[&tables::accel::CYCLES]),
    Table::of::<TimeRow>(&[&tables::accel::TIME]),
    Table::of::<CoverageRow>(&[&tables::single::COVERAGE]),
    Table::of::<DesignRow>(&[&tables::silicon::AREA]),
    Table::of::<ModuleRow>(&[]),
];

/// The first of some keys that is there twice.
pub fn twice<T: PartialEq>(keys: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = Vec::new();
    for key in keys {
        if seen.contains(&key) {
            return Some(key);
        }
        seen.push(key);
    }
    None
}

/// `count` images in batches of `size`, the last perhaps smaller.
fn ranges(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(size).map(move |first| first..count.min(first + size))
}

/// The images of each network, in batches of `size`: the number of the network, and the images.
fn batches(networks: usize, images: usize, size: usize) -> Vec<(usize, Range<usize>)> {
    let batches = |network| ranges(images, size).map(move |images| (network, images));
    (0..networks).flat_map(batches).collect()
}

/// Multiplications over some images, and how many of these are classified right.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Tally {
    multiplications: u64,
    right: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.multiplications += other.multiplications;
        self.right += other.right;
    }
}

impl Tally {
    fn of(
        network: &MachineNetwork,
        configuration: &Configuration,
        images: &[&Image],
        engine: &mut dyn Engine,
    ) -> Result<Self, EngineError> {
        let inputs: Vec<_> = images.iter().map(|it| input_planes(network, &it.pixels)).collect();
        let place = Place::default();
        let found = engine.infer(&place, network, configuration, &inputs, Detail::Sums)?.inferences;
        let multiplications = found.iter().map(Inference::multiplications).sum();
        let right = images
            .iter()
            .zip(&found)
            .filter(|(it, found)| usize::from(it.label) == found.class(network.number));
        Ok(Self { multiplications, right: right.count() as u64 })
    }
}

/// An engine of software that is not the golden model: what it makes of the images of a layer.
struct Software<F>(F);

impl<F> Software<F>
where
    F: FnMut(&Convolution, &Semantics, &[Vec<Plane>]) -> Vec<LayerOutcome> + Send,
{
    fn new(layer: F) -> Self {
        Self(layer)
    }
}

impl<F> Engine for Software<F>
where
    F: FnMut(&Convolution, &Semantics, &[Vec<Plane>]) -> Vec<LayerOutcome> + Send,
{
    fn name(&self) -> &'static str {
        "software"
    }

    fn layer(
        &mut self,
        _: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        _: Detail,
    ) -> Result<LayerRun, EngineError> {
        Ok(LayerRun::of_software((self.0)(layer, semantics, inputs)))
    }
}
