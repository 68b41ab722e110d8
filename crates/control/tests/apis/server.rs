//! The listener.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{BEARER, World};

#[tokio::test]
async fn serves_until_told_to_stop_and_knows_who_asks() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let plane = world.plane.clone();
    let serving = tokio::spawn(control::serve(listener, plane, async move {
        let _ = stopped.await;
    }));
    let body = r#"{"targets":[{"master":"local/cat.jpg"}]}"#;
    let request = format!(
        "POST /v1/purges HTTP/1.1\r\nHost: any.example\r\nAuthorization: {BEARER}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(world.newest().from, "127.0.0.1");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(10), serving).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}
