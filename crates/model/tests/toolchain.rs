// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of instructions, with F and without: against the manuals, by tables of their own; against
//! objdump's text; and against the assembler of the RISC-V toolchain, without which this test fails: every
//! instruction and every CSR, with operands at the ends of their ranges and between. The runtime of
//! `firmware/` under other options than those of the build.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs, iter};

use model::elf::Executable;
use model::facts::csr::CSRS;
use model::hart::{Hart, HartConfig, RunEnd};
use model::isa::{FORMS, Format, Instruction, Op, csr_name, decode, disassemble, form_of};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Mnemonics by funct3, as the manual's opcode maps have them; which funct7 they have, if that counts.
#[rustfmt::skip]
const BY_FUNCT3: &[(u32, Option<u32>, [&str; 8])] = &[
    (0x67, None,       ["jalr", "", "", "", "", "", "", ""]),
    (0x63, None,       ["beq", "bne", "", "", "blt", "bge", "bltu", "bgeu"]),
    (0x03, None,       ["lb", "lh", "lw", "", "lbu", "lhu", "", ""]),
    (0x23, None,       ["sb", "sh", "sw", "", "", "", "", ""]),
    (0x13, None,       ["addi", "", "slti", "sltiu", "xori", "", "ori", "andi"]),
    (0x13, Some(0x00), ["", "slli", "", "", "", "srli", "", ""]),
    (0x13, Some(0x20), ["", "", "", "", "", "srai", "", ""]),
    (0x33, Some(0x00), ["add", "sll", "slt", "sltu", "xor", "srl", "or", "and"]),
    (0x33, Some(0x20), ["sub", "", "", "", "", "sra", "", ""]),
    (0x33, Some(0x01), ["mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"]),
    // The fields that a simple implementation ignores may have any value.
    (0x0f, None,       ["fence", "fence.i", "", "", "", "", "", ""]),
    (0x73, None,       ["", "csrrw", "csrrs", "csrrc", "", "csrrwi", "csrrsi", "csrrci"]),
];

/// Mnemonic, the bits that are fixed, and their values, of the others.
const OTHERS: &[(&str, u32, u32)] = &[
    ("lui", 0x0000_007f, 0x0000_0037),
    ("auipc", 0x0000_007f, 0x0000_0017),
    ("jal", 0x0000_007f, 0x0000_006f),
    ("ecall", 0xffff_ffff, 0x0000_0073),
    ("ebreak", 0xffff_ffff, 0x0010_0073),
    ("mret", 0xffff_ffff, 0x3020_0073),
    ("wfi", 0xffff_ffff, 0x1050_0073),
];

/// The same, of F, as the listing of the manual's last chapters has them.
const FLOATS: &[(&str, u32, u32)] = &[
    ("flw", 0x0000_707f, 0x0000_2007),
    ("fsw", 0x0000_707f, 0x0000_2027),
    ("fmadd.s", 0x0600_007f, 0x0000_0043),
    ("fmsub.s", 0x0600_007f, 0x0000_0047),
    ("fnmsub.s", 0x0600_007f, 0x0000_004b),
    ("fnmadd.s", 0x0600_007f, 0x0000_004f),
    ("fadd.s", 0xfe00_007f, 0x0000_0053),
    ("fsub.s", 0xfe00_007f, 0x0800_0053),
    ("fmul.s", 0xfe00_007f, 0x1000_0053),
    ("fdiv.s", 0xfe00_007f, 0x1800_0053),
    ("fsqrt.s", 0xfff0_007f, 0x5800_0053),
    ("fsgnj.s", 0xfe00_707f, 0x2000_0053),
    ("fsgnjn.s", 0xfe00_707f, 0x2000_1053),
    ("fsgnjx.s", 0xfe00_707f, 0x2000_2053),
    ("fmin.s", 0xfe00_707f, 0x2800_0053),
    ("fmax.s", 0xfe00_707f, 0x2800_1053),
    ("fcvt.w.s", 0xfff0_007f, 0xc000_0053),
    ("fcvt.wu.s", 0xfff0_007f, 0xc010_0053),
    ("fmv.x.w", 0xfff0_707f, 0xe000_0053),
    ("feq.s", 0xfe00_707f, 0xa000_2053),
    ("flt.s", 0xfe00_707f, 0xa000_1053),
    ("fle.s", 0xfe00_707f, 0xa000_0053),
    ("fclass.s", 0xfff0_707f, 0xe000_1053),
    ("fcvt.s.w", 0xfff0_007f, 0xd000_0053),
    ("fcvt.s.wu", 0xfff0_007f, 0xd010_0053),
    ("fmv.w.x", 0xfff0_707f, 0xf000_0053),
];

