//! imgix's management API: sources, assets and reports, as the vendor's clients call it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use testkit::pictures::small_png;

use crate::world::{Answer, BEARER, BOSS_KEY, IMGIX_KEY, KEY, SIGNING_SECRET, World};

const SOURCES: &str = "/api/v1/sources";
const AUTH: [(&str, &str); 1] = [("authorization", BEARER)];

async fn get(world: &World, path: &str) -> Answer {
    world.call("GET", path, &AUTH, "").await
}

fn names(document: &Value) -> Vec<String> {
    let data = document["data"].as_array().unwrap_or_else(|| panic!("{document}"));
    data.iter().map(|source| source["attributes"]["name"].as_str().unwrap().to_owned()).collect()
}

/// The id of a site's source.
async fn id(world: &World, name: &str) -> String {
    let list = get(world, SOURCES).await.json();
    let found = list["data"].as_array().unwrap().iter().find(|source| source["attributes"]["name"] == name);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

/// Follows `links.next` to its end.
async fn follow(world: &World, first: &str) -> Vec<Value> {
    let (mut path, mut all) = (first.to_owned(), Vec::new());
    for _ in 0..100 {
        let page = get(world, &path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let page = page.json();
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["links"]["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => return all,
        }
    }
    panic!("no end behind {path}");
}

#[tokio::test]
async fn sources_are_the_sites_of_the_dialect() {
    let world = World::new();
    let answer = get(&world, SOURCES).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/vnd.api+json"));
    let list = answer.json();
    assert_eq!(names(&list), ["imgix", "shop", "letter"]);
    assert_eq!(list["meta"]["pagination"]["totalRecords"], "3");
    assert_eq!((&list["jsonapi"]["version"], &list["included"]), (&json!("1.0"), &json!([])));
    let letter = &list["data"][2];
    assert_eq!(letter["type"], "sources");
    let letter_id = letter["id"].as_str().unwrap();
    assert!(letter_id.len() == 24 && letter_id.bytes().all(|b| b.is_ascii_hexdigit()), "{letter_id}");
    let attributes = &letter["attributes"];
    assert_eq!((&attributes["enabled"], &attributes["deployment_status"]), (&json!(true), &json!("deployed")));
    assert!(attributes["date_deployed"].as_u64().unwrap() > 1_700_000_000);
    let deployment = &attributes["deployment"];
    assert_eq!(deployment["custom_domains"], json!(["letter.example"]));
    assert_eq!(deployment["default_params"], json!({ "auto": "format", "q": "60" }));
    assert_eq!((&deployment["secure_url_enabled"], &deployment["cache_ttl_value"]), (&json!(true), &json!(31_536_000)));
    assert!(deployment["webfolder_base_url"].as_str().unwrap().starts_with("file:///"), "{deployment}");
    assert!(!answer.text.contains(SIGNING_SECRET) && !answer.text.contains("secure_url_token"), "no secret is shown");

    let shown = get(&world, &format!("{SOURCES}/{letter_id}")).await.json();
    assert_eq!(shown["data"], *letter);
    assert_eq!(shown["meta"]["authentication"]["tag"], "everything");
    let own = [("authorization", &*format!("Bearer {IMGIX_KEY}"))];
    assert_eq!(names(&world.call("GET", SOURCES, &own, "").await.json()), ["imgix"]);
    for path in [format!("{SOURCES}/{letter_id}"), format!("{SOURCES}/000000000000000000000000")] {
        let answer = world.call("GET", &path, &own, "").await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["status"]), (404, &json!("404")), "{path}");
    }
}

