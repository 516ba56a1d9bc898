// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every program has around its blocks: boot code, the end, and the trap handler.

use model::facts::csr::{MCAUSE, MEPC, MTVAL, MTVEC};
use model::facts::riscv::{IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER};
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
struct Code {
    items: Vec<Item>,
    short: bool,
}

impl Code {
    fn op(&mut self, instruction: Instruction) {
        self.items.push(Item::Plain { instruction, short: self.short });
    }

    fn label(&mut self, label: Label) {
        self.items.push(Item::Label(label));
    }

    fn constant(&mut self, rd: Register, value: u32) {
        self.items.push(Item::Constant { rd, value, short: self.short });
    }

    fn branch(&mut self, op: Op, rs1: Register, rs2: Register, to: Label) {
        self.items.push(Item::Branch { op, rs1, rs2, to, short: self.short });
    }

    fn jump(&mut self, to: Label) {
        self.items.push(Item::Jump { rd: 0, to, short: self.short });
    }
}

/// Sets the trap vector and the address of the save area.
pub fn boot(program: &RandomProgram) -> Vec<Item> {
    let [a, _] = program.scratch;
    let mut code = Code { items: Vec::new(), short: program.short_handler };
    code.constant(program.reserved.save, SAVE);
    code.items.push(Item::Address { rd: a, to: HANDLER, addend: i32::from(program.vectored) });
    code.op(Instruction::csrw(MTVEC, a));
    code.items
}

/// Stores all registers and ends the program.
pub fn finish(program: &RandomProgram) -> Vec<Item> {
    let [a, b] = program.scratch;
    let mut code = Code { items: Vec::new(), short: program.short_handler };
    code.label(FINISH);
    for register in 1..32 {
        let offset = save::REGISTERS + 4 * i32::from(register);
        code.op(Instruction::sw(register, program.reserved.save, offset));
    }
    code.constant(a, TOHOST);
    code.constant(b, 1);
    code.op(Instruction::sw(b, a, 0));
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
    let mut code = Code { items: vec![Item::Align], short: program.short_handler };
    code.label(HANDLER);
    for entry in 0..=IRQ_EXTERNAL {
        let cause = CAUSES.iter().position(|&cause| cause == entry);
        let to = cause.map_or(EXCEPTION, |cause| VECTORS[cause]);
        code.items.push(Item::Jump { rd: 0, to, short: false });
    }
    common(&mut code, program);
    fetch_or_next(&mut code, program);
    for (index, service) in SERVICES.into_iter().enumerate() {
        code.label(VECTORS[index]);
        enter(&mut code, program);
        code.label(service);
        match CAUSES[index] {
            IRQ_SOFTWARE => withdraw(&mut code, a, ADDR_MSIP),
            IRQ_TIMER => timer(&mut code, program),
            _ => withdraw(&mut code, a, ADDR_EXTERNAL),
        }
    }
    code.label(DISPATCH);
    code.op(Instruction::i(Op::Andi, a, a, 31));
    code.constant(b, IRQ_TIMER);
    code.branch(Op::Bltu, a, b, SERVICES[0]);
    code.branch(Op::Beq, a, b, SERVICES[1]);
    code.jump(SERVICES[2]);
    code.items
}

fn enter(code: &mut Code, program: &RandomProgram) {
    for (register, offset) in program.scratch.into_iter().zip(save::SCRATCH) {
        code.op(Instruction::sw(register, program.reserved.save, offset));
    }
}

/// The entry of exceptions, and of interrupts in direct mode.
fn common(code: &mut Code, program: &RandomProgram) {
    let ([a, b], base) = (program.scratch, program.reserved.save);
    code.label(EXCEPTION);
    enter(code, program);
    code.op(Instruction::csrr(a, MCAUSE));
    code.branch(Op::Blt, a, 0, DISPATCH);
    code.op(Instruction::lw(b, base, save::EXCEPTIONS));
    code.op(Instruction::addi(b, b, 1));
    code.op(Instruction::sw(b, base, save::EXCEPTIONS));
    code.op(Instruction::csrr(b, MTVAL));
    code.op(Instruction::addi(a, a, -1));
    code.branch(Op::Beq, a, 0, FETCH);
}

/// Sets mepc behind the instruction, by its length, or to where the program goes on; then returns.
fn fetch_or_next(code: &mut Code, program: &RandomProgram) {
    let ([a, b], base) = (program.scratch, program.reserved.save);
    let lhu = Instruction::i(Op::Lhu, b, a, 0);
    code.op(Instruction::csrr(a, MEPC));
    code.op(lhu);
    code.op(Instruction::i(Op::Andi, b, b, 3));
    code.op(Instruction::addi(b, b, -3));
    code.branch(Op::Bne, b, 0, SHORT);
    code.op(Instruction::addi(a, a, 2));
    code.label(SHORT);
    code.op(Instruction::addi(a, a, 2));
    code.label(NEXT);
    code.op(Instruction::csrw(MEPC, a));
    code.label(RESTORE);
    for (register, offset) in program.scratch.into_iter().zip(save::SCRATCH) {
        code.op(Instruction::lw(register, base, offset));
    }
    code.op(Instruction::plain(Op::Mret));
    code.label(FETCH);
    code.op(Instruction::addi(a, program.reserved.resume, 0));
    code.jump(NEXT);
}

fn withdraw(code: &mut Code, a: Register, device: u32) {
    code.constant(a, device);
    code.op(Instruction::sw(0, a, 0));
    code.jump(RESTORE);
}

fn timer(code: &mut Code, program: &RandomProgram) {
    let ([a, b], base) = (program.scratch, program.reserved.save);
    code.op(Instruction::lw(b, base, save::PERIOD));
    code.branch(Op::Bne, b, 0, REARM);
    code.op(Instruction::lw(a, base, save::INTERVAL));
    code.op(Instruction::lw(b, a, 0));
    code.branch(Op::Beq, b, 0, DISARM);
    code.op(Instruction::addi(a, a, 4));
    code.op(Instruction::sw(a, base, save::INTERVAL));
    code.label(REARM);
    code.items.extend(arm_timer(a, b));
    code.jump(RESTORE);
    code.label(DISARM);
    code.items.extend(disarm_timer(a, b));
    code.jump(RESTORE);
}

/// Lets the timer interrupt come as many cycles from now as register `b` says; changes both.
pub fn arm_timer(a: Register, b: Register) -> Vec<Item> {
    vec![
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
pub fn disarm_timer(a: Register, b: Register) -> Vec<Item> {
    vec![
        Item::Constant { rd: a, value: ADDR_MTIMECMP, short: true },
        Item::Constant { rd: b, value: u32::MAX, short: true },
        Item::short(Instruction::sw(b, a, 4)),
        Item::short(Instruction::sw(b, a, 0)),
    ]
}
