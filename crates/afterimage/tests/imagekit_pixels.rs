//! ImageKit's URLs end to end: sizes and pixels of the answers against the documentation and plain arithmetic. Answers are
//! read by decoders that the product does not use.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::look::pixel;
use support::{Server, look, sample_folder};
use testkit::http::Answer;
use testkit::pictures::{Rgb, decode, encode_png};

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const GOLD: [u8; 3] = [200, 150, 50];
const WHITE: [u8; 3] = [255; 3];
const BLACK: [u8; 3] = [0; 3];
const PINK: [u8; 3] = [255, 0, 255];

/// The sample pictures, and some that are easily reckoned with.
struct Site {
    folder: tempfile::TempDir,
    server: Server,
}

impl Site {
    fn start() -> Site {
        let (folder, photos, data) = sample_folder();
        let put = |name: &str, width, height, pixel: &dyn Fn(usize, usize) -> [u8; 3]| {
            std::fs::write(photos.join(name), encode_png(&Rgb::from_fn(width, height, pixel))).unwrap();
        };
        // The size of the documentation's own example.
        put("plant.png", 640, 865, &|_, _| GOLD);
        // Red and green above, blue and gold below.
        put("four.png", 120, 80, &|x, y| [[RED, GREEN], [BLUE, GOLD]][y / 40][x / 60]);
        put("white.png", 100, 60, &|_, _| WHITE);
        put("gold.png", 100, 60, &|_, _| GOLD);
        put("tones.png", 100, 60, &|x, _| [[64; 3], [192; 3]][x / 50]);
        put("mark.png", 20, 10, &|_, _| PINK);
        // A pink block in a white border, which overlays lose.
        put("framed.png", 40, 30, &|x, y| if (10..30).contains(&x) && (10..20).contains(&y) { PINK } else { WHITE });
        Site { folder, server: Server::folder(&support::binary(), &photos, &data) }
    }

    async fn get(&self, target: &str) -> Answer {
        let answer = self.server.client().get(&format!("/imagekit{target}")).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    }

    /// The answer as PNG, in which no value changes.
    async fn picture(&self, steps: &str, name: &str) -> Rgb {
        let answer = self.get(&format!("/tr:{steps},f-png/{name}")).await;
        decode(&answer.body).unwrap_or_else(|why| panic!("{steps}: {why}"))
    }
}

fn size(picture: &Rgb) -> (usize, usize) {
    (picture.width, picture.height)
}

fn near(a: [u8; 3], b: [u8; 3], by: u8) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= by)
}

/// The box around all pixels of a colour: left, top, and the first pixel behind it on either axis.
fn bounds(picture: &Rgb, color: [u8; 3]) -> Option<(usize, usize, usize, usize)> {
    let places = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
    places.filter(|(x, y)| pixel(picture, *x, *y) == color).fold(None, |found, (x, y)| {
        let (left, top, right, bottom) = found.unwrap_or((x, y, 0, 0));
        Some((left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)))
    })
}

/// `plant.jpeg` of the documentation has 640 x 865 pixels; its sizes for 300 x 200 are the documentation's.
#[tokio::test]
async fn sizes_are_those_of_the_documentation() {
    let site = Site::start();
    for (steps, want) in [
        ("w-300,h-200,c-at_max", (148, 200)),
        ("w-300,h-200,c-at_least", (300, 405)),
        ("w-300,h-200,cm-pad_resize", (300, 200)),
        ("w-300,h-200,c-force", (300, 200)),
        ("w-300,h-200", (300, 200)),
        ("w-300", (300, 405)),
        ("h-200", (148, 200)),
        ("w-0.2", (128, 173)),
        ("h-0.2", (128, 173)),
        ("w-1", (1, 1)),
        ("w-0.5,h-100", (320, 100)),
        ("w-400,ar-4-3", (400, 300)),
        ("h-300,ar-4_3", (400, 300)),
        ("w-300,ar-1.5,c-at_max", (148, 200)),
        ("w-100,h-50,dpr-2", (200, 100)),
        // Nothing grows, and everything does.
        ("w-1000,h-1000,c-at_max", (640, 865)),
        ("w-700,h-900,c-at_max_enlarge", (666, 900)),
        ("w-1280", (1280, 1730)),
        ("w-700,h-200,c-maintain_ratio_no_enlarge", (640, 200)),
        ("w-700,h-900,cm-pad_resize_no_enlarge", (700, 900)),
        ("w-300,h-200,cm-extract", (300, 200)),
        ("w-300,cm-extract", (300, 865)),
        ("w-700,h-900,cm-pad_extract", (700, 900)),
        ("w-700,h-100,cm-pad_extract_no_shrink", (700, 865)),
        // A step works on what the one before has made.
        ("h-200:w-0.5", (74, 100)),
        ("w-300,h-200,c-at_max:rt-90", (200, 148)),
        ("w-300,h-200,c-at_max,b-10_red", (168, 220)),
    ] {
        assert_eq!(size(&site.picture(steps, "plant.png").await), want, "{steps}");
        let answer = site.get(&format!("/plant.png?tr={},f-png", steps.replace(',', "%2C"))).await;
        assert_eq!(look::size(&answer.body), Ok(want), "query: {steps}");
    }
}

