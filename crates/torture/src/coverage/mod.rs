// SPDX-License-Identifier: MIT OR Apache-2.0
//! What random programs have exercised, counted from the instructions that have retired.

mod bins;
mod float;

use std::collections::BTreeSet;

use model::conv::SmaxScope;
use model::facts::csr::{CSRS, Csr, MTVEC};
use model::facts::riscv::{
    CAUSE_BREAKPOINT, CAUSE_ECALL_M, CAUSE_ILLEGAL, CAUSE_INSTR_ACCESS, CAUSE_INTERRUPT,
    CAUSE_LOAD_ACCESS, CAUSE_LOAD_MISALIGNED, OPCODE_CONV,
};
use model::hart::{Hart, HartConfig, Retire, Run, Trap};
use model::isa::{Class, FORMS, Format, Instruction, Op, Register, decode, form_of, is_compressed};

use crate::program::SAVE;
use bins::{
    ACCESSES, BRANCHES, Bins, CAUSES, CORNERS, Group, INTERRUPTS, OFFSET_BITS, REGISTER_OPS, TRAPS,
    Use,
};
use float::{FloatRecorder, uses_floats};

/// How often each bin has been hit, by any number of programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    bins: &'static Bins,
    hits: Vec<u64>,
}

impl Coverage {
    /// Nothing hit yet, of the bins of a system.
    pub fn new(system: &HartConfig) -> Self {
        let bins = Bins::of(system);
        Self { bins, hits: vec![0; bins.names.len()] }
    }

    /// Adds what other programs have hit on a system with the same core and unit.
    pub fn add(&mut self, other: &Self) {
        for (sum, hits) in self.hits.iter_mut().zip(&other.hits) {
            *sum += hits;
        }
    }

    /// The bins with their hits.
    pub fn bins(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = self.bins.names.iter().zip(&self.hits);
        names.filter_map(|(name, &hits)| Some((name.as_deref()?, hits)))
    }

    /// Names of the bins that have not been hit.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> {
        self.bins().filter(|&(_, hits)| hits == 0).map(|(name, _)| name)
    }

    /// `x of y bins hit`.
    pub fn summary(&self) -> String {
        let (all, missing) = (self.bins().count(), self.missing().count());
        format!("{} of {all} bins hit", all - missing)
    }

    /// Groups of bins: name, how many it has, how many have been hit.
    pub fn groups(&self) -> Vec<(&'static str, usize, usize)> {
        let mut groups: Vec<(&str, usize, usize)> = Vec::new();
        for (name, hits) in self.bins() {
            let group = name.split('/').next().unwrap_or(name);
            if groups.last().is_none_or(|&(last, ..)| last != group) {
                groups.push((group, 0, 0));
            }
            if let Some((_, all, hit)) = groups.last_mut() {
                *all += 1;
                *hit += usize::from(hits > 0);
            }
        }
        groups
    }

    fn hit(&mut self, group: Group, point: &[usize]) {
        self.hits[self.bins.index(group, point)] += 1;
    }
}

/// Instructions that a hazard looks back.
const DISTANCES: usize = 3;

/// An instruction that can retire, with what it reads.
#[derive(Debug, Clone, Copy)]
struct Facts {
    instruction: Instruction,
    class: Class,
    /// The source registers other than x0, with what they are for.
    sources: [Option<(Register, Use)>; 2],
    short: bool,
}

