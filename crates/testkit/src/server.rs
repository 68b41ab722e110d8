//! Server processes under test.

use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A running server. Killed, not asked, when dropped.
pub struct Spawned {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Spawned {
    /// Starts a command and reads its standard output until `ready` says so of a line, given all lines so far. Later output
    /// is still read, so that the process does not block on it.
    ///
    /// # Errors
    /// When it cannot be started, ends first, or is not ready in time; the message has what it printed.
    pub fn start(
        mut command: Command,
        within: Duration,
        mut ready: impl FnMut(&[String]) -> bool,
    ) -> io::Result<Spawned> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let mut spawned = Spawned { child, lines: Arc::clone(&lines) };
        let (sender, printed) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                // Nobody listens once it is ready.
                let _ = sender.send(());
            }
        });
        let deadline = Instant::now() + within;
        loop {
            match printed.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(()) if ready(&spawned.lines()) => return Ok(spawned),
                Ok(()) => {}
                Err(mpsc::RecvTimeoutError::Timeout) => return Err(spawned.not_ready("is not ready in time")),
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(spawned.not_ready("ended before it was ready")),
            }
        }
    }

    /// Starts a command and waits until its output names as many different socket addresses, such as `127.0.0.1:8080` or
    /// `http://127.0.0.1:8080/`.
    ///
    /// # Errors
    /// As [`Spawned::start`].
    pub fn listening(command: Command, within: Duration, addresses: usize) -> io::Result<Spawned> {
        Spawned::start(command, within, |lines| addresses_in(lines).len() >= addresses)
    }

    /// All it has printed on its standard output so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The different socket addresses with a port that it has printed, in order.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        addresses_in(&self.lines())
    }

    /// The first socket address on a line that holds the label.
    pub fn address_of(&self, label: &str) -> Option<SocketAddr> {
        let lines: Vec<String> = self.lines().into_iter().filter(|line| line.contains(label)).collect();
        addresses_in(&lines).first().copied()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once (SIGKILL) and waits for its end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Whether and how it has ended.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }

    fn not_ready(&mut self, what: &str) -> io::Error {
        let ended = self.kill();
        io::Error::other(format!("the server {what} ({ended:?}); it printed {:?}", self.lines()))
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn addresses_in(lines: &[String]) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for line in lines {
        for word in line.split(|c: char| !(c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '[' | ']'))) {
            // A scheme's colon and the full stop of a sentence stick to the address.
            let word = word.trim_start_matches(':').trim_end_matches(['.', ':']);
            if let Ok(address) = word.parse::<SocketAddr>()
                && address.port() != 0
                && !found.contains(&address)
            {
                found.push(address);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn waits_for_addresses_and_kills() {
        let script = "echo starting; echo 'delivery http://127.0.0.1:8123/'; echo 'control on [::1]:9.'; exec cat /dev/zero > /dev/null";
        let mut server = Spawned::listening(shell(script), Duration::from_secs(20), 2).unwrap();
        assert_eq!(server.addresses(), ["127.0.0.1:8123".parse().unwrap(), "[::1]:9".parse().unwrap()]);
        assert_eq!(server.address_of("control"), Some("[::1]:9".parse().unwrap()));
        assert_eq!(server.ended().unwrap(), None);
        assert!(!server.kill().unwrap().success());
    }

    #[test]
    fn an_early_end_is_told_with_its_output() {
        let Err(error) = Spawned::listening(shell("echo no port; exit 3"), Duration::from_secs(20), 1) else {
            panic!("it never listened")
        };
        assert!(error.to_string().contains("no port"), "{error}");
    }
}
