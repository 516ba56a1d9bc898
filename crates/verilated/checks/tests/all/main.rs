// SPDX-License-Identifier: MIT OR Apache-2.0
//! All tests in one program: each one would link every model.

mod errors;
mod families;
mod memories;
mod ports;
mod seeds;
mod stepping;
mod threads;
mod waves;
