// SPDX-License-Identifier: MIT OR Apache-2.0
//! An open laboratory for approximate convolution in hardware.
//!
//! [`hw`] has the verilated hardware, [`bench`] drives it and holds it to the golden models,
//! [`firmware`] has the programs that run on the core, and [`cli`] the commands. What is right is in
//! the crate `convapprox-model`, what is measured in `convapprox-study`.

pub mod bench {
    //! The bench: drives the hardware and holds it to the models.
    //!
    //! - [`unit`] and [`system`] drive a model: a transaction, or a program, in; a result out;
    //! - [`scoreboard`] says what windows must come to, [`lockstep`] what instructions must do, and
    //!   [`cosimulation`] runs a program beside its reference;
    //! - [`fpu`] drives the floating-point unit alone, and has operands for it;
    //! - [`engine`] is the unit's RTL behind the trait of all engines;
    //! - [`inference`] runs whole networks as programs on the core, as another engine;
    //! - [`trace`] tells of a program instruction by instruction, by the [`symbols`] of its file;
    //! - [`gdb`] lets a debugger at it;
    //! - [`torture`] runs random programs;
    //! - [`replay`] runs what differed again, with a waveform and a report;
    //! - [`under_test`] does that for any unit.

    pub mod case;
    pub mod cosimulation;
    pub mod energy;
    pub mod engine;
    pub mod fpu;
    pub mod gdb;
    pub mod inference;
    pub mod lockstep;
    pub mod program_energy;
    pub mod replay;
    pub mod report;
    pub mod scoreboard;
    pub mod symbols;
    pub mod system;
    pub mod torture;
    pub mod trace;
    pub mod under_test;
    pub mod unit;
    pub mod view;
}
pub mod cli;
pub mod firmware {
    //! The programs of `firmware/`, compiled for the core and built in.
    //!
    //! `docs/firmware.md` tells how to write one.

    /// What a program is for: the folder of `firmware/` that it is in.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Kind {
        /// Checks instructions, CSRs or traps and tells the number of the first test that fails.
        Test,
        /// Measures the cycles of classes of instructions.
        Cycles,
        /// Measures cycles and instructions of a piece of software whose result it checks.
        Benchmark,
        /// Shows how something is done.
        Example,
        /// Takes an image through a network that the host puts into RAM: docs/accel.md.
        Lenet,
    }

    /// A program as an ELF file.
    #[derive(Debug, Clone, Copy)]
    pub struct Program {
        /// The name of its source, without extension.
        pub name: &'static str,
        pub kind: Kind,
        /// Whether it runs on a core with RV32F alone.
        pub float: bool,
        /// The file: ELF32, little-endian, RISC-V, with the symbols `tohost`, `begin_signature` and
        /// `end_signature`.
        pub elf: &'static [u8],
    }

    pub fn programs() -> &'static [Program] {
        PROGRAMS
    }

    pub fn find(name: &str) -> Option<&'static Program> {
        PROGRAMS.iter().find(|program| program.name == name)
    }

    macro_rules! programs {
        ($($name:literal $kind:ident $float:literal $elf:literal;)*) => {
            const PROGRAMS: &[Program] = &[$(Program {
                name: $name,
                kind: Kind::$kind,
                float: $float,
                elf: include_bytes!($elf),
            },)*];
        };
    }
    include!(concat!(env!("OUT_DIR"), "/firmware.rs"));
}
pub mod hw;
pub mod synthesis;
