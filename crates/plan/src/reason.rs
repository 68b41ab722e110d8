//! Why something was answered as it was. Each enum's `name` is a stable string: metric label, log field and header alike.

macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The stable string.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

reasons! {
    /// Where an answer came from.
    Served {
        /// The memory tier.
        Memory = "memory",
        /// The disk tier.
        Disk = "disk",
        /// A fill that this request started.
        Fill = "fill",
        /// A fill that was already under way.
        Collapsed = "collapsed",
        /// An entry that a soft purge made stale, while its replacement is made.
        Stale = "stale",
    }
}

reasons! {
    /// Why a cached entry was not used.
    Miss {
        /// Nothing stored under the key.
        Absent = "absent",
        /// A purge names it or something it was made from.
        Purged = "purged",
        /// A soft purge names it or something it was made from.
        Stale = "stale",
        /// Its time is up.
        Expired = "expired",
        /// It belongs to another purge log.
        OtherLog = "other-log",
        /// It was written by another version of the hash, the normaliser or the format.
        OtherVersion = "other-version",
        /// Its checksum or its key does not match.
        Corrupt = "corrupt",
        /// The catalogue has no row for it.
        NoRow = "no-row",
    }
}

reasons! {
    /// Why the result of a fill was not stored.
    NotStored {
        /// A purge arrived while it was made.
        PurgedInFlight = "purged-in-flight",
        /// A newer entry is there.
        Older = "older",
        /// The origin forbids it.
        OriginForbids = "origin-forbids",
        /// The origin answers differently by request headers (`Vary`).
        Varies = "varies",
        /// The master changed while it was read.
        MasterUnstable = "master-unstable",
        /// It is larger than the tier takes.
        TooLarge = "too-large",
        /// A takedown names something that it was made from.
        TakenDown = "taken-down",
    }
}

reasons! {
    /// Whose fault an error is.
    Fault {
        /// The request's.
        Client = "client",
        /// The origin's, or the master's own.
        Origin = "origin",
        /// Ours.
        Us = "us",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Miss::ALL.iter().map(|m| m.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Miss::ALL.len());
    }
}
