// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole inferences as programs on the core, as an engine: on the verilated system, or on the
//! reference model alone.
//!
//! A program finds the network and an image in RAM as words ([`Blob`], of which
//! `firmware/lenet/network.h` has the layout in C) and leaves the outputs of every layer and the
//! counters of every stage there. `docs/accel.md` describes both.

use std::iter;
use std::path::{Path, PathBuf};

use model::conv::{LogEntries, Mode, Number, Plane, Semantics, SmaxScope};
use model::elf::{Executable, with_segment};
use model::engine::{
    Detail, Engine, EngineError, EngineFactory, EngineInfo, Findings, GoldenEngine, LayerRun,
    Mismatch, Place, StageCounts, StageRecord,
};
use model::facts::blob::{
    AVERAGE_POOL, CONVOLUTION, DENSE, DENSE_SIDE, KERNELS, Layer, NETWORK_ADDRESS, NETWORK_END,
    NETWORK_MAGIC, NO_ACTIVATION, Network, OPERAND_W, RECORD_WORDS, RELU, TANH, record_words,
};
use model::facts::conv::{SCOPE_SHIFT, mode_bits};
use model::hart::{Hart, HartError, RunEnd};
use model::hex;
use model::nn::{
    Activation, Configuration, Convolution, Finish, Inference, MachineLayer, MachineNetwork,
    NetworkRun, float_tanh_table, tanh_table,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::case::ProgramCase;
use super::cosimulation::{Cosimulation, End};
use super::lockstep;
use super::replay::investigate_program;
use super::scoreboard::Word;
use super::under_test::{BoxError, REPORTS};
use crate::firmware;
use crate::hw::{self, Build, SOC, SOC_FLOAT, SocParameters};

/// Cycles, or instructions, after which a program is taken for one that does not end.
const LIMIT: u64 = 200_000_000;

/// What runs the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Core {
    Hart,
    Soc,
}

/// How inferences are run on the core.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreSettings {
    pub core: Core,
    /// The system; the reference model has its parameters.
    pub soc: SocParameters,
    /// The name of the program in `firmware/`.
    pub firmware: &'static str,
    /// Whether its convolutions are the unit's, so that the unit counts the multiplications.
    pub on_unit: bool,
    /// Compare every instruction of the RTL with the reference model.
    pub lockstep: bool,
    /// Seed of the registers of the RTL before they are written.
    pub seed: u64,
}

impl CoreSettings {
    /// Convolutions by the core's own multiplier, or its FPU, exact.
    pub const fn software(core: Core, number: Number) -> Self {
        let (soc, firmware) = match number.is_float() {
            false => (SOC, "lenet_software"),
            true => (SOC_FLOAT, "lenet_float_software"),
        };
        Self { core, soc, firmware, on_unit: false, lockstep: false, seed: 1 }
    }

    /// Convolutions, and of integers the dense layers too, on the unit of this system.
    pub const fn unit(core: Core, soc: SocParameters) -> Self {
        let number = soc.number();
        let firmware = match (number, soc.operand_w, soc.planes) {
            (Number::Float32 | Number::Bfloat16, ..) => "lenet_float_unit",
            (_, 8, _) => "lenet_unit_8",
            (_, 16, _) => "lenet_unit_16",
            (.., 0) => "lenet_unit",
            _ => "lenet_planes",
        };
        Self { soc, firmware, on_unit: true, ..Self::software(core, number) }
    }

    /// Whether there is a program for a network in such numbers; an error says why not.
    fn check_numbers(&self, number: Number) -> Result<(), String> {
        let soc = self.soc;
        if number == Number::Bfloat16 {
            return Err(
                "the programs run networks in integers and in float32, not in bfloat16".to_owned()
            );
        }
        if number.is_float() && !soc.float {
            return Err(format!(
                "a network in floats needs a core with RV32F: take {SOC_FLOAT} in place of {soc}"
            ));
        }
        if number != soc.number() {
            return Err(format!(
                "the network is in {number} words; the unit of {soc} has {}",
                soc.number()
            ));
        }
        Ok(())
    }

    /// Bits of a weight and of an input in the program's memory.
    const fn operand_w(&self) -> u32 {
        if self.on_unit { self.soc.operand_w } else { OPERAND_W }
    }

    const fn name(&self) -> &'static str {
        match self.core {
            Core::Hart => "hart",
            Core::Soc => "soc",
        }
    }
}

