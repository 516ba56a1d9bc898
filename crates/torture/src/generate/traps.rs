// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exceptions of every kind, accesses of CSRs, interrupts that the program itself asks for, and `wfi`.

use model::facts::csr::{self, Csr};
use model::facts::riscv::{
    CAUSE_ILLEGAL, IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER, MSTATUS_MIE, OPCODE_BRANCH, OPCODE_CONV,
    OPCODE_JALR, OPCODE_LOAD, OPCODE_MISC_MEM, OPCODE_OP, OPCODE_OP_IMM, OPCODE_STORE,
    OPCODE_SYSTEM,
};
use model::facts::soc::{ADDR_EXTERNAL, ADDR_MSIP, ADDR_MTIME, ADDR_UART, RAM_BASE};
use model::hart::{Feed, Hart, HartConfig};
use model::isa::{Format, Instruction, Op, Register, decode, is_compressed};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::writer::Writer;
use super::{CSR_OPS, LOADS, RAM_END, STORES};
use crate::program::{Item, save};
use crate::runtime::{EXCEPTION, HANDLER, arm_timer, disarm_timer};

/// The bits of mie and mip.
const INTERRUPTS: [u32; 3] = [1 << IRQ_SOFTWARE, 1 << IRQ_TIMER, 1 << IRQ_EXTERNAL];

/// CSRs that a program may write with anything without losing its way.
fn writable_csrs(float: bool) -> Vec<u16> {
    csrs(|row| !row.is_read_only() && row.number != csr::MTVEC && (float || !row.is_float()))
}

/// CSRs that a program only reads.
fn readable_csrs() -> Vec<u16> {
    csrs(|row| row.is_read_only() || row.number == csr::MTVEC)
}

/// CSRs other than numbered ones, in the order of the table.
fn csrs(choose: impl Fn(&Csr) -> bool) -> Vec<u16> {
    let rows = csr::CSRS.iter().filter(|row| !row.is_numbered() && choose(row));
    rows.map(|row| row.number).collect()
}

/// The number of a random one of the CSRs that one row of the table stands for.
fn numbered(rng: &mut impl Rng, first: u16) -> u16 {
    let row = csr::CSRS.iter().find(|row| row.number == first).expect("it is in the table");
    rng.random_range(row.number..=row.last)
}

