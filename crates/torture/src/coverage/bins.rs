// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bins: groups of them, each the product of its axes. What the hardware has a table of is an axis
//! made from that table.

use std::sync::OnceLock;

use model::conv::{MAX_SIDE, Mode, SmaxScope};
use model::facts::conv::{READ_COUNTERS, READ_FLOAT, READ_KERNEL, READ_LAST_COUNTER, READ_PLANE};
use model::facts::csr::{CSRS, Csr, MTVEC};
use model::facts::riscv::{
    CAUSE_BREAKPOINT, CAUSE_ECALL_M, CAUSE_ILLEGAL, CAUSE_LOAD_ACCESS, CAUSE_LOAD_MISALIGNED,
    CAUSE_STORE_ACCESS, IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER,
};
use model::float::{DIVISION_BY_ZERO, INEXACT, INVALID, OVERFLOW, ROUNDING_MODES, UNDERFLOW};
use model::hart::HartConfig;
use model::isa::{Class, FORMS, Format, Op};

type Axis = Vec<&'static str>;

/// Declares the groups with their names and axes.
macro_rules! groups {
    ($kernel:ident; $($(#[$doc:meta])* $group:ident $name:literal [$($axis:expr),*];)*) => {
        /// A group of bins.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Group { $($(#[$doc])* $group),* }

        impl Group {
            const ALL: &[(Self, &str)] = &[$((Self::$group, $name)),*];

            fn axes(self, $kernel: usize) -> Vec<Axis> {
                match self { $(Self::$group => vec![$(Axis::from($axis)),*]),* }
            }
        }
    };
}

groups! {
    kernel;
    /// Each instruction has retired.
    Opcode "opcode" [names(Op::ALL)];
    /// Each 16-bit form has retired.
    ShortForm "short form" [short_forms()];
    /// A 32-bit instruction lies across two words.
    Crossing "across words" [CLASSES];
    /// What a source is for, what has made it, how many instructions before.
    Hazard "hazard" [USES, PRODUCERS, DISTANCES];
    /// The same for each instruction.
    OpcodeHazard "opcode hazard" [names(Op::ALL), PRODUCERS, DISTANCES];
    /// Branches, both ways.
    Branch "branch" [names(BRANCHES), WAYS];
    /// Bits of an offset that are not its sign's.
    Reach "reach" [["branch", "jal"], ["forward", "backward"], OFFSET_BITS];
    /// Where jumps go to.
    Target "target" [JUMPS, TARGETS];
    /// Loads and stores, by the place in the word.
    Access "access" [names(ACCESSES), ["+0", "+1", "+2", "+3"]];
    /// Loads of what a store has written just before.
    Forward "load after store" [["the same bytes", "some of them"], DISTANCES];
    /// Values of the two sources.
    Operands "operands" [names(REGISTER_OPS), CORNER_NAMES, CORNER_NAMES];
    /// Exceptions, in all their kinds.
    Trap "exception" [TRAPS];
    /// Exceptions, by what has retired just before.
    TrapAfter "exception after" [CAUSES.map(|(_, name)| name), CLASSES];
    /// Interrupts, by how the handler is found.
    Interrupt "interrupt" [INTERRUPTS.map(|(_, name)| name), ["direct", "vectored"]];
    /// Interrupts, by what has retired just before.
    InterruptAfter "interrupt after" [INTERRUPTS.map(|(_, name)| name), CLASSES];
    /// Interrupts, by what has not been run for them.
    Interrupted "interrupted" [INTERRUPTS.map(|(_, name)| name), CLASSES];
    /// How a `wfi` has ended.
    Wait "wfi" [["interrupts off", "interrupt behind it"]];
    /// CSRs that a program writes with anything.
    CsrWrite "csr" [csr_names(writable_csrs()), ["read", "write", "set", "clear"]];
    /// CSRs that a program only reads.
    CsrRead "csr read" [csr_names(readable_csrs())];
    /// How instructions of the unit end.
    Conv "conv" [conv_outcomes().map(|(_, name)| leaked(name)).collect::<Axis>()];
    /// Runs of the unit, by configuration.
    ConvRun "conv run" [["run", "again"], Mode::ALL.map(Mode::name),
                        SmaxScope::ALL.map(SmaxScope::name), TILES];
    /// Runs of the unit, by size.
    ConvSize "conv size" [&SIDES[..kernel], TILES];
    /// Runs of the unit by a log plane, by whether the run had to fetch words.
    ConvPlane "conv plane" [["run", "again"], ["all words there", "words fetched"]];
    /// What is read from the unit.
    ConvRead "conv.read" [conv_read_names()];
    /// Instructions that the program has overwritten.
    Patch "overwritten" [["16 bits", "32 bits"], ["right behind fence.i", "later"]];
    /// Rounding modes, and where they come from.
    Rounding "rounding" [names(&rounding_ops()), ROUNDING_MODES, ["in the instruction", "in frm"]];
    /// Rounding modes, by the class of the first source.
    RoundedClass "rounding of" [names(&rounding_ops()), ROUNDING_MODES, FLOAT_CLASSES];
    /// Classes of the source, of what has one and does not round.
    FloatClass "float class" [["fclass.s", "fmv.x.w"], FLOAT_CLASSES];
    /// Classes of the two sources.
    FloatClasses "float classes" [names(&two_float_ops()), FLOAT_CLASSES, FLOAT_CLASSES];
    /// Classes of two of the three sources.
    FusedClasses "fused classes" [names(FUSED_OPS), PAIRS.map(|(name, ..)| name), FLOAT_CLASSES,
                                  FLOAT_CLASSES];
    /// Flags that an instruction raises.
    Raised "float flag" [names(FLOAT_OPS), FLAGS.map(|(name, _)| name)];
    /// What kind of instruction reads a float register, as which source, what has made it, how many
    /// instructions before.
    FloatHazard "float hazard" [FLOAT_USES, ["rs1", "rs2", "rs3"], FLOAT_PRODUCERS, DISTANCES];
    /// The same for each instruction.
    FloatOpcodeHazard "float opcode hazard" [names(Op::ALL), FLOAT_PRODUCERS, DISTANCES];
    /// A register is read while the one of the same number in the other file has just been written.
    OtherFile "other file" [["integer", "float"], DISTANCES];
    /// A CSR instruction on the flags, by what has raised some, how many instructions before.
    FlagsRead "flags behind" [FLOAT_USES, DISTANCES];
    /// What makes floats dirty, and what they were.
    Dirty "dirty" [["initial", "clean"], ["register", "flags alone", "csr"]];
    /// What meets floats that are off.
    Off "floats off" [["load", "store", "operation", "csr"]];
    /// Rounding modes that are reserved.
    Reserved "reserved rounding" [["5", "6", "frm 5", "frm 6", "frm 7"]];
}

pub(super) const BRANCHES: &[Op] = Op::range(Op::Beq, Op::Bgeu);
/// Loads and stores.
pub(super) const ACCESSES: &[Op] =
    &[Op::Lb, Op::Lh, Op::Lw, Op::Lbu, Op::Lhu, Op::Sb, Op::Sh, Op::Sw, Op::Flw, Op::Fsw];
pub(super) const REGISTER_OPS: &[Op] = Op::range(Op::Add, Op::Remu);

/// The names of [`Class`], in order, but for those that never retire.
#[rustfmt::skip]
const CLASSES: [&str; Class::Call as usize] = [
    "alu", "muldiv", "load", "store", "branch", "jump", "csr", "conv", "system", "float load",
    "float store", "float",
];

/// What a source register is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Alu,
    MulDiv,
    LoadAddress,
    StoreAddress,
    StoreData,
    Branch,
    Jalr,
    Csr,
    Conv,
    Float,
}

/// The names of [`Use`], in order.
#[rustfmt::skip]
const USES: [&str; Use::Float as usize + 1] = [
    "alu", "muldiv", "load address", "store address", "store data", "branch", "jalr", "csr", "conv",
    "float",
];
const PRODUCERS: [&str; 8] =
    ["alu", "muldiv", "load", "link", "csr", "conv", "float", "float that rounds"];
/// Those of [`PRODUCERS`] that a core with F alone has.
const FLOAT_PRODUCER: usize = 6;
const DISTANCES: [&str; 3] = ["1", "2", "3"];
const WAYS: [&str; 3] = ["not taken", "to a word", "to an odd halfword"];
pub(super) const OFFSET_BITS: [&str; 11] =
    ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
const JUMPS: [&str; 9] =
    ["jal", "jalr", "c.j", "c.jal", "c.jr", "c.jalr", "branch", "c.branch", "mret"];
const TARGETS: [&str; 4] =
    ["16 bits in a word", "32 bits in a word", "16 bits at its end", "32 bits across words"];
pub(super) const CORNERS: [u32; 5] = [0, 1, u32::MAX, 0x8000_0000, 0x7fff_ffff];
const CORNER_NAMES: [&str; 5] = ["0", "1", "-1", "min", "max"];
pub(super) const TRAPS: [&str; 21] = [
    "fetch",
    "fetch of the second half",
    "illegal word",
    "illegal half",
    "csr that does not exist",
    "csr that is read-only",
    "conv refused",
    "floats that are off",
    "rounding mode that is reserved",
    "ebreak",
    "c.ebreak",
    "conv misaligned",
    "conv access",
    "load",
    "load, first word",
    "load, second word",
    "store",
    "store, first word",
    "store, second word",
    "ecall",
    "first instruction of an interrupt",
];
pub(super) const CAUSES: [(u32, &str); 6] = [
    (CAUSE_ILLEGAL, "illegal"),
    (CAUSE_BREAKPOINT, "breakpoint"),
    (CAUSE_LOAD_MISALIGNED, "misaligned"),
    (CAUSE_LOAD_ACCESS, "load access"),
    (CAUSE_STORE_ACCESS, "store access"),
    (CAUSE_ECALL_M, "ecall"),
];
pub(super) const INTERRUPTS: [(u32, &str); 3] =
    [(IRQ_SOFTWARE, "software"), (IRQ_TIMER, "timer"), (IRQ_EXTERNAL, "external")];
const SOFTWARE: usize = 0;
const TILES: [&str; 2] = ["1 output", "4 outputs"];
const SIDES: [&str; MAX_SIDE] =
    ["side 1", "side 2", "side 3", "side 4", "side 5", "side 6", "side 7"];

pub(super) const FLOAT_OPS: &[Op] = Op::all_of(Class::Float);
pub(super) const FUSED_OPS: &[Op] = Op::range(Op::FmaddS, Op::FnmaddS);
/// In the order of the bits of fclass.
#[rustfmt::skip]
pub(super) const FLOAT_CLASSES: [&str; 10] = [
    "-infinity", "-normal", "-subnormal", "-0", "+0", "+subnormal", "+normal", "+infinity",
    "signalling", "quiet",
];
/// Two of the three sources.
pub(super) const PAIRS: [(&str, usize, usize); 3] =
    [("rs1 rs2", 0, 1), ("rs1 rs3", 0, 2), ("rs2 rs3", 1, 2)];
pub(super) const FLAGS: [(&str, u32); 5] = [
    ("invalid", INVALID),
    ("division by zero", DIVISION_BY_ZERO),
    ("overflow", OVERFLOW),
    ("underflow", UNDERFLOW),
    ("inexact", INEXACT),
];

/// A kind of instruction that the FPU treats alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FloatKind {
    /// Its result is there at once.
    Early,
    /// Its result comes a stage later.
    Late,
    Iterative,
    Load,
    Store,
}

