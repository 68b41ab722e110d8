//! Signed URLs, their ends, presets, stand-ins for missing masters, and times that URLs give: over HTTP, as a client meets
//! them. What is hashed is in each dialect's own tests; here signatures come from the command line.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::Path;

use support::{Server, binary, run};
use testkit::origin::VersionedOrigin;
use testkit::pictures::{Rgb, decode, encode_png};

/// A folder with a picture of one colour for each name, and what stands in: green.
struct Site {
    folder: tempfile::TempDir,
    server: Server,
}

impl Site {
    fn start(dialect: &str, more: &str) -> Site {
        let folder = tempfile::tempdir().unwrap();
        let photos = folder.path().join("photos");
        std::fs::create_dir(&photos).unwrap();
        std::fs::write(photos.join("red.png"), encode_png(&Rgb::from_fn(40, 20, |_, _| [200, 0, 0]))).unwrap();
        std::fs::write(photos.join("missing.png"), encode_png(&Rgb::from_fn(30, 30, |_, _| [0, 200, 0]))).unwrap();
        std::fs::write(folder.path().join("new.secret"), "new-secret-1\n").unwrap();
        std::fs::write(folder.path().join("old.secret"), "old-secret-1\n").unwrap();
        let data = folder.path().join("data");
        let config = format!(
            "data = {data:?}\nlisten = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\n\
             [source.shop]\ntype = \"local\"\nroot = {photos:?}\n\
             [[site]]\nname = \"s\"\ndialect = \"{dialect}\"\nsources = [\"shop\"]\n{more}\n"
        );
        let server = Server::configured(&binary(), &data, &config);
        Site { folder, server }
    }

    async fn get(&self, target: &str) -> testkit::http::Answer {
        self.server.client().get(target).await.unwrap()
    }

