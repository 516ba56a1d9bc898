// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of instructions against the assembler of the RISC-V toolchain, without which this test
//! fails: every instruction and every CSR, with operands at the ends of their ranges and between.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use model::facts::csr::CSRS;
use model::isa::{FORMS, Format, Instruction, Op, decode, disassemble, form_of};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const PC: u32 = 0x8000_0000;
const ROUNDS: usize = 300;

/// What the names of a toolchain's programs begin with: RISCV_CC's, else one that is in PATH.
fn toolchain() -> String {
    let named = env::var("RISCV_CC").ok().filter(|path| !path.is_empty());
    let candidates = match &named {
        Some(path) => vec![path.strip_suffix("gcc").unwrap_or(path).to_owned()],
        None => ["riscv64-unknown-elf-", "riscv64-elf-"].map(str::to_owned).to_vec(),
    };
    let runs = |prefix: &&String| {
        let output = Command::new(format!("{prefix}as")).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = candidates.iter().find(runs).unwrap_or_else(|| {
        panic!(
            "no RISC-V assembler: none of {candidates:?} followed by \"as\" runs; install Debian's \
             gcc-riscv64-unknown-elf or Homebrew's riscv64-elf-gcc (./run and ./test do), or name \
             the compiler beside it in RISCV_CC"
        )
    });
    found.clone()
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?}");
}

/// The bytes that the assembler makes of a text.
fn assemble(prefix: &str, march: &str, text: &str, folder: &Path) -> Vec<u8> {
    let path = |name: &str| folder.join(name);
    fs::write(path("source.s"), text).unwrap();
    run(Command::new(format!("{prefix}as"))
        .arg(format!("-march={march}_zicsr_zifencei"))
        .args(["-mabi=ilp32", "-mpriv-spec=1.12", "-mno-relax", "-o"])
        .args([path("source.o"), path("source.s")]));
    run(Command::new(format!("{prefix}objcopy"))
        .args(["-O", "binary", "-j", ".text"])
        .args([path("source.o"), path("source.bin")]));
    fs::read(path("source.bin")).unwrap()
}

/// Every instruction of the table with random operands; narrow registers and small immediates so
/// often that the 16-bit forms are met.
fn instructions() -> Vec<Instruction> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        for &op in Op::ALL {
            let plain = instruction(op, round, &mut rng);
            // Two operands the same, or none, as many 16-bit forms have them.
            let same = Instruction { rd: plain.rs1, ..plain };
            let from_zero = Instruction { rs1: 0, ..plain };
            let with_zero = Instruction { rs2: 0, ..plain };
            let link = Instruction { rd: plain.rd & 1, imm: 0, ..plain };
            all.push(plain);
            match op.format() {
                Format::R | Format::I | Format::Shift => all.extend([same, from_zero]),
                Format::B => all.push(with_zero),
                Format::Address | Format::J => all.push(link),
                _ => {}
            }
        }
        all.push(Instruction::addi(0, 0, 0));
        all.push(Instruction::addi(2, 2, rng.random_range(-128..128) & !15));
        all.push(Instruction::addi(rng.random_range(8..16), 2, rng.random_range(0..256) * 4));
    }
    all
}

