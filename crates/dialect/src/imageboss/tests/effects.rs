use super::*;

/// Options, the stages that they mean, and warnings.
#[test]
fn colours_and_filters() {
    for (options, want, warned) in [
        ("grayscale:true", "grayscale", ""),
        ("greyscale:1", "grayscale", ""),
        ("grayscale:false", "", ""),
        ("grayscale:yes", "", "invalid:grayscale=yes"),
        ("blur:4", "blur:4", ""),
        ("blur:0.5", "blur:0.5", ""),
        ("blur:true", "blur:2", ""),
        ("blur:1", "blur:1", ""),
        ("blur:false", "", ""),
        ("blur:0", "", ""),
        ("blur:41", "blur:40", "clamped:blur=41"),
        ("blur:much", "", "invalid:blur=much"),
        ("sharpen:true", "sharpen:2,1,0", ""),
        ("sharpen:6", "sharpen:6,1,0", ""),
        ("sharpen:11", "sharpen:10,1,0", "clamped:sharpen=11"),
        ("gamma:2.2", "gamma:2.2", ""),
        ("gamma:1", "", ""),
        ("gamma:0.5", "", "clamped:gamma=0.5"),
        ("gamma:x", "", "invalid:gamma=x"),
        ("threshold:128", "threshold:128", ""),
        ("threshold:0", "threshold:0", ""),
        ("threshold:256", "threshold:255", "clamped:threshold=256"),
        ("linear:1.5", "linear:1.5,0", ""),
        ("linear:1.5;51", "linear:1.5,0.2", ""),
        ("linear:1.5%7C51", "linear:1.5,0.2", ""),
        ("linear:1.5-51", "linear:1.5,0.2", ""),
        ("linear:1.5;-51", "linear:1.5,-0.2", ""),
        ("linear:-1-255", "linear:-1,1", ""),
        ("linear:1;0", "", ""),
        ("linear:1;256", "linear:1,1", "clamped:linear=1;256"),
        ("linear:1;", "", "invalid:linear=1;"),
        ("linear:a", "", "invalid:linear=a"),
        ("brightness:25", "brightness:0.25", ""),
        ("brightness:-100", "brightness:-1", ""),
        ("brightness:101", "brightness:1", "clamped:brightness=101"),
        // One order, however said.
        (
            "sharpen:1,blur:2,grayscale:1,threshold:9,brightness:1,linear:2,gamma:3",
            "gamma:3|linear:2,0|brightness:0.01|threshold:9|grayscale|blur:2|sharpen:1,1,0",
            "",
        ),
        // Not of the density: a blur is in pixels of the result.
        ("blur:4,dpr:3", "blur:4", ""),
    ] {
        let url = format!("/s/cdn/{options}/p.jpg");
        let stages = parse(&url).plan.stages_text();
        let want = if want.is_empty() { String::new() } else { format!("|{want}") };
        assert_eq!(stages, format!("orient:exif{want}"), "{url}");
        assert_eq!(warnings(&url).join("; "), warned, "{url}");
    }
}

