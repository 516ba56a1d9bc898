//! Programs: ELF files for the system.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use object::Endianness;
use object::elf::{
    ELFCLASS32, ELFCLASS64, ELFDATA2LSB, ELFMAG, EM_RISCV, ET_EXEC, FileHeader32, PT_LOAD,
};
use object::read::elf::{FileHeader, ProgramHeader, Sym};

use crate::hart::RAM_BASE;

/// Why a file is no program for the system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no ELF file.
    #[error("it is not an ELF file; link the program with firmware/link.ld")]
    NotElf,
    /// It is for 64 bits, or for nobody.
    #[error("it is not a 32-bit ELF file; compile the program with -march=rv32imc -mabi=ilp32")]
    Class,
    /// It is big-endian.
    #[error("it is not little-endian; compile the program with -march=rv32imc -mabi=ilp32")]
    BigEndian,
    /// It is for another processor.
    #[error("it is for ELF machine {0}, not for RISC-V; compile it with riscv64-unknown-elf-gcc")]
    Machine(u16),
    /// It is an object file, a library, or position-independent.
    #[error("it is not an executable (its ELF type is {0}); link it with -static -nostdlib")]
    NotExecutable(u16),
    /// It is shorter than it says, or contradicts itself.
    #[error("it is damaged: {0}; build the program again")]
    Damaged(String),
    /// A part of it would lie outside of the RAM.
    #[error(
        "its segment of {size} bytes at {addr:#010x} is not within the RAM, {} bytes at {:#010x}; link it with firmware/link.ld",
        ram.end - ram.start, ram.start
    )]
    OutsideRam {
        /// Address of the segment.
        addr: u32,
        /// Its bytes in memory.
        size: u32,
        /// The RAM.
        ram: Range<u64>,
    },
    /// It begins somewhere else than the system does.
    #[error(
        "its entry is {0:#010x}, but the core begins at {RAM_BASE:#010x}; link it with firmware/link.ld, which puts _start there"
    )]
    Entry(u32),
    /// It has nothing to load.
    #[error("it has no code: no segment is to be loaded")]
    Empty,
    /// The symbol that a program reports its end by is where nothing can be written.
    #[error(
        "its symbol {name} at {addr:#010x} is not a word of the RAM; link it with firmware/link.ld"
    )]
    Symbol {
        /// The symbol.
        name: &'static str,
        /// Its value.
        addr: u32,
    },
    /// It cannot report its end.
    #[error(
        "it has no symbol tohost to report its end by; define one, or limit the run with --max-cycles"
    )]
    NoTohost,
    /// It leaves nothing behind to compare.
    #[error(
        "it has no symbols begin_signature and end_signature, in this order; define them, or leave --signature out"
    )]
    NoSignature,
}

/// Bytes of a program at an address in the RAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Byte address of the first one.
    pub addr: u32,
    /// The bytes, those that are zero at the beginning included.
    pub bytes: Vec<u8>,
}

/// A program for the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// What is in memory before the first instruction.
    pub segments: Vec<Segment>,
    /// The word that the program writes its result to: 1 passed, 2n + 1 test n failed.
    pub tohost: Option<u32>,
    /// What a compliance test leaves behind: `begin_signature` to `end_signature`.
    pub signature: Option<Range<u32>>,
}

impl Program {
    /// Reads an ELF file for a system with `ram_bytes` of RAM.
    pub fn read(path: &Path, ram_bytes: u32) -> Result<Self, ElfError> {
        let data =
            fs::read(path).map_err(|source| ElfError::Read { path: path.to_owned(), source })?;
        Self::parse(&data, ram_bytes)
    }

    /// Takes an ELF file in memory for a system with `ram_bytes` of RAM.
    pub fn parse(data: &[u8], ram_bytes: u32) -> Result<Self, ElfError> {
        let header = header(data)?;
        let ram = u64::from(RAM_BASE)..u64::from(RAM_BASE) + u64::from(ram_bytes);
        let entry = header.e_entry(Endianness::Little);
        if entry != RAM_BASE {
            return Err(ElfError::Entry(entry));
        }
        let endian = Endianness::Little;
        let mut segments = Vec::new();
        for segment in header.program_headers(endian, data).map_err(damaged)? {
            let size = segment.p_memsz(endian);
            if segment.p_type(endian) != PT_LOAD || size == 0 {
                continue;
            }
            let addr = segment.p_paddr(endian);
            let end = u64::from(addr) + u64::from(size);
            if u64::from(addr) < ram.start || end > ram.end {
                return Err(ElfError::OutsideRam { addr, size, ram });
            }
            let mut bytes = segment
                .data(endian, data)
                .map_err(|()| damaged("a segment reaches beyond the end of the file"))?
                .to_vec();
            bytes.resize(size as usize, 0);
            segments.push(Segment { addr, bytes });
        }
        if segments.is_empty() {
            return Err(ElfError::Empty);
        }
        let mut program = Self { segments, tohost: None, signature: None };
        program.symbols(header, data, &ram)?;
        Ok(program)
    }

    fn symbols(&mut self, header: &Header, data: &[u8], ram: &Range<u64>) -> Result<(), ElfError> {
        let endian = Endianness::Little;
        let sections = header.sections(endian, data).map_err(damaged)?;
        let table = sections.symbols(endian, data, object::elf::SHT_SYMTAB);
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
        let segments = vec![Segment { addr: RAM_BASE, bytes }];
        Self { segments, tohost: None, signature: None }
    }
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
