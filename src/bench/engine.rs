// SPDX-License-Identifier: MIT OR Apache-2.0
//! The unit's RTL as an engine: whole layers, every window compared with the golden model as it ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use model::conv::{LogEntries, Plane, Semantics, SmaxScope, Threshold, output_size};
use model::engine::{
    Cost, Detail, Engine, EngineError, EngineFactory, EngineInfo, Findings, GoldenEngine, LayerRun,
    Mismatch, Place,
};
use model::nn::{Convolution, LayerOutcome};
use serde::Deserialize;
use serde_json::json;

use super::case::{Operands, WindowCase};
use super::replay::WindowUnit;
use super::scoreboard::{ExpectedWindow, GoldenMap, agrees, load_counters, window_counters};
use super::under_test::{REPORTS, investigate};
use super::unit::{
    Counters, Memory, Outcome, PlaneAt, Stalls, Tile, UnitDriver, UnitError, UnitOptions, WindowRun,
};
use crate::hw::{self, NETWORK_UNIT, UnitParameters, View};

const NAME: &str = "rtl";

/// Its name where the unit is a netlist of gates.
const NAME_OF_GATES: &str = "netlist";

/// How the unit is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtlSettings {
    /// The unit; without one, a layer is run on [`UnitParameters::for_network`].
    pub unit: Option<UnitParameters>,
    /// The run's seed: that of the registers' initial values.
    pub seed: u64,
    /// Seed of the memory's waiting times; it never waits without.
    pub stalls: Option<u64>,
    /// A planted bug: the unit gets T + this (at least 1) where the semantics say T.
    pub threshold_offset: i32,
}

impl Default for RtlSettings {
    fn default() -> Self {
        Self { unit: None, seed: 1, stalls: None, threshold_offset: 0 }
    }
}

impl RtlSettings {
    fn options(&self) -> UnitOptions {
        let stalls = self.stalls.map(|seed| Stalls { seed });
        UnitOptions { x_seed: self.seed, stalls, ..UnitOptions::default() }
    }

    /// The unit that runs a layer.
    fn unit_for(&self, side: usize, semantics: &Semantics) -> Result<UnitParameters, EngineError> {
        let Semantics { number, log_frac, .. } = *semantics;
        let unit = self.unit.unwrap_or_else(|| UnitParameters::for_network(number, log_frac, side));
        unit.check_number(number).map_err(unsupported)?;
        if unit.log_frac != log_frac {
            return Err(unsupported(format!(
                "unit {unit} has LOG_FRAC = {}; the semantics ask for {log_frac}",
                unit.log_frac
            )));
        }
        if side > unit.kernel {
            return Err(unsupported(format!(
                "unit {unit} has KERNEL = {}; a {side}×{side} kernel does not fit",
                unit.kernel
            )));
        }
        Ok(unit)
    }
}

fn unsupported(reason: String) -> EngineError {
    EngineError::Unsupported { engine: NAME, reason }
}

impl EngineFactory for RtlSettings {
    fn info(&self) -> EngineInfo {
        // Every set is of the same RTL. If there is none, opening the unit says so.
        let digest = hw::unit_digest(&self.unit.unwrap_or(NETWORK_UNIT)).unwrap_or_default();
        let Self { unit, seed, stalls, threshold_offset } = self;
        let name = match unit.map(|unit| unit.view) {
            Some(View::Gates { .. }) => NAME_OF_GATES,
            Some(View::Rtl) | None => NAME,
        };
        let unit = unit.map_or_else(String::new, |unit| unit.to_string());
        EngineInfo {
            name,
            compares: true,
            timed: true,
            settings: json!({
                "name": name,
                "unit": unit,
                "x_seed": seed,
                "stall_seed": stalls,
                "threshold_offset": threshold_offset,
                "rtl_sha256": digest,
                "verilator": env!("CONVAPPROX_VERILATOR"),
                "cxx": env!("CONVAPPROX_CXX"),
            }),
            unit,
        }
    }

    fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        Ok(Box::new(RtlEngine::new(*self)))
    }
}