/// Effects come after the size and before the padding, which they leave alone.
#[test]
fn effects_have_their_place() {
    for (path, want) in [
        ("width/30/blur:2,trim:51", "trim:corner,tolerance=20,keep=0|resize:30x-,inside|blur:2"),
        ("cover:center/30x20/grayscale:1,fill-color:fff", "resize:30x20,cover|grayscale|flatten:ffffffff"),
        (
            "cover:contain/30x20/grayscale:1,fill-color:f00",
            "resize:30x20,inside|grayscale|extract:window,30x20,center,on=ff0000ff,nocut|flatten:ff0000ff",
        ),
        (
            "cover:contain/30x20/blur:1,withoutEnlargement:1,dpr:2",
            "resize:60x40,inside,enlarge=no|blur:1|extract:window,60x40,center,on=auto,nocut",
        ),
        ("cover:contain/30x20/blur:0,gamma:1", "resize:30x20,contain"),
        (
            "cover:inside/30x20/sharpen:1,mask:circle,wmk-path:l",
            "resize:30x20,inside|sharpen:1,1,0|mask:circle,00000000\
             |overlay:path1(l)@1(s),shrink,bottom-right,[orient:exif]",
        ),
    ] {
        let parsed = parse(&format!("/s/{path}/p.jpg"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{want}"), "{path}");
        let written = Imageboss.write("s", &parsed.asset, &parsed.plan, &Settings::default()).unwrap();
        assert_eq!(parse(&written).plan, parsed.plan, "{path} was written as {written}");
    }
}

/// A mask asks for an output that holds alpha.
#[test]
fn masks() {
    for (options, stage, format) in [
        ("mask:circle", "mask:circle,00000000", "png"),
        ("mask:Ellipse,format:jpg", "mask:ellipse,00000000", "png"),
        ("mask:20,format:webp", "mask:corners(20 20 20 20),00000000", "webp"),
        ("mask:20,dpr:2,format:auto", "mask:corners(40 40 40 40),00000000", "first accepted of avif webp, else png"),
        ("mask:20,webp:1", "mask:corners(20 20 20 20),00000000", "first accepted of webp, else png"),
        ("mask:0", "mask:corners(1 1 1 1),00000000", "png"),
        ("mask:8000,dpr:5", "mask:corners(8192 8192 8192 8192),00000000", "png"),
    ] {
        let url = format!("/s/cdn/{options}/p.jpg");
        let parsed = parse(&url);
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{stage}"), "{url}");
        assert_eq!(
            parsed.plan.output.to_string(),
            format!("{format}, quality 80/80/60, progressive, first frame"),
            "{url}"
        );
        let written = Imageboss.write("s", &parsed.asset, &parsed.plan, &Settings::default()).unwrap();
        assert_eq!(parse(&written).plan, parsed.plan, "{url} was written as {written}");
    }
    assert_eq!(warnings("/s/cdn/mask:square/p.jpg"), ["invalid:mask=square"]);
    assert_eq!(warnings("/s/cdn/mask:0/p.jpg"), ["clamped:mask=0"]);
}

#[test]
fn the_old_word_for_webp() {
    let output = |options: &str| parse(&format!("/s/cdn/{options}/p.jpg")).plan.output.to_string();
    let rest = ", quality 80/80/60, progressive, first frame";
    assert_eq!(output("webp:true"), format!("first accepted of webp, else source format{rest}"));
    assert_eq!(output("webp:false"), format!("source format{rest}"));
    assert_eq!(output("webp:true,format:avif"), format!("avif{rest}"));
}

#[test]
fn effects_without_words_are_named() {
    use plan::{Adjust, Filter, Mask, Radius, Shape, Unsharp};
    let outside = Background::Color(Color::TRANSPARENT);
    let unsharp = Unsharp { sigma: Fixed::ONE, amount: Fixed::new(2.0), threshold: Fixed::ZERO };
    for stage in [
        Stage::Adjust(Adjust::Invert),
        Stage::Adjust(Adjust::Gamma(Fixed::new(4.0))),
        Stage::Filter(Filter::Pixelate(4)),
        Stage::Filter(Filter::Blur(Fixed::new(41.0))),
        Stage::Filter(Filter::Sharpen(unsharp)),
        Stage::Filter(Filter::Unsharp(unsharp)),
        Stage::Mask(Mask { shape: Shape::Polygon(5), outside }),
        Stage::Mask(Mask { shape: Shape::Circle, outside: Background::Auto }),
        Stage::Mask(Mask { shape: Shape::Corners([Radius::Share(Fixed::new(0.2)); 4]), outside }),
    ] {
        let mut plan = parse("/s/cdn/format:png/p.jpg").plan;
        plan.stages.push(stage);
        let answer = Imageboss.write("s", &Asset::Path("p.jpg".into()), &plan, &Settings::default());
        assert!(answer.is_err(), "{plan}: {answer:?}");
    }
}
