// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every program has around its blocks: boot code, the end, and the trap handler.

use model::facts::csr::{FCSR, MCAUSE, MEPC, MSTATUS, MTVAL, MTVEC};
use model::facts::riscv::{IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER, MSTATUS_FS};
use model::facts::soc::{ADDR_EXTERNAL, ADDR_MSIP, ADDR_MTIME, ADDR_MTIMECMP};
use model::isa::{Instruction, Op, Register};

use super::program::{Item, Label, RandomProgram, SAVE, TOHOST, save};

/// The trap handler, and the vector table: entry n is 4·n bytes behind it.
pub const HANDLER: Label = Label(u32::MAX);
/// Where a program ends.
pub const FINISH: Label = Label(u32::MAX - 1);
/// The entry of exceptions, for a table of a program's own.
pub const EXCEPTION: Label = Label(u32::MAX - 2);
const SPIN: Label = Label(u32::MAX - 3);
const DISPATCH: Label = Label(u32::MAX - 4);
const FETCH: Label = Label(u32::MAX - 5);
const NEXT: Label = Label(u32::MAX - 6);
const SHORT: Label = Label(u32::MAX - 7);
const RESTORE: Label = Label(u32::MAX - 8);
const REARM: Label = Label(u32::MAX - 9);
const DISARM: Label = Label(u32::MAX - 10);
/// Entries of the vector table for software, timer and external interrupts, and where they go on.
const VECTORS: [Label; 3] = [Label(u32::MAX - 11), Label(u32::MAX - 12), Label(u32::MAX - 13)];
const SERVICES: [Label; 3] = [Label(u32::MAX - 14), Label(u32::MAX - 15), Label(u32::MAX - 16)];

/// Causes of software, timer and external interrupts.
const CAUSES: [u32; 3] = [IRQ_SOFTWARE, IRQ_TIMER, IRQ_EXTERNAL];

/// Collects items, all of them short or none.
struct Code<'a> {
    program: &'a RandomProgram,
    items: Vec<Item>,
}

impl<'a> Code<'a> {
    fn new(program: &'a RandomProgram) -> Self {
        Self { program, items: Vec::new() }
    }

    fn ops(&mut self, instructions: &[Instruction]) {
        let short = self.program.short_handler;
        self.items
            .extend(instructions.iter().map(|&instruction| Item::Plain { instruction, short }));
    }

    fn label(&mut self, label: Label) {
        self.items.push(Item::Label(label));
    }

    fn constant(&mut self, rd: Register, value: u32) {
        self.items.push(Item::Constant { rd, value, short: self.program.short_handler });
    }

    fn branch(&mut self, op: Op, rs1: Register, rs2: Register, to: Label) {
        self.items.push(Item::Branch { op, rs1, rs2, to, short: self.program.short_handler });
    }

    fn jump(&mut self, to: Label) {
        self.items.push(Item::Jump { rd: 0, to, short: self.program.short_handler });
    }

    /// Turns floats on by a register.
    fn floats(&mut self, register: Register) {
        self.constant(register, MSTATUS_FS);
        self.ops(&[Instruction::csr(Op::Csrrs, 0, MSTATUS, register)]);
    }

    fn enter(&mut self) {
        for (register, offset) in self.program.scratch.into_iter().zip(save::SCRATCH) {
            self.ops(&[Instruction::sw(register, self.program.reserved.save, offset)]);
        }
    }

    /// The entry of exceptions, and of interrupts in direct mode.
    fn exception(&mut self) {
        let ([a, b], base) = (self.program.scratch, self.program.reserved.save);
        self.label(EXCEPTION);
        self.enter();
        self.ops(&[Instruction::csrr(a, MCAUSE)]);
        self.branch(Op::Blt, a, 0, DISPATCH);
        self.ops(&[
            Instruction::lw(b, base, save::EXCEPTIONS),
            Instruction::addi(b, b, 1),
            Instruction::sw(b, base, save::EXCEPTIONS),
            Instruction::csrr(b, MTVAL),
            Instruction::addi(a, a, -1),
        ]);
        self.branch(Op::Beq, a, 0, FETCH);
    }

    /// Sets mepc behind the instruction, by its length, or to where the program goes on; then returns.
    fn fetch_or_next(&mut self) {
        let ([a, b], base) = (self.program.scratch, self.program.reserved.save);
        self.ops(&[
            Instruction::csrr(a, MEPC),
            Instruction::i(Op::Lhu, b, a, 0),
            Instruction::i(Op::Andi, b, b, 3),
            Instruction::addi(b, b, -3),
        ]);
        self.branch(Op::Bne, b, 0, SHORT);
        self.ops(&[Instruction::addi(a, a, 2)]);
        self.label(SHORT);
        self.ops(&[Instruction::addi(a, a, 2)]);
        self.label(NEXT);
        self.ops(&[Instruction::csrw(MEPC, a)]);
        self.label(RESTORE);
        for (register, offset) in self.program.scratch.into_iter().zip(save::SCRATCH) {
            self.ops(&[Instruction::lw(register, base, offset)]);
        }
        self.ops(&[Instruction::plain(Op::Mret)]);
        self.label(FETCH);
        self.ops(&[Instruction::addi(a, self.program.reserved.resume, 0)]);
        self.jump(NEXT);
    }

