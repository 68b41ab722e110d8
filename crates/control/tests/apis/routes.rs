//! The routes of the control plane, read from where they are made.

use std::collections::BTreeSet;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Method in capitals and path of every route, but for the catch-alls.
pub fn routes() -> BTreeSet<(String, String)> {
    let code = include_str!("../../src/server.rs");
    let code = code.split_once("Router::new()").unwrap().1.split_once("/// Serves the plane").unwrap().0;
    let mut routes = BTreeSet::new();
    for route in code.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        // Calls, as in `post(native::purge).get(native::list)`.
        let mut words: Vec<&str> =
            route.split('(').map(|text| text.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap()).collect();
        words.pop();
        let found = METHODS.iter().filter(|method| words.contains(method));
        routes.extend(found.map(|method| (method.to_uppercase(), path.to_owned())));
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}
