//! The numbers that the RTL, the firmware and the software share, each written once.
//!
//! The packages of `rtl/` and the headers of `firmware/` state them again, to be read by people who
//! work there; the build compares them with this file (`build/facts.rs`). So that the build script
//! can include it, this file uses nothing but the language.

/// The system: `rtl/soc/soc_pkg.sv`, `firmware/soc.h`, `firmware/link.ld`.
pub mod soc {
    #![allow(missing_docs, reason = "names of the memory map in docs/system.md")]

    /// First address of the RAM, and the pc after reset.
    pub const RAM_BASE: u32 = 0x8000_0000;
    /// Bytes of RAM of the system that ships.
    pub const RAM_BYTES: u32 = 1 << 20;

    pub const ADDR_MSIP: u32 = 0x0200_0000;
    pub const ADDR_MTIMECMP: u32 = 0x0200_4000;
    pub const ADDR_MTIMECMP_HI: u32 = 0x0200_4004;
    pub const ADDR_MTIME: u32 = 0x0200_bff8;
    pub const ADDR_MTIME_HI: u32 = 0x0200_bffc;
    pub const ADDR_EXTERNAL: u32 = 0x0c00_0000;
    pub const ADDR_UART: u32 = 0x1000_0000;
}

/// The core: `rtl/core/core_pkg.sv`, `firmware/soc.h`.
pub mod riscv {
    #![allow(missing_docs, reason = "names of the ISA manual and of docs/core.md")]

    pub const OPCODE_LOAD: u32 = 0x03;
    pub const OPCODE_MISC_MEM: u32 = 0x0f;
    pub const OPCODE_OP_IMM: u32 = 0x13;
    pub const OPCODE_AUIPC: u32 = 0x17;
    pub const OPCODE_STORE: u32 = 0x23;
    pub const OPCODE_OP: u32 = 0x33;
    pub const OPCODE_LUI: u32 = 0x37;
    pub const OPCODE_BRANCH: u32 = 0x63;
    pub const OPCODE_JALR: u32 = 0x67;
    pub const OPCODE_JAL: u32 = 0x6f;
    pub const OPCODE_SYSTEM: u32 = 0x73;
    /// The instructions of the convolution unit; reserved by the standard (docs/isa.md).
    pub const OPCODE_CONV: u32 = 0x77;

    pub const INSN_ECALL: u32 = 0x0000_0073;
    pub const INSN_EBREAK: u32 = 0x0010_0073;
    pub const INSN_WFI: u32 = 0x1050_0073;
    pub const INSN_MRET: u32 = 0x3020_0073;

    pub const CAUSE_INSTR_ACCESS: u32 = 1;
    pub const CAUSE_ILLEGAL: u32 = 2;
    pub const CAUSE_BREAKPOINT: u32 = 3;
    /// Of the convolution unit alone; loads and stores may be misaligned.
    pub const CAUSE_LOAD_MISALIGNED: u32 = 4;
    pub const CAUSE_LOAD_ACCESS: u32 = 5;
    pub const CAUSE_STORE_ACCESS: u32 = 7;
    pub const CAUSE_ECALL_M: u32 = 11;
    /// The bit of mcause that tells an interrupt from an exception.
    pub const CAUSE_INTERRUPT: u32 = 1 << 31;

    /// mcause of an interrupt without its highest bit, which is also its bit of mip and mie.
    pub const IRQ_SOFTWARE: u32 = 3;
    pub const IRQ_TIMER: u32 = 7;
    pub const IRQ_EXTERNAL: u32 = 11;

    pub const MSTATUS_MIE: u32 = 1 << 3;
    pub const MSTATUS_MPIE: u32 = 1 << 7;
    /// The mode before the trap: always machine mode.
    pub const MSTATUS_MPP: u32 = 3 << 11;

    /// RV32 with C, I and M.
    pub const MISA: u32 = 0x4000_1104;
    /// "CNVA".
    pub const MIMPID: u32 = 0x434e_5641;

