//! Planes through the same plans as pixels: the same size, and nearly the same picture.

use codec::{Chroma, Plane};
use proptest::prelude::*;

use super::*;

/// A soft picture of two colours, in planes of which chroma is stored for every `step` samples.
fn planes(w: u32, h: u32, step: u32, colored: bool) -> Planar {
    let wave = |x: f64, y: f64, side: f64| {
        let (x, y) = (x / f64::from(w), y / f64::from(h));
        (128.0 + side * (6.0 * x).sin() * (5.0 * y).cos()) as u8
    };
    let plane = |w: u32, h: u32, step: u32, side: f64| {
        let mut plane = Plane::filled(w, h, 0);
        for (at, value) in plane.data.iter_mut().enumerate() {
            // In the middle of the samples that it stands for.
            let middle = |at: u32| f64::from(at * step) + f64::from(step - 1) / 2.0;
            *value = wave(middle(at as u32 % w), middle(at as u32 / w), side);
        }
        plane
    };
    let (cw, ch) = (w.div_ceil(step), h.div_ceil(step));
    let part = 1.0 / f64::from(step);
    let chroma = || Chroma { blue: plane(cw, ch, step, 90.0), red: plane(cw, ch, step, -80.0), ratio: (part, part) };
    Planar { luma: plane(w, h, 1, 100.0), chroma: colored.then(chroma), profile: None }
}

fn made(loaded: Loaded, info: &Info, stages: &[Stage]) -> Made {
    let rule = OutputRule { format: FormatRule::Always(Format::Jpeg), ..OutputRule::default() };
    let spec = rule.resolve(plan::AcceptClass::Avif);
    let (budget, cancel) = (Budget { output_side: CAP, ..Budget::default() }, Cancel::never());
    let plan = Plan { stages: stages.to_vec(), output: rule };
    let job =
        Job { master: &[], pictures: &[], fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    let stages = with_final_cap(stages, CAP);
    transform(loaded, info, &stages, &job, CAP, &Pictures::new(&[])).unwrap().0
}

fn rgb(made: Made) -> Pixels {
    match made {
        Made::Picture(picture) => picture.frames.into_iter().next().unwrap().pixels,
        Made::Planes(planar) => planar.to_rgb(&Cancel::never()).unwrap(),
        Made::Wide(_) => panic!("nobody asked for more bits"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_takes_planes_and_ends_at_the_foreseen_size(
        stages in proptest::collection::vec(stage(), 0..5),
        (w, h) in (1u32..70, 1u32..70),
        orientation in 0u8..9,
        step in 1u32..3,
        colored: bool,
        half: bool,
    ) {
        let info = Info { kind: Kind::Jpeg, width: w, height: h, orientation, may_have_alpha: false, frames: 1 };
        let chroma = if half { ChromaSize::Half } else { ChromaSize::Full };
        // What is not shrunk first of all is not decoded to planes.
        let Some(whole) = foresee::at_least(&info, &with_final_cap(&stages, CAP), CAP) else { return Ok(()) };
        let stays = foresee::stays_planar(&stages);
        let made = made(Loaded::Planes(planes(whole.0, whole.1, step, colored), chroma), &info, &stages);
        if let Made::Planes(planar) = &made {
            prop_assert!(planar.luma.width <= CAP && planar.luma.height <= CAP);
            if let Some(c) = &planar.chroma {
                let size = (chroma.of(planar.luma.width), chroma.of(planar.luma.height));
                prop_assert_eq!((c.blue.width, c.blue.height), size);
            }
        }
        prop_assert!(!stays || matches!(made, Made::Planes(_)));
        let out = rgb(made);
        if let Some(size) = final_size(&info, &stages, CAP) {
            prop_assert_eq!((out.width, out.height), size);
        }
    }
}

#[test]
fn planes_give_the_picture_that_pixels_give() {
    let px = |v| Some(Dim::Px(v));
    let cut = Stage::Extract(Region::Corners { top_left: Some((20, 10)), bottom_right: Some((101, 91)) });
    let upright = Stage::Orient(plan::Orient::Exif);
    for orientation in 1..=8 {
        let info = Info { kind: Kind::Jpeg, width: 160, height: 120, orientation, may_have_alpha: false, frames: 1 };
        for (step, stages) in [
            (1, vec![upright.clone(), Stage::Resize(Resize::new(px(40), px(31), Fit::Stretch))]),
            (2, vec![upright.clone(), Stage::Resize(Resize::new(px(40), px(40), Fit::Cover))]),
            (
                2,
                vec![
                    upright.clone(),
                    Stage::Flip { horizontal: true, vertical: false },
                    Stage::Resize(Resize::new(px(51), None, Fit::Inside)),
                ],
            ),
            (2, vec![upright.clone(), cut.clone(), Stage::Resize(Resize::new(px(30), px(20), Fit::Stretch))]),
        ] {
            let planar = planes(160, 120, step, true);
            let pixels = planes(160, 120, 1, true).to_rgb(&Cancel::never()).unwrap();
            let through_pixels = rgb(made(Loaded::Picture(Picture::still(pixels)), &info, &stages));
            for chroma in [ChromaSize::Full, ChromaSize::Half] {
                let through_planes = rgb(made(Loaded::Planes(planar.clone(), chroma), &info, &stages));
                assert_eq!(through_planes.data.len(), through_pixels.data.len());
                let off = through_planes.data.iter().zip(&through_pixels.data).map(|(a, b)| u64::from(a.abs_diff(*b)));
                let mean = off.sum::<u64>() as f64 / through_pixels.data.len() as f64;
                // Of chroma of half the size, the nearest sample is shown.
                let most = if chroma == ChromaSize::Full { 1.0 } else { 6.0 };
                assert!(mean < most, "{orientation} {step} {stages:?} {chroma:?}: {mean}");
            }
        }
    }
}
