// SPDX-License-Identifier: MIT OR Apache-2.0
//! `convapprox replay`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use study::Status;

use crate::bench::cosimulation::End;
use crate::bench::replay::{Again, replay};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the mismatch report, of a window or of a program
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Status> {
    let (agrees, what) = match replay(&args.folder)? {
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
