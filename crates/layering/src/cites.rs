//! References between files: rules that comments cite, and pages that pages link to.

use std::collections::BTreeSet;
use std::path::Path;

/// The rules a page defines: a list item that begins with the name in bold, `- **F3** ...`.
pub fn defined_rules(markdown: &str) -> BTreeSet<String> {
    markdown
        .lines()
        .filter_map(|line| line.strip_prefix("- **"))
        .filter_map(|rest| rule_name(rest))
        .map(str::to_owned)
        .collect()
}

/// The rules a text cites, as in "rule F3" or "rules L1-L5 and F3".
pub fn cited_rules(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for word in ["rule ", "rules "] {
        for (at, _) in text.match_indices(word) {
            let mut rest = &text[at + word.len()..];
            while let Some(name) = rule_name(rest) {
                found.insert(name.to_owned());
                rest = &rest[name.len()..];
                let Some(next) = [", ", "-", " and ", " or "].iter().find_map(|s| rest.strip_prefix(s)) else { break };
                rest = next;
            }
        }
    }
    found
}

/// A capital letter and one or two digits at the start of a text.
fn rule_name(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(|c: char| c.is_ascii_uppercase())?;
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&count).then(|| &text[..1 + count])
}

/// Links of a Markdown page at `page` that lead to no file below `root`. Web addresses and anchors are not looked at.
pub fn broken_links(root: &Path, page: &Path, markdown: &str) -> Vec<String> {
    let folder = root.join(page.parent().unwrap_or(Path::new("")));
    markdown
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains("://") && !folder.join(target).exists())
        .map(|target| format!("{}: links to `{target}`, which is not there", page.display()))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
        names.map(str::to_owned).into()
    }

    #[test]
    fn rules_are_found_where_defined_and_where_cited() {
        assert_eq!(defined_rules("- **I1** one\n- **F11** x\n- **bold** y\n**L2** no item\n"), names(["F11", "I1"]));
        for (text, want) in [
            ("// see rule F3.", names(["F3"])),
            ("rules L1-L5, F3 and I6; G1", names(["F3", "I6", "L1", "L5"])),
            ("the rule is simple, as a rule X", names([])),
        ] {
            assert_eq!(cited_rules(text), want, "{text}");
        }
    }

    #[test]
    fn a_link_to_nowhere_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = "[a](lib.rs) [b](../Cargo.toml#x) [c](https://example.org/x) [d](#here) [e](gone.md)";
        let found = broken_links(root, Path::new("src/page.md"), page);
        assert_eq!(found, ["src/page.md: links to `gone.md`, which is not there"]);
    }
}
