use std::fmt;

use crate::Format;

/// What a client can show, folded from its `Accept` header. Cached answers are kept per class, so there are only three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum AcceptClass {
    /// Neither WebP nor AVIF named.
    #[default]
    Basic,
    /// `image/webp` named.
    Webp,
    /// `image/avif` named (browsers that name it also take WebP).
    Avif,
}

impl AcceptClass {
    /// Every class.
    pub const ALL: [AcceptClass; 3] = [AcceptClass::Basic, AcceptClass::Webp, AcceptClass::Avif];

    /// Folds an `Accept` header (RFC 9110 section 12.5.1). A type with `q=0` counts as not named; wildcards name nothing.
    pub fn from_header(accept: &str) -> Self {
        let mut class = AcceptClass::Basic;
        for item in accept.split(',') {
            let mut parts = item.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let refused = parts.any(|p| {
                p.split_once('=').is_some_and(|(name, value)| {
                    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
                })
            });
            if refused {
                continue;
            }
            if kind.eq_ignore_ascii_case("image/avif") {
                return AcceptClass::Avif;
            }
            if kind.eq_ignore_ascii_case("image/webp") {
                class = AcceptClass::Webp;
            }
        }
        class
    }

    /// Whether a client of this class shows this format.
    pub fn takes(self, format: Format) -> bool {
        match format {
            Format::Avif => self == AcceptClass::Avif,
            Format::Webp => self != AcceptClass::Basic,
            Format::Jpeg | Format::Png | Format::Gif => true,
        }
    }

    /// Stable lower-case name: `basic`, `webp`, `avif`.
    pub const fn name(self) -> &'static str {
        match self {
            AcceptClass::Basic => "basic",
            AcceptClass::Webp => "webp",
            AcceptClass::Avif => "avif",
        }
    }
}

/// How the output format is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FormatRule {
    /// The master's format if we write it; else PNG where there is alpha, JPEG where not.
    Source,
    /// This one: alpha is flattened and only the first frame kept where it holds neither.
    Always(Format),
    /// The first of the list that the client takes and that holds the picture's alpha and animation; none of them: the
    /// fallback (`None` = as [`FormatRule::Source`]).
    Negotiate {
        /// Formats offered, best first.
        offer: Vec<Format>,
        /// Used when no offer fits.
        fallback: Option<Format>,
    },
}

/// Encoder quality from 1 to 100, by output format: vendors' defaults differ per format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quality {
    /// For JPEG.
    pub jpeg: u8,
    /// For WebP.
    pub webp: u8,
    /// For AVIF.
    pub avif: u8,
}

impl Quality {
    /// One value for all formats, held within 1-100.
    pub fn all(value: u8) -> Self {
        let value = value.clamp(1, 100);
        Quality { jpeg: value, webp: value, avif: value }
    }

    /// The value for one format; 100 for those that have none.
    pub fn of(self, format: Format) -> u8 {
        match format {
            Format::Jpeg => self.jpeg,
            Format::Webp => self.webp,
            Format::Avif => self.avif,
            Format::Png | Format::Gif => 100,
        }
    }
}

/// What is answered in place of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Report {
    /// What the headers of the master and the result say, as JSON.
    Info,
    /// The result's colours, as JSON.
    PaletteJson {
        /// How many colours, 0 to 16.
        colors: u8,
    },
    /// The result's colours, as CSS classes.
    PaletteCss {
        /// How many colours, 0 to 16.
        colors: u8,
        /// What the classes' names begin with.
        prefix: String,
    },
    /// BlurHash of so many components, 1 to 9 each.
    BlurHash {
        /// Across.
        across: u8,
        /// Down.
        down: u8,
    },
    /// ThumbHash, as base64.
    ThumbHash,
}

/// How much of the colour a JPEG keeps beside the lightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Subsampling {
    /// A quarter: half on each axis.
    #[default]
    S420,
    /// Half: across.
    S422,
    /// All of it.
    S444,
}

