//! `afterimage url`: signing and checking in every dialect, and what programs read.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::run;

struct Told {
    status: i32,
    out: String,
    err: String,
}

fn url(arguments: &[&str]) -> Told {
    let output = run(&[&["url"][..], arguments].concat(), &[]);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Told { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn json(arguments: &[&str]) -> (i32, Value) {
    let told = url(&[arguments, &["--json"]].concat());
    let value = serde_json::from_str(&told.out).unwrap_or_else(|e| panic!("{e}: {} {}", told.out, told.err));
    (told.status, value)
}

const SECRET: &str = "not-to-be-shown-1";

/// Each dialect with a target of its own, and the parameter of its signature.
const TARGETS: [(&str, &str, &str); 4] = [
    ("imgix", "/a/cat.jpg?w=300&h=200", "s="),
    ("imagekit", "/tr:w-300,h-200/a/cat.jpg", "ik-s="),
    ("cloudimage", "/a/cat.jpg?w=300&h=200", "ci_sign="),
    ("imageboss", "/shop/width/300/a/cat.jpg", "bossToken="),
];

/// A folder with `one.secret`, `two.secret`, and a configuration whose sites `imgix`, ... have the second, then the first.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("photos")).unwrap();
    std::fs::write(folder.path().join("one.secret"), format!("{SECRET}\n")).unwrap();
    std::fs::write(folder.path().join("two.secret"), "another-secret-2\n").unwrap();
    let mut config = "[source.shop]\ntype = \"local\"\nroot = \"photos\"\n".to_owned();
    for (dialect, ..) in TARGETS {
        config.push_str(&format!(
            "[[site]]\nname = \"{dialect}\"\ndialect = \"{dialect}\"\nprefix = \"/at/{dialect}\"\nsources = [\"shop\"]\n\
             signing = \"required\"\nsigning_secret_files = [\"two.secret\", \"one.secret\"]\n"
        ));
    }
    std::fs::write(folder.path().join("x.toml"), config).unwrap();
    folder
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn what_is_signed_is_good_and_what_is_altered_is_not() {
    let folder = folder();
    let (one, two) = (path(folder.path(), "one.secret"), path(folder.path(), "two.secret"));
    for (dialect, target, parameter) in TARGETS {
        let signed = url(&[dialect, target, "--sign", "--secret-file", &one]);
        assert_eq!(signed.status, 0, "{dialect}: {}", signed.err);
        let signed = signed.out.trim();
        assert!(signed.contains(parameter), "{dialect}: {signed}");
        // Any of several secrets may have been used.
        let good = url(&[dialect, signed, "--verify", "--secret-file", &two, "--secret-file", &one]);
        assert_eq!((good.status, good.out.contains("is good")), (0, true), "{dialect}: {} {}", good.out, good.err);
        let (status, told) = json(&[dialect, signed, "--verify", "--secret-file", &one]);
        assert_eq!((status, &told["signature"]), (0, &"good".into()), "{dialect}");

        let altered = signed.replacen("300", "301", 1);
        for (asked, secret) in [(altered.as_str(), &one), (signed, &two)] {
            let (status, told) = json(&[dialect, asked, "--verify", "--secret-file", secret]);
            assert_eq!((status, &told["signature"]), (1, &"wrong".into()), "{dialect} {asked}");
            let hashed = told["hashed"].as_str().unwrap();
            assert!(hashed.contains("cat.jpg") && !hashed.contains(SECRET), "{dialect}: {hashed}");
            let told = url(&[dialect, asked, "--verify", "--secret-file", secret]);
            assert_eq!((told.status, told.out.as_str()), (1, ""), "{dialect}");
            assert!(told.err.contains("is wrong") && told.err.contains(hashed), "{dialect}: {}", told.err);
            assert!(!told.err.contains(SECRET) && !told.err.contains("another-secret"), "{}", told.err);
        }
        let (status, told) = json(&[dialect, target, "--verify", "--secret-file", &one]);
        assert_eq!((status, &told["signature"]), (1, &"missing".into()), "{dialect}");
    }
}

#[test]
fn ends_are_signed_where_the_dialect_has_them() {
    let folder = folder();
    let one = path(folder.path(), "one.secret");
    for dialect in ["imgix", "imagekit"] {
        let target = TARGETS.iter().find(|row| row.0 == dialect).unwrap().1;
        let sign = |when: &str| {
            let (status, told) = json(&[dialect, target, "--sign", "--secret-file", &one, "--expires", when]);
            assert_eq!(status, 0, "{dialect}: {told}");
            told["url"].as_str().unwrap().to_owned()
        };
        let (status, told) = json(&[dialect, &sign("1700000000"), "--verify", "--secret-file", &one]);
        assert_eq!((status, &told["signature"], &told["expires"]), (1, &"past".into(), &1_700_000_000_u64.into()));
        let (status, told) = json(&[dialect, &sign("1h"), "--verify", "--secret-file", &one]);
        assert_eq!((status, &told["signature"]), (0, &"good".into()), "{dialect}");
        let told = url(&[dialect, &sign("1700000000"), "--verify", "--secret-file", &one]);
        assert!(told.err.contains("it ended 2023-11-14T22:13:20"), "{}", told.err);
    }
    let told = url(&["imageboss", TARGETS[3].1, "--sign", "--secret-file", &one, "--expires", "1h"]);
    assert_eq!(told.status, 1, "ImageBoss's signatures have no end: {}", told.out);
}

#[test]
fn sites_bring_their_settings_and_secrets() {
    let folder = folder();
    let (config, one, two) = ("x.toml", "one.secret", "two.secret");
    let [config, one, two] = [config, one, two].map(|name| path(folder.path(), name));
    for (dialect, target, _) in TARGETS {
        let of_site = ["--config", &config, "--site", dialect];
        // As it stands on a page, and below the prefix: the site's first secret signs.
        let whole = format!("https://img.example/at/{dialect}{target}");
        let signed = url(&[&[dialect, &whole, "--sign"][..], &of_site].concat());
        assert_eq!(signed.status, 0, "{dialect}: {}", signed.err);
        let signed = signed.out.trim();
        assert!(signed.starts_with(&format!("https://img.example/at/{dialect}/")), "{signed}");
        let below = url(&[&[dialect, target, "--sign"][..], &of_site].concat());
        assert_eq!(format!("https://img.example{}", below.out.trim()), signed);
        let by_hand = url(&[dialect, target, "--sign", "--secret-file", &two]);
        assert_eq!(format!("https://img.example/at/{dialect}{}", by_hand.out.trim()), signed);
        let good = url(&[&[dialect, signed, "--verify"][..], &of_site].concat());
        assert_eq!(good.status, 0, "{dialect}: {}", good.err);
        let by_first = url(&[dialect, target, "--sign", "--secret-file", &one]);
        let good = url(&[&[dialect, by_first.out.trim(), "--verify"][..], &of_site].concat());
        assert_eq!(good.status, 0, "an older secret: {}", good.err);
    }
    for (arguments, says) in [
        (vec!["imgix", "/a.jpg", "--config", &config, "--site", "none"], "has no site \"none\"; there are imgix,"),
        (vec!["imgix", "/a.jpg", "--config", &config, "--site", "imagekit"], "speaks imagekit, not imgix"),
        (
            vec!["imgix", "https://x.example/a.jpg", "--config", &config, "--site", "imgix"],
            "not below the site's prefix",
        ),
        (vec!["imgix", "/a.jpg", "--config", "none.toml", "--site", "imgix"], "none.toml"),
        (vec!["imgix", "/a.jpg", "--sign"], "--secret-file is missing"),
        (vec!["imgix", "/a.jpg", "--sign", "--secret-file", "none"], "cannot read none"),
        (vec!["imgix", "/a.jpg", "--expires", "1h"], "--sign"),
        (vec!["imgix", "/a.jpg", "--sign", "--expires", "soon"], "is no time"),
        (vec!["imgix", "/a.jpg", "--sign", "--verify"], "cannot be used with"),
    ] {
        let told = url(&arguments);
        assert_eq!(told.status, 2, "{arguments:?}: {}", told.out);
        assert!(told.err.contains(says), "{arguments:?}: {}", told.err);
    }
}

#[test]
fn meanings_and_tables_are_json_too() {
    let (status, told) = json(&["imgix", "/a/cat.jpg?w=300&h=200&fit=crop&nonsense=1"]);
    assert_eq!((status, &told["dialect"], &told["asset"]["path"]), (0, &"imgix".into(), &"a/cat.jpg".into()));
    assert_eq!(told["warnings"][0]["parameter"], "nonsense");
    let plan = told["plan"].as_str().unwrap();
    assert!(plan.contains("300x200"), "{plan}");
    // Each spelling means the same.
    for dialect in ["imagekit", "cloudimage"] {
        let (_, again) = json(&[dialect, told["urls"][dialect].as_str().unwrap()]);
        assert_eq!(again["asset"], told["asset"], "{dialect}");
    }
    let (status, told) = json(&["imagekit", "/tr:w-300/a.jpg", "--to", "imgix"]);
    assert_eq!((status, told["url"].as_str().unwrap().starts_with("/a.jpg?w=300")), (0, true), "{told}");
    let (status, told) = json(&["imageboss", "/shop/nothing"]);
    assert_eq!((status, told["error"].is_string()), (1, true), "{told}");

    let (_, table) = json(&["imgix", "--list"]);
    let rows = table["parameters"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == "w").unwrap();
    assert!(row["served"].is_string() && row["doc"].is_string(), "{row}");
    let told = url(&["imgix", "--list"]);
    let lines: Vec<&str> = told.out.lines().collect();
    assert!(lines.iter().any(|line| line.split(' ').next() == Some("w")), "{}", told.out);
    for begin in ["    allowed: ", "    served: exactly", "    served: no: "] {
        assert!(lines.iter().any(|line| line.starts_with(begin)), "{begin}");
    }
}
