// SPDX-License-Identifier: MIT OR Apache-2.0
//! The custom instructions: the state of the approximate convolution unit, and what each does to it.
//!
//! `docs/isa.md` is what this follows. The arithmetic is the golden model's.

use crate::conv::{Kernel, LogEntries, Mode, Number, Semantics, SmaxScope, Threshold, dot_by_logs};
use crate::facts::conv::{
    CONFIG_END, LOAD_SLOT, PLANE_SHIFT, READ_CARRY, READ_CONFIGURATION, READ_COUNTERS,
    READ_FIRST_CYCLES, READ_FLOAT, READ_KEPT, READ_KERNEL, READ_KERNELS, READ_LAST_COUNTER,
    READ_LOG_FRAC, READ_MAP, READ_MULTIPLIERS, READ_OPERAND_W, READ_OUTPUT, READ_PLANE,
    READ_PLANES, READ_THRESHOLD, SCOPE_SHIFT, SIDE_SHIFT, SLOT_SHIFT, SMAX_VALID, TILE_SHIFT,
    mode_bits, mode_of,
};
use crate::facts::unit::{
    COUNTER_MEMORY_BEATS, COUNTER_MEMORY_WORDS, COUNTER_MULTIPLICATIONS_DONE,
    COUNTER_MULTIPLICATIONS_SKIPPED, COUNTER_WINDOWS, THRESHOLD_W, TILE_2X2,
};
use crate::isa::Op;

/// The parameters of the unit in the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitShape {
    /// `KERNEL`, the largest kernel side: 1 to 7.
    pub kernel: usize,
    /// `LOG_FRAC`, F: 0 to 8.
    pub log_frac: u32,
    /// `MULTIPLIERS`; of the reference only conv.read of it depends on it.
    pub multipliers: u32,
    /// `KERNELS`, the slots: 1 to 256.
    pub kernels: usize,
    /// `OPERAND_W`, the bits of an operand: 8, 16 or 32.
    pub operand_w: u32,
    /// `PLANES`: 1 if windows can be fetched by their log planes, else 0.
    pub planes: u32,
    /// `FLOAT`: whether the operands are floats.
    pub float: bool,
}

impl Default for UnitShape {
    fn default() -> Self {
        Self {
            kernel: 5,
            log_frac: 0,
            multipliers: 100,
            kernels: 16,
            operand_w: 32,
            planes: 0,
            float: false,
        }
    }
}

impl UnitShape {
    /// Bytes of an operand.
    pub const fn operand_bytes(&self) -> u32 {
        self.operand_w / 8
    }

    /// What its operands are.
    pub const fn number(&self) -> Number {
        Number::of_unit(self.float, self.operand_w)
    }

    /// Bits of a score.
    pub const fn score_bits(&self) -> u32 {
        self.number().score_bits(self.operand_w, self.log_frac)
    }
}

/// A run of the unit: a conv.run or conv.again that ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub slot: u8,
    pub side: usize,
    /// Outputs of the tile: 1 or 4.
    pub tile: usize,
    pub semantics: Semantics,
    /// S_max that the outputs began with, in units of 2^−F; used in running scope.
    pub carry: [Option<u32>; 4],
    /// The kernel, row by row of `side`.
    pub weights: Vec<i32>,
    /// The window, row by row: `side` rows and columns, or one more with four outputs. Words that a
    /// unit with log planes has not fetched are 0.
    pub words: Vec<i32>,
    /// Of a window that is fetched by its log plane: the words that this run fetched.
    pub fetched_by_plane: Option<u32>,
    /// The outputs; 0 where the tile has none.
    pub outputs: [i32; 4],
    /// S_max of the outputs, in units of 2^−F; `None` also where the tile has none.
    pub s_max: [Option<u32>; 4],
    /// The products multiplied of each output: bit `row · KERNEL + column`.
    pub keep: [u64; 4],
}

impl Run {
    pub fn kept(&self) -> u32 {
        self.keep.iter().map(|keep| keep.count_ones()).sum()
    }

    /// Products of the tile, multiplied or not.
    pub fn products(&self) -> u32 {
        (self.tile * self.side * self.side) as u32
    }
}

/// Why a custom instruction is refused, in the order in which it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Illegal,
    Misaligned,
    Bus,
}

