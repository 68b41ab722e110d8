use crate::BadPath;

/// Longest path in bytes. Linux's own limit for one path.
const MAX: usize = 4096;

/// What repeated slashes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slashes {
    /// As one.
    Collapse,
    /// Each separates a segment, which may be empty.
    Keep,
}

/// The one spelling of a path. Idempotent.
pub(crate) fn canonical(path: &str, slashes: Slashes) -> Result<String, BadPath> {
    if path.len() > MAX {
        return Err(BadPath::TooLong);
    }
    let mut out = String::with_capacity(path.len());
    let mut segments = path.split('/').peekable();
    let mut first = true;
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "" if slashes == Slashes::Collapse && !last => continue,
            "" if slashes == Slashes::Collapse => return Err(if first { BadPath::Empty } else { BadPath::Folder }),
            // `a/.` names the folder `a/`: dropping the segment must not make it name the file `a`.
            "." if last => return Err(if first { BadPath::Empty } else { BadPath::Folder }),
            "." => continue,
            ".." => return Err(BadPath::Parent),
            _ if segment.starts_with('.') => return Err(BadPath::DotFile),
            _ if segment.contains(['\0', '\\']) => return Err(BadPath::Character),
            _ => {}
        }
        if !first {
            out.push('/');
        }
        out.push_str(segment);
        first = false;
    }
    if out.bytes().all(|b| b == b'/') { Err(BadPath::Empty) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn table() {
        use Slashes::{Collapse, Keep};
        for (path, slashes, want) in [
            ("a.jpg", Collapse, Ok("a.jpg")),
            ("x/Foo.JPG", Keep, Ok("x/Foo.JPG")),
            ("a//b.jpg", Collapse, Ok("a/b.jpg")),
            ("a//b.jpg", Keep, Ok("a//b.jpg")),
            ("/a.jpg", Collapse, Ok("a.jpg")),
            ("/a.jpg", Keep, Ok("/a.jpg")),
            ("./a/./b.jpg", Collapse, Ok("a/b.jpg")),
            ("./a/./b.jpg", Keep, Ok("a/b.jpg")),
            ("a b/c%20d?.jpg", Keep, Ok("a b/c%20d?.jpg")),
            ("a/", Keep, Ok("a/")),
            ("a/", Collapse, Err(BadPath::Folder)),
            ("a/.", Keep, Err(BadPath::Folder)),
            ("", Collapse, Err(BadPath::Empty)),
            ("", Keep, Err(BadPath::Empty)),
            (".", Collapse, Err(BadPath::Empty)),
            ("//", Keep, Err(BadPath::Empty)),
            ("//", Collapse, Err(BadPath::Empty)),
            ("../a.jpg", Collapse, Err(BadPath::Parent)),
            ("a/../b.jpg", Keep, Err(BadPath::Parent)),
            ("a/..", Keep, Err(BadPath::Parent)),
            (".git/config", Collapse, Err(BadPath::DotFile)),
            ("a/.env", Keep, Err(BadPath::DotFile)),
            ("...", Keep, Err(BadPath::DotFile)),
            ("a\\b", Collapse, Err(BadPath::Character)),
            ("a\0b", Keep, Err(BadPath::Character)),
        ] {
            assert_eq!(canonical(path, slashes), want.map(str::to_owned), "{path:?} {slashes:?}");
        }
        assert_eq!(canonical(&"a".repeat(5000), Keep), Err(BadPath::TooLong));
    }

    proptest! {
        #[test]
        fn is_idempotent_and_never_climbs(path in "[a./\\\\\0é%]{0,24}", keep: bool) {
            let slashes = if keep { Slashes::Keep } else { Slashes::Collapse };
            if let Ok(once) = canonical(&path, slashes) {
                prop_assert_eq!(canonical(&once, slashes), Ok(once.clone()));
                prop_assert!(once.split('/').all(|segment| !segment.starts_with('.')));
            }
        }
    }
}