    /// The counter of mcycle, of minstret, and of the events: n of mhpmcounter n.
    pub const COUNTER_CYCLE: u32 = 0;
    pub const COUNTER_INSTRET: u32 = 2;
    pub const EVENT_LOAD_USE: u32 = 3;
    pub const EVENT_JUMP_REGISTER: u32 = 4;
    pub const EVENT_FETCH: u32 = 5;
    pub const EVENT_MEMORY: u32 = 6;
    pub const EVENT_ARITHMETIC: u32 = 7;
    pub const EVENT_UNIT: u32 = 8;
    pub const EVENT_LOAD: u32 = 9;
    pub const EVENT_STORE: u32 = 10;
    pub const EVENT_JUMP: u32 = 11;
    pub const EVENT_BRANCH: u32 = 12;
    pub const EVENT_BRANCH_TAKEN: u32 = 13;
    pub const EVENT_COMPRESSED: u32 = 14;
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
        /// The number in instructions.
        pub number: u16,
        /// The last number of a row; `number` if it is no row.
        pub last: u16,
        /// What it is made of.
        pub content: Content,
    }

    /// What a CSR reads as, and what of it can be written.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Content {
        /// Always this value.
        Constant(u32),
        /// A register.
        Register {
            /// The value after reset.
            reset: u32,
            /// The bits that a write sets; the others keep the value after reset.
            writable: u32,
        },
        /// The interrupt lines.
        Pending,
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
                #[allow(missing_docs, reason = "the name of the privileged ISA manual")]
                pub const $constant: u16 = $number;
            )*

            /// Every CSR: those of machine mode, then the read-only ones.
            pub const CSRS: &[Csr] = &[$(Csr {
                name: $name,
                suffix: concat!($($suffix)?),
                number: $number,
                last: *[$number $(, $last)?].last().expect("there is one"),
                content: $content,
            }),*];
        };
    }

    use Content::{Constant, CounterHigh, CounterLow, Event, Pending};

    csrs! {
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
    #![allow(missing_docs, reason = "names of docs/unit.md")]

    pub const OP_LOAD_KERNEL: u32 = 0;
    pub const OP_RUN_WINDOW: u32 = 1;

    pub const MODE_EXACT: u32 = 0;
    pub const MODE_ZERO_SKIP: u32 = 1;
    pub const MODE_DUAL_ZERO_SKIP: u32 = 2;
    pub const MODE_APPROX: u32 = 3;

    pub const SCOPE_WINDOW: u32 = 0;
    pub const SCOPE_RUNNING: u32 = 1;

    /// The tile of one output, and that of 2×2.
    pub const TILE_1X1: u32 = 0;
    pub const TILE_2X2: u32 = 1;

    pub const ERROR_NONE: u32 = 0;
    pub const ERROR_BUS: u32 = 1;
    pub const ERROR_COMMAND: u32 = 2;

    /// Bits of the threshold, which saturates.
    pub const THRESHOLD_W: u32 = 16;

    pub const COUNTER_WINDOWS: u32 = 0;
    pub const COUNTER_MULTIPLICATIONS_DONE: u32 = 1;
    pub const COUNTER_MULTIPLICATIONS_SKIPPED: u32 = 2;
    pub const COUNTER_MEMORY_WORDS: u32 = 3;
    pub const COUNTER_MEMORY_BEATS: u32 = 4;
    pub const COUNTER_CYCLES_IDLE: u32 = 5;
    pub const COUNTER_CYCLES_GET_DATA: u32 = 6;
    pub const COUNTER_CYCLES_STAGE_1: u32 = 7;
    pub const COUNTER_CYCLES_STAGE_2: u32 = 8;
    pub const COUNTER_CYCLES_STAGE_3: u32 = 9;
    pub const COUNTER_CYCLES_DONE: u32 = 10;
}

/// The instructions of the unit: `rtl/conv_approx/conv_coprocessor.sv`, `firmware/conv_approx.h`.
pub mod conv {
    #![allow(missing_docs, reason = "names of docs/isa.md")]
    use super::unit;