/// What conv.config sets besides the threshold. The default is the one after reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Config {
    mode: Mode,
    scope: SmaxScope,
    /// Whether the tile has 2×2 outputs.
    two_by_two: bool,
    /// Kernel side of a conv.load that names none.
    side: usize,
    /// The slot of conv.run.
    slot: u8,
    /// Whether conv.run fetches by the log plane.
    plane: bool,
}

impl Default for Config {
    fn default() -> Self {
        let (mode, scope) = (Mode::Exact, SmaxScope::Window);
        Self { mode, scope, two_by_two: false, side: 0, slot: 0, plane: false }
    }
}

impl Config {
    /// `None` if the unit has no such side or slot, or a bit without a meaning is set.
    fn from_word(word: u32, shape: &UnitShape) -> Option<Self> {
        let field = |low: u32, end: u32| word >> low & ((1 << (end - low)) - 1);
        let mode = Mode::from_number(mode_of(word))?;
        let scope = SmaxScope::from_number(field(SCOPE_SHIFT, TILE_SHIFT))?;
        let two_by_two = field(TILE_SHIFT, SIDE_SHIFT) == TILE_2X2;
        let side = field(SIDE_SHIFT, SLOT_SHIFT) as usize;
        let slot = (word >> SLOT_SHIFT) as u8;
        let plane = field(PLANE_SHIFT, CONFIG_END);
        let exists = side <= shape.kernel
            && usize::from(slot) < shape.kernels
            && plane <= shape.planes
            && word >> CONFIG_END == 0;
        exists.then_some(Self { mode, scope, two_by_two, side, slot, plane: plane == 1 })
    }

    fn to_word(self) -> u32 {
        mode_bits(self.mode as u32)
            | (self.scope as u32) << SCOPE_SHIFT
            | u32::from(self.two_by_two) << TILE_SHIFT
            | (self.side as u32) << SIDE_SHIFT
            | u32::from(self.slot) << SLOT_SHIFT
            | u32::from(self.plane) << PLANE_SHIFT
    }
}

/// Bytes of a beat of the unit's port.
const BEAT: u32 = 4;

const COUNTERS: usize = (READ_FIRST_CYCLES - READ_COUNTERS) as usize;

/// The window of the last fetch, row by row.
#[derive(Debug, Clone)]
struct Window {
    side: usize,
    addr: u32,
    pitch: u32,
    /// Whether its logs come from a plane.
    planed: bool,
    /// `None` of those that nobody has needed yet.
    words: Vec<Option<i32>>,
    logs: Vec<Option<u32>>,
}

#[derive(Debug, Clone)]
pub(super) struct Unit {
    shape: UnitShape,
    config: Config,
    /// Saturated to the bits that the unit has.
    threshold: u32,
    carry: [Option<u32>; 4],
    slots: Vec<Option<Kernel>>,
    window: Option<Window>,
    /// The addresses of a feature map and of its log plane.
    map: u32,
    plane: u32,
    outputs: [i32; 4],
    /// Products multiplied in the last run.
    kept: u32,
    /// The performance counters that do not count cycles, by number.
    counters: [u32; COUNTERS],
}

impl Unit {
    pub(super) fn new(shape: UnitShape) -> Self {
        Self {
            shape,
            config: Config::default(),
            threshold: 0,
            carry: [None; 4],
            slots: vec![None; shape.kernels],
            window: None,
            map: 0,
            plane: 0,
            outputs: [0; 4],
            kept: 0,
            counters: [0; COUNTERS],
        }
    }

