//! The sample pictures through all four dialects, as the zero-config server serves them. Answers are read by decoders that
//! the product does not use, and compared with pictures made without it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::{Server, look, sample_folder};
use testkit::distance::{mean_absolute, ssim};
use testkit::http::Answer;
use testkit::pictures::{Rgb, decode};

const BROWSER: &str = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";

struct Site {
    _folder: tempfile::TempDir,
    server: Server,
}

impl Site {
    fn start() -> Site {
        let (folder, photos, data) = sample_folder();
        Site { _folder: folder, server: Server::folder(&support::binary(), &photos, &data) }
    }

    async fn get(&self, target: &str) -> Answer {
        self.get_as(target, "").await
    }

    async fn get_as(&self, target: &str, accept: &str) -> Answer {
        let headers = [("accept", accept)];
        let headers = if accept.is_empty() { &headers[..0] } else { &headers };
        let answer = self.server.client().get_with(target, headers).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer
    }

    async fn picture(&self, target: &str) -> Rgb {
        let answer = self.get(target).await;
        decode(&answer.body).unwrap_or_else(|why| panic!("{target}: {why}"))
    }
}

fn sample(name: &str) -> Rgb {
    decode(&std::fs::read(support::samples().join(name)).unwrap()).unwrap()
}

/// The middle of a picture, as wide and high as asked, scaled to cover.
fn cover(picture: &Rgb, width: usize, height: usize) -> Rgb {
    let (w, h) = match picture.width * height > picture.height * width {
        true => (picture.height * width / height, picture.height),
        false => (picture.width, picture.width * height / width),
    };
    let (left, top) = ((picture.width - w) / 2, (picture.height - h) / 2);
    let cut = Rgb::from_fn(w, h, |x, y| look::pixel(picture, left + x, top + y));
    look::shrink(&cut, width, height)
}

#[tokio::test]
async fn sizes_and_formats_are_as_asked_in_every_dialect() {
    let site = Site::start();
    // Target, format, size, and the master where the answer shows the middle of it.
    for (target, format, size, master) in [
        ("/imgix/cat.jpg?w=200&h=100&fit=crop&fm=jpg", "jpeg", (200, 100), "cat.jpg"),
        ("/imgix/cat.jpg?w=200&fm=png", "png", (200, 133), "cat.jpg"),
        ("/imgix/mountains.jpg?w=400&fm=webp", "webp", (400, 300), "mountains.jpg"),
        ("/imgix/portrait.jpg?w=256&fm=avif", "avif", (256, 256), ""),
        ("/imgix/portrait.jpg?w=128&dpr=2", "jpeg", (256, 256), "portrait.jpg"),
        ("/imgix/dandelions.jpg?w=600&h=400&fit=crop", "jpeg", (600, 400), "dandelions.jpg"),
        ("/imgix/portrait.jpg?w=300&h=200&fit=clip", "jpeg", (200, 200), "portrait.jpg"),
        ("/imgix/portrait.jpg?w=300&h=200&fit=fill&fill-color=00f", "jpeg", (300, 200), ""),
        ("/imgix/cat.gif?w=150", "gif", (150, 100), ""),
        ("/imgix/cat.jpg", "jpeg", (451, 300), "cat.jpg"),
        ("/imagekit/tr:w-200,h-100,f-jpg/cat.jpg", "jpeg", (200, 100), "cat.jpg"),
        ("/imagekit/cat.jpg?tr=w-200,h-100,f-png", "png", (200, 100), "cat.jpg"),
        ("/imagekit/tr:w-0.5,f-jpg/portrait.jpg", "jpeg", (256, 256), "portrait.jpg"),
        ("/imagekit/tr:w-400,f-webp/mountains.jpg", "webp", (400, 300), "mountains.jpg"),
        ("/imagekit/tr:w-256,f-avif/portrait.jpg", "avif", (256, 256), ""),
        ("/imagekit/tr:h-200:w-100,h-100,f-jpg/portrait.jpg", "jpeg", (100, 100), "portrait.jpg"),
        ("/cloudimage/cat.jpg?w=200&h=100&force_format=jpg", "jpeg", (200, 100), "cat.jpg"),
        ("/cloudimage/v7/cat.jpg?w=200&h=100&force_format=png", "png", (200, 100), "cat.jpg"),
        ("/cloudimage/mountains.jpg?w=400&force_format=_webp", "webp", (400, 300), "mountains.jpg"),
        ("/cloudimage/portrait.jpg?w=256&force_format=_avif", "avif", (256, 256), ""),
        ("/cloudimage/dandelions.jpg?height=400&func=bound&width=400", "jpeg", (400, 225), "dandelions.jpg"),
        ("/imageboss/local/cover:center/200x100/format:jpg/cat.jpg", "jpeg", (200, 100), "cat.jpg"),
        ("/imageboss/local/width/400/format:webp/mountains.jpg", "webp", (400, 300), "mountains.jpg"),
        ("/imageboss/local/height/256/format:png/portrait.jpg", "png", (256, 256), "portrait.jpg"),
        ("/imageboss/local/width/256/format:avif/portrait.jpg", "avif", (256, 256), ""),
        ("/imageboss/local/cdn/cat.jpg", "jpeg", (451, 300), "cat.jpg"),
    ] {
        let answer = site.get(target).await;
        assert_eq!(look::format(&answer.body), format, "{target}");
        assert_eq!(answer.header("content-type"), format!("image/{format}"), "{target}");
        assert_eq!(look::size(&answer.body), Ok(size), "{target}");
        if !master.is_empty() {
            let (shown, wanted) = (decode(&answer.body).unwrap(), cover(&sample(master), size.0, size.1));
            let (distance, likeness) = (mean_absolute(&shown, &wanted).unwrap(), ssim(&shown, &wanted).unwrap());
            assert!(distance < 7.0 && likeness > 0.85, "{target}: distance {distance:.2}, likeness {likeness:.3}");
        }
    }
}

