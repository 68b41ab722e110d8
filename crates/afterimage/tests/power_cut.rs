//! What a power cut leaves of a purge is what was flushed before it was answered (guarantee G3, rule L4). A kill cannot show
//! that, since the kernel keeps what a killed process has written; so strace watches the order of system calls: each purge's
//! record goes into the log's write-ahead file, that file is flushed, and only then does the answer go out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::process::Command;

use support::{KEY, Server, empty_folder, eventually, serve};

const PURGES: usize = 10;
/// The write-ahead file of the purge log, as strace writes the descriptor.
const LOG: &str = "/purge.db-wal>";

/// A system call; it stands where it began.
struct Call<'t> {
    thread: &'t str,
    text: &'t str,
    /// The line at which it had returned.
    ended: usize,
}

impl Call<'_> {
    fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.text.strip_prefix(name).is_some_and(|rest| rest.starts_with('(')))
    }
}

/// Lines such as `PID fdatasync(12</data/purge.db-wal>) = 0`. A call during which another thread did something comes in two,
/// `... <unfinished ...>` and `PID <... fdatasync resumed>) = 0`; the second is a call of its own here, without a name.
fn calls(trace: &str) -> Vec<Call<'_>> {
    let lines: Vec<_> = trace.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
    let mut calls = Vec::new();
    for (at, (thread, text)) in lines.iter().enumerate() {
        let mut ended = at;
        if text.ends_with("<unfinished ...>") {
            ended = lines[at + 1..].iter().position(|(other, _)| other == thread).map_or(usize::MAX, |n| at + 1 + n);
        }
        calls.push(Call { thread, text: text.trim_start(), ended });
    }
    calls
}

/// Whether the record of a purge, which holds `name`, was written and flushed before the answer with its `id` was sent.
fn flushed_before_the_answer(trace: &str, name: &str, id: &str) -> Result<(), String> {
    let calls = calls(trace);
    let answered = |call: &Call| {
        call.is(&["write", "writev", "sendto", "sendmsg"])
            && call.text.contains("HTTP/1.1 200")
            && call.text.contains(id)
    };
    let answer = calls.iter().position(answered).ok_or("no answer was sent")?;
    let writes = |call: &Call| call.is(&["pwrite64", "write", "pwritev"]) && call.text.contains(LOG);
    let written = calls[..answer].iter().position(|call| writes(call) && call.text.contains(name));
    let written = written.ok_or("nothing was written to the log before the answer")?;
    let thread = calls[written].thread;
    let flush = |call: &&Call| call.thread == thread && call.is(&["fsync", "fdatasync"]) && call.text.contains(LOG);
    let flush = calls[written..answer].iter().find(flush).ok_or("the log was not flushed before the answer")?;
    if flush.ended >= answer {
        return Err("the answer did not wait for the end of the flush".to_owned());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_is_flushed_to_disk_before_it_is_answered() {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    assert!(
        tried.as_ref().is_ok_and(|output| output.status.success()),
        "strace is missing (scripts/setup --test installs it), or may not trace here (ptrace is forbidden): {tried:?}"
    );
    let (folder, photos, data) = empty_folder();
    let log = folder.path().join("trace");
    let plain = serve(&support::binary(), &photos, &data);
    let mut command = Command::new("strace");
    // As a grandchild, so that the process that is started, and ended, is the server.
    command.args([
        "-D",
        "-f",
        "-y",
        "-s",
        "100000",
        "-e",
        "trace=write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,fdatasync",
    ]);
    command.arg("-o").arg(&log).arg(plain.get_program()).args(plain.get_args()).env("AFTERIMAGE_API_KEY", KEY);
    let mut server = Server::start(command);
    let mut client = server.control_client();
    let mut purges = Vec::new();
    for n in 0..PURGES {
        let name = format!("picture-{n}-of-the-power-cut.jpg");
        let answer = server.purge(&mut client, &format!("[{{\"master\":\"local/{name}\"}}]")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.text().split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        purges.push((name, id));
    }
    server.process.kill().unwrap();
    let read = || String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
    eventually("strace has seen the end", async || read().contains("+++ killed by SIGKILL +++")).await;

    let trace = read();
    for (name, id) in &purges {
        flushed_before_the_answer(&trace, name, id).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
    }
    // The same trace without its flushes: what a build that does not flush would show.
    let unflushed: Vec<&str> = trace.lines().filter(|line| !line.contains("sync(")).collect();
    let unflushed = unflushed.join("\n");
    for (name, id) in &purges {
        assert!(flushed_before_the_answer(&unflushed, name, id).is_err(), "{name}: the test is blind");
    }
}
