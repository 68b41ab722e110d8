use super::{parse, round_trip, warnings};
use crate::cloudimage::Cloudimage;
use crate::imageboss::Imageboss;
use crate::{Dialect, Settings, Target};

/// Queries, their stages after the orientation, and their warnings. The numbers follow from the formulas of the table.
#[test]
fn colours() {
    for (query, stages, warned) in [
        ("bri=20", "brightness:0.1", ""),
        ("bri=-100", "brightness:-0.5", ""),
        ("bri=150", "brightness:0.5", "clamped bri=150"),
        ("bri=0", "", ""),
        ("bri=x", "", "invalid bri=x"),
        ("con=50", "contrast:1.5", ""),
        ("con=-100", "contrast:0", ""),
        ("exp=10", "exposure:1", ""),
        ("exp=-25", "exposure:-2.5", ""),
        ("gam=100", "gamma:2", ""),
        ("gam=-100", "gamma:0.5", ""),
        ("gam=50", "gamma:1.4142", ""),
        ("high=-40", "highlights:-0.4", ""),
        ("high=10", "", "clamped high=10"),
        ("shad=30", "shadows:0.3", ""),
        ("hue=90", "hue:90", ""),
        ("hue=360", "", ""),
        ("hue=450", "hue:90", "clamped hue=450"),
        ("sat=50", "saturation:1.5", ""),
        ("sat=-100", "grayscale", ""),
        ("sat=-50", "saturation:0.5", ""),
        ("vib=-25", "vibrance:-0.25", ""),
        ("invert=true", "invert", ""),
        ("inv=0", "", ""),
        ("sharp=100", "sharpen:1,2,0", ""),
        ("sharp=25", "sharpen:1,0.5,0", ""),
        ("usm=40", "unsharp:2.5,0.4,0", ""),
        ("usm=-40&usmrad=10", "unsharp:10,-0.4,0", ""),
        ("usmrad=10", "", "no-effect usmrad=10"),
        ("nr=40", "denoise:0.4,0.2", ""),
        ("nrs=40", "denoise:0.2,0.4", ""),
        ("nr=-10&nrs=-10", "", ""),
        ("auto=enhance", "enhance", ""),
        ("auto=redeye,enhance", "enhance", "unsupported auto=redeye"),
        // Styles.
        ("monochrome=ff0000", "monochrome:ff0000ff", ""),
        ("mono=80ff0000", "monochrome:ff000080", ""),
        ("mono=00ff0000", "", ""),
        ("duotone=000080,FFA500", "duotone:000080ff,ffa500ff,1", ""),
        ("duotone=navy,orange&duotone-alpha=50", "duotone:000080ff,ffa500ff,0.5", ""),
        ("duotone=navy", "", "invalid duotone=navy"),
        ("duotone-alpha=50", "", "no-effect duotone-alpha=50"),
        ("sepia=80", "sepia:0.8", ""),
        ("htn=6", "halftone:6", ""),
        ("blur=200", "blur:50", ""),
        ("blur=2500", "blur:500", "clamped blur=2500"),
        ("blur=2&dpr=2", "blur:0.5", "no-effect dpr=2"),
        ("px=8", "pixelate:8", ""),
        ("px=1", "", ""),
        ("px=101", "pixelate:100", "clamped px=101"),
        // The vendor's order, however said.
        (
            "px=2&blur=4&htn=3&sepia=1&duotone=000,fff&mono=000&auto=enhance&nr=1&vib=1&usm=1&sharp=50&shad=1&sat=1\
             &invert=1&hue=1&high=-1&gam=100&exp=1&con=1&bri=2",
            "brightness:0.01|contrast:1.01|exposure:0.1|gamma:2|highlights:-0.01|hue:1|invert|saturation:1.01\
             |shadows:0.01|sharpen:1,1,0|unsharp:2.5,0.01,0|vibrance:0.01|denoise:0.01,0.2|enhance\
             |monochrome:000000ff|duotone:000000ff,ffffffff,1|sepia:0.01|halftone:3|blur:1|pixelate:2",
            "",
        ),
    ] {
        // A quality, so that something is said in any case.
        let parsed = parse(&format!("/p.jpg?{query}&q=60"));
        let stages = if stages.is_empty() { String::new() } else { format!("|{stages}") };
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif{stages}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

/// Adjustments after the size, styles after the turns, bars after both.
#[test]
fn effects_have_their_place() {
    for (query, stages) in [
        ("w=9&bri=2", "resize:9x-,inside|brightness:0.01"),
        ("w=9&h=8&fit=crop&bri=2&flip=h&rot=5&blur=4", "resize:9x8,cover|brightness:0.01|flip:h|straighten:5|blur:1"),
        ("ar=1:1&fit=crop&sat=-100&blur=4", "extract:aspect,1,center|grayscale|blur:1"),
        (
            "w=9&h=8&fit=fill&bg=f00&bri=2&blur=4",
            "resize:9x8,inside|brightness:0.01|blur:1|extract:window,9x8,center,on=ff0000ff,nocut|flatten:ff0000ff",
        ),
        ("w=9&h=8&fit=fill&bri=0&blur=0", "resize:9x8,contain"),
        (
            "w=9&h=8&fit=fillmax&fill=blur&flip=v",
            "resize:9x8,inside,enlarge=no|flip:v|extract:window,9x8,center,on=blur,nocut",
        ),
        ("w=9&h=8&fit=clamp&sepia=100", "resize:9x8,inside|sepia:1|extract:window,9x8,center,on=edge,nocut"),
        // One side: there are no bars.
        ("w=9&fit=fill&invert=1", "resize:9x-,inside|invert"),
        // Bars that only the picture tells the size of: adjusted before.
        ("w=0.5&h=8&fit=fill&invert=1&blur=4", "invert|resize:0.5rx8,contain|blur:1"),
        ("ar=2:1&fit=fill&invert=1", "invert|resize:-x-,contain,aspect=2"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{stages}"), "{query}");
        round_trip(query, &parsed.plan);
    }
}

/// What means the same is the same plan, whoever says it.
#[test]
fn dialects_agree() {
    let settings = Settings::default();
    let imgix = |query: &str| parse(&format!("/p.jpg?{query}")).plan.stages_text();
    let boss = |options: &str| {
        let url = format!("/s/{options}/p.jpg");
        Imageboss.parse(Target::new(&url), &settings).unwrap().plan.stages_text()
    };
    for (query, options) in [
        ("w=300&sat=-100", "width/300/grayscale:true"),
        ("w=300&blur=16", "width/300/blur:4"),
        ("w=300&bri=50", "width/300/brightness:25"),
        ("w=300&gam=100", "width/300/gamma:2"),
        ("w=300&sharp=50", "width/300/sharpen:1"),
        ("w=30&h=20&fit=crop&sat=-100&blur=4", "cover:center/30x20/blur:1,grayscale:1"),
        ("w=30&h=20&fit=fill&bg=fff&sat=-100", "cover:contain/30x20/fill-color:fff,grayscale:1"),
        ("w=30&mask=ellipse&mask-bg=00000000", "width/30/mask:ellipse"),
        ("w=30&mask=corners&corner-radius=9&maskbg=0000", "width/30/mask:9"),
    ] {
        assert_eq!(imgix(query), boss(options), "{query}");
    }
    let cloud = Cloudimage.parse(Target::new("/p.jpg?w=300&func=fit&h=200"), &settings).unwrap();
    assert_eq!(imgix("w=300&h=200&fit=fillmax"), cloud.plan.stages_text());
}

/// A plan with two of a kind, or a kind that imgix has not, is not written.
#[test]
fn effects_without_words_are_named() {
    use plan::{Adjust, Color, Filter, Fixed, Stage, Unsharp};
    let unsharp = |sigma: f64, threshold: f64| Unsharp {
        sigma: Fixed::new(sigma),
        amount: Fixed::ONE,
        threshold: Fixed::new(threshold),
    };
    for (more, named) in [
        (vec![Stage::Adjust(Adjust::Threshold(9))], "threshold:9"),
        (vec![Stage::Adjust(Adjust::Colorize(Color::BLACK))], "colorize:000000ff"),
        (vec![Stage::Adjust(Adjust::Invert); 2], "invert after another"),
        (vec![Stage::Filter(Filter::Sharpen(unsharp(2.0, 0.0)))], "sharpen:2,1,0"),
        (vec![Stage::Filter(Filter::Unsharp(unsharp(2.5, 0.1)))], "unsharp:2.5,1,0.1"),
        // Out of range, and out of order.
        (vec![Stage::Adjust(Adjust::Brightness(Fixed::ONE))], "brightness:1"),
        (vec![Stage::Adjust(Adjust::Sepia(Fixed::ONE)), Stage::Adjust(Adjust::Invert)], "sepia:1"),
    ] {
        let mut plan = parse("/p.jpg?q=60").plan;
        plan.stages.extend(more);
        let asset = crate::Asset::Path("p.jpg".to_owned());
        let error = crate::imgix::Imgix.write("", &asset, &plan, &Settings::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("imgix cannot express {named}"));
    }
}
