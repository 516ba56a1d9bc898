// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program under GDB: its remote protocol, on the system in lockstep with the reference. What is
//! read is the reference's, which agrees with the system behind every instruction. Memory is written
//! in both. Registers are not: where one instruction has retired, the core has begun the next ones and
//! read their operands, so that the RTL would go on with the old values.

use std::collections::BTreeSet;
use std::net::TcpStream;

use gdbstub::common::Signal;
use gdbstub::conn::ConnectionExt;
use gdbstub::stub::run_blocking::{BlockingEventLoop, Event, WaitForStopReasonError};
use gdbstub::stub::{DisconnectReason, GdbStub, SingleThreadStopReason};
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::single_register_access::{
    SingleRegisterAccess, SingleRegisterAccessOps,
};
use gdbstub::target::ext::base::singlethread::{
    SingleThreadBase, SingleThreadResume, SingleThreadResumeOps, SingleThreadSingleStep,
    SingleThreadSingleStepOps,
};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwWatchpoint, HwWatchpointOps, SwBreakpoint, SwBreakpointOps,
    WatchKind,
};
use gdbstub::target::ext::target_description_xml_override::{
    TargetDescriptionXmlOverride, TargetDescriptionXmlOverrideOps,
};
use gdbstub::target::{Target, TargetError, TargetResult};
use gdbstub_arch::riscv::Riscv32;
use gdbstub_arch::riscv::reg::RiscvCoreRegs;
use gdbstub_arch::riscv::reg::id::RiscvRegId;
use model::facts::csr::{FCSR, FFLAGS, FRM};
use model::hart::Hart;
use model::isa::csr_name;

use super::cosimulation::{Cosimulation, End};
use super::lockstep::overlap;
use super::system::Retirement;

/// Instructions between two looks for what GDB sends.
const POLL: u32 = 256;

/// How a session with GDB ended.
#[derive(Debug)]
pub enum Session {
    /// The program has come to its end.
    Ended(End),
    /// GDB left the program to itself.
    Detached,
    /// GDB killed it.
    Killed,
}

/// Serves GDB on a connection; `send` gets what the program sends, `tell` why something that GDB asks
/// for cannot be done. The program has a reference.
///
/// The error says why the connection, or the system, broke down.
pub fn serve(
    run: &mut Cosimulation,
    connection: TcpStream,
    send: &mut dyn FnMut(&[u8]),
    tell: &mut dyn FnMut(&str),
) -> Result<Session, String> {
    let (breakpoints, watchpoints) = (BTreeSet::new(), Vec::new());
    let last = Retirement::default();
    let mut program =
        Program { run, send, tell, breakpoints, watchpoints, last, steps: false, end: None };
    let connection: Box<dyn ConnectionExt<Error = std::io::Error>> = Box::new(connection);
    let reason = GdbStub::new(connection).run_blocking::<Program<'_>>(&mut program);
    match (program.end.take(), reason) {
        (_, Err(error)) => Err(format!("the session with GDB broke down: {error}")),
        (Some(end), _) => Ok(Session::Ended(end)),
        (None, Ok(DisconnectReason::Kill)) => Ok(Session::Killed),
        (None, Ok(_)) => Ok(Session::Detached),
    }
}

struct Program<'a> {
    run: &'a mut Cosimulation,
    send: &'a mut dyn FnMut(&[u8]),
    tell: &'a mut dyn FnMut(&str),
    breakpoints: BTreeSet<u32>,
    watchpoints: Vec<Watchpoint>,
    /// The last instruction.
    last: Retirement,
    steps: bool,
    end: Option<End>,
}

/// Bytes, and what to do with them stops the program.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Watchpoint {
    addr: u32,
    bytes: u32,
    kind: WatchKind,
}

impl Watchpoint {
    fn stops(&self, retired: &Retirement) -> bool {
        let mask = match self.kind {
            WatchKind::Write => retired.mem_wmask,
            WatchKind::Read => retired.mem_rmask,
            WatchKind::ReadWrite => retired.mem_wmask | retired.mem_rmask,
        };
        // Where nothing is accessed, the address is any.
        mask != 0 && overlap((retired.mem_addr, mask.count_ones()), (self.addr, self.bytes))
    }
}

const REGISTERS: &str = "registers cannot be written: the core has begun the next instructions, with \
                         the values of now";

