// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes a random program from a seed.
//!
//! What a block does to the registers is kept in mind, so that stores hit the data area and nothing
//! else; all jumps go forward, but those of loops that count down a register of their own. So every
//! program ends, with whatever memory and whenever interrupts come.

mod compute;
mod control;
mod conv;
mod float;
mod traps;
mod writer;

use model::facts::soc::{RAM_BASE, RAM_BYTES};
use model::hart::HartConfig;
use model::isa::{Class, Op};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::program::{Block, Image, Item, RandomProgram, Reserved, Stimulus, assemble};
pub(super) use float::float_corner;
pub(super) use writer::corner;
use writer::{Writer, any, choose};

/// First address behind the RAM.
const RAM_END: u32 = RAM_BASE + RAM_BYTES;

// What is chosen from: the instructions of the table, in its order.
const BRANCHES: &[Op] = Op::range(Op::Beq, Op::Bgeu);
const LOADS: &[Op] = Op::range(Op::Lb, Op::Lhu);
const STORES: &[Op] = Op::range(Op::Sb, Op::Sw);
const IMMEDIATE_OPS: &[Op] = Op::range(Op::Addi, Op::Srai);
const REGISTER_OPS: &[Op] = Op::range(Op::Add, Op::Remu);
const ARITHMETIC: &[Op] = Op::range(Op::Add, Op::And);
const MULDIV: &[Op] = Op::range(Op::Mul, Op::Remu);
const CSR_OPS: &[Op] = Op::range(Op::Csrrw, Op::Csrrci);
const CSR_REGISTER_OPS: &[Op] = Op::range(Op::Csrrw, Op::Csrrc);
/// Those of the unit; behind conv.clear the ones that need no setting up.
const CONV_OPS: &[Op] = Op::all_of(Class::Conv);

/// How deep branches and loops are in one another.
const DEPTH: usize = 2;

/// The seed of program `index` of a run with a seed: programs are independent of how many there are
/// and of who runs them.
pub fn program_seed(seed: u64, index: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng.random()
}

/// The program of a seed for a system with this core and unit, with its interrupts and waiting times,
/// and what it is in memory; the same on every machine.
pub fn generate(seed: u64, system: &HartConfig) -> (Stimulus, Image) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (program, image) = loop {
        let program = program(&mut rng, system);
        // Very few have a branch that does not reach.
        if let Ok(image) = assemble(&program) {
            break (program, image);
        }
    };
    let items = program.items().count() as u64;
    let pulses = choose(&mut rng, &[0, 0, 1, 4, 16]);
    let last = items * choose(&mut rng, &[2, 8, 32]);
    let mut interrupts: Vec<_> = (0..pulses).map(|_| rng.random_range(1..=last)).collect();
    interrupts.sort_unstable();
    interrupts.dedup();
    let wait_states = choose(&mut rng, &[0, 0, 0, 0, 1, 2, 3, 5]);
    let stall_seed = if rng.random_ratio(1, 2) { rng.random() } else { 0 };
    (Stimulus { seed, program, interrupts, stall_seed, wait_states }, image)
}

fn program(rng: &mut ChaCha8Rng, system: &HartConfig) -> RandomProgram {
    let (profile, reserved) = (Profile::random(rng, system.float), reserve(rng));
    let mut free: Vec<_> = (1..32).filter(|it| !reserved.all().contains(it)).collect();
    free.shuffle(rng);
    let mut writer = Writer::new(rng, profile, reserved, system);
    let count = writer.rng.random_range(1..4);
    let functions: Vec<_> =
        (0..count).map(|_| writer.block("function", Writer::function)).collect();
    let first_label = |block: &Block| match block.items[0] {
        Item::Label(label) => label,
        _ => unreachable!("a function begins with its label"),
    };
    writer.functions = functions.iter().map(first_label).collect();

    let mut body = vec![writer.block("registers", Writer::registers)];
    if system.float {
        body.push(writer.block("float registers", Writer::float_registers));
    }
    for _ in 0..writer.choose(&[4, 8, 12, 16, 24]) {
        body.push(writer.block("mix", |it| {
            let count = it.rng.random_range(4..40);
            it.elements(count, 0);
        }));
    }
    let count = rng.random_range(0..12);
    let most = choose(rng, &[8, 64, 512]);
    RandomProgram {
        reserved,
        scratch: [free[0], free[1]],
        vectored: rng.random(),
        short_handler: rng.random(),
        float: system.float,
        data_seed: Some(rng.random()),
        timer_intervals: (0..count).map(|_| rng.random_range(1..=most)).collect(),
        body,
        functions,
    }
}

/// Other registers in every program, and never the stack pointer, which 16-bit loads and stores
/// need. Calls mostly leave their return address where the 16-bit form does.
fn reserve(rng: &mut ChaCha8Rng) -> Reserved {
    let mut free: Vec<u8> = (3..32).collect();
    free.shuffle(rng);
    let link = if rng.random_ratio(2, 3) { 1 } else { free[0] };
    Reserved { link, save: free[1], resume: free[2], counters: [free[3], free[4]] }
}

