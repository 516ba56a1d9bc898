//! The custom instructions that are refused, and what they leave.

use super::conv::{KERNEL, RUNNING, TILE, WINDOW, conv, read, two_by_two, unit, value};
use super::encode::r;
use super::{BASE, Hart, Trap, store};

const APPROX: u32 = 3;

/// What conv.read gives, the counters apart.
fn state(hart: &mut Hart) -> Vec<u32> {
    (0..=10).map(|index| read(hart, index)).collect()
}

/// An instruction that is refused and leaves what conv.read gives.
fn refused(hart: &mut Hart, funct3: u32, rs1: u32, rs2: u32) -> Trap {
    let before = state(hart);
    hart.registers[10] = 0x5a5a;
    let retire = conv(hart, funct3, rs1, rs2);
    let trap = retire.trap.unwrap_or_else(|| panic!("funct3 {funct3}, {rs1:#x}, {rs2:#x}"));
    assert_eq!((retire.rd, &retire.run, hart.register(10)), (None, &None, 0x5a5a));
    let insn = retire.insn;
    assert_eq!(state(hart), before);
    let value = if trap.cause == 2 { insn } else { rs2 };
    assert_eq!(trap.value, value, "mtval of cause {}", trap.cause);
    trap
}

/// A unit that has run, with its window held: 2×2 of slot 0 and four outputs.
fn after_run() -> Hart {
    let mut hart = two_by_two(APPROX | RUNNING | TILE | 2 << 4, 2);
    value(&mut hart, 5, 0x8001_8002, 0x8003_8004);
    assert_eq!(value(&mut hart, 1, 4, WINDOW), 39);
    hart
}

#[test]
fn encodings() {
    for funct3 in 0..8 {
        for funct7 in [0, 1, 2, 64, 127] {
            for (rs1, rs2) in [(11, 12), (11, 0), (0, 12), (0, 0)] {
                let mut hart = after_run();
                // Operands that each of them takes: a side of 1 or a pitch, and an address.
                (hart.registers[11], hart.registers[12]) = (1, WINDOW);
                let insn = r(funct7, rs2, rs1, funct3, 10, 0x77);
                store(&mut hart, BASE, &[insn]);
                hart.pc = BASE;
                let trap = super::step(&mut hart).trap;
                let illegal = funct7 != 0
                    || funct3 == 7
                    || matches!(funct3, 2 | 3) && rs2 != 0
                    || funct3 == 6 && (rs1, rs2) != (0, 0);
                if illegal {
                    assert_eq!(trap, Some(Trap { cause: 2, value: insn }), "{insn:#010x}");
                } else {
                    // conv.run and conv.load from address 0 find no memory; slot 1 has no kernel.
                    let cause = match (funct3, rs1, rs2) {
                        (0 | 1, _, 0) => Some(5),
                        (2, 11, _) => Some(2),
                        _ => None,
                    };
                    assert_eq!(trap.map(|trap| trap.cause), cause, "{insn:#010x}");
                }
            }
        }
    }
}

#[test]
fn conv_load() {
    let mut hart = after_run();
    // Sides: 2 is configured, 5 the largest; slots: 15 is the last.
    for (size, addr, cause) in [
        (6, KERNEL, 2),
        (255, KERNEL, 2),
        (2 | 16 << 8, KERNEL, 2),
        (2 | 255 << 8, KERNEL, 2),
        (2, KERNEL + 1, 4),
        (2, KERNEL + 2, 4),
        (6, KERNEL + 2, 2),
        (2, 2, 4),
        (2, 0, 5),
        (6, 0, 2),
    ] {
        assert_eq!(refused(&mut hart, 0, size, addr).cause, cause, "{size:#x} at {addr:#x}");
    }
    let mut hart = unit(5, 0, 16);
    assert_eq!(refused(&mut hart, 0, 0, KERNEL).cause, 2, "no side is configured");
}

