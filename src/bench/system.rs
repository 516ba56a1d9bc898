// SPDX-License-Identifier: MIT OR Apache-2.0
//! The system on chip behind programs: how they are loaded and run, what the core tells of each
//! instruction, and the driver that alone touches the pins.

use std::collections::VecDeque;
use std::path::Path;

use model::elf::Executable;
use model::facts::riscv::EVENT_LOAD_USE;
use model::facts::soc::RAM_BASE;
use model::hart::HartError;
use model::isa::{decode, is_compressed};
use verilated::Stop;

use super::unit::{Counters, Kept, counters};
use crate::hw::{self, Build, HwError, Soc, SocParameters};

/// One retired instruction. An instruction that traps retires too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retirement {
    /// The clock cycle, from the reset on, behind which it was reported.
    pub cycle: u64,
    /// Its number: 0 for the first after the reset.
    pub order: u64,
    /// The instruction as it is in memory; a compressed one has 16 bits.
    pub insn: u32,
    pub trap: bool,
    /// It is the first of an interrupt's handler.
    pub interrupt: bool,
    pub pc: u32,
    /// The registers that it reads, 0 for none, and what they held.
    pub reads: [(u8, u32); 2],
    /// Address of the next one; of the handler if it trapped.
    pub next_pc: u32,
    /// The register it writes, 0 for none.
    pub rd: u8,
    pub rd_value: u32,
    /// Byte address of its memory access.
    pub mem_addr: u32,
    /// Bytes it reads, from that address on: 0, 1, 3 or 15.
    pub mem_rmask: u8,
    /// Bytes it writes, alike.
    pub mem_wmask: u8,
    /// The bytes read; others are 0.
    pub mem_rdata: u32,
    /// The bytes written; others are 0.
    pub mem_wdata: u32,
    /// `mip` when it was decided whether an interrupt takes its place, or, of the first
    /// instruction of a handler, when that interrupt was taken.
    pub mip: u32,
    /// `mcause` of its trap, or else of the interrupt.
    pub cause: u32,
    pub float: FloatSide,
}

/// What an instruction has to do with floats; all of it is 0 on a core without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FloatSide {
    /// The float registers that it reads as rs1, rs2 and rs3, and what they held; 0 and 0 for none.
    pub reads: [(u8, u32); 3],
    /// The float register it writes, and the value.
    pub rd: Option<(u8, u32)>,
    /// The flags that it raises, as `fflags` has them.
    pub flags: u32,
    /// `fcsr` behind it.
    pub fcsr: u32,
    /// `mstatus.FS` behind it.
    pub fs: u32,
}

impl Retirement {
    /// The registers that it reads, by their names, and what they held.
    pub fn operands(&self) -> impl Iterator<Item = (String, u32)> {
        let floats = decode(self.insn, true).map_or([false; 4], |it| it.op.floats());
        let integers = self.reads.into_iter().filter(|&(register, _)| register != 0);
        let floats = self.float.reads.into_iter().zip([floats[1], floats[2], floats[3]]);
        let floats = floats
            .filter(|&(_, reads)| reads)
            .map(|((register, value), _)| (format!("f{register}"), value));
        integers.map(|(register, value)| (format!("x{register}"), value)).chain(floats)
    }

    /// Whether the next instruction is another one than that behind it.
    pub fn redirects(&self) -> bool {
        let length = if is_compressed(self.insn) { 2 } else { 4 };
        self.next_pc != self.pc.wrapping_add(length)
    }
}

/// The results of the last run of the unit that ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastRun {
    /// The outputs; those that the tile does not have are 0.
    pub outputs: [i32; 4],
    /// S_max of each output, in units of 2^−LOG_FRAC.
    pub s_max: [Option<u32>; 4],
    pub kept: Kept,
}

counters! {
    /// The events that the core counts: `mhpmcounter3` to 14.
    Events: u64 {
        load_use: "waiting: a load's result (load-use), a float's",
        jump_register: "waiting: the register of a jump",
        fetch: "waiting: instruction fetch",
        memory: "waiting: data memory",
        arithmetic: "waiting: multiplier, divider, division of floats",
        unit: "waiting: the unit",
        loads: "loads",
        stores: "stores",
        jumps: "jumps",
        branches: "conditional branches",
        branches_taken: "conditional branches, taken",
        compressed: "compressed instructions",
    }
}

