// SPDX-License-Identifier: MIT OR Apache-2.0
//! ELF files of programs for the system: read, written, and given one more segment.

use std::ops::Range;
use std::path::PathBuf;

use object::Endianness;
use object::build::elf::{Builder, SectionData};
use object::elf::{
    EF_RISCV_RVC, ELFCLASS32, ELFCLASS64, ELFDATA2LSB, ELFMAG, EM_RISCV, ET_EXEC, FileHeader32,
    PF_R, PF_W, PF_X, PT_LOAD, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_PROGBITS, SHT_STRTAB,
    SHT_SYMTAB, STB_GLOBAL, STB_LOCAL, STT_NOTYPE,
};
use object::read::elf::{FileHeader, ProgramHeader, Sym};

use crate::facts::soc::RAM_BASE;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("it is not an ELF file; link the program with firmware/link.ld")]
    NotElf,
    #[error("it is not a 32-bit ELF file; compile the program with -march=rv32imc -mabi=ilp32")]
    Class,
    #[error("it is not little-endian; compile the program with -march=rv32imc -mabi=ilp32")]
    BigEndian,
    #[error("it is for ELF machine {0}, not for RISC-V; compile it with riscv64-unknown-elf-gcc")]
    Machine(u16),
    /// It is an object file, a library, or position-independent.
    #[error("it is not an executable (its ELF type is {0}); link it with -static -nostdlib")]
    NotExecutable(u16),
    /// It is shorter than it says, or contradicts itself.
    #[error("it is damaged: {0}; build the program again")]
    Damaged(String),
    #[error(
        "its segment of {size} bytes at {addr:#010x} is not within the RAM, {} bytes at {:#010x}; link it with firmware/link.ld",
        ram.end - ram.start, ram.start
    )]
    OutsideRam { addr: u32, size: u32, ram: Range<u64> },
    #[error(
        "its segment of {size} bytes at {addr:#010x} begins inside another one; link it with firmware/link.ld"
    )]
    Overlap { addr: u32, size: u32 },
    #[error(
        "its entry is {0:#010x}, but the core begins at {RAM_BASE:#010x}; link it with firmware/link.ld, which puts _start there"
    )]
    Entry(u32),
    #[error("it has no code: no segment is to be loaded")]
    Empty,
    #[error(
        "its symbol {name} at {addr:#010x} is not a word of the RAM; link it with firmware/link.ld"
    )]
    Symbol { name: &'static str, addr: u32 },
    #[error(
        "it has no symbol tohost to report its end by; define one, or limit the run with --max-cycles"
    )]
    NoTohost,
    #[error(
        "it has no symbols begin_signature and end_signature, in this order; define them, or leave --signature out"
    )]
    NoSignature,
}

/// Bytes of a program at an address in the RAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub addr: u32,
    /// The bytes, those that are zero at the beginning included.
    pub bytes: Vec<u8>,
}

/// What an ELF file puts into the system's memory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Executable {
    /// What is in memory before the first instruction, in the order of addresses.
    pub segments: Vec<Segment>,
    /// The word that the program writes its result to: 1 passed, 2n + 1 test n failed.
    pub tohost: Option<u32>,
    /// What a compliance test leaves behind: `begin_signature` to `end_signature`.
    pub signature: Option<Range<u32>>,
}

impl Executable {
    /// Takes an ELF file in memory for a system with `ram_bytes` of RAM.
    pub fn parse(data: &[u8], ram_bytes: u32) -> Result<Self, ElfError> {
        let (header, endian) = (header(data)?, Endianness::Little);
        let ram = u64::from(RAM_BASE)..u64::from(RAM_BASE) + u64::from(ram_bytes);
        let entry = header.e_entry(endian);
        if entry != RAM_BASE {
            return Err(ElfError::Entry(entry));
        }
        let headers = header.program_headers(endian, data).map_err(damaged)?;
        let loaded = headers.iter().filter(|it| {
            it.p_type(endian) == PT_LOAD && (it.p_memsz(endian), it.p_filesz(endian)) != (0, 0)
        });
        let mut loaded: Vec<_> = loaded.collect();
        loaded.sort_by_key(|it| it.p_paddr(endian));
        let mut segments: Vec<Segment> = Vec::new();
        // Each lies within the RAM and behind the one before: all together take no more than it.
        let mut before = 0;
        for segment in loaded {
            let (addr, size) = (segment.p_paddr(endian), segment.p_memsz(endian));
            if segment.p_filesz(endian) > size {
                return Err(damaged("a segment has fewer bytes in memory than in the file"));
            }
            let end = u64::from(addr) + u64::from(size);
            if u64::from(addr) < ram.start || end > ram.end {
                return Err(ElfError::OutsideRam { addr, size, ram });
            }
            if u64::from(addr) < before {
                return Err(ElfError::Overlap { addr, size });
            }
            before = end;
            let bytes = segment.data(endian, data);
            let bytes =
                bytes.map_err(|()| damaged("a segment reaches beyond the end of the file"))?;
            let mut bytes = bytes.to_vec();
            bytes.resize(size as usize, 0);
            segments.push(Segment { addr, bytes });
        }
        if segments.is_empty() {
            return Err(ElfError::Empty);
        }
        let mut executable = Self { segments, tohost: None, signature: None };
        executable.find_symbols(header, data, &ram)?;
        Ok(executable)
    }