impl Subsampling {
    /// As it is usually written: `420`, `422`, `444`.
    pub const fn name(self) -> &'static str {
        match self {
            Subsampling::S420 => "420",
            Subsampling::S422 => "422",
            Subsampling::S444 => "444",
        }
    }
}

/// What of the master's Exif, XMP and IPTC is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Metadata {
    /// Nothing.
    #[default]
    Strip,
    /// Who made it and who owns it.
    Copyright,
    /// All, with the orientation that the result has.
    Keep,
}

/// In which colours the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Profile {
    /// sRGB, without saying so.
    #[default]
    Srgb,
    /// sRGB, with a profile that says so.
    Tagged,
    /// Adobe RGB (1998), with its profile. A format that carries no profile (GIF) is written as [`Profile::Srgb`].
    AdobeRgb,
    /// The master's own values and profile.
    Keep,
}

/// Bits of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Depth {
    /// 8, as every format has them.
    #[default]
    Eight,
    /// As many as the master has, up to 16 in PNG and 10 in AVIF. Only turns, cuts, scales and bars of one colour keep
    /// them: a plan with other stages is rendered in 8, with a warning.
    Sixteen,
}

/// How the result is written, as the URL asked, before it is known who asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutputRule {
    /// The master's own bytes; every other field is ignored.
    pub original: bool,
    /// Which format.
    pub format: FormatRule,
    /// Encoder quality.
    pub quality: Quality,
    /// Lossless WebP.
    pub lossless: bool,
    /// Progressive JPEG.
    pub progressive: bool,
    /// Keep all frames where the output holds them; false takes the first.
    pub animation: bool,
    /// PNG with a palette of at most 256 colours.
    pub palette: bool,
    /// Most colours of a palette (PNG, GIF), 2 to 256.
    pub colors: u16,
    /// Colour of a JPEG.
    pub subsampling: Subsampling,
    /// Quality is lowered until the file has at most so many bytes, or is 1.
    pub max_bytes: Option<u32>,
    /// Quality is chosen so that the result looks this much like what was encoded, in SSIMULACRA2-like points, 1 to 100;
    /// it goes no higher than `quality`.
    pub likeness: Option<u8>,
    /// A negotiated format is given up where the fallback would give fewer bytes.
    pub smallest: bool,
    /// What is handed on of the master's metadata.
    pub metadata: Metadata,
    /// In which colours.
    pub profile: Profile,
    /// With how many bits a sample.
    pub depth: Depth,
    /// Pixels per inch that the file claims; 0: says nothing.
    pub density: u16,
    /// Answer this in place of the picture.
    pub report: Option<Report>,
}

impl Default for OutputRule {
    fn default() -> Self {
        OutputRule {
            original: false,
            format: FormatRule::Source,
            quality: Quality::all(80),
            lossless: false,
            progressive: false,
            animation: true,
            palette: false,
            colors: 256,
            subsampling: Subsampling::S420,
            max_bytes: None,
            likeness: None,
            smallest: true,
            metadata: Metadata::Strip,
            profile: Profile::Srgb,
            depth: Depth::Eight,
            density: 0,
            report: None,
        }
    }
}

/// How the result is written for one class of clients: what a [`crate::DerivativeKey`] is made of, and what the renderer
/// gets. Fields that cannot matter for the formats that may come out stand at their neutral value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OutputSpec {
    /// The master's own bytes.
    pub original: bool,
    /// The first that holds the picture's alpha and animation is taken; if none does, the last one if `forced`, else as
    /// [`FormatRule::Source`].
    pub candidates: Vec<Format>,
    /// The candidates are a command: the last one is used even if it loses alpha or frames.
    pub forced: bool,
    /// Encoder quality.
    pub quality: Quality,
    /// Lossless WebP.
    pub lossless: bool,
    /// Progressive JPEG.
    pub progressive: bool,
    /// Keep all frames where the output holds them.
    pub animation: bool,
    /// PNG with a palette.
    pub palette: bool,
    /// Most colours of a palette; 256 where there is none.
    pub colors: u16,
    /// Colour of a JPEG.
    pub subsampling: Subsampling,
    /// Most bytes of the file.
    pub max_bytes: Option<u32>,
    /// How much it is to look like what was encoded, 1 to 100.
    pub likeness: Option<u8>,
    /// Of the candidates that hold the picture, the one that gives fewer bytes of the first and the fallback is taken.
    pub smallest: bool,
    /// What is handed on of the master's metadata.
    pub metadata: Metadata,
    /// In which colours.
    pub profile: Profile,
    /// With how many bits a sample.
    pub depth: Depth,
    /// Pixels per inch that the file claims; 0: says nothing.
    pub density: u16,
    /// This is answered in place of the picture; the candidates say which picture it is worked out from.
    pub report: Option<Report>,
}

