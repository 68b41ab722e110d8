use plan::{Asset, Color, Fixed, Picture, Stage, Text, TextAlign};

use super::{parse, round_trip, warnings};
use crate::imgix::Imgix;
use crate::{Dialect, Settings};

/// Queries, the overlay they mean, and their warnings.
#[test]
fn texts_are_overlays() {
    let usual = "size=12,color=000000ff,align=right,box=1rx-,less=20";
    let place = "bottom-right,by=10,10";
    for (query, want, warned) in [
        ("txt=Hello,+World!", format!("text13(Hello, World!),{usual},{place}"), ""),
        ("t=a%7Cb%0Ac", format!("text5(a|b c),{usual},{place}"), ""),
        ("txt64=R3LDvMOfZSDwn5mC", format!("text12(Grüße 🙂),{usual},{place}"), ""),
        ("txt=a&txt-size=24", format!("text1(a),size=24,color=000000ff,align=right,box=1rx-,less=20,{place}"), ""),
        (
            "txt=a&tsz=0",
            format!("text1(a),size=1,color=000000ff,align=right,box=1rx-,less=20,{place}"),
            "clamped tsz=0",
        ),
        (
            "txt=a&dpr=2",
            "text1(a),size=24,color=000000ff,align=right,box=1rx-,less=40,bottom-right,by=20,20".to_owned(),
            "",
        ),
        ("txt=a&txtclr=80ff0000", format!("text1(a),size=12,color=ff000080,align=right,box=1rx-,less=20,{place}"), ""),
        (
            "txt=a&txt-font=Futura,serif,Bold,italic",
            format!(
                "text1(a),size=12,color=000000ff,family=6(Futura),family=5(serif),weight=700,italic,align=right,\
                 box=1rx-,less=20,{place}"
            ),
            "",
        ),
        ("txt=a&tf=sans-serif", format!("text1(a),{usual},{place}"), ""),
        ("txt=a&tf=,", format!("text1(a),{usual},{place}"), "invalid tf=,"),
        (
            "txt=a&txt-align=top,left&txt-pad=0",
            "text1(a),size=12,color=000000ff,align=left,box=1rx-,top-left".to_owned(),
            "",
        ),
        (
            "txt=a&ta=middle,center&tp=4",
            "text1(a),size=12,color=000000ff,align=center,box=1rx-,less=8,center".to_owned(),
            "",
        ),
        (
            "txt=a&txt-x=30&txt-y=-0.25",
            "text1(a),size=12,color=000000ff,align=left,box=1rx-,less=20,top-left,by=30,-0.25r".to_owned(),
            "",
        ),
        (
            "txt=a&txtx=10&txt-pad=30",
            "text1(a),size=12,color=000000ff,align=left,box=1rx-,less=60,bottom-left,by=10,30".to_owned(),
            "",
        ),
        ("txt=a&txt-width=300", format!("text1(a),size=12,color=000000ff,align=right,box=300x-,{place}"), ""),
        ("txt=a&txt-width=0.5", format!("text1(a),size=12,color=000000ff,align=right,box=0.5rx-,{place}"), ""),
        ("txt=a&txt-width=1", format!("text1(a),size=12,color=000000ff,align=right,box=1rx-,{place}"), ""),
        ("txt=a&txt-fit=max", format!("text1(a),{usual},fit=shrink,{place}"), ""),
        (
            "txt=a&txt-fit=wrap&txt-h=50&txtwidth=99",
            format!("text1(a),size=12,color=000000ff,align=right,box=99x50,fit=wrap,{place}"),
            "",
        ),
        (
            "txt=a&txtfit=wrapmax&txt-h=0.5",
            format!("text1(a),size=12,color=000000ff,align=right,box=1rx0.5r,less=20,fit=wrap-shrink,{place}"),
            "",
        ),
        ("txt=a&txt-h=50", format!("text1(a),{usual},{place}"), "no-effect txt-h=50"),
        ("txt=a&txt-clip=middle,ellipsis", format!("text1(a),{usual},fit=ellipsis-middle,{place}"), ""),
        ("txt=a&tcl=ellipsis", format!("text1(a),{usual},fit=ellipsis,{place}"), ""),
        ("txt=a&tcl=start", format!("text1(a),{usual},fit=clip-start,{place}"), ""),
        ("txt=a&tcl=wat", format!("text1(a),{usual},{place}"), "invalid tcl=wat"),
        ("txt=a&tcl=start&txtfit=max", format!("text1(a),{usual},fit=shrink,{place}"), "no-effect tcl=start"),
        ("txt=a&txt-line=2", format!("text1(a),{usual},outline=(2 ffffffff),{place}"), ""),
        ("txt=a&tl=2&txt-line-clr=f00", format!("text1(a),{usual},outline=(2 ff0000ff),{place}"), ""),
        ("txt=a&txt-line-color=f00", format!("text1(a),{usual},{place}"), "no-effect txt-line-color=f00"),
        ("txt=a&txt-shad=5", format!("text1(a),{usual},shadow=(2.5 2.5 2.5 000000a0),{place}"), ""),
        ("txt=a&tsh=11", format!("text1(a),{usual},shadow=(5 5 5 000000a0),{place}"), "clamped tsh=11"),
        (
            "txt=a&txt-lig=2",
            format!("text1(a),size=12,color=000000ff,align=right,ligatures=all,box=1rx-,less=20,{place}"),
            "",
        ),
        ("txt=a&txt-lead=3", format!("text1(a),{usual},{place}"), "no-effect txt-lead=3"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|overlay:{want}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
}

/// Without a text its words are inert.
#[test]
fn nothing_is_said() {
    for (query, warned) in [
        ("txt=", "invalid txt="),
        ("txt=+%0A", "invalid txt= \n"),
        ("txt-size=24&txt-color=fff&tp=3", "no-effect txt-size=24; no-effect txt-color=fff; no-effect tp=3"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!((parsed.plan.stages_text().as_str(), warnings(&parsed).as_str()), ("original", warned), "{query}");
    }
}

/// A text lies over the masked picture and below the watermark.
#[test]
fn a_text_has_its_place_in_the_order() {
    let query = "mark=/m&txt=a&mask=ellipse&blend=f00&w=9&pad=1";
    let parsed = parse(&format!("/p.jpg?{query}"));
    assert_eq!(
        parsed.plan.stages_text(),
        "orient:exif|resize:7x-,inside|overlay:solid(ff0000ff),center,blend=overlay|mask:ellipse,auto\
         |overlay:text1(a),size=12,color=000000ff,align=right,box=1rx-,less=20,bottom-right,by=10,10\
         |overlay:path1(m),bottom-right,by=5,5,optional,[orient:exif]|pad:1,1,1,1,auto"
    );
    round_trip(query, &parsed.plan);
}

/// A watermark or a blended picture that is set rather than fetched.
#[test]
fn typeset_pictures() {
    let usual = "size=12,color=000000ff,align=left,line=1.2,box=180x-,fit=wrap,pad=(10 10 10 10)";
    for (query, want, warned) in [
        // mark=/~text?txt=Hi+you
        ("mark=%2F~text%3Ftxt%3DHi%2Byou", format!("text6(Hi you),{usual},bottom-right,by=5,5,optional"), ""),
        // mark=https://assets.imgix.net/~text?txt=Hi
        (
            "mark64=aHR0cHM6Ly9hc3NldHMuaW1naXgubmV0L350ZXh0P3R4dD1IaQ&mark-align=top,left&mark-base=/x",
            format!("text2(Hi),{usual},top-left,by=5,5,optional"),
            "no-effect mark-base=/x",
        ),
        // mark=/~text?txt=Hi&w=400&h=100&dpr=2&txt-size=20&txt-lead=30&txt-track=1&txt-align=center&bg=80ffffff&txt-pad=4
        (
            "mark=~text?txt%3DHi%26w%3D400%26h%3D100%26dpr%3D2%26txt-size%3D20%26txt-lead%3D30%26txt-track%3D1\
             %26txt-align%3Dcenter%26bg%3D80ffffff%26txt-pad%3D4&mark-w=0.5&mark-rot=5",
            "text2(Hi),size=40,color=000000ff,align=center,line=1.5,spacing=2,box=784x184,fit=wrap,pad=(8 8 8 8),\
             on=ffffff80,0.5rx-,bottom-right,by=5,5,optional,[rotate:5,00000000]"
                .to_owned(),
            "",
        ),
        // mark=/~text?txt=Hi&txt-clip=end&w=5
        (
            "mark=/~text?txt%3DHi%26txt-clip%3Dend%26w%3D5",
            "text2(Hi),size=12,color=000000ff,align=left,line=1.2,box=1x-,pad=(10 10 10 10),bottom-right,by=5,5,optional"
                .to_owned(),
            "",
        ),
        (
            "blend=/~text?txt%3DHi%26txt-fit%3Dmax&bm=normal&mask=ellipse",
            "text2(Hi),size=12,color=000000ff,align=left,line=1.2,box=180x-,fit=shrink,pad=(10 10 10 10),top-left,\
             optional|mask:ellipse,auto"
                .to_owned(),
            "",
        ),
        (
            "mark=/~text?txt%3DHi&txt=a",
            format!(
                "text1(a),size=12,color=000000ff,align=right,box=1rx-,less=20,bottom-right,by=10,10\
                 |overlay:text2(Hi),{usual},bottom-right,by=5,5,optional"
            ),
            "",
        ),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|overlay:{want}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        assert!(parsed.plan.overlays().is_empty(), "{query}: nothing is fetched");
        round_trip(query, &parsed.plan);
    }
    for (query, warned) in [
        ("mark=/~text", "invalid mark=/~text"),
        ("mark=/~text?txt64%3D*", "invalid mark=/~text?txt64=*"),
        ("blend=/~text?w%3D5", "invalid blend=/~text?w=5"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!((parsed.plan.stages_text().as_str(), warnings(&parsed).as_str()), ("original", warned), "{query}");
    }
    assert_eq!(parse("/p.jpg?mark=/a~text").plan.overlays().len(), 1);
}

#[test]
fn texts_without_words_are_named() {
    let with = |change: fn(&mut Text)| {
        let mut plan = parse("/p.jpg?txt=a").plan;
        if let Some(Stage::Overlay(overlay)) = plan.stages.last_mut()
            && let Picture::Text(text) = &mut overlay.picture
        {
            change(text);
        }
        plan
    };
    for (plan, named) in [
        (with(|t| t.align = TextAlign::Justify), "text that is set like this"),
        (with(|t| t.weight = 300), "text of this weight"),
        (with(|t| t.underline = true), "text with a line below or through it"),
        (with(|t| t.line_height = Some(Fixed::ONE)), "text of a line height"),
        (with(|t| t.letter_spacing = Fixed::ONE), "spaced text"),
        (with(|t| t.background = Some(Color::BLACK)), "text with room or a ground of its own"),
    ] {
        let error = Imgix.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("imgix cannot express {named}"));
    }
    for plan in [
        with(|t| t.width = None),
        with(|t| t.size = Fixed::new(2001.0)),
        with(|t| t.families = vec!["a,b".to_owned()]),
        with(|t| t.text = "a\nb".to_owned()),
        with(|t| t.shadow = Some((Fixed::ONE, Fixed::ONE, Fixed::ONE, Color::WHITE))),
    ] {
        assert!(Imgix.write("", &Asset::Path("p.jpg".into()), &plan, &Settings::default()).is_err(), "{plan}");
    }
}
