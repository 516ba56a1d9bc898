//! What each instruction does.

use super::Hart;
use super::bus::mask;
use super::conv::{Command, Refused, Run};
use super::csr::{self, Counts};
use super::decode::{Condition, CsrAccess, CsrSource, Instruction, Width, is_compressed};
use super::feed::Feed;
use super::retire::Access;
use super::trap::{self, Trap};

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
        let compressed = is_compressed(insn);
        let next_pc = self.pc.wrapping_add(if compressed { 2 } else { 4 });
        let always = csr::COUNT_CYCLE | csr::COUNT_INSTRUCTION;
        let counts = always | if compressed { csr::COUNT_COMPRESSED } else { 0 };
        let mut effect = Effect { next_pc, rd: 0, value: 0, memory: None, run: None, counts };
        let x = |register: u8| self.registers[usize::from(register)];

        match instruction {
            Instruction::Lui { rd, imm } => (effect.rd, effect.value) = (rd, imm),
            Instruction::Auipc { rd, imm } => {
                (effect.rd, effect.value) = (rd, self.pc.wrapping_add(imm));
            }
            Instruction::Jal { rd, offset } => {
                (effect.rd, effect.value) = (rd, next_pc);
                effect.next_pc = self.pc.wrapping_add_signed(offset);
                effect.counts |= csr::COUNT_JUMP;
            }
            Instruction::Jalr { rd, rs1, offset } => {
                (effect.rd, effect.value) = (rd, next_pc);
                effect.next_pc = x(rs1).wrapping_add_signed(offset) & !1;
                effect.counts |= csr::COUNT_JUMP;
            }
            Instruction::Branch { condition, rs1, rs2, offset } => {
                effect.counts |= csr::COUNT_BRANCH;
                if holds(condition, x(rs1), x(rs2)) {
                    effect.next_pc = self.pc.wrapping_add_signed(offset);
                    effect.counts |= csr::COUNT_TAKEN;
                }
            }
            Instruction::Load { width, signed, rd, rs1, offset } => {
                let addr = x(rs1).wrapping_add_signed(offset);
                let rdata = self.bus.load(addr, width, feed.read).map_err(Trap::load)?;
                (effect.rd, effect.value) = (rd, if signed { extend(rdata, width) } else { rdata });
                let rmask = lanes(width);
                effect.memory = Some(Access { addr, rmask, rdata, ..Access::default() });
                effect.counts |= csr::COUNT_LOAD;
            }
            Instruction::Store { width, rs2, rs1, offset } => {
                let addr = x(rs1).wrapping_add_signed(offset);
                let value = x(rs2);
                self.bus.store(addr, width, value).map_err(Trap::store)?;
                let (wmask, wdata) = (lanes(width), value & mask(width));
                effect.memory = Some(Access { addr, wmask, wdata, ..Access::default() });
                effect.counts |= csr::COUNT_STORE;
            }
            Instruction::Immediate { operation, rd, rs1, imm } => {
                (effect.rd, effect.value) = (rd, operation.compute(x(rs1), imm as u32));
            }
            Instruction::Register { operation, rd, rs1, rs2 } => {
                (effect.rd, effect.value) = (rd, operation.compute(x(rs1), x(rs2)));
            }
            Instruction::Fence => {}
            Instruction::FenceI => effect.counts |= csr::COUNT_JUMP,
            Instruction::Ecall => return Err(Trap::environment_call().into()),
            Instruction::Ebreak => return Err(Trap::breakpoint(self.pc).into()),
            Instruction::Mret => {
                effect.next_pc = self.csrs.leave_trap();
                effect.counts |= csr::COUNT_JUMP;
            }
            Instruction::Wfi => {
                if self.csrs.enabled() & mip == 0 {
                    self.wait(feed)?;
                }
            }
            Instruction::Csr { access, rd, csr, source } => {
                let fed = feed.read.filter(|_| rd != 0);
                let (value, written) =
                    self.access_csr(access, csr, source, mip, fed).ok_or(Trap::illegal(insn))?;
                (effect.rd, effect.value) = (rd, value);
                effect.counts &= !written;
            }
            Instruction::Conv { funct3, funct7, rd, rs1, rs2 } => {
                let command = Command {
                    funct3,
                    funct7,
                    rs1_is_x0: rs1 == 0,
                    rs2_is_x0: rs2 == 0,
                    rs1: x(rs1),
                    rs2: x(rs2),
                    fed: feed.read.filter(|_| rd != 0),
                };
                let bus = &self.bus;
                let done = self.unit.execute(&command, |addr| bus.read_word(addr));
                let (value, run) = done.map_err(|refused| match refused {
                    Refused::Illegal => Trap::illegal(insn),
                    Refused::Misaligned => Trap::load_misaligned(command.rs2),
                    Refused::Bus => Trap::load(command.rs2),
                })?;
                (effect.rd, effect.value, effect.run) = (rd, value, run);
            }
        }
        Ok(effect)
    }

    /// A wfi that no interrupt ends yet. Beside a DUT it has ended there.
    #[cold]
    fn wait(&mut self, feed: &Feed) -> Result<(), Stopped> {
        let timer_ends_it = self.csrs.enabled() & 1 << trap::TIMER != 0;
        if feed.mip.is_none() && timer_ends_it && self.bus.devices.wait_for_timer() {
            return Ok(());
        }
        Err(Stopped::Asleep)
    }

    /// A CSR instruction: the value before, and the counter that it wrote. `None` if it is illegal.
    fn access_csr(
        &mut self,
        access: CsrAccess,
        csr: u16,
        source: CsrSource,
        mip: u32,
        fed: Option<u32>,
    ) -> Option<(u32, Counts)> {
        let known = self.csrs.read(csr, mip)?;
        let value = fed.filter(|_| csr::depends_on_time(csr)).unwrap_or(known);
        let (operand, is_zero) = match source {
            CsrSource::Register(rs1) => (self.registers[usize::from(rs1)], rs1 == 0),
            CsrSource::Immediate(imm) => (imm.into(), imm == 0),
        };
        let new = match access {
            CsrAccess::Write => operand,
            // Without a source they only read, whatever the source register holds.
            _ if is_zero => return Some((value, 0)),
            CsrAccess::Set => value | operand,
            CsrAccess::Clear => value & !operand,
        };
        if csr::is_read_only(csr) {
            return None;
        }
        Some((value, self.csrs.write(csr, new)))
    }
}

const fn holds(condition: Condition, a: u32, b: u32) -> bool {
    match condition {
        Condition::Equal => a == b,
        Condition::NotEqual => a != b,
        Condition::Less => (a as i32) < b as i32,
        Condition::GreaterEqual => a as i32 >= b as i32,
        Condition::LessUnsigned => a < b,
        Condition::GreaterEqualUnsigned => a >= b,
    }
}

/// Sign extension.
const fn extend(value: u32, width: Width) -> u32 {
    let unused = 32 - 8 * width as u32;
    ((value << unused) as i32 >> unused) as u32
}

/// The byte mask of an access.
const fn lanes(width: Width) -> u8 {
    (1 << width as u32) - 1
}
