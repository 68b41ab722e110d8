#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::*;

const RED: Color = Color::rgb(255, 0, 0);

fn f(value: f64) -> Fixed {
    Fixed::new(value)
}

fn overlay(change: impl FnOnce(&mut Overlay)) -> Stage {
    let asset = Asset::Path("a),b|[c".to_owned());
    let mut overlay = Overlay::new(Picture::Named { source: None, asset });
    change(&mut overlay);
    Stage::Overlay(Box::new(overlay))
}

/// At least one of every kind of stage and value.
fn every_kind() -> Vec<Stage> {
    let glass = RED.with_alpha(7);
    let corners = [Radius::Px(1), Radius::Share(f(0.25)), Radius::Px(0), Radius::Px(9)];
    let linear = GradientShape::Linear { degrees: f(45.5), stop: f(0.9) };
    let radial =
        GradientShape::Radial { center: (f(0.5), f(0.25)), inner: Radius::Px(3), outer: Radius::Share(f(0.5)) };
    let gradient = |shape, mix| Gradient { shape, from: RED, to: glass, mix };
    let fill =
        BlurFill { sigma: Some(f(3.5)), brightness: f(-0.1), opacity: f(0.5), under: Some(RED), tint: Some(glass) };
    let mut all = vec![
        Stage::Page(3),
        Stage::Frames(Frames { first: 4, ..Frames::ALL }),
        Stage::Frames(Frames {
            first: 1,
            last: Some(9),
            every: 2,
            without: 3,
            reverse: true,
            rate: Some(f(12.5)),
            plays: Some(0),
        }),
        Stage::Typeset(Box::new(Text { padding: [1, 2, 3, 4], ..Text::new("Hi, you", f(12.0)) })),
        Stage::Trim(Trim { mode: TrimMode::Corner, tolerance: f(2.0), keep: -3 }),
        Stage::Orient(Orient::Exif),
        Stage::Orient(Orient::Fixed(6)),
        Stage::Flip { horizontal: true, vertical: false },
        Stage::Flip { horizontal: true, vertical: true },
        Stage::Rotate { degrees: f(12.5), background: Background::Edge },
        Stage::Straighten { degrees: f(3.0) },
        Stage::Pad(Pad { top: 1, right: 2, bottom: 3, left: 4, background: Background::Mirror }),
        Stage::Extract(Region::Corners { top_left: Some((1, 2)), bottom_right: None }),
        Stage::Extract(Region::Corners { top_left: None, bottom_right: Some((3, 4)) }),
        Stage::Extract(Region::Corners { top_left: Some((1, 2)), bottom_right: Some((3, 4)) }),
        Stage::Extract(Region::Rect {
            x: Some(Dim::Ratio(f(0.5))),
            y: None,
            width: Some(Dim::Px(9)),
            height: Some(Dim::Px(8)),
            align: (Horizontal::Left, Vertical::Bottom),
        }),
        Stage::Extract(Region::Window {
            width: Some(Dim::Px(5)),
            height: None,
            gravity: Gravity::TopLeft(Some(1), None),
            pad: Some(Background::Dominant),
            cut: false,
        }),
        Stage::Extract(Region::Aspect { aspect: Aspect::Between(f(1.0), f(2.0)), gravity: Gravity::Edges }),
        Stage::Mask(Mask { shape: Shape::Ellipse, outside: Background::Auto }),
        Stage::Mask(Mask { shape: Shape::Circle, outside: Background::Color(RED) }),
        Stage::Mask(Mask { shape: Shape::Corners(corners), outside: Background::Auto }),
        Stage::Mask(Mask { shape: Shape::Polygon(5), outside: Background::Auto }),
        Stage::Border(Border {
            widths: [1, 2, 3, 4],
            color: glass,
            inside: true,
            outer: corners,
            inner: [Radius::Px(2); 4],
            outside: Background::Color(RED),
        }),
        Stage::Gradient(gradient(linear, Mix::Oklab)),
        Stage::Gradient(gradient(radial, Mix::Srgb)),
        Stage::Shadow(Shadow { x: f(0.02), y: f(-0.02), sigma: f(10.0), color: glass }),
    ];
    let grounds = [
        Background::Color(glass),
        Background::Blur(BlurFill::PLAIN),
        Background::Blur(fill),
        Background::Edge,
        Background::Mirror,
        Background::Dominant,
        Background::DominantEdge,
        Background::DominantGradient(4),
        Background::Gradient(gradient(linear, Mix::Lch)),
        Background::Grid { first: RED, second: glass, size: 4 },
    ];
    all.extend(grounds.map(Stage::Flatten));
    let modes = [
        TrimMode::Corner,
        TrimMode::Color(RED),
        TrimMode::Alpha,
        TrimMode::AlphaOr(None),
        TrimMode::AlphaOr(Some(RED)),
        TrimMode::Even { mean: 11, deviation: 10 },
    ];
    all.extend(modes.map(|mode| Stage::Trim(Trim { mode, tolerance: f(1.5), keep: 2 })));
    let places = [
        Gravity::Anchor(Horizontal::Left, Vertical::Center),
        Gravity::Anchor(Horizontal::Center, Vertical::Top),
        Gravity::Point(f(0.1), f(0.9)),
        Gravity::MasterPixel(3, 4),
        Gravity::Centered(None, Some(7)),
        Gravity::Attention,
        Gravity::Entropy,
    ];
    all.extend(places.map(|gravity| {
        Stage::Resize(Resize {
            gravity,
            zoom: f(1.5),
            ..Resize::new(Some(Dim::Px(30)), Some(Dim::Ratio(f(0.5))), Fit::Cover)
        })
    }));
    let limits = Limits { min_width: Some(1), min_height: Some(2), max_width: Some(3), max_height: Some(4) };
    all.push(Stage::Resize(Resize {
        aspect: Some(Aspect::Exact(f(1.7778))),
        enlarge: Enlarge::No,
        background: Background::Blur(fill),
        limits,
        ..Resize::new(None, Some(Dim::Px(9)), Fit::Contain)
    }));
    let (strength, third) = (f(0.5), f(0.3));
    let adjusts = [
        Adjust::Brightness(f(-0.25)),
        Adjust::Contrast(f(1.44)),
        Adjust::Exposure(f(1.5)),
        Adjust::Gamma(f(2.2)),
        Adjust::Highlights(f(-0.5)),
        Adjust::Shadows(strength),
        Adjust::Hue(f(90.0)),
        Adjust::Saturation(third),
        Adjust::Vibrance(f(-0.2)),
        Adjust::Invert,
        Adjust::Grayscale,
        Adjust::Sepia(strength),
        Adjust::Monochrome(glass),
        Adjust::Duotone { dark: RED, light: glass, strength },
        Adjust::Colorize(glass),
        Adjust::Linear { factor: f(1.1), offset: f(-0.1) },
        Adjust::Threshold(128),
        Adjust::Opacity(third),
        Adjust::Stretch,
        Adjust::Enhance,
        Adjust::Replace { to: RED, tolerance: f(35.0), from: Some(glass) },
        Adjust::Replace { to: RED, tolerance: f(5.0), from: None },
    ];
    all.extend(adjusts.map(Stage::Adjust));
    let unsharp = Unsharp { sigma: f(2.0), amount: f(0.8), threshold: f(0.024) };
    let filters = [
        Filter::Blur(f(7.5)),
        Filter::Pixelate(12),
        Filter::Sharpen(unsharp),
        Filter::Unsharp(unsharp),
        Filter::Denoise { strength: third, sharpen: strength },
        Filter::Halftone(6),
    ];
    all.extend(filters.map(Stage::Filter));
    all.extend(Blend::PLAIN.map(|blend| overlay(|o| o.blend = blend)));
    let text = Text {
        families: vec!["Noto Sans".into(), "x),(".into()],
        weight: 700,
        italic: true,
        underline: true,
        strikethrough: true,
        color: glass,
        align: TextAlign::Justify,
        line_height: Some(f(1.2)),
        letter_spacing: f(-0.5),
        ligatures: Ligatures::All,
        width: Some(Dim::Ratio(f(0.5))),
        height: Some(Dim::Px(40)),
        less: 20,
        fit: TextFit::WrapShrink,
        snug: true,
        padding: [1, 2, 3, 4],
        background: Some(RED),
        outline: Some((f(1.5), RED)),
        shadow: Some((f(1.0), f(2.0), f(3.0), glass)),
        ..Text::new("Käse, (50%) = |now|", f(24.5))
    };
    let clip = Text { fit: TextFit::Clip { cut: TextCut::Middle, ellipsis: true }, ..Text::new("", f(3.0)) };
    all.extend([
        overlay(|o| {
            let source = Some("s)1(".to_owned());
            o.picture = Picture::Named { source, asset: Asset::Url("https://x.test/a,(b)?c=[d]|e".into()) };
        }),
        overlay(|o| o.picture = Picture::Solid(glass)),
        overlay(|o| {
            o.origin = Some((Horizontal::Left, Vertical::Bottom));
            o.offset = (Shift::Px(10), Shift::Px(-5));
        }),
        overlay(|o| o.picture = Picture::Text(Box::new(text.clone()))),
        overlay(|o| {
            o.picture = Picture::Text(Box::new(clip));
            (o.width, o.shrink) = (Some(Dim::Px(8)), true);
        }),
        overlay(|o| {
            (o.width, o.height) = (Some(Dim::Px(8)), Some(Dim::Ratio(f(0.25))));
            (o.fit, o.enlarge, o.gravity) = (Fit::Cover, Enlarge::NoClamp, Gravity::Entropy);
            (o.anchor, o.shrink, o.optional) = ((Horizontal::Right, Vertical::Bottom), true, true);
            o.offset = (Shift::Px(-5), Shift::Ratio(f(0.1)));
            (o.tile, o.blend) = (Some(Tile { across: 3, down: 4 }), Blend::Displace { x: f(5.0), y: f(-5.0) });
            (o.only_on, o.opacity) = ((100, 50), f(0.5));
            o.stages = vec![
                Stage::Orient(Orient::Exif),
                overlay(|inner| inner.picture = Picture::Text(Box::new(text.clone()))),
                Stage::Filter(Filter::Blur(f(2.0))),
            ];
        }),
    ]);
    all.extend(of_sizes(&text));
    all
}

