use plan::{Dim, Overlay, Picture, Plan, Shift, Stage};

use super::{parse, round_trip, warnings};
use crate::imgix::Imgix;
use crate::{Asset, Dialect, Settings, Target};

/// Queries, the overlay they mean, and their warnings.
#[test]
fn marks_are_overlays() {
    let mark = "[orient:exif]";
    for (query, want, warned) in [
        ("mark=/logo.png", "path8(logo.png),bottom-right,by=5,5,optional", ""),
        ("m=logo.png", "path8(logo.png),bottom-right,by=5,5,optional", ""),
        ("mark=/a%20b/%C3%A9%3F.png", "path11(a b/é?.png),bottom-right,by=5,5,optional", ""),
        (
            "mark64=aHR0cHM6Ly9hc3NldHMuaW1naXgubmV0L2xvZ28ucG5n",
            "url33(https://assets.imgix.net/logo.png),bottom-right,by=5,5,optional",
            "",
        ),
        (
            "mark=HTTP%3A%2F%2Fx.example%2Fa%2520b.png%3Fw%3D3%26h%3D4%23top",
            "url34(http://x.example/a%20b.png?w=3&h=4),bottom-right,by=5,5,optional",
            "",
        ),
        ("mark=/l&mark-align=top,left", "path1(l),top-left,by=5,5,optional", ""),
        ("mark=/l&markalign=left", "path1(l),bottom-left,by=5,5,optional", ""),
        ("mark=/l&ma=middle,center", "path1(l),center,optional", ""),
        ("mark=/l&mark-align=center,top&mark-pad=9", "path1(l),top,by=0,9,optional", ""),
        ("mark=/l&mark-align=top,wat", "path1(l),top-right,by=5,5,optional", "invalid mark-align=wat"),
        ("mark=/l&markalign64=bGVmdA&mp=0", "path1(l),bottom-left,optional", ""),
        ("mark=/l&mark-x=-20", "path1(l),bottom-left,by=-20,5,optional", ""),
        ("mark=/l&mark-x=20&mark-y=0", "path1(l),top-left,by=20,0,optional", ""),
        (
            "mark=/l&mx=20&my=30&mark-pad=3&mark-align=top",
            "path1(l),top-left,by=20,30,optional",
            "no-effect mark-align=top; no-effect mark-pad=3",
        ),
        ("mark=/l&mark-w=100&mark-h=0.5", "path1(l),100x0.5r,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mw=100&mark-fit=clip", "path1(l),100x-,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mw=9&mf=max", "path1(l),9x-,enlarge=no,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mw=9&mh=8&mf=crop", "path1(l),9x8,cover,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mw=9&mh=8&mf=fill", "path1(l),9x8,contain,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mw=9&mh=8&mf=scale", "path1(l),9x8,stretch,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mh=8&mf=crop", "path1(l),-x8,bottom-right,by=5,5,optional", ""),
        ("mark=/l&mw=9&mf=wat", "path1(l),9x-,bottom-right,by=5,5,optional", "invalid mf=wat"),
        ("mark=/l&mark-scale=30", "path1(l),0.3rx0.3r,bottom-right,by=5,5,optional", ""),
        ("mark=/l&ms=30&mw=9", "path1(l),9x-,bottom-right,by=5,5,optional", "no-effect ms=30"),
        ("mark=/l&ms=130", "path1(l),1rx1r,bottom-right,by=5,5,optional", "clamped ms=130"),
        ("mark=l&mark-base=https://x.example/a/?v=1", "url21(https://x.example/a/l),bottom-right,by=5,5,optional", ""),
        ("mark=/a%20b&mb=logos/", "path9(logos/a b),bottom-right,by=5,5,optional", ""),
        ("mark=l&mark-base=/..", "path1(l),bottom-right,by=5,5,optional", "invalid mark-base=/.."),
        (
            "mark=https://x.example/l&markbase=/logos",
            "url19(https://x.example/l),bottom-right,by=5,5,optional",
            "no-effect markbase=/logos",
        ),
        ("mark=/l&mark-if-min-width=400", "path1(l),bottom-right,by=5,5,only-on=400x0,optional", ""),
        ("mark=/l&mark-if-min-height=30&dpr=2", "path1(l),bottom-right,by=10,10,only-on=0x30,optional", ""),
        ("mark=/l&mark-tile=grid", "path1(l),top-left,by=5,5,tile=5,5,optional", ""),
        ("mark=/l&mtile=grid&mp=0&ma=bottom,right", "path1(l),bottom-right,tile=0,0,optional", ""),
        ("mark=/l&mtile=grid&mp=9&mx=3&dpr=2", "path1(l),top-left,by=6,18,tile=18,18,optional", ""),
        ("mark=/l&mtile=hex", "path1(l),bottom-right,by=5,5,optional", "invalid mtile=hex"),
        ("mark=/l&mark-x=0.25&mark-y=-0.5", "path1(l),top-left,by=0.25r,-0.5r,optional", ""),
        ("mark=/l&mark-x=0.25&dpr=3", "path1(l),bottom-left,by=0.25r,15,optional", ""),
        ("mark=/l&mark-fit=clip", "path1(l),bottom-right,by=5,5,optional", "no-effect mark-fit=clip"),
        ("mark=/l&mark-w=9000", "path1(l),8192x-,bottom-right,by=5,5,optional", "clamped mark-w=9000"),
        ("mark=/l&mark-alpha=40", "path1(l),bottom-right,by=5,5,opacity=0.4,optional", ""),
        ("mark=/l&malph=400", "path1(l),bottom-right,by=5,5,optional", "clamped malph=400"),
        ("mark=/l&dpr=2&mark-w=50&mark-h=0.5&mark-x=7", "path1(l),100x0.5r,bottom-left,by=14,10,optional", ""),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|overlay:{want},{mark}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn marks_that_name_nothing_are_left_out() {
    for (query, warned) in [
        ("mark=/l&mark-scale=0", ""),
        ("mark=", "invalid mark="),
        ("mark=/", "invalid mark=/"),
        ("mark=a/../b", "invalid mark=a/../b"),
        ("mark=https://", "invalid mark=https://"),
        ("mark=https://:80/a", "invalid mark=https://:80/a"),
        ("mark=https://x.example/%252e%252e/a", "invalid mark=https://x.example/%2e%2e/a"),
        (
            "mark-w=5&mark-pad=1&mark-align=top&mark-alpha=5&mark-x=1&mark-y=1",
            "no-effect mark-align=top; no-effect mark-pad=1; no-effect mark-x=1; no-effect mark-y=1; \
             no-effect mark-w=5; no-effect mark-alpha=5",
        ),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!((parsed.plan.clone(), warnings(&parsed).as_str()), (Plan::original(), warned), "{query}");
    }
}

/// A mark is put on the finished picture, bars and what lies behind it come after.
#[test]
fn a_mark_has_its_place_in_the_order() {
    let query = "w=300&rot=5&flip=h&mark=/l&pad=1&bg=fff";
    let parsed = parse(&format!("/p.jpg?{query}"));
    assert_eq!(
        parsed.plan.stages_text(),
        "orient:exif|resize:298x-,inside|flip:h|straighten:5\
         |overlay:path1(l),bottom-right,by=5,5,optional,[orient:exif]|pad:1,1,1,1,ffffffff|flatten:ffffffff"
    );
    round_trip(query, &parsed.plan);
}

/// It is turned before it is scaled, and its corners stay clear.
#[test]
fn a_mark_may_be_turned() {
    for (query, stages, warned) in [
        ("mark=/l&mark-rot=45&mw=9", "path1(l),9x-,bottom-right,by=5,5,optional,[orient:exif|rotate:45,00000000]", ""),
        (
            "mark=/l&mark-rot=-90",
            "path1(l),bottom-right,by=5,5,optional,[orient:exif|rotate:270,auto]",
            "clamped mark-rot=-90",
        ),
        ("mark=/l&mark-rot=0", "path1(l),bottom-right,by=5,5,optional,[orient:exif]", ""),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|overlay:{stages}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

#[test]
fn distances_are_written_as_a_gap_where_they_can_be() {
    for (query, want) in [
        ("mark=/l&mark-align=bottom,right&mark-pad=5", "mark=/l"),
        ("mark=/l&mark-align=left&mark-pad=0", "mark=/l&mark-align=bottom,left&mark-pad=0"),
        ("mark=/l&mark-x=3&mark-y=3", "mark=/l&mark-align=top,left&mark-pad=3"),
        ("mark=/l&mark-x=3&mark-pad=7", "mark=/l&mark-pad=7&mark-x=3"),
        ("mark=/l&mark-y=-3&mark-align=center", "mark=/l&mark-align=center&mark-y=-3"),
        ("mark=/l&mark-x=3&mark-y=-4", "mark=/l&mark-x=3&mark-y=-4"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        let written = Imgix.write("", &Asset::Path("p.jpg".into()), &parsed.plan, &Settings::default()).unwrap();
        assert_eq!(written, format!("/p.jpg?{want}"));
    }
}

#[test]
fn overlays_without_words_are_named() {
    let plain = || {
        let plan = Imgix.parse(Target::new("/p.jpg?mark=/l"), &Settings::default()).unwrap().plan;
        let Some(Stage::Overlay(mark)) = plan.stages.last().cloned() else { panic!("no mark") };
        (plan, *mark)
    };
    let with = |change: fn(&mut Overlay)| {
        let (mut plan, mut mark) = plain();
        change(&mut mark);
        plan.stages.pop();
        plan.stages.push(Stage::Overlay(Box::new(mark)));
        plan
    };
    // Two can be said, the first as what is blended; three cannot.
    let mut two = plain().0;
    two.stages.push(Stage::Overlay(Box::new(plain().1)));
    round_trip("two marks", &two);
    let mut three = two;
    three.stages.push(Stage::Overlay(Box::new(plain().1)));
    for (plan, named) in [
        (with(|mark| mark.picture = Picture::Masters(vec![])), "an overlay whose picture has no name, only masters"),
        (with(|mark| mark.optional = false), "an overlay without which there is no answer"),
        (with(|mark| mark.shrink = true), "an overlay that shrinks to the picture"),
        (with(|mark| mark.stages.clear()), "an overlay that is not turned upright first"),
        (with(|mark| mark.offset.0 = Shift::Ratio(0.1.into())), "an overlay at a distance that is a share"),
        (
            with(|mark| mark.stages.push(Stage::Flip { horizontal: true, vertical: false })),
            "an overlay with a transformation of its own",
        ),
        (
            with(|mark| {
                mark.picture = Picture::Named { source: Some("s".into()), asset: Asset::Path("l".into()) };
            }),
            "an overlay from a source that it names",
        ),
    ] {
        let error = Imgix.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("imgix cannot express {named}"));
    }
    for plan in [
        three,
        with(|mark| mark.offset = (Shift::Px(1), Shift::Px(2))),
        with(|mark| mark.width = Some(Dim::Ratio(2.0.into()))),
    ] {
        assert!(Imgix.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).is_err(), "{plan}");
    }
}
