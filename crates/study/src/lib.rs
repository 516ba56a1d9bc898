// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is measured: images, experiments, statistics, tables and figures, on any engine.
//!
//! An [`experiment`] is a plan of batches; [`run`] takes it through them on any
//! [`Engine`](model::engine::Engine) and writes what comes out into a [result folder](results).
//! Nothing here knows hardware: engines come in as factories.

pub mod data;
mod error;
pub mod experiment;
pub mod report;
pub mod results;
pub mod run;
pub mod statistics;
pub mod table;
pub mod tables;

pub use error::{Error, Status, error_message};
