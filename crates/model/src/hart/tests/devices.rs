// SPDX-License-Identifier: MIT OR Apache-2.0
//! The devices, alone and beside a device under test.

use super::encode::{NOP, i, lw, s, sw};
use super::{Feed, Hart, Trap, hart, step};

const MSIP: u32 = 0x0200_0000;
const MTIMECMP: u32 = 0x0200_4000;
const MTIME: u32 = 0x0200_bff8;
const EXTERNAL: u32 = 0x0c00_0000;
const UART: u32 = 0x1000_0000;
const MIP: u16 = 0x344;

fn read(hart: &mut Hart, addr: u32) -> u32 {
    perform(hart, lw(12, 10, 0), addr, 0);
    hart.register(12)
}

fn write(hart: &mut Hart, addr: u32, value: u32) {
    perform(hart, sw(11, 10, 0), addr, value);
}

/// An instruction with a10 = `addr` and a11 = `value`.
fn perform(hart: &mut Hart, insn: u32, addr: u32, value: u32) {
    super::store(hart, hart.pc(), &[insn]);
    (hart.registers[10], hart.registers[11]) = (addr, value);
    assert_eq!(step(hart).trap, None, "{addr:#x}");
}

#[test]
fn software_and_external_interrupt_are_bit_0() {
    let mut hart = hart(&[]);
    for (addr, line) in [(MSIP, 1 << 3), (EXTERNAL, 1 << 11)] {
        assert_eq!(read(&mut hart, addr), 0);
        write(&mut hart, addr, 0xffff_ffff);
        assert_eq!((read(&mut hart, addr), hart.csr(MIP)), (1, Some(line)));
        write(&mut hart, addr, 0xffff_fffe);
        assert_eq!((read(&mut hart, addr), hart.csr(MIP)), (0, Some(0)));
    }
}

#[test]
fn the_timer_compares_all_64_bits() {
    let mut hart = hart(&[]);
    assert_eq!((read(&mut hart, MTIMECMP), read(&mut hart, MTIMECMP + 4)), (!0, !0));
    assert_eq!(hart.csr(MIP), Some(0));
    write(&mut hart, MTIME + 4, 5);
    write(&mut hart, MTIMECMP, 0);
    assert_eq!(hart.csr(MIP), Some(0));
    write(&mut hart, MTIMECMP + 4, 5);
    assert_eq!(hart.csr(MIP), Some(1 << 7));
    write(&mut hart, MTIMECMP + 4, 6);
    assert_eq!(hart.csr(MIP), Some(0));
    assert_eq!((read(&mut hart, MTIMECMP), read(&mut hart, MTIMECMP + 4)), (0, 6));
}

#[test]
fn alone_time_is_instructions() {
    let mut hart = hart(&[NOP, NOP, NOP]);
    super::steps(&mut hart, 3);
    assert_eq!((read(&mut hart, MTIME), read(&mut hart, MTIME + 4)), (3, 0));
    write(&mut hart, MTIMECMP + 4, 0);
    write(&mut hart, MTIMECMP, 9);
    assert_eq!((hart.instructions(), hart.csr(MIP)), (7, Some(0)));
    perform(&mut hart, NOP, 0, 0);
    assert_eq!(hart.csr(MIP), Some(0));
    perform(&mut hart, NOP, 0, 0);
    assert_eq!(hart.csr(MIP), Some(1 << 7), "mtime has reached mtimecmp");
    write(&mut hart, MTIME, 0xffff_ffff);
    assert_eq!((read(&mut hart, MTIME), read(&mut hart, MTIME + 4)), (0, 1), "it carries");
}

#[test]
fn the_uart_sends_the_low_byte() {
    let mut hart = hart(&[]);
    write(&mut hart, UART, 0x1234_5648);
    perform(&mut hart, s(0, 11, 10, 0), UART, 0x69);
    assert_eq!(read(&mut hart, UART), 0);
    assert_eq!(hart.take_output(), b"Hi");
    assert_eq!(hart.take_output(), b"");
}

