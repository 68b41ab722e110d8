//! Effects: <https://imagekit.io/docs/effects-and-enhancements>.

use plan::{Color, Fixed};

use crate::imagekit::said::{GradientSaid, Recolor, Rounding, Said, ShadowSaid, Stop, Usm};
use crate::request::WarningKind;
use crate::table::{Kind, Param, Served, Tier};
use crate::text;

use super::{MAX_LENGTH, alpha_of, color, spell_color};

/// Shape, colours and filters.
pub(in crate::imagekit) static EFFECTS: &[Param<Said>] = &[
    Param {
        name: "r",
        aliases: &[],
        kind: Kind::Syntax("pixels, max, or <top left>_<top right>_<bottom right>_<bottom left>"),
        default: "0",
        doc: "Rounds the corners once the picture has its size; max cuts an ellipse. With b, the frame is rounded too.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::shapes_and_frames_are_cut_and_drawn"),
        parse: |said, value| rounding(value).map(|found| said.radius = Some(found)),
        write: |said| said.radius.map(spell_rounding),
    },
    Param {
        name: "b",
        aliases: &[],
        kind: Kind::Syntax("<pixels from 1 to 1000, or arithmetic>_<colour>"),
        default: "",
        doc: "A frame around the picture, which grows by it on each side.",
        tier: Tier::B,
        served: Served::Nearly("drawn around the picture, which grows by it: the vendor does not say"),
        parse: |said, value| {
            let (width, said_color) = value.split_once(['_', '-']).ok_or(WarningKind::Invalid)?;
            let width = text::whole(width).filter(|n| (1..=1000).contains(n)).ok_or(WarningKind::Invalid)?;
            said.border = Some((width, color(said_color).ok_or(WarningKind::Invalid)?));
            Ok(())
        },
        write: |said| said.border.and_then(|(width, color)| Some(format!("{width}_{}", spell_color(color)?))),
    },
    Param {
        name: "o",
        aliases: &[],
        kind: Kind::Int(0, 100),
        default: "100",
        doc: "Opacity in percent.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::colours_are_those_of_plain_arithmetic"),
        parse: |said, value| percent(value, 0, 100).map(|n| said.opacity = Some(n)),
        write: |said| said.opacity.map(|n| n.to_string()),
    },
    Param {
        name: "bl",
        aliases: &[],
        kind: Kind::Int(1, 100),
        default: "",
        doc: "Gaussian blur; the standard deviation is half of it in pixels.",
        tier: Tier::A,
        served: Served::Nearly("a standard deviation of half the number: the vendor gives no formula"),
        parse: |said, value| percent(value, 1, 100).map(|n| said.blur = Some(n)),
        write: |said| said.blur.map(|n| n.to_string()),
    },
    Param {
        name: "e-grayscale",
        aliases: &[],
        kind: BARE,
        default: "",
        doc: "Shades of grey by luminance.",
        tier: Tier::A,
        served: Served::Nearly("the vendor does not say by which weights"),
        parse: |said, value| bare(value).map(|on| said.grayscale = on),
        write: |said| said.grayscale.then(String::new),
    },
    Param {
        name: "e-contrast",
        aliases: &[],
        kind: BARE,
        default: "",
        doc: "Stretches values to the whole range.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::colours_are_those_of_plain_arithmetic"),
        parse: |said, value| bare(value).map(|on| said.stretch = on),
        write: |said| said.stretch.then(String::new),
    },
    Param {
        name: "e-sharpen",
        aliases: &[],
        kind: Kind::Syntax("a whole number from 1 to 99, or nothing for 50"),
        default: "",
        doc: "Unsharp mask on the luminance, of standard deviation 1 and a fiftieth of the number as amount.",
        tier: Tier::B,
        served: Served::Nearly("the vendor gives no formula"),
        parse: |said, value| {
            let by = if bare(value) == Ok(true) { 50 } else { percent(value, 1, 99)? };
            said.sharpen = Some(by);
            Ok(())
        },
        write: |said| said.sharpen.map(|n| n.to_string()),
    },
    Param {
        name: "e-usm",
        aliases: &[],
        kind: Kind::Syntax("<radius>-<sigma>-<amount>-<threshold>, or nothing for 2-2-0.8-0.024"),
        default: "",
        doc: "Unsharp mask on each channel: standard deviation, factor, and a threshold from 0 to 1. The radius is read \
              past: the blur is as wide as its deviation asks. AVIF is then not offered.",
        tier: Tier::B,
        served: Served::Nearly("the radius is read past"),
        parse: |said, value| usm(value).map(|usm| said.unsharp = Some(usm)),
        write: |said| {
            said.unsharp
                .map(|Usm { radius, sigma, amount, threshold }| format!("{radius}-{sigma}-{amount}-{threshold}"))
        },
    },
    Param {
        name: "e-shadow",
        aliases: &[],
        kind: Kind::Syntax("bl-<0 to 15>, st-<0 to 100>, x-<-100 to 100>, y-<-100 to 100>, joined by _, N for minus"),
        default: "bl-10_st-30_x-2_y-2",
        doc: "A black shadow under what is opaque: blur, of half the number's standard deviation in pixels, strength in \
              percent, and distance in percent of the picture.",
        tier: Tier::C,
        served: Served::Nearly("a standard deviation of half the blur: the vendor gives no formula"),
        parse: |said, value| shadow(value).map(|shadow| said.shadow = Some(shadow)),
        write: |said| said.shadow.map(spell_shadow),
    },
    Param {
        name: "e-gradient",
        aliases: &[],
        kind: Kind::Syntax(
            "ld-<degrees, 0 to the top, or a side or corner>, from-<colour>, to-<colour>, sp-<0.01 to 1, pixels, or arithmetic>, joined by _",
        ),
        default: "ld-180_from-FFFFFF_to-00000000_sp-1",
        doc: "A linear gradient over the picture; sp is the share of the way at which the second colour is reached.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::colours_are_those_of_plain_arithmetic"),
        parse: |said, value| gradient(value).map(|gradient| said.gradient = Some(gradient)),
        write: |said| said.gradient.and_then(spell_gradient),
    },
    Param {
        name: "e-colorize",
        aliases: &[],
        kind: Kind::Syntax("co-<colour>, in-<0 to 100>, joined by _"),
        default: "co-gray_in-100",
        doc: "Luminance in shades of one colour, by so many percent.",
        tier: Tier::C,
        served: Served::Nearly("the vendor gives no formula"),
        parse: |said, value| colorize(value).map(|color| said.colorize = Some(color)),
        write: |said| {
            let (color, percent) = said.colorize.and_then(|c| Some((c, super::percent_of(c.a)?)))?;
            Some(format!("co-{}_in-{percent}", spell_color(color.with_alpha(255))?))
        },
    },
    Param {
        name: "cr",
        aliases: &[],
        kind: Kind::Syntax("<new colour>, then _<tolerance from 0 to 100>, then _<old colour>"),
        default: "a tolerance of 35, the most frequent colour",
        doc: "One colour becomes another, shades kept.",
        tier: Tier::C,
        served: Served::Nearly("the vendor gives no measure of likeness"),
        parse: |said, value| recolor(value).map(|found| said.recolor = Some(found)),
        write: |said| {
            let Recolor { to, tolerance, from } = said.recolor?;
            let from = match from {
                Some(from) => format!("_{}", spell_color(from)?),
                None => String::new(),
            };
            Some(format!("{}_{tolerance}{from}", spell_color(to)?))
        },
    },
];

