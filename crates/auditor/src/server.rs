//! A server of our own to audit, started on loopback for one run.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use testkit::server::Spawned;

use crate::target::configuration;

/// The source's name in the configuration.
pub const SOURCE: &str = "audit";
/// The key that the server is given.
pub const KEY: &str = "ak_000102030405060708090a0b0c0d0e0f1011121314151617";
/// Memory for derivatives: less than they take all together, so that some answers come from the disk tier.
pub const MEMORY: &str = "1MiB";

/// A running server. Killed when dropped.
pub struct Server {
    /// Where pictures are asked for.
    pub delivery: SocketAddr,
    /// The control plane.
    pub control: SocketAddr,
    /// The process.
    pub process: Spawned,
}

impl Server {
    /// Starts a binary of Afterimage in front of an origin, on free ports, with its data and configuration in a folder.
    ///
    /// # Errors
    /// When the folder cannot be written, or the server does not start.
    pub fn start(binary: &Path, origin: SocketAddr, folder: &Path) -> io::Result<Server> {
        let listen = "listen = { delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }";
        let data = folder.join("data").display().to_string();
        let file = folder.join("audit.toml");
        std::fs::write(&file, configuration(origin, SOURCE, listen, Some(&data), MEMORY))?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(&file).env("AFTERIMAGE_API_KEY", KEY);
        let ready = |lines: &[String]| lines.iter().any(|line| line.starts_with("API key"));
        let process = Spawned::start(command, Duration::from_secs(60), ready)?;
        let address = |label: &str| {
            process.address_of(label).ok_or_else(|| io::Error::other(format!("no address: {:?}", process.lines())))
        };
        let (delivery, control) = (address("serves pictures on")?, address("Control plane")?);
        Ok(Server { delivery, control, process })
    }
}
