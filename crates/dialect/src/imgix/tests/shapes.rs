use super::{parse, round_trip, warnings};

/// Queries, their stages after the orientation, and their warnings.
#[test]
fn masks() {
    for (query, stages, warned) in [
        ("mask=ellipse", "mask:ellipse,auto", ""),
        ("mask=ellipse&bg=f00", "mask:ellipse,ff0000ff|flatten:ff0000ff", ""),
        ("mask=ellipse&bg=80ff0000", "mask:ellipse,00000000|flatten:ff000080", ""),
        ("mask=ellipse&mask-bg=0f0", "mask:ellipse,00ff00ff", ""),
        ("mask=ellipse&maskbg=0f0&bg=f00", "mask:ellipse,00ff00ff|flatten:ff0000ff", ""),
        ("mask=corners", "mask:corners(0.2r 0.2r 0.2r 0.2r),auto", ""),
        ("mask=corners&corner-radius=0", "mask:corners(0.2r 0.2r 0.2r 0.2r),auto", ""),
        ("mask=corners&corner-radius=10", "mask:corners(10 10 10 10),auto", ""),
        ("mask=corners&corner-radius=10&dpr=2", "mask:corners(20 20 20 20),auto", ""),
        ("mask=corners&corner-radius=1,2,3,4", "mask:corners(1 2 3 4),auto", ""),
        ("mask=corners&corner-radius=9000", "mask:corners(8192 8192 8192 8192),auto", "clamped corner-radius=9000"),
        ("mask=corners&corner-radius=1,2", "mask:corners(0.2r 0.2r 0.2r 0.2r),auto", "invalid corner-radius=1,2"),
        ("mask=corners&corner-radius=0,0,0,0", "", ""),
        ("mask=ellipse&corner-radius=5", "mask:ellipse,auto", "no-effect corner-radius=5"),
        ("mask=poly6", "mask:polygon(6),auto", ""),
        ("mask=poly33", "overlay:path6(poly33),1rx1r,stretch,center,blend=mask,optional,[orient:exif]", ""),
        ("mask=Ellipse", "overlay:path7(Ellipse),1rx1r,stretch,center,blend=mask,optional,[orient:exif]", ""),
        (
            "mask=https://x.example/m.png",
            "overlay:url23(https://x.example/m.png),1rx1r,stretch,center,blend=mask,optional,[orient:exif]",
            "",
        ),
        (
            "mask=/m&mask-bg=0f0",
            "overlay:path1(m),1rx1r,stretch,center,blend=mask,optional,[orient:exif]|flatten:00ff00ff",
            "",
        ),
        (
            "mask=/m&bg=0f0&rot=9&rot-type=pivot",
            "rotate:9,00ff00ff|overlay:path1(m),1rx1r,stretch,center,blend=mask,optional,[orient:exif]|flatten:00ff00ff",
            "",
        ),
        (
            "mask=/m&bg=f00&mask-bg=0f0",
            "overlay:path1(m),1rx1r,stretch,center,blend=mask,optional,[orient:exif]|flatten:00ff00ff\
             |flatten:ff0000ff",
            "",
        ),
        ("mask=/../m", "", "invalid mask=/../m"),
        ("mask-bg=f00", "", "no-effect mask-bg=f00"),
    ] {
        expect(query, stages, warned);
    }
}

#[test]
fn borders() {
    for (query, stages, warned) in [
        ("border=10,f00", "border:10,10,10,10,ff0000ff,inside", ""),
        ("border=10,80f00f00", "border:10,10,10,10,f00f0080,inside", ""),
        ("border=10,f00&border-top=1&border-left=4", "border:1,10,10,4,ff0000ff,inside", ""),
        ("border=0,f00", "", ""),
        ("border=0,f00&border-bottom=3", "border:0,0,3,0,ff0000ff,inside", ""),
        ("border=10", "", "invalid border=10"),
        ("border=9999,f00", "border:8192,8192,8192,8192,ff0000ff,inside", "clamped border=9999,f00"),
        ("border-top=5", "", "no-effect border-top=5"),
        ("border=2,fff&border-radius=9", "border:2,2,2,2,ffffffff,inside,outer=(9 9 9 9)", ""),
        (
            "border=2,fff&border-radius=9&border-radius-inner=1,2,3,4&bg=00f",
            "border:2,2,2,2,ffffffff,inside,outer=(9 9 9 9),inner=(1 2 3 4),on=0000ffff|flatten:0000ffff",
            "",
        ),
        (
            "border=2,fff&border-radius-inner=5&bg=00f",
            "border:2,2,2,2,ffffffff,inside,inner=(5 5 5 5)|flatten:0000ffff",
            "",
        ),
        // Within the size, after the bars.
        ("w=99&pad=5&border=2,000", "resize:89x-,inside|pad:5,5,5,5,auto|border:2,2,2,2,000000ff,inside", ""),
        ("border-stroke-size=5&border-stroke-color=f00", "border:5,5,5,5,ff0000ff,inside", ""),
        (
            "border=9,0f0&border-radius=4&border-stroke-size=2&border-stroke-color=80ff0000",
            "border:9,9,9,9,00ff00ff,inside,outer=(4 4 4 4)|border:2,2,2,2,ff000080,inside,outer=(4 4 4 4)",
            "",
        ),
        ("border-stroke-size=5", "", "no-effect border-stroke-size=5"),
        (
            "border-stroke-size=0&border-stroke-color=f00",
            "",
            "no-effect border-stroke-size=0; no-effect border-stroke-color=f00",
        ),
    ] {
        expect(query, stages, warned);
    }
}

