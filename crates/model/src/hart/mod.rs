// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reference model of the core: an instruction-set simulator.
//!
//! A [`Hart`] executes RV32IMC with Zicsr, Zifencei, machine mode and the custom instructions of
//! `docs/isa.md` on the golden model's arithmetic. It runs alone, with devices of its own, or beside
//! the RTL, instruction by instruction: there it takes what depends on time from the device under
//! test ([`Feed`]) and tells what the instruction must have done ([`Retire`]).

mod bus;
mod conv;
mod csr;
mod execute;
mod feed;
mod retire;

pub use conv::{Run, UnitShape};
pub use feed::{Feed, FeedError};
pub use retire::{Access, Retire, Trap};

use crate::facts::riscv::{CAUSE_INTERRUPT, COUNTER_CYCLE};
use crate::facts::soc::{RAM_BASE, RAM_BYTES};
use crate::isa::{self, Op};
use bus::{Bus, Devices, Ram};
use conv::Unit;
use csr::Csrs;
use execute::{Effect, Stopped};
use retire::first_interrupt;

/// Memory and parameters of a [`Hart`]. The default is the system that ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HartConfig {
    /// First address of RAM, a multiple of 4.
    pub ram_base: u32,
    /// Bytes of RAM, a multiple of 4.
    pub ram_bytes: u32,
    /// The pc after reset.
    pub boot: u32,
    /// The unit.
    pub unit: UnitShape,
}

impl Default for HartConfig {
    fn default() -> Self {
        let unit = UnitShape::default();
        Self { ram_base: RAM_BASE, ram_bytes: RAM_BYTES, boot: RAM_BASE, unit }
    }
}

/// What a program that is loaded does not fit into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HartError {
    /// Bytes outside RAM.
    #[error("{bytes} bytes at {addr:#010x} do not lie in RAM")]
    OutsideRam {
        /// Address of the first.
        addr: u32,
        /// How many.
        bytes: usize,
    },
}

/// Why [`Hart::run`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// The program stored this word, which is not 0, to `tohost`.
    ToHost(u32),
    /// The program was still running.
    Limit,
    /// It waits for an interrupt that cannot come.
    Asleep(FeedError),
}

/// The architectural state of the core, its memory and its devices.
#[derive(Debug, Clone)]
pub struct Hart {
    registers: [u32; 32],
    pc: u32,
    csrs: Csrs,
    bus: Bus,
    unit: Unit,
    instructions: u64,
}

impl Hart {
    /// A hart after reset. RAM is 0.
    ///
    /// # Panics
    /// If `config` has values that it does not allow.
    pub fn new(config: &HartConfig) -> Self {
        let &HartConfig { ram_base, ram_bytes, boot, unit } = config;
        assert!(ram_base % 4 == 0 && ram_bytes % 4 == 0, "RAM of whole words");
        assert!((1..=crate::conv::MAX_SIDE).contains(&unit.kernel), "KERNEL is 1 to 7");
        assert!(unit.log_frac <= crate::conv::MAX_LOG_FRAC, "LOG_FRAC is 0 to 8");
        assert!((1..=256).contains(&unit.kernels), "KERNELS is 1 to 256");
        let bus = Bus { ram: Ram::new(ram_base, ram_bytes), devices: Devices::new() };
        let (csrs, unit) = (Csrs::default(), Unit::new(unit));
        Self { registers: [0; 32], pc: boot, csrs, bus, unit, instructions: 0 }
    }

    /// Puts bytes into RAM.
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
            Ok(insn) => match isa::decode(insn) {
                Some(instruction) => (insn, self.execute(instruction, insn, mip, feed)),
                None => (insn, Err(Trap::illegal(insn).into())),
            },
            Err(trap) => (0, Err(trap.into())),
        };
        let mut retire = Retire {
            pc,
            insn,
            next_pc: 0,
            trap: None,
            interrupt,
            rd: None,
            memory: None,
            run: None,
        };
        let counts = match executed {
            Ok(Effect { next_pc, rd, value, memory, run, counts }) => {
                if rd != 0 {
                    self.registers[usize::from(rd)] = value;
                    retire.rd = Some((rd, value));
                }
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
        self.fetch().ok().and_then(isa::decode).is_some_and(|it| it.op == Op::Wfi)
    }

    /// The bits of the instruction at the pc.
    #[inline]
    fn fetch(&self) -> Result<u32, Trap> {
        if let Some(word) = self.bus.ram.read_word(self.pc) {
            return Ok(if isa::is_compressed(word) { word & 0xffff } else { word });
        }
        // The last halfword of RAM, or none.
        match self.bus.ram.read(self.pc).map(u16::from_le_bytes) {
            Some(half) if isa::is_compressed(half.into()) => Ok(half.into()),
            Some(_) => Err(Trap::fetch(self.pc.wrapping_add(2))),
            None => Err(Trap::fetch(self.pc)),
        }
    }

    /// The address of the next instruction, interrupts apart.
    pub fn pc(&self) -> u32 {
        self.pc
    }

    /// A register, 0 to 31.
    pub fn register(&self, n: usize) -> u32 {
        self.registers[n]
    }

    /// All registers; x0 is 0.
    pub fn registers(&self) -> &[u32; 32] {
        &self.registers
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

#[cfg(test)]
mod tests;
