#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

#[test]
fn text_layers_are_overlays() {
    let plain = ",color=000000ff,align=center,snug,center";
    for (layer, want) in [
        ("i-Hello", format!("text5(Hello),size=45{plain}")),
        ("i-Hello%20you", format!("text9(Hello you),size=45{plain}")),
        ("i-50%2525", format!("text3(50%),size=45{plain}")),
        ("i-30%%20off", format!("text7(30% off),size=45{plain}")),
        ("i-a-b", format!("text3(a-b),size=45{plain}")),
        ("ie-NTAlIG9mZiAmIG1vcmUsIMOp", format!("text18(50% off & more, é),size=45{plain}")),
        ("ie-NTAlIG9mZiAmIG1vcmUsIMOp,i-x", format!("text18(50% off & more, é),size=45{plain}")),
        ("i-a,fs-24", format!("text1(a),size=24{plain}")),
        ("i-a,fs-24.5", format!("text1(a),size=24.5{plain}")),
        ("i-a,co-FF000050", "text1(a),size=45,color=ff000080,align=center,snug,center".to_owned()),
        ("i-a,ff-Open_Sans", "text1(a),size=45,color=000000ff,family=9(Open Sans),align=center,snug,center".to_owned()),
        ("i-a,tg-b", "text1(a),size=45,color=000000ff,weight=700,align=center,snug,center".to_owned()),
        (
            "i-a,tg-b_i_strikethrough",
            "text1(a),size=45,color=000000ff,weight=700,italic,strikethrough,align=center,snug,center".to_owned(),
        ),
        ("i-a,ia-left", "text1(a),size=45,color=000000ff,align=left,snug,center".to_owned()),
        ("i-a,w-300", "text1(a),size=45,color=000000ff,align=center,box=300x-,fit=wrap,center".to_owned()),
        ("i-a,w-0.5", "text1(a),size=45,color=000000ff,align=center,box=0.5rx-,fit=wrap,center".to_owned()),
        (
            "i-a,w-300,fs-20,lh-30",
            "text1(a),size=20,color=000000ff,align=center,line=1.5,box=300x-,fit=wrap,center".to_owned(),
        ),
        ("i-a,pa-5", "text1(a),size=45,color=000000ff,align=center,snug,pad=(5 5 5 5),center".to_owned()),
        ("i-a,pa-5_6", "text1(a),size=45,color=000000ff,align=center,snug,pad=(5 6 5 6),center".to_owned()),
        ("i-a,pa-5_6_7", "text1(a),size=45,color=000000ff,align=center,snug,pad=(5 6 7 6),center".to_owned()),
        ("i-a,pa-5_6_7_8", "text1(a),size=45,color=000000ff,align=center,snug,pad=(5 6 7 8),center".to_owned()),
        ("i-a,bg-FFAABB50", "text1(a),size=45,color=000000ff,align=center,snug,on=ffaabb80,center".to_owned()),
        ("i-a,al-7", "text1(a),size=45,color=000000ff,align=center,snug,center,opacity=0.7".to_owned()),
        ("i-a,lx-10,ly-N20", "text1(a),size=45,color=000000ff,align=center,snug,bottom-left,by=10,20".to_owned()),
        ("i-a,lfo-top_left", "text1(a),size=45,color=000000ff,align=center,snug,top-left".to_owned()),
        // The box is rounded before it is turned; a further step works as on any picture.
        ("i-a,fl-h,rt-30,r-5", format!("text1(a),size=45{plain},[mask:corners(5 5 5 5),auto|rotate:30,auto|flip:h]")),
        ("i-a:rt-30,r-5", format!("text1(a),size=45{plain},[rotate:30,auto|mask:corners(5 5 5 5),auto]")),
        ("i-a:w-30", format!("text1(a),size=45{plain},[resize:30x-,inside]")),
        ("i-a:l-image,i-l,t-false,l-end", format!("text1(a),size=45{plain},[overlay:path1(l),center,[orient:exif]]")),
    ] {
        for raw in [format!("/tr:l-text,{layer},l-end/a.jpg"), format!("/a.jpg?tr=l-text,{layer},l-end")] {
            assert_eq!(stages(&raw), format!("overlay:{want}"), "{raw}");
        }
    }
    assert_eq!(
        stages("/tr:w-9,l-text,i-a,l-end,rt-90/a.jpg"),
        format!("resize:9x-,inside|overlay:text1(a),size=45{plain}|rotate:90,auto")
    );
}

#[test]
fn what_texts_cannot_say() {
    for (layer, want) in [
        ("i-a,fs-24,co-red,tg-b,ia-left,pa-3", ""),
        ("i-a,ie-YQ", "no-effect:i"),
        ("i-a,lh-30", "no-effect:lh"),
        ("i-a,bg-blurred", "no-effect:bg"),
        ("i-a,ff-fonts@@My.ttf", "unsupported:ff"),
        ("i-a,fs-20,fs-30", "repeated:fs"),
    ] {
        assert_eq!(warnings(&format!("/a.jpg?tr=l-text,{layer},l-end")), want, "{layer}");
    }
    for (layer, parameter, allowed) in [
        ("fs-3", "l", "i-<text>"),
        ("i-", "i", "a text"),
        ("ie-_w", "ie", "base64"),
        ("i-a,fs-0", "fs", "2000"),
        ("i-a,fs-ih_div_20", "fs", "before it is drawn"),
        ("i-a,co-nocolour", "co", "colour"),
        ("i-a,tg-u", "tg", "strikethrough"),
        ("i-a,ia-justify", "ia", "center"),
        ("i-a,pa-1_2_3_4_5", "pa", "CSS"),
        ("i-a,lh-0", "lh", "1 to 10000"),
        ("i-a,ff-%3Cb%3E", "ff", "family"),
        ("i-a,h-30", "h", "a step of its own"),
        ("i-a,e-grayscale", "e-grayscale", "a step of its own"),
        ("i-a,l-image,i-l,l-end", "l", "a step of its own"),
        ("i-a,foo-3", "foo", "a step of its own"),
        ("i-a:foo-3", "foo", "no such parameter"),
    ] {
        match parse(&format!("/a.jpg?tr=l-text,{layer},l-end")) {
            Err(ParseError::BadParameter { parameter: p, allowed: a, .. }) => {
                assert_eq!(p, parameter, "{layer}");
                assert!(a.contains(allowed), "{layer}: {a}");
            }
            other => panic!("{layer}: {other:?}"),
        }
    }
}