impl EngineFactory for CoreSettings {
    fn info(&self) -> EngineInfo {
        let digest = firmware::find(self.firmware).map(|it| hex(&Sha256::digest(it.elf)));
        let mut settings = json!({
            "name": self.name(),
            "soc": self.soc,
            "firmware": self.firmware,
            "firmware_sha256": digest,
        });
        if self.core == Core::Soc {
            // If there is no RTL, opening the system says so.
            let rtl = hw::soc_digest(&self.soc).unwrap_or_default();
            settings["lockstep"] = self.lockstep.into();
            settings["x_seed"] = self.seed.into();
            settings["soc_rtl_sha256"] = rtl.into();
            settings["verilator"] = env!("CONVAPPROX_VERILATOR").into();
            settings["cxx"] = env!("CONVAPPROX_CXX").into();
        }
        EngineInfo {
            name: self.name(),
            unit: String::new(),
            compares: true,
            timed: self.core == Core::Soc,
            settings,
        }
    }

    fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        Ok(Box::new(CoreEngine::new(self.clone())))
    }
}

/// Runs each image of a network as a program, from reset to the end, and compares every output of
/// every layer, and the unit's multiplications, with the golden model.
#[derive(Debug)]
pub struct CoreEngine {
    settings: CoreSettings,
    golden: GoldenEngine,
    findings: Findings,
    /// That of the last network and configuration.
    blob: Option<(MachineNetwork, Configuration, Blob)>,
}

/// A program that differs from its reference, in full.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InferenceCase {
    run: ProgramCase,
    /// The program with network and image, in hexadecimal.
    elf: String,
}

impl CoreEngine {
    /// An engine; the system is opened for each image.
    pub fn new(settings: CoreSettings) -> Self {
        let (golden, findings) = (GoldenEngine::default(), Findings::default());
        Self { settings, golden, findings, blob: None }
    }

    fn unsupported(&self, reason: String) -> EngineError {
        EngineError::Unsupported { engine: self.settings.name(), reason }
    }

    fn failed(&self, place: &Place, source: impl Into<BoxError>) -> EngineError {
        let Place { network, image, .. } = place;
        let program = self.settings.firmware;
        let source = source.into();
        let text = format!("network {network}, image {image}, program {program}: {source}");
        EngineError::Failed { case: None, source: text.into() }
    }

    fn blob(
        &mut self,
        network: &MachineNetwork,
        configuration: &Configuration,
    ) -> Result<Blob, EngineError> {
        if let Some((of, with, blob)) = &self.blob
            && (of, with) == (network, configuration)
        {
            return Ok(blob.clone());
        }
        let operand_w = self.settings.operand_w();
        let blob = self
            .settings
            .check_numbers(network.number)
            .and_then(|()| Blob::new(network, configuration, &self.settings.soc, operand_w));
        let blob = blob.map_err(|reason| self.unsupported(reason))?;
        self.blob = Some((network.clone(), configuration.clone(), blob.clone()));
        Ok(blob)
    }

    /// The program with network and image.
    fn elf(&self, place: &Place, blob: &Blob, pixels: &[u8]) -> Result<Vec<u8>, EngineError> {
        let name = self.settings.firmware;
        let firmware = firmware::find(name)
            .ok_or_else(|| self.unsupported(format!("this build has no program {name}")))?;
        with_segment(firmware.elf, NETWORK_ADDRESS, &blob.bytes_with(pixels))
            .map_err(|error| self.failed(place, error))
    }

    /// The program of an inference in the RAM of the reference model, before its first instruction.
    pub fn hart(
        &mut self,
        place: &Place,
        network: &MachineNetwork,
        configuration: &Configuration,
        image: &[Plane],
    ) -> Result<Hart, EngineError> {
        let blob = self.blob(network, configuration)?;
        let elf = self.elf(place, &blob, &pixels(network, image))?;
        let program = Executable::parse(&elf, self.settings.soc.ram_bytes)
            .map_err(|error| self.failed(place, error))?;
        self.loaded(&program).map_err(|error| self.failed(place, error))
    }

    fn loaded(&self, program: &Executable) -> Result<Hart, HartError> {
        let mut hart = Hart::new(&self.settings.soc.hart());
        for segment in &program.segments {
            hart.load(segment.addr, &segment.bytes)?;
        }
        Ok(hart)
    }

