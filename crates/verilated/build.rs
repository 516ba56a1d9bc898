// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notes the target, which models that are loaded while the program runs are compiled for.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=VERILATED_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
