// SPDX-License-Identifier: MIT OR Apache-2.0
//! The unit behind transactions: what goes in, what comes out, the memory behind its port, and the
//! driver that alone touches its pins.

use std::collections::VecDeque;
use std::path::Path;

use model::conv::{LogEntries, MAX_SIDE, Mode, SmaxScope, Threshold, operand_range};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use verilated::{ReadPorts, Reads, Stop};

use crate::hw::{self, Build, ConvUnit, HwError, UnitParameters};

/// The outputs that one window yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Tile {
    /// One output from a k×k window.
    #[serde(rename = "1x1")]
    One,
    /// 2×2 outputs from a (k+1)×(k+1) window: the paper's.
    #[serde(rename = "2x2")]
    TwoByTwo,
}

impl Tile {
    pub const ALL: [Self; 2] = [Self::One, Self::TwoByTwo];

    /// Outputs: 1 or 4, numbered row by row.
    pub const fn outputs(self) -> usize {
        match self {
            Self::One => 1,
            Self::TwoByTwo => 4,
        }
    }

    /// Rows, and columns, of the window for a kernel of side `k`.
    pub const fn window_side(self, k: usize) -> usize {
        match self {
            Self::One => k,
            Self::TwoByTwo => k + 1,
        }
    }

    /// Column and row of an output in the tile.
    pub const fn place(output: usize) -> (usize, usize) {
        (output % 2, output / 2)
    }
}

/// The run-window command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowRun {
    pub slot: u8,
    /// Whether it runs on the window that the run before was on, which the unit still holds. Of
    /// that window the side counts; `addr` and `pitch` are not read.
    pub reuse: bool,
    /// Byte address of the window's first word, a multiple of a word's bytes.
    pub addr: u32,
    /// Words, of OPERAND_W bits each, from one row of the input array to the next.
    pub pitch: u32,
    pub tile: Tile,
    pub mode: Mode,
    /// T, in units of 2^−LOG_FRAC of the unit. The unit saturates it at 65,535, which is above
    /// every score.
    pub threshold: Threshold,
    pub scope: SmaxScope,
    /// S_max of the channels before, of each output; used in running scope.
    pub carry: [Option<u32>; 4],
    /// The log plane by which the window is fetched, if it is; not read if it is used again.
    pub plane: Option<PlaneAt>,
}

/// Where the logs of a window lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaneAt {
    /// Byte address of the log plane.
    pub addr: u32,
    /// The window's first word, as an entry of the plane.
    pub index: i32,
}

/// The products that were multiplied, of each output of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Bit `row · KERNEL + column` of each output.
    pub bits: [u64; 4],
    /// `KERNEL` of the unit.
    pub kernel: usize,
}

impl Kept {
    /// The products of one output, bit `row · side + column`, of a kernel of side `side`.
    pub fn of(&self, output: usize, side: usize) -> u64 {
        let row = |row: usize| self.bits[output] >> (row * self.kernel) & ((1 << side) - 1);
        (0..side).fold(0, |kept, number| kept | row(number) << (number * side))
    }

    #[inline]
    pub fn count(&self, output: usize) -> u32 {
        self.bits[output].count_ones()
    }

    /// How many of each output, those beyond the kernel and the tile included.
    #[inline]
    pub fn counts(&self) -> [u32; 4] {
        self.bits.map(u64::count_ones)
    }

    /// How many of all outputs.
    #[inline]
    pub fn total(&self) -> u32 {
        self.counts().iter().sum()
    }
}

/// What ended a command that the unit itself refused or could not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("a read of the unit was answered with a bus error")]
    Bus,
    #[error(
        "the unit refuses the command (unaligned address, kernel side or slot out of range, no kernel in the slot, no window to use again, or no log planes)"
    )]
    Refused,
}

/// What one window came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The outputs; those that the tile does not have are 0.
    pub outputs: [i32; 4],
    /// S_max of each output, in units of 2^−LOG_FRAC.
    pub s_max: [Option<u32>; 4],
    pub kept: Kept,
    /// Cycles from start to done: 0 is the cycle in which the command is taken.
    pub cycles: u32,
    /// The cycle, counted alike, in which the last word arrived; 0 if none did.
    pub last_word_cycle: u32,
    pub traffic: Traffic,
    /// Time of the rising clock edge after which done is high, in the waveform's units.
    pub done_time: u64,
}

