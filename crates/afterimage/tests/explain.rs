//! `afterimage explain` against a running server.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use serde_json::Value;
use support::{KEY, Server, binary, empty_folder, run, sample_folder};
use testkit::pictures;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_answers_and_why() {
    let (_all, photos, data) = empty_folder();
    std::fs::write(photos.join("cat.png"), pictures::png("cat.png", 1)).unwrap();
    let server = Server::folder(&binary(), &photos, &data);
    let target = "/imgix/cat.png?w=30&h=20&fit=crop";
    let mut client = server.client();
    assert_eq!(client.get(target).await.unwrap().status, 200);

    let control = format!("http://{}", server.control);
    let explain = |arguments: &[&str]| {
        let output =
            run(&[&["explain", "--control", &control][..], arguments].concat(), &[("AFTERIMAGE_API_KEY", KEY)]);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let url = format!("http://{}{target}", server.delivery);
    let (status, told, errors) = explain(&[&url]);
    assert_eq!((status, errors.as_str()), (0, ""), "{told}");
    for part in [
        "site        imgix (imgix)",
        "signature   unchecked: ",
        "            scaled and cropped to 30 × 20 pixels",
        "original    local/cat.png (file:",
        "cache       a hit in memory; ",
        "imageboss   http://",
        "derivatives of this original: ",
        "this one",
    ] {
        assert!(told.contains(part), "{part:?} in\n{told}");
    }
    assert!(!told.contains("purged"), "{told}");

    let purged = server.purge(&mut server.control_client(), r#"[{"master":"local/cat.png"}]"#).await;
    assert_eq!(purged.status, 200, "{}", purged.text());
    let (status, told, _) = explain(&[target]);
    assert_eq!(status, 0);
    assert!(told.contains("cache       a miss: ") && told.contains("purged      master file:"), "{told}");

    let (status, told, _) = explain(&[target, "--json", "--accept", "image/avif", "--limit", "1"]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((status, &told["site"], &told["cache"]["would"]), (0, &"imgix".into(), &"miss".into()));
    let (status, told, _) = explain(&["/imagekit/tr:w-x/cat.png"]);
    assert!(status == 0 && told.contains("refused     400 bad-parameter: "), "{told}");
    for (arguments, wanted, part) in [
        (&["https://elsewhere.example/cat.png"][..], 1, "not ours"),
        (&["cat.png"], 1, "cannot be understood"),
        (&[target, "--limit", "0"], 2, "--limit"),
        (&[target, "--control", "http://127.0.0.1:9"], 3, "cannot reach"),
    ] {
        let arguments: Vec<&str> = arguments.to_vec();
        let output = run(
            &[&["explain"][..], &arguments].concat(),
            &[("AFTERIMAGE_API_KEY", KEY), ("AFTERIMAGE_CONTROL", &control)],
        );
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(wanted), "{arguments:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
}

/// What `afterimage explain --json` prints.
fn told(server: &Server, arguments: &[&str]) -> Value {
    let control = format!("http://{}", server.control);
    let arguments = [&["explain", "--json", "--control", &control][..], arguments].concat();
    let output = run(&arguments, &[("AFTERIMAGE_API_KEY", KEY)]);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A client's header fields, and the same as arguments.
type Client = (&'static [(&'static str, &'static str)], &'static [&'static str]);

/// The entry that is told of is the one that a request with these header fields makes and is answered from, and no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_with_hints_gets() {
    let (_folder, photos, data) = sample_folder();
    let server = Server::folder(&binary(), &photos, &data);
    let ix = "/imgix/cat.jpg?w=250&auto=format&ch=Width,DPR,Save-Data";
    let kit = "/imagekit/tr:w-auto,dpr-auto/cat.jpg";
    let clients: [(&str, Client, Value); 6] = [
        (ix, (&[("sec-ch-width", "212")], &["--width", "212"]), 300.into()),
        (ix, (&[("dpr", "1.5"), ("accept", "image/webp")], &["--dpr", "1.5", "--accept", "image/webp"]), Value::Null),
        (ix, (&[("save-data", "on")], &["--save-data"]), Value::Null),
        (ix, (&[("accept", "image/avif"), ("width", "99")], &["--accept", "image/avif", "--width", "99"]), 100.into()),
        (kit, (&[("width", "320"), ("sec-ch-dpr", "2.0")], &["--width", "320", "--dpr", "2.0"]), 400.into()),
        (
            "/imagekit/tr:w-100,dpr-auto/cat.jpg",
            (&[("sec-ch-viewport-width", "640"), ("dpr", "2")], &["--viewport-width", "640", "--dpr", "2"]),
            Value::Null,
        ),
    ];
    let would = |told: &Value| (told["cache"]["would"].clone(), told["cache"]["hits"].clone());
    for (target, (headers, arguments), width) in clients {
        let arguments = [&[target][..], arguments].concat();
        let before = told(&server, &arguments);
        assert_eq!(
            (would(&before), &before["client"]["width"]),
            (("miss".into(), Value::Null), &width),
            "{arguments:?}"
        );
        let plain = told(&server, &[target]);
        assert_ne!(before["cache"]["id"], plain["cache"]["id"], "{arguments:?}");
        let answer = server.client().get_with(target, headers).await.unwrap();
        assert!(answer.status == 200 && !answer.header("cache-status").contains("; hit"), "{arguments:?}");
        assert_eq!(would(&told(&server, &arguments)), ("hit".into(), 0.into()), "{arguments:?}");
        let again = server.client().get_with(target, headers).await.unwrap();
        assert!(again.header("cache-status").contains("; hit"), "{arguments:?}");
        let after = told(&server, &arguments);
        assert_eq!(would(&after), ("hit".into(), 1.into()), "{arguments:?}");
        assert_eq!((&after["cache"]["id"], &after["plan"]), (&before["cache"]["id"], &before["plan"]));
        assert_eq!(would(&told(&server, &[target])), would(&plain), "another variant: {arguments:?}");
    }
    let depends = "client      the answer depends on accept, sec-ch-width, width, sec-ch-dpr, dpr, save-data; width 300 pixels; ignored: viewport_width";
    let control = format!("http://{}", server.control);
    let arguments = ["explain", ix, "--width", "212", "--viewport-width", "9", "--control", &control];
    let text = String::from_utf8(run(&arguments, &[("AFTERIMAGE_API_KEY", KEY)]).stdout).unwrap();
    assert!(text.lines().any(|line| line == depends), "{text}");
}

/// Hits are those out of memory since it came there: they begin anew with the process, and with what is read from disk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tiers_and_hits_over_a_restart() {
    let (_all, photos, data) = empty_folder();
    std::fs::write(photos.join("cat.png"), pictures::png("cat.png", 1)).unwrap();
    let target = "/imgix/cat.png?w=30";
    let here = |server: &Server| {
        let told = told(server, &[target]);
        assert_eq!(told["derivatives"].as_array().map(Vec::len), Some(1), "{told:#}");
        let of = |told: &Value| (told["tiers"].clone(), told["hits"].clone());
        assert_eq!(of(&told["cache"]), of(&told["derivatives"][0]));
        assert_eq!((&told["cache"]["would"], &told["derivatives_total"]["entries"]), (&"hit".into(), &1.into()));
        of(&told["cache"])
    };
    let get = async |server: &Server| assert_eq!(server.client().get(target).await.unwrap().status, 200);
    let both = || serde_json::json!(["memory", "disk"]);
    let first = Server::folder(&binary(), &photos, &data);
    for hits in 0..3 {
        get(&first).await;
        let (tiers, counted) = here(&first);
        // It is written to the disk behind.
        assert!(tiers[0] == "memory" && counted == hits, "{tiers} {counted}");
    }
    first.stop();
    let second = Server::folder(&binary(), &photos, &data);
    assert_eq!(here(&second), (serde_json::json!(["disk"]), Value::Null));
    for hits in 0..2 {
        get(&second).await;
        assert_eq!(here(&second), (both(), hits.into()));
    }
}
