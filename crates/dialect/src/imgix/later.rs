//! Names that imgix knows and that have no effect here.

/// What SDKs and signing add to a query: part of the signed text, without effect on the picture.
pub(super) const NOISE: &[&str] = &["expires", "ixid", "ixlib", "ixsrc", "s"];

/// Parameters of imgix, aliases included, that are not built: read past with a warning of their own. Sorted.
#[rustfmt::skip]
pub(super) const KNOWN_LATER: &[&str] = &[
    "annotation", "background-removal-semi-transparency", "background-remove", "background-replace",
    "background-replace-negative-prompt", "bg-remove", "bg-remove-fallback", "bg-remove-fg-type",
    "bg-remove-semi-transparency", "bg-remove-transparency-threshold", "bg-replace", "bg-replace-fallback",
    "bg-replace-neg-prompt", "border-stroke-color", "border-stroke-size", "face-blur", "face-pixel",
    "face-pixelate", "faceindex", "facepad", "faces", "fill-gen-fallback", "fill-gen-neg-prompt", "fill-gen-pos",
    "fill-gen-prompt", "fill-gen-seed", "fill-generative-fallback", "fill-generative-negative-prompt",
    "fill-generative-position", "fill-generative-prompt", "fill-generative-seed", "fp-debug", "fps", "interval",
    "license-plate-blur", "loop", "lp-blur", "object-removal-negative-prompt", "object-removal-prompt",
    "object-removal-rect", "object-removal-seed", "pdf-annotation", "rasterize-bypass", "reverse", "skip",
    "upscale", "upscale-fallback",
    "video-bitrate", "video-clip-duration", "video-clip-end", "video-clip-start", "video-codec", "video-generate",
    "video-generate-subtitles", "video-renditions", "video-spritesheet-columns", "video-spritesheet-format",
    "video-spritesheet-h", "video-spritesheet-interval", "video-spritesheet-smart-crop", "video-spritesheet-w",
    "video-subtitle-translations", "video-thumbnail", "video-wave", "video-wave-align", "video-wave-amplitude",
    "video-wave-bg-color", "video-wave-color", "video-wave-h", "video-wave-mode", "video-wave-pad",
    "video-wave-scale", "video-wave-split", "video-wave-thickness", "video-wave-w", "video-wave-x", "video-wave-y",
];
