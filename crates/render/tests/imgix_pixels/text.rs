//! Text: where ink is, how much of it, and in which colour.

use super::*;

/// Ink on a white picture of 300 by 120: its bounds, and how much there is.
struct Ink {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    amount: f64,
}

impl Ink {
    fn width(&self) -> usize {
        self.right - self.left
    }

    fn height(&self) -> usize {
        self.bottom - self.top
    }
}

fn ink(query: &str) -> Ink {
    let shown = shown(query, &flat(300, 120, WHITE));
    assert_eq!((shown.width, shown.height), (300, 120), "{query}");
    let (left, top, right, bottom) = shown.bounds(|p| p[1] < 200).unwrap_or_else(|| panic!("{query}: no ink"));
    let amount = shown.pixels.iter().map(|p| f64::from(255 - p[1]) / 255.0).sum();
    Ink { left, top, right, bottom, amount }
}

const LONG: &str = "Handgloves+and+other+words+that+do+not+fit+on+one+line+of+this+picture";

#[test]
fn texts_lie_in_their_corners() {
    for (align, left, top) in [
        ("top,left", true, true),
        ("top,right", false, true),
        ("bottom,left", true, false),
        ("bottom,right", false, false),
    ] {
        let ink = ink(&format!("txt=Hamburg&txt-align={align}"));
        assert_eq!((ink.right < 150, ink.bottom < 60), (left, top), "{align}");
        // 10 from the edge, but for what letters leave free.
        let gap = if left { ink.left } else { 300 - ink.right };
        assert!((9..=12).contains(&gap), "{align}: {gap}");
    }
    let corner = ink("txt=Hamburg");
    assert!(corner.left > 150 && corner.top > 60, "at the lower right unless said");
    let middle = ink("txt=Hamburg&ta=middle,center");
    assert!((middle.left + middle.right).abs_diff(300) <= 3);
    assert!((middle.top + middle.bottom).abs_diff(120) <= 8);
    for (query, gap) in [("txt-pad=0", 0), ("tp=40", 40)] {
        let ink = ink(&format!("txt=Hamburg&{query}"));
        assert!((gap..=gap + 2).contains(&(300 - ink.right)), "{query}: {}", 300 - ink.right);
    }
    let moved = ink("txt=Hamburg&txt-x=100&txt-y=20");
    assert!((99..=102).contains(&moved.left) && (20..=28).contains(&moved.top), "{},{}", moved.left, moved.top);
}

#[test]
fn texts_have_the_size_and_colour_that_is_said() {
    let (small, large) = (ink("txt=HHHH"), ink("txt=HHHH&txt-size=36"));
    let ratio = large.height() as f64 / small.height() as f64;
    assert!((2.6..=3.4).contains(&ratio), "12 pixels unless said: {ratio}");
    let twice = shown("txt=HHHH&w=150&dpr=2", &flat(300, 120, WHITE)).bounds(|p| p[1] < 200).unwrap();
    assert!((1.7..=2.3).contains(&((twice.3 - twice.1) as f64 / small.height() as f64)));
    for (query, color) in [("q=75", BLACK), ("txt-color=f00", RED), ("txtclr=00f", BLUE)] {
        let shown = shown(&format!("txt=MMMM&txt-size=60&txt-font=sans-serif,bold&{query}"), &flat(300, 120, WHITE));
        assert!(shown.pixels.iter().filter(|p| **p == color).count() > 300, "{query}");
    }
    let half = shown("txt=MMMM&txt-size=60&tf=sans-serif,bold&tc=80000000", &flat(300, 120, WHITE));
    assert!(half.pixels.iter().any(|p| near(*p, [127, 127, 127, 255], 2)));
    assert!(half.pixels.iter().all(|p| p[0] >= 126));
    let (plain, bold) = (ink("txt=Hamburg&txt-size=30"), ink("txt=Hamburg&txt-size=30&txt-font=sans-serif,bold"));
    assert!(bold.amount > 1.15 * plain.amount, "{} {}", bold.amount, plain.amount);
}