fn instruction(op: Op, round: usize, rng: &mut ChaCha8Rng) -> Instruction {
    let mut register =
        || if rng.random() { rng.random_range(8..16) } else { rng.random_range(0..32) };
    let [rd, mut rs1, rs2]: [u8; 3] = [register(), register(), register()];
    if round.is_multiple_of(5) {
        rs1 = 2;
    }
    let mut number = |bits: u32| -> i32 {
        let limit = 1 << (bits - 1);
        let small = [limit, 32, 256, 512][rng.random_range(0..4)].min(limit);
        let value = rng.random_range(-small..small);
        let ends = [-limit, limit - 1, 0, -1];
        if round.is_multiple_of(7) { ends[rng.random_range(0..4)] } else { value }
    };
    let csr = CSRS[round % CSRS.len()];
    let csr_number = csr.number + round as u16 % (csr.last - csr.number + 1);
    match op.format() {
        Format::R | Format::Conv2 => Instruction::r(op, rd, rs1, rs2),
        Format::Conv1 => Instruction::r(op, rd, rs1, 0),
        Format::Conv0 => Instruction::r(op, rd, 0, 0),
        Format::Shift => Instruction::i(op, rd, rs1, number(12) & 31),
        Format::I => Instruction::i(op, rd, rs1, number(12)),
        Format::Address if round.is_multiple_of(2) => {
            Instruction::i(op, rd, rs1, number(12) & 0xfc)
        }
        Format::Address => Instruction::i(op, rd, rs1, number(12)),
        Format::S if round.is_multiple_of(2) => Instruction::s(op, rs1, rs2, number(12) & 0xfc),
        Format::S => Instruction::s(op, rs1, rs2, number(12)),
        Format::B => Instruction::s(op, rs1, rs2, number(13) & !1),
        Format::U => Instruction::u(op, rd, (number(20) << 12) as u32),
        Format::J if round.is_multiple_of(2) => Instruction::jal(rd & 1, number(13) & !1),
        Format::J => Instruction::jal(rd, number(21) & !1),
        Format::Csr | Format::CsrImmediate => Instruction::csr(op, rd, csr_number, rs1),
        // Sets of accesses that are not empty.
        Format::Fence => Instruction::i(op, 0, 0, number(8) & 0xff | 0x11),
        Format::FenceI | Format::Fixed => Instruction::plain(op),
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut met = BTreeSet::new();
    for instruction in instructions() {
        assert_eq!(decode(instruction.encode()), Some(instruction));
        assert!(!instruction.is_refused(), "{instruction:?}");
        if let Some(half) = instruction.compress() {
            assert_eq!(decode(half.into()), Some(instruction), "{half:#06x}");
            met.insert(form_of(half).unwrap().name);
        }
    }
    assert_eq!(met, FORMS.iter().map(|form| form.name).collect());
}

/// The text of an instruction with its target relative to it, which the assembler takes; by its
/// fields if it is one of the unit.
fn assembly(instruction: Instruction, bits: u32) -> String {
    let Instruction { op, rd, rs1, rs2, imm } = instruction;
    let text = disassemble(bits, PC);
    match op.format() {
        Format::J | Format::B => {
            let operands = text.rfind([',', ' ']).expect("it has a target");
            format!("{}. + ({imm})", &text[..=operands])
        }
        Format::Conv2 | Format::Conv1 | Format::Conv0 => {
            let function = op as u32 - Op::ConvLoad as u32;
            format!(".insn r 0x77,{function},0,x{rd},x{rs1},x{rs2}")
        }
        _ => text,
    }
}

/// Each instruction alone, so that the assembler's own choice of the short form is seen.
#[test]
fn the_assembler_makes_the_same_of_the_text() {
    let prefix = toolchain();
    let folder = tempfile::tempdir().unwrap();
    let all = instructions();
    for (short, march) in [(false, "rv32im"), (true, "rv32imc")] {
        let chosen = all.iter().filter(|it| !short || it.compress().is_some());
        let expected: Vec<_> = chosen
            .map(|&it| {
                let bits = it.compress().filter(|_| short).map_or(it.encode(), u32::from);
                (it.bytes(short).collect::<Vec<_>>(), assembly(it, bits))
            })
            .collect();
        let source: String = expected.iter().map(|(_, text)| format!("{text}\n")).collect();
        let bytes = assemble(&prefix, march, &source, folder.path());
        let mut rest = &bytes[..];
        for (expected, text) in &expected {
            let (found, behind) = rest.split_at(expected.len());
            assert_eq!(found, expected, "{text}");
            rest = behind;
        }
        assert!(rest.is_empty());
    }
}
