// SPDX-License-Identifier: MIT OR Apache-2.0
//! One family a feature of the crate `verilated`; the tests are in `tests/`.

verilated::include_model!("widths");
verilated::include_model!("tuned");
verilated::include_model!("banks");
verilated::include_model!("errors");
verilated::include_model!("oscillator");
verilated::include_model!("startup");
verilated::include_model!("unset");
verilated::include_model!("shifter");
verilated::include_model!("lanes");
verilated::include_model!("reader");