/// Those of the unit as the table of the manual has them: mnemonic, the bits that are fixed.
static UNIT: LazyLock<Vec<(&str, u32)>> = LazyLock::new(|| {
    let manual = include_str!("../../../docs/isa.md");
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let [_, funct3, name, rs1, rs2, _, _] = cells[..] else { return None };
        let funct3: u32 = funct3.parse().ok()?;
        let none = |operand: &str, bits| if operand.starts_with("`x0`") { bits } else { 0 };
        let mask = 0xfe00_707f | none(rs1, 31 << 15) | none(rs2, 31 << 20);
        Some((funct3, (name.split('`').nth(1).unwrap_or(""), mask)))
    };
    let rows: Vec<_> = manual.lines().filter_map(row).collect();
    assert!(rows.iter().map(|(funct3, _)| *funct3).eq(0..8), "{rows:?}");
    rows.into_iter().map(|(_, row)| row).collect()
});

fn expected(word: u32, float: bool) -> &'static str {
    let (opcode, funct3, funct7) = (word & 0x7f, (word >> 12 & 7) as usize, word >> 25);
    let mapped =
        BY_FUNCT3.iter().filter(|row| row.0 == opcode && row.1.unwrap_or(funct7) == funct7);
    let floats = FLOATS.iter().filter(|_| float);
    let others = OTHERS.iter().chain(floats);
    let others = others.filter(|(_, mask, value)| word & mask == *value).map(|row| row.0);
    let unit = UNIT.get(funct3).filter(|(_, mask)| word & mask == 0x77 | (funct3 as u32) << 12);
    let unit = unit.map(|row| row.0);
    let names = mapped.map(|row| row.2[funct3]).chain(others).chain(unit);
    let mut found = names.filter(|name| !name.is_empty());
    let name = found.next().unwrap_or(".word");
    assert!(found.next().is_none(), "{word:#010x} is two instructions");
    name
}

fn check(word: u32) {
    for float in [false, true] {
        let text = disassemble(word, 0, float);
        let name = text.split(' ').next().unwrap();
        // fence.tso is a fence.
        let name = if name == "fence.tso" { "fence" } else { name };
        assert_eq!(name, expected(word, float), "{word:#010x}: {text}");
    }
}

#[test]
fn every_opcode_and_function_code() {
    for (opcode, funct3, funct7) in (3..128_u32)
        .step_by(4)
        .flat_map(|op| (0..8).map(move |f3| (op, f3)))
        .flat_map(|(op, f3)| (0..128).map(move |f7| (op, f3, f7)))
    {
        for (rd, rs1, rs2) in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 5), (31, 31, 31)]
        {
            check(funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode);
        }
    }
}

#[test]
fn every_bit_of_an_instruction_without_operands_counts() {
    for word in [0x73, 0x0010_0073, 0x3020_0073, 0x1050_0073, 0x6077] {
        for bit in 0..32 {
            let other = word ^ 1 << bit;
            if other & 3 == 3 {
                check(other);
            }
        }
    }
    // sret, uret, sfence.vma and dret are other modes' and the debugger's.
    for word in [0x1020_0073, 0x0020_0073, 0x1200_0073, 0x7b20_0073] {
        assert_eq!(expected(word, true), ".word");
        check(word);
    }
}

