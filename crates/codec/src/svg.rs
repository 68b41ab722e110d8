//! SVG, drawn by resvg at the size that is needed.
//!
//! Nothing is fetched: what a file refers to outside of itself is left out. Scripts are not run, events are not listened
//! to. Pictures inside of it are drawn if they are data of the file and fit the budget with all others. Text is drawn with
//! the fonts of [`Fonts`](crate::Fonts). How much work a file asks for is added up before a pixel is drawn, since the
//! drawing itself cannot be stopped.

mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resvg::tiny_skia::{Pixmap, Transform};
use usvg::roxmltree::{Document, ParsingOptions};
use usvg::{ImageHrefResolver, ImageKind, Options, Tree};

use crate::{Budget, Cancel, Channels, CodecError, Decode, Decoded, Fonts, Info, Kind, Picture, Pixels};
use crate::{guard, limits, sniff};

/// A longer file is refused: the largest of drawings are a few megabytes of text.
const LONGEST: u64 = 16 << 20;
/// Elements and texts.
const MOST_NODES: u32 = 500_000;
/// The text that entities may stand for, all together.
const MOST_ENTITY_TEXT: usize = 8 << 20;
/// Elements times rules of a style sheet.
const MOST_STYLING: usize = 50_000_000;
/// How deep SVG may lie in SVG.
const DEEPEST: u64 = 3;

/// Reads the document.
pub(crate) fn probe(bytes: &[u8], budget: &Budget) -> Result<Info, CodecError> {
    guard::run_deep(Kind::Svg, || Ok(info(&parse(bytes, &Fonts::default(), budget)?, budget)))
}

/// Draws, as large as is asked for.
pub(crate) fn decode(bytes: &[u8], ask: &Decode, budget: &Budget, cancel: &Cancel) -> Result<Decoded, CodecError> {
    guard::run_deep(Kind::Svg, || {
        let tree = parse(bytes, &ask.fonts, budget)?;
        let info = info(&tree, budget);
        let (width, height) = fitted((info.width, info.height), ask.at_least);
        limits::size(width, height, budget)?;
        cancel.check()?;
        let (across, down) = (width as f32 / tree.size().width(), height as f32 / tree.size().height());
        work::check(&tree, (across, down), (width, height), budget)?;
        let mut canvas =
            Pixmap::new(width, height).ok_or_else(|| CodecError::Corrupt("SVG: a size that cannot be".into()))?;
        resvg::render(&tree, Transform::from_scale(across, down), &mut canvas.as_mut());
        cancel.check()?;
        let data = canvas.take_demultiplied();
        let pixels = Pixels { width, height, channels: Channels::Rgba, data };
        Ok(Decoded { picture: Picture::still(pixels), profile: None, info })
    })
}

/// The size to draw at: the smallest of the natural shape that covers what is asked for.
pub(crate) fn fitted((width, height): (u32, u32), at_least: Option<(u32, u32)>) -> (u32, u32) {
    let Some((least_width, least_height)) = at_least else {
        return (width, height);
    };
    let (w, h) = (f64::from(width), f64::from(height));
    let scale = (f64::from(least_width.max(1)) / w).max(f64::from(least_height.max(1)) / h);
    let side = |length: f64, least: u32| ((length * scale).round() as u32).max(least).max(1);
    (side(w, least_width), side(h, least_height))
}

/// The natural size of a drawing, made smaller where its pixels would not fit the budget: it has none until it is drawn.
pub(crate) fn natural(width: f64, height: f64, budget: &Budget) -> (u32, u32) {
    let most = (budget.input_pixels.min(budget.memory / 16)).max(1) as f64;
    let (mut w, mut h) = (width.max(1.0), height.max(1.0));
    if w * h > most {
        let scale = (most / (w * h)).sqrt();
        (w, h) = ((w * scale).floor().max(1.0), (h * scale).floor().max(1.0));
    }
    // A side of a pixel and another of millions.
    let (w, h) = (w.min(most / h).max(1.0), h.min(most / w).max(1.0));
    (w.ceil().min(65_535.0) as u32, h.ceil().min(65_535.0) as u32)
}

fn info(tree: &Tree, budget: &Budget) -> Info {
    let (width, height) = natural(tree.size().width().into(), tree.size().height().into(), budget);
    Info { kind: Kind::Svg, width, height, orientation: 1, may_have_alpha: true, frames: 1 }
}

