// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox soc` and `replay`.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use clap::{ArgAction, ValueEnum};

use super::flags::{BasicFlags, stop_flag};
use super::output::{List, instead, is_unread, print};
use crate::bench::case::{Flip, MAX_PROGRAM, ProgramCase};
use crate::bench::cosimulation::{Cosimulation, End};
use crate::bench::gdb::{self, Session};
use crate::bench::lockstep::Mismatch;
use crate::bench::replay::{self, Again, investigate_program};
use crate::bench::report::{last_steps, program_view};
use crate::bench::symbols::Symbols;
use crate::bench::system::{Events, Retirement, Statistics, SystemError};
use crate::bench::trace::{CommitLog, Cycles, Profile};
use crate::bench::under_test::{Waveform, replay_command};
use crate::bench::unit::Counters;
use crate::firmware;
use crate::hw::{Build, SOC, SOC_FP, SocParameters};
use model::elf::{ElfError, Executable};
use model::files;
use model::hart::Hart;
use study::Status;
use study::report::atomic::{OutputFile, WriteError};
use study::report::terminal::table;

#[derive(Debug, clap::Args)]
#[command(after_help = conventions())]
pub(super) struct Args {
    /// ELF file, or the name of a program of firmware/
    program: PathBuf,

    /// System: a name such as soc_k3_f3, or kernel=3,log_frac=3[,multipliers=..,kernels=..,ram_bytes=..]
    #[arg(long, value_name = "SYSTEM", default_value_t = SOC)]
    soc: SocParameters,

    /// Bytes of RAM, in place of the system's: a power of two, 65536 to 268435456
    #[arg(long, value_name = "BYTES")]
    ram: Option<u32>,

    /// Compare every instruction with the reference model
    #[arg(
        long, action = ArgAction::Set, value_name = "true|false", num_args = 0..=1,
        require_equals = true, default_value_t = true, default_missing_value = "true",
        hide_possible_values = true
    )]
    lockstep: bool,

    /// Stop after so many clock cycles; none: never [default: 200000000]
    #[arg(long, value_name = "N|none", value_parser = limit)]
    max_cycles: Option<u64>,

    /// Write a waveform of this format, and files for GTKWave and Surfer
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
    #[arg(long, value_name = "LIST")]
    interrupt_at: Option<List<u64>>,

    /// Print cycles, instructions, where the cycles went, and the unit's counters
    #[arg(long)]
    stats: bool,

    /// Write the words between begin_signature and end_signature to this file
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,

    /// Write a line per instruction to this file, in the format of Spike's commit log
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Write the cycles of each stack of functions to this file, as flame graphs take them, and print
    /// those of each function
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Let GDB at the program, on this port of 127.0.0.1 (0: a free one), before it starts
    #[arg(long, value_name = "PORT")]
    gdb: Option<u16>,

    #[command(flatten)]
    basic: BasicFlags,

    /// Plant a bug: flip bits of a word of the RAM, to see what a mismatch looks like
    #[arg(long, value_name = "CYCLE,ADDRESS,BITS")]
    flip: Option<Flip>,
}

/// What the help says of programs.
fn conventions() -> String {
    let names: Vec<&str> = firmware::programs().iter().map(|it| it.name).collect();
    format!(
        "An ELF file has 32 bits, is little-endian and linked to 0x80000000, where the core starts \
         (firmware/link.ld); the compiler takes -march=rv32imc_zicsr_zifencei -mabi=ilp32, for \
         {SOC_FP} rv32imfc. A store to its symbol tohost ends it: 1 passed, 2n + 1 test n failed. \
         With a symbol fromhost too, tohost and fromhost are HTIF: system calls write and exit, and \
         the console. What lies between begin_signature and end_signature goes to --signature.\n\n\
         Programs of firmware/: {}",
        names.join(", ")
    )
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Vcd,
    Fst,
}

/// Cycles after which a program is given up that says nothing else.
const DEFAULT_CYCLES: u64 = 200_000_000;

fn limit(text: &str) -> Result<u64, String> {
    match text {
        "none" => Ok(u64::MAX),
        _ => text.parse().map_err(|_| "it is a number of cycles, or none".to_owned()),
    }
}

