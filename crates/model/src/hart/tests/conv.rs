// SPDX-License-Identifier: MIT OR Apache-2.0
//! The custom instructions: what they compute and keep, and what they refuse.

use proptest::prelude::*;

use super::encode::r;
use super::{BASE, Feed, Hart, HartConfig, Retire, Trap, store};
use crate::conv::{Mode, SmaxScope, Threshold, dot};
use crate::facts::conv::CONFIG_END;
use crate::hart::UnitShape;
use crate::isa::disassemble;

/// Where these tests have kernels and windows.
const KERNEL: u32 = BASE + 0x1000;
const WINDOW: u32 = BASE + 0x2000;

/// A conv.config word.
const RUNNING: u32 = 1 << 2;
const TILE: u32 = 1 << 3;
const PLANE: u32 = 1 << 16;

fn unit(kernel: usize, log_frac: u32, kernels: usize) -> Hart {
    let unit = UnitShape { kernel, log_frac, multipliers: 7, kernels, ..UnitShape::default() };
    Hart::new(&HartConfig { ram_bytes: 1 << 16, unit, ..HartConfig::default() })
}

/// One custom instruction with rd = a0, rs1 = a1 and rs2 = a2, or the registers that must be x0.
fn conv(hart: &mut Hart, funct3: u32, rs1: u32, rs2: u32) -> Retire {
    let (x1, x2) = match funct3 {
        2 | 3 => (11, 0),
        6 => (0, 0),
        _ => (11, 12),
    };
    hart.pc = BASE;
    store(hart, BASE, &[r(0, x2, x1, funct3, 10, 0x77)]);
    (hart.registers[11], hart.registers[12]) = (rs1, rs2);
    hart.step(&Feed::default()).unwrap()
}

/// The value of one that does not trap.
fn value(hart: &mut Hart, funct3: u32, rs1: u32, rs2: u32) -> u32 {
    let retire = conv(hart, funct3, rs1, rs2);
    assert_eq!(retire.trap, None, "funct3 {funct3}, {rs1:#x}, {rs2:#x}");
    assert_eq!((retire.next_pc, retire.memory), (BASE + 4, None));
    retire.rd.unwrap().1
}

/// conv.read.
fn read(hart: &mut Hart, index: u32) -> u32 {
    value(hart, 3, index, 0)
}

fn words(hart: &mut Hart, addr: u32, words: &[i32]) {
    let words: Vec<u32> = words.iter().map(|&word| word as u32).collect();
    store(hart, addr, &words);
}

/// The unit after a conv.load of 1, 2, 3, 4 (2×2) into slot 0 and with 1 … 12 (3 rows of 4) in
/// memory.
fn two_by_two(config: u32, threshold: u32) -> Hart {
    let mut hart = unit(5, 0, 16);
    words(&mut hart, KERNEL, &[1, 2, 3, 4]);
    words(&mut hart, WINDOW, &(1..=12).collect::<Vec<i32>>());
    assert_eq!(value(&mut hart, 0, 2, KERNEL), 0);
    assert_eq!(value(&mut hart, 4, config, threshold), 0);
    hart
}

#[test]
fn four_outputs_by_hand() {
    let mut hart = two_by_two(TILE, 0);
    let retire = conv(&mut hart, 1, 4, WINDOW);
    let run = retire.run.unwrap();
    // 1·2 + 2·3 + 3·6 + 4·7 = 54; 1·5 + 2·6 + 3·9 + 4·10 = 84; 1·6 + 2·7 + 3·10 + 4·11 = 94
    assert_eq!(run.outputs, [44, 54, 84, 94]);
    assert_eq!((retire.rd, run.tile), (Some((10, 44)), 4));
    assert_eq!(run.words, [1, 2, 3, 5, 6, 7, 9, 10, 11]);
    assert_eq!(run.s_max, [Some(4), Some(4), Some(5), Some(5)]);
    assert_eq!(run.keep, [0b11_00011; 4]);
    let state: Vec<u32> = (0..=10).map(|index| read(&mut hart, index)).collect();
    assert_eq!(state, [44, 54, 84, 94, 0x8004, 0x8004, 0x8005, 0x8005, 0, TILE, 16]);
}

