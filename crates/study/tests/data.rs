// SPDX-License-Identifier: MIT OR Apache-2.0
//! Images and how they are had: files, downloads, drawn digits, PNG, and their statistics.

#[path = "data/digits.rs"]
mod digits;
#[path = "data/download.rs"]
mod download;
#[path = "data/idx.rs"]
mod idx;
#[path = "data/png.rs"]
mod png;
#[path = "data/report.rs"]
mod report;
#[path = "data/server.rs"]
mod server;
#[path = "data/tiny.rs"]
mod tiny;