/// Cycles between two looks at what the program sends.
const BATCH: u64 = 1_000_000;

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let mut soc = args.soc;
    if let Some(bytes) = args.ram {
        ensure!(
            bytes.is_power_of_two() && (1 << 16..=1 << 28).contains(&bytes),
            "--ram: the RAM is a power of two of bytes, 65536 to 268435456, not {bytes}"
        );
        soc.ram_bytes = bytes;
    }
    let observed = args.log.is_some() || args.profile.is_some() || args.gdb.is_some();
    ensure!(
        args.lockstep || !observed,
        "--log, --profile and --gdb need the reference: leave --lockstep=false out"
    );
    let (name, elf) = read(&args.program, &soc)?;
    let in_file = || format!("cannot run {}", args.program.display());
    let program = Executable::parse(&elf, soc.ram_bytes).with_context(in_file)?;
    if program.tohost.is_none() && args.max_cycles.is_none() {
        return Err(ElfError::NoTohost).with_context(in_file);
    }
    if args.signature.is_some() && program.signature.is_none() {
        return Err(ElfError::NoSignature).with_context(in_file);
    }
    let case = ProgramCase {
        program: name,
        soc,
        x_seed: args.basic.seed,
        wait_states: args.wait_states,
        stall_seed: args.stalls.map(narrow_seed),
        interrupts: args.interrupt_at.clone().unwrap_or_default().0,
        max_cycles: args.max_cycles.filter(|&it| it != u64::MAX),
        flip: args.flip,
        ..ProgramCase::default()
    };
    let build = match args.trace {
        None => Build::Fast,
        Some(Format::Vcd) => Build::Vcd,
        Some(Format::Fst) => Build::Fst,
    };
    let symbols = Symbols::read(&elf);
    let open = |build, lockstep| -> anyhow::Result<Cosimulation> {
        Ok(Cosimulation::open(&program, &case, build, lockstep)?.serving(&symbols))
    };
    let mut run = open(build, args.lockstep)?;

    let begin = Instant::now();
    let out = args.basic.out("soc");
    let wave = args.trace.map(|format| wave_file(args, &out, format)).transpose()?;
    // Before the run, so that a name that cannot be had is told at once.
    let create = |path: &Option<PathBuf>| path.as_deref().map(OutputFile::create).transpose();
    let mut watch = Watch {
        log: create(&args.log)?.map(|file| (file, CommitLog::default())),
        failed: None,
        cycles: args.stats.then(Cycles::default),
        profile: args.profile.is_some().then(|| Profile::new(Symbols::read(&elf))),
    };
    let (folded, signature) = (create(&args.profile)?, create(&args.signature)?);
    let end = follow(&mut run, args, wave.as_deref(), &mut watch)?;
    if let Some(wave) = &wave {
        program_view("The waveform of a program", &soc, 0).write(wave)?;
    }
    let seconds = begin.elapsed().as_secs_f64();

    let cycles = run.system().cycles();
    if !args.basic.quiet {
        say!("{}", verdict(&end, cycles, args.max_cycles, &symbols));
        let tells = !matches!(end, Some(End::Tohost(1) | End::Mismatch(_)));
        if tells {
            // A program that has failed alone fails again beside the reference, which remembers more.
            let (recent, trap) = match (&end, run.reference()) {
                (Some(End::Tohost(_)), None) => {
                    let mut again = open(Build::Fast, true)?;
                    again.run(cycles)?;
                    again.recent()?
                }
                _ => run.recent()?,
            };
            print(last_steps(&recent, trap, &symbols).as_bytes());
        }
        if let Some(wave) = &wave {
            say!("waveform: {}", wave.display());
        }
    }
    if args.stats {
        let statistics = run.system().statistics()?;
        print(tables(&statistics, watch.cycles.as_ref(), seconds).as_bytes());
    }
    if let (Some(mut file), Some(profile)) = (folded, &watch.profile) {
        file.put(profile.folded().as_bytes())?;
        file.finish()?;
        say!("{}", functions(profile, cycles));
    }
    if let Some((log, _)) = watch.log {
        watch.failed.map_or(Ok(()), Err)?;
        log.finish()?;
    }
    if let (Some(file), Some(range), Some(End::Tohost(_))) = (signature, program.signature, &end) {
        write_signature(&mut run, file, range)?;
    }
    if let Some(End::Mismatch(mismatch)) = &end {
        follow_up(&out.join("mismatch"), &elf, &case, mismatch)?;
    }
    if let (Some(reference), false) = (run.reference(), args.basic.quiet) {
        let mismatches = u8::from(matches!(end, Some(End::Mismatch(_))));
        say!("{} instructions compared, {mismatches} mismatches", reference.instructions());
    }
    Ok(match end {
        None => Status::Interrupted,
        Some(End::Tohost(1)) => Status::Good,
        Some(End::Tohost(_)) => Status::Failed,
        Some(End::Mismatch(_)) => Status::Mismatch,
        Some(End::Limit | End::Loop { .. } | End::Hang { .. }) => Status::TimeOut,
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
fn read(path: &Path, soc: &SocParameters) -> anyhow::Result<(String, Vec<u8>)> {
    let text = path.to_string_lossy();
    if !path.exists() {
        if let Some(program) = firmware::find(&text) {
            ensure!(
                soc.float || !program.float,
                "cannot run {text}: it needs a core with floating point; take --soc {SOC_FP}"
            );
            return Ok((program.name.to_owned(), program.elf.to_vec()));
        }
        // A name alone may be meant for a program of firmware/.
        if path.components().count() == 1 && path.extension().is_none() {
            let known = firmware::programs().iter().map(|it| it.name);
            bail!(
                "cannot read {text}: it is no file, and no program of firmware/; {}",
                instead(&text, known)
            );
        }
    }
    let elf = files::read(path, MAX_PROGRAM)
        .with_context(|| format!("cannot read {}", path.display()))?;
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

/// What looks at each instruction.
struct Watch {
    log: Option<(OutputFile, CommitLog)>,
    failed: Option<WriteError>,
    cycles: Option<Cycles>,
    profile: Option<Profile>,
}

impl Watch {
    fn is_idle(&self) -> bool {
        self.log.is_none() && self.cycles.is_none() && self.profile.is_none()
    }

    fn note(&mut self, retired: &Retirement, hart: Option<&Hart>) {
        if let Some(cycles) = &mut self.cycles {
            cycles.note(retired);
        }
        if let Some(profile) = &mut self.profile {
            profile.note(retired);
        }
        if let (Some((file, log)), Some(hart)) = (&mut self.log, hart)
            && let Some(line) = log.line(retired, hart)
            && self.failed.is_none()
        {
            self.failed = file.put(format!("{line}\n").as_bytes()).err();
        }
    }
}

/// Runs to the end and prints what the program sends as it comes; no end if it was interrupted.
fn follow(
    run: &mut Cosimulation,
    args: &Args,
    wave: Option<&Path>,
    watch: &mut Watch,
) -> anyhow::Result<Option<End>> {
    let (limit, stop) = (args.max_cycles.unwrap_or(DEFAULT_CYCLES), stop_flag()?);
    let (mut text, mut end) = (Text::default(), Ok(Some(End::Limit)));
    let mut waveform = None;
    if let Some(wave) = wave {
        end = Ok(run_on(run, args.from.min(limit), &mut text, watch, stop)?);
        waveform = Some(Waveform::open(wave, |path| run.system().open_trace(path))?);
    }
    if let (Some(port), Ok(Some(End::Limit))) = (args.gdb, &end) {
        end = Ok(match debug(run, port, &mut text)? {
            Session::Ended(end) => Some(end),
            Session::Detached => Some(End::Limit),
            Session::Killed => None,
        });
    }
    if matches!(end, Ok(Some(End::Limit))) {
        end = run_on(run, limit, &mut text, watch, stop);
    }
    text.finish_line();
    let closed = run.system().close_trace();
    match (waveform, end) {
        (Some(waveform), Ok(end)) => {
            waveform.finish(closed)?;
            Ok(end)
        }
        // The model breaks down where its waveform does.
        (Some(waveform), Err(error)) => {
            waveform.finish(Err(error))?;
            Ok(None)
        }
        (None, end) => end,
    }
}

/// Waits for GDB and lets it at the program.
fn debug(run: &mut Cosimulation, port: u16, text: &mut Text) -> anyhow::Result<Session> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("cannot listen on port {port} of 127.0.0.1"))?;
    note!("waiting for GDB: target remote {}", listener.local_addr()?);
    let (connection, _) = listener.accept().context("no connection from GDB")?;
    connection.set_nodelay(true)?;
    let mut send = |bytes: &[u8]| text.print(bytes);
    gdb::serve(run, connection, &mut send, &mut |text| note!("{text}")).map_err(anyhow::Error::msg)
}

fn run_on(
    run: &mut Cosimulation,
    until: u64,
    text: &mut Text,
    watch: &mut Watch,
    stop: &AtomicBool,
) -> anyhow::Result<Option<End>> {
    loop {
        let batch = until.min(run.system().cycles().saturating_add(BATCH));
        let end = match watch.is_idle() {
            true => run.run(batch),
            false => run.run_with(batch, |retired, agreed| {
                watch.note(retired, agreed.map(|(_, hart)| hart));
            }),
        };
        text.print(&run.take_output());
        match end {
            Ok(End::Limit) if stop.load(Ordering::Relaxed) || is_unread() => return Ok(None),
            Ok(End::Limit) if run.system().cycles() < until => {}
            end => return Ok(Some(end?)),
        }
    }
}

/// What the program sends, on standard output.
#[derive(Default)]
struct Text {
    unfinished: bool,
}

impl Text {
    fn print(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.unfinished = *last != b'\n';
            print(bytes);
        }
    }

    fn finish_line(&mut self) {
        if self.unfinished {
            self.print(b"\n");
        }
    }
}

