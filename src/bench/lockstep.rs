// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lockstep: each instruction that the system retires, compared with the reference model.
//!
//! A [`Lockstep`] is the reference beside the system: it [loads](Lockstep::load) what the system
//! loads, [steps](Lockstep::step) for each instruction that retires, takes the bytes that the system
//! has [sent](Lockstep::sent), and says how they [differ](Mismatch).

use std::fmt;

use model::elf::Executable;
use model::facts::csr::{FCSR, MIE, MSTATUS};
use model::facts::riscv::{INSN_WFI, MSTATUS_FS, MSTATUS_MIE, OPCODE_CONV};
use model::facts::soc::RAM_BASE;
use model::hart::{Access, Feed, FeedError, Hart, HartError, Retire, Run, Trap};
use model::isa::decode;

use super::scoreboard::{self, output_differences};
use super::system::{LastRun, Retirement};
use crate::hw::SocParameters;

/// Instructions that a mismatch tells of.
pub(super) const HISTORY: usize = 16;

/// An exception that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastTrap {
    pub cycle: u64,
    pub pc: u32,
    pub trap: Trap,
}

/// The reference model, in step with a system.
#[derive(Debug)]
pub struct Lockstep {
    hart: Hart,
    /// Whether both have floats.
    float: bool,
    /// The registers as the system has written them.
    registers: [u32; 32],
    float_registers: [u32; 32],
    history: [Retirement; HISTORY],
    retired: u64,
    last_trap: Option<LastTrap>,
    /// Bytes that the system has sent and the reference not yet.
    sent: Vec<u8>,
}

impl Lockstep {
    /// The reference of a system after its reset.
    pub fn new(soc: &SocParameters) -> Self {
        Self {
            hart: Hart::new(&soc.hart()),
            float: soc.float,
            registers: [0; 32],
            float_registers: [0; 32],
            history: [Retirement::default(); HISTORY],
            retired: 0,
            last_trap: None,
            sent: Vec::new(),
        }
    }

    pub fn load(&mut self, program: &Executable) -> Result<(), HartError> {
        program.segments.iter().try_for_each(|it| self.hart.load(it.addr, &it.bytes))
    }

    pub fn hart(&self) -> &Hart {
        &self.hart
    }

    /// Whether the next instruction is a wfi.
    pub(super) fn waits(&self) -> bool {
        self.hart.read_word(self.hart.pc()) == Some(INSN_WFI)
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
        let floats = self.float.then(|| *self.hart.float_registers());
        let expected = match self.hart.step(&feed) {
            Ok(expected) => expected,
            Err(error) => {
                return Err(self.mismatch(actual.cycle, vec![Difference::Feed(error)], None));
            }
        };
        if let Some(trap) = expected.trap {
            let (cycle, pc) = (actual.cycle, expected.pc);
            self.last_trap = Some(LastTrap { cycle, pc, trap });
        }
        let mut found = differences(actual, &expected, self.retired - 1);
        if let Some(floats) = &floats {
            found.extend(float_differences(actual, &expected, floats, &self.hart));
        }
        // A store to a device may be one to the UART.
        if expected.memory.is_some_and(|access| access.wmask != 0 && access.addr < RAM_BASE) {
            found.extend(self.compare_output());
        }
        let ran = expected.run.as_ref().map(|run| {
            let last_run = last_run();
            found.extend(run_differences(&last_run, run));
            last_run
        });
        if found.is_empty() {
            return Ok(expected);
        }
        Err(self.mismatch(actual.cycle, found, ran.zip(expected.run)))
    }

    /// The last instructions, the last one last.
    pub fn recent(&self) -> Vec<Retirement> {
        let first = self.retired.saturating_sub(HISTORY as u64);
        (first..self.retired).map(|order| self.history[order as usize % HISTORY]).collect()
    }

    /// The last exception.
    pub fn last_trap(&self) -> Option<LastTrap> {
        self.last_trap
    }

    /// Whether an interrupt may come.
    pub fn interruptible(&self) -> bool {
        let csr = |number| self.hart.csr(number).unwrap_or_default();
        csr(MSTATUS) & MSTATUS_MIE != 0 && csr(MIE) != 0
    }

