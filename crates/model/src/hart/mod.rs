// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reference model of the core: an instruction-set simulator.
//!
//! A [`Hart`] executes RV32IMC, or RV32IMFC, with Zicsr, Zifencei, machine mode and the custom
//! instructions of `docs/isa.md` on the golden model's arithmetic. It runs alone, with devices of its own, or beside
//! the RTL, instruction by instruction: there it takes what depends on time from the device under
//! test ([`Feed`]) and tells what the instruction must have done ([`Retire`]).

mod bus;
mod conv;
mod csr;
mod lockstep;

pub use conv::{Run, UnitShape};
pub use lockstep::{Access, Feed, FeedError, Retire, Trap};

use crate::facts::riscv::{
    CAUSE_BREAKPOINT, CAUSE_ECALL_M, CAUSE_ILLEGAL, CAUSE_INSTR_ACCESS, CAUSE_INTERRUPT,
    CAUSE_LOAD_ACCESS, CAUSE_LOAD_MISALIGNED, CAUSE_STORE_ACCESS, COUNTER_CYCLE, COUNTER_INSTRET,
    EVENT_BRANCH, EVENT_BRANCH_TAKEN, EVENT_COMPRESSED, EVENT_JUMP, EVENT_LOAD, EVENT_STORE,
    IRQ_TIMER,
};
use crate::facts::soc::{RAM_BASE, RAM_BYTES};
use crate::float::{self, DYNAMIC, LAST_ROUNDING_MODE};
use crate::isa::{Instruction, Op, decode, float_ops, is_compressed, unit_ops};
use bus::{Bus, Devices, Ram, mask};
use conv::{Refused, Unit};
use csr::{Counts, Csrs};
use lockstep::first_interrupt;

/// Memory and parameters of a [`Hart`]. The default is the system that ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HartConfig {
    /// First address of RAM, a multiple of 4.
    pub ram_base: u32,
    /// Bytes of RAM, a multiple of 4.
    pub ram_bytes: u32,
    /// The pc after reset.
    pub boot: u32,
    /// Whether it has the extension F.
    pub float: bool,
    pub unit: UnitShape,
}

impl Default for HartConfig {
    fn default() -> Self {
        let unit = UnitShape::default();
        Self { ram_base: RAM_BASE, ram_bytes: RAM_BYTES, boot: RAM_BASE, float: false, unit }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HartError {
    #[error("{bytes} bytes at {addr:#010x} do not lie in RAM")]
    OutsideRam { addr: u32, bytes: usize },
}

/// Why [`Hart::run`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// The program stored this word, which is not 0, to `tohost`.
    ToHost(u32),
    Limit,
    /// It waits for an interrupt that cannot come.
    Asleep(FeedError),
}

#[derive(Debug, Clone)]
pub struct Hart {
    registers: [u32; 32],
    float_registers: [u32; 32],
    pc: u32,
    float: bool,
    csrs: Csrs,
    bus: Bus,
    unit: Unit,
    instructions: u64,
}

impl Hart {
    /// A hart after reset. RAM is 0. Values that `config` does not allow panic.
    pub fn new(config: &HartConfig) -> Self {
        let &HartConfig { ram_base, ram_bytes, boot, float, unit } = config;
        assert!(ram_base % 4 == 0 && ram_bytes % 4 == 0, "RAM of whole words");
        assert!((1..=crate::conv::MAX_SIDE).contains(&unit.kernel), "KERNEL is 1 to 7");
        assert!(unit.log_frac <= crate::conv::MAX_LOG_FRAC, "LOG_FRAC is 0 to 8");
        assert!((1..=256).contains(&unit.kernels), "KERNELS is 1 to 256");
        let widths = crate::conv::OPERAND_WIDTHS;
        assert!(widths.contains(&unit.operand_w), "OPERAND_W is 8, 16 or 32");
        let bus = Bus { ram: Ram::new(ram_base, ram_bytes), devices: Devices::new() };
        let (csrs, unit) = (Csrs::new(float), Unit::new(unit));
        let (registers, float_registers) = ([0; 32], [0; 32]);
        Self { registers, float_registers, pc: boot, float, csrs, bus, unit, instructions: 0 }
    }

    pub fn load(&mut self, addr: u32, bytes: &[u8]) -> Result<(), HartError> {
        let written = self.bus.ram.write(addr, bytes);
        written.then_some(()).ok_or(HartError::OutsideRam { addr, bytes: bytes.len() })
    }

    /// The word at an address, aligned or not; `None` if it is not in RAM.
    pub fn read_word(&self, addr: u32) -> Option<u32> {
        self.bus.ram.read_word(addr)
    }

