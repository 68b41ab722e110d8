//! What is done to hostile bytes. A function here fails by panicking; that it ends soon and takes little memory, libFuzzer
//! holds it to (`-timeout`, `-rss_limit_mb`).
//!
//! The same functions run over the stored inputs in `cargo test`, so that what was found once stays found.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use codec::{Budget, Cancel, Channels, Decode, Encode, Picture, Pixels};
use dialect::{Dialect, Kind, Settings, Target};
use plan::{AcceptClass, Format, OutputRule, Plan};
use render::Job;

/// Small, so that a run gets through many inputs.
fn budget() -> Budget {
    Budget {
        input_bytes: 1 << 20,
        input_pixels: 1 << 20,
        output_side: 512,
        frames: 16,
        memory: 32 << 20,
        ..Budget::default()
    }
}

fn cancel() -> Cancel {
    Cancel::at(Instant::now() + Duration::from_secs(2))
}

/// Every way into the decoders: headers, whole, shrunk, planes, all frames. What decodes is what its headers said.
pub fn decode(bytes: &[u8]) {
    let (budget, cancel) = (budget(), cancel());
    let kind = codec::sniff(bytes);
    let info = codec::probe(bytes, &budget);
    assert!(kind.is_some() || info.is_err(), "headers of what is of no kind");
    for all_frames in [false, true] {
        for at_least in [None, Some((1, 1)), Some((24, 16))] {
            let ask = Decode { at_least, all_frames, ..Decode::default() };
            if let Ok(decoded) = codec::decode(bytes, &ask, &budget, &cancel) {
                well_formed(&decoded.picture);
            }
        }
    }
    if let Ok(Some((planar, _))) = codec::decode_planar(bytes, (24, 16), codec::ChromaSize::Half, &budget, &cancel)
        && let Ok(pixels) = planar.to_rgb(&cancel)
    {
        well_formed(&Picture::still(pixels));
    }
}

fn well_formed(picture: &Picture) {
    for frame in &picture.frames {
        let p = &frame.pixels;
        assert_eq!(p.data.len(), p.width as usize * p.height as usize * p.channels.count());
        assert_eq!((p.width, p.height, p.channels), (picture.width(), picture.height(), picture.channels()));
    }
    assert!(!picture.frames.is_empty() && picture.width() > 0 && picture.height() > 0);
}

/// Our own JPEG decoder, without the one behind it.
pub fn jpeg(bytes: &[u8]) {
    let Ok(jpeg) = jpeg::Jpeg::read(bytes) else { return };
    if u64::from(jpeg.width()) * u64::from(jpeg.height()) > 1 << 20 {
        return;
    }
    let end = Instant::now() + Duration::from_secs(2);
    for scale in [1, 3, 8].into_iter().filter_map(jpeg::Scale::new) {
        let scales = vec![scale; jpeg.components().len()];
        let planes = jpeg.decode(&scales, &mut || Instant::now() < end).unwrap_or_default();
        for plane in planes {
            assert!((0..plane.height).all(|y| plane.row(y).len() == plane.width as usize));
        }
    }
}

/// A vendor's language, with the settings it is read under.
pub type Language = LazyLock<(Box<dyn Dialect>, Settings)>;

macro_rules! language {
    ($name:ident, $dialect:expr) => {
        #[doc = concat!("`", stringify!($name), "`")]
        pub static $name: Language = LazyLock::new(|| {
            let settings = Settings { default_source: "local".to_owned(), ..Settings::default() };
            (Box::new($dialect), settings)
        });
    };
}

language!(IMGIX, dialect::imgix::Imgix);
language!(IMAGEKIT, dialect::imagekit::Imagekit);
language!(CLOUDIMAGE, dialect::cloudimage::Cloudimage);
language!(IMAGEBOSS, dialect::imageboss::Imageboss);