impl FloatKind {
    pub const fn of(op: Op) -> Self {
        match op {
            Op::Flw => Self::Load,
            Op::Fsw => Self::Store,
            Op::FdivS | Op::FsqrtS => Self::Iterative,
            _ if op.rounds() => Self::Late,
            _ => Self::Early,
        }
    }
}

/// The names of [`FloatKind`], in order: of what writes a float register, and of what reads one.
const FLOAT_PRODUCERS: [&str; 4] = ["early", "late", "iterative", "load"];
const FLOAT_USES: [&str; 5] = ["early", "late", "iterative", "load", "store"];

pub(super) fn rounding_ops() -> Vec<Op> {
    FLOAT_OPS.iter().copied().filter(|op| op.rounds()).collect()
}

/// Those of two float registers.
pub(super) fn two_float_ops() -> Vec<Op> {
    FLOAT_OPS.iter().copied().filter(|op| op.floats()[2] && !op.floats()[3]).collect()
}

fn names(ops: &[Op]) -> Axis {
    ops.iter().map(|op| op.name()).collect()
}

/// The 16-bit forms by their places in the table, and behind them what does nothing.
fn short_forms() -> Axis {
    FORMS.iter().map(|form| form.name).chain(["hint"]).collect()
}

/// CSRs that a program may write with anything without losing its way, by their numbers.
fn writable_csrs() -> Vec<&'static Csr> {
    sorted_csrs(|row| !row.is_read_only() && row.number != MTVEC)
}