/// What a window must read by the rules of `docs/unit.md`, given the products that it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Whether the window's logs come from a log plane.
    pub planed: bool,
    /// Beats that bring logs.
    pub log_beats: u32,
    /// Beats that bring words.
    pub beats: u32,
    pub words: u32,
    /// The cycle in which the last log arrived, as it was; 0 if none did.
    pub last_log_cycle: u32,
}

/// A reading of counters: a struct of them, and its array in the order of their addresses.
macro_rules! counters {
    ($(#[$about:meta])* $name:ident: $word:ty { $($field:ident: $what:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name {
            $(#[doc = $what] pub $field: $word,)*
        }

        impl $name {
            /// What each counts, in the order of their addresses.
            pub const NAMES: &[&str] = &[$($what),*];
            pub const COUNT: usize = Self::NAMES.len();

            /// Counters in the order of their addresses.
            pub const fn from_addresses(value: [$word; Self::COUNT]) -> Self {
                let [$($field),*] = value;
                Self { $($field),* }
            }

            /// The reverse of [`from_addresses`](Self::from_addresses).
            pub const fn addresses(&self) -> [$word; Self::COUNT] {
                [$(self.$field),*]
            }
        }
    };
}
pub(super) use counters;

counters! {
    /// The unit's performance counters, 32 bits each: `conv_approx_pkg::COUNTER_*`.
    Counters: u32 {
        windows: "windows",
        multiplications_done: "multiplications done",
        multiplications_skipped: "multiplications skipped",
        memory_words: "memory words",
        memory_beats: "memory beats",
        cycles_idle: "cycles in IDLE",
        cycles_get_data: "cycles in GET_DATA",
        cycles_stage_1: "cycles in STAGE_1",
        cycles_stage_2: "cycles in STAGE_2",
        cycles_stage_3: "cycles in STAGE_3",
        cycles_done: "cycles in DONE",
        cycles_get_logs: "cycles in GET_LOGS",
        cycles_find_words: "cycles in FIND_WORDS",
    }
}

impl UnitParameters {
    /// What the unit's counters read where these would be right: 0 if it has none.
    pub fn counted(&self, counters: Counters) -> Counters {
        if self.counters == 0 { Counters::default() } else { counters }
    }
}

impl Counters {
    /// Those from here on count cycles, one for each state.
    pub const CYCLES: usize = 5;

    /// The sum of two readings; each counter wraps, as in the unit.
    #[must_use]
    #[inline]
    pub fn plus(&self, other: &Self) -> Self {
        let (mine, other) = (self.addresses(), other.addresses());
        Self::from_addresses(std::array::from_fn(|i| mine[i].wrapping_add(other[i])))
    }

    pub fn cycles(&self) -> u32 {
        self.addresses()[Self::CYCLES..].iter().fold(0, |sum, &cycles| sum.wrapping_add(cycles))
    }
}

/// Random waiting of the memory port, from one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stalls {
    /// Seed of the waiting times. Each transaction draws from its own stream of this seed, so that
    /// one window can be replayed alone.
    pub seed: u64,
}

/// The longest random delay of an answer beyond its first possible cycle.
const MAX_DELAY: u64 = 5;

/// Words of a unit, packed from byte address 0 on, little endian. A read beyond the last one, or of
/// one marked bad, is answered with a bus error.
#[derive(Debug)]
pub struct Memory {
    /// Bits of a word of the unit.
    operand_w: u32,
    /// 32 bits each.
    lines: Vec<u32>,
    bad: Option<u32>,
}

impl Memory {
    /// Memory of `words` zero words of `operand_w` bits, filled up to whole 32 bits.
    pub fn new(operand_w: u32, words: usize) -> Self {
        let lines = (words * operand_w as usize).div_ceil(32);
        Self { operand_w, lines: vec![0; lines], bad: None }
    }

    /// Bytes of a word.
    pub const fn operand_bytes(&self) -> u32 {
        self.operand_w / 8
    }

    /// Puts words at a byte address, a multiple of a word's bytes.
    ///
    /// # Panics
    /// If they go beyond the end, or one has too many bits.
    pub fn write(&mut self, addr: u32, words: &[i32]) {
        let bits = self.operand_w as usize;
        let (range, mask) = (operand_range(self.operand_w), u32::MAX >> (32 - bits));
        for (place, word) in (addr as usize * 8 / bits..).zip(words) {
            assert!(range.contains(word), "{word} does not fit into {bits} bits");
            let (line, shift) = (&mut self.lines[place * bits / 32], place * bits % 32);
            *line = *line & !(mask << shift) | (word.cast_unsigned() & mask) << shift;
        }
    }

