// SPDX-License-Identifier: MIT OR Apache-2.0
//! The paper's experiments, and those beyond: what is run over which images, and what is measured.

pub mod accel;
pub mod channels;
pub mod classify;
pub mod lenet;
pub mod peers;
pub mod search;
pub mod windows;
