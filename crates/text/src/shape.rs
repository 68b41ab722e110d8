//! Characters to glyphs on lines, by way of parley.

use std::borrow::Cow;

use parley::{
    BaseDirection, BreakReason, FontFamily, FontFamilyName, FontFeature, FontFeatures, FontStyle, FontWeight, Language,
    Layout, OverflowWrap, StyleProperty, setting::Tag,
};

use crate::fonts::{Fonts, Han, Worker};
use crate::prepare::{emoji_ranges, is_invisible};
use crate::style::{Direction, Ligatures, LineHeight, Overflow, Style};

pub(crate) type Lines = Layout<()>;

/// Sets texts in one style; a text of several candidates (shrunk, cut) is shaped once for each.
pub(crate) struct Setter<'a> {
    pub(crate) style: &'a Style,
    pub(crate) fonts: &'a Fonts,
    pub(crate) worker: &'a mut Worker,
    /// Asked for by the style and there.
    families: Vec<&'a str>,
    pub(crate) unknown: Vec<String>,
    pub(crate) direction: Direction,
}

impl<'a> Setter<'a> {
    pub(crate) fn new(style: &'a Style, fonts: &'a Fonts, worker: &'a mut Worker) -> Self {
        let mut families = Vec::new();
        let mut unknown = Vec::new();
        for name in &style.families {
            match fonts.family(name) {
                Some(family) if !families.contains(&family) => families.push(family),
                Some(_) => {}
                None => unknown.push(name.clone()),
            }
        }
        families.extend(Fonts::embedded_families());
        Setter { style, fonts, worker, families, unknown, direction: style.direction }
    }

    /// Shapes this text as if the style's size were `scale` times that, letter spacing and line height likewise. Lines are
    /// not broken yet.
    pub(crate) fn shape(&mut self, text: &str, scale: f32) -> Lines {
        let style = self.style;
        let families = self.families_for(text);
        let emoji: Vec<&str> = self.fonts.emoji().collect();
        let list = |names: &mut dyn Iterator<Item = &&'a str>| {
            FontFamily::List(Cow::Owned(names.map(|name| FontFamilyName::named(name)).collect()))
        };
        let plain = list(&mut families.iter().chain(&emoji));
        let colored = list(&mut emoji.iter().chain(&families));
        let features = features(style.ligatures);
        let language = style.language.as_deref().and_then(|tag| Language::parse(tag).ok());

        let mut builder = self.worker.layouts.ranged_builder(&mut self.worker.fonts, text, 1.0, true);
        builder.set_base_direction(match self.direction {
            Direction::Auto => BaseDirection::Auto,
            Direction::LeftToRight => BaseDirection::Ltr,
            Direction::RightToLeft => BaseDirection::Rtl,
        });
        builder.push_default(StyleProperty::FontFamily(plain));
        builder.push_default(StyleProperty::FontSize(style.size * scale));
        builder.push_default(StyleProperty::FontWeight(FontWeight::new(style.weight.into())));
        builder.push_default(StyleProperty::FontStyle(if style.italic {
            FontStyle::Italic
        } else {
            FontStyle::Normal
        }));
        builder.push_default(StyleProperty::FontFeatures(FontFeatures::List(Cow::Owned(features))));
        builder.push_default(StyleProperty::Locale(language));
        builder.push_default(StyleProperty::LetterSpacing(style.letter_spacing * scale));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        builder.push_default(StyleProperty::LineHeight(match style.line_height {
            LineHeight::Font => parley::LineHeight::MetricsRelative(1.0),
            LineHeight::Times(times) => parley::LineHeight::FontSizeRelative(times),
            LineHeight::Pixels(pixels) => parley::LineHeight::Absolute(pixels * scale),
        }));
        if !emoji.is_empty() {
            for range in emoji_ranges(text) {
                builder.push(StyleProperty::FontFamily(colored.clone()), range);
            }
        }
        builder.build(text)
    }

    /// The style's families, the embedded ones, and whichever of the folders' this text needs.
    fn families_for(&mut self, text: &str) -> Vec<&'a str> {
        let han = self.style.language.as_deref().and_then(Han::of_language).unwrap_or_else(|| Han::of_text(text));
        let mut foreign: Vec<char> = text.chars().filter(|c| !c.is_ascii() && !is_invisible(*c)).collect();
        foreign.sort_unstable();
        foreign.dedup();
        foreign.retain(|c| !Fonts::any_covers(self.worker, &self.families, *c));
        let mut families = self.families.clone();
        families.extend(self.fonts.fallbacks(self.worker, foreign.into_iter(), han));
        families
    }
}

/// CSS Fonts 4, section 6.4, says which features make which ligatures.
fn features(ligatures: Ligatures) -> Vec<FontFeature> {
    let (common, rare) = match ligatures {
        Ligatures::Required => (0, 0),
        Ligatures::Common => return Vec::new(),
        Ligatures::All => (1, 1),
    };
    [(b"liga", common), (b"clig", common), (b"dlig", rare), (b"hlig", rare)]
        .map(|(tag, value)| FontFeature::new(Tag::new(tag), value))
        .to_vec()
}

