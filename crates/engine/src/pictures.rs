//! Overlays: from the pictures that a plan names to the masters that they may come from.

use dialect::{Asset, Target};
use plan::{Overlay, Picture, Plan, Stage};

use crate::Engine;
use crate::naming::{is_ours, split_absolute};
use crate::resolve::{Candidate, Refusal, refuse_parse};

/// Overlays upon overlays.
const DEEPEST: usize = 4;
/// Overlays in one plan, at any depth.
const MOST: usize = 32;

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
                let then = std::mem::replace(&mut overlay.stages, stages);
                overlay.stages.extend(then);
                candidates
            }
            None => self.candidates(site, source.as_deref(), asset, "")?,
        };
        overlay.picture = Picture::Masters(candidates.iter().map(|c| c.master.clone()).collect());
        Ok(candidates)
    }

    /// The master and the stages that a URL of our own means.
    fn own_url(&self, url: &str) -> Result<Option<(Vec<Candidate>, Vec<Stage>)>, Refusal> {
        let Some((host, target)) = split_absolute(url) else { return Ok(None) };
        let Target { path, query } = Target::new(target);
        let Some(route) = self.route(host, path).filter(|route| is_ours(route.site, host)) else { return Ok(None) };
        let grammar = self.sites.grammar(route.number);
        let below = Target { path: route.path, query };
        let parsed = grammar.parse(below, &route.site.grammar).map_err(|e| refuse_parse(&e))?;
        let candidates =
            self.candidates(route.number, parsed.source.as_deref(), &parsed.asset, &parsed.origin_query)?;
        Ok(Some((candidates, parsed.plan.stages)))
    }
}

/// The plan without the overlays that could not be had, and whatever is drawn on those. `had` is in the order of
/// [`Plan::overlays`].
pub(crate) fn without_missing<T>(plan: &Plan, had: Vec<Option<T>>) -> (Plan, Vec<T>) {
    if had.iter().all(Option::is_some) {
        return (plan.clone(), had.into_iter().flatten().collect());
    }
    let mut had = had.into_iter();
    let mut kept = Vec::new();
    let stages = keep(&plan.stages, true, &mut had, &mut kept);
    (Plan { stages, output: plan.output.clone() }, kept)
}

fn keep<T>(stages: &[Stage], drawn: bool, had: &mut impl Iterator<Item = Option<T>>, kept: &mut Vec<T>) -> Vec<Stage> {
    let mut out = Vec::new();
    for stage in stages {
        let Stage::Overlay(overlay) = stage else {
            out.push(stage.clone());
            continue;
        };
        let picture = had.next().flatten().filter(|_| drawn);
        let shown = picture.is_some();
        kept.extend(picture);
        let stages = keep(&overlay.stages, shown, had, kept);
        if shown {
            out.push(Stage::Overlay(Box::new(Overlay { stages, ..(**overlay).clone() })));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use plan::{Location, MasterRef, OutputRule};

    use super::*;

    fn named(name: &str, stages: Vec<Stage>) -> Stage {
        let master = MasterRef::plain(Location::new("file:/p").master(name));
        Stage::Overlay(Box::new(Overlay { stages, ..Overlay::new(Picture::Masters(vec![master])) }))
    }

    #[test]
    fn a_missing_overlay_takes_along_what_is_drawn_on_it() {
        let turn = Stage::Flip { horizontal: true, vertical: false };
        let stages = vec![
            turn.clone(),
            named("a", vec![named("b", vec![]), turn.clone()]),
            named("c", vec![named("d", vec![])]),
        ];
        let plan = Plan { stages, output: OutputRule::default() };
        let (whole, all) = without_missing(&plan, vec![Some(1), Some(2), Some(3), Some(4)]);
        assert_eq!((&whole, all), (&plan, vec![1, 2, 3, 4]));
        let (rest, kept) = without_missing(&plan, vec![None, Some(2), Some(3), Some(4)]);
        assert_eq!(rest.stages, [turn.clone(), named("c", vec![named("d", vec![])])]);
        assert_eq!(kept, [3, 4]);
        let (rest, kept) = without_missing(&plan, vec![Some(1), None, Some(3), None]);
        assert_eq!(rest.stages, [turn.clone(), named("a", vec![turn]), named("c", vec![])]);
        assert_eq!(kept, [1, 3]);
    }
}
