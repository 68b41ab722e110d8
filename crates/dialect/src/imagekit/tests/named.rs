#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;

use super::*;
use crate::Preset;

fn site(presets: &[(&str, &str)]) -> Settings {
    let presets = presets.iter().map(|(name, text)| {
        ((*name).to_owned(), Preset { text: (*text).to_owned(), enabled: !name.starts_with("off") })
    });
    Settings { presets: presets.collect(), ..settings() }
}

const PRESETS: &[(&str, &str)] = &[
    ("thumb", "tr:w-100,h-100,c-at_max"),
    ("soft", "bl-4:e-grayscale"),
    ("Thumb", "w-50"),
    ("both", "n-thumb:n-soft"),
    ("mark", "l-image,i-l,t-false,l-end"),
    ("text", "l-text,ie-SGk%3D,l-end"),
    ("empty", " "),
    ("off", "w-3"),
    ("offensive", "w-3"),
    ("circle", "n-circle"),
    ("deep4", "n-deep3"),
    ("deep3", "n-deep2"),
    ("deep2", "n-deep1"),
    ("deep1", "w-7"),
    ("bad", "foo-3"),
];

#[test]
fn names_stand_for_their_steps_where_they_stand() {
    let settings = site(PRESETS);
    let thumb = "resize:100x100,inside,enlarge=no";
    for (steps, want, used) in [
        ("n-thumb", thumb.to_owned(), "thumb"),
        ("n-Thumb", "resize:50x-,inside".to_owned(), "Thumb"),
        ("n-thumb,rt-90", format!("{thumb}|rotate:90,auto"), "thumb"),
        ("rt-90:n-thumb:w-640,c-at_max", format!("rotate:90,auto|{thumb}|resize:640x-,inside,enlarge=no"), "thumb"),
        // In place: what stands before is said in the first of its steps, what stands behind in the last.
        ("w-9,n-soft,rt-90", "resize:9x-,inside|blur:2|grayscale|rotate:90,auto".to_owned(), "soft"),
        ("n-both", format!("{thumb}|blur:2|grayscale"), "both thumb soft"),
        ("n-soft:n-soft", "blur:2|grayscale|blur:2|grayscale".to_owned(), "soft"),
        ("n-mark", "overlay:path1(l),center,[orient:exif]".to_owned(), "mark"),
        (
            "l-image,i-m,t-false,n-soft,l-end",
            "overlay:path1(m),center,[orient:exif|blur:2|grayscale]".to_owned(),
            "soft",
        ),
        ("n-text", "overlay:text2(Hi),size=45,color=000000ff,align=center,snug,center".to_owned(), "text"),
        ("n-empty", String::new(), "empty"),
        ("n-deep3,n-empty", "resize:7x-,inside".to_owned(), "deep3 deep2 deep1 empty"),
    ] {
        for raw in [format!("/tr:{steps}/a.jpg"), format!("/a.jpg?tr={}", steps.replace(',', "%2C"))] {
            let parsed = Imagekit.parse(Target::new(&raw), &settings).unwrap_or_else(|error| panic!("{raw}: {error}"));
            let text = parsed.plan.stages_text();
            assert_eq!(text.trim_start_matches("orient:exif").trim_start_matches('|'), want, "{raw}");
            assert_eq!(parsed.presets.join(" "), used, "{raw}");
            assert_eq!(parsed.warnings, [], "{raw}");
        }
    }
    let both = Imagekit.parse(Target::new("/tr:n-soft/a.jpg?tr=n-thumb"), &settings).unwrap();
    assert_eq!(both.presets, ["soft", "thumb"]);
}

