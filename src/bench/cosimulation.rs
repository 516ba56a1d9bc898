// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program on the system, with or without the reference beside it, and the host that it talks to.

use model::elf::Executable;
use model::hart::{Hart, Retire};

use super::case::{Flip, ProgramCase};
use super::lockstep::{Difference, HISTORY, LastTrap, Lockstep, Mismatch};
use super::symbols::Symbols;
use super::system::{Ended, Retirement, SystemDriver, SystemError, SystemOptions};
use crate::hw::Build;

/// No instruction takes this long, whatever the memory does; a wfi does.
const HANG_CYCLES: u64 = 10_000;

/// Without the reference a wfi cannot be told from a core that hangs, and nobody tells whether an
/// interrupt may end a loop.
const ASLEEP_CYCLES: u64 = 10_000_000;

/// Times that an instruction leads to itself before it is taken for a loop that nothing ends, and
/// that one trap follows itself.
const LOOP: u32 = 100;
const TRAP_LOOP: u32 = 1000;

/// Instructions between the two halves of a store to `tohost`.
const HALVES: u64 = 16;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It wrote this to `tohost`: 1 passed, 2n + 1 test n failed.
    Tohost(u32),
    /// The cycles are used up.
    Limit,
    /// It does nothing but to jump to itself, or to trap, at this address.
    Loop { pc: u32, traps: bool },
    /// No instruction retires any more; with the reference that is a mismatch.
    Hang { cycles: u64 },
    /// The system and the reference differ.
    Mismatch(Box<Mismatch>),
}