#[test]
fn narrow_and_crossing_accesses_of_registers() {
    let mut hart = hart(&[]);
    write(&mut hart, MTIMECMP, 0x8899_aabb);
    write(&mut hart, MTIMECMP + 4, 0xccdd_eeff);
    // lbu, lh, lw over both
    perform(&mut hart, i(1, 10, 4, 12, 0x03), MTIMECMP, 0);
    assert_eq!(hart.register(12), 0xaa);
    perform(&mut hart, i(2, 10, 1, 12, 0x03), MTIMECMP, 0);
    assert_eq!(hart.register(12), 0xffff_8899);
    assert_eq!(read(&mut hart, MTIMECMP + 2), 0xeeff_8899);
    // A store puts its whole word on the bus, turned by its lane.
    perform(&mut hart, s(1, 11, 10, 0), MTIMECMP, 0x1122_3344);
    assert_eq!(read(&mut hart, MTIMECMP), 0x2233_4411);
    write(&mut hart, MTIMECMP + 2, 0x5566_7788);
    assert_eq!(read(&mut hart, MTIMECMP), 0x7788_5566);
    assert_eq!(read(&mut hart, MTIMECMP + 4), 0x7788_5566);
}

#[test]
fn there_is_nothing_between_the_registers() {
    let holes = [
        MSIP - 4,
        MSIP + 4,
        MTIMECMP - 4,
        MTIMECMP + 8,
        MTIME - 4,
        MTIME + 8,
        EXTERNAL - 4,
        EXTERNAL + 4,
        UART - 4,
        UART + 4,
    ];
    for addr in holes {
        let trap = super::trap(lw(12, 10, 0), &[(10, addr)]);
        assert_eq!(trap, Some(Trap { cause: 5, value: addr }));
        let trap = super::trap(sw(11, 10, 0), &[(10, addr)]);
        assert_eq!(trap, Some(Trap { cause: 7, value: addr }));
    }
    // mtime is the last register of its block.
    let trap = super::trap(lw(12, 10, 0), &[(10, MTIME + 6)]);
    assert_eq!(trap, Some(Trap { cause: 5, value: MTIME + 8 }));
}

#[test]
fn instructions_are_not_fetched_from_devices() {
    let config = super::HartConfig { boot: UART, ..Default::default() };
    assert_eq!(step(&mut Hart::new(&config)).trap, Some(Trap { cause: 1, value: UART }));
}

#[test]
fn what_depends_on_time_is_fed() {
    let fed = |insn, addr: u32| {
        let mut hart = hart(&[insn]);
        hart.registers[10] = addr;
        let feed = Feed { mip: Some(0), read: Some(0x1_f0f1), ..Feed::default() };
        let retire = hart.step(&feed).unwrap();
        (retire.rd.unwrap().1, retire.memory.unwrap().rdata)
    };
    // lw, lb and lh of mtime, and a lw of which one half is in mtime
    assert_eq!(fed(lw(12, 10, 0), MTIME), (0x1_f0f1, 0x1_f0f1));
    assert_eq!(fed(i(0, 10, 0, 12, 0x03), MTIME + 1), (0xffff_fff1, 0xf1));
    assert_eq!(fed(i(0, 10, 5, 12, 0x03), MTIME + 6), (0xf0f1, 0xf0f1));
    assert_eq!(fed(lw(12, 10, 0), MTIME + 1), (0x1_f0f1, 0x1_f0f1));
    assert_eq!(fed(lw(12, 10, 0), EXTERNAL), (0x1_f0f1, 0x1_f0f1));
    // The others the program alone changes: here a device under test may be wrong.
    assert_eq!(fed(lw(12, 10, 0), MSIP), (0, 0));
    assert_eq!(fed(lw(12, 10, 0), MTIMECMP), (0xffff_ffff, 0xffff_ffff));
    assert_eq!(fed(lw(12, 10, 0), UART), (0, 0));
    assert_eq!(fed(lw(12, 10, 0), super::BASE).0, lw(12, 10, 0));
}
