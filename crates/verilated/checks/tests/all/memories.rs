// SPDX-License-Identifier: MIT OR Apache-2.0
//! Back doors to memories in the design, and memories beside it.

use verilated::{Config, Ended, Error, ReadPorts, Reads, Stop};
use verilated_checks::{Banks, Reader};

#[test]
fn what_the_back_door_writes_the_design_reads() -> Result<(), Error> {
    let mut banks = Banks::new(&Config::new())?;
    assert_eq!((banks.words().len(), banks.lane_1().len(), banks.large().len()), (16, 8, 16));
    for (index, word) in banks.words_mut().iter_mut().enumerate() {
        *word = 0xdead_0000 | index as u32;
    }
    banks.large_mut()[7] = 0xff_0000_0000;
    banks.half_mut()[3] = 0xffff;
    // The lowest index of the lanes is 3.
    banks.lane_0_mut()[4] = 0x55;
    banks.lane_1_mut()[4] = 0x0f;
    for addr in 0..16 {
        banks.set_addr_i(addr);
        banks.tick()?;
        assert_eq!(banks.word_o(), 0xdead_0000 | u32::from(addr));
        if addr == 7 {
            assert_eq!(banks.small_o(), 0x5a);
            assert_eq!(banks.large_o(), 0xff_0000_ffff);
        }
    }
    Ok(())
}

#[test]
fn what_the_design_writes_the_back_door_reads() -> Result<(), Error> {
    let mut banks = Banks::new(&Config::new())?;
    banks.set_we_i(1);
    for addr in 0..16_u8 {
        banks.set_addr_i(addr);
        banks.set_data_i(0x12_3456_7800 | u64::from(addr));
        banks.tick()?;
    }
    for addr in 0..16_usize {
        assert_eq!(banks.words()[addr], 0x3456_7800 | addr as u32);
        assert_eq!(banks.large()[addr], 0x12_3456_7800 | addr as u64);
    }
    assert_eq!(banks.lane_0(), [3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(banks.lane_1(), [4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(banks.half(), [0x780c, 0x780d, 0x780e, 0x780f]);
    Ok(())
}

#[test]
fn models_have_memories_of_their_own() -> Result<(), Error> {
    let config = Config::new().seed(3);
    let (mut one, other) = (Banks::new(&config)?, Banks::new(&config)?);
    assert_eq!(one.words(), other.words(), "initial values come from the seed");
    assert_ne!(one.words(), [0; 16]);
    one.words_mut().fill(1);
    assert_ne!(one.words(), other.words());
    Ok(())
}

const PORTS: ReadPorts<Reader> = ReadPorts {
    request: Reader::REQ_O,
    address: Reader::ADDR_O,
    valid: Reader::VALID_I,
    fault: Reader::FAULT_I,
    data: Reader::DATA_I,
};

/// A reader out of reset, about to read so many beats from an address on.
fn reader(row: &str, first: u32, count: u8) -> Reader {
    let mut reader = Reader::builtin(row, &Config::new()).unwrap();
    reader.tick().unwrap();
    reader.set_rst_ni(1);
    reader.set_first_i(first);
    reader.set_count_i(count);
    reader.eval().unwrap();
    reader
}

#[test]
fn a_memory_answers_reads_during_a_batch() {
    let words: Vec<u32> = (1..=64).map(|i| i * i).collect();
    for (row, beat) in [("word", 1), ("line", 4)] {
        let mut reader = reader(row, 16, 5);
        let mut memory = Reads { words: &words, ..Reads::default() };
        let stop = Stop::equal(Reader::DONE_O, 1);
        let ran = reader.run_reads(100, stop, &PORTS, &mut memory).unwrap();
        // The first answer comes a cycle after the first request.
        assert_eq!((ran.cycles, ran.ended, memory.answered), (6, Ended::Stop, 6), "{row}");
        assert_eq!((reader.sum_o(), reader.faults_o()), (words[4..4 + 5 * beat].iter().sum(), 0));
        assert_eq!(memory.pending, None);
    }
}

#[test]
fn a_batch_goes_on_with_the_request_of_the_one_before() {
    let words: Vec<u32> = (0..64).map(|i| 1 << (i % 32)).collect();
    let mut whole = reader("line", 0, 9);
    let mut memory = Reads { words: &words, ..Reads::default() };
    whole.run_reads(10, Stop::never(), &PORTS, &mut memory).unwrap();
    let mut parts = reader("line", 0, 9);
    let mut pending = Vec::new();
    let mut memory = Reads { words: &words, ..Reads::default() };
    for _ in 0..10 {
        let ran = parts.run_reads(1, Stop::never(), &PORTS, &mut memory).unwrap();
        assert_eq!((ran.cycles, ran.ended), (1, Ended::Count));
        pending.push(memory.pending);
    }
    assert_eq!(pending[..3], [Some(0), Some(16), Some(32)]);
    assert_eq!(pending[9], None);
    assert_eq!(parts.sum_o(), whole.sum_o());
}

#[test]
fn beats_that_are_bad_or_nowhere_are_faults() {
    let words = [7; 16];
    for (row, first, bad, faults) in [
        // Each address of the second line.
        ("line", 0, Some(16), 1),
        ("line", 0, Some(31), 1),
        ("line", 0, Some(64), 0),
        ("word", 0, Some(9), 1),
        // The last two beats, one that the last word is in, and those at the end of all addresses.
        ("word", 56, None, 2),
        ("line", 24, None, 2),
        ("word", u32::MAX - 7, None, 2),
    ] {
        let mut reader = reader(row, first, 4);
        let mut memory = Reads { words: &words, bad, ..Reads::default() };
        let stop = Stop::equal(Reader::DONE_O, 1);
        reader.run_reads(100, stop, &PORTS, &mut memory).unwrap();
        assert_eq!(reader.faults_o(), faults, "{row} from {first}, {bad:?} is bad");
    }
}

#[test]
#[should_panic(expected = "port `count_i` cannot be one of ReadPorts")]
fn other_ports_cannot_read() {
    let ports = ReadPorts { valid: Reader::COUNT_I, ..PORTS };
    let mut memory = Reads::default();
    let _ = reader("word", 0, 1).run_reads(1, Stop::never(), &ports, &mut memory);
}
