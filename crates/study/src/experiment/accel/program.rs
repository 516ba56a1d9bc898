//! What is run on the core: a build of the firmware with a configuration.

use model::conv::{ConfigError, Mode, SmaxScope};
use model::nn::Configuration;

/// A build of the firmware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// Convolutions by the core's own multiplier, exact.
    Software,
    /// Convolutions, and the dense layers, on the unit.
    Unit,
}

impl Build {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Unit => "unit",
        }
    }

    /// The name of its program in `firmware/`.
    pub const fn firmware(self) -> &'static str {
        match self {
            Self::Software => "lenet_software",
            Self::Unit => "lenet_unit",
        }
    }
}

/// A build with a configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// The build.
    pub build: Build,
    /// What the convolutions multiply.
    pub configuration: Configuration,
}

/// Every program that a network of `layers` convolutions is run with: software, the unit exact, and the
/// unit at each tolerance.
pub fn programs(
    taus: &[f64],
    scope: SmaxScope,
    layers: usize,
) -> Result<Vec<Program>, ConfigError> {
    let exact = Configuration::plain(Mode::Exact, 0, layers)?;
    let mut programs = vec![
        Program { build: Build::Software, configuration: exact.clone() },
        Program { build: Build::Unit, configuration: exact },
    ];
    for &tau in taus {
        let configuration = Configuration::tau(tau, 0, scope, layers)?;
        programs.push(Program { build: Build::Unit, configuration });
    }
    Ok(programs)
}
