// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox soc` and `replay`.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use clap::{ArgAction, ValueEnum};

use super::flags::BasicFlags;
use crate::bench::case::{Flip, ProgramCase};
use crate::bench::cosimulation::{Cosimulation, End};
use crate::bench::lockstep::Mismatch;
use crate::bench::replay::{self, Again, investigate_program};
use crate::bench::system::{Events, Statistics, SystemError};
use crate::bench::unit::Counters;
use crate::firmware;
use crate::hw::{Build, SOC, SocParameters};
use model::elf::{ElfError, Executable};
use study::Status;
use study::report::atomic::write_atomic;
use study::report::terminal::table;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// ELF file, or the name of a program of firmware/
    program: PathBuf,

    /// System: a name such as soc_k3_f3, or kernel=3,log_frac=3[,multipliers=..,kernels=..,ram_bytes=..]
    #[arg(long, value_name = "SYSTEM", default_value_t = SOC)]
    soc: SocParameters,

    /// Compare every instruction with the reference model
    #[arg(
        long, action = ArgAction::Set, value_name = "true|false", num_args = 0..=1,
        require_equals = true, default_value_t = true, default_missing_value = "true",
        hide_possible_values = true
    )]
    lockstep: bool,

    /// Stop after so many clock cycles
    #[arg(long, value_name = "N")]
    max_cycles: Option<u64>,

    /// Write a waveform of this format
    #[arg(
        long,
        value_enum,
        value_name = "VCD|FST",
        ignore_case = true,
        hide_possible_values = true
    )]
    trace: Option<Format>,

    /// Begin the waveform at this clock cycle
    #[arg(long, value_name = "CYCLE", default_value_t = 0, requires = "trace")]
    from: u64,

    /// Let the memory wait at random, from this seed
    #[arg(long, value_name = "SEED")]
    stalls: Option<u64>,

    /// Let each grant of the memory come N cycles late
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u8).range(..=15))]
    wait_states: u8,

    /// Make the external interrupt pending in these clock cycles
    #[arg(long, value_name = "CYCLES", value_delimiter = ',')]
    interrupt_at: Vec<u64>,

    /// Print cycles, instructions, what the cycles were lost to, and the unit's counters
    #[arg(long)]
    stats: bool,

    /// Write the words between begin_signature and end_signature to this file
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    #[command(flatten)]
    basic: BasicFlags,

    /// Plant a bug: flip bits of a word of the RAM, to see what a mismatch looks like
    #[arg(long, value_name = "CYCLE,ADDRESS,BITS")]
    flip: Option<Flip>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Vcd,
    Fst,
}

/// Cycles between two looks at what the program sends.
const BATCH: u64 = 1_000_000;

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (name, elf) = read(&args.program)?;
    let in_file = || format!("cannot run {}", args.program.display());
    let program = Executable::parse(&elf, args.soc.ram_bytes).with_context(in_file)?;
    if program.tohost.is_none() && args.max_cycles.is_none() {
        return Err(ElfError::NoTohost).with_context(in_file);
    }
    let signature = match &args.signature {
        Some(path) => Some((
            path,
            program.signature.clone().ok_or(ElfError::NoSignature).with_context(in_file)?,
        )),
        None => None,
    };
    let case = ProgramCase {
        program: name,
        soc: args.soc,
        x_seed: args.basic.seed,
        wait_states: args.wait_states,
        stall_seed: args.stalls.map(narrow_seed),
        interrupts: args.interrupt_at.clone(),
        max_cycles: args.max_cycles,
        flip: args.flip,
        ..ProgramCase::default()
    };
    let build = match args.trace {
        None => Build::Fast,
        Some(Format::Vcd) => Build::Vcd,
        Some(Format::Fst) => Build::Fst,
    };
    let mut run = Cosimulation::open(&program, &case, build, args.lockstep)?;

    let begin = Instant::now();
    let out = args.basic.out("soc");
    let wave = args.trace.map(|format| wave_file(args, &out, format)).transpose()?;
    let end = follow(&mut run, args, wave.as_deref())?;
    let seconds = begin.elapsed().as_secs_f64();

    let cycles = run.system().cycles();
    if !args.basic.quiet {
        println!("{}", verdict(&end, cycles));
        if let Some(wave) = &wave {
            println!("waveform: {}", wave.display());
        }
    }
    if args.stats {
        print!("{}", statistics(&run.system().statistics()?, seconds));
    }
    if let (Some((path, range)), End::Tohost(_)) = (signature, &end) {
        write_signature(&mut run, path, range)?;
    }
    if let End::Mismatch(mismatch) = &end {
        follow_up(&out.join("mismatch"), &elf, &case, mismatch)?;
    }
    if let (Some(reference), false) = (run.reference(), args.basic.quiet) {
        let mismatches = u8::from(matches!(end, End::Mismatch(_)));
        println!("{} instructions compared, {mismatches} mismatches", reference.instructions());
    }
    Ok(match end {
        End::Tohost(1) => Status::Good,
        End::Tohost(_) => Status::Failed,
        End::Mismatch(_) => Status::Mismatch,
        End::Limit | End::Hang { .. } => Status::TimeOut,
    })
}

