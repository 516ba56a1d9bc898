// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes a random program from a seed.
//!
//! What a block does to the registers is kept in mind, so that stores hit the data area and nothing
//! else; all jumps go forward, but those of loops that count down a register of their own. So every
//! program ends, with whatever memory and whenever interrupts come.

mod compute;
mod control;
mod conv;
mod traps;
mod writer;

use model::facts::soc::{RAM_BASE, RAM_BYTES};
use model::hart::UnitShape;
use model::isa::{Class, Op};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::program::{Block, Image, Item, Label, RandomProgram, Reserved, Stimulus, assemble};
use conv::ConvState;
pub(super) use writer::corner;
use writer::{State, Writer, any};

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

/// The program of a seed for a system with this unit, with its interrupts and waiting times, and
/// what it is in memory; the same on every machine.
pub fn generate(seed: u64, unit: &UnitShape) -> (Stimulus, Image) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (program, image) = loop {
        let program = program(&mut rng, unit);
        // Very few have a branch that does not reach.
        if let Ok(image) = assemble(&program) {
            break (program, image);
        }
    };
    let items = program.items().count() as u64;
    let pulses = *[0, 0, 1, 4, 16].choose(&mut rng).expect("it is not empty");
    let last = items * *[2, 8, 32].choose(&mut rng).expect("it is not empty");
    let mut interrupts: Vec<_> = (0..pulses).map(|_| rng.random_range(1..=last)).collect();
    interrupts.sort_unstable();
    interrupts.dedup();
    let wait_states = *[0, 0, 0, 0, 1, 2, 3, 5].choose(&mut rng).expect("it is not empty");
    let stall_seed = if rng.random_ratio(1, 2) { rng.random() } else { 0 };
    (Stimulus { seed, program, interrupts, stall_seed, wait_states }, image)
}

