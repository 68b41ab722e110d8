use super::{parse, round_trip, warnings};

/// Queries, the overlay they mean, and their warnings.
#[test]
fn blends_are_overlays() {
    let upright = ",[orient:exif]";
    for (query, want, warned) in [
        ("blend=f00", "solid(ff0000ff),center,blend=overlay", ""),
        ("b=80ff0000&bm=normal", "solid(ff000080),center", ""),
        ("blend=red&blend-alpha=40", "solid(ff0000ff),center,blend=overlay,opacity=0.4", ""),
        ("blend-color=f00&blend-mode=multiply", "solid(ff0000ff),center,blend=multiply", ""),
        ("blend-clr=f00&blend=0f0", "solid(00ff00ff),center,blend=overlay", "no-effect blend-clr=f00"),
        ("blend=f00&bm=wat", "solid(ff0000ff),center,blend=overlay", "invalid bm=wat"),
        ("blend=f00&bm=color", "solid(ff0000ff),center,blend=color", ""),
        ("blend=f00&bm=burn", "solid(ff0000ff),center,blend=color-burn", ""),
        ("blend=f00&bm=softlight", "solid(ff0000ff),center,blend=soft-light", ""),
        ("blend=f00&blend-w=5", "solid(ff0000ff),center,blend=overlay", "no-effect blend-w=5"),
        ("blend=/red", "path3(red),top-left,blend=overlay,optional,[orient:exif]", ""),
        (
            "blend64=aHR0cHM6Ly9hLmV4YW1wbGUvbC5wbmc&bm=screen",
            "url23(https://a.example/l.png),top-left,blend=screen,optional,[orient:exif]",
            "",
        ),
        ("blend=/b&blend-align=bottom,center&bp=7", "path1(b),bottom,by=0,7,blend=overlay,optional", ""),
        ("blend=/b&ba=middle,right", "path1(b),center-right,blend=overlay,optional", ""),
        ("blend=/b&bx=-3&by=0.5", "path1(b),top-left,by=-3,0.5r,blend=overlay,optional", ""),
        ("blend=/b&bw=50&bh=0.5&dpr=2", "path1(b),100x0.5r,top-left,blend=overlay,optional", ""),
        (
            "blend=/b&bw=50&bh=40&bf=crop&bc=top,left",
            "path1(b),50x40,cover,at=top-left,top-left,blend=overlay,optional",
            "",
        ),
        ("blend=/b&bw=50&bh=40&bf=scale", "path1(b),50x40,stretch,top-left,blend=overlay,optional", ""),
        ("blend=/b&bw=50&bf=max", "path1(b),50x-,enlarge=no,top-left,blend=overlay,optional", ""),
        ("blend=/b&bw=50&bf=clamp", "path1(b),50x-,top-left,blend=overlay,optional", "unsupported bf=clamp"),
        ("blend=/b&bw=50&bh=9&bc=top", "path1(b),50x9,top-left,blend=overlay,optional", "no-effect bc=top"),
        ("blend=/b&bs=inherit", "path1(b),top-left,blend=overlay,optional", "no-effect bs=inherit"),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        let picture = want.starts_with("path") || want.starts_with("url");
        let want = if picture && !want.ends_with(upright) { format!("{want}{upright}") } else { want.to_owned() };
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|overlay:{want}"), "{query}");
        assert_eq!(warnings(&parsed), warned, "{query}");
        round_trip(query, &parsed.plan);
    }
    let nothing = parse("/p.jpg?blend=/../b&blend-mode=screen");
    assert_eq!(warnings(&nothing), "invalid blend=/../b; no-effect blend-mode=screen");
}

/// `blend-size=inherit`: the size of the picture below, where one was asked for.
#[test]
fn blends_inherit() {
    for (query, want) in [
        ("w=9&h=8&fit=crop&crop=top", "resize:9x8,cover,at=top|overlay:path1(b),1rx1r,cover,at=top,"),
        ("w=9&h=8&fit=crop&crop=entropy", "resize:9x8,cover,at=entropy|overlay:path1(b),1rx1r,cover,"),
        ("w=9&h=8&fit=scale", "resize:9x8,stretch|overlay:path1(b),1rx1r,stretch,"),
        ("w=9", "resize:9x-,inside|overlay:path1(b),1rx-,"),
        ("h=9&fit=max", "resize:-x9,inside,enlarge=no|overlay:path1(b),-x1r,enlarge=no,"),
    ] {
        let query = format!("{query}&blend=/b&blend-size=inherit");
        let parsed = parse(&format!("/p.jpg?{query}"));
        let want = format!("orient:exif|{want}top-left,blend=overlay,optional,[orient:exif]");
        assert_eq!((parsed.plan.stages_text(), warnings(&parsed)), (want, String::new()), "{query}");
        round_trip(&query, &parsed.plan);
    }
}

/// Blend, mask, text, watermark: each has its place, and none passes for another.
#[test]
fn overlays_keep_their_order() {
    let own = "optional,[orient:exif]";
    for (query, stages) in [
        (
            "mark=/m&blend=/b",
            format!("overlay:path1(b),top-left,blend=overlay,{own}|overlay:path1(m),bottom-right,by=5,5,{own}"),
        ),
        (
            "mark=/m&blend=/b&bm=normal",
            format!("overlay:path1(b),top-left,{own}|overlay:path1(m),bottom-right,by=5,5,{own}"),
        ),
        ("blend=/b&bm=normal", format!("overlay:path1(b),top-left,{own}")),
        ("blend=/b&bm=normal&mask=ellipse", format!("overlay:path1(b),top-left,{own}|mask:ellipse,auto")),
        (
            "blend=/b&bm=normal&bw=9&bh=8&bf=crop&bc=left",
            format!("overlay:path1(b),9x8,cover,at=center-left,top-left,{own}"),
        ),
        (
            "blend=f00&mask=/k&mask-bg=000&mark=/m&mp=0",
            format!(
                "overlay:solid(ff0000ff),center,blend=overlay\
                 |overlay:path1(k),1rx1r,stretch,center,blend=mask,{own}|flatten:000000ff\
                 |overlay:path1(m),bottom-right,{own}"
            ),
        ),
    ] {
        let parsed = parse(&format!("/p.jpg?{query}"));
        assert_eq!(parsed.plan.stages_text(), format!("orient:exif|{stages}"), "{query}");
        round_trip(query, &parsed.plan);
    }
}
