// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a program has exercised of floats.

use model::facts::csr::{CSRS, FRM, MSTATUS};
use model::facts::riscv::MSTATUS_FS;
use model::float::{self, DYNAMIC};
use model::hart::{Hart, Retire};
use model::isa::{Class, Instruction, Op, Register};

use super::bins::{FLAGS, FLOAT_OPS, FUSED_OPS, FloatKind, Group, PAIRS};
use super::{Coverage, DISTANCES};

/// Float registers and CSRs before an instruction, and what the last ones did.
#[derive(Debug, Default)]
pub(super) struct FloatRecorder {
    registers: [u32; 32],
    /// mstatus.FS.
    state: u32,
    rounding_mode: u32,
    /// The registers that the last instructions have written, of floats or not, by which kind; the last
    /// one first.
    writers: [Option<(Register, bool, FloatKind)>; DISTANCES],
    /// The kinds of the last instructions, where they raised flags.
    raisers: [Option<FloatKind>; DISTANCES],
}

/// Whether an instruction is illegal while floats are off.
pub(super) fn uses_floats(it: Instruction) -> bool {
    let is_float_csr = |number: u16| CSRS.iter().any(|row| row.number == number && row.is_float());
    it.op.is_float() || it.op.class() == Class::Csr && is_float_csr(it.imm as u16)
}

/// The class of a float, as the place of its bit in the result of fclass.
fn class(bits: u32) -> usize {
    float::compute(Op::FclassS, 0, [bits, 0, 0]).0.trailing_zeros() as usize
}

impl FloatRecorder {
    pub fn is_off(&self) -> bool {
        self.state == 0
    }

    /// Counts an instruction, if it is one.
    pub fn record(&mut self, coverage: &mut Coverage, retire: &Retire, it: Option<Instruction>) {
        if retire.interrupt.is_some() {
            self.flush();
        }
        if let Some(it) = it {
            self.hazards(coverage, it);
            if retire.trap.is_some() {
                self.trapped(coverage, retire, it);
            } else if it.op.class() == Class::Float {
                self.operation(coverage, retire, it);
            }
            if retire.trap.is_none() {
                self.dirty(coverage, retire, it);
            }
        }
        if retire.trap.is_some() {
            return self.flush();
        }
        let kind = it.map(|it| FloatKind::of(it.op));
        let written = retire.float_rd.map(|(rd, _)| (rd, true));
        let written = written.or(retire.rd.map(|(rd, _)| (rd, false)));
        let writer = written.zip(kind).map(|((rd, float), kind)| (rd, float, kind));
        self.writers = [writer, self.writers[0], self.writers[1]];
        let raiser = kind.filter(|_| retire.flags != 0);
        self.raisers = [raiser, self.raisers[0], self.raisers[1]];
    }

    /// Takes over what the reference holds behind an instruction.
    pub fn advance(&mut self, hart: &Hart) {
        let csr = |number| hart.csr(number).unwrap_or_default();
        self.registers = *hart.float_registers();
        self.state = (csr(MSTATUS) & MSTATUS_FS) >> MSTATUS_FS.trailing_zeros();
        self.rounding_mode = csr(FRM);
    }

    fn flush(&mut self) {
        (self.writers, self.raisers) = ([None; DISTANCES], [None; DISTANCES]);
    }

    fn hazards(&self, coverage: &mut Coverage, it: Instruction) {
        let [_, floats @ ..] = it.op.floats();
        for (place, (register, float)) in
            [it.rs1, it.rs2, it.rs3].into_iter().zip(floats).enumerate()
        {
            // The youngest one that wrote this number counts.
            let mut writers = self.writers.iter().enumerate();
            let found = writers.find_map(|(distance, writer)| {
                writer.filter(|&(rd, ..)| rd == register).map(|writer| (distance, writer))
            });
            let Some((distance, (_, of_float, kind))) = found else { continue };
            if float && of_float {
                let (used, kind) = (FloatKind::of(it.op) as usize, kind as usize);
                coverage.hit(Group::FloatHazard, &[used, place, kind, distance]);
                coverage.hit(Group::FloatOpcodeHazard, &[it.op as usize, kind, distance]);
            } else if float != of_float && register != 0 && (float || it.op.is_float()) {
                coverage.hit(Group::OtherFile, &[usize::from(float), distance]);
            }
        }
        if uses_floats(it) && it.op.class() == Class::Csr && it.imm as u16 != FRM {
            let mut raisers = self.raisers.iter().enumerate();
            let found = raisers.find_map(|(distance, kind)| kind.map(|kind| (distance, kind)));
            if let Some((distance, kind)) = found {
                coverage.hit(Group::FlagsRead, &[kind as usize, distance]);
            }
        }
    }

    fn trapped(&self, coverage: &mut Coverage, retire: &Retire, it: Instruction) {
        if retire.trap.is_none_or(|trap| trap.value != retire.insn) || !uses_floats(it) {
            return;
        }
        if self.is_off() {
            let what = match it.op.class() {
                Class::FloatLoad => 0,
                Class::FloatStore => 1,
                Class::Float => 2,
                _ => 3,
            };
            coverage.hit(Group::Off, &[what]);
        } else if it.op.rounds() {
            let mode = match it.imm as u8 {
                DYNAMIC => self.rounding_mode as usize + 2,
                mode => mode.into(),
            };
            coverage.hit(Group::Reserved, &[mode - 5]);
        }
    }

    fn operation(&self, coverage: &mut Coverage, retire: &Retire, it: Instruction) {
        let Instruction { op, rs1, rs2, rs3, .. } = it;
        let place = |ops: &[Op]| ops.iter().position(|&it| it == op);
        let index = op as usize - FLOAT_OPS[0] as usize;
        for (flag, (_, bit)) in FLAGS.into_iter().enumerate() {
            if retire.flags & bit != 0 {
                coverage.hit(Group::Raised, &[index, flag]);
            }
        }
        let classes = [rs1, rs2, rs3].map(|it| class(self.registers[usize::from(it)]));
        let [a, b, _] = classes;
        if let Some(index) = place(&coverage.bins.rounding_ops) {
            let dynamic = it.imm == i32::from(DYNAMIC);
            let mode = if dynamic { self.rounding_mode as usize } else { it.imm as usize };
            coverage.hit(Group::Rounding, &[index, mode, usize::from(dynamic)]);
            if op.floats()[1] {
                coverage.hit(Group::RoundedClass, &[index, mode, a]);
            }
        }
        if let Some(index) = place(&coverage.bins.two_float_ops) {
            coverage.hit(Group::FloatClasses, &[index, a, b]);
        } else if let Some(index) = place(FUSED_OPS) {
            for (pair, (_, first, second)) in PAIRS.into_iter().enumerate() {
                let point = [index, pair, classes[first], classes[second]];
                coverage.hit(Group::FusedClasses, &point);
            }
        } else if let Some(index) = place(&[Op::FclassS, Op::FmvXW]) {
            coverage.hit(Group::FloatClass, &[index, a]);
        }
    }

    fn dirty(&self, coverage: &mut Coverage, retire: &Retire, it: Instruction) {
        let by = match it.op.class() {
            _ if retire.float_rd.is_some() => 0,
            _ if retire.flags != 0 => 1,
            Class::Csr if uses_floats(it) && writes(it) => 2,
            _ => return,
        };
        if let before @ 1..3 = self.state as usize {
            coverage.hit(Group::Dirty, &[before - 1, by]);
        }
    }
}

/// Whether a CSR instruction writes.
fn writes(it: Instruction) -> bool {
    matches!(it.op, Op::Csrrw | Op::Csrrwi) || it.rs1 != 0
}