impl Facts {
    /// `None` of what is no instruction, and of those that never retire.
    fn of(insn: u32, float: bool) -> Option<Self> {
        let instruction = decode(insn, float)?;
        let Instruction { op, rs1, rs2, .. } = instruction;
        let class = op.class();
        let one = |used| [Some((rs1, used)), None];
        let two = |used, second| [Some((rs1, used)), Some((rs2, second))];
        let sources = match class {
            Class::Alu if op.format() == Format::U => [None; 2],
            Class::Alu if op.format() == Format::R => two(Use::Alu, Use::Alu),
            Class::Alu => one(Use::Alu),
            Class::MulDiv => two(Use::MulDiv, Use::MulDiv),
            Class::Load => one(Use::LoadAddress),
            Class::Store => two(Use::StoreAddress, Use::StoreData),
            Class::Branch => two(Use::Branch, Use::Branch),
            Class::Jump => one(Use::Jalr),
            Class::Csr if op.format() == Format::CsrImmediate => [None; 2],
            Class::Csr => one(Use::Csr),
            Class::Conv => two(Use::Conv, Use::Conv),
            Class::FloatLoad => one(Use::LoadAddress),
            Class::FloatStore => one(Use::StoreAddress),
            Class::Float if op.floats()[1] => [None; 2],
            Class::Float => one(Use::Float),
            Class::System => [None; 2],
            Class::Call => return None,
        };
        // What x0 gives comes from nowhere; `jal` has x0 there.
        let sources = sources.map(|source| source.filter(|&(register, _)| register != 0));
        Some(Self { instruction, class, sources, short: is_compressed(insn) })
    }

    /// The kind of result that it gives to an integer register, in the order of the bins.
    fn result(&self) -> Option<usize> {
        let kinds = [Class::Alu, Class::MulDiv, Class::Load, Class::Jump, Class::Csr, Class::Conv];
        match self.class {
            Class::Float => Some(kinds.len() + usize::from(self.instruction.op.rounds())),
            _ => kinds.iter().position(|&class| class == self.class),
        }
    }
}

/// The instruction before.
#[derive(Debug, Clone, Copy)]
struct Last {
    /// The kind of jump, if it has jumped.
    jump: Option<usize>,
    op: Op,
    next_pc: u32,
}

/// Follows one program, instruction by instruction, and counts the bins that it hits.
#[derive(Debug)]
pub struct Recorder {
    coverage: Coverage,
    registers: [u32; 32],
    mtvec: u32,
    /// What the last instructions have written, and the kind of result; the last one first.
    producers: [Option<(Register, usize)>; DISTANCES],
    /// Address and bytes of the last instructions, where they were stores.
    stores: [Option<(u32, u32)>; DISTANCES],
    /// The instruction before, if it has not trapped.
    last: Option<Last>,
    /// An interrupt, and the instruction that was not run for it.
    interrupted: Option<(usize, u32)>,
    /// Halfwords of code that have been overwritten and not been run since.
    patched: BTreeSet<u32>,
    /// Of a core with F.
    float: Option<FloatRecorder>,
}

impl Recorder {
    /// At the beginning of a program, on a system after its reset.
    pub fn new(system: &HartConfig) -> Self {
        Self {
            coverage: Coverage::new(system),
            float: system.float.then(FloatRecorder::default),
            registers: [0; 32],
            mtvec: 0,
            producers: [None; DISTANCES],
            stores: [None; DISTANCES],
            last: None,
            interrupted: None,
            patched: BTreeSet::new(),
        }
    }

    /// What the program has hit.
    pub fn finish(self) -> Coverage {
        self.coverage
    }

    /// Counts the next instruction of the program; `hart` is the reference behind it.
    pub fn record(&mut self, retire: &Retire, hart: &Hart) {
        let fetched = retire.trap.is_none_or(|trap| trap.cause != CAUSE_INSTR_ACCESS);
        let facts = Facts::of(retire.insn, self.float.is_some()).filter(|_| fetched);
        match retire.interrupt {
            Some(mcause) => self.interrupt(mcause & !CAUSE_INTERRUPT),
            None => self.arrive(retire, facts.as_ref(), fetched),
        }
        if let Some(facts) = &facts {
            self.hazards(facts);
        }
        self.conv(retire, facts.as_ref());
        if let Some(float) = &mut self.float {
            float.record(&mut self.coverage, retire, facts.map(|facts| facts.instruction));
        }
        match (&retire.trap, &facts) {
            (Some(trap), _) => self.trap(trap, retire, facts.as_ref()),
            (None, Some(facts)) => self.retire(facts, retire),
            (None, None) => {}
        }
        if let Some(float) = &mut self.float {
            float.advance(hart);
        }
    }

    fn hit(&mut self, group: Group, point: &[usize]) {
        self.coverage.hit(group, point);
    }

