// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any unit on the bench: what it has to tell of itself, and what it gets for that: a scoreboard,
//! reports with waveforms of what differs, and their replay.
//!
//! `examples/own_unit` is a small one.

use std::error::Error;
use std::fmt::{Display, Write as _};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use model::elf::ElfError;
use model::hex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use study::report::atomic::{OutputFile, WriteError, write_atomic};

use super::case::{self, CASE_FILE, CaseError};
use super::system::SystemError;
use super::view::View;
use crate::hw::Build;

/// Why a unit does not do what it is told.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A unit whose transactions are compared with a golden function, one by one.
pub trait UnitUnderTest: Sized {
    /// All that goes in: what is needed to run it again from reset. It is kept in the report's
    /// `case.json`.
    type Transaction: Serialize + DeserializeOwned;
    /// All that comes out.
    type Outcome;

    /// The command that runs the case in a folder again, wherever it is typed.
    fn replay_command(folder: &Path) -> String {
        replay_command(folder)
    }

    /// A unit out of reset, for this transaction and those after it.
    fn open(first: &Self::Transaction, build: Build) -> Result<Self, BoxError>;

    /// Runs a transaction.
    fn run(&mut self, transaction: &Self::Transaction) -> Result<Self::Outcome, BoxError>;

    /// Writes a waveform from now on, or completes the one that is open; asked of
    /// [`Build::Vcd`] alone.
    fn trace(&mut self, wave: Option<&Path>) -> Result<(), BoxError>;

    /// How an outcome differs from what the golden function says, in words; nothing if it agrees.
    fn differences(transaction: &Self::Transaction, outcome: &Self::Outcome) -> Vec<String>;

    /// What a transaction is, as the beginning of its report's folder name.
    fn name(transaction: &Self::Transaction) -> String;

    /// What an engineer asks first: the text of the report. By default, the case.
    fn describe(transaction: &Self::Transaction, _outcome: Option<&Self::Outcome>) -> String {
        serde_json::to_string_pretty(transaction).unwrap_or_default()
    }

    /// Where in the unit the first wrong value comes from, as far as the waveform tells.
    fn first_wrong(
        _transaction: &Self::Transaction,
        _outcome: Option<&Self::Outcome>,
        _wave: &Path,
    ) -> Option<String> {
        None
    }

    /// What a viewer shows of the waveform, if that is said.
    fn view(_transaction: &Self::Transaction, _outcome: Option<&Self::Outcome>) -> Option<View> {
        None
    }
}

