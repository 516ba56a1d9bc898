// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is told of a program instruction by instruction: a commit log, where its cycles went, and a
//! profile of its functions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::facts::csr::{FCSR, FFLAGS, FRM, MSTATUS};
use model::facts::riscv::{INSN_MRET, MSTATUS_FS};
use model::hart::Hart;
use model::isa::{Class, Instruction, Op, csr_name, decode, is_compressed};

use super::symbols::Symbols;
use super::system::Retirement;

/// A commit log in the format of Spike's (`--log-commits`).
#[derive(Debug, Default)]
pub struct CommitLog {
    /// mstatus.FS behind the last instruction.
    state: u32,
}

impl CommitLog {
    /// The line of an instruction; as there, one that traps has none, and registers and CSRs come in the
    /// order of their numbers. `hart` is the reference behind the instruction.
    pub fn line(&mut self, retired: &Retirement, hart: &Hart) -> Option<String> {
        let &Retirement { pc, insn, rd, rd_value, mem_addr, mem_rmask, mem_wmask, .. } = retired;
        let before = std::mem::replace(&mut self.state, retired.float.fs);
        if retired.trap {
            return None;
        }
        let digits = if is_compressed(insn) { 6 } else { 10 };
        let mut line = format!("core   0: 3 {pc:#010x} ({insn:#0digits$x})");
        // By number and kind, as Spike sorts them.
        let mut written = BTreeMap::new();
        if rd != 0 {
            written.insert((u16::from(rd), 0), (format!("x{rd:<2}"), rd_value));
        }
        if let Some((rd, value)) = retired.float.rd {
            written.insert((u16::from(rd), 1), (format!("f{rd:<2}"), value));
        }
        let raised = (retired.float.flags != 0).then_some(FFLAGS);
        let dirtied = (self.state == DIRTY && before != DIRTY).then_some(MSTATUS);
        for number in csrs_written(insn).into_iter().chain(raised).chain(dirtied) {
            let name = format!("c{number}_{}", csr_name(number, true));
            written.extend(hart.csr(number).map(|value| ((number, 4), (name, value))));
        }
        // Writing into a String cannot fail.
        for (name, value) in written.into_values() {
            let _ = write!(line, " {name} {value:#010x}");
        }
        if mem_rmask | mem_wmask != 0 {
            let _ = write!(line, " mem {mem_addr:#010x}");
        }
        if mem_wmask != 0 {
            let digits = 2 + 2 * mem_wmask.count_ones() as usize;
            let _ = write!(line, " {:#0digits$x}", retired.mem_wdata);
        }
        Some(line)
    }
}

/// mstatus.FS of floats that have been written.
const DIRTY: u32 = MSTATUS_FS >> MSTATUS_FS.trailing_zeros();

/// The CSRs that an instruction names and writes; `fcsr` by its parts.
fn csrs_written(insn: u32) -> Vec<u16> {
    let Some(it) = decode(insn, true) else { return Vec::new() };
    let writes = matches!(it.op, Op::Csrrw | Op::Csrrwi) || it.rs1 != 0;
    match it.op.class() {
        Class::Csr if writes && it.imm as u16 == FCSR => vec![FFLAGS, FRM],
        Class::Csr if writes => vec![it.imm as u16],
        _ if insn == INSN_MRET => vec![MSTATUS],
        _ => Vec::new(),
    }
}

/// Whether the result of an instruction comes late: of a load, or of what rounds.
fn is_late(it: Instruction, retired: &Retirement) -> bool {
    retired.mem_rmask != 0 || it.op.rounds()
}

/// Whether an instruction reads the register that one before it writes.
fn needs(it: Instruction, before: &Retirement) -> bool {
    let [_, floats @ ..] = it.op.floats();
    let mut registers = [it.rs1, it.rs2, it.rs3].into_iter().zip(floats);
    match before.float.rd {
        Some((rd, _)) => registers.any(|register| register == (rd, true)),
        None => before.rd != 0 && registers.any(|register| register == (before.rd, false)),
    }
}

