//! Plans in plain words, for people who do not read plans.
//!
//! Each stage is a phrase that says what was done to the picture, such as "cropped to 300 × 200 pixels, keeping the top".
//! Words are for reading alone: nothing is keyed by them, and they may change.

mod colours;
mod output;
mod overlays;

#[cfg(test)]
mod tests;

use crate::{
    Aspect, Background, Border, Choose, Color, Dim, Enlarge, Filter, Fit, Fixed, Frames, Gradient, Gravity, Horizontal,
    Mask, Measured, Orient, Pad, Plan, Radius, Region, Resize, Shape, Stage, Trim, TrimMode, Unsharp, Vertical,
};

impl Plan {
    /// What is done to the picture, a phrase for each stage, in their order; empty for the master's own bytes.
    pub fn words(&self) -> Vec<String> {
        phrases(&self.stages)
    }

    /// How the result is written, in one phrase.
    pub fn output_words(&self) -> String {
        output::words(&self.output, self.needs_master())
    }
}

fn phrases(stages: &[Stage]) -> Vec<String> {
    stages.iter().map(phrase).collect()
}

fn phrase(stage: &Stage) -> String {
    match stage {
        Stage::Page(number) => format!("page or frame {} taken", u64::from(*number) + 1),
        Stage::Frames(by) => frames(by),
        Stage::Typeset(text) => format!("{} set as a picture of its own", overlays::said(text)),
        Stage::Orient(Orient::Exif) => "turned upright as its Exif data says".to_owned(),
        Stage::Orient(Orient::Fixed(value)) => format!("{}, whatever its Exif data says", orient(*value)),
        Stage::Extract(region) => extract(region),
        Stage::Trim(by) => trim(by),
        Stage::Resize(by) => resize(by),
        Stage::Flip { horizontal: true, vertical: false } => "mirrored left to right".to_owned(),
        Stage::Flip { horizontal: false, vertical: true } => "mirrored top to bottom".to_owned(),
        Stage::Flip { horizontal: true, vertical: true } => "mirrored left to right and top to bottom".to_owned(),
        Stage::Flip { horizontal: false, vertical: false } => "left as it is".to_owned(),
        Stage::Rotate { degrees, background } if degrees.get() % 90.0 != 0.0 => {
            format!("turned clockwise by {degrees}°, the corners filled with {}", ground(background))
        }
        Stage::Rotate { degrees, .. } => format!("turned clockwise by {degrees}°"),
        Stage::Straighten { degrees } => format!("turned clockwise by {degrees}° and zoomed so that no corner shows"),
        Stage::Pad(pad) => padded(pad),
        Stage::Flatten(on) => format!("laid on {}", ground(on)),
        Stage::Adjust(adjust) => colours::adjusted(adjust),
        Stage::Filter(by) => filter(by),
        Stage::Mask(by) => mask(by),
        Stage::Border(by) => border(by),
        Stage::Gradient(over) => format!("{} laid over it", gradient(over)),
        Stage::Shadow(shadow) => format!("given a soft shadow in {}", color(shadow.color)),
        Stage::Overlay(overlay) => overlays::laid_over(overlay),
        Stage::Mark => "its size noted for what follows".to_owned(),
        Stage::Measured(by) => measured(by),
        Stage::Choose(by) => choose(by),
    }
}

fn frames(by: &Frames) -> String {
    let nth = |frame: u32| u64::from(frame) + 1;
    let mut parts = vec![match (by.first, by.last) {
        (0, None) => "all frames kept".to_owned(),
        (first, None) => format!("frames from {} on kept", nth(first)),
        (first, Some(last)) => format!("frames {} to {} kept", nth(first), nth(last)),
    }];
    if by.every > 1 {
        parts.push(format!("of these one in {}", by.every));
    }
    if by.without > 1 {
        parts.push(format!("one in {} dropped", by.without));
    }
    if by.reverse {
        parts.push("the last one first".to_owned());
    }
    if let Some(rate) = by.rate {
        parts.push(format!("{rate} a second"));
    }
    match by.plays {
        None => {}
        Some(0) => parts.push("played without end".to_owned()),
        Some(1) => parts.push("played once".to_owned()),
        Some(times) => parts.push(format!("played {times} times")),
    }
    parts.join(", ")
}

fn orient(exif: u8) -> &'static str {
    match exif {
        2 => "mirrored left to right",
        3 => "turned by 180°",
        4 => "mirrored top to bottom",
        5 => "mirrored along the diagonal from its top left",
        6 => "turned clockwise by 90°",
        7 => "mirrored along the diagonal from its top right",
        8 => "turned clockwise by 270°",
        _ => "left as it is stored",
    }
}

