// SPDX-License-Identifier: MIT OR Apache-2.0
//! The control and status registers and those of the devices: which there are, what of them is
//! writable, and how they count, alone and beside a device under test.

use super::encode::{ECALL, MRET, NOP, WFI, b, csrrc, csrrs, csrrw, i, immediate, j, lw, s, sw};
use super::{BASE, Feed, Hart, HartConfig, Trap, execute, hart, step, steps, store, trap};

/// Number, value after reset, value after a write of all ones and after one of all zeros.
#[rustfmt::skip]
const REGISTERS: &[(u16, u32, u32, u32)] = &[
    (0x300, 0x0000_1800, 0x0000_1888, 0x0000_1800), // mstatus
    (0x301, 0x4080_1104, 0x4080_1104, 0x4080_1104), // misa
    (0x304, 0x0000_0000, 0x0000_0888, 0x0000_0000), // mie
    (0x305, 0x0000_0000, 0xffff_fffd, 0x0000_0000), // mtvec
    (0x310, 0x0000_0000, 0x0000_0000, 0x0000_0000), // mstatush
    (0x320, 0x0000_0000, 0x0000_7ffd, 0x0000_0000), // mcountinhibit
    (0x340, 0x0000_0000, 0xffff_ffff, 0x0000_0000), // mscratch
    (0x341, 0x0000_0000, 0xffff_fffe, 0x0000_0000), // mepc
    (0x342, 0x0000_0000, 0x8000_001f, 0x0000_0000), // mcause
    (0x343, 0x0000_0000, 0xffff_ffff, 0x0000_0000), // mtval
    (0x344, 0x0000_0000, 0x0000_0000, 0x0000_0000), // mip
    (0xb00, 0x0000_0000, 0xffff_ffff, 0x0000_0000), // mcycle
    (0xb02, 0x0000_0000, 0xffff_ffff, 0x0000_0000), // minstret
    (0xb80, 0x0000_0000, 0xffff_ffff, 0x0000_0000), // mcycleh
    (0xb82, 0x0000_0000, 0xffff_ffff, 0x0000_0000), // minstreth
];

/// Read-only ones: cycle(h), instret(h), mvendorid, marchid, mimpid, mhartid, mconfigptr.
const READ_ONLY: [u16; 9] = [0xc00, 0xc02, 0xc80, 0xc82, 0xf11, 0xf12, 0xf13, 0xf14, 0xf15];

/// mhpmcounter3 to 31, their upper halves, and mhpmevent3 to 31.
fn is_event(csr: u16) -> bool {
    matches!(csr, 0xb03..=0xb1f | 0xb83..=0xb9f | 0x323..=0x33f)
}

/// A write of `value` and the values read by it and after it.
fn written(csr: u16, value: u32) -> (u32, u32) {
    let mut hart = hart(&[csrrw(12, csr, 11), csrrs(13, csr, 0)]);
    hart.registers[11] = value;
    steps(&mut hart, 2);
    (hart.register(12), hart.register(13))
}

#[test]
fn what_is_writable() {
    for &(csr, reset, ones, zeros) in REGISTERS {
        assert_eq!(written(csr, !0), (reset, ones), "{csr:#x} of ones");
        assert_eq!(written(csr, 0), (reset, zeros), "{csr:#x} of zeros");
        assert_eq!(hart(&[]).csr(csr), Some(reset), "{csr:#x}");
    }
    for csr in 3..=31 {
        let counter = if csr <= 14 { 0xffff_ffff } else { 0 };
        assert_eq!(written(0xb00 + csr, !0), (0, counter), "mhpmcounter{csr}");
        assert_eq!(written(0xb80 + csr, !0), (0, counter), "mhpmcounter{csr}h");
        let event = if csr <= 14 { u32::from(csr) } else { 0 };
        assert_eq!(written(0x320 + csr, !0), (event, event), "mhpmevent{csr}");
    }
}

#[test]
fn halves_of_a_counter_are_written_apart() {
    for low in [0xb02, 0xb03, 0xb0e] {
        let mut hart = hart(&[csrrw(0, low, 11), csrrw(0, low + 0x80, 12), csrrs(13, low, 0)]);
        (hart.registers[11], hart.registers[12]) = (0x1234, 0x5678);
        steps(&mut hart, 3);
        // Only minstret has counted, the write of minstreth not being its own.
        assert_eq!((hart.register(13), hart.csr(low + 0x80)), (0x1234, Some(0x5678)), "{low:#x}");
    }
}

