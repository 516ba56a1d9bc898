// SPDX-License-Identifier: MIT OR Apache-2.0
//! The 16-bit forms: what each abbreviates, and the form that an instruction has.

use std::sync::LazyLock;

use super::{Instruction, Layout, Op, Register};

/// A 16-bit form.
#[derive(Debug)]
pub struct Form {
    /// The mnemonic.
    pub name: &'static str,
    /// What it abbreviates.
    pub op: Op,
    /// The bits that are fixed, and their values.
    mask: u16,
    bits: u16,
    /// Bits that are not all 0; 0 if there is no such condition.
    some: u16,
    rd: Place,
    rs1: Place,
    rs2: Place,
    imm: Layout,
    /// How the operands are written; see [`super::disassemble`].
    pub(super) text: &'static str,
}

/// Where a register comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is this one; x0 also where the instruction has none.
    Is(Register),
    /// The one that is rd, too.
    Rd,
    /// Five bits from this one on.
    Full(u32),
    /// One of x8 to x15 that three bits name.
    Narrow(u32),
}

impl Place {
    fn gather(self, half: u16, rd: Register) -> Register {
        match self {
            Self::Is(register) => register,
            Self::Rd => rd,
            Self::Full(low) => (half >> low & 31) as u8,
            Self::Narrow(low) => 8 + (half >> low & 7) as u8,
        }
    }

    /// The bits of a register here, if it can be.
    fn scatter(self, register: Register, rd: Register) -> Option<u16> {
        match self {
            Self::Is(fixed) => (register == fixed).then_some(0),
            Self::Rd => (register == rd).then_some(0),
            Self::Full(low) => Some(u16::from(register) << low),
            Self::Narrow(low) => {
                (8..16).contains(&register).then(|| u16::from(register - 8) << low)
            }
        }
    }
}

use Place::{Full, Is, Narrow, Rd};

const NO: Place = Is(0);
const SP: Place = Is(2);

const IMM6: Layout = Layout::signed(&[(5, 1, 12), (0, 5, 2)]);
const UPPER: Layout = Layout::signed(&[(17, 1, 12), (12, 5, 2)]);
const SHIFT: Layout = Layout::unsigned(&[(0, 5, 2)]);
const STACK_ADDRESS: Layout = Layout::unsigned(&[(4, 2, 11), (6, 4, 7), (2, 1, 6), (3, 1, 5)]);
const STACK_FRAME: Layout =
    Layout::signed(&[(9, 1, 12), (4, 1, 6), (6, 1, 5), (7, 2, 3), (5, 1, 2)]);
const WORD: Layout = Layout::unsigned(&[(3, 3, 10), (2, 1, 6), (6, 1, 5)]);
const STACK_LOAD: Layout = Layout::unsigned(&[(5, 1, 12), (2, 3, 4), (6, 2, 2)]);
const STACK_STORE: Layout = Layout::unsigned(&[(2, 4, 9), (6, 2, 7)]);
const BRANCH: Layout = Layout::signed(&[(8, 1, 12), (3, 2, 10), (6, 2, 5), (1, 2, 3), (5, 1, 2)]);
const JUMP: Layout = Layout::signed(&[
    (11, 1, 12),
    (4, 1, 11),
    (8, 2, 9),
    (10, 1, 8),
    (6, 1, 7),
    (7, 1, 6),
    (1, 3, 3),
    (5, 1, 2),
]);

const NONE: Layout = Layout::NONE;

macro_rules! forms {
    ($($name:literal $mask:literal $bits:literal $some:literal
       $op:ident ($rd:expr, $rs1:expr, $rs2:expr, $imm:ident) $text:literal;)*) => {
        /// Every 16-bit form. Where two fit, the one with more fixed bits counts.
        pub static FORMS: &[Form] = &[$(Form {
            name: $name,
            op: Op::$op,
            mask: $mask,
            bits: $bits,
            some: $some,
            rd: $rd,
            rs1: $rs1,
            rs2: $rs2,
            imm: $imm,
            text: $text,
        },)*];
    };
}

