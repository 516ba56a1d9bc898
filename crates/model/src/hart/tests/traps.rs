// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exceptions and interrupts: causes, the status stack, which goes first, alone and as a device under
//! test says.

use super::encode::{EBREAK, ECALL, MRET, NOP, WFI, addi, csrrw, immediate, lw, sw};
use super::{BASE, Feed, Hart, Trap, hart, step, steps, store};
use crate::hart::FeedError;

const MSTATUS: u16 = 0x300;
const MTVEC: u16 = 0x305;
const MEPC: u16 = 0x341;
const MCAUSE: u16 = 0x342;
const MTVAL: u16 = 0x343;

/// mstatus bits.
const MIE: u32 = 1 << 3;
const MPIE: u32 = 1 << 7;
const MPP: u32 = 3 << 11;

#[test]
fn causes_and_values() {
    let cases = [
        (ECALL, 11, 0),
        (EBREAK, 3, BASE),
        (0x0000_9002, 3, BASE),
        (0xffff_ffff, 2, 0xffff_ffff),
        (0x0000_0000, 2, 0),
        (0xabcd_0000, 2, 0),
        (0xabcd_6101, 2, 0x6101),
        (0x0200_0077, 2, 0x0200_0077),
        (lw(12, 0, 8), 5, 8),
        (sw(12, 0, 12), 7, 12),
    ];
    for (insn, cause, value) in cases {
        let mut hart = hart(&[insn]);
        let retire = step(&mut hart);
        assert_eq!(retire.trap, Some(Trap { cause, value }), "{insn:#010x}");
        assert_eq!((retire.rd, retire.memory, retire.interrupt), (None, None, None));
        let csrs = [MEPC, MCAUSE, MTVAL].map(|csr| hart.csr(csr).unwrap());
        assert_eq!(csrs, [BASE, cause, value], "{insn:#010x}");
        assert_eq!((retire.next_pc, hart.pc()), (0, 0), "mtvec after reset");
        assert_eq!(hart.csr(MSTATUS), Some(MPP), "MPIE = MIE = 0");
    }
}

#[test]
fn the_status_stack() {
    // MIE and MPIE before; after a trap; after an mret
    let cases =
        [(0, 0, MPIE), (MIE, MPIE, MPIE), (MPIE, 0, MPIE | MIE), (MIE | MPIE, MPIE, MPIE | MIE)];
    for (before, trapped, returned) in cases {
        let mut hart = hart(&[csrrw(0, MSTATUS, 10), ECALL]);
        hart.registers[10] = before;
        steps(&mut hart, 1);
        step(&mut hart);
        assert_eq!(hart.csr(MSTATUS), Some(trapped | MPP), "trap from {before:#x}");

        let mut hart = super::hart(&[csrrw(0, MSTATUS, 10), MRET]);
        hart.registers[10] = before;
        steps(&mut hart, 2);
        assert_eq!(hart.csr(MSTATUS), Some(returned | MPP), "mret from {before:#x}");
        assert_eq!(hart.pc(), 0, "mepc after reset");
    }
}

#[test]
fn there_and_back() {
    // A handler that skips what trapped: mepc + 4.
    let mut hart = hart(&[csrrw(0, MTVEC, 10), ECALL, addi(11, 11, 1)]);
    let handler = [0x3410_2673, addi(12, 12, 4), csrrw(0, MEPC, 12), MRET];
    store(&mut hart, BASE + 0x100, &handler);
    // Vectored: exceptions still go to the base.
    hart.registers[10] = BASE + 0x101;
    step(&mut hart);
    let trapped = step(&mut hart);
    assert_eq!((trapped.pc, trapped.next_pc), (BASE + 4, BASE + 0x100));
    steps(&mut hart, 4);
    assert_eq!(hart.pc(), BASE + 8);
    steps(&mut hart, 1);
    assert_eq!(hart.register(11), 1);
}

