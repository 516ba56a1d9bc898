// SPDX-License-Identifier: MIT OR Apache-2.0
//! The floating-point unit alone, held to Berkeley SoftFloat and to results that are stated here.
//!
//! ```text
//! cargo test --release --test fpu
//! CONVAPPROX_SEED=7 CONVAPPROX_ROUNDS=5000000 cargo test --release --test fpu random
//! ```
//!
//! A failure prints what went in, what should have come out and what did, the seed, and the command
//! that runs these operations again and writes a waveform. `cargo bench --bench fpu_operands` compares
//! far more of them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use convapprox::bench::fpu::{CORNERS, Class, FpuDriver, Operation, REPLAY, Schedule, Step};
use convapprox::hw::Build;
use model::float::ROUNDING_MODES;
use model::isa::Op;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Results by the standards, for a third opinion beside the unit's and SoftFloat's: a step, the result,
/// and the flags as fflags has them.
#[rustfmt::skip]
const STATED: &[(&str, u32, u8)] = &[
    // Ties to even, and away from zero.
    ("fadd.s rne 3f800000 33800000 0", 0x3f80_0000, 1),
    ("fadd.s rne 3f800001 33800000 0", 0x3f80_0002, 1),
    ("fadd.s rmm 3f800000 33800000 0", 0x3f80_0001, 1),
    ("fadd.s rup 3f800000 00000001 0", 0x3f80_0001, 1),
    ("fadd.s rdn bf800000 80000001 0", 0xbf80_0001, 1),
    ("fadd.s rtz bf800000 80000001 0", 0xbf80_0000, 1),
    // An exact zero is -0 where all else is rounded down.
    ("fsub.s rne 3f800000 3f800000 0", 0x0000_0000, 0),
    ("fsub.s rdn 3f800000 3f800000 0", 0x8000_0000, 0),
    ("fadd.s rup 80000000 80000000 0", 0x8000_0000, 0),
    ("fsub.s rne 7f800000 7f800000 0", 0x7fc0_0000, 0x10),
    ("fadd.s rne 7f800001 3f800000 0", 0x7fc0_0000, 0x10),
    ("fadd.s rne ffc00001 3f800000 0", 0x7fc0_0000, 0),
    // Overflow.
    ("fmul.s rne 7f7fffff 40000000 0", 0x7f80_0000, 5),
    ("fmul.s rtz 7f7fffff 40000000 0", 0x7f7f_ffff, 5),
    ("fmul.s rup ff7fffff 40000000 0", 0xff7f_ffff, 5),
    // Tininess is that of the number rounded to 24 bits: 2^-126 less a quarter of the last bit.
    ("fmul.s rne 3f7fffff 00800000 0", 0x0080_0000, 3),
    ("fmul.s rup 3f7fffff 00800000 0", 0x0080_0000, 3),
    ("fmul.s rne 00ffffff 3f000000 0", 0x0080_0000, 3),
    ("fmadd.s rne 3f800001 3f7fffff 80000000", 0x3f80_0000, 1),
    ("fmadd.s rne 00800000 3f800000 80000001", 0x007f_ffff, 0),
    // 2^-126 less 2^-151: halfway to what 24 bits can say, and up from there.
    ("fmadd.s rne 80000001 3e000000 00800000", 0x0080_0000, 1),
    ("fmul.s rne 00000001 3f000000 0", 0x0000_0000, 3),
    ("fmul.s rmm 00000001 3f000000 0", 0x0000_0001, 3),
    // One rounding: the product's last bits are all that is left.
    ("fmsub.s rne 3f800001 3f800001 3f800002", 0x2880_0000, 0),
    ("fnmadd.s rne 3f800000 40000000 40400000", 0xc0a0_0000, 0),
    ("fnmsub.s rne 3f800000 40000000 40400000", 0x3f80_0000, 0),
    ("fmadd.s rne 7f800000 00000000 7fc00000", 0x7fc0_0000, 0x10),
    ("fmadd.s rne 00000000 7f000000 00000001", 0x0000_0001, 0),
    ("fdiv.s rne 3f800000 40400000 0", 0x3eaa_aaab, 1),
    ("fdiv.s rtz 3f800000 40400000 0", 0x3eaa_aaaa, 1),
    ("fdiv.s rne bf800000 00000000 0", 0xff80_0000, 8),
    ("fdiv.s rne 80000000 00000000 0", 0x7fc0_0000, 0x10),
    ("fdiv.s rup 00000001 7f7fffff 0", 0x0000_0001, 3),
    ("fdiv.s rne 00000003 00000002 0", 0x3fc0_0000, 0),
    ("fsqrt.s rne 40000000 0 0", 0x3fb5_04f3, 1),
    // The root of 2^-147 is 2^-74 times that of 2.
    ("fsqrt.s rne 00000004 0 0", 0x1ab5_04f3, 1),
    ("fsqrt.s rne 80000000 0 0", 0x8000_0000, 0),
    ("fsqrt.s rne bf800000 0 0", 0x7fc0_0000, 0x10),
    // Limits of integers.
    ("fcvt.w.s rne 4effffff 0 0", 0x7fff_ff80, 0),
    ("fcvt.w.s rne 4f000000 0 0", 0x7fff_ffff, 0x10),
    ("fcvt.w.s rne cf000000 0 0", 0x8000_0000, 0),
    ("fcvt.w.s rne cf000001 0 0", 0x8000_0000, 0x10),
    ("fcvt.w.s rne ffc00000 0 0", 0x7fff_ffff, 0x10),
    ("fcvt.w.s rne 40200000 0 0", 2, 1),
    ("fcvt.w.s rdn bf000000 0 0", 0xffff_ffff, 1),
    ("fcvt.wu.s rne 4f7fffff 0 0", 0xffff_ff00, 0),
    ("fcvt.wu.s rne 4f800000 0 0", 0xffff_ffff, 0x10),
    ("fcvt.wu.s rne bf000000 0 0", 0, 1),
    ("fcvt.wu.s rdn bf000000 0 0", 0, 0x10),
    ("fcvt.wu.s rne bf800000 0 0", 0, 0x10),
    ("fcvt.s.w rne 80000000 0 0", 0xcf00_0000, 0),
    ("fcvt.s.w rne 01000001 0 0", 0x4b80_0000, 1),
    ("fcvt.s.wu rtz ffffffff 0 0", 0x4f7f_ffff, 1),
    // Numbers win against NaNs, and -0 is less than +0.
    ("fmin.s rne 00000000 80000000 0", 0x8000_0000, 0),
    ("fmax.s rne 80000000 00000000 0", 0x0000_0000, 0),
    ("fmin.s rne 7fc00001 3f800000 0", 0x3f80_0000, 0),
    ("fmax.s rne 3f800000 7f800001 0", 0x3f80_0000, 0x10),
    ("fmax.s rne ffc00001 7fc00001 0", 0x7fc0_0000, 0),
    ("feq.s rne 80000000 00000000 0", 1, 0),
    ("feq.s rne 7fc00000 7fc00000 0", 0, 0),
    ("feq.s rne 7f800001 7fc00000 0", 0, 0x10),
    ("flt.s rne 7fc00000 3f800000 0", 0, 0x10),
    ("fle.s rne 80000000 00000000 0", 1, 0),
    ("fclass.s rne ff800000 0 0", 1, 0),
    ("fclass.s rne 80000001 0 0", 1 << 2, 0),
    ("fclass.s rne 7f800001 0 0", 1 << 8, 0),
    ("fsgnjn.s rne 7f800001 7f800001 0", 0xff80_0001, 0),
    ("fmv.x.w rne 7f800001 0 0", 0x7f80_0001, 0),
];

