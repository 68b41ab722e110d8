//! A master is replaced in its folder and purged, through every API in turn. What an answer was made from is read out of
//! its pixels (guarantees G1, G3 and G10).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use support::{KEY, Server, derivatives_of, empty_folder, run};
use testkit::http::Answer;
use testkit::pictures;

/// Long enough that nothing that was cached ends by itself within a test.
const SETTINGS: &[(&str, &str)] = &[("AFTERIMAGE__CACHE__ERROR_TIME", "1h")];
const WRONG: &str = "ak_ffffffffffffffffffffffffffffffffffffffffffffffff";

struct Shop {
    _all: tempfile::TempDir,
    photos: PathBuf,
    data: PathBuf,
    server: Server,
}

impl Shop {
    fn open() -> Shop {
        let (all, photos, data) = empty_folder();
        let server = Server::folder_with(&support::binary(), &photos, &data, SETTINGS);
        Shop { _all: all, photos, data, server }
    }

    /// Puts a version of a master into the folder, as an upload does: whole, by renaming. The pixels bear the name `mark`.
    fn put_as(&self, path: &str, mark: &str, version: u32) {
        let file = self.photos.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let upload = self.data.with_extension("upload");
        std::fs::write(&upload, pictures::png(mark, version)).unwrap();
        std::fs::rename(upload, file).unwrap();
    }

    fn put(&self, path: &str, version: u32) {
        self.put_as(path, path, version);
    }

    async fn get(&self, target: &str) -> Answer {
        self.server.client().get(target).await.unwrap()
    }

    /// All twenty derivatives show this version of this master.
    async fn shows(&self, path: &str, version: u32, cached: bool, when: &str) {
        for target in derivatives_of("local", path) {
            self.one_shows(&target, version, cached, when).await;
        }
    }

    async fn one_shows(&self, target: &str, version: u32, cached: bool, when: &str) {
        let answer = self.get(target).await;
        assert_eq!(answer.status, 200, "{when}: {target}: {}", answer.text());
        assert_eq!(pictures::read_version(&answer.body), Ok(version), "{when}: {target}: {:?}", answer.headers);
        if cached {
            assert!(answer.header("cache-status").contains("; hit"), "{when}: {target}: {:?}", answer.headers);
        }
    }

    /// Replaces a master behind the caches: what is cached goes on being served.
    async fn replace(&self, path: &str, when: &str) {
        self.put(path, 1);
        self.shows(path, 1, false, when).await;
        self.put(path, 2);
        self.shows(path, 1, true, when).await;
    }

    async fn call(&self, call: &Call, key: &str) -> Answer {
        let (name, value) = (call.auth)(key);
        let mut headers = vec![("host", call.host.as_str()), ("content-type", call.content_type)];
        if !name.is_empty() {
            headers.push((name, value.as_str()));
        }
        let mut client = if call.public { self.server.client() } else { self.server.control_client() };
        client.send(call.method, &call.target, &headers, call.body.as_bytes()).await.unwrap()
    }

    /// The address that pictures have for the outside.
    fn public(&self) -> String {
        format!("http://{}", self.server.delivery)
    }
}

