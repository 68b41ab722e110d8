//! What clients say of themselves in header fields, for URLs that leave something to them.
//!
//! `Sec-CH-Width` and `Sec-CH-DPR` (WICG, Responsive Image Client Hints) and the older `Width` and `DPR`
//! (draft-ietf-httpbis-client-hints-06), and `Save-Data` (WICG, Save Data API). Whoever asks may write anything into them:
//! what cannot be read is ignored and reported, never an error, and what can is brought to few values, so that nobody makes
//! many variants of one picture.

use plan::Fixed;

use crate::request::{Warning, WarningKind};
use crate::text;

/// Widths are rounded up to a multiple of this: at most 656 of them, and 82 below 8192. ImageKit documents the step.
const WIDTH_STEP: u32 = 100;
/// Ratios are rounded up to a multiple of this: at most 40 of them. Screens mostly have a quarter or a half.
const DPR_STEP: f64 = 0.25;
/// The widest layout that is believed; beyond it no format is written.
const WIDEST: u32 = 65_535;
/// Ratios that are believed.
const DPRS: std::ops::RangeInclusive<f64> = 0.1..=10.0;
/// Longer values are no numbers.
const LONGEST: usize = 16;

/// Which hints a URL leaves something to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Listens {
    /// The width of the place that the picture is for, in physical pixels.
    pub width: bool,
    /// How many physical pixels the client has for one of the layout.
    pub dpr: bool,
    /// Whether the client wants to save data.
    pub save_data: bool,
}

impl Listens {
    /// Whether any hint counts.
    pub const fn any(self) -> bool {
        self.width || self.dpr || self.save_data
    }

    /// The header fields that the answer depends on, lower case: what `Vary` has to name.
    pub fn fields(self) -> impl Iterator<Item = &'static str> {
        let of = |counts: bool, names: &'static [&'static str]| if counts { names } else { &[] };
        let all = [of(self.width, WIDTH), of(self.dpr, DPR), of(self.save_data, SAVE_DATA)];
        all.into_iter().flatten().copied()
    }
}

const WIDTH: &[&str] = &["sec-ch-width", "width"];
const DPR: &[&str] = &["sec-ch-dpr", "dpr"];
const SAVE_DATA: &[&str] = &["save-data"];

/// Hints, brought to few values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Hints {
    width: Option<u32>,
    dpr: Option<Fixed>,
    save_data: bool,
}

impl Hints {
    /// A client that says nothing.
    pub const NONE: Hints = Hints { width: None, dpr: None, save_data: false };

    /// Rounds a width of at least 1 up to the next 100 pixels, and a ratio above 0 up to the next quarter.
    pub fn new(width: Option<u32>, dpr: Option<f64>, save_data: bool) -> Hints {
        let width = width.map(|px| px.clamp(1, WIDEST).next_multiple_of(WIDTH_STEP));
        let dpr = dpr.map(|dpr| {
            let within = Fixed::new(dpr).clamp_to(*DPRS.start(), *DPRS.end()).get();
            Fixed::new((within / DPR_STEP).ceil() * DPR_STEP)
        });
        Hints { width, dpr, save_data }
    }

    /// Those that a URL listens to.
    #[must_use]
    pub fn heard_by(self, listens: Listens) -> Hints {
        Hints {
            width: self.width.filter(|_| listens.width),
            dpr: self.dpr.filter(|_| listens.dpr),
            save_data: self.save_data && listens.save_data,
        }
    }

    /// In physical pixels, a multiple of 100.
    pub const fn width(self) -> Option<u32> {
        self.width
    }

    /// A multiple of a quarter.
    pub const fn dpr(self) -> Option<Fixed> {
        self.dpr
    }

    /// Whether the client wants to save data.
    pub const fn save_data(self) -> bool {
        self.save_data
    }
}

/// What a client said, word for word.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// In physical pixels.
    pub width: Option<u32>,
    /// Physical pixels for one of the layout.
    pub dpr: Option<f64>,
    /// Whether it wants to save data.
    pub save_data: bool,
    /// What was ignored.
    pub warnings: Vec<Warning>,
}