/// Stages that hang on sizes: every length, both sides of a choice.
fn of_sizes(text: &Text) -> Vec<Stage> {
    let expr = |text: &str| text.parse::<Expr>().unwrap();
    let measured = |stage, lengths: &[(Length, &str)]| {
        let lengths = lengths.iter().map(|(length, text)| (*length, expr(text))).collect();
        Stage::Measured(Measured { stage: Box::new(stage), lengths })
    };
    let window = |gravity| Region::Window { width: Some(Dim::Px(9)), height: None, gravity, pad: None, cut: true };
    let corners = [Radius::Px(1), Radius::Share(f(0.25)), Radius::Px(0), Radius::Px(9)];
    let border =
        Border { widths: [0; 4], color: RED, inside: false, outer: corners, inner: corners, outside: Background::Auto };
    let shape = GradientShape::Linear { degrees: f(30.0), stop: Fixed::ONE };
    let words = Text { width: None, line_height: None, padding: [0; 4], ..text.clone() };
    let test = |variable, comparison, number| Test { variable, comparison, number: Number::new(number).unwrap() };
    let condition = Condition::new(vec![
        vec![test(Variable::Height, Comparison::GreaterOrEqual, 100.0), test(Variable::Width, Comparison::Less, 4.5)],
        vec![test(Variable::InitialRatio, Comparison::NotEqual, 4.0 / 3.0)],
    ]);
    let flip = Stage::Flip { horizontal: true, vertical: false };
    let choose = |no: Vec<Stage>| {
        let yes = vec![overlay(|_| {}), measured(Stage::Border(border), &[(Length::Border, "car*3")])];
        Stage::Choose(Box::new(Choose { condition: condition.clone().unwrap(), yes, no }))
    };
    vec![
        measured(
            Stage::Resize(Resize::new(None, None, Fit::Cover)),
            &[(Length::Width, "iw*0.33333"), (Length::Height, "ih%7+10"), (Length::Aspect, "iar*2")],
        ),
        measured(
            Stage::Resize(Resize {
                limits: Limits { max_width: Some(9), ..Limits::default() },
                ..Resize::new(None, Some(Dim::Px(3)), Fit::Contain)
            }),
            &[(Length::Width, "(iw-ih)^2/0")],
        ),
        measured(Stage::Extract(window(Gravity::TopLeft(None, Some(4)))), &[(Length::X, "iw-9")]),
        measured(Stage::Extract(window(Gravity::CENTER)), &[(Length::CenterX, "iw/9"), (Length::CenterY, "ih/9")]),
        measured(Stage::Border(border), &[(Length::Border, "iw/40")]),
        measured(Stage::Gradient(Gradient { shape, from: RED, to: RED, mix: Mix::Srgb }), &[(Length::Stop, "200")]),
        measured(
            overlay(|o| o.picture = Picture::Text(Box::new(words.clone()))),
            &[
                (Length::Width, "bw-1"),
                (Length::Height, "bh-1"),
                (Length::X, "bw-iw"),
                (Length::Y, "bar*2"),
                (Length::TextWidth, "bw-2"),
                (Length::TextSize, "bh/10"),
                (Length::TextLine, "20"),
                (Length::TextPadding, "bw/50"),
            ],
        ),
        choose(vec![flip]),
        choose(vec![]),
    ]
}