/// The other ones.
fn readable_csrs() -> Vec<&'static Csr> {
    sorted_csrs(|row| row.is_read_only() || row.number == MTVEC)
}

fn sorted_csrs(choose: impl Fn(&Csr) -> bool) -> Vec<&'static Csr> {
    let mut rows: Vec<_> = CSRS.iter().filter(|row| choose(row)).collect();
    rows.sort_by_key(|row| row.number);
    rows
}

/// A row of numbered ones counts as one.
fn csr_names(rows: Vec<&Csr>) -> Axis {
    rows.iter().map(|row| leaked(format!("{}{}", row.name, row.suffix))).collect()
}

/// How an instruction of the unit ends: well, or with a cause.
pub(super) type ConvOutcome = (Op, Option<u32>);

/// Every outcome that there is, with its name.
fn conv_outcomes() -> impl Iterator<Item = (ConvOutcome, String)> {
    let ends = [
        (None, "ok"),
        (Some(CAUSE_ILLEGAL), "illegal"),
        (Some(CAUSE_LOAD_MISALIGNED), "misaligned"),
        (Some(CAUSE_LOAD_ACCESS), "access fault"),
    ];
    let ops = Op::all_of(Class::Conv);
    ops.iter().flat_map(move |&op| {
        let reads = match op {
            Op::ConvLoad | Op::ConvRun => &ends[2..],
            // It fetches what the plane told not to.
            Op::ConvAgain => &ends[3..],
            _ => &[],
        };
        let name = op.name().trim_start_matches("conv.");
        let outcome = move |&(cause, end): &(_, &str)| ((op, cause), format!("{name} {end}"));
        ends[..2].iter().chain(reads).map(outcome).collect::<Vec<_>>()
    })
}

