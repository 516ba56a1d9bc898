//! Exceptions: cause, mtval, mepc, the status stack, and the way back.

use super::encode::{EBREAK, ECALL, MRET, NOP, addi, csrrw, immediate, lw};
use super::{BASE, Hart, HartConfig, Trap, hart, step, steps, store};

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
        (0x0000_7077, 2, 0x0000_7077),
        (lw(12, 0, 8), 5, 8),
        (super::encode::sw(12, 0, 12), 7, 12),
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
fn mret_goes_to_an_odd_halfword() {
    let mut hart = hart(&[csrrw(0, MEPC, 10), MRET]);
    hart.registers[10] = BASE + 0x103;
    steps(&mut hart, 2);
    assert_eq!(hart.pc(), BASE + 0x102);
}

#[test]
fn a_trap_in_a_handler_overwrites() {
    let mut hart = hart(&[csrrw(0, MTVEC, 10), ECALL]);
    store(&mut hart, BASE + 0x100, &[EBREAK]);
    hart.registers[10] = BASE + 0x100;
    for _ in 0..3 {
        step(&mut hart);
    }
    let csrs = [MEPC, MCAUSE, MTVAL].map(|csr| hart.csr(csr).unwrap());
    assert_eq!(csrs, [BASE + 0x100, 3, BASE + 0x100]);
    assert_eq!(hart.pc(), BASE + 0x100);
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
fn the_boot_address_is_a_parameter() {
    let config = HartConfig { boot: BASE + 0x80, ..HartConfig::default() };
    let mut hart = Hart::new(&config);
    store(&mut hart, BASE + 0x80, &[NOP]);
    assert_eq!(step(&mut hart).pc, BASE + 0x80);
}

#[test]
fn nothing_of_an_instruction_that_traps_is_left() {
    // lw with rd = rs1, and a csrrw of a CSR that there is not
    for insn in [lw(10, 10, 0), csrrw(10, 0x7c0, 10), immediate(csrrw(10, 0x7c0, 3))] {
        let mut hart = hart(&[insn]);
        hart.registers[10] = 0x1234;
        let before = hart.registers;
        assert!(step(&mut hart).trap.is_some());
        assert_eq!(hart.registers, before, "{insn:#010x}");
    }
}
