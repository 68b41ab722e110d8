//! Lengths and choices that hang on sizes only the master tells: from files to files, as if plain ones had been asked for.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use codec::{Budget, Cancel, Channels, Decode, Encode, Frame, Picture, Pixels};
use plan::{AcceptClass, Format, FormatRule, OutputRule, Plan};
use render::{Fonts, Job, Rendered, render};
use testkit::pictures::on_its_side;

fn fonts() -> &'static Fonts {
    static FONTS: std::sync::OnceLock<Fonts> = std::sync::OnceLock::new();
    FONTS.get_or_init(Fonts::embedded)
}

fn pixels(w: u32, h: u32, color: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let data = (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).flat_map(|(x, y)| color(x, y)).collect();
    Pixels { width: w, height: h, channels: Channels::Rgb, data }
}

/// A soft picture, of which no two parts are alike.
fn waves(w: u32, h: u32) -> Pixels {
    pixels(w, h, |x, y| [(x * 255 / w) as u8, (y * 255 / h) as u8, ((x + y) % 64 * 4) as u8])
}

fn flat(w: u32, h: u32, color: [u8; 3]) -> Pixels {
    pixels(w, h, |_, _| color)
}

fn file(format: Format, frames: Vec<Pixels>) -> Vec<u8> {
    let frames = frames.into_iter().map(|pixels| Frame { pixels, delay_ms: 50 }).collect();
    let how = Encode { format, quality: 92, lossless: true, ..Encode::default() };
    codec::encode(&Picture { frames, loops: 0 }, &how, &Cancel::never()).unwrap()
}

fn made(master: &[u8], stages: &str, pictures: &[Option<&[u8]>], format: Format) -> Rendered {
    let mut plan = Plan::from_stages_text(stages).unwrap_or_else(|error| panic!("{stages}: {error}"));
    plan.output = OutputRule { format: FormatRule::Always(format), lossless: true, ..OutputRule::default() };
    let spec = plan.output.resolve(AcceptClass::Avif);
    let (budget, cancel) = (Budget::default(), Cancel::never());
    let job = Job { master, pictures, fonts: fonts(), plan: &plan, spec: &spec, budget: &budget, cancel: &cancel };
    render(&job).unwrap_or_else(|error| panic!("{stages}: {error}"))
}

fn first(rendered: &Rendered) -> Pixels {
    let back = codec::decode(&rendered.bytes, &Decode::default(), &Budget::default(), &Cancel::never()).unwrap();
    back.picture.frames.into_iter().next().unwrap().pixels
}

fn at(pixels: &Pixels, x: u32, y: u32) -> [u8; 3] {
    let start = (y * pixels.width + x) as usize * pixels.channels.count();
    [pixels.data[start], pixels.data[start + 1], pixels.data[start + 2]]
}

