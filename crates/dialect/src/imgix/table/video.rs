//! Rows for video: read, and warned of where they ask for something.

use super::super::said::Said;
use super::super::values::unheard;
use super::row;
use crate::table::{Kind, Param, Served, Tier};

const VIDEO: &str = "video is neither decoded nor encoded";

pub(super) static ROWS: &[Param<Said>] = &[
    unheard_row!(
        "video-thumbnail",
        &[],
        Kind::Syntax("seconds, or auto"),
        ("auto", "The moment of a video that is shown."),
        VIDEO
    ),
    unheard_row!("video-codec", &[], Kind::Enum(&["av1", "h264", "h265"]), ("", "Codec of fm=mp4."), VIDEO),
    unheard_row!(
        "video-bitrate",
        &[],
        Kind::Enum(&["1m", "2m", "3m", "4m", "5m"]),
        ("", "Bits a second of a video."),
        VIDEO
    ),
    unheard_row!(
        "video-renditions",
        &[],
        Kind::Syntax("height:bitrate, with commas between them"),
        ("", "Sizes and rates of a video that is streamed."),
        VIDEO
    ),
    unheard_row!(
        "video-clip-start",
        &[],
        Kind::Syntax("seconds, or a range of them"),
        ("", "Where a clip of a video begins."),
        VIDEO
    ),
    unheard_row!(
        "video-clip-end",
        &[],
        Kind::Syntax("seconds, or a range of them"),
        ("", "Where a clip of a video ends."),
        VIDEO
    ),
    unheard_row!(
        "video-clip-duration",
        &[],
        Kind::Int(1, 1_000_000),
        ("", "How many seconds a clip of a video takes."),
        VIDEO
    ),
    unheard_row!(
        "video-generate-subtitles",
        &["video-generate"],
        Kind::Enum(&["true", "false", "on", "off", "auto", "vtt"]),
        ("false", "Writes subtitles by listening to a video."),
        VIDEO
    ),
    unheard_row!(
        "video-subtitle-translations",
        &[],
        Kind::Syntax("language codes with commas between them"),
        ("", "Languages that the subtitles are translated into."),
        VIDEO
    ),
    unheard_row!(
        "video-spritesheet-columns",
        &[],
        Kind::Syntax("auto, or a whole number of at least 1"),
        ("auto", "Columns of fm=spritesheet."),
        VIDEO
    ),
    unheard_row!(
        "video-spritesheet-format",
        &[],
        Kind::Enum(&["jpg", "webp", "avif"]),
        ("jpg", "Format of fm=spritesheet."),
        VIDEO
    ),
    unheard_row!(
        "video-spritesheet-w",
        &[],
        Kind::Int(1, 1_000_000),
        ("160", "Width of a frame of fm=spritesheet in pixels."),
        VIDEO
    ),
    unheard_row!(
        "video-spritesheet-h",
        &[],
        Kind::Syntax("auto, or a whole number of at least 1"),
        ("auto", "Height of a frame of fm=spritesheet in pixels."),
        VIDEO
    ),
    unheard_row!(
        "video-spritesheet-interval",
        &[],
        Kind::Syntax("auto, or a whole number of at least 1"),
        ("auto", "How many seconds lie between frames of fm=spritesheet."),
        VIDEO
    ),
    unheard_row!(
        "video-spritesheet-smart-crop",
        &[],
        Kind::Flag,
        ("false", "Whether frames of fm=spritesheet are cut by what they show."),
        VIDEO
    ),
    unheard_row!("video-wave", &[], Kind::Flag, ("false", "Draws the sound of a video as a wave."), VIDEO),
    unheard_row!(
        "video-wave-mode",
        &[],
        Kind::Enum(&["cline", "line", "p2p", "point"]),
        ("cline", "How the wave is drawn."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-scale",
        &[],
        Kind::Enum(&["sqrt", "cbrt", "log", "lin"]),
        ("sqrt", "How loudness becomes height in the wave."),
        VIDEO
    ),
    unheard_row!("video-wave-split", &[], Kind::Flag, ("false", "Draws a wave for each channel."), VIDEO),
    unheard_row!(
        "video-wave-amplitude",
        &[],
        Kind::Number(0.1, 10.0),
        ("1", "Factor of the height of the wave."),
        VIDEO
    ),
    unheard_row!("video-wave-thickness", &[], Kind::Int(0, 10), ("0", "How thick the lines of the wave are."), VIDEO),
    unheard_row!(
        "video-wave-color",
        &[],
        Kind::Syntax("RRGGBB or RRGGBBAA, alpha last; several with | between them"),
        ("FFFFFF", "Colours of the wave."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-bg-color",
        &[],
        Kind::Syntax("RRGGBB or RRGGBBAA, alpha last"),
        ("FFFFFF00", "Ground of the wave."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-w",
        &[],
        Kind::Syntax("pixels above 1, or a share of the canvas from 0 to 1"),
        ("1", "Width of the box of the wave."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-h",
        &[],
        Kind::Syntax("pixels above 1, or a share of the canvas from 0 to 1"),
        ("0.2", "Height of the box of the wave."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-align",
        &[],
        Kind::List(&["top", "middle", "bottom", "left", "center", "right"]),
        ("bottom,center", "Where the box of the wave lies."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-pad",
        &[],
        Kind::Int(0, 8192),
        ("5", "Pixels between the box of the wave and the edges."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-x",
        &[],
        Kind::Int(-1_000_000, 1_000_000),
        ("", "Distance of the box of the wave from the left."),
        VIDEO
    ),
    unheard_row!(
        "video-wave-y",
        &[],
        Kind::Int(-1_000_000, 1_000_000),
        ("", "Distance of the box of the wave from the top."),
        VIDEO
    ),
];
