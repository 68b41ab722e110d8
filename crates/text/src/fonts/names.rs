//! Names of families: how they are compared, which stand for others, and which are asked first.

/// The way Han letters are written. Unicode has one code for each letter, fonts have a form for each country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Han {
    Simplified,
    Taiwan,
    HongKong,
    Japanese,
    Korean,
}

impl Han {
    pub(crate) const COUNT: usize = 5;
    pub(crate) const ALL: [Han; Han::COUNT] = [Han::Simplified, Han::Taiwan, Han::HongKong, Han::Japanese, Han::Korean];

    /// From a BCP 47 tag; `None` for languages without Han letters.
    pub(crate) fn of_language(tag: &str) -> Option<Han> {
        let tag = tag.to_ascii_lowercase();
        let mut parts = tag.split(['-', '_']);
        let language = parts.next().unwrap_or_default();
        let rest: Vec<&str> = parts.collect();
        let has = |part: &str| rest.contains(&part);
        match language {
            "ja" => Some(Han::Japanese),
            "ko" => Some(Han::Korean),
            "yue" => Some(Han::HongKong),
            "zh" if has("hk") || has("mo") => Some(Han::HongKong),
            "zh" if has("tw") || has("hant") => Some(Han::Taiwan),
            "zh" => Some(Han::Simplified),
            _ => None,
        }
    }

    /// From the letters that only one of them uses.
    pub(crate) fn of_text(text: &str) -> Han {
        let any = |of: fn(char) -> bool| text.chars().any(of);
        if any(|c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9d}')) {
            Han::Japanese
        } else if any(|c| matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}')) {
            Han::Korean
        } else if any(|c| matches!(c, '\u{3105}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}')) {
            Han::Taiwan
        } else {
            Han::Simplified
        }
    }

    /// How families that exist once for each country end.
    fn suffix(self) -> &'static str {
        match self {
            Han::Simplified => "sc",
            Han::Taiwan => "tc",
            Han::HongKong => "hk",
            Han::Japanese => "jp",
            Han::Korean => "kr",
        }
    }
}

/// A font's name as vendors write it, taken apart: `Arial-Bold-Italic`, `Helvetica Neue,bold`, `FreeSans Oblique`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontName {
    /// The family, for [`Style::families`](crate::Style::families).
    pub family: String,
    /// For [`Style::weight`](crate::Style::weight), where the name says one.
    pub weight: Option<u16>,
    /// For [`Style::italic`](crate::Style::italic).
    pub italic: bool,
}

impl FontName {
    /// Takes words of style from the end of a name, as long as a family is left. Weights are those of OpenType's `usWeightClass`.
    pub fn parse(name: &str) -> FontName {
        let mut found = FontName { family: name.trim().to_owned(), weight: None, italic: false };
        let splits = |c: char| matches!(c, ',' | '-' | '_' | ' ');
        while let Some((family, word)) = found.family.rsplit_once(splits) {
            let family = family.trim_end_matches(splits);
            match word.to_ascii_lowercase().as_str() {
                "italic" | "oblique" => found.italic = true,
                "regular" | "normal" | "roman" | "book" | "" => {}
                "thin" => found.weight = Some(100),
                "extralight" => found.weight = Some(200),
                "light" => found.weight = Some(300),
                "medium" => found.weight = Some(500),
                "semibold" | "demibold" => found.weight = Some(600),
                "bold" => found.weight = Some(700),
                "extrabold" => found.weight = Some(800),
                "black" | "heavy" => found.weight = Some(900),
                _ => break,
            }
            if family.is_empty() {
                break;
            }
            found.family = family.to_owned();
        }
        found
    }
}

