// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downloads, from mirrors on this machine that misbehave in all the usual ways.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use study::data::{DataError, DatasetChoice, LoadOptions, Source, download, load};
use study::report::atomic::WriteError;
use tempfile::TempDir;

use crate::{Tiny, gzip};

const NAME: &str = "train-images-idx3-ubyte.gz";

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Fetches the training images and checks what is in the cache then.
fn fetch(cache: &Path, mirrors: &[&Server]) -> Result<(), DataError> {
    let tiny = Tiny::new();
    let mirrors: Vec<String> = mirrors.iter().map(|mirror| mirror.url.clone()).collect();
    download::fetch(&tiny.files[0], cache, &mirrors, true)?;
    assert_eq!(names(cache), [NAME], "the file and no rest");
    tiny.files[0].read(cache).expect("a good file");
    Ok(())
}

fn content() -> Vec<u8> {
    Tiny::new().gz(NAME)
}

fn good_server() -> Server {
    let content = content();
    Server::start(move |_, _| Reply::Range(content.clone()))
}

fn part(cache: &Path) -> std::path::PathBuf {
    cache.join(format!("{NAME}.part"))
}

fn ranges(server: &Server) -> Vec<Option<usize>> {
    server.requests().iter().map(|request| request.from).collect()
}

#[test]
fn a_data_set_is_downloaded_once() {
    let tiny = Tiny::new();
    let place = TempDir::new().unwrap();
    let cache = place.path().join("not/there/yet");
    let served = Tiny::new();
    let server = Server::start(move |_, request| Reply::Range(served.gz(&request.name)));
    let options = LoadOptions {
        allow_download: true,
        mirrors: vec![server.url.clone()],
        ..tiny.options(&cache)
    };
    for _ in 0..2 {
        let dataset = load(DatasetChoice::Auto, &options).unwrap();
        assert_eq!(dataset.source, Source::Mnist { folder: cache.clone() });
        assert!(dataset.train == tiny.train && dataset.test == tiny.test);
        assert_eq!(server.requests().len(), 4);
    }
    // A file that has gone bad in the cache is the only one that is asked for again.
    fs::write(cache.join(NAME), gzip(b"something else")).unwrap();
    assert!(load(DatasetChoice::Mnist, &options).unwrap().train == tiny.train);
    let last = Request { name: NAME.into(), from: None };
    assert_eq!(server.requests()[4..], [last]);
}

#[test]
fn a_part_is_completed() {
    type Answer = fn(usize, Vec<u8>) -> Reply;
    let whole = content();
    let range: Answer = |_, body| Reply::Range(body);
    let breaks: Answer =
        |number, body| if number < 2 { Reply::Broken(body, 700) } else { Reply::Range(body) };
    let whole_only: Answer = |_, body| Reply::Whole(body);
    for (case, had, answer, expected) in [
        ("resumed", &whole[..1000], range, vec![Some(1000)]),
        ("resumed after broken connections", &[], breaks, vec![None, Some(700), Some(1400)]),
        ("begun anew by a server without ranges", &whole[..1000], whole_only, vec![Some(1000)]),
        ("complete, and put in place", &whole[..], range, vec![Some(whole.len())]),
        ("bad, and dropped", &[7; 1000], range, vec![Some(1000), None]),
    ] {
        let cache = TempDir::new().unwrap();
        if !had.is_empty() {
            fs::write(part(cache.path()), had).unwrap();
        }
        let body = whole.clone();
        let server = Server::start(move |number, _| answer(number, body.clone()));
        fetch(cache.path(), &[&server]).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(ranges(&server), expected, "{case}");
    }
}

#[test]
fn a_part_survives_the_run_and_serves_the_next() {
    let cache = TempDir::new().unwrap();
    let body = content();
    let broken = Server::start(move |number, _| match number {
        0 => Reply::Broken(body.clone(), 900),
        _ => Reply::Status(503),
    });
    let error = fetch(cache.path(), &[&broken]).unwrap_err();
    assert!(error.to_string().contains("HTTP status 503"), "{error}");
    assert_eq!(names(cache.path()), [format!("{NAME}.part")]);
    let good = good_server();
    fetch(cache.path(), &[&good]).unwrap();
    assert_eq!(ranges(&good), [Some(900)]);
}

