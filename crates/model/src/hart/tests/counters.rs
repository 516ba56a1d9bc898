//! mcycle, minstret and the event counters of a hart that stands alone.

use super::encode::{ECALL, NOP, WFI, b, csrrs, csrrw, i, immediate, j, lw, sw};
use super::{BASE, hart, step, steps};

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
fn counters_carry_into_their_upper_half() {
    let mut hart = hart(&[csrrw(0, MINSTRET, 10), NOP, csrrs(11, MINSTRET, 0), NOP]);
    hart.registers[10] = 0xffff_ffff;
    steps(&mut hart, 3);
    assert_eq!((hart.register(11), hart.csr(MINSTRETH)), (0, Some(1)));
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
}

#[test]
fn a_counter_may_be_written_while_it_is_inhibited() {
    let mut hart = hart(&[immediate(csrrw(0, MCOUNTINHIBIT, 4)), csrrw(0, MINSTRET, 10), NOP]);
    hart.registers[10] = 100;
    steps(&mut hart, 3);
    assert_eq!(hart.csr(MINSTRET), Some(100));
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
    super::store(&mut hart, BASE + 0x200, &[csrrw(0, 0x305, 10), j(-0x204, 0)]);
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
    let mut hart = hart(&[csrrw(0, 0xb0b, 10), super::encode::MRET]);
    hart.registers[10] = 0xffff_ffff;
    steps(&mut hart, 2);
    assert_eq!((hart.csr(0xb0b), hart.csr(0xb8b)), (Some(0), Some(1)));
}
