//! Drives a system: loads programs, runs them, and says what happens.

use std::collections::VecDeque;
use std::path::Path;

use super::RAM_BASE;
use model::elf::Program;
use super::models::{SocOptions, SocParameters};
use super::pins::{Pins, event};
use super::retirement::{LastRun, Retirement};
use super::statistics::Statistics;
use crate::dut::Counters;

/// Why a system cannot go on, or a request cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocError {
    /// An assertion of the RTL failed, or the model broke down.
    #[error(transparent)]
    Model(#[from] verilated::Error),
    /// The program was built without FST.
    #[error("this build has no FST waveforms: build it with the feature `fst`, or take VCD")]
    NoFst,
    /// Bytes for where there is no RAM.
    #[error("{bytes} bytes at {addr:#010x} are not within the RAM")]
    OutsideRam {
        /// Address of the first one.
        addr: u32,
        /// How many.
        bytes: usize,
    },
}

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The program has written this to `tohost`: 1 passed, 2n + 1 test n failed.
    Tohost(u32),
    /// The cycles are used up.
    Limit,
}

/// A store retires within so many cycles after the memory has taken it.
const STORE_CYCLES: u64 = 1000;

/// A verilated system on chip. Cycles are counted from the end of the reset on.
pub trait Soc: Send {
    /// Its parameters.
    fn parameters(&self) -> &'static SocParameters;

    /// Holds the reset for two cycles. What is in the RAM stays; interrupts that are still to come
    /// are forgotten.
    fn reset(&mut self) -> Result<(), SocError>;

    /// Loads a program and watches its `tohost`, if it has one.
    fn load(&mut self, program: &Program) -> Result<(), SocError> {
        for segment in &program.segments {
            self.write(segment.addr, &segment.bytes)?;
        }
        self.watch(program.tohost);
        Ok(())
    }

    /// Puts bytes into the RAM.
    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), SocError>;

    /// The word of the RAM at an address, a multiple of 4.
    fn read_word(&self, addr: u32) -> Option<u32> {
        let offset = addr.checked_sub(RAM_BASE).filter(|offset| offset % 4 == 0)?;
        self.ram().get(offset as usize / 4).copied()
    }

    /// The words of the RAM.
    fn ram(&self) -> &[u32];

    /// The words of the RAM. A word that the core has fetched already does not change for it.
    fn ram_mut(&mut self) -> &mut [u32];

    /// From now on a store of something other than 0 to this word ends a run.
    fn watch(&mut self, tohost: Option<u32>);

    /// Makes the external interrupt pending in a cycle. Cycles that are over do not count.
    fn interrupt_at(&mut self, cycle: u64);

    /// Runs at most so many cycles, in whole batches, until the program reports its end and the
    /// store that does so retires.
    fn run(&mut self, cycles: u64) -> Result<Ended, SocError>;

    /// Runs at most so many cycles until the next instruction retires; none has if they are used
    /// up.
    fn step(&mut self, cycles: u64) -> Result<Option<Retirement>, SocError>;

    /// What the program has sent through the UART since the last call.
    fn take_output(&mut self) -> Vec<u8>;

    /// What the program has written to `tohost` last, other than 0.
    fn tohost(&self) -> Option<u32>;

    /// The number of the instruction that has retired last: 0 for the first.
    fn order(&self) -> u64;

    /// Clock cycles since the reset.
    fn cycles(&self) -> u64;

    /// Time of the last rising edge of the clock, in the waveform's units.
    fn time(&self) -> u64;

    /// The interrupt lines as in `mip`.
    fn interrupt_lines(&self) -> u32;

    /// A counter of the core, while the clock stands still: 0 `mcycle`, 2 `minstret`, 3 to 14
    /// `mhpmcounter`3 to 14.
    fn counter(&mut self, number: u8) -> Result<u64, SocError>;

    /// All counters. Those of the unit are read in cycles of their own, in which the program goes on.
    fn statistics(&mut self) -> Result<Statistics, SocError>;

    /// The results of the last run of the unit that ended well; right behind the retirement of a
    /// run, that run's.
    fn last_run(&self) -> LastRun;

    /// Writes a waveform from now on; of the format that the system is built for.
    fn open_trace(&mut self, path: &Path) -> Result<(), SocError>;

    /// Completes the waveform.
    fn close_trace(&mut self) -> Result<(), SocError>;
}

pub(super) struct Driver<P> {
    pins: P,
    soc: &'static SocParameters,
    /// Cycles of the model at the end of the reset.
    begin: u64,
    /// Cycles in which the external interrupt becomes pending, the first one first.
    interrupts: VecDeque<u64>,
    output: Vec<u8>,
    tohost: Option<u32>,
}

impl<P: Pins> Driver<P> {
    pub(super) fn new(
        mut pins: P,
        soc: &'static SocParameters,
        options: &SocOptions,
    ) -> Result<Self, SocError> {
        pins.set_waiting(options.wait_states, options.stall_seed.unwrap_or(0));
        pins.ram_mut().fill(0);
        let (interrupts, output) = (VecDeque::new(), Vec::new());
        let mut driver = Self { pins, soc, begin: 0, interrupts, output, tohost: None };
        driver.reset()?;
        Ok(driver)
    }

    /// Runs to the next enabled event, for at most so many cycles, and not past the next
    /// interrupt. Returns the cycles that are left.
    #[inline]
    fn advance(&mut self, cycles: u64) -> Result<u64, SocError> {
        let batch = if self.interrupts.is_empty() { cycles } else { self.interrupt(cycles) };
        let ran = self.pins.run_to_event(batch);
        self.pins.set_interrupt(false);
        Ok(cycles - ran?.cycles)
    }