const BARE: Kind = Kind::Syntax("nothing, or true or false");

/// Older SDKs write `-` behind a key that has no value.
fn bare(value: &str) -> Result<bool, WarningKind> {
    match value {
        "" | "-" | "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(WarningKind::Invalid),
    }
}

fn percent(value: &str, low: u8, high: u8) -> Result<u8, WarningKind> {
    let found = text::whole(value).and_then(|n| u8::try_from(n).ok());
    found.filter(|n| (low..=high).contains(n)).ok_or(WarningKind::Invalid)
}

/// A number with `N` or `-` for minus.
fn signed(value: &str) -> Result<f64, WarningKind> {
    let (sign, digits) = value.strip_prefix(['N', '-']).map_or((1.0, value), |digits| (-1.0, digits));
    text::number(digits).filter(|n| *n >= 0.0).map(|n| n * sign).ok_or(WarningKind::Invalid)
}

fn rounding(value: &str) -> Result<Rounding, WarningKind> {
    if value == "max" {
        return Ok(Rounding::Ellipse);
    }
    let one = |said: &str| text::whole(said).filter(|n| f64::from(*n) <= MAX_LENGTH).ok_or(WarningKind::Invalid);
    let corners = value.split('_').map(one).collect::<Result<Vec<_>, _>>()?;
    match corners.as_slice() {
        [all] => Ok(Rounding::Corners([*all; 4])),
        [top_left, top_right, bottom_right, bottom_left] => {
            Ok(Rounding::Corners([*top_left, *top_right, *bottom_right, *bottom_left]))
        }
        _ => Err(WarningKind::Invalid),
    }
}

