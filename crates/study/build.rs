// SPDX-License-Identifier: MIT OR Apache-2.0
//! Puts the networks, weights and operating points that the project ships into the program, so that
//! it runs from wherever it is installed.

use std::fs;
use std::path::Path;

fn main() {
    let shipped = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"))
        .join("../../testvectors")
        .canonicalize()
        .expect("testvectors is beside the crates");
    let mut entries = Vec::new();
    for folder in ["networks", "weights", "operating_points"] {
        println!("cargo::rerun-if-changed={}", shipped.join(folder).display());
        for file in fs::read_dir(shipped.join(folder)).expect("a folder of testvectors") {
            let path = file.expect("a file of testvectors").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("a plain name");
            // The records beside the weights tell how they were trained; nothing reads them.
            let wanted = if folder == "weights" { ".safetensors" } else { ".json" };
            if name.ends_with(wanted) {
                entries.push(format!(
                    "({:?}, include_bytes!({path:?})),\n",
                    format!("{folder}/{name}")
                ));
            }
        }
    }
    entries.sort();
    let text = format!("&[\n{}]\n", entries.concat());
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("shipped.rs"), text).expect("the build folder can be written");
}
