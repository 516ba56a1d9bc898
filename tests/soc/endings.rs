// SPDX-License-Identifier: MIT OR Apache-2.0
//! How programs end that do not pass, what is told of it, and what is told instruction by instruction.

use std::fs;
use std::path::Path;

use model::elf::{Executable, Segment};
use model::facts::soc::RAM_BASE;

use crate::common::{self, Ran};
use crate::{SPIN, T0, T1, T2, TOHOST, addi, finish, lui, sw};

const MAGIC: u32 = RAM_BASE + 0x2000;
const FROMHOST: u32 = RAM_BASE + 0x3000;

fn lw(rd: u32, rs1: u32) -> u32 {
    rs1 << 15 | 0b010 << 12 | rd << 7 | 0x03
}

/// `beq register, x0, -4`.
fn beqz_back(register: u32) -> u32 {
    0xfe00_0ee3 | register << 15
}

/// Runs a program of these instructions and data; what it printed, and its exit status.
fn soc(words: &[u32], data: &[(u32, Vec<u8>)], parts: &[(&str, u32)], more: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Executable { tohost: Some(TOHOST), ..Executable::from_words(words) };
    let data = data.iter().map(|(addr, bytes)| Segment { addr: *addr, bytes: bytes.clone() });
    program.segments.extend(data);
    let parts: Vec<(String, u32)> =
        parts.iter().map(|(name, addr)| ((*name).to_owned(), *addr)).collect();
    fs::write(folder.path().join("program.elf"), program.to_elf(&parts)).unwrap();
    run(folder.path(), &format!("soc program.elf {more}"))
}

fn run(folder: &Path, line: &str) -> (i32, String) {
    let Ran { status, stdout, stderr } = common::run(folder, line);
    (status.unwrap_or(-1), stdout + &stderr)
}

/// `csrrw x0, csr, rs1` with funct3 1, `csrrs` with 2.
fn csr(number: u32, rs1: u32, funct3: u32) -> u32 {
    number << 20 | rs1 << 15 | funct3 << 12 | 0x73
}

/// Cycles after which a jump to itself is taken for the end, where there is no reference, and some.
const SPUN: &str = "--lockstep=false --max-cycles 11000000";

#[test]
fn a_jump_to_itself_is_found_without_the_reference_unless_something_happens() {
    let (status, printed) = soc(&[addi(T0, 0, 7), SPIN], &[], &[("main", RAM_BASE + 4)], SPUN);
    assert_eq!(status, 4, "{printed}");
    let words = "does nothing but jump to itself, at 0x80000004";
    assert!(printed.contains(words), "{printed}");

    // Its timer goes off in every 10,000 units of time.
    const HANDLER: u32 = 11;
    let setup = [lui(T0, RAM_BASE), addi(T0, T0, 4 * HANDLER as i32), csr(0x305, T0, 1)];
    let due = [lui(T2, 0x0200_4000), sw(0, T2, 0), sw(0, T2, 4)];
    let enable = [addi(T0, 0, 0x80), csr(0x304, T0, 2), addi(T0, 0, 8), csr(0x300, T0, 2), SPIN];
    let handler = [
        lui(T0, 0x0200_c000),
        addi(T0, T0, -8),
        lw(T1, T0),
        lui(T2, 10_000 & !0xfff),
        T2 << 20 | T1 << 15 | T1 << 7 | 0x33,
        lui(T2, 0x0200_4000),
        sw(T1, T2, 0),
        sw(0, T2, 4),
        0x3020_0073,
    ];
    let words: Vec<u32> = setup.into_iter().chain(due).chain(enable).chain(handler).collect();
    let (status, printed) = soc(&words, &[], &[], SPUN);
    assert!(status == 4 && printed.contains("--max-cycles is the limit"), "{printed}");
}

#[test]
fn loops_that_nothing_ends_are_found() {
    // Before mtvec is set a trap goes to address 0, where nothing is.
    let (status, printed) = soc(&[0xffff_ffff], &[], &[], "");
    assert_eq!(status, 4, "{printed}");
    for words in [
        "does nothing but trap, at 0x00000000",
        "the last trap, in cycle ",
        "instruction access fault (mcause 0x1), mtval 0x00000000",
        "101 instructions compared",
    ] {
        assert!(printed.contains(words), "{words:?} is not in\n{printed}");
    }
    assert_eq!(printed.matches("trap: instruction access fault").count(), 16, "{printed}");
    let (status, printed) = soc(&[0xffff_ffff], &[], &[], "--lockstep=false");
    assert!(status == 4 && printed.contains("does nothing but trap"), "{printed}");

    let (status, printed) = soc(&[addi(T0, 0, 7), SPIN], &[], &[("main", RAM_BASE + 4)], "");
    assert_eq!(status, 4, "{printed}");
    assert!(printed.contains("nothing but jump to itself, at 0x80000004 <main>"), "{printed}");
    // With interrupts on, it may wait for one.
    let enable = [0x3004_6073, addi(T0, 0, -1), 0x3042_9073, SPIN];
    let (status, printed) = soc(&enable, &[], &[], "--max-cycles 20000");
    assert!(status == 4 && printed.contains("no end after 20000 cycles"), "{printed}");
}

#[test]
fn a_failure_tells_what_was_done_last() {
    for lockstep in ["--lockstep", "--lockstep=false"] {
        let (status, printed) = soc(&finish(2 * 5 + 1), &[], &[("main", RAM_BASE)], lockstep);
        assert_eq!(status, 1, "{printed}");
        for words in [
            "test 5 failed, after ",
            "the last instructions:",
            "x6 = 0x0000000b  <main+0x4>",
            "x5 is 0x80001000, x6 is 0xb, 0x0000000b to 0x80001000",
        ] {
            assert!(printed.contains(words), "{words:?} is not in\n{printed}");
        }
    }
    let (status, printed) = soc(&finish(1337 | 2), &[], &[], "");
    assert_eq!(status, 1);
    assert!(printed.contains("of riscv-tests (1337), an exception"), "{printed}");
}

