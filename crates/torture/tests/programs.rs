// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the generator makes ends by itself, whatever it is and whatever core and unit it is for; and one
//! that fails is made small, and what is left still fails in the same way.

use model::elf::Executable;
use model::facts::soc::RAM_BYTES;
use model::hart::{Feed, Hart, HartConfig, Retire, RunEnd, UnitShape};
use model::isa::{Op, disassemble};
use torture::{
    Coverage, Image, Item, Recorder, Stimulus, assemble, generate, program_seed, shrink,
};

/// More instructions than any program executes.
const LIMIT: u64 = 200_000;
/// Candidates that a search tries at most.
const TRIES: usize = 5_000;

/// The program of a seed for the system that ships.
fn program(seed: u64, index: u64) -> (Stimulus, Image) {
    generate(program_seed(seed, index), &HartConfig::default())
}

/// The one that ships with F in its core.
fn with_floats() -> HartConfig {
    HartConfig { float: true, ..HartConfig::default() }
}

/// A hart with a program in its memory.
fn load(image: &Image, system: &HartConfig) -> Hart {
    let mut hart = Hart::new(system);
    for segment in &image.executable.segments {
        hart.load(segment.addr, &segment.bytes).unwrap();
    }
    hart
}

/// The one whose unit has floats too.
fn with_float_unit() -> HartConfig {
    let unit = UnitShape { multipliers: 4, float: true, ..UnitShape::default() };
    HartConfig { unit, ..with_floats() }
}

#[test]
fn every_program_ends() {
    for (system, programs) in [(HartConfig::default(), 3000), (with_float_unit(), 1000)] {
        let mut total = 0;
        for index in 0..programs {
            let (_, image) = generate(program_seed(1, index), &system);
            let mut hart = load(&image, &system);
            let end = hart.run(LIMIT, image.executable.tohost);
            total += hart.instructions();
            assert_eq!(
                end,
                RunEnd::ToHost(1),
                "program {index}: pc {:#x} {:?}",
                hart.pc(),
                image.part(hart.pc()).map(|part| &part.name)
            );
        }
        println!("{total} instructions in {programs} programs");
    }
}

/// Units of every size: the programs end, use all of the unit that there is, and hit no bin that
/// cannot be.
#[test]
fn every_unit_gets_programs_of_its_own() {
    let units = [
        (1, 0, 1, 32, false),
        (3, 3, 16, 16, false),
        (3, 8, 1, 32, false),
        (5, 0, 16, 8, false),
        (7, 1, 256, 32, false),
        (5, 0, 16, 32, true),
        (3, 6, 2, 16, true),
    ];
    for (kernel, log_frac, kernels, operand_w, float) in units {
        let unit = UnitShape {
            kernel,
            log_frac,
            multipliers: 4,
            kernels,
            operand_w,
            planes: if float { 0 } else { log_frac.min(1) },
            float,
        };
        let system = HartConfig { unit, ..HartConfig::default() };
        let coverage = covered(4, 400, &system);
        let sides = coverage.bins().filter(|(name, _)| name.starts_with("conv size/"));
        let sides: Vec<_> = sides.collect();
        assert_eq!(sides.len(), 2 * kernel, "{sides:?}");
        assert!(sides.iter().all(|&(_, hits)| hits > 0), "{unit:?}: {sides:?}");
        let conv: Vec<_> = coverage.missing().filter(|name| name.starts_with("conv/")).collect();
        assert!(conv.is_empty(), "{unit:?}: {conv:?}");
    }
}

/// What so many programs of a seed cover, all of which end.
fn covered(seed: u64, programs: u64, system: &HartConfig) -> Coverage {
    let mut coverage = Coverage::new(system);
    for index in 0..programs {
        let (_, image) = generate(program_seed(seed, index), system);
        let mut hart = load(&image, system);
        let mut recorder = Recorder::new(system);
        let mut ended = false;
        while !ended && hart.instructions() < LIMIT {
            let retire = hart.step(&Feed::default()).unwrap();
            recorder.record(&retire, &hart);
            ended = ends(&retire, &image);
        }
        assert!(ended, "{system:?}, program {index}");
        coverage.add(&recorder.finish());
    }
    coverage
}

