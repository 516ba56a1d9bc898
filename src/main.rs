//! The `convapprox` command.
fn main() {}
