// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run found, written down: files, figures, pictures, tables on the terminal.

pub mod atomic;
pub mod figure;
pub mod pictures;
pub mod terminal;