/// Four spellings of one picture: one entry, whoever asks first.
#[tokio::test]
async fn one_picture_in_four_dialects_is_one_entry() {
    let spellings = [
        "/imgix/portrait.jpg?w=300&h=200&fit=crop&fm=jpg&q=80",
        "/imagekit/tr:w-300,h-200,f-jpg,q-80,pr-true/portrait.jpg",
        "/cloudimage/portrait.jpg?w=300&h=200&force_format=jpg&q=80",
        "/imageboss/local/cover:center/300x200/format:jpg,quality:80/portrait.jpg",
    ];
    for first in 0..spellings.len() {
        let site = Site::start();
        let filled = site.get(spellings[first]).await;
        assert!(filled.header("cache-status").contains("fwd=uri-miss"), "{:?}", filled.headers);
        for (number, target) in spellings.iter().enumerate() {
            // Another client's taste makes no difference where the format is said.
            for accept in ["", BROWSER] {
                let hit = site.get_as(target, accept).await;
                let shown = format!("{target} after {}: {:?}", spellings[first], hit.headers);
                assert!(hit.header("cache-status").contains("; hit"), "{shown}");
                assert_eq!(hit.header("etag"), filled.header("etag"), "{shown}");
                assert_eq!(hit.body, filled.body, "{shown}");
                assert_eq!(hit.header("vary"), "", "{shown}");
            }
            assert_eq!(site.server.metric("afterimage_fills_total{store=\"derivatives\"}").await, 1, "{number}");
        }
    }
}

