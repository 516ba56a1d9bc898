// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each instruction does.

use super::Hart;
use super::bus::mask;
use super::conv::{Refused, Run};
use super::csr::Counts;
use super::feed::Feed;
use super::retire::{Access, Trap};
use crate::facts::riscv::{
    COUNTER_CYCLE, COUNTER_INSTRET, EVENT_BRANCH, EVENT_BRANCH_TAKEN, EVENT_COMPRESSED, EVENT_JUMP,
    EVENT_LOAD, EVENT_STORE, IRQ_TIMER,
};
use crate::isa::{Instruction, Op, is_compressed, unit_ops};

/// What an instruction that did not trap leaves.
pub(super) struct Effect {
    pub(super) next_pc: u32,
    pub(super) rd: u8,
    pub(super) value: u32,
    pub(super) memory: Option<Access>,
    pub(super) run: Option<Box<Run>>,
    /// Counters that it counts on.
    pub(super) counts: Counts,
}

/// Why an instruction has no effect.
pub(super) enum Stopped {
    Trap(Trap),
    /// A wfi with nothing to go on for.
    Asleep,
}

impl From<Trap> for Stopped {
    fn from(trap: Trap) -> Self {
        Self::Trap(trap)
    }
}

impl Hart {
    /// Executes the instruction at the pc; `mip` has the interrupt lines. Registers and pc stay as
    /// they are, CSRs and memory do not.
    #[inline]
    pub(super) fn execute(
        &mut self,
        instruction: Instruction,
        insn: u32,
        mip: u32,
        feed: &Feed,
    ) -> Result<Effect, Stopped> {
        use Op::*;

        let Instruction { op, rd, rs1, rs2, imm } = instruction;
        let compressed = is_compressed(insn);
        let next_pc = self.pc.wrapping_add(if compressed { 2 } else { 4 });
        let always = 1 << COUNTER_CYCLE | 1 << COUNTER_INSTRET;
        let counts = always | u32::from(compressed) << EVENT_COMPRESSED;
        let mut effect = Effect { next_pc, rd, value: 0, memory: None, run: None, counts };
        let x = |register: u8| self.registers[usize::from(register & 31)];
        let (a, b) = (x(rs1), x(rs2));

        match op {
            Lui => effect.value = imm as u32,
            Auipc => effect.value = self.pc.wrapping_add_signed(imm),
            Jal => {
                effect.value = next_pc;
                effect.next_pc = self.pc.wrapping_add_signed(imm);
                effect.counts |= 1 << EVENT_JUMP;
            }
            Jalr => {
                effect.value = next_pc;
                effect.next_pc = a.wrapping_add_signed(imm) & !1;
                effect.counts |= 1 << EVENT_JUMP;
            }
            Beq | Bne | Blt | Bge | Bltu | Bgeu => {
                effect.counts |= 1 << EVENT_BRANCH;
                if is_taken(op, a, b) {
                    effect.next_pc = self.pc.wrapping_add_signed(imm);
                    effect.counts |= 1 << EVENT_BRANCH_TAKEN;
                }
            }
            Lb | Lh | Lw | Lbu | Lhu => {
                let (addr, bytes) = (a.wrapping_add_signed(imm), op.access_bytes());
                let rdata = self.bus.load(addr, bytes, feed.read).map_err(Trap::load)?;
                effect.value = match op {
                    Lb => rdata as i8 as u32,
                    Lh => rdata as i16 as u32,
                    _ => rdata,
                };
                let rmask = lanes(bytes);
                effect.memory = Some(Access { addr, rmask, rdata, ..Access::default() });
                effect.counts |= 1 << EVENT_LOAD;
            }
            Sb | Sh | Sw => {
                let (addr, bytes) = (a.wrapping_add_signed(imm), op.access_bytes());
                self.bus.store(addr, bytes, b).map_err(Trap::store)?;
                let (wmask, wdata) = (lanes(bytes), b & mask(bytes));
                effect.memory = Some(Access { addr, wmask, wdata, ..Access::default() });
                effect.counts |= 1 << EVENT_STORE;
            }
            Addi | Slti | Sltiu | Xori | Ori | Andi | Slli | Srli | Srai => {
                effect.value = compute(op, a, imm as u32);
            }
            Add | Sub | Sll | Slt | Sltu | Xor | Srl | Sra | Or | And | Mul | Mulh | Mulhsu
            | Mulhu | Div | Divu | Rem | Remu => effect.value = compute(op, a, b),
            // The fields of a fence are ignored; one of them looks like rd.
            Fence => effect.rd = 0,
            FenceI => {
                effect.rd = 0;
                effect.counts |= 1 << EVENT_JUMP;
            }
            Ecall => return Err(Trap::environment_call().into()),
            Ebreak => return Err(Trap::breakpoint(self.pc).into()),
            Mret => {
                effect.next_pc = self.csrs.leave_trap();
                effect.counts |= 1 << EVENT_JUMP;
            }
            Wfi => {
                if self.csrs.enabled() & mip == 0 {
                    self.wait(feed)?;
                }
            }
            Csrrw | Csrrs | Csrrc | Csrrwi | Csrrsi | Csrrci => {
                let operand = if matches!(op, Csrrw | Csrrs | Csrrc) { a } else { rs1.into() };
                let write = |old: u32| match op {
                    Csrrw | Csrrwi => Some(operand),
                    // Without a source they only read, whatever the source register holds.
                    _ if rs1 == 0 => None,
                    Csrrs | Csrrsi => Some(old | operand),
                    _ => Some(old & !operand),
                };
                let fed = feed.read.filter(|_| rd != 0);
                let access = self.csrs.access(imm as u16, mip, fed, write);
                let (value, written) = access.ok_or(Trap::illegal(insn))?;
                effect.value = value;
                effect.counts &= !written;
            }
            unit_ops!() => {
                let fed = feed.read.filter(|_| rd != 0);
                let bus = &self.bus;
                let done = if instruction.is_refused() {
                    Err(Refused::Illegal)
                } else {
                    self.unit.execute(op, a, b, fed, |addr| bus.read_word(addr))
                };
                (effect.value, effect.run) = done.map_err(|refused| match refused {
                    Refused::Illegal => Trap::illegal(insn),
                    Refused::Misaligned => Trap::load_misaligned(b),
                    Refused::Bus => Trap::load(b),
                })?;
            }
        }
        Ok(effect)
    }

