// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verilated hardware: one type per top module, [`ConvUnit`], [`Soc`] and [`Fpu`]; parameter sets
//! and builds are data.
//!
//! What commands use by default is linked into the program. Every other parameter set, every build
//! with waveforms, and RTL that was edited since the program was built is verilated when it is asked
//! for. The RTL is that of the source tree, or of the folder that `CONVAPPROX_RTL` names; its digest
//! says whether a model in the program is up to date. Models made at run time are kept in
//! `target/models`, in the user's cache folder where there is no source tree, or where
//! `CONVAPPROX_CACHE` says.
//!
//! A set may also stand for the netlist of its design ([`View::Gates`]), which has the same ports:
//! [`gates`] makes it.

pub mod gates;
#[allow(dead_code, reason = "build.rs has the rest of its uses")]
mod parameter_sets;

pub use parameter_sets::{
    Build, CLOCK, NETWORK_UNIT, PAPER_UNIT, RARE_UNITS, SOC, SOC_16, SOC_FLOAT, SOC_FP, SOCS,
    SocParameters, UNITS, UnitParameters, View,
};

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Mutex;
use std::time::SystemTime;
use std::{env, fs, io};

use model::conv::{LogEntries, Number, OPERAND_WIDTHS};
use model::facts::soc::RAM_BASE;
use model::hart::{HartConfig, UnitShape};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::synthesis::SynthesisError;
use verilated::build::{BuildError, Verilate};
use verilated::{Config, Library, Model};

verilated::include_model!("conv_unit");
verilated::include_model!("soc");
verilated::include_model!("fpu");

impl UnitParameters {
    /// The unit for layers of a network of such numbers, with kernels up to `side` and `log_frac` fraction
    /// bits: [`NETWORK_UNIT`] as far as it can be. Floats have two lanes: with more, an output waits
    /// for its own sum.
    pub fn for_network(number: Number, log_frac: u32, side: usize) -> Self {
        let kernel = side.max(NETWORK_UNIT.kernel);
        let (float, operand_w, multipliers) = match number {
            Number::Integer => (0, NETWORK_UNIT.operand_w, 4 * (kernel * kernel) as u32),
            Number::Float32 => (1, 32, 2),
            Number::Bfloat16 => (1, 16, 2),
        };
        Self { kernel, log_frac, multipliers, operand_w, float, ..NETWORK_UNIT }
    }

    /// Bytes of an operand, which are a word of the unit.
    pub const fn operand_bytes(&self) -> u32 {
        self.operand_w / 8
    }

    /// Words of one beat of the memory port.
    pub const fn beat_words(&self) -> u32 {
        self.mem_width / self.operand_w
    }

    /// What its operands are.
    pub const fn number(&self) -> Number {
        Number::of_unit(self.float == 1, self.operand_w)
    }

    /// Refuses operands of other numbers; an error says why.
    pub fn check_number(&self, number: Number) -> Result<(), String> {
        let own = self.number();
        if own == number {
            return Ok(());
        }
        Err(format!("unit {self} multiplies {own} words, and the layer has {number} ones"))
    }

    /// Bits of a score.
    pub const fn score_bits(&self) -> u32 {
        self.number().score_bits(self.operand_w, self.log_frac)
    }

    /// Beats that fetch `side` rows of `side` words, the first at the byte address `addr`, the
    /// rows `pitch` words apart.
    pub fn beats(&self, addr: u32, pitch: u32, side: u32) -> u32 {
        let words = self.beat_words();
        (0..side)
            .map(|row| {
                let first = addr / self.operand_bytes();
                let offset = first.wrapping_add(row.wrapping_mul(pitch)) % words;
                (offset + side).div_ceil(words)
            })
            .sum()
    }

    /// How an entry of a log plane is coded.
    pub const fn log_entries(&self) -> LogEntries {
        LogEntries { operand_w: self.operand_w, log_frac: self.log_frac }
    }

    /// Beats that fetch the logs of `side` rows of `side` words from the log plane at the byte address
    /// `plane`, from its entry `index` on, the rows `pitch` words apart.
    pub fn log_beats(&self, plane: u32, index: i32, pitch: u32, side: u32) -> u32 {
        let (entries, width) = (self.log_entries(), u64::from(self.mem_width));
        let shift = self.operand_bytes().ilog2();
        // The unit has so many bits of a pitch, the highest of which is the sign.
        let pitch = i64::from((pitch << shift).cast_signed() >> shift);
        let row = |row: i64| {
            let first = entries.address(plane, i64::from(index) + row * pitch);
            (first % width + u64::from(side * entries.bits())).div_ceil(width) as u32
        };
        (0..i64::from(side)).map(row).sum()
    }

