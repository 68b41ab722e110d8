//! All that a file says of itself and of its picture, for people and for the answers that describe a picture.

use exif::{Context, Exif, In, Reader, Tag, Value};

use crate::{Budget, CodecError, Info, Kind, guard, metadata, pdf, tiff};

/// Most metadata fields that are told.
const MOST_FIELDS: usize = 1000;
/// Metadata blocks longer than this are not read.
const LONGEST: usize = 4 << 20;

/// One field of metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// `TIFF`, `Exif`, `GPS`, `Interop`, `IPTC` or `XMP`.
    pub group: &'static str,
    /// As its standard calls it; of XMP with the usual prefix.
    pub name: String,
    /// For people, at most 1000 characters; several values of one field are joined by `; `.
    pub value: String,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// Kind, size, orientation, alpha, frames.
    pub info: Info,
    /// Bytes of the file.
    pub bytes: u64,
    /// Pages of a PDF or TIFF; else 1.
    pub pages: u32,
    /// Bits of a sample; 8 for drawings.
    pub bit_depth: u8,
    /// `gray`, `rgb` or `cmyk`.
    pub color_model: &'static str,
    /// What the colour profile calls itself; `None` without a profile.
    pub profile: Option<String>,
    /// Dots per inch, across and down.
    pub density: Option<(f64, f64)>,
    /// Exif, IPTC and XMP, in the order of the file.
    pub fields: Vec<Field>,
}

/// Reads all that is not pixels.
///
/// # Errors
/// As [`crate::probe`]. Metadata that is damaged is left out, and is no error.
pub fn describe(bytes: &[u8], budget: &Budget) -> Result<Description, CodecError> {
    let info = crate::probe(bytes, budget)?;
    let kind = info.kind;
    guard::run(kind, || {
        let blocks = metadata::read(bytes).unwrap_or_default();
        let exif = parsed(bytes, kind, blocks.exif.as_deref());
        let pages = match kind {
            Kind::Pdf => pdf::pages(bytes),
            Kind::Tiff => tiff::pages(bytes, budget),
            _ => 1,
        };
        let (bit_depth, color_model) = samples(bytes, kind, exif.as_ref());
        let mut fields = exif.as_ref().map(exif_fields).unwrap_or_default();
        fields.extend(blocks.iptc.as_deref().map(iptc_fields).unwrap_or_default());
        fields.extend(blocks.xmp.as_deref().map(xmp_fields).unwrap_or_default());
        fields.truncate(MOST_FIELDS);
        Ok(Description {
            info,
            bytes: bytes.len() as u64,
            pages,
            bit_depth,
            color_model,
            profile: blocks.profile.as_deref().map(profile_name),
            density: density(bytes, kind).or_else(|| exif.as_ref().and_then(exif_density)),
            fields,
        })
    })
}

fn parsed(bytes: &[u8], kind: Kind, block: Option<&[u8]>) -> Option<Exif> {
    let data = match kind {
        // The file is the structure.
        Kind::Tiff => Some(&bytes[..bytes.len().min(LONGEST)]),
        _ => block.filter(|block| block.len() <= LONGEST),
    }?;
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    match reader.read_raw(data.to_vec()) {
        Ok(exif) => Some(exif),
        Err(error) => error.distill_partial_result(|_| ()).ok(),
    }
}

fn exif_fields(exif: &Exif) -> Vec<Field> {
    let main = exif.fields().filter(|field| field.ifd_num == In::PRIMARY).take(MOST_FIELDS);
    let told = main.filter_map(|field| {
        let group = match field.tag.context() {
            Context::Tiff => "TIFF",
            Context::Exif => "Exif",
            Context::Gps => "GPS",
            Context::Interop => "Interop",
            _ => return None,
        };
        // Blobs of makers, and tables of where pixels lie.
        let value = match &field.value {
            Value::Undefined(data, _) if data.len() > 64 => return None,
            Value::Ascii(lines) => {
                lines.iter().map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("; ")
            }
            value if values(value) > 64 => return None,
            _ => field.display_value().to_string(),
        };
        let value = metadata::strip_for_display(&value);
        (!value.is_empty()).then(|| Field { group, name: field.tag.to_string(), value })
    });
    told.collect()
}

