//! `convapprox torture`.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::interrupt;
use super::options::default_jobs;
use super::options::positive;
use crate::bench::lockstep::Mismatch;
use crate::bench::torture::{Campaign, Findings, follow_up};
use crate::hw::{SOC, SocParameters};
use ::torture::{Coverage, Stimulus};
use study::report::atomic::write_atomic;
use study::report::provenance::Provenance;

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

    /// No progress and no notices
    #[arg(long)]
    quiet: bool,
}

/// Where mismatch reports go.
const MISMATCH_DIR: &str = "reports/mismatch";

/// The exit status of a mismatch.
const MISMATCH: u8 = 3;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let campaign = Campaign {
        soc: args.soc,
        seed: args.seed,
        instructions: args.instructions as u64,
        jobs: args.jobs.unwrap_or_else(default_jobs),
    };
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
    for path in write(args, &findings)? {
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

/// Writes the coverage and where it comes from.
fn write(args: &Args, findings: &Findings) -> anyhow::Result<[PathBuf; 2]> {
    let out = args.out.clone().unwrap_or_else(|| "reports/runs/torture".into());
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let csv = out.join("coverage.csv");
    write_atomic(&csv, |file| findings.coverage.write_csv(file))?;
    let json = out.join("provenance.json");
    let settings = json!({
        "seed": args.seed,
        "instructions": args.instructions,
        "soc": args.soc,
    });
    let mut provenance = Provenance::new("torture", settings).on_system();
    provenance.result("instructions", findings.instructions);
    provenance.result("cycles", findings.cycles);
    provenance.result("programs", findings.programs);
    provenance.result("mismatches", u8::from(findings.failure.is_some()));
    provenance.write(&json)?;
    Ok([csv, json])
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
    let found = follow_up(stimulus, mismatch, &args.soc, Path::new(MISMATCH_DIR))?;
    println!("what is left of it:\n{}", found.listing);
    for difference in &found.mismatch.differences {
        println!("  {difference}");
    }
    println!("mismatch report: {}", found.investigation.report.display());
    println!("replay: ./run replay {}", found.investigation.folder.display());
    Ok(())
}
