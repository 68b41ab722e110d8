//! Lists of originals.

use ledger::{KeyRole, Scope};
use serde_json::{Value, json};

use crate::world::{BEARER, IMGIX_KEY, World};

async fn list(world: &World, key: &str, query: &str) -> Value {
    let answer = world.call("GET", &format!("/v1/masters?{query}"), &[("authorization", key)], "").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

fn paths(told: &Value) -> Vec<String> {
    let said = |master: &Value| format!("{}/{}", master["source"].as_str().unwrap(), master["path"].as_str().unwrap());
    told["masters"].as_array().unwrap().iter().map(said).collect()
}

#[tokio::test]
async fn files_of_folders_then_what_is_known() {
    let world = World::new();
    world.catalogue(&[
        "cat.jpg",
        "//shop.example/media/x.jpg",
        "//shop.example/media/y/z.jpg",
        "//other.example/q.jpg",
    ]);
    let files = ["local/cat.jpg", "local/dir/a.jpg", "local/dir/b.jpg", "local/dog.jpg", "local/link.jpg"];
    let told = list(&world, BEARER, "site=imgix").await;
    let (of_folder, mut known) = (paths(&told)[..5].to_vec(), paths(&told)[5..].to_vec());
    known.sort();
    assert_eq!(
        (of_folder.as_slice(), known.as_slice()),
        (&files.map(str::to_owned)[..], &["web/x.jpg", "web/y/z.jpg"].map(str::to_owned)[..])
    );
    let first = &told["masters"][0];
    assert_eq!(
        (&first["id"], &first["content_type"], &first["bytes"]),
        (&json!(world.master("cat.jpg").as_str()), &json!("image/jpeg"), &json!(7))
    );
    assert_eq!((&first["stored_at"], &told["next"]), (&Value::Null, &Value::Null));
    // Page by page, nothing twice and nothing left out.
    for limit in [1, 2, 5, 6] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = list(&world, BEARER, &format!("site=imgix&limit={limit}&after={after}")).await;
            assert!(page["masters"].as_array().unwrap().len() <= limit);
            seen.extend(paths(&page));
            let Some(next) = page["next"].as_str() else { break };
            after = next.to_owned();
            assert!(seen.len() <= 7, "{seen:?}");
        }
        seen.sort();
        let mut all = paths(&told);
        all.sort();
        assert_eq!(seen, all, "{limit} at a time");
    }
    for (query, found) in [
        ("site=imgix&search=DIR/", &["local/dir/a.jpg", "local/dir/b.jpg"][..]),
        ("site=imgix&search=z.jpg", &["web/y/z.jpg"]),
        ("site=imgix&search=nothing", &[]),
        ("site=second&search=x", &["web/x.jpg"]),
        ("site=empty", &[]),
    ] {
        assert_eq!(paths(&list(&world, BEARER, query).await), found, "{query}");
    }
}

#[tokio::test]
async fn keys_see_their_own() {
    let world = World::new();
    let imgix = format!("Bearer {IMGIX_KEY}");
    let scope =
        Scope { roles: vec![KeyRole::Read], reaches: vec!["local/dir".to_owned()], ..Scope::everything_on(&[]) };
    let folder = format!("Bearer {}", world.keys().issue("folder", &scope).unwrap());
    assert_eq!(paths(&list(&world, &folder, "site=imgix").await), ["local/dir/a.jpg", "local/dir/b.jpg"]);
    for (key, query, status, parameter) in [
        (imgix.as_str(), "site=imgix", 200, ""),
        (&imgix, "site=imagekit", 400, "site"),
        (BEARER, "", 400, "site"),
        (BEARER, "site=nowhere", 400, "site"),
        (BEARER, "site=imgix&after=7", 400, "after"),
        (BEARER, "site=imgix&limit=0", 400, "limit"),
        (BEARER, "site=imgix&folder=x", 400, "folder"),
        ("", "site=imgix", 401, ""),
    ] {
        let answer = world.call("GET", &format!("/v1/masters?{query}"), &[("authorization", key)], "").await;
        assert_eq!(answer.status, status, "{query}");
        assert_eq!(answer.json()["parameter"].as_str().unwrap_or_default(), parameter, "{query}");
    }
}