fn program(rng: &mut ChaCha8Rng, unit: &UnitShape) -> RandomProgram {
    let profile = Profile::random(rng);
    let reserved = reserve(rng);
    let scratch = {
        let mut free: Vec<_> = (1..32).filter(|it| !reserved.all().contains(it)).collect();
        free.shuffle(rng);
        [free[0], free[1]]
    };
    let conv = ConvState::new(unit);
    let mut state = State { conv, next_label: 0, functions: Vec::new() };
    let count = rng.random_range(1..4);
    let functions: Vec<_> =
        (0..count).map(|_| function(rng, &profile, reserved, &mut state)).collect();
    state.functions = functions.iter().filter_map(first_label).collect();

    let mut body = vec![registers(rng, &profile, reserved, &mut state)];
    let blocks = *[4, 8, 12, 16, 24].choose(rng).expect("it is not empty");
    for _ in 0..blocks {
        let mut writer = Writer::new(rng, &profile, reserved, &mut state);
        let count = writer.rng.random_range(4..40);
        writer.elements(count, 0);
        body.push(Block { name: "mix".to_owned(), items: writer.items });
    }
    let count = rng.random_range(0..12);
    let most = *[8, 64, 512].choose(rng).expect("it is not empty");
    RandomProgram {
        reserved,
        scratch,
        vectored: rng.random(),
        short_handler: rng.random(),
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

/// Gives every register a value and lets interrupts come.
fn registers(
    rng: &mut ChaCha8Rng,
    profile: &Profile,
    reserved: Reserved,
    state: &mut State,
) -> Block {
    let mut writer = Writer::new(rng, profile, reserved, state);
    if writer.chance(75) {
        writer.enable_all();
    }
    for register in 1..32 {
        if register != reserved.save {
            let value = any(writer.rng);
            writer.constant(register, value);
        }
    }
    Block { name: "registers".to_owned(), items: writer.items }
}

fn function(
    rng: &mut ChaCha8Rng,
    profile: &Profile,
    reserved: Reserved,
    state: &mut State,
) -> Block {
    let mut writer = Writer::new(rng, profile, reserved, state);
    // The outer counter is the caller's.
    writer.loops = 1;
    let begin = writer.label();
    writer.place(begin);
    let count = writer.rng.random_range(0..12);
    writer.elements(count, 1);
    writer.return_from_function();
    Block { name: "function".to_owned(), items: writer.items }
}

fn first_label(block: &Block) -> Option<Label> {
    match block.items.first() {
        Some(&Item::Label(label)) => Some(label),
        _ => None,
    }
}

impl Writer<'_> {
    /// Some elements of the program's taste, `depth` deep in branches and loops.
    fn elements(&mut self, count: usize, depth: usize) {
        for _ in 0..count {
            let element = self.profile.element(self.rng);
            self.element(element, depth);
        }
    }

    /// An instruction or two that hardly jump, never trap on purpose, and stop nowhere.
    fn simple(&mut self) {
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

    fn element(&mut self, element: Element, depth: usize) {
        match element {
            Element::Register => self.register_op(),
            Element::Immediate => self.immediate_op(),
            Element::Upper => self.upper(),
            Element::MulDiv => self.muldiv(),
            Element::Load => self.load(),
            Element::Store => self.store(),
            Element::ShortForm => self.short_form(),
            Element::Hint => self.hint(),
            Element::Fence => self.fence(),
            Element::Csr => self.csr(),
            Element::Conv => self.conv(),
            Element::Exception => self.exception(),
            Element::Interrupt => self.interrupt(),
            Element::Jalr => self.jalr(),
            Element::JumpTable => self.jump_table(),
            Element::Call => self.call(),
            Element::Wait => self.wait(),
            Element::Patch => self.patch(),
            Element::Hazard => self.hazard(),
            Element::LinkUse => self.link_use(),
            Element::Return => self.machine_return(),
            Element::DoubleTrap => self.double_trap(),
            Element::Skip if depth < DEPTH => self.skip(depth),
            Element::Else if depth < DEPTH => self.two_ways(depth),
            Element::Loop if depth < DEPTH => self.repeat(depth),
            Element::Maze if depth < DEPTH => self.maze(depth),
            // Nothing that branches over it would reach.
            Element::Far if depth == 0 => self.far(),
            Element::Far | Element::Skip | Element::Else | Element::Loop | Element::Maze => {
                self.jalr()
            }
        }
    }
}

/// What a block is made of. Each program has its own taste: one that is all branches and traps finds
/// other bugs than one that is all loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Register,
    Immediate,
    Upper,
    MulDiv,
    Load,
    Store,
    ShortForm,
    Hint,
    Fence,
    Skip,
    Else,
    Jalr,
    JumpTable,
    LinkUse,
    Hazard,
    Loop,
    Call,
    Maze,
    Far,
    Csr,
    Conv,
    Exception,
    Interrupt,
    Wait,
    Patch,
    Return,
    DoubleTrap,
}

/// Elements and how often they are on average, relative to each other.
const WEIGHTS: &[(Element, u32)] = &[
    (Element::Register, 140),
    (Element::Immediate, 120),
    (Element::Upper, 20),
    (Element::MulDiv, 60),
    (Element::Load, 120),
    (Element::Store, 100),
    (Element::ShortForm, 120),
    (Element::Hint, 6),
    (Element::Fence, 5),
    (Element::Skip, 90),
    (Element::Else, 15),
    (Element::Jalr, 15),
    (Element::Hazard, 90),
    (Element::JumpTable, 10),
    (Element::LinkUse, 12),
    (Element::Loop, 8),
    (Element::Call, 14),
    (Element::Maze, 4),
    (Element::Far, 3),
    (Element::Csr, 40),
    (Element::Conv, 40),
    (Element::Exception, 14),
    (Element::Interrupt, 14),
    (Element::Wait, 2),
    (Element::Patch, 6),
    (Element::Return, 3),
    (Element::DoubleTrap, 1),
];

/// The taste of one program.
#[derive(Debug)]
struct Profile {
    weights: Vec<(Element, u32)>,
    /// How often an instruction that has a 16-bit form gets it.
    short_percent: u32,
}

impl Profile {
    /// Takes each weight a quarter to four times, or not at all.
    fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut taste = |&(element, weight): &(Element, u32)| {
            let factor = [0, 1, 2, 4, 4, 8, 16].choose(rng).expect("it is not empty");
            (element, weight * factor)
        };
        let weights = WEIGHTS.iter().map(&mut taste).collect();
        let short_percent = *[0, 30, 60, 80, 100].choose(rng).expect("it is not empty");
        Self { weights, short_percent }
    }

    /// The next element.
    fn element(&self, rng: &mut ChaCha8Rng) -> Element {
        let total: u32 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut point = rng.random_range(0..total.max(1));
        for &(element, weight) in &self.weights {
            if point < weight {
                return element;
            }
            point -= weight;
        }
        Element::Register
    }
}
