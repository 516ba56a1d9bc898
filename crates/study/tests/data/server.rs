// SPDX-License-Identifier: MIT OR Apache-2.0
//! A mirror on this machine that answers as a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What a client asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The file, without the slash.
    pub name: String,
    /// The first byte of the range asked for, if one was.
    pub from: Option<usize>,
}

/// What to say.
pub enum Reply {
    /// The bytes from the one asked for on, as a server with range requests does.
    Range(Vec<u8>),
    /// All bytes, whatever was asked for.
    Whole(Vec<u8>),
    /// As `Range`, but the connection breaks after so many bytes of the body.
    Broken(Vec<u8>, usize),
    /// As `Range`, but announcing a range that starts at this byte.
    OtherRange(Vec<u8>, usize),
    /// No content but this status.
    Status(u16),
}

pub struct Server {
    /// The address to append a file's name to.
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that lives as long as the test process. `answer` also gets the number of the
    /// request, from 0.
    pub fn start(answer: impl Fn(usize, &Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                // A client that goes away in mid-answer is no concern of the server.
                let _ = serve(stream.unwrap(), &log, &answer);
            }
        });
        Server { url, requests }
    }

    /// An address where nobody listens.
    pub fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    }

    /// What was asked for so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &impl Fn(usize, &Request) -> Reply,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let name = first.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let mut from = None;
    for line in lines {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
    }
    let request = Request { name, from };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(request.clone());
        log.len() - 1
    };

    let start = from.unwrap_or(0);
    let (body, announced_start, sent) = match answer(number, &request) {
        Reply::Status(status) => return head(&mut stream, &format!("{status} No"), 0, ""),
        Reply::Whole(body) => {
            head(&mut stream, "200 OK", body.len(), "")?;
            return stream.write_all(&body);
        }
        Reply::Range(body) => (body, start, usize::MAX),
        Reply::Broken(body, sent) => (body, start, sent),
        Reply::OtherRange(body, announced) => (body, announced, usize::MAX),
    };
    if from.is_none() {
        head(&mut stream, "200 OK", body.len(), "")?;
    } else if start >= body.len() {
        return head(&mut stream, "416 Range Not Satisfiable", 0, "");
    } else {
        let (last, all) = (body.len() - 1, body.len());
        let range = format!("Content-Range: bytes {announced_start}-{last}/{all}\r\n");
        head(&mut stream, "206 Partial Content", all - start, &range)?;
    }
    let rest = &body[start..];
    stream.write_all(&rest[..sent.min(rest.len())])
}

fn head(stream: &mut TcpStream, status: &str, length: usize, more: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n"
    )
}
