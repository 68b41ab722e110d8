//! What steps mean: from drafts to a plan.

mod effects;
mod size;

use plan::{
    Background, BlurFill, Dim, Expr, Fixed, Format, FormatRule, Length, Measured, Metadata, Orient, OutputRule, Plan,
    Profile, Quality, Sizes, Stage, Trim, TrimMode,
};

use super::expression::Lengths;
use super::lex::{self, Item, Token};
use super::said::{Fill, FormatSaid, Layer, Mode, Rotation, Said, TextSaid};
use super::table::{LEAST_DPR, MOST_DPR, find, rows};
use super::{beyond, condition, expression, layer, legacy};
use crate::error::ParseError;
use crate::hints::{Hints, Listens};
use crate::request::{Warning, WarningKind};
use crate::settings::Settings;
use crate::table::Param;

pub(super) use effects::shape;

/// The most quality for clients that want to save data. The vendor says only that it is lower.
const SAVING_QUALITY: u8 = 45;

/// Keys whose values are passed over where they ask for too much: the picture is nearly right without them.
const SOFT: &[&str] = &["ff", "z", "c2pa"];

/// Reads steps. The vendor refuses what it does not know; a lenient site passes over it.
pub(super) struct Reader<'w> {
    pub(super) lenient: bool,
    /// What is read stands in a layer.
    pub(super) in_layer: bool,
    pub(super) warnings: &'w mut Vec<Warning>,
}

