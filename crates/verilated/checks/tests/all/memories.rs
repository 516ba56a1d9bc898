//! Back doors to memories in the design.

use verilated::{Config, Error};
use verilated_checks::Banks;

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