    fn find_symbols(
        &mut self,
        header: &Header,
        data: &[u8],
        ram: &Range<u64>,
    ) -> Result<(), ElfError> {
        let endian = Endianness::Little;
        let sections = header.sections(endian, data).map_err(damaged)?;
        let table = sections.symbols(endian, data, SHT_SYMTAB);
        let table = table.map_err(damaged)?;
        let (mut begin, mut end) = (None, None);
        for symbol in table.iter() {
            let addr = symbol.st_value(endian);
            let (name, place) = match symbol.name(endian, table.strings()) {
                Ok(b"tohost") => ("tohost", &mut self.tohost),
                Ok(b"begin_signature") => ("begin_signature", &mut begin),
                Ok(b"end_signature") => ("end_signature", &mut end),
                _ => continue,
            };
            let within = ram.contains(&u64::from(addr))
                || (name == "end_signature" && u64::from(addr) == ram.end);
            if !within || addr % 4 != 0 {
                return Err(ElfError::Symbol { name, addr });
            }
            *place = Some(addr);
        }
        self.signature = begin.zip(end).filter(|(begin, end)| begin <= end).map(|(b, e)| b..e);
        Ok(())
    }

    /// A program of machine code alone, at the first address of the RAM.
    pub fn from_words(words: &[u32]) -> Self {
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Self { segments: vec![Segment { addr: RAM_BASE, bytes }], ..Self::default() }
    }

    /// The ELF file, as a toolchain would link it. The first segment is the code; `parts` are names
    /// of places in it, beside those of the symbols that the program has.
    pub fn to_elf(&self, parts: &[(String, u32)]) -> Vec<u8> {
        const ALIGNMENT: u64 = 4;

        let mut file = Builder::new(Endianness::Little, false);
        file.header.e_type = ET_EXEC;
        file.header.e_machine = EM_RISCV;
        file.header.e_entry = RAM_BASE.into();
        file.header.e_flags = EF_RISCV_RVC;
        file.header.e_phoff = file.file_header_size() as u64;
        let table = (PROGRAM_HEADER * self.segments.len()) as u64;
        let mut offset = file.header.e_phoff + table;
        let mut code = None;
        for Segment { addr, bytes } in &self.segments {
            let section = file.sections.add();
            let first = *code.get_or_insert(section.id()) == section.id();
            let (name, kind, access) = match first {
                true => (".text", SHF_EXECINSTR, PF_R | PF_W | PF_X),
                false => (".data", SHF_WRITE, PF_R | PF_W),
            };
            section.name = name.into();
            section.sh_type = SHT_PROGBITS;
            section.sh_flags = (SHF_ALLOC | kind).into();
            section.sh_addralign = ALIGNMENT;
            section.sh_size = bytes.len() as u64;
            section.data = SectionData::Data(bytes.as_slice().into());
            let segment = file.segments.add_load_segment(access, ALIGNMENT);
            (segment.p_offset, segment.p_vaddr, segment.p_paddr) =
                (offset, (*addr).into(), (*addr).into());
            segment.append_section(section);
            offset = (offset + section.sh_size).next_multiple_of(ALIGNMENT);
        }
        let (begin, end) = self.signature.clone().map(|range| (range.start, range.end)).unzip();
        let known = [
            ("_start", Some(RAM_BASE)),
            ("tohost", self.tohost),
            ("begin_signature", begin),
            ("end_signature", end),
        ];
        let known = known.iter().filter_map(|&(name, addr)| Some((name, addr?, STB_GLOBAL)));
        let parts = parts.iter().map(|(name, addr)| (name.as_str(), *addr, STB_LOCAL));
        for (name, addr, binding) in parts.chain(known) {
            let symbol = file.symbols.add();
            symbol.name = name.into();
            symbol.section = code;
            symbol.set_st_info(binding, STT_NOTYPE);
            symbol.st_value = addr.into();
        }
        for (name, kind, data) in [
            (".symtab", SHT_SYMTAB, SectionData::Symbol),
            (".strtab", SHT_STRTAB, SectionData::String),
            (".shstrtab", SHT_STRTAB, SectionData::SectionString),
        ] {
            let section = file.sections.add();
            (section.name, section.sh_type, section.data) = (name.into(), kind, data);
        }
        let mut bytes = Vec::new();
        file.write(&mut bytes).expect("its parts are in their order");
        bytes
    }
}

const PROGRAM_HEADER: usize = 32;