    fn interrupt(&mut self, cause: u32) {
        let Some(index) = INTERRUPTS.iter().position(|&(it, _)| it == cause) else { return };
        self.hit(Group::Interrupt, &[index, (self.mtvec & 1) as usize]);
        if let Some(last) = self.last {
            self.hit(Group::InterruptAfter, &[index, last.op.class() as usize]);
            if last.op == Op::Wfi {
                self.hit(Group::Wait, &[1]);
            }
            self.interrupted = Some((index, last.next_pc));
        }
        self.flush();
    }

    /// An instruction that follows the one before in the program's order.
    fn arrive(&mut self, retire: &Retire, facts: Option<&Facts>, fetched: bool) {
        let Some(last) = self.last else { return };
        if last.op == Op::Wfi {
            self.hit(Group::Wait, &[0]);
        }
        if let Some((cause, _)) = self.interrupted.take_if(|(_, pc)| *pc == retire.pc)
            && let Some(facts) = facts
        {
            self.hit(Group::Interrupted, &[cause, facts.class as usize]);
        }
        let long = usize::from(!is_compressed(retire.insn));
        if let Some(jump) = last.jump.filter(|_| fetched) {
            let odd = usize::from(!retire.pc.is_multiple_of(4));
            self.hit(Group::Target, &[jump, 2 * odd + long]);
        }
        if self.patched.remove(&retire.pc) {
            self.hit(Group::Patch, &[long, usize::from(last.op != Op::FenceI)]);
        }
    }

    fn hazards(&mut self, facts: &Facts) {
        for (register, used) in facts.sources.into_iter().flatten() {
            // The youngest producer is the one whose result is read.
            let mut producers = self.producers.iter().enumerate();
            let found = producers.find_map(|(distance, producer)| {
                producer.filter(|&(rd, _)| rd == register).map(|(_, kind)| (kind, distance))
            });
            if let Some((kind, distance)) = found {
                self.hit(Group::Hazard, &[used as usize, kind, distance]);
                self.hit(Group::OpcodeHazard, &[facts.instruction.op as usize, kind, distance]);
            }
        }
    }

    /// How an instruction of the unit ends, and what it reads.
    fn conv(&mut self, retire: &Retire, facts: Option<&Facts>) {
        let Some(facts) = facts.filter(|facts| facts.class == Class::Conv) else { return };
        let op = facts.instruction.op;
        let outcome = (op, retire.trap.map(|trap| trap.cause));
        if let Some(index) = self.coverage.bins.conv_outcomes.iter().position(|&it| it == outcome) {
            self.hit(Group::Conv, &[index]);
        }
        if op == Op::ConvRead && retire.trap.is_none() {
            let index = self.registers[usize::from(facts.instruction.rs1)];
            let reads = &self.coverage.bins.conv_reads;
            let place = reads.iter().position(|&it| it == index).unwrap_or(reads.len());
            self.hit(Group::ConvRead, &[place]);
        }
    }

    fn trap(&mut self, trap: &Trap, retire: &Retire, facts: Option<&Facts>) {
        let off = self.float.as_ref().is_some_and(FloatRecorder::is_off);
        self.hit(Group::Trap, &[trap_kind(trap, retire, facts, &self.registers, off)]);
        if retire.interrupt.is_some() {
            self.hit(Group::Trap, &[TRAPS.len() - 1]);
        }
        let cause = CAUSES.iter().position(|&(it, _)| it == trap.cause);
        if let (Some(cause), Some(last), None) = (cause, self.last, retire.interrupt) {
            self.hit(Group::TrapAfter, &[cause, last.op.class() as usize]);
        }
        self.last = None;
        self.flush();
    }

    /// Nothing is forwarded to the first instruction of a handler.
    fn flush(&mut self) {
        self.producers = [None; DISTANCES];
        self.stores = [None; DISTANCES];
    }