    fn secret(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

/// `afterimage url <dialect> <target> --sign`.
fn signed(dialect: &str, target: &str, secret: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["url", dialect, target, "--sign", "--secret-file", secret.to_str().unwrap()];
    arguments.extend(more);
    let output = run(&arguments, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const SIGNING: &str = "signing = \"required\"\nsigning_secret_files = [\"new.secret\", \"old.secret\"]";

/// Dialects, a target of each, and the status of a URL without a good signature.
const TARGETS: [(&str, &str, u16); 4] = [
    ("imgix", "/red.png?w=20", 403),
    ("imagekit", "/tr:w-20/red.png", 401),
    ("cloudimage", "/red.png?w=20", 401),
    ("imageboss", "/shop/width/20/red.png", 401),
];

/// Printed when the server starts: whoever clicks them is not to meet an error.
#[tokio::test]
async fn the_urls_that_are_printed_at_the_start_are_answered() {
    let presets = |text: &str| format!("presets_only = true\npresets = {{ small = \"{text}\" }}\n{SIGNING}");
    let sites = [
        ("imgix", String::new()),
        ("imgix", SIGNING.to_owned()),
        ("imgix", presets("w=20")),
        ("imagekit", format!("endpoint = \"shop_id\"\n{SIGNING}")),
        ("imagekit", presets("w-20")),
        ("cloudimage", presets("w=20")),
        ("cloudimage", format!("{SIGNING}\nsigning_sealed = true")),
        ("imageboss", presets("blur:2")),
    ];
    for (dialect, more) in sites {
        let site = Site::start(dialect, &format!("prefix = \"/here\"\n{more}"));
        let lines = site.server.process.lines();
        let line = lines.iter().find(|line| line.trim_start().starts_with(dialect)).expect("a URL is printed");
        let printed = line.split_whitespace().nth(1).unwrap();
        let target = printed.strip_prefix(&format!("http://{}", site.server.delivery)).unwrap();
        assert!(target.starts_with("/here/"), "{target}");
        let answer = site.get(target).await;
        assert_eq!(answer.status, 200, "{dialect} {more} {target}: {}", answer.text());
        assert!(decode(&answer.body).is_ok(), "{dialect} {target}");
    }
}

#[tokio::test]
async fn signed_urls_are_served_and_others_are_not() {
    for (dialect, target, refused) in TARGETS {
        let site = Site::start(dialect, SIGNING);
        for secret in ["new.secret", "old.secret"] {
            let url = signed(dialect, target, &site.secret(secret), &[]);
            let answer = site.get(&url).await;
            assert_eq!(answer.status, 200, "{dialect} {url}: {}", answer.text());
            assert_eq!(decode(&answer.body).unwrap().width, 20, "{dialect} {url}");
            // One digit of the signature, and one letter of what is signed.
            let last = url.chars().last().unwrap();
            let altered = format!("{}{}", &url[..url.len() - 1], if last == '0' { '1' } else { '0' });
            let other = url.replacen("20", "21", 1);
            for bad in [altered.as_str(), other.as_str()] {
                let answer = site.get(bad).await;
                assert_eq!((answer.status, answer.text().contains("signature-wrong")), (refused, true), "{bad}");
                assert!(!answer.text().contains("secret-1"), "{bad}: {}", answer.text());
            }
        }
        let answer = site.get(target).await;
        assert_eq!((answer.status, answer.text().contains("signature-missing")), (refused, true), "{dialect}");
        // The refusal is nobody's to keep.
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn where_signing_is_optional_only_wrong_signatures_are_refused() {
    for (dialect, target, refused) in TARGETS {
        let site = Site::start(dialect, &SIGNING.replace("required", "optional"));
        assert_eq!(site.get(target).await.status, 200, "{dialect}");
        let url = signed(dialect, target, &site.secret("new.secret"), &[]);
        assert_eq!(site.get(&url).await.status, 200, "{dialect}");
        assert_eq!(site.get(&url.replacen("20", "21", 1)).await.status, refused, "{dialect}");
    }
}

#[tokio::test]
async fn a_url_ends_when_it_says_so() {
    for (dialect, target, ended) in [("imgix", "/red.png?w=20", 404), ("imagekit", "/tr:w-20/red.png", 401)] {
        let site = Site::start(dialect, &format!("{SIGNING}\nbrowser_time = \"30d\""));
        let secret = site.secret("new.secret");
        let past = signed(dialect, target, &secret, &["--expires", "1700000000"]);
        let answer = site.get(&past).await;
        assert_eq!((answer.status, answer.text().contains("url-ended")), (ended, true), "{dialect}: {}", answer.text());
        let soon = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 600;
        let answer = site.get(&signed(dialect, target, &secret, &["--expires", &soon.to_string()])).await;
        assert_eq!(answer.status, 200, "{dialect}: {}", answer.text());
        // Nobody keeps it beyond its end.
        for name in ["cache-control", "cdn-cache-control"] {
            let said = answer.header(name);
            let seconds: u64 = said.rsplit('=').next().unwrap().parse().unwrap_or_else(|_| panic!("{name}: {said}"));
            assert!((500..=600).contains(&seconds), "{dialect} {name}: {said}");
        }
        assert_eq!(site.get(&signed(dialect, target, &secret, &[])).await.status, 200);
    }
}

#[tokio::test]
async fn a_preset_is_a_tag_that_a_purge_can_name() {
    let site = Site::start("imagekit", "presets = { thumb = \"w-10\", old = { text = \"w-5\", enabled = false } }");
    let thumb = "/tr:n-thumb/red.png";
    for (target, served) in [(thumb, "miss"), (thumb, "hit"), ("/tr:w-10/red.png", "miss"), ("/tr:w-10/red.png", "hit")]
    {
        let answer = site.get(target).await;
        assert_eq!(decode(&answer.body).unwrap().width, 10, "{target}");
        assert_eq!(answer.header("cache-status").contains("hit"), served == "hit", "{target}");
    }
    let mut control = site.server.control_client();
    let purged = site.server.purge(&mut control, "[{\"tag\":\"preset:thumb\"}]").await;
    assert!(purged.status < 300, "{}", purged.text());
    let hit = |answer: &testkit::http::Answer| answer.header("cache-status").contains("hit");
    assert!(!hit(&site.get(thumb).await), "what the preset made is gone");
    assert!(hit(&site.get("/tr:w-10/red.png").await), "what it did not make is not");
    assert_eq!(site.get("/tr:n-old/red.png").await.status, 400);
}

#[tokio::test]
async fn a_site_may_take_presets_alone() {
    for (dialect, presets, good, bad) in [
        ("imgix", "thumb = \"w=10\"", "/red.png?preset=thumb", "/red.png?w=10"),
        ("imagekit", "thumb = \"w-10\"", "/tr:n-thumb/red.png", "/tr:w-10/red.png"),
        ("cloudimage", "thumb = \"w=10\"", "/red.png?p=thumb", "/red.png?w=10"),
    ] {
        let site = Site::start(dialect, &format!("presets = {{ {presets} }}\npresets_only = true"));
        let answer = site.get(good).await;
        assert_eq!(answer.status, 200, "{dialect}: {}", answer.text());
        assert_eq!(decode(&answer.body).unwrap().width, 10, "{dialect}");
        let answer = site.get(bad).await;
        assert_eq!(
            (answer.status, answer.text().contains("not-a-preset")),
            (403, true),
            "{dialect}: {}",
            answer.text()
        );
        assert!(answer.text().contains("thumb"), "it says what there is: {}", answer.text());
    }
}

/// Green stands in, at the size that was asked for, for moments only; when the master comes, a purge of it shows it.
#[tokio::test]
async fn a_picture_stands_in_for_a_missing_one() {
    for (more, status) in [("", 404), ("missing_status = 200", 200)] {
        let site = Site::start("imgix", &format!("missing_picture = \"/missing.png\"\n{more}"));
        let answer = site.get("/blue.png?w=10&h=10&fit=crop&fm=png").await;
        assert_eq!(answer.status, status, "{}", answer.text());
        let shown = decode(&answer.body).unwrap();
        assert_eq!((shown.width, shown.height, &shown.data[..3]), (10, 10, &[0, 200, 0][..]));
        assert_eq!(answer.header("afterimage-stand-in"), "master-not-found");
        assert_eq!(answer.header("etag"), "");
        assert_ne!(answer.header("cdn-cache-control"), "max-age=31536000");
        assert!(site.get("/red.png?w=10&fm=png").await.header("afterimage-stand-in").is_empty());

        let blue = encode_png(&Rgb::from_fn(40, 20, |_, _| [0, 0, 200]));
        std::fs::write(site.folder.path().join("photos/blue.png"), blue).unwrap();
        let mut control = site.server.control_client();
        let purged = site.server.purge(&mut control, "[{\"master\":\"shop/blue.png\"}]").await;
        assert!(purged.status < 300, "{}", purged.text());
        let answer = site.get("/blue.png?w=10&h=10&fit=crop&fm=png").await;
        assert_eq!((answer.status, &decode(&answer.body).unwrap().data[..3]), (200, &[0, 0, 200][..]));
    }
}

/// ImageKit's `di` names it in the URL; purging it makes anew what it stood in for.
#[tokio::test]
async fn a_stand_in_is_a_dependency() {
    let site = Site::start("imagekit", "");
    let target = "/tr:w-10,h-10,f-png,di-missing.png/blue.png";
    let answer = site.get(target).await;
    assert_eq!((answer.status, &decode(&answer.body).unwrap().data[..3]), (200, &[0, 200, 0][..]));
    let white = encode_png(&Rgb::from_fn(30, 30, |_, _| [255, 255, 255]));
    std::fs::write(site.folder.path().join("photos/missing.png"), white).unwrap();
    let mut control = site.server.control_client();
    let purged = site.server.purge(&mut control, "[{\"master\":\"shop/missing.png\"}]").await;
    assert!(purged.status < 300, "{}", purged.text());
    assert_eq!(&decode(&site.get(target).await.body).unwrap().data[..3], &[255, 255, 255]);
    let none = site.get("/tr:w-10,di-nothing.png/blue.png").await;
    assert_eq!((none.status, none.text().contains("master-not-found")), (404, true), "{}", none.text());
}

/// Cloudimage's `ci_cache`, for browsers as for caches in front.
#[tokio::test]
async fn a_url_says_how_long_it_may_be_kept() {
    let site = Site::start("cloudimage", "browser_time = \"30d\"");
    for (target, browser, edge) in [
        ("/red.png?w=10", "public, max-age=2592000", "max-age=31536000"),
        ("/red.png?w=10&ci_cache=60", "public, max-age=60", "max-age=60"),
        ("/red.png?w=10&ci_cache=0", "public, no-cache", "max-age=0"),
    ] {
        let answer = site.get(target).await;
        assert_eq!(answer.status, 200, "{target}");
        assert_eq!(answer.header("cdn-cache-control"), edge, "{target}");
        assert_eq!(answer.header("cache-control"), browser, "{target}");
    }
}

/// What one site reads with credentials of its own is not to be had through another site's open door.
#[tokio::test]
async fn a_proxy_reaches_no_source_of_another_site() {
    let origin = VersionedOrigin::start();
    for path in ["/private/x.png", "/open/x.png"] {
        origin.set_version(path, 3);
    }
    let base = origin.base();
    let base = base.trim_end_matches('/');
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = format!(
        "data = {data:?}\nlisten = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\n\
         [source.private]\ntype = \"http\"\nbase = \"{base}/private/\"\nallow_private = true\n\
         headers = {{ Authorization = \"Bearer x\" }}\n\
         [source.web]\ntype = \"proxy\"\nhosts = [\"127.0.0.1\"]\nallow_private = true\n\
         [[site]]\nname = \"own\"\ndialect = \"imgix\"\nprefix = \"/own\"\nsources = [\"private\"]\n\
         [[site]]\nname = \"any\"\ndialect = \"imgix\"\nprefix = \"/any\"\nsources = [\"web\"]\n"
    );
    let server = Server::configured(&binary(), &data, &config);
    let address = |path: &str| format!("{base}{path}").replace(':', "%3A").replace('/', "%2F");
    for (target, status) in [
        (format!("/any/{}?w=10", address("/open/x.png")), 200),
        ("/own/x.png?w=10".to_owned(), 200),
        // In the cache by now, and refused nevertheless.
        (format!("/any/{}?w=10", address("/private/x.png")), 403),
        (format!("/any/{}?w=10", address("/private/other.png")), 403),
    ] {
        let answer = server.client().get(&target).await.unwrap();
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
        if status == 200 {
            assert_eq!(decode(&answer.body).unwrap().width, 10, "{target}");
        } else {
            assert!(answer.text().contains("origin-not-allowed"), "{target}: {}", answer.text());
        }
    }
}