    /// Puts the entries of some words into a log plane, from a bit of the memory on.
    ///
    /// # Panics
    /// If they go beyond the end.
    pub fn write_logs(&mut self, entries: LogEntries, first: u64, words: &[i32]) {
        for (place, &word) in words.iter().enumerate() {
            let entry = entries.encode(word);
            for bit in 0..entries.bits() as usize {
                let at = first as usize + place * entries.bits() as usize + bit;
                let (line, mask) = (&mut self.lines[at / 32], 1 << (at % 32));
                *line = *line & !mask | if entry >> bit & 1 == 1 { mask } else { 0 };
            }
        }
    }

    /// From now on a read of the beat that holds this byte address ends in a bus error; `None`
    /// makes all words good again.
    pub fn set_bad(&mut self, addr: Option<u32>) {
        self.bad = addr;
    }

    /// One beat of so many bytes; `None` is a bus error.
    #[inline]
    fn beat(&self, addr: u32, bytes: u32) -> Option<&[u32]> {
        if self.bad.is_some_and(|bad| bad / bytes == addr / bytes) {
            return None;
        }
        self.lines.get(addr as usize / 4..)?.get(..bytes as usize / 4)
    }
}

/// The memory's side of the OBI handshake.
#[derive(Debug)]
enum Port {
    /// Grants at once and answers in the next cycle.
    Ready {
        /// The address that is answered in the next cycle.
        next: Option<u32>,
    },
    /// Waits at random.
    Waiting(Box<Waiting>),
}

/// A port that waits at random.
#[derive(Debug)]
struct Waiting {
    seed: u64,
    random: ChaCha8Rng,
    /// Granted and not answered: the first cycle in which the answer may come, and the address.
    outstanding: VecDeque<(u64, u32)>,
    cycle: u64,
}

impl Port {
    fn new(stalls: Option<Stalls>) -> Self {
        match stalls {
            None => Self::Ready { next: None },
            Some(Stalls { seed }) => Self::Waiting(Box::new(Waiting {
                seed,
                random: ChaCha8Rng::seed_from_u64(seed),
                outstanding: VecDeque::new(),
                cycle: 0,
            })),
        }
    }

    /// Begins a transaction: its waiting times depend on the seed and on `stream` alone.
    #[inline]
    fn begin(&mut self, stream: u64) {
        match self {
            Self::Ready { next } => *next = None,
            Self::Waiting(waiting) => {
                waiting.outstanding.clear();
                waiting.random = ChaCha8Rng::seed_from_u64(waiting.seed);
                waiting.random.set_stream(stream);
            }
        }
    }
}

impl Waiting {
    /// One cycle in which the unit requests the beat at `request`: whether that is granted, and
    /// the address of the beat that is answered.
    fn cycle(&mut self, request: Option<u32>) -> (bool, Option<u32>) {
        let due = self.outstanding.front().is_some_and(|&(due, _)| due <= self.cycle);
        let answered = if due { self.outstanding.pop_front() } else { None };
        let grant = self.random.random_ratio(1, 2);
        self.cycle += 1;
        if let Some(addr) = request.filter(|_| grant) {
            let delay = self.random.random_range(0..=MAX_DELAY);
            self.outstanding.push_back((self.cycle + delay, addr));
        }
        (grant, answered.map(|(_, addr)| addr))
    }
}

/// Why a transaction has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error("no done after {cycles} cycles: the unit hangs")]
    Hang { cycles: u32 },
    #[error(transparent)]
    Model(#[from] verilated::Error),
    #[error(transparent)]
    Hw(#[from] HwError),
}

/// How a unit is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitOptions {
    pub build: Build,
    /// Seed of the values that registers hold before they are written.
    pub x_seed: u64,
    /// Random waiting of the memory; none without.
    pub stalls: Option<Stalls>,
    /// Whether the values of all ports are kept, cycle by cycle.
    pub record: bool,
}

impl Default for UnitOptions {
    fn default() -> Self {
        Self { build: Build::Fast, x_seed: 1, stalls: None, record: false }
    }
}

