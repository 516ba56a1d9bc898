// SPDX-License-Identifier: MIT OR Apache-2.0
//! The floating-point unit alone: the driver that touches its pins, what each operation must come to
//! by SoftFloat, and operands among which the rare cases are frequent.

use std::collections::VecDeque;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use model::facts::float;
use model::float::{ROUNDING_MODES, compute, flag_names};
use model::isa::Op;
use rand::Rng;

use crate::hw::{self, Build, Fpu, HwError};

/// Operations that the unit treats alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Add,
    Multiply,
    Fused,
    Divide,
    Root,
    Convert,
    /// Without rounding: the result is there in EX.
    Early,
}

impl Class {
    pub const ALL: [Self; 7] = [
        Self::Add,
        Self::Multiply,
        Self::Fused,
        Self::Divide,
        Self::Root,
        Self::Convert,
        Self::Early,
    ];

    /// The instructions of a class.
    pub fn ops(self) -> impl Iterator<Item = Op> {
        OPS.iter().filter(move |row| row.1 == self).map(|row| row.0)
    }
}

/// The instructions, and what the unit calls them.
const OPS: [(Op, Class, u32); 24] = [
    (Op::FaddS, Class::Add, float::FPU_ADD),
    (Op::FsubS, Class::Add, float::FPU_SUB),
    (Op::FmulS, Class::Multiply, float::FPU_MUL),
    (Op::FmaddS, Class::Fused, float::FPU_MADD),
    (Op::FmsubS, Class::Fused, float::FPU_MSUB),
    (Op::FnmsubS, Class::Fused, float::FPU_NMSUB),
    (Op::FnmaddS, Class::Fused, float::FPU_NMADD),
    (Op::FdivS, Class::Divide, float::FPU_DIV),
    (Op::FsqrtS, Class::Root, float::FPU_SQRT),
    (Op::FcvtWS, Class::Convert, float::FPU_CVT_W_S),
    (Op::FcvtWuS, Class::Convert, float::FPU_CVT_WU_S),
    (Op::FcvtSW, Class::Convert, float::FPU_CVT_S_W),
    (Op::FcvtSWu, Class::Convert, float::FPU_CVT_S_WU),
    (Op::FsgnjS, Class::Early, float::FPU_SGNJ),
    (Op::FsgnjnS, Class::Early, float::FPU_SGNJN),
    (Op::FsgnjxS, Class::Early, float::FPU_SGNJX),
    (Op::FminS, Class::Early, float::FPU_MIN),
    (Op::FmaxS, Class::Early, float::FPU_MAX),
    (Op::FeqS, Class::Early, float::FPU_EQ),
    (Op::FltS, Class::Early, float::FPU_LT),
    (Op::FleS, Class::Early, float::FPU_LE),
    (Op::FclassS, Class::Early, float::FPU_CLASS),
    (Op::FmvXW, Class::Early, float::FPU_MV),
    (Op::FmvWX, Class::Early, float::FPU_MV),
];

/// What goes into the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// A float instruction other than a load or store.
    pub op: Op,
    /// The number of one of [`ROUNDING_MODES`].
    pub rounding: u8,
    /// The values of its sources; what it does not have does not matter.
    pub operands: [u32; 3],
}

/// `fadd.s rne 3f800000 34000000 00000000`.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, rounding, operands: [a, b, c] } = self;
        let mode = ROUNDING_MODES[usize::from(*rounding)];
        write!(f, "{} {mode} {a:08x} {b:08x} {c:08x}", op.name())
    }
}

/// A text that is no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no operation: write one such as \"fadd.s rne 3f800000 34000000 00000000\", a rounding mode (rne, rtz, rdn, rup, rmm) and three operands in hexadecimal"
)]
pub struct OperationError(String);

impl FromStr for Operation {
    type Err = OperationError;

    fn from_str(text: &str) -> Result<Self, OperationError> {
        let read = || {
            let words: Vec<&str> = text.split_whitespace().collect();
            let [op, mode, operands @ ..] = &*words else { return None };
            let op = OPS.iter().find(|row| row.0.name() == *op)?.0;
            let rounding = ROUNDING_MODES.iter().position(|it| it == mode)? as u8;
            let operands: Option<Vec<u32>> =
                operands.iter().map(|it| u32::from_str_radix(it, 16).ok()).collect();
            Some(Self { op, rounding, operands: operands?.try_into().ok()? })
        };
        read().ok_or_else(|| OperationError(text.to_owned()))
    }
}