/// The seed of waiting times as the system takes it: 32 bits, not 0.
fn narrow_seed(seed: u64) -> u32 {
    match (seed ^ seed >> 32) & u64::from(u32::MAX) {
        0 => 0x5eed,
        seed => seed as u32,
    }
}

/// The program's name and file.
fn read(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let text = path.to_string_lossy();
    if !path.exists()
        && let Some(program) = firmware::find(&text)
    {
        return Ok((program.name.to_owned(), program.elf.to_vec()));
    }
    let elf = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.file_stem().map_or(text, |stem| stem.to_string_lossy());
    Ok((name.into_owned(), elf))
}

fn wave_file(args: &Args, folder: &Path, format: Format) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let wave = folder.join(match format {
        Format::Vcd => "wave.vcd",
        Format::Fst => "wave.fst",
    });
    if wave.exists() && !args.basic.force {
        bail!("{} is there; give another --out, or --force to replace it", wave.display());
    }
    Ok(wave)
}

/// Runs to the end and prints what the program sends as it comes.
fn follow(run: &mut Cosimulation, args: &Args, wave: Option<&Path>) -> anyhow::Result<End> {
    let limit = args.max_cycles.unwrap_or(u64::MAX);
    let mut text = Text::default();
    let mut end = End::Limit;
    if let Some(wave) = wave {
        end = run_on(run, args.from.min(limit), &mut text)?;
        run.system().open_trace(wave)?;
    }
    if end == End::Limit {
        end = run_on(run, limit, &mut text)?;
    }
    run.system().close_trace()?;
    text.finish_line()?;
    Ok(end)
}

fn run_on(run: &mut Cosimulation, until: u64, text: &mut Text) -> anyhow::Result<End> {
    loop {
        let now = run.system().cycles();
        let end = run.run(until.min(now.saturating_add(BATCH)));
        text.print(&run.take_output())?;
        match end {
            Ok(End::Limit) if run.system().cycles() < until => {}
            end => return Ok(end?),
        }
    }
}

/// What the program sends, on standard output.
#[derive(Default)]
struct Text {
    unfinished: bool,
}

impl Text {
    fn print(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(last) = bytes.last() {
            self.unfinished = *last != b'\n';
            io::stdout().write_all(bytes)?;
            io::stdout().flush()?;
        }
        Ok(())
    }

    fn finish_line(&mut self) -> io::Result<()> {
        if self.unfinished { self.print(b"\n") } else { Ok(()) }
    }
}

