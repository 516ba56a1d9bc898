// SPDX-License-Identifier: MIT OR Apache-2.0
//! Branches, jumps, loops and calls.

use model::facts::csr;
use model::facts::riscv::{MSTATUS_MIE, MSTATUS_MPIE};
use model::isa::{Instruction, Op, Register};
use rand::Rng;
use rand::seq::SliceRandom;

use super::BRANCHES;
use super::writer::{Writer, choose};
use crate::program::{Item, Label};

impl Writer<'_> {
    /// A branch to a label; both ways about as often, and short forms where there are.
    pub fn branch(&mut self, to: Label) {
        let short = self.short();
        if short && self.chance(50) {
            let op = self.choose(&[Op::Beq, Op::Bne]);
            let rs1 = self.narrow_source();
            return self.push(Item::Branch { op, rs1, rs2: 0, to, short });
        }
        let op = self.choose(BRANCHES);
        let rs1 = self.source();
        let rs2 = if self.chance(20) { rs1 } else { self.source() };
        self.push(Item::Branch { op, rs1, rs2, to, short });
    }

    /// Something behind a branch over it, or behind a jump over it, which is then never run.
    pub fn skip(&mut self, depth: usize) {
        let end = self.label();
        if self.chance(15) {
            let rd = self.link_or_nothing();
            self.jump(rd, end);
            self.never_run();
        } else {
            self.branch(end);
            let count = self.rng.random_range(1..5);
            self.perhaps(|it| it.elements(count, depth + 1));
        }
        self.place(end);
    }

    /// Where a jump that nobody returns from leaves its return address.
    pub fn link_or_nothing(&mut self) -> Register {
        match self.rng.random_range(0..4) {
            0 if !self.reserved.all().contains(&1) => 1,
            1 => self.target(),
            _ => 0,
        }
    }

    /// A few halfwords that raise an exception or change a register if they are run.
    pub fn never_run(&mut self) {
        for _ in 0..self.rng.random_range(0..4) {
            let bits = self.choose(&[0, 0x0405, 0x9002, 0x8082]);
            self.push(Item::Half { bits });
        }
    }

    /// Two ways, of which one is run.
    pub fn two_ways(&mut self, depth: usize) {
        let (other, end) = (self.label(), self.label());
        self.branch(other);
        let count = self.rng.random_range(1..4);
        self.perhaps(|it| it.elements(count, depth + 1));
        self.jump(0, end);
        self.place(other);
        let count = self.rng.random_range(1..4);
        self.perhaps(|it| it.elements(count, depth + 1));
        self.place(end);
    }

    /// A jump to an address from a register: computed just before, or some instructions earlier.
    pub fn jalr(&mut self) {
        let end = self.label();
        let register = self.target();
        let addend = self.choose(&[0, 0, 0, 2, 16, -64, 2000, -2046]);
        let odd = i32::from(self.chance(25));
        self.address(register, end, addend);
        self.without(&[register], 2);
        if self.chance(25) {
            self.launder(register, &[]);
        }
        let rd = self.link_or_nothing();
        // jalr clears bit 0 of the sum.
        self.op(Instruction::i(Op::Jalr, rd, register, odd - addend));
        self.never_run();
        self.place(end);
    }

    /// A jump to an address that is loaded from memory.
    pub fn jump_table(&mut self) {
        let end = self.label();
        let addr = self.data_address(4);
        let (base, offset) = self.pointer(addr, -2048..2048, 1..32);
        let register = self.other_than(&[base]);
        self.address(register, end, 0);
        self.op(Instruction::sw(register, base, offset));
        self.op(Instruction::lw(register, base, offset));
        self.without(&[register], 1);
        let rd = self.link_or_nothing();
        self.op(Instruction::i(Op::Jalr, rd, register, 0));
        self.never_run();
        self.place(end);
    }

    /// Up to `most` small things that leave some registers alone.
    pub fn without(&mut self, kept: &[Register], most: usize) {
        for _ in 0..self.rng.random_range(0..=most) {
            self.attempt(|it| {
                let begin = it.items.len();
                it.simple();
                let mut written = it.items[begin..].iter().filter_map(|item| item.destination());
                !written.any(|register| kept.contains(&register))
            });
        }
    }

    /// A branch or a jump to the next instruction.
    pub fn jump_to_next(&mut self) {
        let next = self.label();
        if self.chance(70) {
            self.branch(next);
        } else {
            self.jump(0, next);
        }
        self.place(next);
    }

    /// A loop of a few rounds.
    pub fn repeat(&mut self, depth: usize) {
        let Some(&counter) = self.reserved.counters.get(self.loops) else {
            return self.skip(depth);
        };
        let (begin, rounds) = (self.label(), self.rng.random_range(1..7));
        self.constant(counter, rounds);
        self.place(begin);
        self.forget();
        self.loops += 1;
        let count = self.rng.random_range(1..9);
        self.elements(count, depth + 1);
        self.loops -= 1;
        self.op(Instruction::addi(counter, counter, -1));
        let short = self.short();
        let op = self.choose(&[Op::Bne, Op::Blt]);
        let [rs1, rs2] = if op == Op::Bne { [counter, 0] } else { [0, counter] };
        self.push(Item::Branch { op, rs1, rs2, to: begin, short });
    }

    /// A call of a function, directly or by its address.
    pub fn call(&mut self) {
        // A function may have a loop of its own.
        if self.loops > 1 || self.functions.is_empty() {
            return self.jalr();
        }
        let (to, link) = (choose(self.rng, &self.functions), self.reserved.link);
        if self.chance(50) {
            self.jump(link, to);
        } else {
            let register = self.target();
            self.address(register, to, 0);
            self.op(Instruction::i(Op::Jalr, link, register, 0));
        }
        self.forget();
    }

    /// The return of a function.
    pub fn return_from_function(&mut self) {
        let rs1 = self.reserved.link;
        self.op(Instruction::i(Op::Jalr, 0, rs1, 0));
    }

    /// Pieces that are run one behind the other but lie in another order.
    pub fn maze(&mut self, depth: usize) {
        let count = self.rng.random_range(2..5);
        let labels: Vec<_> = (0..=count).map(|_| self.label()).collect();
        let mut order: Vec<_> = (0..count).collect();
        order.shuffle(self.rng);
        self.jump(0, labels[0]);
        for piece in order {
            self.place(labels[piece]);
            self.forget();
            let count = self.rng.random_range(1..4);
            self.elements(count, depth + 1);
            self.jump(0, labels[piece + 1]);
        }
        self.place(labels[count]);
        self.forget();
    }

    /// Forward over a gap and back again, so far that an offset needs any of its bits.
    pub fn far(&mut self) {
        let [there, back, end] = [(); 3].map(|()| self.label());
        self.always(there);
        self.place(back);
        self.push(Item::Jump { rd: 0, to: end, short: false });
        let halves = self.rng.random_range(0..2040);
        self.push(Item::Gap { halves });
        self.place(there);
        self.always(back);
        self.place(end);
    }

    /// A branch that is taken, or a jump, in 32 bits.
    fn always(&mut self, to: Label) {
        if self.chance(70) {
            let op = self.choose(&[Op::Beq, Op::Bge, Op::Bgeu]);
            let register = self.source();
            self.push(Item::Branch { op, rs1: register, rs2: register, to, short: false });
        } else {
            self.push(Item::Jump { rd: 0, to, short: false });
        }
    }

    /// `fence.i`.
    pub fn fence_i(&mut self) {
        self.long(Instruction::plain(Op::FenceI));
    }

    /// Overwrites an instruction that has not been run in this round, and runs it: right behind the
    /// `fence.i`, or some instructions later.
    pub fn patch(&mut self) {
        let site = self.label();
        let [old, new] = [(); 2].map(|()| self.patchable());
        let halves = self.chance(40);
        let site_bits = |(long, half): (u32, u16)| match halves {
            true => (u32::from(half), Item::Half { bits: half }),
            false => (long, Item::Word { bits: long }),
        };
        let [(_, old), (new, _)] = [old, new].map(site_bits);
        let [addr, value] = self.targets();
        self.address(addr, site, 0);
        self.constant(value, new);
        let op = if halves { Op::Sh } else { Op::Sw };
        self.op(Instruction::s(op, addr, value, 0));
        self.fence_i();
        for _ in 0..self.choose(&[0, 0, 1, 2, 5]) {
            self.simple();
        }
        self.place(site);
        self.push(old);
        self.forget();
    }

    /// An instruction that an overwritten one may be or become, in 32 bits and in 16.
    fn patchable(&mut self) -> (u32, u16) {
        let (rd, rs2) = (self.target(), self.source().max(1));
        let immediate = self.rng.random_range(-2048..2048);
        let long = Instruction::addi(rd, rs2, immediate);
        // c.add or c.mv
        let bits = self.choose(&[0x9002, 0x8002]) | u16::from(rd) << 7 | u16::from(rs2) << 2;
        (long.encode(), bits)
    }

    /// An `mret` without a trap before it: a jump that may turn interrupts on.
    pub fn machine_return(&mut self) {
        let end = self.label();
        let register = self.target();
        // An interrupt in between would change mepc.
        self.csr_bits(Op::Csrrci, csr::MSTATUS, MSTATUS_MIE);
        self.address(register, end, 0);
        let op = self.choose(&[Op::Csrrs, Op::Csrrc]);
        self.long(Instruction::csrw(csr::MEPC, register));
        // What mstatus.MIE is after mret.
        self.constant(register, MSTATUS_MPIE);
        self.long(Instruction::csr(op, 0, csr::MSTATUS, register));
        if self.chance(50) {
            self.long(Instruction::csrr(register, csr::MEPC));
        }
        self.long(Instruction::plain(Op::Mret));
        self.never_run();
        self.place(end);
    }
}