/// The indices of `conv.read` that give something.
fn conv_read_indices() -> impl Iterator<Item = u32> {
    (0..=READ_PLANE).chain(READ_COUNTERS..=READ_LAST_COUNTER).chain(READ_KERNEL..=READ_FLOAT)
}

/// Those, and any other.
fn conv_read_names() -> Axis {
    let names = conv_read_indices().map(|index| leaked(index.to_string()));
    names.chain(["another"]).collect()
}

/// A name that is made once and used until the end.
fn leaked(name: String) -> &'static str {
    name.leak()
}

/// All bins, one behind the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bins {
    /// The first bin of each group, and the sizes of its axes.
    groups: Vec<(usize, Vec<usize>)>,
    /// The name of each bin; `None` of what cannot be.
    pub names: Vec<Option<String>>,
    /// What has to be found on an axis.
    pub writable: Vec<&'static Csr>,
    pub readable: Vec<&'static Csr>,
    pub conv_outcomes: Vec<ConvOutcome>,
    pub conv_reads: Vec<u32>,
    pub rounding_ops: Vec<Op>,
    pub two_float_ops: Vec<Op>,
}

impl Bins {
    /// The bins of a system: they depend on the rows that the kernels of its unit have at most, on
    /// whether an address of the unit can be misaligned, on whether it has log planes, and on whether
    /// the core has F.
    pub fn of(system: &HartConfig) -> &'static Self {
        static BINS: [[[[OnceLock<Bins>; MAX_SIDE + 1]; 2]; 2]; 2] =
            [const { [const { [const { [const { OnceLock::new() }; MAX_SIDE + 1] }; 2] }; 2] }; 2];
        let &HartConfig { unit, float, .. } = system;
        let (aligned, planes) = (unit.operand_bytes() > 1, unit.planes == 1);
        let [by_float, by_planes, by_aligned] = [float, planes, aligned].map(usize::from);
        let bins = &BINS[by_float][by_planes][by_aligned][unit.kernel];
        bins.get_or_init(|| Self::new(unit.kernel, aligned, planes, float))
    }

    fn new(kernel: usize, aligned: bool, planes: bool, float: bool) -> Self {
        let (mut groups, mut names) = (Vec::new(), Vec::new());
        for &(group, group_name) in Group::ALL {
            let axes = group.axes(kernel);
            let sizes: Vec<_> = axes.iter().map(Vec::len).collect();
            let first = names.len();
            for index in 0..sizes.iter().product() {
                let point = point(&sizes, index);
                let name = || {
                    let parts = axes.iter().zip(&point).map(|(axis, &place)| axis[place]);
                    [group_name].into_iter().chain(parts).collect::<Vec<_>>().join("/")
                };
                let possible = possible(group, &point)
                    && (float || !by_floats(group, &point))
                    && (aligned || !misaligned(group, &point))
                    && (planes || !by_planes(group, &point));
                names.push(possible.then(name));
            }
            groups.push((first, sizes));
        }
        Self {
            groups,
            names,
            writable: writable_csrs(),
            readable: readable_csrs(),
            conv_outcomes: conv_outcomes().map(|(outcome, _)| outcome).collect(),
            conv_reads: conv_read_indices().collect(),
            rounding_ops: rounding_ops(),
            two_float_ops: two_float_ops(),
        }
    }

    /// The bin at a point of a group.
    pub fn index(&self, group: Group, point: &[usize]) -> usize {
        let (first, sizes) = &self.groups[group as usize];
        debug_assert_eq!(sizes.len(), point.len(), "{group:?}");
        let offset = sizes.iter().zip(point).fold(0, |offset, (size, place)| {
            debug_assert!(place < size, "{group:?} {point:?}");
            offset * size + place
        });
        first + offset
    }
}

