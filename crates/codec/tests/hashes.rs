//! BlurHash and ThumbHash against the reference in C (`blurhash-python` 1.2.2) and the npm packages `blurhash` 2.0.5 and
//! `thumbhash` 0.1.1, run once by `scripts/goldens/hashes.py` and `hashes.mjs`; and the colours of a picture.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use codec::{Channels, ColorShare, Pixels, blurhash, colors, thumbhash};
use common::pixels;

#[test]
fn blurhash_is_that_of_its_reference() {
    // By the reference in C, then by the npm package, which agrees with it on inverted pictures.
    let (c, npm) = (
        [
            (32, 24, 0, 4, 3, "LbE38{2nwyX6l]WEjte;gJfjfQfj"),
            (24, 32, 3, 3, 4, "TbD]rx2mwwl?WEjugIfjfQnmWojt"),
            (
                32,
                32,
                1,
                9,
                9,
                "|bE3CX2mwxX7a{oeWooeWol[WEjte;fQe:fQe:fQgJfjfQfjfQfjfQfjfQnlWojtfQfQfQfQfQfQf6fQfQfQfQfQfQfQfQoeWojtfQfQfQfQfQfQe:fQfQfQfQfQfQfQfQoeWojtfQfQfQfQfQfQe:fQfQf7fQfQfQfQfQ",
            ),
            (7, 5, 0, 1, 1, "00C?b+"),
            (60, 20, 2, 5, 2, "DcEMBy2SwySejsqNWWjtazfQ"),
        ],
        [
            (32, 24, 0, 4, 3, "L+I=QD|~$7xHqCofjukBgefkfQfj"),
            (24, 32, 3, 3, 4, "T+I}%W|{$6qAoejtgdfjfQo{oLjt"),
            (
                32,
                32,
                1,
                9,
                9,
                "|%I=Mv|}$7xHsVs:sVs:sVqBofjtkBjtkBjtkBfQgefjfQfjfQfjfQfjfQo|oLjtj[jtj[jtj[fQg1fjfQfjfQfjfQfjfQoyoLjtjtjtj@fQfjfQg1fQfQfQfQfjfQfjfQoyo2jtjtjtj@fQfjfQg1fQfQfQfQfjfQfjfQ",
            ),
            (7, 5, 0, 1, 1, "00K1|Q"),
            (60, 20, 2, 5, 2, "D,I#*||}wzs:sVudoMjtj[jt"),
        ],
    );
    let tables = c.into_iter().map(|line| (false, line)).chain(npm.into_iter().map(|line| (true, line)));
    for (inverted, (width, height, phase, across, down, want)) in tables {
        let mut picture = pixels(width, height, Channels::Rgb, phase);
        if inverted {
            picture.data.iter_mut().for_each(|v| *v = 255 - *v);
        }
        assert_eq!(blurhash(&picture, across, down), want);
    }
}

#[test]
fn thumbhash_is_that_of_its_reference() {
    for (width, height, alpha, phase, want) in [
        (100, 75, false, 0, "96090a1d948087877077777878787778828007f888"),
        (60, 100, false, 3, "59f8091c14810788888887887888707307f788"),
        (64, 64, true, 1, "d4b8850d0a3842775077887887425027f48a7f787888788878"),
        (33, 21, true, 2, "18c785138a384277507777545028f47a8f887788888888"),
        (90, 10, false, 4, "dc160a219480878772778787878007f888"),
        (1, 1, false, 0, "000802070000000000000000000000000000000000000000"),
    ] {
        let channels = if alpha { Channels::Rgba } else { Channels::Rgb };
        let hash = thumbhash(&pixels(width, height, channels, phase)).unwrap();
        let text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, want, "{width}x{height}");
    }
    assert!(thumbhash(&pixels(101, 20, Channels::Rgb, 0)).is_err());
}

#[test]
fn colours_by_their_share() {
    let parts: [([u8; 4], usize); 4] =
        [([250, 10, 10, 255], 60), ([10, 20, 240, 255], 30), ([0, 200, 0, 255], 10), ([1, 2, 3, 0], 400)];
    let data: Vec<u8> = parts.iter().flat_map(|(color, count)| color.repeat(*count)).collect();
    let picture = Pixels { width: 100, height: 5, channels: Channels::Rgba, data };
    let want = |color, share| ColorShare { color, share };
    assert_eq!(colors(&picture, 6), [want([250, 10, 10], 0.6), want([10, 20, 240], 0.3), want([0, 200, 0], 0.1)]);
    let one = colors(&picture, 1);
    assert_eq!((one.len(), one[0].share), (1, 1.0));
    let clear = Pixels { data: vec![0; 500 * 4], ..picture };
    assert_eq!(colors(&clear, 6), []);
}