    /// One image, from reset to the end of the program.
    fn image(
        &mut self,
        place: &Place,
        blob: &Blob,
        pixels: &[u8],
        golden: &Inference,
    ) -> Result<(Vec<StageRecord>, Vec<i32>), EngineError> {
        let elf = self.elf(place, blob, pixels)?;
        let program = Executable::parse(&elf, self.settings.soc.ram_bytes)
            .map_err(|error| self.failed(place, error))?;
        let words = blob.words.len();
        let ran = match self.settings.core {
            Core::Soc => self.on_the_system(&program, words),
            Core::Hart => self.on_the_reference(&program, words).map(Ok),
        };
        self.findings.compared += 1;
        let (difference, words) = match ran.map_err(|error| self.failed(place, error))? {
            Ok((words, instructions)) => {
                self.findings.instructions += instructions;
                let memory = Memory { words: &words, blob };
                match memory.difference(golden, self.settings.on_unit) {
                    None => return Ok((memory.stages(), memory.scores())),
                    Some(difference) => (difference, words),
                }
            }
            // A program that was stopped has counted nothing.
            Err(mismatch) => {
                let first = mismatch.differences.first().map(ToString::to_string);
                let difference =
                    format!("behind cycle {}: {}", mismatch.cycle, first.unwrap_or_default());
                (difference, vec![0; words])
            }
        };
        self.findings.mismatches += 1;
        if self.findings.cases.len() < REPORTS {
            // The whole run is the case.
            let case = InferenceCase { run: self.case(), elf: hex(&elf) };
            let case = serde_json::to_value(case).expect("a case is plain data");
            self.findings.cases.push(Mismatch { place: place.clone(), difference, case });
        }
        let memory = Memory { words: &words, blob };
        Ok((memory.stages(), memory.scores()))
    }

    fn case(&self) -> ProgramCase {
        let CoreSettings { firmware, soc, seed, .. } = self.settings;
        ProgramCase {
            program: firmware.to_owned(),
            soc,
            x_seed: seed,
            max_cycles: Some(LIMIT),
            ..ProgramCase::default()
        }
    }

    /// What a program leaves in RAM, from [`NETWORK_ADDRESS`] on, and the instructions compared.
    fn on_the_reference(&self, program: &Executable, words: usize) -> Result<Ran, BoxError> {
        let mut hart = self.loaded(program)?;
        match hart.run(LIMIT, program.tohost) {
            RunEnd::ToHost(1) => Ok((read_words(words, |addr| hart.read_word(addr)), 0)),
            RunEnd::ToHost(word) => Err(ends_with(word)),
            RunEnd::Limit => Err(endless(LIMIT)),
            RunEnd::Asleep(error) => Err(error.into()),
        }
    }

    /// Likewise, or where the system differs from the reference.
    fn on_the_system(
        &self,
        program: &Executable,
        words: usize,
    ) -> Result<Result<Ran, Box<lockstep::Mismatch>>, BoxError> {
        let mut run =
            Cosimulation::open(program, &self.case(), Build::Fast, self.settings.lockstep)?;
        match run.run(LIMIT)? {
            End::Tohost(1) => {}
            End::Tohost(word) => return Err(ends_with(word)),
            End::Mismatch(mismatch) => return Ok(Err(mismatch)),
            End::Limit | End::Loop { .. } | End::Hang { .. } => {
                return Err(endless(run.system().cycles()));
            }
        }
        let instructions = run.reference().map_or(0, |reference| reference.instructions());
        let system = run.system();
        Ok(Ok((read_words(words, |addr| system.read_word(addr)), instructions)))
    }
}

type Ran = (Vec<u32>, u64);

fn read_words(words: usize, read: impl Fn(u32) -> Option<u32>) -> Vec<u32> {
    let word = |word: usize| read(NETWORK_ADDRESS + 4 * word as u32);
    (0..words).map(|it| word(it).expect("the blob lies in RAM")).collect()
}

fn ends_with(word: u32) -> BoxError {
    format!("it ends with {word:#x} in tohost, not with 1").into()
}

fn endless(cycles: u64) -> BoxError {
    format!("it does not end; it is given up after {cycles} cycles").into()
}

impl Engine for CoreEngine {
    fn name(&self) -> &'static str {
        self.settings.name()
    }

    fn layer(
        &mut self,
        _place: &Place,
        _layer: &Convolution,
        _semantics: &Semantics,
        _inputs: &[Vec<Plane>],
        _detail: Detail,
    ) -> Result<LayerRun, EngineError> {
        Err(self.unsupported("its programs run whole networks".to_owned()))
    }

    fn infer(
        &mut self,
        place: &Place,
        network: &MachineNetwork,
        configuration: &Configuration,
        images: &[Vec<Plane>],
        detail: Detail,
    ) -> Result<NetworkRun, EngineError> {
        let blob = self.blob(network, configuration)?;
        let inferences = self.golden.inferences(network, configuration, images, detail);
        let mut run = NetworkRun { inferences, ..NetworkRun::default() };
        for (number, (planes, inference)) in images.iter().zip(&mut run.inferences).enumerate() {
            let place = Place {
                image: place.image + number,
                configuration: configuration.name.clone(),
                ..place.clone()
            };
            let pixels = pixels(network, planes);
            let (stages, scores) = self.image(&place, &blob, &pixels, inference)?;
            run.stages.push(stages);
            inference.scores = scores;
        }
        Ok(run)
    }

    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        Ok(std::mem::take(&mut self.findings))
    }

    fn follow_up(&self, mismatch: &Mismatch, folder: &Path) -> Result<PathBuf, EngineError> {
        let fail = |source: BoxError| EngineError::Failed { case: None, source };
        let case = InferenceCase::deserialize(&mismatch.case).map_err(|it| fail(it.into()))?;
        let elf = unhex(&case.elf).ok_or_else(|| fail("the case has no program".into()))?;
        let program =
            Executable::parse(&elf, case.run.soc.ram_bytes).map_err(|it| fail(it.into()))?;
        let again = Cosimulation::open(&program, &case.run, Build::Fast, true)
            .and_then(|mut again| again.run(LIMIT));
        let End::Mismatch(found) = again.map_err(|it| fail(it.into()))? else {
            return Err(fail(
                "core and reference agree on every instruction: the program itself is wrong".into(),
            ));
        };
        let found = investigate_program(&elf, &case.run, &found, folder);
        Ok(found.map_err(|it| fail(it.into()))?.folder)
    }
}