    /// Cycles from the decision to done, but one, if of each output so many products are issued; 0 if there
    /// are none to issue: see `docs/unit.md`.
    pub fn issue_cycles(&self, kept: [u32; 4]) -> u32 {
        let all = kept.iter().sum::<u32>();
        match (all, self.float) {
            (0, _) => 0,
            (_, 0) => {
                // A serial unit issues from the cycle after the decision on.
                let serial = (self.multipliers as usize) < 4 * self.kernel * self.kernel;
                all.div_ceil(self.multipliers) + u32::from(serial)
            }
            // As a serial one, and there is a further stage behind the last issue.
            _ => {
                let lanes = kept.chunks_exact(4 / self.multipliers as usize);
                lanes.map(lane_cycles).max().unwrap_or(0) + 2
            }
        }
    }

    /// Cycles of STAGE_2 before the decision: a unit for floats finds S_max first.
    pub const fn rank_cycles(&self) -> u32 {
        self.float
    }

    /// Cycles of STAGE_3, if there is something to add.
    pub const fn sum_cycles(&self) -> u32 {
        1 + self.float
    }

    /// Cycles from start to done of a window whose memory never waits: see `docs/unit.md`.
    pub fn window_cycles(&self, beats: u32, kept: [u32; 4]) -> u32 {
        beats + 4 + self.rank_cycles() + self.issue_cycles(kept)
    }

    /// Cycles from start to done of a run on the window of the run before.
    pub fn reuse_cycles(&self, kept: [u32; 4]) -> u32 {
        2 + self.rank_cycles() + self.issue_cycles(kept)
    }
}

/// Cycles in which a lane of a unit for floats issues the products of its outputs: of each one in every
/// other cycle. The even and the odd cycles each go to one output after the other; the next output gets
/// those that are free first.
fn lane_cycles(kept: &[u32]) -> u32 {
    let [even, odd] = kept.iter().fold([0, 0], |[even, odd], &kept| match even <= odd {
        true => [even + kept, odd],
        false => [even, odd + kept],
    });
    (2 * even).saturating_sub(1).max(2 * odd)
}

impl SocParameters {
    /// What the operands of the unit are.
    pub const fn number(&self) -> Number {
        Number::of_unit(self.unit_float == 1, self.operand_w)
    }

    pub fn hart(&self) -> HartConfig {
        let &Self { kernel, log_frac, multipliers, kernels, operand_w, .. } = self;
        let &Self { planes, unit_float, float, ram_bytes, .. } = self;
        let unit_float = unit_float == 1;
        let unit = UnitShape {
            kernel,
            log_frac,
            multipliers,
            kernels,
            operand_w,
            planes,
            float: unit_float,
        };
        HartConfig { ram_base: RAM_BASE, ram_bytes, boot: RAM_BASE, float, unit }
    }
}

/// A text that names no parameter set, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no parameter set: {1}")]
pub struct ParameterError(String, String);

/// A parameter in texts: its name, its letter in names of sets, its range, and its default; 0 is
/// none.
type Known = (&'static str, &'static str, [u32; 2], u32);

const KERNEL: Known = ("kernel", "k", [1, 7], 0);
const LOG_FRAC: Known = ("log_frac", "f", [0, 8], 0);
const MULTIPLIERS: Known = ("multipliers", "m", [1, 196], 0);
const KERNELS: Known = ("kernels", "n", [1, 256], 1);
const OPERAND_W: Known = ("operand_w", "o", [8, 32], 32);
const GATES: Known = ("gates", "g", [0, 1], 0);
const CHANGED_CELL: Known = ("changed_cell", "c", [0, u32::MAX], 0);
const COUNTERS: Known = ("counters", "p", [0, 1], 1);
const PLANES: Known = ("planes", "l", [0, 1], 0);
/// Of a unit alone.
const UNIT_FLOAT: Known = ("float", "e", [0, 1], 0);
/// Of the core. In a name its letters alone say that it is there.
const FLOAT: Known = ("float", "fp", [0, 1], 0);

