//! Client hints over the wire: what answers say they depend on, how few variants there are, and that a purge of one URL takes
//! every variant of it (rule I4).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use support::{KEY, Server, look, sample_folder};
use testkit::http::Answer;
use testkit::origin::VersionedOrigin;
use testkit::pictures;

const MASTER: &str = "hinted.png";

/// Header fields of a client, and the width that it gets.
type Client = (&'static [(&'static str, &'static str)], usize);

async fn get(server: &Server, target: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = server.client().get_with(target, headers).await.unwrap();
    assert_eq!(answer.status, 200, "{target} {headers:?}: {}", answer.text());
    answer
}

fn is_hit(answer: &Answer) -> bool {
    answer.header("cache-status").contains("; hit")
}

fn width(answer: &Answer) -> usize {
    look::size(&answer.body).unwrap().0
}

#[tokio::test]
async fn answers_have_the_size_that_the_client_hints_at_and_say_what_they_depend_on() {
    let (_folder, photos, data) = sample_folder();
    let server = Server::folder(&support::binary(), &photos, &data);
    let kit = "/imagekit/tr:w-auto,f-jpg/mountains.jpg";
    let ix = "/imgix/mountains.jpg?w=500&fm=jpg&ch=Width,DPR,Save-Data";
    let clients: [(&str, Client); 12] = [
        (ix, (&[], 500)),
        (ix, (&[("sec-ch-width", "212")], 300)),
        (ix, (&[("width", "212")], 300)),
        (ix, (&[("width", "320"), ("dpr", "2")], 400)),
        (ix, (&[("sec-ch-dpr", "1.5")], 750)),
        (ix, (&[("sec-ch-width", "212"), ("width", "900")], 300)),
        (kit, (&[("sec-ch-width", "212"), ("sec-ch-dpr", "2.0")], 300)),
        (kit, (&[("width", "320")], 400)),
        ("/imagekit/tr:w-200,dpr-auto,f-jpg/mountains.jpg", (&[("dpr", "2")], 400)),
        ("/imagekit/tr:w-200,dpr-auto,f-jpg/mountains.jpg", (&[], 200)),
        // Nobody asked for them here.
        ("/imgix/mountains.jpg?w=500&fm=jpg", (&[("width", "212"), ("dpr", "2")], 500)),
        ("/imagekit/tr:w-500,f-jpg/mountains.jpg", (&[("width", "212"), ("dpr", "2")], 500)),
    ];
    for (target, (headers, wide)) in clients {
        assert_eq!(width(&get(&server, target, headers).await), wide, "{target} {headers:?}");
    }

    let said = get(&server, ix, &[]).await;
    assert_eq!(said.header("vary"), "sec-ch-width, width, sec-ch-dpr, dpr, save-data");
    assert_eq!(said.header("accept-ch"), "sec-ch-width, width, sec-ch-dpr, dpr");
    let both = get(&server, "/imgix/mountains.jpg?w=500&auto=format&ch=Save-Data", &[]).await;
    assert_eq!((both.header("vary"), both.header("accept-ch")), ("accept, save-data", ""));
    let neither = get(&server, "/imgix/mountains.jpg?w=500&fm=jpg", &[]).await;
    assert_eq!((neither.header("vary"), neither.header("accept-ch")), ("", ""));

    // The vendor's own example; and the older header fields on a screen of 1.
    let ratio = get(&server, kit, &[("sec-ch-width", "212"), ("sec-ch-dpr", "2.0")]).await;
    assert_eq!((ratio.header("content-dpr"), is_hit(&ratio)), ("2.83", true));
    let ratio = get(&server, kit, &[("width", "320")]).await;
    assert_eq!(ratio.header("content-dpr"), "1.25");
    assert_eq!(get(&server, kit, &[]).await.header("content-dpr"), "");
    assert_eq!(get(&server, ix, &[("width", "212")]).await.header("content-dpr"), "");

    let plain = get(&server, ix, &[]).await;
    let saving = get(&server, ix, &[("save-data", "on")]).await;
    assert_eq!(width(&saving), 500);
    assert!(saving.body.len() < plain.body.len() * 3 / 4, "{} of {}", saving.body.len(), plain.body.len());
}

/// Whatever is written into the header fields, the answer is a picture that others have already, and nothing is stored for
/// it.
#[tokio::test]
async fn hostile_hints_are_ignored_and_many_values_are_few_variants() {
    let (_folder, photos, data) = sample_folder();
    let more = format!(
        "listen = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\ndata = {data:?}\n\
         [source.local]\ntype = \"local\"\nroot = {photos:?}\n\
         [[site]]\nname = \"ix\"\ndialect = \"imgix\"\nprefix = \"/imgix\"\nsources = [\"local\"]\nstrict = true\n\
         [[site]]\nname = \"kit\"\ndialect = \"imagekit\"\nprefix = \"/imagekit\"\nsources = [\"local\"]\nsave_data = true\n"
    );
    let server = Server::configured(&support::binary(), &data, &more);
    let ix = "/imgix/cat.jpg?w=250&fm=jpg&ch=Width,DPR,Save-Data";
    let kit = "/imagekit/tr:w-auto,dpr-auto,f-jpg/cat.jpg";
    for target in [ix, kit] {
        let plain = get(&server, target, &[]).await;
        for (headers, warns) in [
            (&[("width", "0")][..], "invalid: width=0"),
            (&[("sec-ch-width", "-300")], "invalid: sec-ch-width=-300"),
            (&[("width", "1000000000")], "invalid: width=1000000000"),
            (&[("width", "1e9")], "invalid: width=1e9"),
            (&[("width", "wide")], "invalid: width=wide"),
            (&[("width", "300"), ("width", "400")], "repeated: width"),
            (&[("dpr", "0")], "invalid: dpr=0"),
            (&[("dpr", "-1")], "invalid: dpr=-1"),
            (&[("sec-ch-dpr", "2;q=1")], "invalid: sec-ch-dpr=2;q=1"),
            (&[("dpr", "99")], "invalid: dpr=99"),
            (&[("save-data", "maybe")], "invalid: save-data=maybe"),
        ] {
            let headers: Vec<_> = headers.iter().copied().chain([("afterimage-debug", "1")]).collect();
            let answer = get(&server, target, &headers).await;
            assert!(is_hit(&answer) && answer.body == plain.body, "{target} {headers:?}: {:?}", answer.headers);
            let told = answer.header("afterimage-warnings");
            assert!(told.contains(warns), "{target} {headers:?}: {told:?}");
        }
        let saving = get(&server, target, &[("save-data", "on")]).await;
        assert!(saving.body.len() < plain.body.len(), "{target}");
    }
    let fills = || server.metric("afterimage_fills_total{store=\"derivatives\"}");
    let before = fills().await;
    for width in (1..=400).step_by(7) {
        get(&server, ix, &[("width", &width.to_string()), ("dpr", "1.9")]).await;
    }
    assert_eq!(fills().await - before, 4, "one for each hundred pixels");
}

/// A purge of one derivative, through the native API and through a vendor's, takes the variants of all clients, and leaves
/// other derivatives of the master alone.
#[tokio::test]
async fn purging_a_url_takes_every_variant_of_it() {
    let origin = VersionedOrigin::start();
    origin.set_version(MASTER, 1);
    let data = tempfile::tempdir().unwrap();
    let server = Server::web(&support::binary(), &origin.base(), &data.path().join("data"), "");
    let mut control = server.control_client();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{KEY}:")));
    let clients: [Client; 4] = [
        (&[], 0),
        (&[("sec-ch-width", "320")], 400),
        (&[("width", "500")], 500),
        (&[("width", "640"), ("dpr", "2")], 700),
    ];
    for (target, other) in [
        (format!("/imgix/{MASTER}?w=600&fm=png&ch=Width"), format!("/imgix/{MASTER}?w=320&fm=png")),
        (format!("/imagekit/tr:w-auto,f-png/{MASTER}"), format!("/imagekit/tr:w-320,f-png/{MASTER}")),
    ] {
        let old = origin.version(MASTER).unwrap();
        for (headers, wide) in clients {
            let answer = get(&server, &target, headers).await;
            assert!(!is_hit(&answer), "{target} {headers:?}");
            assert!(wide == 0 || width(&answer) == wide, "{target} {headers:?}");
            assert!(is_hit(&get(&server, &target, headers).await), "{target} {headers:?}");
            assert_eq!(pictures::read_version(&answer.body), Ok(old));
        }
        get(&server, &other, &[]).await;
        let new = origin.bump(MASTER);
        if target.starts_with("/imgix") {
            let answer = server.purge(&mut control, &format!("[{{\"derivative\":{target:?}}}]")).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
        } else {
            let body = format!("{{\"url\":\"http://{}{target}\"}}", server.delivery);
            let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
            let answer = control.send("POST", "/v1/files/purge", &headers, body.as_bytes()).await.unwrap();
            assert_eq!(answer.status, 201, "{}", answer.text());
        }
        for (headers, _) in clients {
            let answer = get(&server, &target, headers).await;
            assert!(!is_hit(&answer), "{target} {headers:?}: {:?}", answer.headers);
            assert_eq!(pictures::read_version(&answer.body), Ok(new), "{target} {headers:?}");
        }
        assert!(is_hit(&get(&server, &other, &[]).await), "{other} is another derivative");
    }
}
