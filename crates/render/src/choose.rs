use std::borrow::Cow;

use plan::{Adjust, Fit, Format, OutputSpec, Profile, Region, Stage};

use crate::stages::background::may_be_clear;

/// Which format to write.
///
/// The first candidate that holds what the picture has of alpha and animation; if none does, the last one where the
/// candidates are a command, else the master's own format (`source`, `None` if we do not write it), else PNG where there
/// is alpha and JPEG where not.
pub fn choose(spec: &OutputSpec, source: Option<Format>, has_alpha: bool, animated: bool) -> Format {
    let holds = |format: &&Format| {
        (!has_alpha || format.holds_alpha()) && (!(animated && spec.animation) || format.holds_animation())
    };
    let forced = if spec.forced { spec.candidates.last() } else { None };
    let own = || source.unwrap_or(if has_alpha { Format::Png } else { Format::Jpeg });
    spec.candidates.iter().find(holds).or(forced).copied().unwrap_or_else(own)
}

/// The format of those who take none of the candidates but the last.
pub(crate) fn fallback(spec: &OutputSpec, source: Option<Format>, has_alpha: bool, animated: bool) -> Format {
    let last = if spec.forced { spec.candidates.last().copied() } else { None };
    let plain = OutputSpec { candidates: last.into_iter().collect(), ..spec.clone() };
    choose(&plain, source, has_alpha, animated)
}

/// The spec without formats that carry no colour profile, where one is needed to tell the colours. Where one of them may come out all
/// the same (it is all that is asked for, or the master's own), colours are converted instead.
pub(crate) fn with_profile(spec: Cow<'_, OutputSpec>, source: Option<Format>) -> Cow<'_, OutputSpec> {
    let carries = |format: &Format| *format != Format::Gif;
    if matches!(spec.profile, Profile::Srgb | Profile::Tagged) {
        return spec;
    }
    let mut spec = spec.into_owned();
    let candidates: Vec<Format> = spec.candidates.iter().copied().filter(carries).collect();
    let own = !spec.forced && source.is_some_and(|source| !carries(&source));
    if own || candidates.is_empty() && !spec.candidates.is_empty() {
        spec.profile = Profile::Srgb;
    } else {
        spec.candidates = candidates;
    }
    Cow::Owned(spec)
}

/// Most pixels that are written as AVIF where it is only offered: who asked waits, and at 0.06-0.1 s a megapixel, as its
/// fastest speed takes, more would take near a second.
const OFFERED_AVIF_PIXELS: u64 = 8_000_000;

/// The spec without an AVIF that is one offer among several and would take too long. An AVIF that is asked for by name
/// stays.
pub(crate) fn affordable(spec: &OutputSpec, pixels: u64) -> Cow<'_, OutputSpec> {
    let named = spec.forced && spec.candidates.len() == 1;
    if named || pixels <= OFFERED_AVIF_PIXELS || !spec.candidates.contains(&Format::Avif) {
        return Cow::Borrowed(spec);
    }
    let candidates = spec.candidates.iter().copied().filter(|f| *f != Format::Avif).collect();
    Cow::Owned(OutputSpec { candidates, ..spec.clone() })
}

/// Whether the result may be transparent, the picture being so or not before the stages. [`plan::Background::Auto`] adapts
/// to the format and so has no say in it.
pub(crate) fn alpha_after(stages: &[Stage], before: bool) -> bool {
    stages.iter().fold(before, |alpha, stage| match stage {
        Stage::Measured(measured) => alpha_after(std::slice::from_ref(&measured.stage), alpha),
        Stage::Choose(choose) => alpha_after(&choose.yes, alpha) || alpha_after(&choose.no, alpha),
        Stage::Flatten(ground) => alpha && may_be_clear(ground),
        Stage::Pad(pad) => alpha || may_be_clear(&pad.background),
        Stage::Rotate { background, .. } => alpha || may_be_clear(background),
        Stage::Extract(Region::Window { pad: Some(background), .. }) => alpha || may_be_clear(background),
        Stage::Resize(r) if matches!(r.fit, Fit::Contain | Fit::CoverOrContain) => alpha || may_be_clear(&r.background),
        Stage::Mask(mask) => alpha || may_be_clear(&mask.outside),
        Stage::Border(border) => {
            let round = border.outer.iter().any(|radius| radius.is_some());
            alpha || !border.inside && border.color.a < 255 || round && may_be_clear(&border.outside)
        }
        Stage::Adjust(Adjust::Opacity(_)) | Stage::Typeset(_) => true,
        // What is drawn over a picture makes it no more transparent, but for an overlay that cuts.
        Stage::Overlay(overlay) => alpha || overlay.blend.clears(),
        _ => alpha,
    })
}

#[cfg(test)]
mod tests {
    use plan::{AcceptClass, Background, Border, Color, FormatRule, Mask, OutputRule, Radius, Shape};

    use super::*;

    fn spec(format: FormatRule) -> OutputSpec {
        OutputRule { format, ..OutputRule::default() }.resolve(AcceptClass::Avif)
    }

    #[test]
    fn an_offered_avif_must_be_affordable() {
        use Format::*;
        let offer = spec(FormatRule::Negotiate { offer: vec![Avif, Webp], fallback: None });
        let named = spec(FormatRule::Always(Avif));
        assert_eq!(affordable(&offer, 8_000_000).candidates, vec![Avif, Webp]);
        assert_eq!(affordable(&offer, 8_000_001).candidates, vec![Webp]);
        assert_eq!(affordable(&named, 40_000_000).candidates, vec![Avif]);
        let with_fallback = spec(FormatRule::Negotiate { offer: vec![Avif], fallback: Some(Jpeg) });
        assert_eq!(choose(&affordable(&with_fallback, 9_000_000), Some(Png), false, false), Jpeg);
    }