#[test]
fn names_that_there_are_not_are_refused() {
    let settings = site(PRESETS);
    for (steps, name) in [
        ("n-nothing", "nothing"),
        ("n-THUMB", "THUMB"),
        ("n-off", "off"),
        ("n", ""),
        ("n-", ""),
        ("n-circle", "circle"),
        ("n-deep4:n-both,n-nothing", "nothing"),
    ] {
        for raw in [format!("/tr:w-3,{steps}/a.jpg"), format!("/a.jpg?tr={steps}")] {
            match Imagekit.parse(Target::new(&raw), &settings) {
                Err(ParseError::BadParameter { parameter, value, allowed }) => {
                    assert_eq!((parameter.as_str(), value.as_str()), ("n", name), "{raw}");
                    assert!(!allowed.contains("thumb"), "names are nobody's business: {allowed}");
                }
                other => panic!("{raw}: {other:?}"),
            }
        }
    }
    let five = site(&[PRESETS, &[("deep5", "n-deep4")]].concat());
    assert!(Imagekit.parse(Target::new("/tr:n-deep4/a.jpg"), &five).is_ok());
    assert!(Imagekit.parse(Target::new("/tr:n-deep5/a.jpg"), &five).is_err());
    // Names for names for names grow no faster than the limits.
    let text = vec!["n-b"; 60].join(":");
    let bomb = site(&[("a", &text), ("b", ""), ("long", &"w-3,".repeat(20_000))]);
    assert!(Imagekit.parse(Target::new("/tr:n-a:n-a/a.jpg"), &bomb).is_err());
    assert!(Imagekit.parse(Target::new("/tr:n-long/a.jpg"), &bomb).is_err());
    match Imagekit.parse(Target::new("/tr:n-bad/a.jpg"), &settings) {
        Err(ParseError::BadParameter { parameter, .. }) => assert_eq!(parameter, "foo"),
        other => panic!("{other:?}"),
    }
    let lenient = Settings { lenient: true, ..settings };
    let parsed = Imagekit.parse(Target::new("/tr:n-off,w-3/a.jpg"), &lenient).unwrap();
    assert_eq!(parsed.plan.stages_text(), "orient:exif|resize:3x-,inside");
    let told: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["unknown: n=off"]);
    assert_eq!(parsed.presets, [""; 0]);
}

#[test]
fn a_site_may_take_names_alone() {
    for lenient in [false, true] {
        let settings = Settings { presets_only: true, lenient, ..site(&PRESETS[..3]) };
        for raw in ["/a.jpg", "/tr:/a.jpg", "/tr:n-thumb/a.jpg?v=1&ik-attachment=true", "/a.jpg?tr=n-thumb%3An-soft,"] {
            assert!(Imagekit.parse(Target::new(raw), &settings).is_ok(), "{raw}");
        }
        for (raw, explicit) in [
            ("/tr:w-3/a.jpg", "w-3"),
            ("/tr:n-thumb,w-3/a.jpg", "w-3"),
            ("/tr:n-thumb/a.jpg?tr=orig-true", "orig-true"),
            ("/a.jpg?tr=n-thumb:w-640,c-at_max", "w-640"),
            ("/tr:l-image,n-thumb,l-end/a.jpg", "l-image"),
            ("/tr:foo/a.jpg", "foo"),
        ] {
            match Imagekit.parse(Target::new(raw), &settings) {
                Err(ParseError::NotAPreset { what, allowed }) => {
                    assert_eq!((what.as_str(), allowed.as_str()), (explicit, "n-Thumb, n-soft, n-thumb"), "{raw}");
                }
                other => panic!("{raw}: {other:?}"),
            }
        }
        assert!(Imagekit.parse(Target::new("/tr:n-nothing/a.jpg"), &settings).is_err());
    }
}

#[test]
fn what_is_purged_by_a_name_is_what_it_stands_for() {
    let settings = site(PRESETS);
    let named = purge_target("/tr:n-thumb/a.jpg", &settings).unwrap();
    let PurgeTarget::Exact(named) = named else { panic!("{named:?}") };
    let plain = Imagekit.parse(Target::new("/tr:w-100,h-100,c-at_max/a.jpg"), &settings).unwrap();
    assert_eq!(named.plan, plain.plan);
    assert_eq!(purge_target("/tr:n-empty/a.jpg", &settings).unwrap(), PurgeTarget::Master(path("a.jpg")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(200), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is stored under names, and however they name each other, reading ends; and a name means what is stored.
    #[test]
    fn any_text_may_be_stored(
        a in "(tr:)?(n-[abc]|w-[0-9]{1,3}|l-image|l-end|i-x|[a-z%-]{0,3}|[,:]){0,12}",
        b in "(n-[abc]|rt-90|[,:]){0,12}",
        c in "((w-3|fl-h|bl-2)[,:]){0,4}",
    ) {
        let settings = site(&[("a", &a), ("b", &b), ("c", &c)]);
        for raw in ["/tr:n-a/p.jpg", "/tr:n-b:n-a,n-c/p.jpg"] {
            let _ = Imagekit.parse(Target::new(raw), &settings);
        }
        let named = Imagekit.parse(Target::new("/tr:n-c/p.jpg"), &settings).unwrap();
        let plain = Imagekit.parse(Target::new(&format!("/tr:{c}/p.jpg")), &settings).unwrap();
        prop_assert_eq!(named.plan, plain.plan);
    }
}