/// What riscv-tests write to `tohost` at an exception that a test does not expect, beside the bits of
/// the test's number.
const UNEXPECTED: u32 = 1337;

fn verdict(end: &Option<End>, cycles: u64, given: Option<u64>, symbols: &Symbols) -> String {
    let Some(end) = end else { return format!("interrupted after {cycles} cycles") };
    match end {
        End::Tohost(1) => format!("passed after {cycles} cycles"),
        End::Tohost(word) if word & UNEXPECTED == UNEXPECTED && *word < 1 << 12 => format!(
            "failed: the program wrote {word} to tohost, after {cycles} cycles; that is test {}, or, of \
             riscv-tests (1337), an exception that a test does not expect",
            word >> 1
        ),
        End::Tohost(word) if word % 2 == 1 => {
            format!("test {} failed, after {cycles} cycles", word >> 1)
        }
        End::Tohost(word) => format!(
            "failed: the program wrote {word:#x} to tohost, which is no verdict, after {cycles} cycles"
        ),
        End::Limit => {
            let limit = match given {
                Some(_) => "; --max-cycles is the limit",
                None => {
                    ", the default limit; --max-cycles N sets another one, --max-cycles none lifts it"
                }
            };
            format!("time-out: no end after {cycles} cycles{limit}")
        }
        End::Loop { pc, traps } => format!(
            "time-out: from cycle {cycles} on the program does nothing but {}, at {pc:#010x} {}",
            if *traps { "trap" } else { "jump to itself" },
            symbols.place(*pc)
        ),
        End::Hang { cycles: waited } => format!(
            "time-out: no instruction has retired for {waited} cycles, up to cycle {cycles}"
        ),
        End::Mismatch(mismatch) => {
            let differences = mismatch.differences.iter().map(|it| format!("\n  {it}"));
            format!("MISMATCH behind cycle {}{}", mismatch.cycle, differences.collect::<String>())
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
    say!("mismatch report: {}", found.report.display());
    say!("replay: {}", replay_command(&found.folder));
    Ok(())
}

fn write_signature(
    run: &mut Cosimulation,
    mut file: OutputFile,
    range: std::ops::Range<u32>,
) -> anyhow::Result<()> {
    for addr in range.step_by(4) {
        let outside = SystemError::OutsideRam { addr, bytes: 4 };
        let word = run.system().read_word(addr).ok_or(outside)?;
        file.put(format!("{word:08x}\n").as_bytes())?;
    }
    Ok(file.finish()?)
}

/// The functions that took most cycles.
fn functions(profile: &Profile, cycles: u64) -> String {
    const SHOWN: usize = 20;
    let mut list = table(["function", ">cycles", ">%"]);
    for (name, own) in profile.functions().into_iter().take(SHOWN) {
        let percent = format!("{:.1}", 100.0 * own as f64 / cycles.max(1) as f64);
        list.add_row([name, &own.to_string(), &percent]);
    }
    list.to_string()
}

/// What the counters say, and how fast the simulation was.
fn tables(statistics: &Statistics, went: Option<&Cycles>, seconds: f64) -> String {
    let &Statistics { cycles, instructions, events, unit } = statistics;
    let share = |count: u64, all: u64| format!("{:.1}", 100.0 * count as f64 / all.max(1) as f64);
    let mut where_to = table(["where the cycles went", ">cycles", ">%"]);
    let rows = went.into_iter().flat_map(|it| it.rows(cycles)).chain([("all", cycles)]);
    for (name, count) in rows {
        where_to.add_row([name, &count.to_string(), &share(count, cycles)]);
    }
    let mut core = table(["counters of the core", ">count", ">of the cycles %"]);
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
    format!("{where_to}\n{core}\n{conv}\n{khz:.0} kHz simulated, {seconds:.2} s\n")
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
                End::Tohost(1) => say!("the program passes"),
                End::Tohost(word) => say!("the program ends with {word:#x} in tohost"),
                _ => say!("the program runs past the cycle of the mismatch"),
            }
            (true, "programs")
        }
    };
    say!("\n1 {what} compared, {} mismatches", u8::from(!agrees));
    Ok(if agrees { Status::Good } else { Status::Mismatch })
}

fn print_report(path: &Path) -> anyhow::Result<()> {
    let report =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    print(report.as_bytes());
    Ok(())
}