/// How the unit reads its memory: see `window_fetch.sv`.
const READ_PORTS: ReadPorts<ConvUnit> = ReadPorts {
    request: ConvUnit::MEM_REQ_O,
    address: ConvUnit::MEM_ADDR_O,
    valid: ConvUnit::MEM_RVALID_I,
    fault: ConvUnit::MEM_ERR_I,
    data: ConvUnit::MEM_RDATA_I,
};

/// No command takes this long, whatever the stalls.
const HANG_CYCLES: u32 = 10_000;

/// The window that a unit holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    addr: u32,
    pitch: u32,
    /// Rows, and words in a row.
    side: u32,
    planed: bool,
    /// Of a window with a log plane the words that are there: bit `row · 8 + column`.
    words: u64,
}

impl Held {
    /// The beats, and words, that a run of these kept products brings.
    fn bring(&mut self, unit: &UnitParameters, kept: &Kept) -> (u32, u32) {
        let mut needed = 0_u64;
        for output in 0..4 {
            let (dx, dy) = Tile::place(output);
            let products =
                (0..kept.kernel * kept.kernel).filter(|i| kept.bits[output] >> i & 1 == 1);
            for i in products {
                needed |= 1 << ((i / kept.kernel + dy) * 8 + i % kept.kernel + dx);
            }
        }
        let (mut beats, mut words) = (0, 0);
        for row in 0..self.side {
            let first =
                (self.addr / unit.operand_bytes()).wrapping_add(row.wrapping_mul(self.pitch));
            let offset = first % unit.beat_words();
            for beat in 0..(offset + self.side).div_ceil(unit.beat_words()) {
                // The columns of the row that lie in this line.
                let from = (beat * unit.beat_words()).saturating_sub(offset);
                let to = self.side.min((beat + 1) * unit.beat_words() - offset);
                let line = ((1_u64 << (to - from)) - 1) << (row * 8 + from);
                if needed & line & !self.words != 0 {
                    (beats, words) = (beats + 1, words + to - from);
                    self.words |= line;
                }
            }
        }
        (beats, words)
    }
}

/// A verilated unit with a memory: transactions in, results out.
#[derive(Debug)]
pub struct UnitDriver {
    model: ConvUnit,
    parameters: UnitParameters,
    memory: Memory,
    port: Port,
    stream: u64,
    last_word_cycle: u32,
    /// Of the command under way: the beats that bring logs, the answers so far, and the cycle in which
    /// the last of the former arrived.
    log_beats: u32,
    answers: u32,
    last_log_cycle: u32,
    /// The sides of the kernels in the slots; 0 is none.
    sides: Vec<u8>,
    held: Option<Held>,
    acknowledge_delay: u32,
    recording: Option<Recording>,
}

/// The values of all ports of a unit in each cycle since it was made: inputs, and the outputs that
/// belong to them.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// Words of a cycle: those of each port, in the order of [`ConvUnit::PORTS`].
    words: usize,
    values: Vec<u32>,
}

impl Recording {
    fn take(&mut self, model: &ConvUnit) {
        let before = self.values.len();
        for port in ConvUnit::PORTS {
            let bits = model.bits(ConvUnit::port(port.name).expect("it is in the list of ports"));
            self.values.extend((0..bits.words()).map(|word| bits.word(word)));
        }
        self.words = self.values.len() - before;
    }

    /// Cycles so far.
    pub fn cycles(&self) -> usize {
        self.values.len().checked_div(self.words).unwrap_or(0)
    }

    /// The words of all ports in a cycle.
    pub fn cycle(&self, number: usize) -> &[u32] {
        &self.values[number * self.words..][..self.words]
    }
}

impl UnitDriver {
    /// A unit out of reset, with an empty memory.
    pub fn open(parameters: &UnitParameters, options: &UnitOptions) -> Result<Self, UnitError> {
        assert!(parameters.kernel <= MAX_SIDE, "KERNEL is at most {MAX_SIDE}");
        let mut driver = Self {
            model: hw::unit(parameters, options.build, options.x_seed)?,
            parameters: *parameters,
            memory: Memory::new(parameters.operand_w, 0),
            port: Port::new(options.stalls),
            stream: 0,
            last_word_cycle: 0,
            log_beats: 0,
            answers: 0,
            last_log_cycle: 0,
            sides: vec![0; parameters.kernels],
            held: None,
            acknowledge_delay: 0,
            recording: options.record.then(Recording::default),
        };
        driver.reset()?;
        Ok(driver)
    }