#[test]
fn random_words() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for word in iter::repeat_with(|| rng.random::<u32>() | 3).take(200_000) {
        check(word);
    }
}

/// The encodings of RV32C, as the manual's tables list them: mnemonic, the bits that are fixed, their
/// values, and bits that are not all zero.
#[rustfmt::skip]
#[expect(clippy::unusual_byte_groupings, reason = "the fields of the figures")]
const SHORT_ENCODINGS: &[(&str, u32, u32, u32)] = &[
    ("c.addi4spn", 0b111_0_00000_00000_11, 0b000_0_00000_00000_00, 0b000_1_11111_11000_00),
    ("c.lw",       0b111_0_00000_00000_11, 0b010_0_00000_00000_00, 0),
    ("c.sw",       0b111_0_00000_00000_11, 0b110_0_00000_00000_00, 0),
    ("c.nop",      0b111_1_11111_11111_11, 0b000_0_00000_00000_01, 0),
    ("c.addi",     0b111_0_00000_00000_11, 0b000_0_00000_00000_01, 0b000_1_11111_11111_00),
    ("c.jal",      0b111_0_00000_00000_11, 0b001_0_00000_00000_01, 0),
    ("c.li",       0b111_0_00000_00000_11, 0b010_0_00000_00000_01, 0),
    ("c.addi16sp", 0b111_0_11111_00000_11, 0b011_0_00010_00000_01, 0b000_1_00000_11111_00),
    ("c.srli",     0b111_1_11000_00000_11, 0b100_0_00000_00000_01, 0),
    ("c.srai",     0b111_1_11000_00000_11, 0b100_0_01000_00000_01, 0),
    ("c.andi",     0b111_0_11000_00000_11, 0b100_0_10000_00000_01, 0),
    ("c.sub",      0b111_1_11000_11000_11, 0b100_0_11000_00000_01, 0),
    ("c.xor",      0b111_1_11000_11000_11, 0b100_0_11000_01000_01, 0),
    ("c.or",       0b111_1_11000_11000_11, 0b100_0_11000_10000_01, 0),
    ("c.and",      0b111_1_11000_11000_11, 0b100_0_11000_11000_01, 0),
    ("c.j",        0b111_0_00000_00000_11, 0b101_0_00000_00000_01, 0),
    ("c.beqz",     0b111_0_00000_00000_11, 0b110_0_00000_00000_01, 0),
    ("c.bnez",     0b111_0_00000_00000_11, 0b111_0_00000_00000_01, 0),
    ("c.slli",     0b111_1_00000_00000_11, 0b000_0_00000_00000_10, 0),
    ("c.lwsp",     0b111_0_00000_00000_11, 0b010_0_00000_00000_10, 0b000_0_11111_00000_00),
    ("c.jr",       0b111_1_00000_11111_11, 0b100_0_00000_00000_10, 0b000_0_11111_00000_00),
    ("c.mv",       0b111_1_00000_00000_11, 0b100_0_00000_00000_10, 0b000_0_00000_11111_00),
    ("c.ebreak",   0b111_1_11111_11111_11, 0b100_1_00000_00000_10, 0),
    ("c.jalr",     0b111_1_00000_11111_11, 0b100_1_00000_00000_10, 0b000_0_11111_00000_00),
    ("c.add",      0b111_1_00000_00000_11, 0b100_1_00000_00000_10, 0b000_0_00000_11111_00),
    ("c.swsp",     0b111_0_00000_00000_11, 0b110_0_00000_00000_10, 0),
];

/// Those that need F.
#[rustfmt::skip]
#[expect(clippy::unusual_byte_groupings, reason = "the fields of the figures")]
const SHORT_FLOATS: &[(&str, u32, u32, u32)] = &[
    ("c.flw",      0b111_0_00000_00000_11, 0b011_0_00000_00000_00, 0),
    ("c.fsw",      0b111_0_00000_00000_11, 0b111_0_00000_00000_00, 0),
    ("c.flwsp",    0b111_0_00000_00000_11, 0b011_0_00000_00000_10, 0),
    ("c.fswsp",    0b111_0_00000_00000_11, 0b111_0_00000_00000_10, 0),
];