impl OutputRule {
    /// Whether the answer depends on the client's `Accept` header.
    pub fn negotiates(&self) -> bool {
        !self.original
            && match &self.format {
                FormatRule::Negotiate { offer, .. } => offer.iter().any(|f| !AcceptClass::Basic.takes(*f)),
                FormatRule::Source | FormatRule::Always(_) => false,
            }
    }

    /// The output for one class of clients.
    pub fn resolve(&self, class: AcceptClass) -> OutputSpec {
        let (mut candidates, forced) = match &self.format {
            _ if self.original => (Vec::new(), false),
            FormatRule::Source => (Vec::new(), false),
            FormatRule::Always(format) => (vec![*format], true),
            FormatRule::Negotiate { offer, fallback } => {
                let mut list: Vec<Format> = offer.iter().copied().filter(|f| class.takes(*f)).collect();
                list.extend(*fallback);
                (list, fallback.is_some())
            }
        };
        let negotiated = matches!(self.format, FormatRule::Negotiate { .. });
        let mut seen = Vec::new();
        candidates.retain(|f| {
            !seen.contains(f) && {
                seen.push(*f);
                true
            }
        });
        let may = |format: Format| !self.original && (!forced || candidates.contains(&format));
        let picture = !self.original && self.report.is_none();
        let quality = |format: Format, value: u8| if may(format) && picture { value } else { 0 };
        let lossy = picture && (may(Format::Jpeg) || may(Format::Avif) || may(Format::Webp) && !self.lossless);
        OutputSpec {
            original: self.original,
            quality: Quality {
                jpeg: quality(Format::Jpeg, self.quality.jpeg),
                webp: if self.lossless { 0 } else { quality(Format::Webp, self.quality.webp) },
                avif: quality(Format::Avif, self.quality.avif),
            },
            lossless: self.lossless && may(Format::Webp),
            progressive: self.progressive && may(Format::Jpeg),
            animation: self.animation && (may(Format::Webp) || may(Format::Gif)),
            palette: self.palette && may(Format::Png),
            colors: if picture && (may(Format::Gif) || self.palette && may(Format::Png)) {
                self.colors.clamp(2, 256)
            } else {
                256
            },
            subsampling: if picture && may(Format::Jpeg) { self.subsampling } else { Subsampling::S420 },
            max_bytes: self.max_bytes.filter(|_| lossy),
            likeness: self.likeness.filter(|_| lossy).map(|points| points.clamp(1, 100)),
            smallest: picture && self.smallest && negotiated && candidates.len() > usize::from(forced),
            metadata: if picture { self.metadata } else { Metadata::Strip },
            profile: if picture { self.profile } else { Profile::Srgb },
            depth: if picture && (may(Format::Png) && !self.palette || may(Format::Avif)) {
                self.depth
            } else {
                Depth::Eight
            },
            density: if picture { self.density } else { 0 },
            report: self.report.clone().filter(|_| !self.original),
            candidates,
            forced,
        }
    }
}