/// Runs layers tile by tile on a verilated unit, for as many output channels at a time as it has
/// slots for kernels.
///
/// The order is: input channel, group of output channels, image, tile, output channel. The kernels
/// of a group stay in the unit over all images, and the first output channel of the group fetches
/// a tile's words for the others. A unit with log planes fetches by them: they lie in its memory from the
/// start, and a word of a tile comes with the first output channel that needs it. The sums are those of the unit's own outputs, and in running scope
/// S_max of a channel is the unit's own of the channels before.
#[derive(Debug)]
pub struct RtlEngine {
    settings: RtlSettings,
    /// Those that were needed so far.
    units: BTreeMap<UnitParameters, OpenUnit>,
    golden: GoldenEngine,
    findings: Findings,
}

/// A unit, and what its transactions must have left in its counters.
#[derive(Debug)]
struct OpenUnit {
    driver: UnitDriver,
    counters: Counters,
}

impl RtlEngine {
    /// An engine; its units are opened when they are needed.
    pub fn new(settings: RtlSettings) -> Self {
        let (units, golden) = (BTreeMap::new(), GoldenEngine::default());
        Self { settings, units, golden, findings: Findings::default() }
    }

    /// The performance counters of all units as they are, and as they must be after the
    /// transactions so far, added up.
    pub fn counters(&mut self) -> Result<(Counters, Counters), UnitError> {
        let mut sum = (Counters::default(), Counters::default());
        for (parameters, unit) in &mut self.units {
            let expected = parameters.counted(unit.counters);
            sum = (sum.0.plus(&unit.driver.counters()?), sum.1.plus(&expected));
        }
        Ok(sum)
    }

    fn unit(&mut self, parameters: UnitParameters) -> Result<&mut OpenUnit, UnitError> {
        if !self.units.contains_key(&parameters) {
            let mut driver = UnitDriver::open(&parameters, &self.settings.options())?;
            driver.clear_counters()?;
            self.units.insert(parameters, OpenUnit { driver, counters: Counters::default() });
        }
        Ok(self.units.get_mut(&parameters).expect("it is open"))
    }
}

impl Engine for RtlEngine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn layer(
        &mut self,
        place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<LayerRun, EngineError> {
        let unit = self.settings.unit_for(layer.side(), semantics)?;
        let shape = Shape::of(layer, inputs, &unit)?;
        let golden = self.golden.outcomes(layer, semantics, inputs, Detail::Maps);
        let settings = self.settings;
        let mut findings = std::mem::take(&mut self.findings);
        let open = self.unit(unit).map_err(|source| failed(None, place.clone(), source))?;
        *open.driver.memory() = shape.memory(layer, inputs, unit.log_entries());
        let run = WindowRun {
            slot: 0,
            reuse: false,
            addr: 0,
            pitch: shape.pitch as u32,
            tile: Tile::One,
            mode: semantics.mode,
            threshold: planted(semantics.threshold, settings.threshold_offset),
            scope: semantics.scope,
            carry: [None; 4],
            plane: None,
        };
        let mut pass = Pass {
            carry: match semantics.scope {
                SmaxScope::Running => vec![NO_CARRY; inputs.len() * shape.outputs * shape.tiles()],
                SmaxScope::Window => Vec::new(),
            },
            tiles: tiles(shape.width, shape.height).collect(),
            sums: vec![vec![vec![0; shape.width * shape.height]; shape.outputs]; inputs.len()],
            multiplications: vec![vec![0; shape.outputs]; inputs.len()],
            costs: vec![Cost::default(); shape.outputs],
            run,
            fetch: run,
            streams: settings.stalls.map(|_| streams_of(&place.layer)),
            unit,
            open,
            findings: &mut findings,
            settings,
            place,
            layer,
            semantics,
            inputs,
            golden: &golden,
            shape,
        };
        let ended = pass.run();
        let Pass { sums, multiplications, costs, .. } = pass;
        self.findings = findings;
        ended?;
        let outcome = |((sums, multiplications), golden): ((_, _), LayerOutcome)| LayerOutcome {
            sums,
            multiplications,
            maps: if detail == Detail::Maps { golden.maps } else { Vec::new() },
        };
        let outcomes = sums.into_iter().zip(multiplications).zip(golden).map(outcome);
        Ok(LayerRun { outcomes: outcomes.collect(), costs })
    }

    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        for (parameters, unit) in &mut self.units {
            let actual = unit.driver.counters();
            let actual = actual.map_err(|error| failed(None, Place::default(), error))?;
            let expected = parameters.counted(unit.counters);
            if actual != expected {
                self.findings.mismatches += 1;
                self.findings.counter_errors.push(format!(
                    "the counters of {parameters} are {actual:?}, they must be {expected:?}"
                ));
            }
        }
        Ok(std::mem::take(&mut self.findings))
    }

    fn follow_up(&self, mismatch: &Mismatch, folder: &Path) -> Result<PathBuf, EngineError> {
        let failed = |source| EngineError::Failed { case: None, source };
        let case = WindowCase::deserialize(&mismatch.case).map_err(|it| failed(it.into()))?;
        let case = WindowCase { place: mismatch.place.clone(), ..case };
        let replayed = investigate::<WindowUnit>(&case, folder).map_err(|it| failed(it.into()))?;
        Ok(replayed.folder)
    }
}