impl Writer<'_> {
    /// An access of a CSR; of one that does not exist, or may not be written, too.
    pub fn csr(&mut self) {
        let op = self.choose(CSR_OPS);
        let rd = self.destination();
        let source = if op.format() == Format::CsrImmediate {
            self.choose(&[0, 1, 8, 31, 5, 16])
        } else if op == Op::Csrrw {
            self.source()
        } else {
            // Without a source it does not write.
            let source = self.source();
            if self.chance(50) { 0 } else { source }
        };
        let csr = match self.rng.random_range(0..20) {
            0..10 => self.choose(&writable_csrs(self.float)),
            10..13 => self.performance_csr(),
            13 => return self.mtvec(),
            14..18 => {
                let csr = self.choose(&readable_csrs());
                let op = self.choose(&[Op::Csrrs, Op::Csrrc, Op::Csrrsi, Op::Csrrci]);
                return self.long(Instruction::csr(op, rd, csr, 0));
            }
            _ => return self.illegal_csr(),
        };
        self.long(Instruction::csr(op, rd, csr, source));
        if self.float && matches!(csr, csr::MSTATUS | csr::FRM | csr::FCSR) && self.chance(80) {
            self.floats_on();
        }
        // Often read back at once.
        if self.chance(30) {
            let rd = self.destination();
            self.long(Instruction::csrr(rd, csr));
        }
    }

    fn performance_csr(&mut self) -> u16 {
        match self.rng.random_range(0..4) {
            0 => numbered(self.rng, csr::MHPMEVENT),
            1 => numbered(self.rng, csr::MHPMCOUNTER),
            2 => numbered(self.rng, csr::MHPMCOUNTERH),
            _ => self.choose(&[csr::MINSTRET, csr::MINSTRETH, csr::MCYCLE, csr::MCYCLEH]),
        }
    }

    /// Anything in mtvec, while nothing can trap, and the old value back.
    fn mtvec(&mut self) {
        let [old, new] = self.targets();
        self.csr_bits(Op::Csrrci, csr::MSTATUS, MSTATUS_MIE);
        let swap = |rd, source| Instruction::csr(Op::Csrrw, rd, csr::MTVEC, source);
        let source = if self.chance(50) { new } else { self.source() };
        // The new value may come out of the register that takes the old one.
        self.long(swap(old, source));
        self.long(swap(new, old));
        if self.chance(50) {
            self.csr_bits(Op::Csrrsi, csr::MSTATUS, MSTATUS_MIE);
        }
    }

    /// An access of a CSR that nothing else depends on.
    pub fn csr_simple(&mut self) {
        let csr = self.choose(&[csr::MSCRATCH, csr::MTVAL, csr::MCAUSE, csr::MINSTRET]);
        let (op, rd, source) = (self.choose(CSR_OPS), self.destination(), self.source());
        self.long(Instruction::csr(op, rd, csr, source));
    }

    fn illegal_csr(&mut self) {
        let (op, rd, source) = (self.choose(CSR_OPS), self.destination(), self.source());
        let csr = match self.rng.random_range(0..3) {
            // A write of a read-only one.
            0 => {
                let csr = self.choose(&csrs(Csr::is_read_only));
                let op = self.choose(&[Op::Csrrw, Op::Csrrwi]);
                return self.long(Instruction::csr(op, rd, csr, source));
            }
            // Those of extensions that this hart has not.
            1 => self.choose(&[0x001, 0x100, 0x180, 0x302, 0x303, 0x306, 0x3a0, 0x744, 0x7b0]),
            _ => unknown_csr(self.rng, self.float),
        };
        self.long(Instruction::csr(op, rd, csr, source));
    }

    /// One exception.
    pub fn exception(&mut self) {
        if self.chance(50) {
            self.simple();
        }
        match self.rng.random_range(0..11) {
            0 => self.long(Instruction::plain(Op::Ecall)),
            1 => self.op(Instruction::plain(Op::Ebreak)),
            2 => {
                let bits = illegal_word(self.rng, self.float);
                self.push(Item::Word { bits });
            }
            3 => {
                let bits = illegal_half(self.rng, self.float);
                self.push(Item::Half { bits });
            }
            4 => self.illegal_csr(),
            5 => self.load_fault(),
            6 => self.store_fault(),
            7..9 => self.fetch_fault(),
            9 if self.conv.operand_bytes() > 1 => self.conv_misaligned(),
            _ => self.end_of_ram(),
        }
    }

    /// An address at which an access of `bytes` bytes fails, wholly or in one of its words.
    pub fn bad_address(&mut self, bytes: u32) -> u32 {
        match self.rng.random_range(0..8) {
            0 if bytes > 1 => RAM_END - self.rng.random_range(1..bytes),
            1 if bytes > 1 => RAM_BASE - self.rng.random_range(1..bytes),
            2 => RAM_END + self.rng.random_range(0..8),
            3 => RAM_BASE - self.rng.random_range(4..12),
            4 => self.rng.random_range(0..16),
            5 => u32::MAX - self.rng.random_range(0..8),
            6 => self.choose(&[ADDR_MSIP, ADDR_MTIME, ADDR_EXTERNAL, ADDR_UART]) - 4,
            _ => self.rng.random_range(0x1100_0000..0x7fff_0000),
        }
    }

    fn load_fault(&mut self) {
        let op = self.choose(LOADS);
        let addr = self.bad_address(op.access_bytes());
        let (rs1, offset) = self.pointer(addr, -2048..2048, 1..32);
        self.without(&[rs1], 2);
        let rd = self.destination();
        self.op(Instruction::i(op, rd, rs1, offset));
        // Nothing has been loaded: the use sees the old value.
        if self.chance(50) {
            let target = self.destination();
            self.op(Instruction::addi(target, rd, 1));
        }
    }

    fn store_fault(&mut self) {
        let op = self.choose(STORES);
        let addr = self.bad_address(op.access_bytes());
        let (rs1, offset) = self.pointer(addr, -2048..2048, 1..32);
        self.without(&[rs1], 2);
        let rs2 = self.source();
        self.op(Instruction::s(op, rs1, rs2, offset));
    }

    /// A jump to where there is no memory to run.
    fn fetch_fault(&mut self) {
        let (end, resume) = (self.label(), self.reserved.resume);
        let register = self.target();
        let addr = match self.rng.random_range(0..5) {
            0 => RAM_END + 2 * self.rng.random_range(0..4),
            1 => RAM_BASE - 2 * self.rng.random_range(1..4),
            2 => self.choose(&[ADDR_MSIP, ADDR_MTIME, ADDR_UART, ADDR_EXTERNAL]),
            _ => self.rng.random_range(0..0x7fff_0000) & !1,
        };
        self.address(resume, end, 0);
        self.jump_away(register, addr);
        self.place(end);
    }

    /// A 32-bit instruction of which only the first half is in RAM.
    fn end_of_ram(&mut self) {
        let (end, resume) = (self.label(), self.reserved.resume);
        let [addr, value] = self.targets();
        self.constant(addr, RAM_END - 4);
        // c.nop, then the first half of an `addi` that would change a register.
        let first_half = Instruction::addi(value, value, 1).encode() << 16;
        self.constant(value, first_half | 0x0001);
        self.op(Instruction::sw(value, addr, 0));
        self.fence_i();
        self.address(resume, end, 0);
        let skip = 2 * self.rng.random_range(0..2);
        self.jump_away(addr, RAM_END - 4 + skip);
        self.place(end);
    }

    fn jump_away(&mut self, register: Register, addr: u32) {
        let offset = if self.chance(50) { 0 } else { self.rng.random_range(-2048..2048_i32) };
        self.constant(register, addr.wrapping_sub(offset as u32));
        if self.chance(30) {
            self.launder(register, &[]);
        }
        let rd = if self.chance(50) { 0 } else { self.target() };
        // One time in four by the way of a `jalr` that leaves the register to come back by.
        let rd = if self.chance(25) { self.reserved.resume } else { rd };
        self.op(Instruction::i(Op::Jalr, rd, register, offset));
    }

    /// An interrupt whose handler's first instruction raises an exception.
    pub fn double_trap(&mut self) {
        let (table, end, resume) = (self.label(), self.label(), self.reserved.resume);
        let [a, b] = self.targets();
        self.csr_bits(Op::Csrrci, csr::MSTATUS, MSTATUS_MIE);
        self.address(resume, end, 0);
        self.address(a, table, 1);
        self.long(Instruction::csrw(csr::MTVEC, a));
        self.csr_bits(Op::Csrrsi, csr::MIE, 1 << IRQ_SOFTWARE);
        self.constant(a, ADDR_MSIP);
        self.constant(b, 1);
        self.op(Instruction::sw(b, a, 0));
        self.csr_bits(Op::Csrrsi, csr::MSTATUS, MSTATUS_MIE);
        // The interrupt comes before the instruction behind this one.
        self.long(Instruction::plain(Op::Wfi));
        self.push(Item::Half { bits: 0 });
        self.push(Item::Align);
        self.place(table);
        let to = EXCEPTION;
        self.push(Item::Jump { rd: 0, to, short: false });
        let first = match self.rng.random_range(0..3) {
            0 => Item::long(Instruction::plain(Op::Ecall)),
            1 => Item::long(Instruction::plain(Op::Ebreak)),
            _ => Item::Word { bits: u32::MAX },
        };
        let back = Item::long(Instruction::i(Op::Jalr, 0, resume, 0));
        for entry in 1..13 {
            self.push(if INTERRUPTS.contains(&(1 << entry)) { first } else { back });
        }
        self.place(end);
        let addend = self.choose(&[0, 1]);
        self.address(a, HANDLER, addend);
        self.long(Instruction::csrw(csr::MTVEC, a));
        self.csr_bits(Op::Csrrsi, csr::MSTATUS, MSTATUS_MIE);
    }
}