#[test]
fn fetch_faults() {
    const END: u32 = BASE + 0x1_0000;
    let fetched = |pc: u32, last_word: u32| {
        let mut hart = hart(&[]);
        store(&mut hart, END - 4, &[last_word]);
        hart.pc = pc;
        let retire = step(&mut hart);
        if retire.trap.is_some() {
            assert_eq!((retire.insn, hart.csr(MEPC)), (0, Some(pc)));
        }
        retire.trap
    };
    let fault = |value| Some(Trap { cause: 1, value });
    assert_eq!(fetched(END, 0), fault(END));
    assert_eq!(fetched(END + 2, 0), fault(END + 2));
    assert_eq!(fetched(BASE - 2, 0), fault(BASE - 2));
    assert_eq!(fetched(0, 0), fault(0));
    // The last halfword of RAM: c.nop, the first half of an instruction, an illegal halfword.
    assert_eq!(fetched(END - 2, 0x0001_0001), None);
    assert_eq!(fetched(END - 2, 0x0013_0001), fault(END));
    assert_eq!(fetched(END - 2, 0x0000_0001), Some(Trap { cause: 2, value: 0 }));
    assert_eq!(fetched(END - 4, NOP), None);
}

#[test]
fn nothing_of_an_instruction_that_traps_is_left() {
    // lw with rd = rs1, and a csrrw of a CSR that there is not, or that is read-only
    let csrs = [csrrw(10, 0x345, 10), immediate(csrrw(10, 0x345, 3)), csrrw(10, 0xf14, 11)];
    for insn in csrs.into_iter().chain([lw(10, 10, 0)]) {
        let mut hart = hart(&[insn]);
        hart.registers[10] = 0x1234;
        let before = hart.registers;
        assert!(step(&mut hart).trap.is_some());
        assert_eq!(hart.registers, before, "{insn:#010x}");
    }
}

const HANDLER: u32 = BASE + 0x400;

const SOFTWARE: u32 = 1 << 3;
const TIMER: u32 = 1 << 7;
const EXTERNAL: u32 = 1 << 11;
const ALL: u32 = SOFTWARE | TIMER | EXTERNAL;

/// A program after mstatus.MIE = `enabled` and mie = `mie`, with a handler of nops.
fn ready(program: &[u32], enabled: bool, mie: u32, vectored: bool) -> Hart {
    let mut hart = hart(program);
    store(&mut hart, HANDLER, &[NOP; 16]);
    hart.csrs.write(0x300, u32::from(enabled) << 3);
    hart.csrs.write(0x304, mie);
    hart.csrs.write(0x305, HANDLER | u32::from(vectored));
    hart
}

fn fed(mip: u32, interrupt: bool) -> Feed {
    Feed { mip: Some(mip), interrupt, read: None }
}

/// A device interrupt line goes up.
fn raise(hart: &mut Hart, lines: u32) {
    for (line, addr) in [(SOFTWARE, 0x0200_0000), (EXTERNAL, 0x0c00_0000)] {
        if lines & line != 0 {
            assert!(hart.bus.devices.write(addr, 1));
        }
    }
    if lines & TIMER != 0 {
        assert!(hart.bus.devices.write(0x0200_4000, 0));
        assert!(hart.bus.devices.write(0x0200_4004, 0));
    }
}

#[test]
fn external_before_software_before_timer() {
    let cases = [
        (ALL, ALL, Some(11)),
        (ALL, SOFTWARE | TIMER, Some(3)),
        (SOFTWARE | TIMER, ALL, Some(3)),
        (ALL, TIMER, Some(7)),
        (TIMER, ALL, Some(7)),
        (SOFTWARE, TIMER, None),
        (0, ALL, None),
        (ALL, 0, None),
    ];
    for (lines, mie, cause) in cases {
        for vectored in [false, true] {
            for alone in [false, true] {
                let mut hart = ready(&[NOP], true, mie, vectored);
                let feed = if alone { Feed::default() } else { fed(lines, cause.is_some()) };
                if alone {
                    raise(&mut hart, lines);
                }
                let retire = hart.step(&feed).unwrap();
                let mcause = cause.map(|cause| 1 << 31 | cause);
                assert_eq!(retire.interrupt, mcause, "{lines:#x} & {mie:#x}");
                let vector = if vectored { 4 * cause.unwrap_or(0) } else { 0 };
                let pc = if cause.is_some() { HANDLER + vector } else { BASE };
                assert_eq!((retire.pc, retire.next_pc), (pc, pc + 4));
                if let Some(mcause) = mcause {
                    let csrs = [MEPC, MCAUSE, MTVAL].map(|csr| hart.csr(csr).unwrap());
                    assert_eq!(csrs, [BASE, mcause, 0]);
                    assert_eq!(hart.csr(0x300), Some(0x1880), "MPIE = 1, MIE = 0");
                }
            }
        }
    }
}

