//! `convapprox torture`.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::options::default_jobs;
use super::options::positive;
use super::{interrupt, program};
use crate::bench::lockstep::Mismatch;
use crate::bench::torture::{Campaign, Findings, follow_up};
use crate::hw::{self, SOC, SocParameters};
use ::torture::{Coverage, Stimulus};
use study::results::{Earlier, ResultFolder};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run random programs until so many instructions have retired
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = positive)]
    instructions: usize,

    /// System: a name such as soc_k3_f3, or kernel=3,log_frac=3[,multipliers=..,kernels=..,ram_bytes=..]
    #[arg(long, value_name = "SYSTEM", default_value_t = SOC)]
    soc: SocParameters,

    /// Seed of everything random
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Threads [default: one a processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,

    /// Folder for the results [default: reports/runs/torture]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Replace the results of an earlier run
    #[arg(long)]
    force: bool,

    /// No progress and no notices
    #[arg(long)]
    quiet: bool,
}

/// The exit status of a mismatch.
const MISMATCH: u8 = 3;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let campaign = Campaign {
        soc: args.soc,
        seed: args.seed,
        instructions: args.instructions as u64,
        jobs: args.jobs.unwrap_or_else(default_jobs),
    };
    let results = results(args)?;
    let stop = interrupt::flag()?;
    let (bar, begin) = (bar(args), Instant::now());
    let findings = campaign.run(&stop, |instructions| bar.set_position(instructions));
    bar.finish_and_clear();
    let findings = findings?;
    let seconds = begin.elapsed().as_secs_f64();
    if findings.stopped {
        eprintln!("stopped after {} programs", findings.programs);
        return Ok(interrupt::status());
    }

    println!("{}", table(&findings.coverage));
    for path in write(results, &findings)? {
        println!("{}", path.display());
    }
    if let Some((stimulus, mismatch)) = &findings.failure {
        report(args, stimulus, mismatch)?;
    }
    println!("{}", findings.coverage.summary());
    println!("{:.1} s, {:.2} million cycles", seconds, findings.cycles as f64 / 1e6);
    let mismatches = u8::from(findings.failure.is_some());
    println!(
        "{} instructions in lockstep, {} programs, {mismatches} mismatches",
        findings.instructions, findings.programs
    );
    Ok(if mismatches == 0 { ExitCode::SUCCESS } else { ExitCode::from(MISMATCH) })
}

fn bar(args: &Args) -> ProgressBar {
    let bar = ProgressBar::new(args.instructions as u64);
    let style = "{bar:30} {human_pos}/{human_len} instructions, {per_sec}, {eta} left";
    bar.set_style(ProgressStyle::with_template(style).expect("the template is well formed"));
    if args.quiet || !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    bar
}

fn table(coverage: &Coverage) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header(["coverage", "bins", "hit"]);
    for (group, all, hit) in coverage.groups() {
        table.add_row([group.to_owned(), all.to_string(), hit.to_string()]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Opens the folder of the results. What they depend on names the run.
fn results(args: &Args) -> anyhow::Result<ResultFolder> {
    let record = json!({
        "command": "torture",
        "settings": { "seed": args.seed, "instructions": args.instructions, "soc": args.soc },
        "rtl_sha256": hw::soc_digest(&args.soc)?,
        "program": program(),
    });
    let Value::Object(record) = record else { unreachable!("it is an object") };
    let earlier = if args.force { Earlier::Replace } else { Earlier::Keep };
    Ok(ResultFolder::open(&out(args), record, earlier)?)
}

fn out(args: &Args) -> PathBuf {
    args.out.clone().unwrap_or_else(|| "reports/runs/torture".into())
}

/// Writes the coverage and where it comes from.
fn write(mut results: ResultFolder, findings: &Findings) -> anyhow::Result<Vec<PathBuf>> {
    results.file("coverage.csv", |file| findings.coverage.write_csv(file))?;
    results.result("instructions", findings.instructions);
    results.result("cycles", findings.cycles);
    results.result("programs", findings.programs);
    results.result("mismatches", u8::from(findings.failure.is_some()));
    Ok(results.finish()?)
}

/// Shrinks the program that differs, and says where its report is and how to run it again.
fn report(args: &Args, stimulus: &Stimulus, mismatch: &Mismatch) -> anyhow::Result<()> {
    println!("MISMATCH in the program of seed {}, behind cycle {}", stimulus.seed, mismatch.cycle);
    for difference in &mismatch.differences {
        println!("  {difference}");
    }
    if !args.quiet {
        eprintln!("shrinking the program, for at most a few minutes");
    }
    let found = follow_up(stimulus, mismatch, &args.soc, &out(args).join("mismatch"))?;
    println!("what is left of it:\n{}", found.listing);
    for difference in &found.mismatch.differences {
        println!("  {difference}");
    }
    println!("mismatch report: {}", found.investigation.report.display());
    println!("replay: ./run replay {}", found.investigation.folder.display());
    Ok(())
}