#[test]
fn conv_run_and_again() {
    let mut hart = after_run();
    for (pitch, addr, cause) in [(4, WINDOW + 1, 4), (4, WINDOW + 2, 4), (4, 1, 4), (4, 0, 5)] {
        assert_eq!(refused(&mut hart, 1, pitch, addr).cause, cause, "{addr:#x}");
    }
    let mut hart = after_run();
    for slot in [1, 15, 16, 255] {
        assert_eq!(refused(&mut hart, 2, slot, 0).cause, 2, "slot {slot}");
    }
    value(&mut hart, 4, 1 << 8, 0);
    assert_eq!(refused(&mut hart, 1, 4, WINDOW + 1).cause, 2, "no kernel goes before misaligned");
    assert_eq!(refused(&mut unit(3, 0, 1), 1, 4, WINDOW).cause, 2);
    assert_eq!(refused(&mut unit(3, 0, 1), 2, 0, 0).cause, 2);
}

#[test]
fn conv_config() {
    let mut hart = after_run();
    for (word, threshold) in [
        (APPROX, 0),
        (6 << 4, 1),
        (15 << 4, 1),
        (16 << 8, 1),
        (255 << 8, 1),
        (1 << 16, 1),
        (1 << 31, 1),
    ] {
        assert_eq!(refused(&mut hart, 4, word, threshold).cause, 2, "{word:#x}");
    }
    let before = APPROX | RUNNING | TILE | 2 << 4;
    assert_eq!(value(&mut hart, 4, 5 << 4 | 15 << 8, 0), before);
    assert_eq!((read(&mut hart, 8), read(&mut hart, 9)), (0, 5 << 4 | 15 << 8));
    assert_eq!(value(&mut hart, 4, APPROX, 1 << 31), 5 << 4 | 15 << 8);
    assert_eq!((read(&mut hart, 8), read(&mut hart, 9)), (65535, APPROX));
    assert_eq!(value(&mut hart, 4, 2, 65535), APPROX);
    assert_eq!((read(&mut hart, 8), read(&mut hart, 9)), (65535, 2));
}

#[test]
fn a_refused_instruction_leaves_the_window() {
    let mut hart = after_run();
    refused(&mut hart, 0, 6, KERNEL);
    refused(&mut hart, 0, 2, KERNEL + 2);
    refused(&mut hart, 1, 4, WINDOW + 2);
    refused(&mut hart, 2, 9, 0);
    refused(&mut hart, 4, 1 << 16, 0);
    assert_eq!(conv(&mut hart, 2, 0, 0).trap, None);
}

#[test]
fn a_bus_error_leaves_the_kernel_and_not_the_window() {
    for (funct3, rs1) in [(0, 2), (1, 4)] {
        let mut hart = after_run();
        // The last word of the fetch alone is outside RAM.
        let end = BASE + 0x1_0000;
        let addr = if funct3 == 0 { end - 12 } else { end - 10 * 4 };
        assert_eq!(refused(&mut hart, funct3, rs1, addr).cause, 5);
        assert_eq!(refused(&mut hart, 2, 0, 0).cause, 2, "the window is gone");
        value(&mut hart, 5, 0, 0);
        assert_eq!(value(&mut hart, 1, 4, WINDOW), 39, "the kernel is not");
    }
}

#[test]
fn a_kernel_load_takes_the_window() {
    let mut hart = after_run();
    value(&mut hart, 0, 1 | 5 << 8, KERNEL);
    assert_eq!(refused(&mut hart, 2, 0, 0).cause, 2);
}

#[test]
fn a_held_window_may_be_too_small() {
    let mut hart = after_run();
    value(&mut hart, 0, 3 | 1 << 8, KERNEL);
    value(&mut hart, 0, 4 | 2 << 8, KERNEL);
    value(&mut hart, 1, 4, WINDOW);
    // Held: 3×3. With one output a side of 3 fits, with four a side of 2.
    for (config, slot, fits) in [
        (TILE, 0, true),
        (TILE, 1, false),
        (TILE, 2, false),
        (0, 0, true),
        (0, 1, true),
        (0, 2, false),
    ] {
        value(&mut hart, 4, config, 0);
        if fits {
            assert_eq!(conv(&mut hart, 2, slot, 0).trap, None, "{config}, {slot}");
        } else {
            assert_eq!(refused(&mut hart, 2, slot, 0).cause, 2, "{config}, {slot}");
        }
    }
    // A smaller use of it does not make it smaller.
    value(&mut hart, 4, TILE, 0);
    assert_eq!(conv(&mut hart, 2, 0, 0).trap, None);
}
