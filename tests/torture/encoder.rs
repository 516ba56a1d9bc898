//! The encoder against the disassembler of the reference model and, where there is one, against the
//! assembler of the RISC-V toolchain.

use std::fs;
use std::process::Command;

use model::hart::disassemble;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use torture::{
    BranchOp, ConvOp, CsrOp, ImmediateOp, Instruction, LoadOp, RegisterOp, StoreOp, SystemOp,
    compress,
};

const REGISTERS: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];
const CSRS: [(u16, &str); 6] = [
    (0x300, "mstatus"),
    (0x305, "mtvec"),
    (0x341, "mepc"),
    (0xb00, "mcycle"),
    (0xb83, "mhpmcounter3h"),
    (0xf14, "mhartid"),
];
const PC: u32 = 0x8000_0000;

fn x(register: u8) -> &'static str {
    REGISTERS[usize::from(register)]
}

/// `Srai` → `srai`.
fn lower(op: impl std::fmt::Debug) -> String {
    format!("{op:?}").to_lowercase()
}

/// The text of an instruction at [`PC`], as the assembler takes it.
fn text(instruction: Instruction) -> String {
    let target = |offset: i32| format!("{:#x}", PC.wrapping_add_signed(offset));
    match instruction {
        Instruction::Lui { rd, value } => format!("lui {},{:#x}", x(rd), value >> 12),
        Instruction::Auipc { rd, value } => format!("auipc {},{:#x}", x(rd), value >> 12),
        Instruction::Jal { rd, offset } => format!("jal {},{}", x(rd), target(offset)),
        Instruction::Jalr { rd, rs1, offset } => format!("jalr {},{offset}({})", x(rd), x(rs1)),
        Instruction::Branch { op, rs1, rs2, offset } => {
            format!("{} {},{},{}", lower(op), x(rs1), x(rs2), target(offset))
        }
        Instruction::Load { op, rd, rs1, offset } => {
            format!("{} {},{offset}({})", lower(op), x(rd), x(rs1))
        }
        Instruction::Store { op, rs1, rs2, offset } => {
            format!("{} {},{offset}({})", lower(op), x(rs2), x(rs1))
        }
        Instruction::Immediate { op, rd, rs1, immediate } if op.is_shift() => {
            format!("{} {},{},{immediate:#x}", lower(op), x(rd), x(rs1))
        }
        Instruction::Immediate { op, rd, rs1, immediate } => {
            format!("{} {},{},{immediate}", lower(op), x(rd), x(rs1))
        }
        Instruction::Register { op, rd, rs1, rs2 } => {
            format!("{} {},{},{}", lower(op), x(rd), x(rs1), x(rs2))
        }
        Instruction::Csr { op, rd, csr, source } => {
            let name = CSRS.iter().find(|&&(number, _)| number == csr).unwrap().1;
            let source = if op.is_immediate() { source.to_string() } else { x(source).to_owned() };
            format!("{} {},{name},{source}", lower(op), x(rd))
        }
        Instruction::Fence { .. } => "fence iorw,iorw".to_owned(),
        Instruction::System { op: SystemOp::FenceI } => "fence.i".to_owned(),
        Instruction::System { op } => lower(op),
        Instruction::Conv { op, rd, rs1, rs2 } => {
            let registers: &[u8] = match op {
                ConvOp::Again | ConvOp::Read => &[rd, rs1],
                ConvOp::Clear => &[rd],
                _ => &[rd, rs1, rs2],
            };
            let registers: Vec<_> = registers.iter().map(|&register| x(register)).collect();
            format!("conv.{} {}", lower(op), registers.join(","))
        }
        Instruction::Word { .. } | Instruction::Half { .. } => unreachable!("not made here"),
    }
}