#[test]
fn texts_are_spelt() {
    for (layer, want) in [
        ("i-Hello", "i-Hello"),
        ("i-Hello%20you", "ie-SGVsbG8geW91"),
        (
            "i-a,fs-24,ff-Open_Sans,co-red,tg-i_b,ia-right,pa-1_2_1_2",
            "i-a,fs-24,ff-Open_Sans,co-ff0000,tg-b_i,ia-right,pa-1_2",
        ),
        ("i-a,w-300,fs-20,lh-30,bg-fff,al-7", "i-a,o-70,fs-20,lh-30,w-300,bg-ffffff"),
        ("i-a,rt-30,r-5", "i-a:r-5:rt-30"),
        ("i-a:rt-30,r-5", "i-a:rt-30,r-5"),
        ("i-a,w-3:e-grayscale", "i-a,w-3:e-grayscale"),
        ("i-a,lxc-10,lyc-20", "i-a,lxc-10,lyc-20"),
    ] {
        let parsed = parsed(&format!("/tr:l-text,{layer},l-end/a.jpg"));
        let written = Imagekit.write("any", &parsed.asset, &parsed.plan, &settings()).unwrap();
        assert_eq!(written, format!("/tr:l-text,{want},l-end/a.jpg"), "{layer}");
    }
}

/// Built by `@imagekit/nodejs` 7.11.0 from layers with everything in them that its types name.
#[test]
fn layers_that_sdks_build() {
    for (steps, want) in [
        (
            "l-text,i-Hello,lx-10,ly--20,fs-24,ff-Open Sans,co-FF0000,tg-b_i,ia-left,pa-10_20,bg-FFFFFF50,r-5,rt--30,fl-h,\
             al-5,lh-30,w-300,l-end",
            "overlay:text5(Hello),size=24,color=ff0000ff,family=9(Open Sans),weight=700,italic,align=left,line=1.25,box=300x-,fit=wrap,\
             pad=(10 20 10 20),on=ffffff80,bottom-left,by=10,20,opacity=0.5,\
             [mask:corners(5 5 5 5),auto|rotate:330,auto|flip:h]",
        ),
        (
            "l-text,i-Hello,lxc-10,lyc-20,lap-center,l-end",
            "overlay:text5(Hello),size=45,color=000000ff,align=center,snug,center,by=10,20",
        ),
        (
            "l-image,i-a@@logo.png,lm-multiply,w-100,o-40,b-1_red,r-max,t-false,dpr-2:rt-30,l-end",
            "overlay:path10(a/logo.png),center,blend=multiply,opacity=0.4,[orient:exif|resize:200x-,inside\
             |border:1,1,1,1,ff0000ff,outer=(0.5r 0.5r 0.5r 0.5r),inner=(0.5r 0.5r 0.5r 0.5r)|rotate:30,auto]",
        ),
        (
            "l-image,i-logo.png,t-false,lm-displace,lx-10,ly--5,l-end",
            "overlay:path8(logo.png),center,blend=displace(10 -5),[orient:exif]",
        ),
        (
            "l-image,ie-aHR0cHM6Ly94LmV4YW1wbGUvYSBiLnBuZw%3D%3D,e-shadow,e-gradient,e-sharpen,e-usm,e-contrast,e-grayscale,\
             bl-3,l-end",
            "overlay:url27(https://x.example/a%20b.png),center,[orient:exif|trim:corner,tolerance=10,keep=0|stretch|grayscale\
             |blur:1.5|sharpen:1,1,0|unsharp:2,0.8,0.024|shadow:0.02,0.02,5,0000004d\
             |gradient:linear 180 1 ffffffff 00000000]",
        ),
        (
            "l-image,i-ik_canvas,bg-FF0000,w-100,h-20,al-5,r-max,e-gradient,l-end",
            "overlay:solid(ff0000ff),100x20,center,opacity=0.5,[gradient:linear 180 1 ffffffff 00000000|mask:ellipse,auto]",
        ),
    ] {
        for raw in [format!("/tr:{steps}/a.jpg"), format!("/a.jpg?tr={steps}")] {
            assert_eq!(stages(&raw), want, "{raw}");
            assert_eq!(warnings(&raw), "", "{raw}");
        }
    }
}

/// What a current SDK builds of a text with a size, a place and a share of the parent for one coordinate.
#[test]
fn texts_that_sdks_build() {
    let raw = "/default-image.jpg?tr=w-300:l-text,ie-NTAlIG9mZiAmIG1vcmUsIMOp,lx-bw_mul_0.1,lfo-top_left,fs-24,l-end";
    for (x, want) in [("bw_mul_0.1", "0.1r"), ("10", "10")] {
        assert_eq!(
            stages(&raw.replace("bw_mul_0.1", x)),
            format!(
                "resize:300x-,inside|overlay:text18(50% off & more, é),size=24,color=000000ff,align=center,snug,top-left,\
                 by={want},0"
            )
        );
    }
}
