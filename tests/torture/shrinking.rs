//! A program that fails is made small, and what is left still fails in the same way.

use model::hart::{Feed, Hart, HartConfig, Retire, disassemble};
use torture::{
    Instruction, Item, RegisterOp, Stimulus, assemble, generate, map, program_seed, shrink,
};

/// More instructions than any program executes.
const LIMIT: u64 = 200_000;
/// Candidates that a search tries at most.
const TRIES: usize = 5_000;

fn load(stimulus: &Stimulus) -> Option<Hart> {
    let image = assemble(&stimulus.program).ok()?;
    let mut hart = Hart::new(&HartConfig::default());
    for segment in &image.program.segments {
        hart.load(segment.addr, &segment.bytes).unwrap();
    }
    Some(hart)
}

/// The instructions that a program executes, up to its end.
fn run(stimulus: &Stimulus, mut each: impl FnMut(&Retire) -> bool) -> bool {
    let Some(mut hart) = load(stimulus) else { return false };
    for _ in 0..LIMIT {
        // One that waits for ever does not fail.
        let Ok(retire) = hart.step(&Feed::default()) else { return false };
        if each(&retire) {
            return true;
        }
        let stored = retire.memory.filter(|access| access.wmask != 0);
        if stored.is_some_and(|access| access.addr == map::TOHOST) {
            return false;
        }
    }
    false
}

/// Whether a `divu` gives a register that a taken branch reads two instructions later at most.
fn branches_on_a_quotient(stimulus: &Stimulus) -> bool {
    let mut quotients = [const { None }; 2];
    run(stimulus, |retire| {
        let text = disassemble(retire.insn, retire.pc);
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
    let mut programs = (0..).map(|index| generate(program_seed(7, index)));
    let found: Vec<_> = programs.by_ref().filter(branches_on_a_quotient).take(3).collect();
    for stimulus in found {
        let small = shrink(&stimulus, TRIES, branches_on_a_quotient);
        assert!(branches_on_a_quotient(&small));
        // A divisor or dividend other than 0 may be needed, or not, and the target of the branch.
        let items: Vec<_> = small.program.items().collect();
        assert!(items.len() <= 6, "{items:#?}");
        let divu = |item: &&&Item| {
            let Item::Plain { instruction: Instruction::Register { op, .. }, .. } = item else {
                return false;
            };
            *op == RegisterOp::Divu
        };
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
    let mut programs = (0..).map(|index| generate(program_seed(8, index)));
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