/// What lines measure after a break.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measure {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) lines: usize,
    /// Some line ends within its paragraph.
    pub(crate) wrapped: bool,
    /// Some line ends within a word.
    pub(crate) broke_word: bool,
}

/// Breaks at this width, or only where the text itself does.
pub(crate) fn break_lines(lines: &mut Lines, width: Option<f32>) -> Measure {
    lines.break_all_lines(width);
    let ends = |reason| lines.lines().any(|line| line.break_reason() == reason);
    let broke_word = ends(BreakReason::Emergency);
    Measure {
        width: lines.width(),
        height: lines.height(),
        lines: lines.len(),
        wrapped: broke_word || ends(BreakReason::Regular),
        broke_word,
    }
}

/// Whether lines of this measure, all lengths multiplied by `scale`, fit the room of the style.
pub(crate) fn fits(measure: &Measure, style: &Style, scale: f32) -> bool {
    // A hundredth of a pixel is rounding, not width.
    let within = |length: f32, max: Option<u32>| max.is_none_or(|max| length * scale <= max as f32 + 0.01);
    within(measure.width, style.max_width)
        && within(measure.height, style.max_height)
        && style.max_lines.is_none_or(|max| measure.lines <= max as usize)
        && !(measure.broke_word && style.overflow == Overflow::Shrink)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    /// Clusters from left to right, by the place of their glyphs.
    fn seen(text: &str, direction: Direction) -> String {
        let fonts = Fonts::embedded();
        let style = Style { direction, ..Style::default() };
        fonts.with_worker(|worker| {
            let mut lines = Setter::new(&style, &fonts, worker).shape(text, 1.0);
            break_lines(&mut lines, None);
            let mut placed: Vec<(f32, String)> = Vec::new();
            for line in lines.lines() {
                for run in line.runs() {
                    for cluster in run.visual_clusters() {
                        let x = cluster.visual_offset().unwrap();
                        placed.push((x, text[cluster.text_range()].to_owned()));
                    }
                }
            }
            placed.sort_by(|a, b| a.0.total_cmp(&b.0));
            placed.into_iter().map(|(_, cluster)| cluster).collect()
        })
    }

    /// The orders follow from the Unicode bidirectional algorithm (UAX 9): runs to the left are reversed, numbers in them
    /// are not, brackets go with what they enclose, and neutral characters with the paragraph.
    #[test]
    fn letters_stand_in_bidirectional_order() {
        use Direction::{Auto, LeftToRight, RightToLeft};
        for (text, direction, want) in [
            ("abc אבג def", Auto, "abc גבא def"),
            ("אבג abc דהו", Auto, "והד abc גבא"),
            ("אבג 123 דהו", Auto, "והד 123 גבא"),
            ("abc (אבג) def", Auto, "abc (גבא) def"),
            ("abc!", LeftToRight, "abc!"),
            ("abc!", RightToLeft, "!abc"),
            ("אבג!", Auto, "!גבא"),
            ("אבג!", LeftToRight, "גבא!"),
            ("a\u{202e}bcd\u{202c}e", Auto, "a\u{202e}dcb\u{202c}e"),
        ] {
            let shown = seen(text, direction);
            let visible = |text: &str| text.chars().filter(|c| !is_invisible(*c) || *c == ' ').collect::<String>();
            assert_eq!(visible(&shown), visible(want), "{text} {direction:?}");
        }
    }

    /// Arabic letters are joined: in the middle of a word they have other glyphs than alone.
    #[test]
    fn arabic_letters_are_joined() {
        let fonts = Fonts::embedded();
        let style = Style::default();
        let glyphs = |text: &str| -> Vec<u32> {
            fonts.with_worker(|worker| {
                let mut lines = Setter::new(&style, &fonts, worker).shape(text, 1.0);
                break_lines(&mut lines, None);
                let runs: Vec<_> = lines.lines().flat_map(|line| line.runs().collect::<Vec<_>>()).collect();
                runs.iter().flat_map(|run| run.visual_clusters()).flat_map(|c| c.glyphs()).map(|g| g.id).collect()
            })
        };
        let (alone, word) = (glyphs("ع"), glyphs("ععع"));
        assert_eq!((alone.len(), word.len()), (1, 3));
        assert!(!word.contains(&alone[0]) && word[0] != word[1] && word[1] != word[2] && word[0] != word[2]);
    }
    /// Thai is written without spaces; a dictionary says where words end.
    #[test]
    fn thai_lines_end_with_words() {
        let words = ["ภาษา", "ไทย", "เป็น", "ภาษา", "ราชการ", "ของ", "ประเทศ", "ไทย"];
        let text = words.concat();
        let ends: Vec<usize> = (1..=words.len()).map(|n| words[..n].concat().len()).collect();
        let fonts = Fonts::embedded();
        let style = Style::default();
        fonts.with_worker(|worker| {
            let mut lines = Setter::new(&style, &fonts, worker).shape(&text, 1.0);
            let measure = break_lines(&mut lines, Some(100.0));
            assert!(measure.lines >= 3 && !measure.broke_word, "{measure:?}");
            for line in lines.lines() {
                assert!(ends.contains(&line.text_range().end), "{:?} is not in {ends:?}", line.text_range());
            }
        });
    }
}