    /// Sets the interrupt if this is its cycle. Returns for how many cycles the pin stays so.
    fn interrupt(&mut self, cycles: u64) -> u64 {
        let now = self.cycles();
        while self.interrupts.front().is_some_and(|&cycle| cycle < now) {
            self.interrupts.pop_front();
        }
        match self.interrupts.front() {
            Some(&cycle) if cycle == now => {
                self.pins.set_interrupt(true);
                1
            }
            Some(&cycle) => cycles.min(cycle - now),
            None => cycles,
        }
    }

    /// Goes on to the retirement of a store that the memory has taken already.
    fn finish_store(&mut self, cycles: u64) -> Result<(), SocError> {
        while let Some(retired) = self.step(cycles.min(STORE_CYCLES))? {
            if retired.mem_wmask != 0 {
                break;
            }
        }
        Ok(())
    }

    /// Takes what the last cycle reported, other than retired instructions.
    #[inline]
    fn take_events(&mut self) -> u8 {
        let events = self.pins.events();
        if events & event::UART != 0 {
            self.output.push(self.pins.uart());
        }
        if events & event::TOHOST != 0 {
            self.tohost = Some(self.pins.tohost());
        }
        events
    }
}

impl<P: Pins> Soc for Driver<P> {
    fn parameters(&self) -> &'static SocParameters {
        self.soc
    }

    fn reset(&mut self) -> Result<(), SocError> {
        self.pins.set_interrupt(false);
        self.pins.set_events(0);
        self.pins.set_reset(true);
        self.pins.tick()?;
        self.pins.tick()?;
        self.pins.set_reset(false);
        self.begin = self.pins.cycles();
        self.interrupts.clear();
        self.output.clear();
        self.tohost = None;
        Ok(())
    }

    fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), SocError> {
        let ram = self.pins.ram_mut();
        let outside = || SocError::OutsideRam { addr, bytes: bytes.len() };
        let first = addr.checked_sub(RAM_BASE).ok_or_else(outside)? as usize;
        if first + bytes.len() > 4 * ram.len() {
            return Err(outside());
        }
        for (place, &byte) in (first..).zip(bytes) {
            let shift = 8 * (place % 4);
            let word = &mut ram[place / 4];
            *word = *word & !(0xff << shift) | u32::from(byte) << shift;
        }
        Ok(())
    }

    fn ram(&self) -> &[u32] {
        self.pins.ram()
    }

    fn ram_mut(&mut self) -> &mut [u32] {
        self.pins.ram_mut()
    }

    fn watch(&mut self, tohost: Option<u32>) {
        self.pins.set_tohost(tohost.unwrap_or(0));
    }

    fn interrupt_at(&mut self, cycle: u64) {
        let place = self.interrupts.partition_point(|&other| other < cycle);
        self.interrupts.insert(place, cycle);
    }

    fn run(&mut self, cycles: u64) -> Result<Ended, SocError> {
        self.pins.set_events(event::UART | event::TOHOST);
        let mut left = cycles;
        while left > 0 {
            left = self.advance(left)?;
            if self.take_events() & event::TOHOST != 0 {
                let word = self.pins.tohost();
                self.finish_store(left)?;
                return Ok(Ended::Tohost(word));
            }
        }
        Ok(Ended::Limit)
    }

    fn step(&mut self, cycles: u64) -> Result<Option<Retirement>, SocError> {
        self.pins.set_events(event::RETIRED | event::UART | event::TOHOST);
        let mut left = cycles;
        while left > 0 {
            left = self.advance(left)?;
            if self.take_events() & event::RETIRED != 0 {
                return Ok(Some(Retirement { cycle: self.cycles(), ..self.pins.retirement() }));
            }
        }
        Ok(None)
    }

    fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    fn tohost(&self) -> Option<u32> {
        self.tohost
    }

    fn order(&self) -> u64 {
        self.pins.retirement().order
    }

    fn cycles(&self) -> u64 {
        self.pins.cycles() - self.begin
    }

    fn time(&self) -> u64 {
        self.pins.time()
    }

    fn interrupt_lines(&self) -> u32 {
        let lines = u32::from(self.pins.interrupt_lines());
        (lines & 1) << 3 | (lines >> 1 & 1) << 7 | (lines >> 2 & 1) << 11
    }

    fn counter(&mut self, number: u8) -> Result<u64, SocError> {
        self.pins.set_counter(number, 0);
        self.pins.eval()?;
        Ok(self.pins.counter())
    }

    fn statistics(&mut self) -> Result<Statistics, SocError> {
        let (cycles, instructions) = (self.cycles(), self.order() + 1);
        let mut core = [0; 15];
        for (number, value) in (0..).zip(&mut core) {
            *value = self.counter(number)?;
        }
        let mut unit = [0; 11];
        for (address, value) in (0..).zip(&mut unit) {
            self.pins.set_counter(0, address);
            self.pins.set_events(0);
            self.pins.tick()?;
            *value = self.pins.unit_counter();
        }
        Ok(Statistics::new(cycles, instructions, core, Counters::from_addresses(unit)))
    }

    fn last_run(&self) -> LastRun {
        let s_max = self.pins.s_max();
        LastRun {
            outputs: self.pins.outputs().map(|word| word as i32),
            s_max: [0, 1, 2, 3].map(|output| {
                let field = (s_max >> (16 * output)) as u32 & 0xffff;
                (field & 0x8000 != 0).then_some(field & 0x7fff)
            }),
            keep: self.pins.keep(self.soc.kernel * self.soc.kernel),
        }
    }

    fn open_trace(&mut self, path: &Path) -> Result<(), SocError> {
        Ok(self.pins.open_wave(path)?)
    }

    fn close_trace(&mut self) -> Result<(), SocError> {
        Ok(self.pins.close_trace()?)
    }
}