    /// funct3.
    pub const CONV_LOAD: u32 = 0;
    pub const CONV_RUN: u32 = 1;
    pub const CONV_AGAIN: u32 = 2;
    pub const CONV_READ: u32 = 3;
    pub const CONV_CONFIG: u32 = 4;
    pub const CONV_CARRY: u32 = 5;
    pub const CONV_CLEAR: u32 = 6;

    /// Lowest bits of the fields of the configuration word; bits 31:16 are 0.
    pub const CONFIG_MODE: u32 = 0;
    pub const CONFIG_SCOPE: u32 = 2;
    pub const CONFIG_TILE: u32 = 3;
    pub const CONFIG_SIDE: u32 = 4;
    pub const CONFIG_SLOT: u32 = 8;
    pub const CONFIG_END: u32 = 16;

    /// Lowest bit of the slot in rs1 of conv.load; the side lies below.
    pub const LOAD_SLOT: u32 = 8;

    /// Indices of conv.read. The outputs and the carry have four each.
    pub const READ_OUTPUT: u32 = 0;
    pub const READ_CARRY: u32 = 4;
    pub const READ_THRESHOLD: u32 = 8;
    pub const READ_CONFIGURATION: u32 = 9;
    pub const READ_KEPT: u32 = 10;
    /// The counters of the unit, in their order; those of cycles depend on time.
    pub const READ_COUNTERS: u32 = 16;
    pub const READ_FIRST_CYCLES: u32 = READ_COUNTERS + unit::COUNTER_CYCLES_IDLE;
    pub const READ_LAST_COUNTER: u32 = READ_COUNTERS + unit::COUNTER_CYCLES_DONE;
    pub const READ_KERNEL: u32 = 32;
    pub const READ_LOG_FRAC: u32 = 33;
    pub const READ_MULTIPLIERS: u32 = 34;
    pub const READ_KERNELS: u32 = 35;

    /// S_max in 16 bits has this one set where there is one.
    pub const SMAX_VALID: u32 = 1 << 15;
}

/// The network blob in RAM: `firmware/lenet/network.h`. All fields are words, in this order.
pub mod blob {
    #![allow(missing_docs, reason = "names of docs/accel.md")]

    /// Where the blob begins.
    pub const NETWORK_ADDRESS: u32 = 0x8004_0000;
    /// Where it ends at the latest: the stack lies behind.
    pub const NETWORK_END: u32 = 0x800f_c000;
    /// "CNAP".
    pub const NETWORK_MAGIC: u32 = 0x5041_4e43;

    /// Inputs of a dense layer that the unit takes at once: a window of 5×5.
    pub const DENSE_SIDE: u32 = 5;
    /// Slots of the unit: output channels whose sums are in RAM at the same time.
    pub const KERNELS: u32 = 16;

    pub const CONVOLUTION: u32 = 0;
    pub const AVERAGE_POOL: u32 = 1;
    pub const DENSE: u32 = 2;

    pub const NO_ACTIVATION: u32 = 0;
    pub const RELU: u32 = 1;
    pub const TANH: u32 = 2;

    macro_rules! fields {
        ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
            pub struct $name { $(pub $field: u32),* }

            impl $name {
                /// The names of the fields, in their order in RAM.
                pub const FIELDS: &[&str] = &[$(stringify!($field)),*];
                /// The words that it takes.
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
        ("unit", 11),
        ("kernel_loads", 1),
        ("window_fetches", 1),
    ];

    /// The words of a field of a record.
    ///
    /// # Panics
    /// If there is no such field.
    pub fn record_words(field: &str) -> std::ops::Range<usize> {
        let place = RECORD.iter().position(|&(name, _)| name == field).expect("a field's name");
        let first = RECORD[..place].iter().map(|(_, words)| words).sum();
        first..first + RECORD[place].1
    }

    /// Words of a record.
    pub const RECORD_WORDS: usize = {
        let (mut words, mut field) = (0, 0);
        while field < RECORD.len() {
            words += RECORD[field].1;
            field += 1;
        }
        words
    };
}
