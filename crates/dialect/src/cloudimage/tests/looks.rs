use super::*;

/// The stages behind `orient:exif`.
fn stages(query: &str) -> String {
    let text = parse(&format!("/p.jpg?{query}")).plan.stages_text();
    text.strip_prefix("orient:exif").unwrap().trim_start_matches('|').to_owned()
}

/// By the formulas of the table's rows.
#[test]
fn looks_are_stages() {
    for (query, want) in [
        ("bright=20", "brightness:0.1"),
        ("bright=-100", "brightness:-0.5"),
        ("bright=0", ""),
        ("contrast=50", "contrast:2.25"),
        ("contrast=-100", "contrast:0"),
        ("contrast=-50", "contrast:0.25"),
        ("saturate=100", "saturation:2"),
        ("saturate=-30", "saturation:0.7"),
        ("gray=1", "grayscale"),
        ("grey", "grayscale"),
        ("gray=0", ""),
        ("sepia=1", "sepia:1"),
        ("sepia=true", "sepia:1"),
        ("sepia=40", "sepia:0.4"),
        ("sepia=0", ""),
        ("invert=1", "invert"),
        ("duotone=000080,ffff00,0.6", "duotone:000080ff,ffff00ff,0.6"),
        ("duotone=red,blue", "duotone:ff0000ff,0000ffff,1"),
        ("colorize=red", "colorize:ff000080"),
        ("colorize=red,1", "colorize:ff0000ff"),
        ("colorize=f00,0.2", "colorize:ff000033"),
        ("colorize=ff000040", "colorize:ff000040"),
        ("colorize=red,0", ""),
        ("blur=10", "blur:5"),
        ("blur=0", ""),
        ("pixelate=30", "pixelate:30"),
        ("pixellate=1", ""),
        ("sharp=1", "sharpen:1,0.5,0"),
        ("sharp", "sharpen:1,0.5,0"),
        ("sharp=4", "sharpen:1,2,0"),
        ("f=bright:10,contrast:30,grey", "brightness:0.05|contrast:1.69|grayscale"),
        ("f=gray", "grayscale"),
        ("f=grey,,blur:4,", "grayscale|blur:2"),
        ("f=bright:10&bright=20", "brightness:0.1"),
        ("bright=20&f=bright:10", "brightness:0.05"),
        ("f=foo:1,invert", "invert"),
        // In the vendor's order, whatever that of the URL.
        (
            "sharp=2&pixelate=4&blur=2&colorize=red,1&invert=1&sepia=1&gray=1&saturate=10&contrast=100&bright=2&w=9",
            "resize:9x-,inside|brightness:0.01|contrast:4|saturation:1.1|grayscale|sepia:1|invert|colorize:ff0000ff\
             |blur:1|pixelate:4|sharpen:1,1,0",
        ),
    ] {
        assert_eq!(stages(query), want, "{query}");
    }
}

#[test]
fn corners_margins_and_grounds() {
    for (query, want) in [
        ("radius=20", "mask:corners(20 20 20 20),auto"),
        ("radius=0", ""),
        ("radius=max", "mask:corners(0.5r 0.5r 0.5r 0.5r),auto"),
        // Top left, bottom left, bottom right, top right: not the order of CSS.
        ("radius=1,2,3,4", "mask:corners(1 4 3 2),auto"),
        ("radius=20&dpr=2", "mask:corners(40 40 40 40),auto"),
        ("radius=9&bg_color=red", "flatten:ff0000ff|mask:corners(9 9 9 9),ff0000ff"),
        ("radius=9&gray=1&flip=h", "flip:h|grayscale|mask:corners(9 9 9 9),auto"),
        ("w=300&h=200&func=fit&margin=20", "resize:260x160,contain,enlarge=no|pad:20,20,20,20,auto"),
        ("w=300&h=200&func=fit&margin=10,30", "resize:240x180,contain,enlarge=no|pad:10,30,10,30,auto"),
        ("w=300&h=200&func=fit&margin=1,2,3,4", "resize:294x196,contain,enlarge=no|pad:1,2,3,4,auto"),
        ("w=300&h=200&func=fit&margin=10p", "resize:240x160,contain,enlarge=no|pad:20,30,20,30,auto"),
        ("w=300&h=200&func=fit&margin=20&dpr=2", "resize:520x320,contain,enlarge=no|pad:40,40,40,40,auto"),
        (
            "w=300&h=200&func=fit&margin=20&bg_color=fff&fit_enlarge=1",
            "resize:260x160,contain,on=ffffffff|pad:20,20,20,20,ffffffff|flatten:ffffffff",
        ),
        ("w=300&h=200&func=fit&margin=0", "resize:300x200,contain,enlarge=no"),
        ("w=300&h=200&func=fit&margin=100", "resize:300x200,contain,enlarge=no"),
        ("w=300&h=200&margin=10", "resize:300x200,cover"),
        ("w=9&h=9&func=fit&bg_img_fit=1&bg_blur=20", "resize:9x9,contain,enlarge=no,on=blur(sigma=10)"),
        (
            "w=9&h=9&func=fit&bg_img_fit=1&bg_opacity=0.4&bg_colorize=red",
            "resize:9x9,contain,enlarge=no,on=blur(opacity=0.4 tint=ff000080)",
        ),
        (
            "w=9&h=9&func=fit&bg_img_fit=1&bg_opacity=0.4&bg_color=blue",
            "resize:9x9,contain,enlarge=no,on=blur(opacity=0.4 under=0000ffff)|flatten:0000ffff",
        ),
        ("w=9&h=9&func=fit&bg_img_fit=1&bg_color=blue", "resize:9x9,contain,enlarge=no,on=blur|flatten:0000ffff"),
    ] {
        assert_eq!(stages(query), want, "{query}");
    }
    assert_eq!(parse("/p.pdf?doc_page=3&w=9").plan.stages_text(), "page:2|orient:exif|resize:9x-,inside");
    assert_eq!(parse("/p.pdf?doc_page=1").plan.stages_text(), "orient:exif");
}

