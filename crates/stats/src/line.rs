//! One request, as a line of the log.

use std::net::IpAddr;

use plan::reason::{Miss, Served};

use crate::coding::{Reader, Writer};

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $longest:literal,)*) => {
        /// The texts of a line, each of which is cut at a length.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Text { $($(#[$doc])* $name,)* }

        impl Text {
            /// Every one.
            pub const ALL: &[Text] = &[$(Text::$name),*];

            /// Its longest length in bytes.
            pub const fn longest(self) -> usize {
                match self { $(Text::$name => $longest,)* }
            }
        }
    };
}

texts! {
    /// The method.
    Method = 16,
    /// The `Host` header.
    Host = 128,
    /// Path and query.
    Target = 1024,
    /// The site's name; empty where none was found.
    Site = 128,
    /// The site's dialect; empty where it has none.
    Dialect = 16,
    /// The error's code; empty where there is none.
    Code = 64,
    /// The answer's media type.
    ContentType = 64,
    /// Origin and path of the page that the picture is on.
    Referrer = 256,
    /// What the client says it is.
    UserAgent = 256,
    /// The master.
    Master = 512,
}

const TEXTS: usize = Text::ALL.len();
const VERSION: u8 = 1;

/// One answered request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Grows from line to line, and from start to start; 0 while it has none.
    pub id: u64,
    /// When it was answered, in milliseconds since the Unix epoch.
    pub at: u64,
    /// Who asked, as far as that is kept.
    pub client: Option<IpAddr>,
    /// HTTP status.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: u64,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// Where the answer came from; `None` where the cache was not asked.
    pub served: Option<Served>,
    /// Why there was nothing to serve.
    pub missed: Option<Miss>,
    pub(crate) texts: Box<str>,
    pub(crate) ends: [u16; TEXTS],
}

impl Line {
    /// A line with these texts, in the order of [`Text::ALL`]; the other fields are empty.
    pub fn new(texts: [&str; TEXTS]) -> Line {
        let cut = |place: usize| cut(texts[place], Text::ALL[place].longest());
        let mut all = String::with_capacity((0..TEXTS).map(|place| cut(place).len()).sum());
        let mut ends = [0; TEXTS];
        for (place, end) in ends.iter_mut().enumerate() {
            all.push_str(cut(place));
            *end = all.len() as u16;
        }
        Line {
            id: 0,
            at: 0,
            client: None,
            status: 0,
            bytes: 0,
            micros: 0,
            served: None,
            missed: None,
            texts: all.into(),
            ends,
        }
    }

    /// One of its texts.
    pub fn text(&self, which: Text) -> &str {
        let place = which as usize;
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        self.texts.get(start.into()..self.ends[place].into()).unwrap_or_default()
    }

    /// As bytes, without the id.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(self.texts.len() + 64));
        out.0.push(VERSION);
        out.number(self.at);
        out.text(&self.client.map(|client| client.to_string()).unwrap_or_default());
        out.number(self.status.into());
        out.number(self.bytes);
        out.number(self.micros);
        out.text(self.served.map_or("", Served::name));
        out.text(self.missed.map_or("", Miss::name));
        Text::ALL.iter().for_each(|which| out.text(self.text(*which)));
        out.0
    }

    /// The inverse of [`Line::encode`]; `None` where the bytes are of another version, or damaged.
    pub fn decode(id: u64, bytes: &[u8]) -> Option<Line> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let mut reader = Reader(rest);
        let at = reader.number()?;
        let client = reader.text()?;
        let client = if client.is_empty() { None } else { Some(client.parse().ok()?) };
        let (status, bytes, micros) = (u16::try_from(reader.number()?).ok()?, reader.number()?, reader.number()?);
        let (served, missed) = (reader.text()?, reader.text()?);
        let mut texts = [""; TEXTS];
        for text in &mut texts {
            *text = reader.text()?;
        }
        let served = Served::ALL.iter().copied().find(|known| known.name() == served);
        let missed = Miss::ALL.iter().copied().find(|known| known.name() == missed);
        Some(Line { id, at, client, status, bytes, micros, served, missed, ..Line::new(texts) })
    }
}

/// The beginning of a text, no longer than so many bytes.
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

/// What is kept of clients' addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Addresses {
    /// All of it.
    #[default]
    Whole,
    /// The network: the last 8 bits of IPv4, and the last 80 of IPv6, are set to zero.
    Cut,
    /// Nothing.
    Off,
}

impl Addresses {
    /// Every one.
    pub const ALL: [Addresses; 3] = [Addresses::Whole, Addresses::Cut, Addresses::Off];

    /// As settings have it.
    pub const fn name(self) -> &'static str {
        match self {
            Addresses::Whole => "whole",
            Addresses::Cut => "cut",
            Addresses::Off => "off",
        }
    }

    /// What is kept of one.
    pub fn of(self, client: IpAddr) -> Option<IpAddr> {
        match (self, client.to_canonical()) {
            (Addresses::Off, _) => None,
            (Addresses::Whole, client) => Some(client),
            (Addresses::Cut, IpAddr::V4(client)) => {
                let [a, b, c, _] = client.octets();
                Some(IpAddr::from([a, b, c, 0]))
            }
            (Addresses::Cut, IpAddr::V6(client)) => {
                let [a, b, c, ..] = client.segments();
                Some(IpAddr::from([a, b, c, 0, 0, 0, 0, 0]))
            }
        }
    }
}

/// Statuses that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusIs {
    /// This one.
    Exactly(u16),
    /// Those of a hundred: 4 for 400 to 499.
    Hundred(u16),
}