fn read(text: &str) -> Vec<Stage> {
    Plan::from_stages_text(text).unwrap_or_else(|error| panic!("{text}: {error}")).stages
}

#[test]
fn what_is_written_is_read_again() {
    for stage in every_kind() {
        let mut plan = Plan { stages: vec![stage], output: OutputRule::default() };
        plan.canonicalise();
        let text = plan.stages_text();
        assert_eq!(plan.stages.len(), 1, "{text}");
        assert_eq!(read(&text), plan.stages, "{text}");
        assert_eq!(Plan { stages: read(&text), output: OutputRule::default() }.stages_text(), text);
    }
    let mut all = Plan { stages: every_kind(), output: OutputRule::default() };
    all.canonicalise();
    assert_eq!(read(&all.stages_text()), all.stages);
    assert_eq!(read(""), []);
}

#[test]
fn no_two_stages_share_a_text() {
    let mut texts: Vec<String> = every_kind().iter().map(Stage::to_string).collect();
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), count);
}

#[test]
fn what_goes_without_saying_may_be_left_out() {
    for (short, long) in [
        ("resize:300x-", "resize:300x-,inside"),
        ("trim:", "trim:corner,tolerance=0,keep=0"),
        ("pad:5", "pad:5,5,5,5,auto"),
        ("flatten:red", "flatten:ff0000ff"),
        ("border:4,f00", "border:4,4,4,4,ff0000ff"),
        ("mask:corners(8)", "mask:corners(8 8 8 8),auto"),
        ("duotone:navy,yellow", "duotone:000080ff,ffff00ff,1"),
        ("overlay:path1(a)", "overlay:path1(a),center"),
        ("orient:exif | blur:2 ", "orient:exif|blur:2"),
    ] {
        let plan = Plan { stages: read(short), output: OutputRule::default() };
        assert_eq!(plan.stages_text(), long, "{short}");
    }
}