fn extract(region: &Region) -> String {
    match region {
        Region::Rect { x, y, width, height, align } => {
            let size = match size(*width, *height) {
                Some(size) => format!("a rectangle of {size}"),
                None => "what lies to the right and below".to_owned(),
            };
            let place = match (x, y) {
                (None, None) => format!("at {}", corner(*align)),
                (Some(x), None) => format!("{} from the left, at the {}", length(*x), row(align.1)),
                (None, Some(y)) => format!("at the {}, {} from the top", column(align.0), length(*y)),
                (Some(x), Some(y)) => format!("{} from the left and {} from the top", length(*x), length(*y)),
            };
            format!("cut to {size}, {place}")
        }
        Region::Corners { top_left, bottom_right } => {
            let point = |corner: &Option<(u32, u32)>, else_: &str| {
                corner.map_or(else_.to_owned(), |(x, y)| format!("({x}, {y})"))
            };
            let (from, to) = (point(top_left, "its top left corner"), point(bottom_right, "its bottom right corner"));
            format!("cut to what lies between {from} and {to}")
        }
        Region::Window { width, height, gravity, pad, cut } => {
            let size = size(*width, *height).unwrap_or_else(|| "its own size".to_owned());
            let done = if *cut {
                format!("cut to {size} without scaling")
            } else {
                format!("brought to {size} without scaling or cutting")
            };
            let filled = pad.map(|pad| format!(", what is missing filled with {}", ground(&pad))).unwrap_or_default();
            format!("{done}{}{filled}", kept(*gravity))
        }
        Region::Aspect { aspect, gravity } => {
            format!("cut to {}, as large as it can be{}", ratio(aspect), kept(*gravity))
        }
    }
}

fn trim(Trim { mode, tolerance, keep }: &Trim) -> String {
    let border = match mode {
        TrimMode::Corner => "a border like its top left corner".to_owned(),
        TrimMode::Color(of) => format!("a border in {}", color(*of)),
        TrimMode::Alpha => "a transparent border".to_owned(),
        TrimMode::AlphaOr(None) => "a transparent border, or one like its top left corner,".to_owned(),
        TrimMode::AlphaOr(Some(of)) => format!("a transparent border, or one in {},", color(*of)),
        TrimMode::Even { .. } => "an even border".to_owned(),
    };
    let by_color = matches!(mode, TrimMode::Corner | TrimMode::Color(_) | TrimMode::AlphaOr(_));
    let tolerance = if by_color { format!(" (with a tolerance of {tolerance}%)") } else { String::new() };
    let keep = match *keep {
        0 => String::new(),
        more @ 1.. => format!(", but for {}", pixels(more.unsigned_abs())),
        less => format!(", and {} more", pixels(less.unsigned_abs())),
    };
    format!("{border} cut off{tolerance}{keep}")
}

fn resize(by: &Resize) -> String {
    let enlarges = by.enlarge == Enlarge::Yes;
    let scaled = if enlarges { "scaled" } else { "shrunk" };
    let both = by.width.is_some() && by.height.is_some();
    let mut text = match (size(by.width, by.height), by.aspect) {
        (None, None) => scaled.to_owned(),
        (None, Some(aspect)) => fitted(by.fit, scaled, &ratio(&aspect)),
        (Some(size), Some(aspect)) if !both => fitted(by.fit, scaled, &format!("{size} and {}", ratio(&aspect))),
        (Some(size), _) if both => fitted(by.fit, scaled, &size),
        (Some(size), _) if enlarges => format!("scaled to be {size}"),
        (Some(size), _) => format!("shrunk to be at most {size}"),
    };
    if matches!(by.fit, Fit::Cover | Fit::CoverOrContain) {
        text.push_str(&kept(by.gravity));
        if by.zoom > Fixed::ONE {
            text.push_str(&format!(", zoomed {} times", by.zoom));
        }
    }
    if matches!(by.fit, Fit::Contain | Fit::CoverOrContain) {
        text.push_str(&format!(", on {}", ground(&by.background)));
    }
    if !enlarges && !matches!(by.fit, Fit::Inside | Fit::Outside) {
        text.push_str(", never enlarged");
    }
    for (limit, word, axis) in [
        (by.limits.min_width, "at least", "wide"),
        (by.limits.min_height, "at least", "high"),
        (by.limits.max_width, "at most", "wide"),
        (by.limits.max_height, "at most", "high"),
    ] {
        if let Some(limit) = limit {
            text.push_str(&format!(", {word} {} {axis}", pixels(limit)));
        }
    }
    text
}