    /// Whether instructions that have not retired yet, but that the system may have begun, use these
    /// bytes, as code or as data.
    pub(super) fn under_way(&self, addr: u32, bytes: u32) -> bool {
        // Those in the pipeline, and those of the words that are fetched ahead too.
        const BEGUN: usize = 3;
        const FETCHED: u32 = 12;
        let uses = |at: u32, length: u32| overlap((at, length), (addr, bytes));
        let mut hart = self.hart.clone();
        for number in 0..FETCHED as usize {
            if uses(hart.pc(), 4) {
                return true;
            }
            // An interrupt would have them fetched and executed anew.
            let feed = Feed { mip: Some(0), interrupt: false, read: None };
            let Ok(next) = hart.step(&feed) else { return uses(hart.pc(), 4 * FETCHED) };
            let unit = next.insn & 0x7f == OPCODE_CONV;
            if number < BEGUN && (unit || next.memory.is_some_and(|it| uses(it.addr, 4))) {
                return true;
            }
        }
        false
    }

    /// Puts bytes into the reference's memory that a host has put into the system's.
    pub(super) fn write(&mut self, addr: u32, bytes: &[u8]) -> Result<(), HartError> {
        self.hart.load(addr, bytes)
    }

    /// Notes an instruction in the history and in the system's registers.
    #[inline]
    fn note(&mut self, actual: &Retirement) {
        self.registers[usize::from(actual.rd & 31)] = actual.rd_value;
        self.registers[0] = 0;
        if let Some((rd, value)) = actual.float.rd {
            self.float_registers[usize::from(rd & 31)] = value;
        }
        self.history[self.retired as usize % HISTORY] = *actual;
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
        let history = self.recent();
        let pairs = |actual: &[u32; 32], expected: &[u32; 32]| {
            std::array::from_fn(|n| (actual[n], expected[n]))
        };
        let registers = pairs(&self.registers, self.hart.registers());
        let floats = || pairs(&self.float_registers, self.hart.float_registers());
        let float_registers = self.float.then(floats);
        Box::new(Mismatch { cycle, differences, history, registers, float_registers, run })
    }
}

/// Whether two ranges, each an address and bytes from there on, share a byte.
pub(super) fn overlap(a: (u32, u32), b: (u32, u32)) -> bool {
    let end = |(addr, bytes): (u32, u32)| u64::from(addr) + u64::from(bytes);
    u64::from(a.0) < end(b) && u64::from(b.0) < end(a)
}

/// How an instruction differs; the unit's results apart.
#[inline]
fn differences(actual: &Retirement, expected: &Retire, order: u64) -> Vec<Difference> {
    let mut found = Vec::new();
    macro_rules! compare {
        ($kind:ident, $expected:expr, $actual:expr) => {
            let (expected, actual) = ($expected, $actual);
            if expected != actual {
                found.push(Difference::$kind { expected, actual });
            }
        };
    }
    compare!(Order, order, actual.order);
    compare!(Pc, expected.pc, actual.pc);
    compare!(Instruction, expected.insn, actual.insn);
    // One cause is reported: the trap's goes before the interrupt's.
    compare!(Trap, expected.trap.map(|trap| trap.cause), actual.trap.then_some(actual.cause));
    if !actual.trap {
        compare!(Interrupt, expected.interrupt, actual.interrupt.then_some(actual.cause));
    }
    compare!(Register, expected.rd, (actual.rd != 0).then_some((actual.rd, actual.rd_value)));
    let access = Access {
        addr: actual.mem_addr,
        rmask: actual.mem_rmask,
        wmask: actual.mem_wmask,
        rdata: actual.mem_rdata,
        wdata: actual.mem_wdata,
    };
    let accessed = actual.mem_rmask | actual.mem_wmask != 0;
    compare!(Memory, expected.memory, accessed.then_some(access));
    compare!(NextPc, expected.next_pc, actual.next_pc);
    found
}

