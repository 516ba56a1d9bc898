// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a model is constructed.

use std::ffi::CString;

use crate::Error;

/// The values that registers and memories hold before the RTL gives them one.
///
/// What `Random` reaches depends on the `x_assign` and `x_initial` of the build; with
/// the default (`x_initial` unique) it is every variable without an initial value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum XInit {
    /// All bits low. The default.
    #[default]
    Zeros,
    /// All bits high.
    Ones,
    /// Random bits from [`Config::seed`].
    Random,
}

/// How a model is constructed: initial values, plusargs, assertions, output.
///
/// ```
/// let config = verilated::Config::new().seed(7).plusarg("+verbose=1").capture_output(true);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub(crate) x_init: XInit,
    pub(crate) seed: u64,
    pub(crate) plusargs: Vec<String>,
    pub(crate) assertions: bool,
    pub(crate) time: u64,
    pub(crate) capture_output: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            x_init: XInit::Zeros,
            seed: 1,
            plusargs: Vec::new(),
            assertions: true,
            time: 0,
            capture_output: false,
        }
    }
}

impl Config {
    /// Zeros as initial values, no plusargs, assertions on, time 0, output printed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Random initial values drawn from this seed, which also seeds `$random` and
    /// `$urandom`. The same seed gives the same initial values in every model of the
    /// same build, whatever other models and threads do. Any value will do; seeds are
    /// told apart by their low 31 bits, of which zero counts as `0x5eed`.
    ///
    /// The numbers of `$random` and `$urandom` come from one sequence a thread, which
    /// Verilator restarts whenever a model is constructed: they repeat in a program
    /// that has one model at a time, and need not in others.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.x_init = XInit::Random;
        self
    }

    /// Initial values other than the default.
    #[must_use]
    pub fn x_init(mut self, x_init: XInit) -> Self {
        self.x_init = x_init;
        self
    }

    /// Adds an argument for `$test$plusargs` and `$value$plusargs`; the leading `+` may
    /// be left out. Arguments that begin with `+verilator+` steer Verilator itself.
    #[must_use]
    pub fn plusarg(mut self, argument: impl Into<String>) -> Self {
        let argument = argument.into();
        self.plusargs.push(if argument.starts_with('+') {
            argument
        } else {
            format!("+{argument}")
        });
        self
    }

    /// Switches assertions of a model that was built with them on (the default) or off.
    #[must_use]
    pub fn assertions(mut self, on: bool) -> Self {
        self.assertions = on;
        self
    }

    /// Time at construction, in units of the model's time precision; 0 by default.
    #[must_use]
    pub fn time(mut self, time: u64) -> Self {
        self.time = time;
        self
    }

    /// Keeps the text of `$display` and the like for
    /// [`Sim::take_output`](crate::Sim::take_output) instead of printing it.
    #[must_use]
    pub fn capture_output(mut self, on: bool) -> Self {
        self.capture_output = on;
        self
    }

    /// Verilator takes seeds from 1 to 2^31 - 1, and 0 for one of its own choice.
    pub(crate) fn verilator_seed(&self) -> i32 {
        match (self.seed & 0x7fff_ffff) as i32 {
            0 => 0x5eed,
            seed => seed,
        }
    }

    pub(crate) fn c_args(&self) -> Result<Vec<CString>, Error> {
        let to_c = |text: &String| {
            CString::new(text.as_str()).map_err(|_| Error::Text { text: text.clone() })
        };
        self.plusargs.iter().map(to_c).collect()
    }
}
