//! Unpacks the source archive into the build folder and builds it there, without tools, tests and documentation.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, error, fs};

const ARCHIVE: &str = "libaom-3.14.1.tar.xz";

/// Where a libaom that is built already lies, as the crate from crates.io has it: all three or none.
const PREBUILT: [&str; 3] = ["LIB_AOM_INCLUDE_PATH", "LIB_AOM_PKG_CONFIG_PATH", "LIB_AOM_STATIC_LIB_PATH"];

fn main() -> Result<(), Box<dyn error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ARCHIVE}");
    PREBUILT.iter().for_each(|name| println!("cargo:rerun-if-env-changed={name}"));
    let given: Option<Vec<PathBuf>> = PREBUILT.iter().map(|name| env::var_os(name).map(PathBuf::from)).collect();
    let paths = match given {
        Some(paths) => paths,
        None => {
            let built = unpacked_and_built()?;
            ["include", "lib/pkgconfig", "lib"].map(|folder| built.join(folder)).to_vec()
        }
    };
    println!("cargo:include={}", paths[0].display());
    println!("cargo:pkgconfig={}", paths[1].display());
    println!("cargo:rustc-link-search=native={}", paths[2].display());
    println!("cargo:rustc-link-lib=static=aom");
    Ok(())
}

fn unpacked_and_built() -> Result<PathBuf, Box<dyn error::Error>> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    Ok(build(&unpack(&home.join(ARCHIVE), &out.join("source"))?))
}

/// CMake, which is needed anyway, reads archives too.
fn unpack(archive: &Path, into: &Path) -> Result<PathBuf, Box<dyn error::Error>> {
    if into.exists() {
        fs::remove_dir_all(into)?;
    }
    fs::create_dir_all(into)?;
    let cmake = env::var_os("CMAKE").unwrap_or_else(|| "cmake".into());
    let done = Command::new(cmake).args(["-E", "tar", "xf"]).arg(archive).current_dir(into).status()?;
    if !done.success() {
        return Err(format!("{} could not be unpacked: {done}", archive.display()).into());
    }
    Ok(into.to_owned())
}

fn build(source: &Path) -> PathBuf {
    let mut config = cmake::Config::new(source);
    // In every profile: an encoder without optimisation makes tests crawl.
    config.profile("Release").define("CMAKE_INSTALL_LIBDIR", "lib");
    for off in ["DOCS", "EXAMPLES", "TESTDATA", "TESTS", "TOOLS"] {
        config.define(format!("ENABLE_{off}"), "0");
    }
    // Both are for its command-line tools alone.
    for off in ["LIBYUV", "WEBM_IO"] {
        config.define(format!("CONFIG_{off}"), "0");
    }
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if env::var_os("HOST") != env::var_os("TARGET") {
        config.define("AOM_TARGET_CPU", if architecture == "aarch64" { "arm64" } else { &architecture });
    }
    config.build()
}
