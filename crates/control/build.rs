//! Lets a checkout in which the dashboard was not built be compiled too, and has the files embedded anew when they change.

use std::path::Path;

fn main() {
    let dist = Path::new("../../dashboard/dist");
    // What is not there cannot be watched; and a folder that cannot be made is embedded as it is, or the build says why not.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
}
