//! Exceptions of every kind, and accesses of CSRs.

use rand::Rng;

use super::illegal;
use super::writer::Writer;
use crate::instruction::{CsrOp, Instruction, LoadOp, Register, StoreOp, SystemOp};
use crate::map::{self, csr};
use crate::program::Item;
use crate::runtime::{EXCEPTION, HANDLER};

/// CSRs that a program may write with anything without losing its way.
const WRITABLE: &[u16] = &[
    csr::MSTATUS,
    csr::MSTATUSH,
    csr::MISA,
    csr::MIE,
    csr::MCOUNTINHIBIT,
    csr::MSCRATCH,
    csr::MEPC,
    csr::MCAUSE,
    csr::MTVAL,
    csr::MIP,
    csr::MCYCLE,
    csr::MINSTRET,
    csr::MCYCLEH,
    csr::MINSTRETH,
];
const READABLE: &[u16] = &[
    csr::MTVEC,
    csr::CYCLE,
    csr::INSTRET,
    csr::CYCLEH,
    csr::INSTRETH,
    csr::MVENDORID,
    csr::MARCHID,
    csr::MIMPID,
    csr::MHARTID,
    csr::MCONFIGPTR,
];

impl Writer<'_> {
    /// An access of a CSR; of one that does not exist, or may not be written, too.
    pub fn csr(&mut self) {
        let op = self.choose(CsrOp::ALL);
        let rd = self.destination();
        let source = if op.is_immediate() {
            self.choose(&[0, 1, 8, 31, 5, 16])
        } else if op == CsrOp::Csrrw {
            self.source()
        } else {
            // Without a source it does not write.
            let source = self.source();
            if self.chance(50) { 0 } else { source }
        };
        let csr = match self.rng.random_range(0..20) {
            0..10 => self.choose(WRITABLE),
            10..13 => self.performance_csr(),
            13 => return self.mtvec(),
            14..18 => {
                let csr = self.choose(READABLE);
                let op = self.choose(&[CsrOp::Csrrs, CsrOp::Csrrc, CsrOp::Csrrsi, CsrOp::Csrrci]);
                return self.long(Instruction::Csr { op, rd, csr, source: 0 });
            }
            _ => return self.illegal_csr(),
        };
        self.long(Instruction::Csr { op, rd, csr, source });
        // Often read back at once.
        if self.chance(30) {
            let rd = self.destination();
            self.long(Instruction::csrr(rd, csr));
        }
    }

    fn performance_csr(&mut self) -> u16 {
        match self.rng.random_range(0..4) {
            0 => self.rng.random_range(csr::MHPMEVENT3..=csr::MHPMEVENT31),
            1 => self.rng.random_range(csr::MINSTRET + 1..=csr::MHPMCOUNTER31),
            2 => self.rng.random_range(csr::MINSTRETH + 1..=csr::MHPMCOUNTER31H),
            _ => self.choose(&[csr::MINSTRET, csr::MINSTRETH, csr::MCYCLE, csr::MCYCLEH]),
        }
    }

    /// Anything in mtvec, while nothing can trap, and the old value back.
    fn mtvec(&mut self) {
        let [old, new] = self.targets();
        self.csr_bits(CsrOp::Csrrci, csr::MSTATUS, map::MSTATUS_MIE);
        let swap = |rd, source| Instruction::Csr { op: CsrOp::Csrrw, rd, csr: csr::MTVEC, source };
        let source = if self.chance(50) { new } else { self.source() };
        // The new value may come out of the register that takes the old one.
        self.long(swap(old, source));
        self.long(swap(new, old));
        if self.chance(50) {
            self.csr_bits(CsrOp::Csrrsi, csr::MSTATUS, map::MSTATUS_MIE);
        }
    }

    /// An access of a CSR that nothing else depends on.
    pub fn csr_simple(&mut self) {
        let csr = self.choose(&[csr::MSCRATCH, csr::MTVAL, csr::MCAUSE, csr::MINSTRET]);
        let (op, rd, source) = (self.choose(CsrOp::ALL), self.destination(), self.source());
        self.long(Instruction::Csr { op, rd, csr, source });
    }

    fn illegal_csr(&mut self) {
        let (op, rd, source) = (self.choose(CsrOp::ALL), self.destination(), self.source());
        let csr = match self.rng.random_range(0..3) {
            // A write of a read-only one.
            0 => {
                let csr = self.choose(&READABLE[1..]);
                let op = self.choose(&[CsrOp::Csrrw, CsrOp::Csrrwi]);
                return self.long(Instruction::Csr { op, rd, csr, source });
            }
            // Those of extensions that this hart has not.
            1 => self.choose(&[0x001, 0x100, 0x180, 0x302, 0x303, 0x306, 0x3a0, 0x744, 0x7b0]),
            _ => illegal::csr(self.rng),
        };
        self.long(Instruction::Csr { op, rd, csr, source });
    }

    /// One exception.
    pub fn exception(&mut self) {
        if self.chance(50) {
            self.simple();
        }
        match self.rng.random_range(0..11) {
            0 => self.long(Instruction::System { op: SystemOp::Ecall }),
            1 => self.op(Instruction::System { op: SystemOp::Ebreak }),
            2 => {
                let bits = illegal::word(self.rng);
                self.long(Instruction::Word { bits });
            }
            3 => {
                let bits = illegal::half(self.rng);
                self.long(Instruction::Half { bits });
            }
            4 => self.illegal_csr(),
            5 => self.load_fault(),
            6 => self.store_fault(),
            7..9 => self.fetch_fault(),
            9 => self.conv_misaligned(),
            _ => self.end_of_ram(),
        }
    }

    /// An address at which an access of `bytes` bytes fails, wholly or in one of its words.
    fn bad_address(&mut self, bytes: u32) -> u32 {
        match self.rng.random_range(0..8) {
            0 if bytes > 1 => map::RAM_END - self.rng.random_range(1..bytes),
            1 if bytes > 1 => map::RAM - self.rng.random_range(1..bytes),
            2 => map::RAM_END + self.rng.random_range(0..8),
            3 => map::RAM - self.rng.random_range(4..12),
            4 => self.rng.random_range(0..16),
            5 => u32::MAX - self.rng.random_range(0..8),
            6 => self.choose(&[map::MSIP, map::MTIME, map::EXTERNAL, map::UART]) - 4,
            _ => self.rng.random_range(0x1100_0000..0x7fff_0000),
        }
    }

    fn load_fault(&mut self) {
        let op = self.choose(LoadOp::ALL);
        let addr = self.bad_address(op.bytes());
        let (rs1, offset) = self.pointer(addr, -2048..2048, 1..32);
        self.without(&[rs1], 2);
        let rd = self.destination();
        self.op(Instruction::Load { op, rd, rs1, offset });
        // Nothing has been loaded: the use sees the old value.
        if self.chance(50) {
            let target = self.destination();
            self.op(Instruction::addi(target, rd, 1));
        }
    }

    fn store_fault(&mut self) {
        let op = self.choose(StoreOp::ALL);
        let addr = self.bad_address(op.bytes());
        let (rs1, offset) = self.pointer(addr, -2048..2048, 1..32);
        self.without(&[rs1], 2);
        let rs2 = self.source();
        self.op(Instruction::Store { op, rs1, rs2, offset });
    }

    /// A jump to where there is no memory to run.
    fn fetch_fault(&mut self) {
        let (end, resume) = (self.label(), self.reserved.resume);
        let register = self.target();
        let addr = match self.rng.random_range(0..5) {
            0 => map::RAM_END + 2 * self.rng.random_range(0..4),
            1 => map::RAM - 2 * self.rng.random_range(1..4),
            2 => self.choose(&[map::MSIP, map::MTIME, map::UART, map::EXTERNAL]),
            _ => self.rng.random_range(0..0x7fff_0000) & !1,
        };
        self.push(Item::Address { rd: resume, to: end, addend: 0 });
        self.jump_away(register, addr);
        self.place(end);
    }

    /// A 32-bit instruction of which only the first half is in RAM.
    fn end_of_ram(&mut self) {
        let (end, resume) = (self.label(), self.reserved.resume);
        let [addr, value] = self.targets();
        self.constant(addr, map::RAM_END - 4);
        // c.nop, then the first half of an `addi` that would change a register.
        let first_half = Instruction::addi(value, value, 1).encode() << 16;
        self.constant(value, first_half | 0x0001);
        self.op(Instruction::sw(value, addr, 0));
        self.fence_i();
        self.push(Item::Address { rd: resume, to: end, addend: 0 });
        let skip = 2 * self.rng.random_range(0..2);
        self.jump_away(addr, map::RAM_END - 4 + skip);
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
        self.op(Instruction::Jalr { rd, rs1: register, offset });
    }

    /// An interrupt whose handler's first instruction raises an exception.
    pub fn double_trap(&mut self) {
        let (table, end, resume) = (self.label(), self.label(), self.reserved.resume);
        let [a, b] = self.targets();
        self.csr_bits(CsrOp::Csrrci, csr::MSTATUS, map::MSTATUS_MIE);
        self.push(Item::Address { rd: resume, to: end, addend: 0 });
        self.push(Item::Address { rd: a, to: table, addend: 1 });
        self.long(Instruction::csrw(csr::MTVEC, a));
        self.csr_bits(CsrOp::Csrrsi, csr::MIE, 1 << 3);
        self.constant(a, map::MSIP);
        self.constant(b, 1);
        self.op(Instruction::sw(b, a, 0));
        self.csr_bits(CsrOp::Csrrsi, csr::MSTATUS, map::MSTATUS_MIE);
        // The interrupt comes before the instruction behind this one.
        self.long(Instruction::System { op: SystemOp::Wfi });
        self.long(Instruction::Half { bits: 0 });
        self.push(Item::Align);
        self.place(table);
        let to = EXCEPTION;
        self.push(Item::Jump { rd: 0, to, short: false });
        let first = match self.rng.random_range(0..3) {
            0 => Instruction::System { op: SystemOp::Ecall },
            1 => Instruction::System { op: SystemOp::Ebreak },
            _ => Instruction::Word { bits: u32::MAX },
        };
        let back = Instruction::Jalr { rd: 0, rs1: resume, offset: 0 };
        for entry in 1..13 {
            self.long(if [3, 7, 11].contains(&entry) { first } else { back });
        }
        self.place(end);
        let addend = self.choose(&[0, 1]);
        self.push(Item::Address { rd: a, to: HANDLER, addend });
        self.long(Instruction::csrw(csr::MTVEC, a));
        self.csr_bits(CsrOp::Csrrsi, csr::MSTATUS, map::MSTATUS_MIE);
    }
}
