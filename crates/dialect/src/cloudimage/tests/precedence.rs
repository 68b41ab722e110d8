use super::*;
use crate::{Preset, Rule};

fn settings() -> Settings {
    let preset = |text: &str, enabled| Preset { text: text.to_owned(), enabled };
    let rule = |contains: &str, query: &str| Rule { contains: contains.to_owned(), query: query.to_owned() };
    Settings {
        presets: [
            ("small", preset("w=200&f=gray", true)),
            ("marked", preset("wat=1&wat_url=/l.png", true)),
            ("off", preset("w=1", false)),
        ]
        .into_iter()
        .map(|(name, preset)| (name.to_owned(), preset))
        .collect(),
        rules: vec![
            rule("avatars/", "w=64&h=64"),
            rule("ava", "width=32&blur=2&org_if_sml=1"),
            rule("_shop_/press", "p=small"),
            rule("", "w=1"),
        ],
        defaults: "q=71&blur=8".to_owned(),
        sealed: true,
        ..Settings::default()
    }
}

fn at(target: &str) -> Parsed {
    Cloudimage.parse(Target::new(target), &settings()).unwrap_or_else(|e| panic!("{target}: {e}"))
}

/// Strongest first: seal, preset, URL, rules in their order, defaults.
#[test]
fn the_stronger_place_wins() {
    for (target, want) in [
        // The vendor's example: a width in the preset cannot be overridden.
        ("/a.jpg?p=small&w=400", "resize:200x-,inside|grayscale|blur:4"),
        ("/a.jpg?width=400&p=small", "resize:200x-,inside|grayscale|blur:4"),
        ("/a.jpg?p=small&h=100&grey=0&blur=0", "resize:200x100,cover|grayscale"),
        ("/a.jpg?p=none&w=400", "resize:400x-,inside|blur:4"),
        ("/a.jpg?p=off&w=400", "resize:400x-,inside|blur:4"),
        ("/a.jpg?w=400", "resize:400x-,inside|blur:4"),
        ("/a.jpg?blur=2", "blur:1"),
        ("/avatars/a.jpg", "resize:64x64,cover,enlarge=no|blur:1"),
        ("/v7/avatars/a.jpg?height=32", "resize:64x32,cover,enlarge=no|blur:1"),
        ("/my_avatars/a.jpg?blur=6&w=9", "resize:9x64,cover,enlarge=no|blur:3"),
        ("/avast.jpg", "resize:32x-,inside,enlarge=no|blur:1"),
        // Aliases are seen by their names.
        ("/_shop_/press/a.jpg?w=7", "resize:200x-,inside|grayscale|blur:4"),
        (
            "/_shop_/press/a.jpg?p=marked&w=7",
            "resize:7x-,inside|blur:4|overlay:path5(l.png),shrink,center,[orient:exif]",
        ),
        // c2VhbGVkOiB3PTk is no query; dz05 is w=9, cD1zbWFsbA is p=small.
        ("/a.jpg?ci_eqs=dz05&p=small", "resize:9x-,inside|grayscale|blur:4"),
        ("/a.jpg?ci_eqs=cD1zbWFsbA&p=marked&w=3", "resize:200x-,inside|grayscale|blur:4"),
        ("/a.jpg?p=marked&wat=0&wat_text=mine&func=proxy", "blur:4|overlay:path5(l.png),shrink,center,[orient:exif]"),
    ] {
        let want = format!("orient:exif|{want}");
        assert_eq!(at(target).plan.stages_text(), want, "{target}");
        assert_eq!(at(target).plan.output.quality.jpeg, 71, "{target}");
    }
    assert_eq!(at("/a.jpg?q=50").plan.output.quality.jpeg, 50);
    // Where URLs are not sealed, anybody can write what seems to be.
    let open = Settings { sealed: false, ..settings() };
    let stages = |target: &str| Cloudimage.parse(Target::new(target), &open).unwrap().plan.stages_text();
    assert_eq!(stages("/a.jpg?ci_eqs=dz05&p=small"), "orient:exif|resize:200x-,inside|grayscale|blur:4");
    assert_eq!(stages("/a.jpg?ci_eqs=dz05&w=3"), "orient:exif|resize:9x-,inside|blur:4");
}

