//! The reference model beside the system.

use super::difference::Difference;
use super::mismatch::{Mismatch, Traced};
use crate::dut::soc::{LastRun, Program, RAM_BASE, Retirement, SocParameters};
use model::hart::{Access, Feed, Hart, HartConfig, HartError, Retire, Run, UnitShape};

/// Instructions that a mismatch tells of.
const HISTORY: usize = 16;

/// The instruction that waits for an interrupt.
const WFI: u32 = 0x1050_0073;

/// The reference model, in step with a system.
#[derive(Debug)]
pub struct Lockstep {
    hart: Hart,
    /// The registers as the system has written them.
    registers: [u32; 32],
    /// A ring of the last instructions.
    history: [Traced; HISTORY],
    retired: u64,
    /// Bytes that the system has sent and the reference not yet.
    sent: Vec<u8>,
}

impl Lockstep {
    /// The reference of a system after its reset.
    pub fn new(soc: &SocParameters) -> Self {
        let &SocParameters { kernel, log_frac, multipliers, kernels, ram_bytes, .. } = soc;
        let unit = UnitShape { kernel, log_frac, multipliers, kernels };
        let config = HartConfig { ram_base: RAM_BASE, ram_bytes, boot: RAM_BASE, unit };
        Self {
            hart: Hart::new(&config),
            registers: [0; 32],
            history: [Traced::default(); HISTORY],
            retired: 0,
            sent: Vec::new(),
        }
    }

    /// Loads what the system has loaded.
    pub fn load(&mut self, program: &Program) -> Result<(), HartError> {
        program.segments.iter().try_for_each(|it| self.hart.load(it.addr, &it.bytes))
    }

    /// The reference model.
    pub fn hart(&self) -> &Hart {
        &self.hart
    }

    /// Whether the next instruction is a wfi.
    pub(super) fn waits(&self) -> bool {
        self.hart.read_word(self.hart.pc()) == Some(WFI)
    }

    /// Instructions compared so far.
    pub fn instructions(&self) -> u64 {
        self.retired
    }

    /// Takes a byte that the system has sent; it is compared as the instruction retires that sent it.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.sent.extend_from_slice(bytes);
    }

    /// Executes the instruction that the system has retired, and compares. `last_run` gives the
    /// results of the unit, if the instruction was a run of it.
    pub fn step(
        &mut self,
        actual: &Retirement,
        last_run: impl FnOnce() -> LastRun,
    ) -> Result<Retire, Box<Mismatch>> {
        self.note(actual);
        let read = if actual.mem_rmask != 0 { actual.mem_rdata } else { actual.rd_value };
        let feed = Feed { mip: Some(actual.mip), interrupt: actual.interrupt, read: Some(read) };
        let expected = match self.hart.step(&feed) {
            Ok(expected) => expected,
            Err(error) => {
                return Err(self.mismatch(actual.cycle, vec![Difference::Feed(error)], None));
            }
        };
        let mut found = differences(actual, &expected, self.retired - 1);
        // A store to a device may be one to the UART.
        if expected.memory.is_some_and(|access| access.wmask != 0 && access.addr < RAM_BASE) {
            found.extend(self.compare_output());
        }
        let mut ran = None;
        if let Some(run) = &expected.run {
            let last_run = last_run();
            found.extend(run_differences(&last_run, run));
            ran = Some(last_run);
        }
        if found.is_empty() {
            return Ok(expected);
        }
        Err(self.mismatch(actual.cycle, found, ran.zip(expected.run)))
    }

    /// Notes an instruction in the history and in the system's registers.
    #[inline]
    fn note(&mut self, actual: &Retirement) {
        self.registers[usize::from(actual.rd & 31)] = actual.rd_value;
        self.registers[0] = 0;
        self.history[self.retired as usize % HISTORY] = Traced {
            cycle: actual.cycle,
            order: actual.order,
            pc: actual.pc,
            insn: actual.insn,
            rd: (actual.rd, actual.rd_value),
            trap: actual.trap,
            interrupt: actual.interrupt,
        };
        self.retired += 1;
    }

    /// What the reference sends, the system has sent before; the system may be ahead.
    #[cold]
    fn compare_output(&mut self) -> Option<Difference> {
        let expected = self.hart.take_output();
        if self.sent.starts_with(&expected) {
            self.sent.drain(..expected.len());
            return None;
        }
        Some(Difference::Sent { expected, actual: std::mem::take(&mut self.sent) })
    }

    /// The mismatch of these differences, after the last instruction.
    #[cold]
    pub(super) fn mismatch(
        &self,
        cycle: u64,
        differences: Vec<Difference>,
        run: Option<(LastRun, Box<Run>)>,
    ) -> Box<Mismatch> {
        let first = self.retired.saturating_sub(HISTORY as u64);
        let history =
            (first..self.retired).map(|order| self.history[order as usize % HISTORY]).collect();
        let expected = self.hart.registers();
        let registers = std::array::from_fn(|n| (self.registers[n], expected[n]));
        Box::new(Mismatch { cycle, differences, history, registers, run })
    }
}

