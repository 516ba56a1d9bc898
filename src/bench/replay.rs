// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mismatches again, from reset, with a waveform.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use model::conv::{Dot, MAX_SIDE};
use model::elf::{ElfError, Executable};
use model::files;

use super::case::{CASE_FILE, MAX_PROGRAM, PROGRAM_FILE, ProgramCase, WindowCase};
use super::cosimulation::{Cosimulation, End};
use super::lockstep::Mismatch;
use super::report;
use super::scoreboard::{ExpectedWindow, Word, score};
use super::symbols::Symbols;
use super::under_test::{
    self, BoxError, REPORT_FILE, ReplayError, Replayed, UnitUnderTest, Waveform, case_folder,
    create, write, write_json,
};
use super::unit::{Memory, Outcome, PlaneAt, Tile, UnitDriver, WindowRun};
use super::view::View;
use crate::hw::{Build, UnitParameters};

/// Bytes of a line of the widest port.
const LINE_BYTES: u32 = 16;

/// Cycles that the waveform goes on after a window is done.
const CYCLES_AFTER_WINDOW: u32 = 4;

/// The unit, for windows that are run alone.
#[derive(Debug)]
pub struct WindowUnit(UnitDriver);

impl UnitUnderTest for WindowUnit {
    type Transaction = WindowCase;
    type Outcome = Outcome;

    fn open(first: &WindowCase, build: Build) -> Result<Self, BoxError> {
        first.check()?;
        Ok(Self(UnitDriver::open(&first.unit, &first.options(build))?))
    }

    /// From reset; a window that is used again comes after the run that fetched it.
    fn run(&mut self, case: &WindowCase) -> Result<Outcome, BoxError> {
        let (unit, window) = (&mut self.0, &case.window);
        // What is fetched is the window of this run, or that of the run before it.
        let fetched = case.fetched_by.as_ref().unwrap_or(window);
        let (side, run) = (fetched.window_side() as u32, &fetched.run);
        let (operand_w, bytes) = (case.unit.operand_w, case.unit.operand_bytes());
        let window_end = run.addr + bytes * ((side - 1) * run.pitch + side);
        // The kernels lie behind the window, on lines of the widest port. A beat of it may reach past
        // the last word.
        let kernel_addr = window_end.next_multiple_of(LINE_BYTES);
        let kernel_bytes = bytes * (MAX_SIDE * MAX_SIDE) as u32;
        let other_addr = (kernel_addr + kernel_bytes).next_multiple_of(LINE_BYTES);
        let end = (other_addr + kernel_bytes).next_multiple_of(LINE_BYTES);
        // A log plane lies behind that, and the window's entries begin where they did in their line.
        let entries = case.unit.log_entries();
        let begin = run.plane.map_or(0, |plane| {
            entries.address(plane.addr, i64::from(plane.index)) % u64::from(8 * LINE_BYTES)
        });
        let log_bits = begin + u64::from(entries.bits() * ((side - 1) * run.pitch + side));
        let lines = end + u32::try_from(log_bits.div_ceil(8))?.next_multiple_of(LINE_BYTES);
        *unit.memory() = Memory::new(operand_w, (lines / bytes) as usize);
        for (row, words) in (0..).zip(fetched.words.chunks_exact(side as usize)) {
            unit.memory().write(run.addr + bytes * row * run.pitch, words);
            let first = u64::from(end) * 8 + begin + u64::from(row * run.pitch * entries.bits());
            unit.memory().write_logs(entries, first, words);
        }
        // The same bit, by its distance from the plane that the case names.
        let placed = |run: &WindowRun| WindowRun {
            plane: run.plane.map(|plane| PlaneAt {
                addr: plane.addr.wrapping_add(end.wrapping_sub(
                    (entries.address(plane.addr, plane.index.into()) / 8) as u32
                        & !(LINE_BYTES - 1),
                )),
                ..plane
            }),
            ..*run
        };
        unit.memory().write(kernel_addr, &window.weights);

        unit.reset()?;
        unit.set_stream(0);
        if let Some(fetch) = &case.fetched_by {
            unit.memory().write(other_addr, &fetch.weights);
            unit.load_kernel(fetch.run.slot, fetch.side as u32, other_addr)?;
        }
        // Last, so that a kernel in the same slot is this one, but before the window comes in.
        unit.load_kernel(window.run.slot, window.side as u32, kernel_addr)?;
        if let Some(fetch) = &case.fetched_by {
            unit.set_stream(fetch.stream);
            unit.run_window(&placed(&fetch.run))?;
        }
        unit.set_stream(window.stream);
        let outcome = unit.run_window(&placed(&window.run))?;
        unit.idle(CYCLES_AFTER_WINDOW)?;
        Ok(outcome)
    }

