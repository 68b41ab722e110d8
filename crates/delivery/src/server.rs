//! Sockets and threads of the public plane: one listening socket and one single-threaded runtime per thread, so that a hit
//! never moves between cores.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use socket2::{Domain, Protocol, Socket, Type};
use tls::{Acceptor, Refused};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::service::Plane;

const BACKLOG: i32 = 4096;
/// A client that has not sent a whole request head after this is cut off.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Opens one listening socket per thread on the same address. Port 0 picks one port for all.
///
/// # Errors
/// When the address cannot be bound, or another process listens there.
pub fn bind(address: SocketAddr, threads: usize) -> io::Result<Vec<TcpListener>> {
    // Sockets that share a port share it with other processes of the same user too: a second server would take a part of
    // the requests without a word, and answer them from a cache that purges of the first do not reach.
    drop(listener(address, false)?);
    let first = listener(address, threads > 1)?;
    let bound = first.local_addr()?;
    let mut all = vec![first];
    for _ in 1..threads {
        all.push(listener(bound, true)?);
    }
    Ok(all)
}

fn listener(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The threads that serve.
pub struct Running {
    threads: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Stops accepting, finishes what was begun within `grace`, and returns when all threads have ended.
    pub fn stop(self) {
        self.stop.send_replace(true);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// The sockets of one address, and what is spoken there.
pub struct Entrance {
    /// One socket for each thread, as [`bind`] opens them.
    pub sockets: Vec<TcpListener>,
    /// Makes handshakes; `None` = HTTP in the clear.
    pub tls: Option<Acceptor>,
}

/// Protocols inside TLS, in order of preference, as ALPN names them.
pub const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

/// Serves at entrances until stopped. Each thread has a socket of every entrance.
///
/// # Errors
/// When a thread or its runtime cannot be started.
pub fn serve(plane: Arc<Plane>, entrances: Vec<Entrance>, grace: Duration) -> io::Result<Running> {
    let (stop, stopped) = watch::channel(false);
    let count = entrances.iter().map(|entrance| entrance.sockets.len()).max().unwrap_or(0);
    let mut of_threads: Vec<Vec<Door>> = (0..count).map(|_| Vec::new()).collect();
    for entrance in entrances {
        for (doors, listener) in of_threads.iter_mut().zip(entrance.sockets) {
            doors.push(Door {
                plane: plane.clone(),
                listener,
                tls: entrance.tls.clone(),
                stopped: stopped.clone(),
                grace,
            });
        }
    }
    let mut threads = Vec::new();
    for (number, doors) in of_threads.into_iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(format!("delivery-{number}")).spawn(move || {
            runtime.block_on(async {
                let mut tasks = tokio::task::JoinSet::new();
                doors.into_iter().for_each(|door| drop(tasks.spawn(door.open())));
                while let Some(ended) = tasks.join_next().await {
                    if let Ok(Err(error)) = ended {
                        tracing::error!(%error, "a delivery thread ended");
                    }
                }
            });
        })?;
        threads.push(thread);
    }
    Ok(Running { threads, stop })
}

/// One socket of one thread.
struct Door {
    plane: Arc<Plane>,
    listener: TcpListener,
    tls: Option<Acceptor>,
    stopped: watch::Receiver<bool>,
    grace: Duration,
}

impl Door {
    async fn open(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let mut stopped = self.stopped;
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_buf_size(64 * 1024);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256).max_header_list_size(32 * 1024);
        let graceful = GracefulShutdown::new();
        loop {
            let (stream, client) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors, most likely: wait for connections to end.
                        tracing::warn!(%error, "accepting");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = told(&mut stopped) => break,
            };
            let _ = stream.set_nodelay(true);
            let connection = Connection {
                open: OpenConnection::new(&self.plane),
                client,
                builder: builder.clone(),
                watcher: graceful.watcher(),
            };
            match &self.tls {
                None => drop(tokio::spawn(connection.serve(stream))),
                Some(tls) => drop(tokio::spawn(connection.serve_tls(stream, tls.clone(), stopped.clone()))),
            }
        }
        drop(listener);
        let _ = tokio::time::timeout(self.grace, graceful.shutdown()).await;
        Ok(())
    }
}

/// Resolves when the server stops.
async fn told(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

struct Connection {
    open: OpenConnection,
    client: SocketAddr,
    builder: Builder<TokioExecutor>,
    watcher: Watcher,
}

impl Connection {
    /// Nobody waits for a handshake when the server stops: no request has begun.
    async fn serve_tls(self, stream: TcpStream, tls: Acceptor, mut stopped: watch::Receiver<bool>) {
        let shaken = tokio::select! {
            shaken = tls.accept(stream) => shaken,
            () = told(&mut stopped) => return,
        };
        let metrics = &self.open.0.metrics;
        metrics.handshook(match &shaken {
            Ok(_) => "done",
            Err(Refused::Plain) => "plain",
            Err(Refused::TimedOut) => "timeout",
            Err(Refused::Failed(_)) => "failed",
        });
        match shaken {
            Ok(stream) => self.serve(stream).await,
            Err(error) => tracing::debug!(%error, client = %self.client, "no handshake"),
        }
    }

    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Connection { open, client, builder, watcher } = self;
        let plane = open.0.clone();
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let plane = plane.clone();
            async move {
                let (parts, body) = request.into_parts();
                Ok::<_, std::convert::Infallible>(plane.answer(parts, body, client).await)
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

struct OpenConnection(Arc<Plane>);

impl OpenConnection {
    fn new(plane: &Arc<Plane>) -> Self {
        plane.metrics.connections.inc();
        OpenConnection(plane.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.metrics.connections.dec();
    }
}
