use super::{parse, round_trip, warnings};
use crate::imgix::Imgix;
use crate::{Asset, Dialect, Settings};

/// Queries, the output that they mean, and their warnings.
#[test]
fn how_it_is_written() {
    for (query, output, warned) in [
        ("chromasub=444", "source format, quality 75, progressive, chroma=444", ""),
        ("fm=jpg&chromasub=422", "jpeg, quality 75, progressive, chroma=422", ""),
        ("chromasub=411&w=5", "source format, quality 75, progressive", "invalid chromasub=411"),
        ("fm=png8&colorquant=16", "png, quality 75, progressive, palette, colors=16", ""),
        ("fm=gif&colorquant=1", "gif, quality 75, progressive, colors=2", "clamped colorquant=1"),
        ("dpi=300", "source format, quality 75, progressive, dpi=300", ""),
        ("dpi=0", "source format, quality 75, progressive", ""),
        ("dpi=99999", "source format, quality 75, progressive, dpi=65535", "clamped dpi=99999"),
        ("cs=srgb", "source format, quality 75, progressive, profile=srgb", ""),
        ("cs=tinysrgb", "source format, quality 75, progressive, profile=srgb", ""),
        ("cs=strip", "source format, quality 75, progressive", ""),
        ("cs=origin&auto=compress", "source format, quality 45, progressive, profile=keep", ""),
        ("cs=adobergb1998&w=5", "source format, quality 75, progressive, profile=adobe-rgb", ""),
        ("iptc=allow", "source format, quality 75, progressive, metadata=copyright", ""),
        ("iptc=block", "source format, quality 75, progressive", ""),
        // A mask that is compressed needs alpha.
        ("auto=compress&mask=ellipse", "png, quality 45, progressive", ""),
        ("auto=compress&mask=ellipse&fm=jpg", "jpeg, quality 45, progressive", ""),
        ("auto=compress,format&mask=/m", "first accepted of avif webp, else png, quality 45, progressive", ""),
        ("mask=ellipse", "source format, quality 75, progressive", ""),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.output.to_string(), output, "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn reports() {
    let rest = "source format, quality 75, progressive, report";
    for (query, report, warned) in [
        ("fm=json", "info", ""),
        ("fm=blurhash", "blurhash(4 3)", ""),
        ("fm=json&auto=format", "info", ""),
        ("palette=json", "palette-json(6)", ""),
        ("palette=json&colors=16&fm=webp", "palette-json(16)", "no-effect fm=webp"),
        ("palette=json&colors=0", "palette-json(0)", ""),
        ("palette=json&colors=17", "palette-json(16)", "clamped colors=17"),
        ("palette=json&prefix=a", "palette-json(6)", "no-effect prefix=a"),
        ("palette=css", "palette-css(6 5(image))", ""),
        ("palette=css&prefix=sw-1&colors=3", "palette-css(3 4(sw-1))", ""),
        ("palette=css&prefix=a%7Bb", "palette-css(6 5(image))", "invalid prefix=a{b"),
        ("palette=css&prefix=1a", "palette-css(6 5(image))", "invalid prefix=1a"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.output.to_string(), format!("{rest}={report}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
    assert_eq!(
        warnings(&parse("/p.jpg?colors=3&prefix=a&palette=xml")),
        "invalid palette=xml; no-effect colors=3; no-effect prefix=a"
    );
}

/// A palette is of the picture before text, watermark, bars and border.
#[test]
fn reports_leave_the_pipeline_early() {
    for (query, stages, warned) in [
        (
            "palette=json&w=99&h=9&fit=crop&bri=2&blend=f00&mask=ellipse&txt=a&mark=/l&pad=1&border=1,fff&bg=fff",
            "resize:97x7,cover|brightness:0.01|overlay:solid(ff0000ff),center,blend=overlay|mask:ellipse,ffffffff",
            "no-effect txt=a; no-effect mark=/l; no-effect border=1,fff",
        ),
        ("fm=blurhash&w=9&rot=5&rot-type=pivot&bg=f00", "resize:9x-,inside|rotate:5,ff0000ff", ""),
        ("fm=blurhash&blend=/b&bm=normal", "overlay:path1(b),top-left,optional,[orient:exif]", ""),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{stages}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn pages() {
    for (query, stages, warned) in [
        ("page=1&w=5", "orient:exif|resize:5x-,inside", ""),
        ("page=3", "page:2|orient:exif", ""),
        ("frame=2&or=6", "page:1|orient:6", ""),
        ("frame=2&page=3", "page:2|orient:exif", "no-effect frame=2"),
        ("page=0&w=5", "orient:exif|resize:5x-,inside", "clamped page=0"),
        ("frame=2-5&w=5", "frames:1..4|orient:exif|resize:5x-,inside", ""),
        ("frame=2-&reverse=1", "frames:1..,reverse|orient:exif", ""),
        ("frame=-7&fps=10&page=2", "page:1|orient:exif", "no-effect frame=-7; no-effect fps=10"),
        ("frame=3-2&w=5", "orient:exif|resize:5x-,inside", "invalid frame=3-2"),
        ("page=2-5&w=5", "orient:exif|resize:5x-,inside", "unsupported page=2-5"),
        ("frame=a&w=5", "orient:exif|resize:5x-,inside", "invalid frame=a"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), stages, "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn outputs_without_words_are_named() {
    use plan::{Format, FormatRule, Metadata, OutputRule, Report};
    fn negotiated() -> FormatRule {
        FormatRule::Negotiate { offer: vec![Format::Avif, Format::Webp], fallback: None }
    }
    let with = |change: fn(&mut OutputRule)| {
        let mut plan = parse("/p.jpg?q=75").plan;
        change(&mut plan.output);
        plan
    };
    for (plan, named) in [
        (with(|o| o.metadata = Metadata::Keep), "keeping all metadata"),
        (with(|o| o.max_bytes = Some(9)), "a limit in bytes"),
        (with(|o| o.likeness = Some(9)), "a likeness"),
        (with(|o| (o.smallest, o.format) = (false, negotiated())), "a format that is larger than the fallback"),
        (with(|o| o.report = Some(Report::ThumbHash)), "a ThumbHash"),
        (with(|o| o.report = Some(Report::BlurHash { across: 9, down: 9 })), "a BlurHash of so many components"),
    ] {
        let error = Imgix.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("imgix cannot express {named}"));
    }
}
