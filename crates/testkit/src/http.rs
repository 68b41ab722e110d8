//! A plain HTTP/1.1 client for tests: keeps its connection, and sends any target and header as it is.

use std::io;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The whole body, transfer coding removed.
    pub body: Bytes,
}

impl Answer {
    /// A header as text; empty where it is absent or no text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One connection to a server, opened when needed.
pub struct Client {
    address: SocketAddr,
    host: String,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// For a server; `Host` is its address.
    pub fn new(address: SocketAddr) -> Self {
        Client { address, host: address.to_string(), stream: None }
    }

    /// Sends another `Host`.
    #[must_use]
    pub fn with_host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// `GET`.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&mut self, target: &str) -> io::Result<Answer> {
        self.send("GET", target, &[], b"").await
    }

    /// `GET` with headers.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get_with(&mut self, target: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
        self.send("GET", target, headers, b"").await
    }

    /// Sends a request and reads the answer. The target is not encoded or checked. `Host` is added unless given, and
    /// `Content-Length` where there is a body.
    ///
    /// # Errors
    /// When the connection fails or ends early, or the answer is no HTTP/1. A kept connection that the server has closed is
    /// opened anew once.
    pub async fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Answer> {
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += &format!("Host: {}\r\n", self.host);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        head += "\r\n";
        let request = [head.as_bytes(), body].concat();

        if let Some(stream) = self.stream.take() {
            match self.exchange(stream, method, &request).await {
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                other => return other,
            }
        }
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.exchange(BufReader::new(stream), method, &request).await
    }

    async fn exchange(&mut self, mut stream: BufReader<TcpStream>, method: &str, request: &[u8]) -> io::Result<Answer> {
        stream.get_mut().write_all(request).await.map_err(|_| io::ErrorKind::ConnectionReset)?;
        let (mut answer, keep) = loop {
            let (status, headers) = read_head(&mut stream).await?;
            if (100..200).contains(&status) {
                continue;
            }
            let keep = !says(&headers, "connection", "close");
            break (Answer { status, headers, body: Bytes::new() }, keep);
        };
        let bodyless = method == "HEAD" || matches!(answer.status, 204 | 304);
        let length = answer.header("content-length").parse::<usize>().ok();
        let mut framed = true;
        if bodyless {
        } else if says(&answer.headers, "transfer-encoding", "chunked") {
            answer.body = read_chunks(&mut stream).await?;
        } else if let Some(length) = length {
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            answer.body = body.into();
        } else {
            let mut body = Vec::new();
            stream.read_to_end(&mut body).await?;
            answer.body = body.into();
            framed = false;
        }
        if keep && framed {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn says(headers: &HeaderMap, name: &str, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

async fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await?;
    if line.pop() != Some(b'\n') {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| bad("a header line is not UTF-8"))
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<(u16, HeaderMap)> {
    // Nothing at all means that the server had closed a kept connection.
    if stream.fill_buf().await?.is_empty() {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let first = read_line(stream).await?;
    let status =
        first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let status = status.ok_or_else(|| bad(&format!("no status line: {first:?}")))?;
    let mut headers = HeaderMap::new();
    loop {
        let line = read_line(stream).await?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad(&format!("no header: {line:?}")))?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(&format!("bad header name: {line:?}")))?;
        let value = HeaderValue::from_str(value.trim()).or_else(|_| HeaderValue::from_bytes(value.trim().as_bytes()));
        headers.append(name, value.map_err(|_| bad(&format!("bad header value: {line:?}")))?);
    }
}

async fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Bytes> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| bad(&format!("bad chunk size: {line:?}")))?;
        if size == 0 {
            while !read_line(stream).await?.is_empty() {}
            return Ok(body.into());
        }
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..]).await?;
        read_line(stream).await?;
    }
}
