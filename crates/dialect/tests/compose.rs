//! URLs put together from parameters, and taken apart again. That a whole corpus of them means the same afterwards is in
//! `corpus.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use dialect::cloudimage::Cloudimage;
use dialect::imageboss::Imageboss;
use dialect::imagekit::Imagekit;
use dialect::imgix::Imgix;
use dialect::{Asset, Dialect, Settings, Target};
use proptest::prelude::*;

const ALL: [&dyn Dialect; 4] = [&Imgix, &Imagekit, &Cloudimage, &Imageboss];

/// A dialect, and names of its table with values of any characters, but for what separates ImageKit's pieces and what is no
/// parameter of the picture.
fn parameters() -> impl Strategy<Value = (usize, Vec<(String, String)>)> {
    let value = "[^,:\\p{Cc}?]{1,12}";
    (0..ALL.len(), prop::collection::vec((any::<prop::sample::Index>(), value), 0..6)).prop_map(|(number, picks)| {
        let names: Vec<&str> = ALL[number].params().iter().map(|row| row.name).collect();
        // Signatures are left out; what a name of ImageKit's holds behind a dash belongs to its value.
        let plain =
            |name: &&str| !matches!(*name, "s" | "tr" | "ixlib" | "ixid" | "ixsrc") && !name.contains(['-', '_', ':']);
        let names: Vec<&str> = names.into_iter().filter(plain).collect();
        let pair = |(index, value): (prop::sample::Index, String)| ((*index.get(&names)).to_owned(), value);
        (number, picks.into_iter().map(pair).collect())
    })
}

proptest! {
    #[test]
    fn what_is_put_together_is_taken_apart((number, said) in parameters(), path in "[a-z0-9 %&+é]{1,8}\\.jpg") {
        let (dialect, settings) = (ALL[number], Settings::default());
        let asset = Asset::Path(path);
        let target = dialect.compose("shop", &asset, &said, &settings).unwrap();
        prop_assert!(target.starts_with('/') && target.is_ascii(), "{target}");
        let mut again = dialect.parameters(Target::new(&target), &settings).unwrap();
        again.retain(|(name, _)| name != "operation");
        let operations = ["cdn", "width", "height", "cover", "contain"];
        let said: Vec<_> = said.into_iter().filter(|(name, _)| number != 3 || !operations.contains(&name.as_str())).collect();
        prop_assert_eq!(&again, &said, "{}", target);
        if let Ok(parsed) = dialect.parse(Target::new(&target), &settings) {
            prop_assert_eq!(parsed.asset, asset, "{}", target);
        }
    }
}

#[test]
fn what_has_no_place() {
    let settings = Settings::default();
    let (path, url) = (Asset::Path("a.jpg".into()), Asset::Url("https://x.example/a.jpg".into()));
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (dialect, asset, said) in [
        (&Imgix as &dyn Dialect, &path, pair("", "300")),
        (&Cloudimage, &path, pair("", "300")),
        (&Imagekit, &path, pair("?", "300")),
        (&Imageboss, &path, pair("", "300")),
        (&Imageboss, &url, Vec::new()),
    ] {
        assert!(dialect.compose("shop", asset, &said, &settings).is_err(), "{}", dialect.name());
    }
}

/// What the dialects have for themselves.
#[test]
fn pieces_stand_where_each_vendor_has_them() {
    let settings = Settings { endpoint: "demo".into(), ..Settings::default() };
    let (path, url) = (Asset::Path("a b.jpg".into()), Asset::Url("https://x.example/a.jpg?v=1".into()));
    for (dialect, asset, said, target) in [
        (&Imgix as &dyn Dialect, &path, &[("w", "300"), ("txt", "a/b?")][..], "/a%20b.jpg?w=300&txt=a/b%3F"),
        (&Imgix, &url, &[], "/https%3A%2F%2Fx.example%2Fa.jpg%3Fv%3D1"),
        (&Imagekit, &path, &[("w", "300"), (":", ""), ("e-grayscale", "")], "/demo/tr:w-300:e-grayscale/a%20b.jpg"),
        (&Imagekit, &path, &[("l", "text"), ("i", "a/b"), ("l", "end")], "/demo/a%20b.jpg?tr=l-text,i-a/b,l-end"),
        (&Imagekit, &path, &[("ik-attachment", "true"), ("?v", "1")], "/demo/a%20b.jpg?ik-attachment=true&v=1"),
        (&Imagekit, &path, &[("tr", "w-1:h-2"), ("q", "3")], "/demo/tr:w-1:h-2,q-3/a%20b.jpg"),
        (&Cloudimage, &path, &[("wat_url[1]", "/l.png")], "/a%20b.jpg?wat_url%5B1%5D=/l.png"),
        (&Cloudimage, &url, &[("w", "1")], "/https%3A%2F%2Fx%2Eexample%2Fa%2Ejpg%3Fv%3D1?w=1&ci_url_encoded=1"),
        (&Imageboss, &path, &[("quality", "9"), ("cover:center", "3x2")], "/shop/cover:center/3x2/quality:9/a%20b.jpg"),
        (&Imageboss, &path, &[("wmk-path", "/l,1.png"), ("?v", "1")], "/shop/cdn/wmk-path:%2Fl%2C1.png/a%20b.jpg?v=1"),
    ] {
        let said: Vec<(String, String)> = said.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let composed = dialect.compose("shop", asset, &said, &settings).unwrap();
        // A comma may stand in a query as it is.
        assert_eq!(composed.replace("%2C", ","), target.replace("%2C", ","), "{}", dialect.name());
    }
}
