// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records what the program is built from.

#[path = "../../build/revision.rs"]
mod revision;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let sources = ["crates/model/src", "crates/study/src", "crates/trainer/src"];
    revision::record(Path::new("../.."), &sources)
}
