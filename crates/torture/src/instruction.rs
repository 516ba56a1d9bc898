//! The instructions that the generator writes.

use serde::{Deserialize, Serialize};

/// A register's number, 0 to 31.
pub type Register = u8;

/// An enum of operations with what its members are called in assembly.
macro_rules! operations {
    ($(#[$doc:meta])* $name:ident { $($op:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        #[allow(missing_docs, reason = "the mnemonics of the ISA manual")]
        pub enum $name { $($op),* }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$op),*];
        }
    };
}

operations! {
    /// Conditional branches.
    BranchOp { Beq, Bne, Blt, Bge, Bltu, Bgeu }
}
operations! {
    /// Loads.
    LoadOp { Lb, Lh, Lw, Lbu, Lhu }
}
operations! {
    /// Stores.
    StoreOp { Sb, Sh, Sw }
}
operations! {
    /// A register and an immediate.
    ImmediateOp { Addi, Slti, Sltiu, Xori, Ori, Andi, Slli, Srli, Srai }
}
operations! {
    /// Two registers.
    RegisterOp {
        Add, Sub, Sll, Slt, Sltu, Xor, Srl, Sra, Or, And,
        Mul, Mulh, Mulhsu, Mulhu, Div, Divu, Rem, Remu,
    }
}
operations! {
    /// Accesses of a CSR.
    CsrOp { Csrrw, Csrrs, Csrrc, Csrrwi, Csrrsi, Csrrci }
}
operations! {
    /// The instructions of the approximate convolution unit (`docs/isa.md`).
    ConvOp { Load, Run, Again, Read, Config, Carry, Clear }
}
operations! {
    /// Instructions without operands.
    SystemOp { Ecall, Ebreak, Mret, Wfi, FenceI }
}

impl LoadOp {
    /// Bytes that it reads.
    pub fn bytes(self) -> u32 {
        match self {
            Self::Lb | Self::Lbu => 1,
            Self::Lh | Self::Lhu => 2,
            Self::Lw => 4,
        }
    }
}

impl StoreOp {
    /// Bytes that it writes.
    pub fn bytes(self) -> u32 {
        1 << self as u32
    }
}

impl ImmediateOp {
    /// Whether the immediate is a shift amount, 0 to 31.
    pub fn is_shift(self) -> bool {
        matches!(self, Self::Slli | Self::Srli | Self::Srai)
    }
}

impl RegisterOp {
    /// Whether it belongs to the M extension.
    pub fn is_muldiv(self) -> bool {
        self as u8 >= Self::Mul as u8
    }
}

impl CsrOp {
    /// Whether its source is a 5-bit immediate instead of a register.
    pub fn is_immediate(self) -> bool {
        self as u8 >= Self::Csrrwi as u8
    }
}

/// One instruction, its targets given as distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Instruction {
    /// `lui`; the upper 20 bits of `value` count.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Lui { rd: Register, value: u32 },
    /// `auipc`; the upper 20 bits of `value` count.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Auipc { rd: Register, value: u32 },
    /// `jal`; the offset is even and within ±1 MiB.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Jal { rd: Register, offset: i32 },
    /// `jalr`; the offset is within ±2 KiB.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Jalr { rd: Register, rs1: Register, offset: i32 },
    /// A branch; the offset is even and within ±4 KiB.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Branch { op: BranchOp, rs1: Register, rs2: Register, offset: i32 },
    /// A load; the offset is within ±2 KiB.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Load { op: LoadOp, rd: Register, rs1: Register, offset: i32 },
    /// A store of rs2; the offset is within ±2 KiB.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Store { op: StoreOp, rs1: Register, rs2: Register, offset: i32 },
    /// A register and an immediate within ±2 KiB, or a shift amount.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Immediate { op: ImmediateOp, rd: Register, rs1: Register, immediate: i32 },
    /// Two registers.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Register { op: RegisterOp, rd: Register, rs1: Register, rs2: Register },
    /// A CSR access; `source` is a register or a 5-bit immediate.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Csr { op: CsrOp, rd: Register, csr: u16, source: u8 },
    /// `fence`, with whatever is in the fields.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Fence { rd: Register, rs1: Register, bits: u16 },
    /// An instruction without operands.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    System { op: SystemOp },
    /// An instruction of the convolution unit.
    #[allow(missing_docs, reason = "operands as in the ISA manual")]
    Conv { op: ConvOp, rd: Register, rs1: Register, rs2: Register },
    /// These 32 bits; the lowest two are 11.
    #[allow(missing_docs, reason = "named by the variant")]
    Word { bits: u32 },
    /// These 16 bits; the lowest two are not 11.
    #[allow(missing_docs, reason = "named by the variant")]
    Half { bits: u16 },
}

impl Instruction {
    /// `addi`.
    pub const fn addi(rd: Register, rs1: Register, immediate: i32) -> Self {
        Self::Immediate { op: ImmediateOp::Addi, rd, rs1, immediate }
    }

    /// `lw`.
    pub const fn lw(rd: Register, rs1: Register, offset: i32) -> Self {
        Self::Load { op: LoadOp::Lw, rd, rs1, offset }
    }

    /// `sw`.
    pub const fn sw(rs2: Register, rs1: Register, offset: i32) -> Self {
        Self::Store { op: StoreOp::Sw, rs1, rs2, offset }
    }

    /// `csrrs rd, csr, x0`.
    pub const fn csrr(rd: Register, csr: u16) -> Self {
        Self::Csr { op: CsrOp::Csrrs, rd, csr, source: 0 }
    }

    /// `csrrw x0, csr, rs1`.
    pub const fn csrw(csr: u16, rs1: Register) -> Self {
        Self::Csr { op: CsrOp::Csrrw, rd: 0, csr, source: rs1 }
    }

    /// The register that it writes, if it has one; x0 counts as none. Raw bits are taken to write
    /// nothing.
    pub fn destination(self) -> Option<Register> {
        let rd = match self {
            Self::Lui { rd, .. }
            | Self::Auipc { rd, .. }
            | Self::Jal { rd, .. }
            | Self::Jalr { rd, .. }
            | Self::Load { rd, .. }
            | Self::Immediate { rd, .. }
            | Self::Register { rd, .. }
            | Self::Csr { rd, .. }
            | Self::Conv { rd, .. } => rd,
            Self::Branch { .. }
            | Self::Store { .. }
            | Self::Fence { .. }
            | Self::System { .. }
            | Self::Word { .. }
            | Self::Half { .. } => 0,
        };
        (rd != 0).then_some(rd)
    }
}