    /// Executes one instruction, after the interrupt that comes before it. Alone, a hart that waits
    /// in a wfi lets the time pass until its timer goes off; an interrupt that ends a wfi comes
    /// after it.
    pub fn step(&mut self, feed: &Feed) -> Result<Retire, FeedError> {
        let mip = feed.mip.unwrap_or_else(|| self.bus.devices.lines());
        let interrupt = self.interrupt(feed, mip)?;
        if let Some(cause) = interrupt {
            self.pc = self.csrs.enter_trap(cause, 0, self.pc);
        }

        let pc = self.pc;
        let inhibited = self.csrs.inhibited();
        let (insn, executed) = match self.fetch() {
            Ok(insn) => match decode(insn, self.float) {
                Some(instruction) => (insn, self.execute(instruction, insn, mip, feed)),
                None => (insn, Err(illegal(insn).into())),
            },
            Err(trap) => (0, Err(trap.into())),
        };
        let mut retire = Retire { pc, insn, interrupt, ..Retire::default() };
        let counts = match executed {
            Ok(Effect { next_pc, rd, value, float, flags, memory, run, counts }) => {
                if float {
                    self.float_registers[usize::from(rd)] = value;
                    retire.float_rd = Some((rd, value));
                } else if rd != 0 {
                    self.registers[usize::from(rd)] = value;
                    retire.rd = Some((rd, value));
                }
                if float || flags != 0 {
                    self.csrs.raise(flags);
                }
                retire.flags = flags;
                retire.next_pc = next_pc;
                retire.memory = memory;
                retire.run = run;
                counts
            }
            Err(Stopped::Trap(trap)) => {
                retire.next_pc = self.csrs.enter_trap(trap.cause, trap.value, pc);
                retire.trap = Some(trap);
                1 << COUNTER_CYCLE
            }
            Err(Stopped::Asleep) => {
                let mie = self.csrs.enabled();
                return Err(match feed.mip {
                    Some(mip) => FeedError::Awake { pc, mie, mip },
                    None => FeedError::Asleep { pc, mie },
                });
            }
        };
        self.csrs.count(counts & !inhibited);
        self.bus.devices.tick();
        self.instructions += 1;
        self.pc = retire.next_pc;
        Ok(retire)
    }

    /// mcause of the interrupt that is taken before the next instruction.
    #[inline]
    fn interrupt(&self, feed: &Feed, mip: u32) -> Result<Option<u32>, FeedError> {
        let pc = self.pc;
        let due = self.csrs.due(mip);
        let mcause = due.map(|cause| CAUSE_INTERRUPT | cause);
        match (feed.mip, feed.interrupt, due) {
            (None, true, _) => Err(FeedError::NoMip { pc }),
            (None, false, _) | (Some(_), true, Some(_)) | (Some(_), false, None) => Ok(mcause),
            // A wfi may have begun before the interrupt came that ended it.
            (Some(_), false, Some(_)) if self.at_wfi() => Ok(None),
            (Some(_), false, Some(cause)) => Err(FeedError::Ignored { pc, cause }),
            (Some(_), true, None) if !self.csrs.interruptible() => Err(FeedError::Disabled { pc }),
            (Some(_), true, None) => Err(match first_interrupt(mip) {
                Some(cause) => FeedError::NotEnabled { pc, cause },
                None => FeedError::NotPending { pc },
            }),
        }
    }

    #[cold]
    fn at_wfi(&self) -> bool {
        self.fetch().ok().and_then(|it| decode(it, false)).is_some_and(|it| it.op == Op::Wfi)
    }

    #[inline]
    fn fetch(&self) -> Result<u32, Trap> {
        if let Some(word) = self.bus.ram.read_word(self.pc) {
            return Ok(if is_compressed(word) { word & 0xffff } else { word });
        }
        let fault = |value| Err(Trap { cause: CAUSE_INSTR_ACCESS, value });
        // The last halfword of RAM, or none.
        match self.bus.ram.read(self.pc).map(u16::from_le_bytes) {
            Some(half) if is_compressed(half.into()) => Ok(half.into()),
            Some(_) => fault(self.pc.wrapping_add(2)),
            None => fault(self.pc),
        }
    }

    /// The address of the next instruction, interrupts apart.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    pub fn register(&self, n: usize) -> u32 {
        self.registers[n]
    }

    /// All registers; x0 is 0.
    pub fn registers(&self) -> &[u32; 32] {
        &self.registers
    }

    /// All float registers; 0 of a hart without them.
    pub fn float_registers(&self) -> &[u32; 32] {
        &self.float_registers
    }

    /// What a CSR reads as, by the hart's own devices and counters; `None` if there is none of this
    /// number.
    pub fn csr(&self, n: u16) -> Option<u32> {
        self.csrs.read(n, self.bus.devices.lines())
    }