/// How the float side of an instruction differs: `before` are the reference's float registers before it,
/// `hart` the reference behind it.
fn float_differences(
    actual: &Retirement,
    expected: &Retire,
    before: &[u32; 32],
    hart: &Hart,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let float = &actual.float;
    // What an instruction reads that traps has no effect.
    if let (None, Some(it)) = (expected.trap, decode(expected.insn, true)) {
        let [_, floats @ ..] = it.op.floats();
        let registers = [it.rs1, it.rs2, it.rs3];
        for ((reads, register), actual) in floats.into_iter().zip(registers).zip(float.reads) {
            let value = (register, before[usize::from(register)]);
            let expected = if reads { value } else { (0, 0) };
            if actual != expected {
                found.push(Difference::FloatOperand { expected, actual });
            }
        }
    }
    if float.rd != expected.float_rd {
        found.push(Difference::FloatRegister { expected: expected.float_rd, actual: float.rd });
    }
    let status = hart.csr(MSTATUS).unwrap_or_default();
    for (what, expected, actual) in [
        ("the flags that it raises", expected.flags, float.flags),
        ("fcsr", hart.csr(FCSR).unwrap_or_default(), float.fcsr),
        ("mstatus.FS", (status & MSTATUS_FS) >> MSTATUS_FS.trailing_zeros(), float.fs),
    ] {
        if expected != actual {
            found.push(Difference::FloatState { what, expected, actual });
        }
    }
    found
}

/// How the results of a run of the unit differ; products are numbered `row · KERNEL + column`.
fn run_differences(actual: &LastRun, expected: &Run) -> impl Iterator<Item = Difference> {
    let Run { outputs, s_max, keep, semantics, .. } = *expected;
    let LastRun { outputs: found, s_max: found_s_max, kept } = *actual;
    let differences = move |n| {
        let expected = (outputs[n], s_max[n], keep[n]);
        let found = (found[n], found_s_max[n], kept.bits[n]);
        output_differences(n, semantics.number, expected, found)
    };
    (0..4).flat_map(differences).map(Difference::Unit)
}

/// The first instruction at which the system and the reference differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The clock cycle behind which the system reported it, or in which it was given up.
    pub cycle: u64,
    /// How they differ; at least one thing.
    pub differences: Vec<Difference>,
    /// The last instructions that retired, the differing one last.
    pub history: Vec<Retirement>,
    /// The registers after it, of the system and of the reference.
    pub registers: [(u32, u32); 32],
    /// The float registers alike, if there are any.
    pub float_registers: Option<[(u32, u32); 32]>,
    /// The unit's run, if it was one: of the system and of the reference.
    pub run: Option<(LastRun, Box<Run>)>,
}

impl Mismatch {
    /// What an assertion tells when there is no reference.
    pub(super) fn without_reference(cycle: u64, differences: Vec<Difference>) -> Self {
        let (history, registers, float_registers) = (Vec::new(), [(0, 0); 32], None);
        Self { cycle, differences, history, registers, float_registers, run: None }
    }
}

/// A difference at one instruction: what the reference has, and what the system has; nothing where
/// there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    Pc {
        expected: u32,
        actual: u32,
    },
    Instruction {
        expected: u32,
        actual: u32,
    },
    /// The number of the instruction: one is missing, or reported twice.
    Order {
        expected: u64,
        actual: u64,
    },
    /// The exception: `mcause`.
    Trap {
        expected: Option<u32>,
        actual: Option<u32>,
    },
    /// Which interrupt was taken before the instruction: `mcause`.
    Interrupt {
        expected: Option<u32>,
        actual: Option<u32>,
    },
    /// The system's interrupts are not justified.
    Feed(FeedError),
    /// The register written, and its value.
    Register {
        expected: Option<(u8, u32)>,
        actual: Option<(u8, u32)>,
    },
    /// A float register read, and its value; 0 and 0 for none.
    FloatOperand {
        expected: (u8, u32),
        actual: (u8, u32),
    },
    /// The float register written, and its value.
    FloatRegister {
        expected: Option<(u8, u32)>,
        actual: Option<(u8, u32)>,
    },
    /// Flags, or the state of floats behind the instruction.
    FloatState {
        what: &'static str,
        expected: u32,
        actual: u32,
    },
    Memory {
        expected: Option<Access>,
        actual: Option<Access>,
    },
    NextPc {
        expected: u32,
        actual: u32,
    },
    /// A result of the unit.
    Unit(scoreboard::Difference),
    /// The UART's bytes, from the first that differs on.
    Sent {
        expected: Vec<u8>,
        actual: Vec<u8>,
    },
    /// No instruction has retired for so many cycles; the next one is at `pc`.
    Hang {
        cycles: u64,
        pc: u32,
    },
    /// An assertion of the RTL failed, or the model broke down.
    Assertion(String),
}

