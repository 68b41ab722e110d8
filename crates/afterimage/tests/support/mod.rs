//! The real binary, started on loopback with a configuration of the test's own.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

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
        let mut command = Command::new(binary);
        command.arg("serve").arg(folder).arg("--data").arg(data);
        command.args(["--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
        Server::start(command)
    }

    /// Serves an HTTP origin through all four dialects; `more` is added to the configuration.
    pub fn web(binary: &Path, origin: &str, data: &Path, more: &str) -> Server {
        std::fs::create_dir_all(data).unwrap();
        let file = data.with_extension("toml");
        std::fs::write(&file, web_config(origin, data, more)).unwrap();
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(&file);
        Server::start(command)
    }

    fn start(mut command: Command) -> Server {
        command.env("AFTERIMAGE_API_KEY", KEY);
        let process =
            Spawned::start(command, Duration::from_secs(60), |lines| lines.iter().any(|l| l.starts_with("API key")))
                .expect("the server starts");
        let delivery = process.address_of("serves pictures on").expect("the delivery address is printed");
        let control = process.address_of("Control plane").expect("the control address is printed");
        Server { process, delivery, control }
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

fn web_config(origin: &str, data: &Path, more: &str) -> String {
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
    let mut all = Vec::new();
    for (width, format) in [(160, "jpg"), (240, "png"), (320, "webp"), (480, "jpg"), (640, "png")] {
        let height = width / 2;
        all.push(format!("/imgix/{path}?w={width}&h={height}&fit=crop&fm={format}"));
        all.push(format!("/imagekit/tr:w-{width},h-{height},f-{format}/{path}"));
        all.push(format!("/cloudimage/{path}?w={width}&h={height}&force_format=_{format}"));
        all.push(format!("/imageboss/shop/cover:center/{width}x{height}/format:{format}/{path}"));
    }
    all
}
