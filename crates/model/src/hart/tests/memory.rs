//! Loads and stores of RAM, in words and across them, and what is outside.

use super::encode::{i, s};
use super::{Hart, Retire, Trap, hart, step, store};
use crate::hart::Access;

const DATA: u32 = 0x8000_0100;
const END: u32 = 0x8001_0000;

/// RAM with `76543210 fedcba98` at `DATA`, and a10 = `addr`, a11 = `value`.
fn prepared(insn: u32, addr: u32, value: u32) -> Hart {
    let mut hart = hart(&[insn]);
    store(&mut hart, DATA, &[0x7654_3210, 0xfedc_ba98]);
    (hart.registers[10], hart.registers[11]) = (addr, value);
    hart
}

/// A load of a12.
fn load(funct3: u32, addr: u32) -> Retire {
    let retire = step(&mut prepared(i(0, 10, funct3, 12, 0x03), addr, 0));
    assert!(retire.trap.is_none() || retire.rd.is_none() && retire.memory.is_none());
    retire
}

/// A store of `value`, and the hart after it.
fn stored(funct3: u32, addr: u32, value: u32) -> (Retire, Hart) {
    let mut hart = prepared(s(0, 11, 10, funct3), addr, value);
    let retire = step(&mut hart);
    assert_eq!(retire.rd, None);
    assert!(retire.trap.is_none() || retire.memory.is_none());
    (retire, hart)
}

#[test]
fn loads_by_hand() {
    // funct3, offset, rd, mask, raw
    let cases = [
        (0, 0, 0x10, 1, 0x10),
        (0, 4, 0xffff_ff98, 1, 0x98),
        (0, 7, 0xffff_fffe, 1, 0xfe),
        (4, 4, 0x98, 1, 0x98),
        (4, 3, 0x76, 1, 0x76),
        (1, 0, 0x3210, 3, 0x3210),
        (1, 1, 0x5432, 3, 0x5432),
        (1, 3, 0xffff_9876, 3, 0x9876),
        (1, 6, 0xffff_fedc, 3, 0xfedc),
        (5, 3, 0x9876, 3, 0x9876),
        (5, 6, 0xfedc, 3, 0xfedc),
        (2, 0, 0x7654_3210, 15, 0x7654_3210),
        (2, 1, 0x9876_5432, 15, 0x9876_5432),
        (2, 2, 0xba98_7654, 15, 0xba98_7654),
        (2, 3, 0xdcba_9876, 15, 0xdcba_9876),
    ];
    for (funct3, offset, value, rmask, rdata) in cases {
        let retire = load(funct3, DATA + offset);
        assert_eq!(retire.rd, Some((12, value)), "funct3 {funct3} at {offset}");
        let access = Access { addr: DATA + offset, rmask, wmask: 0, rdata, wdata: 0 };
        assert_eq!(retire.memory, Some(access));
    }
}

#[test]
fn stores_by_hand() {
    // funct3, offset, the two words after it, mask, data
    let cases = [
        (0, 0, [0x7654_32dd, 0xfedc_ba98], 1, 0xdd),
        (0, 3, [0xdd54_3210, 0xfedc_ba98], 1, 0xdd),
        (1, 0, [0x7654_ccdd, 0xfedc_ba98], 3, 0xccdd),
        (1, 1, [0x76cc_dd10, 0xfedc_ba98], 3, 0xccdd),
        (1, 3, [0xdd54_3210, 0xfedc_bacc], 3, 0xccdd),
        (2, 0, [0xaabb_ccdd, 0xfedc_ba98], 15, 0xaabb_ccdd),
        (2, 1, [0xbbcc_dd10, 0xfedc_baaa], 15, 0xaabb_ccdd),
        (2, 2, [0xccdd_3210, 0xfedc_aabb], 15, 0xaabb_ccdd),
        (2, 3, [0xdd54_3210, 0xfeaa_bbcc], 15, 0xaabb_ccdd),
    ];
    for (funct3, offset, after, wmask, wdata) in cases {
        let (retire, hart) = stored(funct3, DATA + offset, 0xaabb_ccdd);
        let words = [DATA, DATA + 4].map(|addr| hart.read_word(addr).unwrap());
        assert_eq!(words, after, "funct3 {funct3} at {offset}: {words:x?}");
        let access = Access { addr: DATA + offset, rmask: 0, wmask, rdata: 0, wdata };
        assert_eq!(retire.memory, Some(access));
    }
}

