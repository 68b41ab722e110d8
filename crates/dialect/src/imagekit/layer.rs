//! The parameters of a layer beside those of any step, and what they mean
//! (<https://imagekit.io/docs/add-overlays-on-images>).

mod place;
mod text;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use plan::{
    Asset, Color, Dim, Enlarge, Expr, Fit, Fixed, Horizontal, Length, Limits, Operator, OutputRule, Overlay, Picture,
    Plan, Resize, Stage, Trim, TrimMode, Variable, Vertical,
};

use super::lex::Token;
use super::said::{Content, Edge, Fill, Focus, Layer, LayerMode, Said};
use super::table::spell_fill;
use super::{expression, meaning, spelling};
use crate::overlay;
use crate::request::{Warning, WarningKind};
use crate::settings::Settings;
use crate::table::{Kind, Param, ParamDoc, Served, Tier};
use crate::text::whole;

pub(super) use text::{TEXT, refused_in_first_step};

/// `t` where a layer does not say it: overlays are trimmed.
fn default_trim() -> Trim {
    Trim { mode: TrimMode::Corner, tolerance: Fixed::new(10.0), keep: 0 }
}

/// Standard base64; the URL-safe alphabet is mapped onto it, and padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What opens and closes a layer, for the docs.
pub(super) const FRAME: ParamDoc = ParamDoc {
    name: "l",
    aliases: &[],
    kind: Kind::Syntax("image,<parameters>,l-end or text,<parameters>,l-end"),
    default: "",
    doc: "Draws another picture or a text over this one; steps, and layers again, may stand inside.",
    tier: Tier::A,
    served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
};

/// Every row of what may stand in a layer only.
pub(super) fn rows() -> impl Iterator<Item = &'static Param<Layer>> {
    TABLE.iter().chain(TEXT)
}

/// The row of this key.
pub(super) fn find(key: &str) -> Option<&'static Param<Layer>> {
    [TABLE, TEXT].into_iter().find_map(|table| Param::find(table, key))
}