#[test]
fn all_others_are_illegal() {
    for csr in 0..0x1000 {
        let exists =
            REGISTERS.iter().any(|row| row.0 == csr) || READ_ONLY.contains(&csr) || is_event(csr);
        let illegal = |insn| Some(Trap { cause: 2, value: insn });
        let read = csrrs(12, csr, 0);
        assert_eq!(trap(read, &[]), if exists { None } else { illegal(read) }, "{csr:#x}");
        let read_only = READ_ONLY.contains(&csr);
        for write in [csrrw(0, csr, 0), csrrs(12, csr, 11), immediate(csrrc(0, csr, 1))] {
            let expected = if exists && !read_only { None } else { illegal(write) };
            assert_eq!(trap(write, &[]), expected, "{write:#010x}");
        }
        assert_eq!(hart(&[]).csr(csr).is_some(), exists, "{csr:#x}");
    }
}

#[test]
fn read_only_ones_may_be_read_by_set_and_clear() {
    for csr in READ_ONLY {
        let value = if csr == 0xf13 { u32::from_be_bytes(*b"CNVA") } else { 0 };
        for read in [csrrs(12, csr, 0), csrrc(12, csr, 0)] {
            for insn in [read, immediate(read)] {
                assert_eq!(execute(insn, &[]).rd, Some((12, value)), "{csr:#x}");
            }
        }
        // The field counts, not the value of the register.
        assert!(trap(csrrs(12, csr, 11), &[(11, 0)]).is_some(), "{csr:#x}");
        assert!(trap(csrrw(12, csr, 0), &[]).is_some(), "{csr:#x}");
        assert!(trap(immediate(csrrw(12, csr, 0)), &[]).is_some(), "{csr:#x}");
    }
}

#[test]
fn write_set_and_clear() {
    const MSCRATCH: u16 = 0x340;
    const OLD: u32 = 0xff00_0ff0;
    let source = 0x1234_5678;
    let cases = [(11, source), (0, 0)].into_iter().flat_map(|(register, value)| {
        [
            (csrrw(12, MSCRATCH, register), value),
            (csrrs(12, MSCRATCH, register), OLD | value),
            (csrrc(12, MSCRATCH, register), OLD & !value),
        ]
    });
    let immediates = [31, 0].into_iter().flat_map(|value| {
        [
            (immediate(csrrw(12, MSCRATCH, value)), value),
            (immediate(csrrs(12, MSCRATCH, value)), OLD | value),
            (immediate(csrrc(12, MSCRATCH, value)), OLD & !value),
        ]
    });
    for (insn, after) in cases.chain(immediates) {
        let mut hart = hart(&[csrrw(0, MSCRATCH, 10), insn]);
        (hart.registers[10], hart.registers[11]) = (OLD, source);
        steps(&mut hart, 2);
        assert_eq!(hart.register(12), OLD, "{insn:#010x}");
        assert_eq!(hart.csr(MSCRATCH), Some(after), "{insn:#010x}");
    }
    // rd may be the source: the old value goes in, the register's goes out.
    let mut hart = hart(&[csrrw(11, MSCRATCH, 11), csrrw(11, MSCRATCH, 11)]);
    hart.registers[11] = 7;
    step(&mut hart);
    assert_eq!((hart.register(11), hart.csr(MSCRATCH)), (0, Some(7)));
    step(&mut hart);
    assert_eq!((hart.register(11), hart.csr(MSCRATCH)), (7, Some(0)));
}

