// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RTL regression suite of the approximate convolution unit.
//!
//! Every test runs on the parameter sets of [`convapprox::hw::UNITS`]; a new line there is tested
//! without a change here. `CONVAPPROX_SETS` names others, or `all`. Expectations come from the
//! contract: stated in the files of `testvectors/conv_unit/` ([`directed`]), computed by the golden
//! model ([`random`]), or derived from the cycle table ([`cycles`]).
//!
//! | Module        | Question                                                                     |
//! |---------------|------------------------------------------------------------------------------|
//! | [`directed`]  | Are the corner cases of the arithmetic as stated in the vectors? Do the windows of real images agree with the golden model? |
//! | [`random`]    | Does the unit agree with the golden model, whatever it is given, however the memory waits, and whatever its registers held at first? |
//! | [`protocol`]  | Do reset, bus errors, refused commands, stalls and pauses leave it sound?    |
//! | [`held`]      | Are kernels kept, each in its slot, and windows for as long as they must?    |
//! | [`cycles`]    | Does each window take the cycles that it must, and do the counters say so?   |
//! | [`selfcheck`] | Would these checks notice?                                                   |
//!
//! A [`Bench`](bench::Bench) and a [`Window`](bench::Window) are a good start for an experiment of
//! one's own.
//!
//! ```text
//! cargo test --test unit                                        # all of it
//! CONVAPPROX_SETS="k3 k7_m4_f2" cargo test --test unit          # on these
//! CONVAPPROX_SEED=7 CONVAPPROX_ROUNDS=2000 cargo test --test unit random
//! ```
//!
//! A failing random window is written to `reports/mismatch/`, with its waveform, and the test names
//! the seed and the command that replays it.

mod bench;
mod cycles;
mod directed;
mod held;
mod protocol;
mod random;
mod selfcheck;
