//! The parameter sets that ship as verilated models. `build/soc.rs` has their list.

use verilated::{Config, Error, Ran, Stop};

use super::driver::{Driver, Soc, SocError};
use super::pins::{Bits, Pins, impl_soc_pins};
use super::retirement::Retirement;

/// The parameters of one verilated system: those of `soc.sv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocParameters {
    /// Its name.
    pub name: &'static str,
    /// `KERNEL`: the unit's largest kernel side.
    pub kernel: usize,
    /// `LOG_FRAC`: fraction bits of the unit's log proxy.
    pub log_frac: u32,
    /// `MULTIPLIERS`: of the unit.
    pub multipliers: u32,
    /// `KERNELS`: the kernels that the unit keeps.
    pub kernels: usize,
    /// `RAM_BYTES`.
    pub ram_bytes: u32,
}

/// Which build of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocBuild {
    /// Without waveforms.
    Fast,
    /// With VCD waveforms.
    Vcd,
    /// With FST waveforms.
    Fst,
}

/// How a system is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocOptions {
    /// The build.
    pub build: SocBuild,
    /// Seed of the values that registers hold before they are written. The RAM is zero.
    pub x_seed: u64,
    /// How many cycles late each grant of both memory ports comes: 0 to 15.
    pub wait_states: u8,
    /// Seed of random waiting for grants and answers of both memory ports; none without.
    pub stall_seed: Option<u32>,
}

impl Default for SocOptions {
    fn default() -> Self {
        Self { build: SocBuild::Fast, x_seed: 1, wait_states: 0, stall_seed: None }
    }
}

/// The parameter set of that name.
pub fn find(name: &str) -> Option<&'static SocParameters> {
    SOCS.iter().find(|soc| soc.name == name)
}

macro_rules! socs {
    ($($name:literal $fast:ident $vcd:ident $fst:ident $kernel:tt $log_frac:tt $multipliers:tt $kernels:tt $ram_bytes:tt;)*) => {
        /// Every parameter set that ships. The first is the default.
        pub const SOCS: &[SocParameters] = &[
            $(SocParameters {
                name: $name,
                kernel: $kernel,
                log_frac: $log_frac,
                multipliers: $multipliers,
                kernels: $kernels,
                ram_bytes: $ram_bytes,
            },)*
        ];

        $(
            impl_soc_pins!($fast);
            impl_soc_pins!($vcd);
            #[cfg(feature = "fst")]
            impl_soc_pins!($fst);
        )*

        /// Opens a system of one of the [`SOCS`], just out of reset, its RAM zero.
        ///
        /// # Panics
        /// If the parameters are not one of [`SOCS`].
        pub fn open(
            soc: &'static SocParameters,
            options: &SocOptions,
        ) -> Result<Box<dyn Soc>, SocError> {
            let config = Config::new().seed(options.x_seed);
            Ok(match (soc.name, options.build) {
                $(
                    ($name, SocBuild::Fast) => {
                        Box::new(Driver::new($fast::new_model(&config)?, soc, options)?)
                    }
                    ($name, SocBuild::Vcd) => {
                        Box::new(Driver::new($vcd::new_model(&config)?, soc, options)?)
                    }
                    #[cfg(feature = "fst")]
                    ($name, SocBuild::Fst) => {
                        Box::new(Driver::new($fst::new_model(&config)?, soc, options)?)
                    }
                )*
                #[cfg(not(feature = "fst"))]
                (_, SocBuild::Fst) => return Err(SocError::NoFst),
                (name, _) => panic!("no system {name:?}"),
            })
        }
    };
}

include!(concat!(env!("OUT_DIR"), "/socs.rs"));