#[test]
fn looks_that_cannot_be_read_are_said() {
    for (query, want) in [
        ("bright=101", vec!["clamped:bright=101"]),
        ("bright=x", vec!["invalid:bright=x"]),
        ("contrast=", vec!["invalid:contrast="]),
        ("saturate=-200", vec!["clamped:saturate=-200"]),
        ("gray=no", vec!["invalid:gray=no"]),
        ("sepia=101", vec!["clamped:sepia=101"]),
        ("sepia=x", vec!["invalid:sepia=x"]),
        ("duotone=red", vec!["invalid:duotone=red"]),
        ("duotone=red,blue,1,2", vec!["invalid:duotone=red,blue,1,2"]),
        ("duotone=red,blue,2", vec!["clamped:duotone=red,blue,2"]),
        ("colorize=nocolour", vec!["invalid:colorize=nocolour"]),
        ("colorize=red,x", vec!["invalid:colorize=red,x"]),
        ("colorize=red,9", vec!["clamped:colorize=red,9"]),
        ("blur=1000", vec!["clamped:blur=1000"]),
        ("pixelate=-1", vec!["clamped:pixelate=-1"]),
        ("sharp=some", vec!["invalid:sharp=some"]),
        ("f=foo:1,invert", vec!["clamped:f=foo:1,invert"]),
        ("f=bright:1000", vec!["clamped:bright=1000"]),
        ("f=bright:5&bright=6", vec!["repeated:bright=5"]),
        ("f=f:bright", vec!["invalid:f=f:bright"]),
        ("doc_page=x", vec!["invalid:doc_page=x"]),
        ("optipress=much", vec!["invalid:optipress=much"]),
        ("x=-1&y=2", vec!["invalid:x=-1", "no-effect:y=2"]),
        ("bg_colorize=nocolour", vec!["invalid:bg_colorize=nocolour"]),
        ("bg_blur=x", vec!["invalid:bg_blur=x"]),
        ("radius=max,1", vec!["invalid:radius=max,1"]),
        ("radius=1,2", vec!["invalid:radius=1,2"]),
        ("radius=-1", vec!["clamped:radius=-1"]),
        ("margin=1,2,3&w=9&h=9&func=fit", vec!["invalid:margin=1,2,3"]),
        ("margin=5&w=9&h=9&func=fit", vec!["invalid:margin=5"]),
        ("margin=1&w=9&func=fit", vec!["no-effect:margin=1"]),
        ("margin=1&w=9&h=9", vec!["no-effect:margin=1"]),
        ("margin=1&w=9&h=9&func=fit&bg_img_fit=1", vec!["unsupported:margin=1"]),
        ("bg_blur=0&w=9&h=9&func=fit&bg_img_fit=1", vec!["clamped:bg_blur=0"]),
        ("bg_blur=5&w=9&h=9&func=fit", vec!["no-effect:bg_blur=5"]),
        ("bg_opacity=2&w=9&h=9&func=fit&bg_img_fit=1", vec!["clamped:bg_opacity=2"]),
        ("bg_opacity=0.5&bg_color=auto&w=9&h=9&func=fit&bg_img_fit=1", vec!["unsupported:bg_color=auto"]),
    ] {
        assert_eq!(warnings(&format!("/p.jpg?{query}")), want, "{query}");
    }
}