/// Two seeds of what registers hold before they are written.
const X_SEEDS: [u64; 2] = [1, 0x5eed];

fn unit(x_seed: u64) -> FpuDriver {
    FpuDriver::open(Build::Fast, x_seed).unwrap_or_else(|error| panic!("{error}"))
}

/// Panics with what differs, and how to see it again.
#[track_caller]
fn check(unit: &mut FpuDriver, steps: impl IntoIterator<Item = Step>, origin: &str) {
    if let Err(mismatch) = unit.check(steps, origin) {
        panic!("{mismatch}");
    }
}

/// A number that the environment may give.
fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| {
        text.parse().unwrap_or_else(|error| panic!("{name} is {text:?}: {error}"))
    })
}

fn rounds() -> u64 {
    setting("CONVAPPROX_ROUNDS", 20_000)
}

/// One stream of random numbers for each test.
fn random(stream: u64) -> (ChaCha8Rng, String) {
    let seed = setting("CONVAPPROX_SEED", 1);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(stream);
    (random, format!("random ones, CONVAPPROX_SEED={seed}"))
}

fn ops() -> impl Iterator<Item = Op> {
    Class::ALL.into_iter().flat_map(Class::ops)
}

#[test]
fn results_are_those_that_the_standards_state() {
    for x_seed in X_SEEDS {
        let mut unit = unit(x_seed);
        for (text, result, flags) in STATED {
            let operation: Operation = text.parse().unwrap();
            let expected = operation.expected();
            let stated = format!("{text} is {result:08x} with flags {flags:#x}");
            assert_eq!((expected.result, expected.flags), (*result, *flags), "SoftFloat: {stated}");
            check(&mut unit, [operation.into()], "the stated ones");
        }
    }
}

