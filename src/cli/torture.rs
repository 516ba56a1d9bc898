// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox torture`.

use std::time::Instant;

use serde_json::json;
use study::Status;
use study::report::terminal::table;
use study::run::Progress;
use study::tables::CoverageRow;
use torture::{Coverage, Stimulus};

use super::flags::{Bar, BasicFlags, default_jobs, positive, stop_flag};
use crate::bench::lockstep::Mismatch;
use crate::bench::torture::{Campaign, follow_up};
use crate::bench::under_test::replay_command;
use crate::hw::{SOC, SocParameters, soc_digest};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    basic: BasicFlags,

    /// Run random programs until so many instructions have retired
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = positive)]
    instructions: usize,

    /// System: a name such as soc_k3_f3, or kernel=3,log_frac=3[,multipliers=..,kernels=..,ram_bytes=..]
    #[arg(long, value_name = "SYSTEM", default_value_t = SOC)]
    soc: SocParameters,

    /// Threads [default: one per processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    jobs: Option<usize>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let campaign = Campaign {
        soc: args.soc,
        seed: args.basic.seed,
        instructions: args.instructions as u64,
        jobs: args.jobs.unwrap_or_else(default_jobs),
    };
    let mut results = args.basic.results(
        "torture",
        json!({
            "seed": args.basic.seed,
            "instructions": args.instructions,
            "soc": args.soc,
            "rtl_sha256": soc_digest(&args.soc)?,
        }),
    )?;
    let stop = stop_flag()?;
    let (bar, begin) = (Bar::new("instructions", args.basic.quiet), Instant::now());
    bar.start(0, args.instructions);
    let findings = campaign.run(stop, |instructions| bar.0.set_position(instructions));
    bar.0.finish_and_clear();
    let findings = findings?;
    let seconds = begin.elapsed().as_secs_f64();
    if findings.stopped {
        note!("stopped after {} programs", findings.programs);
        return Ok(Status::Interrupted);
    }

    print_coverage(&findings.coverage);
    let folder = results.path().to_owned();
    results.table(&coverage_rows(&findings.coverage))?;
    results.result("instructions", findings.instructions);
    results.result("cycles", findings.cycles);
    results.result("programs", findings.programs);
    results.result("mismatches", u8::from(findings.failure.is_some()));
    for path in results.finish()? {
        say!("{}", path.display());
    }
    if let Some((stimulus, mismatch)) = &findings.failure {
        report(args, stimulus, mismatch, &folder.join("mismatch"))?;
    }
    say!("{}", findings.coverage.summary());
    say!("{:.1} s, {:.2} million cycles", seconds, findings.cycles as f64 / 1e6);
    let mismatches = u8::from(findings.failure.is_some());
    say!(
        "{} instructions in lockstep, {} programs, {mismatches} mismatches",
        findings.instructions,
        findings.programs
    );
    Ok(if mismatches == 0 { Status::Good } else { Status::Mismatch })
}

fn coverage_rows(coverage: &Coverage) -> Vec<CoverageRow> {
    let row = |(bin, hits): (&str, u64)| CoverageRow { bin: bin.to_owned(), hits };
    coverage.bins().map(row).collect()
}

fn print_coverage(coverage: &Coverage) {
    let mut table = table(["coverage", ">bins", ">hit"]);
    for (group, all, hit) in coverage.groups() {
        table.add_row([group.to_owned(), all.to_string(), hit.to_string()]);
    }
    say!("{table}");
}

/// Shrinks the program that differs, and says where its report is and how to run it again.
fn report(
    args: &Args,
    stimulus: &Stimulus,
    mismatch: &Mismatch,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    say!("MISMATCH in the program of seed {}, behind cycle {}", stimulus.seed, mismatch.cycle);
    for difference in &mismatch.differences {
        say!("  {difference}");
    }
    if !args.basic.quiet {
        note!("shrinking the program, for at most a few minutes");
    }
    let found = follow_up(stimulus, mismatch, &args.soc, folder)?;
    say!("what is left of it:\n{}", found.listing);
    for difference in &found.mismatch.differences {
        say!("  {difference}");
    }
    say!("mismatch report: {}", found.investigation.report.display());
    say!("replay: {}", replay_command(&found.investigation.folder));
    Ok(())
}
