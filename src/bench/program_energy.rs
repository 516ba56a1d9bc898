// SPDX-License-Identifier: MIT OR Apache-2.0
//! The netlist of core and unit as an engine that measures what an inference takes as a program.
//!
//! The reference model goes to some places of a stage. The netlist starts there with its registers, its
//! RAM and the kernels in the unit, and runs on, instruction by instruction of the real program: what it
//! stores must be what the reference stores. How many cycles the whole stage has is taken from the RTL of
//! the system.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::conv::{Plane, Semantics};
use model::engine::{
    Detail, Engine, EngineError, EngineFactory, EngineInfo, Findings, LayerRun, Mismatch, Place,
    StageEnergy,
};
use model::facts::conv::{CONV_CARRY, LOAD_SLOT, SMAX_VALID};
use model::facts::csr::{MCOUNTINHIBIT, MEPC};
use model::facts::riscv::OPCODE_CONV;
use model::facts::soc::RAM_BASE;
use model::hart::{Access, Feed, FeedError, Hart, Retire};
use model::isa::{Instruction, Op, decode, disassemble};
use model::nn::{Configuration, Convolution, MachineNetwork};
use serde_json::{Value, json};
use silicon::netlist::{Net, Scope};
use silicon::switching::{Simulator, SwitchingError};

use super::energy::{Gates, add_energy, energy_alone, report_netlist};
use super::inference::{CoreEngine, CoreSettings};
use crate::hw::CLOCK;

/// Opens engines on one netlist of core and unit.
pub struct ProgramGatesFactory {
    pub gates: Arc<Gates>,
    /// The program, and the system that it runs on.
    pub core: CoreSettings,
    /// All that the netlist depends on, for the provenance.
    pub settings: Value,
}

impl EngineFactory for ProgramGatesFactory {
    fn info(&self) -> EngineInfo {
        let core = self.core.info();
        let settings =
            json!({ "name": "netlist", "system": core.settings, "netlist": self.settings });
        EngineInfo { name: "netlist", settings, ..core }
    }

    fn open(&self) -> Result<Box<dyn Engine>, EngineError> {
        Ok(Box::new(ProgramGates {
            gates: Arc::clone(&self.gates),
            core: CoreEngine::new(self.core.clone()),
            ram_words: self.core.soc.ram_bytes / 4,
            seed: self.core.seed,
            settings: self.settings.clone(),
            findings: Findings::default(),
        }))
    }
}

struct ProgramGates {
    gates: Arc<Gates>,
    core: CoreEngine,
    ram_words: u32,
    /// Of what registers hold before they are written.
    seed: u64,
    /// What the netlist depends on.
    settings: Value,
    findings: Findings,
}

