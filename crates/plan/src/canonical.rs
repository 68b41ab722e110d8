//! One spelling per meaning: making plans canonical, and the text that is hashed into keys.

mod sizes;

use std::fmt::{self, Write as _};

use crate::{
    Aspect, Background, Dim, Enlarge, Fit, Fixed, Gravity, Horizontal, Limits, Orient, Pad, Plan, Region, Resize,
    Stage, Trim, TrimMode, Vertical, adjust, filter, overlay, shape,
};

/// Raised whenever the canonical text of a plan changes. Stored entries carry it; another version is a miss.
pub const NORMALISER_VERSION: u16 = 1;

impl Plan {
    /// Rewrites the plan so that plans of one meaning are equal: no-ops go, fields that cannot matter take their neutral
    /// value. Never changes what is rendered. Idempotent.
    pub fn canonicalise(&mut self) {
        if self.output.original {
            *self = Plan::original();
            return;
        }
        self.stages = canonical_stages(std::mem::take(&mut self.stages));
    }

    /// The canonical text of the stages alone: what an exact name is made of.
    pub fn stages_text(&self) -> String {
        let mut text = String::new();
        if self.output.original {
            text.push_str(if self.stages.is_empty() { "original" } else { "original|" });
        }
        let _ = write!(text, "{}", List(&self.stages));
        text
    }
}

/// The whole plan as text, for people and debug headers: stages, then output.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}", self.stages_text(), self.output)
    }
}

/// Stages as they are written in a row.
pub(crate) struct List<'a>(pub &'a [Stage]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, stage) in self.0.iter().enumerate() {
            write!(f, "{}{stage}", if at == 0 { "" } else { "|" })?;
        }
        Ok(())
    }
}

pub(crate) fn canonical_stages(stages: Vec<Stage>) -> Vec<Stage> {
    // Nearly every plan is free of what hangs on sizes.
    if stages.iter().any(sizes::hangs) {
        return sizes::canonical(stages, sizes::Before::MASTER);
    }
    stages.into_iter().filter_map(canonical_stage).collect()
}

/// A stage by itself.
pub(crate) fn stage_alone(stage: Stage) -> Option<Stage> {
    canonical_stage(stage)
}

fn canonical_stage(stage: Stage) -> Option<Stage> {
    match stage {
        Stage::Orient(Orient::Fixed(0 | 1)) => None,
        Stage::Extract(Region::Rect { x, y, width, height, mut align }) => {
            // An edge at 0 is the left or top alignment.
            let (said_x_zero, said_y_zero) = (x == Some(Dim::Px(0)), y == Some(Dim::Px(0)));
            let (x, y) = (x.filter(|x| *x != Dim::Px(0)), y.filter(|y| *y != Dim::Px(0)));
            align = (
                if said_x_zero { Horizontal::Left } else { align.0 },
                if said_y_zero { Vertical::Top } else { align.1 },
            );
            if x.is_none() && y.is_none() && width.is_none() && height.is_none() {
                return None;
            }
            let align = (
                if x.is_some() || width.is_none() { Horizontal::Left } else { align.0 },
                if y.is_some() || height.is_none() { Vertical::Top } else { align.1 },
            );
            Some(Stage::Extract(Region::Rect { x, y, width, height, align }))
        }
        Stage::Extract(Region::Corners { top_left, bottom_right }) => {
            let top_left = top_left.filter(|corner| *corner != (0, 0));
            (top_left.is_some() || bottom_right.is_some())
                .then_some(Stage::Extract(Region::Corners { top_left, bottom_right }))
        }
        Stage::Extract(Region::Window { width: None, height: None, .. }) => None,
        Stage::Extract(Region::Window { width, height, gravity, pad, cut }) => {
            Some(Stage::Extract(Region::Window { width, height, gravity: gravity.canonical(), pad, cut }))
        }
        Stage::Extract(Region::Aspect { aspect, gravity }) => {
            Some(Stage::Extract(Region::Aspect { aspect, gravity: gravity.canonical() }))
        }
        Stage::Resize(resize) => canonical_resize(resize).map(Stage::Resize),
        Stage::Flip { horizontal: false, vertical: false } => None,
        Stage::Rotate { degrees, background } => {
            let degrees = wrap(degrees);
            let right_angle = degrees.get() % 90.0 == 0.0;
            let background = if right_angle { Background::Auto } else { background };
            (degrees != Fixed::ZERO).then_some(Stage::Rotate { degrees, background })
        }
        Stage::Straighten { degrees } => {
            let degrees = wrap(degrees);
            (degrees != Fixed::ZERO).then_some(Stage::Straighten { degrees })
        }
        Stage::Pad(Pad { top: 0, right: 0, bottom: 0, left: 0, .. }) => None,
        Stage::Page(0) => None,
        Stage::Frames(frames) => frames.canonical().map(Stage::Frames),
        Stage::Flatten(Background::Color(color)) if color.a == 0 => None,
        Stage::Flatten(Background::Auto) => None,
        Stage::Adjust(adjust) => adjust::canonical(adjust).map(Stage::Adjust),
        Stage::Filter(filter) => filter::canonical(filter).map(Stage::Filter),
        Stage::Mask(mask) => shape::canonical_mask(mask).map(Stage::Mask),
        Stage::Border(border) => shape::canonical_border(border).map(Stage::Border),
        Stage::Gradient(gradient) if gradient.from.a == 0 && gradient.to.a == 0 => None,
        Stage::Shadow(shadow) if shadow.color.a == 0 => None,
        Stage::Overlay(overlay) => overlay::canonical(*overlay).map(|overlay| Stage::Overlay(Box::new(overlay))),
        // Those that hang on what stands before them: see `sizes`.
        other @ (Stage::Mark | Stage::Measured(_) | Stage::Choose(_)) => Some(other),
        other @ (Stage::Page(_)
        | Stage::Typeset(_)
        | Stage::Orient(_)
        | Stage::Trim(_)
        | Stage::Flip { .. }
        | Stage::Pad(_)
        | Stage::Flatten(_)
        | Stage::Gradient(_)
        | Stage::Shadow(_)) => Some(other),
    }
}

