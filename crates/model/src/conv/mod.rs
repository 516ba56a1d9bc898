// SPDX-License-Identifier: MIT OR Apache-2.0
//! The golden software model of approximate convolution: the paper's section III, bit for bit.
//!
//! A convolution output is a sum of products `w·x`. Each operand has a cheap logarithm, its
//! [log proxy](log_proxy()), and the sum of two proxies ranks a product without computing it. In
//! [`Mode::Approx`] a product is multiplied only if its rank is less than a [`Threshold`] below the
//! best rank of the same output. How much that can change an output is [`error_bound`].
//!
//! The model exists twice. [`dot`] and [`conv2d_plain`] read like the paper and report everything
//! about one output; [`conv2d`] and the functions on [`PreparedPlane`]s are vectorised and threaded.
//! A property test holds the two equal for every mode, scope, kernel side and number of fraction
//! bits. What a run computes is its [`Semantics`]: the operands are words, of integers or of floats
//! ([`Number`]).

mod fast;
mod float;
mod log_plane;
mod operand;
mod plain;
mod shape;

pub use fast::{PreparedKernels, PreparedPlane, conv2d, conv2d_prepared, dot_kernels};
pub(crate) use float::canonical;
pub use float::{float_dropped, float_error_bound, float_rounding_bound};
pub use log_plane::LogEntries;
pub use operand::{Number, OPERAND_WIDTHS, OperandError, check_operands, operand_range};
pub use plain::{
    Dot, MAX_PRODUCTS, conv2d_plain, dot, dot_by_logs, error_bound, log_proxy, msb, scores,
};
pub use shape::{FeatureMap, Kernel, MAX_SIDE, Plane, ShapeError, output_size};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::facts::unit;

/// The largest supported number of fraction bits of a log proxy.
pub const MAX_LOG_FRAC: u32 = 8;

/// A setting that no engine can run with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    #[error("threshold 0 skips every product; the smallest threshold is 1")]
    ZeroThreshold,
    #[error("tolerance τ = {0} is not between 0 and 1 (both excluded)")]
    Tolerance(f64),
    #[error("{0} fraction bits; a log proxy has 0 to {MAX_LOG_FRAC}")]
    LogFrac(u32),
    #[error("{log_frac} fraction bits; the log proxy of {number} words has 0 to {}", .number.max_log_frac())]
    NumberLogFrac { number: Number, log_frac: u32 },
    #[error("unknown kind of numbers {0:?}; they are integer, float32 and bfloat16")]
    Number(String),
    #[error("unknown mode {0:?}; the modes are exact, zero-skip, dual-zero-skip and approx")]
    Mode(String),
    #[error("unknown scope {0:?}; the scopes are window and running")]
    Scope(String),
}

