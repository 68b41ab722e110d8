//! Overlays as they were said before there were layers: `oi-logo.png,ox-10,oy-N20`. The vendor has given them up; a strict
//! site names the layer to use instead, a lenient one reads them as that layer.

use super::lex::{Item, Layer, Token};
use crate::table::{Kind, ParamDoc, Served, Tier};

/// An old key, and the key of a layer that says the same: of a picture, of a text, of a block of one colour.
struct Old {
    key: &'static str,
    layers: [&'static str; 3],
    kind: Kind,
    doc: &'static str,
}

const PICTURE: usize = 0;
const TEXT: usize = 1;
const BLOCK: usize = 2;

#[rustfmt::skip]
static OLD: &[Old] = &[
    old("oi", ["i", "", ""], Kind::Syntax("a path with @@ for a slash"), "Before layers: the picture of an overlay, now l-image,i-<path>."),
    old("ot", ["", "i", ""], Kind::Text, "Before layers: the text of an overlay, now l-text,i-<text>."),
    old("obg", ["", "", "bg"], Kind::Color, "Before layers: the colour of a block, now l-image,i-ik_canvas,bg-<colour>."),
    old("ofo", ["lfo", "lfo", "lfo"], Kind::Syntax("a side or a corner"), "Before layers: where an overlay lies, now lfo."),
    old("ox", ["lx", "lx", "lx"], Kind::Syntax("pixels, N and pixels from the right edge"), "Before layers: how far to the right an overlay lies, now lx."),
    old("oy", ["ly", "ly", "ly"], Kind::Syntax("pixels, N and pixels from the bottom edge"), "Before layers: how far down an overlay lies, now ly."),
    old("ow", ["w", "w", "w"], Kind::Syntax("pixels, or a share"), "Before layers: the width of an overlay, now w in a layer."),
    old("oh", ["h", "", "h"], Kind::Syntax("pixels, or a share"), "Before layers: the height of an overlay, now h in a layer."),
    old("or", ["r", "r", "r"], Kind::Syntax("pixels, or max"), "Before layers: the corners of an overlay, now r in a layer."),
    old("oit", ["t", "", ""], Kind::Flag, "Before layers: whether the picture of an overlay is trimmed, now t in a layer."),
    old("oib", ["b", "", ""], Kind::Syntax("<pixels>_<colour>"), "Before layers: the frame of an overlay, now b in a layer."),
    old("oa", ["", "al", "al"], Kind::Int(1, 9), "Before layers: the opacity of an overlay in tenths, now al in a layer."),
    old("ots", ["", "fs", ""], Kind::Number(1.0, 2000.0), "Before layers: the size of the letters, now fs in a layer."),
    old("otc", ["", "co", ""], Kind::Color, "Before layers: the colour of the letters, now co in a layer."),
    old("otf", ["", "ff", ""], Kind::Text, "Before layers: the font, now ff in a layer."),
    old("ott", ["", "tg", ""], Kind::Syntax("b and i, joined by _"), "Before layers: bold and italic, now tg in a layer."),
    old("otia", ["", "ia", ""], Kind::Enum(&["left", "center", "right"]), "Before layers: where short lines sit, now ia in a layer."),
    old("otp", ["", "pa", ""], Kind::Syntax("one to four whole numbers joined by _"), "Before layers: room around the text, now pa in a layer."),
    old("otbg", ["", "bg", ""], Kind::Color, "Before layers: the colour behind the text, now bg in a layer."),
];

const fn old(key: &'static str, layers: [&'static str; 3], kind: Kind, doc: &'static str) -> Old {
    Old { key, layers, kind, doc }
}

/// For the docs.
pub(super) fn rows() -> impl Iterator<Item = ParamDoc> {
    OLD.iter().map(|old| ParamDoc {
        name: old.key,
        aliases: &[],
        kind: old.kind,
        default: "",
        doc: old.doc,
        tier: Tier::C,
        served: Served::Nearly("refused, as the vendor announces, unless the site is lenient; then read as the layer"),
    })
}

/// What to say instead of an old key.
pub(super) fn instead(key: &str) -> Option<String> {
    let old = OLD.iter().find(|old| old.key == key)?;
    let layers = [("image,i-<path>", PICTURE), ("text,i-<text>", TEXT), ("image,i-ik_canvas", BLOCK)];
    let said = layers.into_iter().filter(|(_, layer)| !old.layers[*layer].is_empty()).map(|(head, layer)| {
        let own = match old.layers[layer] {
            "i" => String::new(),
            key => format!(",{key}-<value>"),
        };
        format!("l-{head}{own},l-end")
    });
    Some(format!("the layer {}", said.collect::<Vec<_>>().join(" or ")))
}

/// The layers that the old keys of a step say.
pub(super) fn layers<'a>(step: &[Item<'a>]) -> Vec<Layer<'a>> {
    let said = |key: &str| step.iter().any(|item| matches!(item, Item::Token(token) if token.key == key));
    let kinds = [
        (said("oi"), PICTURE, "image", None),
        (said("obg"), BLOCK, "image", Some(Token { key: "i", value: "ik_canvas" })),
        (said("ot"), TEXT, "text", None),
    ];
    let present = kinds.into_iter().filter(|(is, ..)| *is);
    present.map(|(_, layer, kind, first)| Layer { kind, steps: vec![tokens(step, layer, first)] }).collect()
}

fn tokens<'a>(step: &[Item<'a>], layer: usize, first: Option<Token<'a>>) -> Vec<Item<'a>> {
    let translated = step.iter().filter_map(|item| {
        let Item::Token(Token { key, value }) = item else { return None };
        let old = OLD.iter().find(|old| old.key == *key)?;
        let key = old.layers[layer];
        (!key.is_empty()).then_some(Token { key, value })
    });
    first.into_iter().chain(translated).map(Item::Token).collect()
}
