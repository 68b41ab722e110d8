#![allow(clippy::unwrap_used, clippy::expect_used)]

mod blends;
mod effects;
mod hints;
mod marks;
mod output;
mod properties;
mod shapes;
mod signature;
mod table;
mod texts;

use plan::{FormatRule, Plan};

use super::Imgix;
use crate::{Asset, Dialect, Disposition, ParseError, Parsed, Settings, Target};

fn parse(url: &str) -> Parsed {
    Imgix.parse(Target::new(url), &Settings::default()).unwrap_or_else(|e| panic!("{url}: {e}"))
}

fn warnings(parsed: &Parsed) -> String {
    let short = |w: &crate::Warning| format!("{} {}={}", w.kind.name(), w.parameter, w.value);
    parsed.warnings.iter().map(short).collect::<Vec<_>>().join("; ")
}

/// Writes the plan, reads it back, and compares.
fn round_trip(url: &str, plan: &Plan) {
    let asset = Asset::Path("p.jpg".to_owned());
    let settings = Settings::default();
    let written = Imgix.write("", &asset, plan, &settings).unwrap_or_else(|e| panic!("{url}: {e}"));
    let again = Imgix.parse(Target::new(&written), &settings).unwrap();
    assert_eq!((&again.asset, &again.plan), (&asset, plan), "{url} was written as {written}");
    assert_eq!(warnings(&again), "", "{url} was written as {written}");
}

#[test]
fn the_worked_example_holds_exactly() {
    let parsed = parse("/p.jpg?w=300&h=200&fit=crop&fm=jpg&q=80");
    assert_eq!(parsed.asset, Asset::Path("p.jpg".to_owned()));
    assert_eq!(parsed.plan.to_string(), "orient:exif|resize:300x200,cover > jpeg, quality 80, progressive");
    assert_eq!((parsed.warnings, parsed.origin_query.as_str(), parsed.any_content), (vec![], "", false));
}