/// Which part a cut keeps, and where a picture sits in its padding.
#[tokio::test]
async fn cuts_and_padding_are_where_they_are_asked_for() {
    let site = Site::start();
    for (steps, corners) in [
        ("w-60,h-40,cm-extract,fo-top_left", [RED; 4]),
        ("w-60,h-40,cm-extract,fo-bottom_right", [GOLD; 4]),
        ("w-60,h-40,cm-extract,x-60,y-0", [GREEN; 4]),
        ("w-60,h-40,cm-extract,x-0,y-40", [BLUE; 4]),
        ("w-40,h-40,cm-extract,xc-30,yc-20", [RED; 4]),
        ("w-20,h-80,cm-extract,x-50", [RED, GREEN, BLUE, GOLD]),
        ("w-60,h-80,fo-left", [RED, RED, BLUE, BLUE]),
        ("w-60,h-80,fo-right", [GREEN, GREEN, GOLD, GOLD]),
        ("w-120,h-40,fo-top", [RED, GREEN, RED, GREEN]),
        ("w-120,h-40,fo-bottom", [BLUE, GOLD, BLUE, GOLD]),
        ("w-200,h-80,cm-pad_resize,fo-left", [RED, BLACK, BLUE, BLACK]),
        ("w-200,h-80,cm-pad_resize,fo-right,bg-00FF80", [[0, 255, 128], GREEN, [0, 255, 128], GOLD]),
        ("w-120,h-100,cm-pad_extract,fo-top,bg-white", [RED, GREEN, WHITE, WHITE]),
    ] {
        let shown = site.picture(steps, "four.png").await;
        let (right, bottom) = (shown.width - 1, shown.height - 1);
        let found = [(0, 0), (right, 0), (0, bottom), (right, bottom)].map(|(x, y)| pixel(&shown, x, y));
        assert_eq!(found, corners, "{steps}");
    }
}

#[tokio::test]
async fn turns_and_mirrors_move_the_quarters() {
    let site = Site::start();
    for (steps, want) in [
        ("rt-90", [BLUE, RED, GOLD, GREEN]),
        ("rt-N90", [GREEN, GOLD, RED, BLUE]),
        ("rt-180", [GOLD, BLUE, GREEN, RED]),
        ("rt-auto", [RED, GREEN, BLUE, GOLD]),
        ("fl-h", [GREEN, RED, GOLD, BLUE]),
        ("fl-v", [BLUE, GOLD, RED, GREEN]),
        ("fl-h_v", [GOLD, BLUE, GREEN, RED]),
        ("rt-90:fl-h", [RED, BLUE, GREEN, GOLD]),
    ] {
        let shown = site.picture(steps, "four.png").await;
        let turned = steps.contains("90");
        assert_eq!(size(&shown), if turned { (80, 120) } else { (120, 80) }, "{steps}");
        let (width, height) = size(&shown);
        let found = [(0, 0), (1, 0), (0, 1), (1, 1)]
            .map(|(column, row)| pixel(&shown, width / 4 + column * width / 2, height / 4 + row * height / 2));
        assert_eq!(found, want, "{steps}");
    }
    // Turned by 30 degrees, the canvas is the box around it, and its corners show the background or nothing.
    let (sine, cosine) = (30_f64.to_radians().sin(), 30_f64.to_radians().cos());
    let want = (100.0 * cosine + 60.0 * sine, 100.0 * sine + 60.0 * cosine);
    for (steps, corner) in [("rt-30", BLACK), ("rt-30,bg-0000FF", BLUE), ("rt-N30,bg-FFF", WHITE)] {
        let shown = site.picture(steps, "gold.png").await;
        assert!((shown.width as f64 - want.0).abs() <= 1.5 && (shown.height as f64 - want.1).abs() <= 1.5, "{steps}");
        assert_eq!(pixel(&shown, 0, 0), corner, "{steps}");
        assert_eq!(pixel(&shown, shown.width / 2, shown.height / 2), GOLD, "{steps}");
    }
}