#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Switching(#[from] SwitchingError),
    #[error(transparent)]
    Reference(#[from] FeedError),
    #[error("the netlist has no port {0}; the RTL has")]
    NoPort(&'static str),
    #[error("there is no window to start at")]
    NoSample,
    #[error("the program does not come to stage {0}")]
    NoStage(String),
    #[error("the netlist does nothing of the program for {IDLE} cycles")]
    Idle,
    #[error("the netlist asks for a word at {0:#010x}, where no RAM is")]
    NoRam(u32),
    #[error("the netlist stores {found}; the reference {expected}, by {insn} at {pc:#010x}")]
    Store { found: String, expected: String, insn: String, pc: u32 },
}

impl RunError {
    /// Whether the netlist does something else than the reference.
    fn is_mismatch(&self) -> bool {
        matches!(self, Self::Idle | Self::NoRam(_) | Self::Store { .. })
    }
}

/// Samples of a stage, as far from each other as from its ends.
const SAMPLES: u64 = 4;

/// Cycles that bring a netlist to where the reference is, at most.
const RESTORED: usize = 100_000;

/// Cycles without a word from memory after which a netlist is taken for one that hangs.
const IDLE: usize = 1000;

impl Engine for ProgramGates {
    fn name(&self) -> &'static str {
        "netlist"
    }

    fn layer(
        &mut self,
        _: &Place,
        _: &Convolution,
        _: &Semantics,
        _: &[Vec<Plane>],
        _: Detail,
    ) -> Result<LayerRun, EngineError> {
        Err(energy_alone())
    }

    fn program_energy(
        &mut self,
        place: &Place,
        network: &MachineNetwork,
        configuration: &Configuration,
        image: &[Plane],
        cycles: u64,
    ) -> Result<Vec<StageEnergy>, EngineError> {
        let images = [image.to_vec()];
        let run = self.core.infer(place, network, configuration, &images, Detail::Sums)?;
        let mut hart = self.core.hart(place, network, configuration, image)?;
        let mut measured = Vec::new();
        for record in run.stages.into_iter().flatten() {
            let counts = record.counts;
            let place = Place { layer: record.stage.clone(), ..place.clone() };
            let cycles = cycles.min(counts.cycles.into());
            let stage = to_the_next_stage(&mut hart, &record.stage)
                .and_then(|()| self.stage(&mut hart, counts.instructions.into(), cycles));
            let stage = match stage {
                Err(error) if error.is_mismatch() => {
                    self.findings.mismatches += 1;
                    let (difference, case) = (error.to_string(), Value::Null);
                    self.findings.cases.push(Mismatch { place, difference, case });
                    StageEnergy::default()
                }
                stage => stage.map_err(|error| EngineError::Failed {
                    case: None,
                    source: format!("stage {}: {error}", record.stage).into(),
                })?,
            };
            let cycles = counts.cycles.into();
            measured.push(StageEnergy { stage: record.stage, cycles, ..stage });
        }
        Ok(measured)
    }

    fn take_findings(&mut self) -> Result<Findings, EngineError> {
        let mut findings = self.core.take_findings()?;
        findings.merge(std::mem::take(&mut self.findings), usize::MAX);
        Ok(findings)
    }

    fn follow_up(&self, mismatch: &Mismatch, folder: &Path) -> Result<PathBuf, EngineError> {
        match mismatch.case {
            Value::Null => report_netlist(mismatch, "", self.seed, &self.settings, folder),
            _ => self.core.follow_up(mismatch, folder),
        }
    }
}

/// Whether the program takes a record: between two stages it stops the counters.
fn records(hart: &Hart) -> bool {
    hart.csr(MCOUNTINHIBIT) != Some(0)
}

/// Runs until the next record is complete.
fn to_the_next_stage(hart: &mut Hart, stage: &str) -> Result<(), RunError> {
    /// No stage has as many instructions.
    const LIMIT: usize = 200_000_000;
    let mut seen = false;
    for _ in 0..LIMIT {
        hart.step(&Feed::default())?;
        match records(hart) {
            true => seen = true,
            false if seen => return Ok(()),
            false => {}
        }
    }
    Err(RunError::NoStage(stage.to_owned()))
}

/// The instructions of the unit that made what it holds, each with its two operands.
#[derive(Default)]
struct UnitState {
    config: Option<(u32, [u32; 2])>,
    /// By slot.
    loads: BTreeMap<u32, (u32, [u32; 2])>,
    carry: Option<(u32, [u32; 2])>,
    plane: Option<(u32, [u32; 2])>,
}

impl UnitState {
    /// Executes an instruction of the reference.
    fn step(&mut self, hart: &mut Hart) -> Result<(), FeedError> {
        let before = *hart.registers();
        let retire = hart.step(&Feed::default())?;
        let insn = retire.insn;
        let Some(Instruction { op, rs1, rs2, .. }) = decode(insn, true) else { return Ok(()) };
        let operands = [rs1, rs2].map(|it| before[usize::from(it)]);
        match op {
            Op::ConvLoad => {
                self.loads.insert(operands[0] >> LOAD_SLOT & 0xff, (insn, operands));
            }
            Op::ConvConfig => self.config = Some((insn, operands)),
            Op::ConvCarry => self.carry = Some((insn, operands)),
            Op::ConvRun | Op::ConvAgain => {
                // The next run in running scope starts from the S_max of this one.
                if let Some(run) = &retire.run {
                    let half = |output: usize| run.s_max[output].map_or(0, |it| SMAX_VALID | it);
                    let halves = [half(0) | half(1) << 16, half(2) | half(3) << 16];
                    self.carry = Some((CONV_CARRY << 12 | OPCODE_CONV, halves));
                }
            }
            Op::ConvPlane => self.plane = Some((insn, operands)),
            _ => {}
        }
        Ok(())
    }
}