/// Every operation with operands at the ends of their ranges and between; narrow registers and small
/// immediates so often that the 16-bit forms are met.
fn instructions() -> Vec<Instruction> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut all = Vec::new();
    for round in 0..300 {
        let mut reg =
            || if rng.random() { rng.random_range(8..16) } else { rng.random_range(0..32) };
        let [mut rd, mut rs1, rs2] = [reg(), reg(), reg()];
        let stack = round % 5 == 0;
        if stack {
            rs1 = 2;
        }
        if round % 4 == 0 {
            rd = rs1;
        }
        let end = round % 7 == 0;
        let mut number = |bits: u32| -> i32 {
            let limit = 1 << (bits - 1);
            let small = [limit, 32, 256, 512][rng.random_range(0..4)].min(limit);
            let value = rng.random_range(-small..small);
            if end { [-limit, limit - 1, 0, -1][rng.random_range(0..4)] } else { value }
        };
        let immediate = number(12);
        let (near, far) = (number(13) & !1, number(21) & !1);
        let value = (number(20) << 12) as u32;
        let shift = immediate & 31;
        all.extend([
            Instruction::Lui { rd, value },
            Instruction::Auipc { rd, value },
            Instruction::Jal { rd, offset: far },
            Instruction::Jal { rd: rd & 1, offset: near },
            Instruction::Jalr { rd, rs1, offset: immediate },
            Instruction::Jalr { rd: rd & 1, rs1, offset: 0 },
            Instruction::Fence { rd: 0, rs1: 0, bits: 0xff },
        ]);
        for &op in BranchOp::ALL {
            all.push(Instruction::Branch { op, rs1, rs2, offset: near });
            all.push(Instruction::Branch { op, rs1, rs2: 0, offset: near });
        }
        for &op in LoadOp::ALL {
            all.push(Instruction::Load { op, rd, rs1, offset: immediate });
            all.push(Instruction::Load { op, rd, rs1, offset: immediate & 0xfc });
        }
        for &op in StoreOp::ALL {
            all.push(Instruction::Store { op, rs1, rs2, offset: immediate });
            all.push(Instruction::Store { op, rs1, rs2, offset: immediate & 0xfc });
        }
        for &op in ImmediateOp::ALL {
            let immediate = if op.is_shift() { shift } else { immediate };
            all.push(Instruction::Immediate { op, rd, rs1, immediate });
            all.push(Instruction::Immediate { op, rd: rs1, rs1, immediate });
            all.push(Instruction::Immediate { op, rd, rs1: 0, immediate });
        }
        all.push(Instruction::addi(0, 0, 0));
        all.push(Instruction::addi(rd, 2, immediate & !3));
        all.push(Instruction::addi(2, 2, immediate & !15));
        for &op in RegisterOp::ALL {
            all.push(Instruction::Register { op, rd, rs1, rs2 });
            all.push(Instruction::Register { op, rd: rs1, rs1, rs2 });
            all.push(Instruction::Register { op, rd, rs1: 0, rs2 });
        }
        for &op in CsrOp::ALL {
            let (csr, _) = CSRS[round % CSRS.len()];
            all.push(Instruction::Csr { op, rd, csr, source: rs1 });
        }
        for &op in ConvOp::ALL {
            let [rs1, rs2] = match op {
                ConvOp::Again | ConvOp::Read => [rs1, 0],
                ConvOp::Clear => [0, 0],
                _ => [rs1, rs2],
            };
            all.push(Instruction::Conv { op, rd, rs1, rs2 });
        }
        all.extend(SystemOp::ALL.iter().map(|&op| Instruction::System { op }));
    }
    all
}

/// What the text of a 16-bit form abbreviates.
fn expanded(short: &str) -> String {
    let (name, operands) = short.split_once(' ').unwrap_or((short, ""));
    let operands: Vec<_> = operands.split(',').collect();
    match (name.trim_start_matches("c."), &operands[..]) {
        ("nop", _) => "addi zero,zero,0".to_owned(),
        ("addi4spn", [rd, _, value]) => format!("addi {rd},sp,{value}"),
        ("addi16sp", [_, value]) => format!("addi sp,sp,{value}"),
        ("li", [rd, value]) => format!("addi {rd},zero,{value}"),
        ("lui", [rd, value]) => format!("lui {rd},{value}"),
        ("mv", [rd, rs2]) => format!("add {rd},zero,{rs2}"),
        (op @ ("lw" | "lwsp"), [rd, place]) => format!("{} {rd},{place}", &op[..2]),
        (op @ ("sw" | "swsp"), [rs2, place]) => format!("{} {rs2},{place}", &op[..2]),
        ("j", [to]) => format!("jal zero,{to}"),
        ("jal", [to]) => format!("jal ra,{to}"),
        ("jr", [rs1]) => format!("jalr zero,0({rs1})"),
        ("jalr", [rs1]) => format!("jalr ra,0({rs1})"),
        ("beqz", [rs1, to]) => format!("beq {rs1},zero,{to}"),
        ("bnez", [rs1, to]) => format!("bne {rs1},zero,{to}"),
        ("ebreak", _) => "ebreak".to_owned(),
        (op, [rd, second]) => format!("{op} {rd},{rd},{second}"),
        _ => panic!("what is {short:?}?"),
    }
}

