//! The worker against a real receiver.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use downstream::{Attempt, Delivery, Ending, Facts, Hook, Hooks, Message, Outbox, OutboxError, Settings, signature};
use purge::PurgeId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const SECRET: &[u8] = b"a secret of thirty two bytes....";

/// An outbox that outlives its worker, as a file does.
#[derive(Default)]
struct Kept {
    messages: Mutex<BTreeMap<u64, (Message, bool)>>,
    /// How each ended, or was refused.
    fared: Mutex<Vec<(Option<Ending>, Option<Attempt>)>>,
}

impl Outbox for Kept {
    fn put(&self, message: &Message) -> Result<u64, OutboxError> {
        let mut kept = self.messages.lock().unwrap();
        let id = kept.len() as u64 + 1;
        kept.insert(id, (Message { id, ..message.clone() }, false));
        Ok(id)
    }
    fn due(&self, now: u64, limit: usize) -> Result<Vec<Message>, OutboxError> {
        let kept = self.messages.lock().unwrap();
        let due = kept.values().filter(|(message, done)| !done && message.next_at <= now);
        Ok(due.take(limit).map(|(message, _)| message.clone()).collect())
    }
    fn next(&self, _: u64) -> Result<Option<u64>, OutboxError> {
        Ok(self.messages.lock().unwrap().values().filter(|(_, done)| !done).map(|(message, _)| message.next_at).min())
    }
    fn done(&self, id: u64, _: u64, ending: Ending, last: Option<&Attempt>) -> Result<(), OutboxError> {
        self.fared.lock().unwrap().push((Some(ending), last.cloned()));
        self.messages.lock().unwrap().get_mut(&id).unwrap().1 = true;
        Ok(())
    }
    fn fill(&self, id: u64, body: &[u8], now: u64) -> Result<(), OutboxError> {
        let mut kept = self.messages.lock().unwrap();
        let message = &mut kept.get_mut(&id).unwrap().0;
        (message.body, message.created_at) = (body.to_vec(), now);
        Ok(())
    }
    fn wait(&self, id: u64, next_at: u64) -> Result<(), OutboxError> {
        self.messages.lock().unwrap().get_mut(&id).unwrap().0.next_at = next_at;
        Ok(())
    }
    fn of(&self, _: PurgeId, _: u64) -> Result<Vec<Delivery>, OutboxError> {
        Ok(Vec::new())
    }
    fn retry(&self, id: u64, next_at: u64, attempt: &Attempt) -> Result<(), OutboxError> {
        self.fared.lock().unwrap().push((None, Some(attempt.clone())));
        let mut kept = self.messages.lock().unwrap();
        let message = &mut kept.get_mut(&id).unwrap().0;
        (message.attempts, message.next_at) = (message.attempts + 1, next_at);
        Ok(())
    }
}

/// Whether the bytes are erased yet.
#[derive(Default)]
struct Erased(AtomicBool);

impl Facts for Erased {
    fn body(&self, _: PurgeId, event: &str) -> Option<Vec<u8>> {
        (event == "erased" && self.0.load(Ordering::SeqCst)).then(|| b"{\"type\":\"purge.erased\"}".to_vec())
    }
}

struct Got {
    id: String,
    body: Vec<u8>,
    signed: bool,
}

/// A receiver that answers with these statuses in turn, then with 204.
async fn receiver(statuses: Vec<u16>) -> (String, mpsc::UnboundedReceiver<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (send, receive) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut statuses = statuses.into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let (head, length) = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap();
                bytes.extend_from_slice(&piece[..read]);
                if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
                    let length: usize = header(&head, "content-length").parse().unwrap();
                    if bytes.len() >= end + 4 + length {
                        break (head, end + 4);
                    }
                }
            };
            let body = bytes[length..].to_vec();
            let (id, at) = (header(&head, "webhook-id"), header(&head, "webhook-timestamp"));
            let signed = header(&head, "webhook-signature") == signature(SECRET, &id, at.parse().unwrap(), &body);
            send.send(Got { id, body, signed }).unwrap();
            let status = statuses.next().unwrap_or(204);
            let answer = format!(
                "HTTP/1.1 {status} x\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, receive)
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find_map(|line| line.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)));
    line.unwrap().1.to_owned()
}

fn hooks(url: &str, outbox: &Arc<Kept>) -> Arc<Hooks> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pause = Duration::from_millis(20);
    let settings = Settings { first_pause: pause, look_again: pause, ..Settings::default() };
    let hook = Hook::new(url, SECRET.to_vec()).unwrap();
    Arc::new(Hooks::new(vec![hook], outbox.clone(), settings).unwrap())
}

