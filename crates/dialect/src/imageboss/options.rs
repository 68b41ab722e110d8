//! Which options hold: those of a preset, else those of the URL; of a key that stands twice the last.

use super::path::{self, Pieces};
use super::said::{Operation, Said};
use crate::error::ParseError;
use crate::request::{Warning, WarningKind};
use crate::settings::{Preset, Settings};
use crate::table::Param;

/// The option that names a preset. The vendor has none: what its plugins call so are bundles that become ordinary URLs.
const PRESET: &str = "preset";

/// Options that say nothing about the picture and may stand beside a preset.
const BESIDE: &[&str] = &[PRESET, "download"];

/// Puts a preset's operation and options in the place of the URL's own, and gives its name.
///
/// # Errors
/// On a site that takes presets alone, when the URL says anything else.
pub(super) fn preset(
    pieces: &mut Pieces,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Result<Option<String>, ParseError> {
    let enabled = |(name, preset): (&String, &Preset)| preset.enabled.then(|| name.clone());
    let names = || settings.presets.iter().filter_map(enabled).collect::<Vec<_>>().join(", ");
    let refused = |what: String| ParseError::NotAPreset { what, allowed: names() };
    let is_preset = |key: &str| key.eq_ignore_ascii_case(PRESET);
    if settings.presets_only {
        if pieces.operation != Operation::Cdn {
            return Err(refused(pieces.operation.to_string()));
        }
        let beside = |key: &str| BESIDE.iter().any(|known| known.eq_ignore_ascii_case(key));
        if let Some((key, value)) = pieces.options.iter().find(|(key, _)| path::known(key) && !beside(key)) {
            return Err(refused(format!("{key}:{value}")));
        }
    }
    let Some((_, name)) = pieces.options.iter().rev().find(|(key, _)| is_preset(key)).cloned() else { return Ok(None) };
    let Some(preset) = settings.presets.get(&name).filter(|preset| preset.enabled) else {
        if settings.presets_only {
            return Err(refused(format!("{PRESET}:{name}")));
        }
        let (parameter, allowed) = (PRESET.to_owned(), format!("the name of a preset: {}", names()));
        warnings.push(Warning { kind: WarningKind::Invalid, parameter, value: name, allowed });
        return Ok(None);
    };
    let (operation, mut given) = path::of_preset(&preset.text, warnings)?;
    // One preset does not name another.
    given.retain(|(key, _)| !is_preset(key));
    if let Some(operation) = operation {
        if pieces.operation != Operation::Cdn {
            let (parameter, value) = ("size".to_owned(), pieces.operation.to_string());
            let allowed = "cdn, where a preset names the operation".to_owned();
            warnings.push(Warning { kind: WarningKind::NoEffect, parameter, value, allowed });
        }
        pieces.operation = operation;
    }
    let same = |one: &str, two: &str| match (path::find(one), path::find(two)) {
        (Some(one), Some(two)) => one.name == two.name,
        _ => false,
    };
    // The master's bytes would be the preset undone.
    let undone = |key: &str| pieces.operation == Operation::Cdn && !given.is_empty() && same(key, "compression");
    let overruled = |key: &str| undone(key) || given.iter().any(|(of_preset, _)| same(of_preset, key));
    pieces.options.retain(|(key, value)| {
        if overruled(key) {
            let allowed = "where the preset does not say otherwise".to_owned();
            let (parameter, value) = (key.clone(), value.clone());
            warnings.push(Warning { kind: WarningKind::NoEffect, parameter, value, allowed });
        }
        !overruled(key)
    });
    pieces.options.splice(0..0, given);
    Ok(Some(name))
}

/// Reads the options of a path.
pub(super) fn read(pieces: &Pieces, warnings: &mut Vec<Warning>) -> Said {
    let mut given: Vec<(&Param<Said>, &str, &str)> = Vec::new();
    for (key, value) in &pieces.options {
        let warning = |kind, allowed: &str, (parameter, value): (&str, &str)| {
            let (parameter, value, allowed) = (parameter.to_owned(), value.to_owned(), allowed.to_owned());
            Warning { kind, parameter, value, allowed }
        };
        let Some(param) = path::find(key) else {
            warnings.push(warning(WarningKind::Unknown, "", (key, value)));
            continue;
        };
        if let Some(at) = given.iter().position(|(earlier, ..)| earlier.name == param.name) {
            let (_, parameter, value) = given.remove(at);
            warnings.push(warning(WarningKind::Repeated, "once; the last is taken", (parameter, value)));
        }
        given.push((param, key, value));
    }
    let mut said = Said { operation: pieces.operation, ..Said::default() };
    for (param, key, value) in given {
        param.read(&mut said, key, value, warnings);
    }
    said
}
