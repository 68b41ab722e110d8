//! Fills of pass-through sites: the origin's bytes as they are, kept for as long as the origin says (RFC 9111).
//!
//! They have no part in the store of masters, in which bytes live as long as any site of pictures wants them. What is
//! expired is revalidated with the validators of the entry itself.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache::{Content, Entry, Failure, FillContext, Filled, Keep, Meta};
use origin::{Fetched, Storable, Validators};
use plan::reason::NotStored;
use purge::Role;

use crate::Engine;
use crate::failure::{self, Holds};
use crate::fill::{Made, Unfetched, unix_now, validators};
use crate::resolve::{Candidate, Resolved};

impl Engine {
    /// Fetches the original that a request to a pass-through site names.
    pub(crate) async fn pass(self: &Arc<Self>, resolved: &Resolved, context: FillContext) -> Filled {
        let mut made = Made::new(self, resolved, &context);
        match self.pass_first(resolved, &context, &mut made).await {
            Ok(Original::Renewed(filled)) => *filled,
            Ok(Original::New { content, meta, keep }) => {
                let meta = *meta;
                let lifetime = meta.lifetime;
                let meta = Meta {
                    last_modified: meta.last_modified,
                    origin_etag: meta.origin_etag,
                    origin_last_modified: meta.origin_last_modified,
                    browser_lifetime: meta.browser_lifetime,
                    described: meta.described,
                    ..made.meta(meta.content_type, lifetime)
                };
                Filled { entry: made.entry(content, meta), keep }
            }
            Err((failure, holds)) => made.failure(failure, holds),
        }
    }

    /// Tries the sources in order, as for pictures: each that was asked becomes a dependency.
    async fn pass_first(
        &self,
        resolved: &Resolved,
        context: &FillContext,
        made: &mut Made<'_>,
    ) -> Result<Original, (Failure, Holds)> {
        // Before anything is fetched (rule S5).
        self.refuse_taken_down(&resolved.known, Role::Main)?;
        for candidate in &resolved.candidates {
            let held = context.stale.as_deref().and_then(|held| Some((held, held_validators(held, candidate)?)));
            let source = &self.sources[candidate.source];
            let fetched = match self.turns.take(candidate.source).await {
                None => Err(Unfetched::Busy),
                Some(_turn) => {
                    let validators = held.as_ref().map(|(_, validators)| validators);
                    self.ask_source(candidate, validators).await.map_err(Unfetched::Failed)
                }
            };
            if let (Ok(Fetched::NotModified(renewal)), Some((held, _))) = (&fetched, &held) {
                let lifetime = renewal.max_age.unwrap_or(held.meta.lifetime).min(self.site(resolved.site).edge_time);
                let browser_lifetime = renewal.browser_max_age.or(held.meta.browser_lifetime);
                let meta = Meta { stored_at: unix_now(), lifetime, browser_lifetime, ..held.meta.clone() };
                let entry = self.renewed(source, held.restamped(context.stamp, meta), renewal);
                self.refuse_taken_down(&entry.subject, Role::Main)?;
                let filled = Filled { keep: kept(renewal.storable, renewal.varies, &entry.meta), entry };
                return Ok(Original::Renewed(Box::new(filled)));
            }
            let said = match &fetched {
                Ok(Fetched::Body(body)) => Some(body.clone()),
                _ => None,
            };
            let entry = self.fetched(source, resolved.key, candidate, context.stamp, fetched).await.entry;
            made.used(&entry, Role::Main, None);
            // Names that were learnt on the way: redirect hops, what a link points to, tags.
            self.refuse_taken_down(&entry.subject, Role::Main)?;
            match (entry.content, said) {
                (content @ Content::Body { .. }, Some(said)) => {
                    let edge_time = self.site(resolved.site).edge_time;
                    // Folders say nothing of freshness, so the site does. What an origin says nothing of is asked for each
                    // time: no lifetime is guessed.
                    let unsaid = if source.takes_query() { Duration::ZERO } else { edge_time };
                    let mut meta = entry.meta;
                    meta.lifetime = said.max_age.unwrap_or(unsaid).min(edge_time);
                    meta.browser_lifetime = said.browser_max_age;
                    let described = said.described.into_iter();
                    meta.described = described.map(|(name, value)| (name.to_owned(), value)).collect();
                    if meta.content_type.is_empty() {
                        meta.content_type = content_type(&content, resolved.base_name()).to_owned();
                    }
                    return Ok(Original::New {
                        content,
                        keep: kept(said.storable, said.varies, &meta),
                        meta: Box::new(meta),
                    });
                }
                (Content::Failure(failure), _) if failure.status == 404 => {}
                (Content::Failure(failure), _) => {
                    let holds = if failure.fault == plan::reason::Fault::Us { Holds::Not } else { Holds::Briefly };
                    return Err((failure, holds));
                }
                (Content::Body { .. }, None) => return Err((failure::lost(), Holds::Not)),
            }
        }
        Err((failure::not_found(resolved.candidates.len()), Holds::Briefly))
    }
}