/// An enum with names for flags and files.
macro_rules! named {
    ($(#[$doc:meta])* $kind:ident, $unknown:path, {
        $($(#[$variant_doc:meta])* $variant:ident $(= $number:path)?, $name:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u32)]
        pub enum $kind { $($(#[$variant_doc])* #[serde(rename = $name)] $variant $(= $number)?,)* }

        impl $kind {
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in flags and CSV files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = ConfigError;

            fn from_str(name: &str) -> Result<Self, ConfigError> {
                let found = Self::ALL.into_iter().find(|it| it.name() == name);
                found.ok_or_else(|| $unknown(name.to_owned()))
            }
        }
    };
}
pub(crate) use named;

/// One whose variants are numbers of the hardware.
macro_rules! settings {
    ($(#[$doc:meta])* $kind:ident, $($rest:tt)*) => {
        named! { $(#[$doc])* $kind, $($rest)* }

        impl $kind {
            /// The one with this number in the hardware.
            pub fn from_number(number: u32) -> Option<Self> {
                Self::ALL.into_iter().find(|&it| it as u32 == number)
            }
        }
    };
}

settings! {
    /// Which products of an output are multiplied, from most to least. `as u32` is the hardware's
    /// number.
    Mode, ConfigError::Mode, {
        /// Every product, zeros included.
        Exact = unit::MODE_EXACT, "exact";
        /// Products whose activation (the input operand) is not zero: the hard-sparsity baseline.
        ZeroSkip = unit::MODE_ZERO_SKIP, "zero-skip";
        /// Products whose two operands are not zero.
        DualZeroSkip = unit::MODE_DUAL_ZERO_SKIP, "dual-zero-skip";
        /// Products whose two operands are not zero and whose score is within the threshold of
        /// S_max.
        Approx = unit::MODE_APPROX, "approx";
    }
}

settings! {
    /// The products that S_max, the largest score, is taken over: the CSV column `smax_scope`.
    /// `as u32` is the hardware's number.
    SmaxScope, ConfigError::Scope, {
        /// The products of one output of one input channel, as in the paper.
        Window = unit::SCOPE_WINDOW, "window";
        /// Those, and the products of the same output in the input channels before.
        Running = unit::SCOPE_RUNNING, "running";
    }
}

/// How far below S_max a score may lie before its product is skipped: an integer T ≥ 1 in units of
/// 2^−F, where F is the number of fraction bits of the log proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Threshold(u32);

impl TryFrom<u32> for Threshold {
    type Error = ConfigError;

    fn try_from(t: u32) -> Result<Self, ConfigError> {
        Self::new(t)
    }
}

impl From<Threshold> for u32 {
    fn from(threshold: Threshold) -> Self {
        threshold.0
    }
}

impl Threshold {
    /// A threshold of `t` units of 2^−F; 0 is refused.
    pub const fn new(t: u32) -> Result<Self, ConfigError> {
        if t == 0 { Err(ConfigError::ZeroThreshold) } else { Ok(Self(t)) }
    }

    /// The threshold of a tolerance: `T = ceil(2^F · log2(1/τ))` for τ in (0, 1) and F = `log_frac`
    /// (section III: a product is omitted where it is smaller than τ times the largest one).
    ///
    /// Exact at and next to every power of two, hence for every τ at F = 0. The other boundaries,
    /// at F > 0, are irrational, and there the rounding of [`f64::log2`] decides.
    pub fn from_tau(tau: f64, log_frac: u32) -> Result<Self, ConfigError> {
        check_log_frac(log_frac)?;
        if !(tau > 0.0 && tau < 1.0) {
            return Err(ConfigError::Tolerance(tau));
        }
        // τ = mantissa · 2^−shift with a mantissa in [1, 2). Both are exact, which log2(1/τ) is
        // not: it rounds the neighbours of a power of two onto it.
        let (mut mantissa, mut shift) = (tau, 0);
        while mantissa < 1.0 {
            mantissa *= 2.0;
            shift += 1;
        }
        let unit = 1_u32 << log_frac;
        let fraction = (f64::from(unit) * mantissa.log2()).floor() as u32;
        Self::new(shift * unit - fraction)
    }

    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All that decides the result of a convolution besides its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Semantics {
    /// Which products are multiplied.
    pub mode: Mode,
    /// F, the fraction bits of a log proxy: 0 (the paper's hardware) to [`MAX_LOG_FRAC`].
    pub log_frac: u32,
    /// T, in units of 2^−F; it matters in [`Mode::Approx`] alone.
    pub threshold: Threshold,
    /// What S_max is taken over.
    pub scope: SmaxScope,
    /// What the words of the operands are.
    #[serde(default)]
    pub number: Number,
}

impl Semantics {
    /// Of integers. Refuses more than [`MAX_LOG_FRAC`] fraction bits.
    pub fn new(
        mode: Mode,
        log_frac: u32,
        threshold: Threshold,
        scope: SmaxScope,
    ) -> Result<Self, ConfigError> {
        check_log_frac(log_frac)?;
        Ok(Self { mode, log_frac, threshold, scope, number: Number::Integer })
    }

    /// The same of other numbers, which may have room for fewer fraction bits.
    pub fn of(self, number: Number) -> Result<Self, ConfigError> {
        if self.log_frac > number.max_log_frac() {
            return Err(ConfigError::NumberLogFrac { number, log_frac: self.log_frac });
        }
        Ok(Self { number, ..self })
    }
}

const fn check_log_frac(log_frac: u32) -> Result<(), ConfigError> {
    if log_frac > MAX_LOG_FRAC { Err(ConfigError::LogFrac(log_frac)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(tau: f64, log_frac: u32) -> u32 {
        Threshold::from_tau(tau, log_frac).unwrap().get()
    }

    #[test]
    fn tolerances_by_hand() {
        let taus = [0.01, 0.03, 0.05, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5];
        assert_eq!(
            taus.map(|tau| t(tau, 0)),
            [7, 6, 5, 5, 4, 3, 3, 2, 2, 1],
            "the paper's, at F = 0"
        );
        // 8·log2(1/τ) = 53.2, 40.5, 21.9, 18.6
        assert_eq!([0.01, 0.03, 0.15, 0.2].map(|tau| t(tau, 3)), [54, 41, 22, 19]);
        // 256·log2(1/0.3) = 444.7
        assert_eq!(t(0.3, 8), 445);
    }

    #[test]
    fn powers_of_two_are_exact_and_their_neighbours_are_not_rounded_onto_them() {
        for log_frac in 0..=MAX_LOG_FRAC {
            for k in 1..=60 {
                let tau = 0.5_f64.powi(k);
                let expected = (k as u32) << log_frac;
                assert_eq!(t(tau, log_frac), expected, "τ = 2^−{k}, F = {log_frac}");
                assert_eq!(t(tau.next_down(), log_frac), expected + 1, "below 2^−{k}");
                assert_eq!(t(tau.next_up(), log_frac), expected, "above 2^−{k}");
            }
        }
        assert_eq!(t(1.0_f64.next_down(), 8), 1);
        assert_eq!(t(f64::from_bits(1), 0), 1074, "the smallest τ there is");
        assert_eq!(t(f64::from_bits(1), 8), 1074 * 256);
    }

    #[test]
    fn impossible_settings_are_refused() {
        assert_eq!(Threshold::new(0), Err(ConfigError::ZeroThreshold));
        assert_eq!(Threshold::new(u32::MAX).unwrap().get(), u32::MAX);
        for tau in [0.0, -0.0, 1.0, 1.5, -0.1, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let error = Threshold::from_tau(tau, 0).unwrap_err();
            assert!(matches!(error, ConfigError::Tolerance(_)), "τ = {tau}: {error}");
        }
        assert_eq!(Threshold::from_tau(0.5, 9), Err(ConfigError::LogFrac(9)));
        let semantics = |f| Semantics::new(Mode::Approx, f, Threshold(1), SmaxScope::Window);
        assert!(semantics(8).is_ok());
        assert_eq!(semantics(9), Err(ConfigError::LogFrac(9)));
    }

    #[test]
    fn names_are_the_ones_of_csv_files() {
        let modes = Mode::ALL.map(|mode| mode.to_string());
        assert_eq!(modes, ["exact", "zero-skip", "dual-zero-skip", "approx"]);
        let scopes = SmaxScope::ALL.map(|scope| scope.to_string());
        assert_eq!(scopes, ["window", "running"]);
        for mode in Mode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode));
            assert_eq!(Mode::from_number(mode as u32), Some(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.name());
        }
        for scope in SmaxScope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.name());
        }
        assert_eq!("Approx".parse::<Mode>(), Err(ConfigError::Mode("Approx".into())));
        assert_eq!("".parse::<SmaxScope>(), Err(ConfigError::Scope("".into())));
    }
}