#[expect(clippy::unusual_byte_groupings, reason = "the fields of the figures")]
fn expected_short(half: u32, float: bool) -> Option<&'static str> {
    // c.lui is the one whose register has a value that it may not have, that of c.addi16sp.
    let (rd, imm) = (half >> 7 & 31, half & 0b000_1_00000_11111_00);
    if half & 0xe003 == 0x6001 && rd != 2 && imm != 0 {
        return Some("c.lui");
    }
    let fits = |&&(_, mask, value, some): &&(&str, u32, u32, u32)| {
        half & mask == value && (some == 0 || half & some != 0)
    };
    let floats = SHORT_FLOATS.iter().filter(|_| float);
    let mut found = SHORT_ENCODINGS.iter().chain(floats).filter(fits);
    let name = found.next().map(|&(name, ..)| name);
    assert!(found.next().is_none(), "{half:#06x} is two instructions");
    name
}

#[test]
fn all_halfwords() {
    let mut legal = [0; 2];
    for half in (0..=0xffff).filter(|half| half & 3 != 3) {
        for float in [false, true] {
            let (expected, text) = (expected_short(half, float), disassemble(half, 0, float));
            let name = text.split(' ').next().unwrap();
            assert_eq!(name, expected.unwrap_or(".half"), "{half:#06x}: {text}");
            assert_eq!(decode(half, float).is_some(), expected.is_some(), "{half:#06x}");
            legal[usize::from(float)] += usize::from(expected.is_some());
        }
    }
    // Counted by the manual's figures, in the order of the table.
    let quadrant_0 = 8 * 255 + 2 * 2048;
    let quadrant_1 = 2048 + 2048 + 2048 + 63 + 31 * 63 + (256 + 256 + 512 + 256) + 3 * 2048;
    let quadrant_2 = 1024 + 31 * 64 + (31 + 32 * 31) + (1 + 31 + 32 * 31) + 2048;
    let without = quadrant_0 + quadrant_1 + quadrant_2;
    assert_eq!(legal, [without, without + 4 * 2048]);
}

#[test]
fn the_text_is_that_of_objdump() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testvectors/isa/instructions.csv");
    let mut rows = csv::Reader::from_path(path).unwrap();
    let mut count = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let number = |column: usize| u32::from_str_radix(&row[column], 16).unwrap();
        let (address, encoding) = (number(0), number(1));
        assert_eq!(disassemble(encoding, address, true), row[2], "{encoding:#x} at {address:#x}");
        count += 1;
    }
    assert!(count > 500, "{count} instructions");
}

