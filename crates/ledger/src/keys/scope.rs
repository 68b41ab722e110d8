use crate::error::KeyError;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyRole {
    /// Keys, settings, takedowns.
    Admin,
    /// Purging.
    Purge,
    /// Looking: lists, explanations, numbers.
    Read,
}

impl KeyRole {
    /// Every role, sorted.
    pub const ALL: [KeyRole; 3] = [KeyRole::Admin, KeyRole::Purge, KeyRole::Read];

    /// Stable lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            KeyRole::Admin => "admin",
            KeyRole::Purge => "purge",
            KeyRole::Read => "read",
        }
    }

    /// The inverse of [`KeyRole::name`].
    pub fn from_name(name: &str) -> Option<KeyRole> {
        KeyRole::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What a key may do, where, until when and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What for; none implies another.
    pub roles: Vec<KeyRole>,
    /// The sites that it is bound to; empty means all of them.
    pub sites: Vec<String>,
    /// The sources and folders that it is bound to: `source`, or `source/folder/of/any/depth`. Empty means all of them.
    pub reaches: Vec<String>,
    /// When it ends, in milliseconds since the Unix epoch; `None` = when it is revoked.
    pub expires_at: Option<u64>,
    /// How many purges it may ask for in a calendar month (UTC); `None` = any number.
    pub monthly: Option<u64>,
}

impl Scope {
    /// Everything, on some sites (none = all).
    pub fn everything_on(sites: &[String]) -> Scope {
        Scope {
            roles: KeyRole::ALL.to_vec(),
            sites: sites.to_vec(),
            reaches: Vec::new(),
            expires_at: None,
            monthly: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), KeyError> {
        let bad = |reach: &String| reach.is_empty() || reach.starts_with('/') || reach.contains('\0');
        if self.roles.is_empty() {
            return Err(KeyError::Scope("an API key needs at least one role"));
        }
        if self.reaches.iter().any(bad) {
            return Err(KeyError::Scope("a folder that an API key is bound to is written source/folder"));
        }
        Ok(())
    }
}

/// Whether `source/path` lies in one of the folders, or there are none. A folder ends where a path segment ends: `s/ab` does
/// not hold `s/abc`.
pub(super) fn reach(reaches: &[String], source: &str, path: &str) -> bool {
    let path = path.trim_start_matches('/');
    reaches.is_empty()
        || reaches.iter().any(|reach| {
            let (of, folder) = reach.split_once('/').unwrap_or((reach, ""));
            let folder = folder.trim_end_matches('/');
            let inside = |rest: &str| folder.is_empty() || rest.is_empty() || rest.starts_with('/');
            of == source && path.strip_prefix(folder).is_some_and(inside)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_end_where_segments_end() {
        for (bound, source, path, holds) in [
            ("shop", "shop", "a.jpg", true),
            ("shop/", "shop", "/a.jpg", true),
            ("shop", "shop2", "a.jpg", false),
            ("shop/new", "shop", "new/a.jpg", true),
            ("shop/new/", "shop", "/new/a.jpg", true),
            ("shop/new", "shop", "new", true),
            ("shop/new", "shop", "newer/a.jpg", false),
            ("shop/new", "shop", "a/new/a.jpg", false),
            ("shop/new", "other", "new/a.jpg", false),
            ("shop/new", "shop", "", false),
        ] {
            assert_eq!(reach(&[bound.to_owned()], source, path), holds, "{bound} {source} {path}");
        }
        assert!(reach(&[], "any", "thing"));
    }
}