/// One request of a purge API.
struct Call {
    name: &'static str,
    public: bool,
    method: &'static str,
    target: String,
    host: String,
    auth: fn(&str) -> (&'static str, String),
    content_type: &'static str,
    body: String,
    status: u16,
}

fn bearer(key: &str) -> (&'static str, String) {
    ("authorization", format!("Bearer {key}"))
}

fn basic(key: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{key}:"))))
}

/// As ImageKit's newer clients write it.
fn basic_with_password(key: &str) -> (&'static str, String) {
    ("authorization", format!("Basic {}", BASE64_STANDARD.encode(format!("{key}:do_not_set"))))
}

fn client_key(key: &str) -> (&'static str, String) {
    ("x-client-key", key.to_owned())
}

fn imageboss_key(key: &str) -> (&'static str, String) {
    ("imageboss-api-key", key.to_owned())
}

const JSON: &str = "application/json";

impl Call {
    fn post(
        name: &'static str,
        target: &str,
        auth: fn(&str) -> (&'static str, String),
        body: impl ToString,
        status: u16,
    ) -> Call {
        Call {
            name,
            public: false,
            method: "POST",
            target: target.to_owned(),
            host: "127.0.0.1:8081".to_owned(),
            auth,
            content_type: JSON,
            body: body.to_string(),
            status,
        }
    }

    fn native(name: &'static str, target: Value) -> Call {
        Call::post(name, "/v1/purges", bearer, json!({ "targets": [target] }), 200)
    }

    fn imgix(name: &'static str, url: &str) -> Call {
        let body = json!({ "data": { "type": "purges", "attributes": { "url": url } } });
        Call { content_type: "application/vnd.api+json", ..Call::post(name, "/api/v1/purge", bearer, body, 200) }
    }

    fn imagekit(name: &'static str, url: &str) -> Call {
        Call::post(name, "/v1/files/purge", basic, json!({ "url": url }), 201)
    }

    fn cloudimage(name: &'static str, body: Value) -> Call {
        Call::post(name, "/invalidate", client_key, body, 201)
    }

    fn imageboss(name: &'static str, shop: &Shop, target: String) -> Call {
        Call {
            public: true,
            method: "DELETE",
            host: shop.server.delivery.to_string(),
            target,
            ..Call::post(name, "", imageboss_key, "", 200)
        }
    }
}

/// Every way to purge one master with all its derivatives.
fn masters(shop: &Shop, path: &str) -> Vec<Call> {
    let public = shop.public();
    // Where no URL is said, the name of the file is.
    let file = path.replace("%20", " ");
    let url = |site: &str| format!("{public}/{site}/{path}");
    let form = format!("url={}", url("imgix").replace(':', "%3A").replace('/', "%2F"));
    let original = |name, said: String| Call::cloudimage(name, json!({ "scope": "original", "urls": [said] }));
    vec![
        Call::imgix("imgix", &url("imgix")),
        Call::imgix("imgix, with a query", &format!("{}?w=9", url("imgix"))),
        Call::imgix("imgix, by localhost", &format!("http://localhost/imgix/{path}")),
        Call::post("imgix v2, JSON", "/v2/image/purger", basic, json!({ "url": url("imgix") }), 200),
        Call {
            content_type: "application/x-www-form-urlencoded",
            ..Call::post("imgix v2, form", "/v2/image/purger", basic, &form, 200)
        },
        Call::post("imgix v2, form called JSON", "/v2/image/purger", basic, &form, 200),
        Call::imagekit("ImageKit", &url("imagekit")),
        Call { auth: basic_with_password, ..Call::imagekit("ImageKit, password", &url("imagekit")) },
        Call::imagekit("ImageKit, wildcard", &format!("{}*", url("imagekit"))),
        original("Cloudimage, bare path", path.to_owned()),
        original("Cloudimage, /path", format!("/{path}")),
        original("Cloudimage, /v7/path", format!("/v7/{path}")),
        original("Cloudimage, /cloudimage/path", format!("/cloudimage/{path}")),
        original("Cloudimage, whole URL", url("cloudimage")),
        original("Cloudimage, wildcard", format!("/{}*", path.trim_end_matches(".png"))),
        Call::imageboss("ImageBoss", shop, format!("/imageboss/local/{path}")),
        Call::native("native url", json!({ "url": url("cloudimage") })),
        Call::native("native url of a derivative", json!({ "url": format!("/imagekit/tr:w-5/{path}") })),
        Call::native("native url as ImageBoss deletes it", json!({ "url": format!("/imageboss/local/{path}") })),
        Call::native("native master", json!({ "master": format!("local/{file}") })),
        Call::native("native prefix", json!({ "prefix": format!("local/{}", file.trim_end_matches("png")) })),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_api_takes_a_master_with_all_its_derivatives() {
    let shop = Shop::open();
    shop.put("bystander.png", 1);
    shop.shows("bystander.png", 1, false, "at first").await;
    shop.put("bystander.png", 2);
    for number in 0..masters(&shop, "").len() {
        let path = format!("goods/{number} x.png");
        let written = path.replace(' ', "%20");
        let call = masters(&shop, &written).swap_remove(number);
        shop.put(&path, 1);
        // Marks bear the name of the file; URLs write it encoded.
        shop.shows(&written, 1, false, call.name).await;
        shop.put(&path, 2);
        shop.shows(&written, 1, true, call.name).await;
        let answer = shop.call(&call, KEY).await;
        assert_eq!(answer.status, call.status, "{}: {}", call.name, answer.text());
        shop.shows(&written, 2, false, call.name).await;
        shop.shows("bystander.png", 1, true, call.name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wide_purges_take_everything_in_reach() {
    let shop = Shop::open();
    for call in [
        Call::cloudimage("Cloudimage, all", json!({ "scope": "all" })),
        Call::cloudimage("Cloudimage, /*", json!({ "scope": "original", "urls": ["/*"] })),
        Call::imagekit("ImageKit, folder", &format!("{}/imagekit/wide/goods/*", shop.public())),
        Call::native("native prefix", json!({ "prefix": "local/wide/" })),
        Call::native("native source", json!({ "source": "local" })),
        Call::native("native all", json!({ "all": true })),
    ] {
        shop.replace("wide/goods/a.png", call.name).await;
        shop.replace("wide/goods/b.png", call.name).await;
        let answer = shop.call(&call, KEY).await;
        assert_eq!(answer.status, call.status, "{}: {}", call.name, answer.text());
        shop.shows("wide/goods/a.png", 2, false, call.name).await;
        shop.shows("wide/goods/b.png", 2, false, call.name).await;
        // Back to the first version for the next.
        shop.put("wide/goods/a.png", 1);
        shop.put("wide/goods/b.png", 1);
        let everything = Call::native("native all", json!({ "all": true }));
        assert_eq!(shop.call(&everything, KEY).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exact_purge_spares_siblings() {
    let shop = Shop::open();
    let derivatives = derivatives_of("local", "a.png");
    let public = shop.public();
    let own = |site: &str| derivatives.iter().find(|target| target.starts_with(&format!("/{site}"))).unwrap().clone();
    for (call, taken) in [
        (Call::native("native", json!({ "derivative": own("imgix") })), own("imgix")),
        (
            Call::native("native, imageboss", json!({ "derivative": format!("{public}{}", own("imageboss")) })),
            own("imageboss"),
        ),
        (
            Call::cloudimage(
                "Cloudimage",
                json!({ "scope": "urls", "urls": [own("cloudimage").replace("/cloudimage", "/v7")] }),
            ),
            own("cloudimage"),
        ),
        (Call::imagekit("ImageKit", &format!("{public}{}", own("imagekit"))), own("imagekit")),
    ] {
        shop.replace("a.png", call.name).await;
        let answer = shop.call(&call, KEY).await;
        assert_eq!(answer.status, call.status, "{}: {}", call.name, answer.text());
        shop.one_shows(&taken, 2, false, call.name).await;
        // Other sizes stay; the same picture in another dialect or format may have gone with it.
        for target in derivatives.iter().filter(|target| !target.contains("160")) {
            shop.one_shows(target, 1, true, call.name).await;
        }
        assert_eq!(shop.call(&Call::native("native all", json!({ "all": true })), KEY).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_what_the_vendors_clients_read() {
    let shop = Shop::open();
    shop.put("a.png", 1);
    let json = |answer: &Answer| -> Value { serde_json::from_slice(&answer.body).unwrap() };
    let get = |target: String, auth: (&'static str, String)| {
        let mut client = shop.server.control_client();
        async move { client.get_with(&target, &[(auth.0, auth.1.as_str())]).await.unwrap() }
    };

    let imgix = shop.call(&Call::imgix("imgix", &format!("{}/imgix/a.png", shop.public())), KEY).await;
    let body = json(&imgix);
    assert_eq!(imgix.header("content-type"), "application/vnd.api+json");
    assert_eq!((&body["data"]["type"], &body["jsonapi"]["version"]), (&json!("purges"), &json!("1.0")));
    assert_eq!(body["data"]["id"], body["data"]["attributes"]["purge_id"]);

    let imagekit = shop.call(&Call::imagekit("ImageKit", &format!("{}/imagekit/a.png", shop.public())), KEY).await;
    let request = json(&imagekit)["requestId"].as_str().unwrap().to_owned();
    assert!(request.len() == 24 && request.bytes().all(|b| b.is_ascii_hexdigit()), "{request}");
    let status = get(format!("/v1/files/purge/{request}"), basic(KEY)).await;
    assert_eq!((status.status, json(&status)), (200, json!({ "status": "Completed" })));
    let unknown = get("/v1/files/purge/0123456789abcdef01234567".to_owned(), basic(KEY)).await;
    assert_eq!(unknown.status, 400);

    let received = shop.call(&Call::cloudimage("", json!({ "scope": "original", "urls": ["/a.png"] })), KEY).await;
    let body = json(&received);
    assert_eq!((&body["status"], &body["invalidation"]["status"]), (&json!("success"), &json!("RECEIVED")));
    let uuid = body["invalidation"]["uuid"].as_str().unwrap();
    let done = json(&get(format!("/invalidate/{uuid}"), client_key(KEY)).await);
    assert_eq!((&done["invalidation"]["status"], &done["invalidation"]["uuid"]), (&json!("DONE"), &json!(uuid)));

    let deleted = shop.call(&Call::imageboss("", &shop, "/imageboss/local/a.png".to_owned()), KEY).await;
    assert_eq!(json(&deleted)["status"], "queued");
    assert!(!deleted.header("x-purge-id").is_empty());

    let native = json(&shop.call(&Call::native("", json!({ "master": "local/a.png" })), KEY).await);
    assert_eq!((&native["state"], &native["position"]), (&json!("effective"), &json!(5)));
    let shown = json(&get(format!("/v1/purges/{}", native["id"].as_str().unwrap()), bearer(KEY)).await);
    assert_eq!((&shown["position"], &shown["via"]), (&json!(5), &json!("native")));
    let listed = json(&get("/v1/purges".to_owned(), bearer(KEY)).await);
    let vias: Vec<&Value> = listed["purges"].as_array().unwrap().iter().map(|purge| &purge["via"]).collect();
    assert_eq!(vias.len(), 5, "{listed}");
    assert_eq!(shop.server.metric("afterimage_purge_log_head").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_key_gets_the_vendors_status_and_purges_nothing() {
    let shop = Shop::open();
    shop.replace("a.png", "at first").await;
    let none: fn(&str) -> (&'static str, String) = |_| ("", String::new());
    for (call, wrong, missing, says) in [
        (masters(&shop, "a.png").swap_remove(0), 401, 401, "A valid API key is required and could not be determined."),
        (masters(&shop, "a.png").swap_remove(3), 401, 401, "A valid API key"),
        (masters(&shop, "a.png").swap_remove(6), 403, 401, "message"),
        (masters(&shop, "a.png").swap_remove(9), 401, 401, "\"status\":\"error\""),
        (Call::imageboss("ImageBoss", &shop, "/imageboss/local/a.png".to_owned()), 401, 401, "error"),
        (Call::native("native", json!({ "all": true })), 401, 401, "key"),
    ] {
        let name = call.name;
        for (what, answer, status) in [
            ("wrong key", shop.call(&call, WRONG).await, wrong),
            ("half a key", shop.call(&call, &KEY[..20]).await, wrong),
            ("no key", shop.call(&Call { auth: none, ..call }, KEY).await, missing),
        ] {
            assert_eq!(answer.status, status, "{name}, {what}: {}", answer.text());
            assert!(answer.text().contains(says), "{name}, {what}: {}", answer.text());
        }
        shop.shows("a.png", 1, true, name).await;
    }
    assert_eq!(shop.server.metric("afterimage_purge_log_head").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_ours_or_no_purge_is_refused() {
    let shop = Shop::open();
    shop.replace("a.png", "at first").await;
    let foreign = "https://elsewhere.example/imgix/a.png";
    for (call, status, says) in [
        (Call::imgix("imgix", foreign), 400, "elsewhere.example"),
        (Call::post("imgix, no url", "/api/v1/purge", bearer, "{\"data\":{\"type\":\"purges\"}}", 0), 400, "url"),
        (Call::post("imgix, no JSON", "/api/v1/purge", bearer, "url=x", 0), 400, "JSON"),
        (Call::post("imgix v2", "/v2/image/purger", basic, json!({ "url": foreign }), 0), 410, "elsewhere.example"),
        (Call::imagekit("ImageKit", foreign), 400, "elsewhere.example"),
        (Call::imagekit("ImageKit, other site", &format!("{}/imgix/a.png", shop.public())), 400, "imgix"),
        (Call::cloudimage("Cloudimage", json!({ "scope": "original", "urls": [foreign] })), 403, "elsewhere.example"),
        (Call::cloudimage("Cloudimage, no urls", json!({ "scope": "original", "urls": [] })), 400, "urls"),
        (Call::cloudimage("Cloudimage, scope", json!({ "scope": "some", "urls": ["/a"] })), 400, "scope"),
        (Call::imageboss("ImageBoss", &shop, "/imageboss/elsewhere/a.png".to_owned()), 422, "elsewhere"),
        (Call::imageboss("ImageBoss, other site", &shop, "/imgix/a.png".to_owned()), 405, "ImageBoss"),
        (Call::native("native", json!({ "url": foreign })), 400, "elsewhere.example"),
        (Call::native("native, source", json!({ "source": "elsewhere" })), 400, "there are local"),
        (Call::native("native, two in one", json!({ "all": true, "source": "local" })), 400, "one field"),
        (Call::native("native, no tag", json!({ "tag": "x y" })), 400, "no white space"),
        (Call::native("native, no glob", json!({ "glob": "local/[a" })), 400, "glob"),
        (Call::native("native, typo", json!({ "urls": "/imgix/a.png" })), 400, "urls"),
        (Call::native("native, climbing", json!({ "master": "local/../a.png" })), 400, ".."),
        (Call::post("native, no targets", "/v1/purges", bearer, json!({ "targets": [] }), 0), 400, "targets"),
        (
            Call::post(
                "native, mode",
                "/v1/purges",
                bearer,
                json!({ "targets": [{"all": true}], "mode": "medium" }),
                0,
            ),
            400,
            "mode",
        ),
    ] {
        let answer = shop.call(&call, KEY).await;
        assert_eq!(answer.status, status, "{}: {}", call.name, answer.text());
        assert!(answer.text().contains(says), "{}: {}", call.name, answer.text());
        assert!(answer.header("content-type").contains(if call.target.starts_with("/v2") {
            "text/plain"
        } else {
            "json"
        }));
    }
    shop.shows("a.png", 1, true, "at last").await;
    assert_eq!(shop.server.metric("afterimage_purge_log_head").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_purges_and_tells_how_it_went() {
    let shop = Shop::open();
    let control = format!("http://{}", shop.server.control);
    let purge = |more: &[&str], key: &str, control: &str| {
        let output = run(&[&["purge"], more].concat(), &[("AFTERIMAGE_API_KEY", key), ("AFTERIMAGE_CONTROL", control)]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let url = format!("{}/imgix/a.png", shop.public());
    for arguments in [
        &[url.as_str()][..],
        &["/imageboss/local/cdn/a.png", "/imgix/other.png"],
        &["--master", "local/a.png"],
        &["--prefix", "local/"],
        &["--source", "local"],
        &["--all"],
    ] {
        shop.replace("a.png", &format!("{arguments:?}")).await;
        let (code, told, complaint) = purge(arguments, KEY, &control);
        assert_eq!((code, complaint.as_str()), (0, ""), "{arguments:?}");
        assert!(told.starts_with("effective since "), "{told}");
        shop.shows("a.png", 2, false, &format!("{arguments:?}")).await;
        // Back to the first version for the next.
        shop.put("a.png", 1);
        assert_eq!(purge(&["--all"], KEY, &control).0, 0);
    }

    shop.replace("a.png", "refusals").await;
    for (arguments, key, control, code, says) in [
        (&[url.as_str()][..], WRONG, control.as_str(), 1, "answered 401: this API key is not valid"),
        (&["https://elsewhere.example/a.png"], KEY, &control, 1, "is not ours"),
        (&["--source", "elsewhere"], KEY, &control, 1, "there are local"),
        (&[], KEY, &control, 2, "Usage"),
        (&["--everything"], KEY, &control, 2, "--everything"),
        (&[url.as_str()], KEY, "http://127.0.0.1:1", 3, "cannot reach http://127.0.0.1:1"),
        (&[url.as_str()], KEY, "nonsense", 3, "nonsense"),
    ] {
        let (status, told, complaint) = purge(arguments, key, control);
        assert_eq!((status, told.as_str()), (code, ""), "{arguments:?}: {complaint}");
        assert!(complaint.contains(says), "{arguments:?}: {complaint}");
    }
    let (code, _, complaint) = purge(&[&url], "", &control);
    assert!(code == 2 || code == 1, "an empty key: {complaint}");
    shop.shows("a.png", 1, true, "after refusals").await;
}

/// That there is no such picture is remembered as well, and goes with the same purge.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_ends_a_cached_404() {
    let shop = Shop::open();
    for (number, name) in [(0, "imgix"), (6, "imagekit"), (9, "cloudimage"), (15, "imageboss")] {
        let path = format!("later-{number}.png");
        for target in derivatives_of("local", &path) {
            assert_eq!(shop.get(&target).await.status, 404, "{target}");
        }
        shop.put(&path, 1);
        for target in derivatives_of("local", &path) {
            let answer = shop.get(&target).await;
            assert_eq!(answer.status, 404, "{target}");
            assert!(answer.header("cache-status").contains("; hit"), "{target}: {:?}", answer.headers);
        }
        let call = masters(&shop, &path).swap_remove(number);
        assert_eq!(shop.call(&call, KEY).await.status, call.status, "{name}");
        shop.shows(&path, 1, false, name).await;
        // And away again.
        std::fs::remove_file(shop.photos.join(&path)).unwrap();
        shop.shows(&path, 1, true, name).await;
        assert_eq!(shop.call(&call, KEY).await.status, call.status, "{name}");
        for target in derivatives_of("local", &path) {
            assert_eq!(shop.get(&target).await.status, 404, "{target}");
        }
    }
}

/// One file with two names is one picture to a purge, whichever name it says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_symlink_and_its_target_go_together() {
    let shop = Shop::open();
    for (number, said) in ["real.png", "link.png", "folder/real.png"].into_iter().enumerate() {
        let (real, link) = (format!("{number}/real.png"), format!("{number}/link.png"));
        shop.put_as(&real, "mark", 1);
        std::os::unix::fs::symlink("real.png", shop.photos.join(&link)).unwrap();
        std::os::unix::fs::symlink(".", shop.photos.join(format!("{number}/folder"))).unwrap();
        let names = [real.clone(), link, format!("{number}/folder/real.png")];
        for name in &names {
            shop.shows(name, 1, false, said).await;
        }
        shop.put_as(&real, "mark", 2);
        for name in &names {
            shop.shows(name, 1, true, said).await;
        }
        let call = Call::imgix("imgix", &format!("{}/imgix/{number}/{said}", shop.public()));
        assert_eq!(shop.call(&call, KEY).await.status, 200);
        for name in &names {
            shop.shows(name, 2, false, &format!("purge of {said}")).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_what_is_cached_and_what_was_purged() {
    let shop = Shop::open();
    shop.put("kept.png", 1);
    shop.replace("purged.png", "before").await;
    shop.shows("kept.png", 1, false, "before").await;
    let all = Call::native("", json!({ "master": "local/purged.png" }));
    assert_eq!(shop.call(&all, KEY).await.status, 200);
    shop.put("kept.png", 2);

    let Shop { _all, photos, data, server } = shop;
    assert!(server.stop().success());
    let server = Server::folder_with(&support::binary(), &photos, &data, SETTINGS);
    let shop = Shop { _all, photos, data, server };
    let (mut disk, mut memory) = (0, 0);
    for target in derivatives_of("local", "kept.png") {
        let answer = shop.get(&target).await;
        assert_eq!(pictures::read_version(&answer.body), Ok(1), "{target}");
        match answer.header("cache-status") {
            "Afterimage; hit; detail=disk" => disk += 1,
            // Another dialect has asked for the same picture just now.
            "Afterimage; hit; detail=memory" => memory += 1,
            other => panic!("{target}: {other}"),
        }
    }
    assert!(disk >= 5, "{disk} from disk, {memory} from memory");
    shop.shows("purged.png", 2, false, "after").await;
    assert_eq!(shop.server.metric("afterimage_purge_log_head").await, 1);
    let next = shop.call(&Call::native("", json!({ "all": true })), KEY).await;
    assert_eq!(serde_json::from_slice::<Value>(&next.body).unwrap()["position"], 2);
    shop.shows("kept.png", 2, false, "after").await;
    assert!(Path::new(&shop.data).is_dir());
}
