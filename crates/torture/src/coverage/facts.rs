//! What is to be known of an instruction by its bits: which one it is, what it reads, what kind it
//! is of.

use model::hart::{
    Condition, CsrAccess, CsrSource, Instruction, Operation, Width, decode, is_compressed,
};

/// Mnemonics of the 32-bit instructions; a 16-bit one counts as what it abbreviates.
#[rustfmt::skip]
pub(super) const OPCODES: &[&str] = &[
    "lui", "auipc", "jal", "jalr",
    "beq", "bne", "blt", "bge", "bltu", "bgeu",
    "lb", "lh", "lw", "lbu", "lhu",
    "sb", "sh", "sw",
    "addi", "slti", "sltiu", "xori", "ori", "andi", "slli", "srli", "srai",
    "add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and",
    "mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu",
    "csrrw", "csrrs", "csrrc", "csrrwi", "csrrsi", "csrrci",
    "fence", "fence.i", "mret", "wfi",
    "conv.load", "conv.run", "conv.again", "conv.read", "conv.config", "conv.carry", "conv.clear",
];
/// Whether an instruction reads a register.
pub(super) fn has_source(opcode: usize) -> bool {
    let without = [LUI, AUIPC, JAL, CONV_CLEAR];
    !without.contains(&opcode) && !(CSRS + 3..CONVS).contains(&opcode)
}

const LUI: usize = 0;
const AUIPC: usize = 1;
const JAL: usize = 2;
const BRANCHES: usize = 4;
pub(super) const LOADS: usize = 10;
const STORES: usize = 15;
const IMMEDIATES: usize = 18;
const REGISTERS: usize = 27;
const CSRS: usize = 45;
const SYSTEM: usize = 51;
const CONVS: usize = 55;
pub(super) const CONV_AGAIN: usize = 57;
const CONV_CLEAR: usize = 61;

/// Instructions that the core treats alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Alu,
    MulDiv,
    Load,
    Store,
    Branch,
    Jump,
    Csr,
    Conv,
    System,
}

impl Class {
    /// The kind of result that it gives, in the order of the bins.
    pub fn result(self) -> Option<usize> {
        Some(match self {
            Self::Alu => 0,
            Self::MulDiv => 1,
            Self::Load => 2,
            Self::Jump => 3,
            Self::Csr => 4,
            Self::Conv => 5,
            Self::Store | Self::Branch | Self::System => return None,
        })
    }
}

/// The names of [`Class`], in order.
pub(super) const CLASSES: &[&str] =
    &["alu", "muldiv", "load", "store", "branch", "jump", "csr", "conv", "system"];

/// What a source register is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Alu,
    MulDiv,
    LoadAddress,
    StoreAddress,
    StoreData,
    Branch,
    Jalr,
    Csr,
    Conv,
}

/// The names of [`Use`], in order.
pub(super) const USES: &[&str] = &[
    "alu",
    "muldiv",
    "load address",
    "store address",
    "store data",
    "branch",
    "jalr",
    "csr",
    "conv",
];

/// What is to be known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// Index into [`OPCODES`].
    pub opcode: usize,
    pub class: Class,
    /// The source registers, with what they are for.
    pub sources: [Option<(u8, Use)>; 2],
    /// Whether it has 16 bits.
    pub short: bool,
    pub instruction: Instruction,
}