    fn withdraw(&mut self, device: u32) {
        let [a, _] = self.program.scratch;
        self.constant(a, device);
        self.ops(&[Instruction::sw(0, a, 0)]);
        self.jump(RESTORE);
    }

    fn timer(&mut self) {
        let ([a, b], base) = (self.program.scratch, self.program.reserved.save);
        self.ops(&[Instruction::lw(b, base, save::PERIOD)]);
        self.branch(Op::Bne, b, 0, REARM);
        self.ops(&[Instruction::lw(a, base, save::INTERVAL), Instruction::lw(b, a, 0)]);
        self.branch(Op::Beq, b, 0, DISARM);
        self.ops(&[Instruction::addi(a, a, 4), Instruction::sw(a, base, save::INTERVAL)]);
        self.label(REARM);
        self.items.extend(arm_timer(a, b));
        self.jump(RESTORE);
        self.label(DISARM);
        self.items.extend(disarm_timer(a, b));
        self.jump(RESTORE);
    }
}

/// Sets the trap vector and the address of the save area, and turns floats on.
pub fn boot(program: &RandomProgram) -> Vec<Item> {
    let [a, _] = program.scratch;
    let mut code = Code::new(program);
    code.constant(program.reserved.save, SAVE);
    code.items.push(Item::Address { rd: a, to: HANDLER, addend: i32::from(program.vectored) });
    code.ops(&[Instruction::csrw(MTVEC, a)]);
    if program.float {
        code.floats(a);
    }
    code.items
}

/// Stores all registers and ends the program.
pub fn finish(program: &RandomProgram) -> Vec<Item> {
    let [a, b] = program.scratch;
    let mut code = Code::new(program);
    code.label(FINISH);
    for register in 1..32 {
        let offset = save::REGISTERS + 4 * i32::from(register);
        code.ops(&[Instruction::sw(register, program.reserved.save, offset)]);
    }
    if program.float {
        code.floats(a);
        for register in 0..32 {
            let offset = save::FLOATS + 4 * i32::from(register);
            code.ops(&[Instruction::s(Op::Fsw, program.reserved.save, register, offset)]);
        }
        code.ops(&[Instruction::csrr(b, FCSR)]);
        code.ops(&[Instruction::sw(b, program.reserved.save, save::FCSR)]);
    }
    code.constant(a, TOHOST);
    code.constant(b, 1);
    code.ops(&[Instruction::sw(b, a, 0)]);
    code.label(SPIN);
    code.jump(SPIN);
    code.items
}

/// The vector table with the trap handler behind it.
///
/// An exception goes on behind its instruction, but a failed fetch where the program has said. A
/// software or external interrupt is withdrawn; the timer is set to its next interval.
pub fn handler(program: &RandomProgram) -> Vec<Item> {
    let [a, b] = program.scratch;
    let mut code = Code::new(program);
    code.items.push(Item::Align);
    code.label(HANDLER);
    for entry in 0..=IRQ_EXTERNAL {
        let cause = CAUSES.iter().position(|&cause| cause == entry);
        let to = cause.map_or(EXCEPTION, |cause| VECTORS[cause]);
        code.items.push(Item::Jump { rd: 0, to, short: false });
    }
    code.exception();
    code.fetch_or_next();
    for (index, service) in SERVICES.into_iter().enumerate() {
        code.label(VECTORS[index]);
        code.enter();
        code.label(service);
        match CAUSES[index] {
            IRQ_SOFTWARE => code.withdraw(ADDR_MSIP),
            IRQ_TIMER => code.timer(),
            _ => code.withdraw(ADDR_EXTERNAL),
        }
    }
    code.label(DISPATCH);
    code.ops(&[Instruction::i(Op::Andi, a, a, 31)]);
    code.constant(b, IRQ_TIMER);
    code.branch(Op::Bltu, a, b, SERVICES[0]);
    code.branch(Op::Beq, a, b, SERVICES[1]);
    code.jump(SERVICES[2]);
    code.items
}

/// Lets the timer interrupt come as many cycles from now as register `b` says; changes both.
pub fn arm_timer(a: Register, b: Register) -> [Item; 8] {
    [
        Item::Constant { rd: a, value: ADDR_MTIME, short: true },
        Item::short(Instruction::lw(a, a, 0)),
        Item::short(Instruction::r(Op::Add, b, b, a)),
        Item::Constant { rd: a, value: ADDR_MTIMECMP, short: true },
        Item::short(Instruction::sw(b, a, 0)),
        Item::Constant { rd: b, value: ADDR_MTIME, short: true },
        Item::short(Instruction::lw(b, b, 4)),
        Item::short(Instruction::sw(b, a, 4)),
    ]
}

/// Turns the timer off; changes both registers.
pub fn disarm_timer(a: Register, b: Register) -> [Item; 4] {
    [
        Item::Constant { rd: a, value: ADDR_MTIMECMP, short: true },
        Item::Constant { rd: b, value: u32::MAX, short: true },
        Item::short(Instruction::sw(b, a, 4)),
        Item::short(Instruction::sw(b, a, 0)),
    ]
}