#[test]
fn what_depends_on_time_is_fed() {
    let fed = |insn| {
        let mut hart = hart(&[insn]);
        hart.registers[11] = 0x0f;
        let feed = Feed { mip: Some(0x80), read: Some(0xf0), ..Feed::default() };
        let retire = hart.step(&feed).unwrap();
        (retire.rd.map(|(_, value)| value), hart)
    };
    for csr in 0..0x1000 {
        let is_counter = matches!(csr, 0xb03..=0xb0e | 0xb83..=0xb8e);
        let in_time = matches!(csr, 0x344 | 0xb00 | 0xb80 | 0xc00 | 0xc80) || is_counter;
        let (value, hart) = fed(csrrs(12, csr, 0));
        if hart.csr(csr).is_some() {
            assert_eq!(value == Some(0xf0), in_time, "{csr:#x}");
        }
    }
    // What is written depends on what was read.
    assert_eq!(fed(csrrs(12, 0xb03, 11)).1.csr(0xb03), Some(0xff));
    // Without rd there is nothing that the other could have told.
    assert_eq!(fed(csrrs(0, 0xb03, 11)).1.csr(0xb03), Some(0x0f));
    // Without a value the fed mip is as good.
    let mut hart = hart(&[csrrs(12, 0x344, 0)]);
    let feed = Feed { mip: Some(0x80), ..Feed::default() };
    assert_eq!(hart.step(&feed).unwrap().rd, Some((12, 0x80)));
}

const MCOUNTINHIBIT: u16 = 0x320;
const MCYCLE: u16 = 0xb00;
const MINSTRET: u16 = 0xb02;
const MINSTRETH: u16 = 0xb82;

#[test]
fn minstret_is_the_instructions_before() {
    // ecall goes to mtvec = 0x8000_0010, which is the last instruction.
    let mut hart = hart(&[csrrw(0, 0x305, 10), NOP, 0x0ff0_000f, ECALL, csrrs(12, MINSTRET, 0)]);
    hart.registers[10] = BASE + 16;
    for _ in 0..5 {
        step(&mut hart);
    }
    assert_eq!(hart.register(12), 3, "the ecall does not count");
    assert_eq!(hart.csr(MINSTRET), Some(4));
    assert_eq!((hart.csr(MCYCLE), hart.instructions()), (Some(5), 5));
}

#[test]
fn a_write_of_minstret_does_not_count_itself() {
    let program = [
        csrrw(0, MINSTRET, 10),
        csrrs(11, MINSTRET, 0),
        csrrs(12, MINSTRET, 0),
        csrrw(0, MINSTRETH, 10),
        csrrs(13, MINSTRET, 0),
        csrrs(14, MINSTRETH, 0),
        csrrw(0, MCYCLE, 10),
        csrrs(15, MINSTRET, 0),
    ];
    let mut hart = hart(&program);
    hart.registers[10] = 100;
    steps(&mut hart, 8);
    // 100 and two reads; the write of minstreth; two reads and the write of mcycle.
    let read = [11, 12, 13, 14, 15].map(|n| hart.register(n));
    assert_eq!(read, [100, 101, 102, 100, 105]);
}

#[test]
fn cycle_and_instret_are_shadows() {
    let mut hart = hart(&[csrrw(0, MINSTRET, 10), csrrw(0, MINSTRETH, 11), csrrs(12, 0xc02, 0)]);
    (hart.registers[10], hart.registers[11]) = (100, 7);
    steps(&mut hart, 3);
    assert_eq!((hart.register(12), hart.csr(0xc82)), (100, Some(7)));
    assert_eq!(hart.csr(0xc00), hart.csr(MCYCLE));
}

#[test]
fn what_is_inhibited_stands_still() {
    // bit 2, then bit 0, then none
    let program = [
        csrrw(0, MCOUNTINHIBIT, 10),
        NOP,
        csrrw(0, MCOUNTINHIBIT, 11),
        NOP,
        csrrw(0, MCOUNTINHIBIT, 0),
        NOP,
    ];
    let mut hart = hart(&program);
    (hart.registers[10], hart.registers[11]) = (4, 1);
    let mut counts = Vec::new();
    for _ in 0..6 {
        steps(&mut hart, 1);
        counts.push((hart.csr(MCYCLE).unwrap(), hart.csr(MINSTRET).unwrap()));
    }
    // Each write is still counted, or not, by the value before.
    assert_eq!(counts, [(1, 1), (2, 1), (3, 1), (3, 2), (3, 3), (4, 4)]);
    let mut hart = super::hart(&[program[0], csrrw(0, MINSTRET, 10), NOP]);
    hart.registers[10] = 100;
    steps(&mut hart, 3);
    assert_eq!(hart.csr(MINSTRET), Some(100), "it may be written all the same");
}