/// The pixels of an image, a byte each, without the padding around.
fn pixels(network: &MachineNetwork, planes: &[Plane]) -> Vec<u8> {
    let input = &network.network.input;
    let (rows, columns) = (input.padding..input.padding + input.height, input.width);
    let row = |plane: &Plane, y: usize| {
        let first = y * plane.width() + input.padding;
        plane.data()[first..first + columns].to_vec()
    };
    let words = planes.iter().flat_map(|plane| rows.clone().flat_map(|y| row(plane, y)));
    let pixel = |word: i32| match network.number.is_float() {
        false => word,
        true => (network.number.value(word) * 256.0) as i32,
    };
    words.map(|word| u8::try_from(pixel(word)).expect("pixels are bytes")).collect()
}

/// What a program left in RAM.
struct Memory<'a> {
    words: &'a [u32],
    blob: &'a Blob,
}

impl Memory<'_> {
    fn word(&self, address: u32) -> u32 {
        self.words[(address - NETWORK_ADDRESS) as usize / 4]
    }

    fn outputs(&self, stage: &Stage) -> Vec<i32> {
        let (bits, per_word) = (stage.output_w, u32::BITS / stage.output_w);
        let output = |index: u32| {
            let word = self.word(stage.output + 4 * (index / per_word));
            // Shifted to the top, and back with its sign.
            (word << (u32::BITS - bits * (1 + index % per_word))).cast_signed()
                >> (u32::BITS - bits)
        };
        (0..stage.outputs as u32).map(output).collect()
    }

    fn scores(&self) -> Vec<i32> {
        self.blob.stages.last().map(|stage| self.outputs(stage)).unwrap_or_default()
    }

    /// What was counted in the input's expansion, and in each stage.
    fn stages(&self) -> Vec<StageRecord> {
        let record = |number: usize| {
            let first = self.blob.records + (4 * number * RECORD_WORDS) as u32;
            let field = |name: &str| {
                let mut words = record_words(name).map(|index| self.word(first + 4 * index as u32));
                move || words.next().unwrap_or_default()
            };
            let (mut events, mut unit) = (field("events"), field("unit"));
            StageCounts {
                cycles: field("cycles")(),
                instructions: field("instructions")(),
                events: std::array::from_fn(|_| events()),
                unit: std::array::from_fn(|_| unit()),
                kernel_loads: field("kernel_loads")(),
                window_fetches: field("window_fetches")(),
            }
        };
        let input = ("input", 0, 0);
        let stages = self.blob.stages.iter();
        let stages = stages.map(|it| (it.name.as_str(), it.kernel_beats, it.tile_outputs));
        let named = iter::once(input).chain(stages).enumerate();
        let counted = |(number, (stage, kernel_beats, tile_outputs)): (usize, (&str, u32, u32))| {
            let counts = record(number + 1) - record(number);
            StageRecord { stage: stage.to_owned(), kernel_beats, tile_outputs, counts }
        };
        named.map(counted).collect()
    }

    /// The first difference from the golden model, layer by layer.
    fn difference(&self, golden: &Inference, on_unit: bool) -> Option<String> {
        let records = self.stages();
        self.blob.stages.iter().zip(&records[1..]).find_map(|(stage, record)| {
            let golden_outputs = &golden.activations[stage.layer];
            output_difference(stage, self.blob.number, golden_outputs, &self.outputs(stage))
                .or_else(|| {
                    let convolution = stage.convolution.filter(|_| on_unit)?;
                    let expected = golden.convolutions[convolution].total_multiplications();
                    let found = u64::from(record.counts.unit[1]);
                    (expected != found).then(|| {
                        let name = &stage.name;
                        format!("layer {name}: expected {expected} multiplications, found {found}")
                    })
                })
        })
    }
}