fn fitted(fit: Fit, scaled: &str, size: &str) -> String {
    match fit {
        Fit::Inside => format!("{scaled} to fit {size}"),
        Fit::Outside => format!("{scaled} to cover {size}, nothing cut"),
        Fit::Cover => format!("{scaled} and cropped to {size}"),
        Fit::Contain => format!("{scaled} to fit {size} and padded to that"),
        Fit::CoverOrContain => format!("cropped to {size}, or padded to that where it is smaller"),
        Fit::Stretch => format!("stretched to {size}"),
    }
}

fn padded(Pad { top, right, bottom, left, background }: &Pad) -> String {
    let sides = match [top, right, bottom, left] {
        [a, b, c, d] if a == b && b == c && c == d => format!("{} on every side", pixels(*a)),
        sides => {
            let named = sides.into_iter().zip(["above", "to the right", "below", "to the left"]);
            let said: Vec<String> =
                named.filter(|(px, _)| **px > 0).map(|(px, where_)| format!("{} {where_}", pixels(*px))).collect();
            list(&said)
        }
    };
    format!("padded by {sides} with {}", ground(background))
}

fn filter(by: &Filter) -> String {
    let unsharp = |Unsharp { sigma, amount, .. }: &Unsharp| {
        let done = if *amount < Fixed::ZERO { "softened" } else { "sharpened" };
        format!("{done} by {} within {sigma} pixels", percent(absolute(*amount)))
    };
    match by {
        Filter::Blur(sigma) => format!("blurred, with a sigma of {sigma} pixels"),
        Filter::Pixelate(side) => format!("made of squares of {}", pixels(*side)),
        Filter::Sharpen(by) | Filter::Unsharp(by) => unsharp(by),
        Filter::Denoise { strength, sharpen } if *sharpen > Fixed::ZERO => {
            format!("noise smoothed by {}, then sharpened by {}", percent(*strength), percent(*sharpen))
        }
        Filter::Denoise { strength, .. } => format!("noise smoothed by {}", percent(*strength)),
        Filter::Halftone(spacing) => format!("printed in black dots {} apart", pixels(*spacing)),
    }
}

fn mask(Mask { shape, outside }: &Mask) -> String {
    let shape = match shape {
        Shape::Ellipse => "cut to an ellipse".to_owned(),
        Shape::Circle => "cut to a circle".to_owned(),
        Shape::Corners(radii) => rounded("corners rounded", radii),
        Shape::Polygon(corners) => format!("cut to a polygon of {corners} corners"),
    };
    format!("{shape}, on {}", ground(outside))
}

fn border(by: &Border) -> String {
    let width = match by.widths {
        [a, b, c, d] if a == b && b == c && c == d => pixels(a),
        [top, right, bottom, left] => format!("{top}, {right}, {bottom} and {left} pixels"),
    };
    let where_ = if by.inside { " over its edge" } else { "" };
    let mut text = format!("framed by {width} in {}{where_}", color(by.color));
    for (which, radii) in [("outer corners rounded", &by.outer), ("inner corners rounded", &by.inner)] {
        if radii.iter().any(|radius| radius.is_some()) {
            text.push_str(&format!(", {}", rounded(which, radii)));
        }
    }
    text
}

fn rounded(what: &str, radii: &[Radius; 4]) -> String {
    let said = |radius: &Radius| match radius {
        Radius::Px(px) => pixels(*px),
        Radius::Share(share) => format!("{} of the shorter side", percent(*share)),
    };
    match radii {
        [a, b, c, d] if a == b && b == c && c == d => format!("{what} by {}", said(a)),
        radii => {
            format!("{what} by {}, clockwise from the top left", list(&radii.iter().map(said).collect::<Vec<_>>()))
        }
    }
}

fn measured(by: &Measured) -> String {
    let lengths: Vec<String> = by.lengths.iter().map(|(length, sum)| format!("{} = {sum}", length.name())).collect();
    format!("{}, with {}", phrase(&by.stage), list(&lengths))
}

fn choose(by: &Choose) -> String {
    let done =
        |stages: &[Stage]| if stages.is_empty() { "left as it is".to_owned() } else { phrases(stages).join("; ") };
    format!("where {}: {}; elsewhere: {}", by.condition, done(&by.yes), done(&by.no))
}

/// `None` where neither side is said.
fn size(width: Option<Dim>, height: Option<Dim>) -> Option<String> {
    Some(match (width, height) {
        (None, None) => return None,
        (Some(Dim::Px(width)), Some(Dim::Px(height))) => format!("{width} × {height} pixels"),
        (Some(width), Some(height)) => {
            format!("{} and {}", side(width, "wide", "width"), side(height, "high", "height"))
        }
        (Some(width), None) => side(width, "wide", "width"),
        (None, Some(height)) => side(height, "high", "height"),
    })
}

