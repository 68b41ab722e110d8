//! What is told to others: signed webhooks about purges.
//!
//! Messages are signed as the Standard Webhooks scheme says (<https://www.standardwebhooks.com>), wait in a durable outbox,
//! and are tried again with growing pauses until somebody takes them or a day has passed. They go only to addresses whose
//! origin stands in the configuration, and redirects are not followed: nobody who may purge can make this server call
//! another.

mod hook;
mod outbox;
mod sign;
mod worker;

pub use hook::{BadHook, Hook, read_secret, shown_address};
pub use outbox::{Attempt, Delivery, Ending, Facts, Message, Outbox, OutboxError};
pub use sign::signature;
pub use worker::{Hooks, NotAllowed, Settings};
