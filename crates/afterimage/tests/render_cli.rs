//! `afterimage render` as people use it: files in, files out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use testkit::pictures::{decode, png};

const PLAN: &str = "orient:exif|resize:40x30,cover";

fn run(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterimage"));
    command.current_dir(folder).arg("render").args(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read is no fault.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[track_caller]
fn ends(output: &Output, status: i32, says: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    for text in says {
        assert!(said.contains(text), "{text}: {said}");
    }
}

fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn one_picture_by_a_plan() {
    let folder = folder_with(&[("a.png", &png("a.png", 1))]);
    for (name, magic) in
        [("a.jpg", &b"\xFF\xD8\xFF"[..]), ("b.png", b"\x89PNG"), ("c.webp", b"RIFF"), ("d.gif", b"GIF8")]
    {
        let output = run(folder.path(), &["a.png", name, "--plan", PLAN], b"");
        ends(&output, 0, &["40x30", "decode"]);
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        assert!(bytes.starts_with(magic), "{name}");
    }
    let small = decode(&std::fs::read(folder.path().join("b.png")).unwrap()).unwrap();
    assert_eq!((small.width, small.height), (40, 30));
    // Nothing but what was asked for is left behind.
    assert_eq!(names(folder.path()), ["a.jpg", "a.png", "b.png", "c.webp", "d.gif"]);
}

#[test]
fn one_picture_by_a_url_of_each_dialect() {
    let folder = folder_with(&[("a.png", &png("a.png", 1))]);
    for (dialect, target) in [
        ("imgix", "/a.png?w=40&h=30&fit=crop&fm=png"),
        ("imgix", "https://example.imgix.net/a.png?w=40&h=30&fit=crop&fm=png"),
        ("imagekit", "/tr:w-40,h-30,f-png/a.png"),
        ("cloudimage", "/a.png?w=40&h=30&force_format=png"),
        ("imageboss", "/local/cover/40x30/format:png/a.png"),
    ] {
        let output = run(folder.path(), &["a.png", "out.png", "--dialect", dialect, "--url", target], b"");
        ends(&output, 0, &["png 40x30"]);
        let out = decode(&std::fs::read(folder.path().join("out.png")).unwrap()).unwrap();
        assert_eq!((out.width, out.height), (40, 30), "{dialect}");
    }
    // A URL's own word on the format stands, and a name that says otherwise is told of.
    let output = run(folder.path(), &["a.png", "out.jpg", "--url", "/a.png?w=40&fm=webp"], b"");
    ends(&output, 0, &["note: out.jpg holds webp"]);
    let output =
        run(folder.path(), &["a.png", "-", "--url", "/a.png?auto=format&w=400", "--accept", "image/webp"], b"");
    ends(&output, 0, &[]);
    assert!(output.stdout.starts_with(b"RIFF"));
}

#[test]
fn sixteen_bits_where_they_are_asked_for() {
    let folder = folder_with(&[("a.png", include_bytes!("../../render/tests/goldens/pairs/wide.png"))]);
    for (plan, bits, depth, says) in [
        ("resize:40x30,stretch", "16", 16, "40x30"),
        ("resize:40x30,stretch", "8", 8, "40x30"),
        ("blur:2", "16", 8, "warning: 8 bits a sample are kept, not 16: `blur:2`"),
    ] {
        let output = run(folder.path(), &["a.png", "b.png", "--plan", plan, "--depth", bits], b"");
        ends(&output, 0, &[says]);
        // The header's byte of bits a sample.
        assert_eq!(std::fs::read(folder.path().join("b.png")).unwrap()[24], depth, "{plan} {bits}");
    }
}

#[test]
fn through_pipes() {
    let folder = folder_with(&[]);
    let output = run(folder.path(), &["-", "-", "--plan", PLAN, "--format", "png", "--quiet"], &png("a.png", 1));
    ends(&output, 0, &[]);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let out = decode(&output.stdout).unwrap();
    assert_eq!((out.width, out.height), (40, 30));
    ends(&run(folder.path(), &["-", "-", "--plan", PLAN], b"not a picture"), 1, &["unknown"]);
}

#[test]
fn a_folder_and_below() {
    let picture = png("a.png", 1);
    let files: [(&str, &[u8]); 5] = [
        ("in/a.png", &picture),
        ("in/deep/er/b.png", &picture),
        ("in/notes.txt", b"no picture"),
        ("in/broken.png", &picture[..picture.len() / 2]),
        ("in/out/old.png", &picture),
    ];
    let folder = folder_with(&files);
    let output = run(folder.path(), &["in", "in/out", "--plan", PLAN, "--format", "jpeg", "--jobs", "2"], b"");
    ends(&output, 1, &["broken.png", "2 of 3 pictures"]);
    assert_eq!(names(&folder.path().join("in/out")), ["a.jpg", "deep/er/b.jpg", "old.png"]);
    ends(&run(folder.path(), &["in/deep", "other", "--plan", PLAN], b""), 0, &["1 of 1 pictures"]);
    assert_eq!(names(&folder.path().join("other")), ["er/b.png"]);
}

#[test]
fn overlays_are_files_beside_the_input() {
    let (base, mark) = (png("a.png", 1), png("mark.png", 1));
    let folder = folder_with(&[("in/a.png", &base), ("in/logo/mark.png", &mark), ("away/mark.png", &mark)]);
    let over = |path: &str| format!("overlay:path{}({path}),20x-,top-left", path.len());
    let bare = run(folder.path(), &["in/a.png", "-", "--plan", "flip:h", "--format", "png"], b"");
    let marked = run(folder.path(), &["in/a.png", "-", "--plan", &format!("flip:h|{}", over("logo/mark.png"))], b"");
    ends(&marked, 0, &[]);
    assert_ne!(bare.stdout, marked.stdout);
    let arguments = ["in/a.png", "x.png", "--pictures", "away", "--plan", &over("mark.png")];
    ends(&run(folder.path(), &arguments, b""), 0, &[]);
    ends(&run(folder.path(), &["in/a.png", "x.png", "--plan", &over("gone.png")], b""), 2, &["gone.png"]);
    let optional = format!("{},optional", over("gone.png"));
    ends(&run(folder.path(), &["in/a.png", "x.png", "--plan", &optional], b""), 0, &["left out"]);
    let fetched = "overlay:url19(https://x.test/a.pn)";
    ends(&run(folder.path(), &["in/a.png", "x.png", "--plan", fetched], b""), 2, &["only the server"]);
}

#[test]
fn what_is_wrong_is_said() {
    let folder = folder_with(&[("a.png", &png("a.png", 1))]);
    for (arguments, status, says) in [
        (&["a.png", "b.png"][..], 2, "--url"),
        (&["a.png", "b.png", "--plan", "resiz:3x3"], 2, "no such stage; stages are"),
        (&["a.png", "b.png", "--plan", "blur:2", "--format", "jxl"], 2, "jpeg, png, webp, avif, gif"),
        (&["a.png", "b.png", "--plan", "blur:2", "--quality", "101"], 2, "1..=100"),
        (&["a.png", "b.png", "--plan", "blur:2", "--depth", "12"], 2, "8 bits or 16"),
        (&["gone.png", "b.png", "--plan", "blur:2"], 1, "gone.png"),
        (&["a.png", "no/such/folder.png", "--plan", "flip:h"], 1, "folder.png"),
        (&["a.png", "b.png", "--dialect", "imagekit", "--url", "/tr:w-x/a.png"], 2, "imagekit"),
    ] {
        let output = run(folder.path(), arguments, b"");
        ends(&output, status, &[says]);
    }
    assert_eq!(names(folder.path()), ["a.png"]);
}