/// Cycles in which the trap handler surely returns, however slow the memory is: a timer with this
/// period leaves time for the program.
const PERIOD: u32 = 1200;

impl Writer<'_> {
    /// Something about interrupts.
    pub fn interrupt(&mut self) {
        match self.rng.random_range(0..12) {
            0..3 => {
                let [a, b] = self.targets();
                let cycles = self.cycles();
                self.constant(b, cycles);
                self.push_all(&arm_timer(a, b));
            }
            3 | 4 => {
                self.raise(ADDR_MSIP);
                // What is rare among floats is interrupted often enough, too.
                if self.float && self.chance(20) {
                    self.fence();
                }
            }
            5 | 6 => self.raise(ADDR_EXTERNAL),
            7 => self.enable(),
            8 | 9 => {
                let op = self.choose(&[Op::Csrrsi, Op::Csrrsi, Op::Csrrci]);
                self.csr_bits(op, csr::MSTATUS, MSTATUS_MIE);
            }
            10 => self.mode(),
            _ => self.clock(),
        }
    }

    /// Cycles until a timer interrupt: more often few than many.
    fn cycles(&mut self) -> u32 {
        let most = self.choose(&[4, 16, 64, 256, 1024]);
        self.rng.random_range(0..most)
    }

    /// A software or external interrupt.
    fn raise(&mut self, device: u32) {
        let [a, b] = self.targets();
        self.constant(a, device);
        // Only bit 0 counts.
        let value = self.choose(&[1, 1, 1, 0, u32::MAX, 0xffff_fffe]);
        self.constant(b, value);
        self.op(Instruction::sw(b, a, 0));
    }

    /// Which interrupts are enabled: mostly all.
    fn enable(&mut self) {
        let register = self.target();
        let value = match self.rng.random_range(0..4) {
            0 => self.rng.random(),
            1 => self.choose(&INTERRUPTS),
            _ => INTERRUPTS.iter().sum(),
        };
        self.constant(register, value);
        self.long(Instruction::csrw(csr::MIE, register));
    }

    /// Direct or vectored; bit 1 of mtvec stays 0 whatever is written.
    fn mode(&mut self) {
        let register = self.target();
        let addend = self.rng.random_range(0..4);
        self.address(register, HANDLER, addend);
        self.long(Instruction::csrw(csr::MTVEC, register));
    }

    /// Sets the clock forth or back.
    fn clock(&mut self) {
        let [a, b] = self.targets();
        self.constant(a, ADDR_MTIME);
        let value = self.choose(&[0, 1, 0xffff_ff00, 0x8000_0000, 12345]);
        self.constant(b, value);
        self.op(Instruction::sw(b, a, 0));
    }

    /// A `wfi` that an interrupt surely ends.
    pub fn wait(&mut self) {
        let [a, b] = self.targets();
        let asleep = self.chance(60);
        if asleep {
            // Nobody takes the interrupt, and withdraws it, before the program waits for it.
            self.csr_bits(Op::Csrrci, csr::MSTATUS, MSTATUS_MIE);
        } else {
            // Taken before, it comes again.
            self.period(a, PERIOD);
        }
        self.constant(b, 1 << IRQ_TIMER);
        self.long(Instruction::csr(Op::Csrrs, 0, csr::MIE, b));
        let cycles = self.cycles();
        self.constant(b, cycles);
        self.push_all(&arm_timer(a, b));
        if !asleep {
            self.csr_bits(Op::Csrrsi, csr::MSTATUS, MSTATUS_MIE);
        }
        self.long(Instruction::plain(Op::Wfi));
        if asleep {
            if self.chance(70) {
                self.csr_bits(Op::Csrrsi, csr::MSTATUS, MSTATUS_MIE);
            }
        } else {
            self.period(a, 0);
            self.push_all(&disarm_timer(a, b));
        }
    }

    fn period(&mut self, register: u8, cycles: u32) {
        self.constant(register, cycles);
        self.op(Instruction::sw(register, self.reserved.save, save::PERIOD));
    }

    /// Enables all interrupts, at a program's begin.
    pub fn enable_all(&mut self) {
        let register = self.holding(INTERRUPTS.iter().sum());
        self.long(Instruction::csrw(csr::MIE, register));
        self.csr_bits(Op::Csrrsi, csr::MSTATUS, MSTATUS_MIE);
    }
}