/// Why a layer has no result, and where.
fn failed(case: Option<Box<Mismatch>>, place: Place, source: UnitError) -> EngineError {
    let Place { layer, image, output, channel, column, row, .. } = place;
    let place = match case {
        Some(_) => format!(
            "layer {layer}, image {image}, output channel {output}, channel {channel}, window at column {column}, row {row}: "
        ),
        None if layer.is_empty() => String::new(),
        None => format!("layer {layer}: "),
    };
    EngineError::Failed { case, source: format!("{place}{source}").into() }
}

/// T with a planted offset; at least 1.
fn planted(threshold: Threshold, offset: i32) -> Threshold {
    let shifted = threshold.get().saturating_add_signed(offset).max(1);
    Threshold::new(shifted).unwrap_or(threshold)
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

/// Bits of a line of the widest port. Each kernel and each plane begins on one.
const LINE: usize = 128;

/// The sizes of a layer, and where its operands lie in the unit's memory: all kernels, then all
/// planes of the batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Bits of a word.
    operand_w: u32,
    pub channels: usize,
    pub outputs: usize,
    /// Kernel side.
    pub side: usize,
    /// Of a plane.
    pub pitch: usize,
    /// Of a map.
    pub width: usize,
    pub height: usize,
    kernel_words: usize,
    plane_words: usize,
    /// The first plane's first word.
    planes: usize,
    /// The first log plane's first line of memory, and lines of each; none of a unit without.
    log_planes: usize,
    log_plane_lines: usize,
    words: usize,
}

impl Shape {
    pub fn of(
        layer: &Convolution,
        inputs: &[Vec<Plane>],
        unit: &UnitParameters,
    ) -> Result<Self, EngineError> {
        let operand_w = unit.operand_w;
        let [first, ..] = inputs else {
            return Err(unsupported("a batch of no images".to_owned()));
        };
        let (side, plane) = (layer.side(), &first[0]);
        let size = output_size(plane.width(), plane.height(), side);
        let (width, height) = size.map_err(|error| unsupported(error.to_string()))?;
        let (channels, outputs) = (first.len(), layer.filters.len());
        layer.check_operands(inputs, operand_w)?;
        let line = LINE / operand_w as usize;
        let kernel_words = (side * side).next_multiple_of(line);
        let plane_words = plane.data().len().next_multiple_of(line);
        let planes = outputs * channels * kernel_words;
        let log_planes = (planes + inputs.len() * channels * plane_words) / line;
        let log_plane_lines = match unit.planes {
            0 => 0,
            _ => (plane.data().len() * unit.log_entries().bits() as usize).div_ceil(LINE),
        };
        let words = (log_planes + inputs.len() * channels * log_plane_lines) * line;
        if u32::try_from(words * operand_w as usize / 8).is_err() {
            return Err(unsupported(format!(
                "{words} words are beyond the unit's 32-bit addresses; use smaller batches"
            )));
        }
        let pitch = plane.width();
        Ok(Self {
            operand_w,
            channels,
            outputs,
            side,
            pitch,
            width,
            height,
            kernel_words,
            plane_words,
            planes,
            log_planes,
            log_plane_lines,
            words,
        })
    }

