// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program on the system, with or without the reference beside it.

use model::elf::Executable;
use model::hart::Retire;

use super::case::{Flip, ProgramCase};
use super::lockstep::{Difference, Lockstep, Mismatch};
use super::system::{Ended, SystemDriver, SystemError, SystemOptions};
use crate::hw::Build;

/// No instruction takes this long, whatever the memory does; a wfi does.
const HANG_CYCLES: u64 = 10_000;

/// Without the reference a wfi cannot be told from a core that hangs.
const ASLEEP_CYCLES: u64 = 10_000_000;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It wrote this to `tohost`: 1 passed, 2n + 1 test n failed.
    Tohost(u32),
    Limit,
    /// No instruction retires any more; with the reference that is a mismatch.
    Hang {
        cycles: u64,
    },
    /// The system and the reference differ.
    Mismatch(Box<Mismatch>),
}

/// A program on a system that is run beside the reference, or alone.
pub struct Cosimulation {
    system: SystemDriver,
    reference: Option<Lockstep>,
    tohost: Option<u32>,
    flip: Option<Flip>,
    /// The cycle behind which the last instruction retired.
    retired_at: u64,
    /// Without the reference: the number of that instruction.
    order: u64,
    output: Vec<u8>,
}

impl Cosimulation {
    /// Loads a program into the system of a case, and into the reference if `lockstep`.
    pub fn open(
        program: &Executable,
        case: &ProgramCase,
        build: Build,
        lockstep: bool,
    ) -> Result<Self, SystemError> {
        let &ProgramCase { x_seed, wait_states, stall_seed, .. } = case;
        let options = SystemOptions { build, x_seed, wait_states, stall_seed };
        let mut system = SystemDriver::open(&case.soc, &options)?;
        system.load(program)?;
        for &cycle in &case.interrupts {
            system.interrupt_at(cycle);
        }
        let mut reference = lockstep.then(|| Lockstep::new(&case.soc));
        if let Some(reference) = &mut reference {
            reference.load(program)?;
        }
        let (tohost, flip, output) = (program.tohost, case.flip, Vec::new());
        Ok(Self { system, reference, tohost, flip, retired_at: 0, order: 0, output })
    }

    pub fn system(&mut self) -> &mut SystemDriver {
        &mut self.system
    }

    /// The reference, if there is one.
    pub fn reference(&self) -> Option<&Lockstep> {
        self.reference.as_ref()
    }

    /// What the program has sent through the UART since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut output = std::mem::take(&mut self.output);
        output.extend(self.system.take_output());
        output
    }

    /// Runs to the end of the program, but not past the clock cycle `until`. A failed assertion of
    /// the RTL is a mismatch.
    pub fn run(&mut self, until: u64) -> Result<End, SystemError> {
        self.run_with(until, |_| {})
    }

    /// Runs likewise, and hands out what the reference did for each instruction that agrees; there
    /// is nothing to hand out without the reference.
    pub fn run_with(
        &mut self,
        until: u64,
        mut each: impl FnMut(&Retire),
    ) -> Result<End, SystemError> {
        if let Some(flip) = self.flip.filter(|flip| flip.cycle <= until) {
            let end = self.run_on(flip.cycle, &mut each)?;
            if end != End::Limit {
                return Ok(end);
            }
            self.flip = None;
            self.plant(flip)?;
        }
        self.run_on(until, &mut each)
    }

    fn plant(&mut self, flip: Flip) -> Result<(), SystemError> {
        let outside = SystemError::OutsideRam { addr: flip.addr, bytes: 4 };
        let word = self.system.read_word(flip.addr).ok_or(outside)?;
        self.system.write(flip.addr, &(word ^ flip.bits).to_le_bytes())
    }

    fn run_on(&mut self, until: u64, each: &mut dyn FnMut(&Retire)) -> Result<End, SystemError> {
        let end = match self.reference {
            Some(_) => self.compared(until, each),
            None => self.alone(until),
        };
        match end {
            Err(SystemError::Model(error @ verilated::Error::Rtl { .. })) => {
                let cycle = self.system.cycles();
                let differences = vec![Difference::Assertion(error.to_string())];
                Ok(End::Mismatch(match &self.reference {
                    Some(reference) => reference.mismatch(cycle, differences, None),
                    None => Box::new(Mismatch::without_reference(cycle, differences)),
                }))
            }
            end => Ok(end?),
        }
    }

    fn alone(&mut self, until: u64) -> Result<End, SystemError> {
        loop {
            let now = self.system.cycles();
            if now >= until {
                return Ok(End::Limit);
            }
            let batch = (until - now).min(ASLEEP_CYCLES);
            if let Ended::Tohost(word) = self.system.run(batch)? {
                return Ok(End::Tohost(word));
            }
            let order = self.system.order();
            if order != self.order {
                (self.order, self.retired_at) = (order, self.system.cycles());
            }
            let cycles = self.system.cycles() - self.retired_at;
            if cycles >= ASLEEP_CYCLES {
                return Ok(End::Hang { cycles });
            }
        }
    }

    fn compared(&mut self, until: u64, each: &mut dyn FnMut(&Retire)) -> Result<End, SystemError> {
        let Some(reference) = &mut self.reference else { return Ok(End::Limit) };
        let mut now = self.system.cycles();
        loop {
            if now >= until {
                return Ok(End::Limit);
            }
            let patience = self.retired_at + HANG_CYCLES;
            let batch = if patience > now { until.min(patience) } else { until } - now;
            let stepped = self.system.step(batch)?;
            let sent = self.system.take_output();
            if !sent.is_empty() {
                reference.sent(&sent);
                self.output.extend(sent);
            }
            let Some(retired) = stepped else {
                now = self.system.cycles();
                let cycles = now - self.retired_at;
                if cycles >= HANG_CYCLES && !reference.waits() {
                    let pc = reference.hart().pc();
                    let hang = vec![Difference::Hang { cycles, pc }];
                    return Ok(End::Mismatch(reference.mismatch(now, hang, None)));
                }
                continue;
            };
            now = retired.cycle;
            self.retired_at = now;
            match reference.step(&retired, || self.system.last_run()) {
                Ok(agreed) => each(&agreed),
                Err(mismatch) => return Ok(End::Mismatch(mismatch)),
            }
            if retired.mem_wmask != 0
                && self.tohost == Some(retired.mem_addr & !3)
                && let Some(word) = self.system.tohost()
            {
                return Ok(End::Tohost(word));
            }
        }
    }
}