/// How many instructions the reference is from where it can be followed: where the unit fetches a
/// window, so that the one that it has is of no account, or behind its last instruction in the stage.
/// Nothing if the stage ends there.
fn to_a_start(hart: &Hart) -> Result<Option<u64>, FeedError> {
    let mut ahead = hart.clone();
    let mut start = 0;
    for number in 0.. {
        if records(&ahead) {
            return Ok(Some(start).filter(|&start| start < number));
        }
        let insn = ahead.step(&Feed::default())?.insn;
        match decode(insn, true).map(|it| it.op) {
            Some(Op::ConvRun) => return Ok(Some(number)),
            Some(_) if insn & 0x7f == OPCODE_CONV => start = number + 1,
            _ => {}
        }
    }
    unreachable!("a program ends")
}

/// A program that brings core and unit to where the reference is.
fn restore(hart: &Hart, unit: &UnitState) -> Vec<u32> {
    let load = |register: u32, value: u32| {
        // The lower 12 bits are added with their sign.
        let upper = value.wrapping_add(0x800) & 0xffff_f000;
        [upper | register << 7 | 0x37, value << 20 | register << 15 | register << 7 | 0x13]
    };
    let mut program = Vec::new();
    for &(insn, [first, second]) in
        unit.config.iter().chain(unit.loads.values()).chain(&unit.carry).chain(&unit.plane)
    {
        program.extend(load(1, first));
        program.extend(load(2, second));
        program.push(insn & 0x707f | 1 << 15 | 2 << 20);
    }
    program.extend(load(1, hart.pc()));
    // csrrw x0, mepc, x1
    program.push(u32::from(MEPC) << 20 | 1 << 15 | 0x1073);
    program.extend((1..32).flat_map(|it| load(it, hart.register(it as usize))));
    // mret
    program.push(0x3020_0073);
    program
}

/// The next store of the reference, and the instruction; nothing if a record begins before it.
fn next_store(hart: &mut Hart) -> Result<Option<(Access, Retire)>, RunError> {
    loop {
        let retire = hart.step(&Feed::default())?;
        if records(hart) {
            return Ok(None);
        }
        if let Some(store) = retire.memory.filter(|it| it.wmask != 0) {
            return Ok(Some((store, retire)));
        }
    }
}

/// The bits of the bytes of a mask.
fn bits_of(mask: u32) -> u32 {
    (0..4).filter(|byte| mask >> byte & 1 != 0).map(|byte| 0xff << (8 * byte)).sum()
}

fn blocks(scope: &Scope) -> [&'static str; 3] {
    let unit = scope.path.starts_with("u_coprocessor");
    [if unit { "unit" } else { "core" }; 3]
}

impl ProgramGates {
    /// Measures the stage that the reference is at the beginning of, in samples of so many cycles
    /// together.
    fn stage(
        &mut self,
        hart: &mut Hart,
        instructions: u64,
        cycles: u64,
    ) -> Result<StageEnergy, RunError> {
        let (mut unit, mut stage) = (UnitState::default(), StageEnergy::default());
        let mut executed = 0;
        for sample in 0..SAMPLES {
            let from = instructions * (2 * sample + 1) / (2 * SAMPLES);
            for _ in executed..from {
                unit.step(hart)?;
            }
            let Some(further) = to_a_start(hart)? else { continue };
            for _ in 0..further {
                unit.step(hart)?;
            }
            executed = from.max(executed) + further;
            let sample = self.sample(hart, &unit, cycles.div_ceil(SAMPLES))?;
            stage.measured_cycles += sample.measured_cycles;
            stage.instruction_bits += sample.instruction_bits;
            stage.data_bits += sample.data_bits;
            add_energy(&mut stage.blocks, sample.blocks);
        }
        match stage.measured_cycles {
            0 => Err(RunError::NoSample),
            _ => Ok(stage),
        }
    }