async fn next(got: &mut mpsc::UnboundedReceiver<Got>) -> Got {
    tokio::time::timeout(Duration::from_secs(30), got.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_message_is_signed_and_tried_until_it_is_taken() {
    let (url, mut got) = receiver(vec![500, 302]).await;
    let outbox = Arc::new(Kept::default());
    let hooks = hooks(&url, &outbox);
    hooks.tell(None, PurgeId(7), "effective", b"{\"a\":1}").unwrap();
    let worker = tokio::spawn(hooks.clone().run(Arc::new(Erased::default())));
    let tried = [next(&mut got).await, next(&mut got).await, next(&mut got).await];
    for attempt in &tried {
        assert!(attempt.signed, "each attempt is signed anew");
        assert_eq!((attempt.body.as_slice(), &attempt.id), (&b"{\"a\":1}"[..], &tried[0].id));
    }
    // Delivered: the next thing that arrives is the next message.
    hooks.tell(None, PurgeId(8), "effective", b"{}").unwrap();
    assert!(next(&mut got).await.id.contains("effective"));
    let fared = outbox.fared.lock().unwrap()[..3].to_vec();
    let told = |(ending, attempt): &(Option<Ending>, Option<Attempt>)| {
        let attempt = attempt.as_ref().unwrap();
        assert!(!attempt.error.contains("hook"), "{}: the address is not told", attempt.error);
        (*ending, attempt.status.unwrap(), attempt.error.is_empty())
    };
    let expected = [(None, 500, false), (None, 302, false), (Some(Ending::Delivered), 204, true)];
    assert_eq!(fared.iter().map(told).collect::<Vec<_>>(), expected);
    worker.abort();
}

#[tokio::test]
async fn a_receiver_that_is_not_there_is_told_without_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token-in-the-path", listener.local_addr().unwrap());
    drop(listener);
    let outbox = Arc::new(Kept::default());
    let hooks = hooks(&url, &outbox);
    hooks.tell(None, PurgeId(7), "effective", b"{}").unwrap();
    let worker = tokio::spawn(hooks.run(Arc::new(Erased::default())));
    let fared = async {
        loop {
            if let Some((ending, attempt)) = outbox.fared.lock().unwrap().first().cloned() {
                return (ending, attempt.unwrap());
            }
            tokio::task::yield_now().await;
        }
    };
    let (ending, attempt) = tokio::time::timeout(Duration::from_secs(30), fared).await.unwrap();
    assert_eq!((ending, attempt.status), (None, None));
    assert!(!attempt.error.is_empty() && !attempt.error.contains("token"), "{}", attempt.error);
    worker.abort();
}

#[tokio::test]
async fn what_waits_outlives_its_worker() {
    let (url, mut got) = receiver(vec![503]).await;
    let outbox = Arc::new(Kept::default());
    let erased = Arc::new(Erased::default());
    let first = hooks(&url, &outbox);
    first.tell(None, PurgeId(7), "effective", b"{}").unwrap();
    first.expect(None, PurgeId(7), "erased").unwrap();
    let worker = tokio::spawn(first.run(erased.clone()));
    let refused = next(&mut got).await;
    worker.abort();
    let _ = worker.await;

    erased.0.store(true, Ordering::SeqCst);
    let second = tokio::spawn(hooks(&url, &outbox).run(erased));
    let mut ids = [next(&mut got).await.id, next(&mut got).await.id];
    ids.sort();
    assert_eq!(ids[0], refused.id, "the one that was refused comes again");
    assert!(ids[1].ends_with("_erased"), "and so does what happened meanwhile: {ids:?}");
    second.abort();
}

#[tokio::test]
async fn only_configured_addresses_are_called() {
    let outbox = Arc::new(Kept::default());
    let hooks = hooks("https://hooks.example/a", &outbox);
    for (url, allowed) in [
        ("https://hooks.example/a", true),
        ("https://hooks.example:443/other?x=1", true),
        ("http://hooks.example/a", false),
        ("https://hooks.example:8443/a", false),
        ("https://hooks.example.evil/a", false),
        ("https://user@hooks.example/a", false),
        ("http://169.254.169.254/latest", false),
        ("file:///etc/passwd", false),
        ("", false),
    ] {
        assert_eq!(hooks.check(url).is_ok(), allowed, "{url}");
    }
    hooks.tell(Some("https://hooks.example/a"), PurgeId(1), "effective", b"{}").unwrap();
    assert!(outbox.messages.lock().unwrap().is_empty(), "who is told anyhow is not told twice");
}

/// Facts that are not known at the first looks, and that say something else at each later one.
#[derive(Default)]
struct Late(AtomicUsize);

const LOOKS: usize = 5;

impl Facts for Late {
    fn body(&self, _: PurgeId, _: &str) -> Option<Vec<u8>> {
        let looks = self.0.fetch_add(1, Ordering::SeqCst);
        (looks >= LOOKS).then(|| format!("{{\"look\":{looks}}}").into_bytes())
    }
}

#[tokio::test]
async fn what_was_said_late_is_said_again_and_waiting_is_no_attempt() {
    let (url, mut got) = receiver(vec![500, 503]).await;
    let outbox = Arc::new(Kept::default());
    let hooks = hooks(&url, &outbox);
    hooks.expect(None, PurgeId(7), "erased").unwrap();
    let attempts = || outbox.messages.lock().unwrap()[&1].0.attempts;
    let facts = Arc::new(Late::default());
    let worker = tokio::spawn(hooks.run(facts.clone()));
    let first = next(&mut got).await;
    // It is counted when it has failed: so far there was nothing but waiting.
    let waited = attempts();
    assert!(facts.0.load(Ordering::SeqCst) > LOOKS && waited <= 1, "{waited} attempts");
    let more = [next(&mut got).await, next(&mut got).await];
    for attempt in &more {
        assert!(attempt.signed);
        assert_eq!((&attempt.body, &attempt.id), (&first.body, &first.id), "a receiver that has both may drop one");
    }
    let done = async {
        while !outbox.messages.lock().unwrap()[&1].1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), done).await.unwrap();
    assert_eq!(attempts(), 2, "the two that failed");
    worker.abort();
}
