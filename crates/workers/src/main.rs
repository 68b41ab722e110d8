//! A worker for tests: as the real one, but files that end in certain words make it do what a decoder that was taken over, or
//! one with a fault, would do. The exit code then tells what the system answered: 0 is success, else the error's number.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode, exit};

fn main() -> ExitCode {
    let Some(memory) = std::env::args().next_back().and_then(|text| text.parse().ok()) else {
        return ExitCode::from(2);
    };
    if std::env::args().any(|word| word == "mute") {
        return ExitCode::from(7);
    }
    match workers::serve_with(memory, &mut act) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Does what the end of a file asks for.
fn act(file: &[u8]) {
    let Some(at) = file.iter().rposition(|byte| *byte == b'!') else { return };
    let Ok(word) = std::str::from_utf8(&file[at + 1..]) else { return };
    let outcome = match word {
        "abort" => std::process::abort(),
        "exit" => exit(3),
        "hang" => loop {
            std::hint::spin_loop();
        },
        "overflow" => exit(overflow(&mut [0; 4096]).into()),
        "memory" => exit(i32::from(vec![1u8; 1 << 40][1 << 30])),
        "lie" => {
            let _ = rustix::io::write(io::stdin().as_fd(), &[0xFF; 64]);
            return;
        }
        "panic" => {
            let caught = std::panic::catch_unwind(|| std::panic::panic_any(1));
            exit(i32::from(caught.is_err()) + 40)
        }
        "environment" => exit(i32::try_from(std::env::vars_os().count()).unwrap_or(99)),
        "read a file" => File::open("/etc/hostname").map(drop),
        "write a file" => File::create("/dev/shm/afterimage-test-worker").map(drop),
        "list a folder" => std::fs::read_dir("/").map(drop),
        "its own memory" => File::open("/proc/self/mem").map(drop),
        "connect" => TcpStream::connect("127.0.0.1:9").map(drop),
        "datagram" => UdpSocket::bind("127.0.0.1:0").map(drop),
        "execute" => Err(Command::new("/bin/true").exec()),
        "spawn" => Command::new("/bin/true").spawn().map(drop),
        "thread" => std::thread::Builder::new().spawn(|| {}).map(drop),
        "signal" => rustix::process::test_kill_process(rustix::process::Pid::INIT).map_err(io::Error::from),
        "trace" => traced(),
        "code" => code(),
        "output" => io::stdout().write_all(b"lost").and_then(|()| io::stdout().flush()),
        _ => return,
    };
    exit(outcome.map_or_else(|error| error.raw_os_error().unwrap_or(98), |()| 0));
}

/// Runs out of stack.
fn overflow(room: &mut [u8; 4096]) -> u8 {
    let mut more = [1; 4096];
    match std::hint::black_box(&*room) {
        [2, ..] => 0,
        _ => overflow(std::hint::black_box(&mut more)).wrapping_add(room[1]),
    }
}

fn traced() -> io::Result<()> {
    // SAFETY: plain numbers, and null where the request reads nothing.
    let answer =
        unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, std::ptr::null_mut::<u8>(), std::ptr::null_mut::<u8>()) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Asks for memory that can be run.
fn code() -> io::Result<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping at a place of the kernel's choice; nothing is read from it.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), 4096, libc::PROT_READ | libc::PROT_EXEC, flags, -1, 0) };
    if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}