/// Every byte is that of the plain plan: what is shrunk while it loads is so in both.
#[test]
fn what_is_measured_is_as_if_it_had_been_said() {
    // 640 by 865 once upright.
    let master = on_its_side(&file(Format::Jpeg, vec![waves(865, 640)]));
    for (measured, plain) in [
        ("measured:[resize:-x-],width=iw/2", "resize:320x-"),
        ("measured:[resize:-x-],height=ih*0.1+iw*0.5", "resize:-x407"),
        ("measured:[resize:-x-],width=iw/3", "resize:213x-"),
        ("measured:[resize:-x200,cover],width=(10+5)%4*50", "resize:150x200,cover"),
        ("measured:[resize:-x-,cover],width=iw%300,height=iw%300", "resize:40x40,cover"),
        ("measured:[resize:100x-,cover],aspect=iar*2", "resize:100x68,cover"),
        ("measured:[resize:-x-],width=ih-iw-1000", "resize:1x-"),
        ("measured:[extract:window,300x200,center],x=iw-320,y=ih%100", "extract:window,300x200,corner(320 65)"),
        ("measured:[extract:window,300x200,center],center-x=iw/4", "extract:window,300x200,centre(160 -)"),
        ("resize:100x-|measured:[border:0,red],border=iw/40", "resize:100x-|border:16,red"),
        ("resize:100x-|mark|blur:1|measured:[border:0,red],border=cw/40", "resize:100x-|blur:1|border:3,red"),
        ("resize:100x-|measured:[resize:-x-],width=iw/8", "resize:100x-|resize:80x-"),
        ("resize:100x-|mark|measured:[resize:-x-],width=cw/8", "resize:100x-|resize:13x-"),
        (
            "resize:100x-|measured:[gradient:linear 90 1 white 00000000],stop=25",
            "resize:100x-|gradient:linear 90 0.25 white 00000000",
        ),
        // A turn by a quarter changes what is seen, not what there was.
        ("rotate:90|mark|measured:[resize:-x-],width=iw/8,height=cw/5", "rotate:90|resize:80x173"),
    ] {
        let of = |stages: &str| made(&master, &format!("orient:exif|{stages}"), &[], Format::Png);
        let (found, want) = (of(measured), of(plain));
        assert_eq!((found.width, found.height), (want.width, want.height), "{measured}");
        assert_eq!(found.bytes, want.bytes, "{measured}");
        assert!(found.warnings.is_empty(), "{measured}: {:?}", found.warnings);
    }
}

#[test]
fn a_condition_chooses_by_the_size_of_the_file() {
    let condition = "ch>=100 and ch<=400 or car<1.3333333333333333";
    for (w, h, want) in
        [(500, 300, 100), (500, 90, 300), (600, 401, 300), (400, 400, 100), (640, 480, 300), (639, 480, 100)]
    {
        let master = file(Format::Jpeg, vec![waves(w, h)]);
        let stages = format!("orient:exif|choose:{condition},[resize:100x-],[resize:300x-]|flip:h");
        let found = made(&master, &stages, &[], Format::Png);
        assert_eq!(found.width, want, "{w}x{h}");
        let plain = made(&master, &format!("orient:exif|resize:{want}x-|flip:h"), &[], Format::Png);
        assert_eq!(found.bytes, plain.bytes, "{w}x{h}");
    }
    // Of what comes in, not of what there was; and within a branch of what comes out of the step before.
    let master = file(Format::Png, vec![waves(640, 480)]);
    let of = |stages: &str| {
        let made = made(&master, &format!("orient:exif|{stages}"), &[], Format::Png);
        (made.width, made.height)
    };
    assert_eq!(of("resize:200x-|choose:cw>300,[resize:30x-],[resize:20x-]"), (20, 15));
    assert_eq!(of("resize:200x-|choose:iw>300,[resize:30x-],[resize:20x-]"), (30, 23));
    assert_eq!(
        of("choose:cw>300,[resize:200x-|mark|measured:[resize:-x-,stretch],width=cw/2,height=iw/2]"),
        (100, 320)
    );
    assert_eq!(of("choose:cw>300,[choose:ch>300,[resize:40x-],[resize:30x-]],[]|resize:-x10"), (13, 10));
    // Behind it, what comes out is what there is.
    assert_eq!(of("choose:cw>300,[resize:200x-],[]|measured:[resize:-x9,stretch],width=cw/4"), (50, 9));
}

