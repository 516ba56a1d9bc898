// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gets a file from a mirror into the cache: resumed where it broke off, and under its final name
//! only when its digest is right.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ureq::Agent;
use ureq::http::header::{CONTENT_RANGE, RANGE};

use super::DataError;
use super::mnist::IdxFile;

/// Public copies of MNIST, in the order in which they are asked.
pub const MIRRORS: [&str; 3] = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
];

/// Short, because a machine without network should get its drawn digits soon.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a mirror may think about a request.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a mirror may be silent in mid-transfer.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How many requests one mirror gets for one file.
const REQUESTS: usize = 10;

/// Why a request did not deliver.
enum Failure {
    /// The mirror's or the network's fault: ask again, or ask elsewhere.
    Mirror(String),
    /// This machine's fault: no mirror can help.
    Local(DataError),
}

/// Puts `file` into `folder`, gzipped, from the first mirror that delivers it.
///
/// What has arrived is kept as `<name>.gz.part`, and the next request, of this run or of a later
/// one, asks for the rest only.
pub fn fetch(
    file: &IdxFile,
    folder: &Path,
    mirrors: &[String],
    quiet: bool,
) -> Result<(), DataError> {
    fs::create_dir_all(folder).map_err(|source| DataError::write(folder, source))?;
    let target = folder.join(format!("{}.gz", file.name));
    let part = folder.join(format!("{}.gz.part", file.name));
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .accept_encoding("identity")
        .timeout_resolve(Some(RESOLVE_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(RESPONSE_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT))
        .build()
        .into();
    let bar = progress_bar(file.name, quiet);

    let mut attempts = Vec::new();
    for mirror in mirrors {
        let url = format!("{mirror}{}.gz", file.name);
        match fetch_from(&agent, &url, file, &part, &bar) {
            Ok(()) => {
                bar.finish_and_clear();
                return fs::rename(&part, &target)
                    .map_err(|source| DataError::write(&target, source));
            }
            Err(Failure::Mirror(reason)) => attempts.push(format!("{mirror}: {reason}")),
            Err(Failure::Local(error)) => return Err(error),
        }
    }
    bar.finish_and_clear();
    Err(DataError::Download { name: file.name.into(), attempts })
}

/// Completes and checks `part` from one mirror.
fn fetch_from(
    agent: &Agent,
    url: &str,
    file: &IdxFile,
    part: &Path,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let mut before = length(part);
    // Mirrors may compress differently, so a part that began elsewhere can be wrong through no
    // fault of this mirror.
    let mut foreign = before > 0;
    let mut last = String::new();
    for _ in 0..REQUESTS {
        match request(agent, url, file, part, bar) {
            Ok(()) => match file.read_path(part) {
                Ok(_) => return Ok(()),
                Err(bad) => {
                    fs::remove_file(part)
                        .map_err(|source| Failure::Local(DataError::write(part, source)))?;
                    if !foreign {
                        return Err(Failure::Mirror(bad.to_string()));
                    }
                    (foreign, before) = (false, 0);
                    last = bad.to_string();
                }
            },
            // A broken connection is worth another request as long as each one brings more.
            Err(Failure::Mirror(reason)) if length(part) > before => {
                before = length(part);
                last = reason;
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Mirror(format!("{last} (after {REQUESTS} requests)")))
}

/// Asks once for what `part` lacks and appends what arrives.
fn request(
    agent: &Agent,
    url: &str,
    file: &IdxFile,
    part: &Path,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let mirror = |error: &dyn std::fmt::Display| Failure::Mirror(error.to_string());
    let local = |source: io::Error| Failure::Local(DataError::write(part, source));

    let have = length(part);
    let mut get = agent.get(url);
    if have > 0 {
        get = get.header(RANGE, format!("bytes={have}-"));
    }
    let response = get.call().map_err(|error| mirror(&error))?;
    let offset = match response.status().as_u16() {
        // The whole file, asked for or not: not every server knows ranges.
        200 => 0,
        206 => {
            let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
            match range {
                Some(range) if range.starts_with(&format!("bytes {have}-")) => have,
                _ => return Err(mirror(&"the mirror sends another range than asked for")),
            }
        }
        // Nothing after `have`: the part may be complete, its digest will tell.
        416 if have > 0 => return Ok(()),
        status => return Err(mirror(&format!("HTTP status {status}"))),
    };

    let mut out = OpenOptions::new()
        .create(true)
        .append(offset > 0)
        .write(offset == 0)
        .truncate(offset == 0)
        .open(part)
        .map_err(local)?;
    let body = response.into_body();
    let announced = body.content_length();
    bar.set_length(announced.map_or(0, |length| offset + length));
    bar.set_position(offset);

    // gzip never makes a file much larger, so a longer answer is something else and is cut here;
    // the digest then refuses it.
    let limit = (file.kind.file_size(file.count) + 0x1_0000) as u64;
    let mut reader = body.into_reader().take(limit.saturating_sub(offset));
    let mut buffer = [0; 0x1_0000];
    let mut received = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(mirror(&error)),
        };
        if count == 0 {
            break;
        }
        out.write_all(&buffer[..count]).map_err(local)?;
        received += count as u64;
        bar.inc(count as u64);
    }
    out.sync_all().map_err(local)?;
    match announced {
        Some(length) if received < length.min(limit.saturating_sub(offset)) => {
            Err(mirror(&format!("the connection broke after {received} of {length} bytes")))
        }
        _ => Ok(()),
    }
}

/// The length of a file; one that is not there has none.
fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// A bar on standard error, drawn only if that is a terminal.
fn progress_bar(name: &str, quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template(
        "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
    )
    .expect("a valid template");
    ProgressBar::with_draw_target(Some(0), target)
        .with_style(style)
        .with_message(format!("downloading {name}"))
}