/// An exception's or interrupt's `mcause` in words.
pub(super) fn cause(mcause: Option<u32>) -> String {
    let Some(mcause) = mcause else { return "none".to_owned() };
    let text = match mcause {
        0x8000_0003 => "software interrupt",
        0x8000_0007 => "timer interrupt",
        0x8000_000b => "external interrupt",
        1 => "instruction access fault",
        2 => "illegal instruction",
        3 => "breakpoint",
        4 => "load address misaligned",
        5 => "load access fault",
        7 => "store access fault",
        11 => "environment call",
        _ => "unknown cause",
    };
    format!("{text} (mcause {mcause:#x})")
}

/// A load or store in words.
struct Bytes(Access);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Access { addr, rmask, wmask, rdata, wdata } = self.0;
        let (verb, mask, data) = match wmask {
            0 => ("read", rmask, rdata),
            _ => ("wrote", wmask, wdata),
        };
        let bytes = mask.count_ones() as usize;
        let digits = 2 + 2 * bytes;
        write!(f, "{verb} {data:#0digits$x} ({bytes} bytes) at {addr:#010x}")
    }
}

/// What was written to a register, in words.
fn written(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    letter: char,
    expected: Option<(u8, u32)>,
    actual: Option<(u8, u32)>,
) -> fmt::Result {
    match actual {
        Some((rd, value)) => write!(f, "{letter}{rd}: the core wrote {value:#010x}")?,
        None => write!(f, "{kind}register: the core wrote none")?,
    }
    match expected {
        Some((rd, value)) if actual.is_some_and(|(other, _)| other == rd) => {
            write!(f, ", expected {value:#010x}")
        }
        Some((rd, value)) => write!(f, ", expected {value:#010x} in {letter}{rd}"),
        None => write!(f, ", expected no {kind}write"),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pc { expected, actual } => write!(
                f,
                "pc: the core retired the instruction at {actual:#010x}, expected the one at {expected:#010x}"
            ),
            Self::Instruction { expected, actual } => write!(
                f,
                "instruction: the core executed {actual:#010x}, the memory has {expected:#010x}"
            ),
            Self::Order { expected, actual } => {
                write!(f, "order: the core numbered it {actual}, expected {expected}")
            }
            Self::Trap { expected, actual } => {
                write!(f, "trap: the core took {}, expected {}", cause(*actual), cause(*expected))
            }
            Self::Interrupt { expected, actual } => {
                let (expected, actual) = (cause(*expected), cause(*actual));
                write!(f, "interrupt: the core took {actual}, expected {expected}")
            }
            Self::Feed(error) => write!(f, "interrupt: {error}"),
            Self::Register { expected, actual } => written(f, "", 'x', *expected, *actual),
            Self::FloatRegister { expected, actual } => {
                written(f, "float ", 'f', *expected, *actual)
            }
            Self::FloatOperand { expected: (register, expected), actual: (read, actual) } => {
                write!(
                    f,
                    "operand: the core read {actual:#010x} in f{read}, expected {expected:#010x} in \
                 f{register}"
                )
            }
            Self::FloatState { what, expected, actual } => {
                write!(f, "{what}: the core has {actual:#x}, expected {expected:#x}")
            }
            Self::Memory { expected, actual } => {
                match actual {
                    Some(access) => write!(f, "memory: the core {}", Bytes(*access))?,
                    None => f.write_str("memory: the core made no access")?,
                }
                match expected {
                    Some(access) => write!(f, ", the reference {}", Bytes(*access)),
                    None => f.write_str(", expected no access"),
                }
            }
            Self::NextPc { expected, actual } => {
                write!(f, "next pc: the core goes on at {actual:#010x}, expected {expected:#010x}")
            }
            Self::Unit(difference) => write!(f, "{difference}"),
            Self::Sent { expected, actual } => write!(
                f,
                "UART: the system sent {:?}, expected {:?}",
                String::from_utf8_lossy(actual),
                String::from_utf8_lossy(expected)
            ),
            Self::Hang { cycles, pc } => write!(
                f,
                "hang: no instruction has retired for {cycles} cycles; the next one is at {pc:#010x}"
            ),
            Self::Assertion(text) => write!(f, "the RTL stopped: {text}"),
        }
    }
}
