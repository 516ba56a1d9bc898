//! One thing in which the system and the reference disagree, as a sentence.

use std::fmt;

use model::hart::{Access, FeedError};

/// A difference at one instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The address of the instruction.
    Pc {
        /// The reference's.
        expected: u32,
        /// The system's.
        actual: u32,
    },
    /// The bits of the instruction.
    Instruction {
        /// The reference's.
        expected: u32,
        /// The system's.
        actual: u32,
    },
    /// The number of the instruction: one is missing, or reported twice.
    Order {
        /// The reference's.
        expected: u64,
        /// The system's.
        actual: u64,
    },
    /// The exception.
    Trap {
        /// `mcause` of the reference; none if it does not trap.
        expected: Option<u32>,
        /// `mcause` of the system.
        actual: Option<u32>,
    },
    /// Which interrupt was taken before the instruction.
    Interrupt {
        /// `mcause` of the reference.
        expected: Option<u32>,
        /// `mcause` of the system.
        actual: Option<u32>,
    },
    /// The system's interrupts are not justified.
    Feed(FeedError),
    /// The register written, and its value.
    Register {
        /// The reference's; none if it writes none.
        expected: Option<(u8, u32)>,
        /// The system's.
        actual: Option<(u8, u32)>,
    },
    /// The load or store.
    Memory {
        /// The reference's; none if there is none.
        expected: Option<Access>,
        /// The system's.
        actual: Option<Access>,
    },
    /// The address of the next instruction.
    NextPc {
        /// The reference's.
        expected: u32,
        /// The system's.
        actual: u32,
    },
    /// An output of the unit.
    Output {
        /// The output in the tile.
        output: usize,
        /// The reference's.
        expected: i32,
        /// The system's.
        actual: i32,
    },
    /// S_max of an output of the unit.
    SMax {
        /// The output in the tile.
        output: usize,
        /// The reference's.
        expected: Option<u32>,
        /// The system's.
        actual: Option<u32>,
    },
    /// The products multiplied of an output of the unit: bit `row · KERNEL + column`.
    Keep {
        /// The output in the tile.
        output: usize,
        /// The reference's.
        expected: u64,
        /// The system's.
        actual: u64,
    },
    /// The UART.
    Sent {
        /// The reference's bytes.
        expected: Vec<u8>,
        /// The system's, from the same byte on.
        actual: Vec<u8>,
    },
    /// No instruction retires any more.
    Hang {
        /// Cycles waited.
        cycles: u64,
        /// The address of the instruction that should retire next.
        pc: u32,
    },
    /// An assertion of the RTL failed, or the model broke down.
    Assertion(String),
}

/// An interrupt's or exception's `mcause`.
struct Cause(u32);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
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
        write!(f, "{text} (mcause {:#x})", self.0)
    }
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

struct Score(Option<u32>);

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(score) => score.fmt(f),
            None => f.write_str("none"),
        }
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
            Self::Trap { expected: Some(expected), actual: Some(actual) } => {
                write!(f, "trap: the core took {}, expected {}", Cause(*actual), Cause(*expected))
            }
            Self::Trap { expected: None, actual: Some(actual) } => {
                write!(f, "trap: the core took {}, expected none", Cause(*actual))
            }
            Self::Trap { expected, .. } => write!(
                f,
                "trap: the core took none, expected {}",
                Cause(expected.unwrap_or_default())
            ),
            Self::Interrupt { expected, actual } => {
                let name = |cause: &Option<u32>| {
                    cause.map_or("none".to_owned(), |cause| Cause(cause).to_string())
                };
                write!(f, "interrupt: the core took {}, expected {}", name(actual), name(expected))
            }
            Self::Feed(error) => write!(f, "interrupt: {error}"),
            Self::Register { expected, actual } => {
                match actual {
                    Some((rd, value)) => write!(f, "x{rd}: the core wrote {value:#010x}")?,
                    None => f.write_str("register: the core wrote none")?,
                }
                match expected {
                    Some((rd, value)) if actual.is_some_and(|(other, _)| other == *rd) => {
                        write!(f, ", expected {value:#010x}")
                    }
                    Some((rd, value)) => write!(f, ", expected {value:#010x} in x{rd}"),
                    None => f.write_str(", expected no write"),
                }
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
            Self::Output { output, expected, actual } => {
                write!(f, "output {output}: the unit has {actual}, expected {expected}")
            }
            Self::SMax { output, expected, actual } => write!(
                f,
                "output {output}: the unit has S_max = {}, expected {}",
                Score(*actual),
                Score(*expected)
            ),
            Self::Keep { output, expected, actual } => write!(
                f,
                "output {output}: the unit kept the products {actual:#b}, expected {expected:#b}"
            ),
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
