//! The description of the native API has every route with its methods, and no other.
#![allow(clippy::unwrap_used)]

#[path = "apis/routes.rs"]
mod routes;

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../../docs/openapi.yaml");

#[test]
fn each_route_is_described_and_each_description_is_a_route() {
    let vendors = ["/v1/files", "/v1/accounts", "/v1/metadata", "/v1/named-transformations", "/v1/sources"];
    let native =
        |(_, path): &(String, String)| path.starts_with("/v1/") && !vendors.iter().any(|begin| path.starts_with(begin));
    let routes: BTreeSet<(String, String)> = routes::routes().into_iter().filter(native).collect();
    let mut described = BTreeSet::new();
    let mut path = "";
    let paths = PAGE.lines().skip_while(|line| *line != "paths:").skip(1).take_while(|line| line.starts_with(' '));
    for line in paths {
        let (indent, name) = (line.len() - line.trim_start().len(), line.trim());
        let name = name.split(':').next().unwrap();
        match (indent, name) {
            (2, _) => path = name,
            (4, "get" | "post" | "put" | "patch" | "delete") => {
                described.insert((name.to_uppercase(), path.to_owned()));
            }
            _ => {}
        }
    }
    assert_eq!(routes, described);
}

/// Each member that a problem always has is described, and required.
#[test]
fn problems_are_described_as_they_are_sent() {
    let problem = PAGE.split("    Problem:\n").nth(1).unwrap().split("  schemas:").next().unwrap();
    let required = problem.lines().find_map(|line| line.trim().strip_prefix("required: ")).unwrap();
    for member in ["title", "status", "code", "fault", "detail"] {
        assert!(required.contains(member), "{member} is in every problem");
        assert!(problem.contains(&format!("{member}: {{")), "{member}");
    }
}
