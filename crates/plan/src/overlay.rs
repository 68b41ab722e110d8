use std::fmt;

use crate::{
    Asset, Blend, Color, Dim, Enlarge, Fit, Fixed, Gravity, Horizontal, MasterRef, Plan, Stage, Text, Vertical,
};

/// A picture that is drawn over another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Overlay {
    /// Which picture.
    pub picture: Picture,
    /// Its own transformation, run before it is placed: a plan of its own, which may hold overlays again. Lengths and
    /// shares in it are those of the overlay.
    pub stages: Vec<Stage>,
    /// Width of the box that it is scaled into: pixels, or a share of the width of the picture below.
    pub width: Option<Dim>,
    /// Height of that box. With neither it keeps its size.
    pub height: Option<Dim>,
    /// How it is scaled into the box where both sides are known; [`Fit::Inside`] keeps its ratio.
    pub fit: Fit,
    /// Whether it may be enlarged to fill the box.
    pub enlarge: Enlarge,
    /// What of it is seen where the fit cuts.
    pub gravity: Gravity,
    /// Whether one that is larger than the picture below is shrunk, ratio kept, until it fits.
    pub shrink: bool,
    /// Which edge or middle it is placed from.
    pub anchor: (Horizontal, Vertical),
    /// How far from there: inwards from an edge, to the right and down from the middle; negative = the other way. What lies
    /// outside the picture below is cut off.
    pub offset: (Shift, Shift),
    /// Which edge or middle of the picture below the overlay's `anchor` is brought to. `offset` then counts to the right and
    /// down from there. `None`: the same as `anchor`.
    pub origin: Option<(Horizontal, Vertical)>,
    /// Repeated over the whole picture below, from its place in all directions.
    pub tile: Option<Tile>,
    /// How it is mixed with what is below.
    pub blend: Blend,
    /// 0 (invisible) to 1.
    pub opacity: Fixed,
    /// It is drawn only on a picture of at least this width and height; 0 = always.
    pub only_on: (u32, u32),
    /// Whether the picture is made without it where it cannot be had; else the whole answer fails.
    pub optional: bool,
}

impl Overlay {
    /// A picture in its own size, in the middle, opaque, required.
    pub fn new(picture: Picture) -> Self {
        Overlay {
            picture,
            stages: Vec::new(),
            width: None,
            height: None,
            fit: Fit::Inside,
            enlarge: Enlarge::Yes,
            gravity: Gravity::CENTER,
            shrink: false,
            anchor: (Horizontal::Center, Vertical::Center),
            offset: (Shift::NONE, Shift::NONE),
            origin: None,
            tile: None,
            blend: Blend::Normal,
            opacity: Fixed::ONE,
            only_on: (0, 0),
            optional: false,
        }
    }

    /// Fetched overlays within it, at any depth.
    pub fn parts(&self) -> usize {
        let mut found = Vec::new();
        gather(&self.stages, &mut found);
        found.len()
    }
}

/// Which picture an overlay is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Picture {
    /// As a URL names it. Dialects make these.
    Named {
        /// The source that the URL names, where it does so.
        source: Option<String>,
        /// The picture there. An absolute URL may also be one of our own, with a transformation in it.
        asset: Asset,
    },
    /// The masters it may come from, in the order in which they are tried; never empty. The engine makes these.
    Masters(Vec<MasterRef>),
    /// One colour, as large as the overlay's box (of the size of the picture below on a side without one).
    Solid(Color),
    /// Text.
    Text(Box<Text>),
}

impl Picture {
    /// Whether its bytes come from somewhere: whether it is a dependency.
    pub const fn is_fetched(&self) -> bool {
        matches!(self, Picture::Named { .. } | Picture::Masters(_))
    }
}

/// How far repeated overlays are apart, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Between columns.
    pub across: u32,
    /// Between rows.
    pub down: u32,
}

