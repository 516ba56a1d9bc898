//! Adds data to an ELF file: a program with its network and image in one file.

/// Bytes of a program header.
const HEADER: usize = 32;

/// `PT_LOAD`, readable and writable.
const LOAD: u32 = 1;
const READ_WRITE: u32 = 6;

/// An ELF file of a 32-bit little-endian program with one more segment to load. What is in it stays where
/// it is; a longer table of segments comes behind it.
///
/// # Panics
/// If it is not the file of a program that [`crate::firmware`] has.
pub(super) fn with_segment(elf: &[u8], address: u32, bytes: &[u8]) -> Vec<u8> {
    let half = |at: usize| u16::from_le_bytes([elf[at], elf[at + 1]]);
    let (table, count) = (u32::from_le_bytes([elf[28], elf[29], elf[30], elf[31]]), half(44));
    assert_eq!(usize::from(half(42)), HEADER, "an ELF file for 32 bits");
    let mut file = elf.to_vec();
    file.resize(elf.len().next_multiple_of(16), 0);
    let table_at = file.len();
    file.extend_from_slice(&elf[table as usize..][..HEADER * usize::from(count)]);
    let data_at = (table_at + HEADER * (usize::from(count) + 1)).next_multiple_of(16);
    let size = bytes.len() as u32;
    for word in [LOAD, data_at as u32, address, address, size, size, READ_WRITE, 16] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.resize(data_at, 0);
    file.extend_from_slice(bytes);
    file[28..32].copy_from_slice(&(table_at as u32).to_le_bytes());
    file[44..46].copy_from_slice(&(count + 1).to_le_bytes());
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dut::soc::Program;
    use crate::firmware;

    #[test]
    fn a_segment_is_added_and_the_program_stays_as_it_is() {
        let elf = firmware::find("lenet_unit").unwrap().elf;
        let before = Program::parse(elf, 1 << 20).unwrap();
        let after = with_segment(elf, 0x8004_0000, &[1, 2, 3, 4, 5]);
        let mut after = Program::parse(&after, 1 << 20).unwrap();
        let added = after.segments.pop().unwrap();
        assert_eq!((added.addr, added.bytes), (0x8004_0000, vec![1, 2, 3, 4, 5]));
        assert_eq!(after, before);
    }
}