impl Facts {
    /// `None` of what is no instruction, and of `ecall` and `ebreak`, which never retire.
    pub fn of(insn: u32) -> Option<Self> {
        let instruction = decode(insn)?;
        let one = |register, used| [Some((register, used)), None];
        let two = |first, second, used| [Some((first, used)), Some((second, used))];
        let (opcode, class, sources) = match instruction {
            Instruction::Lui { .. } => (LUI, Class::Alu, [None; 2]),
            Instruction::Auipc { .. } => (AUIPC, Class::Alu, [None; 2]),
            Instruction::Jal { .. } => (JAL, Class::Jump, [None; 2]),
            Instruction::Jalr { rs1, .. } => (JAL + 1, Class::Jump, one(rs1, Use::Jalr)),
            Instruction::Branch { condition, rs1, rs2, .. } => {
                (BRANCHES + branch(condition), Class::Branch, two(rs1, rs2, Use::Branch))
            }
            Instruction::Load { width, signed, rs1, .. } => {
                let opcode = LOADS + log2(width) + if signed { 0 } else { 3 };
                (opcode, Class::Load, one(rs1, Use::LoadAddress))
            }
            Instruction::Store { width, rs1, rs2, .. } => {
                let sources = [Some((rs1, Use::StoreAddress)), Some((rs2, Use::StoreData))];
                (STORES + log2(width), Class::Store, sources)
            }
            Instruction::Immediate { operation, rs1, .. } => {
                (IMMEDIATES + immediate(operation), Class::Alu, one(rs1, Use::Alu))
            }
            Instruction::Register { operation, rs1, rs2, .. } => {
                let index = operation as usize;
                let (class, used) = if index < Operation::Mul as usize {
                    (Class::Alu, Use::Alu)
                } else {
                    (Class::MulDiv, Use::MulDiv)
                };
                (REGISTERS + index, class, two(rs1, rs2, used))
            }
            Instruction::Csr { access, source, .. } => {
                let (offset, sources) = match source {
                    CsrSource::Register(rs1) => (0, one(rs1, Use::Csr)),
                    CsrSource::Immediate(_) => (3, [None; 2]),
                };
                let access = match access {
                    CsrAccess::Write => 0,
                    CsrAccess::Set => 1,
                    CsrAccess::Clear => 2,
                };
                (CSRS + offset + access, Class::Csr, sources)
            }
            Instruction::Fence => (SYSTEM, Class::System, [None; 2]),
            Instruction::FenceI => (SYSTEM + 1, Class::System, [None; 2]),
            Instruction::Mret => (SYSTEM + 2, Class::System, [None; 2]),
            Instruction::Wfi => (SYSTEM + 3, Class::System, [None; 2]),
            Instruction::Ecall | Instruction::Ebreak => return None,
            Instruction::Conv { funct3: 7, .. } => return None,
            Instruction::Conv { funct3, rs1, rs2, .. } => {
                (CONVS + usize::from(funct3), Class::Conv, two(rs1, rs2, Use::Conv))
            }
        };
        let short = is_compressed(insn);
        // What x0 gives comes from nowhere.
        let sources = sources.map(|source| source.filter(|&(register, _)| register != 0));
        Some(Self { opcode, class, sources, short, instruction })
    }
}

fn branch(condition: Condition) -> usize {
    match condition {
        Condition::Equal => 0,
        Condition::NotEqual => 1,
        Condition::Less => 2,
        Condition::GreaterEqual => 3,
        Condition::LessUnsigned => 4,
        Condition::GreaterEqualUnsigned => 5,
    }
}

fn log2(width: Width) -> usize {
    (width as u32).trailing_zeros() as usize
}

fn immediate(operation: Operation) -> usize {
    match operation {
        Operation::SetLess => 1,
        Operation::SetLessUnsigned => 2,
        Operation::Xor => 3,
        Operation::Or => 4,
        Operation::And => 5,
        Operation::ShiftLeft => 6,
        Operation::ShiftRight => 7,
        Operation::ShiftRightArithmetic => 8,
        // Of the others only addi exists.
        _ => 0,
    }
}

/// Mnemonics of the 16-bit forms, and the encodings of them that do nothing.
#[rustfmt::skip]
pub(super) const SHORT_FORMS: &[&str] = &[
    "c.addi4spn", "c.lw", "c.sw",
    "c.addi", "c.jal", "c.li", "c.lui", "c.addi16sp", "c.srli", "c.srai", "c.andi",
    "c.sub", "c.xor", "c.or", "c.and", "c.j", "c.beqz", "c.bnez",
    "c.slli", "c.lwsp", "c.jr", "c.mv", "c.jalr", "c.add", "c.swsp",
    "c.nop", "hint",
];
const NOP: usize = 25;
const HINT: usize = 26;

/// Index into [`SHORT_FORMS`] of a legal 16-bit instruction other than `c.ebreak`.
pub(super) fn short_form(insn: u32) -> usize {
    let field = |low: u32, bits: u32| insn >> low & ((1 << bits) - 1);
    let (rd, rs2) = (field(7, 5), field(2, 5));
    let zero = |form| if rd == 0 { HINT } else { form };
    match (insn & 3, field(13, 3)) {
        (0, 0) => 0,
        (0, 2) => 1,
        (0, _) => 2,
        (1, 0) if insn == 1 => NOP,
        (1, 0) if insn & 0x107c == 0 => HINT,
        (1, 0) => zero(3),
        (1, 1) => 4,
        (1, 2) => zero(5),
        (1, 3) if rd == 2 => 7,
        (1, 3) => zero(6),
        (1, 4) => match field(10, 2) {
            3 => 11 + field(5, 2) as usize,
            upper => 8 + upper as usize,
        },
        (1, 5) => 15,
        (1, 6) => 16,
        (1, _) => 17,
        (_, 0) if rs2 == 0 => HINT,
        (_, 0) => zero(18),
        (_, 2) => 19,
        (_, 4) => match (field(12, 1), rs2) {
            (0, 0) => 20,
            (0, _) => zero(21),
            (_, 0) => 22,
            (_, _) => zero(23),
        },
        (_, _) => 24,
    }
}
