// SPDX-License-Identifier: MIT OR Apache-2.0
//! The comparison itself: whatever the system could report wrongly is found, and named.

use convapprox::bench::case::{Flip, ProgramCase};
use convapprox::bench::cosimulation::{Cosimulation, End};
use convapprox::bench::lockstep::{Difference, Lockstep, Mismatch};
use convapprox::bench::scoreboard::Difference as Unit;
use convapprox::bench::system::{LastRun, Retirement, SystemDriver, SystemOptions};
use convapprox::firmware::find;
use convapprox::hw::{Build, SOC, SOC_FP};
use model::elf::Executable;
use model::facts::riscv::OPCODE_MADD;
use model::facts::soc::RAM_BASE;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{SPIN, T0, T1, T2, WFI, addi, finish, lui, program, sw};

/// Runs a program beside the reference, but lets `tamper` change what the system reports of an
/// instruction, until the two differ.
fn tampered(
    name: &str,
    mut tamper: impl FnMut(&mut Retirement, &mut LastRun) -> bool,
) -> Box<Mismatch> {
    let found = find(name).unwrap();
    let system = if found.float { SOC_FP } else { SOC };
    let program = Executable::parse(found.elf, system.ram_bytes).unwrap();
    let mut soc = SystemDriver::open(&system, &SystemOptions::default()).unwrap();
    soc.load(&program).unwrap();
    let mut reference = Lockstep::new(&system);
    reference.load(&program).unwrap();
    let mut done = false;
    while let Some(mut retired) = soc.step(10_000).unwrap() {
        let mut last_run = soc.last_run();
        reference.sent(&soc.take_output());
        let order = retired.order;
        let now = !done && tamper(&mut retired, &mut last_run);
        done |= now;
        match reference.step(&retired, || last_run) {
            Ok(_) => assert!(!now, "instruction {order} differs, and nobody notices"),
            Err(mismatch) => {
                assert!(now, "instruction {order} is sound: {:?}", mismatch.differences);
                return mismatch;
            }
        }
    }
    panic!("the program ends without an instruction to tamper with");
}

/// The one difference that changing a report leads to.
fn found(name: &str, tamper: impl FnMut(&mut Retirement, &mut LastRun) -> bool) -> Difference {
    let mismatch = tampered(name, tamper);
    assert_eq!(mismatch.differences.len(), 1, "{:?}", mismatch.differences);
    mismatch.differences.into_iter().next().unwrap()
}

/// A program has one difference, of this kind, when the first report that fits is changed so.
macro_rules! differs {
    ($program:expr, $fits:expr, $change:expr, $kind:pat) => {
        let (fits, change): (fn(&Retirement) -> bool, fn(&mut Retirement)) = ($fits, $change);
        let difference = found($program, |retired, _| {
            let now = fits(retired);
            if now {
                change(retired);
            }
            now
        });
        assert!(matches!(difference, $kind), "{difference}");
    };
}

#[test]
fn each_field_of_an_instruction_counts() {
    use Difference::*;
    let late = |retired: &Retirement| retired.order > 100 && !retired.interrupt && !retired.trap;
    differs!("hello", late, |it| it.pc ^= 4, Pc { .. });
    differs!("hello", late, |it| it.insn ^= 1 << 15, Instruction { .. });
    differs!("hello", late, |it| it.order += 1, Order { .. });
    differs!("hello", late, |it| it.next_pc ^= 2, NextPc { .. });
    let cause = |it: &mut Retirement| (it.trap, it.cause) = (true, 2);
    differs!("hello", late, cause, Trap { expected: None, actual: Some(2) });

    let writes = |it: &Retirement| it.rd != 0 && it.mem_rmask == 0 && it.order > 100;
    differs!("hello", writes, |it| it.rd_value ^= 1 << 31, Register { .. });
    differs!("hello", writes, |it| it.rd ^= 1, Register { .. });
    let nothing = |it: &mut Retirement| (it.rd, it.rd_value) = (0, 0);
    differs!("hello", writes, nothing, Register { actual: None, .. });
    let silent = |it: &Retirement| it.rd == 0 && it.mem_wmask == 0 && it.order > 100;
    differs!("hello", silent, |it| it.rd = 31, Register { expected: None, .. });
}