    /// Runs the netlist from where the reference is.
    fn sample(
        &mut self,
        reference: &Hart,
        unit: &UnitState,
        cycles: u64,
    ) -> Result<StageEnergy, RunError> {
        let Gates { netlist, library, timing, .. } = &*self.gates;
        let port = |name| match netlist.port(name) {
            Some(port) => Ok(&port.nets[..]),
            None => Err(RunError::NoPort(name)),
        };
        let [reset, instr_gnt, data_gnt] =
            [port("rst_ni")?, port("instr_gnt_i")?, port("data_gnt_i")?];
        let instr = (port("instr_req_o")?, port("instr_addr_o")?);
        let data = (port("data_req_o")?, port("data_addr_o")?);
        let [we, be, wdata] = [port("data_we_o")?, port("data_be_o")?, port("data_wdata_o")?];
        let answers = [
            (port("instr_rvalid_i")?, port("instr_rdata_i")?),
            (port("data_rvalid_i")?, port("data_rdata_i")?),
        ];
        let mut simulator = Simulator::new(netlist, library, timing, CLOCK, self.seed)?;
        let value = |simulator: &Simulator<'_>, nets: &[Net]| {
            nets.iter().rev().fold(0, |word, &net| word << 1 | u32::from(simulator.value(net)))
        };
        let set = |simulator: &mut Simulator<'_>, nets: &[Net], word: u32| {
            simulator.set(nets, (0..nets.len()).map(|bit| word >> bit & 1 != 0));
        };

        let mut hart = reference.clone();
        let mut ram: Vec<u32> = (0..self.ram_words)
            .map(|word| hart.read_word(RAM_BASE + 4 * word).expect("the reference has this RAM"))
            .collect();
        let index = |addr: u32| (addr.wrapping_sub(RAM_BASE) / 4) as usize;
        let program = restore(&hart, unit);
        // What the core fetches ahead behind the last instruction is of no account.
        let (entry, ahead) = (hart.pc() & !3, RAM_BASE + 4 * (program.len() as u32 + 8));
        let mut restored = false;
        let mut stage = StageEnergy::default();
        let mut words = [None; 2];
        let mut idle = 0;
        for cycle in 0.. {
            let running = cycle >= 4;
            for (nets, word) in [(reset, running), (instr_gnt, true), (data_gnt, true)] {
                set(&mut simulator, nets, word.into());
            }
            for ((valid, rdata), word) in answers.iter().zip(words) {
                set(&mut simulator, valid, u32::from(word.is_some()));
                set(&mut simulator, rdata, word.unwrap_or(0));
            }
            simulator.count(restored);
            simulator.cycle()?;
            words = [None; 2];
            if !running {
                continue;
            }
            stage.measured_cycles += u64::from(restored);
            if value(&simulator, instr.0) != 0 {
                let addr = value(&simulator, instr.1) & !3;
                restored |= addr == entry && addr >= ahead;
                let own = if restored { None } else { program.get(index(addr)) };
                let word = own.or_else(|| ram.get(index(addr)));
                words[0] = Some(*word.ok_or(RunError::NoRam(addr))?);
                stage.instruction_bits += u64::from(restored) * 32;
            }
            if value(&simulator, data.0) != 0 {
                let addr = value(&simulator, data.1) & !3;
                let word = ram.get_mut(index(addr)).ok_or(RunError::NoRam(addr))?;
                words[1] = Some(*word);
                stage.data_bits += u64::from(restored) * 32;
                if value(&simulator, we) != 0 {
                    let Some((store, retire)) = next_store(&mut hart)? else { break };
                    let shift = store.addr & 3;
                    let expected = (store.addr & !3, u32::from(store.wmask) << shift);
                    let mask = bits_of(expected.1);
                    let expected = (expected.0, expected.1, store.wdata << (8 * shift) & mask);
                    let found = value(&simulator, wdata);
                    let found = (addr, value(&simulator, be), found & mask);
                    if found != expected {
                        let text = |(addr, bytes, word): (u32, u32, u32)| {
                            format!("{word:#010x} at {addr:#010x}, bytes {bytes:04b}")
                        };
                        return Err(RunError::Store {
                            found: text(found),
                            expected: text(expected),
                            insn: disassemble(retire.insn, retire.pc, false),
                            pc: retire.pc,
                        });
                    }
                    *word = *word & !mask | found.2;
                    self.findings.instructions += 1;
                }
            }
            idle = if words == [None; 2] { idle + 1 } else { 0 };
            if idle == IDLE || (cycle == RESTORED && !restored) {
                return Err(RunError::Idle);
            }
            if stage.measured_cycles == cycles {
                break;
            }
        }
        stage.blocks = self.gates.energy(&simulator.take_activity(), blocks);
        Ok(stage)
    }
}
