//! The description of the native API has every route, and no other.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

#[test]
fn each_route_is_described_and_each_description_is_a_route() {
    let routes = include_str!("../src/server.rs");
    let quoted = routes.split('"').filter(|text| text.starts_with("/v1/") && !text.starts_with("/v1/files"));
    let routes: BTreeSet<&str> = quoted.collect();
    let page = include_str!("../../../docs/openapi.yaml");
    let paths = page.lines().filter_map(|line| line.strip_prefix("  /")?.strip_suffix(':'));
    let described: BTreeSet<String> = paths.map(|path| format!("/{path}")).collect();
    assert!(routes.len() > 10, "{routes:?}");
    assert_eq!(routes, described.iter().map(String::as_str).collect());
}
