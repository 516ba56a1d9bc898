// SPDX-License-Identifier: MIT OR Apache-2.0
//! The counter of `rtl/counter.sv` as a Rust type: where to start reading.
//!
//! `build.rs` verilates it, the line below brings the type in, and [`count_to`] shows a whole
//! simulation.

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
