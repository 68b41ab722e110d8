//! Pictures that keep 16 bits a sample.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::Path;

use codec::{Budget, Cancel, Channels, CodecError, Decode, Encode, Pixels, Wide};
use plan::{AcceptClass, Depth, Format, FormatRule, OutputRule, Plan};
use render::{Job, Rendered, render};

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)).unwrap()
}

fn rendered(master: &[u8], stages: &str, output: OutputRule, budget: &Budget) -> Result<Rendered, CodecError> {
    static FONTS: std::sync::LazyLock<render::Fonts> = std::sync::LazyLock::new(render::Fonts::embedded);
    let plan = Plan { output, ..Plan::from_stages_text(stages).unwrap() };
    let (spec, cancel) = (plan.output.resolve(AcceptClass::Avif), Cancel::never());
    render(&Job { master, pictures: &[], fonts: &FONTS, plan: &plan, spec: &spec, budget, cancel: &cancel })
}

fn of(format: Format, depth: Depth) -> OutputRule {
    OutputRule { format: FormatRule::Always(format), depth, ..OutputRule::default() }
}

fn made(master: &[u8], stages: &str, output: OutputRule) -> Rendered {
    rendered(master, stages, output, &Budget::default()).unwrap()
}

fn wide(file: &[u8]) -> Option<Wide> {
    let found = codec::decode_wide(file, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    found.map(|decoded| decoded.wide)
}

fn differences(a: &Wide, b: &Wide) -> (f64, u16) {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let apart = a.data.as_flattened().iter().zip(b.data.as_flattened()).map(|(a, b)| a.abs_diff(*b));
    let (sum, most) = apart.fold((0, 0), |(sum, most), v| (sum + u64::from(v), v.max(most)));
    (sum as f64 / a.data.as_flattened().len() as f64, most)
}

/// The filter in double precision: see `goldens/wide/PROVENANCE.md`.
#[test]
fn a_scaled_gradient_has_all_its_shades() {
    let master = golden("pairs/wide.png");
    let small = "resize:56x42,stretch";
    let out = made(&master, small, of(Format::Png, Depth::Sixteen));
    assert!(out.warnings.is_empty(), "{:?}", out.warnings);
    let found = wide(&out.bytes).unwrap();
    let shades: BTreeSet<u16> = found.data.iter().map(|pixel| pixel[2]).collect();
    let (mean, most) = differences(&found, &wide(&golden("wide/small.png")).unwrap());
    println!("{} shades of blue, mean {mean:.3}, most {most}", shades.len());
    assert!(shades.len() > 1000, "{}", shades.len());
    assert!(mean <= 0.05 && most <= 1, "{mean} {most}");
    assert_eq!(wide(&made(&master, small, of(Format::Png, Depth::Eight)).bytes), None);
}

#[test]
fn ten_bits_are_kept_from_avif_to_avif_and_png() {
    let master = golden("pairs/ten.avif");
    let png = wide(&made(&master, "", of(Format::Png, Depth::Sixteen)).bytes).unwrap();
    assert_eq!(png, wide(&master).unwrap());
    // Steps of 64; the file is lossy.
    let output = OutputRule { quality: plan::Quality::all(95), ..of(Format::Avif, Depth::Sixteen) };
    let file = made(&master, "", output).bytes;
    assert_eq!(codec::describe(&file, &Budget::default()).unwrap().bit_depth, 10);
    let (mean, most) = differences(&wide(&file).unwrap(), &png);
    println!("mean {mean:.1}, most {most}");
    assert!(mean < 128.0, "{mean} {most}");
}

/// Colours multiplied by alpha.
fn weighed(pixels: &Pixels) -> Vec<u8> {
    let times = |v: u8, a: u8| ((u32::from(v) * u32::from(a) + 127) / 255) as u8;
    match pixels.channels {
        Channels::Rgb => pixels.data.clone(),
        Channels::Rgba => {
            let pixel = |p: &[u8]| [times(p[0], p[3]), times(p[1], p[3]), times(p[2], p[3]), p[3]];
            pixels.data.chunks_exact(4).flat_map(pixel).collect()
        }
    }
}

/// Whatever is done in 16 bits is what is done in 8, but for the bits.
#[test]
fn geometry_is_that_of_eight_bits() {
    let clear = {
        let mut picture = wide(&golden("pairs/wide.png")).unwrap();
        picture.data.iter_mut().enumerate().for_each(|(at, pixel)| pixel[3] = (12_000 + at % 128 * 400) as u16);
        codec::encode_wide(&picture, &Encode { format: Format::Png, ..Encode::default() }, &Cancel::never()).unwrap()
    };
    for master in [golden("pairs/wide.png"), clear] {
        for stages in [
            "",
            "orient:6",
            "flip:h|rotate:270",
            "orient:7|extract:rect,10,0.1r,50x40",
            "extract:window,40x30,attention",
            "resize:30x40,cover,at=entropy|rotate:90",
            "resize:60x60,contain,on=navy",
            "resize:60x60,contain",
            "extract:window,200x100,top-left,on=ff000080",
            "rotate:180|pad:3,5,7,9,white|resize:33x-",
            "resize:300x-|extract:aspect,1,top-right",
            "orient:exif|resize:50x50,cover,at=master-pixel(20 80),zoom=2",
        ] {
            let narrow = made(&master, stages, of(Format::Png, Depth::Eight));
            let deep = made(&master, stages, of(Format::Png, Depth::Sixteen));
            assert_eq!((deep.width, deep.height), (narrow.width, narrow.height), "{stages}");
            let found = wide(&deep.bytes).unwrap_or_else(|| panic!("{stages}: {:?}", deep.warnings)).to_eight();
            let want = codec::decode(&narrow.bytes, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
            let want = &want.picture.frames[0].pixels;
            assert_eq!(found.channels, want.channels, "{stages}");
            let (found, want) = (weighed(&found), weighed(want));
            let apart = || found.iter().zip(&want).map(|(a, b)| a.abs_diff(*b));
            let mean = apart().map(f64::from).sum::<f64>() / want.len() as f64;
            println!("{stages}: mean {mean:.3}, most {:?}", apart().max());
            // The filter's two passes, between which what overshoots is cut off, come in another order.
            assert!(mean <= 0.4 && apart().all(|off| off <= 14), "{stages}: mean {mean}, most {:?}", apart().max());
        }
    }
}

#[test]
fn what_has_eight_bits_says_so() {
    let master = golden("pairs/wide.png");
    for (stages, output, said) in [
        ("blur:2", of(Format::Png, Depth::Sixteen), Some("`blur:2`")),
        ("resize:20x30,contain,on=blur", of(Format::Png, Depth::Sixteen), Some("`resize:")),
        ("rotate:12,white", of(Format::Avif, Depth::Sixteen), Some("`rotate:12")),
        ("blur:2", of(Format::Png, Depth::Eight), None),
        // Nobody can hope for more than these hold.
        ("blur:2", of(Format::Webp, Depth::Sixteen), None),
        ("blur:2", OutputRule { palette: true, ..of(Format::Png, Depth::Sixteen) }, None),
    ] {
        let out = made(&master, stages, output.clone());
        assert_eq!(wide(&out.bytes), None, "{stages}");
        let narrow = made(&master, stages, OutputRule { depth: Depth::Eight, ..output });
        assert_eq!(out.bytes, narrow.bytes, "{stages}");
        match (said, &out.warnings[..]) {
            (None, []) => {}
            (Some(said), [one]) => assert!(one.contains(said), "{stages}: {one}"),
            (_, warnings) => panic!("{stages}: {warnings:?}"),
        }
    }
    // A master of 8 bits has no more to keep.
    let out = made(&golden("pairs/rgb.png"), "blur:2", of(Format::Png, Depth::Sixteen));
    assert!(wide(&out.bytes).is_none() && out.warnings.is_empty());
}

#[test]
fn memory_is_asked_for_before_it_is_taken() {
    let master = golden("pairs/wide.png");
    let ask = |memory| {
        let budget = Budget { memory, ..Budget::default() };
        rendered(&master, "resize:1000x-", of(Format::Png, Depth::Sixteen), &budget)
    };
    for memory in [1000, 200_000, 5_000_000] {
        assert!(matches!(ask(memory), Err(CodecError::OverBudget { what: "memory", .. })), "{memory}");
    }
    assert!(ask(40_000_000).is_ok());
}