    #[inline]
    pub fn parameters(&self) -> &UnitParameters {
        &self.parameters
    }

    pub fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// The stream of waiting times that the next transaction draws from; the one after draws from
    /// the next. Without stalls it means nothing.
    #[inline]
    pub fn set_stream(&mut self, stream: u64) {
        self.stream = stream;
    }

    /// How many cycles a result waits before it is taken; 0 at first. The unit holds it.
    pub fn set_acknowledge_delay(&mut self, cycles: u32) {
        self.acknowledge_delay = cycles;
    }

    /// What has been recorded, if [`UnitOptions::record`] asks for it.
    pub fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// Clock cycles since the model was made.
    pub fn cycles(&self) -> u64 {
        self.model.cycles()
    }

    /// Writes a waveform from now on; a traced build only.
    pub fn open_trace(&mut self, path: &Path) -> Result<(), UnitError> {
        Ok(self.model.open_trace(path)?)
    }

    pub fn close_trace(&mut self) -> Result<(), UnitError> {
        Ok(self.model.close_trace()?)
    }

    /// Holds the reset for two cycles; reads under way are forgotten.
    pub fn reset(&mut self) -> Result<(), UnitError> {
        self.model.set_cmd_valid_i(0);
        self.model.set_done_ready_i(0);
        self.model.set_rst_ni(0);
        self.port.begin(self.stream);
        self.sides.fill(0);
        self.held = None;
        for _ in 0..2 {
            self.model.set_mem_rvalid_i(0);
            self.tick()?;
        }
        self.model.set_rst_ni(1);
        // A port that never waits grants in every cycle.
        self.model.set_mem_gnt_i(1);
        Ok(())
    }

    /// Reads a kernel of `side` × `side` words, packed row by row, from the byte address `addr` and keeps
    /// it in a slot. Returns the cycles from start to done.
    pub fn load_kernel(&mut self, slot: u8, side: u32, addr: u32) -> Result<u32, UnitError> {
        self.model.set_cmd_op_i(0);
        self.model.set_cmd_kernel_i(slot);
        self.model.set_cmd_size_i(side);
        self.model.set_cmd_addr_i(addr);
        self.log_beats = 0;
        let (cycles, _) = self.command()?;
        let error = self.error();
        self.acknowledge()?;
        if error != Some(CommandError::Refused) {
            self.held = None;
        }
        if let Some(error) = error {
            return Err(error.into());
        }
        // Both are within the unit's ranges.
        self.sides[usize::from(slot)] = side as u8;
        Ok(cycles)
    }

    /// Runs one window.
    #[inline]
    pub fn run_window(&mut self, run: &WindowRun) -> Result<Outcome, UnitError> {
        self.set_run(run);
        let kernel = self.sides.get(usize::from(run.slot)).copied().unwrap_or(0);
        let side = run.tile.window_side(usize::from(kernel)) as u32;
        self.log_beats = match run.plane {
            Some(plane) if !run.reuse => {
                self.parameters.log_beats(plane.addr, plane.index, run.pitch, side)
            }
            _ => 0,
        };
        let (cycles, done_time) = self.command()?;
        let outcome = match self.error() {
            Some(error) => {
                if error == CommandError::Bus {
                    self.held = None;
                }
                Err(error.into())
            }
            None => {
                let kept = self.kept();
                Ok(Outcome {
                    outputs: self.model.output_o().map(u32::cast_signed),
                    s_max: self.s_max(),
                    kept,
                    cycles,
                    last_word_cycle: self.last_word_cycle,
                    traffic: self.traffic(run, side, &kept),
                    done_time,
                })
            }
        };
        self.acknowledge()?;
        outcome
    }

    /// What a run that ended well has read.
    #[inline]
    fn traffic(&mut self, run: &WindowRun, side: u32, kept: &Kept) -> Traffic {
        let &WindowRun { addr, pitch, reuse, plane, .. } = run;
        if !reuse {
            self.held = Some(Held { addr, pitch, side, planed: plane.is_some(), words: 0 });
        }
        match &mut self.held {
            Some(held) if held.planed => {
                let (beats, words) = held.bring(&self.parameters, kept);
                let (log_beats, last_log_cycle) = (self.log_beats, self.last_log_cycle);
                Traffic { planed: true, log_beats, beats, words, last_log_cycle }
            }
            _ if reuse => Traffic::default(),
            _ => {
                let beats = self.parameters.beats(addr, pitch, side);
                Traffic { beats, words: side * side, ..Traffic::default() }
            }
        }
    }

