#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

/// By the formulas of the table's rows, and in the order that the vendor fixes.
#[test]
fn effects_are_stages() {
    for (steps, want) in [
        ("r-20", "mask:corners(20 20 20 20),auto"),
        ("r-1_2_3_4", "mask:corners(1 2 3 4),auto"),
        ("r-max", "mask:ellipse,auto"),
        ("r-0", ""),
        ("r-20,bg-red", "flatten:ff0000ff|mask:corners(20 20 20 20),ff0000ff"),
        ("w-9,h-9,cm-pad_resize,r-2", "resize:9x9,contain,on=000000ff|mask:corners(2 2 2 2),auto"),
        ("w-9,h-9,cm-pad_resize,bg-red,r-2", "resize:9x9,contain,on=ff0000ff|mask:corners(2 2 2 2),ff0000ff"),
        ("b-5_red", "border:5,5,5,5,ff0000ff"),
        ("b-5-FF000050", "border:5,5,5,5,ff000080"),
        ("b-5_red,r-10", "border:5,5,5,5,ff0000ff,outer=(15 15 15 15),inner=(10 10 10 10)"),
        ("b-5_red,r-10_0_0_1", "border:5,5,5,5,ff0000ff,outer=(15 0 0 6),inner=(10 0 0 1)"),
        (
            "b-5_red,r-max,bg-blue",
            "flatten:0000ffff|border:5,5,5,5,ff0000ff,outer=(0.5r 0.5r 0.5r 0.5r),inner=(0.5r 0.5r 0.5r 0.5r),on=0000ffff",
        ),
        ("o-40", "opacity:0.4"),
        ("o-100", ""),
        ("o-40,bg-red", "opacity:0.4|flatten:ff0000ff"),
        ("o-40,b-1_red", "border:1,1,1,1,ff0000ff|opacity:0.4"),
        ("w-9,h-9,cm-pad_resize,bg-red,o-40", "resize:9x9,contain,on=ff0000ff|opacity:0.4|flatten:ff0000ff"),
        ("bl-10", "blur:5"),
        ("bl-1", "blur:0.5"),
        ("e-grayscale", "grayscale"),
        ("e-grayscale--", "grayscale"),
        ("e-grayscale-false", ""),
        ("e-contrast", "stretch"),
        ("e-sharpen", "sharpen:1,1,0"),
        ("e-sharpen--", "sharpen:1,1,0"),
        ("e-sharpen-10", "sharpen:1,0.2,0"),
        ("e-usm-2-1.5-0.8-0.024", "unsharp:1.5,0.8,0.024"),
        ("e-usm", "unsharp:2,0.8,0.024"),
        ("e-shadow", "shadow:0.02,0.02,5,0000004d"),
        ("e-shadow-bl-15_st-40_x-10_y-N5", "shadow:0.1,-0.05,7.5,00000066"),
        ("e-shadow-x-N100", "shadow:-1,0.02,5,0000004d"),
        ("e-shadow-st-0", ""),
        ("e-gradient", "gradient:linear 180 1 ffffffff 00000000"),
        ("e-gradient-ld-top_from-red_to-white", "gradient:linear 0 1 ff0000ff ffffffff"),
        ("e-gradient-ld-top_right_from-green_to-00FF0010_sp-0.7", "gradient:linear 45 0.7 008000ff 00ff001a"),
        ("e-gradient-ld-bottomleft", "gradient:linear 225 1 ffffffff 00000000"),
        ("e-gradient-ld-90_sp-0.01", "gradient:linear 90 0.01 ffffffff 00000000"),
        ("h-200,e-gradient-sp-50", "resize:-x200,inside|gradient:linear 180 0.25 ffffffff 00000000"),
        (
            "w-300,h-200,dpr-2,e-gradient-ld-left_sp-150",
            "resize:600x400,cover|gradient:linear 270 0.25 ffffffff 00000000",
        ),
        ("w-300,h-200,c-force,e-gradient-sp-900", "resize:300x200,stretch|gradient:linear 180 1 ffffffff 00000000"),
        ("e-colorize", "monochrome:808080ff"),
        ("e-colorize-co-red_in-50", "monochrome:ff000080"),
        ("e-colorize-in-0", ""),
        ("cr-red", "replace:ff0000ff,tolerance=35"),
        ("cr-red_10", "replace:ff0000ff,tolerance=10"),
        ("cr-3E5B63_0_F66F", "refused"),
        ("cr-3E5B63_0_F66F88", "replace:3e5b63ff,tolerance=0,from=f66f88ff"),
        ("pg-3", "page"),
        // Whatever their order in the URL.
        (
            "o-50,b-2_red,r-3,fl-h,rt-90,e-gradient,e-shadow,e-usm,e-sharpen,bl-2,e-colorize,cr-red,e-grayscale,e-contrast,w-9,t-5",
            "trim:corner,tolerance=5,keep=0|resize:9x-,inside|stretch|grayscale|replace:ff0000ff,tolerance=35\
             |monochrome:808080ff|blur:1|sharpen:1,1,0|unsharp:2,0.8,0.024|shadow:0.02,0.02,5,0000004d\
             |gradient:linear 180 1 ffffffff 00000000|rotate:90,auto|flip:h\
             |border:2,2,2,2,ff0000ff,outer=(5 5 5 5),inner=(3 3 3 3)|opacity:0.5",
        ),
        ("e-grayscale:w-9:e-contrast", "grayscale|resize:9x-,inside|stretch"),
        (
            "e-grayscale,l-image,i-l,t-false,l-end,r-3",
            "grayscale|overlay:path1(l),center,[orient:exif]|mask:corners(3 3 3 3),auto",
        ),
    ] {
        if want == "refused" {
            assert!(parse(&format!("/tr:{steps}/a.jpg")).is_err(), "{steps}");
            continue;
        }
        if want == "page" {
            assert_eq!(
                parsed(&format!("/tr:{steps},w-9/a.pdf")).plan.stages_text(),
                "page:2|orient:exif|resize:9x-,inside"
            );
            continue;
        }
        for raw in [format!("/tr:{steps}/a.jpg"), format!("/a.jpg?tr={steps}")] {
            assert_eq!(stages(&raw), want, "{raw}");
            assert_eq!(warnings(&raw), "", "{raw}");
        }
    }
}