fn values(value: &Value) -> usize {
    match value {
        Value::Byte(v) => v.len(),
        Value::Short(v) => v.len(),
        Value::Long(v) => v.len(),
        Value::Rational(v) => v.len(),
        Value::SRational(v) => v.len(),
        Value::SLong(v) => v.len(),
        Value::SShort(v) => v.len(),
        Value::SByte(v) => v.len(),
        Value::Float(v) => v.len(),
        Value::Double(v) => v.len(),
        _ => 0,
    }
}

fn iptc_fields(block: &[u8]) -> Vec<Field> {
    let mut out: Vec<Field> = Vec::new();
    for (record, number, data) in metadata::datasets(block).into_iter().take(MOST_FIELDS) {
        let Some(name) = iptc_name(record, number) else { continue };
        // UTF-8 as newer writers have it; else each byte a letter of Latin 1.
        let text = match std::str::from_utf8(data) {
            Ok(text) => text.to_owned(),
            Err(_) => data.iter().map(|byte| char::from(*byte)).collect(),
        };
        let value = metadata::strip_for_display(&text);
        match out.iter_mut().find(|field| field.name == name) {
            Some(field) if field.value.len() < 1000 => field.value = format!("{}; {value}", field.value),
            Some(_) => {}
            None => out.push(Field { group: "IPTC", name: name.to_owned(), value }),
        }
    }
    out
}

/// The names of IIM 4.2 chapter 6.
fn iptc_name(record: u8, number: u8) -> Option<&'static str> {
    if record != 2 {
        return None;
    }
    Some(match number {
        5 => "ObjectName",
        7 => "EditStatus",
        10 => "Urgency",
        12 => "SubjectReference",
        15 => "Category",
        20 => "SupplementalCategory",
        25 => "Keywords",
        40 => "SpecialInstructions",
        55 => "DateCreated",
        60 => "TimeCreated",
        62 => "DigitalCreationDate",
        63 => "DigitalCreationTime",
        65 => "OriginatingProgram",
        80 => "Byline",
        85 => "BylineTitle",
        90 => "City",
        92 => "SubLocation",
        95 => "ProvinceState",
        100 => "CountryCode",
        101 => "CountryName",
        103 => "OriginalTransmissionReference",
        105 => "Headline",
        110 => "Credit",
        115 => "Source",
        116 => "CopyrightNotice",
        118 => "Contact",
        120 => "CaptionAbstract",
        122 => "WriterEditor",
        _ => return None,
    })
}

fn xmp_fields(packet: &[u8]) -> Vec<Field> {
    let told = metadata::properties(packet).into_iter().map(|(name, texts)| Field {
        group: "XMP",
        name,
        value: metadata::strip_for_display(&texts.join("; ")),
    });
    told.filter(|field| !field.value.is_empty()).collect()
}

/// Bits of a sample, and the colour model, by the headers.
fn samples(bytes: &[u8], kind: Kind, exif: Option<&Exif>) -> (u8, &'static str) {
    let model = |components: u8| match components {
        1 => "gray",
        4 => "cmyk",
        _ => "rgb",
    };
    match kind {
        Kind::Jpeg => {
            let markers = crate::jpeg::Markers::read(bytes).ok();
            (8, model(markers.map_or(3, |markers| markers.components() as u8)))
        }
        Kind::Png => {
            let (depth, color) = (bytes.get(24).copied().unwrap_or(8), bytes.get(25).copied().unwrap_or(2));
            (depth, if matches!(color, 0 | 4) { "gray" } else { "rgb" })
        }
        Kind::Tiff => {
            let number = |tag| exif.and_then(|exif| exif.get_field(tag, In::PRIMARY)?.value.get_uint(0));
            let depth = number(Tag::BitsPerSample).and_then(|bits| u8::try_from(bits).ok()).unwrap_or(1);
            let model = match number(Tag::PhotometricInterpretation) {
                Some(0 | 1) => "gray",
                Some(5) => "cmyk",
                _ => "rgb",
            };
            (depth, model)
        }
        Kind::Avif | Kind::Heic => {
            // The configuration of the coder: AV1 flags two bits, HEVC says how many beyond eight.
            let after = |name: &[u8]| memchr::memmem::find(bytes, name).map(|at| at + name.len());
            let depth = match (after(b"av1C"), after(b"hvcC")) {
                (Some(at), _) => match bytes.get(at + 2).map(|flags| flags >> 5 & 3) {
                    Some(0 | 1) | None => 8,
                    Some(2) => 10,
                    Some(_) => 12,
                },
                (None, Some(at)) => 8 + (bytes.get(at + 17).copied().unwrap_or(0) & 7),
                (None, None) => 8,
            };
            (depth, "rgb")
        }
        Kind::JpegXl => crate::jxl::samples(bytes),
        _ => (8, "rgb"),
    }
}