/// The ELF file of a program with one more segment to load. What is in it stays where it is; a longer
/// table of segments comes behind it.
pub fn with_segment(elf: &[u8], addr: u32, bytes: &[u8]) -> Result<Vec<u8>, ElfError> {
    /// Offsets in the file header of the table of program headers and their number.
    const TABLE: usize = 28;
    const COUNT: usize = 44;
    /// What the new table and the new segment begin at a multiple of.
    const ALIGNMENT: usize = 16;

    let endian = Endianness::Little;
    let header = header(elf)?;
    let count = header.program_headers(endian, elf).map_err(damaged)?.len();
    let more = u16::try_from(count + 1).map_err(damaged)?;
    let table = header.e_phoff(endian) as usize;
    let mut file = elf.to_vec();
    file.resize(elf.len().next_multiple_of(ALIGNMENT), 0);
    let table_at = file.len();
    file.extend_from_slice(&elf[table..][..PROGRAM_HEADER * count]);
    let data_at = (table_at + PROGRAM_HEADER * (count + 1)).next_multiple_of(ALIGNMENT);
    let number = |number: usize| u32::try_from(number).map_err(damaged);
    let (offset, size, flags) = (number(data_at)?, number(bytes.len())?, PF_R | PF_W);
    for word in [PT_LOAD, offset, addr, addr, size, size, flags, number(ALIGNMENT)?] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.resize(data_at, 0);
    file.extend_from_slice(bytes);
    file[TABLE..TABLE + 4].copy_from_slice(&number(table_at)?.to_le_bytes());
    file[COUNT..COUNT + 2].copy_from_slice(&more.to_le_bytes());
    Ok(file)
}

fn damaged(reason: impl ToString) -> ElfError {
    ElfError::Damaged(reason.to_string())
}

type Header = FileHeader32<Endianness>;

/// The header of a file that is an executable for a little-endian 32-bit RISC-V processor.
fn header(data: &[u8]) -> Result<&Header, ElfError> {
    if data.len() < 16 || data[..4] != ELFMAG {
        return Err(ElfError::NotElf);
    }
    match data[4] {
        ELFCLASS32 => {}
        ELFCLASS64 => return Err(ElfError::Class),
        _ => return Err(ElfError::NotElf),
    }
    if data[5] != ELFDATA2LSB {
        return Err(ElfError::BigEndian);
    }
    let header = Header::parse(data).map_err(damaged)?;
    let (machine, kind) = (header.e_machine(Endianness::Little), header.e_type(Endianness::Little));
    if machine != EM_RISCV {
        return Err(ElfError::Machine(machine));
    }
    if kind != ET_EXEC {
        return Err(ElfError::NotExecutable(kind));
    }
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAM: u32 = 1 << 16;

    /// A program of segments at these addresses, with their sizes in the file and in memory.
    fn parse(segments: &[(u32, usize, u32)]) -> Result<Executable, String> {
        let parts = segments.iter().map(|&(addr, size, _)| Segment { addr, bytes: vec![1; size] });
        let mut elf = Executable { segments: parts.collect(), ..Executable::default() }.to_elf(&[]);
        for (index, (.., memory)) in segments.iter().enumerate() {
            let size = 52 + PROGRAM_HEADER * index + 20;
            elf[size..size + 4].copy_from_slice(&memory.to_le_bytes());
        }
        Executable::parse(&elf, RAM).map_err(|error| error.to_string())
    }

    #[test]
    fn segments_take_no_more_than_the_ram() {
        let (base, end) = (RAM_BASE, RAM_BASE + RAM);
        let program = parse(&[(base, 8, 8), (end - 4, 0, 4), (base + 16, 4, 12)]).unwrap();
        let found: Vec<_> = program.segments.iter().map(|it| (it.addr, it.bytes.len())).collect();
        assert_eq!(found, [(base, 8), (base + 16, 12), (end - 4, 4)]);
        let cases: [(&[_], &str); 6] = [
            (&[(base, 8, 4)], "damaged: a segment has fewer bytes in memory than in the file"),
            (&[(base, 8, 0)], "damaged: a segment has fewer bytes in memory than in the file"),
            (&[(base, 8, RAM), (base + 4, 4, 4)], "4 bytes at 0x80000004 begins inside another"),
            (&[(base, 8, 8), (base, 4, RAM)], "begins inside another"),
            (&[(base, 8, RAM + 1)], "is not within the RAM, 65536 bytes at 0x80000000"),
            (&[(base, 8, 8), (end - 4, 4, u32::MAX)], "is not within the RAM"),
        ];
        for (segments, problem) in cases {
            let error = parse(segments).unwrap_err();
            assert!(error.contains(problem), "{segments:?}: {error}");
        }
        // As many segments as a file can have, each with all of the RAM.
        let many = vec![(base, 4, RAM); 4000];
        assert!(parse(&many).unwrap_err().contains("begins inside another"));
    }
}