/// A signed distance on one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shift {
    /// Pixels.
    Px(i32),
    /// A share of the length, on this axis, of the picture below.
    Ratio(Fixed),
}

impl Shift {
    /// No distance.
    pub const NONE: Shift = Shift::Px(0);

    fn canonical(self) -> Shift {
        if self == Shift::Ratio(Fixed::ZERO) { Shift::NONE } else { self }
    }

    /// The same distance the other way.
    pub fn reversed(self) -> Shift {
        match self {
            Shift::Px(px) => Shift::Px(px.saturating_neg()),
            Shift::Ratio(share) => Shift::Ratio(Fixed::new(-share.get())),
        }
    }
}

impl Plan {
    /// Every overlay whose picture is fetched ([`Picture::is_fetched`]), each before those of its own stages, and those of
    /// both sides of a [`Stage::Choose`]: the order in which a render is given their bytes.
    pub fn overlays(&self) -> Vec<&Overlay> {
        let mut found = Vec::new();
        gather(&self.stages, &mut found);
        found
    }

    /// Calls `each` with every overlay whose picture is fetched, and its depth (1 = drawn on the picture itself), in the order of
    /// [`Plan::overlays`]. What it puts into an overlay's stages is visited too.
    ///
    /// # Errors
    /// The first that `each` answers.
    pub fn try_each_overlay<E>(
        &mut self,
        each: &mut impl FnMut(&mut Overlay, usize) -> Result<(), E>,
    ) -> Result<(), E> {
        visit(&mut self.stages, 1, each)
    }
}

fn gather<'p>(stages: &'p [Stage], found: &mut Vec<&'p Overlay>) {
    for stage in stages {
        match stage {
            Stage::Overlay(overlay) => {
                if overlay.picture.is_fetched() {
                    found.push(overlay);
                }
                gather(&overlay.stages, found);
            }
            Stage::Measured(measured) => gather(std::slice::from_ref(&measured.stage), found),
            Stage::Choose(choose) => {
                gather(&choose.yes, found);
                gather(&choose.no, found);
            }
            _ => {}
        }
    }
}