#[test]
fn events_are_those_of_instructions_that_retire() {
    let c_nop_twice = 0x0001_0001;
    let program = [
        lw(12, 10, 0),
        lw(12, 0, 0), // fails; mtvec is two on
        NOP,
        sw(12, 10, 0),
        i(0, 10, 0, 12, 0x03),
        j(4, 0),
        b(8, 0, 0, 0), // taken
        NOP,
        b(8, 0, 0, 1), // not taken
        0x0000_100f,   // fence.i
        c_nop_twice,
        WFI,
        0x0000_6077, // conv.clear
    ];
    let mut hart = hart(&program);
    hart.registers[10] = BASE + 0x100;
    store(&mut hart, BASE + 0x200, &[csrrw(0, 0x305, 10), j(-0x204, 0)]);
    hart.pc = BASE + 0x200;
    hart.registers[10] = BASE + 12;
    step(&mut hart);
    hart.registers[10] = BASE + 0x100;
    step(&mut hart);
    let before: Vec<u32> = (3..=14).map(|n| hart.csr(0xb00 + n).unwrap()).collect();
    assert_eq!(before, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], "the jump to the program");
    // Two loads, one failed one, a store, a jump, two branches, fence.i, two c.nop
    for _ in 0..10 {
        step(&mut hart);
    }
    assert_eq!(hart.pc(), BASE + 44);
    let after: Vec<u32> = (3..=14).map(|n| hart.csr(0xb00 + n).unwrap()).collect();
    assert_eq!(after, [0, 0, 0, 0, 0, 0, 2, 1, 3, 2, 1, 2]);
}

#[test]
fn mret_is_a_jump_and_a_written_event_counter_counts_on() {
    let mut hart = hart(&[csrrw(0, 0xb0b, 10), csrrw(0, MINSTRET, 10), MRET]);
    hart.registers[10] = 0xffff_ffff;
    steps(&mut hart, 3);
    // They carry into their upper halves.
    assert_eq!((hart.csr(0xb0b), hart.csr(0xb8b)), (Some(0), Some(1)));
    assert_eq!((hart.csr(MINSTRET), hart.csr(MINSTRETH)), (Some(0), Some(1)));
}

const MSIP: u32 = 0x0200_0000;
const MTIMECMP: u32 = 0x0200_4000;
const MTIME: u32 = 0x0200_bff8;
const EXTERNAL: u32 = 0x0c00_0000;
const UART: u32 = 0x1000_0000;
const MIP: u16 = 0x344;

fn read_device(hart: &mut Hart, addr: u32) -> u32 {
    perform(hart, lw(12, 10, 0), addr, 0);
    hart.register(12)
}

fn write_device(hart: &mut Hart, addr: u32, value: u32) {
    perform(hart, sw(11, 10, 0), addr, value);
}

/// An instruction with a10 = `addr` and a11 = `value`.
fn perform(hart: &mut Hart, insn: u32, addr: u32, value: u32) {
    store(hart, hart.pc(), &[insn]);
    (hart.registers[10], hart.registers[11]) = (addr, value);
    assert_eq!(step(hart).trap, None, "{addr:#x}");
}

#[test]
fn software_and_external_interrupt_are_bit_0() {
    let mut hart = hart(&[]);
    for (addr, line) in [(MSIP, 1 << 3), (EXTERNAL, 1 << 11)] {
        assert_eq!(read_device(&mut hart, addr), 0);
        write_device(&mut hart, addr, 0xffff_ffff);
        assert_eq!((read_device(&mut hart, addr), hart.csr(MIP)), (1, Some(line)));
        write_device(&mut hart, addr, 0xffff_fffe);
        assert_eq!((read_device(&mut hart, addr), hart.csr(MIP)), (0, Some(0)));
    }
}

#[test]
fn the_timer_compares_all_64_bits() {
    let mut hart = hart(&[]);
    assert_eq!((read_device(&mut hart, MTIMECMP), read_device(&mut hart, MTIMECMP + 4)), (!0, !0));
    assert_eq!(hart.csr(MIP), Some(0));
    write_device(&mut hart, MTIME + 4, 5);
    write_device(&mut hart, MTIMECMP, 0);
    assert_eq!(hart.csr(MIP), Some(0));
    write_device(&mut hart, MTIMECMP + 4, 5);
    assert_eq!(hart.csr(MIP), Some(1 << 7));
    write_device(&mut hart, MTIMECMP + 4, 6);
    assert_eq!(hart.csr(MIP), Some(0));
    assert_eq!((read_device(&mut hart, MTIMECMP), read_device(&mut hart, MTIMECMP + 4)), (0, 6));
}

