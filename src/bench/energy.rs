// SPDX-License-Identifier: MIT OR Apache-2.0
//! A netlist as an engine that measures energy: what the RTL did at its ports, cycle by cycle, is done
//! to the netlist with the delays of its cells, and what that changes is added up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::conv::{Kernel, Plane, Semantics, SmaxScope, scores};
use model::engine::{
    BlockEnergy, Detail, EnergyReading, Engine, EngineError, EngineFactory, EngineInfo, Findings,
    LayerRun, Mismatch, Place, Sampling,
};
use model::nn::Convolution;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use silicon::liberty::Library;
use silicon::netlist::{Net, Netlist, Scope};
use silicon::power::{ByClass, Prices};
use silicon::switching::{Activity, Simulator};
use silicon::timing::{Constraints, Timing, TimingError, analyse};
use verilated::Direction;

use super::engine::{Shape, tiles};
use super::report;
use super::under_test::{REPORT_FILE, case_folder, create, write};
use super::unit::{Recording, UnitDriver, UnitError, UnitOptions, WindowRun};
use crate::hw::{CLOCK, ConvUnit, UnitParameters};

/// Windows in a row that have the same kernels.
const RUN: usize = 5;

/// A netlist with what timing and library say of it.
#[derive(Debug)]
pub struct Gates {
    pub netlist: Netlist,
    pub library: Arc<Library>,
    pub timing: Timing,
    prices: Prices,
}

impl Gates {
    /// A netlist at a clock period.
    ///
    /// # Errors
    /// If the netlist has something that timing does not know.
    pub fn new(
        netlist: Netlist,
        library: Arc<Library>,
        period_ps: f64,
    ) -> Result<Self, TimingError> {
        let timing = analyse(&netlist, &library, &Constraints::ideal(CLOCK, period_ps))?;
        let prices = Prices::new(&netlist, &library, &timing);
        Ok(Self { netlist, library, timing, prices })
    }

    /// What some activity takes, by block. `blocks` tells those that the clock, the registers and the
    /// other cells of a scope belong to.
    pub(super) fn energy(
        &self,
        activity: &Activity,
        blocks: impl Fn(&Scope) -> [&'static str; 3],
    ) -> BTreeMap<String, BlockEnergy> {
        let mut energies = BTreeMap::<String, BlockEnergy>::new();
        let mut add = |of_scopes: &[ByClass], part: fn(&mut BlockEnergy) -> &mut f64| {
            for (scope, it) in self.netlist.scopes.iter().zip(of_scopes) {
                let values = [it.clock, it.registers, it.combinational];
                for (block, value) in blocks(scope).into_iter().zip(values) {
                    *part(energies.entry(block.to_owned()).or_default()) += value;
                }
            }
        };
        let of = |changes| self.prices.energy_fj(changes, &activity.clocked);
        add(&of(&activity.changes), |block| &mut block.dynamic_fj);
        add(&of(&activity.settled), |block| &mut block.settled_fj);
        add(self.prices.leakage_nw(), |block| &mut block.leakage_nw);
        energies
    }
}

/// Adds what another stretch of time has taken.
pub(super) fn add_energy(
    sum: &mut BTreeMap<String, BlockEnergy>,
    more: BTreeMap<String, BlockEnergy>,
) {
    for (block, energy) in more {
        let sum = sum.entry(block).or_default();
        sum.dynamic_fj += energy.dynamic_fj;
        sum.settled_fj += energy.settled_fj;
        sum.leakage_nw = energy.leakage_nw;
    }
}

/// The blocks of a unit.
fn blocks(scope: &Scope) -> [&'static str; 3] {
    let [registers, others] = match scope.module.as_str() {
        "multipliers" | "fpu_multiply" => ["operand registers", "multipliers"],
        "multiply_parallel" | "multiply_serial" | "multiply_float" | "fpu_fma" | "fpu_add"
        | "fpu_add_block" | "fpu_round" => ["operand registers", "adders"],
        "log_bank" | "product_select" => ["deciding"; 2],
        "kernel_bank" | "kernel_memory" => ["kernels"; 2],
        "window_fetch" | "window_walker" | "sparse_walker" | "plane_fetch" | "plane_walker" => {
            ["fetch"; 2]
        }
        "conv_counters" => ["counters"; 2],
        _ => ["control"; 2],
    };
    ["clock", registers, others]
}

/// Opens engines on the netlist of a unit.
pub struct GatesFactory {
    pub unit: UnitParameters,
    pub gates: Arc<Gates>,
    /// Seed of what registers hold before they are written, in the RTL and in the netlist.
    pub seed: u64,
    /// All that the netlist depends on, for the provenance.
    pub settings: Value,
}

impl EngineFactory for GatesFactory {
    fn info(&self) -> EngineInfo {
        EngineInfo {
            name: "netlist",
            unit: self.unit.to_string(),
            compares: true,
            timed: true,
            settings: json!({
                "name": "netlist",
                "unit": self.unit,
                "x_seed": self.seed,
                "netlist": self.settings,
            }),
        }
    }

    fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        let &Self { unit, ref gates, seed, ref settings } = self;
        let (gates, settings, findings) =
            (Arc::clone(gates), settings.clone(), Findings::default());
        Ok(Box::new(GatesEngine { unit, gates, seed, settings, findings }))
    }
}

struct GatesEngine {
    unit: UnitParameters,
    gates: Arc<Gates>,
    seed: u64,
    settings: Value,
    findings: Findings,
}

impl Engine for GatesEngine {
    fn name(&self) -> &'static str {
        "netlist"
    }

    fn layer(
        &mut self,
        _: &Place,
        _: &Convolution,
        _: &Semantics,
        _: &[Vec<Plane>],
        _: Detail,
    ) -> Result<LayerRun, EngineError> {
        Err(energy_alone())
    }

    fn energy(
        &mut self,
        place: &Place,
        layer: &Convolution,
        semantics: &Semantics,
        inputs: &[Vec<Plane>],
        sampling: Sampling,
    ) -> Result<EnergyReading, EngineError> {
        let unit = self.unit;
        if semantics.log_frac != unit.log_frac {
            let log_frac = unit.log_frac;
            return Err(unsupported(format!("{unit} has LOG_FRAC = {log_frac} alone")));
        }
        unit.check_number(semantics.number).map_err(unsupported)?;
        let whole = layer.side() <= unit.kernel;
        let layer = cropped(layer, unit.kernel);
        let shape = Shape::of(&layer, inputs, &unit)?;
        let drawn = draw(&shape, unit.kernels, inputs.len(), sampling);
        let failed = |source: UnitError| EngineError::Failed {
            case: None,
            source: format!("layer {}: {source}", layer.name).into(),
        };
        let options = UnitOptions { x_seed: self.seed, record: true, ..UnitOptions::default() };
        let mut driver = UnitDriver::open(&unit, &options).map_err(failed)?;
        *driver.memory() = shape.memory(&layer, inputs, unit.log_entries());
        let layer_windows = shape.tiles() * shape.channels * shape.outputs;
        let mut reading = EnergyReading {
            side: shape.side as u64,
            layer_windows: whole.then_some(layer_windows as u64),
            ..EnergyReading::default()
        };
        reading.loads.windows_per_load = shape.tiles() as u64;
        let measured =
            windows(&mut driver, &shape, (&layer, inputs), semantics, &drawn, &mut reading)
                .map_err(failed)?;
        let recording = driver.recording().expect("it has been asked for");
        self.replay(place, recording, &measured, &mut reading).map_err(|source| {
            EngineError::Failed { case: None, source: format!("unit {unit}: {source}").into() }
        })?;
        Ok(reading)
    }

    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        Ok(std::mem::take(&mut self.findings))
    }

    fn follow_up(&self, mismatch: &Mismatch, folder: &Path) -> Result<PathBuf, EngineError> {
        let Place { output, channel, column, row, .. } = mismatch.place;
        let at = format!(
            ", output channel {output}, channel {channel}, window at column {column}, row {row}"
        );
        report_netlist(mismatch, &at, self.seed, &self.settings, folder)
    }
}

/// What an engine says that is asked for outputs.
pub(super) fn energy_alone() -> EngineError {
    unsupported("it measures energy alone".to_owned())
}

/// Writes the report of a netlist that does something else than the design that it was made from, in a
/// folder of its own below `parent`. `at` tells where in the layer that is.
pub(super) fn report_netlist(
    mismatch: &Mismatch,
    at: &str,
    seed: u64,
    netlist: &Value,
    parent: &Path,
) -> Result<PathBuf, EngineError> {
    let folder = case_folder(parent, "netlist", mismatch);
    let text = report::netlist(mismatch, at, seed, netlist, &folder);
    let written = create(&folder).and_then(|()| write(&folder.join(REPORT_FILE), text));
    written.map_err(|error| EngineError::Failed { case: None, source: error.into() })?;
    Ok(folder)
}

fn unsupported(reason: String) -> EngineError {
    EngineError::Unsupported { engine: "netlist", reason }
}

/// The layer with the middle of its kernels, if these are larger than the unit's.
fn cropped(layer: &Convolution, kernel: usize) -> Convolution {
    let side = layer.side();
    let small = side.min(kernel);
    let margin = (side - small) / 2;
    let crop = |whole: &Kernel| {
        let row = |y: usize| &whole.weights()[(y + margin) * side + margin..][..small];
        let weights = (0..small).flat_map(row).copied().collect();
        Kernel::new(small, weights).expect("it is as large as a kernel of the unit")
    };
    let filters = layer.filters.iter().map(|filter| filter.iter().map(crop).collect());
    Convolution { filters: filters.collect(), ..layer.clone() }
}

