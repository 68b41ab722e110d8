//! An AVIF that is written again.

use fast_ssim2::Ssimulacra2Reference;
use plan::{AcceptClass, Dim, Fit, FormatRule, OutputRule, Quality, Resize, Stage};

use super::*;
use crate::write;

const PHOTOGRAPH: &[u8] = include_bytes!("../../../../samples/dogs.jpg");

struct Case {
    plan: Plan,
    spec: OutputSpec,
    budget: Budget,
    cancel: Cancel,
}

impl Case {
    fn new(width: u32, format: Format, quality: u8) -> Case {
        let stages = vec![Stage::Resize(Resize::new(Some(Dim::Px(width)), None, Fit::Inside))];
        let format = FormatRule::Always(format);
        let plan =
            Plan { stages, output: OutputRule { format, quality: Quality::all(quality), ..OutputRule::default() } };
        let spec = plan.output.resolve(AcceptClass::Avif);
        Case { plan, spec, budget: Budget::default(), cancel: Cancel::never() }
    }

    fn job(&self) -> Job<'_> {
        Job {
            master: PHOTOGRAPH,
            pictures: &[],
            fonts: fonts(),
            plan: &self.plan,
            spec: &self.spec,
            budget: &self.budget,
            cancel: &self.cancel,
        }
    }
}

#[test]
fn what_is_written_again_is_smaller_and_worth_no_less() {
    let png = Case::new(160, Format::Png, 100);
    let exact =
        codec::decode(&render(&png.job()).unwrap().bytes, &Decode::default(), &png.budget, &png.cancel).unwrap();
    let made = Made::Picture(exact.picture);
    for quality in [45, 75] {
        let case = Case::new(160, Format::Avif, quality);
        let old = render(&case.job()).unwrap();
        let new = render_again(&case.job(), &old.bytes).unwrap();
        assert_eq!((new.width, new.height, new.format), (old.width, old.height, Format::Avif));
        assert!(new.bytes.len() < old.bytes.len(), "{quality}: {} after {}", new.bytes.len(), old.bytes.len());
        let want: Ssimulacra2Reference = write::reference(&made, &png.job()).unwrap().unwrap();
        let points = |file: &[u8]| write::likeness(&want, file, &png.job()).unwrap();
        // Both were compared with planes; beside RGB they are worth the same but for rounding.
        let (before, after) = (points(&old.bytes), points(&new.bytes));
        assert!(after > before - 0.3, "{quality}: {after} after {before}");
    }
}

/// A file that is better than any more work could make it in fewer bytes stays.
#[test]
fn what_gets_no_smaller_stays() {
    let better = render(&Case::new(100, Format::Avif, 60).job()).unwrap().bytes;
    let worse = Case::new(100, Format::Avif, 30);
    assert_eq!(render_again(&worse.job(), &better).unwrap().bytes, better);
    // Of a picture that is too small to be compared, nothing is known.
    let tiny = Case::new(12, Format::Avif, 60);
    let old = render(&tiny.job()).unwrap().bytes;
    assert_eq!(render_again(&tiny.job(), &old).unwrap().bytes, old);
    let other = Case::new(100, Format::Jpeg, 60);
    let old = render(&other.job()).unwrap();
    assert_eq!(render_again(&other.job(), &old.bytes).unwrap().bytes, old.bytes, "another format is written as ever");
}