    /// Executes one instruction, whose encoding is in order, on the values of its sources; `fed` is
    /// what the DUT read of a counter that depends on time, and `read_word` reads memory, where
    /// `None` is a bus error. Returns rd's value.
    pub(super) fn execute(
        &mut self,
        op: Op,
        rs1: u32,
        rs2: u32,
        fed: Option<u32>,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<(u32, Option<Box<Run>>), Refused> {
        match op {
            Op::ConvLoad => self.load(rs1, rs2, read_word).map(|()| (0, None)),
            Op::ConvRun => self.run(rs1, rs2, read_word),
            Op::ConvAgain => self.again(rs1, read_word),
            Op::ConvRead => Ok((self.read(rs1, fed), None)),
            Op::ConvConfig => self.configure(rs1, rs2).map(|before| (before, None)),
            Op::ConvCarry => {
                let halves = [rs1 & 0xffff, rs1 >> 16, rs2 & 0xffff, rs2 >> 16];
                self.carry = halves.map(|half| self.score(half));
                Ok((0, None))
            }
            Op::ConvClear => {
                self.counters = [0; COUNTERS];
                Ok((0, None))
            }
            Op::ConvPlane if self.shape.planes == 1 => {
                (self.map, self.plane) = (rs1, rs2);
                Ok((0, None))
            }
            _ => Err(Refused::Illegal),
        }
    }

    fn load(
        &mut self,
        size: u32,
        addr: u32,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<(), Refused> {
        let (side, slot) = ((size & 0xff) as usize, (size >> LOAD_SLOT & 0xff) as usize);
        let side = if side == 0 { self.config.side } else { side };
        if !(1..=self.shape.kernel).contains(&side) || slot >= self.shape.kernels {
            return Err(Refused::Illegal);
        }
        let words = self.fetch(addr, side, side as u32, read_word)?;
        let kernel = Kernel::new(side, words).expect("side² words, the side within KERNEL");
        self.slots[slot] = Some(kernel);
        Ok(())
    }

    fn run(
        &mut self,
        pitch: u32,
        addr: u32,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<(u32, Option<Box<Run>>), Refused> {
        let slot = self.config.slot;
        let semantics = self.semantics()?;
        let side = self.window_side(slot)?;
        let (entries, number) = (self.entries(), self.shape.number());
        let (planed, words, logs) = if self.config.plane {
            let logs = self.fetch_logs(addr, side, pitch, &read_word)?;
            (true, vec![None; side * side], logs)
        } else {
            let words = self.fetch(addr, side, pitch, &read_word)?;
            let logs = words.iter().map(|&word| number.log_proxy(word, entries.log_frac)).collect();
            (false, words.into_iter().map(Some).collect(), logs)
        };
        self.window = Some(Window { side, addr, pitch, planed, words, logs });
        self.convolve(slot, semantics, read_word)
    }

    fn again(
        &mut self,
        rs1: u32,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<(u32, Option<Box<Run>>), Refused> {
        let slot = rs1 as u8;
        let semantics = self.semantics()?;
        let side = self.window_side(slot)?;
        match &self.window {
            Some(window) if side <= window.side => self.convolve(slot, semantics, read_word),
            _ => Err(Refused::Illegal),
        }
    }

    const fn entries(&self) -> LogEntries {
        LogEntries { operand_w: self.shape.operand_w, log_frac: self.shape.log_frac }
    }

    /// The side of the window that the tile and the kernel in a slot need.
    fn window_side(&self, slot: u8) -> Result<usize, Refused> {
        let kernel = self.slots.get(usize::from(slot)).and_then(Option::as_ref);
        let kernel = kernel.ok_or(Refused::Illegal)?;
        Ok(kernel.side() + usize::from(self.config.two_by_two))
    }

    fn semantics(&self) -> Result<Semantics, Refused> {
        let Config { mode, scope, .. } = self.config;
        // Only approx reads it, and has none of 0.
        let threshold = if mode == Mode::Approx { self.threshold } else { self.threshold.max(1) };
        let threshold = Threshold::new(threshold).map_err(|_| Refused::Illegal)?;
        Ok(Semantics {
            mode,
            log_frac: self.shape.log_frac,
            threshold,
            scope,
            number: self.shape.number(),
        })
    }

    /// Reads side × side operands, all of them whatever goes wrong. They pass through the buffer that
    /// held the window. A beat of the port, 32 bits, brings those of one row that lie in one word.
    fn fetch(
        &mut self,
        addr: u32,
        side: usize,
        pitch: u32,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<Vec<i32>, Refused> {
        let (bytes, side) = (self.shape.operand_bytes(), side as u32);
        if !addr.is_multiple_of(bytes) {
            return Err(Refused::Misaligned);
        }
        self.window = None;
        let row = |row: u32| addr.wrapping_add(row.wrapping_mul(pitch).wrapping_mul(bytes));
        self.count(COUNTER_MEMORY_WORDS, side * side);
        let beats = (0..side).map(|it| (row(it) % BEAT + side * bytes).div_ceil(BEAT));
        self.count(COUNTER_MEMORY_BEATS, beats.sum());
        let operand = |index: u32| {
            self.operand(row(index / side).wrapping_add(index % side * bytes), &read_word)
        };
        (0..side * side).map(operand).collect::<Option<_>>().ok_or(Refused::Bus)
    }

    /// Reads the operand at an aligned address.
    fn operand(&self, addr: u32, read_word: impl Fn(u32) -> Option<u32>) -> Option<i32> {
        let bits = self.shape.operand_w;
        let (word, above) = (read_word(addr & !3)?, u32::BITS - bits - addr % 4 * 8);
        // Shifted to the top, and back with its sign.
        Some((word << above).cast_signed() >> (u32::BITS - bits))
    }

    /// Reads the logs of side × side operands from the log plane, all of them whatever goes wrong.
    fn fetch_logs(
        &mut self,
        addr: u32,
        side: usize,
        pitch: u32,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<Vec<Option<u32>>, Refused> {
        let bytes = self.shape.operand_bytes();
        if !addr.is_multiple_of(bytes) {
            return Err(Refused::Misaligned);
        }
        self.window = None;
        let entries = self.entries();
        // Of words, with a sign.
        let shift = bytes.ilog2();
        let index = i64::from(addr.wrapping_sub(self.map).cast_signed() >> shift);
        let pitch = i64::from((pitch << shift).cast_signed() >> shift);
        let (mut beats, mut logs) = (0, Vec::new());
        for row in 0..side as i64 {
            let first = entries.address(self.plane, index + row * pitch);
            let end = first + u64::from(entries.bits()) * side as u64;
            let words = first / 32..end.div_ceil(32);
            beats += (words.end - words.start) as u32;
            let read: Vec<_> = words.clone().map(|word| read_word((word * 4) as u32)).collect();
            for column in 0..side as u64 {
                let bit = |bit: u64| {
                    let place = first + u64::from(entries.bits()) * column + bit;
                    let word = read[(place / 32 - words.start) as usize]?;
                    Some((word >> (place % 32) & 1) << bit)
                };
                let entry = (0..u64::from(entries.bits())).map(bit).sum::<Option<u32>>();
                logs.push(entry.map(|entry| entries.decode(entry)));
            }
        }
        self.count(COUNTER_MEMORY_BEATS, beats);
        logs.into_iter().collect::<Option<_>>().ok_or(Refused::Bus)
    }

    /// Convolves the window that is held with the kernel of a slot that has one. Of a window with a log
    /// plane it first fetches the words that a kept product multiplies and that are not there: with
    /// each also the others of the window that lie in the same row and beat.
    fn convolve(
        &mut self,
        slot: u8,
        semantics: Semantics,
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<(u32, Option<Box<Run>>), Refused> {
        let kernel = self.slots[usize::from(slot)].clone().expect("a kernel in the slot");
        let mut window = self.window.take().expect("a window is held");
        let mut words = std::mem::take(&mut window.words);
        let (carry, held) = (self.carry, window.side);
        let (side, extra) = (kernel.side(), usize::from(self.config.two_by_two));
        let tile = (1 + extra) * (1 + extra);
        let places = |output: usize| {
            let first = move |row: usize| (output / 2 + row) * held + output % 2;
            (0..side).flat_map(move |row| first(row)..first(row) + side)
        };
        let dot = |output: usize, words: &[Option<i32>]| {
            let inputs: Vec<i32> = places(output).map(|it| words[it].unwrap_or(0)).collect();
            let logs: Vec<_> = places(output).map(|it| window.logs[it]).collect();
            dot_by_logs(kernel.weights(), &inputs, &logs, &semantics, carry[output])
        };
        let mut fetched = None;
        if window.planed {
            let mut needed = vec![false; words.len()];
            for output in 0..tile {
                let kept = dot(output, &words).kept;
                for (product, place) in places(output).enumerate() {
                    needed[place] |= kept >> product & 1 == 1;
                }
            }
            fetched = Some(self.fetch_needed(&window, &mut words, &needed, read_word)?);
        }
        let dots: Vec<_> = (0..tile).map(|output| dot(output, &words)).collect();
        let rows = (0..side + extra).flat_map(|row| &words[row * held..][..side + extra]);
        let mut run = Run {
            slot,
            side,
            tile,
            semantics,
            carry,
            weights: kernel.weights().to_vec(),
            words: rows.map(|word| word.unwrap_or(0)).collect(),
            fetched_by_plane: fetched,
            outputs: [0; 4],
            s_max: [None; 4],
            keep: [0; 4],
        };
        for (output, dot) in dots.iter().enumerate() {
            run.outputs[output] = dot.output;
            run.s_max[output] = dot.s_max;
            for row in 0..side {
                let kept = dot.kept >> (row * side) & ((1 << side) - 1);
                run.keep[output] |= kept << (row * self.shape.kernel);
            }
        }

        self.window = Some(Window { words, ..window });
        self.outputs = run.outputs;
        self.carry = run.s_max;
        self.kept = run.kept();
        self.count(COUNTER_WINDOWS, 1);
        self.count(COUNTER_MULTIPLICATIONS_DONE, run.kept());
        self.count(COUNTER_MULTIPLICATIONS_SKIPPED, run.products() - run.kept());
        Ok((run.outputs[0] as u32, Some(Box::new(run))))
    }

    /// Fetches words of a window, beat by beat, all of them whatever goes wrong; how many came.
    fn fetch_needed(
        &mut self,
        window: &Window,
        words: &mut [Option<i32>],
        needed: &[bool],
        read_word: impl Fn(u32) -> Option<u32>,
    ) -> Result<u32, Refused> {
        let (side, bytes) = (window.side, self.shape.operand_bytes());
        let (mut fetched, mut good) = (0, true);
        for place in 0..needed.len() {
            if !needed[place] || words[place].is_some() {
                continue;
            }
            let row = place / side;
            let first = (row as u32).wrapping_mul(window.pitch).wrapping_mul(bytes);
            let first = window.addr.wrapping_add(first);
            // Beats are counted from the one in which the row begins.
            let beat = |column: usize| (first % BEAT + column as u32 * bytes) / BEAT;
            self.count(COUNTER_MEMORY_BEATS, 1);
            for column in (0..side).filter(|&column| beat(column) == beat(place % side)) {
                let word = self.operand(first.wrapping_add(column as u32 * bytes), &read_word);
                good &= word.is_some();
                // One that cannot be read is not asked for again.
                words[row * side + column] = Some(word.unwrap_or(0));
                fetched += 1;
            }
        }
        self.count(COUNTER_MEMORY_WORDS, fetched);
        if good { Ok(fetched) } else { Err(Refused::Bus) }
    }

    fn count(&mut self, counter: u32, by: u32) {
        let counter = &mut self.counters[counter as usize];
        *counter = counter.wrapping_add(by);
    }

    fn configure(&mut self, word: u32, threshold: u32) -> Result<u32, Refused> {
        let config = Config::from_word(word, &self.shape).ok_or(Refused::Illegal)?;
        if config.mode == Mode::Approx && threshold == 0 {
            return Err(Refused::Illegal);
        }
        let before = std::mem::replace(&mut self.config, config);
        self.threshold = threshold.min((1 << THRESHOLD_W) - 1);
        Ok(before.to_word())
    }

    /// A half of conv.carry.
    fn score(&self, half: u32) -> Option<u32> {
        let score = half & ((1 << self.shape.score_bits()) - 1);
        (half & SMAX_VALID != 0).then_some(score)
    }

    fn read(&self, index: u32, fed: Option<u32>) -> u32 {
        match index {
            READ_OUTPUT..READ_CARRY => self.outputs[(index - READ_OUTPUT) as usize] as u32,
            READ_CARRY..READ_THRESHOLD => {
                self.carry[(index - READ_CARRY) as usize].map_or(0, |score| SMAX_VALID | score)
            }
            READ_THRESHOLD => self.threshold,
            READ_CONFIGURATION => self.config.to_word(),
            READ_KEPT => self.kept,
            READ_MAP => self.map,
            READ_PLANE => self.plane,
            // Cycles, of which the reference has none.
            READ_FIRST_CYCLES..=READ_LAST_COUNTER => fed.unwrap_or(0),
            READ_COUNTERS..READ_FIRST_CYCLES => self.counters[(index - READ_COUNTERS) as usize],
            READ_KERNEL => self.shape.kernel as u32,
            READ_LOG_FRAC => self.shape.log_frac,
            READ_MULTIPLIERS => self.shape.multipliers,
            READ_KERNELS => self.shape.kernels as u32,
            READ_OPERAND_W => self.shape.operand_w,
            READ_PLANES => self.shape.planes,
            READ_FLOAT => self.shape.float.into(),
            _ => 0,
        }
    }
}