    /// Instructions so far, those that trapped included.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Runs until the word at `tohost` is written and not 0, but at most `max_instructions`.
    pub fn run(&mut self, max_instructions: u64, tohost: Option<u32>) -> RunEnd {
        for _ in 0..max_instructions {
            let retire = match self.step(&Feed::default()) {
                Ok(retire) => retire,
                Err(error) => return RunEnd::Asleep(error),
            };
            let (Some(access), Some(tohost)) = (retire.memory, tohost) else { continue };
            if access.wmask == 0 || !overlap(access.addr, access.wmask.count_ones(), tohost) {
                continue;
            }
            if let Some(word @ 1..) = self.read_word(tohost) {
                return RunEnd::ToHost(word);
            }
        }
        RunEnd::Limit
    }

    /// The bytes that the UART has sent since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        self.bus.devices.take_output()
    }
}

/// Whether a store of so many bytes reaches the word at `tohost`.
fn overlap(addr: u32, bytes: u32, tohost: u32) -> bool {
    let (addr, tohost) = (u64::from(addr), u64::from(tohost));
    addr < tohost + 4 && tohost < addr + u64::from(bytes)
}

/// What an instruction that did not trap leaves.
struct Effect {
    next_pc: u32,
    rd: u8,
    value: u32,
    /// Whether rd is a float register.
    float: bool,
    /// The float flags that it raises.
    flags: u32,
    memory: Option<Access>,
    run: Option<Box<Run>>,
    /// Counters that it counts on.
    counts: Counts,
}

enum Stopped {
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
    fn execute(
        &mut self,
        instruction: Instruction,
        insn: u32,
        mip: u32,
        feed: &Feed,
    ) -> Result<Effect, Stopped> {
        use Op::*;

        let Instruction { op, rd, rs1, rs2, rs3, imm } = instruction;
        let compressed = is_compressed(insn);
        let next_pc = self.pc.wrapping_add(if compressed { 2 } else { 4 });
        let always = 1 << COUNTER_CYCLE | 1 << COUNTER_INSTRET;
        let counts = always | u32::from(compressed) << EVENT_COMPRESSED;
        let (memory, run) = (None, None);
        let (value, float, flags) = (0, false, 0);
        let mut effect = Effect { next_pc, rd, value, float, flags, memory, run, counts };
        let x = |register: u8| self.registers[usize::from(register & 31)];
        let (a, b) = (x(rs1), x(rs2));
        let f = |register: u8| self.float_registers[usize::from(register & 31)];

        match op {
            Flw | Fsw | float_ops!() if self.csrs.floats_are_off() => {
                return Err(illegal(insn).into());
            }
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
            Lb | Lh | Lw | Lbu | Lhu | Flw => {
                let (addr, bytes) = (a.wrapping_add_signed(imm), op.access_bytes());
                let rdata = self
                    .bus
                    .load(addr, bytes, feed.read)
                    .map_err(|value| Trap { cause: CAUSE_LOAD_ACCESS, value })?;
                effect.value = match op {
                    Lb => rdata as i8 as u32,
                    Lh => rdata as i16 as u32,
                    _ => rdata,
                };
                effect.float = op == Flw;
                let rmask = lanes(bytes);
                effect.memory = Some(Access { addr, rmask, rdata, ..Access::default() });
                effect.counts |= 1 << EVENT_LOAD;
            }
            Sb | Sh | Sw | Fsw => {
                let b = if op == Fsw { f(rs2) } else { b };
                let (addr, bytes) = (a.wrapping_add_signed(imm), op.access_bytes());
                self.bus
                    .store(addr, bytes, b)
                    .map_err(|value| Trap { cause: CAUSE_STORE_ACCESS, value })?;
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
            Ecall => return Err(Trap { cause: CAUSE_ECALL_M, value: 0 }.into()),
            Ebreak => return Err(Trap { cause: CAUSE_BREAKPOINT, value: self.pc }.into()),
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
                let (value, written) = access.ok_or(illegal(insn))?;
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
                    Refused::Illegal => illegal(insn),
                    Refused::Misaligned => Trap { cause: CAUSE_LOAD_MISALIGNED, value: b },
                    Refused::Bus => Trap { cause: CAUSE_LOAD_ACCESS, value: b },
                })?;
            }
            float_ops!() => {
                let rounding = match imm as u8 {
                    DYNAMIC => self.csrs.rounding_mode(),
                    mode => mode,
                };
                if rounding > LAST_ROUNDING_MODE {
                    return Err(illegal(insn).into());
                }
                let [to_float, from_float, ..] = op.floats();
                let operands = [if from_float { f(rs1) } else { a }, f(rs2), f(rs3)];
                (effect.value, effect.flags) = float::compute(op, rounding, operands);
                effect.float = to_float;
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

const fn lanes(bytes: u32) -> u8 {
    (1 << bytes) - 1
}

const fn illegal(insn: u32) -> Trap {
    Trap { cause: CAUSE_ILLEGAL, value: insn }
}

#[cfg(test)]
mod tests;