fn spell_rounding(rounding: Rounding) -> String {
    match rounding {
        Rounding::Ellipse => "max".to_owned(),
        Rounding::Corners(corners) if corners == [corners[0]; 4] => corners[0].to_string(),
        Rounding::Corners(corners) => corners.map(|px| px.to_string()).join("_"),
    }
}

fn usm(value: &str) -> Result<Usm, WarningKind> {
    if bare(value) == Ok(true) {
        let [radius, sigma, amount, threshold] = [2.0, 2.0, 0.8, 0.024].map(Fixed::new);
        return Ok(Usm { radius, sigma, amount, threshold });
    }
    let numbers = value.split('-').map(text::number).collect::<Option<Vec<_>>>().ok_or(WarningKind::Invalid)?;
    match numbers.as_slice() {
        [radius, sigma, amount, threshold]
            if *radius >= 0.0
                && (0.01..=250.0).contains(sigma)
                && (0.0..=10.0).contains(amount)
                && (0.0..=1.0).contains(threshold) =>
        {
            let [radius, sigma, amount, threshold] = [*radius, *sigma, *amount, *threshold].map(Fixed::new);
            Ok(Usm { radius, sigma, amount, threshold })
        }
        _ => Err(WarningKind::Invalid),
    }
}

/// The parts of a value, `key-rest` joined by `_`. A part without a known key belongs to the one before: `top_right`.
fn parts<'v>(value: &'v str, keys: &[&str]) -> Result<Vec<(&'v str, &'v str)>, WarningKind> {
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for piece in value.split('_') {
        if keys.iter().any(|key| piece.strip_prefix(key).is_some_and(|rest| rest.starts_with('-'))) {
            starts.push(at);
        }
        at += piece.len() + 1;
    }
    if !value.is_empty() && value != "-" && starts.first() != Some(&0) {
        return Err(WarningKind::Invalid);
    }
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([value.len()]);
    let found = starts.iter().zip(ends).filter_map(|(start, end)| value.get(*start..end)?.split_once('-'));
    Ok(found.collect())
}

fn shadow(value: &str) -> Result<ShadowSaid, WarningKind> {
    let mut shadow = ShadowSaid { blur: Fixed::new(10.0), strength: 30, x: Fixed::new(2.0), y: Fixed::new(2.0) };
    let within = |said: &str, low: f64, high: f64| {
        signed(said).ok().filter(|n| (low..=high).contains(n)).map(Fixed::new).ok_or(WarningKind::Invalid)
    };
    for (key, said) in parts(value, &["bl", "st", "x", "y"])? {
        match key {
            "bl" => shadow.blur = within(said, 0.0, 15.0)?,
            "st" => shadow.strength = percent(said, 0, 100)?,
            "x" => shadow.x = within(said, -100.0, 100.0)?,
            _ => shadow.y = within(said, -100.0, 100.0)?,
        }
    }
    Ok(shadow)
}