#[test]
fn none_while_disabled_and_one_after_mret() {
    let mut hart = ready(&[NOP, NOP], true, ALL, false);
    store(&mut hart, HANDLER, &[NOP, MRET]);
    raise(&mut hart, EXTERNAL);
    assert_eq!(step(&mut hart).interrupt, Some(1 << 31 | 11));
    // In the handler MIE is 0; the line is still up when it comes back.
    let mret = step(&mut hart);
    assert_eq!((mret.interrupt, mret.next_pc), (None, BASE));
    let again = step(&mut hart);
    assert_eq!((again.interrupt, again.pc), (Some(1 << 31 | 11), HANDLER));
}

#[test]
fn the_store_that_raises_it_is_before_it() {
    let mut hart = ready(&[sw(11, 10, 0), NOP], true, ALL, false);
    (hart.registers[10], hart.registers[11]) = (0x0200_0000, 1);
    assert_eq!(step(&mut hart).next_pc, BASE + 4);
    let first = step(&mut hart);
    assert_eq!((first.pc, first.interrupt), (HANDLER, Some(1 << 31 | 3)));
    assert_eq!(hart.csr(MEPC), Some(BASE + 4));
}

#[test]
fn the_instruction_that_enables_is_before_it() {
    let mut hart = ready(&[csrrw(0, 0x300, 10), NOP], false, ALL, false);
    raise(&mut hart, SOFTWARE);
    hart.registers[10] = 8;
    assert_eq!(step(&mut hart).interrupt, None);
    assert_eq!(step(&mut hart).interrupt, Some(1 << 31 | 3));
}

#[test]
fn the_first_instruction_of_a_handler_may_trap() {
    let mut hart = ready(&[NOP], true, ALL, false);
    store(&mut hart, HANDLER, &[ECALL]);
    let retire = hart.step(&fed(TIMER, true)).unwrap();
    assert_eq!(retire.interrupt, Some(1 << 31 | 7));
    assert_eq!(retire.trap, Some(Trap { cause: 11, value: 0 }));
    assert_eq!((hart.csr(MEPC), hart.csr(MCAUSE)), (Some(HANDLER), Some(11)));
}

/// The error of one step, which leaves everything as it was.
fn refused(hart: &mut Hart, feed: &Feed) -> String {
    let csrs = |hart: &Hart| -> Vec<_> { (0..0x1000).map(|csr| hart.csr(csr)).collect() };
    let before = (hart.pc, hart.registers, csrs(hart));
    let error = hart.step(feed).unwrap_err();
    assert_eq!((hart.pc, hart.registers, csrs(hart)), before);
    error.to_string()
}

#[test]
fn what_the_device_under_test_may_not_do() {
    let cases = [
        (false, ALL, TIMER, "an interrupt before 0x80000000 but mstatus.MIE is 0"),
        (true, ALL, 0, "an interrupt before 0x80000000 but its mip is 0"),
        (true, 0, TIMER, "the interrupt 7 before 0x80000000 but mie.MTIE is 0"),
        (true, TIMER, SOFTWARE, "the interrupt 3 before 0x80000000 but mie.MSIE is 0"),
        (true, TIMER, EXTERNAL, "the interrupt 11 before 0x80000000 but mie.MEIE is 0"),
    ];
    for (enabled, mie, mip, took) in cases {
        let error = refused(&mut ready(&[NOP], enabled, mie, false), &fed(mip, true));
        assert_eq!(error, format!("the DUT took {took}"));
    }
    for (lines, cause) in [(ALL, 11), (TIMER, 7)] {
        let error = refused(&mut ready(&[NOP], true, lines, false), &fed(lines, false));
        let due = format!("had to take the interrupt {cause} before");
        assert_eq!(error, format!("the DUT executed 0x80000000 but {due}"));
    }
    let feed = Feed { interrupt: true, ..Feed::default() };
    let error = refused(&mut ready(&[NOP], true, ALL, false), &feed);
    assert_eq!(error, "the DUT took an interrupt before 0x80000000 but its mip is not known");
}