    fn retire(&mut self, facts: &Facts, retire: &Retire) {
        let Facts { instruction, class, short, .. } = *facts;
        let op = instruction.op;
        self.hit(Group::Opcode, &[op as usize]);
        if short {
            self.hit(Group::ShortForm, &[short_form(retire.insn as u16, instruction)]);
        } else if !retire.pc.is_multiple_of(4) {
            self.hit(Group::Crossing, &[class as usize]);
        }
        let taken = retire.next_pc != retire.pc.wrapping_add(if short { 2 } else { 4 });
        match class {
            Class::Branch => {
                let odd = usize::from(!retire.next_pc.is_multiple_of(4));
                let way = if taken { 1 + odd } else { 0 };
                self.hit(Group::Branch, &[op as usize - BRANCHES[0] as usize, way]);
            }
            Class::Alu | Class::MulDiv if op.format() == Format::R => self.operands(instruction),
            Class::Csr => self.csr(instruction),
            _ => {}
        }
        if taken && !short && (op == Op::Jal || class == Class::Branch) {
            self.reach(usize::from(op == Op::Jal), retire);
        }
        self.memory(op, retire);
        if let Some(run) = &retire.run {
            self.conv_run(run, usize::from(op == Op::ConvAgain));
        }
        self.advance(facts, retire, taken);
    }

    fn operands(&mut self, instruction: Instruction) {
        let corner = |register: Register| {
            CORNERS.iter().position(|&it| it == self.registers[usize::from(register)])
        };
        if let (Some(a), Some(b)) = (corner(instruction.rs1), corner(instruction.rs2)) {
            let op = instruction.op as usize - REGISTER_OPS[0] as usize;
            self.hit(Group::Operands, &[op, a, b]);
        }
    }

    fn csr(&mut self, instruction: Instruction) {
        let Instruction { op, rs1, imm, .. } = instruction;
        let number = imm as u16;
        let access = match op {
            Op::Csrrw | Op::Csrrwi => 1,
            _ if rs1 == 0 => 0,
            Op::Csrrs | Op::Csrrsi => 2,
            _ => 3,
        };
        let place =
            |rows: &[&Csr]| rows.iter().position(|row| (row.number..=row.last).contains(&number));
        if let Some(index) = place(&self.coverage.bins.writable) {
            self.hit(Group::CsrWrite, &[index, access]);
        } else if let Some(index) = place(&self.coverage.bins.readable) {
            self.hit(Group::CsrRead, &[index]);
        }
        if (op, number) == (Op::Csrrw, MTVEC) {
            self.mtvec = self.registers[usize::from(rs1)];
        }
    }

    fn memory(&mut self, op: Op, retire: &Retire) {
        let Some(access) = retire.memory else { return };
        let place = (access.addr % 4) as usize;
        let index = ACCESSES.iter().position(|&it| it == op).expect("it has an access");
        self.hit(Group::Access, &[index, place]);
        let bytes = (access.rmask | access.wmask).count_ones();
        if access.wmask != 0 {
            if access.addr < SAVE {
                let first = access.addr & !1;
                self.patched.extend((first..access.addr + bytes).step_by(2));
            }
            return;
        }
        for (distance, store) in self.stores.into_iter().enumerate() {
            let Some((addr, stored)) = store else { continue };
            // Modulo 2³²: how far one begins behind the other.
            let (behind, before) = (access.addr.wrapping_sub(addr), addr.wrapping_sub(access.addr));
            if behind < stored || before < bytes {
                let partly = usize::from((addr, stored) != (access.addr, bytes));
                self.hit(Group::Forward, &[partly, distance]);
                break;
            }
        }
    }

    /// A bit that is its sign's may be lost and nobody notices.
    fn reach(&mut self, instruction: usize, retire: &Retire) {
        let offset = retire.next_pc.wrapping_sub(retire.pc) as i32;
        let backward = usize::from(offset < 0);
        for bit in 0..OFFSET_BITS.len() {
            if (offset >> (bit + 1) & 1 == 1) != (offset < 0) {
                self.hit(Group::Reach, &[instruction, backward, bit]);
            }
        }
    }

    fn conv_run(&mut self, run: &Run, again: usize) {
        let running = usize::from(run.semantics.scope == SmaxScope::Running);
        let four = usize::from(run.tile == 4);
        self.hit(Group::ConvRun, &[again, run.semantics.mode as usize, running, four]);
        self.hit(Group::ConvSize, &[run.side - 1, four]);
        if let Some(words) = run.fetched_by_plane {
            self.hit(Group::ConvPlane, &[again, usize::from(words > 0)]);
        }
    }