impl Events {
    /// Those before this one count cycles in which an instruction waits.
    pub const WAITING: usize = 6;
}

/// The performance counters of the core and of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Clock cycles since the reset; a program may change `mcycle`.
    pub cycles: u64,
    /// Instructions retired, those that trapped included; a program may change `minstret`.
    pub instructions: u64,
    /// What the core counted.
    pub events: Events,
    /// What the unit counted.
    pub unit: Counters,
}

/// Why a system cannot go on, or a request cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    #[error(transparent)]
    Model(#[from] verilated::Error),
    #[error(transparent)]
    Hw(#[from] HwError),
    #[error(transparent)]
    Reference(#[from] HartError),
    #[error("{bytes} bytes at {addr:#010x} are not within the RAM")]
    OutsideRam { addr: u32, bytes: usize },
    #[error(
        "{bytes} bytes at {addr:#010x} cannot be written now: an instruction uses them that the core \
         has begun; let it go on for a dozen instructions"
    )]
    UnderWay { addr: u32, bytes: usize },
}

/// How a system is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemOptions {
    pub build: Build,
    /// Seed of the values that registers hold before they are written. The RAM is zero.
    pub x_seed: u64,
    /// How many cycles late each grant of both memory ports comes: 0 to 15.
    pub wait_states: u8,
    /// Seed of random waiting for grants and answers of both memory ports; none without.
    pub stall_seed: Option<u32>,
}

impl Default for SystemOptions {
    fn default() -> Self {
        Self { build: Build::Fast, x_seed: 1, wait_states: 0, stall_seed: None }
    }
}

/// What ended a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The program has written this to `tohost`: 1 passed, 2n + 1 test n failed.
    Tohost(u32),
    Limit,
}

/// A store retires within so many cycles after the memory has taken it.
const STORE_CYCLES: u64 = 1000;

/// What the system reports in a cycle, bits of `event_o`.
mod event {
    pub const RETIRED: u8 = 1;
    pub const UART: u8 = 2;
    pub const TOHOST: u8 = 4;
}

/// A verilated system on chip. Cycles are counted from the end of the reset on.
#[derive(Debug)]
pub struct SystemDriver {
    model: Soc,
    parameters: SocParameters,
    /// Cycles of the model at the end of the reset.
    begin: u64,
    /// Cycles in which the external interrupt becomes pending, the first one first.
    interrupts: VecDeque<u64>,
    output: Vec<u8>,
    tohost: Option<u32>,
}

impl SystemDriver {
    /// A system just out of reset, its RAM zero.
    pub fn open(parameters: &SocParameters, options: &SystemOptions) -> Result<Self, SystemError> {
        let mut model = hw::soc(parameters, options.build, options.x_seed)?;
        model.set_wait_states_i(options.wait_states);
        model.set_stall_seed_i(options.stall_seed.unwrap_or(0));
        model.ram_mut().fill(0);
        let (interrupts, output) = (VecDeque::new(), Vec::new());
        let mut driver =
            Self { model, parameters: *parameters, begin: 0, interrupts, output, tohost: None };
        driver.reset()?;
        Ok(driver)
    }

    pub fn parameters(&self) -> &SocParameters {
        &self.parameters
    }

    /// Holds the reset for two cycles. What is in the RAM stays; interrupts that are still to come
    /// are forgotten.
    pub fn reset(&mut self) -> Result<(), SystemError> {
        self.model.set_irq_set_i(0);
        self.model.set_event_enable_i(0);
        self.model.set_rst_ni(0);
        self.model.tick()?;
        self.model.tick()?;
        self.model.set_rst_ni(1);
        self.begin = self.model.cycles();
        self.interrupts.clear();
        self.output.clear();
        self.tohost = None;
        Ok(())
    }