#[test]
fn the_fed_mip_goes_before_the_own_devices() {
    let mut hart = ready(&[NOP, NOP], true, ALL, false);
    raise(&mut hart, ALL);
    assert_eq!(hart.step(&fed(0, false)).unwrap().interrupt, None);
    assert_eq!(hart.step(&fed(TIMER, true)).unwrap().interrupt, Some(1 << 31 | 7));
}

#[test]
fn wfi_waits_for_what_mie_enables() {
    for enabled in [false, true] {
        // An interrupt that ends a wfi comes after it.
        let mut hart = ready(&[WFI, NOP], enabled, TIMER, false);
        assert!(hart.bus.devices.write(0x0200_4004, 0));
        assert!(hart.bus.devices.write(0x0200_4000, 1000));
        let wfi = step(&mut hart);
        assert_eq!((wfi.interrupt, wfi.trap, wfi.next_pc), (None, None, BASE + 4));
        assert_eq!(hart.csr(0xb02), Some(1), "it counts");
        let next = step(&mut hart);
        assert_eq!(next.interrupt, enabled.then_some(1 << 31 | 7));
        if enabled {
            assert_eq!(hart.csr(MEPC), Some(BASE + 4));
        }

        // One that is pending already comes before it, or ends it at once.
        let mut hart = ready(&[WFI], enabled, SOFTWARE, false);
        raise(&mut hart, SOFTWARE);
        let first = step(&mut hart);
        assert_eq!(first.interrupt, enabled.then_some(1 << 31 | 3));
        assert_eq!(first.insn, if enabled { NOP } else { WFI });
        if enabled {
            assert_eq!(hart.csr(MEPC), Some(BASE));
        }
    }
}

#[test]
fn a_wfi_that_nothing_can_end() {
    for mie in [0, SOFTWARE, EXTERNAL, TIMER] {
        let mut hart = ready(&[WFI], true, mie, false);
        raise(&mut hart, ALL & !mie);
        let error = refused(&mut hart, &Feed::default());
        let enabled = format!("no interrupt of mie = {mie:#x} can come");
        assert_eq!(error, format!("the wfi at 0x80000000 waits for ever: {enabled}"));
    }
}

#[test]
fn a_wfi_of_the_device_under_test() {
    for enabled in [false, true] {
        // It retires with the mip that ended it.
        let mut hart = ready(&[WFI], enabled, TIMER, false);
        let retire = hart.step(&fed(TIMER | SOFTWARE, false)).unwrap();
        assert_eq!((retire.insn, retire.interrupt), (WFI, None));

        let mut hart = ready(&[WFI], enabled, TIMER, false);
        let message = "the DUT finished the wfi at 0x80000000 but no interrupt of mie = 0x80 is \
                       pending in its mip = 0x8";
        assert_eq!(refused(&mut hart, &fed(SOFTWARE, false)), message);
    }
    // An interrupt that is pending at its decision is taken before it.
    let mut hart = ready(&[WFI], true, TIMER, false);
    assert_eq!(hart.step(&fed(TIMER, true)).unwrap().interrupt, Some(1 << 31 | 7));
    assert_eq!(hart.csr(MEPC), Some(BASE));
    // Other instructions have no such excuse.
    let mut hart = ready(&[addi(1, 0, 0)], true, TIMER, false);
    let error = hart.step(&fed(TIMER, false)).unwrap_err();
    assert_eq!(error, FeedError::Ignored { pc: BASE, cause: 7 });
}