#[test]
fn a_carry_has_the_bits_of_a_score() {
    for (log_frac, low, high) in [(0, 0x803f, 0x8015), (3, 0x81ff, 0x8155), (8, 0xbfff, 0x9555)] {
        let mut hart = unit(3, log_frac, 1);
        value(&mut hart, 5, 0xd555_ffff, 0x7fff_8000);
        let carry: Vec<u32> = (4..8).map(|index| read(&mut hart, index)).collect();
        assert_eq!(carry, [low, high, 0x8000, 0], "F = {log_frac}; a score of 0 is one");
    }
}

#[test]
fn sizes_of_conv_load() {
    let mut hart = unit(5, 0, 16);
    words(&mut hart, KERNEL, &[2, 3, 5, 7, 11, 13, 17, 19, 23]);
    words(&mut hart, WINDOW, &[1; 9]);
    // Side 1 into slot 15, whatever is in bits 31:16.
    value(&mut hart, 0, 0xffff_0f01, KERNEL);
    assert_eq!(conv(&mut hart, 2, 15, 0).trap.unwrap().cause, 2, "no window yet");
    value(&mut hart, 4, 15 << 8, 0);
    assert_eq!(value(&mut hart, 1, 3, WINDOW), 2);
    // Side 0 is the configured one.
    value(&mut hart, 4, 3 << 4 | 7 << 8, 0);
    value(&mut hart, 0, 7 << 8, KERNEL);
    assert_eq!(value(&mut hart, 1, 3, WINDOW), 100);
    assert_eq!(read(&mut hart, 9), 3 << 4 | 7 << 8);
}

#[test]
fn a_pitch_may_be_negative_and_addresses_wrap() {
    let mut hart = two_by_two(0, 0);
    // Rows from the third upwards: 1·9 + 2·10 + 3·5 + 4·6
    assert_eq!(value(&mut hart, 1, -4_i32 as u32, WINDOW + 32), 68);
    // A pitch of 2³⁰ words is none: 1·1 + 2·2 + 3·1 + 4·2
    assert_eq!(value(&mut hart, 1, 1 << 30, WINDOW), 16);
    // The unit reads devices too: mtimecmp and its upper half are −1.
    words(&mut hart, KERNEL, &[5]);
    value(&mut hart, 0, 1, KERNEL);
    assert_eq!(value(&mut hart, 1, 0, 0x0200_4000), -5_i32 as u32);
}

#[test]
fn a_window_is_used_again() {
    let mut hart = two_by_two(TILE, 0);
    words(&mut hart, KERNEL, &[1, 10, 100, 1000, 2]);
    value(&mut hart, 0, 2 | 1 << 8, KERNEL);
    value(&mut hart, 0, 1 | 2 << 8, KERNEL + 16);
    value(&mut hart, 1, 4, WINDOW);
    // Memory is not read again, and other instructions do no harm.
    words(&mut hart, WINDOW, &[0; 12]);
    value(&mut hart, 6, 0, 0);
    value(&mut hart, 5, 0, 0);
    assert_eq!(value(&mut hart, 2, 1, 0), 1 + 20 + 500 + 6000);
    assert_eq!(read(&mut hart, 9), TILE, "the configured slot stays");
    // Bits 31:8 of rs1 do not count.
    let run = conv(&mut hart, 2, 0xffff_ff02, 0).run.unwrap();
    assert_eq!((run.slot, run.outputs), (2, [2, 4, 10, 12]));
    assert_eq!(run.words, [1, 2, 5, 6], "the upper left corner");
    // The configured kernel with a smaller tile, then the first run once more.
    value(&mut hart, 4, 0, 0);
    assert_eq!(value(&mut hart, 2, 0, 0), 44);
    value(&mut hart, 4, TILE, 0);
    let run = conv(&mut hart, 2, 0, 0).run.unwrap();
    assert_eq!(run.outputs, [44, 54, 84, 94]);
}