    pub fn tiles(&self) -> usize {
        tiles(self.width, self.height).count()
    }

    /// The byte address of a word, which 32 bits hold: see [`of`](Self::of).
    #[inline]
    fn address(&self, word: usize) -> u32 {
        (word * self.operand_w as usize / 8) as u32
    }

    /// The byte address of a kernel.
    pub fn kernel(&self, output: usize, channel: usize) -> u32 {
        self.address((output * self.channels + channel) * self.kernel_words)
    }

    /// The byte address of a plane.
    #[inline]
    fn plane(&self, image: usize, channel: usize) -> u32 {
        self.address(self.planes + (image * self.channels + channel) * self.plane_words)
    }

    /// The byte address of a log plane.
    #[inline]
    fn log_plane(&self, image: usize, channel: usize) -> u32 {
        let line = self.log_planes + (image * self.channels + channel) * self.log_plane_lines;
        // Below the bytes of all words, which 32 bits hold.
        (line * LINE / 8) as u32
    }

    /// Where the logs of a window lie, if there are log planes.
    #[inline]
    pub fn logs(&self, image: usize, channel: usize, column: usize, row: usize) -> Option<PlaneAt> {
        // A plane has fewer words than there are addresses.
        let index = (row * self.pitch + column) as i32;
        let plane = PlaneAt { addr: self.log_plane(image, channel), index };
        (self.log_plane_lines > 0).then_some(plane)
    }

    /// The byte address of a window's upper left word.
    #[inline]
    pub fn window(&self, image: usize, channel: usize, column: usize, row: usize) -> u32 {
        self.plane(image, channel) + self.address(row * self.pitch + column)
    }

    /// A memory with the operands of the batch, and their log planes.
    pub fn memory(
        &self,
        layer: &Convolution,
        inputs: &[Vec<Plane>],
        entries: LogEntries,
    ) -> Memory {
        let mut memory = Memory::new(self.operand_w, self.words);
        for (output, filter) in layer.filters.iter().enumerate() {
            for (channel, kernel) in filter.iter().enumerate() {
                memory.write(self.kernel(output, channel), kernel.weights());
            }
        }
        for (image, planes) in inputs.iter().enumerate() {
            for (channel, plane) in planes.iter().enumerate() {
                memory.write(self.plane(image, channel), plane.data());
                if self.log_plane_lines > 0 {
                    let first = entries.address(self.log_plane(image, channel), 0);
                    memory.write_logs(entries, first, plane.data());
                }
            }
        }
        memory
    }
}

/// S_max of the outputs of a tile; −1 where there is none. A score has at most 15 bits.
type Carry = [i16; 4];
const NO_CARRY: Carry = [-1; 4];

/// One layer under way.
struct Pass<'a> {
    unit: UnitParameters,
    open: &'a mut OpenUnit,
    findings: &'a mut Findings,
    settings: RtlSettings,
    place: &'a Place,
    layer: &'a Convolution,
    semantics: &'a Semantics,
    inputs: &'a [Vec<Plane>],
    golden: &'a [LayerOutcome],
    shape: Shape,
    tiles: Vec<(usize, usize, Tile)>,
    /// What the commands of all windows have in common.
    run: WindowRun,
    /// The last window that was fetched.
    fetch: WindowRun,
    /// In running scope: of each image, output channel and tile.
    carry: Vec<Carry>,
    /// Where the waiting times of the layer's windows come from, if the memory waits.
    streams: Option<u64>,
    sums: Vec<Vec<Vec<i32>>>,
    multiplications: Vec<Vec<u64>>,
    costs: Vec<Cost>,
}