#[test]
fn a_core_with_floats_gets_programs_with_floats() {
    let coverage = covered(5, 600, &with_floats());
    // All but where interrupts come, which nothing raises here from outside.
    let missing: Vec<_> =
        coverage.missing().filter(|name| !name.starts_with("interrupt")).collect();
    let floats = coverage.bins().filter(|(name, _)| name.contains("float")).count();
    assert!(floats > 1500 && missing.len() <= 3, "{floats}, {missing:?}");

    let without = Coverage::new(&HartConfig::default());
    let names: Vec<_> = coverage.bins().map(|(name, _)| name).collect();
    let mut others = without.bins().map(|(name, _)| name);
    assert!(others.all(|name| names.contains(&name)), "floats take no bin away");
    assert!(without.bins().all(|(name, _)| !name.contains("float") && !name.contains("rounding")));
}

#[test]
fn a_program_with_floats_is_kept_and_listed() {
    let mut known = false;
    for index in 0..20 {
        let (stimulus, image) = generate(program_seed(6, index), &with_floats());
        let text = serde_json::to_string(&stimulus).unwrap();
        let again: Stimulus = serde_json::from_str(&text).unwrap();
        assert_eq!((&again, &assemble(&again.program).unwrap()), (&stimulus, &image));
        known |= image.listing().contains("fmadd.s ft");
        // What a program without floats says, it says without a word of them.
        let text = serde_json::to_string(&program(6, index).0).unwrap();
        assert!(!text.contains("rs3") && !text.contains("float"));
    }
    assert!(known);
}

/// Whether an instruction stores the program's result.
fn ends(retire: &Retire, image: &Image) -> bool {
    let stored = retire.memory.filter(|access| access.wmask != 0);
    stored.is_some_and(|access| Some(access.addr) == image.executable.tohost)
}

#[test]
fn a_seed_gives_the_same_program_again() {
    let texts: Vec<_> =
        (0..20).map(|index| serde_json::to_string(&program(1, index).0).unwrap()).collect();
    for (index, text) in (0..).zip(&texts) {
        assert_eq!(*text, serde_json::to_string(&program(1, index).0).unwrap());
        let stimulus: Stimulus = serde_json::from_str(text).unwrap();
        let (again, image) = program(1, index);
        assert_eq!((&stimulus, assemble(&stimulus.program).unwrap()), (&again, image));
    }
    let mut different = texts.clone();
    different.dedup();
    assert_eq!(different.len(), texts.len());
}

#[test]
fn an_elf_file_holds_what_is_in_memory() {
    for index in 0..50 {
        let (_, image) = program(2, index);
        assert_eq!(Executable::parse(&image.to_elf(), RAM_BYTES).unwrap(), image.executable);
    }
}

/// The instructions that a program executes, up to its end.
fn run(stimulus: &Stimulus, each: impl FnMut(&Retire) -> bool) -> bool {
    run_on(&HartConfig::default(), stimulus, each)
}

fn run_on(system: &HartConfig, stimulus: &Stimulus, mut each: impl FnMut(&Retire) -> bool) -> bool {
    let Ok(image) = assemble(&stimulus.program) else { return false };
    let mut hart = load(&image, system);
    for _ in 0..LIMIT {
        // One that waits for ever does not fail.
        let Ok(retire) = hart.step(&Feed::default()) else { return false };
        if each(&retire) {
            return true;
        }
        if ends(&retire, &image) {
            return false;
        }
    }
    false
}

/// Whether a `divu` gives a register that a taken branch reads two instructions later at most.
fn branches_on_a_quotient(stimulus: &Stimulus) -> bool {
    let mut quotients = [const { None }; 2];
    run(stimulus, |retire| {
        let text = disassemble(retire.insn, retire.pc, false);
        let (name, operands) = text.split_once(' ').unwrap_or((&text, ""));
        let taken = retire.next_pc != retire.pc.wrapping_add(4);
        let mut reads = operands.split(',').take(2);
        let branch = name.starts_with('b') && taken;
        let found =
            branch && reads.any(|register| quotients.iter().flatten().any(|it| it == register));
        let rd = operands.split(',').next().filter(|_| name == "divu" && retire.rd.is_some());
        quotients = [rd.map(str::to_owned), quotients[0].take()];
        found
    })
}

