//! Thresholds and names by hand.

use super::*;

fn t(tau: f64, log_frac: u32) -> u32 {
    Threshold::from_tau(tau, log_frac).unwrap().get()
}

#[test]
fn the_tolerances_of_the_paper_at_f_0() {
    let thresholds = [
        (0.01, 7),
        (0.03, 6),
        (0.05, 5),
        (0.06, 5),
        (0.1, 4),
        (0.15, 3),
        (0.2, 3),
        (0.25, 2),
        (0.3, 2),
        (0.5, 1),
    ];
    for (tau, expected) in thresholds {
        assert_eq!(t(tau, 0), expected, "τ = {tau}");
    }
}

#[test]
fn fraction_bits_tell_tolerances_apart() {
    // 8·log2(1/0.15) = 21.9 and 8·log2(1/0.2) = 18.6
    assert_eq!((t(0.15, 3), t(0.2, 3)), (22, 19));
    // 8·log2(1/0.01) = 53.2 and 8·log2(1/0.03) = 40.5
    assert_eq!((t(0.01, 3), t(0.03, 3)), (54, 41));
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
    let threshold = Threshold::new(1).unwrap();
    let semantics =
        |log_frac| Semantics::new(Mode::Approx, log_frac, threshold, SmaxScope::Window).map(|_| ());
    assert_eq!(semantics(8), Ok(()));
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
    }
    for scope in SmaxScope::ALL {
        assert_eq!(scope.to_string().parse(), Ok(scope));
    }
    assert_eq!("Approx".parse::<Mode>(), Err(ConfigError::Mode("Approx".into())));
    assert_eq!("".parse::<SmaxScope>(), Err(ConfigError::Scope("".into())));
}