/// Windows in a row: the kernels that are loaded for them, and how they go on in the order of images
/// and tiles.
struct Drawn {
    channel: usize,
    first: usize,
    last: usize,
    /// Image and tile.
    positions: Vec<(usize, usize)>,
}

/// Draws windows until there are enough. The first of each row is not measured.
fn draw(shape: &Shape, kernels: usize, images: usize, sampling: Sampling) -> Vec<Drawn> {
    let mut random = ChaCha8Rng::seed_from_u64(sampling.seed);
    let tiles = shape.tiles();
    let (mut drawn, mut count) = (Vec::new(), 0);
    while count < sampling.windows {
        let channel = random.random_range(0..shape.channels);
        let first = random.random_range(0..shape.outputs.div_ceil(kernels)) * kernels;
        let last = shape.outputs.min(first + kernels);
        let start = random.random_range(0..images * tiles);
        let position = |i: usize| ((start + i) % (images * tiles) / tiles, (start + i) % tiles);
        drawn.push(Drawn { channel, first, last, positions: (0..=RUN).map(position).collect() });
        count += RUN * (last - first);
    }
    drawn
}

/// A window that is measured, or the load of a kernel: its cycles in the recording, and which it is.
struct Measured {
    cycles: std::ops::Range<usize>,
    load: bool,
    output: usize,
    channel: usize,
    image: usize,
    column: usize,
    row: usize,
}

/// Runs the windows on the RTL.
fn windows(
    driver: &mut UnitDriver,
    shape: &Shape,
    (layer, inputs): (&Convolution, &[Vec<Plane>]),
    semantics: &Semantics,
    drawn: &[Drawn],
    reading: &mut EnergyReading,
) -> Result<Vec<Measured>, UnitError> {
    let tiles: Vec<_> = tiles(shape.width, shape.height).collect();
    let mut measured = Vec::new();
    for Drawn { channel, first, last, positions } in drawn {
        for output in *first..*last {
            let (begin, channel) = (cycles(driver), *channel);
            let addr = shape.kernel(output, channel);
            driver.load_kernel(slot(output - first), shape.side as u32, addr)?;
            let cycles = begin..cycles(driver);
            reading.loads.loads += 1;
            reading.loads.cycles += cycles.len() as u64;
            let (image, column, row) = (0, 0, 0);
            measured.push(Measured { cycles, load: true, output, channel, image, column, row });
        }
        for (number, &(image, tile)) in positions.iter().enumerate() {
            let (column, row, tile) = tiles[tile];
            for output in *first..*last {
                // S_max of the channels before, where they count.
                let before = if semantics.scope == SmaxScope::Running { *channel } else { 0 };
                let carry = std::array::from_fn(|at| {
                    let of = |channel: usize| {
                        let (x, y) = (column + at % 2, row + at / 2);
                        let words = inputs[image][channel].window(x, y, shape.side);
                        let weights = layer.filters[output][channel].weights();
                        scores(weights, &words, semantics.number, semantics.log_frac)
                            .into_iter()
                            .flatten()
                            .max()
                    };
                    (0..before).filter(|_| at < tile.outputs()).filter_map(of).max()
                });
                let begin = cycles(driver);
                let outcome = driver.run_window(&WindowRun {
                    slot: slot(output - first),
                    reuse: output != *first,
                    addr: shape.window(image, *channel, column, row),
                    pitch: shape.pitch as u32,
                    tile,
                    mode: semantics.mode,
                    threshold: semantics.threshold,
                    scope: semantics.scope,
                    carry,
                    plane: shape.logs(image, *channel, column, row),
                })?;
                if number == 0 {
                    continue;
                }
                let cycles = begin..cycles(driver);
                reading.windows += 1;
                reading.cycles += cycles.len() as u64;
                reading.products += (tile.outputs() * shape.side * shape.side) as u64;
                reading.multiplications += u64::from(outcome.kept.total());
                let channel = *channel;
                measured.push(Measured {
                    cycles,
                    load: false,
                    output,
                    channel,
                    image,
                    column,
                    row,
                });
            }
        }
    }
    Ok(measured)
}

/// The number of a slot; a unit has 256 at most.
fn slot(number: usize) -> u8 {
    u8::try_from(number).expect("a unit has at most 256 slots")
}

fn cycles(driver: &UnitDriver) -> usize {
    driver.recording().map_or(0, Recording::cycles)
}

/// A port of the unit: where its words are in a cycle of a recording, and its nets.
struct Wires<'a> {
    name: &'static str,
    words: std::ops::Range<usize>,
    nets: &'a [Net],
}

