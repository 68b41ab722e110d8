//! By which names purges reach something, one by one: for people, where a check only wants the newest.

use plan::{Location, Position, Selector};

use super::Index;
use crate::slots::{Slot, read};
use crate::subject::{Role, Subject};

impl Index {
    /// Every name by which a purge can reach a subject, each once, with its newest purges: its exact name, its masters and what
    /// took part, its tags, their sources (those of `locations` that they lie in), everything; and the prefixes and patterns that
    /// were purged and match. A purge that the floor has passed is told of no more. Names that were folded together may
    /// have each other's purges.
    pub fn names_of(&self, subject: &Subject, locations: &[Location]) -> Vec<(Selector, Slot)> {
        let mut names = Vec::new();
        if let Some((name, hash)) = subject.exact {
            names.push((Selector::Exact(name), self.slots.probe(hash)));
        }
        for dependency in &subject.dependencies {
            names.push((Selector::Master(dependency.master.clone()), self.slots.probe(dependency.hash)));
            if dependency.role == Role::Part {
                let slot = self.slots.probe(self.names.part(dependency.hash));
                names.push((Selector::Dependency(dependency.master.clone()), slot));
            }
            self.add_prefixes(dependency.master.as_str(), locations, &mut names);
            names.extend(self.globs.matching(dependency.master.as_str()));
        }
        for label in &subject.labels {
            let hashes = self.names.label(label);
            names.push((Selector::Tag(label.tag.clone(), None), self.slots.probe(hashes.everywhere)));
            let in_source = self.slots.probe(hashes.in_source);
            if in_source != Slot::default() {
                names.push((Selector::Tag(label.tag.clone(), Some(label.source.clone())), in_source));
            }
        }
        names.push((Selector::All, self.everything.get()));
        let mut seen = std::collections::HashSet::new();
        names.retain(|(selector, _)| seen.insert(selector.clone()));
        names
    }

    fn add_prefixes(&self, text: &str, locations: &[Location], names: &mut Vec<(Selector, Slot)>) {
        let inside = |location: &&Location| text.starts_with(location.as_str());
        for location in locations.iter().filter(inside) {
            names.push((Selector::Source(location.clone()), self.slots.probe(self.names.prefix(location.as_str()))));
        }
        let mut prefixes = self.names.prefixes(text);
        for length in read(&self.lengths).iter().map(|length| length.bytes as usize) {
            // A prefix that ends within a character is none of this text.
            let Some(prefix) = text.get(..length) else { continue };
            let slot = self.slots.probe(prefixes.of_length(length));
            if slot.newest() > Position::START && !locations.iter().any(|location| location.as_str() == prefix) {
                names.push((Selector::Prefix(prefix.to_owned()), slot));
            }
        }
    }
}
