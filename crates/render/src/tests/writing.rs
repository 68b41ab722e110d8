//! Qualities that are found, and formats that are given up.

use plan::{AcceptClass, FormatRule, OutputRule, Quality};

use super::*;

/// A picture with fine and coarse parts: how much quality it needs, differs by place.
fn busy(side: u32) -> Picture {
    let mut seed = 5_u32;
    let mut data = Vec::new();
    for y in 0..side {
        for x in 0..side {
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let noise = (seed >> 24) * u32::from(x > side / 2) / 4;
            data.extend([(x * 255 / side) as u8, (y * 255 / side) as u8, (96 + noise) as u8]);
        }
    }
    Picture::still(Pixels { width: side, height: side, channels: Channels::Rgb, data })
}

/// Squares of three pixels in four colours that have nothing in common.
fn drawing(side: u32) -> Picture {
    let colors = [[0, 0, 0], [255, 255, 255], [230, 0, 40], [0, 60, 220]];
    let at = |x: u32, y: u32| colors[((x / 3 * 7 + y / 3 * 13 + (x / 3 * (y / 3)) / 5) % 4) as usize];
    let data = (0..side * side).flat_map(|i| at(i % side, i / side)).collect();
    Picture::still(Pixels { width: side, height: side, channels: Channels::Rgb, data })
}

fn png(picture: &Picture) -> Vec<u8> {
    let how = Encode {
        format: Format::Png,
        quality: 100,
        lossless: false,
        progressive: false,
        palette: false,
        ..Encode::default()
    };
    codec::encode(picture, &how, &Cancel::never()).unwrap()
}

fn made(picture: &Picture, output: OutputRule) -> Rendered {
    let master = png(picture);
    let plan = Plan { stages: vec![], output };
    let job = Job {
        master: &master,
        pictures: &[],
        fonts: fonts(),
        plan: &plan,
        spec: &plan.output.resolve(AcceptClass::Avif),
        budget: &Budget::default(),
        cancel: &Cancel::never(),
    };
    render(&job).unwrap()
}

fn always(format: Format) -> OutputRule {
    OutputRule { format: FormatRule::Always(format), quality: Quality::all(90), ..OutputRule::default() }
}

#[test]
fn a_file_is_no_larger_than_asked_and_no_smaller_than_need_be() {
    let picture = busy(160);
    for format in [Format::Jpeg, Format::Webp] {
        let free = made(&picture, always(format)).bytes.len();
        let most = (free / 2) as u32;
        let held = made(&picture, OutputRule { max_bytes: Some(most), ..always(format) }).bytes.len();
        assert!(held <= most as usize, "{format}: {held} of {most}");
        // The next quality up would not have fitted: steps are small.
        assert!(held as f64 > 0.9 * f64::from(most), "{format}: {held} of {most}");
        let all = made(&picture, OutputRule { max_bytes: Some(1 << 20), ..always(format) }).bytes.len();
        assert_eq!(all, free, "{format}");
        let least = made(&picture, OutputRule { max_bytes: Some(1), ..always(format) });
        let one = made(&picture, OutputRule { quality: Quality::all(1), ..always(format) });
        assert_eq!(least.bytes, one.bytes, "{format}");
    }
    let lossless = OutputRule { max_bytes: Some(9), ..always(Format::Png) };
    assert_eq!(made(&picture, lossless).bytes, made(&picture, always(Format::Png)).bytes);
}