/// Why a mismatch cannot be followed up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    #[error(transparent)]
    Case(#[from] CaseError),
    #[error(transparent)]
    Open(BoxError),
    #[error("{}: {source}", path.display())]
    Program { path: PathBuf, source: ElfError },
    #[error(transparent)]
    Run(#[from] SystemError),
    #[error("cannot create {}: {source}", folder.display())]
    Folder { folder: PathBuf, source: io::Error },
    #[error("{} is a link, or no file at all: remove it, or copy case.json into a new folder", .0.display())]
    Link(PathBuf),
    #[error("the waveform {} is incomplete: {reason}", path.display())]
    Waveform { path: PathBuf, reason: String },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a replay found.
#[derive(Debug)]
pub struct Replayed<O> {
    /// The unit's outcome, or why it has none.
    pub outcome: Result<O, BoxError>,
    /// How it differs; empty if the difference needs what came before the transaction.
    pub differences: Vec<String>,
    pub folder: PathBuf,
    pub wave: PathBuf,
    pub report: PathBuf,
}

impl<O> Replayed<O> {
    /// Whether the unit did what it must.
    pub fn agrees(&self) -> bool {
        self.outcome.is_ok() && self.differences.is_empty()
    }
}

/// What was found on a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checked {
    pub compared: u64,
    pub mismatches: u64,
    /// Folders of the reports of the first few.
    pub reports: Vec<PathBuf>,
}

/// Mismatches that have a report with a waveform.
pub const REPORTS: usize = 3;

/// Runs transactions, in order, on one unit and compares each with the golden function. `each` gets
/// every outcome; reports of the first mismatches go to folders of their own below `folder`.
pub fn check<U: UnitUnderTest>(
    transactions: impl IntoIterator<Item = U::Transaction>,
    folder: &Path,
    mut each: impl FnMut(&U::Transaction, &U::Outcome),
) -> Result<Checked, ReplayError> {
    let (mut checked, mut unit) = (Checked::default(), None);
    for transaction in transactions {
        let open = match unit.take() {
            Some(open) => open,
            None => U::open(&transaction, Build::Fast).map_err(ReplayError::Open)?,
        };
        let open: &mut U = unit.insert(open);
        let outcome = open.run(&transaction);
        checked.compared += 1;
        let differs = match &outcome {
            Ok(outcome) => {
                each(&transaction, outcome);
                !U::differences(&transaction, outcome).is_empty()
            }
            // Nobody knows what state it is in.
            Err(_) => {
                unit = None;
                true
            }
        };
        if differs {
            checked.mismatches += 1;
            if checked.reports.len() < REPORTS {
                checked.reports.push(investigate::<U>(&transaction, folder)?.folder);
            }
        }
    }
    Ok(checked)
}

/// What the report of a mismatch is called in its folder.
pub const REPORT_FILE: &str = "report.txt";

/// The folder of a case below another: the same for the same case, and no other's.
pub(super) fn case_folder(parent: &Path, name: &str, case: &impl Serialize) -> PathBuf {
    let text = serde_json::to_vec(case).unwrap_or_default();
    parent.join(format!("{name}-{}", &hex(&Sha256::digest(text))[..8]))
}

/// Runs a transaction from reset in a traced build and writes, into a folder of its own below
/// `parent`: the case, the report, the waveform from reset to its end, and files for viewers.
pub fn investigate<U: UnitUnderTest>(
    transaction: &U::Transaction,
    parent: &Path,
) -> Result<Replayed<U::Outcome>, ReplayError> {
    let folder = case_folder(parent, &U::name(transaction), transaction);
    create(&folder)?;
    write_json(&folder.join(CASE_FILE), transaction)?;
    replay_in::<U>(transaction, &folder)
}

/// Runs the case of a mismatch folder again and writes its report and waveform anew.
pub fn replay<U: UnitUnderTest>(folder: &Path) -> Result<Replayed<U::Outcome>, ReplayError> {
    replay_in::<U>(&case::read(folder)?, folder)
}

/// Writes a file of a report; one that is there is replaced as a whole.
pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), ReplayError> {
    no_link(path)?;
    Ok(write_atomic(path, |file| file.write_all(content.as_ref()))?)
}

/// A folder may come from somebody else: nothing outside of it is written through a link in it.
fn no_link(path: &Path) -> Result<(), ReplayError> {
    match fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => Err(ReplayError::Link(path.to_owned())),
        _ => Ok(()),
    }
}

/// A waveform under way: it has its name only when it is complete.
#[derive(Debug)]
pub struct Waveform {
    path: PathBuf,
    file: OutputFile,
}

impl Waveform {
    /// A waveform that will have this name; `open` makes a model write to a path.
    pub fn open<E: Display>(
        path: &Path,
        open: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Self, ReplayError> {
        no_link(path)?;
        let waveform = Self { path: path.to_owned(), file: OutputFile::create(path)? };
        match open(waveform.file.temporary()) {
            Ok(()) => Ok(waveform),
            Err(error) => Err(waveform.broken(&error)),
        }
    }

    fn broken(&self, reason: &impl Display) -> ReplayError {
        let mut reason = reason.to_string();
        // What stands in front is about the model, and about Verilator.
        for front in ["the model broke down: ", "VerilatedVcd::bufferFlush: "] {
            reason = reason.rsplit(front).next().unwrap_or_default().to_owned();
        }
        ReplayError::Waveform { path: self.path.clone(), reason }
    }

    /// Gives it its name. `closed` says whether the model could complete it: Verilator's writer of
    /// VCD reports a full disk, that of FST does not.
    pub fn finish<E: Display>(self, closed: Result<(), E>) -> Result<(), ReplayError> {
        closed.map_err(|error| self.broken(&error))?;
        if self.path.extension().is_some_and(|it| it == "fst") {
            match fst_is_complete(self.file.temporary()) {
                Ok(true) => {}
                Ok(false) => return Err(self.broken(&"the file ends before its last block")),
                Err(error) => return Err(self.broken(&error)),
            }
        }
        Ok(self.file.finish()?)
    }
}

/// Whether an FST file is a row of whole blocks, each a byte for its kind and eight for the length
/// of the rest, with the hierarchy that is written last.
fn fst_is_complete(path: &Path) -> io::Result<bool> {
    const HIERARCHY: [u8; 3] = [4, 6, 7];
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let (mut at, mut hierarchy) = (0_u64, false);
    while at + 9 <= end {
        let (mut kind, mut length) = ([0], [0; 8]);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut kind)?;
        file.read_exact(&mut length)?;
        hierarchy |= HIERARCHY.contains(&kind[0]);
        at = at.saturating_add(1).saturating_add(u64::from_be_bytes(length));
    }
    Ok(hierarchy && at == end)
}

pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ReplayError> {
    let text = serde_json::to_string_pretty(value).expect("it is plain data");
    write(path, text + "\n")
}

pub(super) fn create(folder: &Path) -> Result<(), ReplayError> {
    fs::create_dir_all(folder)
        .map_err(|source| ReplayError::Folder { folder: folder.to_owned(), source })
}

/// Runs a transaction from reset and writes its files into a folder that there is.
pub(super) fn replay_in<U: UnitUnderTest>(
    transaction: &U::Transaction,
    folder: &Path,
) -> Result<Replayed<U::Outcome>, ReplayError> {
    let mut unit = U::open(transaction, Build::Vcd).map_err(ReplayError::Open)?;
    let wave = folder.join("wave.vcd");
    let waveform = Waveform::open(&wave, |path| unit.trace(Some(path)))?;
    let outcome = unit.run(transaction);
    waveform.finish(unit.trace(None))?;
    let differences = match &outcome {
        Ok(outcome) => U::differences(transaction, outcome),
        Err(_) => Vec::new(),
    };

    let view = U::view(transaction, outcome.as_ref().ok());
    if let Some(view) = &view {
        view.write(&wave)?;
    }
    let report = folder.join(REPORT_FILE);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut text = format!("MISMATCH {name}\n\n");
    // Writing into a String cannot fail.
    for difference in &differences {
        let _ = writeln!(text, "  {difference}");
    }
    if let Err(error) = &outcome {
        let _ = writeln!(text, "  the unit did not finish: {error}");
    } else if differences.is_empty() {
        text.push_str("  None in this replay from reset: the difference needs what came before.\n");
    }
    if let Some(place) = U::first_wrong(transaction, outcome.as_ref().ok(), &wave) {
        let _ = writeln!(text, "\n  first wrong: {place}");
    }
    let _ = writeln!(text, "\n{}", U::describe(transaction, outcome.as_ref().ok()));
    text.push_str(&footer(&U::replay_command(folder), view.is_some()));
    write(&report, text)?;
    let folder = folder.to_owned();
    Ok(Replayed { outcome, differences, folder, wave, report })
}

/// How to look at it, and how to run it again.
pub(super) fn footer(replay: &str, view: bool) -> String {
    let [gtkwave, surfer] =
        if view { [" wave.gtkw", " --command-file wave.sucl"] } else { ["", ""] };
    format!(
        "waveform    gtkwave wave.vcd{gtkwave}   (or: surfer wave.vcd{surfer})\n\
         replay      {replay}\n"
    )
}

/// The command that runs a report of this program again, wherever it is typed: `run` of the source
/// folder, or the program itself where that folder is gone.
pub fn replay_command(folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("run");
    let program = if script.is_file() {
        script
    } else {
        std::env::current_exe().unwrap_or_else(|_| "convapprox".into())
    };
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    format!("{} replay {}", for_shell(&program), for_shell(&folder))
}

/// A path as one word of a shell's command.
fn for_shell(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=,:@".contains(c);
    if text.chars().all(plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
