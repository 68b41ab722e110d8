//! What takes a model or a film: generative effects (<https://imagekit.io/docs/ai-transformations>) and video
//! (<https://imagekit.io/docs/video-transformation>). They are read, refused with an error of their own, and on a lenient site
//! passed over.

use crate::table::{Kind, ParamDoc, Served, Tier};

/// Why effects are refused.
pub(super) const MODEL: &str = "no model is at hand that could do it";
/// Why what is about films is refused.
pub(super) const FILM: &str = "films are not transformed";
/// Why a format or a page is refused.
pub(super) const FORMAT: &str =
    "neither films nor vector graphics are written, and documents have pages but no named layers";
/// Why the bent picture is refused.
const BENT: &str = "pictures are neither bent nor seen in perspective";

/// Why this key is refused.
pub(super) fn why(key: &str) -> Option<&'static str> {
    ROWS.iter().find(|row| row.name == key || row.aliases.contains(&key)).map(|row| row.served.about())
}

/// For the docs.
pub(super) fn rows() -> impl Iterator<Item = ParamDoc> {
    ROWS.iter().cloned()
}

const BARE: Kind = Kind::Syntax("nothing");
const PROMPT: Kind = Kind::Syntax("prompt-<text>, or prompte-<base64>");
const SECONDS: Kind = Kind::Syntax("seconds, or an expression");

static ROWS: &[ParamDoc] = &[
    row(
        "e-distort",
        Kind::Syntax("p-<x1>_<y1>_<x2>_<y2>_<x3>_<y3>_<x4>_<y4>, or a-<-360 to 360>"),
        "Draws the picture between four corners, or along an arc.",
        BENT,
    ),
    row("e-bgremove", BARE, "Takes the background away.", MODEL),
    row("e-removedotbg", BARE, "Takes the background away, by remove.bg.", MODEL),
    row(
        "e-dropshadow",
        Kind::Syntax("az-<0 to 360>, el-<0 to 90>, st-<0 to 100>, joined by _"),
        "Casts the shadow that a lamp would throw.",
        MODEL,
    ),
    row("e-changebg", PROMPT, "Paints another background.", MODEL),
    row("e-edit", PROMPT, "Changes the picture as the text says.", MODEL),
    row("e-retouch", BARE, "Improves the picture.", MODEL),
    row("e-upscale", BARE, "Brings the picture to 16 megapixels.", MODEL),
    row("e-genvar", BARE, "Paints a picture like this one.", MODEL),
    row("so", SECONDS, "Where a film begins.", FILM),
    row("eo", SECONDS, "Where a film ends.", FILM),
    row("du", SECONDS, "How long a film is.", FILM),
    row("vc", Kind::Enum(&["h264", "vp9", "av1", "none"]), "How the pictures of a film are encoded.", FILM),
    row("ac", Kind::Enum(&["aac", "opus", "none"]), "How the sound of a film is encoded.", FILM),
    row(
        "sr",
        Kind::Syntax("240, 360, 480, 720, 1080, 1440 and 2160, joined by _"),
        "The heights that a film is streamed in.",
        FILM,
    ),
    row("lso", SECONDS, "In a layer of a film: when it appears.", FILM),
    row("leo", SECONDS, "In a layer of a film: when it goes.", FILM),
    row("ldu", SECONDS, "In a layer of a film: how long it stays.", FILM),
    row("fol", Kind::Syntax("<width>_<colour>"), "In a layer of subtitles: the outline of the letters.", FILM),
    row("fsh", Kind::Syntax("<colour>_<distance>"), "In a layer of subtitles: the shadow of the letters.", FILM),
];

const fn row(name: &'static str, kind: Kind, doc: &'static str, why: &'static str) -> ParamDoc {
    ParamDoc { name, aliases: &[], kind, default: "", doc, tier: Tier::C, served: Served::Read(why) }
}
