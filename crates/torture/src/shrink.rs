// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes a stimulus that fails as small as it can be while it still fails.
//!
//! Delta debugging: takes out interrupts, waiting times, blocks and instructions, in large pieces
//! first, and puts simpler operands in; keeps what still fails. Every candidate is a program that can
//! be run, because a reference to what is gone means the next instruction; it need not end.

use model::isa::{Format, Instruction, Op};

use super::program::{Block, Item, RandomProgram, Stimulus};

/// The smallest stimulus found for which `fails` still holds, as it does for the given one. It is
/// asked at most `limit` times.
pub fn shrink(stimulus: &Stimulus, limit: usize, fails: impl FnMut(&Stimulus) -> bool) -> Stimulus {
    let mut search = Search { best: stimulus.clone(), left: limit, fails };
    loop {
        let before = search.best.clone();
        search.settings();
        search.blocks();
        search.items();
        search.operands();
        if search.best == before || search.left == 0 {
            return search.best;
        }
    }
}

struct Search<F> {
    best: Stimulus,
    left: usize,
    fails: F,
}

impl<F: FnMut(&Stimulus) -> bool> Search<F> {
    /// Whether a changed stimulus still fails; then it is the best one.
    fn keep(&mut self, change: impl FnOnce(&mut Stimulus)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate);
        if candidate == self.best || self.left == 0 {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }

    /// Takes out as many of `count` things as possible, from the last to the first, by ever smaller
    /// pieces. `take` removes a range of them.
    fn take_out(&mut self, mut count: usize, take: impl Fn(&mut Stimulus, std::ops::Range<usize>)) {
        let mut piece = count;
        while piece > 0 {
            let mut end = count;
            while end > 0 {
                let begin = end.saturating_sub(piece);
                if self.keep(|stimulus| take(stimulus, begin..end)) {
                    count -= end - begin;
                }
                end = begin;
            }
            piece /= 2;
        }
    }

    fn settings(&mut self) {
        self.keep(|it| it.stall_seed = 0);
        self.keep(|it| it.wait_states = 0);
        self.keep(|it| it.program.data_seed = None);
        self.keep(|it| it.program.vectored = false);
        self.keep(|it| it.program.short_handler = false);
        let count = self.best.interrupts.len();
        self.take_out(count, |it, range| drop(it.interrupts.drain(range)));
        let count = self.best.program.timer_intervals.len();
        self.take_out(count, |it, range| drop(it.program.timer_intervals.drain(range)));
    }

    fn blocks(&mut self) {
        let count = self.best.program.body.len();
        self.take_out(count, |it, range| drop(it.program.body.drain(range)));
        let count = self.best.program.functions.len();
        self.take_out(count, |it, range| drop(it.program.functions.drain(range)));
    }

    fn items(&mut self) {
        let count = self.best.program.items().count();
        self.take_out(count, |it, range| remove(&mut it.program, range));
    }

    fn operands(&mut self) {
        let count = self.best.program.items().count();
        for index in 0..count {
            // Each change makes further ones possible.
            while simpler(item(&mut self.best.program, index))
                .into_iter()
                .any(|simple| self.keep(|it| *item(&mut it.program, index) = simple))
            {}
        }
    }
}

fn blocks(program: &mut RandomProgram) -> impl Iterator<Item = &mut Block> {
    program.body.iter_mut().chain(&mut program.functions)
}

/// Removes a range of the items, counted through all blocks, and blocks that are empty then.
fn remove(program: &mut RandomProgram, range: std::ops::Range<usize>) {
    let mut index = 0;
    for block in blocks(program) {
        block.items.retain(|_| {
            index += 1;
            !range.contains(&(index - 1))
        });
    }
    program.body.retain(|block| !block.items.is_empty());
    program.functions.retain(|block| !block.items.is_empty());
}

fn item(program: &mut RandomProgram, index: usize) -> &mut Item {
    let mut items = blocks(program).flat_map(|block| &mut block.items);
    items.nth(index).expect("the index is below the number of items")
}

const NOP: Item = Item::long(Instruction::addi(0, 0, 0));

/// Simpler items: nothing at all, or simpler in one respect: in 32 bits, with x0, with 0.
fn simpler(item: &Item) -> Vec<Item> {
    let mut simple = Vec::new();
    let mut add = |candidate: Item| {
        if candidate != *item {
            simple.push(candidate);
        }
    };
    match *item {
        Item::Label(_) | Item::Align => {}
        Item::Gap { halves } => add(Item::Gap { halves: halves / 2 }),
        Item::Plain { instruction, short } => {
            add(NOP);
            add(Item::Plain { instruction, short: false });
            for instruction in simpler_instructions(instruction) {
                add(Item::Plain { instruction, short });
            }
        }
        // Where only the place of others matters.
        Item::Word { .. } | Item::Half { .. } => add(NOP),
        Item::Branch { op, rs1, rs2, to, short } => {
            add(Item::Branch { op, rs1, rs2, to, short: false });
            add(Item::Branch { op, rs1: 0, rs2, to, short });
            add(Item::Branch { op, rs1, rs2: 0, to, short });
        }
        Item::Jump { rd, to, short } => {
            add(Item::Jump { rd, to, short: false });
            add(Item::Jump { rd: 0, to, short });
        }
        Item::Constant { rd, value, short } => {
            add(Item::Constant { rd, value, short: false });
            for simple in simpler_values(value) {
                add(Item::Constant { rd, value: simple, short });
            }
        }
        Item::Address { rd, to, .. } => add(Item::Address { rd, to, addend: 0 }),
    }
    simple
}

/// 0, 1, or only the upper part, whatever is less than the value.
fn simpler_values(value: u32) -> Vec<u32> {
    [0, 1, value & 0xffff_f000].into_iter().filter(|&it| it < value).collect()
}

/// With x0 or 0 for one of the operands.
fn simpler_instructions(instruction: Instruction) -> Vec<Instruction> {
    let it = instruction;
    match it.op.format() {
        Format::J | Format::B | Format::Fixed | Format::FenceI => Vec::new(),
        Format::U => vec![Instruction { imm: 0, ..it }],
        Format::Fence => vec![Instruction::i(Op::Fence, 0, 0, 0xff)],
        // The number of the CSR is no operand.
        Format::Csr | Format::CsrImmediate => {
            vec![Instruction { rd: 0, ..it }, Instruction { rs1: 0, ..it }]
        }
        // Nor is the base of an address.
        Format::Address | Format::S | Format::FloatAddress | Format::FloatS => vec![
            Instruction { rd: 0, ..it },
            Instruction { rs2: 0, ..it },
            Instruction { imm: 0, ..it },
        ],
        _ => vec![
            Instruction { rd: 0, ..it },
            Instruction { rs1: 0, ..it },
            Instruction { rs2: 0, ..it },
            Instruction { rs3: 0, ..it },
            Instruction { imm: 0, ..it },
        ],
    }
}
