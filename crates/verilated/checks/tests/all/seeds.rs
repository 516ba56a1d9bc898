// SPDX-License-Identifier: MIT OR Apache-2.0
//! Initial values are a matter of the seed alone.

use std::thread;

use verilated::{Config, Error, XInit};
use verilated_checks::{Shifter, Unset, Widths};

/// All that a fresh model holds.
type State = (u32, [u32; 4], Vec<u64>);

fn state(config: &Config) -> Result<State, Error> {
    let mut model = Unset::new(config)?;
    let mut memory = Vec::new();
    // The whole of the memory, thinly.
    for addr in 0..16 {
        model.set_addr_i(addr * 273);
        model.eval()?;
        memory.push(model.mem_o());
    }
    Ok((model.word_o(), *model.wide_o(), memory))
}

fn seeded(seed: u64) -> State {
    state(&Config::new().seed(seed)).unwrap()
}

#[test]
fn a_seed_gives_the_same_values_each_time() {
    for seed in [0, 1, 2, 77, u64::MAX] {
        assert_eq!(seeded(seed), seeded(seed));
    }
}

#[test]
fn seeds_give_different_values() {
    let states: Vec<State> = (1..40).map(seeded).collect();
    for (i, one) in states.iter().enumerate() {
        assert!(states[..i].iter().all(|other| one.0 != other.0 && one.2 != other.2));
    }
    // Variables of one model differ among themselves as well.
    for (word, wide, memory) in states {
        assert!(u64::from(word) != memory[0] & 0xffff_ffff && word != wide[0]);
        assert!(wide[0] != wide[1]);
    }
}

#[test]
fn inputs_are_low_whatever_the_seed() {
    for seed in 0..100 {
        let model = Unset::new(&Config::new().seed(seed)).unwrap();
        assert_eq!((model.clk_i(), model.en_i(), model.addr_i()), (0, 0, 0));
        let model = Widths::new(&Config::new().seed(seed)).unwrap();
        assert_eq!((model.w64_i(), model.w65_i(), model.w200_i()), (0, &[0; 3], &[0; 7]));
        assert_eq!(model.n65_o(), &[u32::MAX, u32::MAX, 1]);
    }
}

#[test]
fn without_a_seed_all_is_zero_or_one() {
    assert_eq!(state(&Config::new()).unwrap(), (0, [0; 4], vec![0; 16]));
    let ones = state(&Config::new().x_init(XInit::Ones)).unwrap();
    assert_eq!(ones, (u32::MAX, [u32::MAX; 4], vec![u64::MAX; 16]));
}

#[test]
fn other_models_and_threads_do_not_matter() {
    let alone: Vec<State> = (0..8).map(seeded).collect();
    thread::scope(|scope| {
        for first in 0..4 {
            let alone = &alone;
            scope.spawn(move || {
                // Models of other seeds come and go on all threads meanwhile.
                for round in first..first + 200 {
                    let other = Shifter::new(&Config::new().seed(1000 + round)).unwrap();
                    let seed = round % 8;
                    assert_eq!(seeded(seed), alone[seed as usize]);
                    drop(other);
                }
            });
        }
    });
}