    /// Takes a window's command and is reset `cycles` cycles later, in the middle of it.
    pub fn abort_window(&mut self, run: &WindowRun, cycles: u32) -> Result<(), UnitError> {
        self.set_run(run);
        self.port.begin(self.stream);
        self.model.set_cmd_valid_i(1);
        for number in 0..=cycles {
            self.cycle(number)?;
            self.model.set_cmd_valid_i(0);
        }
        self.reset()
    }

    /// Reads all performance counters; the clock stands still.
    pub fn counters(&mut self) -> Result<Counters, UnitError> {
        let mut values = [0; Counters::COUNT];
        for (address, value) in (0..).zip(&mut values) {
            self.model.set_counter_clear_i(0);
            self.model.set_counter_select_i(address);
            self.model.eval()?;
            *value = self.model.counter_o();
        }
        Ok(Counters::from_addresses(values))
    }

    /// Sets all performance counters to 0.
    pub fn clear_counters(&mut self) -> Result<(), UnitError> {
        self.model.set_counter_clear_i(1);
        self.cycle(0)?;
        self.model.set_counter_clear_i(0);
        Ok(())
    }

    /// Lets `cycles` cycles pass without a command.
    pub fn idle(&mut self, cycles: u32) -> Result<(), UnitError> {
        (0..cycles).try_for_each(|number| self.cycle(number))
    }

    #[inline]
    fn set_run(&mut self, run: &WindowRun) {
        let model = &mut self.model;
        model.set_cmd_op_i(1);
        model.set_cmd_kernel_i(run.slot);
        model.set_cmd_reuse_i(u8::from(run.reuse));
        model.set_cmd_size_i(run.pitch);
        model.set_cmd_addr_i(run.addr);
        model.set_cmd_tile_i(u8::from(run.tile == Tile::TwoByTwo));
        model.set_cmd_mode_i(run.mode as u8);
        model.set_cmd_threshold_i(u16::try_from(run.threshold.get()).unwrap_or(u16::MAX));
        let running = run.scope == SmaxScope::Running;
        model.set_cmd_running_i(u8::from(running));
        if self.parameters.planes != 0 || run.plane.is_some() {
            model.set_cmd_plane_i(u8::from(run.plane.is_some()));
            let PlaneAt { addr, index } = run.plane.unwrap_or(PlaneAt { addr: 0, index: 0 });
            model.set_cmd_plane_addr_i(addr);
            model.set_cmd_plane_index_i(index.cast_unsigned());
        }
        // Not read in window scope.
        if running {
            let width = s_max_width(&self.parameters);
            let pack = |score: &Option<u32>| match score {
                Some(score) => 1 << (width - 1) | u64::from(*score),
                None => 0,
            };
            let carry = run.carry.iter().rev().fold(0, |bits, score| bits << width | pack(score));
            model.set_cmd_smax_i(carry);
        }
    }

    #[inline]
    fn s_max(&self) -> [Option<u32>; 4] {
        let width = s_max_width(&self.parameters);
        let bits = self.model.smax_o().to_u64();
        [0, 1, 2, 3].map(|output| {
            let field = (bits >> (output * width)) & ((1 << width) - 1);
            // At most 15 bits are left.
            (field >> (width - 1) == 1).then_some((field & ((1 << (width - 1)) - 1)) as u32)
        })
    }

    #[inline]
    fn kept(&self) -> Kept {
        let kernel = self.parameters.kernel;
        let (keep, products) = (self.model.keep_o(), (kernel * kernel) as u32);
        Kept { bits: [0, 1, 2, 3].map(|output| keep.bits(output * products, products)), kernel }
    }

    /// What the unit says of the command that is done.
    #[inline]
    fn error(&self) -> Option<CommandError> {
        match self.model.error_o() {
            0 => None,
            1 => Some(CommandError::Bus),
            _ => Some(CommandError::Refused),
        }
    }

