// SPDX-License-Identifier: MIT OR Apache-2.0
//! The custom instructions: the state of the approximate convolution unit, and what each does to it.
//!
//! `docs/isa.md` is what this follows. The arithmetic is the golden model's.

use crate::conv::{Kernel, Mode, Semantics, SmaxScope, Threshold, dot};
use crate::facts::conv::{
    CONFIG_END, LOAD_SLOT, READ_CARRY, READ_CONFIGURATION, READ_COUNTERS, READ_FIRST_CYCLES,
    READ_KEPT, READ_KERNEL, READ_KERNELS, READ_LAST_COUNTER, READ_LOG_FRAC, READ_MULTIPLIERS,
    READ_OPERAND_W, READ_OUTPUT, READ_THRESHOLD, SCOPE_SHIFT, SIDE_SHIFT, SLOT_SHIFT, SMAX_VALID,
    TILE_SHIFT, mode_bits, mode_of,
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
}

impl Default for UnitShape {
    fn default() -> Self {
        Self { kernel: 5, log_frac: 0, multipliers: 100, kernels: 16, operand_w: 32 }
    }
}

impl UnitShape {
    /// Bytes of an operand.
    pub const fn operand_bytes(&self) -> u32 {
        self.operand_w / 8
    }

    /// Bits of a score.
    pub const fn score_bits(&self) -> u32 {
        self.operand_w.ilog2() + 1 + self.log_frac
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
    /// The window, row by row: `side` rows and columns, or one more with four outputs.
    pub words: Vec<i32>,
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
}

impl Default for Config {
    fn default() -> Self {
        let (mode, scope) = (Mode::Exact, SmaxScope::Window);
        Self { mode, scope, two_by_two: false, side: 0, slot: 0 }
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
        let exists =
            side <= shape.kernel && usize::from(slot) < shape.kernels && word >> CONFIG_END == 0;
        exists.then_some(Self { mode, scope, two_by_two, side, slot })
    }

    fn to_word(self) -> u32 {
        mode_bits(self.mode as u32)
            | (self.scope as u32) << SCOPE_SHIFT
            | u32::from(self.two_by_two) << TILE_SHIFT
            | (self.side as u32) << SIDE_SHIFT
            | u32::from(self.slot) << SLOT_SHIFT
    }
}

const COUNTERS: usize = (READ_FIRST_CYCLES - READ_COUNTERS) as usize;

/// The window of the last fetch, row by row.
#[derive(Debug, Clone)]
struct Window {
    side: usize,
    words: Vec<i32>,
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
            Op::ConvAgain => self.again(rs1),
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
        let words = self.fetch(addr, side, pitch, read_word)?;
        self.window = Some(Window { side, words });
        Ok(self.convolve(slot, semantics))
    }

    fn again(&mut self, rs1: u32) -> Result<(u32, Option<Box<Run>>), Refused> {
        let slot = rs1 as u8;
        let semantics = self.semantics()?;
        let side = self.window_side(slot)?;
        match &self.window {
            Some(window) if side <= window.side => Ok(self.convolve(slot, semantics)),
            _ => Err(Refused::Illegal),
        }
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
        Ok(Semantics { mode, log_frac: self.shape.log_frac, threshold, scope })
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
        let (bits, bytes, side) = (self.shape.operand_w, self.shape.operand_bytes(), side as u32);
        if !addr.is_multiple_of(bytes) {
            return Err(Refused::Misaligned);
        }
        self.window = None;
        let row = |row: u32| addr.wrapping_add(row.wrapping_mul(pitch).wrapping_mul(bytes));
        self.count(COUNTER_MEMORY_WORDS, side * side);
        let beats = (0..side).map(|it| (row(it) % 4 + side * bytes).div_ceil(4));
        self.count(COUNTER_MEMORY_BEATS, beats.sum());
        let operand = |index: u32| {
            let addr = row(index / side).wrapping_add(index % side * bytes);
            let (word, above) = (read_word(addr & !3)?, u32::BITS - bits - addr % 4 * 8);
            // Shifted to the top, and back with its sign.
            Some((word << above).cast_signed() >> (u32::BITS - bits))
        };
        (0..side * side).map(operand).collect::<Option<_>>().ok_or(Refused::Bus)
    }

    /// Convolves the window that is held with the kernel of a slot that has one.
    fn convolve(&mut self, slot: u8, semantics: Semantics) -> (u32, Option<Box<Run>>) {
        let kernel = self.slots[usize::from(slot)].as_ref().expect("a kernel in the slot");
        let window = self.window.as_ref().expect("a window is held");
        let (side, extra) = (kernel.side(), usize::from(self.config.two_by_two));
        let rows = |x, y, side| {
            let first = move |row: usize| (y + row) * window.side + x;
            (0..side).flat_map(move |row| &window.words[first(row)..first(row) + side]).copied()
        };
        let mut run = Run {
            slot,
            side,
            tile: (1 + extra) * (1 + extra),
            semantics,
            carry: self.carry,
            weights: kernel.weights().to_vec(),
            words: rows(0, 0, side + extra).collect(),
            outputs: [0; 4],
            s_max: [None; 4],
            keep: [0; 4],
        };
        for output in 0..run.tile {
            let inputs: Vec<i32> = rows(output % 2, output / 2, side).collect();
            let dot = dot(kernel.weights(), &inputs, &semantics, self.carry[output]);
            run.outputs[output] = dot.output;
            run.s_max[output] = dot.s_max;
            for row in 0..side {
                let kept = dot.kept >> (row * side) & ((1 << side) - 1);
                run.keep[output] |= kept << (row * self.shape.kernel);
            }
        }

        self.outputs = run.outputs;
        self.carry = run.s_max;
        self.kept = run.kept();
        self.count(COUNTER_WINDOWS, 1);
        self.count(COUNTER_MULTIPLICATIONS_DONE, run.kept());
        self.count(COUNTER_MULTIPLICATIONS_SKIPPED, run.products() - run.kept());
        (run.outputs[0] as u32, Some(Box::new(run)))
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
            // Cycles, of which the reference has none.
            READ_FIRST_CYCLES..=READ_LAST_COUNTER => fed.unwrap_or(0),
            READ_COUNTERS..READ_FIRST_CYCLES => self.counters[(index - READ_COUNTERS) as usize],
            READ_KERNEL => self.shape.kernel as u32,
            READ_LOG_FRAC => self.shape.log_frac,
            READ_MULTIPLIERS => self.shape.multipliers,
            READ_KERNELS => self.shape.kernels as u32,
            READ_OPERAND_W => self.shape.operand_w,
            _ => 0,
        }
    }
}
