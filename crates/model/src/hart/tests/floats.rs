// SPDX-License-Identifier: MIT OR Apache-2.0
//! A hart with F: the state of its float registers in mstatus, fcsr, rounding modes, what is illegal and
//! when, loads and stores. What the operations compute is the matter of [`crate::float`].

use super::encode::{ECALL, MRET, csrrs, csrrw, i, immediate, lw, r, s};
use super::{BASE, Hart, HartConfig, Retire, Trap, step, steps, store};
use crate::hart::Access;

const FFLAGS: u16 = 1;
const FRM: u16 = 2;
const FCSR: u16 = 3;
const MSTATUS: u16 = 0x300;
const OFF: u32 = 0;
const INITIAL: u32 = 1;
const CLEAN: u32 = 2;
const DIRTY: u32 = 3;

const ONE: u32 = 0x3f80_0000;
const TWO: u32 = 0x4000_0000;
const THREE: u32 = 0x4040_0000;
const SIGNALLING: u32 = 0x7f80_0001;
const NX: u32 = 1;
const NV: u32 = 16;

const fn op(funct7: u32, rs2: u32, rs1: u32, rm: u32, rd: u32) -> u32 {
    r(funct7, rs2, rs1, rm, rd, 0x53)
}

/// To nearest; 7 is frm's mode.
const fn fadd(rd: u32, rs1: u32, rs2: u32, rm: u32) -> u32 {
    op(0x00, rs2, rs1, rm, rd)
}

const fn flw(rd: u32, rs1: u32, imm: i32) -> u32 {
    i(imm, rs1, 2, rd, 0x07)
}

const fn fsw(rs2: u32, rs1: u32, imm: i32) -> u32 {
    s(imm, rs2, rs1, 2) | 0x04
}

const FEQ: u32 = op(0x50, 2, 1, 2, 10);
const FSGNJ: u32 = op(0x10, 2, 1, 0, 3);
const FCVT_W_S: u32 = op(0x60, 0, 1, 7, 10);
const FMV_X_W: u32 = op(0x70, 0, 1, 0, 10);
const FMV_W_X: u32 = op(0x78, 0, 10, 0, 1);
/// c.flw fa0, 4(a0), and c.fswsp ft1, 4(sp).
const C_FLW: u32 = 0x6148;
const C_FSWSP: u32 = 0xe206;

/// A hart with F after reset with these instructions, and mstatus.FS.
pub(super) fn hart(program: &[u32], state: u32) -> Hart {
    let config = HartConfig { ram_bytes: 1 << 16, float: true, ..HartConfig::default() };
    let mut hart = Hart::new(&config);
    store(&mut hart, BASE, program);
    hart.csrs.write(MSTATUS, state << 13);
    hart.float_registers[1] = ONE;
    hart.float_registers[2] = TWO;
    hart
}

/// mstatus.FS; that SD goes with it is checked here.
fn state(hart: &Hart) -> u32 {
    let status = hart.csr(MSTATUS).unwrap();
    assert_eq!(status >> 31 == 1, status >> 13 & 3 == DIRTY, "{status:#x}");
    status >> 13 & 3
}

fn illegal(value: u32) -> Option<Trap> {
    Some(Trap { cause: 2, value })
}

/// What one instruction does in a state that it may not change, and the state behind it.
fn one(insn: u32, before: u32) -> (Retire, u32) {
    let mut hart = hart(&[insn], before);
    let retire = step(&mut hart);
    (retire, state(&hart))
}

#[test]
fn the_registers_of_a_hart_with_floats() {
    let mut plain = super::hart(&[]);
    plain.csrs.write(MSTATUS, !0);
    assert_eq!((plain.csr(MSTATUS), plain.csr(0x301)), (Some(0x1888), Some(0x4080_1104)));
    let mut hart = Hart::new(&HartConfig { float: true, ..HartConfig::default() });
    assert_eq!((hart.csr(MSTATUS), hart.csr(0x301)), (Some(0x1800), Some(0x4080_1124)));
    hart.csrs.write(MSTATUS, !0);
    assert_eq!(hart.csr(MSTATUS), Some(0x8000_7888));
    hart.csrs.write(MSTATUS, 1 << 31 | CLEAN << 13);
    assert_eq!(hart.csr(MSTATUS), Some(0x0000_5800), "SD follows from FS");
    for csr in [FFLAGS, FRM, FCSR] {
        assert_eq!((plain.csr(csr), hart.csr(csr)), (None, Some(0)));
    }
}

#[test]
fn without_floats_their_instructions_are_illegal() {
    for insn in [FEQ, FSGNJ, flw(1, 10, 0), fsw(1, 10, 0), C_FLW, C_FSWSP, csrrs(10, FCSR, 0)] {
        let mut hart = super::hart(&[insn]);
        hart.csrs.write(MSTATUS, DIRTY << 13);
        assert_eq!(step(&mut hart).trap, illegal(insn), "{insn:#x}");
    }
}

