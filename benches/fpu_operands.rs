// SPDX-License-Identifier: MIT OR Apache-2.0
//! The floating-point unit against Berkeley SoftFloat, over as many operands as one has time for.
//!
//! `cargo bench --bench fpu_operands` compares a few million operations of each class and tells the
//! rate; `cargo bench --bench fpu_operands -- 100000000 2` compares 10^8 of each, from seed 2.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use convapprox::bench::fpu::{Class, FpuDriver, Operation};
use convapprox::hw::Build;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Operations of which one thread draws the operands from a stream of its own.
const BLOCK: u64 = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut numbers = std::env::args().skip(1).filter(|it| !it.starts_with('-'));
    let mut number = |default| numbers.next().map_or(Ok(default), |text| text.parse::<u64>());
    let (count, seed) = (number(4_000_000)?, number(1)?);
    let threads = thread::available_parallelism()?.get();
    println!("{count} operations of each class, seed {seed}, {threads} threads");
    for (class, stream) in Class::ALL.into_iter().zip(0_u64..) {
        let begin = Instant::now();
        let (next, blocks) = (AtomicU64::new(0), count.div_ceil(BLOCK));
        let work = || -> Result<u64, String> {
            let mut unit = FpuDriver::open(Build::Fast, seed).map_err(|it| it.to_string())?;
            let mut compared = 0;
            loop {
                let block = next.fetch_add(1, Ordering::Relaxed);
                if block >= blocks {
                    return Ok(compared);
                }
                let mut random = ChaCha8Rng::seed_from_u64(seed);
                random.set_stream(stream << 56 | block);
                let size = BLOCK.min(count - block * BLOCK);
                let steps = (0..size).map(|_| Operation::random(class, &mut random).into());
                let origin = format!("block {block} of {class:?}, seed {seed},");
                compared += unit.check(steps, &origin).map_err(|it| it.to_string())?;
            }
        };
        let compared: u64 = thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|it| it.join().expect("no thread panics")).sum::<Result<_, _>>()
        })?;
        let seconds = begin.elapsed().as_secs_f64();
        println!(
            "  {:10} {compared:11} agree, {seconds:7.1} s, {:5.2} million a second",
            format!("{class:?}"),
            compared as f64 / seconds / 1e6
        );
    }
    Ok(())
}
