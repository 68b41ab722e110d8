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

    /// Notes that a message was delivered, or is given up.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn done(&self, id: u64, at: u64) -> Result<(), OutboxError>;

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
    fn retry(&self, id: u64, next_at: u64) -> Result<(), OutboxError>;
}

/// Knows what has happened.
pub trait Facts: Send + Sync {
    /// What a message says of something that happened to a purge; `None` while it has not, or where it never will. Blocks.
    fn body(&self, purge: PurgeId, event: &str) -> Option<Vec<u8>>;
}
