//! Drives the pins of one unit through whole transactions.

use std::path::Path;

use super::memory::{Answer, Memory, Port, Stalls};
use super::pins::Pins;
use super::transaction::{CommandError, Counters, Outcome, WindowRun};
use super::units::UnitParameters;

/// Why a transaction has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DutError {
    /// The unit answered with an error; it is ready for the next command.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The unit took longer than any command can.
    #[error("no done after {cycles} cycles: the unit hangs")]
    Hang {
        /// Cycles waited.
        cycles: u32,
    },
    /// An assertion of the RTL failed, or the model broke down.
    #[error(transparent)]
    Model(#[from] verilated::Error),
}

/// A verilated unit: transactions in, results out.
pub trait ConvUnit: Send {
    /// Its parameters.
    fn parameters(&self) -> &'static UnitParameters;

    /// The memory behind its port.
    fn memory(&mut self) -> &mut Memory;

    /// Holds the reset for two cycles; reads under way are forgotten.
    fn reset(&mut self) -> Result<(), DutError>;

    /// Reads a kernel of `side` × `side` words, row by row, from the byte address `addr` and keeps
    /// it in a slot. Returns the cycles from start to done.
    fn load_kernel(&mut self, slot: u8, side: u32, addr: u32) -> Result<u32, DutError>;

    /// Runs one window.
    fn run_window(&mut self, run: &WindowRun) -> Result<Outcome, DutError>;

    /// Takes a window's command and is reset `cycles` cycles later, in the middle of it.
    fn abort_window(&mut self, run: &WindowRun, cycles: u32) -> Result<(), DutError>;

    /// The stream of waiting times that the next transaction draws from; the one after draws from
    /// the next. Without stalls it means nothing.
    fn set_stream(&mut self, stream: u64);

    /// How many cycles a result waits before it is taken; 0 at first. The unit holds it.
    fn set_acknowledge_delay(&mut self, cycles: u32);

    /// Reads all performance counters; the clock stands still.
    fn counters(&mut self) -> Result<Counters, DutError>;

    /// Sets all performance counters to 0.
    fn clear_counters(&mut self) -> Result<(), DutError>;

    /// Lets `cycles` cycles pass without a command.
    fn idle(&mut self, cycles: u32) -> Result<(), DutError>;

    /// Clock cycles since the model was made.
    fn cycles(&self) -> u64;

    /// Writes a waveform from now on; a traced build only.
    fn open_trace(&mut self, path: &Path) -> Result<(), DutError>;

    /// Completes the waveform.
    fn close_trace(&mut self) -> Result<(), DutError>;
}

/// No command takes this long, whatever the stalls.
const HANG_CYCLES: u32 = 10_000;

pub(super) struct Driver<P, const WORDS: usize> {
    pins: P,
    unit: &'static UnitParameters,
    memory: Memory,
    port: Port,
    stream: u64,
    last_word_cycle: u32,
    acknowledge_delay: u32,
}

impl<P: Pins<WORDS>, const WORDS: usize> Driver<P, WORDS> {
    pub(super) fn new(
        pins: P,
        unit: &'static UnitParameters,
        stalls: Option<Stalls>,
    ) -> Result<Self, DutError> {
        let port = Port::new(stalls);
        let memory = Memory::default();
        let (stream, last_word_cycle, acknowledge_delay) = (0, 0, 0);
        let mut driver =
            Self { pins, unit, memory, port, stream, last_word_cycle, acknowledge_delay };
        driver.reset()?;
        Ok(driver)
    }

    /// One clock cycle with the memory port attached. Every simulated cycle of every window goes
    /// through here; inlined, it is a few loads and stores around the model's own work.
    #[inline(always)]
    fn cycle(&mut self, number: u32) -> Result<(), DutError> {
        let answered = match &mut self.port {
            Port::Ready { next } => std::mem::replace(next, self.pins.request()),
            Port::Waiting(waiting) => {
                let (grant, answered) = waiting.cycle(self.pins.request());
                self.pins.set_grant(grant);
                answered
            }
        };
        match answered {
            None => self.pins.set_answer(Answer::None),
            Some(addr) => {
                self.last_word_cycle = number;
                let beat = self.memory.beat(addr);
                self.pins.set_answer(beat.map_or(Answer::Error, Answer::Beat));
            }
        }
        self.pins.tick()?;
        Ok(())
    }

    /// Runs the command on the pins until its result is to be taken. Returns the cycles from the
    /// one in which it is taken to the first one with done high, and the time of the latter.
    #[inline]
    fn command(&mut self) -> Result<(u32, u64), DutError> {
        self.port.begin(self.stream);
        self.stream += 1;
        self.last_word_cycle = 0;
        self.pins.set_valid(true);
        let mut cycles = 0;
        while !self.pins.ready() {
            self.cycle(cycles)?;
            cycles += 1;
            if cycles == HANG_CYCLES {
                return Err(DutError::Hang { cycles });
            }
        }
        self.cycle(0)?;
        self.pins.set_valid(false);
        cycles = 1;
        while !self.pins.done() {
            self.cycle(cycles)?;
            cycles += 1;
            if cycles == HANG_CYCLES {
                return Err(DutError::Hang { cycles });
            }
        }
        let done_time = self.pins.time();
        for _ in 0..self.acknowledge_delay {
            self.cycle(0)?;
        }
        Ok((cycles, done_time))
    }

