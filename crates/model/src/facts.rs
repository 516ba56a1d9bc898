// SPDX-License-Identifier: MIT OR Apache-2.0
//! The numbers that the RTL, the firmware and the software share, each written once.
//!
//! The packages of `rtl/` and the headers of `firmware/` state them again, to be read by people who
//! work there; the build compares them with this file (`build/facts.rs`). So that the build script
//! can include it, this file uses nothing but the language.

/// Constants of 32 bits, each also under its name, for the comparison.
macro_rules! numbers {
    ($($(#[$doc:meta])* $name:ident = $value:expr;)*) => {
        $($(#[$doc])* pub const $name: u32 = $value;)*

        pub const NUMBERS: &[(&str, u32)] = &[$((stringify!($name), $name)),*];
    };
}

/// The system: `rtl/soc/soc_pkg.sv`, `firmware/soc.h`, `firmware/link.ld`.
pub mod soc {
    numbers! {
        /// First address of the RAM, and the pc after reset.
        RAM_BASE = 0x8000_0000;
        /// Bytes of RAM of the system that ships.
        RAM_BYTES = 1 << 20;

        ADDR_MSIP = 0x0200_0000;
        ADDR_MTIMECMP = 0x0200_4000;
        ADDR_MTIMECMP_HI = 0x0200_4004;
        ADDR_MTIME = 0x0200_bff8;
        ADDR_MTIME_HI = 0x0200_bffc;
        ADDR_EXTERNAL = 0x0c00_0000;
        ADDR_UART = 0x1000_0000;
    }
}

/// Floats, and the floating-point unit: `rtl/fpu/fpu_pkg.sv`.
pub mod float {
    numbers! {
        FPU_ADD = 0;
        FPU_SUB = 1;
        FPU_MUL = 2;
        /// a·b + c
        FPU_MADD = 3;
        /// a·b − c
        FPU_MSUB = 4;
        /// −(a·b) + c
        FPU_NMSUB = 5;
        /// −(a·b) − c
        FPU_NMADD = 6;
        FPU_DIV = 7;
        FPU_SQRT = 8;
        FPU_CVT_W_S = 9;
        FPU_CVT_WU_S = 10;
        FPU_CVT_S_W = 11;
        FPU_CVT_S_WU = 12;
        FPU_SGNJ = 13;
        FPU_SGNJN = 14;
        FPU_SGNJX = 15;
        FPU_MIN = 16;
        FPU_MAX = 17;
        FPU_EQ = 18;
        FPU_LT = 19;
        FPU_LE = 20;
        FPU_CLASS = 21;
        FPU_MV = 22;

        /// Rounding modes: to nearest, ties to even.
        RNE = 0;
        /// Towards zero.
        RTZ = 1;
        /// Down.
        RDN = 2;
        /// Up.
        RUP = 3;
        /// To nearest, ties away from zero.
        RMM = 4;

        /// The bit of a flag: invalid operation.
        NV = 4;
        /// Division by zero.
        DZ = 3;
        /// Overflow.
        OF = 2;
        /// Underflow.
        UF = 1;
        /// Inexact.
        NX = 0;

        /// The NaN that every instruction that computes leaves.
        CANONICAL_NAN = 0x7fc0_0000;
    }
}

/// The core: `rtl/core/core_pkg.sv`, `firmware/soc.h`.
pub mod riscv {
    numbers! {
        OPCODE_LOAD = 0x03;
        OPCODE_LOAD_FP = 0x07;
        OPCODE_MISC_MEM = 0x0f;
        OPCODE_OP_IMM = 0x13;
        OPCODE_AUIPC = 0x17;
        OPCODE_STORE = 0x23;
        OPCODE_STORE_FP = 0x27;
        OPCODE_OP = 0x33;
        OPCODE_LUI = 0x37;
        OPCODE_MADD = 0x43;
        OPCODE_MSUB = 0x47;
        OPCODE_NMSUB = 0x4b;
        OPCODE_NMADD = 0x4f;
        OPCODE_OP_FP = 0x53;
        OPCODE_BRANCH = 0x63;
        OPCODE_JALR = 0x67;
        OPCODE_JAL = 0x6f;
        OPCODE_SYSTEM = 0x73;
        /// The instructions of the convolution unit; reserved by the standard (docs/isa.md).
        OPCODE_CONV = 0x77;

        INSN_ECALL = 0x0000_0073;
        INSN_EBREAK = 0x0010_0073;
        INSN_WFI = 0x1050_0073;
        INSN_MRET = 0x3020_0073;

        CAUSE_INSTR_ACCESS = 1;
        CAUSE_ILLEGAL = 2;
        CAUSE_BREAKPOINT = 3;
        /// Of the convolution unit alone; loads and stores may be misaligned.
        CAUSE_LOAD_MISALIGNED = 4;
        CAUSE_LOAD_ACCESS = 5;
        CAUSE_STORE_ACCESS = 7;
        CAUSE_ECALL_M = 11;
        /// The bit of mcause that tells an interrupt from an exception.
        CAUSE_INTERRUPT = 1 << 31;

        /// mcause of an interrupt without its highest bit, which is also its bit of mip and mie.
        IRQ_SOFTWARE = 3;
        IRQ_TIMER = 7;
        IRQ_EXTERNAL = 11;

        MSTATUS_MIE = 1 << 3;
        MSTATUS_MPIE = 1 << 7;
        /// The mode before the trap: always machine mode.
        MSTATUS_MPP = 3 << 11;
        /// Of a core with F: whether the float registers are off (0), in their initial state (1),
        /// clean (2) or dirty (3).
        MSTATUS_FS = 3 << 13;
        /// Whether there is state that is dirty: that of the float registers.
        MSTATUS_SD = 1 << 31;

        /// RV32 with C, I, M and X: the instructions of the unit are no standard ones.
        MISA = 0x4080_1104;
        /// The same with F.
        MISA_FLOAT = 0x4080_1124;
        /// "CNVA".
        MIMPID = 0x434e_5641;

        /// The counter of mcycle, of minstret, and of the events: n of mhpmcounter n.
        COUNTER_CYCLE = 0;
        COUNTER_INSTRET = 2;
        EVENT_LOAD_USE = 3;
        EVENT_JUMP_REGISTER = 4;
        EVENT_FETCH = 5;
        EVENT_MEMORY = 6;
        EVENT_ARITHMETIC = 7;
        EVENT_UNIT = 8;
        EVENT_LOAD = 9;
        EVENT_STORE = 10;
        EVENT_JUMP = 11;
        EVENT_BRANCH = 12;
        EVENT_BRANCH_TAKEN = 13;
        EVENT_COMPRESSED = 14;
    }

    /// One bit per counter that exists, of the 32 that the standard has room for.
    pub const COUNTERS: u32 = 1 << COUNTER_CYCLE
        | 1 << COUNTER_INSTRET
        | ((1 << (EVENT_COMPRESSED + 1)) - (1 << EVENT_LOAD_USE));
}

/// The control and status registers of the core: `rtl/core/core_pkg.sv`.
pub mod csr {
    use super::riscv::{
        self, COUNTERS, IRQ_EXTERNAL, IRQ_SOFTWARE, IRQ_TIMER, MSTATUS_MIE, MSTATUS_MPIE,
        MSTATUS_MPP,
    };

    /// A CSR, or a row of numbered ones.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Csr {
        /// The name; of a numbered one the part before its number.
        pub name: &'static str,
        /// The part of the name behind the number.
        pub suffix: &'static str,
        pub number: u16,
        /// The last number of a row; `number` if it is no row.
        pub last: u16,
        pub content: Content,
    }

    /// What a CSR reads as, and what of it can be written.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Content {
        Constant(u32),
        Register {
            reset: u32,
            /// The bits that a write sets; the others keep the value after reset.
            writable: u32,
        },
        Pending,
        /// Bits of fcsr, of a core with F.
        Float {
            lowest: u32,
            /// All of them, moved down to bit 0.
            mask: u32,
        },
        /// The number of the event of the counter with the lowest five bits of the CSR's number.
        Event,
        /// Bits 31:0 of that counter.
        CounterLow,
        /// Bits 63:32 of that counter.
        CounterHigh,
    }

    impl Csr {
        /// Whether an instruction that writes this one is illegal.
        pub const fn is_read_only(&self) -> bool {
            is_read_only(self.number)
        }

        /// Whether it exists on a core with F alone.
        pub const fn is_float(&self) -> bool {
            matches!(self.content, Content::Float { .. })
        }

        /// Whether the row has more than one CSR.
        pub const fn is_numbered(&self) -> bool {
            self.number != self.last
        }
    }

    /// Whether an instruction that writes the CSR of this number is illegal.
    pub const fn is_read_only(number: u16) -> bool {
        number >> 10 == 3
    }

    const fn register(reset: u32, writable: u32) -> Content {
        Content::Register { reset, writable }
    }

    macro_rules! csrs {
        ($($constant:ident = $number:literal $(..= $last:literal)?,
           $name:literal $($suffix:literal)?, $content:expr;)*) => {
            $(
                pub const $constant: u16 = $number;
            )*

            /// Every CSR: those of F, those of machine mode, then the read-only ones.
            pub const CSRS: &[Csr] = &[$(Csr {
                name: $name,
                suffix: concat!($($suffix)?),
                number: $number,
                last: *[$number $(, $last)?].last().expect("there is one"),
                content: $content,
            }),*];
        };
    }

    use Content::{Constant, CounterHigh, CounterLow, Event, Float, Pending};

    csrs! {
        FFLAGS = 0x001, "fflags", Float { lowest: 0, mask: 0x1f };
        FRM = 0x002, "frm", Float { lowest: 5, mask: 7 };
        FCSR = 0x003, "fcsr", Float { lowest: 0, mask: 0xff };
        MSTATUS = 0x300, "mstatus", register(MSTATUS_MPP, MSTATUS_MIE | MSTATUS_MPIE);
        MSTATUSH = 0x310, "mstatush", Constant(0);
        MISA = 0x301, "misa", Constant(riscv::MISA);
        MIE = 0x304, "mie", register(0, 1 << IRQ_SOFTWARE | 1 << IRQ_TIMER | 1 << IRQ_EXTERNAL);
        MTVEC = 0x305, "mtvec", register(0, !2);
        MCOUNTINHIBIT = 0x320, "mcountinhibit", register(0, COUNTERS);
        MHPMEVENT = 0x323 ..= 0x33f, "mhpmevent", Event;
        MSCRATCH = 0x340, "mscratch", register(0, !0);
        MEPC = 0x341, "mepc", register(0, !1);
        MCAUSE = 0x342, "mcause", register(0, 1 << 31 | 31);
        MTVAL = 0x343, "mtval", register(0, !0);
        MIP = 0x344, "mip", Pending;
        MCYCLE = 0xb00, "mcycle", CounterLow;
        MINSTRET = 0xb02, "minstret", CounterLow;
        MHPMCOUNTER = 0xb03 ..= 0xb1f, "mhpmcounter", CounterLow;
        MCYCLEH = 0xb80, "mcycleh", CounterHigh;
        MINSTRETH = 0xb82, "minstreth", CounterHigh;
        MHPMCOUNTERH = 0xb83 ..= 0xb9f, "mhpmcounter" "h", CounterHigh;
        CYCLE = 0xc00, "cycle", CounterLow;
        INSTRET = 0xc02, "instret", CounterLow;
        CYCLEH = 0xc80, "cycleh", CounterHigh;
        INSTRETH = 0xc82, "instreth", CounterHigh;
        MVENDORID = 0xf11, "mvendorid", Constant(0);
        MARCHID = 0xf12, "marchid", Constant(0);
        MIMPID = 0xf13, "mimpid", Constant(riscv::MIMPID);
        MHARTID = 0xf14, "mhartid", Constant(0);
        MCONFIGPTR = 0xf15, "mconfigptr", Constant(0);
    }
}

/// The approximate convolution unit: `rtl/conv_approx/conv_approx_pkg.sv`.
pub mod unit {
    numbers! {
        OP_LOAD_KERNEL = 0;
        OP_RUN_WINDOW = 1;

        MODE_EXACT = 0;
        MODE_ZERO_SKIP = 1;
        MODE_DUAL_ZERO_SKIP = 2;
        MODE_APPROX = 3;

        SCOPE_WINDOW = 0;
        SCOPE_RUNNING = 1;

        /// The tile of one output, and that of 2×2.
        TILE_1X1 = 0;
        TILE_2X2 = 1;

        ERROR_NONE = 0;
        ERROR_BUS = 1;
        ERROR_COMMAND = 2;

        /// Bits of the threshold, which saturates.
        THRESHOLD_W = 16;

        COUNTER_WINDOWS = 0;
        COUNTER_MULTIPLICATIONS_DONE = 1;
        COUNTER_MULTIPLICATIONS_SKIPPED = 2;
        COUNTER_MEMORY_WORDS = 3;
        COUNTER_MEMORY_BEATS = 4;
        COUNTER_CYCLES_IDLE = 5;
        COUNTER_CYCLES_GET_DATA = 6;
        COUNTER_CYCLES_STAGE_1 = 7;
        COUNTER_CYCLES_STAGE_2 = 8;
        COUNTER_CYCLES_STAGE_3 = 9;
        COUNTER_CYCLES_DONE = 10;
        COUNTER_CYCLES_GET_LOGS = 11;
        COUNTER_CYCLES_FIND_WORDS = 12;
    }
}

/// The instructions of the unit: `rtl/conv_approx/conv_coprocessor.sv`, `firmware/conv_approx.h`.
pub mod conv {
    use super::unit;

    numbers! {
        /// funct3.
        CONV_LOAD = 0;
        CONV_RUN = 1;
        CONV_AGAIN = 2;
        CONV_READ = 3;
        CONV_CONFIG = 4;
        CONV_CARRY = 5;
        CONV_CLEAR = 6;
        CONV_PLANE = 7;

        /// Lowest bits of the fields of the configuration word.
        MODE_SHIFT = 0;
        SCOPE_SHIFT = 2;
        TILE_SHIFT = 3;
        SIDE_SHIFT = 4;
        SLOT_SHIFT = 8;
        PLANE_SHIFT = 16;
        /// The lowest bit that is reserved, like those above it.
        CONFIG_END = 17;

        /// Indices of conv.read. The outputs and the carry have four each.
        READ_OUTPUT = 0;
        READ_CARRY = 4;
        READ_THRESHOLD = 8;
        READ_CONFIGURATION = 9;
        READ_KEPT = 10;
        READ_MAP = 11;
        READ_PLANE = 12;
        READ_KERNEL = 32;
        READ_LOG_FRAC = 33;
        READ_MULTIPLIERS = 34;
        READ_KERNELS = 35;
        READ_OPERAND_W = 36;
        READ_PLANES = 37;
        READ_FLOAT = 38;

        /// S_max in 16 bits has this one set where there is one.
        SMAX_VALID = 1 << 15;
    }

    /// The mode in a configuration word.
    pub const fn mode_of(word: u32) -> u32 {
        word >> MODE_SHIFT & 3
    }

    /// The bits of a configuration word that are the mode.
    pub const fn mode_bits(mode: u32) -> u32 {
        mode << MODE_SHIFT
    }

    /// Lowest bit of the slot in rs1 of conv.load; the side lies below.
    pub const LOAD_SLOT: u32 = 8;
    /// Index of conv.read of counter 0 of the unit.
    pub const READ_COUNTERS: u32 = 16;
    /// The first of the counters that depend on time, which the others behind it do, too.
    pub const READ_FIRST_CYCLES: u32 = READ_COUNTERS + unit::COUNTER_CYCLES_IDLE;
    pub const READ_LAST_COUNTER: u32 = READ_COUNTERS + unit::COUNTER_CYCLES_FIND_WORDS;
}

/// The network blob in RAM: `firmware/lenet/network.h`. All fields are words, in this order.
pub mod blob {
    numbers! {
        NETWORK_ADDRESS = 0x8004_0000;
        /// "CNAP".
        NETWORK_MAGIC = 0x5041_4e43;

        /// Bits of a weight and of an input, of programs that are not made for a narrower unit.
        OPERAND_W = 32;
        /// Inputs of a dense layer that the unit takes at once: a window of 5×5.
        DENSE_SIDE = 5;
        /// Slots of the unit that are used: output channels whose sums are in RAM at the same time.
        KERNELS = 16;

        CONVOLUTION = 0;
        AVERAGE_POOL = 1;
        DENSE = 2;

        NO_ACTIVATION = 0;
        RELU = 1;
        TANH = 2;
    }

    /// Where it ends at the latest: the stack lies behind.
    pub const NETWORK_END: u32 = 0x800f_c000;

    macro_rules! fields {
        ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
            pub struct $name { $(pub $field: u32),* }

            impl $name {
                /// The names of the fields, in their order in RAM.
                pub const FIELDS: &[&str] = &[$(stringify!($field)),*];
                pub const WORDS: usize = Self::FIELDS.len();

                /// Its words, in their order in RAM.
                pub const fn words(&self) -> [u32; Self::WORDS] {
                    [$(self.$field),*]
                }
            }
        };
    }

    fields! {
        /// `struct network`, with which the blob begins.
        Network {
            magic, layers, layer, records, image, channels, height, width, padding, input, scratch,
            tanh,
        }
    }

    fields! {
        /// `struct layer`; as many as the network has follow it.
        Layer {
            kind, inputs, height, width, outputs, side, activation, shift, bits, pool, weights,
            bias, input, output, configuration, threshold,
        }
    }

    /// `struct record`: its fields with the words of each.
    pub const RECORD: &[(&str, usize)] = &[
        ("cycles", 1),
        ("instructions", 1),
        ("events", 12),
        ("unit", 13),
        ("kernel_loads", 1),
        ("window_fetches", 1),
    ];

    /// The words of a field of a record; panics if there is no such field.
    pub fn record_words(field: &str) -> std::ops::Range<usize> {
        let place = RECORD.iter().position(|&(name, _)| name == field).expect("a field's name");
        let first = RECORD[..place].iter().map(|(_, words)| words).sum();
        first..first + RECORD[place].1
    }

    pub const RECORD_WORDS: usize = {
        let (mut words, mut field) = (0, 0);
        while field < RECORD.len() {
            words += RECORD[field].1;
            field += 1;
        }
        words
    };
}
