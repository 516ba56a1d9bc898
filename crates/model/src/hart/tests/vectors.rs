//! The disassembler against objdump: `testvectors/isa/`.

use super::super::disassemble;

#[test]
fn the_text_is_that_of_objdump() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testvectors/isa/instructions.csv");
    let mut rows = csv::Reader::from_path(path).unwrap();
    let mut count = 0;
    for row in rows.records() {
        let row = row.unwrap();
        let number = |column: usize| u32::from_str_radix(&row[column], 16).unwrap();
        let (address, encoding) = (number(0), number(1));
        assert_eq!(disassemble(encoding, address), row[2], "{encoding:#x} at {address:#x}");
        count += 1;
    }
    assert!(count > 500, "{count} instructions");
}

#[test]
fn what_the_assembler_does_not_know() {
    let cases = [
        (0x02c5_8577, ".word 0x02c58577"),
        (0x00c5_8577, "conv.load a0,a1,a2"),
        (0x00c5_9577, "conv.run a0,a1,a2"),
        (0x0005_a577, "conv.again a0,a1"),
        (0x00c5_a577, ".word 0x00c5a577"),
        (0x0005_b577, "conv.read a0,a1"),
        (0x00c5_c577, "conv.config a0,a1,a2"),
        (0x00c5_d577, "conv.carry a0,a1,a2"),
        (0x0000_6577, "conv.clear a0"),
        (0x0005_e577, ".word 0x0005e577"),
        (0x00c5_f577, ".word 0x00c5f577"),
        (0xffff_ffff, ".word 0xffffffff"),
        (0x0000_0000, ".half 0x0000"),
        (0x0000_6101, ".half 0x6101"),
        (0x7c00_2573, "csrrs a0,0x7c0,zero"),
        // A hint has the name of what it is encoded as.
        (0x0000_0005, "c.addi zero,1"),
        (0x0000_0001, "c.nop"),
    ];
    for (insn, text) in cases {
        assert_eq!(disassemble(insn, 0), text, "{insn:#010x}");
    }
}