fn output_difference(
    stage: &Stage,
    number: Number,
    golden: &[Plane],
    found: &[i32],
) -> Option<String> {
    let pairs = || golden.iter().flat_map(Plane::data).zip(found);
    let (first, (expected, actual)) = pairs().enumerate().find(|(_, (a, b))| a != b)?;
    let (width, words) = (golden[0].width(), golden[0].data().len());
    let [expected, actual] = [expected, actual].map(|&word| Word { number, word });
    Some(format!(
        "layer {}, channel {}, row {}, column {}: expected {expected:#}, found {actual:#}; {} outputs of \
         the layer differ",
        stage.name,
        first / words,
        first % words / width,
        first % width,
        pairs().filter(|(a, b)| a != b).count()
    ))
}

/// The reverse of [`hex`].
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect()
}

/// The smallest unit that the programs can use: a dense layer takes windows of 5×5.
const KERNEL: usize = DENSE_SIDE as usize;

/// Output channels whose sums are in RAM at the same time: slots that the programs use.
const SLOTS: usize = KERNELS as usize;

/// Inputs of a dense layer that the unit takes at once.
const DENSE_CHUNK: usize = KERNEL * KERNEL;

/// A layer as the programs see it: a pool of 2×2 is done along with the convolution before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stage {
    /// The names of its layers, with a `+` between.
    name: String,
    /// The last of its layers, by its number in the network.
    layer: usize,
    /// The convolution in it, by its number among the convolutions.
    convolution: Option<usize>,
    /// Accesses of memory that load the kernels of the unit for it; 0 if it does without.
    kernel_beats: u32,
    /// Outputs of its convolutions, input channel by input channel, if the unit gives them tile by tile.
    tile_outputs: u32,
    /// Where its outputs are, and how many bits each has: those of an operand, or 32 of a score.
    output: u32,
    output_w: u32,
    /// Outputs, channel by channel, row by row.
    outputs: usize,
}

/// A network in RAM.
#[derive(Debug, Clone)]
struct Blob {
    /// What its words are.
    number: Number,
    /// The words from [`NETWORK_ADDRESS`] on.
    words: Vec<u32>,
    /// Where the pixels of an image go, a byte each.
    image: u32,
    /// Where the records are: before the input, behind it, behind each stage.
    records: u32,
    stages: Vec<Stage>,
}

/// Words in the order in which they lie in RAM.
struct Ram {
    words: Vec<u32>,
    /// Bits of an operand.
    operand_w: u32,
}

impl Ram {
    fn next(&self) -> u32 {
        NETWORK_ADDRESS + 4 * self.words.len() as u32
    }

    /// Room for some words; its address.
    fn room(&mut self, words: usize) -> u32 {
        self.put(iter::repeat_n(0, words))
    }

    fn put(&mut self, words: impl IntoIterator<Item = i32>) -> u32 {
        let address = self.next();
        self.words.extend(words.into_iter().map(|word| word as u32));
        address
    }

    /// Room for some operands; its address.
    fn operand_room(&mut self, operands: usize) -> u32 {
        self.room((operands * self.operand_w as usize).div_ceil(32))
    }

    /// Packs operands, all of which fit, from a new word on.
    fn put_operands(&mut self, operands: impl IntoIterator<Item = i32>) -> u32 {
        let bytes = operands.into_iter().flat_map(|it| {
            let bytes = it.to_le_bytes().into_iter();
            bytes.take(self.operand_w as usize / 8)
        });
        let mut bytes: Vec<u8> = bytes.collect();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let words = bytes.chunks_exact(4);
        self.put(words.map(|word| i32::from_le_bytes(word.try_into().expect("four bytes"))))
    }
}

/// Channels, rows and columns of what goes into a layer, and where it lies.
struct Maps {
    channels: usize,
    height: usize,
    width: usize,
    address: u32,
}

impl Maps {
    const fn words(&self) -> usize {
        self.channels * self.height * self.width
    }
}