#[tokio::test]
async fn shapes_and_frames_are_cut_and_drawn() {
    let site = Site::start();
    // Decoded transparency is black. A corner of radius 20 leaves (20 - 14.1) pixels of the diagonal outside.
    let round = site.picture("r-20", "white.png").await;
    assert_eq!(size(&round), (100, 60));
    for (x, y, color) in [(0, 0, BLACK), (4, 4, BLACK), (7, 7, WHITE), (99, 59, BLACK), (20, 0, WHITE), (50, 30, WHITE)]
    {
        assert_eq!(pixel(&round, x, y), color, "r-20 at {x},{y}");
    }
    let one = site.picture("r-0_20_0_0", "white.png").await;
    assert_eq!([(0, 0), (99, 0), (99, 59), (0, 59)].map(|(x, y)| pixel(&one, x, y)), [WHITE, BLACK, WHITE, WHITE]);
    // An ellipse of half axes 50 and 30: x = 15 is inside where |y - 30| < 21.
    let ellipse = site.picture("r-max", "white.png").await;
    for (x, y, color) in [(15, 7, BLACK), (15, 11, WHITE), (1, 30, WHITE), (50, 1, WHITE), (1, 20, BLACK)] {
        assert_eq!(pixel(&ellipse, x, y), color, "r-max at {x},{y}");
    }
    let on_blue = site.picture("r-max,bg-0000FF", "white.png").await;
    assert_eq!((pixel(&on_blue, 0, 0), pixel(&on_blue, 50, 30)), (BLUE, WHITE));
    let framed = site.picture("b-5_FF00FF", "white.png").await;
    assert_eq!(size(&framed), (110, 70));
    assert_eq!(bounds(&framed, WHITE), Some((5, 5, 105, 65)));
    assert_eq!(pixel(&framed, 0, 35), PINK);
    assert_eq!(bounds(&site.picture("t-true", "framed.png").await, PINK), Some((0, 0, 20, 10)));
    assert_eq!(bounds(&site.picture("t-false", "framed.png").await, PINK), Some((10, 10, 30, 20)));
}

#[tokio::test]
async fn colours_are_those_of_plain_arithmetic() {
    let site = Site::start();
    for (steps, name, (x, y), want) in [
        // On black, half of it is left.
        ("o-50", "gold.png", (50, 30), [100, 75, 25]),
        ("o-50,bg-FFF", "gold.png", (50, 30), [228, 203, 153]),
        ("o-0", "gold.png", (50, 30), BLACK),
        // The darkest becomes black, the brightest white.
        ("e-contrast", "tones.png", (10, 30), BLACK),
        ("e-contrast", "tones.png", (90, 30), WHITE),
        // From above to below, unless said otherwise.
        ("e-gradient-from-red_to-blue", "white.png", (50, 0), RED),
        ("e-gradient-from-red_to-blue", "white.png", (50, 59), BLUE),
        ("e-gradient-from-red_to-blue", "white.png", (50, 30), [127, 0, 128]),
        ("e-gradient-ld-top_from-red_to-blue", "white.png", (50, 0), BLUE),
        ("e-gradient-ld-90_from-red_to-blue", "white.png", (99, 30), BLUE),
        ("e-gradient-ld-left_from-red_to-blue", "white.png", (99, 30), RED),
        // The second colour is reached half-way.
        ("e-gradient-from-red_to-blue_sp-0.5", "white.png", (50, 45), BLUE),
        // White that fades to nothing.
        ("e-gradient", "gold.png", (50, 0), WHITE),
        ("e-gradient", "gold.png", (50, 59), GOLD),
        ("bg-0000FF", "gold.png", (50, 30), GOLD),
    ] {
        let shown = site.picture(steps, name).await;
        let found = pixel(&shown, x, y);
        assert!(near(found, want, 6), "{steps} of {name}: {found:?}, not {want:?}");
    }
    // Grey is grey, and as bright as Rec. 601 or 709 say.
    let grey = site.picture("e-grayscale", "four.png").await;
    for (x, y, low, high) in [(10, 10, 54, 77), (110, 10, 149, 183), (10, 70, 18, 30), (110, 70, 150, 157)] {
        let [r, g, b] = pixel(&grey, x, y);
        assert!(r == g && g == b && (low..=high).contains(&r), "{x},{y}: {r} {g} {b}");
    }
}