#[test]
fn what_the_assembler_does_not_know() {
    let cases = [
        (0x02c5_8577, ".word 0x02c58577"),
        (0x00c5_8577, "conv.load a0,a1,a2"),
        (0x00c5_9577, "conv.run a0,a1,a2"),
        (0x0005_a577, "conv.again a0,a1"),
        (0x00c5_a577, ".word 0x00c5a577"),
        (0x0005_b577, "conv.read a0,a1"),
        (0x00c5_c577, "conv.config a0,a1,a2"),
        (0x00c5_d577, "conv.carry a0,a1,a2"),
        (0x0000_6577, "conv.clear a0"),
        (0x0005_e577, ".word 0x0005e577"),
        (0x00c5_f577, "conv.plane a0,a1,a2"),
        (0x02c5_f577, ".word 0x02c5f577"),
        (0xffff_ffff, ".word 0xffffffff"),
        (0x0000_0000, ".half 0x0000"),
        (0x0000_6101, ".half 0x6101"),
        (0x3450_2573, "csrrs a0,0x345,zero"),
        // A hint has the name of what it is encoded as.
        (0x0000_0005, "c.addi zero,1"),
        (0x0000_0001, "c.nop"),
    ];
    for (insn, text) in cases {
        assert_eq!(disassemble(insn, 0, true), text, "{insn:#010x}");
    }
    // What a core without F has not, has no name there.
    for (insn, with, without) in [
        (0x00d5_8553, "fadd.s fa0,fa1,fa3,rne", ".word 0x00d58553"),
        (0x0000_6148, "c.flw fa0,4(a0)", ".half 0x6148"),
        (0x0010_2573, "csrrs a0,fflags,zero", "csrrs a0,0x1,zero"),
    ] {
        assert_eq!(disassemble(insn, 0, true), with);
        assert_eq!(disassemble(insn, 0, false), without);
    }
}

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
                Format::FloatAddress | Format::FloatS => {
                    all.push(Instruction { rs1: 2, imm: plain.imm & 0xfc, ..plain });
                }
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
    // Those that the assembler has names for.
    let (rounding, rs3) = ([0, 1, 2, 3, 4, 7][round % 6], (round / 6 % 32) as u8);
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
        Format::FloatAddress if round.is_multiple_of(2) => {
            Instruction::i(op, rd, rs1, number(12) & 0xfc)
        }
        Format::FloatAddress => Instruction::i(op, rd, rs1, number(12)),
        Format::S | Format::FloatS if round.is_multiple_of(2) => {
            Instruction::s(op, rs1, rs2, number(12) & 0xfc)
        }
        Format::S | Format::FloatS => Instruction::s(op, rs1, rs2, number(12)),
        Format::B => Instruction::s(op, rs1, rs2, number(13) & !1),
        Format::U => Instruction::u(op, rd, (number(20) << 12) as u32),
        Format::J if round.is_multiple_of(2) => Instruction::jal(rd & 1, number(13) & !1),
        Format::J => Instruction::jal(rd, number(21) & !1),
        Format::Csr | Format::CsrImmediate => Instruction::csr(op, rd, csr_number, rs1),
        // Sets of accesses that are not empty.
        Format::Fence => Instruction::i(op, 0, 0, number(8) & 0xff | 0x11),
        Format::FenceI | Format::Fixed => Instruction::plain(op),
        Format::Fused => Instruction::float(op, rounding, rd, [rs1, rs2, rs3]),
        Format::Rounded => Instruction::float(op, rounding, rd, [rs1, rs2, 0]),
        Format::RoundedUnary | Format::RoundedToInteger | Format::RoundedToFloat => {
            Instruction::float(op, rounding, rd, [rs1, 0, 0])
        }
        Format::FloatR | Format::Compare => Instruction::r(op, rd, rs1, rs2),
        Format::ToInteger | Format::ToFloat => Instruction::r(op, rd, rs1, 0),
    }
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut met = BTreeSet::new();
    for instruction in instructions() {
        assert_eq!(decode(instruction.encode(), true), Some(instruction));
        assert!(!instruction.is_refused(), "{instruction:?}");
        if let Some(half) = instruction.compress() {
            assert_eq!(decode(half.into(), true), Some(instruction), "{half:#06x}");
            met.insert(form_of(half).unwrap().name);
        }
    }
    assert_eq!(met, FORMS.iter().map(|form| form.name).collect());
}

