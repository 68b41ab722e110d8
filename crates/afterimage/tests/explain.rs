//! `afterimage explain` against a running server.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use serde_json::Value;
use support::{KEY, Server, binary, empty_folder, run};
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
        "derivatives of this original on disk: ",
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