#[test]
fn offsets_are_signed_and_wrap() {
    for offset in [-2048, -1, 0, 2047] {
        let addr = DATA.wrapping_add_signed(-offset);
        let retire = step(&mut prepared(i(offset, 10, 2, 12, 0x03), addr, 0));
        assert_eq!(retire.rd, Some((12, 0x7654_3210)));
        let mut hart = prepared(s(offset, 11, 10, 2), addr, 5);
        step(&mut hart);
        assert_eq!(hart.read_word(DATA), Some(5));
    }
}

#[test]
fn faults_name_the_part_that_failed() {
    // funct3, address, mtval: within a word, the access; of one that crosses, the access or the
    // second word.
    let cases = [
        (0, END, END),
        (1, END + 2, END + 2),
        (2, END - 4, 0),
        (2, END, END),
        (2, END - 3, END),
        (2, END - 1, END),
        (1, END - 1, END),
        (1, END - 2, 0),
        (1, 0x7fff_ffff, 0x7fff_ffff),
        (2, 0x7fff_fffd, 0x7fff_fffd),
        (2, 0x7fff_fffc, 0x7fff_fffc),
        (2, 0xffff_fffe, 0xffff_fffe),
        (2, 0, 0),
        (0, 0x0000_0001, 0x0000_0001),
    ];
    for (funct3, addr, value) in cases {
        let in_ram = addr == END - 4 || addr == END - 2;
        let trap = |cause| (!in_ram).then_some(Trap { cause, value });
        assert_eq!(load(funct3, addr).trap, trap(5), "load {funct3} of {addr:#x}");
        assert_eq!(stored(funct3, addr, 1).0.trap, trap(7), "store {funct3} to {addr:#x}");
    }
}

#[test]
fn a_store_that_fails_in_its_second_half_has_written_the_first() {
    let (retire, hart) = stored(2, END - 1, 0xaabb_ccdd);
    assert_eq!(retire.trap, Some(Trap { cause: 7, value: END }));
    assert_eq!(hart.read_word(END - 4), Some(0xdd00_0000));
    // One that fails in its first half has written nothing.
    let (retire, hart) = stored(2, 0x7fff_fffe, 0xaabb_ccdd);
    assert_eq!(retire.trap, Some(Trap { cause: 7, value: 0x7fff_fffe }));
    assert_eq!(hart.read_word(0x8000_0000), Some(s(0, 11, 10, 2)));
}

#[test]
fn a_load_of_x0_is_a_load() {
    let retire = step(&mut prepared(i(0, 10, 2, 0, 0x03), DATA, 0));
    assert_eq!((retire.rd, retire.memory.unwrap().rdata), (None, 0x7654_3210));
    let retire = step(&mut prepared(i(0, 10, 2, 0, 0x03), 0, 0));
    assert_eq!(retire.trap, Some(Trap { cause: 5, value: 0 }));
}

#[test]
fn programs_are_loaded_into_ram_alone() {
    let mut hart = hart(&[]);
    assert!(hart.load(END - 4, &[1, 2, 3, 4]).is_ok());
    assert_eq!(hart.read_word(END - 4), Some(0x0403_0201));
    let error = hart.load(END - 3, &[1, 2, 3, 4]).unwrap_err();
    assert_eq!(error.to_string(), "4 bytes at 0x8000fffd do not lie in RAM");
    assert!(hart.load(0x7fff_ffff, &[1, 2]).is_err());
    assert_eq!((hart.read_word(END - 3), hart.read_word(0x1000_0000)), (None, None));
}