/// What any layer may say.
static TABLE: &[Param<Layer>] = &[
    Param {
        name: "i",
        aliases: &[],
        kind: Kind::Syntax("a path with @@ for a slash, or ik_canvas; of a text layer a text"),
        default: "",
        doc: "In a layer: the picture or the text that is drawn; ik_canvas is a block of the colour of bg, w by h.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| {
            layer.plain = Some(match value {
                _ if layer.text.is_some() => text::content(value)?,
                "ik_canvas" => Content::Canvas,
                _ => Content::Asset(asset(&value.replace("@@", "/")).ok_or(WarningKind::Invalid)?),
            });
            Ok(())
        },
        write: |layer| match &layer.plain {
            Some(Content::Asset(Asset::Path(path))) => Some(path.replace('/', "@@")),
            Some(Content::Canvas) => Some("ik_canvas".to_owned()),
            Some(Content::Text(text)) => Some(text.clone()),
            Some(Content::Asset(Asset::Url(_))) | None => None,
        },
    },
    Param {
        name: "ie",
        aliases: &[],
        kind: Kind::Syntax("a path, an absolute http or https address, or of a text layer a text, in base64"),
        default: "",
        doc: "In a layer: the picture or the text that is drawn, wins over i.",
        tier: Tier::A,
        served: Served::Nearly("a long text is not cut after 144 characters"),
        parse: |layer, value| {
            let decoded = decode(value).ok_or(WarningKind::Invalid)?;
            layer.encoded = Some(match layer.text {
                Some(_) => text::encoded(decoded)?,
                None => Content::Asset(asset(&decoded).ok_or(WarningKind::Invalid)?),
            });
            Ok(())
        },
        write: |layer| match &layer.encoded {
            Some(Content::Asset(Asset::Path(text) | Asset::Url(text)) | Content::Text(text)) => {
                Some(URL_SAFE_NO_PAD.encode(text))
            }
            Some(Content::Canvas) | None => None,
        },
    },
    Param {
        name: "lx",
        aliases: &[],
        kind: Kind::Syntax("pixels from 0 to 65535 or arithmetic, behind N from the right edge"),
        default: "0 beside ly",
        doc: "In a layer: its distance from the left edge of the picture below.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| edge(value).map(|edge| layer.x = Some(edge)),
        write: |layer| layer.x.map(spell_edge),
    },
    Param {
        name: "ly",
        aliases: &[],
        kind: Kind::Syntax("pixels from 0 to 65535 or arithmetic, behind N from the bottom edge"),
        default: "0 beside lx",
        doc: "In a layer: its distance from the top edge of the picture below.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| edge(value).map(|edge| layer.y = Some(edge)),
        write: |layer| layer.y.map(spell_edge),
    },
    Param {
        name: "lxc",
        aliases: &[],
        kind: Kind::Syntax("pixels from 0 to 65535 or arithmetic, behind N from the right edge"),
        default: "",
        doc: "In a layer: distance of its centre from the left edge of the picture below; wins over lx.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| edge(value).map(|edge| layer.center_x = Some(edge)),
        write: |layer| layer.center_x.map(spell_edge),
    },
    Param {
        name: "lyc",
        aliases: &[],
        kind: Kind::Syntax("pixels from 0 to 65535 or arithmetic, behind N from the bottom edge"),
        default: "",
        doc: "In a layer: distance of its centre from the top edge of the picture below; wins over ly.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| edge(value).map(|edge| layer.center_y = Some(edge)),
        write: |layer| layer.center_y.map(spell_edge),
    },
    Param {
        name: "lap",
        aliases: &[],
        kind: Kind::Enum(ANCHORS),
        default: "top_left",
        doc: "In a layer: the point of the picture below that lx, ly, lxc and lyc count from, N to the left and up.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| anchor(value).map(|found| layer.origin = Some(found)),
        write: |layer| layer.origin.and_then(spell_anchor),
    },
    Param {
        name: "lfo",
        aliases: &[],
        kind: Kind::Enum(ANCHORS),
        default: "center",
        doc: "In a layer: where it lies, unless lx or ly say so.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_lie_where_they_are_put"),
        parse: |layer, value| anchor(value).map(|found| layer.focus = Some(found)),
        write: |layer| layer.focus.and_then(spell_anchor),
    },
    Param {
        name: "lm",
        aliases: &[],
        kind: Kind::Enum(&["multiply", "cutter", "cutout", "displace", "displacement"]),
        default: "",
        doc: "In a layer: how it is mixed with what is below. displace moves what is below by the layer's red and green, \
              by up to lx and ly pixels.",
        tier: Tier::C,
        served: Served::Nearly(
            "displace moves by up to lx and ly pixels at full red and green: the vendor gives no formula",
        ),
        parse: |layer, value| {
            layer.mode = Some(match value {
                "multiply" => LayerMode::Multiply,
                "cutter" => LayerMode::Cutter,
                "cutout" => LayerMode::Cutout,
                "displace" | "displacement" => LayerMode::Displace,
                _ => return Err(WarningKind::Invalid),
            });
            Ok(())
        },
        write: |layer| {
            let word = match layer.mode? {
                LayerMode::Multiply => "multiply",
                LayerMode::Cutter => "cutter",
                LayerMode::Cutout => "cutout",
                LayerMode::Displace => "displace",
            };
            Some(word.to_owned())
        },
    },
    Param {
        name: "o",
        aliases: &[],
        kind: Kind::Int(0, 100),
        default: "100",
        doc: "In a layer: its opacity in percent.",
        tier: Tier::A,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_are_mixed_by_plain_arithmetic"),
        parse: |layer, value| match whole(value).and_then(|n| u8::try_from(n).ok()) {
            Some(opacity @ 0..=100) => {
                layer.opacity = Some(opacity);
                Ok(())
            }
            _ => Err(WarningKind::Invalid),
        },
        write: |layer| layer.opacity.map(|opacity| opacity.to_string()),
    },
    Param {
        name: "al",
        aliases: &[],
        kind: Kind::Int(1, 9),
        default: "opaque",
        doc: "In a text or ik_canvas layer: its opacity in tenths.",
        tier: Tier::B,
        served: Served::Exactly("crates/afterimage/tests/imagekit_pixels.rs::layers_are_mixed_by_plain_arithmetic"),
        parse: |layer, value| match whole(value).and_then(|n| u8::try_from(n).ok()) {
            Some(alpha @ 1..=9) => {
                layer.alpha = Some(alpha);
                Ok(())
            }
            _ => Err(WarningKind::Invalid),
        },
        write: |layer| layer.alpha.map(|alpha| alpha.to_string()),
    },
];

