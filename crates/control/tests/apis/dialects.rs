//! The tables of the dialects, as the dashboard's playground reads them.

use crate::world::{BEARER, World};

const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];

#[tokio::test]
async fn each_dialect_has_its_table() {
    let world = World::new();
    let list = world.call("GET", "/v1/dialects", &AUTH, "").await.json();
    let names: Vec<&str> =
        list["dialects"].as_array().unwrap().iter().map(|d| d["dialect"].as_str().unwrap()).collect();
    assert_eq!(names, ["imgix", "imagekit", "cloudimage", "imageboss"]);
    for listed in list["dialects"].as_array().unwrap() {
        let name = listed["dialect"].as_str().unwrap();
        let table = world.call("GET", &format!("/v1/dialects/{name}"), &AUTH, "").await.json();
        let rows = table["parameters"].as_array().unwrap();
        assert_eq!((table["dialect"].as_str(), Some(rows.len() as u64)), (Some(name), listed["parameters"].as_u64()));
        assert!(rows.len() > 10, "{name}: {}", rows.len());
        for row in rows {
            assert!(
                row["name"].is_string() && row["kind"]["type"].is_string() && row["doc"].is_string(),
                "{name}: {row}"
            );
        }
    }
    let table = world.call("GET", "/v1/dialects/imgix", &AUTH, "").await.json();
    let width = table["parameters"].as_array().unwrap().iter().find(|row| row["name"] == "w").unwrap().clone();
    assert!(width["aliases"].as_array().unwrap().iter().any(|alias| alias == "width"), "{width}");
    let unknown = world.call("GET", "/v1/dialects/thumbor", &AUTH, "").await;
    assert_eq!((unknown.status, &unknown.json()["code"]), (404, &serde_json::json!("no-such-dialect")));
    assert_eq!(unknown.json()["allowed"].as_array().unwrap().len(), 4);
}