#[test]
fn what_is_read_after_reset() {
    let mut hart = unit(5, 0, 16);
    for index in (0..=40).chain([0x100, 0x8000_0000, u32::MAX]) {
        let expected = match index {
            32 => 5,
            34 => 7,
            35 => 16,
            36 => 32,
            _ => 0,
        };
        assert_eq!(read(&mut hart, index), expected, "index {index}");
    }
    assert_eq!(read(&mut unit(3, 8, 256), 33), 8);
    assert_eq!(read(&mut unit(3, 8, 256), 35), 256);
}

#[test]
fn counters_by_hand() {
    let mut hart = two_by_two(3 | TILE, 2);
    let counters = |hart: &mut Hart| -> Vec<u32> { (16..=26).map(|n| read(hart, n)).collect() };
    assert_eq!(counters(&mut hart)[..5], [0, 0, 0, 4, 4], "the kernel's words");
    value(&mut hart, 1, 4, WINDOW);
    // Kept: 3·5, 4·6; 3·6, 4·7 (S_max 4); 4·10, 3·9 (S_max 5, above 3: 3·9 has 4) with 2·6 = 3 not;
    // 4·11, 3·10 (4).
    assert_eq!(counters(&mut hart)[..5], [1, 8, 8, 13, 13]);
    value(&mut hart, 2, 0, 0);
    assert_eq!(counters(&mut hart), [2, 16, 16, 13, 13, 0, 0, 0, 0, 0, 0]);
    // A fetch that fails has read all its words; one that is refused none.
    assert_eq!(conv(&mut hart, 1, 4, 0x100).trap.unwrap().cause, 5);
    assert_eq!(conv(&mut hart, 0, 3, 0x100).trap.unwrap().cause, 5);
    assert_eq!(conv(&mut hart, 1, 4, WINDOW + 2).trap.unwrap().cause, 4);
    assert_eq!(conv(&mut hart, 0, 6, KERNEL).trap.unwrap().cause, 2);
    assert_eq!(counters(&mut hart)[..5], [2, 16, 16, 31, 31]);
    assert_eq!(value(&mut hart, 6, 0, 0), 0);
    assert_eq!(counters(&mut hart), [0; 11]);
    assert_eq!(read(&mut hart, 10), 8, "that is not a counter");
}

#[test]
fn cycles_are_fed() {
    let mut hart = two_by_two(0, 0);
    value(&mut hart, 1, 4, WINDOW);
    for index in 0..40 {
        let before = read(&mut hart, index);
        store(&mut hart, BASE, &[r(0, 0, 11, 3, 10, 0x77)]);
        (hart.pc, hart.registers[11]) = (BASE, index);
        let feed = Feed { mip: Some(0), read: Some(0x1234), ..Feed::default() };
        let expected = if (21..=28).contains(&index) { 0x1234 } else { before };
        assert_eq!(hart.step(&feed).unwrap().rd, Some((10, expected)), "index {index}");
    }
}

#[test]
fn rd_may_be_x0_or_a_source() {
    let mut hart = two_by_two(0, 0);
    store(&mut hart, BASE, &[r(0, 12, 11, 1, 0, 0x77), r(0, 12, 11, 1, 12, 0x77)]);
    hart.pc = BASE;
    (hart.registers[11], hart.registers[12]) = (4, WINDOW);
    let retire = hart.step(&Feed::default()).unwrap();
    assert_eq!((retire.rd, retire.run.unwrap().outputs[0]), (None, 44));
    assert_eq!(hart.step(&Feed::default()).unwrap().rd, Some((12, 44)));
}

/// Words of all sizes, zeros and the extremes among them.
fn word() -> impl Strategy<Value = i32> {
    prop_oneof![
        2 => Just(0),
        1 => Just(i32::MIN),
        3 => any::<i32>(),
        6 => -300..300,
    ]
}

