//! Writes the dialects' words as libFuzzer's dictionaries into a folder: `dictionaries <folder>`.
#![allow(clippy::print_stdout)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(std::path::PathBuf::from) else {
        eprintln!("usage: dictionaries <folder>");
        return ExitCode::from(2);
    };
    for (name, language) in [
        ("imgix", &fuzz::IMGIX),
        ("imagekit", &fuzz::IMAGEKIT),
        ("cloudimage", &fuzz::CLOUDIMAGE),
        ("imageboss", &fuzz::IMAGEBOSS),
    ] {
        if let Err(error) = std::fs::write(folder.join(format!("{name}.dict")), fuzz::dictionary(language)) {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