#[test]
fn the_reference_reads_back_what_is_encoded() {
    for instruction in instructions() {
        assert_eq!(disassemble(instruction.encode(), PC), text(instruction), "{instruction:?}");
    }
}

#[test]
fn a_short_form_says_the_same() {
    let mut met = std::collections::BTreeSet::new();
    for instruction in instructions() {
        if let Some(half) = compress(instruction) {
            let short = disassemble(half.into(), PC);
            met.insert(short.split(' ').next().unwrap().to_owned());
            assert_eq!(expanded(&short), text(instruction), "{instruction:?}: {short}");
        }
    }
    // All of RV32C.
    let all = "add addi addi16sp addi4spn and andi beqz bnez ebreak j jal jalr jr li lui lw lwsp mv \
               nop or slli srai srli sub sw swsp xor";
    let all: Vec<_> = all.split(' ').map(|name| format!("c.{name}")).collect();
    assert_eq!(met.into_iter().collect::<Vec<_>>(), all);
}

/// Each instruction alone, so that the assembler's own choice of the short form is seen.
#[test]
fn the_toolchain_assembles_the_same() {
    let assembler = "riscv64-unknown-elf-as";
    if Command::new(assembler).arg("--version").output().is_err() {
        eprintln!("{assembler} is not there: not compared");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let all = instructions();
    for short in [false, true] {
        let mut source = String::new();
        let mut expected = Vec::new();
        let chosen = all.iter().filter(|&&it| !short || compress(it).is_some());
        for &instruction in chosen {
            source += &assembly(instruction, short);
            source.push('\n');
            expected.push(instruction.bytes(short));
        }
        fs::write(path("source.s"), source).unwrap();
        let march = if short { "rv32imc" } else { "rv32im" };
        let march = format!("-march={march}_zicsr_zifencei");
        let status = Command::new(assembler)
            .args([&march, "-mabi=ilp32", "-mno-relax", "-o"])
            .args([path("source.o"), path("source.s")])
            .status()
            .unwrap();
        assert!(status.success());
        let status = Command::new("riscv64-unknown-elf-objcopy")
            .args(["-O", "binary", "-j", ".text"])
            .args([path("source.o"), path("source.bin")])
            .status()
            .unwrap();
        assert!(status.success());
        let bytes = fs::read(path("source.bin")).unwrap();
        let mut rest = &bytes[..];
        for (instruction, expected) in
            all.iter().filter(|&&it| !short || compress(it).is_some()).zip(&expected)
        {
            let (found, behind) = rest.split_at(expected.len());
            assert_eq!(found, expected, "{}", assembly(*instruction, short));
            rest = behind;
        }
        assert!(rest.is_empty());
    }
}

/// The text for the assembler: targets relative to the instruction; in 16 bits if asked for.
fn assembly(instruction: Instruction, short: bool) -> String {
    let relative = |offset: i32| format!(". + ({offset})");
    let plain = |instruction: Instruction| match instruction {
        Instruction::Jal { rd, offset } => format!("jal {},{}", x(rd), relative(offset)),
        Instruction::Branch { op, rs1, rs2, offset } => {
            format!("{} {},{},{}", lower(op), x(rs1), x(rs2), relative(offset))
        }
        Instruction::Conv { op, rd, rs1, rs2 } => {
            format!(".insn r 0x77,{},0,{},{},{}", op as u8, x(rd), x(rs1), x(rs2))
        }
        other => text(other),
    };
    if !short {
        return plain(instruction);
    }
    let half = compress(instruction).expect("only such are chosen");
    let text = disassemble(half.into(), PC);
    match (instruction, text.split_once(",0x8")) {
        (Instruction::Jal { offset, .. }, _) => {
            format!("{} {}", text.split(' ').next().unwrap(), relative(offset))
        }
        (Instruction::Branch { offset, .. }, _) => {
            format!("{},{}", text.split(',').next().unwrap(), relative(offset))
        }
        _ => text,
    }
}