fn wrap(degrees: Fixed) -> Fixed {
    Fixed::new(degrees.get().rem_euclid(360.0))
}

fn canonical_resize(mut r: Resize) -> Option<Resize> {
    let sizes = [r.width, r.height].iter().flatten().count();
    if sizes == 0 && r.aspect.is_none() && r.limits == Limits::default() {
        return None;
    }
    if sizes == 2 {
        r.aspect = None;
    }
    // Work the limits out where both sides are pixels already.
    if let (Some(Dim::Px(w)), Some(Dim::Px(h))) = (r.width, r.height) {
        let (w, h) = r.limits.apply(w, h);
        (r.width, r.height) = (Some(Dim::Px(w)), Some(Dim::Px(h)));
        r.limits = Limits::default();
    }
    let proportional = sizes < 2 && r.aspect.is_none() && r.limits == Limits::default();
    if proportional && r.fit != Fit::Inside {
        r.fit = Fit::Inside;
    }
    if r.enlarge == Enlarge::NoClamp && r.fit != Fit::Cover {
        r.enlarge = Enlarge::No;
    }
    r.gravity = r.gravity.canonical();
    let zooms = matches!(r.fit, Fit::Cover | Fit::CoverOrContain) && r.zoom > Fixed::ONE;
    if !zooms {
        r.zoom = Fixed::ONE;
    }
    if matches!(r.fit, Fit::Inside | Fit::Outside | Fit::Stretch) {
        r.gravity = Gravity::CENTER;
    }
    if !matches!(r.fit, Fit::Contain | Fit::CoverOrContain) {
        r.background = Background::Auto;
    }
    Some(r)
}

impl Limits {
    /// Caps, then floors, a size in pixels.
    pub fn apply(&self, width: u32, height: u32) -> (u32, u32) {
        let bound = |v: u32, low: Option<u32>, high: Option<u32>| v.min(high.unwrap_or(u32::MAX)).max(low.unwrap_or(1));
        (bound(width, self.min_width, self.max_width), bound(height, self.min_height, self.max_height))
    }
}