    /// Runs the command on the pins until its result is to be taken. Returns the cycles from the
    /// one in which it is taken to the first one with done high, and the time of the latter.
    #[inline]
    fn command(&mut self) -> Result<(u32, u64), UnitError> {
        self.port.begin(self.stream);
        self.stream += 1;
        (self.last_word_cycle, self.answers, self.last_log_cycle) = (0, 0, 0);
        self.model.set_cmd_valid_i(1);
        let mut cycles = 0;
        while self.model.cmd_ready_o() == 0 {
            self.cycle(cycles)?;
            cycles += 1;
            if cycles == HANG_CYCLES {
                return Err(UnitError::Hang { cycles });
            }
        }
        self.cycle(0)?;
        self.model.set_cmd_valid_i(0);
        let cycles = self.run_to_done()?;
        let done_time = self.model.time();
        for _ in 0..self.acknowledge_delay {
            self.cycle(0)?;
        }
        Ok((cycles, done_time))
    }

    /// From the cycle behind the one in which a command was taken to done. Returns the number of the
    /// first cycle with done high.
    #[inline]
    fn run_to_done(&mut self) -> Result<u32, UnitError> {
        let mut cycles = 1;
        if let (Port::Ready { next }, None) = (&mut self.port, &self.recording) {
            if self.model.done_valid_o() != 0 {
                return Ok(cycles);
            }
            // All cycles in one call of the model.
            let Memory { lines, bad, .. } = &self.memory;
            let mut reads = Reads { words: lines, bad: *bad, pending: *next, answered: 0 };
            let (limit, stop) = (HANG_CYCLES - cycles, Stop::equal(ConvUnit::DONE_VALID_O, 1));
            let ran = self.model.run_reads(u64::from(limit), stop, &READ_PORTS, &mut reads)?;
            *next = reads.pending;
            // Neither is beyond the limit.
            self.last_word_cycle = reads.answered as u32;
            // A memory that never waits answers from the cycle behind the first request on.
            self.last_log_cycle = if self.log_beats > 0 { self.log_beats + 1 } else { 0 };
            cycles += ran.cycles as u32;
        } else {
            while self.model.done_valid_o() == 0 && cycles < HANG_CYCLES {
                self.cycle(cycles)?;
                cycles += 1;
            }
        }
        match self.model.done_valid_o() {
            0 => Err(UnitError::Hang { cycles }),
            _ => Ok(cycles),
        }
    }

    /// Takes the result, so that the unit is ready again.
    #[inline]
    fn acknowledge(&mut self) -> Result<(), UnitError> {
        self.model.set_done_ready_i(1);
        self.cycle(0)?;
        self.model.set_done_ready_i(0);
        Ok(())
    }

    /// One clock cycle with the memory port attached; `number` is that of the cycle in the command.
    #[inline]
    fn cycle(&mut self, number: u32) -> Result<(), UnitError> {
        let request = (self.model.mem_req_o() != 0).then(|| self.model.mem_addr_o());
        let answered = match &mut self.port {
            Port::Ready { next } => std::mem::replace(next, request),
            Port::Waiting(waiting) => {
                let (grant, answered) = waiting.cycle(request);
                self.model.set_mem_gnt_i(u8::from(grant));
                answered
            }
        };
        match answered {
            None => self.model.set_mem_rvalid_i(0),
            Some(addr) => {
                self.last_word_cycle = number;
                self.answers += 1;
                if self.answers == self.log_beats {
                    self.last_log_cycle = number;
                }
                self.model.set_mem_rvalid_i(1);
                match self.memory.beat(addr, self.parameters.mem_width / 8) {
                    Some(beat) => {
                        self.model.set_mem_err_i(0);
                        self.model.set_mem_rdata_i_words(beat);
                    }
                    None => self.model.set_mem_err_i(1),
                }
            }
        }
        self.tick()
    }

    /// The clock's edge, on which the inputs are taken.
    #[inline]
    fn tick(&mut self) -> Result<(), UnitError> {
        if let Some(recording) = &mut self.recording {
            // Outputs that depend on inputs follow these before the edge.
            self.model.eval()?;
            recording.take(&self.model);
        }
        Ok(self.model.tick()?)
    }
}

/// Bits of one output's S_max on the pins, at most 16: a score, and valid above it.
#[inline]
const fn s_max_width(unit: &UnitParameters) -> u32 {
    unit.score_bits() + 1
}