#[test]
fn a_wrong_digest_leads_to_the_next_mirror() {
    let cache = TempDir::new().unwrap();
    let mut raw = Tiny::new().raw[0].clone();
    raw[4000] ^= 1;
    let bad = Server::start(move |_, _| Reply::Range(gzip(&raw)));
    let good = good_server();
    fetch(cache.path(), &[&bad, &good]).unwrap();
    assert_eq!((ranges(&bad), ranges(&good)), (vec![None], vec![None]), "one request each, whole");

    let other = TempDir::new().unwrap();
    let error = fetch(other.path(), &[&bad]).unwrap_err();
    assert!(error.to_string().contains("is not the published file"), "{error}");
    assert!(names(other.path()).is_empty(), "neither a file nor a part");
}

#[test]
fn a_wrong_range_is_not_appended() {
    let cache = TempDir::new().unwrap();
    let content = content();
    fs::write(part(cache.path()), &content[..1000]).unwrap();
    let server = Server::start(move |_, _| Reply::OtherRange(content.clone(), 999));
    let error = fetch(cache.path(), &[&server]).unwrap_err();
    assert!(error.to_string().contains("another range"), "{error}");
    assert_eq!(fs::metadata(part(cache.path())).unwrap().len(), 1000);
}

#[test]
fn an_endless_answer_is_cut() {
    let cache = TempDir::new().unwrap();
    // The connection breaks after a megabyte. A client that stops far earlier does not see that.
    let server = Server::start(|_, _| Reply::Broken(vec![0; 8 << 20], 1 << 20));
    let error = fetch(cache.path(), &[&server]).unwrap_err();
    assert!(error.to_string().contains("not an IDX file"), "{error}");
    assert_eq!(ranges(&server), [None]);
    assert!(names(cache.path()).is_empty());
}

#[test]
fn without_any_mirror_digits_are_drawn_soon() {
    let tiny = Tiny::new();
    let cache = TempDir::new().unwrap();
    let refusing = Server::start(|_, _| Reply::Status(404));
    let options = LoadOptions {
        allow_download: true,
        mirrors: vec![Server::nobody(), refusing.url.clone()],
        ..tiny.options(cache.path())
    };
    let begin = Instant::now();
    let dataset = load(DatasetChoice::Auto, &options).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(dataset.source, Source::Digits { seed: 1 });
    let notice = dataset.notice.expect("a notice");
    assert!(notice.contains("no mirror delivers it") && !notice.contains('\n'), "{notice}");

    let error = load(DatasetChoice::Mnist, &options).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("HTTP status 404") && text.contains(&options.mirrors[0]), "{text}");
    assert!(text.contains("--dataset digits"), "{text}");
    assert!(
        matches!(&error, DataError::NotAvailable { reason }
            if matches!(&**reason, DataError::Download { attempts, .. } if attempts.len() == 2)),
        "{error}"
    );
}

#[test]
fn a_silent_mirror_is_given_up() {
    let cache = TempDir::new().unwrap();
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let begin = Instant::now();
    let error = download::fetch(&Tiny::new().files[0], cache.path(), &[url], true).unwrap_err();
    assert!(error.to_string().contains("timeout"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(9));
}

#[test]
fn an_unusable_cache_is_a_clear_error() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let error = fetch(&file.join("cache"), &[&good_server()]).unwrap_err();
    assert!(matches!(error, DataError::Write(_)), "{error}");
}

/// `/dev/full` is the disk that is always full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_no_other_mirror_is_asked() {
    let cache = TempDir::new().unwrap();
    std::os::unix::fs::symlink("/dev/full", part(cache.path())).unwrap();
    let (first, second) = (good_server(), good_server());
    let error = fetch(cache.path(), &[&first, &second]).unwrap_err();
    assert!(matches!(error, DataError::Write(WriteError::DiskFull { .. })), "{error}");
    assert!(second.requests().is_empty());
}

// A mirror on this machine that answers as a test says.

/// What a client asked for.
#[derive(Debug, Clone, PartialEq)]
struct Request {
    /// The file, without the slash.
    name: String,
    /// The first byte of the range asked for, if one was.
    from: Option<usize>,
}

/// What to say.
enum Reply {
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

struct Server {
    /// The address to append a file's name to.
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// A server that lives as long as the test process. `answer` also gets the number of the
    /// request, from 0.
    fn start(answer: impl Fn(usize, &Request) -> Reply + Send + 'static) -> Self {
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
    fn nobody() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    }

    /// What was asked for so far.
    fn requests(&self) -> Vec<Request> {
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