#[tokio::test]
async fn answers_are_written_as_asked() {
    let site = Site::start();
    let file = |name: &str| std::fs::read(site.folder.path().join("photos").join(name)).unwrap();
    let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);

    for name in ["cat.jpg", "logo.png", "cat.gif"] {
        let original = site.get(&format!("/tr:orig-true/{name}")).await;
        assert!(original.body[..] == file(name)[..], "{name} byte for byte");
    }
    let lossless = site.get("/tr:lo-true,f-webp/four.png").await;
    let (shown, master) = (decode(&lossless.body).unwrap(), decode(&file("four.png")).unwrap());
    assert!(look::format(&lossless.body) == "webp" && shown == master);
    let photo = decode(&site.get("/tr:w-200,lo-true,f-webp/cat.jpg").await.body).unwrap();
    assert!(photo == decode(&site.get("/tr:w-200,f-png/cat.jpg").await.body).unwrap(), "no pixel differs");

    // Start of frame 2 of a progressive JPEG, 0 of a sequential one (ITU T.81, table B.1).
    for (steps, marker) in [("pr-true", 0xc2), ("pr-false", 0xc0)] {
        let jpeg = site.get(&format!("/tr:w-200,f-jpg,{steps}/cat.jpg")).await;
        let frame = |of: u8| holds(&jpeg.body, &[0xff, of, 0, 17, 8]);
        assert!(frame(marker) && !frame(marker ^ 2), "{steps}");
    }
    for (steps, name, text, kept) in [
        ("md-true", "dogs.jpg", &b"Exif\0\0"[..], true),
        ("md-false", "dogs.jpg", b"Exif\0\0", false),
        ("q-70", "dogs.jpg", b"Exif\0\0", false),
        ("cp-true", "fig-p3.jpg", b"ICC_PROFILE\0", true),
        ("cp-false", "fig-p3.jpg", b"ICC_PROFILE\0", false),
    ] {
        let jpeg = site.get(&format!("/tr:w-300,f-jpg,{steps}/{name}")).await;
        assert_eq!(holds(&jpeg.body, text), kept, "{steps} of {name}");
    }
    let accept = [("accept", "image/avif,image/webp,*/*")];
    for (steps, format) in [("w-300", "image/avif"), ("w-300,cp-true", "image/webp"), ("w-300,e-usm", "image/webp")] {
        let target = format!("/imagekit/tr:{steps}/fig-p3.jpg");
        let answer = site.server.client().get_with(&target, &accept).await.unwrap();
        assert_eq!(answer.header("content-type"), format, "{steps}");
    }
    // 300 dots per inch are 11811 per metre.
    let dense = site.get("/tr:dn-300,f-png/four.png").await;
    assert!(holds(
        &dense.body,
        &[b"pHYs".as_slice(), &11_811_u32.to_be_bytes(), &11_811_u32.to_be_bytes(), &[1]].concat()
    ));
    let [fine, coarse] = [site.get("/tr:q-90,f-jpg/cat.jpg").await, site.get("/tr:q-20,f-jpg/cat.jpg").await];
    assert!(coarse.body.len() * 2 < fine.body.len(), "{} {}", coarse.body.len(), fine.body.len());
}