#[test]
fn bad_effects_are_refused() {
    for (key, values) in [
        ("r", vec!["", "-1", "1_2", "1_2_3", "half", "70000", "1.5"]),
        ("b", vec!["", "5", "0_red", "1001_red", "5_nocolour", "x_red"]),
        ("o", vec!["", "101", "-1", "50.5"]),
        ("bl", vec!["", "0", "101", "2.5", "x"]),
        ("e-grayscale", vec!["1", "yes"]),
        ("e-contrast", vec!["2"]),
        ("e-sharpen", vec!["0", "100", "x"]),
        ("e-usm", vec!["2", "2-2-0.8", "2-0-0.8-0", "2-2-11-0", "2-2-1-2", "2-2-1-0-0", "x-2-1-0"]),
        ("e-shadow", vec!["bl-16", "st-101", "x-101", "y-N101", "z-3", "bl-10_st", "10"]),
        ("e-gradient", vec!["ld-361", "ld-up", "from-nocolour", "sp-0", "sp-x", "red"]),
        ("e-colorize", vec!["co-nocolour", "in-101", "red"]),
        ("cr", vec!["", "nocolour", "red_101", "red_10_nocolour", "red_10_blue_3"]),
        ("dn", vec!["", "0", "1201", "72.5"]),
    ] {
        for value in values {
            match parse(&format!("/a.jpg?tr={key}-{value}")) {
                Err(ParseError::BadParameter { parameter, value: said, .. }) => {
                    assert_eq!((parameter.as_str(), said.as_str()), (key, value));
                }
                other => panic!("{key}-{value}: {other:?}"),
            }
        }
    }
}

#[test]
fn effects_are_spelt() {
    for (steps, want) in [
        ("e-usm", "e-usm-2-2-0.8-0.024"),
        ("e-usm-9-1.5-1-0", "e-usm-1.5-1.5-1-0"),
        ("e-shadow", "e-shadow-bl-10_st-30_x-2_y-2"),
        ("e-gradient-ld-top_right", "e-gradient-ld-45_from-ffffff_to-00000000"),
        ("e-colorize", "e-colorize-co-808080_in-100"),
        ("e-grayscale,w-3", "w-3,e-grayscale"),
        ("e-grayscale:w-3", "e-grayscale:w-3"),
        ("b-5-red,r-10", "r-10,b-5_ff0000"),
        ("r-max,bg-red", "bg-ff0000,r-max"),
        ("w-9,h-9,cm-pad_resize,bg-red,o-40,r-2", "w-9,h-9,cm-pad_resize,bg-ff0000:bg-ff0000,r-2,o-40"),
        ("w-9,h-9,cm-pad_resize,bg-blurred_auto_N51", "w-9,h-9,cm-pad_resize,bg-blurred_auto_N51"),
        ("pg-2:w-3", "w-3,pg-2"),
        ("md-true,cp-true,dn-72", "md-true,cp-true,dn-72"),
        ("cr-red", "cr-ff0000_35"),
    ] {
        let parsed = parsed(&format!("/tr:{steps}/a.jpg"));
        let written = Imagekit.write("any", &parsed.asset, &parsed.plan, &settings()).unwrap();
        assert_eq!(written, format!("/tr:{want}/a.jpg"), "{steps}");
    }
}