impl fmt::Display for OutputRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.original {
            return f.write_str("original bytes");
        }
        match &self.format {
            FormatRule::Source => f.write_str("source format")?,
            FormatRule::Always(format) => format.fmt(f)?,
            FormatRule::Negotiate { offer, fallback } => {
                f.write_str("first accepted of")?;
                for format in offer {
                    write!(f, " {format}")?;
                }
                match fallback {
                    Some(format) => write!(f, ", else {format}")?,
                    None => f.write_str(", else source format")?,
                }
            }
        }
        let q = self.quality;
        if q.jpeg == q.webp && q.webp == q.avif {
            write!(f, ", quality {}", q.jpeg)?;
        } else {
            write!(f, ", quality {}/{}/{}", q.jpeg, q.webp, q.avif)?;
        }
        for (set, word) in [
            (self.lossless, ", lossless"),
            (self.progressive, ", progressive"),
            (!self.animation, ", first frame"),
            (self.palette, ", palette"),
            (!self.smallest && self.negotiates(), ", even if larger"),
        ] {
            if set {
                f.write_str(word)?;
            }
        }
        let rest = Rest {
            colors: self.colors,
            subsampling: self.subsampling,
            max_bytes: self.max_bytes,
            likeness: self.likeness,
            metadata: self.metadata,
            profile: self.profile,
            depth: self.depth,
            density: self.density,
            report: self.report.as_ref(),
        };
        rest.write(f, ", ")
    }
}

/// Canonical text, hashed into the derivative key.
impl fmt::Display for OutputSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.original {
            return f.write_str("original");
        }
        for format in &self.candidates {
            write!(f, "{format},")?;
        }
        if !self.forced {
            f.write_str("source,")?;
        }
        let q = self.quality;
        write!(f, "q={}/{}/{}", q.jpeg, q.webp, q.avif)?;
        for (set, word) in [
            (self.lossless, ",lossless"),
            (self.progressive, ",progressive"),
            (self.animation, ",animation"),
            (self.palette, ",palette"),
            (self.smallest, ",smallest"),
        ] {
            if set {
                f.write_str(word)?;
            }
        }
        let rest = Rest {
            colors: self.colors,
            subsampling: self.subsampling,
            max_bytes: self.max_bytes,
            likeness: self.likeness,
            metadata: self.metadata,
            profile: self.profile,
            depth: self.depth,
            density: self.density,
            report: self.report.as_ref(),
        };
        rest.write(f, ",")
    }
}

/// What is seldom asked for: written only where it is.
struct Rest<'a> {
    colors: u16,
    subsampling: Subsampling,
    max_bytes: Option<u32>,
    likeness: Option<u8>,
    metadata: Metadata,
    profile: Profile,
    depth: Depth,
    density: u16,
    report: Option<&'a Report>,
}

