//! Overlays: from the pictures that a plan names to the masters that they may come from.

use dialect::{Asset, Target};
use plan::{Overlay, Picture, Plan, Stage};

use crate::Engine;
use crate::naming::{is_ours, split_absolute};
use crate::resolve::{Candidate, Refusal};

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
        let candidates =
            self.candidates(route.number, parsed.source.as_deref(), &parsed.asset, &parsed.origin_query)?;
        Ok(Some((candidates, parsed.plan.stages)))
    }
}
