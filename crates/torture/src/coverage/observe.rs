//! Follows a run instruction by instruction and says which bins it hits.

use std::collections::BTreeSet;

use super::bins::{
    CAUSES, CONV_INDICES, CONV_OUTCOMES, CORNERS, Group, OFFSET_BITS, READABLE, WRITABLE,
};
use super::facts::{Class, Facts, short_form};
use super::hit::Hits;
use super::trap_kind::trap_kind;
use crate::map;
use model::conv::SmaxScope;
use model::hart::{CsrAccess, CsrSource, Instruction, Operation, Retire, Run, Trap, is_compressed};

/// Instructions that a hazard looks back.
const DISTANCES: usize = 3;
/// mcause of an interrupt has this bit set.
const INTERRUPT: u32 = 1 << 31;
/// Causes of software, timer and external interrupts.
const INTERRUPT_CAUSES: [u32; 3] = [3, 7, 11];
const CONV_READ: u8 = 3;

/// What is kept in mind of the instructions so far.
#[derive(Debug, Default)]
pub(super) struct Observer {
    registers: [u32; 32],
    mtvec: u32,
    /// What the last instructions have written, and the kind of result; the last one first.
    producers: [Option<(u8, usize)>; DISTANCES],
    /// Address and bytes of the last instructions, where they were stores.
    stores: [Option<(u32, u32)>; DISTANCES],
    /// The instruction before, if it has not trapped.
    last: Option<Last>,
    /// An interrupt, and the instruction that was not run for it.
    interrupted: Option<(usize, u32)>,
    /// Halfwords of code that have been overwritten and not been run since.
    patched: BTreeSet<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    class: Class,
    /// The kind of jump, if it has jumped.
    jump: Option<usize>,
    fence_i: bool,
    wait: bool,
    next_pc: u32,
}

impl Observer {
    /// Looks at the next instruction.
    pub fn observe(&mut self, retire: &Retire, hits: &mut Hits) {
        let fetched = retire.trap.is_none_or(|trap| trap.cause != 1);
        let facts = Facts::of(retire.insn).filter(|_| fetched);
        match retire.interrupt {
            Some(mcause) => self.interrupt(mcause & !INTERRUPT, hits),
            None => self.arrive(retire, facts.as_ref(), fetched, hits),
        }
        if let Some(facts) = &facts {
            self.hazards(facts, hits);
            if let Instruction::Conv { .. } = facts.instruction {
                self.conv(facts, retire, hits);
            }
        } else if retire.insn & 0x707f == 0x7077 {
            hits.add(Group::Conv, &[CONV_OUTCOMES.len() - 1]);
        }
        match (&retire.trap, &facts) {
            (Some(trap), _) => self.trap(trap, retire, facts.as_ref(), hits),
            (None, Some(facts)) => self.retire(facts, retire, hits),
            (None, None) => {}
        }
    }

    fn interrupt(&mut self, cause: u32, hits: &mut Hits) {
        let Some(index) = INTERRUPT_CAUSES.iter().position(|&it| it == cause) else { return };
        hits.add(Group::Interrupt, &[index, (self.mtvec & 1) as usize]);
        if let Some(last) = self.last {
            hits.add(Group::InterruptAfter, &[index, last.class as usize]);
            if last.wait {
                hits.add(Group::Wait, &[1]);
            }
            self.interrupted = Some((index, last.next_pc));
        }
        self.flush();
    }

    /// An instruction that follows the one before in the program's order.
    fn arrive(&mut self, retire: &Retire, facts: Option<&Facts>, fetched: bool, hits: &mut Hits) {
        let Some(last) = self.last else { return };
        if last.wait {
            hits.add(Group::Wait, &[0]);
        }
        if let Some((cause, _)) = self.interrupted.take_if(|(_, pc)| *pc == retire.pc)
            && let Some(facts) = facts
        {
            hits.add(Group::Interrupted, &[cause, facts.class as usize]);
        }
        let long = usize::from(!is_compressed(retire.insn));
        if let Some(jump) = last.jump.filter(|_| fetched) {
            let odd = usize::from(!retire.pc.is_multiple_of(4));
            hits.add(Group::Target, &[jump, 2 * odd + long]);
        }
        if self.patched.remove(&retire.pc) {
            hits.add(Group::Patch, &[long, usize::from(!last.fence_i)]);
        }
    }

