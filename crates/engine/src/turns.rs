//! Whose turn it is to ask an origin: so many fetches at a time from each web source, and so many that wait.

use origin::Source;
use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) struct Turns(Vec<Option<Gate>>);

struct Gate {
    /// Those that wait hold a place in here, and those that fetch hold one too.
    places: Semaphore,
    fetches: Semaphore,
}

/// The right to fetch, for as long as it is held.
pub(crate) struct Turn<'t> {
    _held: Option<(SemaphorePermit<'t>, SemaphorePermit<'t>)>,
}

impl Turns {
    /// Files are not held back.
    pub fn new(sources: &[Source], fetches: usize, queue: usize) -> Turns {
        let (fetches, queue) = (fetches.max(1), queue.min(Semaphore::MAX_PERMITS / 2));
        let gate = || Gate { places: Semaphore::new(fetches + queue), fetches: Semaphore::new(fetches) };
        Turns(sources.iter().map(|source| source.takes_query().then(gate)).collect())
    }

    /// Waits for the turn; `None` when too many wait already.
    pub async fn take(&self, source: usize) -> Option<Turn<'_>> {
        let Some(gate) = self.0.get(source).and_then(Option::as_ref) else { return Some(Turn { _held: None }) };
        let place = gate.places.try_acquire().ok()?;
        let fetch = gate.fetches.acquire().await.ok()?;
        Some(Turn { _held: Some((place, fetch)) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn so_many_at_a_time_and_so_many_wait() {
        let gate = Gate { places: Semaphore::new(3), fetches: Semaphore::new(1) };
        let turns = Turns(vec![Some(gate), None]);
        let first = turns.take(0).await.unwrap();
        let mut second = Box::pin(turns.take(0));
        let mut third = Box::pin(turns.take(0));
        let pending = |turn: std::task::Poll<_>| turn.is_pending();
        assert!(pending(futures_poll(&mut second)) && pending(futures_poll(&mut third)));
        assert!(turns.take(0).await.is_none(), "a full queue refuses");
        assert!(turns.take(1).await.is_some(), "folders are not held back");
        drop(first);
        assert!(second.await.is_some());
        drop(third);
        assert!(turns.take(0).await.is_some());
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::Pin::new(future).poll(&mut context)
    }
}