#[test]
fn the_sites_own_watermark_waits_until_it_is_asked_for() {
    let rule = Rule { contains: "press/".to_owned(), query: "wat=1".to_owned() };
    let site =
        Settings { defaults: "wat_url=/own.png&wat_scale=50p".to_owned(), rules: vec![rule], ..Settings::default() };
    let told = |target: &str| {
        let parsed = Cloudimage.parse(Target::new(target), &site).unwrap();
        assert_eq!(parsed.warnings, [], "{target}");
        parsed.plan.stages_text()
    };
    let own = "orient:exif|overlay:path7(own.png),0.5rx0.5r,shrink,center,[orient:exif]";
    assert_eq!(told("/a.jpg"), "orient:exif");
    assert_eq!(told("/a.jpg?wat=0"), "orient:exif");
    assert_eq!(told("/a.jpg?wat=1"), own);
    assert_eq!(told("/press/a.jpg"), own);
    assert_eq!(told("/press/a.jpg?wat=0"), "orient:exif", "the URL goes before a rule");
}

#[test]
fn presets_are_named_and_what_loses_is_said() {
    assert_eq!(at("/a.jpg?p=small").presets, ["small"]);
    assert_eq!(at("/_shop_/press/a.jpg").presets, ["small"]);
    assert_eq!(at("/a.jpg?p=off").presets, [""; 0]);
    let told = |target: &str| -> Vec<String> {
        at(target).warnings.iter().map(|w| format!("{}:{}={}", w.kind.name(), w.parameter, w.value)).collect()
    };
    assert_eq!(told("/a.jpg?p=small&w=400"), ["no-effect:w=400"]);
    assert_eq!(told("/a.jpg?p=small&f=gray:0,blur:1"), ["no-effect:gray=0"]);
    assert_eq!(told("/a.jpg?p=off"), ["invalid:p=off"]);
    assert_eq!(told("/a.jpg?p=marked&func=proxy"), ["no-effect:func=proxy"]);
    assert_eq!(told("/a.jpg?ci_eqs=cD1zbWFsbA&p=marked"), ["no-effect:p=marked"]);
    assert_eq!(told("/avatars/a.jpg?w=9"), [""; 0], "a rule gives way");
}

#[test]
fn a_strict_site_takes_presets_alone() {
    let strict = Settings { presets_only: true, ..settings() };
    let answer = |target: &str| Cloudimage.parse(Target::new(target), &strict);
    for target in [
        "/a.jpg",
        "/a.jpg?p=small",
        "/v7/a.jpg?&p=small&vh=3&ci_sign=4d9ad04c",
        "/a.jpg?p=small&force_download=1&v=3",
        "/avatars/a.jpg",
        "/a.jpg?ci_eqs=cD1zbWFsbA",
    ] {
        assert!(answer(target).is_ok(), "{target}: {:?}", answer(target));
    }
    for (target, what) in [
        ("/a.jpg?w=200", "w=200"),
        ("/a.jpg?p=small&width=200", "width=200"),
        ("/a.jpg?p=small&f=blur:3", "blur=3"),
        ("/a.jpg?p=small&wat_text[1]=x", "wat_text[1]=x"),
        ("/a.jpg?p=none", "p=none"),
        ("/a.jpg?p=off", "p=off"),
        ("/a.jpg?ci_eqs=dz05", "w=9"),
        ("/a.jpg?func=proxy", "func=proxy"),
    ] {
        let Err(ParseError::NotAPreset { what: found, allowed }) = answer(target) else { panic!("{target}") };
        assert_eq!((found.as_str(), allowed.as_str()), (what, "marked, small"), "{target}");
    }
    assert!(purge_path("/a.jpg?w=200", &strict).is_ok(), "what was delivered before can be purged");
}