/// The parameters of a text, `kernel=7,log_frac=2` or a name such as `k7_f2`.
fn parse<const N: usize>(text: &str, prefix: &str, known: [Known; N]) -> Result<[u32; N], String> {
    let mut values = [None; N];
    let named = text.contains('=');
    let stem = match named {
        true => text,
        false => text.strip_prefix(prefix).unwrap_or(text).trim_start_matches('_'),
    };
    let parts = stem.split(if named { ',' } else { '_' }).map(str::trim);
    for part in parts.filter(|part| !part.is_empty()) {
        let digits = part.find(|c: char| c.is_ascii_digit()).unwrap_or(part.len());
        let (key, number) = part.split_once('=').unwrap_or(part.split_at(digits));
        let number = if !named && key == FLOAT.1 && number.is_empty() { "1" } else { number };
        let key = known.iter().position(|it| key.trim() == if named { it.0 } else { it.1 });
        let Some((index, number)) = key.zip(number.trim().parse::<u32>().ok()) else {
            let example = if prefix.is_empty() { "k3_f2" } else { "soc_k3_f3" };
            let words = known.map(|(word, ..)| format!("{word}=N")).join(",");
            return Err(format!(
                "{part:?} is not understood; write a name such as {example}, or {words}"
            ));
        };
        let (word, _, [low, high], _) = known[index];
        if !(low..=high).contains(&number) {
            return Err(format!("{word} is {low} to {high}, not {number}"));
        }
        if values[index].replace(number).is_some() {
            return Err(format!("{word} is given twice"));
        }
    }
    Ok(std::array::from_fn(|index| values[index].unwrap_or(known[index].3)))
}

/// The multipliers of a unit: of the parallel one if none are given.
fn multipliers(kernel: u32, given: u32) -> Result<u32, String> {
    match 4 * kernel * kernel {
        all if given > all => {
            Err(format!("a unit with kernel={kernel} has at most {all} multipliers"))
        }
        all => Ok(if given == 0 { all } else { given }),
    }
}

fn check_operand_w(operand_w: u32) -> Result<(), String> {
    let known = OPERAND_WIDTHS.contains(&operand_w);
    known.then_some(()).ok_or_else(|| "operand_w is 8, 16 or 32".to_owned())
}

/// Refuses what a unit for floats cannot be.
fn check_float(operand_w: u32, log_frac: u32, multipliers: u32, planes: u32) -> Result<(), String> {
    let reason = match (operand_w, multipliers) {
        (8, _) => "operand_w 16 or 32, not 8".to_owned(),
        (_, lanes) if ![1, 2, 4].contains(&lanes) => format!("multipliers 1, 2 or 4, not {lanes}"),
        _ if log_frac > Number::Float32.max_log_frac() => {
            format!("log_frac 0 to {}, not {log_frac}", Number::Float32.max_log_frac())
        }
        _ if planes != 0 => "no log planes".to_owned(),
        _ => return Ok(()),
    };
    Err(format!("a unit for floats has {reason}"))
}

fn view(gates: u32, changed_cell: u32) -> Result<View, String> {
    match (gates, changed_cell) {
        (0, 0) => Ok(View::Rtl),
        (0, _) => Err("changed_cell needs gates=1: the RTL has no cells".to_owned()),
        _ => Ok(View::Gates { changed_cell }),
    }
}

/// Reads a name (`k7_m4_f2`) or parameters (`kernel=7,log_frac=2,multipliers=4`).
fn unit_set(text: &str) -> Result<UnitParameters, String> {
    let width = ("mem_width", "w", [32, 128], 32);
    let known = [
        KERNEL,
        LOG_FRAC,
        MULTIPLIERS,
        width,
        KERNELS,
        OPERAND_W,
        COUNTERS,
        PLANES,
        UNIT_FLOAT,
        GATES,
        CHANGED_CELL,
    ];
    let values = parse(text, "", known)?;
    let [kernel, log_frac, given, mem_width, kernels, operand_w, counters, ..] = values;
    let [.., planes, float, gates, changed_cell] = values;
    if kernel == 0 {
        return Err("it needs kernel=N, the largest kernel side".to_owned());
    }
    if ![32, 128].contains(&mem_width) {
        return Err("mem_width is 32 or 128".to_owned());
    }
    check_operand_w(operand_w)?;
    let (multipliers, kernels) = (multipliers(kernel, given)?, kernels as usize);
    if float != 0 {
        check_float(operand_w, log_frac, multipliers, planes)?;
    }
    let view = view(gates, changed_cell)?;
    let kernel = kernel as usize;
    Ok(UnitParameters {
        kernel,
        log_frac,
        multipliers,
        mem_width,
        kernels,
        operand_w,
        counters,
        planes,
        float,
        view,
    })
}