proptest! {
    /// Each output is the golden model's, of the words that the address arithmetic of the manual
    /// names.
    #[test]
    fn runs_are_those_of_the_golden_model(
        kernel in 1..=7_usize,
        log_frac in 0..=8_u32,
        side in 1..=7_usize,
        tile in any::<bool>(),
        running in any::<bool>(),
        mode in 0..4_usize,
        threshold in prop_oneof![1..9_u32, 1..3000_u32],
        pitch in 1..20_usize,
        weights in proptest::collection::vec(word(), 49),
        plane in proptest::collection::vec(word(), 8 * 20),
        carry in any::<[u16; 4]>(),
    ) {
        let side = side.min(kernel);
        let mut hart = unit(kernel, log_frac, 3);
        words(&mut hart, KERNEL, &weights);
        words(&mut hart, WINDOW, &plane);
        value(&mut hart, 0, side as u32 | 2 << 8, KERNEL);
        let config = mode as u32 | u32::from(running) << 2 | u32::from(tile) << 3 | 2 << 8;
        value(&mut hart, 4, config, threshold);
        let carry = carry.map(u32::from);
        value(&mut hart, 5, carry[0] | carry[1] << 16, carry[2] | carry[3] << 16);
        let retire = conv(&mut hart, 1, pitch as u32, WINDOW);
        let run = retire.run.unwrap();
        prop_assert_eq!(retire.rd, Some((10, run.outputs[0] as u32)));
        let settings = [8, 9].map(|index| read(&mut hart, index));
        prop_assert_eq!(settings, [threshold, config]);

        let scope = if running { SmaxScope::Running } else { SmaxScope::Window };
        let threshold = Threshold::new(threshold).unwrap();
        let semantics = crate::conv::Semantics { mode: Mode::ALL[mode], log_frac, threshold, scope, number: crate::conv::Number::Integer };
        let (mut kept, outputs) = (0, if tile { 4 } else { 1 });
        prop_assert_eq!((run.slot, run.side, run.tile, run.semantics), (2, side, outputs, semantics));
        let fetched = side + usize::from(tile);
        let rows = (0..fetched).flat_map(|row| &plane[row * pitch..][..fetched]);
        prop_assert!(run.words.iter().eq(rows) && run.weights == weights[..side * side]);
        for output in 0..4 {
            let (x, y) = (output % 2, output / 2);
            let inputs: Vec<i32> = (0..side * side)
                .map(|i| plane[(y + i / side) * pitch + x + i % side])
                .collect();
            let score = carry[output] % (64 << log_frac);
            let carry = (carry[output] >= 1 << 15).then_some(score);
            prop_assert_eq!(run.carry[output], carry);
            let dot = dot(&weights[..side * side], &inputs, &semantics, carry);
            let exists = output < outputs;
            let value = if exists { dot.output } else { 0 };
            let s_max = dot.s_max.filter(|_| exists);
            prop_assert_eq!((run.outputs[output], run.s_max[output]), (value, s_max));
            prop_assert_eq!(read(&mut hart, output as u32), value as u32);
            let half = s_max.map_or(0, |score| 0x8000 + score);
            prop_assert_eq!(read(&mut hart, 4 + output as u32), half);
            for bit in 0..64 {
                let (row, column) = (bit / kernel, bit % kernel);
                let inside = exists && row < side && column < side;
                let keep = inside && dot.kept >> (row * side + column) & 1 == 1;
                prop_assert_eq!(run.keep[output] >> bit & 1 == 1, keep);
            }
            kept += if exists { dot.kept_count() } else { 0 };
        }
        let products = (outputs * side * side) as u32;
        let read_words = (side * side + fetched * fetched) as u32;
        let expected = [1, kept, products - kept, read_words, read_words];
        let counters: Vec<u32> = (16..=20).map(|index| read(&mut hart, index)).collect();
        prop_assert_eq!(counters, expected);
        prop_assert_eq!(read(&mut hart, 10), kept);
    }
}

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
                // The tests of the table of instructions compare it with the manual.
                let illegal = disassemble(insn, 0, false).starts_with(".word");
                if illegal {
                    assert_eq!(trap, Some(Trap { cause: 2, value: insn }), "{insn:#010x}");
                } else {
                    // conv.run and conv.load from address 0 find no memory; slot 1 has no kernel.
                    let cause = match (funct3, rs1, rs2) {
                        (0 | 1, _, 0) => Some(5),
                        (2, 11, _) => Some(2),
                        // This unit has no log planes.
                        (7, ..) => Some(2),
                        _ => None,
                    };
                    assert_eq!(trap.map(|trap| trap.cause), cause, "{insn:#010x}");
                }
            }
        }
    }
}