    fn trace(&mut self, wave: Option<&Path>) -> Result<(), BoxError> {
        match wave {
            Some(wave) => self.0.open_trace(wave)?,
            None => self.0.close_trace()?,
        }
        Ok(())
    }

    fn differences(case: &WindowCase, outcome: &Outcome) -> Vec<String> {
        let waits = case.stall_seed.is_some();
        match case.expected() {
            Ok(expected) => expected
                .compare(&case.unit, &case.window.run, outcome, waits)
                .iter()
                .map(ToString::to_string)
                .collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    fn name(case: &WindowCase) -> String {
        case.name()
    }

    fn describe(case: &WindowCase, outcome: Option<&Outcome>) -> String {
        match case.expected() {
            Ok(expected) => report::window(case, &expected, outcome),
            Err(error) => error.to_string(),
        }
    }

    fn first_wrong(case: &WindowCase, outcome: Option<&Outcome>, wave: &Path) -> Option<String> {
        let (expected, outcome) = (case.expected().ok()?, outcome?);
        let differences =
            expected.compare(&case.unit, &case.window.run, outcome, case.stall_seed.is_some());
        let state = DecisionState::read(wave, outcome.done_time).ok().flatten()?;
        (!differences.is_empty()).then(|| state.first_wrong(case, &expected, outcome))
    }

    fn view(case: &WindowCase, outcome: Option<&Outcome>) -> Option<View> {
        Some(report::window_view(&case.unit, outcome))
    }
}

/// What the unit held when it decided which products to multiply, out of a waveform: signals of
/// `conv_unit.sv` and their bits, the lowest first.
struct DecisionState(BTreeMap<String, Vec<bool>>);

impl DecisionState {
    const SIGNALS: [&str; 8] = [
        "decide",
        "data",
        "data_log",
        "data_live",
        "kernel",
        "kernel_log",
        "kernel_live",
        "threshold_q",
    ];

    /// The last decision before `done`, a time of the waveform.
    fn read(wave: &Path, done: u64) -> io::Result<Option<Self>> {
        let mut parser = vcd::Parser::new(BufReader::new(File::open(wave)?));
        let header = parser.parse_header()?;
        let mut names = BTreeMap::new();
        for name in Self::SIGNALS {
            if let Some(var) = header.find_var(&["TOP", "conv_unit", name]) {
                names.insert(var.code, name.to_owned());
            }
        }
        let (mut now, mut found) = (BTreeMap::new(), None);
        for command in parser {
            let (code, bits) = match command? {
                vcd::Command::Timestamp(time) => {
                    if now.get("decide") == Some(&vec![true]) {
                        found = Some(Self(now.clone()));
                    }
                    if time > done {
                        break;
                    }
                    continue;
                }
                vcd::Command::ChangeScalar(code, value) => (code, vec![value == vcd::Value::V1]),
                vcd::Command::ChangeVector(code, vector) => {
                    let bits = vector.iter().map(|bit| bit == vcd::Value::V1);
                    (code, bits.collect::<Vec<_>>().into_iter().rev().collect())
                }
                _ => continue,
            };
            if let Some(name) = names.get(&code) {
                now.insert(name.clone(), bits);
            }
        }
        Ok(found)
    }

    /// Bits of a signal from the lowest of element `index` on, each `width` wide.
    fn element(&self, signal: &str, index: usize, width: usize) -> u32 {
        let bits = self.0.get(signal).map_or(&[][..], Vec::as_slice);
        let bits = bits.iter().skip(index * width).take(width);
        bits.rev().fold(0, |value, &bit| value << 1 | u32::from(bit))
    }

    /// The module and file that compute the first value that the golden model has another one for:
    /// the words that are fetched, the logs, the selection, the products.
    fn first_wrong(
        &self,
        case: &WindowCase,
        expected: &ExpectedWindow,
        outcome: &Outcome,
    ) -> String {
        let UnitParameters { kernel, log_frac, multipliers, operand_w, .. } = case.unit;
        let number = case.unit.number();
        let (side, window) = (case.window.side, case.window.window_side());
        // A score is the sum of two logs.
        let log_width = case.unit.score_bits() as usize - 1;
        // Rows and columns of an operand's words, and how many of them a row of the signal has.
        // With a log plane the others are not there.
        let planed = outcome.traffic.planed;
        let needed = |place: usize| {
            let (row, column) = (place / window, place % window);
            !planed
                || expected.dots.iter().enumerate().any(|(output, dot)| {
                    let (dx, dy) = Tile::place(output);
                    (dy..dy + side).contains(&row)
                        && (dx..dx + side).contains(&column)
                        && dot.kept >> ((row - dy) * side + column - dx) & 1 == 1
                })
        };
        let operands = [
            ("data", window, kernel + 1, &case.window.words, "window_fetch", "of the window"),
            ("kernel", side, kernel, &case.window.weights, "kernel_bank", "of the kernel"),
        ];
        for (signal, side, pitch, words, module, what) in operands {
            for (i, &word) in words.iter().enumerate() {
                let (row, column) = (i / side, i % side);
                let found = self.element(signal, row * pitch + column, operand_w as usize);
                // With its sign.
                let found = (found << (32 - operand_w)).cast_signed() >> (32 - operand_w);
                if found != word && (signal != "data" || needed(i)) {
                    let [found, word] = [found, word].map(|word| Word { number, word });
                    return format!(
                        "{module} (rtl/conv_approx/{module}.sv): the word {what} in row {row}, column \
                         {column} is {found}, the memory has {word}"
                    );
                }
            }
        }
        for (signal, side, pitch, words, _, what) in operands {
            for (i, &word) in words.iter().enumerate() {
                let (row, column) = (i / side, i % side);
                let place = row * pitch + column;
                let live = self.element(&format!("{signal}_live"), place, 1) == 1;
                let log = self.element(&format!("{signal}_log"), place, log_width);
                // An infinity or a NaN is live, and has no log.
                let has_log = live && !(number.is_float() && log >> log_frac == 255);
                let golden = number.log_proxy(word, log_frac);
                let found = has_log.then_some(log);
                if found != golden {
                    let module = match planed && signal == "data" {
                        true => "plane_fetch",
                        false => "log_bank",
                    };
                    return format!(
                        "{module} (rtl/conv_approx/{module}.sv): the log {what} in row {row}, column \
                         {column} is {}, expected {}",
                        score(found),
                        score(golden)
                    );
                }
            }
        }
        let selection = |(output, dot): (usize, &Dot)| {
            (outcome.s_max[output], outcome.kept.of(output, side)) != (dot.s_max, dot.kept)
        };
        if expected.dots.iter().enumerate().any(selection) {
            let given = match case.threshold == case.window.run.threshold {
                true => String::new(),
                false => format!(", to which T = {} was given", self.element("threshold_q", 0, 16)),
            };
            return format!(
                "product_select (rtl/conv_approx/product_select.sv){given}: its operands and their \
                 logs are right, S_max or the products that it keeps are not"
            );
        }
        let wrong = expected.dots.iter().zip(outcome.outputs).any(|(dot, it)| dot.output != it);
        if wrong {
            let all = multipliers as usize == 4 * kernel * kernel;
            let module = match (number.is_float(), all) {
                (true, _) => "multiply_float",
                (false, true) => "multiply_parallel",
                (false, false) => "multiply_serial",
            };
            return format!(
                "{module} (rtl/conv_approx/{module}.sv): the right products are kept, their sum is wrong"
            );
        }
        "conv_unit (rtl/conv_approx/conv_unit.sv): all values are right, the cycles are not"
            .to_owned()
    }
}

/// Cycles of a program's waveform up to the mismatch.
const CYCLES_BEFORE: u64 = 200;
/// And behind it.
const CYCLES_AFTER: u64 = 8;
/// Where the traced build is given up if it does not differ.
const CYCLES_GRACE: u64 = 1000;

/// What is known about a program that differs.
#[derive(Debug)]
pub struct Investigation {
    pub folder: PathBuf,
    pub report: PathBuf,
    /// The waveform: 200 cycles up to the mismatch, and a few more.
    pub wave: PathBuf,
    /// Whether the traced build differs in the same way.
    pub reproduced: bool,
}

/// Runs the program of a mismatch again in the traced build and writes, into a folder of its own
/// below `parent`: the program, the case, the report, the waveform around the mismatch, and files for
/// viewers. `elf` is the program's file.
pub fn investigate_program(
    elf: &[u8],
    case: &ProgramCase,
    mismatch: &Mismatch,
    parent: &Path,
) -> Result<Investigation, ReplayError> {
    // A program of another content is another case.
    let folder = case_folder(parent, &case.name(), &(case, elf));
    investigate_in(elf, case, mismatch, &folder)
}

fn investigate_in(
    elf: &[u8],
    case: &ProgramCase,
    mismatch: &Mismatch,
    folder: &Path,
) -> Result<Investigation, ReplayError> {
    let path = folder.join(PROGRAM_FILE);
    let program = Executable::parse(elf, case.soc.ram_bytes)
        .map_err(|source| ReplayError::Program { path: path.clone(), source })?;
    let case = ProgramCase { mismatch_cycle: Some(mismatch.cycle), ..case.clone() };
    create(folder)?;
    write(&path, elf)?;
    write_json(&folder.join(CASE_FILE), &case)?;

    let wave = folder.join("wave.vcd");
    let symbols = Symbols::read(elf);
    let mut again = Cosimulation::open(&program, &case, Build::Vcd, true)?.serving(&symbols);
    let begin = again.system().time();
    let mut end = again.run(mismatch.cycle.saturating_sub(CYCLES_BEFORE))?;
    let waveform = Waveform::open(&wave, |path| again.system().open_trace(path))?;
    if end == End::Limit {
        end = again.run(mismatch.cycle + CYCLES_GRACE)?;
    }
    if let End::Mismatch(_) = end {
        // The RTL may have more to complain about.
        let _ = again.system().run(CYCLES_AFTER);
    }
    waveform.finish(again.system().close_trace())?;

    let reproduced = matches!(&end, End::Mismatch(other) if **other == *mismatch);
    let time = begin + mismatch.cycle * report::CYCLE_TIME;
    report::program_view("The program of a mismatch report", &case.soc, time).write(&wave)?;
    let report = folder.join(REPORT_FILE);
    let text = report::program(&case, mismatch, reproduced, begin, folder, &symbols);
    write(&report, text)?;
    Ok(Investigation { folder: folder.to_owned(), report, wave, reproduced })
}

/// A mismatch that was run again.
#[derive(Debug)]
pub enum Again {
    Window(Replayed<Outcome>),
    /// A program: how it ended, and its new report if it still differs.
    Program(End, Option<Investigation>),
}

/// Runs the window, or the program, of a mismatch folder again and writes its files anew.
pub fn replay(folder: &Path) -> Result<Again, ReplayError> {
    let path = folder.join(PROGRAM_FILE);
    if !path.is_file() {
        let case = WindowCase::read(folder)?;
        return Ok(Again::Window(under_test::replay_in::<WindowUnit>(&case, folder)?));
    }
    let case = ProgramCase::read(folder)?;
    let elf = files::read(&path, MAX_PROGRAM).map_err(|source| ReplayError::Program {
        path: path.clone(),
        source: ElfError::Read { path: path.clone(), source },
    })?;
    let program = Executable::parse(&elf, case.soc.ram_bytes)
        .map_err(|source| ReplayError::Program { path, source })?;
    let grace = case.mismatch_cycle.map(|cycle| cycle.saturating_add(CYCLES_GRACE));
    let limit = case.max_cycles.or(grace);
    let again = Cosimulation::open(&program, &case, Build::Fast, true)?;
    let mut again = again.serving(&Symbols::read(&elf));
    let end = again.run(limit.unwrap_or(u64::MAX))?;
    let investigation = match &end {
        End::Mismatch(mismatch) => Some(investigate_in(&elf, &case, mismatch, folder)?),
        _ => None,
    };
    Ok(Again::Program(end, investigation))
}