#[test]
fn gradients() {
    let fill = "resize:9x8,contain,on=";
    for (query, ground, warned) in [
        ("fill=gradient", "dominant-gradient(2)", ""),
        ("fill=gradient&fill-gradient-linear=f00,blue", "gradient(linear 180 1 ff0000ff 0000ffff)", ""),
        (
            "fill=gradient&fill-gradient-linear=f00,80000000&fill-gradient-linear-direction=left,right",
            "gradient(linear 90 1 ff0000ff 00000080)",
            "",
        ),
        (
            "fill=gradient&fill-gradient-linear=f00,00f&fill-gradient-linear-direction=bottom,top&fill-gradient-cs=oklab",
            "gradient(linear 0 1 ff0000ff 0000ffff oklab)",
            "",
        ),
        (
            "fill=gradient&fill-gradient-linear=f00,00f&fill-gradient-linear-direction=up",
            "gradient(linear 180 1 ff0000ff 0000ffff)",
            "invalid fill-gradient-linear-direction=up",
        ),
        (
            "fill=gradient&fill-gradient-type=radial&fill-gradient-radial=f00,00f",
            "gradient(radial 0.5 0.5 0.25r 0.5r ff0000ff 0000ffff)",
            "",
        ),
        (
            "fill=gradient&fill-gradient-type=radial&fill-gradient-radial=f00,00f&fill-gradient-radial-radius=0,300\
             &fill-gradient-radial-x=0.1&fill-gradient-radial-y=1",
            "gradient(radial 0.1 1 0r 300 ff0000ff 0000ffff)",
            "",
        ),
        (
            "fill=gradient&fill-gradient-type=radial&fill-gradient-linear=f00,00f",
            "dominant-gradient(2)",
            "no-effect fill-gradient-linear=f00,00f",
        ),
        ("fill=gradient&fill-gradient-cs=hsl", "dominant-gradient(2)", "no-effect fill-gradient-cs=hsl"),
        ("fill=blur&fill-gradient-linear=f00,00f", "blur", "no-effect fill-gradient-linear=f00,00f"),
        ("fill=gradient&fill-color=f00", "dominant-gradient(2)", "no-effect fill-color=f00"),
    ] {
        expect(&format!("w=9&h=8&fit=fill&{query}"), &format!("{fill}{ground}"), warned);
    }
}

#[test]
fn chequerboards() {
    for (query, stages, warned) in [
        ("transparency=grid", "flatten:grid(d0d7ddff ffffffff 4)", ""),
        ("transparency=grid&grid-colors=000,f00&grid-size=8", "flatten:grid(000000ff ff0000ff 8)", ""),
        ("transparency=grid&bg=80ff0000", "flatten:ff000080|flatten:grid(d0d7ddff ffffffff 4)", ""),
        ("transparency=grid&bg=fff", "flatten:ffffffff", "no-effect transparency=grid"),
        ("transparency=dots", "", "invalid transparency=dots"),
        ("grid-size=8", "", "no-effect grid-size=8"),
    ] {
        expect(query, stages, warned);
    }
}

fn expect(query: &str, stages: &str, warned: &str) {
    // A quality, so that something is said in any case.
    let parsed = parse(&format!("/p.jpg?{query}&q=60"));
    let stages = if stages.is_empty() { String::new() } else { format!("|{stages}") };
    assert_eq!(parsed.plan.stages_text(), format!("orient:exif{stages}"), "{query}");
    assert_eq!(warnings(&parsed), warned, "{query}");
    round_trip(query, &parsed.plan);
}
