// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bench: drives the hardware and holds it to the models.
//!
//! - [`unit`] and [`system`] drive a model: a transaction, or a program, in; a result out;
//! - [`scoreboard`] says what windows must come to, [`lockstep`] what instructions must do, and
//!   [`cosimulation`] runs a program beside its reference;
//! - [`engine`] is the unit's RTL behind the trait of all engines;
//! - [`inference`] runs whole networks as programs on the core, as another engine;
//! - [`torture`] runs random programs;
//! - [`replay`] runs what differed again, with a waveform and a report;
//! - [`under_test`] does that for any unit.

pub mod case;
pub mod cosimulation;
pub mod engine;
pub mod inference;
pub mod lockstep;
pub mod replay;
mod report;
pub mod scoreboard;
pub mod system;
pub mod torture;
pub mod under_test;
pub mod unit;