#[test]
fn alone_time_is_instructions() {
    let mut hart = hart(&[NOP, NOP, NOP]);
    steps(&mut hart, 3);
    assert_eq!((read_device(&mut hart, MTIME), read_device(&mut hart, MTIME + 4)), (3, 0));
    write_device(&mut hart, MTIMECMP + 4, 0);
    write_device(&mut hart, MTIMECMP, 9);
    assert_eq!((hart.instructions(), hart.csr(MIP)), (7, Some(0)));
    perform(&mut hart, NOP, 0, 0);
    assert_eq!(hart.csr(MIP), Some(0));
    perform(&mut hart, NOP, 0, 0);
    assert_eq!(hart.csr(MIP), Some(1 << 7), "mtime has reached mtimecmp");
    write_device(&mut hart, MTIME, 0xffff_ffff);
    assert_eq!(
        (read_device(&mut hart, MTIME), read_device(&mut hart, MTIME + 4)),
        (0, 1),
        "it carries"
    );
}

#[test]
fn the_uart_sends_the_low_byte() {
    let mut hart = hart(&[]);
    write_device(&mut hart, UART, 0x1234_5648);
    perform(&mut hart, s(0, 11, 10, 0), UART, 0x69);
    assert_eq!(read_device(&mut hart, UART), 0);
    assert_eq!(hart.take_output(), b"Hi");
    assert_eq!(hart.take_output(), b"");
}

#[test]
fn narrow_and_crossing_accesses_of_registers() {
    let mut hart = hart(&[]);
    write_device(&mut hart, MTIMECMP, 0x8899_aabb);
    write_device(&mut hart, MTIMECMP + 4, 0xccdd_eeff);
    // lbu, lh, lw over both
    perform(&mut hart, i(1, 10, 4, 12, 0x03), MTIMECMP, 0);
    assert_eq!(hart.register(12), 0xaa);
    perform(&mut hart, i(2, 10, 1, 12, 0x03), MTIMECMP, 0);
    assert_eq!(hart.register(12), 0xffff_8899);
    assert_eq!(read_device(&mut hart, MTIMECMP + 2), 0xeeff_8899);
    // A store puts its whole word on the bus, turned by its lane.
    perform(&mut hart, s(1, 11, 10, 0), MTIMECMP, 0x1122_3344);
    assert_eq!(read_device(&mut hart, MTIMECMP), 0x2233_4411);
    write_device(&mut hart, MTIMECMP + 2, 0x5566_7788);
    assert_eq!(read_device(&mut hart, MTIMECMP), 0x7788_5566);
    assert_eq!(read_device(&mut hart, MTIMECMP + 4), 0x7788_5566);
}

#[test]
fn there_is_nothing_between_the_registers() {
    let blocks = [(MSIP, 4), (MTIMECMP, 8), (MTIME, 8), (EXTERNAL, 4), (UART, 4)];
    for addr in blocks.into_iter().flat_map(|(first, bytes)| [first - 4, first + bytes]) {
        let found = trap(lw(12, 10, 0), &[(10, addr)]);
        assert_eq!(found, Some(Trap { cause: 5, value: addr }));
        let found = trap(sw(11, 10, 0), &[(10, addr)]);
        assert_eq!(found, Some(Trap { cause: 7, value: addr }));
    }
    // mtime is the last register of its block.
    let found = trap(lw(12, 10, 0), &[(10, MTIME + 6)]);
    assert_eq!(found, Some(Trap { cause: 5, value: MTIME + 8 }));
}

#[test]
fn instructions_are_not_fetched_from_devices() {
    let config = HartConfig { boot: UART, ..Default::default() };
    assert_eq!(step(&mut Hart::new(&config)).trap, Some(Trap { cause: 1, value: UART }));
}

#[test]
fn what_depends_on_time_of_the_devices_is_fed() {
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
    assert_eq!(fed(lw(12, 10, 0), BASE).0, lw(12, 10, 0));
}