/// Whether the reference takes an instruction for illegal, straight after reset.
fn is_illegal(bits: u32) -> bool {
    // Room for the instruction and what is fetched with it.
    let config = HartConfig { ram_bytes: 16, ..HartConfig::default() };
    let mut hart = Hart::new(&config);
    hart.load(config.boot, &bits.to_le_bytes()).expect("it is in RAM");
    let retire = hart.step(&Feed::default()).expect("there is no interrupt");
    retire.trap.is_some_and(|trap| trap.cause == CAUSE_ILLEGAL)
}

/// 32 bits that are no instruction, half of them of a major opcode that there is. The unit's opcode
/// is left out: what it refuses depends on what it holds.
fn illegal_word(rng: &mut impl Rng, float: bool) -> u32 {
    #[rustfmt::skip]
    const OPCODES: [u32; 9] = [
        OPCODE_LOAD, OPCODE_MISC_MEM, OPCODE_OP_IMM, OPCODE_STORE, OPCODE_OP, OPCODE_BRANCH,
        OPCODE_JALR, OPCODE_SYSTEM, OPCODE_SYSTEM,
    ];
    loop {
        let bits = rng.random::<u32>();
        let opcode = if rng.random() {
            *OPCODES.choose(rng).expect("it is not empty")
        } else {
            bits & 0x7f | 3
        };
        let bits = if opcode == OPCODE_CONV { u32::MAX } else { bits & !0x7f | opcode };
        // What is off after reset may be on later.
        let known = decode(bits, float).is_some_and(|it| it.op.is_float());
        if !known && is_illegal(bits) {
            return bits;
        }
    }
}

/// 16 bits that are no instruction.
fn illegal_half(rng: &mut impl Rng, float: bool) -> u16 {
    loop {
        let bits = rng.random_range(0..=0xffff);
        if is_compressed(bits) && decode(bits, float).is_none() {
            return bits as u16;
        }
    }
}

/// The number of a CSR that does not exist.
fn unknown_csr(rng: &mut impl Rng, float: bool) -> u16 {
    loop {
        let number = rng.random_range(0..0x1000_u32) as u16;
        let exists =
            |row: &Csr| (row.number..=row.last).contains(&number) && (float || !row.is_float());
        if !csr::CSRS.iter().any(exists) {
            return number;
        }
    }
}
