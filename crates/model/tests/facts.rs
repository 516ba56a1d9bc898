// SPDX-License-Identifier: MIT OR Apache-2.0
//! The build compares the numbers of RTL and firmware with those of the Rust code, and says where
//! they differ.

#[allow(dead_code, reason = "the build has the rest of its uses")]
#[path = "../../../build/facts.rs"]
mod facts;

use std::fs;
use std::path::Path;

const FILES: [&str; 10] = [
    "rtl/soc/soc_pkg.sv",
    "rtl/core/core_pkg.sv",
    "rtl/conv_approx/conv_approx_pkg.sv",
    "rtl/conv_approx/conv_coprocessor.sv",
    "rtl/fpu/fpu_pkg.sv",
    "firmware/soc.h",
    "firmware/link.ld",
    "firmware/conv_approx.h",
    "firmware/lenet/network.h",
    "firmware/lenet/maps.h",
];

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// What is said of the files after a change of one of them: `from` becomes `to`.
fn said_after(file: &str, from: &str, to: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    for name in FILES {
        let mut text = fs::read_to_string(Path::new(ROOT).join(name)).unwrap();
        if name == file {
            assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
            text = text.replace(from, to);
        }
        let copy = folder.path().join(name);
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::write(copy, text).unwrap();
    }
    facts::check(folder.path())
}

/// The line of a text in a file, from 1.
fn line_of(file: &str, text: &str) -> usize {
    let content = fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    1 + content.lines().position(|line| line.contains(text)).unwrap()
}

#[test]
fn they_agree() {
    assert_eq!(facts::check(Path::new(ROOT)), Ok(()));
}

#[test]
fn a_number_that_differs_is_named_with_its_place() {
    let cases = [
        ("rtl/soc/soc_pkg.sv", "32'h0200_bff8", "32'h0200_bff0", "ADDR_MTIME is 0x200bff0"),
        ("rtl/core/core_pkg.sv", "7'h77;", "7'h7b;", "OPCODE_CONV is 0x7b"),
        ("rtl/core/core_pkg.sv", "12'h343", "12'h34a", "CSR_MTVAL is 0x34a"),
        (
            "rtl/conv_approx/conv_approx_pkg.sv",
            "MODE_APPROX         = 3",
            "MODE_APPROX = 2",
            "MODE_APPROX is 0x2",
        ),
        ("rtl/conv_approx/conv_coprocessor.sv", "3'd5", "3'd7", "CONV_CARRY is 0x7"),
        ("rtl/fpu/fpu_pkg.sv", "5'd22", "5'd23", "FPU_MV is 0x17"),
        ("firmware/soc.h", "0x0c000000", "0x0d000000", "EXTERNAL_IRQ is 0xd000000"),
        ("firmware/soc.h", "(3 << 11)", "(1 << 11)", "MSTATUS_MPP is 0x800"),
        ("firmware/link.ld", "LENGTH = 1M", "LENGTH = 2M", "LENGTH is 0x200000"),
        ("firmware/conv_approx.h", "CONV_BEATS = 20", "CONV_BEATS = 21", "CONV_BEATS is 0x15"),
        ("firmware/conv_approx.h", "CONV_APPROX = 3", "CONV_APPROX = 4", "CONV_APPROX is 0x4"),
        ("firmware/lenet/network.h", "DENSE = 2", "DENSE = 3", "DENSE is 0x3"),
    ];
    for (file, from, to, said) in cases {
        let error = said_after(file, from, to).unwrap_err();
        let expected = format!("{file}:{}: {said}; facts.rs says ", line_of(file, from));
        assert!(error.contains(&expected), "{error}");
        assert_eq!(error.lines().count(), 2, "{error}");
    }
}

#[test]
fn what_is_not_there_and_what_nobody_knows_is_named() {
    let (file, from) = ("firmware/soc.h", "#define UART");
    let error = said_after(file, from, "#define CONSOLE").unwrap_err();
    let line = line_of(file, from);
    assert!(error.contains(&format!("{file}:{line}: CONSOLE is not known")), "{error}");
    assert!(error.contains("UART is missing; facts.rs says 0x10000000"), "{error}");
}

#[test]
fn the_structs_of_the_blob_have_their_fields_in_order() {
    let (file, from) = ("firmware/lenet/network.h", "uint32_t channels, height, width, padding;");
    let error = said_after(file, from, "uint32_t channels, width, height, padding;").unwrap_err();
    let line = line_of(file, "struct network {");
    assert!(error.contains(&format!("{file}:{line}: struct network has ")), "{error}");
    let error = said_after(file, "events[12]", "events[13]").unwrap_err();
    assert!(error.contains("struct record has "), "{error}");
}
