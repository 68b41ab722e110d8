//! Animations: which frames are left, in which order, and how they play.

use super::*;

/// Seven frames that are told apart by how light they are, 50 ms each, for ever.
fn moving() -> Vec<u8> {
    let frames: Vec<Pixels> = (0..7u8).map(|n| pixels(12, 8, |_, _| [n * 40, n * 40, n * 40, 255])).collect();
    file(Format::Gif, &frames)
}

fn played(query: &str, master: &[u8]) -> Picture {
    let decode = Decode { all_frames: true, ..Decode::default() };
    let made = made_of(query, master, &[]);
    codec::decode(&made.bytes, &decode, &Budget::default(), &Cancel::never()).unwrap().picture
}

fn numbers(picture: &Picture) -> Vec<u8> {
    picture.frames.iter().map(|frame| ((u16::from(frame.pixels.data[0]) + 20) / 40) as u8).collect()
}

#[test]
fn frames_are_chosen() {
    let master = moving();
    for (query, want) in [
        ("w=12", vec![0, 1, 2, 3, 4, 5, 6]),
        ("frame=3-5", vec![2, 3, 4]),
        ("frame=6-", vec![5, 6]),
        ("frame=-2", vec![0, 1]),
        ("frame=5-90", vec![4, 5, 6]),
        ("interval=3", vec![0, 3, 6]),
        ("skip=3", vec![1, 2, 4, 5]),
        ("frame=2-&interval=2&skip=3", vec![3, 5]),
        ("reverse=true&frame=-3", vec![2, 1, 0]),
        ("frame=4", vec![3]),
        // A still shows the first of those that are left.
        ("frame=3-5&fm=png", vec![2]),
        ("reverse=1&fm=png", vec![6]),
        ("interval=2&fm=webp&lossless=1", vec![0, 2, 4, 6]),
    ] {
        assert_eq!(numbers(&played(query, &master)), want, "{query}");
    }
    // What is no animation is its own only frame.
    let still = flat(12, 8, GREY);
    assert_eq!(played("frame=3-5&reverse=1&loop=2", &still).frames.len(), 1);
}

#[test]
fn animations_play_as_asked() {
    let master = moving();
    for (query, plays, delay) in [
        ("w=12", 0, 50),
        ("loop=3", 3, 50),
        ("loop=0&fps=10", 0, 100),
        ("fps=4&fm=webp&loop=2", 2, 250),
        ("fps=30&fm=webp", 0, 33),
    ] {
        let picture = played(query, &master);
        assert_eq!(picture.loops, plays, "{query}");
        assert!(picture.frames.iter().all(|frame| frame.delay_ms == delay), "{query}: {}", picture.frames[0].delay_ms);
        assert_eq!(picture.frames.len(), 7, "{query}");
    }
}

#[test]
fn an_animation_that_ends_before_the_first_frame_is_an_error_that_says_so() {
    let parsed = Imgix.parse(Target::new("/p?frame=8-9"), &Settings::default()).unwrap();
    let spec = parsed.plan.output.resolve(AcceptClass::Basic);
    let (budget, cancel, master) = (Budget::default(), Cancel::never(), moving());
    let fonts = Fonts::embedded();
    let job = Job {
        master: &master,
        pictures: &[],
        fonts: &fonts,
        plan: &parsed.plan,
        spec: &spec,
        budget: &budget,
        cancel: &cancel,
    };
    let error = render::render(&job).unwrap_err();
    assert!(error.to_string().contains("frame 8: the picture has 7"), "{error}");
}