/// Where the cycles of a program went, from one retirement to the next: what an instruction took
/// beyond its own cycle goes to one cause. The rows add up to all cycles.
#[derive(Debug, Default)]
pub struct Cycles {
    before: Option<(Retirement, Option<Instruction>)>,
    counts: [u64; Self::ROWS.len()],
    last: u64,
}

impl Cycles {
    /// What the rows are.
    pub const ROWS: [&str; 12] = [
        "instructions",
        "behind taken branches",
        "behind jumps",
        "traps, interrupts and returns from them",
        "load-use, late results of floats",
        "the register of a jump",
        "data memory",
        "multiplier, divider, division of floats",
        "the unit",
        "asleep (wfi)",
        "instruction fetch",
        "before the first instruction, behind the last",
    ];

    /// Counts an instruction.
    pub fn note(&mut self, retired: &Retirement) {
        let it = decode(retired.insn, true);
        self.counts[0] += 1;
        let mut lost = (retired.cycle - self.last).saturating_sub(1);
        self.last = retired.cycle;
        let mut take = |row: usize, most: u64| {
            self.counts[row] += lost.min(most);
            lost -= lost.min(most);
        };
        match &self.before {
            None => take(11, u64::MAX),
            Some((before, previous)) => {
                // The stages that a redirection empties: see docs/core.md.
                match previous.map(|it| it.op.class()) {
                    _ if before.trap || retired.interrupt || before.insn == INSN_MRET => take(3, 2),
                    Some(Class::Branch) if before.redirects() => take(1, 2),
                    Some(Class::Jump) => take(2, 1),
                    _ => {}
                }
                let behind = it.is_some_and(|it| needs(it, before));
                let late = previous.is_some_and(|it| is_late(it, before));
                let op = it.map(|it| (it.op, it.op.class()));
                match op {
                    Some((Op::Jalr, _)) if behind => take(5, if late { 2 } else { 1 }),
                    _ if behind && late => take(4, 1),
                    _ => {}
                }
                match op {
                    Some((_, Class::Conv)) => take(8, u64::MAX),
                    Some((Op::Wfi, _)) => take(9, u64::MAX),
                    Some((_, Class::MulDiv) | (Op::FdivS | Op::FsqrtS, _)) => take(7, u64::MAX),
                    _ if retired.mem_rmask | retired.mem_wmask != 0 => take(6, u64::MAX),
                    _ => take(10, u64::MAX),
                }
            }
        }
        self.before = Some((*retired, it));
    }

    /// The rows, up to a cycle.
    pub fn rows(&self, cycles: u64) -> impl Iterator<Item = (&'static str, u64)> {
        let mut counts = self.counts;
        counts[11] += cycles.saturating_sub(self.last);
        Self::ROWS.into_iter().zip(counts)
    }
}

/// The cycles of each function, by the calls that led to it.
#[derive(Debug)]
pub struct Profile {
    symbols: Symbols,
    /// The functions that have not returned: where each goes on, and its name.
    stack: Vec<(u32, String)>,
    /// The functions' names with `;` between, as flame graphs take them, and cycles.
    stacks: BTreeMap<String, u64>,
    key: String,
    function: String,
    /// The address of the last instruction, and its cycle.
    last: (u32, u64),
}

impl Profile {
    /// A profile with the names of a program.
    pub fn new(symbols: Symbols) -> Self {
        let (function, key) = (String::new(), String::new());
        Self { symbols, stack: Vec::new(), stacks: BTreeMap::new(), key, function, last: (0, 0) }
    }