impl Reader<'_> {
    /// The parts of one step.
    pub(super) fn step(&mut self, step: &[Item<'_>]) -> Result<Said, ParseError> {
        let (mut said, mut seen) = (Said::default(), Vec::new());
        for item in step {
            match item {
                Item::Token(token) => self.token(token, &mut said, &mut seen)?,
                Item::Layer(layer) => said.layers.extend(self.layer(layer)?),
                Item::Choice(choice) => said.choice = self.choice(choice)?.map(Box::new),
            }
        }
        if self.lenient {
            for layer in legacy::layers(step) {
                said.layers.extend(self.layer(&layer)?);
            }
        }
        Ok(said)
    }

    fn token(&mut self, token: &Token<'_>, said: &mut Said, seen: &mut Vec<&'static str>) -> Result<(), ParseError> {
        if let Some(row) = find(token.key) {
            if expression::is_expression(token) {
                return self.reckon(row, token, said, |said| &mut said.lengths, seen);
            }
            said.lengths.remove(row.name);
            return self.obey(row, token, said, seen);
        }
        if let Some(why) = beyond::why(token.key) {
            return self.refuse(WarningKind::Unsupported, token, why.to_owned());
        }
        match legacy::instead(token.key) {
            Some(_) if self.lenient => Ok(()),
            Some(instead) => self.refuse(WarningKind::Unknown, token, instead),
            None => self.refuse(WarningKind::Unknown, token, format!("no such parameter; known are {}", names())),
        }
    }

    /// Reads one token by its row.
    fn obey<D>(
        &mut self,
        row: &'static Param<D>,
        token: &Token<'_>,
        draft: &mut D,
        seen: &mut Vec<&'static str>,
    ) -> Result<(), ParseError> {
        let kind = match (row.parse)(draft, token.value) {
            Ok(()) if seen.contains(&row.name) => WarningKind::Repeated,
            Ok(()) => {
                seen.push(row.name);
                return Ok(());
            }
            Err(WarningKind::Invalid | WarningKind::Unknown) => {
                return self.refuse(WarningKind::Invalid, token, row.kind.allowed());
            }
            Err(WarningKind::Unsupported) if !SOFT.contains(&row.name) => {
                let why = if row.name == "bg" { beyond::MODEL } else { beyond::FORMAT };
                return self.refuse(WarningKind::Unsupported, token, why.to_owned());
            }
            Err(kind) => kind,
        };
        self.warnings.push(warning(kind, token, row.kind.allowed()));
        Ok(())
    }

    /// Reads one token that says arithmetic. What is a number after all is read as that.
    fn reckon<D>(
        &mut self,
        row: &'static Param<D>,
        token: &Token<'_>,
        draft: &mut D,
        lengths: fn(&mut D) -> &mut Lengths,
        seen: &mut Vec<&'static str>,
    ) -> Result<(), ParseError> {
        let (rest, text) = expression::split(token);
        let (far, text) = text.strip_prefix(['N', '-']).map_or((false, text), |text| (true, text));
        let signed = matches!(token.key, "lx" | "ly" | "lxc" | "lyc");
        let expr = match expression::read(text) {
            Ok(expr) if signed || !far => expr,
            _ => return self.refuse(WarningKind::Invalid, token, expression::ALLOWED.to_owned()),
        };
        if expr.variables().any(|variable| variable.is_below() && !self.in_layer) {
            let allowed = format!("{}; bw, bh and bar only in a layer", expression::ALLOWED);
            return self.refuse(WarningKind::Invalid, token, allowed);
        }
        if expr.variables().next().is_none() {
            let Some(number) = expr.value(&Sizes::default()) else {
                let allowed = "an expression that has a value".to_owned();
                self.warnings.push(warning(WarningKind::NoEffect, token, allowed));
                return Ok(());
            };
            let value = expression::spell_number(token.key, number, far, &rest);
            lengths(draft).remove(row.name);
            return self.obey(row, &Token { key: token.key, value: &value }, draft, seen);
        }
        if token.key == "dn" {
            return self.refuse(WarningKind::Unsupported, token, "a number: no master says its density".to_owned());
        }
        let expr = if far { expression::reversed(&expr) } else { expr };
        // The rest of the value, and what the parameter would say as a number, are read by its row.
        let plain = expression::stand_in(token.key, far, &rest);
        self.obey(row, &Token { key: token.key, value: &plain }, draft, seen)?;
        lengths(draft).set(row.name, expr);
        Ok(())
    }

    /// Reads a conditional; `None` where it is passed over.
    fn choice(&mut self, lexed: &lex::Choice<'_>) -> Result<Option<condition::Choice>, ParseError> {
        let Some(condition) = condition::read(lexed.condition) else {
            let token = Token { key: "if", value: lexed.condition };
            self.refuse(WarningKind::Invalid, &token, condition::ALLOWED.to_owned())?;
            return Ok(None);
        };
        let yes = self.branch(&lexed.yes)?;
        Ok(Some(condition::Choice { condition, yes, no: self.branch(&lexed.no)? }))
    }

    /// Steps of a conditional. What is about the file cannot hang on the size of the picture.
    fn branch(&mut self, steps: &[lex::Step<'_>]) -> Result<Vec<Said>, ParseError> {
        let mut branch = Vec::with_capacity(steps.len());
        for step in steps {
            let (mut idle, mut rest) = (Vec::new(), Vec::with_capacity(step.len()));
            for item in step {
                match item {
                    Item::Token(token) if OF_THE_FILE.contains(&token.key) => idle.push(token),
                    other => rest.push(other.clone()),
                }
            }
            let noted = idle.into_iter().map(|token| warning(WarningKind::NoEffect, token, "outside of if".to_owned()));
            self.warnings.extend(noted);
            branch.push(self.step(&rest)?);
        }
        Ok(branch)
    }

    /// Refuses a token, or on a lenient site passes over it.
    fn refuse(&mut self, kind: WarningKind, token: &Token<'_>, allowed: String) -> Result<(), ParseError> {
        if self.lenient {
            self.warnings.push(warning(kind, token, allowed));
            return Ok(());
        }
        Err(match kind {
            WarningKind::Unsupported => {
                let (parameter, value) = (token.key.to_owned(), token.value.to_owned());
                ParseError::Unsupported { parameter, value, why: allowed }
            }
            _ => refused(token, allowed),
        })
    }

    /// Reads a layer: what is its own, and its steps. `None` where it is passed over.
    fn layer(&mut self, lexed: &lex::Layer<'_>) -> Result<Option<Layer>, ParseError> {
        let frame = Token { key: "l", value: lexed.kind };
        match lexed.kind {
            "image" | "text" => {}
            "video" | "subtitles" | "subtitle" => {
                self.refuse(WarningKind::Unsupported, &frame, beyond::FILM.to_owned())?;
                return Ok(None);
            }
            _ => {
                self.refuse(WarningKind::Unknown, &frame, "image or text".to_owned())?;
                return Ok(None);
            }
        }
        let is_text = lexed.kind == "text";
        let (mut layer, mut own_seen) = (Layer::default(), Vec::new());
        layer.text = is_text.then(TextSaid::default);
        let outside = std::mem::replace(&mut self.in_layer, true);
        for (at, step) in lexed.steps.iter().enumerate() {
            let place = Place { boxed: is_text && at == 0, first: at == 0 };
            let said = self.layer_step(&frame, step, place, &mut layer, &mut own_seen)?;
            layer.steps.push(said);
        }
        self.in_layer = outside;
        if let Some((key, said)) = layer::unknown_size(&layer) {
            let allowed = format!("{}: it has no size before it is drawn", expression::ALLOWED);
            self.refuse(WarningKind::Invalid, &Token { key, value: &said }, allowed)?;
            return Ok(None);
        }
        if layer.plain.is_none() && layer.encoded.is_none() {
            let content = if is_text { "i-<text>" } else { "i-<path>" };
            self.refuse(WarningKind::Invalid, &frame, format!("a layer with {content} or ie-<base64>"))?;
            return Ok(None);
        }
        layer::idle(&layer, self.warnings);
        Ok(Some(layer))
    }

    /// One step of a layer.
    fn layer_step(
        &mut self,
        frame: &Token<'_>,
        step: &[Item<'_>],
        Place { boxed, first }: Place,
        layer: &mut Layer,
        own_seen: &mut Vec<&'static str>,
    ) -> Result<Said, ParseError> {
        let (mut said, mut seen) = (Said::default(), Vec::new());
        for item in step {
            let token = match item {
                Item::Layer(_) | Item::Choice(_) if boxed => {
                    let allowed = "a layer or an if in a text layer only in a step of its own".to_owned();
                    self.refuse(WarningKind::Invalid, frame, allowed)?;
                    continue;
                }
                Item::Layer(inner) => {
                    said.layers.extend(self.layer(inner)?);
                    continue;
                }
                Item::Choice(choice) => {
                    said.choice = self.choice(choice)?.map(Box::new);
                    continue;
                }
                Item::Token(token) => token,
            };
            if let Some(row) = layer::find(token.key) {
                if expression::is_expression(token) {
                    // Where it lies is worked out behind all steps: what came into the first is the layer as it was.
                    let value = if first { expression::of_first_step(token.value) } else { token.value.to_owned() };
                    let token = Token { key: token.key, value: &value };
                    self.reckon(row, &token, layer, |layer| &mut layer.lengths, own_seen)?;
                } else {
                    layer.lengths.remove(row.name);
                    self.obey(row, token, layer, own_seen)?;
                }
                continue;
            }
            if boxed && layer::refused_in_first_step(token.key) && beyond::why(token.key).is_none() {
                let allowed = "not of a text; in a step of its own, of its picture".to_owned();
                self.refuse(WarningKind::Invalid, token, allowed)?;
                continue;
            }
            if let Some(instead) = legacy::instead(token.key) {
                self.refuse(WarningKind::Unknown, token, instead)?;
                continue;
            }
            if matches!(token.key, "f" | "lo" | "pr" | "orig" | "md" | "cp" | "dn" | "pg" | "di" | "c2pa") {
                self.warnings.push(warning(WarningKind::NoEffect, token, "outside of layers".to_owned()));
            }
            self.token(token, &mut said, &mut seen)?;
        }
        for (key, is) in [("w", said.auto_width), ("dpr", said.auto_dpr)] {
            if is {
                let allowed = "auto of the picture itself".to_owned();
                let token = Token { key, value: "auto" };
                self.warnings.push(warning(WarningKind::NoEffect, &token, allowed));
            }
        }
        Ok(said)
    }
}

/// What is about the file that is written, or about the master.
pub(super) const OF_THE_FILE: &[&str] = &["q", "f", "lo", "pr", "orig", "md", "cp", "dn", "pg", "di", "c2pa"];

/// Where a step of a layer stands.
#[derive(Clone, Copy)]
struct Place {
    /// It is about the box of a text.
    boxed: bool,
    /// It is the layer's first.
    first: bool,
}

/// Steps and those of their conditionals.
fn all<'s>(steps: &'s [Said], found: &mut Vec<&'s Said>) {
    for said in steps {
        found.push(said);
        if let Some(choice) = &said.choice {
            all(&choice.yes, found);
            all(&choice.no, found);
        }
    }
}

/// Which hints steps leave something to. `Content-DPR` takes both to work out where the width is one.
pub(super) fn listens(steps: &[Said], settings: &Settings) -> Listens {
    let mut whole = Vec::with_capacity(steps.len());
    all(steps, &mut whole);
    let width = whole.iter().any(|said| said.auto_width);
    let dpr = width || whole.iter().any(|said| said.auto_dpr);
    Listens { width, dpr, save_data: settings.save_data }
}

/// Puts what the client hints at where steps leave it to that.
pub(super) fn hear(steps: &mut [Said], hints: Hints, settings: &Settings) {
    for said in steps {
        if said.auto_width {
            said.width = hints.width().map(|px| Dim::Px(px.min(settings.max_side.max(1))));
        }
        if said.auto_dpr {
            said.dpr = hints.dpr().map(|dpr| dpr.get().clamp(LEAST_DPR, MOST_DPR));
        }
        if let Some(choice) = &mut said.choice {
            hear(&mut choice.yes, hints, settings);
            hear(&mut choice.no, hints, settings);
        }
    }
}

fn refused(token: &Token<'_>, allowed: String) -> ParseError {
    ParseError::BadParameter { parameter: token.key.to_owned(), value: token.value.to_owned(), allowed }
}

pub(super) fn warning(kind: WarningKind, token: &Token<'_>, allowed: String) -> Warning {
    Warning { kind, parameter: token.key.to_owned(), value: token.value.to_owned(), allowed }
}

fn names() -> String {
    rows().map(|row| row.name).collect::<Vec<_>>().join(", ")
}

/// The plan of a whole chain; `saves_data`: for a client that wants fewer bytes.
pub(super) fn plan(steps: &[Said], settings: &Settings, saves_data: bool, warnings: &mut Vec<Warning>) -> Plan {
    let mut stages = Vec::new();
    stages.extend(steps.first().and_then(|said| said.page).map(|page| Stage::Page(page - 1)));
    stages.push(Stage::Orient(Orient::Exif));
    for (at, said) in steps.iter().enumerate() {
        if at > 0 {
            Notes { said, warnings }.add_if_said(WarningKind::NoEffect, "pg", "in the first step");
            stages.extend(mark(said));
        }
        stages.extend(self::stages(said, settings, warnings));
    }
    let mut output = output(steps, settings);
    if saves_data {
        let Quality { jpeg, webp, avif } = output.quality;
        let [jpeg, webp, avif] = [jpeg, webp, avif].map(|quality| quality.min(SAVING_QUALITY));
        output.quality = Quality { jpeg, webp, avif };
    }
    let mut plan = Plan { stages, output };
    plan.canonicalise();
    plan
}

/// The stages of steps within something.
pub(super) fn chain(steps: &[Said], settings: &Settings, warnings: &mut Vec<Warning>) -> Vec<Stage> {
    let mut whole = Vec::new();
    for (at, said) in steps.iter().enumerate() {
        whole.extend(mark(said).filter(|_| at > 0));
        whole.extend(stages(said, settings, warnings));
    }
    whole
}

/// What has to stand before the stages of a step that speaks of the picture as it comes in.
pub(super) fn mark(said: &Said) -> Option<Stage> {
    said.lengths.speak_of_the_current().then_some(Stage::Mark)
}

/// A stage, some of its lengths worked out.
pub(super) fn measured(stage: Stage, lengths: Vec<(Length, Expr)>) -> Stage {
    if lengths.is_empty() { stage } else { Stage::Measured(Measured { stage: Box::new(stage), lengths }) }
}

/// How the result is written: for each setting the last step that names it wins.
fn output(steps: &[Said], settings: &Settings) -> OutputRule {
    fn last<T>(steps: &[Said], get: impl Fn(&Said) -> Option<T>) -> Option<T> {
        steps.iter().rev().find_map(get)
    }
    let keeps = |get: fn(&Said) -> Option<bool>| last(steps, get).unwrap_or(false);
    let profile = if keeps(|said| said.profile) { Profile::Keep } else { Profile::Srgb };
    let offers_avif = offers_avif(steps, profile);
    OutputRule {
        original: false,
        format: match last(steps, |said| said.format) {
            None if settings.auto_format => negotiated(settings, offers_avif),
            None | Some(FormatSaid::Original) => FormatRule::Source,
            Some(FormatSaid::Auto) => negotiated(settings, offers_avif),
            Some(FormatSaid::As(format)) => FormatRule::Always(format),
        },
        quality: last(steps, |said| said.quality).map_or(OutputRule::default().quality, Quality::all),
        lossless: keeps(|said| said.lossless),
        progressive: keeps(|said| said.progressive),
        metadata: if keeps(|said| said.metadata) { Metadata::Keep } else { Metadata::Strip },
        profile,
        density: last(steps, |said| said.density).unwrap_or_default(),
        ..OutputRule::default()
    }
}

/// The vendor gives no AVIF where the profile is kept, and none behind an unsharp mask.
pub(super) fn offers_avif(steps: &[Said], profile: Profile) -> bool {
    let mut whole = Vec::with_capacity(steps.len());
    all(steps, &mut whole);
    profile != Profile::Keep && whole.iter().all(|said| said.unsharp.is_none())
}

/// What `f-auto` means on this site.
pub(super) fn negotiated(settings: &Settings, offers_avif: bool) -> FormatRule {
    let avif = settings.avif && offers_avif;
    let offer = if avif { vec![Format::Avif, Format::Webp] } else { vec![Format::Webp] };
    FormatRule::Negotiate { offer, fallback: None }
}

/// The stages of one step. The vendor fixes their order whatever the order in the URL; who cares chains steps. What looks
/// at one pixel at a time comes behind the resize: nobody sees a difference, and it is much cheaper.
pub(super) fn stages(said: &Said, settings: &Settings, warnings: &mut Vec<Warning>) -> Vec<Stage> {
    if let Some(choice) = &said.choice {
        return vec![condition::stage(choice, settings, warnings)];
    }
    let mut notes = Notes { said, warnings };
    let mut stages = Vec::new();
    if let Some(Some(tolerance)) = said.trim {
        let tolerance = Fixed::new(f64::from(tolerance));
        stages.push(Stage::Trim(Trim { mode: TrimMode::Corner, tolerance, keep: 0 }));
    }
    let size = size::size(said, settings, &mut notes);
    let mode = said.crop_mode.or(said.crop).unwrap_or(Mode::MaintainRatio);
    if said.crop_mode.is_some() && said.crop.is_some() {
        notes.add(WarningKind::NoEffect, "c", "cm overrides c");
    }
    // A background colour that fills something is not also flattened on.
    let mut filled = false;
    let exact = size.exact(mode);
    if size.says_a_side() {
        filled = mode.pads() && (size.is_complete() || mode.extracts());
        stages.push(size::sized(mode, size, &mut notes));
    }
    stages.extend(effects::colors(said));
    stages.extend(said.gradient.map(|gradient| effects::gradient(gradient, said.lengths.get("e-gradient"), exact)));
    for layer in &said.layers {
        stages.extend(layer::overlay(layer, settings, notes.warnings));
    }
    let ground = said.background.and_then(ground);
    if let Some(Rotation::By(degrees)) = said.rotation {
        filled |= degrees.get() % 90.0 != 0.0;
        stages.push(Stage::Rotate { degrees, background: ground.unwrap_or(Background::Auto) });
    }
    if let Some(flip) = said.flip {
        stages.push(Stage::Flip { horizontal: flip.horizontal, vertical: flip.vertical });
    }
    let opacity = effects::opacity(said);
    // What is made transparent shows the background, too.
    match ground.filter(|_| !filled || opacity.is_some()) {
        Some(ground) => {
            stages.extend(opacity);
            stages.push(Stage::Flatten(ground));
            stages.extend(effects::frame(said, ground));
        }
        None => {
            stages.extend(effects::frame(said, ground.unwrap_or(Background::Auto)));
            stages.extend(opacity);
        }
    }
    if said.background.is_some() && ground.is_none() && !filled {
        notes.add(WarningKind::NoEffect, "bg", "blurred and gradient_dominant only fill padding");
    }
    stages
}

/// What can lie behind a whole picture: the blurred picture and gradients only fill padding.
fn ground(fill: Fill) -> Option<Background> {
    match fill {
        Fill::Color(color) => Some(Background::Color(color)),
        Fill::Dominant => Some(Background::DominantEdge),
        Fill::Gradient(_) | Fill::Blurred { .. } => None,
    }
}

/// What a fill means in padding.
pub(super) fn padding(fill: Fill) -> Background {
    match fill {
        Fill::Gradient(colors) => Background::DominantGradient(colors),
        Fill::Blurred { intensity, brightness } => Background::Blur(BlurFill {
            sigma: intensity.map(|n| Fixed::new(f64::from(n) / 2.0)),
            brightness: Fixed::new(f64::from(brightness) / 255.0),
            ..BlurFill::PLAIN
        }),
        Fill::Color(color) => Background::Color(color),
        Fill::Dominant => Background::DominantEdge,
    }
}

/// Collects warnings about a step, quoting the parameter from the table.
struct Notes<'a> {
    said: &'a Said,
    warnings: &'a mut Vec<Warning>,
}

impl Notes<'_> {
    fn add(&mut self, kind: WarningKind, name: &str, allowed: &str) {
        let value = self.value(name).unwrap_or_default();
        self.warnings.push(Warning { kind, parameter: name.to_owned(), value, allowed: allowed.to_owned() });
    }

    fn add_if_said(&mut self, kind: WarningKind, name: &str, allowed: &str) {
        if self.value(name).is_some() {
            self.add(kind, name, allowed);
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        if let Some(expr) = self.said.lengths.get(name).filter(|_| name != "e-gradient" && name != "b") {
            return Some(expression::spell(expr).unwrap_or_else(|| expr.to_string()));
        }
        find(name).and_then(|row| (row.write)(self.said))
    }
}