/// The places on the axes, the last one running fastest.
fn point(sizes: &[usize], mut index: usize) -> Vec<usize> {
    let mut point = vec![0; sizes.len()];
    for (place, size) in point.iter_mut().zip(sizes).rev() {
        *place = index % size;
        index /= size;
    }
    point
}

fn possible(group: Group, point: &[usize]) -> bool {
    let retires = |op: Op| op.class() != Class::Call;
    match group {
        Group::Opcode => retires(Op::ALL[point[0]]),
        Group::OpcodeHazard => {
            let op = Op::ALL[point[0]];
            retires(op) && has_source(op) && (op != Op::Jalr || point[1] != FLOAT_PRODUCER + 1)
        }
        Group::ShortForm => FORMS.get(point[0]).is_none_or(|form| retires(form.op)),
        // A software interrupt comes right behind its store, or behind what lets it come.
        Group::InterruptAfter if point[0] == SOFTWARE => {
            let may = [Class::Store, Class::Csr, Class::System];
            may.iter().any(|&class| class as usize == point[1])
        }
        // What a conversion gives is no address of code.
        Group::Hazard => point[0] != Use::Jalr as usize || point[1] != FLOAT_PRODUCER + 1,
        Group::RoundedClass => rounding_ops()[point[0]].floats()[1],
        Group::Raised => raises(FLOAT_OPS[point[0]], FLAGS[point[1]].1),
        Group::FloatHazard => match point[0] {
            use_ if use_ == FloatKind::Store as usize => point[1] == 1,
            use_ if use_ == FloatKind::Load as usize => false,
            use_ => point[1] < 2 || use_ == FloatKind::Late as usize,
        },
        Group::FloatOpcodeHazard => Op::ALL[point[0]].floats()[1..].contains(&true),
        // Loads and stores raise none.
        Group::FlagsRead => point[0] < FloatKind::Load as usize,
        _ => true,
    }
}