#[test]
fn examples_in_the_documents_can_be_read() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/plans.md");
    let text = std::fs::read_to_string(path).unwrap();
    let examples =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |")).map(|(example, _)| example);
    let count = examples.map(|example| read(&example.replace("\\|", "|"))).filter(|stages| stages.len() <= 1).count();
    assert!(count > 60, "{count} examples");
}

#[test]
fn what_cannot_be_read_is_named() {
    for (text, part, hint) in [
        ("resiz:3x4", "resiz:3x4", "stages are"),
        ("resize:300", "300", "<width>x<height>"),
        ("resize:3x4,covr", "covr", "cover-or-contain"),
        ("orient:9", "orient:9", "from 1 to 8"),
        ("blur:", "blur:", "<value>"),
        ("blur:nan", "nan", "not a number"),
        ("flatten:blu", "blu", "grounds are"),
        ("resize:3x4,at=topp", "topp", "places are"),
        ("overlay:path3(a)", "overlay:path3(a)", "3 bytes"),
        ("overlay:path1(a),blend=mul", "mul", "multiply"),
        ("gradient:linear 0 1 red", "linear 0 1 red", "two colours"),
        ("mask:corners(1 2 3 4", "mask:corners(1 2 3 4", "not closed"),
        ("a)b", "a)b", "not opened"),
        ("pad:1,2", "2", "grounds are"),
        ("page:-1", "-1", "whole number"),
        ("measured:[resize:3x4],border=iw", "border=iw", "width, height"),
        ("measured:[resize:3x-|blur:2],height=iw", "[resize:3x-|blur:2]", "one stage"),
        ("measured:[resize:3x-],height=iw+", "", "numbers and iw"),
        ("measured:[resize:3x-],height=2px", "px", "numbers and iw"),
        ("measured:[resize:3x-],height=(iw+)", ")", "with brackets"),
        ("measured:resize:3x-,height=iw", "resize:3x-", "square brackets"),
        ("choose:w>3,[blur:2]", "w>3", "cw>=100"),
        ("choose:cw=3,[blur:2]", "cw=3", "=="),
        ("choose:cw>3", "choose:cw>3", "<condition>"),
    ] {
        let error = Plan::from_stages_text(text).unwrap_err();
        assert_eq!(error.part, part, "{text}: {error}");
        assert!(error.why.contains(hint), "{text}: {error}");
    }
}