fn side(dim: Dim, adjective: &str, noun: &str) -> String {
    match dim {
        Dim::Px(px) => format!("{} {adjective}", pixels(px)),
        Dim::Ratio(share) => format!("{} of the {noun}", percent(share)),
    }
}

fn length(dim: Dim) -> String {
    match dim {
        Dim::Px(px) => pixels(px),
        Dim::Ratio(share) => percent(share),
    }
}

fn pixels(px: u32) -> String {
    if px == 1 { "1 pixel".to_owned() } else { format!("{px} pixels") }
}

fn percent(share: Fixed) -> String {
    // Shares have four decimals, so percentages have two.
    format!("{}%", Fixed::new((share.get() * 10_000.0).round() / 100.0))
}

fn absolute(value: Fixed) -> Fixed {
    Fixed::new(value.get().abs())
}

fn ratio(aspect: &Aspect) -> String {
    match aspect {
        Aspect::Exact(ratio) => format!("a ratio of {ratio} to 1"),
        Aspect::Between(low, high) => format!("a ratio of {low} to {high} to 1"),
    }
}

/// What of the picture a cut keeps; nothing to say of the middle.
fn kept(gravity: Gravity) -> String {
    match gravity {
        Gravity::CENTER => String::new(),
        Gravity::Anchor(column, row) => format!(", keeping {}", corner((column, row))),
        Gravity::Point(x, y) => format!(", around {} of the width and {} of the height", percent(x), percent(y)),
        Gravity::MasterPixel(x, y) => format!(", around the original's pixel ({x}, {y})"),
        Gravity::TopLeft(x, y) => format!(", from {}", point(x, y)),
        Gravity::Centered(x, y) => format!(", around {}", point(x, y)),
        Gravity::Attention => ", keeping what draws the eye".to_owned(),
        Gravity::Entropy => ", keeping what has most detail".to_owned(),
        Gravity::Edges => ", keeping what has most edges".to_owned(),
    }
}

fn point(x: Option<u32>, y: Option<u32>) -> String {
    match (x, y) {
        (Some(x), Some(y)) => format!("pixel ({x}, {y})"),
        (Some(x), None) => format!("pixel {x} across"),
        (None, Some(y)) => format!("pixel {y} down"),
        (None, None) => "the middle".to_owned(),
    }
}

fn corner((across, down): (Horizontal, Vertical)) -> String {
    match (across, down) {
        (Horizontal::Center, Vertical::Center) => "the middle".to_owned(),
        (Horizontal::Center, down) => format!("the {}", row(down)),
        (across, Vertical::Center) => format!("the {}", column(across)),
        (across, down) => format!("the {} {}", row(down), column(across)),
    }
}

fn column(column: Horizontal) -> &'static str {
    match column {
        Horizontal::Left => "left",
        Horizontal::Center => "middle",
        Horizontal::Right => "right",
    }
}

fn row(row: Vertical) -> &'static str {
    match row {
        Vertical::Top => "top",
        Vertical::Center => "middle",
        Vertical::Bottom => "bottom",
    }
}

fn ground(background: &Background) -> String {
    match background {
        Background::Auto => "nothing (white where the format has no transparency)".to_owned(),
        Background::Color(of) => color(*of),
        Background::Blur(_) => "the picture itself, blurred".to_owned(),
        Background::Edge => "its edge repeated".to_owned(),
        Background::Mirror => "its mirror image".to_owned(),
        Background::Dominant => "its main colour".to_owned(),
        Background::DominantEdge => "the main colour of its edges".to_owned(),
        Background::DominantGradient(count) => format!("a gradient of its {count} main colours"),
        Background::Gradient(of) => gradient(of),
        Background::Grid { first, second, .. } => format!("a chequerboard of {} and {}", color(*first), color(*second)),
    }
}

fn gradient(of: &Gradient) -> String {
    format!("a gradient from {} to {}", color(of.from), color(of.to))
}

fn color(of: Color) -> String {
    if of.a == 0 {
        return "nothing".to_owned();
    }
    let opaque = of.with_alpha(255);
    let name = opaque.css_name().map_or_else(|| format!("#{}", &opaque.to_string()[..6]), str::to_owned);
    match of.a {
        255 => name,
        alpha => format!("{name} ({}% opaque)", (f64::from(alpha) / 2.55).round()),
    }
}

/// `a, b and c`.
fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}