    /// Counts an instruction.
    pub fn note(&mut self, retired: &Retirement) {
        let it = decode(retired.insn, true);
        if retired.interrupt {
            self.stack.push((retired.pc, self.function.clone()));
            self.key.clear();
        }
        // Within a function that is known, there is nothing to look up.
        if self.key.is_empty() || retired.pc.wrapping_sub(self.last.0) > 4 {
            let function = self.symbols.function(retired.pc);
            if function != self.function || self.key.is_empty() {
                self.function = function;
                let outer = self.stack.iter().map(|(_, name)| name.as_str());
                self.key = outer.chain([self.function.as_str()]).collect::<Vec<_>>().join(";");
            }
        }
        *self.stacks.entry(self.key.clone()).or_default() += retired.cycle - self.last.1;
        self.last = (retired.pc, retired.cycle);

        let length = if is_compressed(retired.insn) { 2 } else { 4 };
        // Registers of return addresses by the calling convention: ra and t0.
        let links = |register: u8| register == 1 || register == 5;
        let depth = self.stack.len();
        match it {
            _ if retired.trap => self.stack.push((retired.pc, self.function.clone())),
            Some(Instruction { op: Op::Jal | Op::Jalr, rd, .. }) if links(rd) => {
                self.stack.push((retired.pc + length, self.function.clone()));
            }
            Some(Instruction { op: Op::Jalr | Op::Mret, .. }) => {
                // A return ends the calls within, too.
                let found = self.stack.iter().rposition(|(back, _)| *back == retired.next_pc);
                let outer = if retired.insn == INSN_MRET { depth.checked_sub(1) } else { None };
                if let Some(depth) = found.or(outer) {
                    self.stack.truncate(depth);
                }
            }
            _ => {}
        }
        if self.stack.len() != depth {
            self.key.clear();
        }
    }

    /// A line per stack: the functions, the outermost first, with `;` between, and cycles.
    pub fn folded(&self) -> String {
        self.stacks.iter().map(|(stack, cycles)| format!("{stack} {cycles}\n")).collect()
    }

    /// The functions with the cycles spent in them and not in what they called, most first.
    pub fn functions(&self) -> Vec<(&str, u64)> {
        let mut functions: BTreeMap<&str, u64> = BTreeMap::new();
        for (stack, cycles) in &self.stacks {
            *functions.entry(stack.rsplit(';').next().unwrap_or_default()).or_default() += cycles;
        }
        let mut functions: Vec<_> = functions.into_iter().collect();
        functions.sort_by_key(|&(_, cycles)| std::cmp::Reverse(cycles));
        functions
    }
}

#[cfg(test)]
mod tests {
    use model::hart::{Feed, HartConfig, Retire};

    use super::*;
    use crate::bench::system::FloatSide;

    /// An instruction of the reference as the core reports it.
    fn reported(retire: &Retire, hart: &Hart) -> Retirement {
        let (rd, rd_value) = retire.rd.unwrap_or_default();
        let fs = (hart.csr(MSTATUS).unwrap() & MSTATUS_FS) >> MSTATUS_FS.trailing_zeros();
        let float =
            FloatSide { rd: retire.float_rd, flags: retire.flags, fs, ..Default::default() };
        let (pc, insn, trap) = (retire.pc, retire.insn, retire.trap.is_some());
        Retirement { pc, insn, trap, rd, rd_value, float, ..Default::default() }
    }

    #[test]
    fn the_log_tells_of_floats_as_spike_does() {
        let program = [
            (0x0000_2537, "0x00002537) x10 0x00002000"), // lui a0,0x2
            (0x3005_2073, "0x30052073) c768_mstatus 0x00003800"), // csrrs zero,mstatus,a0
            (0xf005_0553, "0xf0050553) f10 0x00002000 c768_mstatus 0x80007800"), // fmv.w.x fa0,a0
            (0x10a5_05d3, "0x10a505d3) c1_fflags 0x00000003 f11 0x00000000"), // fmul.s fa1,fa0,fa0
            (0x003f_d073, "0x003fd073) c1_fflags 0x0000001f c2_frm 0x00000000"), // csrrwi zero,fcsr,31
        ];
        let mut hart = Hart::new(&HartConfig { float: true, ..HartConfig::default() });
        let words = program.iter().flat_map(|(word, _)| u32::to_le_bytes(*word));
        hart.load(hart.pc(), &words.collect::<Vec<_>>()).unwrap();
        let mut log = CommitLog::default();
        for (number, (_, expected)) in program.iter().enumerate() {
            let retire = hart.step(&Feed::default()).unwrap();
            let line = log.line(&reported(&retire, &hart), &hart).unwrap();
            assert_eq!(line, format!("core   0: 3 {:#010x} ({expected}", 0x8000_0000 + 4 * number));
        }
    }
}
