//! What each convolution layer of a network multiplies.

use crate::conv::{ConfigError, Mode, Semantics, SmaxScope, Threshold};

/// The semantics of every convolution layer, under one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// `exact`, `zero-skip`, `dual-zero-skip`, `tau=0.05`, or that of an operating point.
    pub name: String,
    /// τ, where one tolerance is used throughout.
    pub tau: Option<f64>,
    /// One a convolution layer.
    pub layers: Vec<Semantics>,
}

impl Configuration {
    /// The same mode without a threshold on all of `layers` layers.
    pub fn plain(mode: Mode, log_frac: u32, layers: usize) -> Result<Self, ConfigError> {
        let semantics = Semantics::new(mode, log_frac, Threshold::new(1)?, SmaxScope::Window)?;
        Ok(Self { name: mode.to_string(), tau: None, layers: vec![semantics; layers] })
    }

    /// The tolerance τ on all of `layers` layers.
    pub fn tau(
        tau: f64,
        log_frac: u32,
        scope: SmaxScope,
        layers: usize,
    ) -> Result<Self, ConfigError> {
        let threshold = Threshold::from_tau(tau, log_frac)?;
        let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope)?;
        Ok(Self { name: format!("tau={tau}"), tau: Some(tau), layers: vec![semantics; layers] })
    }
}