/// Behind a trim only pixels tell the size.
#[test]
fn what_pixels_tell_is_settled_then() {
    let inner = |x: u32, y: u32| (10..50).contains(&x) && (20..80).contains(&y);
    let master = file(Format::Png, vec![pixels(100, 100, |x, y| if inner(x, y) { [200, 0, 0] } else { [255; 3] })]);
    let logo = file(Format::Png, vec![flat(4, 4, [0, 0, 200])]);
    let other = file(Format::Png, vec![flat(4, 4, [0, 200, 0])]);
    let trimmed = "orient:exif|trim:corner,tolerance=10";
    for (stages, size) in [
        ("mark|measured:[resize:-x-,stretch],width=cw/2,height=iw/2", (20, 50)),
        ("mark|measured:[border:0,black],border=cw/10", (48, 68)),
        ("choose:cw==40 and ch==60 and iw==100,[resize:5x6,stretch],[resize:7x8,stretch]", (5, 6)),
        (
            "choose:cw>40,[resize:5x6,stretch],[resize:7x8,stretch|flip:h]|mark|measured:[resize:-x9,stretch],width=cw*2",
            (14, 9),
        ),
    ] {
        let found = made(&master, &format!("{trimmed}|{stages}"), &[], Format::Png);
        assert_eq!((found.width, found.height), size, "{stages}");
    }
    // Overlays keep their numbers, whichever are drawn.
    let overlay = |name: &str, x: u32| format!("overlay:path1({name}),top-left,by={x},0");
    let chosen = format!("{trimmed}|choose:cw>40,[{}],[{}]|{}", overlay("a", 0), overlay("b", 0), overlay("c", 10));
    let found = first(&made(&master, &chosen, &[None, Some(&logo), Some(&other)], Format::Png));
    assert_eq!([at(&found, 0, 0), at(&found, 10, 0), at(&found, 20, 0)], [[0, 0, 200], [0, 200, 0], [200, 0, 0]]);
}

#[test]
fn overlays_go_by_what_is_below_and_by_themselves() {
    let master = file(Format::Png, vec![flat(200, 100, [255; 3])]);
    let logo = file(Format::Png, vec![flat(40, 20, [200, 0, 0])]);
    let (red, white) = ([200, 0, 0], [255; 3]);
    // Where it begins and ends, across and down.
    for (stage, x, y) in [
        ("measured:[overlay:path1(l),top-left],x=bw-iw-10,y=bh/3", (150_u32, 190_u32), (33_u32, 53_u32)),
        ("measured:[overlay:path1(l),top-left],width=bw/4+10", (0, 60), (0, 30)),
        ("measured:[overlay:path1(l),bottom-right,to=bottom-right],x=0-bw/10,y=0-bh/10", (140, 180), (70, 90)),
        ("overlay:path1(l),top-left,[orient:exif|measured:[resize:-x-],width=bw/2-iw/2]", (0, 80), (0, 40)),
        ("overlay:path1(l),top-left,[resize:20x-|mark|measured:[resize:-x-],width=cw+iw]", (0, 60), (0, 30)),
        ("overlay:path1(l),top-left,[choose:iw<50 and bw==200,[resize:10x10,stretch],[]]", (0, 10), (0, 10)),
        ("resize:100x-|measured:[overlay:path1(l),top-left],x=bw-iw-10,y=0", (50, 90), (0, 20)),
        ("measured:[overlay:path1(l),top-left,shrink],width=bw*3-1", (0, 200), (0, 100)),
    ] {
        let made = made(&master, stage, &[Some(&logo)], Format::Png);
        assert!(made.warnings.is_empty(), "{stage}: {:?}", made.warnings);
        let found = first(&made);
        for (px, want) in [(x.0, red), (x.1 - 1, red), (x.0.checked_sub(1).unwrap_or(u32::MAX), white), (x.1, white)] {
            if px < found.width {
                assert_eq!(at(&found, px, y.0), want, "{stage}: column {px}");
            }
        }
        for (px, want) in [(y.0, red), (y.1 - 1, red), (y.0.checked_sub(1).unwrap_or(u32::MAX), white), (y.1, white)] {
            if px < found.height {
                assert_eq!(at(&found, x.0, px), want, "{stage}: row {px}");
            }
        }
    }
    let solid = "measured:[overlay:solid(c80000),top-left],width=bw/2-10,height=bh-1";
    let found = first(&made(&master, solid, &[], Format::Png));
    assert_eq!([at(&found, 89, 98), at(&found, 90, 98), at(&found, 89, 99)], [red, white, white]);
}