/// Every pair of corner values, in every operation and rounding mode; in fused ones each pair with one in
/// seven of the corner values as the addend.
#[test]
fn corner_values_meet_all_others() {
    let values: Vec<u32> = CORNERS.iter().flat_map(|&it| [it, it | 1 << 31]).collect();
    let mut unit = unit(1);
    for op in ops() {
        let fused = Class::Fused.ops().any(|it| it == op);
        for rounding in 0..ROUNDING_MODES.len() as u8 {
            let pairs = values.iter().flat_map(|&a| values.iter().map(move |&b| (a, b)));
            let steps = pairs.flat_map(|(a, b)| {
                let third = if fused { values.len() } else { 1 };
                let some = move |index: usize| {
                    !fused || (a as usize / 3 + b as usize + index).is_multiple_of(7)
                };
                let thirds = values.iter().enumerate().take(third);
                thirds
                    .filter(move |&(index, _)| some(index))
                    .map(move |(_, &c)| Operation { op, rounding, operands: [a, b, c] }.into())
            });
            check(&mut unit, steps, "the corner values");
        }
    }
}

/// Sums, products, quotients and integers that lie exactly between two floats, and next to it.
#[test]
fn halfway_is_rounded_by_the_mode() {
    let mut unit = unit(1);
    let (mut random, origin) = random(0);
    for rounding in 0..ROUNDING_MODES.len() as u8 {
        let steps = (0..rounds()).flat_map(|_| {
            let bits: u32 = random.random();
            // An odd number of 25 bits, in two parts.
            let odd = bits & 0x00ff_ffff | 0x0080_0000;
            let exponent = 24 + (bits >> 24) % 200;
            let float = exponent << 23 | odd & 0x007f_ffff;
            let half = (exponent - 24) << 23 | bits >> 8 & 1 << 31;
            let step = |op, operands| Step::from(Operation { op, rounding, operands });
            let beside =
                |op, a, b: u32| [b.wrapping_sub(1), b, b + 1].map(|b| step(op, [a, b, float ^ 1]));
            let integer = odd << 1 | 1;
            // 25 bits, as a product with an odd number of 2 bits, and of subnormal results.
            let third = 0x3f80_0000 | (odd / 3 * 2 + 1) & 0x007f_ffff;
            let tiny = (odd >> 1) | 1;
            let mut steps = Vec::new();
            steps.extend(beside(Op::FaddS, float, half));
            steps.extend(beside(Op::FmaddS, 0x3f80_0000, half).map(|mut it| {
                it.operation.operands[2] = float;
                it
            }));
            steps.extend(beside(Op::FmulS, third, 0x4040_0000));
            steps.extend(beside(Op::FmulS, tiny, 0x3f00_0000));
            steps.extend(beside(Op::FdivS, tiny, 0x4000_0000));
            steps
                .extend([integer - 1, integer, integer + 1].map(|it| step(Op::FcvtSW, [it, 0, 0])));
            steps.extend([integer << 6, integer << 7].map(|it| step(Op::FcvtSWu, [it, 0, 0])));
            // 22 bits and a half.
            let with_half = 0x4a80_0000 | bits & 0x003f_ffff | 1;
            for op in [Op::FcvtWS, Op::FcvtWuS] {
                steps.extend([with_half, with_half | 1 << 31].map(|it| step(op, [it, 0, 0])));
            }
            steps
        });
        check(&mut unit, steps, &origin);
    }
}