impl Blob {
    /// A network whose convolutions have a configuration; an error says why the programs cannot run it.
    fn new(
        network: &MachineNetwork,
        configuration: &Configuration,
        soc: &SocParameters,
        operand_w: u32,
    ) -> Result<Self, String> {
        if network.operand_w > operand_w {
            return Err(format!(
                "the network is quantised for operands of {} bits; those of the system {soc} have {operand_w}",
                network.operand_w
            ));
        }
        if soc.kernel < KERNEL || soc.kernels < SLOTS {
            return Err(format!(
                "the programs need a unit with KERNEL {KERNEL} or more and KERNELS {SLOTS} or more; \
                 system {soc} has {} and {}",
                soc.kernel, soc.kernels
            ));
        }
        let uses = |layer: &Convolution| configuration.layers[layer.index].log_frac;
        let other = network.convolutions().find(|layer| uses(layer) != soc.log_frac);
        if let Some(layer) = other {
            return Err(format!(
                "layer {} is to have F = {}; the unit in the core has F = {}",
                layer.name,
                uses(layer),
                soc.log_frac
            ));
        }
        let stages = stages(network);
        let words = vec![0; Network::WORDS + Layer::WORDS * stages.len()];
        let mut ram = Ram { words, operand_w };
        let input = network.input();
        let description = &network.network.input;
        let records = ram.room((stages.len() + 2) * RECORD_WORDS);
        let pixels = description.channels * description.height * description.width;
        let image = ram.room(pixels.div_ceil(4));
        let table = match network.number.is_float() {
            false => ram.put(tanh_table().iter().copied()),
            true => ram.put(float_tanh_table().iter().map(|&it| network.number.word(it))),
        };
        let address = ram.operand_room(input.len().next_multiple_of(DENSE_CHUNK));
        let mut maps =
            Maps { channels: input.channels, height: input.height, width: input.width, address };
        let (mut layers, mut blob_stages) = (Vec::new(), Vec::new());
        let mut scratch_words = 0;
        let entries = (soc.planes == 1).then_some(LogEntries { operand_w, log_frac: soc.log_frac });
        for (first, last) in stages {
            let (words, next, scratch) =
                stage(network, configuration, first, last, &maps, entries, &mut ram)?;
            scratch_words = scratch_words.max(scratch);
            let (mut convolution, mut kernel_beats, mut tile_outputs) = (None, 0, 0);
            let beats = |address, kernels, side| beats(address, kernels, side, operand_w);
            match &network.layers[first] {
                MachineLayer::Convolution(layer) => {
                    convolution = Some(layer.index);
                    let (side, kernels) = (layer.side(), layer.filters.len() * maps.channels);
                    let (height, width) =
                        (maps.height - layer.side() + 1, maps.width - layer.side() + 1);
                    // Of one window the input channels are the kernels.
                    kernel_beats = beats(maps.address, maps.channels, side);
                    if (height, width) != (1, 1) {
                        kernel_beats = beats(words.weights, kernels, side);
                        tile_outputs = kernels * height * width;
                    }
                }
                // Floats go through the core.
                MachineLayer::Dense(_) if network.number.is_float() => {}
                MachineLayer::Dense(_) => {
                    let inputs = maps.channels * maps.height * maps.width;
                    kernel_beats = beats(maps.address, inputs.div_ceil(DENSE_CHUNK), KERNEL);
                }
                MachineLayer::AveragePool(_) => {}
            }
            blob_stages.push(Stage {
                name: name(network, first, last),
                layer: last,
                convolution,
                kernel_beats,
                tile_outputs: tile_outputs as u32,
                output: next.address,
                output_w: if last + 1 == network.layers.len() { u32::BITS } else { operand_w },
                outputs: next.channels * next.height * next.width,
            });
            layers.extend(words.words());
            maps = next;
        }
        let scratch = ram.room(scratch_words);
        let header = Network {
            magic: NETWORK_MAGIC,
            layers: blob_stages.len() as u32,
            layer: NETWORK_ADDRESS + 4 * Network::WORDS as u32,
            records,
            image,
            channels: description.channels as u32,
            height: description.height as u32,
            width: description.width as u32,
            padding: description.padding as u32,
            input: address,
            scratch,
            tanh: table,
        };
        let mut words = ram.words;
        words[..Network::WORDS].copy_from_slice(&header.words());
        words[Network::WORDS..Network::WORDS + layers.len()].copy_from_slice(&layers);
        if NETWORK_ADDRESS as usize + 4 * words.len() > NETWORK_END as usize {
            return Err(format!(
                "the network takes {} bytes; the core's RAM has room for {}",
                4 * words.len(),
                NETWORK_END - NETWORK_ADDRESS
            ));
        }
        Ok(Self { number: network.number, words, image, records, stages: blob_stages })
    }

    /// The words as bytes, with the pixels of an image in their place.
    fn bytes_with(&self, pixels: &[u8]) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let image = (self.image - NETWORK_ADDRESS) as usize;
        bytes[image..image + pixels.len()].copy_from_slice(pixels);
        bytes
    }
}

/// Accesses of 32 bits that load kernels of `side` × `side` operands, packed one behind the other.
fn beats(address: u32, kernels: usize, side: usize, operand_w: u32) -> u32 {
    let bytes = side as u32 * operand_w / 8;
    let row = |row: u32| ((address + row * bytes) % 4 + bytes).div_ceil(4);
    (0..(kernels * side) as u32).map(row).sum()
}