/// The same plan with another size, quality or crop is another picture.
#[tokio::test]
async fn other_pictures_are_other_entries() {
    let site = Site::start();
    let mut seen = Vec::new();
    for target in [
        "/imgix/portrait.jpg?w=300&h=200&fit=crop&fm=jpg&q=80",
        "/imgix/portrait.jpg?w=300&h=201&fit=crop&fm=jpg&q=80",
        "/imgix/portrait.jpg?w=300&h=200&fit=crop&fm=jpg&q=40",
        "/imgix/portrait.jpg?w=300&h=200&fit=crop&crop=top&fm=jpg&q=80",
        "/imgix/portrait.jpg?w=300&h=200&fit=crop&fm=png",
        "/imgix/cat.jpg?w=300&h=200&fit=crop&fm=jpg&q=80",
    ] {
        let answer = site.get(target).await;
        assert!(answer.header("cache-status").contains("fwd="), "{target}");
        seen.push(answer.header("etag").to_owned());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

/// Stored lying on its side with EXIF orientation 6, shown upright.
#[tokio::test]
async fn a_turned_photo_comes_out_upright() {
    let site = Site::start();
    let stored = sample("dogs.jpg");
    let upright = Rgb::from_fn(stored.height, stored.width, |x, y| look::pixel(&stored, y, stored.height - 1 - x));
    for (target, width, height) in [
        ("/imgix/dogs.jpg?w=257&fm=png", 257, 386),
        ("/imagekit/tr:w-257,f-png/dogs.jpg", 257, 386),
        ("/cloudimage/dogs.jpg?w=257&force_format=png", 257, 386),
        ("/imageboss/local/width/257/format:png/dogs.jpg", 257, 386),
        ("/imgix/dogs.jpg?h=386&fm=jpg", 257, 386),
    ] {
        let (shown, wanted) = (site.picture(target).await, look::shrink(&upright, width, height));
        let likeness = ssim(&shown, &wanted).unwrap_or_else(|why| panic!("{target}: {why}"));
        assert!(likeness > 0.9, "{target}: {likeness:.3}");
    }
}

#[tokio::test]
async fn a_moving_picture_keeps_its_frames_where_the_format_can() {
    let site = Site::start();
    let original = look::frames(&std::fs::read(support::samples().join("cat.gif")).unwrap()).unwrap();
    assert_eq!(original, [90; 12]);
    for (target, accept, format, moves) in [
        ("/imgix/cat.gif?w=150", "", "gif", true),
        ("/imgix/cat.gif?w=150&fm=webp", "", "webp", true),
        ("/imgix/cat.gif?w=150&auto=format", BROWSER, "webp", true),
        ("/imgix/cat.gif?w=150&fm=jpg", "", "jpeg", false),
        ("/imgix/cat.gif?w=150&fm=png", "", "png", false),
        ("/imagekit/tr:w-150/cat.gif", "", "gif", true),
        ("/imagekit/tr:w-150,f-webp/cat.gif", "", "webp", true),
        ("/imagekit/tr:w-150,f-jpg/cat.gif", "", "jpeg", false),
        ("/cloudimage/cat.gif?w=150", "", "gif", true),
        ("/cloudimage/cat.gif?w=150&force_format=_webp", "", "webp", true),
        ("/cloudimage/cat.gif?w=150&force_format=png", "", "png", false),
        ("/imageboss/local/width/150/animation:true,format:webp/cat.gif", "", "webp", true),
        ("/imageboss/local/width/150/animation:true,format:gif/cat.gif", "", "gif", true),
    ] {
        let answer = site.get_as(target, accept).await;
        assert_eq!(look::format(&answer.body), format, "{target}");
        assert_eq!(look::size(&answer.body), Ok((150, 100)), "{target}");
        assert_eq!(look::frames(&answer.body), moves.then(|| original.clone()), "{target}");
    }
}

#[tokio::test]
async fn transparency_is_kept_or_laid_on_white() {
    let site = Site::start();
    // The corners of the picture are transparent, the middle is not. Decoded alpha is laid on black.
    for (target, format, corner) in [
        ("/imgix/bowl.png?w=205&fm=jpg", "jpeg", 255_u8),
        ("/imgix/bowl.png?w=205&fm=jpg&bg=00f", "jpeg", 29),
        ("/imgix/bowl.png?w=205", "png", 0),
        ("/imgix/bowl.png?w=205&fm=webp", "webp", 0),
        ("/imagekit/tr:w-205,f-jpg/bowl.png", "jpeg", 255),
        ("/imagekit/tr:w-205,f-webp/bowl.png", "webp", 0),
        ("/cloudimage/bowl.png?w=205&force_format=jpg", "jpeg", 255),
        ("/cloudimage/bowl.png?w=205&force_format=_webp", "webp", 0),
        ("/imageboss/local/width/205/format:jpg/bowl.png", "jpeg", 255),
        ("/imageboss/local/width/205/format:webp/bowl.png", "webp", 0),
    ] {
        let answer = site.get(target).await;
        assert_eq!(look::format(&answer.body), format, "{target}");
        let picture = decode(&answer.body).unwrap();
        assert_eq!((picture.width, picture.height), (205, 157), "{target}");
        for (x, y) in [(1, 1), (203, 1), (1, 155), (203, 155)] {
            let luma = picture.luma(x, y);
            assert!(luma.abs_diff(corner) <= 4, "{target}: {luma} at {x},{y}");
        }
        let [red, green, _] = look::pixel(&picture, 150, 40);
        assert!(red > 150 && green < 100, "{target}: the bowl is red");
        assert!(format != "webp" || look::webp_has_alpha(&answer.body), "{target}");
    }
}

#[tokio::test]
async fn colours_of_other_spaces_come_out_right() {
    let site = Site::start();
    let raw = sample("fig-p3.jpg");
    let (wanted, unconverted) = (look::shrink(&look::p3_to_srgb(&raw), 400, 271), look::shrink(&raw, 400, 271));
    let shown = site.picture("/imgix/fig-p3.jpg?w=400&fm=png").await;
    let (near, far) = (mean_absolute(&shown, &wanted).unwrap(), mean_absolute(&shown, &unconverted).unwrap());
    assert!(near < 3.0 && far > 2.0 * near, "Display P3: {near:.2} from sRGB, {far:.2} from the raw numbers");

    // Without a profile, plain subtraction is as good as any reading of CMYK, and tints may differ; shapes may not.
    let wanted = look::shrink(&sample("brushes-cmyk.jpg"), 400, 315);
    let shown = site.picture("/imgix/brushes-cmyk.jpg?w=400&fm=png").await;
    let (distance, likeness) = (mean_absolute(&shown, &wanted).unwrap(), ssim(&shown, &wanted).unwrap());
    assert!(distance < 12.0 && likeness > 0.9, "CMYK: distance {distance:.2}, likeness {likeness:.3}");
}

#[tokio::test]
async fn formats_are_negotiated_and_vary_is_true() {
    let site = Site::start();
    let webp = "image/webp,*/*";
    for (target, accept, format, varies) in [
        ("/imgix/cat.jpg?w=120&auto=format", "", "jpeg", true),
        ("/imgix/cat.jpg?w=120&auto=format", "*/*", "jpeg", true),
        ("/imgix/cat.jpg?w=120&auto=format", webp, "webp", true),
        ("/imgix/cat.jpg?w=120&auto=format", "image/webp;q=0,*/*", "jpeg", true),
        ("/imgix/cat.jpg?w=400&auto=format", BROWSER, "avif", true),
        ("/imgix/cat.jpg?w=120", BROWSER, "jpeg", false),
        ("/imgix/bowl.png?w=120&auto=format", "", "png", true),
        ("/imgix/bowl.png?w=120&auto=format", webp, "webp", true),
        ("/imagekit/tr:w-120/cat.jpg", "", "jpeg", true),
        ("/imagekit/tr:w-120/cat.jpg", webp, "webp", true),
        ("/imagekit/tr:w-120,f-jpg/cat.jpg", webp, "jpeg", false),
        ("/cloudimage/cat.jpg?w=120", "", "jpeg", true),
        ("/cloudimage/cat.jpg?w=120", webp, "webp", true),
        ("/cloudimage/cat.jpg?w=120&force_format=webp", "", "jpeg", true),
        ("/cloudimage/cat.jpg?w=120&force_format=_webp", "", "webp", false),
        ("/imageboss/local/width/120/format:auto/cat.jpg", "", "jpeg", true),
        ("/imageboss/local/width/120/format:auto/cat.jpg", webp, "webp", true),
        ("/imageboss/local/width/120/format:png/cat.jpg", BROWSER, "png", false),
    ] {
        let answer = site.get_as(target, accept).await;
        assert_eq!(look::format(&answer.body), format, "{target} for {accept:?}");
        assert_eq!(answer.header("vary"), if varies { "Accept" } else { "" }, "{target} for {accept:?}");
        // A 304 must vary as the answer that it stands for (RFC 9110, 15.4.5).
        let etag = answer.header("etag").to_owned();
        let headers = [("accept", accept), ("if-none-match", etag.as_str())];
        let same = site.server.client().get_with(target, &headers).await.unwrap();
        assert_eq!((same.status, same.header("vary")), (304, answer.header("vary")), "{target} for {accept:?}");
    }
}
