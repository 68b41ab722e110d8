//! The access log: JSON lines, appended to a buffer by the request's own thread and written behind by another, which looks
//! ten times a second. A request never waits for the disk and wakes nobody; a line that finds the buffer full is dropped
//! and counted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plan::reason::{Miss, Served};

/// Bytes of lines that may wait.
const BUFFER: usize = 8 << 20;
/// How often what waits is written.
const PERIOD: Duration = Duration::from_millis(100);
/// At this size the file is renamed to `….1`, in the place of an older one.
const ROTATE_BYTES: u64 = 128 << 20;

/// One answered request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub at: SystemTime,
    pub client: IpAddr,
    pub method: &'a str,
    pub host: &'a str,
    pub target: &'a str,
    pub status: u16,
    pub bytes: u64,
    pub micros: u64,
    pub site: Option<&'a str>,
    pub served: Option<Served>,
    pub missed: Option<Miss>,
    pub code: Option<&'static str>,
    pub user_agent: &'a str,
}

/// Where access log lines go.
pub struct AccessLog {
    shared: Option<Arc<Shared>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    ends: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    ending: bool,
}

impl AccessLog {
    /// No log.
    pub const fn off() -> AccessLog {
        AccessLog { shared: None, thread: None }
    }

    /// Appends to a file.
    ///
    /// # Errors
    /// When the file cannot be opened, or no thread can be started.
    pub fn to_file(path: &Path) -> io::Result<AccessLog> {
        let mut writer = Writer::open(path)?;
        let shared = Arc::new(Shared::default());
        let lines = shared.clone();
        let thread = std::thread::Builder::new().name("access-log".into()).spawn(move || writer.run(&lines))?;
        Ok(AccessLog { shared: Some(shared), thread: Some(thread) })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether there was room.
    pub(crate) fn write(&self, line: &Line<'_>) -> bool {
        let Some(shared) = &self.shared else { return true };
        let mut waiting = lock(&shared.waiting);
        if waiting.lines.len() >= BUFFER {
            return false;
        }
        line.append_to(&mut waiting.lines);
        true
    }
}

/// What was handed over is written before it is gone.
impl Drop for AccessLog {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            lock(&shared.waiting).ending = true;
            shared.ends.notify_all();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    path: PathBuf,
    file: File,
    written: u64,
}

impl Writer {
    fn open(path: &Path) -> io::Result<Writer> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(Writer { path: path.to_owned(), file, written })
    }

    fn run(&mut self, shared: &Shared) {
        let mut lines = Vec::new();
        loop {
            let waiting = lock(&shared.waiting);
            let waited = shared.ends.wait_timeout_while(waiting, PERIOD, |waiting| !waiting.ending);
            let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut lines, &mut waiting.lines);
            let ending = waiting.ending;
            drop(waiting);
            self.write(&lines);
            lines.clear();
            if ending {
                break;
            }
        }
    }

    fn write(&mut self, lines: &[u8]) {
        if lines.is_empty() {
            return;
        }
        // A full disk must not stop pictures; the lines are lost.
        let _ = self.file.write_all(lines);
        self.written += lines.len() as u64;
        if self.written >= ROTATE_BYTES {
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            if let Ok(fresh) = Writer::open(&self.path) {
                *self = fresh;
            }
        }
    }
}

impl Line<'_> {
    fn append_to(&self, out: &mut Vec<u8>) {
        let millis = self.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        // Writing to memory does not fail.
        let _ = write!(out, "{{\"time\":{millis},\"client\":\"{}\"", self.client);
        field(out, "method", Some(self.method));
        field(out, "host", Some(self.host));
        field(out, "target", Some(self.target));
        let _ = write!(out, ",\"status\":{},\"bytes\":{},\"micros\":{}", self.status, self.bytes, self.micros);
        field(out, "site", self.site);
        field(out, "served", self.served.map(Served::name));
        field(out, "missed", self.missed.map(Miss::name));
        field(out, "code", self.code);
        field(out, "user_agent", Some(self.user_agent));
        out.extend_from_slice(b"}\n");
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    match value {
        None => out.extend_from_slice(b"null"),
        Some(text) => quote(out, text),
    }
}

/// A JSON string (RFC 8259 section 7).
fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) {
        out.extend_from_slice(&rest[..at]);
        match rest[at] {
            b @ (b'"' | b'\\') => out.extend_from_slice(&[b'\\', b]),
            b => {
                let _ = write!(out, "\\u{b:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::Ipv4Addr;

    use super::*;

    const LINE: Line<'static> = Line {
        at: UNIX_EPOCH,
        client: IpAddr::V4(Ipv4Addr::LOCALHOST),
        method: "GET",
        host: "h",
        target: "/a\"b\\c\u{1}é?w=1",
        status: 200,
        bytes: 5,
        micros: 7,
        site: None,
        served: Some(Served::Memory),
        missed: None,
        code: None,
        user_agent: "x",
    };

    #[test]
    fn lines_are_json_whatever_a_client_sends() {
        let mut text = Vec::new();
        LINE.append_to(&mut text);
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["target"], LINE.target);
        assert_eq!((&value["status"], &value["served"], &value["site"]), (&200.into(), &"memory".into(), &().into()));
    }

    #[test]
    fn everything_handed_over_is_written_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let log = AccessLog::to_file(&path).unwrap();
        for _ in 0..1000 {
            assert!(log.write(&LINE));
        }
        drop(log);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1000);
    }

    #[test]
    fn a_full_buffer_drops_lines_and_says_so() {
        let log = AccessLog { shared: Some(Arc::new(Shared::default())), thread: None };
        let mut written = 0u32;
        while log.write(&LINE) {
            written += 1;
        }
        assert!(written > 1000);
    }
}
