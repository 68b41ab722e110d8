//! Which wildcards the vendor carries out. They protect a CDN that many share, and hold here only by the vendor's letter.

/// Roots of shops that are refused whatever else holds.
const ROOTS: [&str; 2] = ["media/catalog/", "s/files/"];
/// From so many characters on, any beginning will do.
const LONG: usize = 15;

/// Whether a path (with its query) that ends in `*`, behind account and endpoint and without a leading slash, may be purged;
/// why not.
pub(super) fn check(path: &str) -> Result<(), &'static str> {
    let Some(begin) = path.strip_suffix('*') else { return Ok(()) };
    if begin.contains('*') {
        return Err("a wildcard is allowed at the end of the URL alone");
    }
    if ROOTS.contains(&begin) {
        return Err("this wildcard would purge a whole shop");
    }
    let levels = begin.split('/').filter(|level| !level.is_empty()).count() >= 2;
    let enough = levels || begin.chars().count() >= LONG || ends_in_file(begin);
    if enough { Ok(()) } else { Err("a wildcard needs two folder levels, 15 characters or a file name before it") }
}

/// A name with an extension, a query behind it aside.
fn ends_in_file(begin: &str) -> bool {
    let path = begin.split('?').next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, extension)| extension);
    (2..=5).contains(&extension.len()) && extension.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_lets_something_through() {
        for (path, allowed) in [
            ("images/upload*", true),
            ("images/upload/*", true),
            ("images*", false),
            ("images/*", false),
            ("*", false),
            ("a-long-name-15c*", true),
            ("fourteen-chars*", false),
            ("sample.jpg*", true),
            ("sample.*", false),
            (".jpg*", false),
            ("a.jpg?tr=w-*", true),
            ("media/catalog/*", false),
            ("media/catalog/product*", true),
            ("s/files/*", false),
            ("s/files/1*", true),
            ("folder/*/sample.jpg", true),
            ("folder/*/sample.jpg*", false),
            ("sample.jpg", true),
        ] {
            assert_eq!(check(path).is_ok(), allowed, "{path}");
        }
    }
}
