//! What the worker asks of the rooms around it.

use purge::PurgeId;

/// A message that is to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number; 0 for one that is not stored yet.
    pub id: u64,
    /// The purge that it is about.
    pub purge: PurgeId,
    /// What happened: `effective`, `refreshed`, `erased` or `lifted`.
    pub event: String,
    /// Where it goes.
    pub url: String,
    /// What it says; empty for something that has not happened yet. Then it is asked for when its time has come.
    pub body: Vec<u8>,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it was made, or what it says was written down, in milliseconds since the Unix epoch.
    pub created_at: u64,
    /// When it is tried next.
    pub next_at: u64,
}

/// An attempt to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When, in milliseconds since the Unix epoch.
    pub at: u64,
    /// The HTTP status of the answer; `None` where none came.
    pub status: Option<u16>,
    /// What went wrong, without the address; empty where nothing did.
    pub error: String,
}

/// How a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Its receiver took it.
    Delivered,
    /// It is tried no more.
    GivenUp,
}

/// A message without what it says, and how it fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What happened: `effective`, `refreshed`, `erased` or `lifted`.
    pub event: String,
    /// Where it goes. May hold what lets somebody in: see [`crate::shown_address`].
    pub url: String,
    /// Whether what it tells of has happened.
    pub has_happened: bool,
    /// How often it was tried, in vain or not.
    pub attempts: u32,
    /// The last attempt, or why it was given up.
    pub last: Option<Attempt>,
    /// When it is looked at next, in milliseconds since the Unix epoch.
    pub next_at: u64,
    /// How it ended, if it has.
    pub ended: Option<Ending>,
}

impl Delivery {
    /// Stable lower-case name of its state: `pending` before the first attempt, `failed` while it is tried again, `delivered`,
    /// `given-up`.
    pub const fn state(&self) -> &'static str {
        match self.ended {
            Some(Ending::Delivered) => "delivered",
            Some(Ending::GivenUp) => "given-up",
            None if self.attempts > 0 => "failed",
            None => "pending",
        }
    }

    /// When it is tried next, in milliseconds since the Unix epoch; `None` where it is not, or waits for something to happen.
    pub fn next_attempt(&self) -> Option<u64> {
        (self.ended.is_none() && self.has_happened).then_some(self.next_at)
    }
}

/// The store of messages failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the outbox failed: {0}")]
pub struct OutboxError(pub String);

/// Keeps messages until they are delivered. Calls block.
pub trait Outbox: Send + Sync {
    /// Stores a message durably; answers its number.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn put(&self, message: &Message) -> Result<u64, OutboxError>;

    /// Up to `limit` messages whose time has come, the longest due first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn due(&self, now: u64, limit: usize) -> Result<Vec<Message>, OutboxError>;

    /// When the next one is due, in milliseconds since the Unix epoch; `None` if none waits.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn next(&self, now: u64) -> Result<Option<u64>, OutboxError>;

    /// Notes that a message was delivered, or is given up, and the attempt that decided it, or why it was given up.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn done(&self, id: u64, at: u64, ending: Ending, last: Option<&Attempt>) -> Result<(), OutboxError>;

    /// Writes down what a message says, as of now: every attempt sends the same.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn fill(&self, id: u64, body: &[u8], now: u64) -> Result<(), OutboxError>;

    /// Sets the time at which it is looked at again.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn wait(&self, id: u64, next_at: u64) -> Result<(), OutboxError>;

    /// Counts a vain attempt and sets the time of the next.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn retry(&self, id: u64, next_at: u64, attempt: &Attempt) -> Result<(), OutboxError>;

    /// The messages about a purge that are remembered, in the order in which they were stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn of(&self, purge: PurgeId, now: u64) -> Result<Vec<Delivery>, OutboxError>;
}

/// Knows what has happened.
pub trait Facts: Send + Sync {
    /// What a message says of something that happened to a purge; `None` while it has not, or where it never will. Blocks.
    fn body(&self, purge: PurgeId, event: &str) -> Option<Vec<u8>>;
}