impl Wires<'_> {
    fn bits<'w>(&'w self, cycle: &'w [u32]) -> impl Iterator<Item = bool> + 'w {
        let words = &cycle[self.words.clone()];
        (0..self.nets.len()).map(move |bit| words[bit / 32] >> (bit % 32) & 1 != 0)
    }
}

/// The inputs of the netlist but for the clock, and its outputs.
fn wires(netlist: &Netlist) -> Result<[Vec<Wires<'_>>; 2], String> {
    let mut wires = [Vec::new(), Vec::new()];
    let mut words = 0;
    for port in ConvUnit::PORTS {
        let found = netlist
            .port(port.name)
            .ok_or_else(|| format!("the netlist has no port {}; the RTL has", port.name))?;
        let count = found.nets.len().div_ceil(32);
        let wire = Wires { name: port.name, words: words..words + count, nets: &found.nets };
        words += count;
        if port.name != CLOCK {
            wires[usize::from(port.direction == Direction::Output)].push(wire);
        }
    }
    Ok(wires)
}

impl GatesEngine {
    /// Does to the netlist what was done to the RTL, and compares the outputs in every cycle.
    fn replay(
        &mut self,
        place: &Place,
        recording: &Recording,
        measured: &[Measured],
        reading: &mut EnergyReading,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Gates { netlist, library, timing, .. } = &*self.gates;
        let [inputs, outputs] = wires(netlist)?;
        let port = |name: &str| inputs.iter().chain(&outputs).find(|it| it.name == name);
        let [done, request, grant] = ["done_valid_o", "mem_req_o", "mem_gnt_i"]
            .map(|name| port(name).expect("all ports of the unit are there"));
        let memory_width = port("mem_rdata_i").expect("as above").nets.len() as u64;
        let high = |wires: &Wires, cycle: &[u32]| wires.bits(cycle).next() == Some(true);
        let mut simulator = Simulator::new(netlist, library, timing, CLOCK, self.seed)?;
        let mut windows = measured.iter().peekable();
        let add = |simulator: &mut Simulator<'_>, sum: &mut BTreeMap<String, BlockEnergy>| {
            add_energy(sum, self.gates.energy(&simulator.take_activity(), blocks));
        };
        let mut loading = false;
        for number in 0..recording.cycles() {
            let cycle = recording.cycle(number);
            while windows.next_if(|window| window.cycles.end <= number).is_some() {}
            let window = windows.peek().filter(|window| window.cycles.contains(&number));
            if let Some(window) = window.filter(|window| window.load != loading) {
                let of_last = if loading { &mut reading.loads.blocks } else { &mut reading.blocks };
                add(&mut simulator, of_last);
                loading = window.load;
            }
            simulator.count(window.is_some());
            for wires in &inputs {
                simulator.set(wires.nets, wires.bits(cycle));
            }
            simulator.cycle()?;
            let Some(window) = window else { continue };
            self.findings.compared += u64::from(!loading && number == window.cycles.start);
            if high(request, cycle) && high(grant, cycle) {
                let of =
                    if loading { &mut reading.loads.memory_bits } else { &mut reading.memory_bits };
                *of += memory_width;
            }
            // What says nothing may be anything: registers that were never written are in it.
            let speaks = |wires: &Wires| match wires.name {
                "mem_addr_o" => high(request, cycle),
                "error_o" => high(done, cycle),
                "keep_o" | "output_o" | "smax_o" => !loading && high(done, cycle),
                _ => true,
            };
            let differs = |wires: &&Wires| {
                speaks(wires)
                    && !wires.bits(cycle).eq(wires.nets.iter().map(|&net| simulator.value(net)))
            };
            if let Some(wires) = outputs.iter().find(differs) {
                self.findings.mismatches += 1;
                let bits = |bits: &mut dyn Iterator<Item = bool>| {
                    let mut bits: Vec<_> = bits.map(|bit| if bit { '1' } else { '0' }).collect();
                    bits.reverse();
                    bits.into_iter().collect::<String>()
                };
                let difference = format!(
                    "{} in cycle {} of the window: the RTL has {}, the netlist {}",
                    wires.name,
                    number - window.cycles.start,
                    bits(&mut wires.bits(cycle)),
                    bits(&mut wires.nets.iter().map(|&net| simulator.value(net))),
                );
                let &Measured { output, channel, image, column, row, .. } = *window;
                let place = Place { output, channel, image, column, row, ..place.clone() };
                self.findings.cases.push(Mismatch { place, difference, case: Value::Null });
                // What a netlist takes that does something else is of no account.
                *reading = EnergyReading::default();
                return Ok(());
            }
        }
        add(&mut simulator, if loading { &mut reading.loads.blocks } else { &mut reading.blocks });
        Ok(())
    }
}