#[test]
fn each_field_of_a_memory_access_counts() {
    use Difference::Memory;
    let store = |it: &Retirement| it.mem_wmask != 0;
    differs!("hello", store, |it| it.mem_addr ^= 1, Memory { .. });
    differs!("hello", store, |it| it.mem_wdata ^= 1, Memory { .. });
    differs!("hello", store, |it| it.mem_wmask ^= 0b1000, Memory { .. });
    let load = |it: &Retirement| it.mem_rmask != 0;
    differs!("hello", load, |it| it.mem_addr ^= 1, Memory { .. });
    differs!("hello", load, |it| it.mem_rdata ^= 1, Memory { .. });
    differs!("hello", load, |it| it.mem_rmask = 0, Memory { .. });
    let neither = |it: &Retirement| it.mem_rmask | it.mem_wmask == 0 && it.order > 50;
    differs!("hello", neither, |it| it.mem_wmask = 1, Memory { expected: None, .. });
}

#[test]
fn the_float_side_of_an_instruction_counts() {
    use Difference::*;
    let program = "rv32f_fma";
    let fused = |it: &Retirement| it.insn & 0x7f == OPCODE_MADD && !it.trap && it.order > 200;
    differs!(program, fused, |it| it.float.reads[0].1 ^= 1, FloatOperand { .. });
    differs!(program, fused, |it| it.float.reads[1].0 ^= 1, FloatOperand { .. });
    differs!(program, fused, |it| it.float.reads[2] = (0, 0), FloatOperand { .. });
    let written = |it: &mut Retirement| it.float.rd = it.float.rd.map(|(rd, value)| (rd, !value));
    differs!(program, fused, written, FloatRegister { .. });
    differs!(program, fused, |it| it.float.rd = None, FloatRegister { actual: None, .. });
    let unread = |it: &Retirement| it.insn == 0xe005_0f53 && it.order > 200;
    differs!(program, unread, |it| it.float.reads[1].0 = 3, FloatOperand { expected: (0, 0), .. });
    differs!(
        program,
        unread,
        |it| it.float.rd = Some((0, 0)),
        FloatRegister { expected: None, .. }
    );
    let raises = |it: &Retirement| it.float.flags == 1;
    differs!(program, raises, |it| it.float.flags = 0, FloatState { expected: 1, actual: 0, .. });
    let late = |it: &Retirement| it.order > 200;
    differs!(program, late, |it| it.float.fcsr ^= 0x20, FloatState { what: "fcsr", .. });
    differs!(program, late, |it| it.float.fs = 2, FloatState { what: "mstatus.FS", .. });
}

#[test]
fn traps_and_interrupts_count() {
    use Difference::*;
    differs!("trap_illegal", |it| it.trap, |it| it.cause ^= 1, Trap { .. });
    differs!("trap_illegal", |it| it.trap, |it| it.trap = false, Trap { actual: None, .. });
    differs!("trap_illegal", |it| it.trap, |it| it.next_pc ^= 4, NextPc { .. });

    let taken = |it: &Retirement| it.interrupt && !it.trap;
    let timer = "interrupts_timer";
    differs!(timer, taken, |it| it.cause ^= 0b100, Interrupt { .. });
    // Ignored, not pending, not enabled.
    differs!(timer, taken, |it| it.interrupt = false, Feed(_));
    differs!(timer, taken, |it| it.mip = 0, Feed(_));
    differs!(timer, |it| it.order == 20, |it| it.interrupt = true, Feed(_));
}

