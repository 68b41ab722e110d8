//! Overlays are dependencies: purging a watermark renders anew what bears it, at any depth and in every dialect, and
//! nothing else (guarantee G5).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::PathBuf;

use support::look::pixel;
use support::{Server, empty_folder};
use testkit::pictures::{self, Rgb};

const BLUE: [u8; 3] = [20, 40, 200];
const RED: [u8; 3] = [210, 20, 30];
const GREEN: [u8; 3] = [10, 180, 40];
const YELLOW: [u8; 3] = [230, 220, 20];

struct Shop {
    _all: tempfile::TempDir,
    photos: PathBuf,
    server: Server,
}

impl Shop {
    fn open() -> Shop {
        let (all, photos, data) = empty_folder();
        let server =
            Server::folder_with(&support::binary(), &photos, &data, &[("AFTERIMAGE__CACHE__ERROR_TIME", "1h")]);
        Shop { _all: all, photos, server }
    }

    /// Puts a picture of one colour into the folder, as an upload does: whole, by renaming.
    fn put(&self, name: &str, size: (usize, usize), color: [u8; 3]) {
        let upload = self.photos.with_extension("upload");
        std::fs::write(&upload, pictures::encode_png(&Rgb::from_fn(size.0, size.1, |_, _| color))).unwrap();
        std::fs::rename(upload, self.photos.join(name)).unwrap();
    }

    /// The picture at a target, and whether it was a hit.
    async fn get(&self, target: &str) -> (Rgb, bool) {
        let answer = self.server.client().get(target).await.unwrap();
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        (pictures::decode(&answer.body).unwrap(), answer.header("cache-status").contains("; hit"))
    }

    async fn purge(&self, targets: &str) {
        let answer = self.server.purge(&mut self.server.control_client(), targets).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The colours in the corner where the mark is and in the opposite one, of a picture of 200 by 100.
    async fn corners(&self, target: &str) -> ([u8; 3], [u8; 3], bool) {
        let (picture, hit) = self.get(target).await;
        assert_eq!((picture.width, picture.height), (200, 100), "{target}");
        (pixel(&picture, 190, 90), pixel(&picture, 5, 5), hit)
    }

    async fn shows(&self, target: &str, mark: [u8; 3], base: [u8; 3], hit: bool, when: &str) {
        let (corner, opposite, was_hit) = self.corners(target).await;
        assert!(near(corner, mark) && near(opposite, base), "{when}: {target}: {corner:?} {opposite:?}");
        assert_eq!(was_hit, hit, "{when}: {target}");
    }
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 12)
}

/// A master of 400 by 200 at 200 by 100, with `logo.png` of 40 by 40 in the lower right corner, in each dialect.
fn marked(master: &str) -> [String; 4] {
    [
        format!("/imgix/{master}?w=200&h=100&fit=crop&fm=png&mark=/logo.png&mark-w=40&mark-pad=0"),
        format!("/imagekit/tr:w-200,h-100,f-png,l-image,i-logo.png,w-40,t-false,lfo-bottom_right,l-end/{master}"),
        format!("/cloudimage/{master}?w=200&h=100&force_format=png&wat=1&wat_url=logo.png&wat_gravity=southeast"),
        format!("/imageboss/local/cover/200x100/wmk-path:%2Flogo.png,wmk-width:40,format:png/{master}"),
    ]
}

fn plain(master: &str) -> [String; 4] {
    [
        format!("/imgix/{master}?w=200&h=100&fit=crop&fm=png"),
        format!("/imagekit/tr:w-200,h-100,f-png/{master}"),
        format!("/cloudimage/{master}?w=200&h=100&force_format=png"),
        format!("/imageboss/local/cover/200x100/format:png/{master}"),
    ]
}