    fn hazards(&self, facts: &Facts, hits: &mut Hits) {
        for (register, used) in facts.sources.into_iter().flatten() {
            // The youngest producer is the one whose result is read.
            let mut producers = self.producers.iter().enumerate();
            let found = producers.find_map(|(distance, producer)| {
                producer.filter(|&(rd, _)| rd == register).map(|(_, kind)| (kind, distance))
            });
            if let Some((kind, distance)) = found {
                hits.add(Group::Hazard, &[used as usize, kind, distance]);
                hits.add(Group::OpcodeHazard, &[facts.opcode, kind, distance]);
            }
        }
    }

    fn trap(&mut self, trap: &Trap, retire: &Retire, facts: Option<&Facts>, hits: &mut Hits) {
        let registers = &self.registers;
        hits.add(Group::Trap, &[trap_kind(trap, retire, facts, registers)]);
        if retire.interrupt.is_some() {
            hits.add(Group::Trap, &[super::bins::TRAPS.len() - 1]);
        }
        let cause = CAUSES.iter().position(|&it| it == trap.cause);
        if let (Some(cause), Some(last), None) = (cause, self.last, retire.interrupt) {
            hits.add(Group::TrapAfter, &[cause, last.class as usize]);
        }
        self.last = None;
        self.flush();
    }

    /// Nothing is forwarded to the first instruction of a handler.
    fn flush(&mut self) {
        self.producers = [None; DISTANCES];
        self.stores = [None; DISTANCES];
    }

    fn retire(&mut self, facts: &Facts, retire: &Retire, hits: &mut Hits) {
        hits.add(Group::Opcode, &[facts.opcode]);
        if facts.short {
            hits.add(Group::ShortForm, &[short_form(retire.insn)]);
        } else if !retire.pc.is_multiple_of(4) {
            hits.add(Group::Crossing, &[facts.class as usize]);
        }
        let taken = retire.next_pc != retire.pc.wrapping_add(if facts.short { 2 } else { 4 });
        match facts.instruction {
            Instruction::Branch { condition, .. } => {
                let way =
                    if taken { 1 + usize::from(!retire.next_pc.is_multiple_of(4)) } else { 0 };
                hits.add(Group::Branch, &[condition as usize, way]);
            }
            Instruction::Register { operation, rs1, rs2, .. } => {
                self.operands(operation, rs1, rs2, hits);
            }
            Instruction::Csr { access, csr, source, .. } => self.csr(access, csr, source, hits),
            _ => {}
        }
        let reaching = match facts.instruction {
            Instruction::Branch { .. } => Some(0),
            Instruction::Jal { .. } => Some(1),
            _ => None,
        };
        if let Some(reaching) = reaching.filter(|_| taken && !facts.short) {
            reach(reaching, retire, hits);
        }
        self.memory(facts, retire, hits);
        if let Some(run) = &retire.run {
            let again = usize::from(facts.opcode == super::facts::CONV_AGAIN);
            conv_run(run, again, hits);
        }
        self.advance(facts, retire, taken);
    }

    fn operands(&self, operation: Operation, rs1: u8, rs2: u8, hits: &mut Hits) {
        let corner = |register: u8| {
            CORNERS.iter().position(|&it| it == self.registers[usize::from(register)])
        };
        if let (Some(a), Some(b)) = (corner(rs1), corner(rs2)) {
            hits.add(Group::Operands, &[operation as usize, a, b]);
        }
    }

    fn csr(&mut self, access: CsrAccess, csr: u16, source: CsrSource, hits: &mut Hits) {
        // The numbered ones count as the first of them.
        let first = match csr {
            0x323..=0x33f => 0x323,
            0xb03..=0xb1f => 0xb03,
            0xb83..=0xb9f => 0xb83,
            other => other,
        };
        let none = matches!(source, CsrSource::Register(0) | CsrSource::Immediate(0));
        let access = match access {
            CsrAccess::Write => 1,
            _ if none => 0,
            CsrAccess::Set => 2,
            CsrAccess::Clear => 3,
        };
        if let Some(index) = WRITABLE.iter().position(|&it| it == first) {
            hits.add(Group::CsrWrite, &[index, access]);
        } else if let Some(index) = READABLE.iter().position(|&it| it == first) {
            hits.add(Group::CsrRead, &[index]);
        }
        if let (map::csr::MTVEC, 1, CsrSource::Register(rs1)) = (csr, access, source) {
            self.mtvec = self.registers[usize::from(rs1)];
        }
    }