/// The text of an instruction with its target relative to it, which the assembler takes; by its
/// fields if it is one of the unit.
fn assembly(instruction: Instruction, bits: u32) -> String {
    let Instruction { op, rd, rs1, rs2, imm, .. } = instruction;
    let text = disassemble(bits, PC, true);
    match op.format() {
        Format::J | Format::B => {
            let operands = text.rfind([',', ' ']).expect("it has a target");
            format!("{}. + ({imm})", &text[..=operands])
        }
        Format::Conv2 | Format::Conv1 | Format::Conv0 => {
            let function = op as u32 - Op::ConvLoad as u32;
            format!(".insn r 0x77,{function},0,x{rd},x{rs1},x{rs2}")
        }
        // The assembler has no name for a custom one of machine mode.
        Format::Csr | Format::CsrImmediate if imm >> 6 & 15 == 15 => {
            text.replace(&csr_name(imm as u16, true), &format!("{imm:#x}"))
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
    for (short, march) in [(false, "rv32imf"), (true, "rv32imfc")] {
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

/// Words of the opcodes of F, reserved rounding modes among them.
#[test]
fn objdump_prints_the_same_of_random_words() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let words: Vec<u32> = (0..20_000)
        .map(|_| {
            let (_, mask, value) = FLOATS[rng.random_range(0..FLOATS.len())];
            rng.random::<u32>() & !mask | value
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("words.bin");
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    fs::write(&binary, bytes).unwrap();
    let output = Command::new(format!("{}objdump", toolchain()))
        .args(["-D", "-b", "binary", "-m", "riscv:rv32", "-M", "no-aliases"])
        .arg(&binary)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    // Address, bits, mnemonic, operands, perhaps with a remark.
    let columns = text.lines().map(|line| line.split('\t').map(str::trim).collect::<Vec<_>>());
    let found: Vec<_> = columns
        .filter_map(|it| Some(format!("{} {}", it.get(2)?, it.get(3)?.split(" #").next()?)))
        .collect();
    assert_eq!(found.len(), words.len());
    for (word, found) in words.iter().zip(&found) {
        assert_eq!(disassemble(*word, 0, true), *found, "{word:#010x}");
    }
}

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Compiles a program as `docs/firmware.md` says, with further options.
fn compile(source: &Path, options: &[&str], elf: &Path) -> Result<(), String> {
    let runtime = ["start.S", "runtime.c", "libcalls.c"].map(|file| format!("firmware/{file}"));
    let output = Command::new(format!("{}gcc", toolchain()))
        .current_dir(ROOT)
        .args(["@firmware/compile.flags", "@firmware/link.flags"])
        .args(options)
        .args(runtime)
        .args([source.as_os_str(), "-o".as_ref(), elf.as_os_str()])
        .output()
        .unwrap();
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(messages)
}

#[test]
fn the_runtime_links_and_works_when_the_linker_optimises() {
    let folder = tempfile::tempdir().unwrap();
    let elf = folder.path().join("program.elf");
    for (program, text) in
        [("tests/printf.c", Some("tests/printf.expected")), ("tests/support.c", None)]
    {
        for level in ["-O0", "-O2", "-Os", "-O3"] {
            let source = format!("firmware/{program}");
            compile(Path::new(&source), &["-flto", level], &elf).unwrap();
            let config = HartConfig::default();
            let mut hart = Hart::new(&config);
            let program = Executable::parse(&fs::read(&elf).unwrap(), config.ram_bytes).unwrap();
            for segment in &program.segments {
                hart.load(segment.addr, &segment.bytes).unwrap();
            }
            let end = hart.run(5_000_000, program.tohost);
            let output = String::from_utf8(hart.take_output()).unwrap();
            assert_eq!(end, RunEnd::ToHost(1), "{source} {level}: {output}");
            if let Some(text) = text {
                let expected = fs::read_to_string(Path::new(ROOT).join("firmware").join(text));
                assert_eq!(output, expected.unwrap(), "{source} {level}");
            }
        }
    }
}

#[test]
fn conversions_that_c_does_not_have_do_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let (source, elf) = (folder.path().join("program.c"), folder.path().join("program.elf"));
    for (arguments, compiles) in [
        (r#""%-6d %s\n", 42, "text""#, true),
        (r#""%y\n", 42"#, false),
        (r#""%d\n", 42ll"#, false),
        (r#""%s\n", 42"#, false),
        (r#""%d\n""#, false),
    ] {
        let text = "#include \"runtime.h\"\nint main(void) { printf(ARGUMENTS); return 0; }\n";
        fs::write(&source, text.replace("ARGUMENTS", arguments)).unwrap();
        let result = compile(&source, &[], &elf);
        assert_eq!(result.is_ok(), compiles, "{arguments}: {result:?}");
        assert!(compiles || result.unwrap_err().contains("format"), "{arguments}");
    }
}