/// How an instruction differs; the unit's results apart.
#[inline]
fn differences(actual: &Retirement, expected: &Retire, order: u64) -> Vec<Difference> {
    let mut found = Vec::new();
    if actual.order != order {
        found.push(Difference::Order { expected: order, actual: actual.order });
    }
    if actual.pc != expected.pc {
        found.push(Difference::Pc { expected: expected.pc, actual: actual.pc });
    }
    if actual.insn != expected.insn {
        found.push(Difference::Instruction { expected: expected.insn, actual: actual.insn });
    }
    // One cause is reported: the trap's goes before the interrupt's.
    let actual_trap = actual.trap.then_some(actual.cause);
    let expected_trap = expected.trap.map(|trap| trap.cause);
    if actual_trap != expected_trap {
        found.push(Difference::Trap { expected: expected_trap, actual: actual_trap });
    }
    let actual_interrupt = actual.interrupt.then_some(actual.cause);
    if actual_trap.is_none() && actual_interrupt != expected.interrupt {
        let (expected, actual) = (expected.interrupt, actual_interrupt);
        found.push(Difference::Interrupt { expected, actual });
    }
    let actual_rd = (actual.rd != 0).then_some((actual.rd, actual.rd_value));
    if actual_rd != expected.rd {
        found.push(Difference::Register { expected: expected.rd, actual: actual_rd });
    }
    let actual_memory = (actual.mem_rmask | actual.mem_wmask != 0).then_some(Access {
        addr: actual.mem_addr,
        rmask: actual.mem_rmask,
        wmask: actual.mem_wmask,
        rdata: actual.mem_rdata,
        wdata: actual.mem_wdata,
    });
    if actual_memory != expected.memory {
        found.push(Difference::Memory { expected: expected.memory, actual: actual_memory });
    }
    if actual.next_pc != expected.next_pc {
        found.push(Difference::NextPc { expected: expected.next_pc, actual: actual.next_pc });
    }
    found
}

/// How the results of a run of the unit differ.
fn run_differences(actual: &LastRun, expected: &Run) -> Vec<Difference> {
    let mut found = Vec::new();
    for output in 0..4 {
        let (expected_keep, actual_keep) = (expected.keep[output], actual.keep[output]);
        if expected_keep != actual_keep {
            found.push(Difference::Keep { output, expected: expected_keep, actual: actual_keep });
        }
        let (expected_score, actual_score) = (expected.s_max[output], actual.s_max[output]);
        if expected_score != actual_score {
            found.push(Difference::SMax { output, expected: expected_score, actual: actual_score });
        }
        let (expected, actual) = (expected.outputs[output], actual.outputs[output]);
        if expected != actual {
            found.push(Difference::Output { output, expected, actual });
        }
    }
    found
}
