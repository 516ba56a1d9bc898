//! What is multiplied: exact, zero-skip, and a tolerance each.

use model::conv::{ConfigError, Mode, Semantics, SmaxScope, Threshold};

/// One column of the experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// `exact`, `zero-skip` or `tau=0.03`.
    pub name: String,
    /// τ, in approx mode.
    pub tau: Option<f64>,
    /// The semantics that engines run.
    pub semantics: Semantics,
}

impl Configuration {
    /// T, in approx mode.
    pub fn threshold(&self) -> Option<u32> {
        self.tau.map(|_| self.semantics.threshold.get())
    }
}

/// Exact and zero-skip, then each tolerance in the order given, for a log proxy with `log_frac`
/// fraction bits.
pub fn configurations(taus: &[f64], log_frac: u32) -> Result<Vec<Configuration>, ConfigError> {
    let scope = SmaxScope::Window;
    let plain = |mode: Mode| {
        let semantics = Semantics::new(mode, log_frac, Threshold::new(1)?, scope)?;
        Ok(Configuration { name: mode.to_string(), tau: None, semantics })
    };
    let approx = |&tau: &f64| {
        let threshold = Threshold::from_tau(tau, log_frac)?;
        let semantics = Semantics::new(Mode::Approx, log_frac, threshold, scope)?;
        Ok(Configuration { name: format!("tau={tau}"), tau: Some(tau), semantics })
    };
    [plain(Mode::Exact), plain(Mode::ZeroSkip)].into_iter().chain(taus.iter().map(approx)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_zero_skip_come_first() {
        let found = configurations(&[0.25, 0.03], 0).unwrap();
        let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["exact", "zero-skip", "tau=0.25", "tau=0.03"]);
        assert_eq!(found[3].threshold(), Some(6));
        assert_eq!(found[0].threshold(), None);
        assert_eq!(configurations(&[0.25], 3).unwrap()[2].threshold(), Some(16));
        assert!(configurations(&[1.0], 0).is_err());
    }
}