impl Operation {
    fn row(&self) -> &'static (Op, Class, u32) {
        OPS.iter().find(|row| row.0 == self.op).expect("it is a float instruction that computes")
    }

    /// What it must come to.
    pub fn expected(&self) -> Outcome {
        let (result, flags) = compute(self.op, self.rounding, self.operands);
        let cycles = if self.iterates() { ITERATION } else { 1 };
        Outcome { result, flags: flags as u8, cycles }
    }

    /// Whether bits of its result are found one after the other: of division and square root unless an
    /// operand decides the result.
    fn iterates(&self) -> bool {
        let [a, b, _] = self.operands;
        let decides = |x: u32| x << 1 == 0 || x << 1 >= 0xff << 24;
        match self.row().1 {
            Class::Divide => !decides(a) && !decides(b),
            Class::Root => !decides(a) && a >> 31 == 0,
            _ => false,
        }
    }
}

/// Cycles in EX of a division or square root that iterates.
const ITERATION: u32 = 7;

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub result: u32,
    /// The flags that it raises, as fflags has them.
    pub flags: u8,
    /// Cycles in EX until it may leave it.
    pub cycles: u32,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { result, flags, cycles } = self;
        let raised = if *flags == 0 { "none".to_owned() } else { flag_names((*flags).into()) };
        write!(f, "{result:08x}, flags {raised}, {cycles} cycles in EX")
    }
}

/// How an operation goes through EX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Schedule {
    /// Cycles without an operation before it.
    pub pause: u32,
    /// Cycles in which it may leave EX and does not.
    pub wait: u32,
    /// The cycle in EX, from 0 on, in which it is flushed.
    pub flush: Option<u32>,
}

/// An operation in its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub operation: Operation,
    pub schedule: Schedule,
}

impl From<Operation> for Step {
    /// Right behind the one before it.
    fn from(operation: Operation) -> Self {
        Self { operation, schedule: Schedule::default() }
    }
}

/// `fdiv.s rne 3f800000 40400000 00000000 pause=2 flush=3`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Schedule { pause, wait, flush } = self.schedule;
        self.operation.fmt(f)?;
        for (name, cycles) in [("pause", pause), ("wait", wait)] {
            if cycles > 0 {
                write!(f, " {name}={cycles}")?;
            }
        }
        flush.map_or(Ok(()), |cycle| write!(f, " flush={cycle}"))
    }
}

impl FromStr for Step {
    type Err = OperationError;

    fn from_str(text: &str) -> Result<Self, OperationError> {
        let (operation, schedule): (Vec<&str>, Vec<&str>) =
            text.split_whitespace().partition(|word| !word.contains('='));
        let mut step = Self::from(operation.join(" ").parse::<Operation>()?);
        for word in schedule {
            let (name, cycles) = word.split_once('=').unwrap_or_default();
            let Ok(cycles) = cycles.parse() else { return Err(OperationError(text.to_owned())) };
            match name {
                "pause" => step.schedule.pause = cycles,
                "wait" => step.schedule.wait = cycles,
                "flush" => step.schedule.flush = Some(cycles),
                _ => return Err(OperationError(text.to_owned())),
            }
        }
        Ok(step)
    }
}

/// An operation that does not come to what it must.
#[derive(Debug, thiserror::Error)]
pub struct Mismatch {
    /// The last steps up to that operation, on which it may depend.
    pub steps: Vec<Step>,
    /// Its number among those of the run, from 0 on.
    pub number: u64,
    /// What the run was, its seed included.
    pub origin: String,
    /// Nothing if it is flushed.
    pub expected: Option<Outcome>,
    pub found: Result<Option<Outcome>, FpuError>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |outcome: &Option<Outcome>| {
            outcome.map_or("nothing: it is flushed".to_owned(), |it| it.to_string())
        };
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        let Operation { op, rounding, operands: [a, b, c] } =
            self.steps.last().expect("the operation itself").operation;
        writeln!(f, "operation {} of {} differs", self.number, self.origin)?;
        writeln!(f, "  {}, {}", op.name(), ROUNDING_MODES[usize::from(rounding)])?;
        writeln!(f, "  operands  {a:08x} {b:08x} {c:08x}")?;
        writeln!(f, "  expected  {}", said(&self.expected))?;
        match &self.found {
            Ok(found) => writeln!(f, "  got       {}", said(found))?,
            Err(error) => writeln!(f, "  got       {error}")?,
        }
        write!(f, "again, with a waveform: {REPLAY}={:?} {REPLAY_COMMAND}", steps.join("; "))
    }
}