impl Heard {
    /// Reads the header fields that a URL listens to. `values` gives all values of a field by its lower-case name; those that
    /// are no text may stand for anything that is no number. The newer of two names goes before the older.
    pub fn read<'v, V: Iterator<Item = &'v str>>(listens: Listens, values: impl Fn(&'static str) -> V) -> Heard {
        let mut heard = Heard::default();
        if listens.width {
            heard.width = heard.first(WIDTH, &values, "a whole number from 1 to 65535", |text| {
                text::whole(text).filter(|px| (1..=WIDEST).contains(px))
            });
        }
        if listens.dpr {
            heard.dpr = heard.first(DPR, &values, "a number from 0.1 to 10", |text| {
                let plain = text.starts_with(|c: char| c.is_ascii_digit());
                text::number(text).filter(|dpr| plain && DPRS.contains(dpr))
            });
        }
        if listens.save_data {
            let said = heard.first(SAVE_DATA, &values, "on", |text| match text.to_ascii_lowercase().as_str() {
                "on" => Some(true),
                "off" => Some(false),
                _ => None,
            });
            heard.save_data = said == Some(true);
        }
        heard
    }

    /// The first value that can be read, of fields that are given once.
    fn first<'v, T, V: Iterator<Item = &'v str>>(
        &mut self,
        fields: &[&'static str],
        values: impl Fn(&'static str) -> V,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let mut found = None;
        for field in fields {
            let mut given = values(field);
            let Some(value) = given.next() else { continue };
            let kind = if given.next().is_some() { WarningKind::Repeated } else { WarningKind::Invalid };
            let text = value.trim();
            let value = Some(text).filter(|text| text.len() <= LONGEST && kind == WarningKind::Invalid).and_then(&read);
            match value {
                Some(value) => found = found.or(Some(value)),
                None => self.warnings.push(Warning {
                    kind,
                    parameter: (*field).to_owned(),
                    value: text.chars().take(LONGEST).collect(),
                    allowed: allowed.to_owned(),
                }),
            }
        }
        found
    }

    /// Brought to few values.
    pub fn hints(&self) -> Hints {
        Hints::new(self.width, self.dpr, self.save_data)
    }

    /// What `Content-DPR` says of a picture of so many pixels across: how many of them lie on one of the client's layout
    /// (draft-ietf-httpbis-client-hints-06, section 3.2.1). `None` where the client has said nothing that tells.
    pub fn content_dpr(&self, delivered: u32) -> Option<f64> {
        match (self.width, self.dpr) {
            (Some(width), dpr) => Some(f64::from(delivered) * dpr.unwrap_or(1.0) / f64::from(width)),
            (None, Some(_)) => self.hints().dpr().map(Fixed::get),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    const ALL: Listens = Listens { width: true, dpr: true, save_data: true };

    fn read(listens: Listens, fields: &[(&str, &str)]) -> (Heard, String) {
        let heard = Heard::read(listens, |name| {
            let of: Vec<&str> = fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| *value).collect();
            of.into_iter()
        });
        let warnings = heard.warnings.iter().map(|w| format!("{}:{}", w.kind.name(), w.parameter));
        let warnings = warnings.collect::<Vec<_>>().join(" ");
        (heard, warnings)
    }

    #[test]
    fn fields_are_read_by_both_names_and_what_makes_no_sense_is_ignored() {
        for (fields, width, dpr, save_data, warnings) in [
            (&[][..], None, None, false, ""),
            (&[("sec-ch-width", "212"), ("sec-ch-dpr", "2.0")], Some(212), Some(2.0), false, ""),
            (&[("width", "212"), ("dpr", "1.5"), ("save-data", "on")], Some(212), Some(1.5), true, ""),
            (&[("sec-ch-width", "300"), ("width", "200")], Some(300), None, false, ""),
            (&[("sec-ch-width", "x"), ("width", "200")], Some(200), None, false, "invalid:sec-ch-width"),
            (&[("width", " 7 "), ("save-data", "On")], Some(7), None, true, ""),
            (&[("save-data", "off")], None, None, false, ""),
            (&[("save-data", "1")], None, None, false, "invalid:save-data"),
            (&[("width", "0")], None, None, false, "invalid:width"),
            (&[("width", "-5")], None, None, false, "invalid:width"),
            (&[("width", "+5")], None, None, false, "invalid:width"),
            (&[("width", "1e9")], None, None, false, "invalid:width"),
            (&[("width", "1000000000")], None, None, false, "invalid:width"),
            (&[("width", "99999999999999999999")], None, None, false, "invalid:width"),
            (&[("width", "65535"), ("dpr", "10")], Some(65_535), Some(10.0), false, ""),
            (&[("width", "300, 400")], None, None, false, "invalid:width"),
            (&[("width", "300"), ("width", "400")], None, None, false, "repeated:width"),
            (&[("width", "")], None, None, false, "invalid:width"),
            (&[("dpr", "0")], None, None, false, "invalid:dpr"),
            (&[("dpr", "-2")], None, None, false, "invalid:dpr"),
            (&[("dpr", "+2")], None, None, false, "invalid:dpr"),
            (&[("dpr", "nan")], None, None, false, "invalid:dpr"),
            (&[("dpr", "1e9")], None, None, false, "invalid:dpr"),
            (&[("dpr", "11")], None, None, false, "invalid:dpr"),
            (&[("dpr", "..")], None, None, false, "invalid:dpr"),
            (
                &[("sec-ch-dpr", "abc"), ("dpr", "1"), ("dpr", "2")],
                None,
                None,
                false,
                "invalid:sec-ch-dpr repeated:dpr",
            ),
        ] {
            let (heard, told) = read(ALL, fields);
            assert_eq!((heard.width, heard.dpr, heard.save_data), (width, dpr, save_data), "{fields:?}");
            assert_eq!(told, warnings, "{fields:?}");
        }
        let deaf = read(Listens::default(), &[("width", "x"), ("dpr", "x"), ("save-data", "x")]);
        assert_eq!(deaf, (Heard::default(), String::new()), "nothing is said about what nobody listens to");
    }

    #[test]
    fn values_are_few() {
        for (width, want) in [(1, 100), (99, 100), (100, 100), (101, 200), (212, 300), (8192, 8200), (65_535, 65_600)] {
            assert_eq!(Hints::new(Some(width), None, false).width(), Some(want), "{width}");
        }
        for (dpr, want) in [(0.1, 0.25), (1.0, 1.0), (1.1, 1.25), (2.0, 2.0), (2.625, 2.75), (3.0, 3.0), (99.0, 10.0)] {
            assert_eq!(Hints::new(None, Some(dpr), false).dpr(), Some(Fixed::new(want)), "{dpr}");
        }
    }

    #[test]
    fn only_what_is_listened_to_counts() {
        let all = Hints::new(Some(300), Some(2.0), true);
        assert_eq!(all.heard_by(ALL), all);
        assert_eq!(all.heard_by(Listens::default()), Hints::NONE);
        assert_eq!(all.heard_by(Listens { dpr: true, ..Listens::default() }), Hints::new(None, Some(2.0), false));
        let fields: Vec<&str> = ALL.fields().collect();
        assert_eq!(fields, ["sec-ch-width", "width", "sec-ch-dpr", "dpr", "save-data"]);
        assert_eq!(Listens { save_data: true, ..Listens::default() }.fields().collect::<Vec<_>>(), ["save-data"]);
    }

    /// The vendor's example: 212 physical pixels on a screen of 2, answered with 300.
    #[test]
    fn content_dpr_is_what_lies_on_one_pixel_of_the_layout() {
        let of = |width, dpr, delivered| Heard { width, dpr, ..Heard::default() }.content_dpr(delivered);
        assert_eq!(of(Some(212), Some(2.0), 300).map(|dpr| format!("{dpr:.2}")).as_deref(), Some("2.83"));
        assert_eq!(of(Some(200), None, 200), Some(1.0));
        assert_eq!(of(None, Some(2.6), 700), Some(2.75), "what was worked in");
        assert_eq!(of(None, None, 700), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: testkit::cases(300), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_sent_the_hints_are_in_range(width in ".{0,20}", dpr in "[-+0-9.eE]{0,12}", data in ".{0,6}") {
            let (heard, _) = read(ALL, &[("width", &width), ("sec-ch-dpr", &dpr), ("save-data", &data)]);
            let hints = heard.hints();
            prop_assert!(hints.width().is_none_or(|px| px % 100 == 0 && (100..=65_600).contains(&px)));
            prop_assert!(hints.dpr().is_none_or(|dpr| (0.25..=10.0).contains(&dpr.get())));
            prop_assert!(heard.content_dpr(300).is_none_or(f64::is_finite));
            prop_assert_eq!(Hints::new(hints.width().map(|w| w.min(65_500)), None, false).width(), hints.width().map(|w| w.min(65_500)));
        }
    }
}
