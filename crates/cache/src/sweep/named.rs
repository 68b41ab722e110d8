//! What some purges name in memory, found by name: an entry is not held against every purge.

use std::collections::HashMap;
use std::sync::Arc;

use plan::{ExactName, Location, MasterId, Position, Selector, Tag};
use purge::{Matcher, Role, Subject, Tier};

/// What some purges name in one tier.
pub(super) struct Named<'s> {
    newest: Position,
    /// By master, each with whether it means what that was put on alone.
    masters: HashMap<&'s MasterId, Vec<(Position, bool)>>,
    exact: HashMap<ExactName, Vec<Position>>,
    /// By tag, each with the one source that it means.
    tags: HashMap<&'s Tag, Vec<(Position, Option<&'s Location>)>>,
    /// What names no one thing is held against each entry.
    others: Vec<(Position, Matcher<'s>)>,
}

impl<'s> Named<'s> {
    pub fn new(purges: &'s [(Position, Arc<[Selector]>)], tier: Tier) -> Self {
        let mut named = Named {
            newest: Position::START,
            masters: HashMap::new(),
            exact: HashMap::new(),
            tags: HashMap::new(),
            others: Vec::new(),
        };
        let concerns = |selector: &&Selector| tier == Tier::Derivatives || selector.is_deep();
        for (position, selectors) in purges {
            named.newest = named.newest.max(*position);
            selectors.iter().filter(concerns).for_each(|selector| named.add(*position, selector));
        }
        named
    }

    fn add(&mut self, position: Position, selector: &'s Selector) {
        match selector {
            Selector::Master(id) => self.masters.entry(id).or_default().push((position, false)),
            Selector::Dependency(id) => self.masters.entry(id).or_default().push((position, true)),
            Selector::Exact(name) => self.exact.entry(*name).or_default().push(position),
            Selector::Tag(tag, source) => self.tags.entry(tag).or_default().push((position, source.as_ref())),
            Selector::Prefix(_) | Selector::Source(_) | Selector::Glob(_) | Selector::All => {
                self.others.push((position, Matcher::new(selector)));
            }
        }
    }

    /// The first of the purges that names something which is older than it.
    pub fn first(&self, subject: &Subject) -> Option<Position> {
        let mut first: Option<Position> = None;
        self.each(subject, |position| first = Some(first.map_or(position, |first| first.min(position))));
        first
    }

    /// Calls `each` with the purges that name something which is older than them; with one that does so twice, twice.
    pub fn each(&self, subject: &Subject, mut each: impl FnMut(Position)) {
        let stamp = subject.stamp.position;
        if stamp >= self.newest {
            return;
        }
        let mut older = |position: Position| {
            if stamp < position {
                each(position);
            }
        };
        for dependency in &subject.dependencies {
            let purges = self.masters.get(&dependency.master).into_iter().flatten();
            purges.filter(|(_, put_on)| !put_on || dependency.role == Role::Part).for_each(|(p, _)| older(*p));
        }
        let exact = subject.exact.as_ref().and_then(|(name, _)| self.exact.get(name));
        exact.into_iter().flatten().for_each(|position| older(*position));
        if !self.tags.is_empty() {
            for label in subject.labels.iter() {
                let purges = self.tags.get(&label.tag).into_iter().flatten();
                purges.filter(|(_, source)| source.is_none_or(|s| *s == label.source)).for_each(|(p, _)| older(*p));
            }
        }
        let others = self.others.iter().filter(|(position, _)| stamp < *position);
        others.filter(|(_, matcher)| matcher.names_subject(subject)).for_each(|(position, _)| older(*position));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use plan::{Label, LogId, NameHash, Stamp};
    use purge::Dependency;

    use super::*;

    fn id(name: &str) -> MasterId {
        MasterId::from_canonical(&format!("//h/{name}"))
    }

    fn subject(position: u64, masters: &[(&str, Role)], exact: u8, label: &str) -> Subject {
        let dependency = |(name, role): &(&str, Role)| Dependency {
            master: id(name),
            hash: NameHash(0),
            role: *role,
            stamp: Position(position),
            digest: None,
        };
        Subject {
            stamp: Stamp { log: LogId(1), position: Position(position) },
            exact: Some((ExactName([exact; 16]), NameHash(0))),
            dependencies: masters.iter().map(dependency).collect(),
            labels: vec![Label::parse(label).unwrap()].into(),
        }
    }

    #[test]
    fn it_agrees_with_a_look_at_each() {
        let tag = |text: &str| Tag::parse(text).unwrap();
        let selectors = [
            vec![Selector::Master(id("a")), Selector::Exact(ExactName([2; 16]))],
            vec![Selector::Dependency(id("a"))],
            vec![Selector::Dependency(id("b")), Selector::Tag(tag("red"), None)],
            vec![Selector::Tag(tag("red"), Some(Location::new("//h/")))],
            vec![Selector::Tag(tag("format:webp"), None)],
            vec![Selector::Prefix("//h/b".into())],
            vec![Selector::Glob("//h/*a".into()), Selector::Master(id("a"))],
            vec![Selector::Source(Location::new("//other/")), Selector::Exact(ExactName([1; 16]))],
            vec![Selector::All],
        ];
        let selectors = selectors.map(Arc::<[Selector]>::from);
        let purges: Vec<_> = (1..).map(|n| Position(n * 10)).zip(selectors).collect();
        let mut seen = 0;
        for tier in [Tier::Derivatives, Tier::Masters] {
            let named = Named::new(&purges, tier);
            for position in [0, 10, 25, 60, 89, 90] {
                for masters in
                    [&[("a", Role::Main)][..], &[("b", Role::Main), ("a", Role::Part)], &[("ba", Role::Part)]]
                {
                    for (exact, label) in [(1, "red //h/"), (2, "red //x/"), (3, "format:webp //h/")] {
                        let subject = subject(position, masters, exact, label);
                        let names = |selector: &Selector| {
                            (tier == Tier::Derivatives || selector.is_deep())
                                && Matcher::new(selector).names_subject(&subject)
                        };
                        let naming = purges
                            .iter()
                            .filter(|(p, selectors)| subject.stamp.position < *p && selectors.iter().any(names));
                        let wanted: Vec<Position> = naming.map(|(position, _)| *position).collect();
                        let mut found = Vec::new();
                        named.each(&subject, |position| found.push(position));
                        found.sort_unstable();
                        found.dedup();
                        assert_eq!(found, wanted, "{tier:?} {subject:?}");
                        assert_eq!(named.first(&subject), wanted.first().copied());
                        seen += found.len();
                    }
                }
            }
        }
        assert!(seen > 100);
    }

    /// A thousand purges by name cost an entry no more than one.
    #[test]
    fn what_names_one_thing_is_not_held_against_each_entry() {
        let purges: Vec<_> = (1..=1000)
            .map(|n| {
                let selectors = [Selector::Master(id(&n.to_string())), Selector::Exact(ExactName([1; 16]))];
                (Position(n), Arc::from(selectors))
            })
            .collect();
        let named = Named::new(&purges, Tier::Derivatives);
        assert!(named.others.is_empty());
        assert_eq!(named.first(&subject(0, &[("700", Role::Main)], 9, "red //h/")), Some(Position(700)));
    }
}
