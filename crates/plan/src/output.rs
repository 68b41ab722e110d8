use crate::Format;

/// What a client can show, folded from its `Accept` header. Cached answers are kept per class, so there are only three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AcceptClass {
    /// Neither WebP nor AVIF named.
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
        let mut seen = Vec::new();
        candidates.retain(|f| {
            !seen.contains(f) && {
                seen.push(*f);
                true
            }
        });
        let may = |format: Format| !self.original && (!forced || candidates.contains(&format));
        let quality = |format: Format, value: u8| if may(format) { value } else { 0 };
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
            candidates,
            forced,
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