#[test]
fn overlays_that_are_not_chosen_are_not_drawn() {
    let master = file(Format::Png, vec![flat(60, 40, [255; 3])]);
    let logos = [[200, 0, 0], [0, 200, 0], [0, 0, 200]].map(|color| file(Format::Png, vec![flat(10, 10, color)]));
    let overlay = |x: u32, inner: &str| format!("overlay:path1(l),optional,top-left,by={x},0{inner}");
    let nested = format!(",[choose:iw>50,[{}],[{}]]", overlay(0, ""), overlay(5, ""));
    let stages = format!("orient:exif|choose:cw>50,[flip:h],[{}]|{}", overlay(0, ""), overlay(20, &nested));
    let bytes: Vec<Option<&[u8]>> = logos.iter().map(|logo| Some(&logo[..])).collect();
    // The first is not chosen; the second is drawn, and in it not the third but the fourth.
    let pictures = [bytes[0], bytes[1], bytes[0], bytes[2]];
    let found = first(&made(&master, &stages, &pictures, Format::Png));
    let row = [0, 20, 24, 25, 29, 30].map(|x| at(&found, x, 5));
    let (white, green, blue) = ([255; 3], [0, 200, 0], [0, 0, 200]);
    assert_eq!(row, [white, green, green, blue, blue, white]);
    // Left out is said by the numbers of the whole plan.
    assert_eq!(made(&master, &stages, &[None, bytes[1], bytes[0], None], Format::Png).left_out, [3]);
    assert_eq!(made(&master, &stages, &[None, None, None, None], Format::Png).left_out, [1]);
}

#[test]
fn texts_go_by_what_is_below() {
    let master = file(Format::Png, vec![flat(300, 200, [255; 3])]);
    let of = |stage: &str| made(&master, stage, &[], Format::Png).bytes;
    let measured = "measured:[overlay:text5(hello),size=45,on=c80000,top-left],text-size=bh/10,text-pad=bw/50,text-line=bh/8,\
                    text-width=bw-101";
    let plain = "overlay:text5(hello),size=20,box=199x-,line=1.25,pad=6,on=c80000,top-left";
    assert!(of(measured) == of(plain), "the same bytes");
    assert!(of(measured) != of(&plain.replace("size=20", "size=21")));
}

#[test]
fn a_length_without_a_value_is_left_out_and_said() {
    let master = file(Format::Png, vec![waves(90, 60)]);
    for (stages, want, about) in [
        ("measured:[resize:-x20],width=iw/(ih-60)", (30, 20), "width"),
        ("measured:[resize:-x20],width=iw*1000+1", (30, 20), "width"),
        ("measured:[resize:-x-],width=(0-iw)^0.5", (90, 60), "width"),
        ("measured:[border:0,red],border=bw", (90, 60), "border"),
        ("resize:45x-|measured:[resize:9x-],aspect=iw-90", (9, 6), "aspect"),
    ] {
        let found = made(&master, &format!("orient:exif|{stages}"), &[], Format::Png);
        assert_eq!((found.width, found.height), want, "{stages}");
        assert!(matches!(&found.warnings[..], [one] if one.contains(about)), "{stages}: {:?}", found.warnings);
    }
}

/// All frames have one size, and go by it as a still does.
#[test]
fn animations_are_as_stills_to_it() {
    let frames = [[200, 0, 0], [0, 200, 0]].map(|color| flat(80, 40, color));
    let master = file(Format::Gif, frames.to_vec());
    let stages = "choose:cw==80,[measured:[resize:-x-],width=iw/4],[resize:7x-]";
    let found = made(&master, stages, &[], Format::Gif);
    assert_eq!((found.width, found.height, found.frames), (20, 10, 2));
}