#[test]
fn nothing_it_reads_makes_it_panic_or_dig() {
    let whole: Vec<u8> = every_kind().iter().map(Stage::to_string).collect::<Vec<_>>().join("|").into_bytes();
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    for _ in 0..3000 {
        let (from, len) = (next(whole.len()), 1 + next(300));
        let mut text = whole[from..(from + len).min(whole.len())].to_vec();
        for _ in 0..next(6) {
            let at = next(text.len());
            text[at] = b"()[]|,=:x0r9-\xc3"[next(14)];
        }
        let _ = Plan::from_stages_text(&String::from_utf8_lossy(&text));
    }
    let deep = "overlay:path1(a),[".repeat(500);
    assert!(Plan::from_stages_text(&deep).is_err());
    let brackets = format!("measured:[resize:3x-],height={}iw", "(".repeat(100_000));
    assert!(Plan::from_stages_text(&brackets).is_err());
    let chosen = format!("{}{}", "choose:iw>3,[".repeat(30), "]".repeat(30));
    assert!(Plan::from_stages_text(&chosen).unwrap_err().why.contains("deep"));
    let many = format!("choose:{},[blur:2]", vec!["cw>3"; 33].join(" and "));
    assert!(Plan::from_stages_text(&many).unwrap_err().why.contains("32"));
    let closed = format!("{}{}", "overlay:path1(a),[".repeat(30), "]".repeat(30));
    assert!(Plan::from_stages_text(&closed).unwrap_err().why.contains("deep"));
}

/// Whatever hangs on sizes, once canonical, is read as it is written, and stays as it is.
#[test]
fn any_mixture_of_sizes_is_read_again() {
    let lengths = [
        "[resize:-x-,cover],width=E,height=E",
        "[resize:9x-,cover,max-w=7],height=E,aspect=E",
        "[extract:window,9x-,corner(- 3)],x=E,width=E",
        "[extract:window,9x9,left],center-y=E",
        "[extract:rect,-,-,9x9],x=E,height=E",
        "[border:0,red,outer=(3 0 3 3)],border=E",
        "[gradient:linear 30 1 red blue],stop=E",
        "[overlay:path1(a),bottom-right,to=bottom-right],x=E,y=E,width=E",
        "[overlay:text1(a),top-right],text-size=E,text-line=E,text-pad=E,text-width=E,x=E",
        "[blur:2]",
    ];
    let operands = ["iw", "ih", "iar", "cw", "ch", "car", "bw", "bh", "0", "1", "2.5", "-3", "0.0001", "70000"];
    let mut seed = 11_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (seed >> 33) as usize % below
    };
    let expr = |next: &mut dyn FnMut(usize) -> usize| {
        let mut text = operands[next(operands.len())].to_owned();
        for _ in 0..next(5) {
            let (sign, operand) = (["+", "-", "*", "/", "%", "^"][next(6)], operands[next(operands.len())]);
            text = if next(3) == 0 { format!("{operand}{sign}({text})") } else { format!("({text}){sign}{operand}") };
        }
        text
    };
    for _ in 0..4000 {
        let mut stages = vec!["orient:exif".to_owned(); next(2)];
        for _ in 0..1 + next(4) {
            let mut measured = format!("measured:{}", lengths[next(lengths.len())]);
            while let Some(at) = measured.find("=E") {
                let said = expr(&mut next);
                measured.replace_range(at + 1..at + 2, &said);
            }
            stages.push(match next(6) {
                0 => "mark".to_owned(),
                1 => "trim:".to_owned(),
                2 => format!("choose:cw>{} and iar<2 or ch==3,[{measured}|mark|{measured}],[{measured}]", next(9)),
                3 => format!("overlay:path1(a),[orient:exif|{measured}|mark|{measured}]"),
                _ => measured,
            });
        }
        let text = stages.join("|");
        let plan = Plan::from_stages_text(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let written = plan.stages_text();
        let again = Plan::from_stages_text(&written).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(again, plan, "{text}\n{written}");
    }
}