/// A mark of 20 by 10 on white of 100 by 60.
#[tokio::test]
async fn layers_lie_where_they_are_put() {
    let site = Site::start();
    for (layer, (left, top)) in [
        ("i-mark.png", (40, 25)),
        ("ie-bWFyay5wbmc%3D", (40, 25)),
        ("i-mark.png,lfo-top_left", (0, 0)),
        ("i-mark.png,lfo-bottom", (40, 50)),
        ("i-mark.png,lfo-right", (80, 25)),
        ("i-mark.png,lx-7,ly-9", (7, 9)),
        ("i-mark.png,lx-N7,ly-9", (73, 9)),
        ("i-mark.png,lx-7,ly-N0", (7, 50)),
        // Beside one distance, the other axis begins at its edge.
        ("i-mark.png,lx-7", (7, 0)),
        ("i-mark.png,lxc-50,lyc-20", (40, 15)),
        ("i-mark.png,lxc-N30,ly-5", (60, 5)),
        ("i-mark.png,lap-center,lx-3,ly-4", (53, 34)),
        ("i-mark.png,lap-bottom_right,lxc-N30,lyc-N20", (60, 35)),
        // Its border goes before it is put there.
        ("i-framed.png,lx-0,ly-0", (0, 0)),
    ] {
        let trim = if layer.contains("framed") { "" } else { ",t-false" };
        let shown = site.picture(&format!("l-image,{layer}{trim},l-end"), "white.png").await;
        assert_eq!(size(&shown), (100, 60), "{layer}");
        assert_eq!(bounds(&shown, PINK), Some((left, top, left + 20, top + 10)), "{layer}");
    }
    let framed = site.picture("l-image,i-framed.png,t-false,lx-0,ly-0,l-end", "white.png").await;
    assert_eq!(bounds(&framed, PINK), Some((10, 10, 30, 20)));
    for (layer, want) in [
        ("i-mark.png,t-false,w-40", (30, 20, 70, 40)),
        ("i-mark.png,t-false,w-40,h-40,c-force", (30, 10, 70, 50)),
        ("i-mark.png,t-false,rt-90", (45, 20, 55, 40)),
        ("i-mark.png,t-false,rt-90:w-20", (40, 10, 60, 50)),
        ("i-ik_canvas,w-30,h-20,bg-FF00FF", (35, 20, 65, 40)),
        ("i-ik_canvas,w-0.5,h-0.5,bg-FF00FF,lx-0,ly-0", (0, 0, 50, 30)),
        // In the layer's own steps, on the layer: a block on a block.
        ("i-ik_canvas,w-60,h-40,bg-0000FF:l-image,i-ik_canvas,w-10,h-10,bg-FF00FF,lx-N5,ly-0,l-end", (65, 10, 75, 20)),
    ] {
        let shown = site.picture(&format!("l-image,{layer},l-end"), "white.png").await;
        assert_eq!(bounds(&shown, PINK), Some(want), "{layer}");
    }
    // The second is drawn over the first, and both behind the size of their step.
    let two = "l-image,i-ik_canvas,w-30,h-20,bg-00F,l-end,l-image,i-ik_canvas,w-10,h-10,bg-FF00FF,l-end,w-200";
    let shown = site.picture(two, "white.png").await;
    assert_eq!((size(&shown), bounds(&shown, PINK)), ((200, 120), Some((95, 55, 105, 65))));
}

#[tokio::test]
async fn layers_are_mixed_by_plain_arithmetic() {
    let site = Site::start();
    let block = "i-ik_canvas,w-40,h-40";
    for (layer, name, want) in [
        (format!("{block},bg-FF0000,al-5"), "white.png", [255, 128, 128]),
        (format!("{block},bg-FF0000,al-2"), "gold.png", [211, 120, 40]),
        // An opacity in the colour wins, and a name makes it opaque.
        (format!("{block},bg-FF000050,al-9"), "white.png", [255, 127, 127]),
        (format!("{block},bg-red,al-2"), "white.png", RED),
        (format!("{block},bg-FF0000,o-50"), "white.png", [255, 128, 128]),
        ("i-mark.png,t-false,w-40,o-25".to_owned(), "white.png", [255, 191, 255]),
        ("i-mark.png,t-false,o-0".to_owned(), "gold.png", GOLD),
        // 200 * 255 / 255, 150 * 0 / 255, 50 * 255 / 255.
        (format!("{block},bg-FF00FF,lm-multiply"), "gold.png", [200, 0, 50]),
        (format!("{block},bg-808080,lm-multiply"), "gold.png", [100, 75, 25]),
    ] {
        let found = pixel(&site.picture(&format!("l-image,{layer},l-end"), name).await, 50, 30);
        assert!(near(found, want, 2), "{layer} on {name}: {found:?}, not {want:?}");
    }
    // What is kept lies within the layer, and what goes does, too. Decoded transparency is black.
    for (mode, inside, outside) in [("cutter", GOLD, BLACK), ("cutout", BLACK, GOLD)] {
        let shown = site.picture(&format!("l-image,{block},bg-FFF,lm-{mode},l-end"), "gold.png").await;
        assert_eq!((pixel(&shown, 50, 30), pixel(&shown, 2, 2)), (inside, outside), "{mode}");
    }
}

