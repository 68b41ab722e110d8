//! What noting a request costs the thread that answers it.
#![allow(missing_docs)]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use plan::reason::Served;
use stats::{Addresses, Keeper, Line, Recorder, Request, Row, Settings, SiteName, Step, Store, StoreError, Stored};

struct Nowhere;

impl Store for Nowhere {
    fn add(&self, _: &[(stats::Cell, &stats::Bucket)], _: &[Arc<Line>], _: u64) -> Result<(), StoreError> {
        Ok(())
    }
    fn rows(&self, _: Step, _: u64, _: u64) -> Result<Vec<Row>, StoreError> {
        Ok(Vec::new())
    }
    fn lines(&self, _: u64, _: &mut dyn FnMut(Line) -> bool) -> Result<(), StoreError> {
        Ok(())
    }
    fn stored(&self) -> Result<Stored, StoreError> {
        Ok(Stored::default())
    }
}

fn record(c: &mut Criterion) {
    let settings =
        Settings { parts: 8, lines: true, hits_per_second: 50, slow: 1_000_000, addresses: Addresses::Whole };
    let site = SiteName { name: "shop".into(), dialect: "imgix" };
    let recorder = Arc::new(Recorder::new(vec![site], settings));
    let keeper = Keeper::new(recorder.clone(), Arc::new(Nowhere), 1000, 1000);
    let Ok(keeper) = keeper else { return };
    let names = |what: &str, many: usize| -> Vec<(u64, String)> {
        let names = (0..many).map(|n| format!("/{what}/some/folder/picture-{n}.jpg?w=400&h=300&fit=crop&auto=format"));
        names.map(|name| (recorder.hash(&name), name)).collect()
    };
    for (what, many) in [("same", 1), ("hundred", 100), ("ten_thousand", 10_000)] {
        let (masters, plans) = (names("master", many), names("plan", many.min(50)));
        let mut n = 0usize;
        c.bench_function(&format!("hit_{what}"), |bencher| {
            bencher.iter(|| {
                n += 1;
                let (hash, name) = &masters[n * 7 % masters.len()];
                let (plan_hash, plan) = &plans[n % plans.len()];
                let master = Some(stats::Named { name, hash: *hash });
                recorder.record(&Request {
                    at: 1_700_000_000_000 + n as u64 / 50,
                    site: Some(0),
                    served: Some(Served::Memory),
                    missed: None,
                    status: 200,
                    bytes: 20_000,
                    micros: 40 + n as u64 % 30,
                    code: "",
                    is_picture: true,
                    master_bytes: Some(400_000),
                    master,
                    derivative: master,
                    plan: Some(stats::Named { name: plan, hash: *plan_hash }),
                    referrer: "https://shop.example/products/list",
                    client: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    method: "GET",
                    host: "img.shop.example",
                    target: name,
                    content_type: "image/avif",
                    user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140",
                });
                if n.is_multiple_of(50_000) {
                    keeper.collect(0);
                }
            });
        });
    }
}

criterion_group!(benches, record);
criterion_main!(benches);
