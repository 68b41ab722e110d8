//! What is cached of a master, in memory and on disk.

use std::cmp::Reverse;
use std::collections::HashMap;

use cache::{Entry, InMemory, Inspected};
use plan::{DerivativeKey, MasterId, Selector};
use purge::{CatalogueError, Count, Role, Row, Tier};

use super::{Kept, Sees};
use crate::Engine;

/// Rows of a master's derivatives, and entries in memory, that are looked at to find those used last.
const LOOKED_AT: usize = 1000;

/// The derivative that was asked for.
pub(super) struct Sought<'a> {
    pub key: DerivativeKey,
    /// A target that leads to it.
    pub url: &'a str,
    /// What is cached of it.
    pub cached: &'a Inspected,
}

/// A derivative that is cached in some tier.
struct Known {
    key: DerivativeKey,
    row: Option<Row>,
    /// For the order alone.
    last_used: u64,
}

impl Engine {
    /// Cached derivatives of a master: the one that was asked for, then those that were used last; and how many there are. Without
    /// a master there is but the one.
    pub(super) fn kept_of(
        &self,
        master: Option<&MasterId>,
        sought: &Sought<'_>,
        limit: usize,
        sees: Option<Sees<'_>>,
    ) -> Result<(Vec<Kept>, Count), CatalogueError> {
        let (mut known, mut total) = match master {
            Some(master) => self.known_derivatives(master, sees)?,
            None => Default::default(),
        };
        if !known.iter().any(|known| known.key == sought.key)
            && let Some(body) = sought.cached.entry.as_deref().and_then(Entry::body)
        {
            total.add(body.len() as u64);
            known.push(Known { key: sought.key, row: sought.cached.row.clone(), last_used: 0 });
        }
        known.sort_by_key(|known| (known.key != sought.key, Reverse(known.last_used)));
        let mut list = Vec::new();
        for Known { key, row, .. } in known {
            if list.len() >= limit {
                break;
            }
            let inspected = self.derivatives.inspect(&key);
            // What was in memory alone may have been evicted since.
            if row.is_some() || inspected.entry.is_some() {
                let kept = kept(key, &inspected, row.as_ref());
                let url = if kept.url.is_empty() && key == sought.key { sought.url.to_owned() } else { kept.url };
                list.push(Kept { url, ..kept });
            }
        }
        Ok((list, total))
    }

    /// Each once, whichever tiers have it.
    fn known_derivatives(
        &self,
        master: &MasterId,
        sees: Option<Sees<'_>>,
    ) -> Result<(Vec<Known>, Count), CatalogueError> {
        let selector = Selector::Master(master.clone());
        let rows = self.catalogue.matching(Tier::Derivatives, &selector, None, LOOKED_AT)?;
        let all_rows = rows.len() < LOOKED_AT;
        let seen = |row: &Row| sees.is_none_or(|sees| sees(&row.url, &masters_of(&row.dependencies)));
        let rows = rows.into_iter().filter(seen);
        let mut on_disk: HashMap<DerivativeKey, Row> = rows.map(|row| (row.key, row)).collect();
        let mut total = match sees {
            None => self.catalogue.count(Tier::Derivatives, &selector)?,
            Some(_) => on_disk.values().fold(Count::default(), |mut count, row| {
                count.add(row.size);
                count
            }),
        };
        let mut known = Vec::new();
        for InMemory { entry, last_hit } in self.held_of(master, sees) {
            let row = match on_disk.remove(&entry.key) {
                None if !all_rows => {
                    let row = self.catalogue.get(Tier::Derivatives, &entry.key)?.filter(seen);
                    row.iter().filter(|_| sees.is_some()).for_each(|row| total.add(row.size));
                    row
                }
                row => row,
            };
            let last_used = row.as_ref().map(|row| row.last_used).max(last_hit).unwrap_or(entry.meta.stored_at);
            if row.is_none() {
                total.add(entry.body().map_or(0, |body| body.len() as u64));
            }
            known.push(Known { key: entry.key, row, last_used });
        }
        known.extend(on_disk.into_values().map(|row| Known { key: row.key, last_used: row.last_used, row: Some(row) }));
        Ok((known, total))
    }

    /// Of what memory has of a master, that which was used last.
    fn held_of(&self, master: &MasterId, sees: Option<Sees<'_>>) -> Vec<InMemory> {
        let mut held = self.derivatives.in_memory_of(master);
        held.retain(|InMemory { entry, .. }| {
            let masters = || entry.subject.dependencies.iter().map(|d| d.master.clone()).collect::<Vec<_>>();
            sees.is_none_or(|sees| sees(&entry.meta.url, &masters()))
        });
        held.sort_by_key(|held| Reverse(held.last_hit.unwrap_or(held.entry.meta.stored_at)));
        held.truncate(LOOKED_AT);
        held
    }
}

fn masters_of(dependencies: &[(MasterId, Role)]) -> Vec<MasterId> {
    dependencies.iter().map(|(id, _)| id.clone()).collect()
}

/// What is told of something cached.
pub(super) fn kept(key: DerivativeKey, inspected: &Inspected, row: Option<&Row>) -> Kept {
    let row = row.or(inspected.row.as_ref());
    let (entry, meta) = (inspected.entry.as_deref(), inspected.entry.as_ref().map(|entry| &entry.meta));
    let size = entry.and_then(Entry::body).map(|body| body.len() as u64);
    Kept {
        key,
        url: row.map(|row| row.url.clone()).or(meta.map(|meta| meta.url.clone())).unwrap_or_default(),
        content_type: meta
            .map(|meta| &meta.content_type)
            .or(row.map(|row| &row.content_type))
            .cloned()
            .unwrap_or_default(),
        size: size.or(row.map(|row| row.size)).unwrap_or_default(),
        stored_at: meta.map(|meta| meta.stored_at).or(row.map(|row| row.stored_at)).unwrap_or_default(),
        last_used: inspected.last_used.or(row.map(|row| row.last_used)),
        hits: inspected.hits,
        stamp: entry
            .map(|entry| entry.subject.stamp.position)
            .or(row.map(|row| row.stamp.position))
            .unwrap_or_default(),
        would: inspected.would,
        in_memory: inspected.in_memory(),
        on_disk: inspected.on_disk(),
    }
}