    /// Takes the result, so that the unit is ready again.
    #[inline]
    fn acknowledge(&mut self) -> Result<(), DutError> {
        self.pins.set_ready(true);
        self.cycle(0)?;
        self.pins.set_ready(false);
        Ok(())
    }

    /// What the unit says of the command that is done.
    #[inline]
    fn error(&self) -> Option<CommandError> {
        match self.pins.error_code() {
            0 => None,
            1 => Some(CommandError::Bus),
            _ => Some(CommandError::Refused),
        }
    }

    /// Bits of one output's S_max on the pins, at most 15: a score, and valid above it.
    fn s_max_width(&self) -> u32 {
        7 + self.unit.log_frac
    }

    fn pack_s_max(&self, s_max: &[Option<u32>; 4]) -> u64 {
        let width = self.s_max_width();
        let pack = |score: &Option<u32>| match score {
            Some(score) => 1 << (width - 1) | u64::from(*score),
            None => 0,
        };
        s_max.iter().rev().fold(0, |bits, score| bits << width | pack(score))
    }

    fn unpack_s_max(&self, bits: u64) -> [Option<u32>; 4] {
        let width = self.s_max_width();
        [0, 1, 2, 3].map(|output| {
            let field = (bits >> (output * width)) as u32 & ((1 << width) - 1);
            let valid = field >> (width - 1) == 1;
            valid.then_some(field & ((1 << (width - 1)) - 1))
        })
    }
}

impl<P: Pins<WORDS>, const WORDS: usize> ConvUnit for Driver<P, WORDS> {
    fn parameters(&self) -> &'static UnitParameters {
        self.unit
    }

    fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn reset(&mut self) -> Result<(), DutError> {
        self.pins.set_valid(false);
        self.pins.set_ready(false);
        self.pins.set_reset(true);
        self.port.begin(self.stream);
        for _ in 0..2 {
            self.pins.set_answer(Answer::None);
            self.pins.tick()?;
        }
        self.pins.set_reset(false);
        // A port that never waits grants in every cycle.
        self.pins.set_grant(true);
        Ok(())
    }

    fn load_kernel(&mut self, slot: u8, side: u32, addr: u32) -> Result<u32, DutError> {
        self.pins.set_load(slot, side, addr);
        let (cycles, _) = self.command()?;
        let error = self.error();
        self.acknowledge()?;
        error.map_or(Ok(cycles), |error| Err(error.into()))
    }

    fn run_window(&mut self, run: &WindowRun) -> Result<Outcome, DutError> {
        self.pins.set_run(run, self.pack_s_max(&run.carry));
        let (cycles, done_time) = self.command()?;
        let outcome = match self.error() {
            Some(error) => Err(error.into()),
            None => Ok(Outcome {
                outputs: self.pins.outputs().map(|word| word as i32),
                s_max: self.unpack_s_max(self.pins.s_max()),
                keep: self.pins.keep(),
                cycles,
                last_word_cycle: self.last_word_cycle,
                done_time,
            }),
        };
        self.acknowledge()?;
        outcome
    }

    fn abort_window(&mut self, run: &WindowRun, cycles: u32) -> Result<(), DutError> {
        self.pins.set_run(run, self.pack_s_max(&run.carry));
        self.port.begin(self.stream);
        self.pins.set_valid(true);
        for number in 0..=cycles {
            self.cycle(number)?;
            self.pins.set_valid(false);
        }
        self.reset()
    }

    fn set_stream(&mut self, stream: u64) {
        self.stream = stream;
    }

    fn set_acknowledge_delay(&mut self, cycles: u32) {
        self.acknowledge_delay = cycles;
    }

    fn counters(&mut self) -> Result<Counters, DutError> {
        let mut value = [0; 11];
        for (address, value) in value.iter_mut().enumerate() {
            self.pins.set_counter(false, address as u8);
            self.pins.eval()?;
            *value = self.pins.counter();
        }
        Ok(Counters::from_addresses(value))
    }

    fn clear_counters(&mut self) -> Result<(), DutError> {
        self.pins.set_counter(true, 0);
        self.cycle(0)?;
        self.pins.set_counter(false, 0);
        Ok(())
    }

    fn idle(&mut self, cycles: u32) -> Result<(), DutError> {
        (0..cycles).try_for_each(|number| self.cycle(number))
    }

    fn cycles(&self) -> u64 {
        self.pins.cycles()
    }

    fn open_trace(&mut self, path: &Path) -> Result<(), DutError> {
        Ok(self.pins.open_trace(path)?)
    }

    fn close_trace(&mut self) -> Result<(), DutError> {
        Ok(self.pins.close_trace()?)
    }
}