fn spell_shadow(ShadowSaid { blur, strength, x, y }: ShadowSaid) -> String {
    format!("bl-{blur}_st-{strength}_x-{}_y-{}", spell_signed(x), spell_signed(y))
}

fn spell_signed(number: Fixed) -> String {
    number.to_string().replace('-', "N")
}

/// Where a gradient goes to, clockwise from the top.
const DIRECTIONS: [(&str, f64); 8] = [
    ("top", 0.0),
    ("topright", 45.0),
    ("right", 90.0),
    ("bottomright", 135.0),
    ("bottom", 180.0),
    ("bottomleft", 225.0),
    ("left", 270.0),
    ("topleft", 315.0),
];

fn gradient(value: &str) -> Result<GradientSaid, WarningKind> {
    let mut found = GradientSaid {
        degrees: Fixed::new(180.0),
        from: Color::WHITE,
        to: Color::TRANSPARENT,
        stop: Stop::Share(Fixed::ONE),
    };
    for (key, said) in parts(value, &["ld", "from", "to", "sp"])? {
        match key {
            "ld" => {
                let word = said.replace('_', "");
                let known = DIRECTIONS.iter().find(|(name, _)| *name == word).map(|(_, degrees)| *degrees);
                let number = || text::number(said).filter(|n| (0.0..=360.0).contains(n));
                found.degrees = Fixed::new(known.or_else(number).ok_or(WarningKind::Invalid)? % 360.0);
            }
            "from" => found.from = color(said).ok_or(WarningKind::Invalid)?,
            "to" => found.to = color(said).ok_or(WarningKind::Invalid)?,
            _ => {
                found.stop = match text::number(said) {
                    Some(share) if (0.01..=1.0).contains(&share) => Stop::Share(Fixed::new(share)),
                    Some(pixels) if pixels > 1.0 && pixels <= MAX_LENGTH => Stop::Px(pixels.round() as u32),
                    _ => return Err(WarningKind::Invalid),
                }
            }
        }
    }
    Ok(found)
}

fn spell_gradient(GradientSaid { degrees, from, to, stop }: GradientSaid) -> Option<String> {
    let stop = match stop {
        Stop::Share(Fixed::ONE) => String::new(),
        Stop::Share(share) => format!("_sp-{share}"),
        Stop::Px(pixels) => format!("_sp-{pixels}"),
    };
    Some(format!("ld-{degrees}_from-{}_to-{}{stop}", spell_color(from)?, spell_color(to)?))
}

/// The colour, with the intensity as its alpha.
fn colorize(value: &str) -> Result<Color, WarningKind> {
    let (mut found, mut intensity) = (Color::rgb(128, 128, 128), 100);
    for (key, said) in parts(value, &["co", "in"])? {
        match key {
            "co" => found = color(said).ok_or(WarningKind::Invalid)?,
            _ => intensity = percent(said, 0, 100)?,
        }
    }
    Ok(found.with_alpha(alpha_of(intensity.into())))
}

fn recolor(value: &str) -> Result<Recolor, WarningKind> {
    let mut parts = value.split('_');
    let to = parts.next().and_then(color).ok_or(WarningKind::Invalid)?;
    let tolerance = parts.next().map_or(Ok(35), |said| percent(said, 0, 100))?;
    let from = parts.next().map(|said| color(said).ok_or(WarningKind::Invalid)).transpose()?;
    if parts.next().is_some() { Err(WarningKind::Invalid) } else { Ok(Recolor { to, tolerance, from }) }
}
