//! Presets of ours, URLs without a source, and formats that nobody asked for.

use super::*;
use crate::Preset;

fn settings() -> Settings {
    let preset = |text: &str, enabled| Preset { text: text.to_owned(), enabled };
    Settings {
        presets: [
            ("thumb", preset("cover:center/300x200/format:webp,quality:70", true)),
            ("soft", preset("blur:4/preset:thumb", true)),
            ("wide", preset("/width/900/", true)),
            ("whole", preset("cdn", true)),
            ("bad", preset("shrink/300", true)),
            ("off", preset("blur:9", false)),
        ]
        .into_iter()
        .map(|(name, preset)| (name.to_owned(), preset))
        .collect(),
        ..Settings::default()
    }
}

fn at(path: &str, settings: &Settings) -> Result<Parsed, ParseError> {
    Imageboss.parse(Target::new(&format!("/s/{path}")), settings)
}

#[test]
fn a_preset_holds_against_the_url() {
    for (path, want, warned) in [
        ("cdn/preset:thumb/p.jpg", "resize:300x200,cover", vec![]),
        ("cdn/Preset:thumb,dpr:2/p.jpg", "resize:600x400,cover", vec![]),
        ("width/50/preset:thumb/p.jpg", "resize:300x200,cover", vec!["no-effect:size=width/50"]),
        ("width/50/preset:soft/p.jpg", "resize:50x-,inside|blur:4", vec![]),
        ("width/50/preset:soft,blur:1/p.jpg", "resize:50x-,inside|blur:4", vec!["no-effect:blur=1"]),
        ("cdn/preset:wide/p.jpg", "resize:900x-,inside", vec![]),
        ("cdn/preset:whole/p.jpg", "", vec![]),
        ("cdn/preset:soft,compression:false/p.jpg", "blur:4", vec!["no-effect:compression=false"]),
        ("cdn/preset:off/p.jpg", "", vec!["invalid:preset=off"]),
        ("cdn/preset:none,gamma:2/p.jpg", "gamma:2", vec!["invalid:preset=none"]),
    ] {
        let parsed = at(path, &settings()).unwrap();
        let want = if want.is_empty() { "orient:exif".to_owned() } else { format!("orient:exif|{want}") };
        assert_eq!(parsed.plan.stages_text(), want, "{path}");
        let told: Vec<_> =
            parsed.warnings.iter().map(|w| format!("{}:{}={}", w.kind.name(), w.parameter, w.value)).collect();
        assert_eq!(told, warned, "{path}");
    }
    let thumb = at("cdn/preset:thumb,quality:9/p.jpg", &settings()).unwrap();
    assert_eq!(thumb.presets, ["thumb"]);
    assert!(thumb.plan.output.to_string().starts_with("webp, quality 70"), "{}", thumb.plan);
    assert!(matches!(at("cdn/preset:bad/p.jpg", &settings()), Err(ParseError::Malformed { .. })));
}

#[test]
fn a_strict_site_takes_presets_alone() {
    let strict = Settings { presets_only: true, ..settings() };
    for path in ["cdn/p.jpg", "cdn/preset:thumb/p.jpg", "cdn/preset:soft,download:true/p.jpg", "cdn/a:b/p.jpg"] {
        assert!(at(path, &strict).is_ok(), "{path}: {:?}", at(path, &strict));
    }
    for (path, what) in [
        ("width/300/p.jpg", "width/300"),
        ("width/300/preset:soft/p.jpg", "width/300"),
        ("cdn/preset:soft,gamma:2/p.jpg", "gamma:2"),
        ("cdn/compression:false/p.jpg", "compression:false"),
        ("cdn/preset:off/p.jpg", "preset:off"),
    ] {
        let Err(ParseError::NotAPreset { what: found, .. }) = at(path, &strict) else { panic!("{path}") };
        assert_eq!(found, what, "{path}");
    }
}

#[test]
fn urls_of_the_first_years_name_no_source() {
    let legacy = Settings { sourceless: true, ..Settings::default() };
    let url = |u: &str| Asset::Url(u.to_owned());
    for (target, asset, stages) in [
        ("/width/300/https://x.example/a.jpg", url("https://x.example/a.jpg"), "resize:300x-,inside"),
        ("/width/300/https:/x.example/a%20b.jpg", url("https://x.example/a%20b.jpg"), "resize:300x-,inside"),
        (
            "/cover:center/30x20/blur:4,dpr:2/http://x.example/a.jpg",
            url("http://x.example/a.jpg"),
            "resize:60x40,cover|blur:4",
        ),
        ("/cdn/https%3A%2F%2Fx.example%2Fa.jpg", url("https://x.example/a.jpg"), ""),
    ] {
        let parsed = Imageboss.parse(Target::new(target), &legacy).unwrap_or_else(|e| panic!("{target}: {e}"));
        assert_eq!((parsed.source, parsed.asset), (None, asset), "{target}");
        let want = if stages.is_empty() { "orient:exif".to_owned() } else { format!("orient:exif|{stages}") };
        assert_eq!(parsed.plan.stages_text(), want, "{target}");
    }
    // A source that is there is a source, and by default there always is one.
    let parsed = Imageboss.parse(Target::new("/shop/width/300/https://x.example/a.jpg"), &legacy).unwrap();
    assert_eq!(parsed.source.as_deref(), Some("shop"));
    for target in ["/width/300/https://", "/width/300/https:///"] {
        assert!(Imageboss.parse(Target::new(target), &legacy).is_err(), "{target}");
    }
    assert!(Imageboss.parse(Target::new("/width/300/https://x.example/a.jpg"), &Settings::default()).is_err());
}

#[test]
fn films_are_for_animations() {
    for path in ["width/3/format:mp4/p.gif", "cdn/format:mp4,animation:false/p.gif"] {
        let answer = at(path, &Settings::default());
        assert!(matches!(answer, Err(ParseError::BadParameter { .. })), "{path}: {answer:?}");
    }
    assert!(at("cdn/format:mp4,format:gif/p.gif", &Settings::default()).is_ok(), "the last one counts");
}

#[test]
fn a_site_may_negotiate_unasked() {
    let implicit = Settings { implicit_auto: true, ..Settings::default() };
    let plain = Settings::default();
    let of = |path, settings: &Settings| at(path, settings).unwrap().plan.output;
    assert_eq!(of("cdn/p.jpg", &implicit), of("cdn/format:auto/p.jpg", &plain));
    assert_eq!(of("cdn/format:png/p.jpg", &implicit), of("cdn/format:png/p.jpg", &plain));
}
