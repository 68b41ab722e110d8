//! The parameters of an image layer beside those of any step, and what they mean
//! (<https://imagekit.io/docs/add-overlays-on-images>).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use plan::{
    Asset, Dim, Enlarge, Fit, Fixed, Horizontal, Limits, OutputRule, Overlay, Plan, Resize, Shift, Stage, Trim,
    TrimMode, Vertical,
};

use super::said::{Edge, Focus, Layer, Said};
use super::{meaning, spelling};
use crate::overlay;
use crate::request::{Settings, Warning, WarningKind};
use crate::table::{Kind, Param, ParamDoc, Tier};
use crate::text;

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
    kind: Kind::Syntax("image,<parameters>,l-end"),
    default: "",
    doc: "Draws another picture over this one; steps, and layers again, may stand inside.",
    tier: Tier::A,
};

/// The table of what may stand in a layer only.
pub(super) static TABLE: &[Param<Layer>] = &[
    Param {
        name: "i",
        aliases: &[],
        kind: Kind::Syntax("a path with @@ for a slash; ik_canvas is not supported yet"),
        default: "",
        doc: "In a layer: the picture that is drawn.",
        tier: Tier::A,
        parse: |layer, value| {
            let path = Some(value).filter(|value| *value != "ik_canvas").map(|value| value.replace("@@", "/"));
            layer.plain = Some(path.and_then(|path| asset(&path)).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |layer| match &layer.plain {
            Some(Asset::Path(path)) => Some(path.replace('/', "@@")),
            Some(Asset::Url(_)) | None => None,
        },
    },
    Param {
        name: "ie",
        aliases: &[],
        kind: Kind::Syntax("a path or an absolute http or https address, in base64"),
        default: "",
        doc: "In a layer: the picture that is drawn, wins over i.",
        tier: Tier::A,
        parse: |layer, value| {
            layer.encoded = Some(decode(value).and_then(|text| asset(&text)).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |layer| {
            layer.encoded.as_ref().map(|asset| {
                URL_SAFE_NO_PAD.encode(match asset {
                    Asset::Path(text) | Asset::Url(text) => text,
                })
            })
        },
    },
    Param {
        name: "lx",
        aliases: &[],
        kind: Kind::Syntax("pixels from 0 to 65535, N and pixels from the right edge"),
        default: "0 beside ly",
        doc: "In a layer: its distance from the left edge of the picture below.",
        tier: Tier::A,
        parse: |layer, value| edge(value).map(|edge| layer.x = Some(edge)),
        write: |layer| layer.x.map(spell_edge),
    },
    Param {
        name: "ly",
        aliases: &[],
        kind: Kind::Syntax("pixels from 0 to 65535, N and pixels from the bottom edge"),
        default: "0 beside lx",
        doc: "In a layer: its distance from the top edge of the picture below.",
        tier: Tier::A,
        parse: |layer, value| edge(value).map(|edge| layer.y = Some(edge)),
        write: |layer| layer.y.map(spell_edge),
    },
    Param {
        name: "lfo",
        aliases: &[],
        kind: Kind::Enum(&[
            "center",
            "top",
            "left",
            "bottom",
            "right",
            "top_left",
            "top_right",
            "bottom_left",
            "bottom_right",
        ]),
        default: "center",
        doc: "In a layer: where it lies, unless lx or ly say so.",
        tier: Tier::A,
        parse: |layer, value| {
            let found = Focus::ANCHORS.into_iter().find(|(name, ..)| *name == value);
            layer.focus = Some(found.map(|(_, x, y)| (x, y)).ok_or(WarningKind::Invalid)?);
            Ok(())
        },
        write: |layer| {
            let found = Focus::ANCHORS.into_iter().find(|(_, x, y)| Some((*x, *y)) == layer.focus);
            found.map(|(name, ..)| name.to_owned())
        },
    },
    Param {
        name: "o",
        aliases: &[],
        kind: Kind::Int(0, 100),
        default: "100",
        doc: "In a layer: its opacity in percent.",
        tier: Tier::A,
        parse: |layer, value| match text::whole(value).and_then(|n| u8::try_from(n).ok()) {
            Some(opacity @ 0..=100) => {
                layer.opacity = Some(opacity);
                Ok(())
            }
            _ => Err(WarningKind::Invalid),
        },
        write: |layer| layer.opacity.map(|opacity| opacity.to_string()),
    },
];

/// Slashes that follow each other are one, as in the path of a URL.
fn asset(value: &str) -> Option<Asset> {
    match overlay::asset(value)? {
        Asset::Path(path) => {
            let path = path.split('/').filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
            (!path.is_empty()).then_some(Asset::Path(path))
        }
        url @ Asset::Url(_) => Some(url),
    }
}

/// A plus sign that was not escaped in a query has become a space.
fn decode(value: &str) -> Option<String> {
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
    let by = text::whole(digits).and_then(|by| u16::try_from(by).ok()).ok_or(WarningKind::Invalid)?;
    Ok(Edge { far, by })
}

fn spell_edge(edge: Edge) -> String {
    format!("{}{}", if edge.far { "N" } else { "" }, edge.by)
}

/// The overlay that a layer means; `None` without a picture, which reading it has made sure of.
pub(super) fn overlay(layer: &Layer, settings: &Settings, warnings: &mut Vec<Warning>) -> Option<Overlay> {
    let mut overlay = overlay::upright(None, layer.encoded.as_ref().or(layer.plain.as_ref())?);
    if layer.steps.iter().all(|said| said.trim.is_none()) {
        overlay.stages.push(Stage::Trim(default_trim()));
    }
    for said in &layer.steps {
        overlay.stages.extend(meaning::stages(said, settings, warnings));
    }
    settle_size(&mut overlay);
    let near = Edge { far: false, by: 0 };
    (overlay.anchor, overlay.offset) = match (layer.x, layer.y) {
        (None, None) => (layer.focus.unwrap_or((Horizontal::Center, Vertical::Center)), (Shift::NONE, Shift::NONE)),
        (x, y) => {
            let (x, y) = (x.unwrap_or(near), y.unwrap_or(near));
            let column = if x.far { Horizontal::Right } else { Horizontal::Left };
            let row = if y.far { Vertical::Bottom } else { Vertical::Top };
            ((column, row), (Shift::Px(x.by.into()), Shift::Px(y.by.into())))
        }
    };
    overlay.opacity = layer.opacity.map_or(Fixed::ONE, |percent| overlay::share(Fixed::new(percent.into())));
    Some(overlay)
}

/// A last step that only scales to pixels is the overlay's own box, as other dialects say it.
fn settle_size(overlay: &mut Overlay) {
    let mut own = Plan { stages: std::mem::take(&mut overlay.stages), output: OutputRule::default() };
    own.canonicalise();
    overlay.stages = own.stages;
    if let Some(Stage::Resize(resize)) = overlay.stages.last()
        && let Resize { width, height, aspect: None, fit: Fit::Inside, enlarge: Enlarge::Yes, limits, .. } = resize
        && *limits == Limits::default()
        && [width, height].into_iter().flatten().all(|side| matches!(side, Dim::Px(_)))
    {
        (overlay.width, overlay.height) = (*width, *height);
        overlay.stages.pop();
    }
}

/// Why a layer cannot say this overlay, or `None`.
pub(super) fn unsayable(overlay: &Overlay) -> Option<String> {
    let source = match overlay::named(overlay) {
        Ok((source, _)) => source,
        Err(why) => return Some(why),
    };
    let shares = [overlay.width, overlay.height].into_iter().flatten().any(|side| matches!(side, Dim::Ratio(_)));
    let reasons = [
        (source.is_some(), "an overlay from a source that it names"),
        (overlay.optional, "an overlay that may be missing"),
        (overlay.shrink, "an overlay that shrinks to the picture"),
        (shares, "an overlay whose size is a share of the picture's"),
    ];
    let own = overlay::own_stages(overlay).err();
    reasons.into_iter().find(|(is, _)| *is).map(|(_, what)| what.to_owned()).or(own)
}

/// What a layer says to mean this overlay.
pub(super) fn said(overlay: &Overlay, settings: &Settings) -> Option<Layer> {
    let mut layer = Layer::default();
    match overlay::named(overlay).ok()? {
        (None, asset @ Asset::Path(path)) if is_plain(path) => layer.plain = Some(asset.clone()),
        (None, asset) => layer.encoded = Some(asset.clone()),
        (Some(_), _) => return None,
    }
    let mut stages = overlay::own_stages(overlay).ok()?.to_vec();
    if overlay.width.is_some() || overlay.height.is_some() {
        stages.push(Stage::Resize(Resize::new(overlay.width, overlay.height, Fit::Inside)));
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
    if overlay.offset == (Shift::NONE, Shift::NONE) {
        layer.focus = Some(overlay.anchor).filter(|anchor| *anchor != (Horizontal::Center, Vertical::Center));
    } else {
        let far = (overlay.anchor.0 == Horizontal::Right, overlay.anchor.1 == Vertical::Bottom);
        let edge = |shift: Shift, far: bool| match shift {
            Shift::Px(by) => Some(Edge { far, by: u16::try_from(by).ok()? }),
            Shift::Ratio(_) => None,
        };
        layer.x = Some(edge(overlay.offset.0, far.0)?);
        layer.y = Some(edge(overlay.offset.1, far.1)?);
    }
    let percent = overlay::percent(overlay.opacity).get();
    layer.opacity = (overlay.opacity != Fixed::ONE).then_some(percent as u8);
    Some(layer)
}

/// A path that stands in a transformation as it is.
fn is_plain(path: &str) -> bool {
    path != "ik_canvas" && path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-/".contains(&b))
}

pub(super) fn spell(layer: &Layer) -> String {
    let own = TABLE.iter().filter_map(|row| (row.write)(layer).map(|value| format!("{}-{value}", row.name)));
    let steps: Vec<String> = layer.steps.iter().map(spelling::spell).filter(|step| !step.is_empty()).collect();
    let parts = ["l-image".to_owned()].into_iter().chain(own).chain([steps.join(":"), "l-end".to_owned()]);
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
}
