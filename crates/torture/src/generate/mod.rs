//! Makes a random program from a seed.
//!
//! What a block does to the registers is kept in mind, so that stores hit the data area and nothing
//! else; all jumps go forward, but those of loops that count down a register of their own. So every
//! program ends, with whatever memory and whenever interrupts come.

mod compute;
mod control;
mod conv;
mod hazard;
mod illegal;
mod interrupts;
mod launder;
mod profile;
mod traps;
pub(super) mod values;
mod writer;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::image::assemble;
use super::program::{Block, Item, Program, Reserved};
use super::stimulus::Stimulus;
use profile::{Element, Profile};
use writer::{State, Writer};

/// How deep branches and loops are in one another.
const DEPTH: usize = 2;

/// The seed of program `index` of a run with a seed: programs are independent of how many there are
/// and of who runs them.
pub fn program_seed(seed: u64, index: u64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng.random()
}

/// The program of a seed, with its interrupts and waiting times; the same on every machine.
pub fn generate(seed: u64) -> Stimulus {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let program = loop {
        let program = program(&mut rng);
        // Very few have a branch that does not reach.
        if assemble(&program).is_ok() {
            break program;
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
    Stimulus { seed, program, interrupts, stall_seed, wait_states }
}

fn program(rng: &mut ChaCha8Rng) -> Program {
    let profile = Profile::random(rng);
    let reserved = reserve(rng);
    let scratch = {
        let mut free: Vec<_> = (1..32).filter(|it| !reserved.all().contains(it)).collect();
        free.shuffle(rng);
        [free[0], free[1]]
    };
    let mut state = State::default();
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
    Program {
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
            let value = values::any(writer.rng);
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

fn first_label(block: &Block) -> Option<super::program::Label> {
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