/// Reads a name (`soc`, `soc_k3_f3`) or parameters (`kernel=3,log_frac=3`).
fn soc_set(text: &str) -> Result<SocParameters, String> {
    if text.trim().is_empty() {
        return Err(format!("it needs a name such as {SOC}, or a parameter such as log_frac=3"));
    }
    let known = [
        (KERNEL.0, KERNEL.1, KERNEL.2, SOC.kernel as u32),
        (LOG_FRAC.0, LOG_FRAC.1, LOG_FRAC.2, SOC.log_frac),
        MULTIPLIERS,
        (KERNELS.0, KERNELS.1, KERNELS.2, SOC.kernels as u32),
        OPERAND_W,
        PLANES,
        ("unit_float", UNIT_FLOAT.1, UNIT_FLOAT.2, UNIT_FLOAT.3),
        FLOAT,
        ("ram_bytes", "r", [1 << 16, 1 << 28], SOC.ram_bytes),
        GATES,
        CHANGED_CELL,
    ];
    let values = parse(text, "soc", known)?;
    let [kernel, log_frac, given, kernels, operand_w, planes, unit_float, float, ..] = values;
    let [.., ram_bytes, gates, changed_cell] = values;
    check_operand_w(operand_w)?;
    if !ram_bytes.is_power_of_two() {
        return Err("ram_bytes is a power of two".to_owned());
    }
    let (multipliers, kernels) = (multipliers(kernel, given)?, kernels as usize);
    if unit_float != 0 {
        check_float(operand_w, log_frac, multipliers, planes)?;
    }
    let view = view(gates, changed_cell)?;
    let (kernel, float) = (kernel as usize, float != 0);
    Ok(SocParameters {
        kernel,
        log_frac,
        multipliers,
        kernels,
        operand_w,
        planes,
        unit_float,
        float,
        ram_bytes,
        view,
    })
}

/// A set is written as its name, which says everything, in flags and in files.
macro_rules! as_name {
    ($($set:ty: $read:ident),*) => {
        $(
            impl FromStr for $set {
                type Err = ParameterError;

                fn from_str(text: &str) -> Result<Self, ParameterError> {
                    $read(text).map_err(|reason| ParameterError(text.to_owned(), reason))
                }
            }

            impl Serialize for $set {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            impl<'de> Deserialize<'de> for $set {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                }
            }
        )*
    };
}
as_name!(UnitParameters: unit_set, SocParameters: soc_set);

/// Why a model cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HwError {
    #[error(
        "{model} is not built in, and its RTL is not in {}: name the folder of the RTL in CONVAPPROX_RTL",
        rtl.display()
    )]
    NoRtl { model: String, rtl: PathBuf },
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("{source}{hint}")]
    Build { source: BuildError, hint: &'static str },
    #[error(
        "{0}\nthe ports of a top module have changed: run the command again through ./run, ./test or cargo, which build the program for them"
    )]
    Interface(verilated::Error),
    #[error(transparent)]
    Model(verilated::Error),
    #[error(transparent)]
    Synthesis(#[from] SynthesisError),
}

/// A model of the unit. Registers start with the values of a seed.
pub fn unit(set: &UnitParameters, build: Build, x_seed: u64) -> Result<ConvUnit, HwError> {
    let mut unit: ConvUnit = open(unit_library(set, build)?, x_seed)?;
    if set.view != View::Rtl {
        for level in RESET_EDGE {
            unit.set_rst_ni(level);
            unit.eval().map_err(HwError::Model)?;
        }
    }
    Ok(unit)
}

/// Levels of the reset before all else on a netlist. A flip-flop behind a clock gate sees no clock in
/// reset, and in simulation an asynchronous reset acts when it comes, not while it lasts.
const RESET_EDGE: [u8; 2] = [1, 0];

/// A model of the system. Registers start with the values of a seed; the RAM is as it comes.
pub fn soc(set: &SocParameters, build: Build, x_seed: u64) -> Result<Soc, HwError> {
    let mut soc: Soc = open(soc_library(set, build)?, x_seed)?;
    if set.view != View::Rtl {
        for level in RESET_EDGE {
            soc.set_rst_ni(level);
            soc.eval().map_err(HwError::Model)?;
        }
    }
    Ok(soc)
}

