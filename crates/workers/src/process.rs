//! One worker, as the server sees it.

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use codec::{Cancel, CodecError, Decoded, Info, Kind};

use crate::sandbox::Enforced;
use crate::wire::{self, Promise, Request};

/// How long a read or a write may wait before it is asked whether anybody still wants the answer.
const SLICE: Duration = Duration::from_millis(10);
/// How long a new worker has until it is ready.
const READY: Duration = Duration::from_secs(10);

/// What an honest worker answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Info(Info),
    Decoded(Decoded),
    Error(CodecError),
}

/// Why there is no answer. The worker is of no use any more.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody waits any more, or the time is up.
    Stopped(CodecError),
    /// It hung up.
    Gone,
    /// It says what cannot be, in words.
    Lied(&'static str),
}

/// A worker process. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    socket: UnixStream,
    jobs: u32,
}

impl Process {
    /// Starts one and waits until it has given up its rights.
    ///
    /// # Errors
    /// What the system answers; [`ErrorKind::InvalidData`] when the program is no worker, or gave up less than it should.
    pub(crate) fn start(program: &Path, args: &[OsString], memory: u64) -> io::Result<(Process, Enforced)> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_read_timeout(Some(SLICE))?;
        socket.set_write_timeout(Some(SLICE))?;
        // Nothing of the environment: it holds secrets, and variables that make libraries open files.
        let child = Command::new(program)
            .arg0("afterimage-decoder")
            .args(args)
            .arg(memory.to_string())
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A terminal's Ctrl-C is for the server, which ends in order.
            .process_group(0)
            .spawn()?;
        let mut process = Process { child, socket, jobs: 0 };
        let mut head = [0; wire::HELLO];
        let ready = process.receive(&mut head, &Cancel::at(Instant::now() + READY));
        match (ready, wire::read_hello(&head)) {
            (Ok(()), Some(enforced)) => Ok((process, enforced)),
            (Err(Fault::Stopped(_)), _) => Err(io::Error::new(ErrorKind::TimedOut, "a worker is not ready in time")),
            (Err(_), _) => {
                let status = process.end()?;
                Err(io::Error::new(ErrorKind::InvalidData, format!("a worker ended at its start ({})", told(status))))
            }
            (Ok(()), None) => Err(io::Error::new(ErrorKind::InvalidData, "the program is no worker")),
        }
    }

    /// Jobs done.
    pub(crate) fn jobs(&self) -> u32 {
        self.jobs
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Does one job.
    ///
    /// # Errors
    /// Why there is no answer; the process is then to be [ended](Process::end) or dropped.
    pub(crate) fn work(
        &mut self,
        kind: Kind,
        request: &Request,
        file: &[u8],
        cancel: &Cancel,
    ) -> Result<Answer, Fault> {
        self.jobs += 1;
        self.send(&request.to_bytes(), cancel)?;
        self.send(file, cancel)?;
        let mut head = [0; wire::REPLY];
        self.receive(&mut head, cancel)?;
        match Promise::read(&head, kind, request).map_err(Fault::Lied)? {
            Promise::Info(info) => Ok(Answer::Info(info)),
            Promise::Error { head, text } => Ok(Answer::Error(head.with(&self.bytes(text, cancel)?))),
            Promise::Decoded { info, width, height, channels, profile, pixels } => {
                let profile = profile.map(|length| self.bytes(length, cancel)).transpose()?;
                let data = self.bytes(pixels, cancel)?;
                let picture = wire::picture((width, height), channels, data);
                Ok(Answer::Decoded(Decoded { picture, profile, info }))
            }
        }
    }

    /// Kills it, and tells how it ended: by itself, if it did before.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        // A process hangs up when how it ends is settled already, so that this changes nothing for one that crashed.
        let _ = self.child.kill();
        self.child.wait()
    }

    fn bytes(&mut self, length: usize, cancel: &Cancel) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; length];
        self.receive(&mut bytes, cancel)?;
        Ok(bytes)
    }

    fn send(&mut self, mut bytes: &[u8], cancel: &Cancel) -> Result<(), Fault> {
        while !bytes.is_empty() {
            match self.socket.write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if waits(&error) => {}
                Err(_) => return Err(Fault::Gone),
            }
            cancel.check().map_err(Fault::Stopped)?;
        }
        Ok(())
    }

    fn receive(&mut self, bytes: &mut [u8], cancel: &Cancel) -> Result<(), Fault> {
        let mut at = 0;
        while at < bytes.len() {
            match self.socket.read(&mut bytes[at..]) {
                Ok(0) => return Err(Fault::Gone),
                Ok(came) => at += came,
                Err(error) if waits(&error) => {}
                Err(_) => return Err(Fault::Gone),
            }
            cancel.check().map_err(Fault::Stopped)?;
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(%error, "a worker that cannot be ended");
        }
    }
}

fn waits(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// How a process ended, for people.
pub(crate) fn told(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit {code}"),
        (None, None) => "no status".to_owned(),
    }
}