/// What a pass-through fill brings.
enum Original {
    /// The bytes that were held are good still.
    Renewed(Box<Filled>),
    New {
        content: Content,
        meta: Box<Meta>,
        keep: Keep,
    },
}

/// The validators of an entry, if its bytes came from this candidate and not from one that is tried before or after it.
fn held_validators(held: &Entry, candidate: &Candidate) -> Option<Validators> {
    let came_from = held.subject.dependencies.iter().find(|dependency| dependency.digest.is_some())?;
    (came_from.master == candidate.master.id).then(|| validators(&held.meta))?
}

/// A shared cache keeps neither `no-store` nor `private`, and one that sends no request headers of the client's keeps
/// nothing that depends on them (RFC 9111 sections 3 and 4.1).
fn kept(storable: Storable, varies: bool, meta: &Meta) -> Keep {
    match storable {
        Storable::MemoryOnly => Keep::Nowhere(NotStored::OriginForbids),
        Storable::No => Keep::Nowhere(NotStored::MasterUnstable),
        Storable::Yes if varies => Keep::Nowhere(NotStored::Varies),
        Storable::Yes if meta.lifetime.is_zero() && validators(meta).is_none() => Keep::Passing,
        Storable::Yes => Keep::Everywhere,
    }
}

/// The type of a file, which nobody declares: by its first bytes where it is a picture, else by its name.
fn content_type(content: &Content, name: &str) -> &'static str {
    let bytes = match content {
        Content::Body { bytes, .. } => bytes.clone(),
        Content::Failure(_) => Bytes::new(),
    };
    if let Some(kind) = codec::sniff(&bytes) {
        return kind.content_type();
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    match extension.as_str() {
        "pdf" => "application/pdf",
        "svg" => "image/svg+xml",
        "ico" => "image/x-icon",
        "txt" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "xml" => "application/xml",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "woff2" => "font/woff2",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_the_origin_allows() {
        let life = |seconds| Meta { lifetime: Duration::from_secs(seconds), ..Meta::default() };
        let tagged = Meta { origin_etag: Some("\"a\"".into()), ..Meta::default() };
        for (storable, varies, meta, want) in [
            (Storable::Yes, false, life(9), Keep::Everywhere),
            (Storable::Yes, false, life(0), Keep::Passing),
            (Storable::Yes, false, tagged.clone(), Keep::Everywhere),
            (Storable::Yes, true, life(9), Keep::Nowhere(NotStored::Varies)),
            (Storable::MemoryOnly, true, life(9), Keep::Nowhere(NotStored::OriginForbids)),
            (Storable::No, false, tagged, Keep::Nowhere(NotStored::MasterUnstable)),
        ] {
            assert_eq!(kept(storable, varies, &meta), want, "{storable:?} {varies} {meta:?}");
        }
    }
}