impl Gravity {
    pub(crate) fn canonical(self) -> Gravity {
        match self {
            Gravity::Point(x, y) => {
                let (x, y) = (x.clamp_to(0.0, 1.0), y.clamp_to(0.0, 1.0));
                let middle = Fixed::new(0.5);
                if x == middle && y == middle { Gravity::CENTER } else { Gravity::Point(x, y) }
            }
            Gravity::TopLeft(None, None) | Gravity::Centered(None, None) => Gravity::CENTER,
            other => other,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Page(page) => write!(f, "page:{page}"),
            Stage::Frames(frames) => frames.fmt(f),
            Stage::Typeset(text) => write!(f, "typeset:{text}"),
            Stage::Orient(Orient::Exif) => f.write_str("orient:exif"),
            Stage::Orient(Orient::Fixed(value)) => write!(f, "orient:{value}"),
            Stage::Extract(region) => write!(f, "extract:{region}"),
            Stage::Trim(Trim { mode, tolerance, keep }) => {
                match mode {
                    TrimMode::Corner => f.write_str("trim:corner")?,
                    TrimMode::Color(color) => write!(f, "trim:{color}")?,
                    TrimMode::Alpha => f.write_str("trim:alpha")?,
                    TrimMode::AlphaOr(None) => f.write_str("trim:alpha-or-corner")?,
                    TrimMode::AlphaOr(Some(color)) => write!(f, "trim:alpha-or-{color}")?,
                    TrimMode::Even { mean, deviation } => write!(f, "trim:even({mean} {deviation})")?,
                }
                write!(f, ",tolerance={tolerance},keep={keep}")
            }
            Stage::Resize(resize) => resize.fmt(f),
            Stage::Flip { horizontal, vertical } => {
                write!(f, "flip:{}{}", if *horizontal { "h" } else { "" }, if *vertical { "v" } else { "" })
            }
            Stage::Rotate { degrees, background } => write!(f, "rotate:{degrees},{background}"),
            Stage::Straighten { degrees } => write!(f, "straighten:{degrees}"),
            Stage::Pad(Pad { top, right, bottom, left, background }) => {
                write!(f, "pad:{top},{right},{bottom},{left},{background}")
            }
            Stage::Flatten(ground) => write!(f, "flatten:{ground}"),
            Stage::Adjust(adjust) => adjust.fmt(f),
            Stage::Filter(filter) => filter.fmt(f),
            Stage::Mask(mask) => mask.fmt(f),
            Stage::Border(border) => border.fmt(f),
            Stage::Gradient(gradient) => write!(f, "gradient:{gradient}"),
            Stage::Shadow(shadow) => shadow.fmt(f),
            Stage::Overlay(overlay) => overlay.fmt(f),
            Stage::Mark => f.write_str("mark"),
            Stage::Measured(measured) => measured.fmt(f),
            Stage::Choose(choose) => choose.fmt(f),
        }
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = match self.fit {
            Fit::Inside => "inside",
            Fit::Outside => "outside",
            Fit::Cover => "cover",
            Fit::Contain => "contain",
            Fit::CoverOrContain => "cover-or-contain",
            Fit::Stretch => "stretch",
        };
        write!(f, "resize:{}x{},{fit}", OrAuto(self.width), OrAuto(self.height))?;
        if let Some(aspect) = self.aspect {
            write!(f, ",aspect={aspect}")?;
        }
        match self.enlarge {
            Enlarge::Yes => {}
            Enlarge::No => f.write_str(",enlarge=no")?,
            Enlarge::NoClamp => f.write_str(",enlarge=clamp")?,
        }
        if self.gravity != Gravity::CENTER {
            write!(f, ",at={}", self.gravity)?;
        }
        if self.zoom != Fixed::ONE {
            write!(f, ",zoom={}", self.zoom)?;
        }
        if self.background != Background::Auto {
            write!(f, ",on={}", self.background)?;
        }
        for (name, limit) in [
            ("min-w", self.limits.min_width),
            ("min-h", self.limits.min_height),
            ("max-w", self.limits.max_width),
            ("max-h", self.limits.max_height),
        ] {
            if let Some(limit) = limit {
                write!(f, ",{name}={limit}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Region::Rect { x, y, width, height, align } => {
                write!(f, "rect,{},{},{}x{}", OrAuto(*x), OrAuto(*y), OrAuto(*width), OrAuto(*height))?;
                write!(f, ",{}", Gravity::Anchor(align.0, align.1))
            }
            Region::Corners { top_left, bottom_right } => {
                let corner = |c: &Option<(u32, u32)>| c.map_or("-".to_owned(), |(x, y)| format!("{x},{y}"));
                write!(f, "corners,{},{}", corner(top_left), corner(bottom_right))
            }
            Region::Window { width, height, gravity, pad, cut } => {
                write!(f, "window,{}x{},{gravity}", OrAuto(*width), OrAuto(*height))?;
                if let Some(pad) = pad {
                    write!(f, ",on={pad}")?;
                }
                if !cut {
                    f.write_str(",nocut")?;
                }
                Ok(())
            }
            Region::Aspect { aspect, gravity } => write!(f, "aspect,{aspect},{gravity}"),
        }
    }
}

pub(crate) struct OrAuto(pub Option<Dim>);

impl fmt::Display for OrAuto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("-"),
            Some(Dim::Px(px)) => px.fmt(f),
            Some(Dim::Ratio(ratio)) => write!(f, "{ratio}r"),
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Aspect::Exact(ratio) => ratio.fmt(f),
            Aspect::Between(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |n: &Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
        match self {
            Gravity::Anchor(h, v) => {
                f.write_str(match v {
                    Vertical::Top => "top",
                    Vertical::Center => "center",
                    Vertical::Bottom => "bottom",
                })?;
                f.write_str(match h {
                    Horizontal::Left => "-left",
                    Horizontal::Center => "",
                    Horizontal::Right => "-right",
                })
            }
            Gravity::Point(x, y) => write!(f, "point({x} {y})"),
            Gravity::MasterPixel(x, y) => write!(f, "master-pixel({x} {y})"),
            Gravity::TopLeft(x, y) => write!(f, "corner({} {})", number(x), number(y)),
            Gravity::Centered(x, y) => write!(f, "centre({} {})", number(x), number(y)),
            Gravity::Attention => f.write_str("attention"),
            Gravity::Entropy => f.write_str("entropy"),
            Gravity::Edges => f.write_str("edges"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Color, Format, FormatRule, OutputRule};

    fn canonical(stages: Vec<Stage>) -> String {
        let mut plan = Plan { stages, output: OutputRule::default() };
        plan.canonicalise();
        let once = plan.clone();
        plan.canonicalise();
        assert_eq!(plan, once, "canonicalise is idempotent");
        plan.stages_text()
    }

    #[test]
    fn no_ops_go() {
        let nothing = Resize::new(None, None, Fit::Cover);
        for stage in [
            Stage::Resize(nothing),
            Stage::Orient(Orient::Fixed(1)),
            Stage::Flip { horizontal: false, vertical: false },
            Stage::Rotate { degrees: Fixed::new(720.0), background: Background::Auto },
            Stage::Flatten(Background::Color(Color::TRANSPARENT)),
            Stage::Pad(Pad { top: 0, right: 0, bottom: 0, left: 0, background: Background::Edge }),
            Stage::Extract(Region::Corners { top_left: Some((0, 0)), bottom_right: None }),
        ] {
            assert_eq!(canonical(vec![stage.clone()]), "", "{stage:?}");
        }
    }

    #[test]
    fn fields_that_cannot_matter_are_neutral() {
        let mut a = Resize::new(Some(Dim::Px(300)), None, Fit::Cover);
        a.gravity = Gravity::Attention;
        a.background = Background::Blur(crate::BlurFill::PLAIN);
        assert_eq!(canonical(vec![Stage::Resize(a)]), "resize:300x-,inside");

        let mut b = Resize::new(Some(Dim::Px(300)), Some(Dim::Px(200)), Fit::Cover);
        b.gravity = Gravity::Point(Fixed::new(0.5), Fixed::new(0.5));
        b.aspect = Some(Aspect::Exact(Fixed::ONE));
        b.limits.max_width = Some(100);
        assert_eq!(canonical(vec![Stage::Resize(b)]), "resize:100x200,cover");

        let turn = Stage::Rotate { degrees: Fixed::new(-90.0), background: Background::Color(Color::WHITE) };
        assert_eq!(canonical(vec![turn]), "rotate:270,auto");
    }

    #[test]
    fn original_swallows_everything() {
        let mut plan = Plan {
            stages: vec![Stage::Orient(Orient::Exif)],
            output: OutputRule { original: true, format: FormatRule::Always(Format::Png), ..OutputRule::default() },
        };
        plan.canonicalise();
        assert_eq!(plan, Plan::original());
        assert_eq!(plan.stages_text(), "original");
    }
}