#[tokio::test]
async fn queries_as_the_clients_write_them() {
    let world = World::new();
    for (query, want) in [
        ("page[number]=0", &["imgix", "shop", "letter"][..]),
        ("page%5Bnumber%5D=1&page%5Bsize%5D=2", &["letter"]),
        ("page[number]=7&page[size]=2", &[]),
        ("page[cursor]=1&page[limit]=1", &["shop"]),
        ("sort=name", &["imgix", "letter", "shop"]),
        ("sort=-name", &["shop", "letter", "imgix"]),
        ("sort=enabled,-date_deployed,name", &["imgix", "letter", "shop"]),
        ("filter[name]=SHO", &["shop"]),
        ("filter[name]=shop,letter", &["shop", "letter"]),
        ("filter[deployment.custom_domains]=img.example", &["shop"]),
        ("filter[deployment.secure_url_enabled]=true", &["letter"]),
        ("filter[enabled]=false", &[]),
        ("filter[or:name]=shop&filter[or:deployment.secure_url_enabled]=1", &["shop", "letter"]),
        ("something=else", &["imgix", "shop", "letter"]),
    ] {
        let answer = get(&world, &format!("{SOURCES}?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        assert_eq!(names(&answer.json()), want, "{query}");
    }
    for query in ["page[size]=0", "page[number]=-1", "sort=colour", "filter[colour]=red", "page[cursor]=x"] {
        let answer = get(&world, &format!("{SOURCES}?{query}")).await;
        assert_eq!((answer.status, &answer.json()["errors"][0]["status"]), (400, &json!("400")), "{query}");
    }
    let sparse = format!("{SOURCES}?fields[sources]=name,deployment.default_params&filter[name]=letter");
    let sparse = get(&world, &sparse).await.json();
    let want = json!({ "name": "letter", "deployment": { "default_params": { "auto": "format", "q": "60" } } });
    assert_eq!(sparse["data"][0]["attributes"], want);
    let followed = follow(&world, &format!("{SOURCES}?page[size]=1&sort=name")).await;
    assert_eq!(names(&json!({ "data": followed })), ["imgix", "letter", "shop"]);
    // Links are whole URLs where the client has named a host.
    let host = [AUTH[0], ("host", "api.imgix.com")];
    let page = world.call("GET", &format!("{SOURCES}?page[size]=2&filter[enabled]=true"), &host, "").await.json();
    let next = page["links"]["next"].as_str().unwrap();
    assert!(next.starts_with("https://api.imgix.com/api/v1/sources?"), "{next}");
    assert!(next.contains("filter%5Benabled%5D=true") && next.contains("page%5Bnumber%5D=1"), "{next}");
}

#[tokio::test]
async fn what_the_configuration_owns_is_not_changed_here() {
    let world = World::new();
    let source = id(&world, "imgix").await;
    let body = json!({ "data": { "type": "sources", "attributes": { "name": "x" } } }).to_string();
    for (method, path, word) in [
        ("POST", SOURCES.to_owned(), "configuration"),
        ("PATCH", format!("{SOURCES}/{source}"), "configuration"),
        ("POST", format!("{SOURCES}/{source}/upload/new/a.jpg?overwrite=true"), "Uploads"),
        ("POST", format!("{SOURCES}/{source}/upload-sessions/a.jpg"), "Uploads"),
        ("POST", format!("{SOURCES}/{source}/publish"), "published"),
        ("POST", format!("{SOURCES}/{source}/unpublish"), "published"),
        ("PATCH", format!("{SOURCES}/{source}/assets/cat.jpg"), "asset"),
    ] {
        let answer = world.call(method, &path, &AUTH, body.clone()).await;
        let error = &answer.json()["errors"][0];
        assert_eq!((answer.status, &error["status"]), (403, &json!("403")), "{method} {path}");
        assert!(error["detail"].as_str().unwrap().contains(word), "{method} {path}: {error}");
    }
    for (method, path, status) in [
        ("DELETE", "/api/v1/reports", 405),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/reports/7", 404),
        ("GET", "/api/v1/reports", 200),
    ] {
        let answer = world.call(method, path, &AUTH, "").await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/vnd.api+json"), "{path}");
    }
    let reports = get(&world, "/api/v1/reports?page[cursor]=&page[limit]=5").await.json();
    assert_eq!((&reports["data"], &reports["links"]["next"]), (&json!([]), &Value::Null));
    assert_eq!(reports["meta"]["cursor"]["totalRecords"], "0");
}

#[tokio::test]
async fn assets_are_the_masters_that_were_used() {
    let world = World::new();
    let many: Vec<String> = (0..23).map(|n| format!("many/{n:02}.jpg")).collect();
    let listed: Vec<&str> = ["cat.jpg", "dir/a.jpg", "//shop.example/media/x.png"]
        .into_iter()
        .chain(many.iter().map(String::as_str))
        .collect();
    world.catalogue(&listed);
    let (both, local) = (id(&world, "imgix").await, id(&world, "shop").await);
    let path = format!("{SOURCES}/{local}/assets");
    let first = get(&world, &format!("{path}?page[number]=0&sort=origin_path")).await.json();
    assert_eq!(first["meta"]["cursor"]["totalRecords"], "25", "{first}");
    assert_eq!(
        (&first["data"][0]["id"], &first["data"][0]["type"]),
        (&json!(format!("{local}/cat.jpg")), &json!("assets"))
    );
    assert_eq!(first["data"][0]["attributes"]["origin_path"], "/cat.jpg");
    assert_eq!(first["data"][0]["attributes"]["date_created"], 1_700_000_000);
    assert_eq!((first["data"].as_array().unwrap().len(), &first["meta"]["pagination"]["totalPages"]), (20, &json!(2)));
    let paths = |all: &[Value]| {
        all.iter().map(|a| a["attributes"]["origin_path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let numbered = paths(&follow(&world, &format!("{path}?page[number]=0&page[size]=7&sort=origin_path")).await);
    assert!(numbered.len() == 25 && numbered.is_sorted(), "{numbered:?}");
    let older = format!("/api/v1/assets/{local}?page[cursor]=&page[limit]=7");
    let behind_cursors = paths(&follow(&world, &older).await);
    assert_eq!(behind_cursors.len(), 25, "each once");
    assert_eq!(behind_cursors.iter().collect::<BTreeSet<_>>(), numbered.iter().collect());
    let page = get(&world, &older).await.json();
    let second = get(&world, page["links"]["next"].as_str().unwrap()).await.json();
    assert_eq!(
        (&second["meta"]["cursor"]["totalRecords"], &second["meta"]["cursor"]["hasMore"]),
        (&json!("25"), &json!(true))
    );
    // A site of two sources lists those of both.
    let all = get(&world, &format!("{SOURCES}/{both}/assets?page[size]=100")).await.json();
    let all = paths(all["data"].as_array().unwrap());
    assert!(all.len() == 26 && all.contains(&"/x.png".to_owned()), "{all:?}");
    for (query, count) in [
        ("filter[origin_path]=many/0", 10),
        ("filter[keyword]=CAT", 1),
        ("filter[or:keyword]=cat&filter[or:keyword]=dir", 2),
        ("filter[media_kind]=image&page[limit]=100", 25),
        ("filter[media_kind]=VECTOR", 0),
        ("filter[tags]=red", 0),
        ("filter[custom:sku]=7", 0),
        ("filter[keyword]=many&page[limit]=100", 23),
    ] {
        let found = get(&world, &format!("{path}?{query}")).await.json();
        assert_eq!(found["data"].as_array().unwrap().len(), count, "{query}");
    }
    for query in ["filter[size]=1", "sort=colour", "page[cursor]=zz", "page[cursor]=00.x", "page[limit]=2&sort=name"] {
        assert_eq!(get(&world, &format!("{path}?{query}")).await.status, 400, "{query}");
    }
    // A key that is bound to a folder sees nothing else.
    let make = json!({ "name": "bound", "roles": ["purge"], "within": ["local/dir"] }).to_string();
    let key = world.call("POST", "/v1/keys", &AUTH, make).await.json()["key"].as_str().unwrap().to_owned();
    let bound = [("authorization", &*format!("Bearer {key}"))];
    let seen = world.call("GET", &path, &bound, "").await.json();
    assert_eq!(paths(seen["data"].as_array().unwrap()), ["/dir/a.jpg"]);
    assert_eq!(world.call("GET", &format!("{path}/cat.jpg"), &bound, "").await.status, 403);
}

#[tokio::test]
async fn an_asset_is_looked_at_added_and_refreshed() {
    let world = World::new();
    // Of one source: nothing is asked of the web.
    let source = id(&world, "shop").await;
    let path = format!("{SOURCES}/{source}/assets");
    world.write("dir/a b.png", small_png("first", 1, 4));
    let shown = get(&world, &format!("{path}/dir/a%20b.png")).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let asset = shown.json()["data"].clone();
    assert_eq!(asset["id"], format!("{source}/dir/a b.png"));
    let attributes = &asset["attributes"];
    assert_eq!((&attributes["media_kind"], &attributes["content_type"]), (&json!("IMAGE"), &json!("image/png")));
    let decoded = testkit::pictures::decode(&small_png("first", 1, 4)).unwrap();
    assert_eq!(attributes["media_width"], decoded.width);
    assert_eq!(attributes["media_height"], decoded.height);
    assert_eq!(attributes["file_size"], small_png("first", 1, 4).len());
    // Slashes as clients leave them.
    for spelled in [
        format!("{path}/add/dir/a%20b.png"),
        format!("{path}/add//dir/a%20b.png"),
        format!("{path}/refresh/dir%2Fa%20b.png"),
    ] {
        let answer = world.call("POST", &spelled, &AUTH, "").await;
        assert_eq!((answer.status, &answer.json()["data"]["id"]), (200, &asset["id"]), "{spelled}: {}", answer.text);
    }
    // What is no picture has no size, and what is not there is not found.
    let text = get(&world, &format!("/api/v1/assets/{source}/cat.jpg")).await.json();
    assert_eq!(
        (&text["data"]["attributes"]["media_width"], &text["data"]["attributes"]["file_size"]),
        (&Value::Null, &json!(7))
    );
    for (method, path, status) in [
        ("GET", format!("{path}/none.jpg"), 404),
        ("POST", format!("{path}/add/none.jpg"), 404),
        ("GET", format!("{path}/..%2Fcat.jpg"), 400),
        ("POST", format!("{path}/cat.jpg"), 405),
        ("GET", format!("{SOURCES}/0/assets/cat.jpg"), 404),
        ("POST", format!("{SOURCES}/0/assets/refresh/cat.jpg"), 404),
    ] {
        let answer = world.call(method, &path, &AUTH, "").await;
        assert_eq!(
            (answer.status, answer.json()["errors"][0]["status"].as_str()),
            (status, Some(&*status.to_string())),
            "{path}"
        );
    }

    let look = "/cloudimage/cat.jpg?func=proxy";
    world.look(look).await;
    world.write("cat.jpg", "second");
    assert_eq!(world.look(look).await, ("cat.jpg".to_owned(), true), "cached");
    let answer = world.call("POST", &format!("{path}/refresh/cat.jpg"), &AUTH, "").await;
    let refreshed = answer.json();
    assert_eq!((answer.status, &refreshed["data"]["attributes"]["file_size"]), (200, &json!(6)), "{}", answer.text);
    assert_eq!(refreshed["meta"]["purge_id"], world.newest().id.to_string());
    assert_eq!(world.look(look).await.0, "second");
    // Looking is not purging.
    let only_looks = json!({ "name": "looks", "roles": ["read"] }).to_string();
    let key = world.call("POST", "/v1/keys", &AUTH, only_looks).await.json()["key"].as_str().unwrap().to_owned();
    let looks = [("authorization", &*format!("Bearer {key}"))];
    for (method, path, status) in [
        ("GET", format!("{path}/cat.jpg"), 200),
        ("POST", format!("{path}/refresh/cat.jpg"), 403),
        ("POST", format!("{path}/add/cat.jpg"), 403),
    ] {
        assert_eq!(world.call(method, &path, &looks, "").await.status, status, "{path}");
    }
}

/// On a shared host the credential says whose sources are meant.
#[tokio::test]
async fn sources_of_two_vendors_at_one_path() {
    let world = World::new();
    let boss = [("imageboss-api-key", BOSS_KEY)];
    let list = world.call("GET", SOURCES, &boss, "").await;
    assert_eq!((list.status, list.header("content-type")), (200, "application/json"));
    let list = list.json();
    let sources: Vec<&str> = list.as_array().unwrap().iter().map(|one| one["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["local", "web"]);
    assert_eq!(list, world.call("GET", "/v1/sources", &boss, "").await.json());
    assert_eq!((&list[1]["source_type"], &list[1]["credentials"]["require_token"]), (&json!("web"), &json!("false")));
    let (theirs, ours) = (list[0]["id"].as_str().unwrap(), id(&world, "imgix").await);
    for (headers, path, status) in [
        (boss, format!("{SOURCES}/{theirs}"), 200),
        (boss, format!("/v1/sources/{theirs}"), 200),
        (boss, format!("{SOURCES}/{ours}"), 404),
        (AUTH, format!("{SOURCES}/{ours}"), 200),
        (AUTH, format!("{SOURCES}/{theirs}"), 404),
        ([("imageboss-api-key", "nope")], SOURCES.to_owned(), 401),
        ([("imageboss-api-key", "")], "/v1/sources".to_owned(), 401),
        (AUTH, "/v1/sources".to_owned(), 401),
    ] {
        let answer = world.call("GET", &path, &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?} {path}: {}", answer.text);
    }
    for (method, path) in [
        ("POST", SOURCES.to_owned()),
        ("POST", "/v1/sources".to_owned()),
        ("PATCH", format!("{SOURCES}/{theirs}")),
        ("PATCH", format!("/v1/sources/{theirs}")),
        ("DELETE", format!("{SOURCES}/{theirs}")),
        ("DELETE", format!("/v1/sources/{theirs}")),
    ] {
        let answer = world.call(method, &path, &boss, "{}").await;
        assert_eq!((answer.status, &answer.json()["status"]), (403, &json!("error")), "{method} {path}");
        assert!(answer.json()["message"].as_str().unwrap().contains("configuration"), "{method} {path}");
    }
    let both = [("imageboss-api-key", KEY), ("authorization", BEARER)];
    assert!(world.call("GET", SOURCES, &both, "").await.json().is_array(), "the vendor's own field goes first");
}