#[tokio::test]
async fn a_purged_watermark_is_gone_from_what_bears_it_and_nothing_else_is_made_anew() {
    let shop = Shop::open();
    shop.put("a.png", (400, 200), BLUE);
    shop.put("b.png", (400, 200), GREEN);
    shop.put("logo.png", (40, 40), RED);
    for (master, base) in [("a.png", BLUE), ("b.png", GREEN)] {
        for target in marked(master) {
            shop.shows(&target, RED, base, false, "first").await;
            shop.shows(&target, RED, base, true, "again").await;
        }
        for target in plain(master) {
            shop.corners(&target).await;
        }
    }
    let of_logo = "/imgix/logo.png?w=20&fm=png";
    shop.get(of_logo).await;

    shop.put("logo.png", (40, 40), YELLOW);
    for target in marked("a.png") {
        shop.shows(&target, RED, BLUE, true, "replaced, not purged").await;
    }
    shop.purge(r#"[{"master":"local/logo.png"}]"#).await;
    for (master, base) in [("a.png", BLUE), ("b.png", GREEN)] {
        for target in marked(master) {
            shop.shows(&target, YELLOW, base, false, "purged").await;
        }
        for target in plain(master) {
            shop.shows(&target, base, base, true, "without the mark").await;
        }
    }
    let (picture, hit) = shop.get(of_logo).await;
    assert!(!hit && near(pixel(&picture, 10, 10), YELLOW), "its own derivatives go too");
}

#[tokio::test]
async fn purged_as_a_dependency_it_keeps_its_own_derivatives() {
    let shop = Shop::open();
    shop.put("a.png", (400, 200), BLUE);
    shop.put("logo.png", (40, 40), RED);
    let of_logo = "/imgix/logo.png?w=20&fm=png";
    shop.get(of_logo).await;
    let [imgix, imagekit, ..] = marked("a.png");
    for target in [&imgix, &imagekit] {
        shop.shows(target, RED, BLUE, false, "first").await;
    }
    shop.put("logo.png", (40, 40), YELLOW);
    shop.purge(r#"[{"dependency":"local/logo.png"}]"#).await;
    for target in [&imgix, &imagekit] {
        shop.shows(target, YELLOW, BLUE, false, "purged as a dependency").await;
    }
    let (picture, hit) = shop.get(of_logo).await;
    assert!(hit && near(pixel(&picture, 10, 10), RED), "its own derivative stays");
}

#[tokio::test]
async fn an_overlay_on_an_overlay_is_a_dependency_too() {
    let shop = Shop::open();
    shop.put("a.png", (400, 200), BLUE);
    shop.put("logo.png", (40, 40), RED);
    shop.put("dot.png", (10, 10), GREEN);
    // ImageKit nests layers; imgix takes a URL of ours, with a transformation in it, for a mark.
    let nested = "/imagekit/tr:w-200,h-100,f-png,l-image,i-logo.png,w-40,t-false,lfo-bottom_right,\
                  l-image,i-dot.png,t-false,lfo-center,l-end,l-end/a.png";
    let inner =
        format!("http://{}/imgix/logo.png?mark=/dot.png&mark-align=middle,center&mark-pad=0", shop.server.delivery);
    let inner =
        inner.replace(':', "%3A").replace('/', "%2F").replace('?', "%3F").replace('&', "%26").replace('=', "%3D");
    let of_ours = format!("/imgix/a.png?w=200&h=100&fit=crop&fm=png&mark={inner}&mark-pad=0");
    for target in [nested, &of_ours] {
        let (picture, _) = shop.get(target).await;
        assert!(near(pixel(&picture, 180, 80), GREEN), "{target}: {:?}", pixel(&picture, 180, 80));
        assert!(near(pixel(&picture, 165, 65), RED), "{target}: {:?}", pixel(&picture, 165, 65));
        assert!(near(pixel(&picture, 100, 20), BLUE), "{target}");
        assert!(shop.get(target).await.1, "{target}: a hit");
    }
    shop.put("dot.png", (10, 10), YELLOW);
    shop.purge(r#"[{"master":"local/dot.png"}]"#).await;
    for target in [nested, &of_ours] {
        let (picture, hit) = shop.get(target).await;
        assert!(!hit && near(pixel(&picture, 180, 80), YELLOW), "{target}: {:?}", pixel(&picture, 180, 80));
        assert!(near(pixel(&picture, 165, 65), RED), "{target}");
    }
}

#[tokio::test]
async fn a_mark_that_is_not_there_is_a_dependency() {
    let shop = Shop::open();
    shop.put("a.png", (400, 200), BLUE);
    let [imgix, _, _, imageboss] = marked("a.png");
    // imgix goes without it, ImageBoss does not; neither forgets that it was looked for.
    shop.shows(&imgix, BLUE, BLUE, false, "without").await;
    let answer = shop.server.client().get(&imageboss).await.unwrap();
    assert_eq!(answer.status, 404, "{}", answer.text());
    shop.put("logo.png", (40, 40), RED);
    shop.shows(&imgix, BLUE, BLUE, true, "still without").await;
    shop.purge(r#"[{"master":"local/logo.png"}]"#).await;
    shop.shows(&imgix, RED, BLUE, false, "with it").await;
    shop.shows(&imageboss, RED, BLUE, false, "with it").await;
}

/// A text at an address of its own is made from no master: the purge of its URL is that of the one derivative, tags that are
/// built in find it, and a source or a prefix does not.
#[tokio::test]
async fn a_picture_of_nothing_is_purged_by_its_own_url() {
    let shop = Shop::open();
    let text = "/imgix/~text?txt=Sold&w=120&h=50&bg=f00&fm=png";
    let (made, hit) = shop.get(text).await;
    assert_eq!((made.width, made.height, hit), (120, 50, false));
    assert_eq!(pixel(&made, 1, 1), [255, 0, 0]);
    assert!(shop.get(text).await.1);
    shop.purge(r#"[{"source":"local"}]"#).await;
    assert!(shop.get(text).await.1, "it is of no source");
    for targets in [
        format!(r#"{{"url":"{text}"}}"#),
        format!(r#"{{"derivative":"{text}"}}"#),
        r#"{"tag":"dialect:imgix"}"#.to_owned(),
    ] {
        shop.purge(&format!("[{targets}]")).await;
        assert!(!shop.get(text).await.1, "{targets}");
        assert!(shop.get(text).await.1);
    }
    let refused = shop.server.client().get("/imgix/~text?w=100").await.unwrap();
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("txt"), "{}", refused.text());
}

/// What a condition does not choose is neither fetched nor missed.
#[tokio::test]
async fn only_the_overlays_of_the_chosen_branch_are_asked_for() {
    let shop = Shop::open();
    shop.put("wide.png", (200, 100), GREEN);
    shop.put("badge.png", (20, 20), RED);
    let target = |master: &str| {
        format!(
            "/imagekit/tr:if-ar_gt_1,l-image,i-badge.png,lfo-bottom_right,l-end,if-else,l-image,i-nowhere.png,l-end,if-end/{master}"
        )
    };
    let (corner, opposite, _) = shop.corners(&target("wide.png")).await;
    assert!(near(corner, RED) && near(opposite, GREEN), "{corner:?} {opposite:?}");
    shop.put("tall.png", (100, 200), GREEN);
    let missing = shop.server.client().get(&target("tall.png")).await.unwrap();
    assert_eq!(missing.status, 404, "{}", missing.text());
}