#[test]
fn what_is_refused_for_its_operands() {
    // conv.load. Sides: 2 is configured, 5 the largest; slots: 15 is the last.
    let mut hart = after_run();
    for size in [6, 255, 2 | 16 << 8, 2 | 255 << 8] {
        for addr in [KERNEL, KERNEL + 2, 0] {
            assert_eq!(refused(&mut hart, 0, size, addr).cause, 2, "{size:#x} at {addr:#x}");
        }
    }
    for (addr, cause) in [(KERNEL + 1, 4), (KERNEL + 2, 4), (2, 4), (0, 5)] {
        assert_eq!(refused(&mut hart, 0, 2, addr).cause, cause, "conv.load at {addr:#x}");
    }
    assert_eq!(refused(&mut unit(5, 0, 16), 0, 0, KERNEL).cause, 2, "no side is configured");

    // conv.run and conv.again.
    let mut hart = after_run();
    for (addr, cause) in [(WINDOW + 1, 4), (WINDOW + 2, 4), (1, 4), (0, 5)] {
        assert_eq!(refused(&mut hart, 1, 4, addr).cause, cause, "conv.run at {addr:#x}");
    }
    let mut hart = after_run();
    for slot in [1, 15, 16, 255] {
        assert_eq!(refused(&mut hart, 2, slot, 0).cause, 2, "slot {slot}");
    }
    value(&mut hart, 4, 1 << 8, 0);
    assert_eq!(refused(&mut hart, 1, 4, WINDOW + 1).cause, 2, "no kernel goes before misaligned");
    assert_eq!(refused(&mut unit(3, 0, 1), 1, 4, WINDOW).cause, 2);
    assert_eq!(refused(&mut unit(3, 0, 1), 2, 0, 0).cause, 2);

    // conv.config.
    let mut hart = after_run();
    assert_eq!(refused(&mut hart, 4, APPROX, 0).cause, 2, "threshold 0");
    for word in [6 << 4, 15 << 4, 16 << 8, 255 << 8, PLANE, 1 << CONFIG_END, 1 << 31] {
        assert_eq!(refused(&mut hart, 4, word, 1).cause, 2, "{word:#x}");
    }
}

#[test]
fn conv_config_gives_the_word_before() {
    let (mut hart, mut before) = (after_run(), APPROX | RUNNING | TILE | 2 << 4);
    for (word, threshold, saturated) in
        [(5 << 4 | 15 << 8, 0, 0), (APPROX, 1 << 31, 65535), (2, 65535, 65535)]
    {
        assert_eq!(value(&mut hart, 4, word, threshold), before);
        assert_eq!((read(&mut hart, 8), read(&mut hart, 9)), (saturated, word));
        before = word;
    }
}