#[test]
fn what_does_not_matter_is_taken_out() {
    let mut programs = (0..).map(|index| program(7, index).0);
    let found: Vec<_> = programs.by_ref().filter(branches_on_a_quotient).take(3).collect();
    for stimulus in found {
        let small = shrink(&stimulus, TRIES, branches_on_a_quotient);
        assert!(branches_on_a_quotient(&small));
        // A divisor or dividend other than 0 may be needed, or not, and the target of the branch.
        let items: Vec<_> = small.program.items().collect();
        assert!(items.len() <= 6, "{items:#?}");
        let divu = |item: &&&Item| matches!(item, Item::Plain { instruction, .. } if instruction.op == Op::Divu);
        assert_eq!(items.iter().filter(divu).count(), 1, "{items:#?}");
        assert_eq!((small.interrupts.len(), small.stall_seed, small.wait_states), (0, 0, 0));
        assert!(assemble(&small.program).unwrap().listing().contains("divu"));
    }
}

/// A core that forgets to forward: a `sub` right behind the load of its first operand sees the value
/// before the load. What it gets wrong is what a comparison with the reference finds.
fn differs_from_a_core_without_forwarding(stimulus: &Stimulus) -> bool {
    let mut registers = [0_u32; 32];
    // The register that the instruction before has loaded, and its value before that.
    let mut loaded = None;
    run(stimulus, |retire| {
        let sub = retire.insn & 0xfe00_707f == 0x4000_0033;
        let [rs1, rs2] = [15, 20].map(|shift| retire.insn >> shift & 31);
        let mut wrong = false;
        if let (true, Some((register, stale)), Some((_, value))) = (sub, loaded, retire.rd) {
            let second = if rs2 == register { stale } else { registers[rs2 as usize] };
            wrong = rs1 == register && u32::wrapping_sub(stale, second) != value;
        }
        let load = retire.memory.is_some_and(|access| access.rmask != 0);
        loaded = None;
        if let Some((rd, value)) = retire.rd {
            let place = &mut registers[usize::from(rd)];
            loaded = load.then_some((u32::from(rd), *place));
            *place = value;
        }
        wrong
    })
}

#[test]
fn a_fault_of_a_core_is_narrowed_down_to_what_shows_it() {
    let mut programs = (0..).map(|index| program(8, index).0);
    let stimulus = programs.find(differs_from_a_core_without_forwarding).unwrap();
    let small = shrink(&stimulus, TRIES, differs_from_a_core_without_forwarding);
    let listing = assemble(&small.program).unwrap().listing();
    assert!(differs_from_a_core_without_forwarding(&small));
    // An address, perhaps a stored value, the load, the sub.
    assert!(small.program.items().count() <= 5, "{listing}");
    let lines: Vec<_> = listing.lines().collect();
    let place = lines.iter().position(|line| line.contains("  sub ")).expect(&listing);
    assert!(lines[place - 1].contains("  l"), "{listing}");
}

/// A core that forgets to forward between its float registers: the addend of a fused operation right
/// behind its producer comes too late.
fn adds_what_was_just_rounded(stimulus: &Stimulus) -> bool {
    let mut late = None;
    run_on(&with_floats(), stimulus, |retire| {
        let fused = retire.insn & 0x73 == 0x43 && retire.trap.is_none();
        let found = fused && late.is_some_and(|rd| retire.insn >> 27 == u32::from(rd));
        // Those of the opcode OP-FP up to fdiv.
        let rounds = retire.insn & 0x7f == 0x53 && retire.insn >> 29 == 0;
        late = retire.float_rd.filter(|_| rounds).map(|(rd, _)| rd);
        found
    })
}

#[test]
fn programs_with_floats_are_shrunk() {
    let mut programs = (0..).map(|index| generate(program_seed(9, index), &with_floats()).0);
    let stimulus = programs.find(adds_what_was_just_rounded).unwrap();
    let small = shrink(&stimulus, TRIES, adds_what_was_just_rounded);
    let listing = assemble(&small.program).unwrap().listing();
    assert!(adds_what_was_just_rounded(&small));
    let instructions: Vec<_> = small.program.items().collect();
    let [Item::Plain { .. }, Item::Plain { instruction: fused, .. }] = instructions[..] else {
        panic!("{listing}")
    };
    // Nothing but the addend matters.
    assert_eq!((fused.rs1, fused.rs2, fused.imm), (0, 0, 0), "{listing}");
}
