use crate::Dialect;
use crate::imgix::query::NOISE;
use crate::imgix::said::Said;
use crate::imgix::table::TABLE;
use crate::imgix::{Imgix, query, spell_query};
use crate::table::{Kind, Served};

/// An example for every row.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    ("w", "300"),
    ("h", "0.5"),
    ("fit", "crop"),
    ("crop", "top,left"),
    ("ar", "16:9"),
    ("dpr", "2"),
    ("rect", "center,10,0.5,full"),
    ("fp-x", "0.3"),
    ("fp-y", "0.7"),
    ("fp-z", "1.5"),
    ("min-w", "10"),
    ("min-h", "20"),
    ("max-w", "1000"),
    ("max-h", "2000"),
    ("fill", "blur"),
    ("fill-color", "80ff0000"),
    ("fill-gradient-type", "radial"),
    ("fill-gradient-cs", "oklab"),
    ("fill-gradient-linear", "ff0000,800000ff"),
    ("fill-gradient-linear-direction", "left,right"),
    ("fill-gradient-radial", "000000,ffffff"),
    ("fill-gradient-radial-radius", "0.1,300"),
    ("fill-gradient-radial-x", "0.25"),
    ("fill-gradient-radial-y", "0.75"),
    ("bg", "00ff00"),
    ("transparency", "grid"),
    ("grid-colors", "112233,445566"),
    ("grid-size", "8"),
    ("page", "3"),
    ("frame", "2-7"),
    ("trim", "color"),
    ("trim-color", "ffffff"),
    ("trim-tol", "12.5"),
    ("trim-pad", "4"),
    ("trim-alpha", "9"),
    ("trim-md", "20"),
    ("trim-sd", "5"),
    ("orient", "6"),
    ("flip", "hv"),
    ("rot", "12.5"),
    ("rot-type", "pivot"),
    ("pad", "5"),
    ("pad-top", "1"),
    ("pad-right", "2"),
    ("pad-bottom", "3"),
    ("pad-left", "4"),
    ("mask", "poly5"),
    ("corner-radius", "1,2,3,4"),
    ("mask-bg", "ff00ff"),
    ("border", "10,80ffffff"),
    ("border-top", "1"),
    ("border-right", "2"),
    ("border-bottom", "3"),
    ("border-left", "4"),
    ("border-radius", "12"),
    ("border-radius-inner", "5,6,7,8"),
    ("border-stroke-size", "3"),
    ("border-stroke-color", "80ff0000"),
    ("bri", "-20"),
    ("con", "15.5"),
    ("exp", "7"),
    ("gam", "-3"),
    ("high", "-40"),
    ("hue", "180"),
    ("invert", "true"),
    ("sat", "-100"),
    ("shad", "30"),
    ("sharp", "10"),
    ("usm", "20"),
    ("usmrad", "4"),
    ("vib", "25"),
    ("nr", "30"),
    ("nrs", "-5"),
    ("monochrome", "802a6fdb"),
    ("duotone", "000080,ffa500"),
    ("duotone-alpha", "60"),
    ("sepia", "75"),
    ("htn", "6"),
    ("blur", "200"),
    ("px", "8"),
    ("blend", "/texture.png"),
    ("blend-color", "80ff0000"),
    ("blend-mode", "multiply"),
    ("blend-alpha", "50"),
    ("blend-size", "inherit"),
    ("blend-w", "0.5"),
    ("blend-h", "40"),
    ("blend-fit", "crop"),
    ("blend-crop", "top,left"),
    ("blend-align", "middle,center"),
    ("blend-pad", "3"),
    ("blend-x", "-0.5"),
    ("blend-y", "6"),
    ("txt", "Größe & 50%"),
    ("txt-size", "24"),
    ("txt-color", "ffffff"),
    ("txt-font", "Futura,bold,italic"),
    ("txt-align", "top,center"),
    ("txt-pad", "0"),
    ("txt-width", "300"),
    ("txt-h", "0.5"),
    ("txt-fit", "wrapmax"),
    ("txt-clip", "middle,ellipsis"),
    ("txt-line", "2"),
    ("txt-line-color", "ff0000"),
    ("txt-shad", "5"),
    ("txt-x", "7"),
    ("txt-y", "-8"),
    ("txt-lig", "2"),
    ("txt-lead", "30"),
    ("txt-track", "-1.5"),
    ("mark", "/logo.png"),
    ("mark-base", "https://x.example/logos"),
    ("mark-align", "top,center"),
    ("mark-pad", "7"),
    ("mark-x", "-8"),
    ("mark-y", "0.25"),
    ("mark-w", "0.25"),
    ("mark-h", "60"),
    ("mark-fit", "scale"),
    ("mark-scale", "30"),
    ("mark-alpha", "62.5"),
    ("mark-rot", "45"),
    ("mark-tile", "grid"),
    ("mark-if-min-width", "400"),
    ("mark-if-min-height", "300"),
    ("fm", "webp"),
    ("q", "60"),
    ("auto", "format,compress,enhance"),
    ("lossless", "true"),
    ("jpg-progressive", "false"),
    ("chromasub", "444"),
    ("colorquant", "16"),
    ("dpi", "300"),
    ("cs", "origin"),
    ("iptc", "allow"),
    ("svg-sanitize", "true"),
    ("palette", "css"),
    ("colors", "8"),
    ("prefix", "swatch"),
    ("dl", "a b.jpg"),
    ("ch", "Width,DPR,Save-Data"),
    ("rasterize-bypass", "true"),
    ("expires", "1893456000"),
    ("preset", "thumb"),
    ("loop", "3"),
    ("fps", "12.5"),
    ("interval", "4"),
    ("skip", "3"),
    ("reverse", "true"),
];

#[test]
fn every_row_is_documented_and_its_example_survives() {
    let heard = || TABLE.iter().filter(|row| !matches!(row.served, Served::Read(_)));
    assert_eq!(heard().map(|p| p.name).collect::<Vec<_>>(), EXAMPLES.iter().map(|e| e.0).collect::<Vec<_>>());
    let mut all = Said::default();
    for (row, (name, example)) in heard().zip(EXAMPLES) {
        assert!(row.doc.ends_with('.') && !row.kind.allowed().is_empty(), "{name}");
        let mut said = Said::default();
        assert_eq!((row.parse)(&mut said, example), Ok(()), "{name}={example}");
        assert_eq!((row.write)(&said).as_deref(), Some(*example), "{name}={example}");
        assert_eq!((row.write)(&Said::default()), None, "{name}");
        (row.parse)(&mut all, example).unwrap();
    }
    let read = query::read_alone(&spell_query(&all)).unwrap();
    assert_eq!((read.said, read.warnings), (all, vec![]));
    assert_eq!(Imgix.params().len(), TABLE.len());
}

/// The words that a row documents are the words that it takes, or says it does not take yet.
#[test]
fn documented_words_are_known() {
    for row in TABLE.iter() {
        if let Kind::Enum(words) | Kind::List(words) = row.kind {
            for word in words {
                let invalid = (row.parse)(&mut Said::default(), word) == Err(crate::WarningKind::Invalid);
                assert!(!invalid, "{}={word}", row.name);
            }
        }
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = TABLE.iter().flat_map(|p| p.aliases.iter().copied().chain([p.name])).collect();
    names.extend(NOISE);
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    // A name that ends in 64 would be taken for a base64 form.
    assert!(names.iter().all(|n| !n.ends_with("64") && n.to_ascii_lowercase() == **n));
}
