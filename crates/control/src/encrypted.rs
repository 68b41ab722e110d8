//! The private plane's listener behind TLS.

use std::io;
use std::net::SocketAddr;

use axum::serve::Listener;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Handshakes that are done and not yet taken.
const READY: usize = 64;

/// Connections whose handshakes are done. Each is made in a task of its own, so that a slow client holds up nobody.
pub(crate) struct Encrypted {
    address: SocketAddr,
    ready: mpsc::Receiver<(tls::Stream, SocketAddr)>,
}

impl Encrypted {
    pub fn new(mut listener: TcpListener, acceptor: tls::Acceptor) -> io::Result<Encrypted> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(READY);
        tokio::spawn(async move {
            loop {
                let (stream, client) = tokio::select! {
                    accepted = Listener::accept(&mut listener) => accepted,
                    () = sender.closed() => return,
                };
                let _ = stream.set_nodelay(true);
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    match acceptor.accept(stream).await {
                        // Nobody takes it once the plane has stopped.
                        Ok(stream) => drop(sender.send((stream, client)).await),
                        Err(error) => tracing::debug!(%error, %client, "no handshake"),
                    }
                });
            }
        });
        Ok(Encrypted { address, ready })
    }
}

impl Listener for Encrypted {
    type Io = tls::Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The task that sends has ended, which it does not before this is dropped.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