impl Program<'_> {
    fn hart(&self) -> Result<&Hart, String> {
        let reference = self.run.reference().ok_or("there is no reference")?;
        Ok(reference.hart())
    }

    /// Runs until one instruction has retired, or the program has come to its end.
    fn instruction(&mut self) -> Result<(), String> {
        let mut retired = false;
        while !retired && self.end.is_none() {
            let until = self.run.system().cycles() + 1;
            let end = self.run.run_with(until, |retirement, _| {
                (retired, self.last) = (true, *retirement);
            });
            (self.send)(&self.run.take_output());
            self.end = Some(end.map_err(|error| error.to_string())?).filter(|it| *it != End::Limit);
        }
        Ok(())
    }

    /// Why the program stops behind the last instruction, if it does.
    fn stop_reason(&self) -> Result<Option<SingleThreadStopReason<u32>>, String> {
        Ok(match &self.end {
            Some(End::Tohost(word)) => {
                let code = u8::try_from(word >> 1).unwrap_or(u8::MAX);
                Some(SingleThreadStopReason::Exited(code))
            }
            Some(_) => Some(SingleThreadStopReason::Terminated(Signal::SIGABRT)),
            None if let Some(it) = self.watchpoints.iter().find(|it| it.stops(&self.last)) => {
                Some(SingleThreadStopReason::Watch { tid: (), kind: it.kind, addr: it.addr })
            }
            None if self.breakpoints.contains(&self.hart()?.pc()) => {
                Some(SingleThreadStopReason::SwBreak(()))
            }
            None => self.steps.then_some(SingleThreadStopReason::DoneStep),
        })
    }
}

impl<'a> BlockingEventLoop for Program<'a> {
    type Target = Program<'a>;
    type Connection = Box<dyn ConnectionExt<Error = std::io::Error>>;
    type StopReason = SingleThreadStopReason<u32>;

    fn wait_for_stop_reason(
        target: &mut Self::Target,
        connection: &mut Self::Connection,
    ) -> Result<Event<Self::StopReason>, WaitForStopReasonError<String, std::io::Error>> {
        loop {
            for _ in 0..POLL {
                target.instruction().map_err(WaitForStopReasonError::Target)?;
                let reason = target.stop_reason().map_err(WaitForStopReasonError::Target)?;
                if let Some(reason) = reason {
                    return Ok(Event::TargetStopped(reason));
                }
            }
            if connection.peek().map_err(WaitForStopReasonError::Connection)?.is_some() {
                let byte = connection.read().map_err(WaitForStopReasonError::Connection)?;
                return Ok(Event::IncomingData(byte));
            }
        }
    }

    fn on_interrupt(_: &mut Self::Target) -> Result<Option<Self::StopReason>, String> {
        Ok(Some(SingleThreadStopReason::Signal(Signal::SIGINT)))
    }
}

impl Target for Program<'_> {
    type Arch = Riscv32;
    type Error = String;

    fn base_ops(&mut self) -> BaseOps<'_, Riscv32, String> {
        BaseOps::SingleThread(self)
    }

    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }

    fn support_target_description_xml_override(
        &mut self,
    ) -> Option<TargetDescriptionXmlOverrideOps<'_, Self>> {
        if self.run.system().parameters().float { Some(self) } else { None }
    }
}

/// The registers of a core with floats; those of one without are known from its architecture.
impl TargetDescriptionXmlOverride for Program<'_> {
    fn target_description_xml(
        &self,
        annex: &[u8],
        offset: u64,
        length: usize,
        buffer: &mut [u8],
    ) -> TargetResult<usize, Self> {
        if annex != b"target.xml" {
            return Err(TargetError::NonFatal);
        }
        let text = with_floats();
        let rest = usize::try_from(offset).ok().and_then(|it| text.as_bytes().get(it..));
        let rest = rest.unwrap_or_default();
        let bytes = rest.len().min(length).min(buffer.len());
        buffer[..bytes].copy_from_slice(&rest[..bytes]);
        Ok(bytes)
    }
}

/// A description of the registers x0 to x31, pc, f0 to f31 and the CSRs of floats, numbered as
/// [`RiscvRegId`] has them.
fn with_floats() -> String {
    const FIRST_CSR: u16 = 65;
    let register = |name: &str, kind: &str, number: &str| {
        format!("<reg name=\"{name}\" bitsize=\"32\" type=\"{kind}\"{number}/>")
    };
    let feature = |name: &str, registers: String| {
        format!("<feature name=\"org.gnu.gdb.riscv.{name}\">{registers}</feature>")
    };
    let mut integers: String = (0..32).map(|n| register(&format!("x{n}"), "int", "")).collect();
    integers += &register("pc", "code_ptr", "");
    let mut floats: String =
        (0..32).map(|n| register(&format!("f{n}"), "ieee_single", "")).collect();
    for number in [FFLAGS, FRM, FCSR] {
        let place = format!(" regnum=\"{}\"", FIRST_CSR + number);
        floats += &register(&csr_name(number, true), "int", &place);
    }
    let features = feature("cpu", integers) + &feature("fpu", floats);
    format!("<target version=\"1.0\"><architecture>riscv:rv32</architecture>{features}</target>")
}