fn parse(bytes: &[u8], fonts: &Fonts, budget: &Budget) -> Result<Tree, CodecError> {
    let length = bytes.len() as u64;
    if length > LONGEST {
        return Err(CodecError::OverBudget { what: "input bytes", found: length, limit: LONGEST });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| CodecError::Corrupt("SVG: not in UTF-8".into()))?;
    let text = text.trim_start_matches('\u{FEFF}');
    entities(text)?;
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| refuse(text, &error))?;
    styling(&document)?;
    let pictures = Pictures { pixels: AtomicU64::new(0), depth: AtomicU64::new(0), budget };
    let options = Options {
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, data, options| pictures.take(data, options)),
            // Neither files nor addresses.
            resolve_string: Box::new(|_, _| None),
        },
        fontdb: fonts.database(),
        ..Options::default()
    };
    Tree::from_xmltree(&document, &options).map_err(|error| CodecError::Corrupt(format!("SVG: {error}")))
}

/// Refuses entities that stand for others, and so much text that the file would grow without bound.
fn entities(text: &str) -> Result<(), CodecError> {
    let (Some(first), Some(last)) = (text.find("<!ENTITY"), text.rfind("<!ENTITY")) else {
        return Ok(());
    };
    let end = text[last..].find('>').map_or(text.len(), |length| last + length);
    let declared = &text[first..end];
    let nested = declared.match_indices('&').any(|(at, _)| !declared[at + 1..].starts_with('#'));
    if nested || declared.contains("SYSTEM") && declared.contains('%') {
        return Err(CodecError::Corrupt("SVG: entities made of entities".into()));
    }
    let references = memchr::memchr_iter(b'&', text.as_bytes()).count();
    match declared.len().saturating_mul(references) > MOST_ENTITY_TEXT {
        true => Err(CodecError::Corrupt("SVG: entities of too much text".into())),
        false => Ok(()),
    }
}

/// Refuses style sheets that would be matched for minutes: every rule is tried on every element.
fn styling(document: &Document<'_>) -> Result<(), CodecError> {
    let sheets = document.descendants().filter(|node| node.has_tag_name("style") || node.tag_name().name() == "style");
    let rules: usize = sheets.flat_map(|sheet| sheet.children()).filter_map(|node| node.text()).map(selectors).sum();
    let elements = document.descendants().filter(usvg::roxmltree::Node::is_element).count();
    match rules.saturating_mul(elements) > MOST_STYLING {
        true => Err(CodecError::Corrupt("SVG: too many rules of style for so many elements".into())),
        false => Ok(()),
    }
}

fn selectors(sheet: &str) -> usize {
    sheet.bytes().filter(|byte| matches!(byte, b'{' | b',' | b' ' | b'>' | b'+')).count()
}

fn refuse(text: &str, error: &usvg::roxmltree::Error) -> CodecError {
    use usvg::roxmltree::Error;
    match error {
        Error::NodesLimitReached => {
            CodecError::OverBudget { what: "elements", found: u64::from(MOST_NODES) + 1, limit: MOST_NODES.into() }
        }
        Error::UnexpectedEndOfStream | Error::UnclosedRootNode => {
            CodecError::Truncated("the SVG ends before its last element".into())
        }
        _ if !text.trim_end().ends_with('>') => CodecError::Truncated("the SVG ends before its last element".into()),
        _ => CodecError::Corrupt(format!("SVG: {error}")),
    }
}

/// What the pictures inside of a drawing have cost so far.
struct Pictures<'b> {
    pixels: AtomicU64,
    depth: AtomicU64,
    budget: &'b Budget,
}

impl Pictures<'_> {
    fn take(&self, data: Arc<Vec<u8>>, options: &Options<'_>) -> Option<ImageKind> {
        match sniff(&data)? {
            Kind::Svg => {
                let depth = self.depth.fetch_add(1, Ordering::Relaxed);
                let tree = (depth < DEEPEST).then(|| self.nested(&data, options)).flatten();
                self.depth.fetch_sub(1, Ordering::Relaxed);
                tree.map(ImageKind::SVG)
            }
            kind => {
                let info = crate::probe(&data, self.budget).ok()?;
                let area = limits::area(info.width, info.height);
                let before = self.pixels.fetch_add(area, Ordering::Relaxed);
                // Decoded to four bytes a pixel, with as much again on the way.
                if before + area > self.budget.input_pixels || area > self.budget.memory / 8 {
                    return None;
                }
                match kind {
                    Kind::Jpeg => Some(ImageKind::JPEG(data)),
                    Kind::Png => Some(ImageKind::PNG(data)),
                    Kind::Gif => Some(ImageKind::GIF(data)),
                    Kind::Webp => Some(ImageKind::WEBP(data)),
                    _ => None,
                }
            }
        }
    }

    fn nested(&self, data: &[u8], options: &Options<'_>) -> Option<Tree> {
        let text = std::str::from_utf8(data).ok()?;
        entities(text).ok()?;
        let limited = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES / 10, ..ParsingOptions::default() };
        styling(&Document::parse_with_options(text, limited).ok()?).ok()?;
        Tree::from_data_nested(data, options).ok()
    }
}
