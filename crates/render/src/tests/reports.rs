//! What headers say is answered without a pixel.

use plan::{AcceptClass, FormatRule, OutputRule};

use super::*;

fn answered(master: &[u8], stages: &[Stage], output: OutputRule, cancel: &Cancel) -> Result<Rendered, CodecError> {
    let plan = Plan { stages: stages.to_vec(), output };
    let (spec, budget) = (plan.output.resolve(AcceptClass::Avif), Budget::default());
    render(&Job { master, pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel })
}

/// All but the times.
fn but_times(rendered: Rendered) -> Rendered {
    Rendered { timing: Timing::default(), ..rendered }
}

fn masters() -> Vec<(&'static str, Vec<u8>)> {
    let moving = Picture { frames: (0..3).map(|n| frame(n * 40)).collect(), loops: 0 };
    let file = |picture: &Picture, format| {
        codec::encode(picture, &Encode { format, ..Encode::default() }, &Cancel::never()).unwrap()
    };
    let opaque = picture(48, 32, false, 3, 1);
    // Alpha that the header speaks of and that no pixel has.
    let mut idle = picture(48, 32, true, 5, 1);
    idle.frames[0].pixels.data.chunks_exact_mut(4).for_each(|p| p[3] = 255);
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='48' height='32'><rect width='48' height='32'/></svg>";
    vec![
        ("jpeg", on_its_side(&file(&opaque, Format::Jpeg))),
        ("png", file(&opaque, Format::Png)),
        ("idle alpha", file(&idle, Format::Webp)),
        ("alpha", file(&picture(48, 32, true, 7, 1), Format::Avif)),
        ("gif", file(&moving, Format::Gif)),
        ("webp", file(&moving, Format::Webp)),
        ("svg", svg.to_vec()),
    ]
}

fn frame(shade: u8) -> Frame {
    let data = (0..48 * 32 * 3).map(|at| shade + (at % 97) as u8).collect();
    Frame { pixels: Pixels { width: 48, height: 32, channels: Channels::Rgb, data }, delay_ms: 50 }
}

/// A report of another kind is worked out from the pixels of the same plan: all but its text must be the same. And the text
/// is that of a plan with a trim, which needs them.
#[test]
fn the_answer_from_headers_is_the_one_from_pixels() {
    let half = || Stage::Resize(Resize::new(Some(Dim::Px(24)), None, Fit::Inside));
    let pad = || Stage::Pad(Pad { top: 3, right: 0, bottom: 0, left: 1, background: Background::Auto });
    let trim = || Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: Fixed::ZERO, keep: 0 });
    let offer = FormatRule::Negotiate { offer: vec![Format::Webp, Format::Avif], fallback: Some(Format::Jpeg) };
    for (name, master) in masters() {
        let mut texts = std::collections::BTreeSet::new();
        for stages in [vec![], vec![Stage::Orient(Orient::Exif), half()], vec![half(), pad()], vec![trim()]] {
            for format in [FormatRule::Source, FormatRule::Always(Format::Jpeg), offer.clone()] {
                for animation in [true, false] {
                    let rule =
                        |report| OutputRule { report, animation, format: format.clone(), ..OutputRule::default() };
                    let of = |report| but_times(answered(&master, &stages, rule(report), &Cancel::never()).unwrap());
                    let (found, mut want) = (of(Some(Report::Info)), of(Some(Report::ThumbHash)));
                    (want.bytes, want.content_type) = (found.bytes.clone(), "application/json");
                    assert_eq!(found, want, "{name} {stages:?} {format:?} {animation}");
                    texts.insert(found.bytes);
                }
            }
        }
        assert_eq!(texts.len(), 1, "{name}");
    }
}

#[test]
fn no_pixel_is_read_for_what_headers_say() {
    let info = || OutputRule { report: Some(Report::Info), ..OutputRule::default() };
    let trim = Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: Fixed::ZERO, keep: 0 });
    for (name, master) in masters() {
        // The pixels of these two end early.
        let master = if matches!(name, "jpeg" | "png") { &master[..master.len() - 40] } else { &master[..] };
        let ask = |stages: &[Stage], checks| answered(master, stages, info(), &Cancel::after(checks));
        assert!(ask(&[], 1).is_ok() || name == "svg", "{name}");
        assert!(ask(std::slice::from_ref(&trim), 1).is_err(), "{name}");
    }
}

#[test]
fn a_frame_that_is_not_there_is_missed() {
    let info = || OutputRule { report: Some(Report::Info), ..OutputRule::default() };
    for (name, master) in masters() {
        let out = answered(&master, &[Stage::Page(3)], info(), &Cancel::never());
        assert_eq!(out.is_err(), matches!(name, "gif" | "webp"), "{name}: {out:?}");
    }
}