#[test]
fn a_refused_instruction_leaves_the_window() {
    let mut hart = after_run();
    refused(&mut hart, 0, 6, KERNEL);
    refused(&mut hart, 0, 2, KERNEL + 2);
    refused(&mut hart, 1, 4, WINDOW + 2);
    refused(&mut hart, 2, 9, 0);
    refused(&mut hart, 4, 1 << CONFIG_END, 0);
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

/// Kernel and window of a unit with operands of 16 and 8 bits, a byte each of these, little endian; the
/// window begins in the middle of a word, and its rows are no whole words apart.
#[test]
fn narrow_operands_are_packed() {
    let bytes = |operands: &[i32], operand_w: u32| {
        let bytes =
            operands.iter().flat_map(|it| it.to_le_bytes()[..operand_w as usize / 8].to_vec());
        bytes.collect::<Vec<u8>>()
    };
    // Rows of the window, a number from its ends among them, and what is beside it.
    let memory = [9, -128, 2, 3, 9, 9, 4, 5, 127, 9, 9, -6, -7, 8, 9];
    let window = [-128, 2, 3, 4, 5, 127, -6, -7, 8];
    let weights = [1, -128, 127, -2];
    for (operand_w, load_beats, run_beats) in [(16, 2 + 2, 2 + 2 + 2), (8, 1 + 2, 1 + 2 + 2)] {
        let shape = UnitShape { operand_w, multipliers: 7, ..UnitShape::default() };
        let config = HartConfig { ram_bytes: 1 << 16, unit: shape, ..HartConfig::default() };
        let mut hart = Hart::new(&config);
        let size = operand_w / 8;
        hart.load(KERNEL + size, &bytes(&weights, operand_w)).unwrap();
        hart.load(WINDOW, &bytes(&memory, operand_w)).unwrap();
        value(&mut hart, 0, 2, KERNEL + size);
        assert_eq!((read(&mut hart, 19), read(&mut hart, 20)), (4, load_beats), "{operand_w} bits");
        value(&mut hart, 4, TILE, 0);
        let first = value(&mut hart, 1, 5, WINDOW + size);
        assert_eq!((read(&mut hart, 19), read(&mut hart, 20)), (4 + 9, load_beats + run_beats));
        let golden = |x: usize, y: usize| {
            let inputs = [0, 1, 3, 4].map(|it| window[3 * y + x + it]);
            weights.iter().zip(inputs).map(|(w, x)| w * x).sum::<i32>()
        };
        let expected = [golden(0, 0), golden(1, 0), golden(0, 1), golden(1, 1)];
        let found: Vec<_> = (0..4).map(|output| read(&mut hart, output).cast_signed()).collect();
        assert_eq!(
            (found[0], &found[..]),
            (first.cast_signed(), &expected[..]),
            "{operand_w} bits"
        );
        // −128 · −128 has the largest score of 8 bits; 15 and 7 bits of carry are kept.
        value(&mut hart, 5, u32::MAX, 0);
        assert_eq!(read(&mut hart, 4), 0x8000 | ((2 << operand_w.ilog2()) - 1));
        assert_eq!(read(&mut hart, 36), operand_w);
        if operand_w == 16 {
            assert_eq!(refused(&mut hart, 1, 4, WINDOW + 1).cause, 4);
        }
        // A row that leaves RAM, all of whose words but the last are there.
        let end = BASE + 0x1_0000;
        assert_eq!(refused(&mut hart, 1, 0, end - 2 * size).cause, 5);
    }
}

/// Where the log plane of the map at [`WINDOW`] lies.
const LOGS: u32 = BASE + 0x3000;

/// A unit with log planes, the kernel 1, 2, 3, 4 in slot 0, and a map of 3 rows of 4 words, 1 … 12, whose
/// plane is at [`LOGS`].
fn with_planes(config: u32, threshold: u32) -> Hart {
    let unit = UnitShape { planes: 1, multipliers: 7, ..UnitShape::default() };
    let mut hart = Hart::new(&HartConfig { ram_bytes: 1 << 16, unit, ..HartConfig::default() });
    words(&mut hart, KERNEL, &[1, 2, 3, 4]);
    words(&mut hart, WINDOW, &(1..=12).collect::<Vec<i32>>());
    // The entries of 1 … 12, 6 bits each, the first one lowest: 100000, 100001 twice, 100010 four
    // times, 100011 five times.
    let entries = [32, 33, 33, 34, 34, 34, 34, 35, 35, 35, 35, 35];
    let bits = entries.iter().rev().fold(0_u128, |bits, entry| bits << 6 | entry);
    hart.load(LOGS, &bits.to_le_bytes()).unwrap();
    value(&mut hart, 0, 2, KERNEL);
    value(&mut hart, 7, WINDOW, LOGS);
    value(&mut hart, 4, PLANE | config, threshold);
    hart
}

#[test]
fn a_window_by_its_log_plane_by_hand() {
    let mut hart = with_planes(APPROX | TILE, 1);
    let state: Vec<u32> = [9, 11, 12, 37].map(|index| read(&mut hart, index)).to_vec();
    assert_eq!(state, [PLANE | APPROX | TILE, WINDOW, LOGS, 1]);
    // T = 1 keeps the products with the weight 4: those of the words 6, 7, 10 and 11. Nobody reads the
    // others.
    words(&mut hart, WINDOW, &[77, 77, 77, 77, 77]);
    let run = conv(&mut hart, 1, 4, WINDOW).run.unwrap();
    assert_eq!(run.outputs, [24, 28, 40, 44]);
    assert_eq!((run.words, run.fetched_by_plane), (vec![0, 0, 0, 0, 6, 7, 0, 10, 11], Some(4)));
    // Rows of 18 bits, from bits 0, 24 and 48 on, lie in 1, 2 and 2 beats.
    assert_eq!((read(&mut hart, 19), read(&mut hart, 20)), (4 + 4, 4 + 5 + 4));

    // The same window for exact: the five other words are fetched now.
    value(&mut hart, 4, TILE, 0);
    let run = conv(&mut hart, 2, 0, 0).run.unwrap();
    assert_eq!((run.fetched_by_plane, run.words[3]), (Some(5), 77));
    assert_eq!(run.outputs[0], 77 + 2 * 77 + 3 * 77 + 4 * 6);
    assert_eq!((read(&mut hart, 19), read(&mut hart, 20)), (4 + 9, 4 + 5 + 9));
    let run = conv(&mut hart, 2, 0, 0).run.unwrap();
    assert_eq!(run.fetched_by_plane, Some(0));
}

#[test]
fn what_a_log_plane_says_counts() {
    // All entries are zeros: no product is kept in any mode but exact, and no word is read.
    let mut hart = with_planes(APPROX | TILE, 9);
    store(&mut hart, LOGS, &[0; 4]);
    let run = conv(&mut hart, 1, 4, WINDOW).run.unwrap();
    assert_eq!((run.outputs, run.s_max, run.kept()), ([0; 4], [None; 4], 0));
    assert_eq!(run.fetched_by_plane, Some(0));
    // An entry that is not live has no log.
    let dead = (0..12).fold(0_u128, |bits, _| bits << 6 | 0b011111);
    hart.load(LOGS, &dead.to_le_bytes()).unwrap();
    assert_eq!(conv(&mut hart, 1, 4, WINDOW).run.unwrap().s_max, [None; 4]);
}

#[test]
fn a_log_plane_is_found_by_the_address_of_its_map() {
    // The window begins one word and one row into the map; rows may go backwards.
    let mut hart = with_planes(0, 0);
    assert_eq!(value(&mut hart, 1, 4, WINDOW + 20), 6 + 2 * 7 + 3 * 10 + 4 * 11);
    let back = value(&mut hart, 1, (-4_i32).cast_unsigned(), WINDOW + 20);
    assert_eq!(back, 6 + 2 * 7 + 3 * 2 + 4 * 3);
    // The plane's end may lie outside RAM, and so may a word that is fetched later.
    value(&mut hart, 7, WINDOW, BASE + 0x1_0000 - 4);
    assert_eq!(refused(&mut hart, 1, 4, WINDOW), Trap { cause: 5, value: WINDOW });
    let end = BASE + 0x1_0000;
    value(&mut hart, 7, end - 20, LOGS);
    value(&mut hart, 4, PLANE | APPROX, 1);
    store(&mut hart, LOGS, &[32, 0]);
    assert_eq!(conv(&mut hart, 1, 4, end - 20).trap, None, "the first word alone is live");
    value(&mut hart, 4, PLANE, 0);
    assert_eq!(refused(&mut hart, 2, 0, 0), Trap { cause: 5, value: 0 });
    assert_eq!(refused(&mut hart, 2, 0, 0).cause, 2, "the window is gone");
}