    fn memory(&mut self, facts: &Facts, retire: &Retire, hits: &mut Hits) {
        let Some(access) = retire.memory else { return };
        hits.add(Group::Access, &[facts.opcode - super::facts::LOADS, (access.addr % 4) as usize]);
        let bytes = (access.rmask | access.wmask).count_ones();
        if access.wmask != 0 {
            if access.addr < map::SAVE {
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
                hits.add(Group::Forward, &[partly, distance]);
                break;
            }
        }
    }

    fn conv(&self, facts: &Facts, retire: &Retire, hits: &mut Hits) {
        let Instruction::Conv { funct3, rs1, .. } = facts.instruction else { return };
        let outcome = (usize::from(funct3), retire.trap.map(|trap| trap.cause));
        if let Some(index) = CONV_OUTCOMES.iter().position(|&it| it == outcome) {
            hits.add(Group::Conv, &[index]);
        }
        if funct3 == CONV_READ && retire.trap.is_none() {
            let index = self.registers[usize::from(rs1)];
            let place = CONV_INDICES.iter().position(|&it| it == index);
            hits.add(Group::ConvRead, &[place.unwrap_or(CONV_INDICES.len() - 1)]);
        }
    }

    /// Keeps in mind what the next instructions are compared with.
    fn advance(&mut self, facts: &Facts, retire: &Retire, taken: bool) {
        if let Some((rd, value)) = retire.rd {
            self.registers[usize::from(rd)] = value;
        }
        let kind = facts.class.result();
        let producer = retire.rd.and_then(|(rd, _)| Some((rd, kind?)));
        self.producers = [producer, self.producers[0], self.producers[1]];
        let store = retire.memory.filter(|access| access.wmask != 0);
        let store = store.map(|access| (access.addr, access.wmask.count_ones()));
        self.stores = [store, self.stores[0], self.stores[1]];
        self.last = Some(Last {
            class: facts.class,
            jump: jump(facts, taken),
            fence_i: facts.instruction == Instruction::FenceI,
            wait: facts.instruction == Instruction::Wfi,
            next_pc: retire.next_pc,
        });
    }
}

/// The kind of jump, in the order of the bins.
fn jump(facts: &Facts, taken: bool) -> Option<usize> {
    Some(match (facts.instruction, facts.short) {
        (Instruction::Jal { .. }, false) => 0,
        (Instruction::Jalr { .. }, false) => 1,
        (Instruction::Jal { rd: 0, .. }, true) => 2,
        (Instruction::Jal { .. }, true) => 3,
        (Instruction::Jalr { rd: 0, .. }, true) => 4,
        (Instruction::Jalr { .. }, true) => 5,
        (Instruction::Branch { .. }, short) if taken => 6 + usize::from(short),
        (Instruction::Mret, _) => 8,
        _ => return None,
    })
}

/// A bit that is its sign's may be lost and nobody notices.
fn reach(instruction: usize, retire: &Retire, hits: &mut Hits) {
    let offset = retire.next_pc.wrapping_sub(retire.pc) as i32;
    let backward = usize::from(offset < 0);
    for bit in 0..OFFSET_BITS.len() {
        if (offset >> (bit + 1) & 1 == 1) != (offset < 0) {
            hits.add(Group::Reach, &[instruction, backward, bit]);
        }
    }
}

fn conv_run(run: &Run, again: usize, hits: &mut Hits) {
    let running = usize::from(run.semantics.scope == SmaxScope::Running);
    let four = usize::from(run.tile == 4);
    hits.add(Group::ConvRun, &[again, run.semantics.mode as usize, running, four]);
    hits.add(Group::ConvSize, &[run.side - 1, four]);
}