#[test]
fn random_operands_agree_with_softfloat() {
    for (x_seed, (stream, class)) in X_SEEDS.into_iter().cycle().zip((1..).zip(Class::ALL)) {
        let (mut random, origin) = random(stream);
        let mut unit = unit(x_seed);
        let steps = (0..rounds() * 10).map(|_| Operation::random(class, &mut random).into());
        check(&mut unit, steps, &format!("{origin}, {class:?}"));
    }
}

/// All classes in turns, with pauses before, waits in EX and flushes, which leave no trace: the next
/// operation has its result in its time.
#[test]
fn operations_come_and_go_at_any_time() {
    let (mut random, origin) = random(100);
    for x_seed in X_SEEDS {
        let mut unit = unit(x_seed);
        let steps = (0..rounds() * 10).map(|_| {
            let class = Class::ALL[random.random_range(0..Class::ALL.len())];
            let operation = Operation::random(class, &mut random);
            let kind: u32 = random.random();
            let schedule = Schedule {
                pause: if kind & 3 == 0 { kind >> 8 & 3 } else { 0 },
                wait: if kind >> 2 & 3 == 0 { kind >> 16 & 3 } else { 0 },
                flush: (kind >> 4 & 7 == 0).then_some(kind >> 24 & 7),
            };
            Step { operation, schedule }
        });
        check(&mut unit, steps, &origin);
    }
}

#[test]
fn a_division_is_flushed_in_any_cycle() {
    let mut unit = unit(1);
    let divisions = ["fdiv.s rne 3f800000 40400000 0", "fsqrt.s rne 40400000 0 0"];
    let steps = divisions.map(|text| text.parse::<Operation>().unwrap());
    for first in steps {
        for second in steps {
            for cycle in 0..10 {
                let schedule = Schedule { flush: Some(cycle), ..Schedule::default() };
                let steps = [Step { operation: first, schedule }, second.into(), first.into()];
                check(&mut unit, steps, "the flushed divisions");
            }
        }
    }
}

/// What `CONVAPPROX_FPU` says, or an operation of its own, on a build that writes a waveform.
#[test]
fn replay() {
    let given = env::var(REPLAY).ok();
    let folder = tempfile::tempdir().unwrap();
    let path = match &given {
        Some(_) => {
            fs::create_dir_all("reports/mismatch").unwrap();
            PathBuf::from("reports/mismatch/fpu.vcd")
        }
        None => folder.path().join("fpu.vcd"),
    };
    let text = given
        .as_deref()
        .unwrap_or("fadd.s rne 3f800000 34000000 0; fdiv.s rup 1 40000000 0 wait=2");
    let steps = text.split(';').map(|it| it.parse().unwrap_or_else(|error| panic!("{error}")));
    let steps: Vec<Step> = steps.collect();
    let mut unit = FpuDriver::open(Build::Vcd, 1).unwrap_or_else(|error| panic!("{error}"));
    unit.open_trace(&path).unwrap();
    let checked = unit.check(steps, "the replay");
    unit.close_trace().unwrap();
    println!("the waveform is {}", Path::new(&path).display());
    match checked {
        Ok(count) => println!("{count} operations agree"),
        Err(mismatch) => panic!("{mismatch}"),
    }
    assert!(fs::metadata(&path).unwrap().len() > 1000);
}