impl SingleThreadBase for Program<'_> {
    fn read_registers(&mut self, registers: &mut RiscvCoreRegs<u32>) -> TargetResult<(), Self> {
        let hart = self.hart().map_err(TargetError::Fatal)?;
        (registers.x, registers.pc) = (*hart.registers(), hart.pc());
        Ok(())
    }

    fn write_registers(&mut self, _: &RiscvCoreRegs<u32>) -> TargetResult<(), Self> {
        (self.tell)(REGISTERS);
        Err(TargetError::NonFatal)
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, (), Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, start: u32, data: &mut [u8]) -> TargetResult<usize, Self> {
        let hart = self.hart().map_err(TargetError::Fatal)?;
        let mut read = 0;
        for (place, addr) in data.iter_mut().zip(start..) {
            let Some(word) = hart.read_word(addr & !3) else { break };
            *place = word.to_le_bytes()[addr as usize % 4];
            read += 1;
        }
        if read == 0 { Err(TargetError::NonFatal) } else { Ok(read) }
    }

    fn write_addrs(&mut self, start: u32, data: &[u8]) -> TargetResult<(), Self> {
        self.run.poke(start, data).map_err(|error| {
            (self.tell)(&error.to_string());
            TargetError::NonFatal
        })
    }

    fn support_resume(&mut self) -> Option<SingleThreadResumeOps<'_, Self>> {
        Some(self)
    }
}

impl SingleRegisterAccess<()> for Program<'_> {
    fn read_register(
        &mut self,
        (): (),
        register: RiscvRegId<u32>,
        bytes: &mut [u8],
    ) -> TargetResult<usize, Self> {
        let hart = self.hart().map_err(TargetError::Fatal)?;
        let value = match register {
            RiscvRegId::Gpr(number) => hart.registers().get(usize::from(number)).copied(),
            RiscvRegId::Pc => Some(hart.pc()),
            RiscvRegId::Fpr(number) => hart.float_registers().get(usize::from(number)).copied(),
            RiscvRegId::Csr(number) => hart.csr(number),
            _ => None,
        };
        let value = value.ok_or(TargetError::NonFatal)?.to_le_bytes();
        let place = bytes.get_mut(..value.len()).ok_or(TargetError::NonFatal)?;
        place.copy_from_slice(&value);
        Ok(value.len())
    }

    fn write_register(&mut self, (): (), _: RiscvRegId<u32>, _: &[u8]) -> TargetResult<(), Self> {
        (self.tell)(REGISTERS);
        Err(TargetError::NonFatal)
    }
}

impl SingleThreadResume for Program<'_> {
    fn resume(&mut self, _: Option<Signal>) -> Result<(), String> {
        self.steps = false;
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<SingleThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
}

impl SingleThreadSingleStep for Program<'_> {
    fn step(&mut self, _: Option<Signal>) -> Result<(), String> {
        self.steps = true;
        Ok(())
    }
}

impl Breakpoints for Program<'_> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }

    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

/// They see the loads and stores of the core; what the unit reads of a window stops nothing.
impl HwWatchpoint for Program<'_> {
    fn add_hw_watchpoint(
        &mut self,
        addr: u32,
        bytes: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        self.watchpoints.push(Watchpoint { addr, bytes, kind });
        Ok(true)
    }

    fn remove_hw_watchpoint(
        &mut self,
        addr: u32,
        bytes: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let place = self.watchpoints.iter().position(|it| *it == Watchpoint { addr, bytes, kind });
        Ok(place.map(|place| self.watchpoints.swap_remove(place)).is_some())
    }
}

/// They are looked for behind each instruction; the program in memory stays as it is.
impl SwBreakpoint for Program<'_> {
    fn add_sw_breakpoint(&mut self, addr: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.breakpoints.insert(addr))
    }

    fn remove_sw_breakpoint(&mut self, addr: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.breakpoints.remove(&addr))
    }
}
