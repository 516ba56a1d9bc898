//! The bins: groups of them, each the product of its axes.

use std::sync::LazyLock;

use super::facts::{CLASSES, OPCODES, SHORT_FORMS, USES, has_source};

/// Declares the groups with their names and axes.
macro_rules! groups {
    ($($(#[$doc:meta])* $group:ident $name:literal [$($axis:expr),*];)*) => {
        /// A group of bins.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Group { $($(#[$doc])* $group),* }

        impl Group {
            pub const ALL: &[Self] = &[$(Self::$group),*];

            pub fn name(self) -> &'static str {
                match self { $(Self::$group => $name),* }
            }

            pub fn axes(self) -> &'static [&'static [&'static str]] {
                match self { $(Self::$group => &[$($axis),*]),* }
            }
        }
    };
}

groups! {
    /// Each instruction has retired.
    Opcode "opcode" [OPCODES];
    /// Each 16-bit form has retired.
    ShortForm "short form" [SHORT_FORMS];
    /// A 32-bit instruction lies across two words.
    Crossing "across words" [CLASSES];
    /// What a source is for, what has made it, how many instructions before.
    Hazard "hazard" [USES, PRODUCERS, DISTANCES];
    /// The same for each instruction.
    OpcodeHazard "opcode hazard" [OPCODES, PRODUCERS, DISTANCES];
    /// Branches, both ways.
    Branch "branch" [BRANCHES, WAYS];
    /// Bits of an offset that are not its sign's.
    Reach "reach" [REACHING, DIRECTIONS, OFFSET_BITS];
    /// Where jumps go to.
    Target "target" [JUMPS, TARGETS];
    /// Loads and stores, by the place in the word.
    Access "access" [ACCESSES, PLACES];
    /// Loads of what a store has written just before.
    Forward "load after store" [OVERLAPS, DISTANCES];
    /// Values of the two sources.
    Operands "operands" [REGISTER_OPS, CORNER_NAMES, CORNER_NAMES];
    /// Exceptions, in all their kinds.
    Trap "exception" [TRAPS];
    /// Exceptions, by what has retired just before.
    TrapAfter "exception after" [CAUSE_NAMES, CLASSES];
    /// Interrupts, by how the handler is found.
    Interrupt "interrupt" [INTERRUPTS, MODES];
    /// Interrupts, by what has retired just before.
    InterruptAfter "interrupt after" [INTERRUPTS, CLASSES];
    /// Interrupts, by what has not been run for them.
    Interrupted "interrupted" [INTERRUPTS, CLASSES];
    /// How a `wfi` has ended.
    Wait "wfi" [WAITS];
    /// CSRs that a program writes with anything.
    CsrWrite "csr" [WRITABLE_NAMES, CSR_ACCESSES];
    /// CSRs that a program only reads.
    CsrRead "csr read" [READABLE_NAMES];
    /// How instructions of the unit end.
    Conv "conv" [CONV_NAMES];
    /// Runs of the unit, by configuration.
    ConvRun "conv run" [CONV_RUNS, CONV_MODES, SCOPES, TILES];
    /// Runs of the unit, by size.
    ConvSize "conv size" [SIDES, TILES];
    /// What is read from the unit.
    ConvRead "conv.read" [CONV_INDEX_NAMES];
    /// Instructions that the program has overwritten.
    Patch "overwritten" [LENGTHS, BEHIND];
}

const PRODUCERS: &[&str] = &["alu", "muldiv", "load", "link", "csr", "conv"];
const DISTANCES: &[&str] = &["1", "2", "3"];
const BRANCHES: &[&str] = &["beq", "bne", "blt", "bge", "bltu", "bgeu"];
const WAYS: &[&str] = &["not taken", "to a word", "to an odd halfword"];
const REACHING: &[&str] = &["branch", "jal"];
const DIRECTIONS: &[&str] = &["forward", "backward"];
pub(super) const OFFSET_BITS: &[&str] = &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"];
pub(super) const JUMPS: &[&str] =
    &["jal", "jalr", "c.j", "c.jal", "c.jr", "c.jalr", "branch", "c.branch", "mret"];
const TARGETS: &[&str] =
    &["16 bits in a word", "32 bits in a word", "16 bits at its end", "32 bits across words"];
const ACCESSES: &[&str] = &["lb", "lh", "lw", "lbu", "lhu", "sb", "sh", "sw"];
const PLACES: &[&str] = &["+0", "+1", "+2", "+3"];
const OVERLAPS: &[&str] = &["the same bytes", "some of them"];
const REGISTER_OPS: &[&str] = &[
    "add", "sub", "sll", "slt", "sltu", "xor", "srl", "sra", "or", "and", "mul", "mulh", "mulhsu",
    "mulhu", "div", "divu", "rem", "remu",
];
pub(super) const CORNERS: &[u32] = &[0, 1, u32::MAX, 0x8000_0000, 0x7fff_ffff];
const CORNER_NAMES: &[&str] = &["0", "1", "-1", "min", "max"];
pub(super) const TRAPS: &[&str] = &[
    "fetch",
    "fetch of the second half",
    "illegal word",
    "illegal half",
    "csr that does not exist",
    "csr that is read-only",
    "conv refused",
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
pub(super) const CAUSES: &[u32] = &[2, 3, 4, 5, 7, 11];
const CAUSE_NAMES: &[&str] =
    &["illegal", "breakpoint", "misaligned", "load access", "store access", "ecall"];
const INTERRUPTS: &[&str] = &["software", "timer", "external"];
const MODES: &[&str] = &["direct", "vectored"];
const CSR_ACCESSES: &[&str] = &["read", "write", "set", "clear"];
const WAITS: &[&str] = &["interrupts off", "interrupt behind it"];
/// CSRs, of those with a number only the first.
pub(super) const WRITABLE: &[u16] = &[
    0x300, 0x301, 0x304, 0x310, 0x320, 0x323, 0x340, 0x341, 0x342, 0x343, 0x344, 0xb00, 0xb02,
    0xb03, 0xb80, 0xb82, 0xb83,
];
#[rustfmt::skip]
const WRITABLE_NAMES: &[&str] = &[
    "mstatus", "misa", "mie", "mstatush", "mcountinhibit", "mhpmevent", "mscratch", "mepc",
    "mcause", "mtval", "mip", "mcycle", "minstret", "mhpmcounter", "mcycleh", "minstreth",
    "mhpmcounterh",
];
pub(super) const READABLE: &[u16] =
    &[0x305, 0xc00, 0xc02, 0xc80, 0xc82, 0xf11, 0xf12, 0xf13, 0xf14, 0xf15];
const READABLE_NAMES: &[&str] = &[
    "mtvec",
    "cycle",
    "instret",
    "cycleh",
    "instreth",
    "mvendorid",
    "marchid",
    "mimpid",
    "mhartid",
    "mconfigptr",
];
#[rustfmt::skip]
pub(super) const CONV_OUTCOMES: &[(usize, Option<u32>)] = &[
    (0, None), (0, Some(2)), (0, Some(4)), (0, Some(5)),
    (1, None), (1, Some(2)), (1, Some(4)), (1, Some(5)),
    (2, None), (2, Some(2)), (3, None), (3, Some(2)), (4, None), (4, Some(2)),
    (5, None), (5, Some(2)), (6, None), (6, Some(2)), (7, Some(2)),
];
const CONV_NAMES: &[&str] = &[
    "load ok",
    "load illegal",
    "load misaligned",
    "load access fault",
    "run ok",
    "run illegal",
    "run misaligned",
    "run access fault",
    "again ok",
    "again illegal",
    "read ok",
    "read illegal",
    "config ok",
    "config illegal",
    "carry ok",
    "carry illegal",
    "clear ok",
    "clear illegal",
    "function 7",
];
const CONV_RUNS: &[&str] = &["run", "again"];
const CONV_MODES: &[&str] = &["exact", "zero-skip", "dual-zero-skip", "approx"];
const SCOPES: &[&str] = &["window", "running"];
const TILES: &[&str] = &["1 output", "4 outputs"];
const SIDES: &[&str] = &["side 1", "side 2", "side 3", "side 4", "side 5"];
/// Indices of `conv.read`.
pub(super) const CONV_INDICES: &[u32] = &[
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    26,
    32,
    33,
    34,
    35,
    u32::MAX,
];
const CONV_INDEX_NAMES: &[&str] = &[
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "16", "17", "18", "19", "20", "21",
    "22", "23", "24", "25", "26", "32", "33", "34", "35", "another",
];
const LENGTHS: &[&str] = &["16 bits", "32 bits"];
const BEHIND: &[&str] = &["right behind fence.i", "later"];

/// All bins, one behind the other.
pub(super) struct Bins {
    /// The first bin of each group.
    firsts: Vec<usize>,
    /// The name of each bin; `None` of what cannot be.
    pub names: Vec<Option<String>>,
}

pub(super) static BINS: LazyLock<Bins> = LazyLock::new(Bins::new);

impl Bins {
    fn new() -> Self {
        let (mut firsts, mut names) = (Vec::new(), Vec::new());
        for &group in Group::ALL {
            firsts.push(names.len());
            let axes = group.axes();
            for index in 0..axes.iter().map(|axis| axis.len()).product() {
                let point = point(axes, index);
                let name = || {
                    let parts = axes.iter().zip(&point).map(|(axis, &place)| axis[place]);
                    [group.name()].into_iter().chain(parts).collect::<Vec<_>>().join("/")
                };
                names.push(possible(group, &point).then(name));
            }
        }
        Self { firsts, names }
    }

    /// The bin at a point of a group.
    pub fn index(&self, group: Group, point: &[usize]) -> usize {
        let axes = group.axes();
        debug_assert_eq!(axes.len(), point.len(), "{group:?}");
        let offset = axes.iter().zip(point).fold(0, |offset, (axis, place)| {
            debug_assert!(*place < axis.len(), "{group:?} {point:?}");
            offset * axis.len() + place
        });
        self.firsts[group as usize] + offset
    }
}

/// The places on the axes, the last one running fastest.
fn point(axes: &[&[&str]], mut index: usize) -> Vec<usize> {
    let mut point = vec![0; axes.len()];
    for (place, axis) in point.iter_mut().zip(axes).rev() {
        *place = index % axis.len();
        index /= axis.len();
    }
    point
}

fn possible(group: Group, point: &[usize]) -> bool {
    match group {
        Group::OpcodeHazard => has_source(point[0]),
        // A software interrupt comes right behind its store, or behind what lets it come.
        Group::InterruptAfter if INTERRUPTS[point[0]] == "software" => {
            ["store", "csr", "system"].contains(&CLASSES[point[1]])
        }
        _ => true,
    }
}
