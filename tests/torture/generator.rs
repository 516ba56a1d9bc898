//! What the generator makes ends by itself, whatever it is.

use convapprox::golden::hart::{Hart, HartConfig, RunEnd};
use convapprox::torture::{assemble, generate, map, program_seed};

/// More instructions than any program executes.
const LIMIT: u64 = 200_000;

#[test]
fn every_program_ends() {
    let mut total = 0;
    for index in 0..3000 {
        let seed = program_seed(1, index);
        let stimulus = generate(seed);
        let image = assemble(&stimulus.program).unwrap();
        let mut hart = Hart::new(&HartConfig::default());
        for segment in &image.segments {
            hart.load(segment.addr, &segment.bytes).unwrap();
        }
        let end = hart.run(LIMIT, Some(map::TOHOST));
        total += hart.instructions();
        assert_eq!(
            end,
            RunEnd::ToHost(1),
            "program {index}, seed {seed}: pc {:#x} {:?}",
            hart.pc(),
            image.part(hart.pc()).map(|part| &part.name)
        );
    }
    println!("{total} instructions in 3000 programs");
}
