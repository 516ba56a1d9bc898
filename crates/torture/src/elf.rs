//! A program's image as an ELF file, as a toolchain would link it.

use object::Endianness;
use object::elf::{
    EF_RISCV_RVC, EM_RISCV, ET_EXEC, PF_R, PF_W, PF_X, PT_LOAD, SHF_ALLOC, SHF_EXECINSTR,
    SHF_WRITE, SHT_PROGBITS, STB_GLOBAL, STB_LOCAL, STT_NOTYPE,
};
use object::write::elf::{FileHeader, ProgramHeader, SectionHeader, SectionIndex, Sym, Writer};

use super::image::Image;
use super::map;

/// Segments and sections begin at such multiples in the file.
const ALIGN: u32 = 4;

/// A symbol: name, address, whether others may refer to it.
struct Symbol {
    name: String,
    addr: u32,
    global: bool,
}

/// The image as an executable for the system, with symbols for its parts.
pub fn elf(image: &Image) -> Vec<u8> {
    let (symbols, segments) = (symbols(image), &image.program.segments);
    let locals = symbols.iter().filter(|symbol| !symbol.global).count() as u32;
    let mut bytes = Vec::new();
    let mut writer = Writer::new(Endianness::Little, false, &mut bytes);

    writer.reserve_file_header();
    writer.reserve_program_headers(segments.len() as u32);
    writer.reserve_null_section_index();
    let sections: Vec<_> = (0..segments.len())
        .map(|index| {
            let name = writer.add_section_name(if index == 0 { b".text" } else { b".data" });
            let offset = writer.reserve(segments[index].bytes.len(), ALIGN as usize);
            (name, writer.reserve_section_index(), offset)
        })
        .collect();
    writer.reserve_null_symbol_index();
    let code: Option<SectionIndex> = sections.first().map(|&(_, index, _)| index);
    let names: Vec<_> = symbols
        .iter()
        .map(|symbol| {
            writer.reserve_symbol_index(code);
            writer.add_string(symbol.name.as_bytes())
        })
        .collect();
    writer.reserve_symtab_section_index();
    writer.reserve_symtab();
    writer.reserve_strtab_section_index();
    writer.reserve_strtab();
    writer.reserve_shstrtab_section_index();
    writer.reserve_shstrtab();
    writer.reserve_section_headers();

    let header = FileHeader {
        os_abi: 0,
        abi_version: 0,
        e_type: ET_EXEC,
        e_machine: EM_RISCV,
        e_entry: map::RAM.into(),
        e_flags: EF_RISCV_RVC,
    };
    writer.write_file_header(&header).expect("the file is small");
    writer.write_align_program_headers();
    for (index, (segment, &(_, _, offset))) in segments.iter().zip(&sections).enumerate() {
        writer.write_program_header(&ProgramHeader {
            p_type: PT_LOAD,
            p_flags: PF_R | PF_W | if index == 0 { PF_X } else { 0 },
            p_offset: offset as u64,
            p_vaddr: segment.addr.into(),
            p_paddr: segment.addr.into(),
            p_filesz: segment.bytes.len() as u64,
            p_memsz: segment.bytes.len() as u64,
            p_align: ALIGN.into(),
        });
    }
    for segment in segments {
        writer.write_align(ALIGN as usize);
        writer.write(&segment.bytes);
    }
    writer.write_null_symbol();
    for (symbol, &name) in symbols.iter().zip(&names) {
        let binding = if symbol.global { STB_GLOBAL } else { STB_LOCAL };
        writer.write_symbol(&Sym {
            name: Some(name),
            section: code,
            st_info: binding << 4 | STT_NOTYPE,
            st_other: 0,
            st_shndx: 0,
            st_value: symbol.addr.into(),
            st_size: 0,
        });
    }
    writer.write_strtab();
    writer.write_shstrtab();
    writer.write_null_section_header();
    for (index, (segment, &(name, _, offset))) in segments.iter().zip(&sections).enumerate() {
        let kind = if index == 0 { SHF_EXECINSTR } else { SHF_WRITE };
        writer.write_section_header(&SectionHeader {
            name: Some(name),
            sh_type: SHT_PROGBITS,
            sh_flags: (SHF_ALLOC | kind).into(),
            sh_addr: segment.addr.into(),
            sh_offset: offset as u64,
            sh_size: segment.bytes.len() as u64,
            sh_link: 0,
            sh_info: 0,
            sh_addralign: ALIGN.into(),
            sh_entsize: 0,
        });
    }
    // The one that is always there comes first.
    writer.write_symtab_section_header(1 + locals);
    writer.write_strtab_section_header();
    writer.write_shstrtab_section_header();
    bytes
}

/// The parts, numbered, and what the loader looks for; local ones first.
fn symbols(image: &Image) -> Vec<Symbol> {
    let parts = image.parts.iter().enumerate().map(|(index, part)| Symbol {
        name: format!("{}_{index}", part.name.replace(' ', "_")),
        addr: part.first(),
        global: false,
    });
    let mut symbols: Vec<_> = parts.collect();
    let mut add = |name: &str, addr| {
        symbols.push(Symbol { name: name.to_owned(), addr, global: true });
    };
    add("_start", map::RAM);
    if let Some(addr) = image.program.tohost {
        add("tohost", addr);
    }
    if let Some(signature) = &image.program.signature {
        add("begin_signature", signature.start);
        add("end_signature", signature.end);
    }
    symbols
}