    /// Puts bytes into the RAM.
    pub fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), SystemError> {
        let ram = self.model.ram_mut();
        let outside = || SystemError::OutsideRam { addr, bytes: bytes.len() };
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

    /// The words of the RAM.
    pub fn ram(&self) -> &[u32] {
        self.model.ram()
    }

    /// The words of the RAM. A word that the core has fetched already does not change for it.
    pub fn ram_mut(&mut self) -> &mut [u32] {
        self.model.ram_mut()
    }

    /// From now on a store of something other than 0 to this word ends a run.
    pub fn watch(&mut self, tohost: Option<u32>) {
        self.model.set_tohost_addr_i(tohost.unwrap_or(0));
    }

    /// Makes the external interrupt pending in a cycle. Cycles that are over do not count.
    pub fn interrupt_at(&mut self, cycle: u64) {
        let place = self.interrupts.partition_point(|&other| other < cycle);
        self.interrupts.insert(place, cycle);
    }

    /// Runs at most so many cycles, in whole batches, until the program reports its end and the
    /// store that does so retires.
    pub fn run(&mut self, cycles: u64) -> Result<Ended, SystemError> {
        self.model.set_event_enable_i(event::UART | event::TOHOST);
        let mut left = cycles;
        while left > 0 {
            left = self.advance(left)?;
            if self.take_events() & event::TOHOST != 0 {
                let word = self.model.tohost_o();
                self.finish_store(left)?;
                return Ok(Ended::Tohost(word));
            }
        }
        Ok(Ended::Limit)
    }

    /// Runs at most so many cycles until the next instruction retires; none has if they are used
    /// up.
    pub fn step(&mut self, cycles: u64) -> Result<Option<Retirement>, SystemError> {
        self.model.set_event_enable_i(event::RETIRED | event::UART | event::TOHOST);
        let mut left = cycles;
        while left > 0 {
            left = self.advance(left)?;
            if self.take_events() & event::RETIRED != 0 {
                return Ok(Some(Retirement { cycle: self.cycles(), ..self.retirement() }));
            }
        }
        Ok(None)
    }

    /// What the program has sent through the UART since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// What the program has written to `tohost` last, other than 0.
    pub fn tohost(&self) -> Option<u32> {
        self.tohost
    }

    /// The number of the instruction that has retired last: 0 for the first.
    pub fn order(&self) -> u64 {
        self.model.rvfi_order_o()
    }

    /// Clock cycles since the reset.
    pub fn cycles(&self) -> u64 {
        self.model.cycles() - self.begin
    }

    /// Time of the last rising edge of the clock, in the waveform's units.
    pub fn time(&self) -> u64 {
        self.model.time()
    }

    /// The interrupt lines as in `mip`.
    pub fn interrupt_lines(&self) -> u32 {
        let lines = u32::from(self.model.irq_lines_o());
        (lines & 1) << 3 | (lines >> 1 & 1) << 7 | (lines >> 2 & 1) << 11
    }

    /// A counter of the core, while the clock stands still: 0 `mcycle`, 2 `minstret`, 3 to 14
    /// `mhpmcounter`3 to 14.
    pub fn counter(&mut self, number: u8) -> Result<u64, SystemError> {
        self.model.set_perf_select_i(number);
        self.model.eval()?;
        Ok(self.model.perf_o())
    }

    /// The counters of the core's events, while the clock stands still.
    pub fn events(&mut self) -> Result<Events, SystemError> {
        let mut events = [0; Events::COUNT];
        for (number, value) in (EVENT_LOAD_USE as u8..).zip(&mut events) {
            *value = self.counter(number)?;
        }
        Ok(Events::from_addresses(events))
    }

    /// All counters. Those of the unit are read in cycles of their own, in which the program goes on.
    pub fn statistics(&mut self) -> Result<Statistics, SystemError> {
        let (cycles, instructions) = (self.cycles(), self.order() + 1);
        let events = self.events()?;
        let mut unit = [0; Counters::COUNT];
        for (address, value) in (0..).zip(&mut unit) {
            self.model.set_unit_select_i(address);
            self.model.set_event_enable_i(0);
            self.model.tick()?;
            *value = self.model.unit_counter_o();
        }
        let unit = Counters::from_addresses(unit);
        Ok(Statistics { cycles, instructions, events, unit })
    }

    /// The results of the last run of the unit that ended well; right behind the retirement of a
    /// run, that run's.
    pub fn last_run(&self) -> LastRun {
        let s_max = self.model.conv_smax_o();
        let kernel = self.parameters.kernel;
        let (keep, products) = (self.model.conv_keep_o(), (kernel * kernel) as u32);
        LastRun {
            outputs: self.model.conv_output_o().map(u32::cast_signed),
            s_max: [0, 1, 2, 3].map(|output| {
                let field = (s_max >> (16 * output)) as u32 & 0xffff;
                (field & 0x8000 != 0).then_some(field & 0x7fff)
            }),
            kept: Kept {
                bits: [0, 1, 2, 3].map(|output| keep.bits(output * products, products)),
                kernel,
            },
        }
    }

    /// Writes a waveform from now on; of the format that the system is built for.
    pub fn open_trace(&mut self, path: &Path) -> Result<(), SystemError> {
        Ok(self.model.open_trace(path)?)
    }

    pub fn close_trace(&mut self) -> Result<(), SystemError> {
        Ok(self.model.close_trace()?)
    }

    /// Loads a program and watches its `tohost`, if it has one.
    pub fn load(&mut self, program: &Executable) -> Result<(), SystemError> {
        for segment in &program.segments {
            self.write(segment.addr, &segment.bytes)?;
        }
        self.watch(program.tohost);
        Ok(())
    }

    /// The word of the RAM at an address, a multiple of 4.
    pub fn read_word(&self, addr: u32) -> Option<u32> {
        let offset = addr.checked_sub(RAM_BASE).filter(|offset| offset % 4 == 0)?;
        self.ram().get(offset as usize / 4).copied()
    }

    /// Runs to the next enabled event, for at most so many cycles, and not past the next
    /// interrupt. Returns the cycles that are left.
    #[inline]
    fn advance(&mut self, cycles: u64) -> Result<u64, SystemError> {
        let batch = if self.interrupts.is_empty() { cycles } else { self.interrupt(cycles) };
        let ran = self.model.run_cycles(batch, Stop::not_equal(Soc::EVENT_O, 0));
        self.model.set_irq_set_i(0);
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
                self.model.set_irq_set_i(1);
                1
            }
            Some(&cycle) => cycles.min(cycle - now),
            None => cycles,
        }
    }

    /// Goes on to the retirement of a store that the memory has taken already.
    fn finish_store(&mut self, cycles: u64) -> Result<(), SystemError> {
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
        let events = self.model.event_o();
        if events & event::UART != 0 {
            self.output.push(self.model.uart_data_o());
        }
        if events & event::TOHOST != 0 {
            self.tohost = Some(self.model.tohost_o());
        }
        events
    }

    /// The last instruction that has retired.
    #[inline]
    pub fn retirement(&self) -> Retirement {
        let model = &self.model;
        Retirement {
            cycle: 0,
            order: model.rvfi_order_o(),
            insn: model.rvfi_insn_o(),
            trap: model.rvfi_trap_o() != 0,
            interrupt: model.rvfi_intr_o() != 0,
            pc: model.rvfi_pc_rdata_o(),
            next_pc: model.rvfi_pc_wdata_o(),
            reads: [
                (model.rvfi_rs1_addr_o(), model.rvfi_rs1_rdata_o()),
                (model.rvfi_rs2_addr_o(), model.rvfi_rs2_rdata_o()),
            ],
            rd: model.rvfi_rd_addr_o(),
            rd_value: model.rvfi_rd_wdata_o(),
            mem_addr: model.rvfi_mem_addr_o(),
            mem_rmask: model.rvfi_mem_rmask_o(),
            mem_wmask: model.rvfi_mem_wmask_o(),
            mem_rdata: model.rvfi_mem_rdata_o(),
            mem_wdata: model.rvfi_mem_wdata_o(),
            mip: model.rvfi_ext_mip_o(),
            cause: model.rvfi_ext_cause_o(),
            float: if self.parameters.float { self.float_side() } else { FloatSide::default() },
        }
    }

    fn float_side(&self) -> FloatSide {
        let model = &self.model;
        let rd = (model.rvfi_frd_addr_o(), model.rvfi_frd_wdata_o());
        FloatSide {
            reads: [
                (model.rvfi_frs1_addr_o(), model.rvfi_frs1_rdata_o()),
                (model.rvfi_frs2_addr_o(), model.rvfi_frs2_rdata_o()),
                (model.rvfi_frs3_addr_o(), model.rvfi_frs3_rdata_o()),
            ],
            rd: (model.rvfi_frd_wvalid_o() != 0).then_some(rd),
            flags: model.rvfi_ext_fflags_o().into(),
            fcsr: model.rvfi_ext_fcsr_o().into(),
            fs: model.rvfi_ext_fs_o().into(),
        }
    }
}