/// A program on a system that is run beside the reference, or alone.
pub struct Cosimulation {
    system: SystemDriver,
    reference: Option<Lockstep>,
    tohost: Option<u32>,
    host: Option<Host>,
    loops: Loops,
    /// Whether somebody looks at each instruction.
    observed: bool,
    flip: Option<Flip>,
    /// The cycle behind which the last instruction retired.
    retired_at: u64,
    /// Without the reference: the number of that instruction.
    order: u64,
    /// Without the reference: since when nothing but jumps was seen.
    spin: Option<Spin>,
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
        let (host, loops, observed) = (None, Loops::default(), false);
        let (retired_at, order, spin) = (0, 0, None);
        Ok(Self {
            system,
            reference,
            tohost,
            host,
            loops,
            observed,
            flip,
            retired_at,
            order,
            spin,
            output,
        })
    }

    /// If the program has a symbol `fromhost` too, a store to `tohost` is a call of the host, which
    /// answers in the two words there, as HTIF has it; one of the calls ends the program.
    #[must_use]
    pub fn serving(mut self, symbols: &Symbols) -> Self {
        let both = self.tohost.zip(symbols.address("fromhost"));
        self.host = both.map(|(tohost, fromhost)| Host { tohost, fromhost });
        self
    }

    pub fn system(&mut self) -> &mut SystemDriver {
        &mut self.system
    }

    /// The reference, if there is one.
    pub fn reference(&self) -> Option<&Lockstep> {
        self.reference.as_ref()
    }

    /// Puts bytes into the memory of both. What the core has begun to use already is refused: the two
    /// would differ.
    pub fn poke(&mut self, addr: u32, bytes: &[u8]) -> Result<(), SystemError> {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        if self.reference.as_ref().is_some_and(|it| it.under_way(addr, length)) {
            return Err(SystemError::UnderWay { addr, bytes: bytes.len() });
        }
        self.system.write(addr, bytes)?;
        if let Some(reference) = &mut self.reference {
            reference.write(addr, bytes)?;
        }
        Ok(())
    }

    /// What the program has sent since the last call, through the UART or to the host's console.
    pub fn take_output(&mut self) -> Vec<u8> {
        let mut output = std::mem::take(&mut self.output);
        output.extend(self.system.take_output());
        output
    }

    /// The last instructions, the last one last, and the last exception. Without the reference the
    /// program goes on for a few.
    pub fn recent(&mut self) -> Result<(Vec<Retirement>, Option<LastTrap>), SystemError> {
        if let Some(reference) = &self.reference {
            return Ok((reference.recent(), reference.last_trap()));
        }
        let mut recent = Vec::new();
        while recent.len() < HISTORY
            && let Some(retired) = self.system.step(HANG_CYCLES)?
        {
            recent.push(retired);
        }
        Ok((recent, None))
    }

    /// Runs to the end of the program, but not past the clock cycle `until`. A failed assertion of
    /// the RTL is a mismatch.
    pub fn run(&mut self, until: u64) -> Result<End, SystemError> {
        self.run_on_with(until, &mut |_, _| {}, false)
    }

    /// Runs likewise, and hands out each instruction that agrees; with the reference also what that
    /// did, and the reference behind it.
    pub fn run_with(
        &mut self,
        until: u64,
        mut each: impl FnMut(&Retirement, Option<(&Retire, &Hart)>),
    ) -> Result<End, SystemError> {
        self.run_on_with(until, &mut each, true)
    }

    fn run_on_with(
        &mut self,
        until: u64,
        each: Observer<'_>,
        observed: bool,
    ) -> Result<End, SystemError> {
        self.observed = observed;
        if let Some(flip) = self.flip.filter(|flip| flip.cycle <= until) {
            let end = self.run_on(flip.cycle, each)?;
            if end != End::Limit {
                return Ok(end);
            }
            self.flip = None;
            self.plant(flip)?;
        }
        self.run_on(until, each)
    }

    fn plant(&mut self, flip: Flip) -> Result<(), SystemError> {
        let outside = SystemError::OutsideRam { addr: flip.addr, bytes: 4 };
        let word = self.system.read_word(flip.addr).ok_or(outside)?;
        self.system.write(flip.addr, &(word ^ flip.bits).to_le_bytes())
    }

    fn run_on(&mut self, until: u64, each: Observer<'_>) -> Result<End, SystemError> {
        let end = match self.reference {
            Some(_) => self.compared(until, each),
            None => self.alone(until, each),
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

    /// Runs instruction by instruction.
    fn steps(&mut self, cycles: u64, each: Observer<'_>) -> Result<Ended, SystemError> {
        let end = self.system.cycles() + cycles;
        while self.system.cycles() < end
            && let Some(retired) = self.system.step(end - self.system.cycles())?
        {
            each(&retired, None);
            if let Some(word) = self.stored(&retired) {
                return Ok(Ended::Tohost(word));
            }
        }
        Ok(Ended::Limit)
    }

    /// What an instruction has written to `tohost`.
    fn stored(&self, retired: &Retirement) -> Option<u32> {
        let tohost = self.tohost.filter(|&it| it == retired.mem_addr & !3)?;
        match self.host {
            _ if retired.mem_wmask == 0 => None,
            None => self.system.tohost(),
            // The host has set it back to 0 since its last call.
            Some(_) => self.system.read_word(tohost).filter(|&word| word != 0),
        }
    }

    fn alone(&mut self, until: u64, each: Observer<'_>) -> Result<End, SystemError> {
        loop {
            let now = self.system.cycles();
            if now >= until {
                return Ok(End::Limit);
            }
            let batch = (until - now).min(ASLEEP_CYCLES);
            let ended = match self.observed {
                true => self.steps(batch, each)?,
                false => self.system.run(batch)?,
            };
            if let Ended::Tohost(word) = ended {
                let Some(host) = self.host else { return Ok(End::Tohost(word)) };
                if !host.is_whole(&self.system) {
                    for _ in 0..HALVES {
                        let stepped = self.system.step(HANG_CYCLES)?;
                        if stepped.is_none_or(|it| host.is_second_half(&it)) {
                            break;
                        }
                    }
                }
                if let Some(word) = self.call(host)? {
                    return Ok(End::Tohost(word));
                }
            }
            let order = self.system.order();
            if order != self.order {
                (self.order, self.retired_at) = (order, self.system.cycles());
                // Nothing that it depends on can change.
                let last = self.system.retirement();
                if last.trap && last.next_pc == last.pc {
                    return Ok(End::Loop { pc: last.pc, traps: true });
                }
                if self.spins(&last)? {
                    return Ok(End::Loop { pc: last.pc, traps: false });
                }
            }
            let cycles = self.system.cycles() - self.retired_at;
            if cycles >= ASLEEP_CYCLES {
                return Ok(End::Hang { cycles });
            }
        }
    }

    /// Whether an instruction has led to itself for so long that nothing else can have happened.
    fn spins(&mut self, last: &Retirement) -> Result<bool, SystemError> {
        if last.next_pc != last.pc {
            self.spin = None;
            return Ok(false);
        }
        let (order, since) = (self.order, self.system.cycles());
        let events = self.system.events()?;
        let now = Spin {
            pc: last.pc,
            since,
            others: order.wrapping_sub(events.jumps).wrapping_sub(events.branches),
        };
        let before = self.spin.filter(|it| (it.pc, it.others) == (now.pc, now.others));
        let begin = *self.spin.insert(before.unwrap_or(now));
        Ok(since - begin.since >= ASLEEP_CYCLES)
    }

    fn compared(&mut self, until: u64, each: Observer<'_>) -> Result<End, SystemError> {
        let mut now = self.system.cycles();
        // Instructions until a store to `tohost` is a call of the host.
        let mut halves = None;
        loop {
            if now >= until {
                return Ok(End::Limit);
            }
            let Some(reference) = &mut self.reference else { return Ok(End::Limit) };
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
            // What the host writes, the reference takes from the system, as a device's.
            if self.host.is_some_and(|host| host.has(&retired)) {
                reference.write(retired.mem_addr, &retired.mem_rdata.to_le_bytes())?;
            }
            match reference.step(&retired, || self.system.last_run()) {
                Ok(agreed) => each(&retired, Some((&agreed, reference.hart()))),
                Err(mismatch) => return Ok(End::Mismatch(mismatch)),
            }
            if self.loops.note(&retired, reference) && self.flip.is_none() {
                return Ok(End::Loop { pc: retired.pc, traps: retired.trap });
            }
            let stored = self.stored(&retired);
            match (self.host, stored) {
                (None, Some(word)) => return Ok(End::Tohost(word)),
                (Some(host), _) if stored.is_some() || halves.is_some() => {
                    let left = halves.get_or_insert(HALVES);
                    *left -= 1;
                    if *left == 0 || host.is_whole(&self.system) || host.is_second_half(&retired) {
                        halves = None;
                        if let Some(word) = self.call(host)? {
                            return Ok(End::Tohost(word));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Answers a call of the host; what the program ends with, if it does.
    fn call(&mut self, host: Host) -> Result<Option<u32>, SystemError> {
        let Host { tohost, fromhost } = host;
        let word = |addr: u32| self.system.read_word(addr);
        let (Some(low), Some(high)) = (word(tohost), word(tohost + 4)) else { return Ok(None) };
        let mut answers = Vec::new();
        // Device and command.
        match (high >> 24, high >> 16 & 0xff) {
            (0, 0) if low == 0 => return Ok(None),
            (0, 0) if low & 1 == 1 => return Ok(Some(low)),
            (0, 0) => {
                // The address of a system call: its number and arguments, two words each.
                let argument = |n: u32| low.checked_add(8 * n).and_then(word);
                let (Some(number), Some(first), Some(buffer), Some(length)) =
                    (argument(0), argument(1), argument(2), argument(3))
                else {
                    return Ok(Some(low));
                };
                let result = match number {
                    SYS_WRITE => {
                        let end = buffer.saturating_add(length);
                        let byte = |addr: u32| word(addr & !3).map(|it| it.to_le_bytes());
                        let bytes: Option<Vec<u8>> = (buffer..end)
                            .map(|addr| Some(byte(addr)?[addr as usize % 4]))
                            .collect();
                        match bytes {
                            Some(bytes) => self.output.extend(bytes),
                            None => return Ok(Some(low)),
                        }
                        i64::from(length)
                    }
                    SYS_EXIT => return Ok(Some(first << 1 | 1)),
                    _ => -ENOSYS,
                };
                answers.push((low, result));
                answers.push((fromhost, 1));
            }
            (CONSOLE, 1) => self.output.push(low as u8),
            _ => {}
        }
        answers.push((tohost, 0));
        for (addr, value) in answers {
            let bytes = value.to_le_bytes();
            self.system.write(addr, &bytes)?;
            if let Some(reference) = &mut self.reference
                && ![tohost, fromhost].contains(&addr)
            {
                reference.write(addr, &bytes)?;
            }
        }
        Ok(None)
    }
}

type Observer<'a> = &'a mut dyn FnMut(&Retirement, Option<(&Retire, &Hart)>);

const SYS_WRITE: u32 = 64;
const SYS_EXIT: u32 = 93;
const ENOSYS: i64 = 38;
const CONSOLE: u32 = 1;

/// The host-target interface: two words each way.
#[derive(Debug, Clone, Copy)]
struct Host {
    tohost: u32,
    fromhost: u32,
}

impl Host {
    /// Whether an instruction reads a word that the host writes.
    fn has(&self, retired: &Retirement) -> bool {
        let word = retired.mem_addr & !7;
        retired.mem_rmask == 15 && (word == self.tohost & !7 || word == self.fromhost & !7)
    }

    /// Whether there is no second half to wait for.
    fn is_whole(&self, system: &SystemDriver) -> bool {
        let low = system.read_word(self.tohost).unwrap_or_default();
        // The address of a system call is even, a character may be.
        let high = system.read_word(self.tohost + 4).unwrap_or_default();
        high != 0 || low == 0
    }

    fn is_second_half(&self, retired: &Retirement) -> bool {
        retired.mem_wmask != 0 && retired.mem_addr & !3 == self.tohost + 4
    }
}

/// An instruction that leads to itself, when it was first seen.
#[derive(Debug, Clone, Copy)]
struct Spin {
    pc: u32,
    since: u64,
    /// Instructions that were no jumps and branches, as the core's counters have it.
    others: u64,
}

/// Notices programs that do nothing any more: an instruction that leads to itself while no interrupt
/// may come, or a trap that follows itself with the same registers and without a return.
#[derive(Default)]
struct Loops {
    repeats: u32,
    traps: u32,
    trap: (u32, [u32; 32]),
}

impl Loops {
    #[inline]
    fn note(&mut self, retired: &Retirement, reference: &Lockstep) -> bool {
        if retired.trap {
            let trap = (retired.pc, *reference.hart().registers());
            self.traps = if self.trap == trap { self.traps + 1 } else { 0 };
            self.trap = trap;
        } else if retired.insn == model::facts::riscv::INSN_MRET {
            self.traps = 0;
        }
        if retired.next_pc != retired.pc {
            self.repeats = 0;
            return self.traps >= TRAP_LOOP;
        }
        self.repeats += 1;
        if !self.repeats.is_multiple_of(LOOP) {
            return false;
        }
        retired.trap || !reference.interruptible()
    }
}
