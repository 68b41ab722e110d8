//! What was configured, for the control plane and for people.

use config::{Config, Provenance, Setting};
use control::Configured;

/// What the control plane shows.
pub fn configured(config: &Config) -> Configured {
    let provenance = &config.provenance;
    let groups = |groups: &[(String, Vec<Setting>)]| {
        groups.iter().map(|(name, settings)| (name.clone(), plain(settings))).collect()
    };
    Configured {
        file: provenance.file.as_ref().map(|file| file.display().to_string()),
        encrypted: config.listen.delivery_tls.is_some(),
        settings: plain(&provenance.settings),
        sources: groups(&provenance.sources),
        sites: groups(&provenance.sites),
    }
}

fn plain(settings: &[Setting]) -> Vec<control::Setting> {
    let setting = |setting: &Setting| control::Setting {
        key: setting.key.clone(),
        value: setting.value.clone(),
        from: setting.from.name(),
        place: setting.from.place(),
        doc: setting.doc.to_owned(),
    };
    settings.iter().map(setting).collect()
}

/// Every setting on a line of its own: its name, its value, and who said so.
pub fn shown(provenance: &Provenance) -> String {
    let named = |kind: &str, groups: &[(String, Vec<Setting>)]| -> Vec<[String; 3]> {
        let of = |(name, settings): &(String, Vec<Setting>)| lines(&format!("{kind}.{name}."), settings);
        groups.iter().flat_map(of).collect()
    };
    let mut rows = lines("", &provenance.settings);
    rows.extend(named("source", &provenance.sources));
    rows.extend(named("site", &provenance.sites));
    let widest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    // A list may be long; what is beside it then stands further right.
    let (keys, values) = (widest(0), widest(1).min(40));
    let line = |row: &[String; 3]| format!("{:<keys$}  {:<values$}  {}", row[0], row[1], row[2]);
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn lines(prefix: &str, settings: &[Setting]) -> Vec<[String; 3]> {
    let row = |setting: &Setting| {
        let from = match setting.from.place() {
            Some(place) => format!("{}, {place}", setting.from.name()),
            None => setting.from.name().to_owned(),
        };
        let value = setting.value.as_deref().unwrap_or("-");
        let value: String =
            value.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
        [format!("{prefix}{}", setting.key), value, from]
    };
    settings.iter().map(row).collect()
}