const ANCHORS: &[&str] =
    &["center", "top", "left", "bottom", "right", "top_left", "top_right", "bottom_left", "bottom_right"];

fn anchor(value: &str) -> Result<(Horizontal, Vertical), WarningKind> {
    let found = Focus::ANCHORS.into_iter().find(|(name, ..)| *name == value);
    found.map(|(_, x, y)| (x, y)).ok_or(WarningKind::Invalid)
}

fn spell_anchor(anchor: (Horizontal, Vertical)) -> Option<String> {
    let found = Focus::ANCHORS.into_iter().find(|(_, x, y)| (*x, *y) == anchor);
    found.map(|(name, ..)| name.to_owned())
}

/// Slashes that follow each other are one, as in the path of a URL.
pub(super) fn asset(value: &str) -> Option<Asset> {
    match overlay::asset(value)? {
        Asset::Path(path) => {
            let path = path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
            (!path.is_empty()).then_some(Asset::Path(path))
        }
        url @ Asset::Url(_) => Some(url),
    }
}

/// A plus sign that was not escaped in a query has become a space.
pub(super) fn decode(value: &str) -> Option<String> {
    let standard: String = value
        .chars()
        .map(|c| match c {
            '-' | ' ' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    String::from_utf8(BASE64.decode(standard).ok()?).ok()
}

fn edge(value: &str) -> Result<Edge, WarningKind> {
    let (far, digits) = match value.strip_prefix(['N', '-']) {
        Some(digits) => (true, digits),
        None => (false, value),
    };
    let by = whole(digits).and_then(|by| u16::try_from(by).ok()).ok_or(WarningKind::Invalid)?;
    Ok(Edge { far, by })
}

fn spell_edge(edge: Edge) -> String {
    format!("{}{}", if edge.far { "N" } else { "" }, edge.by)
}

/// The overlay that a layer means; `None` without content, which reading it has made sure of.
pub(super) fn overlay(layer: &Layer, settings: &Settings, warnings: &mut Vec<Warning>) -> Option<Stage> {
    let (first, more) = layer.steps.split_first()?;
    let mut lengths = Vec::new();
    let mut overlay = match layer.encoded.as_ref().or(layer.plain.as_ref())? {
        Content::Asset(asset) => {
            let mut overlay = overlay::upright(None, asset);
            if layer.steps.iter().all(|said| said.trim.is_none()) {
                overlay.stages.push(Stage::Trim(default_trim()));
            }
            overlay.stages.extend(meaning::stages(first, settings, warnings));
            overlay
        }
        Content::Canvas => canvas(first, settings, &mut lengths, warnings),
        Content::Text(said) => {
            lengths.extend(text::lengths(layer, first));
            let mut own = layer.text.clone()?;
            own.forget(|key| layer.lengths.get(key).is_some());
            text::overlay(&own, said, first, warnings)
        }
    };
    for said in more {
        overlay.stages.extend(meaning::mark(said));
        overlay.stages.extend(meaning::stages(said, settings, warnings));
    }
    if overlay.picture.is_fetched() {
        settle_size(&mut overlay, &mut lengths);
    }
    place::settle(layer, &mut overlay, &mut lengths, warnings);
    overlay.opacity = match (layer.opacity, layer.alpha) {
        (Some(percent), _) => overlay::share(Fixed::new(percent.into())),
        (None, Some(tenths)) if !overlay.picture.is_fetched() && !says_opacity(layer, &overlay.picture) => {
            Fixed::new(f64::from(tenths) / 10.0)
        }
        _ => Fixed::ONE,
    };
    Some(meaning::measured(Stage::Overlay(Box::new(overlay)), lengths))
}

/// Arithmetic that hangs on a size which is not there: in a text or a block on any but that of the picture below, in the
/// place of a layer on that behind a step. Its parameter and what it says.
pub(super) fn unknown_size(layer: &Layer) -> Option<(&'static str, String)> {
    let content = layer.encoded.as_ref().or(layer.plain.as_ref());
    let drawn = matches!(content, Some(Content::Canvas | Content::Text(_)));
    let steps = layer.steps.iter().flat_map(|said| said.lengths.iter()).filter(|_| drawn);
    let unknown = |variable: Variable| if drawn { !variable.is_below() } else { variable.is_marked() };
    let mut all = layer.lengths.iter().chain(steps);
    all.find(|(_, expr)| expr.variables().any(unknown)).map(|(key, expr)| (key, expr.to_string()))
}

/// Of a block, an opacity in the colour wins over `al`, and so does a colour's name.
fn says_opacity(layer: &Layer, picture: &Picture) -> bool {
    let named = layer.steps.first().is_some_and(|first| first.named_background);
    matches!(picture, Picture::Solid(color) if color.a != 255 || named)
}

/// A block of one colour, of the size that its first step says; what that says else is done to the block.
fn canvas(
    first: &Said,
    settings: &Settings,
    lengths: &mut Vec<(Length, Expr)>,
    warnings: &mut Vec<Warning>,
) -> Overlay {
    let color = match first.background {
        Some(Fill::Color(color)) => color,
        Some(other) => {
            let value = spell_fill(&other).unwrap_or_default();
            let token = Token { key: "bg", value: &value };
            warnings.push(meaning::warning(WarningKind::NoEffect, &token, "a colour of ik_canvas".to_owned()));
            Color::BLACK
        }
        None => Color::BLACK,
    };
    let mut own = first.clone();
    (own.width, own.height, own.background) = (None, None, None);
    for (key, length) in [("w", Length::Width), ("h", Length::Height)] {
        own.lengths.remove(key);
        if let Some(expr) = first.lengths.get(key) {
            let by = first.lengths.get("dpr").cloned().or_else(|| first.dpr.and_then(Expr::number));
            let times = by.and_then(|by| expr.then(Operator::Mul, &by));
            lengths.push((length, times.unwrap_or_else(|| expr.clone())));
        }
    }
    own.lengths.remove("dpr");
    let sides = (first.width, first.height);
    let (width, height, _) = overlay::sized(sides, first.dpr.unwrap_or(1.0), settings.max_side);
    let stages = meaning::stages(&own, settings, warnings);
    Overlay { stages, width, height, ..Overlay::new(Picture::Solid(color)) }
}

/// A last step that only scales to pixels, or to what hangs on the sizes at first and below, is the overlay's own box, as
/// other dialects say it.
fn settle_size(overlay: &mut Overlay, lengths: &mut Vec<(Length, Expr)>) {
    let mut own = Plan { stages: std::mem::take(&mut overlay.stages), output: OutputRule::default() };
    own.canonicalise();
    overlay.stages = own.stages;
    let (last, reckoned) = match overlay.stages.last() {
        Some(Stage::Measured(measured)) => (Some(&*measured.stage), &measured.lengths[..]),
        last => (last, &[][..]),
    };
    let of_the_box = |(length, expr): &(Length, Expr)| {
        matches!(length, Length::Width | Length::Height) && !expr.variables().any(Variable::is_marked)
    };
    if let Some(Stage::Resize(resize)) = last
        && reckoned.iter().all(of_the_box)
        && let Resize { width, height, aspect: None, fit: Fit::Inside, enlarge: Enlarge::Yes, limits, .. } = resize
        && *limits == Limits::default()
        && [width, height].into_iter().flatten().all(|side| matches!(side, Dim::Px(_)))
    {
        (overlay.width, overlay.height) = (*width, *height);
        lengths.extend_from_slice(reckoned);
        overlay.stages.pop();
    }
}

/// Says what of a layer idles beside the rest.
pub(super) fn idle(layer: &Layer, warnings: &mut Vec<Warning>) {
    let placed = [layer.x, layer.y, layer.center_x, layer.center_y].iter().any(Option::is_some);
    let content = layer.encoded.as_ref().or(layer.plain.as_ref());
    let first = layer.steps.first();
    let faint = first.is_some_and(|said| matches!(said.background, Some(Fill::Color(color)) if color.a != 255));
    let named = first.is_some_and(|said| said.named_background);
    let idle_alpha = match content {
        Some(Content::Asset(_)) => true,
        Some(Content::Canvas) => faint || named || layer.opacity.is_some(),
        _ => layer.opacity.is_some(),
    };
    for (key, idle, allowed) in [
        ("i", layer.plain.is_some() && layer.encoded.is_some(), "not beside ie"),
        ("lfo", placed, "not beside lx, ly, lxc or lyc"),
        ("lap", !placed, "beside lx, ly, lxc or lyc"),
        ("lx", layer.center_x.is_some(), "not beside lxc"),
        ("ly", layer.center_y.is_some(), "not beside lyc"),
        ("al", idle_alpha, "in a text or ik_canvas layer without o, and without an opacity or a name in its bg"),
    ] {
        let value = find(key).and_then(|row| (row.write)(layer)).filter(|_| idle);
        if let Some(value) = value {
            warnings.push(meaning::warning(WarningKind::NoEffect, &Token { key, value: &value }, allowed.to_owned()));
        }
    }
}

/// Why a layer cannot say this overlay, or `None`.
pub(super) fn unsayable(overlay: &Overlay) -> Option<String> {
    let source = match overlay::named(overlay) {
        Ok((source, _)) => source,
        Err(why) => return Some(why),
    };
    let reasons = [
        (source.is_some(), "an overlay from a source that it names"),
        (overlay.optional, "an overlay that may be missing"),
        (overlay.shrink, "an overlay that shrinks to the picture"),
    ];
    let own = overlay::own_stages(overlay).err();
    reasons.into_iter().find(|(is, _)| *is).map(|(_, what)| what.to_owned()).or(own)
}

/// What a layer says to mean this overlay.
pub(super) fn said(overlay: &Overlay, lengths: &[(Length, Expr)], settings: &Settings) -> Option<Layer> {
    let mut layer = Layer::default();
    let find = |wanted: Length| lengths.iter().find(|(length, _)| *length == wanted).map(|(_, expr)| expr.clone());
    if lengths.iter().any(|(_, expr)| expression::spell(expr).is_none()) {
        return None;
    }
    match &overlay.picture {
        Picture::Text(text) => text::say(&mut layer, text, &overlay.stages, settings)?,
        Picture::Solid(color) => {
            layer.plain = Some(Content::Canvas);
            let background = Some(Fill::Color(*color)).filter(|_| *color != Color::BLACK);
            let block = Said { width: overlay.width, height: overlay.height, background, ..Said::default() };
            layer.steps = [block].into_iter().chain(spelling::steps(&overlay.stages, settings).ok()?).collect();
        }
        Picture::Named { .. } | Picture::Masters(_) => {
            say_picture(&mut layer, overlay, [find(Length::Width), find(Length::Height)], settings)?;
        }
    }
    let first = layer.steps.first_mut()?;
    if !overlay.picture.is_fetched() {
        for (key, length) in [("w", Length::Width), ("h", Length::Height), ("w", Length::TextWidth)] {
            find(length).into_iter().for_each(|expr| first.lengths.set(key, expr));
        }
    }
    place::say(&mut layer, overlay)?;
    for (key, length, stands_in) in [
        ("lxc", Length::X, layer.center_x),
        ("lyc", Length::Y, layer.center_y),
        ("lx", Length::X, layer.x),
        ("ly", Length::Y, layer.y),
    ] {
        if let Some((edge, expr)) = stands_in.zip(find(length)) {
            layer.lengths.set(key, if edge.far { expression::reversed(&expr) } else { expr });
        }
    }
    for (key, length) in [("fs", Length::TextSize), ("lh", Length::TextLine), ("pa", Length::TextPadding)] {
        find(length).into_iter().for_each(|expr| layer.lengths.set(key, expr));
    }
    let percent = overlay::percent(overlay.opacity).get();
    layer.opacity = (overlay.opacity != Fixed::ONE).then_some(percent as u8);
    Some(layer)
}

fn say_picture(
    layer: &mut Layer,
    overlay: &Overlay,
    [width, height]: [Option<Expr>; 2],
    settings: &Settings,
) -> Option<()> {
    match overlay::named(overlay).ok()? {
        (None, asset @ Asset::Path(path)) if is_plain(path) => layer.plain = Some(Content::Asset(asset.clone())),
        (None, asset) => layer.encoded = Some(Content::Asset(asset.clone())),
        (Some(_), _) => return None,
    }
    let mut stages = overlay::own_stages(overlay).ok()?.to_vec();
    // A share of the picture below is arithmetic here.
    let share = |side: Option<Dim>, below: Variable| match side {
        Some(Dim::Ratio(share)) => {
            Expr::number(share.get()).and_then(|share| Expr::variable(below).then(Operator::Mul, &share))
        }
        _ => None,
    };
    let width = width.or_else(|| share(overlay.width, Variable::BelowWidth)).map(|expr| (Length::Width, expr));
    let height = height.or_else(|| share(overlay.height, Variable::BelowHeight)).map(|expr| (Length::Height, expr));
    let plain = |side: Option<Dim>, is: bool| side.filter(|_| !is);
    let sides = (plain(overlay.width, width.is_some()), plain(overlay.height, height.is_some()));
    if overlay.width.is_some() || overlay.height.is_some() {
        let resize = Stage::Resize(Resize::new(sides.0, sides.1, Fit::Inside));
        stages.push(meaning::measured(resize, width.into_iter().chain(height).collect()));
    }
    layer.steps = spelling::steps(&stages, settings).ok()?;
    if layer.steps.is_empty() {
        layer.steps.push(Said::default());
    }
    if layer.steps.iter().all(|said| said.trim.is_none())
        && let Some(first) = layer.steps.first_mut()
    {
        first.trim = Some(None);
    }
    Some(())
}

/// A path that stands in a transformation as it is.
fn is_plain(path: &str) -> bool {
    path != "ik_canvas" && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-/".contains(&b))
}

/// The first step stands beside what is the layer's own, even where it says nothing.
pub(super) fn spell(layer: &Layer) -> String {
    let head = if layer.text.is_some() { "l-text" } else { "l-image" };
    let own = rows().filter_map(|row| {
        let plain = (row.write)(layer);
        let value = match layer.lengths.get(row.name) {
            Some(expr) => expression::spell_into(row.name, expr, &plain.unwrap_or_default()),
            None => plain?,
        };
        Some(format!("{}-{value}", row.name))
    });
    let mut steps = layer.steps.iter().map(spelling::spell);
    let first = [head.to_owned()].into_iter().chain(own).chain(steps.next().filter(|step| !step.is_empty()));
    let mut text = first.collect::<Vec<_>>().join(",");
    for step in steps.filter(|step| !step.is_empty()) {
        text = text + ":" + &step;
    }
    text + ",l-end"
}