/// A model of the floating-point unit. Registers start with the values of a seed.
pub fn fpu(build: Build, x_seed: u64) -> Result<Fpu, HwError> {
    let recipe = |rtl: &Path| Ok(parameter_sets::fpu_recipe(build, rtl)?);
    open(library::<Fpu>(build.name_of(parameter_sets::FPU), build, recipe)?, x_seed)
}

/// The digest of the RTL that models of the unit simulate: SHA-256 in hexadecimal.
pub fn unit_digest(set: &UnitParameters) -> Result<&'static str, HwError> {
    Ok(unit_library(set, Build::Fast)?.sources_digest())
}

/// The digest of the RTL that models of the system simulate.
pub fn soc_digest(set: &SocParameters) -> Result<&'static str, HwError> {
    Ok(soc_library(set, Build::Fast)?.sources_digest())
}

fn unit_library(set: &UnitParameters, build: Build) -> Result<Library, HwError> {
    library::<ConvUnit>(build.name_of(set), build, |rtl| match set.view {
        View::Rtl => Ok(set.recipe(build, rtl)?),
        View::Gates { changed_cell } => gates::unit_recipe(set, build, changed_cell),
    })
}

fn soc_library(set: &SocParameters, build: Build) -> Result<Library, HwError> {
    library::<Soc>(build.name_of(set), build, |rtl| match set.view {
        View::Rtl => Ok(set.recipe(build, rtl)?),
        View::Gates { changed_cell } => gates::soc_recipe(set, build, rtl, changed_cell),
    })
}

fn open<M: Model>(library: Library, x_seed: u64) -> Result<M, HwError> {
    M::from_library(&library, &Config::new().seed(x_seed)).map_err(|error| match error {
        verilated::Error::Interface { .. } => {
            let stamp = Path::new(env!("OUT_DIR")).join("interfaces");
            // Without the source tree there is no build script to run again.
            if let Ok(file) = File::options().append(true).open(stamp) {
                let _ = file.set_modified(SystemTime::now());
            }
            HwError::Interface(error)
        }
        error => HwError::Model(error),
    })
}

/// The compiled model of a name, which stays what it is as long as the program runs.
fn library<M: Model>(
    name: String,
    build: Build,
    recipe: impl FnOnce(&Path) -> Result<Verilate, HwError>,
) -> Result<Library, HwError> {
    static FOUND: Mutex<BTreeMap<String, Library>> = Mutex::new(BTreeMap::new());
    let mut found = FOUND.lock().expect("no thread panics with the lock");
    if let Some(&library) = found.get(&name) {
        return Ok(library);
    }
    let failed = |source| HwError::Build { source, hint: hint(build) };
    let linked = M::BUILTINS.iter().find(|row| row.name == name);
    let rtl = rtl_folder();
    let library = match (rtl.is_dir(), linked) {
        (false, Some(linked)) => linked.library(),
        (false, None) => return Err(HwError::NoRtl { model: name, rtl }),
        (true, linked) => {
            let recipe = recipe(&rtl)?;
            let current = match linked {
                Some(row) => {
                    verilated::load::sources_digest(&recipe).map_err(failed)? == row.sources_digest
                }
                None => false,
            };
            match linked.filter(|_| current) {
                Some(row) => row.library(),
                None => verilated::load::load_with(&recipe, cache_folder(), |name| {
                    let _ = writeln!(
                        io::stderr(),
                        "verilating {name}, which is kept for the next time"
                    );
                })
                .map_err(failed)?,
            }
        }
    };
    found.insert(name, library);
    Ok(library)
}

fn hint(build: Build) -> &'static str {
    match build {
        Build::Fst => {
            "\nFST waveforms need zlib, and from Verilator 5.048 on liblz4; or take VCD waveforms"
        }
        Build::Fast | Build::Vcd => "",
    }
}

/// As short as it can be, since messages of the RTL begin with it.
fn rtl_folder() -> PathBuf {
    if let Some(folder) = env::var_os("CONVAPPROX_RTL").filter(|folder| !folder.is_empty()) {
        return folder.into();
    }
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl");
    let here = PathBuf::from("rtl");
    match (fs::canonicalize(&tree), fs::canonicalize(&here)) {
        (Ok(tree), Ok(same)) if tree == same => here,
        _ => tree,
    }
}