    /// A wfi that no interrupt ends yet. Beside a DUT it has ended there.
    #[cold]
    fn wait(&mut self, feed: &Feed) -> Result<(), Stopped> {
        let timer_ends_it = self.csrs.enabled() & 1 << IRQ_TIMER != 0;
        if feed.mip.is_none() && timer_ends_it && self.bus.devices.wait_for_timer() {
            return Ok(());
        }
        Err(Stopped::Asleep)
    }
}

/// The result of an operation on two registers, or on a register and an immediate. Shifts take the
/// five lowest bits of `b`; a division by zero gives all ones and the dividend as remainder, and
/// −2³¹ / −1 gives −2³¹ and 0.
#[inline]
fn compute(op: Op, a: u32, b: u32) -> u32 {
    use Op::*;

    let (signed_a, signed_b) = (a as i32, b as i32);
    match op {
        Add | Addi => a.wrapping_add(b),
        Sub => a.wrapping_sub(b),
        Sll | Slli => a << (b & 31),
        Slt | Slti => (signed_a < signed_b) as u32,
        Sltu | Sltiu => (a < b) as u32,
        Xor | Xori => a ^ b,
        Srl | Srli => a >> (b & 31),
        Sra | Srai => (signed_a >> (b & 31)) as u32,
        Or | Ori => a | b,
        And | Andi => a & b,
        Mul => a.wrapping_mul(b),
        Mulh => ((signed_a as i64 * signed_b as i64) >> 32) as u32,
        Mulhsu => ((signed_a as i64 * b as i64) >> 32) as u32,
        Mulhu => ((a as u64 * b as u64) >> 32) as u32,
        Div if b == 0 => u32::MAX,
        Div => signed_a.wrapping_div(signed_b) as u32,
        Divu => a.checked_div(b).unwrap_or(u32::MAX),
        Rem if b == 0 => a,
        Rem => signed_a.wrapping_rem(signed_b) as u32,
        Remu => a.checked_rem(b).unwrap_or(a),
        _ => unreachable!("{} computes nothing", op.name()),
    }
}

#[inline]
fn is_taken(op: Op, a: u32, b: u32) -> bool {
    match op {
        Op::Beq => a == b,
        Op::Bne => a != b,
        Op::Blt => (a as i32) < b as i32,
        Op::Bge => a as i32 >= b as i32,
        Op::Bltu => a < b,
        _ => a >= b,
    }
}

/// The byte mask of an access.
const fn lanes(bytes: u32) -> u8 {
    (1 << bytes) - 1
}