#[test]
fn each_result_of_the_unit_counts() {
    let is_run = |it: &Retirement| it.insn & 0x707f == 0x1077 && !it.trap;
    let changed = |change: fn(&mut LastRun)| {
        tampered("conv_run", move |retired, run| {
            // A few runs on, so that there is something to change.
            let now = is_run(retired) && retired.order > 2000;
            if now {
                change(run);
            }
            now
        })
    };
    let mismatch = changed(|run| run.outputs[0] ^= 1 << 30);
    assert!(matches!(mismatch.differences[..], [Difference::Unit(Unit::Output { output: 0, .. })]));
    let (actual, expected) = mismatch.run.expect("the report has the run");
    assert_eq!(actual.outputs[0] ^ 1 << 30, expected.outputs[0]);
    assert_eq!(expected.weights.len(), expected.side * expected.side);
    let mismatch = changed(|run| run.outputs[3] ^= 1);
    assert!(matches!(mismatch.differences[..], [Difference::Unit(Unit::Output { output: 3, .. })]));
    let mismatch = changed(|run| run.kept.bits[0] ^= 1 << 24);
    assert!(matches!(mismatch.differences[..], [Difference::Unit(Unit::Kept { output: 0, .. })]));
    let mismatch = changed(|run| run.s_max[2] = Some(run.s_max[2].map_or(1, |score| score + 1)));
    assert!(matches!(mismatch.differences[..], [Difference::Unit(Unit::SMax { output: 2, .. })]));
}

#[test]
fn what_the_uart_sends_counts() {
    let program = Executable::parse(find("hello").unwrap().elf, SOC.ram_bytes).unwrap();
    let mut soc = SystemDriver::open(&SOC, &SystemOptions::default()).unwrap();
    soc.load(&program).unwrap();
    let mut reference = Lockstep::new(&SOC);
    reference.load(&program).unwrap();
    let mut sent = 0;
    let mismatch = loop {
        let retired = soc.step(10_000).unwrap().expect("the program goes on");
        let mut bytes = soc.take_output();
        sent += bytes.len();
        if let Some(byte) = bytes.first_mut().filter(|_| sent == 2) {
            *byte = b'!';
        }
        reference.sent(&bytes);
        if let Err(mismatch) = reference.step(&retired, || soc.last_run()) {
            break mismatch;
        }
    };
    assert_eq!(sent, 2, "it is found at once");
    let [Difference::Sent { expected, actual }] = &mismatch.differences[..] else {
        panic!("{:?}", mismatch.differences);
    };
    assert_eq!((&expected[..], &actual[..]), (&b"e"[..], &b"!"[..]));
}

#[test]
fn a_mismatch_tells_what_led_there() {
    let writes = |it: &Retirement| it.order >= 300 && it.rd != 0;
    let mut rd = (0, 0);
    let mismatch = tampered("hello", |retired, _| {
        let now = writes(retired);
        if now {
            rd = (usize::from(retired.rd), retired.rd_value);
            retired.rd_value = !retired.rd_value;
        }
        now
    });
    assert_eq!(mismatch.history.len(), 16);
    let orders: Vec<u64> = mismatch.history.iter().map(|traced| traced.order).collect();
    assert!(orders.is_sorted() && orders[15] == orders[0] + 15 && orders[15] >= 300);
    assert_eq!(mismatch.history[15].cycle, mismatch.cycle);
    for (n, (actual, expected)) in mismatch.registers.iter().enumerate() {
        match n == rd.0 {
            true => assert_eq!((*actual, *expected), (!rd.1, rd.1)),
            false => assert_eq!(actual, expected, "x{n}"),
        }
    }
}

#[test]
fn a_core_that_waits_for_nothing_hangs() {
    // mie = 0: nothing ends this wfi, but that is what the program says. A limit ends it.
    let mut run =
        Cosimulation::open(&program(&[WFI]), &ProgramCase::default(), Build::Fast, true).unwrap();
    assert_eq!(run.run(50_000).unwrap(), End::Limit);
    // Without the reference a wfi and a core that hangs look alike.
    let mut run =
        Cosimulation::open(&program(&[WFI]), &ProgramCase::default(), Build::Fast, false).unwrap();
    assert!(matches!(run.run(u64::MAX).unwrap(), End::Hang { .. }));
}