/// One window of a layer.
#[derive(Clone, Copy)]
struct At {
    image: usize,
    channel: usize,
    /// The output channels whose kernels the unit holds begin here.
    first: usize,
    output: usize,
    tile: usize,
}

impl Pass<'_> {
    fn run(&mut self) -> Result<(), EngineError> {
        for channel in 0..self.shape.channels {
            for first in (0..self.shape.outputs).step_by(self.unit.kernels) {
                let last = self.shape.outputs.min(first + self.unit.kernels);
                let loaded = (first..last).try_for_each(|it| self.load(channel, first, it));
                loaded.map_err(|error| failed(None, self.place.clone(), error))?;
                for image in 0..self.inputs.len() {
                    for tile in 0..self.tiles.len() {
                        for output in first..last {
                            self.window(At { image, channel, first, output, tile })?;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Loads the kernel of an output channel into its slot.
    fn load(&mut self, channel: usize, first: usize, output: usize) -> Result<(), UnitError> {
        let (side, addr) = (self.shape.side as u32, self.shape.kernel(output, channel));
        let at = At { image: 0, channel, first, output, tile: usize::MAX };
        self.open.driver.set_stream(self.stream(at));
        let cycles = self.open.driver.load_kernel(slot(at), side, addr)?;
        let counters = load_counters(&self.unit, side, addr, cycles);
        self.open.counters = self.open.counters.plus(&counters);
        let cost = &mut self.costs[output];
        cost.kernel_loads += 1;
        cost.load_cycles += u64::from(cycles);
        cost.memory_words += u64::from(counters.memory_words);
        cost.memory_beats += u64::from(counters.memory_beats);
        Ok(())
    }

    #[inline]
    fn window(&mut self, at: At) -> Result<(), EngineError> {
        let run = self.command(at);
        if !run.reuse {
            self.fetch = run;
        }
        self.open.driver.set_stream(self.stream(at));
        let outcome = match self.open.driver.run_window(&run) {
            Ok(outcome) => outcome,
            Err(source) => {
                let mismatch = self.mismatch(at, &run, source.to_string());
                let place = mismatch.place.clone();
                return Err(failed(Some(Box::new(mismatch)), place, source));
            }
        };
        self.count(at, &run, &outcome);
        self.keep(at, &outcome);
        let (x, y, _) = self.tiles[at.tile];
        let (map, first) = self.golden[at.image].entry(at.output, at.channel, 0);
        let width = self.shape.width;
        let golden = GoldenMap { map, first, width };
        self.findings.compared += 1;
        let waits = self.settings.stalls.is_some();
        if !agrees(&self.unit, &golden, (x, y), &run, &outcome, waits) {
            self.differs(at, &run, &outcome);
        }
        Ok(())
    }

    #[inline]
    fn command(&self, at: At) -> WindowRun {
        let (x, y, tile) = self.tiles[at.tile];
        let first = self.shape.plane(at.image, at.channel);
        let carry = self.carry.get(self.carry_index(at)).unwrap_or(&NO_CARRY);
        WindowRun {
            slot: slot(at),
            reuse: at.output != at.first,
            addr: first + self.shape.address(y * self.shape.pitch + x),
            tile,
            carry: carry.map(|score| u32::try_from(score).ok()),
            plane: self.shape.logs(at.image, at.channel, x, y),
            ..self.run
        }
    }

    /// The stream of a window's waiting times is the window's own, so that results do not depend on
    /// what a thread has run before.
    #[inline]
    fn stream(&self, at: At) -> u64 {
        self.streams.map_or(0, |layer| {
            let image = (self.place.image + at.image) as u64;
            let numbers = [image, at.channel as u64, at.output as u64, at.tile as u64];
            numbers.into_iter().fold(layer, mix)
        })
    }

    fn carry_index(&self, at: At) -> usize {
        (at.image * self.shape.outputs + at.output) * self.tiles.len() + at.tile
    }

    #[inline]
    fn count(&mut self, at: At, run: &WindowRun, outcome: &Outcome) {
        let counters = window_counters(&self.unit, self.shape.side, run, outcome);
        self.open.counters = self.open.counters.plus(&counters);
        self.multiplications[at.image][at.output] += u64::from(counters.multiplications_done);
        let cost = &mut self.costs[at.output];
        cost.windows += 1;
        cost.fetched_windows += u64::from(!run.reuse);
        cost.cycles += u64::from(outcome.cycles);
        cost.memory_words += u64::from(counters.memory_words);
        cost.memory_beats += u64::from(counters.memory_beats);
        cost.log_beats += u64::from(outcome.traffic.log_beats);
    }

    /// Adds the outputs to the channels before, and keeps S_max for the next one.
    #[inline]
    fn keep(&mut self, at: At, outcome: &Outcome) {
        let (x, y, tile) = self.tiles[at.tile];
        let sums = &mut self.sums[at.image][at.output];
        for (output, &word) in outcome.outputs.iter().enumerate().take(tile.outputs()) {
            let (dx, dy) = Tile::place(output);
            let sum = &mut sums[(y + dy) * self.shape.width + x + dx];
            *sum = if at.channel == 0 { word } else { self.semantics.number.add(*sum, word) };
        }
        let index = self.carry_index(at);
        if let Some(carry) = self.carry.get_mut(index) {
            *carry = outcome.s_max.map(|score| score.map_or(-1, |score| score as i16));
        }
    }

    /// Counts a window that differs; the first few are kept in full.
    #[cold]
    fn differs(&mut self, at: At, run: &WindowRun, outcome: &Outcome) {
        self.findings.mismatches += 1;
        if self.findings.cases.len() == REPORTS {
            return;
        }
        let expected = ExpectedWindow::new(&self.operands(at, run), self.semantics);
        let waits = self.settings.stalls.is_some();
        let differences = expected.compare(&self.unit, run, outcome, waits);
        let difference = differences.first().map(ToString::to_string).unwrap_or_default();
        let mismatch = self.mismatch(at, run, difference);
        self.findings.cases.push(mismatch);
    }

    /// A window in full, for its replay.
    fn mismatch(&self, at: At, run: &WindowRun, difference: String) -> Mismatch {
        let (column, row, _) = self.tiles[at.tile];
        let place = Place {
            image: self.place.image + at.image,
            output: at.output,
            channel: at.channel,
            column,
            row,
            ..self.place.clone()
        };
        let fetch = At { output: at.first, ..at };
        let case = WindowCase {
            place: place.clone(),
            unit: self.unit,
            seed: self.settings.seed,
            x_seed: self.settings.seed,
            stall_seed: self.settings.stalls,
            threshold: self.semantics.threshold,
            window: self.operands(at, run),
            fetched_by: run.reuse.then(|| self.operands(fetch, &self.fetch)),
        };
        let case = serde_json::to_value(case).expect("a case is plain data");
        Mismatch { place, difference, case }
    }

    /// The operands of a window. The replay has its plane alone in memory, at the same place in a
    /// line.
    fn operands(&self, at: At, run: &WindowRun) -> Operands {
        let (x, y, tile) = self.tiles[at.tile];
        let addr = run.addr - self.shape.plane(at.image, at.channel);
        let plane = &self.inputs[at.image][at.channel];
        Operands {
            run: WindowRun { addr, ..*run },
            side: self.shape.side,
            weights: self.layer.filters[at.output][at.channel].weights().to_vec(),
            words: plane.window(x, y, tile.window_side(self.shape.side)),
            stream: self.stream(at),
        }
    }
}

/// The slot of an output channel's kernel; there are at most 256.
#[inline]
fn slot(at: At) -> u8 {
    (at.output - at.first) as u8
}

/// What the streams of a layer's windows begin with.
fn streams_of(layer: &str) -> u64 {
    layer.bytes().map(u64::from).fold(0, mix)
}

/// The step of a hash: that of SplitMix64.
#[inline]
fn mix(state: u64, value: u64) -> u64 {
    let mut z = (state ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
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
