//! Lists of strings in one text column: a line each, readable in any SQLite shell, exact for every string.

use plan::Selector;
use purge::Target;

use crate::error::Fault;

/// Adds one line. Backslash, line feed and NUL are escaped; NUL because SQL's text functions stop at it.
fn push(out: &mut String, text: &str) {
    // Nearly every text is plain.
    if !text.contains(['\\', '\n', '\0']) {
        out.push_str(text);
        out.push('\n');
        return;
    }
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out.push('\n');
}

/// The inverse of [`push`] for one line without its line feed.
fn unescape(line: &str) -> Result<String, Fault> {
    if !line.contains('\\') {
        return Ok(line.to_owned());
    }
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('0') => '\0',
                _ => return Err(Fault::data(format!("bad escape in {line:?}"))),
            },
            c => c,
        });
    }
    Ok(out)
}

/// The lines of a text in which every line is ended.
fn split(text: &str) -> Result<impl Iterator<Item = &str>, Fault> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err(Fault::data("a list of lines is cut off"));
    }
    Ok(text.split_terminator('\n'))
}

/// A list as text.
pub(crate) fn join<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    items.into_iter().for_each(|item| push(&mut out, item));
    out
}

/// The list that [`join`] was given.
pub(crate) fn list(text: &str) -> Result<Vec<String>, Fault> {
    split(text)?.map(unescape).collect()
}

/// Targets as text: a line `>` + what was said, then a line `-` + selector for each of its meanings.
pub(crate) fn from_targets(targets: &[Target]) -> String {
    let mut out = String::new();
    for target in targets {
        out.push('>');
        push(&mut out, &target.said);
        for selector in &target.selectors {
            out.push('-');
            push(&mut out, &selector.to_string());
        }
    }
    out
}

/// The targets that [`from_targets`] was given.
pub(crate) fn to_targets(text: &str) -> Result<Vec<Target>, Fault> {
    let mut targets: Vec<Target> = Vec::new();
    for line in split(text)? {
        if let Some(said) = line.strip_prefix('>') {
            targets.push(Target { said: unescape(said)?, selectors: Vec::new() });
        } else if let (Some(selector), Some(target)) = (line.strip_prefix('-'), targets.last_mut()) {
            let selector: Selector = unescape(selector)?.parse().map_err(|e| Fault::data(format!("{e}")))?;
            target.selectors.push(selector);
        } else {
            return Err(Fault::data(format!("not a line of a target: {line:?}")));
        }
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::contract::any_target;
    use proptest::prelude::*;

    #[test]
    fn awkward_strings_round_trip() {
        for item in ["", "\n", "\\n", "\\", "a\0b", "-x", ">x", "\r\n", "é\u{2028}\u{85}"] {
            assert_eq!(list(&join([item, item])).unwrap(), [item, item]);
        }
        assert_eq!(list("").unwrap(), Vec::<String>::new());
        assert_eq!(to_targets("").unwrap(), vec![]);
    }

    #[test]
    fn damage_is_an_error() {
        for bad in ["x", "x\n", "-all:\n", ">a\n-tag:x,y\n", ">a\\x\n", ">a\\\n", ">a\n-all:", "\n"] {
            assert!(to_targets(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_targets_round_trip(targets in prop::collection::vec(any_target(), 0..6)) {
            prop_assert_eq!(to_targets(&from_targets(&targets)).unwrap(), targets);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC|[\\\\\n>:-])*") {
            let _ = to_targets(&text);
            let _ = list(&text);
        }
    }
}