/// Queries, their stages after the orientation, and their warnings.
#[test]
fn geometry() {
    let rows = [
        // Sizes.
        ("w=300", "resize:300x-,inside", ""),
        ("width=300&height=200", "resize:300x200,inside", ""),
        ("h=200", "resize:-x200,inside", ""),
        ("w=0.5", "resize:0.5rx-,inside", ""),
        ("w=1&h=1", "resize:1rx1r,inside", ""),
        ("w=1.01", "resize:1x-,inside", ""),
        ("w=300.5", "resize:301x-,inside", ""),
        ("w=20000&h=10000", "resize:8192x4096,inside", "clamped w=20000; clamped h=10000"),
        ("w=9000", "resize:8192x-,inside", "clamped w=9000"),
        ("w=300&dpr=2", "resize:600x-,inside", ""),
        ("w=301&h=101&dpr=1.5", "resize:452x152,inside", ""),
        ("w=300&h=0.5&dpr=2", "resize:600x0.5r,inside", ""),
        ("w=100&dpr=9", "resize:500x-,inside", "clamped dpr=9"),
        ("w=100&dpr=0", "resize:100x-,inside", "clamped dpr=0"),
        ("w=100&dpr=-1", "resize:100x-,inside", "clamped dpr=-1"),
        ("w=2&h=3&dpr=0.1", "resize:1x1,inside", ""),
        ("w=5000&h=2500&dpr=2", "resize:8192x4096,inside", "clamped w=5000; clamped h=2500"),
        ("w=0.5&dpr=2", "resize:0.5rx-,inside", "no-effect dpr=2"),
        // Fits.
        ("w=300&h=200&fit=clip", "resize:300x200,inside", ""),
        ("w=300&h=200&fit=max", "resize:300x200,inside,enlarge=no", ""),
        ("w=300&h=200&f=CROP", "resize:300x200,cover", ""),
        ("w=300&h=200&fit=min", "resize:300x200,cover,enlarge=no", ""),
        ("w=300&h=200&fit=scale", "resize:300x200,stretch", ""),
        ("w=300&h=200&fit=fill", "resize:300x200,contain", ""),
        ("w=300&h=200&fit=fillmax", "resize:300x200,contain,enlarge=no", ""),
        ("w=300&h=200&fit=clamp", "resize:300x200,contain,on=edge", ""),
        ("w=300&h=200&fit=facearea,fill", "resize:300x200,contain", "unsupported fit=facearea"),
        ("w=300&h=200&fit=facearea", "resize:300x200,inside", "unsupported fit=facearea"),
        ("w=300&h=200&fit=crop,clip", "resize:300x200,cover", ""),
        ("w=300&h=200&fit=bogus", "resize:300x200,inside", "invalid fit=bogus"),
        ("w=300&fit=crop", "resize:300x-,inside", ""),
        ("h=200&fit=fill&bg=f00", "resize:-x200,inside|flatten:ff0000ff", ""),
        ("w=300&fit=fillmax", "resize:300x-,inside,enlarge=no", ""),
        ("w=300&fit=scale", "resize:300x-,inside", ""),
        // Where a crop is taken.
        ("w=9&h=9&fit=crop&crop=top,left", "resize:9x9,cover,at=top-left", ""),
        ("w=9&h=9&fit=crop&crop=top%2Cright", "resize:9x9,cover,at=top-right", ""),
        ("w=9&h=9&fit=crop&crop=left,right", "resize:9x9,cover,at=center-right", ""),
        ("w=9&h=9&fit=crop&crop=bottom", "resize:9x9,cover,at=bottom", ""),
        ("w=9&h=9&fit=crop&crop=entropy", "resize:9x9,cover,at=entropy", ""),
        ("w=9&h=9&fit=crop&crop=edges,top", "resize:9x9,cover,at=edges", ""),
        ("w=9&h=9&fit=crop&crop=faces,top,right", "resize:9x9,cover,at=top-right", "unsupported crop=faces"),
        ("w=9&h=9&fit=crop&crop=faces", "resize:9x9,cover", "unsupported crop=faces"),
        ("w=9&h=9&fit=crop&crop=car,edges", "resize:9x9,cover,at=edges", "unsupported crop=car"),
        ("w=9&h=9&fit=crop&crop=wat", "resize:9x9,cover", "invalid crop=wat"),
        ("w=9&h=9&fit=crop&crop=wat,top", "resize:9x9,cover,at=top", "invalid crop=wat"),
        ("w=9&h=9&fit=min&crop=edges", "resize:9x9,cover,enlarge=no,at=edges", ""),
        ("w=9&h=9&crop=edges", "resize:9x9,inside", "no-effect crop=edges"),
        ("w=9&h=9&fit=crop&crop=focalpoint", "resize:9x9,cover", ""),
        (
            "w=9&h=9&fit=crop&crop=focalpoint&fp-x=0.25&fp-y=.75&fp-z=2",
            "resize:9x9,cover,at=point(0.25 0.75),zoom=2",
            "",
        ),
        ("w=9&h=9&fit=crop&crop=focalpoint&fp-x=7", "resize:9x9,cover,at=point(1 0.5)", "clamped fp-x=7"),
        ("w=9&h=9&fit=crop&fp-x=0.1&fp-z=3", "resize:9x9,cover", "no-effect fp-x=0.1; no-effect fp-z=3"),
        // Ratios.
        ("w=280&ar=2:1&fit=crop", "resize:280x140,cover", ""),
        ("w=280&ar=2%3A1&fit=fill", "resize:280x140,contain", ""),
        ("h=140&ar=2:1&fit=crop", "resize:280x140,cover", ""),
        ("w=850&ar=0.85:1&fit=crop", "resize:850x1000,cover", ""),
        ("w=185&ar=1.85&fit=crop", "resize:185x100,cover", ""),
        ("w=101&ar=2:1&fit=crop&dpr=2", "resize:202x101,cover", ""),
        ("ar=9:1&fit=crop", "extract:aspect,9,center", ""),
        ("ar=9:1&fit=crop&crop=top", "extract:aspect,9,top", ""),
        ("ar=16:9&fit=fill&bg=000", "resize:-x-,contain,aspect=1.7778,on=000000ff|flatten:000000ff", ""),
        ("w=0.5&ar=2:1&fit=crop", "resize:0.5rx-,cover,aspect=2", ""),
        ("w=100&h=50&ar=1:1&fit=crop", "resize:100x50,cover", "no-effect ar=1:1"),
        ("w=100&ar=1:1", "resize:100x-,inside", "no-effect ar=1:1"),
        ("w=100&ar=0:1&fit=crop", "resize:100x-,inside", "invalid ar=0:1"),
        ("w=8000&ar=1:100&fit=crop", "resize:82x8192,cover", "clamped w=8000"),
        // Limits.
        ("w=900&h=600&fit=crop&max-w=300&min-h=700", "resize:300x700,cover", ""),
        ("w=900&fit=crop&max-height=300", "resize:900x-,cover,max-h=300", ""),
        ("w=900&max-w=300", "resize:900x-,inside", "no-effect max-w=300"),
        // Rectangles.
        ("rect=10,20,300,200", "extract:rect,10,20,300x200,top-left", ""),
        ("rect=0,0,300,200", "extract:rect,-,-,300x200,top-left", ""),
        ("rect=0.5,0.25,0.5,full", "extract:rect,0.5r,0.25r,0.5rx-,top-left", ""),
        ("rect=center,middle,100,100", "extract:rect,-,-,100x100,center", ""),
        ("rect=right,bottom,0.5,0.5", "extract:rect,-,-,0.5rx0.5r,bottom-right", ""),
        ("rect=10,20,300&w=5", "resize:5x-,inside", "invalid rect=10,20,300"),
        ("rect=-5,0,10,10&w=5", "resize:5x-,inside", "invalid rect=-5,0,10,10"),
        // Bars and backgrounds.
        ("w=300&h=200&fit=fill&fill=blur", "resize:300x200,contain,on=blur", ""),
        ("w=300&h=200&fit=fill&fill=solid&fill-color=00f", "resize:300x200,contain,on=0000ffff", ""),
        ("w=300&h=200&fit=fill&fillcolor=red&bg=blue", "resize:300x200,contain,on=ff0000ff|flatten:0000ffff", ""),
        ("w=300&h=200&fit=fill&bg=abc", "resize:300x200,contain,on=aabbccff|flatten:aabbccff", ""),
        ("w=300&h=200&fit=fill&bg=80000000", "resize:300x200,contain,on=00000000|flatten:00000080", ""),
        ("w=300&h=200&fit=fill&fill=gen", "resize:300x200,contain", "unsupported fill=gen"),
        ("w=300&fill-color=f00", "resize:300x-,inside", "no-effect fill-color=f00"),
        ("bg=%23fff", "flatten:ffffffff", ""),
        ("bg=8f00", "flatten:ff000088", ""),
        ("bg=RebeccaPurple", "flatten:663399ff", ""),
        ("bg=transparent&w=5", "resize:5x-,inside", "invalid bg=transparent"),
        ("w=300&h=200&pad=10", "resize:280x180,inside|pad:10,10,10,10,auto", ""),
        ("pad=10&pad-top=0&bg=f00", "pad:0,10,10,10,ff0000ff|flatten:ff0000ff", ""),
        ("w=300&pad-left=50", "resize:250x-,inside|pad:0,0,0,50,auto", ""),
        ("w=20&pad=10", "resize:20x-,inside", "no-effect pad=10"),
        // Orientation, mirrors, angles.
        ("flip=h", "flip:h", ""),
        ("flip=hv&w=5", "resize:5x-,inside|flip:hv", ""),
        ("rot=12.5", "straighten:12.5", ""),
        ("rot=90&rot-type=pivot", "rotate:90,auto", ""),
        ("rot=45&rott=pivot&bg=fff", "rotate:45,ffffffff|flatten:ffffffff", ""),
        ("rot=-90", "straighten:270", "clamped rot=-90"),
        // Trim.
        ("trim=auto", "trim:even(11 10),tolerance=0,keep=0", ""),
        ("trim=auto&trim-pad=5", "trim:even(11 10),tolerance=0,keep=5", ""),
        ("trim=auto&trim-md=20&trimsd=0", "trim:even(20 0),tolerance=0,keep=0", ""),
        ("trim=auto&trim-md=300", "trim:even(255 10),tolerance=0,keep=0", "clamped trim-md=300"),
        ("trim=color&trim-sd=3", "trim:corner,tolerance=0,keep=0", "no-effect trim-sd=3"),
        ("trim=color", "trim:corner,tolerance=0,keep=0", ""),
        ("trim=color&trim-color=f00&trim-tol=51", "trim:ff0000ff,tolerance=20,keep=0", ""),
        ("trim=alpha&trim-alpha=51", "trim:alpha,tolerance=20,keep=0", ""),
        ("trim=colorunlessalpha", "trim:alpha-or-corner,tolerance=0,keep=0", ""),
        (
            "trim=colorunlesalpha&trim-color=f00&trim-tol=51&trim-pad=3",
            "trim:alpha-or-ff0000ff,tolerance=20,keep=0",
            "no-effect trim-pad=3",
        ),
        ("w=5&trim-tol=3", "resize:5x-,inside", "no-effect trim-tol=3"),
        // All in order, however said.
        (
            "bg=fff&pad=1&rot=5&flip=v&h=20&w=10&trim=alpha&rect=1,2,3,4",
            "extract:rect,1,2,3x4,top-left|trim:alpha,tolerance=0,keep=0|resize:8x18,inside|flip:v|straighten:5\
             |pad:1,1,1,1,ffffffff|flatten:ffffffff",
            "",
        ),
    ];
    for (query, stages, warned) in rows {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{stages}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

/// `or` sets the orientation, and 0 and 1 leave the stored pixels as they are.
#[test]
fn orientation() {
    for (query, stages) in [
        ("or=6", "orient:6"),
        ("orient=90", "orient:6"),
        ("or=180", "orient:3"),
        ("or=270", "orient:8"),
        ("or=1", ""),
        ("or=0&w=5", "resize:5x-,inside"),
        ("or=9&w=5", "orient:exif|resize:5x-,inside"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), stages, "{query}");
        assert!(!parsed.plan.output.original, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn output() {
    for (query, output, warned) in [
        ("w=5", "source format, quality 75, progressive", ""),
        ("fm=jpg", "jpeg, quality 75, progressive", ""),
        ("fm=jpeg&jpg-progressive=false", "jpeg, quality 75", ""),
        ("fm=pjpg&jpeg-progressive=0", "jpeg, quality 75, progressive", ""),
        ("fm=png", "png, quality 75, progressive", ""),
        ("fm=png32", "png, quality 75, progressive", ""),
        ("fm=png8", "png, quality 75, progressive, palette", ""),
        ("fm=gif", "gif, quality 75, progressive", ""),
        ("fm=webp&lossless=1", "webp, quality 75, lossless, progressive", ""),
        ("fm=AVIF&q=0", "avif, quality 1, progressive", ""),
        ("fm=jxr&w=5", "source format, quality 75, progressive", "unsupported fm=jxr"),
        ("fm=bmp&w=5", "source format, quality 75, progressive", "invalid fm=bmp"),
        ("q=101", "source format, quality 100, progressive", "clamped q=101"),
        ("q=abc&w=5", "source format, quality 75, progressive", "invalid q=abc"),
        ("lossless=maybe&w=5", "source format, quality 75, progressive", "invalid lossless=maybe"),
        ("auto=format", "first accepted of avif webp, else source format, quality 75, progressive", ""),
        ("auto=format&fm=jpg", "first accepted of avif webp, else jpeg, quality 75, progressive", ""),
        ("auto=compress", "source format, quality 45, progressive", ""),
        ("auto=compress&q=60", "source format, quality 60, progressive", ""),
        ("auto=format%2Ccompress", "first accepted of avif webp, else source format, quality 45, progressive", ""),
        ("auto=compress&auto=format", "first accepted of avif webp, else source format, quality 45, progressive", ""),
        ("auto=true", "first accepted of avif webp, else source format, quality 45, progressive", ""),
        ("auto=enhance&w=5", "source format, quality 75, progressive", ""),
        (
            "auto=format,redeye",
            "first accepted of avif webp, else source format, quality 75, progressive",
            "unsupported auto=redeye",
        ),
        (
            "auto=format,wat",
            "first accepted of avif webp, else source format, quality 75, progressive",
            "invalid auto=wat",
        ),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.output.to_string(), output, "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn avif_is_offered_only_where_the_site_says_so() {
    let settings = Settings { avif: false, ..Settings::default() };
    let parsed = Imgix.parse(Target::new("/p.jpg?auto=format"), &settings).unwrap();
    assert_eq!(parsed.plan.output.format, FormatRule::Negotiate { offer: vec![plan::Format::Webp], fallback: None });
}

/// Without a parameter that changes something, the master's own bytes are asked for.
#[test]
fn nothing_effective_is_the_original() {
    for (query, warned) in [
        ("", ""),
        ("ixlib=js-3.8.0&ixid=abc&s=6797c24146142d5b40bde3141fd3600c&expires=1893456000&ixsrc=x", ""),
        ("utm_source=mail", "unknown utm_source=mail"),
        ("W=300", "unknown W=300"),
        ("w=", "invalid w="),
        ("w=0", "invalid w=0"),
        ("w=-5", "invalid w=-5"),
        ("w=abc", "invalid w=abc"),
        ("w=1e3", "invalid w=1e3"),
        ("dpr=2", "no-effect dpr=2"),
        ("fit=crop", "no-effect fit=crop"),
        ("rot=0", ""),
        ("pad=0", ""),
        ("rect=0,0,full,full", ""),
        ("svg-sanitize=true", ""),
        ("svg-sanitize=false", "unsupported svg-sanitize=false"),
        ("upscale=true", "unsupported upscale=true"),
        ("blur=0&bri=0&con=0&px=1&sepia=0&hue=360", ""),
        ("txt-track64=Mg", "no-effect txt-track64=2"),
        ("mark=/l.png&mark-alpha=0", ""),
        ("fm=jp2", "unsupported fm=jp2"),
        ("q=%FF", "invalid q=%FF"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan, Plan::original(), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
    }
    round_trip("", &Plan::original());
}

#[test]
fn repeats_and_base64_forms() {
    for (query, stages, warned) in [
        ("w=100&w=200", "resize:200x-,inside", "repeated w=100"),
        ("width=100&w=200", "resize:200x-,inside", "repeated width=100"),
        ("w=100&w=", "resize:100x-,inside", "repeated w="),
        ("w64=MzAw", "resize:300x-,inside", ""),
        ("w64=MzAw&w=100", "resize:300x-,inside", "repeated w=100"),
        ("w=100&w64=MzAw", "resize:300x-,inside", "repeated w=100"),
        ("w64=MzAw==", "resize:300x-,inside", ""),
        ("h64=MjAw%3D", "resize:-x200,inside", ""),
        ("width64=MzAw", "resize:300x-,inside", ""),
        ("bg64=MjU1&w=5", "resize:5x-,inside|flatten:225555ff", ""),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{stages}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
    }
    assert_eq!(parse("/p.jpg?auto64=Zm9ybWF0&fm=png").plan, parse("/p.jpg?auto=format&fm=png").plan);
    for query in ["w64=*", "w64=MzAw+", "txt64=a%2Fb%2B", "mark64=%FF", "w64=_w"] {
        let error = Imgix.parse(Target::new(&format!("/p.jpg?{query}")), &Settings::default()).unwrap_err();
        assert!(matches!(error, ParseError::BadParameter { .. }), "{query}: {error}");
    }
}

#[test]
fn downloads() {
    for (query, want) in [
        ("", Disposition::None),
        ("dl=cat.jpg", Disposition::Attachment(Some("cat.jpg".to_owned()))),
        ("dl=a+b%C3%BC.jpg", Disposition::Attachment(Some("a bü.jpg".to_owned()))),
        ("dl64=Y2F0LmpwZw", Disposition::Attachment(Some("cat.jpg".to_owned()))),
        ("dl=", Disposition::Attachment(None)),
        ("dl", Disposition::Attachment(None)),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!((&parsed.disposition, warnings(&parsed)), (&want, String::new()), "{query}");
        assert_eq!(parsed.plan, Plan::original());
    }
}

#[test]
fn paths() {
    let path = |p: &str| Ok(Asset::Path(p.to_owned()));
    let url = |u: &str| Ok(Asset::Url(u.to_owned()));
    for (raw, want) in [
        ("/users/1.png", path("users/1.png")),
        ("/images/b%C3%BCro%20&%20co/a%2Bb%20100%25.jpg", path("images/büro & co/a+b 100%.jpg")),
        ("/it's%20(1).jpg", path("it's (1).jpg")),
        ("/a+b.jpg", path("a+b.jpg")),
        ("/a%252Bb.jpg", path("a%2Bb.jpg")),
        ("/a//b.jpg", path("a//b.jpg")),
        ("/a/~text", path("a/~text")),
        ("/", path("")),
        ("", path("")),
        ("/http%3A%2F%2Favatars.com%2Fjohn-smith.png", url("http://avatars.com/john-smith.png")),
        ("/http://avatars.com/john-smith.png", url("http://avatars.com/john-smith.png")),
        (
            "/https%3A%2F%2Fexample.com%2Fa%20b%2Fc.jpg%3Fx%3D1%26y%3D2%23z",
            url("https://example.com/a%20b/c.jpg?x=1&y=2"),
        ),
        ("/https%3A%2F%2Fexample.com%2Fa%2520b.jpg", url("https://example.com/a%20b.jpg")),
        ("/http%253A%252F%252Favatars.com%252Fjohn.png", Err(())),
        ("/http://", Err(())),
        ("/http:///a.png", Err(())),
        ("/http://:80/a.png", Err(())),
        ("/http://host/../a.png", Err(())),
        ("/http://host/%252e%252e/a.png", Err(())),
        ("/../etc/passwd", Err(())),
        ("/a/%2e%2e/b.jpg", Err(())),
        ("/a%00.jpg", Err(())),
        ("/a%5Cb.jpg", Err(())),
        ("/%FF.jpg", Err(())),
    ] {
        let got = Imgix.parse(Target { path: raw, query: None }, &Settings::default());
        match (got, want) {
            (Ok(parsed), want) => {
                assert_eq!(Ok(&parsed.asset), want.as_ref(), "{raw}");
                let written = Imgix.write("", &parsed.asset, &parsed.plan, &Settings::default()).unwrap();
                assert_eq!(parse(&written).asset, parsed.asset, "{raw} was written as {written}");
            }
            (Err(error), want) => {
                assert!(matches!(error, ParseError::Malformed { .. }), "{raw}: {error}");
                assert_eq!(want, Err(()), "{raw}: {error}");
            }
        }
    }
}

/// URLs as imgix's own libraries build them, signatures included.
#[test]
fn what_the_libraries_send() {
    for (url, stages, warned) in [
        ("/users/1.png?s=6797c24146142d5b40bde3141fd3600c", "original", ""),
        ("/users/1.png?w=400&h=300&s=c7b86f666a832434dd38577e38cf86d1", "orient:exif|resize:400x300,inside", ""),
        (
            "/http%3A%2F%2Favatars.com%2Fjohn-smith.png?h=300&w=400&s=a201fe1a3caef4944dcb40f6ce99e746",
            "orient:exif|resize:400x300,inside",
            "",
        ),
        (
            "/base.png?txt64=SGVsbG8sIFdvcmxkIQ&w=640&s=5945d6052a129c4611ee8550a5f83acd",
            "orient:exif|resize:640x-,inside|overlay:text13(Hello, World!),size=12,color=000000ff,align=right,box=1rx-,\
             less=20,bottom-right,by=10,10",
            "",
        ),
        (
            "/a.jpg?auto=format%2Ccompress&ar=16%3A9&fit=crop&s=6754d5588197ba9eae3bf1144b494d9f",
            "orient:exif|extract:aspect,1.7778,center",
            "",
        ),
        (
            "/a.jpg?ixlib=react-9.11.0&auto=format&fit=crop&w=300&h=200&dpr=3&q=35",
            "orient:exif|resize:900x600,cover",
            "",
        ),
        ("/?w=1&s=83912e52d0cbaefd0a6b8653b52859f9", "orient:exif|resize:1rx-,inside", ""),
        (
            "/file+with%20some+crazy?things.jpg?w=100&s=f5b0abed8940d883e29d647c3b23255c",
            "original",
            "unknown things.jpg?w=100",
        ),
    ] {
        let parsed = parse(url);
        assert_eq!((parsed.plan.stages_text().as_str(), warnings(&parsed).as_str()), (stages, warned), "{url}");
    }
}

#[test]
fn the_longest_target_is_8000_bytes() {
    let url = |length: usize| format!("/p.jpg?{}", "a".repeat(length - "/p.jpg?".len()));
    assert!(Imgix.parse(Target::new(&url(8000)), &Settings::default()).is_ok());
    assert_eq!(
        Imgix.parse(Target::new(&url(8001)), &Settings::default()),
        Err(ParseError::TooLong { length: 8001, limit: 8000 })
    );
}

#[test]
fn warnings_are_bounded_and_say_what_is_allowed() {
    let parsed = parse(&format!("/p.jpg?{}", "a&".repeat(3000)));
    assert_eq!(parsed.warnings.len(), 64);
    let parsed = parse("/p.jpg?flip=x");
    assert_eq!(parsed.warnings[0].to_string(), "invalid: flip=x (allowed: h, v, hv)");
}

#[test]
fn what_has_no_words_is_named() {
    use plan::{Dim, Fit, Format, Orient, OutputRule, Quality, Resize, Stage};
    let plan = |stages: Vec<Stage>, output: OutputRule| Plan { stages, output };
    let imgix = OutputRule { quality: Quality::all(75), progressive: true, ..OutputRule::default() };
    let outside = Stage::Resize(Resize::new(Some(Dim::Px(10)), Some(Dim::Px(10)), Fit::Outside));
    let share = Stage::Resize(Resize::new(Some(Dim::Ratio(2.0.into())), None, Fit::Inside));
    let flip = Stage::Flip { horizontal: true, vertical: false };
    let asset = Asset::Path("p.jpg".to_owned());
    for (plan, named) in [
        (plan(vec![outside], imgix.clone()), "resize:10x10,outside"),
        (plan(vec![share], imgix.clone()), "resize:2rx-,inside"),
        (plan(vec![flip.clone(), Stage::Orient(Orient::Exif)], imgix.clone()), "orient:exif at this place"),
        (plan(vec![flip.clone(), flip], imgix.clone()), "flip:h at this place"),
        (
            plan(vec![], OutputRule { quality: Quality { avif: 50, ..Quality::all(75) }, ..imgix.clone() }),
            "a quality per format",
        ),
        (plan(vec![], OutputRule { palette: true, ..imgix.clone() }), "a palette without PNG"),
        (
            plan(
                vec![],
                OutputRule {
                    format: FormatRule::Negotiate { offer: vec![Format::Webp], fallback: None },
                    ..imgix.clone()
                },
            ),
            "another choice of formats to negotiate",
        ),
    ] {
        let error = Imgix.write("", &asset, &plan, &Settings::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("imgix cannot express {named}"));
    }
    for path in ["../a.jpg", "http://host/a.jpg", "https%3A//host/a.jpg"] {
        let asset = Asset::Path(path.to_owned());
        assert!(Imgix.write("", &asset, &Plan::original(), &Settings::default()).is_err(), "{path}");
    }
}

/// The query of a written URL follows the table's order.
#[test]
fn writing_is_canonical() {
    let parsed = parse("/p.jpg?q=80&fm=jpg&crop=left,top&fit=crop&h=1.01&width=300");
    let written = Imgix.write("", &Asset::Path("a b/ü+.jpg".to_owned()), &parsed.plan, &Settings::default());
    assert_eq!(written.unwrap(), "/a%20b/%C3%BC+.jpg?w=300&h=1.01&fit=crop&crop=top,left&fm=jpg&q=80");
}