/// The variable of the environment that holds the steps of a replay, with semicolons between.
pub const REPLAY: &str = "CONVAPPROX_FPU";

const REPLAY_COMMAND: &str = "cargo test --release --test fpu replay -- --nocapture";

/// Steps that a mismatch tells.
const TOLD: usize = 3;

/// Why an operation has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FpuError {
    #[error("the unit is not done after {0} cycles")]
    Hang(u32),
    #[error(transparent)]
    Model(#[from] verilated::Error),
    #[error(transparent)]
    Hw(#[from] HwError),
}

/// No operation takes this long.
const HANG_CYCLES: u32 = 40;

/// A verilated floating-point unit: operations in, outcomes out.
#[derive(Debug)]
pub struct FpuDriver {
    model: Fpu,
}

impl FpuDriver {
    /// A unit out of reset; registers start with the values of a seed.
    pub fn open(build: Build, x_seed: u64) -> Result<Self, FpuError> {
        let mut driver = Self { model: hw::fpu(build, x_seed)? };
        driver.model.tick()?;
        driver.model.set_rst_ni(1);
        Ok(driver)
    }

    /// Writes a waveform from now on; a traced build only.
    pub fn open_trace(&mut self, path: &Path) -> Result<(), FpuError> {
        Ok(self.model.open_trace(path)?)
    }

    pub fn close_trace(&mut self) -> Result<(), FpuError> {
        Ok(self.model.close_trace()?)
    }

    /// Sends an operation right behind the one before, and returns what it comes to.
    #[inline]
    pub fn run(&mut self, operation: &Operation) -> Result<Outcome, FpuError> {
        let &(_, class, _) = operation.row();
        self.present(operation);
        match class {
            Class::Early | Class::Divide | Class::Root => self.leave(class, 0),
            _ => {
                // It is done at once, or the unit complains.
                self.model.set_taken_i(1);
                self.model.tick()?;
                self.model.set_taken_i(0);
                Ok(self.outcome(1))
            }
        }
    }

    /// Sends an operation in its own time; there is no outcome if it is flushed.
    pub fn run_on(&mut self, step: &Step) -> Result<Option<Outcome>, FpuError> {
        let Step { operation, schedule: Schedule { pause, wait, flush } } = step;
        self.model.set_valid_i(0);
        self.idle(*pause)?;
        self.present(operation);
        let Some(cycle) = *flush else {
            return self.leave(operation.row().1, *wait).map(Some);
        };
        self.idle(cycle)?;
        self.model.set_flush_i(1);
        self.idle(1)?;
        self.model.set_flush_i(0);
        Ok(None)
    }

    /// Runs steps in order and compares each with what it must come to; how many there were.
    ///
    /// # Errors
    /// The first that differs; `origin` tells where the steps come from.
    pub fn check(
        &mut self,
        steps: impl IntoIterator<Item = Step>,
        origin: &str,
    ) -> Result<u64, Box<Mismatch>> {
        let (mut number, mut before) = (0, VecDeque::with_capacity(TOLD));
        for step in steps {
            let operation = &step.operation;
            let found = match step.schedule == Schedule::default() {
                true => self.run(operation).map(Some),
                false => self.run_on(&step),
            };
            let flushed = step.schedule.flush.is_some();
            let expected = (!flushed).then(|| operation.expected());
            if before.len() == TOLD {
                before.pop_front();
            }
            before.push_back(step);
            if !found.as_ref().is_ok_and(|found| *found == expected) {
                let (steps, origin) = (before.into(), origin.to_owned());
                return Err(Box::new(Mismatch { steps, number, origin, expected, found }));
            }
            number += 1;
        }
        Ok(number)
    }

    #[inline]
    fn idle(&mut self, cycles: u32) -> Result<(), FpuError> {
        (0..cycles).try_for_each(|_| Ok(self.model.tick()?))
    }

    fn present(&mut self, operation: &Operation) {
        let [a, b, c] = operation.operands;
        self.model.set_valid_i(1);
        self.model.set_op_i(operation.row().2 as u8);
        self.model.set_rm_i(operation.rounding);
        self.model.set_a_i(a);
        self.model.set_b_i(b);
        self.model.set_c_i(c);
    }

    /// Has the operation in EX leave it as soon as it may, and so many cycles more.
    fn leave(&mut self, class: Class, wait: u32) -> Result<Outcome, FpuError> {
        self.model.eval()?;
        let mut cycles = 1;
        while self.model.done_o() == 0 {
            if cycles == HANG_CYCLES {
                return Err(FpuError::Hang(cycles));
            }
            self.idle(1)?;
            cycles += 1;
        }
        self.idle(wait)?;
        let early = (self.model.early_result_o(), self.model.early_flags_o());
        self.model.set_taken_i(1);
        self.model.tick()?;
        self.model.set_taken_i(0);
        if class == Class::Early {
            return Ok(Outcome { result: early.0, flags: early.1, cycles });
        }
        Ok(self.outcome(cycles))
    }

    /// What the last late operation came to.
    fn outcome(&self, cycles: u32) -> Outcome {
        Outcome { result: self.model.result_o(), flags: self.model.flags_o(), cycles }
    }
}

/// Values at the ends of ranges, of each sign: zero, subnormal and normal numbers, one and its
/// neighbours, infinity, quiet and signalling NaNs, and numbers around the limits of integers.
#[rustfmt::skip]
pub const CORNERS: [u32; 40] = [
    0x0000_0000, 0x0000_0001, 0x0000_0002, 0x0000_0003, 0x0040_0000, 0x007f_fffe, 0x007f_ffff,
    0x0080_0000, 0x0080_0001, 0x00ff_ffff, 0x0100_0000, 0x7f00_0000, 0x7f7f_fffe, 0x7f7f_ffff,
    0x7f80_0000, 0x7f80_0001, 0x7fbf_ffff, 0x7fc0_0000, 0x7fff_ffff,
    // One, halves and what is halfway, 24 bits of ones.
    0x3f7f_ffff, 0x3f80_0000, 0x3f80_0001, 0x3eff_ffff, 0x3f00_0000, 0x3f00_0001, 0x3fc0_0000,
    0x4020_0000, 0x4b7f_ffff, 0x4b00_0001,
    // Around 2^-24, 2^24, 2^31 and 2^32.
    0x3380_0000, 0x337f_ffff, 0x4b80_0000, 0x4eff_ffff, 0x4f00_0000, 0x4f00_0001, 0x4f7f_ffff,
    0x4f80_0000, 0x4f80_0001, 0x4040_0000, 0x1a00_0000,
];

/// A significand among which those with few bits, long rows of bits, and ties are frequent.
fn fraction(random: &mut impl Rng) -> u32 {
    let bits: u32 = random.random();
    let (kind, position) = (bits >> 29, bits >> 24 & 31);
    let low = (1_u32 << (position % 24)) - 1;
    let fraction = match kind {
        0 => 0,
        1 => 1 << (position % 23),
        2 => low,
        3 => !low,
        // Few bits at the top: products and quotients that are exact, or halfway.
        4 => bits & !low,
        5 => bits & low,
        _ => bits,
    };
    fraction & 0x007f_ffff
}

/// A float of an exponent; beyond the ends are zeros and subnormal numbers, infinities and NaNs.
fn float(exponent: i32, random: &mut impl Rng) -> u32 {
    let sign = random.random::<u32>() & 1 << 31;
    sign | (exponent.clamp(0, 255) as u32) << 23 | fraction(random)
}

/// A float of any kind, with the ends of ranges frequent.
fn any(random: &mut impl Rng) -> u32 {
    let bits: u32 = random.random();
    match bits >> 28 {
        0 => CORNERS[bits as usize % CORNERS.len()] ^ (bits << 8 & 1 << 31),
        1 => float((bits >> 8 & 3) as i32 - 1, random),
        2 => float(252 + (bits >> 8 & 3) as i32, random),
        _ => float((bits & 255) as i32, random),
    }
}

/// An integer of any length, at times next to a power of two or to a tie.
fn integer(random: &mut impl Rng) -> u32 {
    let bits: u32 = random.random();
    let kind: u32 = random.random();
    let cut = kind >> 3 & 31;
    match kind & 7 {
        0 => (1 << cut) - (kind >> 8 & 1),
        1 => (1_u32 << cut).wrapping_add(kind >> 8 & 3).wrapping_neg(),
        2 => bits >> cut,
        3 => (bits >> cut).wrapping_neg(),
        // 24 bits and a few behind them.
        4 | 5 => (bits >> 7 | 1 << 24) << (cut % 8) | (bits & 0x7f) >> (7 - cut % 8),
        _ => bits,
    }
}

impl Operation {
    /// An operation of a class, with operands that are likely to meet its rare cases.
    pub fn random(class: Class, random: &mut impl Rng) -> Self {
        let ops: u32 = random.random();
        let of_class = || class.ops();
        let op = of_class().nth(ops as usize % of_class().count()).expect("no class is empty");
        let rounding = (ops >> 8) as u8 % ROUNDING_MODES.len() as u8;
        Self { op, rounding, operands: Self::random_operands(op, class, random) }
    }

    fn random_operands(op: Op, class: Class, random: &mut impl Rng) -> [u32; 3] {
        let kind: u32 = random.random();
        if matches!(op, Op::FcvtSW | Op::FcvtSWu) {
            return [integer(random), 0, 0];
        }
        let [a, mut b, mut c] = std::array::from_fn(|_| any(random));
        let exponent = |x: u32| (x >> 23 & 255) as i32;
        // Mostly a distance that matters.
        let near = (kind >> 8 & 63) as i32 - 32;
        let close = (kind >> 14 & 3) as i32 - 1;
        let shift = if kind & 1 == 0 { near } else { close };
        match class {
            Class::Add if kind & 6 != 0 => b = float(exponent(a) + shift, random),
            Class::Multiply if kind & 6 != 0 => {
                // Products at both ends of the range, or around 1.
                let target = [-30, 127, 255][(kind >> 3) as usize % 3] + near;
                b = float(target + 127 - exponent(a), random);
            }
            Class::Fused if kind & 6 != 0 => {
                if kind & 0x18 == 0 {
                    let target = [-30, 127, 255][(kind >> 5) as usize % 3] + near;
                    b = float(target + 127 - exponent(a), random);
                }
                c = float(exponent(a) + exponent(b) - 127 + shift, random);
                if kind & 0x30 == 0 {
                    // The product, rounded: all but its last bits cancel.
                    c = (f32::from_bits(a) * f32::from_bits(b)).to_bits() ^ (kind & 1 << 31);
                    c = c.wrapping_add(kind >> 24 & 3).wrapping_sub(1);
                }
            }
            Class::Divide if kind & 6 != 0 => {
                let target = [-30, 127, 255][(kind >> 3) as usize % 3] + near;
                b = float(exponent(a) - target + 127, random);
            }
            // A quotient with few bits, and its neighbours.
            Class::Divide if kind & 8 != 0 => {
                c = (f32::from_bits(a) * f32::from_bits(b)).to_bits();
                return [c.wrapping_add(kind >> 24 & 3).wrapping_sub(1), b, 0];
            }
            Class::Root if kind & 6 == 0 => {
                c = (f32::from_bits(a) * f32::from_bits(a)).to_bits();
                return [c.wrapping_add(kind >> 24 & 3).wrapping_sub(1), 0, 0];
            }
            Class::Root if kind & 8 != 0 => return [a & !(1 << 31), 0, 0],
            Class::Convert if kind & 6 != 0 => {
                // From far below 1 to beyond the limits.
                return [float(120 + (kind >> 8) as i32 % 44, random), 0, 0];
            }
            Class::Early if kind & 6 == 0 => b = a ^ (kind & 1 << 31),
            Class::Early if kind & 6 == 2 => b = a.wrapping_add(kind >> 24 & 3).wrapping_sub(1),
            _ => {}
        }
        [a, b, c]
    }
}
