//! The commands that ask a running server through its native API.
#![allow(clippy::print_stdout)]

pub mod args;
pub mod audit;
pub mod explain;
pub mod keys;
pub mod purge;
pub mod purges;
pub mod table;
pub mod takedowns;
pub mod warm;

use std::future::Future;
use std::io::{self, Write as _};
use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use args::Connection;

/// The server refused, or what was asked for is not so.
pub const REFUSED: u8 = 1;
/// The command line makes no sense.
pub const USAGE: u8 = 2;
/// No server was reached.
pub const UNREACHABLE: u8 = 3;
/// The server did what was asked for, and the wait for more ended first.
pub const LATE: u8 = 4;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// Exit status.
    pub status: u8,
    /// For people.
    pub message: String,
}

impl Failure {
    /// A failure.
    pub fn new(status: u8, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into() }
    }
}

/// Runs a command; what goes wrong is told on standard error.
pub fn run(command: impl Future<Output = Result<(), Failure>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => Err(Failure::new(UNREACHABLE, error.to_string())),
    };
    finish(outcome)
}

/// The exit status of an outcome.
pub fn finish(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("afterimage: {}", failure.message);
            ExitCode::from(failure.status)
        }
    }
}

/// Prints a line. That nobody reads it any more is no reason to fail.
pub fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// A server's native API.
pub struct Client {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Client {
    /// For the server that the command line names.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(connection: &Connection) -> Result<Client, Failure> {
        origin::install_crypto();
        let http = reqwest::Client::builder().no_proxy().build();
        let http = http.map_err(|error| Failure::new(UNREACHABLE, causes(&error)))?;
        let base = connection.control.trim_end_matches('/').to_owned();
        Ok(Client { base, key: connection.key.clone(), http })
    }

    /// Calls the API; the answer's JSON.
    ///
    /// # Errors
    /// When the server is not reached, or refuses.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let text = self.send(method, path, body).await?.text().await;
        let text = text.map_err(|error| self.unreachable(path, &error))?;
        serde_json::from_str(&text)
            .map_err(|_| Failure::new(REFUSED, format!("{}{path} answered what is no JSON", self.base)))
    }

    /// Calls the API; the answer, whose body is still to be read.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<reqwest::Response, Failure> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.map_err(|error| self.unreachable(path, &error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        let problem: Value = serde_json::from_str(&text).unwrap_or_default();
        let mut message = format!("{}{path} answered {}: ", self.base, status.as_u16());
        message.push_str(problem["detail"].as_str().unwrap_or(text.trim()));
        if let Some(parameter) = problem["parameter"].as_str() {
            message.push_str(&format!(" ({parameter})"));
        }
        let allowed: Vec<&str> =
            problem["allowed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !allowed.is_empty() {
            message.push_str(&format!("\nallowed: {}", allowed.join(", ")));
        }
        Err(Failure::new(REFUSED, message))
    }

    fn unreachable(&self, path: &str, error: &reqwest::Error) -> Failure {
        Failure::new(UNREACHABLE, format!("cannot reach {}{path}: {}", self.base, causes(error)))
    }
}

/// A query out of what was given; empty without any.
pub fn query(pairs: &[(&str, Option<String>)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|b| match b {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(b).to_string(),
                other => format!("%{other:02X}"),
            })
            .collect::<String>()
    };
    let given = pairs.iter().filter_map(|(name, value)| Some(format!("{name}={}", escape(value.as_deref()?))));
    let joined = given.collect::<Vec<_>>().join("&");
    if joined.is_empty() { joined } else { format!("?{joined}") }
}

/// One segment of a path.
pub fn segment(text: &str) -> String {
    query(&[("", Some(text.to_owned()))])[2..].to_owned()
}

/// An error with what led to it.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped() {
        let pairs = [("a", Some("x y&z=ü".to_owned())), ("b", None), ("c", Some(String::new()))];
        assert_eq!(query(&pairs), "?a=x%20y%26z%3D%C3%BC&c=");
        assert_eq!(query(&[("a", None)]), "");
        assert_eq!(segment("a/b"), "a%2Fb");
    }
}
