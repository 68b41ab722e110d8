//! What a purge costs, counted and not timed: the same with one derivative and with a thousand (guarantee G6).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use ledger::CatalogueDb;
use plan::{BodyId, DerivativeKey, LogId, MasterId, Position, Selector};
use purge::{Catalogue, CatalogueError, Count, Known, Log, Place, Role, Row, Tier};
use serde_json::json;

use crate::world::{BEARER, KEY, World};

/// A catalogue that counts what is asked of it.
pub struct Counted {
    pub inner: Arc<CatalogueDb>,
    pub calls: AtomicUsize,
}

impl Counted {
    fn call(&self) -> &CatalogueDb {
        self.calls.fetch_add(1, SeqCst);
        &self.inner
    }
}

impl Catalogue for Counted {
    fn get(&self, tier: Tier, key: &DerivativeKey) -> Result<Option<Row>, CatalogueError> {
        self.call().get(tier, key)
    }
    fn put(&self, tier: Tier, rows: &[Row]) -> Result<Vec<Place>, CatalogueError> {
        self.call().put(tier, rows)
    }
    fn touch(&self, tier: Tier, uses: &[(DerivativeKey, u64)]) -> Result<(), CatalogueError> {
        self.call().touch(tier, uses)
    }
    fn remove(&self, tier: Tier, key: &DerivativeKey, body: BodyId) -> Result<(), CatalogueError> {
        self.call().remove(tier, key, body)
    }
    fn remove_segment(&self, tier: Tier, segment: u64) -> Result<u64, CatalogueError> {
        self.call().remove_segment(tier, segment)
    }
    fn totals(&self, tier: Tier) -> Result<(u64, u64), CatalogueError> {
        self.call().totals(tier)
    }
    fn walk(&self, tier: Tier, after: Option<DerivativeKey>, limit: usize) -> Result<Vec<Row>, CatalogueError> {
        self.call().walk(tier, after, limit)
    }
    fn count_master(&self, tier: Tier, master: &MasterId) -> Result<(u64, u64), CatalogueError> {
        self.call().count_master(tier, master)
    }
    fn count_tag(&self, tier: Tier, tag: &str) -> Result<(u64, u64), CatalogueError> {
        self.call().count_tag(tier, tag)
    }
    fn matching(
        &self,
        tier: Tier,
        selector: &Selector,
        after: Option<DerivativeKey>,
        limit: usize,
    ) -> Result<Vec<Row>, CatalogueError> {
        self.call().matching(tier, selector, after, limit)
    }
    fn count(&self, tier: Tier, selector: &Selector) -> Result<Count, CatalogueError> {
        self.call().count(tier, selector)
    }
    fn masters(&self, after: Option<u64>, limit: usize) -> Result<Vec<Known>, CatalogueError> {
        self.call().masters(after, limit)
    }
    fn highest_stamp(&self, log: LogId) -> Result<Option<Position>, CatalogueError> {
        self.call().highest_stamp(log)
    }
    fn clear(&self) -> Result<(), CatalogueError> {
        self.call().clear()
    }
}

const MANY: u32 = 1000;

/// Derivatives of a master in the catalogue.
fn fill(world: &World, name: &str, first: u32, many: u32) {
    let row = |n: u32| {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&n.to_be_bytes());
        Row {
            key: DerivativeKey(key),
            body: BodyId(key),
            place: Place { segment: 0, offset: u64::from(n) * 10, length: 10 },
            stamp: world.now(),
            exact: None,
            dependencies: vec![(world.master(name), Role::Main)],
            content_type: "image/jpeg".into(),
            size: 10,
            url: String::new(),
            stored_at: 0,
            last_used: 0,
            labels: Vec::new(),
            recipe: 1,
            data_key: None,
        }
    };
    let rows: Vec<Row> = (first..first + many).map(row).collect();
    world.catalogue.put(Tier::Derivatives, &rows).unwrap();
    let of_master = world.catalogue.count(Tier::Derivatives, &Selector::Master(world.master(name))).unwrap();
    assert_eq!(of_master.entries, u64::from(many));
}

#[tokio::test]
async fn a_purge_costs_the_same_with_one_derivative_and_with_a_thousand() {
    let world = World::new();
    fill(&world, "cat.jpg", 0, 1);
    fill(&world, "dog.jpg", 1, MANY);
    let imgix = |name: &str| json!({ "data": { "type": "purges", "attributes": { "url": format!("http://localhost/imgix/{name}") } } });
    for (path, header, body) in [
        (
            "/v1/purges",
            ("authorization", BEARER),
            (|name| json!({ "targets": [{ "master": format!("local/{name}") }] })) as fn(&str) -> _,
        ),
        (
            "/v1/purges",
            ("authorization", BEARER),
            |name| json!({ "targets": [{ "prefix": format!("local/{name}") }], "mode": "soft" }),
        ),
        ("/api/v1/purge", ("authorization", BEARER), imgix),
        ("/invalidate", ("x-client-key", KEY), |name| json!({ "scope": "original", "urls": [name] })),
    ] {
        let mut costs = Vec::new();
        for name in ["cat.jpg", "dog.jpg"] {
            let index = world.engine.index();
            let before = (world.log.counts(), world.catalogue.calls.load(SeqCst), index.len(), index.epoch());
            let answer = world.call("POST", path, &[header], body(name).to_string()).await;
            assert!(answer.status < 300, "{path}: {}", answer.text);
            let after = (world.log.counts(), world.catalogue.calls.load(SeqCst), index.len(), index.epoch());
            let transactions = after.0.0 - before.0.0;
            let touched = (after.0.1 - before.0.1, after.1 - before.1, after.2 - before.2, after.3 - before.3);
            costs.push((transactions, touched));
        }
        assert_eq!(
            costs[0], costs[1],
            "{path}: transactions, (rows of the log, calls of the catalogue, names, changes of the index)"
        );
        let (transactions, (rows, catalogue, ..)) = costs[0];
        assert_eq!((transactions, rows, catalogue), (1, 1, 0), "{path}");
    }
    assert_eq!(world.log.head().unwrap(), Position(8));
}