/// What a profile calls itself: its tag `desc`, of either version (ICC.1:2022 section 9.2.41).
fn profile_name(profile: &[u8]) -> String {
    let long = |at: usize| -> Option<usize> {
        let field: [u8; 4] = profile.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(field) as usize)
    };
    let find = || {
        let count = long(128)?.min(100);
        let entry = (0..count).map(|n| 132 + 12 * n).find(|at| profile.get(*at..at + 4) == Some(b"desc"))?;
        let (start, size) = (long(entry + 4)?, long(entry + 8)?);
        let tag = profile.get(start..start.checked_add(size)?)?;
        match tag.get(..4)? {
            b"desc" => {
                let length = long(start + 8)?;
                Some(String::from_utf8_lossy(tag.get(12..12usize.checked_add(length)?)?).into_owned())
            }
            b"mluc" => {
                let (length, at) = (long(start + 20)?, long(start + 24)?);
                let text = tag.get(at..at.checked_add(length)?)?;
                let units: Vec<u16> = text.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
                Some(String::from_utf16_lossy(&units))
            }
            _ => None,
        }
    };
    find().map(|name| metadata::strip_for_display(&name)).filter(|name| !name.is_empty()).unwrap_or("unnamed".into())
}

/// Dots per inch by the container.
fn density(bytes: &[u8], kind: Kind) -> Option<(f64, f64)> {
    let two = |at: usize| bytes.get(at..at + 2).map(|b| f64::from(u16::from_be_bytes([b[0], b[1]])));
    let known = |(x, y): (f64, f64)| (x > 0.0 && y > 0.0).then_some((x, y));
    match kind {
        // JFIF, which stands first: 1 is inches, 2 centimetres.
        Kind::Jpeg if bytes.get(6..11) == Some(b"JFIF\0") => {
            let unit = match bytes.get(13)? {
                1 => 1.0,
                2 => 2.54,
                _ => return None,
            };
            known((two(14)? * unit, two(16)? * unit))
        }
        Kind::Png => {
            let data = memchr::memmem::find(bytes, b"IDAT")?;
            let at = memchr::memmem::find(&bytes[..data], b"pHYs")? + 4;
            let long = |at: usize| {
                let field = bytes.get(at..at + 4)?;
                Some(f64::from(u32::from_be_bytes([field[0], field[1], field[2], field[3]])))
            };
            (bytes.get(at + 8) == Some(&1)).then_some(())?;
            known((long(at)? * 0.0254, long(at + 4)? * 0.0254))
        }
        Kind::Bmp => {
            let long = |at: usize| {
                let field = bytes.get(at..at + 4)?;
                Some(f64::from(i32::from_le_bytes([field[0], field[1], field[2], field[3]])))
            };
            (bytes.get(14..18)? != [12, 0, 0, 0]).then_some(())?;
            known((long(38)? * 0.0254, long(42)? * 0.0254))
        }
        _ => None,
    }
}

fn exif_density(exif: &Exif) -> Option<(f64, f64)> {
    let number = |tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(v) => v.first().map(|v| v.to_f64()).filter(|v| v.is_finite() && *v > 0.0),
        _ => None,
    };
    let unit = match exif.get_field(Tag::ResolutionUnit, In::PRIMARY).and_then(|field| field.value.get_uint(0)) {
        Some(1) => return None,
        Some(3) => 2.54,
        _ => 1.0,
    };
    Some((number(Tag::XResolution)? * unit, number(Tag::YResolution)? * unit))
}
