//! The RTL regression suite of the approximate convolution unit.
//!
//! Every test runs on every parameter set that ships ([`convapprox::dut::UNITS`]), so a new line in
//! `build.rs` is tested without a change here. Expectations come from the contract: stated in the
//! files of `testvectors/conv_unit/` ([`directed`]), computed by the golden model ([`random`]), or
//! derived from the cycle table ([`cycles`]).
//!
//! | Module        | Question                                                                     |
//! |---------------|------------------------------------------------------------------------------|
//! | [`directed`]  | Are the corner cases of the arithmetic as stated in the vectors?             |
//! | [`random`]    | Does the unit agree with the golden model, whatever it is given, and however the memory waits? |
//! | [`images`]    | And on every window of real images?                                          |
//! | [`protocol`]  | Do reset, bus errors, refused commands, stalls and pauses leave it sound?    |
//! | [`kernels`]   | May the kernel, its side, the address and the pitch change at run time?      |
//! | [`slots`]     | Are the kernels that it keeps independent of each other?                     |
//! | [`reuse`]     | May a window be used again exactly when the unit still holds it?             |
//! | [`cycles`]    | Does each window take the cycles that it must, and do the counters say so?   |
//! | [`seeds`]     | Does nothing depend on what registers hold before they are written?          |
//! | [`selfcheck`] | Would these checks notice?                                                   |
//!
//! A [`Bench`](bench::Bench) and a [`Window`](window::Window) are a good start for an experiment of
//! one's own.
//!
//! ```text
//! cargo test --release --test conv_unit                    # all of it
//! CONVAPPROX_SEED=7 CONVAPPROX_ROUNDS=2000 cargo test --release --test conv_unit random
//! ```
//!
//! A failing random window is written to `reports/mismatch/`, with its waveform, and the test names
//! the seed and the command that replays it.

mod bench;
mod cycles;
mod directed;
mod images;
mod kernels;
mod mismatch;
mod operands;
mod protocol;
mod random;
mod reuse;
mod seeds;
mod selfcheck;
mod slots;
mod vectors;
mod window;