impl StatusIs {
    /// Reads `404` or `4xx`.
    pub fn parse(text: &str) -> Option<StatusIs> {
        let valid = |digits: &str, range: std::ops::RangeInclusive<u16>| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse().ok().filter(|n| plain && range.contains(n))
        };
        match text.strip_suffix("xx").or(text.strip_suffix("XX")) {
            Some(hundred) => valid(hundred, 1..=9).map(StatusIs::Hundred),
            None => valid(text, 100..=999).map(StatusIs::Exactly),
        }
    }
}

/// Which lines are wanted: those that meet all that is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of one of these sites; `None` = of any, and of none.
    pub sites: Option<Vec<String>>,
    /// With such a status.
    pub status: Option<StatusIs>,
    /// Served from there.
    pub served: Option<Served>,
    /// With this error.
    pub code: Option<String>,
    /// With this method.
    pub method: Option<String>,
    /// With this in target, master, referrer, host, user agent or client, whatever its case; must be in lower case.
    pub search: Option<String>,
    /// Answered then or later, in milliseconds since the Unix epoch.
    pub since: Option<u64>,
    /// Answered before then.
    pub until: Option<u64>,
    /// That took so long, in microseconds.
    pub least_micros: Option<u64>,
}

impl Filter {
    /// Whether a line is wanted.
    pub fn takes(&self, line: &Line) -> bool {
        let status = |wanted: &StatusIs| match wanted {
            StatusIs::Exactly(status) => line.status == *status,
            StatusIs::Hundred(hundred) => line.status / 100 == *hundred,
        };
        self.sites.as_ref().is_none_or(|sites| sites.iter().any(|site| site == line.text(Text::Site)))
            && self.status.as_ref().is_none_or(status)
            && self.served.is_none_or(|served| line.served == Some(served))
            && self.code.as_ref().is_none_or(|code| code == line.text(Text::Code))
            && self.method.as_ref().is_none_or(|method| method == line.text(Text::Method))
            && self.since.is_none_or(|since| line.at >= since)
            && self.until.is_none_or(|until| line.at < until)
            && self.least_micros.is_none_or(|least| line.micros >= least)
            && self.search.as_ref().is_none_or(|wanted| has(line, wanted))
    }
}

fn has(line: &Line, wanted: &str) -> bool {
    let texts = [Text::Target, Text::Master, Text::Referrer, Text::Host, Text::UserAgent];
    texts.iter().any(|which| line.text(*which).to_lowercase().contains(wanted))
        || line.client.is_some_and(|client| client.to_string().contains(wanted))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn line() -> Line {
        let texts =
            ["GET", "Img.example", "/a.jpg?w=1", "shop", "imgix", "not-found", "image/jpeg", "https://x/p", "UA", "m"];
        Line {
            id: 9,
            at: 1000,
            client: Some("10.1.2.3".parse().unwrap()),
            status: 404,
            bytes: 7,
            micros: 2500,
            served: Some(Served::Fill),
            missed: Some(Miss::Absent),
            ..Line::new(texts)
        }
    }

    #[test]
    fn lines_come_back_and_damage_is_seen() {
        let bytes = line().encode();
        assert_eq!(Line::decode(9, &bytes), Some(line()));
        for end in 0..bytes.len() {
            assert_eq!(Line::decode(9, &bytes[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = "ä".repeat(2000);
        let line = Line::new([&long; TEXTS]);
        for which in Text::ALL {
            let text = line.text(*which);
            assert!(text.len() <= which.longest() && text.len() + 2 > which.longest() && long.starts_with(text));
        }
    }

    #[test]
    fn each_filter_takes_and_refuses() {
        let with = |change: fn(&mut Filter)| {
            let mut filter = Filter::default();
            change(&mut filter);
            filter
        };
        for (takes, filter) in [
            (true, with(|_| ())),
            (true, with(|f| f.sites = Some(vec!["a".into(), "shop".into()]))),
            (false, with(|f| f.sites = Some(vec!["sho".into()]))),
            (true, with(|f| f.status = StatusIs::parse("404"))),
            (true, with(|f| f.status = StatusIs::parse("4xx"))),
            (false, with(|f| f.status = StatusIs::parse("5xx"))),
            (false, with(|f| f.status = StatusIs::parse("405"))),
            (true, with(|f| f.served = Some(Served::Fill))),
            (false, with(|f| f.served = Some(Served::Memory))),
            (true, with(|f| f.code = Some("not-found".into()))),
            (false, with(|f| f.code = Some("not".into()))),
            (false, with(|f| f.method = Some("HEAD".into()))),
            (true, with(|f| f.search = Some("img.ex".into()))),
            (true, with(|f| f.search = Some("10.1.2".into()))),
            (false, with(|f| f.search = Some("b.jpg".into()))),
            (true, with(|f| f.since = Some(1000))),
            (false, with(|f| f.since = Some(1001))),
            (false, with(|f| f.until = Some(1000))),
            (true, with(|f| f.until = Some(1001))),
            (true, with(|f| f.least_micros = Some(2500))),
            (false, with(|f| f.least_micros = Some(2501))),
        ] {
            assert_eq!(filter.takes(&line()), takes, "{filter:?}");
        }
        for bad in ["", "40", "4000", "xx", "0xx", "abc", "+04", "44xx"] {
            assert_eq!(StatusIs::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_are_kept_as_far_as_is_wanted() {
        for (how, client, want) in [
            (Addresses::Whole, "::ffff:10.1.2.3", Some("10.1.2.3")),
            (Addresses::Cut, "10.1.2.3", Some("10.1.2.0")),
            (Addresses::Cut, "2001:db8:1:2:3:4:5:6", Some("2001:db8:1::")),
            (Addresses::Off, "10.1.2.3", None),
        ] {
            let kept = how.of(client.parse().unwrap()).map(|kept| kept.to_string());
            assert_eq!(kept.as_deref(), want, "{how:?} {client}");
        }
    }
}