#[test]
fn quality_follows_the_likeness_that_is_asked_for() {
    let picture = busy(160);
    let rgb = &picture.frames[0].pixels.data;
    let slice = |data: &[u8]| {
        let descriptor = fast_ssim2::PixelDescriptor::RGB8_SRGB;
        fast_ssim2::Ssimulacra2Reference::new(&fast_ssim2::PixelSlice::new(rgb, 160, 160, 480, descriptor).unwrap())
            .unwrap()
            .compare(&fast_ssim2::PixelSlice::new(data, 160, 160, 480, descriptor).unwrap())
            .unwrap()
    };
    let mut sizes = Vec::new();
    for points in [50, 70, 85] {
        let file = made(&picture, OutputRule { likeness: Some(points), ..always(Format::Jpeg) }).bytes;
        let decoded = codec::decode(&file, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
        let score = slice(&decoded.picture.frames[0].pixels.data);
        let whole = made(&picture, always(Format::Jpeg)).bytes.len();
        assert!(score >= f64::from(points) || file.len() == whole, "{points}: {score}");
        assert!(score < f64::from(points) + 6.0, "{points}: {score}");
        sizes.push(file.len());
    }
    assert!(sizes.is_sorted(), "{sizes:?}");
    // The ceiling stays: what cannot be had is not made dearer.
    let ceiling = OutputRule { quality: Quality::all(20), likeness: Some(100), ..always(Format::Jpeg) };
    let plain = OutputRule { quality: Quality::all(20), ..always(Format::Jpeg) };
    assert_eq!(made(&picture, ceiling).bytes, made(&picture, plain).bytes);
}

/// As large as the same picture at the quality that looks alike, and smaller than the JPEG.
#[test]
fn an_offered_avif_looks_like_the_jpeg() {
    let picture = busy(320);
    let format = FormatRule::Negotiate { offer: vec![Format::Avif], fallback: Some(Format::Jpeg) };
    for (jpeg, avif) in [(50, 48), (75, 60), (80, 64), (90, 82)] {
        let at = |format: FormatRule, quality| {
            made(&picture, OutputRule { format, quality: Quality::all(quality), ..OutputRule::default() })
        };
        let offered = at(format.clone(), jpeg);
        assert_eq!(offered.format, Format::Avif, "{jpeg}");
        assert_eq!(offered.bytes, at(FormatRule::Always(Format::Avif), avif).bytes, "{jpeg}");
    }
}

#[test]
fn a_negotiated_format_is_no_larger_than_the_fallback() {
    let offer = |smallest| OutputRule {
        format: FormatRule::Negotiate { offer: vec![Format::Webp], fallback: None },
        quality: Quality::all(90),
        smallest,
        ..OutputRule::default()
    };
    let drawn = drawing(200);
    let (kept, given_up) = (made(&drawn, offer(false)), made(&drawn, offer(true)));
    assert_eq!((kept.format, given_up.format), (Format::Webp, Format::Png));
    assert!(given_up.bytes.len() < kept.bytes.len());
    assert_eq!(made(&busy(200), offer(true)).format, Format::Webp);
    assert_eq!(made(&drawn, always(Format::Webp)).format, Format::Webp);
}

/// Exif and a profile go from a JPEG into whatever holds them, with the orientation that the result has.
#[test]
fn metadata_and_a_profile_are_handed_on() {
    let master = on_its_side(include_bytes!("../../../../samples/fig-p3.jpg"));
    let small = || Stage::Resize(Resize::new(Some(Dim::Px(60)), None, Fit::Inside));
    for format in [Format::Jpeg, Format::Png, Format::Webp, Format::Avif] {
        for (stages, orientation) in [(vec![small()], 6), (vec![Stage::Orient(Orient::Exif), small()], 1)] {
            let output = OutputRule { metadata: plan::Metadata::Keep, profile: Profile::Keep, ..always(format) };
            let plan = Plan { stages, output };
            let job = Job {
                master: &master,
                pictures: &[],
                fonts: fonts(),
                plan: &plan,
                spec: &plan.output.resolve(AcceptClass::Avif),
                budget: &Budget::default(),
                cancel: &Cancel::never(),
            };
            let file = render(&job).unwrap().bytes;
            let said = codec::describe(&file, &Budget::default()).unwrap();
            assert_eq!(said.info.orientation, orientation, "{format}");
            assert_eq!(said.profile.as_deref(), Some("Display P3 primaries, sRGB curve"), "{format}");
            let told = said.fields.iter().find(|field| field.name == "Orientation").map(|field| field.value.as_str());
            let want = if orientation == 6 {
                "row 0 at right and column 0 at top"
            } else {
                "row 0 at top and column 0 at left"
            };
            assert_eq!(told, Some(want), "{format}");
        }
    }
}
