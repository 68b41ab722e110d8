//! The access log: JSON lines, written behind by a thread of its own. A line that it cannot keep up with is dropped and
//! counted; a request never waits for it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plan::reason::{Miss, Served};
use serde_json::json;

const QUEUE: usize = 16_384;
/// At this size the file is renamed to `….1`, in the place of an older one.
const ROTATE_BYTES: u64 = 128 << 20;

/// One answered request.
#[derive(Debug)]
pub(crate) struct Line {
    pub at: SystemTime,
    pub client: IpAddr,
    pub method: http::Method,
    pub host: String,
    pub target: String,
    pub status: u16,
    pub bytes: u64,
    pub micros: u64,
    pub site: Option<String>,
    pub served: Option<Served>,
    pub missed: Option<Miss>,
    pub code: Option<&'static str>,
    pub user_agent: String,
}

/// Where access log lines go.
pub struct AccessLog {
    queue: Option<SyncSender<Line>>,
    thread: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// No log.
    pub const fn off() -> AccessLog {
        AccessLog { queue: None, thread: None }
    }

    /// Appends to a file.
    ///
    /// # Errors
    /// When the file cannot be opened, or no thread can be started.
    pub fn to_file(path: &Path) -> io::Result<AccessLog> {
        let mut writer = Writer::open(path)?;
        let (queue, lines) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new().name("access-log".into()).spawn(move || writer.run(&lines))?;
        Ok(AccessLog { queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) fn is_on(&self) -> bool {
        self.queue.is_some()
    }

    /// Whether there was room.
    pub(crate) fn write(&self, line: Line) -> bool {
        self.queue.as_ref().is_none_or(|queue| queue.try_send(line).is_ok())
    }
}

/// What was handed over is written before it is gone.
impl Drop for AccessLog {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    written: u64,
}

impl Writer {
    fn open(path: &Path) -> io::Result<Writer> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let written = file.metadata()?.len();
        Ok(Writer { path: path.to_owned(), file: BufWriter::with_capacity(1 << 16, file), written })
    }

    fn run(&mut self, lines: &Receiver<Line>) {
        loop {
            match lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    self.write(&line);
                    // Gathers what is there, so that a busy server flushes by the buffer and an idle one at once.
                    lines.try_iter().for_each(|line| self.write(&line));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let _ = self.file.flush();
        }
        let _ = self.file.flush();
    }

    fn write(&mut self, line: &Line) {
        let text = json(line);
        self.written += text.len() as u64;
        if self.file.write_all(text.as_bytes()).is_err() {
            return;
        }
        if self.written >= ROTATE_BYTES && self.file.flush().is_ok() {
            let _ = std::fs::rename(&self.path, self.path.with_extension("log.1"));
            if let Ok(fresh) = Writer::open(&self.path) {
                *self = fresh;
            }
        }
    }
}

fn json(line: &Line) -> String {
    let at = line.at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut text = json!({
        "time": at.as_millis() as u64,
        "client": line.client.to_string(),
        "method": line.method.as_str(),
        "host": line.host,
        "target": line.target,
        "status": line.status,
        "bytes": line.bytes,
        "micros": line.micros,
        "site": line.site,
        "served": line.served.map(Served::name),
        "missed": line.missed.map(Miss::name),
        "code": line.code,
        "user_agent": line.user_agent,
    })
    .to_string();
    text.push('\n');
    text
}
