//! Patterns over canonical names, as [`plan::Selector::Glob`] has them. Characters are those of Unicode; a match takes time
//! proportional to the name times the pattern, whatever the pattern.

/// Longest pattern, in bytes. It bounds what a match costs.
pub const LONGEST_GLOB: usize = 2048;

/// The pattern is no glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a glob: {0}")]
pub struct BadGlob(pub String);

/// A pattern that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// What it begins with, up to the first character with a meaning.
    head: Box<str>,
    /// What stands between.
    middle: Box<[Token]>,
    /// What it ends with.
    tail: Box<str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`
    One,
    /// `[a-z]`: ranges, both ends included, and whether it means all others.
    Class(Box<[(char, char)]>, bool),
    /// `*`
    Star,
    /// `**`
    Deep,
    /// `**/` at the beginning of a segment is two tokens: this, which may pass over the other,
    Maybe,
    /// and this, which goes to the end of some segment.
    Segments,
}

/// Reads a pattern: `?` is one character and `*` any number, neither across a slash; `**` is any number across slashes, and
/// `**/` where a segment begins any number of whole segments, also none; `[a-z]` is one of a class and `[!a-z]` one of all
/// others, but no slash; `\` takes the next character as it is. Braces have no meaning, and are refused unless escaped:
/// elsewhere they have one.
///
/// # Errors
/// When it cannot be read, such as for a class that is not closed, or is longer than [`LONGEST_GLOB`].
pub fn glob(pattern: &str) -> Result<Glob, BadGlob> {
    if pattern.len() > LONGEST_GLOB {
        return Err(bad("longer than 2048 bytes"));
    }
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let begins = matches!(tokens.last(), None | Some(Token::Char('/') | Token::Segments));
        rest = &rest[c.len_utf8()..];
        match c {
            '?' => tokens.push(Token::One),
            '*' if rest.starts_with('*') => {
                rest = rest.trim_start_matches('*');
                match rest.strip_prefix('/').filter(|_| begins) {
                    Some(after) => {
                        tokens.extend([Token::Maybe, Token::Segments]);
                        rest = after;
                    }
                    None => tokens.push(Token::Deep),
                }
            }
            '*' => tokens.push(Token::Star),
            '[' => {
                let (class, after) = class(rest)?;
                tokens.push(class);
                rest = after;
            }
            '{' | '}' => return Err(bad("braces have no meaning here and must be escaped")),
            '\\' => {
                let (c, after) = first(rest).ok_or_else(|| bad("nothing stands after the last backslash"))?;
                tokens.push(Token::Char(c));
                rest = after;
            }
            c => tokens.push(Token::Char(c)),
        }
    }
    Ok(Glob::of(tokens))
}

/// A text in which every character that a glob gives a meaning to stands for itself.
pub fn escape_glob(text: &str) -> String {
    let special = |c: char| matches!(c, '\\' | '*' | '?' | '[' | ']' | '{' | '}' | '!');
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn bad(why: &str) -> BadGlob {
    BadGlob(why.to_owned())
}

fn first(text: &str) -> Option<(char, &str)> {
    text.chars().next().map(|c| (c, &text[c.len_utf8()..]))
}

/// What stands after `[`, and what after the class.
fn class(text: &str) -> Result<(Token, &str), BadGlob> {
    let open = || bad("a class is not closed");
    let others = text.starts_with(['!', '^']);
    let mut rest = if others { &text[1..] } else { text };
    let mut ranges = Vec::new();
    loop {
        let (c, after) = first(rest).ok_or_else(open)?;
        // At the beginning it stands for itself.
        if c == ']' && !ranges.is_empty() {
            return Ok((Token::Class(ranges.into(), others), after));
        }
        let (from, after) = if c == '\\' { first(after).ok_or_else(open)? } else { (c, after) };
        rest = after;
        let mut to = from;
        if let Some(end) = rest.strip_prefix('-').filter(|end| !end.starts_with(']')) {
            let (c, after) = first(end).ok_or_else(open)?;
            (to, rest) = if c == '\\' { first(after).ok_or_else(open)? } else { (c, after) };
        }
        if to < from {
            return Err(bad("a range of a class is the wrong way round"));
        }
        ranges.push((from, to));
    }
}

impl Glob {
    fn of(mut tokens: Vec<Token>) -> Glob {
        let literal = |token: &Token| if let Token::Char(c) = token { Some(*c) } else { None };
        let head: String = tokens.iter().map_while(literal).collect();
        tokens.drain(..head.chars().count());
        let tail: String = tokens.iter().rev().map_while(literal).collect();
        tokens.truncate(tokens.len() - tail.chars().count());
        let tail: String = tail.chars().rev().collect();
        Glob { head: head.into(), middle: tokens.into(), tail: tail.into() }
    }

    /// What every name begins with that it matches.
    pub(crate) fn head(&self) -> &str {
        &self.head
    }

    /// Whether it matches a whole name.
    pub fn is_match(&self, name: &str) -> bool {
        let Some(middle) = name.strip_prefix(&*self.head).and_then(|rest| rest.strip_suffix(&*self.tail)) else {
            return false;
        };
        match &*self.middle {
            [] => middle.is_empty(),
            [Token::Star] => !middle.contains('/'),
            [Token::Deep] => true,
            tokens => walk(tokens, middle),
        }
    }
}

/// Follows all ways to read the text at once: the states are the numbers of tokens that are behind.
fn walk(tokens: &[Token], text: &str) -> bool {
    let mut now = States::new(tokens.len());
    let mut next = States::new(tokens.len());
    now.enter(tokens, 0);
    for c in text.chars() {
        next.clear();
        for &state in &now.list {
            match tokens.get(state) {
                Some(Token::Char(literal)) if *literal == c => next.enter(tokens, state + 1),
                Some(Token::One) if c != '/' => next.enter(tokens, state + 1),
                Some(Token::Class(ranges, others)) if c != '/' && among(ranges, c) != *others => {
                    next.enter(tokens, state + 1);
                }
                Some(Token::Star) if c != '/' => next.enter(tokens, state),
                Some(Token::Deep) => next.enter(tokens, state),
                Some(Token::Segments) => {
                    next.enter(tokens, state);
                    if c == '/' {
                        next.enter(tokens, state + 1);
                    }
                }
                _ => {}
            }
        }
        if next.list.is_empty() {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
    }
    now.holds(tokens.len())
}

fn among(ranges: &[(char, char)], c: char) -> bool {
    ranges.iter().any(|(from, to)| (*from..=*to).contains(&c))
}

struct States {
    list: Vec<usize>,
    marks: Vec<bool>,
}

impl States {
    fn new(tokens: usize) -> Self {
        States { list: Vec::with_capacity(8), marks: vec![false; tokens + 1] }
    }

    fn clear(&mut self) {
        for state in self.list.drain(..) {
            self.marks[state] = false;
        }
    }

    fn holds(&self, state: usize) -> bool {
        self.marks[state]
    }

    /// Adds a state and those that follow from it without a character.
    fn enter(&mut self, tokens: &[Token], state: usize) {
        let mut reached = state;
        loop {
            if !self.marks[reached] {
                self.marks[reached] = true;
                self.list.push(reached);
            }
            reached = match tokens.get(reached) {
                Some(Token::Star | Token::Deep) => reached + 1,
                Some(Token::Maybe) => {
                    if !self.marks[reached + 1] {
                        self.marks[reached + 1] = true;
                        self.list.push(reached + 1);
                    }
                    reached + 2
                }
                _ => return,
            };
        }
    }
}

/// What every text that a glob matches begins with.
pub fn literal_beginning(pattern: &str) -> String {
    let mut begin = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => begin.extend(chars.next()),
            '*' | '?' | '[' | '{' => break,
            c => begin.push(c),
        }
    }
    begin
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::generators;

    #[test]
    fn globs_keep_to_a_segment_unless_doubled() {
        for (pattern, text, names) in [
            ("file:/p/*.jpg", "file:/p/a.jpg", true),
            ("file:/p/*.jpg", "file:/p/.jpg", true),
            ("file:/p/*.jpg", "file:/p/x/a.jpg", false),
            ("file:/p/a*a", "file:/p/a", false),
            ("file:/p/**/a.jpg", "file:/p/x/y/a.jpg", true),
            ("file:/p/**/a.jpg", "file:/p/a.jpg", true),
            ("file:/p/**/a.jpg", "file:/p/xa.jpg", false),
            ("file:/p/**/x*/*.jpg", "file:/p/xa/b/xc/d.jpg", true),
            ("file:/p/**", "file:/p/x/y", true),
            ("file:/p/**", "file:/px", false),
            ("file:/p/a**z", "file:/p/ab/cz", true),
            ("**/a.jpg", "file:/p/a.jpg", true),
            ("**/a.jpg", "a.jpg", true),
            ("file:/p/?.jpg", "file:/p/ab.jpg", false),
            ("file:/p/?.jpg", "file:/p/é.jpg", true),
            ("file:/p?a", "file:/p/a", false),
            ("file:/p[!x]a", "file:/p/a", false),
            ("file:/p/[a-c].jpg", "file:/p/b.jpg", true),
            ("file:/p/[!a-c].jpg", "file:/p/b.jpg", false),
            ("file:/p/[^a-c].jpg", "file:/p/d.jpg", true),
            ("file:/p/[é].jpg", "file:/p/é.jpg", true),
            ("file:/p/[]a-].jpg", "file:/p/].jpg", true),
            ("file:/p/[]a-].jpg", "file:/p/-.jpg", true),
            (r"file:/p/[\]].jpg", "file:/p/].jpg", true),
            ("file:/p/A.jpg", "file:/p/a.jpg", false),
            (r"file:/p/\*.jpg", "file:/p/a.jpg", false),
            (r"file:/p/\*.jpg", "file:/p/*.jpg", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern).unwrap().is_match(text), names, "{pattern} {text}");
        }
        for bad in ["file:/p/[a", "file:/p/[", "file:/p/[]", "[z-a]", "a\\", "*.{jpg,png}", "a}"] {
            assert!(glob(bad).is_err(), "{bad}");
        }
        let odd = "file:/p/{a}[b]*?!\\";
        assert!(glob(&escape_glob(odd)).unwrap().is_match(odd));
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_length_times_the_names() {
        assert!(glob(&"a".repeat(LONGEST_GLOB + 1)).is_err());
        let pattern = "*a".repeat(LONGEST_GLOB / 2 - 1) + "b";
        assert!(!glob(&pattern).unwrap().is_match(&"a".repeat(1000)));
        let pattern = "**a".repeat(LONGEST_GLOB / 3 - 1) + "?[b]";
        assert!(!glob(&pattern).unwrap().is_match(&"a/".repeat(1000)));
    }

    /// The same by trying every length of everything.
    fn naive(pattern: &[char], text: &[char], begins: bool) -> bool {
        let split = |from: usize| (from..=text.len()).map(|n| (&text[..n], &text[n..]));
        match pattern {
            [] => text.is_empty(),
            ['*', '*', '/', rest @ ..] if begins => {
                naive(rest, text, true) || split(1).any(|(a, b)| a.ends_with(&['/']) && naive(rest, b, true))
            }
            ['*', '*', rest @ ..] => split(0).any(|(_, b)| naive(rest, b, false)),
            ['*', rest @ ..] => split(0).any(|(a, b)| !a.contains(&'/') && naive(rest, b, false)),
            ['?', rest @ ..] => text.first().is_some_and(|c| *c != '/') && naive(rest, &text[1..], false),
            ['[', a, b, ']', rest @ ..] => {
                text.first().is_some_and(|c| c == a || c == b) && naive(rest, &text[1..], false)
            }
            ['\\', c, rest @ ..] | [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..], *c == '/'),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(testkit::cases(4000)))]

        #[test]
        fn agrees_with_trying_everything(
            pattern in r"(a|/|é|\*|\*\*/|\?|\[aé\]){0,7}".prop_filter("stars apart", |p| !p.contains("***")),
            text in "[aé/]{0,8}",
        ) {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = naive(&chars(&pattern), &chars(&text), true);
            prop_assert_eq!(glob(&pattern).unwrap().is_match(&text), expected);
        }

        #[test]
        fn an_escaped_text_matches_itself_alone(path in generators::path(), other in generators::path()) {
            let glob = glob(&escape_glob(&path)).unwrap();
            prop_assert_eq!((glob.is_match(&path), glob.is_match(&other)), (true, path == other));
        }
    }
}
