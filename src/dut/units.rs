//! The parameter sets that ship as verilated models. `build/units.rs` has their list.

use verilated::Config;

use super::driver::{ConvUnit, Driver, DutError};
use super::memory::{Answer, Stalls};
use super::pins::{Bits, Pins, impl_pins};
use super::transaction::{Tile, WindowRun};
use model::conv::SmaxScope;

/// The parameters of one verilated unit: those of `conv_unit.sv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitParameters {
    /// What `--unit` calls it.
    pub name: &'static str,
    /// `KERNEL`: the largest kernel side.
    pub kernel: usize,
    /// `LOG_FRAC`: fraction bits of the log proxy.
    pub log_frac: u32,
    /// `MULTIPLIERS`: 4·KERNEL² is the parallel unit, fewer the serial one.
    pub multipliers: u32,
    /// `MEM_WIDTH`: bits of the memory port, 32 or 128.
    pub mem_width: u32,
    /// `KERNELS`: the kernels that it keeps, in slots 0, 1, ….
    pub kernels: usize,
}

impl UnitParameters {
    /// Words of one beat of the memory port.
    pub const fn beat_words(&self) -> u32 {
        self.mem_width / 32
    }

    /// Beats that fetch `side` rows of `side` words, the first at the byte address `addr`, the
    /// rows `pitch` words apart.
    pub fn beats(&self, addr: u32, pitch: u32, side: u32) -> u32 {
        let words = self.beat_words();
        (0..side)
            .map(|row| {
                let offset = (addr / 4).wrapping_add(row.wrapping_mul(pitch)) % words;
                (offset + side).div_ceil(words)
            })
            .sum()
    }

    /// Cycles of STAGE_2 that issue `kept` products: 0 if there are none to issue.
    pub const fn issue_cycles(&self, kept: u32) -> u32 {
        kept.div_ceil(self.multipliers)
    }

    /// Cycles from start to done of a window whose memory never waits: see `docs/conv_unit.md`.
    pub const fn window_cycles(&self, beats: u32, kept: u32) -> u32 {
        beats + 4 + self.issue_cycles(kept)
    }

    /// Cycles from start to done of a run on the window of the run before.
    pub const fn reuse_cycles(&self, kept: u32) -> u32 {
        2 + self.issue_cycles(kept)
    }
}

/// Which build of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Without waveforms.
    Fast,
    /// With VCD waveforms.
    Traced,
}

/// How a unit is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitOptions {
    /// The build.
    pub build: Build,
    /// Seed of the values that registers hold before they are written.
    pub x_seed: u64,
    /// Random waiting of the memory; none without.
    pub stalls: Option<Stalls>,
}

impl Default for UnitOptions {
    fn default() -> Self {
        Self { build: Build::Fast, x_seed: 1, stalls: None }
    }
}

/// The parameter set of that name.
pub fn find(name: &str) -> Option<&'static UnitParameters> {
    UNITS.iter().find(|unit| unit.name == name)
}

macro_rules! units {
    ($($name:literal $fast:ident $traced:ident $kernel:tt $log_frac:tt $multipliers:tt $mem_width:tt $kernels:tt;)*) => {
        /// Every parameter set that ships.
        pub const UNITS: &[UnitParameters] = &[
            $(UnitParameters {
                name: $name,
                kernel: $kernel,
                log_frac: $log_frac,
                multipliers: $multipliers,
                mem_width: $mem_width,
                kernels: $kernels,
            },)*
        ];

        $(
            impl_pins!($fast, $mem_width);
            impl_pins!($traced, $mem_width);
        )*

        /// Opens a unit of one of the [`UNITS`], out of reset, with an empty memory.
        ///
        /// # Panics
        /// If the parameters are not one of [`UNITS`].
        pub fn open(
            unit: &'static UnitParameters,
            options: &UnitOptions,
        ) -> Result<Box<dyn ConvUnit>, DutError> {
            let config = Config::new().seed(options.x_seed);
            match (unit.name, options.build) {
                $(
                    ($name, Build::Fast) => {
                        let pins = $fast::new_model(&config)?;
                        Ok(Box::new(Driver::<_, { $mem_width / 32 }>::new(pins, unit, options.stalls)?))
                    }
                    ($name, Build::Traced) => {
                        let pins = $traced::new_model(&config)?;
                        Ok(Box::new(Driver::<_, { $mem_width / 32 }>::new(pins, unit, options.stalls)?))
                    }
                )*
                (name, _) => panic!("no unit {name:?}"),
            }
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/units.rs"));