    /// Keeps in mind what the next instructions are compared with.
    fn advance(&mut self, facts: &Facts, retire: &Retire, taken: bool) {
        if let Some((rd, value)) = retire.rd {
            self.registers[usize::from(rd)] = value;
        }
        let kind = facts.result();
        let producer = retire.rd.and_then(|(rd, _)| Some((rd, kind?)));
        self.producers = [producer, self.producers[0], self.producers[1]];
        let store = retire.memory.filter(|access| access.wmask != 0);
        let store = store.map(|access| (access.addr, access.wmask.count_ones()));
        self.stores = [store, self.stores[0], self.stores[1]];
        let (op, next_pc) = (facts.instruction.op, retire.next_pc);
        self.last = Some(Last { jump: jump(facts, taken), op, next_pc });
    }
}

/// The 16-bit form of an instruction that has retired, in the order of the bins.
fn short_form(half: u16, instruction: Instruction) -> usize {
    let form = form_of(half).map_or("", |form| form.name);
    if form != "c.nop" && instruction.is_hint() {
        return FORMS.len();
    }
    FORMS.iter().position(|it| it.name == form).expect("what has retired has a form")
}

/// The kind of jump, in the order of the bins.
fn jump(facts: &Facts, taken: bool) -> Option<usize> {
    Some(match (facts.instruction.op, facts.short) {
        (Op::Jal, false) => 0,
        (Op::Jalr, false) => 1,
        (Op::Jal, true) => 2 + usize::from(facts.instruction.rd != 0),
        (Op::Jalr, true) => 4 + usize::from(facts.instruction.rd != 0),
        (Op::Mret, _) => 8,
        (_, short) if facts.class == Class::Branch && taken => 6 + usize::from(short),
        _ => return None,
    })
}

/// Index into [`TRAPS`]: exceptions in more kinds than they have causes; `off`: floats are off.
fn trap_kind(
    trap: &Trap,
    retire: &Retire,
    facts: Option<&Facts>,
    registers: &[u32; 32],
    off: bool,
) -> usize {
    let place = |kind: &str| TRAPS.iter().position(|&it| it == kind).expect("it is in the list");
    let short = is_compressed(retire.insn);
    let kind = match trap.cause {
        CAUSE_INSTR_ACCESS if trap.value == retire.pc => "fetch",
        CAUSE_INSTR_ACCESS => "fetch of the second half",
        CAUSE_BREAKPOINT if short => "c.ebreak",
        CAUSE_BREAKPOINT => "ebreak",
        CAUSE_LOAD_MISALIGNED => "conv misaligned",
        CAUSE_ECALL_M => "ecall",
        CAUSE_ILLEGAL => match facts {
            Some(facts) if off && uses_floats(facts.instruction) => "floats that are off",
            Some(facts) if facts.class == Class::Float => "rounding mode that is reserved",
            Some(facts) if facts.class == Class::Csr => {
                let number = facts.instruction.imm as u16;
                let exists = CSRS.iter().any(|row| row.number == number && row.is_read_only());
                if exists { "csr that is read-only" } else { "csr that does not exist" }
            }
            _ if retire.insn & 0x7f == OPCODE_CONV => "conv refused",
            _ if short => "illegal half",
            _ => "illegal word",
        },
        cause => {
            let name = match facts.map(|facts| facts.class) {
                Some(Class::Load | Class::FloatLoad) => "load",
                Some(Class::Store | Class::FloatStore) => "store",
                _ if cause == CAUSE_LOAD_ACCESS => return place("conv access"),
                _ => return place("store"),
            };
            let instruction = facts.expect("it has a class").instruction;
            let base = registers[usize::from(instruction.rs1)];
            let addr = base.wrapping_add_signed(instruction.imm);
            let crosses = addr % 4 + instruction.op.access_bytes() > 4;
            return place(name) + usize::from(crosses) * (1 + usize::from(trap.value != addr));
        }
    };
    place(kind)
}