#[test]
fn a_loop_is_no_hang() {
    for lockstep in [true, false] {
        let case = ProgramCase::default();
        let mut run = Cosimulation::open(&program(&[SPIN]), &case, Build::Fast, lockstep).unwrap();
        let end = match lockstep {
            // Nothing can end it, and the reference knows.
            true => End::Loop { pc: RAM_BASE, traps: false },
            false => End::Limit,
        };
        assert_eq!(run.run(60_000).unwrap(), end);
    }
}

#[test]
fn a_hang_is_a_mismatch() {
    // In the system's memory, but not in the reference's, the third instruction is a wfi.
    let mut words = vec![addi(T0, 0, 1), addi(T1, 0, 2), addi(T1, 0, 3)];
    words.extend(finish(1));
    let flip = Flip { cycle: 0, addr: RAM_BASE + 8, bits: words[2] ^ WFI };
    let case = ProgramCase { flip: Some(flip), ..ProgramCase::default() };
    let mut run = Cosimulation::open(&program(&words), &case, Build::Fast, true).unwrap();
    let End::Mismatch(mismatch) = run.run(100_000).unwrap() else { panic!("it cannot go on") };
    let [Difference::Hang { cycles, pc }] = mismatch.differences[..] else {
        panic!("{:?}", mismatch.differences)
    };
    assert_eq!((cycles, pc), (10_000, RAM_BASE + 8));
    assert_eq!(mismatch.history.len(), 2);
}

/// Code and data of a loop are changed between instructions: what the core has begun to use is
/// refused, all else is the same for both.
#[test]
fn memory_is_written_for_both_or_refused() {
    const DATA: u32 = RAM_BASE + 0x800;
    let li = |rd: u32, imm: u32| addi(rd, 0, (imm % 2048) as i32);
    // Two compressed ones.
    let pair = |imm: u32| (0x4001 | T2 << 7 | (imm % 32) << 2) * 0x1_0001;
    let access = |rd: u32, offset: u32| offset << 20 | T0 << 15 | 0b010 << 12 | rd << 7 | 0x03;
    let mut words = vec![lui(T0, RAM_BASE), addi(T0, T0, 0x7ff), addi(T0, T0, 1)];
    let first = words.len() as u32;
    words.extend([li(T1, 1), pair(1), pair(2), pair(3), pair(4), li(T2, 2), pair(5)]);
    let changed = words.len() as u32;
    words.extend([access(T1, 0), access(T2, 4), sw(T1, T0, 8), access(T2, 8)]);
    // Back to the first, behind the ones that set T0.
    let back = first.wrapping_sub(words.len() as u32).wrapping_mul(4);
    let jump = (back >> 20 & 1) << 31 | (back >> 1 & 0x3ff) << 21 | (back >> 11 & 1) << 20;
    words.push(jump | (back >> 12 & 0xff) << 12 | 0x6f);

    for stall_seed in [None, Some(7)] {
        let case = ProgramCase { soc: SOC, x_seed: 1, stall_seed, ..ProgramCase::default() };
        let mut run = Cosimulation::open(&program(&words), &case, Build::Fast, true).unwrap();
        let (mut rng, mut written, mut refused) = (ChaCha8Rng::seed_from_u64(5), 0, 0);
        for _ in 0..20_000 {
            let mut retired = false;
            while !retired {
                let until = run.system().cycles() + 1;
                let end = run.run_with(until, |_, _| retired = true).unwrap();
                assert_eq!(end, End::Limit, "{written} written, {refused} refused");
            }
            let imm = rng.random();
            let place = rng.random_range(first..changed + 3);
            let (addr, word) = match place.checked_sub(changed) {
                Some(data) => (DATA + 4 * data, imm),
                None if place == first || place == changed - 2 => {
                    (RAM_BASE + 4 * place, li(T1, imm))
                }
                None => (RAM_BASE + 4 * place, pair(imm)),
            };
            match run.poke(addr, &word.to_le_bytes()) {
                Ok(()) => written += 1,
                Err(error) => {
                    assert!(error.to_string().contains("cannot be written now"), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(written > 2_000 && refused > 2_000, "{written} written, {refused} refused");
    }
}
