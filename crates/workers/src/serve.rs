//! One worker, as it sees itself.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use codec::Cancel;
use rustix::event::{PollFd, PollFlags};

use crate::sandbox;
use crate::wire::{self, Reply, Request};

/// A worker is this much nicer than others: it is as much in the way of quick answers as a render.
const NICE: i32 = 5;
/// A file longer than this leaves no room behind for the next one.
const LONG: usize = 4 << 20;

/// Is a worker: gives up all rights, says so, and decodes what comes over the socket that is its standard input, until that is
/// closed. Does not return before. `memory` is the address space that it leaves itself, in bytes.
///
/// # Errors
/// When standard input is no socket, or is broken.
pub fn serve(memory: u64) -> io::Result<()> {
    serve_with(memory, &mut |_| {})
}

/// As [`serve`], and calls `before` with each file before it is decoded: for tests of what a decoder's fault costs.
///
/// # Errors
/// As [`serve`].
pub fn serve_with(memory: u64, before: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let stdin = io::stdin();
    let mut socket = Socket(stdin.as_fd());
    close_the_rest();
    quiet();
    codec::prepare();
    let mut enforced = sandbox::files_and_memory(memory);
    std::thread::Builder::new().name("hangup".to_owned()).stack_size(64 << 10).spawn(end_with_the_server)?;
    enforced.seccomp = sandbox::system_calls();
    socket.write_all(&wire::hello(&enforced))?;

    let mut file = Vec::new();
    loop {
        let mut head = [0; wire::REQUEST];
        match socket.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        }
        let request = Request::of_bytes(&head);
        let length = usize::try_from(request.length).map_err(io::Error::other)?;
        file.clear();
        file.resize(length, 0);
        socket.read_exact(&mut file)?;
        before(&file);
        let reply = answer(&file, &request);
        for part in [reply.head().as_slice(), reply.text().as_bytes(), reply.profile(), reply.pixels()] {
            socket.write_all(part)?;
        }
        if file.capacity() > LONG {
            file = Vec::new();
        }
    }
}

fn answer(file: &[u8], request: &Request) -> Reply {
    let answer = match &request.decode {
        None => codec::probe(file, &request.budget).map(Reply::Info),
        Some(ask) => codec::decode(file, ask, &request.budget, &Cancel::never()).map(Reply::Decoded),
    };
    answer.unwrap_or_else(Reply::Error)
}

/// Closes what the server was given by whoever started it, and handed on without knowing.
fn close_the_rest() {
    // SAFETY: plain numbers. The process has just begun and has opened nothing of its own, so nobody misses a file above the
    // three standard ones. Kernels before 5.9 refuse; what is open is counted later.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
}

/// Behaves well beside a server.
fn quiet() {
    // The server asks it to end by hanging up. What else is sent to a whole group of processes, such as the signal by which
    // an init system ends a service, would cost what the server is about to finish.
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: plain numbers; to ignore a signal needs no handler.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    // A panic is an error of its file; the standard hook would open files to tell of it.
    std::panic::set_hook(Box::new(|_| {}));
    let nice = rustix::process::getpriority_process(None).unwrap_or(0).max(NICE);
    let _ = rustix::process::setpriority_process(None, nice);
    // Where memory is short, the kernel takes a worker first.
    let _ = std::fs::write("/proc/self/oom_score_adj", "500");
}

/// Ends the process when the server does, also in the middle of a job.
fn end_with_the_server() {
    let stdin = io::stdin();
    let socket = stdin.as_fd();
    // No events: that the other end is gone is always told.
    let mut waiting = [PollFd::new(&socket, PollFlags::empty())];
    while let Err(rustix::io::Errno::INTR) = rustix::event::poll(&mut waiting, None) {}
    // SAFETY: a plain number. Nothing is to be cleaned up, and the other thread may be within a library.
    unsafe { libc::_exit(0) }
}

/// The socket: plain calls that the filter lets through.
struct Socket<'a>(BorrowedFd<'a>);

impl Read for Socket<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, bytes)?)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