fn verdict(end: &End, cycles: u64) -> String {
    match end {
        End::Tohost(1) => format!("passed after {cycles} cycles"),
        End::Tohost(word) if word % 2 == 1 => {
            format!("test {} failed, after {cycles} cycles", word >> 1)
        }
        End::Tohost(word) => format!(
            "failed: the program wrote {word:#x} to tohost, which is no verdict, after {cycles} cycles"
        ),
        End::Limit => format!("time-out: no end after {cycles} cycles; --max-cycles is the limit"),
        End::Hang { cycles: waited } => format!(
            "time-out: no instruction has retired for {waited} cycles, up to cycle {cycles}"
        ),
        End::Mismatch(mismatch) => {
            let mut text = format!("MISMATCH behind cycle {}", mismatch.cycle);
            for difference in &mismatch.differences {
                // Writing into a String cannot fail.
                let _ = write!(text, "\n  {difference}");
            }
            text
        }
    }
}

fn follow_up(
    folder: &Path,
    elf: &[u8],
    case: &ProgramCase,
    mismatch: &Mismatch,
) -> anyhow::Result<()> {
    let found = investigate_program(elf, case, mismatch, folder)?;
    println!("mismatch report: {}", found.report.display());
    println!("replay: ./run replay {}", found.folder.display());
    Ok(())
}

fn write_signature(
    run: &mut Cosimulation,
    path: &Path,
    range: std::ops::Range<u32>,
) -> anyhow::Result<()> {
    let system = run.system();
    let words = range.clone().step_by(4).map(|addr| {
        let outside = SystemError::OutsideRam { addr, bytes: 4 };
        system.read_word(addr).ok_or(outside)
    });
    let words: Vec<u32> = words.collect::<Result<_, _>>()?;
    write_atomic(path, |file| words.iter().try_for_each(|word| writeln!(file, "{word:08x}")))?;
    Ok(())
}

/// What the counters say, and how fast the simulation was.
fn statistics(statistics: &Statistics, seconds: f64) -> String {
    let &Statistics { cycles, instructions, events, unit } = statistics;
    let share = |count: u64, all: u64| format!("{:.1}", 100.0 * count as f64 / all.max(1) as f64);
    let mut core = table(["core", ">count", ">of the cycles %"]);
    core.add_row(["cycles", &cycles.to_string(), &share(cycles, cycles)]);
    for (number, (name, count)) in Events::NAMES.iter().zip(events.addresses()).enumerate() {
        let waits = number < Events::WAITING;
        if number == Events::WAITING {
            core.add_row(["instructions", &instructions.to_string(), ""]);
        }
        let percent = if waits { share(count, cycles) } else { String::new() };
        core.add_row([*name, &count.to_string(), &percent]);
    }
    let cpi = format!("{:.3}", cycles as f64 / instructions.max(1) as f64);
    core.add_row(["cycles per instruction", &cpi, ""]);

    let mut conv = table(["unit", ">count", ">of its cycles %"]);
    let all = u64::from(unit.cycles());
    for (number, (name, count)) in Counters::NAMES.iter().zip(unit.addresses()).enumerate() {
        let in_state = number >= Counters::CYCLES;
        let percent = if in_state { share(count.into(), all) } else { String::new() };
        conv.add_row([*name, &count.to_string(), &percent]);
    }

    let khz = cycles as f64 / seconds / 1e3;
    format!("{core}\n{conv}\n{khz:.0} kHz simulated, {seconds:.2} s\n")
}

#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    /// Folder of the mismatch report, of a window or of a program
    folder: PathBuf,
}

pub(super) fn replay(args: &ReplayArgs) -> anyhow::Result<Status> {
    let (agrees, what) = match replay::replay(&args.folder)? {
        Again::Window(replayed) => {
            print_report(&replayed.report)?;
            (replayed.agrees(), "windows")
        }
        Again::Program(_, Some(investigation)) => {
            print_report(&investigation.report)?;
            (false, "programs")
        }
        Again::Program(end, None) => {
            match end {
                End::Tohost(1) => println!("the program passes"),
                End::Tohost(word) => println!("the program ends with {word:#x} in tohost"),
                _ => println!("the program runs past the cycle of the mismatch"),
            }
            (true, "programs")
        }
    };
    println!("\n1 {what} compared, {} mismatches", u8::from(!agrees));
    Ok(if agrees { Status::Good } else { Status::Mismatch })
}

fn print_report(path: &Path) -> anyhow::Result<()> {
    let report =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    print!("{report}");
    Ok(())
}
