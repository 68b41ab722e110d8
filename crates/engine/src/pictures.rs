//! Overlays: from the pictures that a plan names to the masters that they may come from, and to their bytes.

use std::sync::Arc;

use bytes::Bytes;
use cache::Failure;
use dialect::{Asset, Target};
use plan::{Overlay, Picture, Plan, Position, Stage};
use purge::Role;

use crate::Engine;
use crate::failure::{self, Holds};
use crate::fill::Made;
use crate::naming::{is_ours, split_absolute};
use crate::resolve::{Candidate, Refusal, Resolved};

/// Overlays upon overlays.
const DEEPEST: usize = 4;
/// Overlays in one plan, at any depth.
const MOST: usize = 32;

/// The masters and the stages that a URL of our own means.
type Own = (Vec<Candidate>, Vec<Stage>);

impl Engine {
    /// Puts masters in the place of names, and what a URL of our own says of its picture in front of the overlay's own
    /// stages. Answers the candidates of each overlay, in the order of [`Plan::overlays`].
    pub(crate) fn resolve_pictures(&self, site: usize, plan: &mut Plan) -> Result<Vec<Vec<Candidate>>, Refusal> {
        let mut pictures = Vec::new();
        plan.try_each_overlay(&mut |overlay, depth| {
            if depth > DEEPEST || pictures.len() >= MOST {
                let detail = format!("overlays may be {DEEPEST} deep, and {MOST} in all");
                return Err(Refusal::new(400, "too-many-overlays", detail));
            }
            pictures.push(self.resolve_picture(site, overlay)?);
            Ok(())
        })?;
        if !pictures.is_empty() {
            plan.canonicalise();
        }
        Ok(pictures)
    }

    fn resolve_picture(&self, site: usize, overlay: &mut Overlay) -> Result<Vec<Candidate>, Refusal> {
        let Picture::Named { source, asset } = &overlay.picture else {
            return Err(Refusal::new(400, "malformed-url", "an overlay is named by masters already"));
        };
        let own = match asset {
            Asset::Url(url) => self.own_url(url)?,
            Asset::Path(_) => None,
        };
        let candidates = match own {
            Some((candidates, stages)) => {
                let upright = stages.iter().any(|stage| matches!(stage, Stage::Orient(_)));
                let then = std::mem::replace(&mut overlay.stages, stages);
                // Turned upright once is enough.
                overlay.stages.extend(then.into_iter().filter(|stage| !(upright && matches!(stage, Stage::Orient(_)))));
                candidates
            }
            None => self.candidates(site, source.as_deref(), asset, "")?,
        };
        overlay.picture = Picture::Masters(candidates.iter().map(|c| c.master.clone()).collect());
        Ok(candidates)
    }

    /// The master and the stages that a URL of our own means.
    fn own_url(&self, url: &str) -> Result<Option<Own>, Refusal> {
        let Some((host, target)) = split_absolute(url) else { return Ok(None) };
        let Target { path, query } = Target::new(target);
        let Some(route) = self.route(host, path).filter(|route| is_ours(route.site, host)) else { return Ok(None) };
        let parsed = self.parse(route.number, Target { path: route.path, query })?;
        if !parsed.plan.needs_master() {
            let detail = "a picture of text at an address of ours cannot be an overlay here; give the text itself";
            return Err(Refusal::new(400, "malformed-url", detail));
        }
        let candidates =
            self.candidates(route.number, parsed.source.as_deref(), &parsed.asset, &parsed.origin_query)?;
        Ok(Some((candidates, parsed.plan.stages)))
    }

    /// The bytes of each overlay; `None` for one that the plan can do without, and for one that is not drawn on this master.
    pub(crate) async fn pictures(
        self: &Arc<Self>,
        resolved: &Resolved,
        main: &Bytes,
        at_least: Position,
        made: &mut Made<'_>,
    ) -> Result<Vec<Option<Bytes>>, (Failure, Holds)> {
        let reached = self.overlays_in_reach(resolved, main).await;
        let mut had = Vec::with_capacity(resolved.pictures.len());
        // Overlays that are drawn on a missing one.
        let mut needless: usize = 0;
        for (number, (overlay, candidates)) in resolved.plan.overlays().iter().zip(&resolved.pictures).enumerate() {
            let is_reached = reached.as_ref().is_none_or(|reached| reached.get(number) != Some(&false));
            if needless > 0 || !is_reached {
                needless = needless.saturating_sub(1);
                had.push(None);
                continue;
            }
            match self.first_master(candidates, Role::Part, at_least, made).await {
                Ok(picture) => had.push(Some(picture.bytes)),
                Err((failure, _)) if overlay.optional && failure::may_do_without(&failure) => {
                    made.lacks_a_part = true;
                    needless = overlay.parts();
                    had.push(None);
                }
                Err((failure, holds)) => return Err((failure::of_overlay(failure), holds)),
            }
        }
        Ok(had)
    }

    /// Which overlays a master's size leaves of those that a condition chooses from; `None` = all.
    async fn overlays_in_reach(&self, resolved: &Resolved, main: &Bytes) -> Option<Vec<bool>> {
        let chooses = resolved.plan.stages.iter().any(|stage| matches!(stage, plan::Stage::Choose(_)));
        if !chooses || resolved.pictures.is_empty() {
            return None;
        }
        let (plan, main, budget) = (resolved.plan.clone(), main.clone(), self.settings.budget.clone());
        // Some headers are read by a worker, for which this waits.
        let look = tokio::task::spawn_blocking(move || render::overlays_in_reach(&main, &plan, &budget));
        look.await.ok().flatten()
    }
}