#[test]
fn floats_that_are_off_are_illegal() {
    let accesses = [FFLAGS, FRM, FCSR].map(|csr| [csrrs(10, csr, 0), immediate(csrrw(0, csr, 1))]);
    let others = [
        FEQ,
        FSGNJ,
        FCVT_W_S,
        FMV_X_W,
        FMV_W_X,
        C_FLW,
        C_FSWSP,
        fadd(3, 1, 2, 0),
        flw(3, 10, 0),
        fsw(1, 10, 0),
        0x1820_8243,
    ];
    for insn in accesses.into_iter().flatten().chain(others) {
        let (retire, after) = one(insn, OFF);
        assert_eq!((retire.trap, after), (illegal(insn), OFF), "{insn:#x}");
        // No other state traps, but for the loads, which have an address of 0.
        let (retire, _) = one(insn, INITIAL);
        assert_ne!(retire.trap, illegal(insn), "{insn:#x}");
    }
}

#[test]
fn what_makes_the_state_dirty() {
    for before in [INITIAL, CLEAN, DIRTY] {
        let written = [fadd(3, 1, 2, 0), FSGNJ, FMV_W_X, flw(3, 11, 0)];
        let csrs = [csrrw(0, FFLAGS, 0), immediate(csrrs(0, FRM, 1)), csrrw(10, FCSR, 11)];
        let left = [FEQ, FMV_X_W, FCVT_W_S, fsw(1, 11, 0), csrrs(10, FCSR, 0), lw(10, 11, 0)];
        let dirty = written.into_iter().chain(csrs).map(|insn| (insn, DIRTY));
        for (insn, after) in dirty.chain(left.into_iter().map(|insn| (insn, before))) {
            let mut hart = hart(&[insn], before);
            hart.registers[11] = BASE;
            steps(&mut hart, 1);
            assert_eq!(state(&hart), after, "{insn:#x} in {before}");
        }
        // A flag does, whether it was set or not; one that is not raised does not.
        for (operand, flags) in [(ONE, 0), (SIGNALLING, NV)] {
            let mut hart = hart(&[FEQ], before);
            hart.float_registers[1] = operand;
            hart.csrs.write(FFLAGS, NV);
            hart.csrs.write(MSTATUS, before << 13);
            let retire = step(&mut hart);
            assert_eq!((retire.flags, retire.float_rd), (flags, None));
            assert_eq!(state(&hart), if flags == 0 { before } else { DIRTY });
        }
        // Nor does what traps.
        let (retire, after) = one(flw(3, 0, 0), before);
        assert_eq!((retire.trap, after), (Some(Trap { cause: 5, value: 0 }), before));
        assert_eq!((retire.float_rd, retire.flags), (None, 0));
    }
}

#[test]
fn traps_and_returns_keep_the_state() {
    for before in [OFF, INITIAL, CLEAN, DIRTY] {
        let mut hart = hart(&[ECALL, MRET], before);
        hart.csrs.write(0x305, BASE + 4);
        assert!(step(&mut hart).trap.is_some());
        assert_eq!(state(&hart), before);
        steps(&mut hart, 1);
        assert_eq!((state(&hart), hart.pc()), (before, BASE));
    }
}

#[test]
fn flags_are_kept_until_they_are_cleared() {
    // 1 / 3, and a comparison with a NaN that signals.
    let divide = op(0x0c, 3, 1, 0, 4);
    let compare = op(0x50, 5, 1, 2, 10);
    let clear = csrrw(11, FFLAGS, 0);
    let mut hart = hart(&[divide, compare, divide, clear, compare], INITIAL);
    (hart.float_registers[3], hart.float_registers[5]) = (THREE, SIGNALLING);
    let mut next = || {
        let retire = step(&mut hart);
        (retire.flags, hart.csr(FFLAGS).unwrap())
    };
    assert_eq!(next(), (NX, NX));
    assert_eq!(next(), (NV, NV | NX));
    assert_eq!(next(), (NX, NV | NX));
    assert_eq!(next(), (0, 0));
    assert_eq!(next(), (NV, NV));
    assert_eq!((hart.register(10), hart.register(11)), (0, NV | NX));
}

#[test]
fn flags_and_mode_are_parts_of_one_register() {
    let program = [
        immediate(csrrw(0, FRM, 3)),
        immediate(csrrs(0, FFLAGS, 0x15)),
        csrrs(10, FCSR, 0),
        csrrw(11, FCSR, 12),
        csrrs(13, FRM, 0),
        csrrs(14, FFLAGS, 0),
        csrrw(15, FRM, 16),
    ];
    let mut hart = hart(&program, INITIAL);
    (hart.registers[12], hart.registers[16]) = (0xffff_ff4a, 0xffff_fff9);
    steps(&mut hart, program.len());
    let found = [10, 11, 13, 14, 15].map(|n| hart.register(n));
    assert_eq!(found, [0x75, 0x75, 2, 0x0a, 2]);
    assert_eq!(hart.csr(FCSR), Some(0x2a));
}