/// The first and the last layer of each stage.
fn stages(network: &MachineNetwork) -> Vec<(usize, usize)> {
    let mut stages: Vec<(usize, usize)> = Vec::new();
    for (index, layer) in network.layers.iter().enumerate() {
        match (layer, stages.last_mut()) {
            (MachineLayer::AveragePool(pool), Some((first, last)))
                if pool.side == 2
                    && first == last
                    && matches!(network.layers[*first], MachineLayer::Convolution(_)) =>
            {
                *last = index;
            }
            _ => stages.push((index, index)),
        }
    }
    stages
}

fn name(network: &MachineNetwork, first: usize, last: usize) -> String {
    let names = network.network.layers[first..=last].iter().map(|layer| layer.name.as_str());
    names.collect::<Vec<_>>().join("+")
}

/// The words that describe a stage, what it gives, and the words of scratch that it needs.
fn stage(
    network: &MachineNetwork,
    configuration: &Configuration,
    first: usize,
    last: usize,
    maps: &Maps,
    entries: Option<LogEntries>,
    ram: &mut Ram,
) -> Result<(Layer, Maps, usize), String> {
    let &Maps { channels, height, width, address } = maps;
    let pooled = last > first;
    let scores = last + 1 == network.layers.len();
    let outputs = |ram: &mut Ram, channels: usize, height: usize, width: usize| {
        let outputs = (channels * height * width).next_multiple_of(DENSE_CHUNK);
        let address = if scores { ram.room(outputs) } else { ram.operand_room(outputs) };
        Maps { channels, height, width, address }
    };
    let common =
        |kind: u32, inputs: usize, height: usize, width: usize, outputs: usize, side: usize| {
            let [inputs, height, width, outputs, side] =
                [inputs, height, width, outputs, side].map(|size| size as u32);
            let (pool, input) = (u32::from(pooled), address);
            Layer { kind, inputs, height, width, outputs, side, pool, input, ..Layer::default() }
        };
    Ok(match &network.layers[first] {
        MachineLayer::Convolution(layer) => {
            let side = layer.side();
            let semantics = configuration.layers[layer.index];
            let (name, mode) = (&layer.name, semantics.mode);
            if side > KERNEL {
                return Err(format!(
                    "layer {name} has {side}×{side} kernels; the programs run at most {KERNEL}×{KERNEL}"
                ));
            }
            // Where activations are the kernels, one of the two operands cannot be told from the other.
            if mode == Mode::ZeroSkip {
                return Err(format!(
                    "layer {name}: the programs run the unit in the modes exact, dual-zero-skip and approx, not {mode}"
                ));
            }
            let approx = mode == Mode::Approx;
            let running = semantics.scope == SmaxScope::Running;
            let mut words = common(CONVOLUTION, channels, height, width, layer.filters.len(), side);
            finish(&mut words, &layer.finish);
            let kernels = layer.filters.iter().flatten();
            words.weights =
                ram.put_operands(kernels.flat_map(|kernel| kernel.weights().iter().copied()));
            words.bias = ram.put(layer.bias.iter().copied());
            let map = (height - side + 1, width - side + 1);
            if scores && map != (1, 1) && ram.operand_w < u32::BITS {
                return Err(format!(
                    "layer {name} gives scores in maps; with operands of fewer than 32 bits the programs \
                     take them from a dense layer or from a convolution with one output a map"
                ));
            }
            let block =
                if map == (1, 1) { layer.filters.len() } else { SLOTS.min(layer.filters.len()) };
            let divide = if pooled { 2 } else { 1 };
            let next = outputs(ram, layer.filters.len(), map.0 / divide, map.1 / divide);
            words.output = next.address;
            words.configuration =
                mode_bits(mode as u32) | u32::from(approx && running) << SCOPE_SHIFT;
            words.threshold = if approx { semantics.threshold.get() } else { 0 };
            // Sums, S_max, and the log plane of the inputs.
            let plane_bits = entries.map_or(0, |it| it.bits() as usize) * maps.words();
            (words, next, 2 * block * map.0 * map.1 + plane_bits.div_ceil(32))
        }
        MachineLayer::AveragePool(pool) => {
            let mut words = common(AVERAGE_POOL, channels, height, width, channels, pool.side);
            let next = outputs(ram, channels, height / pool.side, width / pool.side);
            words.output = next.address;
            (words, next, 0)
        }
        MachineLayer::Dense(layer) => {
            let inputs = channels * height * width;
            let mut words = common(DENSE, inputs, 1, 1, layer.weights.len(), 1);
            finish(&mut words, &layer.finish);
            let filled = inputs.next_multiple_of(DENSE_CHUNK);
            let row = |row: &Vec<i32>| {
                row.iter().copied().chain(iter::repeat_n(0, filled - inputs)).collect::<Vec<_>>()
            };
            words.weights = ram.put_operands(layer.weights.iter().flat_map(row));
            words.bias = ram.put(layer.bias.iter().copied());
            let next = outputs(ram, layer.weights.len(), 1, 1);
            words.output = next.address;
            (words, next, 2 * layer.weights.len())
        }
    })
}