impl Rest<'_> {
    fn write(&self, f: &mut fmt::Formatter<'_>, between: &str) -> fmt::Result {
        if self.colors != 256 {
            write!(f, "{between}colors={}", self.colors)?;
        }
        if self.subsampling != Subsampling::S420 {
            write!(f, "{between}chroma={}", self.subsampling.name())?;
        }
        if let Some(most) = self.max_bytes {
            write!(f, "{between}bytes={most}")?;
        }
        if let Some(points) = self.likeness {
            write!(f, "{between}likeness={points}")?;
        }
        match self.metadata {
            Metadata::Strip => {}
            Metadata::Copyright => write!(f, "{between}metadata=copyright")?,
            Metadata::Keep => write!(f, "{between}metadata=keep")?,
        }
        match self.profile {
            Profile::Srgb => {}
            Profile::Tagged => write!(f, "{between}profile=srgb")?,
            Profile::AdobeRgb => write!(f, "{between}profile=adobe-rgb")?,
            Profile::Keep => write!(f, "{between}profile=keep")?,
        }
        if self.depth == Depth::Sixteen {
            write!(f, "{between}depth=16")?;
        }
        if self.density != 0 {
            write!(f, "{between}dpi={}", self.density)?;
        }
        match self.report {
            None => Ok(()),
            Some(Report::Info) => write!(f, "{between}report=info"),
            Some(Report::PaletteJson { colors }) => write!(f, "{between}report=palette-json({colors})"),
            Some(Report::PaletteCss { colors, prefix }) => {
                write!(f, "{between}report=palette-css({colors} {}({prefix}))", prefix.len())
            }
            Some(Report::BlurHash { across, down }) => write!(f, "{between}report=blurhash({across} {down})"),
            Some(Report::ThumbHash) => write!(f, "{between}report=thumbhash"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_accept_headers() {
        for (header, want) in [
            ("", AcceptClass::Basic),
            ("*/*", AcceptClass::Basic),
            ("image/avif,image/webp,image/apng,*/*;q=0.8", AcceptClass::Avif),
            ("image/webp,*/*", AcceptClass::Webp),
            ("IMAGE/WEBP;q=0.5", AcceptClass::Webp),
            ("image/avif;q=0, image/webp", AcceptClass::Webp),
            ("image/avif;q=0.000", AcceptClass::Basic),
        ] {
            assert_eq!(AcceptClass::from_header(header), want, "{header}");
        }
    }

    #[test]
    fn what_cannot_matter_does_not_split_the_key() {
        let jpeg =
            OutputRule { format: FormatRule::Always(Format::Jpeg), quality: Quality::all(80), ..OutputRule::default() };
        let other = OutputRule {
            quality: Quality { jpeg: 80, webp: 10, avif: 10 },
            lossless: true,
            palette: true,
            animation: false,
            ..jpeg.clone()
        };
        assert_eq!(jpeg.resolve(AcceptClass::Basic), other.resolve(AcceptClass::Avif));
    }

    #[test]
    fn the_text_tells_every_field_apart() {
        let base = || OutputRule { format: FormatRule::Always(Format::Jpeg), ..OutputRule::default() };
        let changed = |change: fn(&mut OutputRule)| {
            let mut rule = base();
            change(&mut rule);
            rule.resolve(AcceptClass::Basic).to_string()
        };
        let mut texts = vec![
            changed(|_| {}),
            changed(|r| r.subsampling = Subsampling::S444),
            changed(|r| r.max_bytes = Some(1000)),
            changed(|r| r.likeness = Some(80)),
            changed(|r| r.metadata = Metadata::Keep),
            changed(|r| r.metadata = Metadata::Copyright),
            changed(|r| r.profile = Profile::Keep),
            changed(|r| r.profile = Profile::Tagged),
            changed(|r| r.profile = Profile::AdobeRgb),
            changed(|r| r.density = 300),
            changed(|r| r.report = Some(Report::Info)),
            changed(|r| r.report = Some(Report::PaletteJson { colors: 6 })),
            changed(|r| r.report = Some(Report::PaletteCss { colors: 6, prefix: "image".into() })),
            changed(|r| r.report = Some(Report::PaletteCss { colors: 6, prefix: "im".into() })),
            changed(|r| r.report = Some(Report::BlurHash { across: 4, down: 3 })),
            changed(|r| r.report = Some(Report::ThumbHash)),
            changed(|r| (r.format, r.palette, r.colors) = (FormatRule::Always(Format::Png), true, 16)),
            changed(|r| (r.format, r.palette) = (FormatRule::Always(Format::Png), true)),
            changed(|r| r.format = FormatRule::Always(Format::Png)),
        ];
        let count = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), count, "{texts:#?}");
        // What cannot matter is not there.
        assert_eq!(changed(|r| r.colors = 9), changed(|_| {}));
        assert_eq!(changed(|r| r.smallest = true), changed(|_| {}));
    }

    #[test]
    fn offers_follow_the_client() {
        let rule = OutputRule {
            format: FormatRule::Negotiate { offer: vec![Format::Avif, Format::Webp], fallback: None },
            ..OutputRule::default()
        };
        assert!(rule.negotiates());
        let candidates = |class| rule.resolve(class).candidates;
        assert_eq!(candidates(AcceptClass::Basic), vec![]);
        assert_eq!(candidates(AcceptClass::Webp), vec![Format::Webp]);
        assert_eq!(candidates(AcceptClass::Avif), vec![Format::Avif, Format::Webp]);
    }
}
