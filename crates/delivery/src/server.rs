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
use hyper_util::server::graceful::GracefulShutdown;
use socket2::{Domain, Protocol, Socket, Type};
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

/// Serves on listeners, one thread each, until stopped.
///
/// # Errors
/// When a thread or its runtime cannot be started.
pub fn serve(plane: Arc<Plane>, listeners: Vec<TcpListener>, grace: Duration) -> io::Result<Running> {
    let (stop, stopped) = watch::channel(false);
    let mut threads = Vec::new();
    for (number, listener) in listeners.into_iter().enumerate() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (plane, stopped) = (plane.clone(), stopped.clone());
        let thread = std::thread::Builder::new().name(format!("delivery-{number}")).spawn(move || {
            if let Err(error) = runtime.block_on(accept(plane, listener, stopped, grace)) {
                tracing::error!(%error, "a delivery thread ended");
            }
        })?;
        threads.push(thread);
    }
    Ok(Running { threads, stop })
}

async fn accept(
    plane: Arc<Plane>,
    listener: TcpListener,
    mut stopped: watch::Receiver<bool>,
    grace: Duration,
) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
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
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        let _ = stream.set_nodelay(true);
        let plane = plane.clone();
        let open = OpenConnection::new(&plane);
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let plane = plane.clone();
            async move {
                let (parts, body) = request.into_parts();
                Ok::<_, std::convert::Infallible>(plane.answer(parts, body, client.ip()).await)
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        let watched = graceful.watch(connection.into_owned());
        tokio::spawn(async move {
            let _open = open;
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(grace, graceful.shutdown()).await;
    Ok(())
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
