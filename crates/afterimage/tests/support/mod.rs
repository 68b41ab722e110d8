//! The real binary, started on loopback with a configuration of the test's own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod look;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use testkit::http::{Answer, Client};
use testkit::server::Spawned;

pub const KEY: &str = "ak_000102030405060708090a0b0c0d0e0f1011121314151617";

/// The binary under test; `AFTERIMAGE_BINARY` names another build of it.
pub fn binary() -> PathBuf {
    std::env::var_os("AFTERIMAGE_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_afterimage").into(), Into::into)
}

pub struct Server {
    pub process: Spawned,
    pub delivery: SocketAddr,
    pub control: SocketAddr,
}

impl Server {
    /// Serves a folder without configuration.
    pub fn folder(binary: &Path, folder: &Path, data: &Path) -> Server {
        Server::folder_with(binary, folder, data, &[])
    }

    /// As [`Server::folder`], with settings from the environment: `("AFTERIMAGE__CACHE__DISK", "1GiB")`.
    pub fn folder_with(binary: &Path, folder: &Path, data: &Path, settings: &[(&str, &str)]) -> Server {
        let mut command = serve(binary, folder, data);
        command.envs(settings.iter().copied());
        Server::start(command)
    }

    /// Serves an HTTP origin through all four dialects; `more` is added to the configuration.
    pub fn web(binary: &Path, origin: &str, data: &Path, more: &str) -> Server {
        Server::configured(binary, data, &web_config(origin, data, more))
    }

    /// Serves by a configuration, which is written beside the data folder.
    pub fn configured(binary: &Path, data: &Path, config: &str) -> Server {
        std::fs::create_dir_all(data).unwrap();
        let file = data.with_extension("toml");
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(&file);
        Server::start(command)
    }

    /// Starts a command that serves, and waits until it does.
    pub fn start(mut command: Command) -> Server {
        command.env("AFTERIMAGE_API_KEY", KEY);
        let process =
            Spawned::start(command, Duration::from_secs(60), |lines| lines.iter().any(|l| l.starts_with("API key")))
                .expect("the server starts");
        let delivery = process.address_of("serves pictures on").expect("the delivery address is printed");
        let control = process.address_of("Control plane").expect("the control address is printed");
        Server { process, delivery, control }
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let kill = format!("kill -TERM {}", self.process.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        self.process.wait().unwrap()
    }

    /// The number after a name and labels in `/metrics`; 0 where there is no such line.
    pub async fn metric(&self, name: &str) -> u64 {
        let answer = self.control_client().get("/metrics").await.expect("the control plane answers");
        let text = answer.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |number| number.parse().unwrap_or_else(|_| panic!("{name} {number}")))
    }

    /// The most memory the process ever used, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
    }

    pub fn client(&self) -> Client {
        Client::new(self.delivery)
    }

    pub fn control_client(&self) -> Client {
        Client::new(self.control)
    }

    /// Purges through the native API and answers once that has answered.
    pub async fn purge(&self, client: &mut Client, targets: &str) -> Answer {
        let body = format!("{{\"targets\":{targets}}}");
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        client.send("POST", "/v1/purges", &headers, body.as_bytes()).await.expect("the control plane answers")
    }
}

/// The command that serves a folder without configuration.
pub fn serve(binary: &Path, folder: &Path, data: &Path) -> Command {
    let mut command = Command::new(binary);
    command.arg("serve").arg(folder).arg("--data").arg(data);
    command.args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]).env("AFTERIMAGE_API_KEY", KEY);
    command
}

/// Runs a command of the binary to its end, which must come by itself.
pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(binary());
    command.env_remove("AFTERIMAGE_API_KEY").env_remove("AFTERIMAGE_CONTROL");
    command.args(arguments).envs(environment.iter().copied());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (pid, (sender, ended)) = (child.id(), std::sync::mpsc::channel());
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    ended.recv_timeout(Duration::from_secs(60)).map(Result::unwrap).unwrap_or_else(|_| {
        let _ = Command::new("sh").args(["-c", &format!("kill -KILL {pid}")]).status();
        panic!("{arguments:?} does not end")
    })
}

/// The repository's sample pictures.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")
}

/// A folder with copies of the sample pictures, and a place for data beside it.
pub fn sample_folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let all = tempfile::tempdir().unwrap();
    let (photos, data) = (all.path().join("photos"), all.path().join("data"));
    std::fs::create_dir(&photos).unwrap();
    for item in std::fs::read_dir(samples()).unwrap() {
        let path = item.unwrap().path();
        std::fs::copy(&path, photos.join(path.file_name().unwrap())).unwrap();
    }
    (all, photos, data)
}

/// An empty folder, and a place for data beside it.
pub fn empty_folder() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let all = tempfile::tempdir().unwrap();
    let (photos, data) = (all.path().join("photos"), all.path().join("data"));
    std::fs::create_dir(&photos).unwrap();
    (all, photos, data)
}

/// Asks again and again until the answer is yes, for what can only be watched from outside.
pub async fn eventually(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !ask().await {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// All four dialects over an HTTP origin called `shop`.
pub fn web_config(origin: &str, data: &Path, more: &str) -> String {
    let mut text = format!(
        "listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\ndata = {:?}\n{more}\n\
         [source.shop]\ntype = \"http\"\nbase = {origin:?}\nallow_private = true\n",
        data.display().to_string(),
    );
    for dialect in ["imgix", "imagekit", "cloudimage", "imageboss"] {
        text.push_str(&format!(
            "[[site]]\nname = \"{dialect}\"\ndialect = \"{dialect}\"\nprefix = \"/{dialect}\"\nsources = [\"shop\"]\n"
        ));
    }
    text
}

/// Twenty derivatives of one master, five in each dialect, in the shape and at sizes at which versions can be read.
pub fn derivatives(path: &str) -> Vec<String> {
    derivatives_of("shop", path)
}

/// As [`derivatives`], of a source.
pub fn derivatives_of(source: &str, path: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (width, format) in [(160, "jpg"), (240, "png"), (320, "webp"), (480, "jpg"), (640, "png")] {
        let height = width / 2;
        all.push(format!("/imgix/{path}?w={width}&h={height}&fit=crop&fm={format}"));
        all.push(format!("/imagekit/tr:w-{width},h-{height},f-{format}/{path}"));
        all.push(format!("/cloudimage/{path}?w={width}&h={height}&force_format=_{format}"));
        all.push(format!("/imageboss/{source}/cover:center/{width}x{height}/format:{format}/{path}"));
    }
    all
}