/// From a URL to a picture: read, spelled back, and rendered from small masters. What is spelled back means the same.
pub fn url(language: &Language, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let target = format!("/{}", text.trim_start_matches('/'));
    let (dialect, settings) = &**language;
    let Ok(parsed) = dialect.parse(Target::new(&target), settings) else { return };
    let again = dialect.parse(Target::new(&target), settings);
    assert_eq!(Ok(&parsed), again.as_ref(), "the same URL, read twice");
    let source = parsed.source.as_deref().unwrap_or("local");
    if let Ok(spelled) = dialect.write(source, &parsed.asset, &parsed.plan, settings) {
        let back = dialect.parse(Target::new(&spelled), settings);
        assert_eq!(Ok(&parsed.plan), back.as_ref().map(|back| &back.plan), "{spelled}");
    }
    if !parsed.plan.output.original {
        drawn(&parsed.plan);
    }
}

/// Stages as text: read, written, read again, and rendered.
pub fn plan(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(plan) = Plan::from_stages_text(text) else { return };
    let again = Plan::from_stages_text(&plan.stages_text());
    assert_eq!(Ok(&plan), again.as_ref(), "{}", plan.stages_text());
    drawn(&plan);
}

/// Two masters: one opaque that is shrunk while it loads, one with alpha.
static MASTERS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    let picture = |channels: Channels| {
        let pixel = |x: u32, y: u32| [(x * 4) as u8, (y * 5) as u8, (x ^ y) as u8, (x * y) as u8];
        let data = (0..48)
            .flat_map(|y| (0..64).map(move |x| (x, y)))
            .flat_map(|(x, y)| pixel(x, y)[..channels.count()].to_vec())
            .collect();
        Picture::still(Pixels { width: 64, height: 48, channels, data })
    };
    let file = |format, channels| {
        let how =
            Encode { format, quality: 80, lossless: false, progressive: false, palette: false, ..Encode::default() };
        codec::encode(&picture(channels), &how, &Cancel::never()).unwrap_or_default()
    };
    [file(Format::Jpeg, Channels::Rgb), file(Format::Png, Channels::Rgba)]
});

static FONTS: LazyLock<render::Fonts> = LazyLock::new(render::Fonts::embedded);

fn drawn(plan: &Plan) {
    // AVIF and GIF take most of the time and are other people's code.
    let formats = [plan::FormatRule::Always(Format::Jpeg), plan::FormatRule::Always(Format::Png)];
    for (master, format) in MASTERS.iter().zip(formats) {
        let spec =
            OutputRule { format, max_bytes: None, likeness: None, ..plan.output.clone() }.resolve(AcceptClass::Basic);
        let pictures: Vec<Option<&[u8]>> = plan.overlays().iter().map(|_| Some(MASTERS[1].as_slice())).collect();
        let (budget, cancel) = (budget(), cancel());
        let job =
            Job { master, pictures: &pictures, fonts: &FONTS, plan, spec: &spec, budget: &budget, cancel: &cancel };
        if let Ok(rendered) = render::render(&job) {
            assert!(rendered.width.max(rendered.height) <= budget.output_side);
        }
    }
}

/// Words of arithmetic and of conditions, which no list of values tells.
#[rustfmt::skip]
const SIZES: [&str; 26] = [
    "_add_", "_sub_", "_mul_", "_div_", "_mod_", "_pow_", "iw", "ih", "iar", "cw", "ch", "car", "bw", "bh", "bar", "if-w_gt_",
    "if-else", "if-end", "_and_", "_or_", "_eq_", "_ne_", "_gte_", "_lt_", "_lte_", "ar_lt_4-3",
];

/// The words of a dialect in libFuzzer's dictionary syntax: names, aliases and the values that its table allows.
pub fn dictionary(language: &Language) -> String {
    let mut words: Vec<String> = Vec::new();
    for param in language.0.params() {
        words.push(param.name.to_owned());
        words.extend(param.aliases.iter().map(|alias| (*alias).to_owned()));
        if let Kind::Enum(values) | Kind::List(values) = param.kind {
            words.extend(values.iter().map(|value| (*value).to_owned()));
        }
        if param.name == "if" {
            words.extend(SIZES.map(str::to_owned));
        }
    }
    words.sort();
    words.dedup();
    let quoted = |word: &String| word.replace('\\', "\\\\").replace('"', "\\\"");
    words.iter().map(|word| format!("\"{}\"\n", quoted(word))).collect()
}