    #[test]
    fn a_profile_is_kept_only_where_the_file_carries_it() {
        use Format::*;
        let offer = |offer: &[Format], fallback| FormatRule::Negotiate { offer: offer.to_vec(), fallback };
        for (format, source, candidates, kept) in [
            (offer(&[Avif, Webp], None), Some(Jpeg), vec![Avif, Webp], true),
            (offer(&[Gif], Some(Png)), Some(Avif), vec![Png], true),
            (FormatRule::Source, Some(Jpeg), vec![], true),
            // What has no room for it must not come out in the master's colours.
            (FormatRule::Source, Some(Gif), vec![], false),
            (offer(&[Webp], None), Some(Gif), vec![Webp], false),
            (FormatRule::Always(Gif), Some(Jpeg), vec![Gif], false),
            (FormatRule::Always(Avif), Some(Jpeg), vec![Avif], true),
        ] {
            let rule = OutputRule { format, profile: Profile::Keep, ..OutputRule::default() };
            let spec = rule.resolve(AcceptClass::Avif);
            let found = with_profile(Cow::Borrowed(&spec), source);
            assert_eq!((&found.candidates, found.profile == Profile::Keep), (&candidates, kept), "{spec:?} {source:?}");
        }
    }

    #[test]
    fn formats() {
        use Format::*;
        let offer = |offer: &[Format], fallback| spec(FormatRule::Negotiate { offer: offer.to_vec(), fallback });
        let source = spec(FormatRule::Source);
        for (spec, from, alpha, animated, want) in [
            (&source, Some(Gif), false, true, Gif),
            (&source, Some(Jpeg), true, false, Jpeg),
            (&source, None, true, false, Png),
            (&source, None, false, false, Jpeg),
            (&spec(FormatRule::Always(Jpeg)), Some(Gif), true, true, Jpeg),
            (&spec(FormatRule::Always(Avif)), Some(Gif), true, true, Avif),
            (&offer(&[Avif, Webp], None), Some(Gif), true, true, Webp),
            (&offer(&[Avif, Webp], None), Some(Gif), true, false, Avif),
            (&offer(&[Avif], None), Some(Gif), false, true, Gif),
            // No candidate holds frames, so the spec asks for none.
            (&offer(&[Avif], Some(Jpeg)), Some(Gif), true, true, Avif),
            (&offer(&[Jpeg], Some(Png)), Some(Webp), true, false, Png),
            (&offer(&[Jpeg], Some(Png)), Some(Webp), false, false, Jpeg),
        ] {
            assert_eq!(choose(spec, from, alpha, animated), want, "{spec:?} {from:?} {alpha} {animated}");
        }
        let first_frame = OutputRule { animation: false, format: FormatRule::Always(Avif), ..OutputRule::default() };
        assert_eq!(choose(&first_frame.resolve(AcceptClass::Avif), Some(Gif), false, true), Avif);
    }

    #[test]
    fn stages_add_and_take_alpha() {
        let pad = |background| Stage::Pad(plan::Pad { top: 1, right: 0, bottom: 0, left: 0, background });
        let glass = Background::Color(Color::BLACK.with_alpha(9));
        let flat = Stage::Flatten(Background::Color(Color::WHITE));
        assert!(!alpha_after(&[Stage::Flatten(Background::Mirror)], true));
        assert!(alpha_after(&[pad(glass)], false));
        assert!(!alpha_after(&[pad(Background::Auto)], false));
        assert!(!alpha_after(&[pad(glass), flat.clone()], true));
        assert!(alpha_after(&[flat.clone(), pad(glass)], true));
        let fade = Stage::Adjust(Adjust::Opacity(plan::Fixed::new(0.5)));
        assert!(alpha_after(&[flat.clone(), fade.clone()], false) && !alpha_after(&[fade, flat.clone()], false));
        let mask = |outside| Stage::Mask(Mask { shape: Shape::Ellipse, outside });
        assert!(alpha_after(&[mask(glass)], false) && !alpha_after(&[mask(Background::Auto)], false));
        let frame = |a, inside, outer, outside| {
            let (color, outer) = (Color::BLACK.with_alpha(a), [Radius::Px(outer); 4]);
            Stage::Border(Border { widths: [1; 4], color, inside, outer, inner: [Radius::NONE; 4], outside })
        };
        for (stage, want) in [
            (frame(255, false, 0, glass), false),
            (frame(255, false, 5, glass), true),
            (frame(255, true, 5, Background::Auto), false),
            (frame(9, true, 0, glass), false),
            (frame(9, false, 0, Background::Auto), true),
        ] {
            assert_eq!(alpha_after(std::slice::from_ref(&stage), false), want, "{stage:?}");
        }
        let asset = plan::Asset::Path("logo.png".to_owned());
        let over = Stage::Overlay(Box::new(plan::Overlay::new(plan::Picture::Named { source: None, asset })));
        assert_eq!([true, false].map(|before| alpha_after(std::slice::from_ref(&over), before)), [true, false]);
        let cutter =
            plan::Overlay { blend: plan::Blend::Cutter, ..plan::Overlay::new(plan::Picture::Solid(Color::BLACK)) };
        assert!(alpha_after(&[Stage::Overlay(Box::new(cutter))], false));
    }
}
