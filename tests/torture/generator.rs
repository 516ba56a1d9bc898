//! What the generator makes ends by itself, whatever it is.

use convapprox::dut::soc;
use model::hart::{Hart, HartConfig, RunEnd};
use torture::{Stimulus, assemble, elf, generate, map, program_seed};

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
        for segment in &image.program.segments {
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

#[test]
fn a_seed_gives_the_same_program_again() {
    let texts: Vec<_> = (0..20)
        .map(|index| serde_json::to_string(&generate(program_seed(1, index))).unwrap())
        .collect();
    for (index, text) in (0..).zip(&texts) {
        assert_eq!(*text, serde_json::to_string(&generate(program_seed(1, index))).unwrap());
        let stimulus: Stimulus = serde_json::from_str(text).unwrap();
        assert_eq!(stimulus, generate(program_seed(1, index)));
    }
    let mut different = texts.clone();
    different.dedup();
    assert_eq!(different.len(), texts.len());
}

#[test]
fn an_elf_file_holds_what_is_in_memory() {
    for index in 0..50 {
        let image = assemble(&generate(program_seed(2, index)).program).unwrap();
        let program = soc::Program::parse(&elf(&image), map::RAM_BYTES).unwrap();
        assert_eq!(program, image.program);
    }
}