impl Writer<'_> {
    /// Gives every register a value and lets interrupts come.
    fn registers(&mut self) {
        if self.chance(75) {
            self.enable_all();
        }
        let save = self.reserved.save;
        for register in (1..32).filter(|&it| it != save) {
            let value = any(self.rng);
            self.constant(register, value);
        }
    }

    fn function(&mut self) {
        // The outer counter is the caller's.
        self.loops = 1;
        let begin = self.label();
        self.place(begin);
        let count = self.rng.random_range(0..12);
        self.elements(count, 1);
        self.return_from_function();
    }

    /// Some elements of the program's taste, `depth` deep in branches and loops.
    fn elements(&mut self, count: usize, depth: usize) {
        for _ in 0..count {
            let element = self.profile.element(self.rng);
            element(self, depth);
        }
    }

    /// An element with others inside; a jump where that is too deep.
    fn nest(&mut self, depth: usize, element: impl FnOnce(&mut Self, usize)) {
        if depth < DEPTH { element(self, depth) } else { self.jalr() }
    }

    /// An instruction or two that hardly jump, never trap on purpose, and stop nowhere.
    fn simple(&mut self) {
        if self.float && self.chance(30) {
            return self.float_simple();
        }
        match self.rng.random_range(0..14) {
            0 | 1 => self.muldiv(),
            2 => self.load(),
            3 => self.store(),
            4 | 5 => self.register_op(),
            6 => self.upper(),
            7 => self.csr_simple(),
            8 => self.conv_simple(),
            9 => self.jump_to_next(),
            10 => self.fence(),
            _ => self.immediate_op(),
        }
    }
}

/// Writes an element of a block, so deep in branches and loops.
type Element = fn(&mut Writer<'_>, usize);

/// What blocks are made of, and how often each is on average, relative to each other.
const ELEMENTS: &[(u32, Element)] = &[
    (140, |it, _| it.register_op()),
    (120, |it, _| it.immediate_op()),
    (20, |it, _| it.upper()),
    (60, |it, _| it.muldiv()),
    (120, |it, _| it.load()),
    (100, |it, _| it.store()),
    (120, |it, _| it.short_form()),
    (6, |it, _| it.hint()),
    (5, |it, _| it.fence()),
    (90, |it, depth| it.nest(depth, Writer::skip)),
    (15, |it, depth| it.nest(depth, Writer::two_ways)),
    (15, |it, _| it.jalr()),
    (90, |it, _| it.hazard()),
    (10, |it, _| it.jump_table()),
    (12, |it, _| it.link_use()),
    (8, |it, depth| it.nest(depth, Writer::repeat)),
    (14, |it, _| it.call()),
    (4, |it, depth| it.nest(depth, Writer::maze)),
    // Nothing that branches over it would reach.
    (3, |it, depth| if depth == 0 { it.far() } else { it.jalr() }),
    (40, |it, _| it.csr()),
    (40, |it, _| it.conv()),
    (14, |it, _| it.exception()),
    (14, |it, _| it.interrupt()),
    (2, |it, _| it.wait()),
    (6, |it, _| it.patch()),
    (3, |it, _| it.machine_return()),
    (1, |it, _| it.double_trap()),
];

/// The taste of one program: one that is all branches and traps finds other bugs than one that is all
/// loads.
#[derive(Debug)]
struct Profile {
    /// Of [`ELEMENTS`], and behind them of [`float::ELEMENTS`].
    weights: Vec<u32>,
    /// How often an instruction that has a 16-bit form gets it.
    short_percent: u32,
}

impl Profile {
    /// Takes each weight a quarter to four times, or not at all.
    fn random(rng: &mut ChaCha8Rng, float: bool) -> Self {
        let count = ELEMENTS.len() + if float { float::ELEMENTS.len() } else { 0 };
        let weights = Self::elements()
            .take(count)
            .map(|(weight, _)| weight * choose(rng, &[0, 1, 2, 4, 4, 8, 16]))
            .collect();
        Self { weights, short_percent: choose(rng, &[0, 30, 60, 80, 100]) }
    }

    fn elements() -> impl Iterator<Item = &'static (u32, Element)> {
        ELEMENTS.iter().chain(float::ELEMENTS)
    }

    /// The next element.
    fn element(&self, rng: &mut ChaCha8Rng) -> Element {
        let total: u32 = self.weights.iter().sum();
        let mut point = rng.random_range(0..total.max(1));
        for (&weight, &(_, element)) in self.weights.iter().zip(Self::elements()) {
            if point < weight {
                return element;
            }
            point -= weight;
        }
        ELEMENTS[0].1
    }
}