/// A system call that writes, a character on the console, and the end: with both orders of the two
/// halves of a store to `tohost`.
#[test]
fn the_host_target_interface_is_served() {
    let call = [64_u64, 1, u64::from(MAGIC) + 32, 6];
    let magic: Vec<u8> = call.iter().flat_map(|it| it.to_le_bytes()).chain(*b"hello\n").collect();
    for high_first in [false, true] {
        let store = |high: u32| match high_first {
            true => [sw(high, T1, 4), sw(T0, T1, 0)],
            false => [sw(T0, T1, 0), sw(high, T1, 4)],
        };
        let mut words = vec![lui(T1, TOHOST), lui(T0, MAGIC)];
        words.extend(store(0));
        words.extend([lui(T2, FROMHOST), lw(28, T2), beqz_back(28), sw(0, T2, 0)]);
        // Device 1, command 1: a character.
        words.extend([lui(29, 0x0101_0000), addi(T0, 0, 0x21)]);
        words.extend(store(29));
        // Wait until it is taken.
        words.extend([lw(28, T1), 0x000e_1ee3 | 0xfe00_0000]);
        words.extend([addi(T0, 0, 1)]);
        words.extend(store(0));
        words.push(SPIN);
        let data = [(TOHOST, vec![0; 8]), (MAGIC, magic.clone()), (FROMHOST, vec![0; 8])];
        for lockstep in ["--lockstep", "--lockstep=false"] {
            let more = format!("--max-cycles 100000 {lockstep}");
            let (status, printed) = soc(&words, &data, &[("fromhost", FROMHOST)], &more);
            assert_eq!(status, 0, "{printed}");
            assert!(printed.starts_with("hello\n!\npassed after "), "{printed}");
        }
    }
}

#[test]
fn a_larger_ram_is_a_flag() {
    let (status, printed) = soc(&finish(1), &[], &[], "--ram 100000");
    assert!(status == 2 && printed.contains("--ram: the RAM is a power of two"), "{printed}");
    // The stack's words are beyond the RAM of the system that ships.
    let words = [lui(T0, RAM_BASE + (1 << 20)), sw(T0, T0, 0)];
    let words = [&words[..], &finish(1)].concat();
    let (status, printed) = soc(&words, &[], &[], "--ram 2097152");
    assert_eq!(status, 0, "{printed}");
}

#[test]
fn the_log_has_the_format_of_spike() {
    let folder = tempfile::tempdir().unwrap();
    let (status, printed) = run(folder.path(), "soc hello --log log");
    assert_eq!(status, 0, "{printed}");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let compared = printed.lines().last().unwrap().split(' ').next().unwrap();
    assert_eq!(log.lines().count().to_string(), compared, "no instruction of it traps");
    assert!(log.starts_with("core   0: 3 0x80000000 (0x00001197) x3  0x80001000\n"), "{log}");
    // A CSR, a compressed store, and a load, which has no data.
    for line in [" (0x30529073) c773_mtvec 0x", " (0xce06) mem 0x800ffffc 0x"] {
        assert!(log.contains(line), "{line:?} is not in\n{log}");
    }
    let load = |line: &str| line.split_once(" mem ").is_some_and(|(_, rest)| rest.len() == 10);
    assert!(log.lines().any(|line| line.contains(" x") && load(line)), "{log}");
    let traps = run(folder.path(), "soc trap_illegal --log /dev/null");
    assert_eq!(traps.0, 0, "{}", traps.1);
    let (status, printed) = run(folder.path(), "soc hello --log x --lockstep=false");
    assert!(status == 2 && printed.contains("need the reference"), "{printed}");
}

#[test]
fn every_cycle_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    for program in ["convolution", "interrupts_timer", "sort"] {
        for more in ["", "--stalls 5"] {
            let (status, printed) = run(folder.path(), &format!("soc {program} --stats {more}"));
            assert_eq!(status, 0, "{printed}");
            let rows = printed.split("where the cycles went").nth(1).unwrap();
            let counts = rows
                .lines()
                .filter(|line| line.starts_with('│'))
                .map(|line| line.split(['│', '┆']).nth(2).unwrap().trim().parse::<u64>().unwrap());
            let counts: Vec<u64> = counts.take(13).collect();
            let (all, rows) = counts.split_last().unwrap();
            assert_eq!(rows.iter().sum::<u64>(), *all, "{program}: {printed}");
            assert!(printed.contains(&format!("after {all} cycles")), "{printed}");
            assert!(rows[1] > 0 && rows[11] < 100, "{rows:?}");
        }
    }
}

#[test]
fn the_profile_has_the_cycles_of_all_functions() {
    let folder = tempfile::tempdir().unwrap();
    let (status, printed) = run(folder.path(), "soc hello --profile folded");
    assert_eq!(status, 0, "{printed}");
    let folded = fs::read_to_string(folder.path().join("folded")).unwrap();
    let cycles = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    let sum: u64 = folded.lines().map(cycles).sum();
    assert!(printed.contains(&format!("passed after {sum} cycles")), "{sum}: {printed}");
    assert!(folded.lines().any(|line| line.contains("main;printf ")), "{folded}");
    assert!(printed.contains("│ printf "), "{printed}");
}