#[tokio::test]
async fn texts_have_their_colour_and_their_room() {
    let site = Site::start();
    let letters = site.picture("w-400,h-240,l-text,i-III,fs-80,co-FF00FF,l-end", "white.png").await;
    let (left, top, right, bottom) = bounds(&letters, PINK).expect("letters in their colour");
    assert!(bottom - top > 40 && bottom - top < 90 && right > left, "as high as capitals of 80 pixels: {top} {bottom}");
    // What is between letter and ground is a mixture: as much green as is not covered, red and blue in full.
    assert!((0..letters.height).all(|y| (0..letters.width).all(|x| {
        let [r, _, b] = pixel(&letters, x, y);
        r == 255 && b == 255
    })));
    let faint = site.picture("w-400,h-240,l-text,i-III,fs-80,co-FF00FF50,l-end", "white.png").await;
    let found = pixel(&faint, (left + right) / 2, (top + bottom) / 2);
    assert!(near(found, [255, 127, 255], 2), "half of it: {found:?}");

    // The plate grows by the room around the text, above, right, below, left.
    let plate = async |padding: &str| {
        let text = format!("w-400,h-240,l-text,i-Sale,fs-40,co-0000FF,bg-FF00FF{padding},lx-50,ly-50,l-end");
        bounds(&site.picture(&text, "white.png").await, PINK).expect("a plate")
    };
    let (_, _, right, bottom) = plate("").await;
    for (padding, across, down) in
        [(",pa-10", 20, 20), (",pa-10_20", 40, 20), (",pa-1_2_3", 4, 4), (",pa-5_6_7_8", 14, 12)]
    {
        let grown = plate(padding).await;
        assert_eq!((grown.2 - right, grown.3 - bottom), (across, down), "{padding}");
        assert_eq!((grown.0, grown.1), (50, 50), "{padding}");
    }
}

/// What takes a model or a film is refused in the vendor's header, unless the site passes over it.
#[tokio::test]
async fn what_is_refused_says_why_in_the_vendors_header() {
    let (folder, photos, data) = sample_folder();
    let config = |more: &str| {
        format!(
            "data = {data:?}\nlisten = {{ delivery = \"127.0.0.1:0\", control = \"127.0.0.1:0\" }}\n\
             [source.shop]\ntype = \"local\"\nroot = {photos:?}\n\
             [[site]]\nname = \"kit\"\ndialect = \"imagekit\"\nsources = [\"shop\"]\nvendor_headers = true\n{more}\n"
        )
    };
    let strict = Server::configured(&support::binary(), &data, &config(""));
    for (target, says) in [
        ("/tr:e-bgremove/cat.jpg", "EUNSUPPORTED - e-bgremove"),
        ("/tr:w-3,h-3,cm-pad_resize,bg-genfill/cat.jpg", "EUNSUPPORTED - bg"),
        ("/cat.mp4/ik-thumbnail.jpg", "EUNSUPPORTED - ik-thumbnail.jpg"),
        ("/tr:foo-3/cat.jpg", "EINVAL - foo"),
        ("/tr:n-thumb/cat.jpg", "EINVAL - n"),
    ] {
        let answer = strict.client().get(target).await.unwrap();
        assert_eq!(answer.status, 400, "{target}");
        assert!(answer.header("ik-error").starts_with(says), "{target}: {:?}", answer.header("ik-error"));
    }
    strict.stop();
    let lenient = Server::configured(&support::binary(), &data, &config("lenient = true"));
    let answer = lenient.client().get("/tr:w-30,h-20,e-bgremove,foo-3,f-png/cat.jpg").await.unwrap();
    assert_eq!((answer.status, look::size(&answer.body)), (200, Ok((30, 20))), "{}", answer.text());
    let told = answer.header("ik-warning").to_owned();
    assert!(told.contains("unsupported: e-bgremove") && told.contains("unknown: foo=3"), "{told}");
    drop(folder);
}