fn cache_folder() -> PathBuf {
    if let Some(folder) = env::var_os("CONVAPPROX_CACHE").filter(|folder| !folder.is_empty()) {
        return folder.into();
    }
    // target/PROFILE/build/PACKAGE/out.
    match Path::new(env!("OUT_DIR")).ancestors().nth(4).filter(|target| target.is_dir()) {
        Some(target) => target.join("models"),
        None => dirs::cache_dir().unwrap_or_else(env::temp_dir).join("convapprox/models"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beside a lane cycle by cycle: it takes the first output with a product left that was not served in
    /// the cycle before.
    #[test]
    fn a_lane_takes_the_cycles_that_are_said() {
        for number in 0..7_u32.pow(4) {
            let kept = [0, 1, 2, 3].map(|digit| number / 7_u32.pow(digit) % 7);
            let (mut left, mut before, mut cycles, mut last) = (kept, None, 0, 0);
            while left != [0; 4] {
                before = (0..4).find(|&output| left[output] > 0 && before != Some(output));
                cycles += 1;
                if let Some(output) = before {
                    left[output] -= 1;
                    last = cycles;
                }
            }
            assert_eq!(lane_cycles(&kept), last, "{kept:?}");
        }
    }

    #[test]
    fn a_name_has_all_parameters() {
        for set in UNITS.iter().chain(RARE_UNITS) {
            assert_eq!(set.to_string().parse(), Ok(*set));
        }
        for set in SOCS {
            assert_eq!(set.to_string().parse(), Ok(*set));
        }
        assert_eq!("k5_n16_w128".parse(), Ok(NETWORK_UNIT));
        assert_eq!(NETWORK_UNIT.to_string(), "k5_n16_w128");
        assert_eq!(SOC.to_string(), "soc");
        let set: UnitParameters = "kernel=7, log_frac=2,multipliers=4".parse().unwrap();
        assert_eq!(set.to_string(), "k7_m4_f2");
        let set: UnitParameters = "kernel=3,operand_w=16".parse().unwrap();
        assert_eq!((set.to_string().as_str(), set.beat_words()), ("k3_o16", 2));
        let set: SocParameters = "kernel=3,log_frac=3,planes=1".parse().unwrap();
        assert_eq!((set, set.to_string().as_str()), (SOCS[1], "soc_k3_f3_l1"));
        assert_eq!(SOC_FP.to_string(), "soc_fp");
        let set: SocParameters = "unit_float=1,float=1,multipliers=4".parse().unwrap();
        assert_eq!(set.to_string(), "soc_fp_m4_e1");
        let set: UnitParameters = "kernel=3,float=1,multipliers=2".parse().unwrap();
        assert_eq!((set.to_string().as_str(), set.number()), ("k3_m2_e1", Number::Float32));
        assert_eq!("float=1,kernel=3".parse(), "soc_fp_k3".parse::<SocParameters>());
    }

    #[test]
    fn what_is_wrong_with_a_set_is_said() {
        for (text, words) in [
            ("k9", "kernel is 1 to 7, not 9"),
            ("kernel=0", "kernel is 1 to 7, not 0"),
            ("k3_f9", "log_frac is 0 to 8, not 9"),
            ("k3_m37", "at most 36 multipliers"),
            ("k3_w64", "mem_width is 32 or 128"),
            ("k3_o12", "operand_w is 8, 16 or 32"),
            ("kernel=3,operand_w=64", "operand_w is 8 to 32, not 64"),
            ("kernel=3,kernel=3", "kernel is given twice"),
            ("f2", "it needs kernel=N"),
            ("k3_e1", "a unit for floats has multipliers 1, 2 or 4, not 36"),
            ("k3_m3_e1", "multipliers 1, 2 or 4, not 3"),
            ("k3_m2_o8_e1", "operand_w 16 or 32, not 8"),
            ("k3_m2_f7_e1", "log_frac 0 to 6, not 7"),
            ("k3_m2_l1_e1", "no log planes"),
            ("k3_m2_e2", "float is 0 to 1, not 2"),
            ("lenet", "\"lenet\" is not understood"),
            ("kernel=three", "write a name such as k3_f2, or kernel=N,log_frac=N"),
        ] {
            let error = text.parse::<UnitParameters>().unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        let error = "soc_fp_e1".parse::<SocParameters>().unwrap_err().to_string();
        assert!(error.contains("a unit for floats has multipliers 1, 2 or 4, not 100"), "{error}");
        let error = "soc_r100000".parse::<SocParameters>().unwrap_err().to_string();
        assert!(error.contains("power of two"), "{error}");
    }
}