fn visit<E>(
    stages: &mut [Stage],
    depth: usize,
    each: &mut impl FnMut(&mut Overlay, usize) -> Result<(), E>,
) -> Result<(), E> {
    for stage in stages {
        match stage {
            Stage::Overlay(overlay) => {
                if overlay.picture.is_fetched() {
                    each(overlay, depth)?;
                }
                visit(&mut overlay.stages, depth + 1, each)?;
            }
            Stage::Measured(measured) => visit(std::slice::from_mut(&mut measured.stage), depth, each)?,
            Stage::Choose(choose) => {
                visit(&mut choose.yes, depth, each)?;
                visit(&mut choose.no, depth, each)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// One spelling per meaning; `None` for one that shows nothing.
pub(crate) fn canonical(mut overlay: Overlay) -> Option<Overlay> {
    overlay.opacity = overlay.opacity.clamp_to(0.0, 1.0);
    if overlay.opacity == Fixed::ZERO {
        return None;
    }
    if overlay.width.is_none() || overlay.height.is_none() {
        overlay.fit = Fit::Inside;
    }
    if matches!(overlay.fit, Fit::Inside | Fit::Outside | Fit::Stretch) {
        overlay.gravity = Gravity::CENTER;
    }
    overlay.offset = (overlay.offset.0.canonical(), overlay.offset.1.canonical());
    if overlay.origin == Some(overlay.anchor) {
        // Inwards is to the left of a right edge, and up from a bottom one.
        overlay.origin = None;
        if overlay.anchor.0 == Horizontal::Right {
            overlay.offset.0 = overlay.offset.0.reversed();
        }
        if overlay.anchor.1 == Vertical::Bottom {
            overlay.offset.1 = overlay.offset.1.reversed();
        }
    }
    overlay.stages = crate::canonical::canonical_stages(std::mem::take(&mut overlay.stages));
    Some(overlay)
}

/// `overlay:<picture>,<box>,<place>,…;[stages]`. A picture's text bears its length, so that no name can pass for another
/// part.
impl fmt::Display for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "overlay:{}", self.picture)?;
        if self.width.is_some() || self.height.is_some() {
            write!(f, ",{}x{}", crate::canonical::OrAuto(self.width), crate::canonical::OrAuto(self.height))?;
        }
        f.write_str(match self.fit {
            Fit::Inside => "",
            Fit::Outside => ",outside",
            Fit::Cover => ",cover",
            Fit::Contain => ",contain",
            Fit::CoverOrContain => ",cover-or-contain",
            Fit::Stretch => ",stretch",
        })?;
        f.write_str(match self.enlarge {
            Enlarge::Yes => "",
            Enlarge::No => ",enlarge=no",
            Enlarge::NoClamp => ",enlarge=clamp",
        })?;
        if self.gravity != Gravity::CENTER {
            write!(f, ",at={}", self.gravity)?;
        }
        if self.shrink {
            f.write_str(",shrink")?;
        }
        write!(f, ",{}", Gravity::Anchor(self.anchor.0, self.anchor.1))?;
        if let Some((column, row)) = self.origin {
            write!(f, ",to={}", Gravity::Anchor(column, row))?;
        }
        if self.offset != (Shift::NONE, Shift::NONE) {
            write!(f, ",by={},{}", self.offset.0, self.offset.1)?;
        }
        if let Some(Tile { across, down }) = self.tile {
            write!(f, ",tile={across},{down}")?;
        }
        if self.blend != Blend::Normal {
            write!(f, ",blend={}", self.blend)?;
        }
        if self.only_on != (0, 0) {
            write!(f, ",only-on={}x{}", self.only_on.0, self.only_on.1)?;
        }
        if self.opacity != Fixed::ONE {
            write!(f, ",opacity={}", self.opacity)?;
        }
        if self.optional {
            f.write_str(",optional")?;
        }
        if !self.stages.is_empty() {
            write!(f, ",[{}]", crate::canonical::List(&self.stages))?;
        }
        Ok(())
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &str| format!("{}({text})", text.len());
        match self {
            Picture::Named { source, asset } => {
                let (kind, name) = match asset {
                    Asset::Path(path) => ("path", path),
                    Asset::Url(url) => ("url", url),
                };
                write!(f, "{kind}{}", text(name))?;
                source.as_ref().map_or(Ok(()), |source| write!(f, "@{}", text(source)))
            }
            Picture::Masters(masters) => {
                f.write_str("of")?;
                masters.iter().try_for_each(|master| f.write_str(&text(&master.to_string())))
            }
            Picture::Solid(color) => write!(f, "solid({color})"),
            Picture::Text(text) => text.fmt(f),
        }
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shift::Px(px) => px.fmt(f),
            Shift::Ratio(ratio) => write!(f, "{ratio}r"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, OutputRule};

    fn named(path: &str) -> Overlay {
        Overlay::new(Picture::Named { source: None, asset: Asset::Path(path.into()) })
    }

    fn plan(stages: Vec<Stage>) -> Plan {
        Plan { stages, output: OutputRule::default() }
    }

    #[test]
    fn are_walked_each_before_its_own() {
        let mut outer = named("a");
        outer.stages.push(Stage::Overlay(Box::new(named("b"))));
        let mut plan = plan(vec![Stage::Overlay(Box::new(outer)), Stage::Overlay(Box::new(named("c")))]);
        let mut seen = Vec::new();
        let mut each = |overlay: &mut Overlay, depth: usize| -> Result<(), ()> {
            seen.push((overlay.picture.to_string(), depth));
            Ok(())
        };
        assert_eq!(plan.try_each_overlay(&mut each), Ok(()));
        assert_eq!(seen, [("path1(a)".into(), 1), ("path1(b)".into(), 2), ("path1(c)".into(), 1)]);
        let order: Vec<String> = plan.overlays().iter().map(|o| o.picture.to_string()).collect();
        assert_eq!(order, ["path1(a)", "path1(b)", "path1(c)"]);
    }

    #[test]
    fn the_text_tells_every_part_apart() {
        let masters = |names: &[&str]| {
            let at = Location::new("file:/p");
            Overlay::new(Picture::Masters(names.iter().map(|n| MasterRef::plain(at.master(n))).collect()))
        };
        let changed = |change: fn(&mut Overlay)| {
            let mut overlay = named("a");
            change(&mut overlay);
            overlay
        };
        let all = [
            named("a"),
            named("a),center,[x"),
            masters(&["a"]),
            masters(&["a", "b"]),
            masters(&["b", "a"]),
            changed(|o| o.width = Some(Dim::Px(4))),
            changed(|o| o.height = Some(Dim::Px(4))),
            changed(|o| o.shrink = true),
            changed(|o| o.anchor.0 = Horizontal::Left),
            changed(|o| o.offset.0 = Shift::Px(1)),
            changed(|o| o.origin = Some((Horizontal::Left, Vertical::Top))),
            changed(|o| o.offset.0 = Shift::Ratio(Fixed::ONE)),
            changed(|o| o.opacity = Fixed::new(0.5)),
            changed(|o| o.optional = true),
            changed(|o| o.fit = Fit::Stretch),
            changed(|o| o.enlarge = Enlarge::No),
            changed(|o| o.gravity = Gravity::Entropy),
            changed(|o| o.tile = Some(Tile { across: 0, down: 0 })),
            changed(|o| o.blend = Blend::Multiply),
            changed(|o| o.only_on = (1, 0)),
            changed(|o| o.picture = Picture::Solid(Color::BLACK)),
            changed(|o| o.picture = Picture::Text(Box::new(Text::new("a", Fixed::ONE)))),
            changed(|o| o.picture = Picture::Text(Box::new(Text::new("a),size=1", Fixed::ONE)))),
            changed(|o| o.stages = vec![Stage::Flip { horizontal: true, vertical: false }]),
        ];
        let mut texts: Vec<String> =
            all.into_iter().map(|o| plan(vec![Stage::Overlay(Box::new(o))]).stages_text()).collect();
        let count = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    #[test]
    fn one_that_shows_nothing_goes() {
        let mut invisible = named("a");
        invisible.opacity = Fixed::ZERO;
        let mut nested = named("b");
        nested.stages = vec![Stage::Flip { horizontal: false, vertical: false }];
        nested.offset = (Shift::Ratio(Fixed::ZERO), Shift::NONE);
        let mut plan = plan(vec![Stage::Overlay(Box::new(invisible)), Stage::Overlay(Box::new(nested))]);
        plan.canonicalise();
        assert_eq!(plan.stages, [Stage::Overlay(Box::new(named("b")))]);
    }

    #[test]
    fn an_origin_that_is_the_anchor_goes() {
        for (anchor, offset, want) in [
            ((Horizontal::Left, Vertical::Top), (3, 4), (3, 4)),
            ((Horizontal::Right, Vertical::Bottom), (-3, -4), (3, 4)),
            ((Horizontal::Center, Vertical::Bottom), (-3, 4), (-3, -4)),
        ] {
            let px = |(x, y)| (Shift::Px(x), Shift::Px(y));
            let said = Overlay { anchor, offset: px(offset), origin: Some(anchor), ..named("a") };
            let same = Overlay { anchor, offset: px(want), ..named("a") };
            assert_eq!(canonical(said), Some(same), "{anchor:?}");
        }
        let apart = Overlay { origin: Some((Horizontal::Left, Vertical::Top)), ..named("a") };
        assert_eq!(canonical(apart.clone()), Some(apart));
    }
}
