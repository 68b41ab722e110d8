#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{Part, Place, Step};

fn said(name: &str, value: &str) -> Part {
    Part::Said(name.to_owned(), value.to_owned())
}

fn layer_of(kind: &str, steps: Vec<Step>) -> Part {
    Part::Layer { kind: kind.to_owned(), steps }
}

fn written(steps: &[Step]) -> Result<String, ParseError> {
    Ok(Imagekit.compose("any", &path("a.jpg"), &Imagekit.flatten(steps)?, &settings()).unwrap())
}

#[test]
fn a_tree_is_written_and_comes_back() {
    let image = |i: &str| layer_of("image", vec![vec![said("i", i), said("w", "50")], vec![said("rt", "90")]]);
    let text = |i: &str| layer_of("text", vec![vec![said("i", i), said("co", "ff0000")]]);
    let inner = layer_of("image", vec![vec![said("i", "a/b.png"), image("c.png")]]);
    let choice = Part::Choice {
        condition: "ar_gt_1".to_owned(),
        yes: vec![vec![said("w", "9")]],
        no: vec![vec![said("h", "9")], vec![said("e-grayscale", "")]],
    };
    for (steps, want) in [
        (vec![vec![said("w", "300")], vec![said("rt", "90")]], "/tr:w-300:rt-90/a.jpg"),
        (vec![vec![said("w", "300"), image("dir/b.png")]], "/tr:w-300,l-image,i-dir@@b.png,w-50:rt-90,l-end/a.jpg"),
        (vec![vec![image("a,b.png")]], "/tr:l-image,ie-YSxiLnBuZw,w-50:rt-90,l-end/a.jpg"),
        (
            vec![vec![image("https://x.example/b.png")]],
            "/tr:l-image,ie-aHR0cHM6Ly94LmV4YW1wbGUvYi5wbmc,w-50:rt-90,l-end/a.jpg",
        ),
        (vec![vec![image("ik_canvas")]], "/tr:l-image,i-ik_canvas,w-50:rt-90,l-end/a.jpg"),
        (vec![vec![text("Sale now")]], "/tr:l-text,i-Sale%20now,co-ff0000,l-end/a.jpg"),
        (vec![vec![text("50 % off: a/b, c")]], "/tr:l-text,ie-NTAgJSBvZmY6IGEvYiwgYw,co-ff0000,l-end/a.jpg"),
        (vec![vec![inner]], "/tr:l-image,i-a@@b.png,l-image,i-c.png,w-50:rt-90,l-end,l-end/a.jpg"),
        (vec![vec![choice]], "/tr:if-ar_gt_1,w-9,if-else,h-9:e-grayscale,if-end/a.jpg"),
        (vec![vec![said("w", "3"), said("?v", "a:b,c")]], "/tr:w-3/a.jpg?v=a:b,c"),
        (vec![vec![said("w", "3"), said("ar", "4:3")]], "/tr:w-3,ar-4:3/a.jpg"),
        (vec![vec![said("e-usm", "2-2-0.8-0.024")]], "/tr:e-usm-2-2-0.8-0.024/a.jpg"),
        (vec![vec![]], "/a.jpg"),
    ] {
        let target = written(&steps).unwrap();
        assert_eq!(target, want);
        let settings = settings();
        assert_eq!(Imagekit.steps(Target::new(&target), &settings).unwrap(), steps, "{target}");
        parsed(&target);
        // The flat list, too, has the table's names.
        let flat = Imagekit.parameters(Target::new(&target), &settings).unwrap();
        assert_eq!(Imagekit.compose("any", &path("a.jpg"), &flat, &settings).unwrap(), target);
    }
    let empty = vec![vec![], vec![said("w", "3")], vec![]];
    assert_eq!(written(&empty).unwrap(), "/tr:w-3/a.jpg", "empty steps are none");
    let flat = Imagekit.parameters(Target::new("/tr:e-usm-2-2-0.8-0.024/a.jpg"), &settings()).unwrap();
    assert_eq!(flat, [("e-usm".to_owned(), "2-2-0.8-0.024".to_owned())]);
}

#[test]
fn what_would_run_into_the_next_parameter_is_refused_by_name() {
    for (steps, parameter, words) in [
        (vec![vec![said("w", "300,h-20")]], "w", "no comma"),
        (vec![vec![said("bg", "red:rt-90")]], "bg", "no comma"),
        (vec![vec![layer_of("image", vec![vec![said("i", "a.png"), said("lx", "3,4")]])]], "lx", "no comma"),
        (vec![vec![layer_of("image,i-b.png", vec![])]], "l", "no comma"),
        (vec![vec![said("l", "image")]], "l", "a layer"),
        (vec![vec![said("if", "w_gt_3")]], "if", "a condition"),
        (vec![vec![said("tr", "w-3")]], "tr", "a step"),
        (vec![vec![said("", "3")]], "", "a name"),
        (vec![vec![said(":", "")]], ":", "a name"),
    ] {
        match written(&steps) {
            Err(ParseError::BadParameter { parameter: named, allowed, .. }) => {
                assert_eq!(named, parameter, "{steps:?}");
                assert!(allowed.contains(words), "{allowed}");
            }
            other => panic!("{steps:?}: {other:?}"),
        }
    }
}

#[test]
fn each_row_says_where_it_stands() {
    use Place::{Frame, ImageLayer, Old, Query, Signature, Step as InStep, TextLayer};
    for (name, want) in [
        ("w", vec![InStep, ImageLayer, TextLayer]),
        ("h", vec![InStep, ImageLayer]),
        ("o", vec![InStep, ImageLayer, TextLayer]),
        ("f", vec![InStep]),
        ("n", vec![InStep]),
        ("i", vec![ImageLayer, TextLayer]),
        ("lx", vec![ImageLayer, TextLayer]),
        ("fs", vec![TextLayer]),
        ("e-bgremove", vec![InStep]),
        ("l", vec![Frame]),
        ("if", vec![Frame]),
        ("tr", vec![Frame]),
        ("ik-s", vec![Signature]),
        ("ik-attachment", vec![Query]),
        ("oi", vec![Old]),
        ("lso", vec![]),
    ] {
        assert_eq!(Imagekit.places(name), want, "{name}");
    }
    // What a row says is so: each that may stand in a text's first step is not refused there for its name.
    for row in Imagekit.params() {
        let places = Imagekit.places(row.name);
        let text = vec![vec![layer_of("text", vec![vec![said("i", "x"), said(row.name, "1")]])]];
        if !places.contains(&TextLayer) && places.contains(&InStep) {
            assert!(parse(&written(&text).unwrap()).is_err(), "{} stands in a text", row.name);
        }
    }
}