/// Whether it is an exception of a misaligned address, which the unit alone has.
fn misaligned(group: Group, point: &[usize]) -> bool {
    match group {
        Group::Trap => TRAPS[point[0]] == "conv misaligned",
        Group::TrapAfter => CAUSES[point[0]].0 == CAUSE_LOAD_MISALIGNED,
        Group::Conv => conv_outcomes()
            .nth(point[0])
            .is_some_and(|((_, cause), _)| cause == Some(CAUSE_LOAD_MISALIGNED)),
        _ => false,
    }
}

/// Whether only a unit with log planes does it.
fn by_planes(group: Group, point: &[usize]) -> bool {
    match group {
        Group::Opcode | Group::OpcodeHazard => Op::ALL[point[0]] == Op::ConvPlane,
        Group::ConvPlane => true,
        Group::Conv => conv_outcomes().nth(point[0]).is_some_and(|(outcome, _)| {
            matches!(outcome, (Op::ConvPlane, None) | (Op::ConvAgain, Some(CAUSE_LOAD_ACCESS)))
        }),
        _ => false,
    }
}

/// Whether only a core with F does it.
fn by_floats(group: Group, point: &[usize]) -> bool {
    let class = match group {
        Group::Rounding
        | Group::RoundedClass
        | Group::FloatClass
        | Group::FloatClasses
        | Group::FusedClasses
        | Group::Raised
        | Group::FloatHazard
        | Group::FloatOpcodeHazard
        | Group::OtherFile
        | Group::FlagsRead
        | Group::Dirty
        | Group::Off
        | Group::Reserved => return true,
        Group::Opcode => return Op::ALL[point[0]].is_float(),
        Group::OpcodeHazard => {
            return Op::ALL[point[0]].is_float() || point[1] >= FLOAT_PRODUCER;
        }
        Group::Hazard => return point[0] == Use::Float as usize || point[1] >= FLOAT_PRODUCER,
        Group::Access => return ACCESSES[point[0]].is_float(),
        Group::Trap => {
            return ["floats that are off", "rounding mode that is reserved"]
                .contains(&TRAPS[point[0]]);
        }
        Group::ShortForm => return FORMS.get(point[0]).is_some_and(|form| form.op.is_float()),
        Group::CsrWrite => return writable_csrs()[point[0]].is_float(),
        Group::Crossing => point[0],
        Group::TrapAfter | Group::InterruptAfter | Group::Interrupted => point[1],
        _ => return false,
    };
    class >= Class::FloatLoad as usize
}

/// Whether a float instruction can raise a flag.
fn raises(op: Op, flag: u32) -> bool {
    match flag {
        INVALID => {
            let bits = [Op::FsgnjS, Op::FsgnjnS, Op::FsgnjxS, Op::FclassS, Op::FmvXW, Op::FmvWX];
            !bits.contains(&op) && op.floats()[1]
        }
        DIVISION_BY_ZERO => op == Op::FdivS,
        INEXACT => op.rounds(),
        // A sum that is tiny is exact.
        UNDERFLOW => matches!(op, Op::FmulS | Op::FdivS) || FUSED_OPS.contains(&op),
        _ => op.rounds() && op.floats()[2],
    }
}

/// Whether an instruction reads an integer register.
fn has_source(op: Op) -> bool {
    !matches!(
        op.format(),
        Format::U
            | Format::J
            | Format::CsrImmediate
            | Format::Fence
            | Format::FenceI
            | Format::Fixed
            | Format::Conv0
    ) && !op.floats()[1]
}
