//! What the fuzzers start from, and what they once found, through the same functions.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};

type Try = fn(&[u8]);

const TARGETS: [(&str, Try); 7] = [
    ("decode", fuzz::decode),
    ("jpeg", fuzz::jpeg),
    ("imgix", |bytes| fuzz::url(&fuzz::IMGIX, bytes)),
    ("imagekit", |bytes| fuzz::url(&fuzz::IMAGEKIT, bytes)),
    ("cloudimage", |bytes| fuzz::url(&fuzz::CLOUDIMAGE, bytes)),
    ("imageboss", |bytes| fuzz::url(&fuzz::IMAGEBOSS, bytes)),
    ("plan", fuzz::plan),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    found
}

/// One input a line in `*.txt`, one a file otherwise.
#[test]
fn nothing_that_is_kept_breaks_anything() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in TARGETS {
        let mut count = 0;
        for path in files(&corpus.join(name)) {
            let bytes = std::fs::read(&path).unwrap();
            if path.extension().is_some_and(|extension| extension == "txt") {
                for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    target(line);
                    count += 1;
                }
            } else {
                target(&bytes);
                count += 1;
            }
        }
        assert!(count > 0, "{name} has no inputs");
    }
}

#[test]
fn dictionaries_hold_every_name() {
    for (language, names) in [
        (&fuzz::IMGIX, ["\"w\"", "\"fit\"", "\"crop\""]),
        (&fuzz::IMAGEKIT, ["\"w\"", "\"c\"", "\"e-grayscale\""]),
        (&fuzz::CLOUDIMAGE, ["\"w\"", "\"func\"", "\"org_if_sml\""]),
        (&fuzz::IMAGEBOSS, ["\"format\"", "\"blur\"", "\"fp-x\""]),
    ] {
        let words = fuzz::dictionary(language);
        for name in names {
            assert!(words.lines().any(|line| line == name), "{name}: {words}");
        }
    }
}