/// Lower case, letters and digits only: `Open Sans`, `open-sans` and `OPEN_SANS` are one.
pub(super) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Families that may stand for this one, best first, all folded. Arimo, Tinos and Cousine (and the Liberation fonts made
/// of them) are drawn to the widths of Arial, Times New Roman and Courier New, Gelasio to Georgia's, Carlito and Caladea to
/// Calibri's and Cambria's. The embedded family is Open Sans with more scripts and stands for that and for every sans-serif.
pub(super) fn substitutes(folded: &str) -> &'static [&'static str] {
    match folded {
        "sansserif" | "arial" | "helvetica" | "helveticaneue" | "freesans" => &["liberationsans", "arimo", "notosans"],
        "opensans" | "noto" | "systemui" | "verdana" | "tahoma" => &["notosans"],
        "serif" | "timesnewroman" | "times" | "freeserif" => &["liberationserif", "tinos", "notoserif", "dejavuserif"],
        "monospace" | "couriernew" | "courier" | "freemono" | "andalemono" => {
            &["liberationmono", "cousine", "notosansmono", "dejavusansmono"]
        }
        "georgia" => &["gelasio", "notoserif", "dejavuserif"],
        "calibri" => &["carlito"],
        "cambria" => &["caladea"],
        "cursive" | "comicsansms" => &["comicneue", "dancingscript"],
        "fantasy" | "impact" => &["anton", "oswald"],
        _ => &[],
    }
}

/// The smaller, the earlier a family of the folders is asked for a character: plain sans-serif first, as the embedded
/// family is one; of families that exist for each country, the asked one.
pub(super) fn rank(name: &str, han: Han) -> (u8, u8, u8) {
    let lower = name.to_lowercase();
    let has = |word: &str| lower.contains(word);
    let kind = if has("mono") {
        2
    } else if has("serif") && !has("sans") {
        1
    } else {
        u8::from(!has("sans")) * 3
    };
    let special = ["condensed", "narrow", "light", "black", "thin", "display", "caps", "math", "symbol"];
    let special = u8::from(special.iter().any(|word| has(word)));
    let last = lower.rsplit(' ').next().unwrap_or_default();
    let other_country = Han::ALL.iter().any(|h| h.suffix() == last) && last != han.suffix();
    (special, kind, u8::from(other_country))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn names_are_compared_folded() {
        for name in ["Open Sans", "open-sans", "OPEN_SANS", "OpenSans"] {
            assert_eq!(fold(name), "opensans");
        }
        assert_eq!(fold("Žluťoučký 2"), "žluťoučký2");
    }

    #[test]
    fn styles_are_taken_from_names() {
        for (name, family, weight, italic) in [
            ("Arial", "Arial", None, false),
            ("Arial-Bold-Italic", "Arial", Some(700), true),
            ("Helvetica Neue,bold", "Helvetica Neue", Some(700), false),
            ("FreeSans-Oblique", "FreeSans", None, true),
            ("Century-Schoolbook-L-Roman", "Century-Schoolbook-L", None, false),
            ("Arial-Black", "Arial", Some(900), false),
            ("-bold", "-bold", Some(700), false),
            ("Bold", "Bold", None, false),
            ("", "", None, false),
        ] {
            let want = FontName { family: family.to_owned(), weight, italic };
            assert_eq!(FontName::parse(name), want, "{name}");
        }
    }

    #[test]
    fn han_letters_follow_language_and_text() {
        for (tag, want) in [
            ("ja", Some(Han::Japanese)),
            ("zh-Hant", Some(Han::Taiwan)),
            ("zh-Hant-HK", Some(Han::HongKong)),
            ("ZH-cn", Some(Han::Simplified)),
            ("ko-KR", Some(Han::Korean)),
            ("de", None),
        ] {
            assert_eq!(Han::of_language(tag), want, "{tag}");
        }
        for (text, want) in
            [("漢字かな", Han::Japanese), ("漢字", Han::Simplified), ("한글 漢字", Han::Korean), ("ㄅ", Han::Taiwan)]
        {
            assert_eq!(Han::of_text(text), want, "{text}");
        }
    }

    #[test]
    fn plain_sans_serif_of_the_right_country_comes_first() {
        let mut names = ["Noto Serif CJK JP", "Noto Sans Mono CJK JP", "Noto Sans CJK KR", "Noto Sans CJK JP"];
        names.sort_by_key(|name| rank(name, Han::Korean));
        assert_eq!(names, ["Noto Sans CJK KR", "Noto Sans CJK JP", "Noto Serif CJK JP", "Noto Sans Mono CJK JP"]);
    }
}
