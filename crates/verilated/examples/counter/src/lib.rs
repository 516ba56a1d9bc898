// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counter of `rtl/counter.sv` as a Rust type: where to start reading.
//!
//! `build.rs` verilates it, the line below brings the type in, [`count_to`] shows a whole
//! simulation, and the tests are what a user's own look like.

use verilated::{Config, Error, Stop};

verilated::include_model!("counter");

/// Resets a counter, lets it count to a limit and returns the cycles that took.
///
/// # Errors
/// What the RTL raises; the watchdog when the limit does not come.
pub fn count_to(limit: u16) -> Result<u64, Error> {
    let mut counter = Counter::new(&Config::new())?;

    // Inputs set before a tick are sampled at its rising edge.
    counter.set_rst_ni(0);
    counter.tick()?;

    counter.set_rst_ni(1);
    counter.set_limit_i(limit);
    counter.set_en_i(1);
    // The shim runs the cycles and watches the port; 5000 cycles must do.
    let ran = counter.run_until(Stop::equal(Counter::FULL_O, 1), 5000)?;
    Ok(ran.cycles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use verilated::RtlKind;

    #[test]
    fn it_stops_at_the_limit() -> Result<(), Error> {
        assert_eq!(count_to(1000)?, 1000);
        Ok(())
    }

    #[test]
    fn an_assertion_fails_one_test_only() -> Result<(), Error> {
        let mut counter = Counter::new(&Config::new())?;
        counter.set_rst_ni(1);
        counter.set_limit_i(3);
        counter.set_en_i(1);
        for _ in 0..3 {
            counter.tick()?;
        }
        let Err(Error::Rtl { kind, message, file, line, .. }) = counter.tick() else {
            panic!("the assertion has to fail");
        };
        assert_eq!((kind, &*message), (RtlKind::Assertion, "enabled at the limit of 3"));
        assert_eq!((&*file, line > 30), ("rtl/counter.sv", true));
        Ok(())
    }

    #[test]
    fn a_seed_shows_a_missing_reset() -> Result<(), Error> {
        // Without a reset the count starts anywhere, but at the same place for a seed.
        let start = |seed| Counter::new(&Config::new().seed(seed)).map(|counter| counter.count_o());
        assert_eq!(start(1)?, start(1)?);
        assert!((2..10).any(|seed| start(seed).ok() != start(1).ok()));
        Ok(())
    }

    #[test]
    fn a_waveform_is_written() -> Result<(), Error> {
        let path = std::env::temp_dir().join(format!("counter-{}.vcd", std::process::id()));
        let mut counter = Counter::builtin("traced", &Config::new())?;
        counter.open_trace(&path)?;
        counter.tick()?;
        counter.close_trace()?;
        let text = std::fs::read_to_string(&path).expect("the waveform can be read");
        std::fs::remove_file(&path).expect("the waveform can be removed");
        assert!(text.contains("count_o") && text.contains("#10"));
        Ok(())
    }
}