// Name, fixed bits, their values, bits not all 0, the instruction with its operands, their text.
forms! {
    "c.addi4spn" 0xe003 0x0000 0x1fe0 Addi (Narrow(2), SP, NO, STACK_ADDRESS) "d,s,i";
    "c.lw"       0xe003 0x4000 0      Lw   (Narrow(2), Narrow(7), NO, WORD) "d,m";
    "c.sw"       0xe003 0xc000 0      Sw   (NO, Narrow(7), Narrow(2), WORD) "t,m";
    "c.addi"     0xe003 0x0001 0      Addi (Full(7), Rd, NO, IMM6) "d,i";
    "c.jal"      0xe003 0x2001 0      Jal  (Is(1), NO, NO, JUMP) "p";
    "c.li"       0xe003 0x4001 0      Addi (Full(7), NO, NO, IMM6) "d,i";
    "c.lui"      0xe003 0x6001 0x107c Lui  (Full(7), NO, NO, UPPER) "d,u";
    "c.addi16sp" 0xef83 0x6101 0x107c Addi (SP, SP, NO, STACK_FRAME) "d,i";
    "c.srli"     0xfc03 0x8001 0      Srli (Narrow(7), Rd, NO, SHIFT) "d,x";
    "c.srai"     0xfc03 0x8401 0      Srai (Narrow(7), Rd, NO, SHIFT) "d,x";
    "c.andi"     0xec03 0x8801 0      Andi (Narrow(7), Rd, NO, IMM6) "d,i";
    "c.sub"      0xfc63 0x8c01 0      Sub  (Narrow(7), Rd, Narrow(2), NONE) "d,t";
    "c.xor"      0xfc63 0x8c21 0      Xor  (Narrow(7), Rd, Narrow(2), NONE) "d,t";
    "c.or"       0xfc63 0x8c41 0      Or   (Narrow(7), Rd, Narrow(2), NONE) "d,t";
    "c.and"      0xfc63 0x8c61 0      And  (Narrow(7), Rd, Narrow(2), NONE) "d,t";
    "c.j"        0xe003 0xa001 0      Jal  (NO, NO, NO, JUMP) "p";
    "c.beqz"     0xe003 0xc001 0      Beq  (NO, Narrow(7), NO, BRANCH) "s,p";
    "c.bnez"     0xe003 0xe001 0      Bne  (NO, Narrow(7), NO, BRANCH) "s,p";
    "c.slli"     0xf003 0x0002 0      Slli (Full(7), Rd, NO, SHIFT) "d,x";
    "c.lwsp"     0xe003 0x4002 0x0f80 Lw   (Full(7), SP, NO, STACK_LOAD) "d,m";
    "c.jr"       0xf07f 0x8002 0x0f80 Jalr (NO, Full(7), NO, NONE) "s";
    "c.mv"       0xf003 0x8002 0      Add  (Full(7), NO, Full(2), NONE) "d,t";
    "c.jalr"     0xf07f 0x9002 0      Jalr (Is(1), Full(7), NO, NONE) "s";
    "c.add"      0xf003 0x9002 0      Add  (Full(7), Rd, Full(2), NONE) "d,t";
    "c.swsp"     0xe003 0xc002 0      Sw   (NO, SP, Full(2), STACK_STORE) "t,m";
    "c.nop"      0xffff 0x0001 0      Addi (NO, NO, NO, NONE) "";
    "c.ebreak"   0xffff 0x9002 0      Ebreak (NO, NO, NO, NONE) "";
}

impl Form {
    fn gather(&self, half: u16) -> Instruction {
        let rd = self.rd.gather(half, 0);
        let [rs1, rs2] = [self.rs1, self.rs2].map(|place| place.gather(half, rd));
        Instruction::new(self.op, rd, rs1, rs2, self.imm.gather(half.into()))
    }

    /// The bits of an instruction in this form, if its registers can be in it.
    fn scatter(&self, instruction: Instruction) -> Option<u16> {
        let Instruction { rd, rs1, rs2, imm, .. } = instruction;
        let mut bits = self.bits | self.imm.scatter(imm) as u16;
        for (place, register) in [(self.rd, rd), (self.rs1, rs1), (self.rs2, rs2)] {
            bits |= place.scatter(register, rd)?;
        }
        Some(bits)
    }
}

/// What a halfword is, for each.
struct Halfwords {
    instructions: Vec<Option<Instruction>>,
    forms: Vec<Option<&'static Form>>,
}

/// Looked up for every compressed instruction that is executed.
static HALFWORDS: LazyLock<Halfwords> = LazyLock::new(|| {
    let forms: Vec<_> = (0..=u16::MAX).map(find).collect();
    let expand = |(form, half): (&Option<&Form>, u16)| form.map(|form| form.gather(half));
    let instructions = forms.iter().zip(0..=u16::MAX).map(expand).collect();
    Halfwords { instructions, forms }
});

fn find(half: u16) -> Option<&'static Form> {
    let fits = |form: &&Form| half & form.mask == form.bits;
    let form = FORMS.iter().filter(fits).max_by_key(|form| form.mask.count_ones())?;
    (form.some == 0 || half & form.some != 0).then_some(form)
}

/// The instruction that a halfword abbreviates; `None` if it is reserved, custom, needs an extension
/// that is not there (all floating-point ones), or begins an instruction of 32 bits.
#[inline]
pub(super) fn expand(half: u16) -> Option<Instruction> {
    HALFWORDS.instructions[usize::from(half)]
}

/// The form of a halfword, if it is an instruction.
pub fn form_of(half: u16) -> Option<&'static Form> {
    HALFWORDS.forms[usize::from(half)]
}

impl Instruction {
    /// The 16-bit form, if it has one that is not a hint.
    pub fn compress(self) -> Option<u16> {
        if self.is_hint() && self != Self::addi(0, 0, 0) {
            return None;
        }
        let candidates = FORMS.iter().filter(|form| form.op == self.op);
        // An immediate that does not fit expands to another one.
        let fitting = candidates.filter_map(|form| {
            let half = form.scatter(self).filter(|&half| expand(half) == Some(self))?;
            Some((form.mask.count_ones(), half))
        });
        fitting.max().map(|(_, half)| half)
    }
}