#[test]
fn texts_that_are_too_long_are_cut_shrunk_or_wrapped() {
    let cut = ink(&format!("txt={LONG}&txt-size=16&txt-align=top,left"));
    assert!(cut.right <= 291 && cut.height() < 24, "one line within the picture: {} {}", cut.right, cut.height());
    let narrow = ink(&format!("txt={LONG}&txt-size=16&txt-width=100&txt-align=top,left"));
    assert!((80..=101).contains(&narrow.width()), "{}", narrow.width());
    let half = ink(&format!("txt={LONG}&txt-size=16&txtwidth=0.5&txt-align=top,left"));
    assert!((130..=151).contains(&half.width()), "{}", half.width());
    let small = ink(&format!("txt={LONG}&txt-size=16&txt-fit=max&txt-align=top,left"));
    assert!(small.right <= 291 && small.width() > 240 && small.height() + 3 < cut.height(), "{}", small.height());
    let wrapped = ink(&format!("txt={LONG}&txt-size=16&txtfit=wrap&txt-align=top,left"));
    assert!(wrapped.height() > 30 && wrapped.right <= 291, "{}", wrapped.height());
    let flat_box = ink(&format!("txt={LONG}&txt-size=16&txt-fit=wrap&txt-h=22&txt-align=top,left"));
    assert!(flat_box.height() <= 22, "what is beyond txt-h goes: {}", flat_box.height());
    let both = ink(&format!("txt={LONG}&txt-size=40&txt-fit=wrapmax&txt-h=50&txt-align=top,left"));
    assert!(both.height() <= 50 && both.right <= 291, "{}", both.height());
    // Which end is lost.
    let line = |clip: &str| {
        let query = format!("txt=...............MMMMMMMMMMMMMMM&txt-size=30&txt-width=150&txt-align=top,left&{clip}");
        ink(&query).amount
    };
    assert!(line("txt-clip=start") > 1.5 * line("txt-clip=end"), "{} {}", line("txt-clip=start"), line("txt-clip=end"));
    assert!(line("tcl=middle,ellipsis") > line("txt-clip=end,ellipsis"));
    assert_eq!(line("q=75"), line("txt-clip=end"));
}

#[test]
fn letters_have_lines_and_shadows() {
    let on_grey = |query: &str| shown(&format!("txt=HH&txt-size=60&{query}"), &flat(300, 120, GREY));
    let lined = on_grey("txt-line=3");
    assert!(lined.pixels.contains(&WHITE), "white unless said");
    assert!(on_grey("tl=3&txt-line-color=f00").pixels.contains(&RED));
    assert!(!on_grey("q=75").pixels.contains(&WHITE));
    let (plain, shaded) = (ink("txt=HH&txt-size=60"), ink("txt=HH&txt-size=60&txt-shad=10"));
    assert!(shaded.amount > 1.1 * plain.amount && shaded.bottom > plain.bottom, "to the right and down");
}

/// A text that is a picture of its own: letters apart, lines apart.
#[test]
fn pictures_of_text_have_lead_and_track() {
    let set = |more: &str| ink(&format!("mark=/~text%3Ftxt%3D{LONG}%26txt-size%3D16{more}"));
    let (plain, apart) = (set("&q=75"), set("%26txt-lead%3D30"));
    assert!(apart.height() > plain.height() + 15, "{} {}", apart.height(), plain.height());
    let one = |more: &str| ink(&format!("mark=/~text%3Ftxt%3Dwide{more}"));
    let (plain, apart) = (one("&q=75"), one("%26txt-track%3D10"));
    assert!((27..=33).contains(&(apart.width() - plain.width())), "{} {}", apart.width(), plain.width());
}

/// A text at an address of its own, from no master: what stands for one here is of another size.
fn typeset(query: &str) -> Shown {
    read(&made_at(&format!("/~text?{query}&fm=png"), &flat(7, 5, RED), &[]).bytes)
}

#[test]
fn texts_are_pictures_of_their_own() {
    let one = typeset("txt=wide");
    assert_eq!(one.width, 200, "unless said");
    let ink = |shown: &Shown| shown.bounds(|p| p[3] > 100).unwrap();
    let (left, top, ..) = ink(&one);
    assert!((10..=12).contains(&left) && (10..=18).contains(&top), "10 around: {left},{top}");
    assert_eq!(one.at(0, 0), CLEAR);
    // It grows with its lines, unless a height is said.
    let more = typeset(&format!("txt={LONG}&txt-size=30"));
    assert!(more.width == 200 && more.height > 2 * one.height, "{}", more.height);
    let held = typeset(&format!("txt={LONG}&txt-size=30&w=120&h=60&txt-align=right"));
    assert_eq!((held.width, held.height), (120, 60));
    assert!(ink(&held).2 >= 100, "at the right");
    let (double, large) = (typeset("txt=wide&w=150&h=50&dpr=2"), typeset("txt=wide&w=150&h=50"));
    assert_eq!((double.width, double.height, large.width, large.height), (300, 100, 150, 50));
    // On a ground, and without letters.
    let green = typeset("txt=wide&bg=0f0&txt-color=00f&txt-pad=30&txt-size=40");
    assert_eq!(green.at(0, 0), GREEN);
    assert!(green.bounds(|p| p == BLUE).unwrap().0 >= 30);
    let nothing = typeset("txt=%E2%80%8B&w=60&h=40&bg=00f");
    assert_eq!((nothing.width, nothing.height, nothing.at(30, 20)), (60, 40, BLUE));
    // As a JPEG it lies on white.
    let made = made_at("/~text?txt=wide&fm=jpg", &flat(7, 5, RED), &[]);
    assert_eq!((made.format, made.width), (Format::Jpeg, 200));
    assert!(read(&made.bytes).at(0, 0)[0] > 250);
}
