// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names that a program's file has for addresses.

use object::elf::FileHeader32;
use object::read::elf::ElfFile;
use object::{Endianness, Object, ObjectSymbol, SymbolKind, SymbolSection};

/// Names by address. A stripped file, or one that is damaged, has none.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Sorted by address; where several names have one, functions come last.
    names: Vec<(u32, bool, String)>,
}

impl Symbols {
    /// The names of an ELF file.
    pub fn read(elf: &[u8]) -> Self {
        let Ok(file) = ElfFile::<FileHeader32<Endianness>>::parse(elf) else {
            return Self::default();
        };
        let mut names: Vec<_> = file
            .symbols()
            .filter(|it| matches!(it.section(), SymbolSection::Section(_)))
            .filter_map(|it| {
                let name = it.name().ok().filter(|name| !name.is_empty())?;
                // Those with a point or a dollar in front are the compiler's and the assembler's.
                let own = it.kind() != SymbolKind::Section && !name.starts_with(['.', '$']);
                let function = it.kind() == SymbolKind::Text;
                own.then(|| (it.address() as u32, function, name.to_owned()))
            })
            .collect();
        names.sort();
        Self { names }
    }

    /// The address of a name.
    pub fn address(&self, name: &str) -> Option<u32> {
        self.names.iter().find(|(.., it)| it == name).map(|(address, ..)| *address)
    }

    /// The nearest name at or before an address, and the distance from it.
    pub fn nearest(&self, address: u32) -> Option<(&str, u32)> {
        let end = self.names.partition_point(|(it, ..)| *it <= address);
        let (start, _, name) = self.names[..end].last()?;
        Some((name, address - start))
    }

    /// An address as `<main+0x12>`; empty if nothing is known of it.
    pub fn place(&self, address: u32) -> String {
        match self.nearest(address) {
            Some((name, 0)) => format!("<{name}>"),
            Some((name, offset)) => format!("<{name}+{offset:#x}>"),
            None => String::new(),
        }
    }

    /// The function that an address is in, or the nearest name; its address without either.
    pub fn function(&self, address: u32) -> String {
        let end = self.names.partition_point(|(it, ..)| *it <= address);
        let before = &self.names[..end];
        let found = before.iter().rfind(|(_, function, _)| *function).or(before.last());
        found.map_or_else(|| format!("{address:#010x}"), |(.., name)| name.clone())
    }
}
