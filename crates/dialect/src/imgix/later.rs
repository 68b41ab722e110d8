//! Names that imgix knows and that have no effect here.

/// What SDKs and signing add to a query: part of the signed text, without effect on the picture.
pub(super) const NOISE: &[&str] = &["expires", "ixid", "ixlib", "ixsrc", "s"];

/// Parameters of imgix, aliases included, that are not built: read past with a warning of their own. Sorted.
#[rustfmt::skip]
pub(super) const KNOWN_LATER: &[&str] = &[
    "annotation", "b", "ba", "background-removal-semi-transparency", "background-remove", "background-replace",
    "background-replace-negative-prompt", "balph", "bc", "bf", "bg-remove", "bg-remove-fallback", "bg-remove-fg-type",
    "bg-remove-semi-transparency", "bg-remove-transparency-threshold", "bg-replace", "bg-replace-fallback",
    "bg-replace-neg-prompt", "bh", "blend", "blend-align", "blend-alpha", "blend-clr", "blend-color", "blend-crop",
    "blend-fit", "blend-h", "blend-mode", "blend-pad", "blend-size", "blend-w", "blend-x", "blend-y", "blendalign",
    "blendalpha", "blendclr", "blendcolor", "blendcrop", "blendfit", "blendh", "blendmode", "blendpad", "blendsize",
    "blendw", "blendx", "blendy", "blur", "bm", "border", "border-bottom", "border-left", "border-radius",
    "border-radius-inner", "border-right", "border-stroke-color", "border-stroke-size", "border-top", "bp", "bri",
    "bs", "bw", "bx", "by", "ch", "chromasub", "colorquant", "colors", "con", "corner-radius", "cs", "dpi", "duotone",
    "duotone-alpha", "exp", "face-blur", "face-pixel", "face-pixelate", "faceindex", "facepad", "faces",
    "fill-gen-fallback", "fill-gen-neg-prompt", "fill-gen-pos", "fill-gen-prompt", "fill-gen-seed",
    "fill-generative-fallback", "fill-generative-negative-prompt", "fill-generative-position",
    "fill-generative-prompt", "fill-generative-seed", "fill-gradient-cs", "fill-gradient-linear",
    "fill-gradient-linear-direction", "fill-gradient-radial", "fill-gradient-radial-radius", "fill-gradient-radial-x",
    "fill-gradient-radial-y", "fill-gradient-type", "fp-debug", "fps", "frame", "gam", "grid-colors", "grid-size",
    "high", "htn", "hue", "interval", "inv", "invert", "iptc", "license-plate-blur", "loop", "lp-blur", "mark-base",
    "mark-if-min-height", "mark-if-min-width", "mark-rot", "mark-scale", "mark-tile", "markbase", "markscale",
    "marktile", "mask", "mask-bg", "maskbg", "mb", "mono", "monochrome", "ms", "mtile", "nr", "nrs",
    "object-removal-negative-prompt", "object-removal-prompt", "object-removal-rect", "object-removal-seed", "page",
    "palette", "pdf-annotation", "prefix", "px", "rasterize-bypass", "reverse", "sat", "sepia", "shad", "sharp",
    "skip", "svg-sanitize", "t", "ta", "tc", "tcl", "tf", "tl", "tp", "transparency", "trim-md", "trim-sd", "trimmd",
    "trimsd", "tsh", "tsz", "tt", "txt", "txt-align", "txt-clip", "txt-clr", "txt-color", "txt-fit", "txt-font",
    "txt-h", "txt-lead", "txt-lig", "txt-line", "txt-line-clr", "txt-line-color", "txt-pad", "txt-shad", "txt-size",
    "txt-track", "txt-width", "txt-x", "txt-y", "txtalign", "txtclip", "txtclr", "txtcolor", "txtfit", "txtfont",
    "txtlead", "txtlig", "txtline", "txtlineclr", "txtlinecolor", "txtpad", "txtshad", "txtsize", "txttrack",
    "txtwidth", "txtx", "txty", "upscale", "upscale-fallback", "usm", "usmrad", "vib", "video-bitrate",
    "video-clip-duration", "video-clip-end", "video-clip-start", "video-codec", "video-generate",
    "video-generate-subtitles", "video-renditions", "video-spritesheet-columns", "video-spritesheet-format",
    "video-spritesheet-h", "video-spritesheet-interval", "video-spritesheet-smart-crop", "video-spritesheet-w",
    "video-subtitle-translations", "video-thumbnail", "video-wave", "video-wave-align", "video-wave-amplitude",
    "video-wave-bg-color", "video-wave-color", "video-wave-h", "video-wave-mode", "video-wave-pad",
    "video-wave-scale", "video-wave-split", "video-wave-thickness", "video-wave-w", "video-wave-x", "video-wave-y",
];