#[test]
fn rounding_modes() {
    // 1 + 2⁻²⁴ lies between two numbers: to nearest, to 0, down, up, away.
    let results = [ONE, ONE, ONE, ONE + 1, ONE + 1];
    let modes = (0..8).flat_map(|mode| [(mode, 7, mode), (0, mode, mode % 7)]);
    for (frm, rm, mode) in modes {
        let insn = fadd(3, 1, 2, rm);
        let mut hart = hart(&[insn], INITIAL);
        hart.float_registers[2] = 0x3380_0000;
        hart.csrs.write(FRM, frm);
        let retire = step(&mut hart);
        let (rd, flags, trap) = match results.get(mode as usize) {
            Some(&value) => (Some((3, value)), NX, None),
            None => (None, 0, illegal(insn)),
        };
        assert_eq!((retire.float_rd, retire.flags, retire.trap), (rd, flags, trap), "{frm}, {rm}");
    }
}

#[test]
fn a_reserved_mode_is_nothing_to_what_does_not_round() {
    let rounding = [
        (FCVT_W_S, true),
        (0x1820_f243, true),
        (op(0x68, 0, 10, 7, 1), true),
        (op(0x2c, 0, 1, 7, 1), true),
        (FEQ, false),
        (FSGNJ, false),
        (FMV_X_W, false),
        (FMV_W_X, false),
        (op(0x14, 2, 1, 1, 3), false),
        (op(0x70, 0, 1, 1, 10), false),
        (flw(1, 11, 0), false),
        (fsw(1, 11, 0), false),
    ];
    for frm in 5..8 {
        for (insn, rounds) in rounding {
            let mut hart = hart(&[insn], INITIAL);
            hart.registers[11] = BASE + 64;
            hart.csrs.write(FRM, frm);
            let expected = if rounds { illegal(insn) } else { None };
            assert_eq!(step(&mut hart).trap, expected, "{insn:#x} with frm {frm}");
        }
    }
}

#[test]
fn operands_and_results() {
    // fmsub.s f0, f1, f2, f3: 1 · 2 − 3, written to f0, which is a register as any.
    let fused = 3 << 27 | op(0, 2, 1, 0, 0) & 0x01ff_ff80 | 0x47;
    let mut hart = hart(&[fused, op(0x78, 0, 10, 0, 31), op(0x70, 0, 31, 0, 0)], CLEAN);
    (hart.float_registers[3], hart.registers[10]) = (THREE, SIGNALLING);
    let retire = step(&mut hart);
    assert_eq!((retire.float_rd, retire.rd), (Some((0, 0xbf80_0000)), None));
    assert_eq!(hart.float_registers()[0], 0xbf80_0000);
    let retire = step(&mut hart);
    assert_eq!((retire.float_rd, retire.rd), (Some((31, SIGNALLING)), None));
    // fmv.x.w to x0.
    let retire = step(&mut hart);
    assert_eq!((retire.float_rd, retire.rd, hart.register(0)), (None, None, 0));
}

#[test]
fn loads_and_stores() {
    let data = BASE + 0x101;
    let program = [fsw(1, 10, 1), flw(4, 10, 1), C_FLW | C_FSWSP << 16];
    let mut hart = hart(&program, INITIAL);
    (hart.registers[10], hart.registers[2]) = (data - 1, data + 0x40);
    let stored = step(&mut hart);
    let access = Access { addr: data, wmask: 15, wdata: ONE, ..Access::default() };
    assert_eq!((stored.memory, stored.float_rd), (Some(access), None));
    let loaded = step(&mut hart);
    let access = Access { addr: data, rmask: 15, rdata: ONE, ..Access::default() };
    assert_eq!((loaded.memory, loaded.float_rd, loaded.rd), (Some(access), Some((4, ONE)), None));
    let loaded = step(&mut hart);
    assert_eq!((loaded.insn, loaded.memory.unwrap().addr), (C_FLW, data + 3));
    assert_eq!(loaded.float_rd.map(|(rd, _)| rd), Some(10));
    let stored = step(&mut hart);
    let access = Access { addr: data + 0x44, wmask: 15, wdata: ONE, ..Access::default() };
    assert_eq!((stored.insn, stored.memory), (C_FSWSP, Some(access)));
    // mhpmcounter9 and 10 count them as loads and stores.
    assert_eq!((hart.csr(0xb09), hart.csr(0xb0a)), (Some(2), Some(2)));

    let fault = |insn, cause| {
        let (retire, _) = one(insn, CLEAN);
        assert_eq!(retire.trap, Some(Trap { cause, value: 64 }), "{insn:#x}");
    };
    fault(flw(1, 0, 64), 5);
    fault(fsw(1, 0, 64), 7);
}