fn finish(words: &mut Layer, finish: &Finish) {
    words.activation = match finish.activation {
        None => NO_ACTIVATION,
        Some(Activation::Relu) => RELU,
        Some(Activation::Tanh) => TANH,
    };
    words.shift = finish.shift;
    words.bits = finish.bits;
}

#[cfg(test)]
mod tests {
    use model::nn::input_planes;
    use study::data::digits;
    use study::experiment::accel;

    use super::*;

    fn memory(words: &[u32]) -> (Blob, Inference) {
        let stage = |name: &str, layer, convolution, output| Stage {
            name: name.to_owned(),
            layer,
            convolution,
            kernel_beats: 0,
            tile_outputs: 0,
            output,
            output_w: 32,
            outputs: 4,
        };
        let stages = vec![
            stage("C1", 0, Some(0), NETWORK_ADDRESS),
            stage("C2", 1, None, NETWORK_ADDRESS + 16),
        ];
        let records = NETWORK_ADDRESS + 32;
        let number = Number::Integer;
        let blob = Blob { number, words: words.to_vec(), image: 0, records, stages };
        let plane = |first: i32| vec![Plane::new(2, 2, (first..first + 4).collect()).unwrap()];
        let mut golden =
            Inference { activations: vec![plane(0), plane(4)], ..Inference::default() };
        golden.convolutions.push(model::nn::LayerOutcome {
            multiplications: vec![9],
            ..model::nn::LayerOutcome::default()
        });
        (blob, golden)
    }

    /// Outputs 0 to 7, then four records, the third of which has 9 multiplications more than the
    /// second.
    fn words() -> Vec<u32> {
        let mut words: Vec<u32> = (0..8).collect();
        words.resize(8 + 4 * RECORD_WORDS, 0);
        words[8 + 2 * RECORD_WORDS + 15] = 9;
        words
    }

    #[test]
    fn each_output_and_the_multiplications_count() {
        let good = words();
        let (blob, golden) = memory(&good);
        let found =
            |words: &[u32], on_unit| Memory { words, blob: &blob }.difference(&golden, on_unit);
        assert_eq!(found(&good, true), None);
        let mut bad = good.clone();
        (bad[6], bad[7]) = (0, 0);
        assert_eq!(
            found(&bad, true).unwrap(),
            "layer C2, channel 0, row 1, column 0: expected 6, found 0; 2 outputs of the layer differ"
        );
        let mut bad = good;
        bad[8 + 2 * RECORD_WORDS + 15] = 8;
        assert_eq!(found(&bad, false), None, "the core's own multiplications are not counted");
        assert_eq!(found(&bad, true).unwrap(), "layer C1: expected 9 multiplications, found 8");
    }

    #[test]
    fn a_program_survives_its_case() {
        let elf = firmware::find("lenet_unit").unwrap().elf;
        assert_eq!(unhex(&hex(elf)).unwrap(), elf);
        assert_eq!(unhex("0g"), None);
    }

    #[test]
    fn a_wrong_weight_is_found_in_its_layer_and_channel() {
        let network = accel::network("lenet-accel").unwrap().integer;
        let layers = network.convolutions().count();
        let configuration = Configuration::plain(Mode::Exact, 0, layers).unwrap();
        let image = &digits::draw(3, digits::TEST, 1)[0];
        let planes = [input_planes(&network, &image.pixels)];
        for settings in [
            CoreSettings::software(Core::Hart, Number::Integer),
            CoreSettings::unit(Core::Hart, SOC),
        ] {
            let mut engine = CoreEngine::new(settings);
            engine.blob(&network, &configuration).unwrap();
            // The third word of the kernel of output channel 5 and input channel 1 in C3.
            let c3 = network.convolutions().nth(1).unwrap();
            let weights = c3.filters.iter().flatten().flat_map(|kernel| kernel.weights());
            let weights: Vec<u32> = weights.map(|weight| weight.cast_unsigned()).collect();
            let (.., blob) = engine.blob.as_mut().unwrap();
            let at = blob.words.windows(weights.len()).position(|words| words == weights).unwrap();
            blob.words[at + (5 * 6 + 1) * 16 + 2] ^= 0x400;
            let place = Place::default();
            engine.infer(&place, &network, &configuration, &planes, Detail::Sums).unwrap();
            let findings = engine.take_findings().unwrap();
            assert_eq!(findings.mismatches, 1);
            let difference = &findings.cases[0].difference;
            assert!(difference.contains("C3+S4, channel 5"), "{difference}");
        }
    }
}
