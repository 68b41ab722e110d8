#![allow(clippy::unwrap_used, clippy::expect_used)]
use proptest::prelude::*;

use super::*;

fn request(decode: Option<Decode>) -> Request {
    let budget = Budget { input_pixels: 1_000_000, memory: 3_000_000, ..Budget::default() };
    Request { decode, budget, length: 5000 }
}

fn sized(width: u32, height: u32) -> Info {
    Info { kind: Kind::Avif, width, height, orientation: 6, may_have_alpha: false, frames: 1 }
}

/// An honest answer of 40 x 30.
fn honest() -> ReplyHead {
    ReplyHead { tag: DECODED, channels: 3, picture: (40, 30), pixels: 3600, ..ReplyHead::of(&sized(40, 30)) }
}

fn read(head: &ReplyHead, request: &Request) -> Result<Promise, &'static str> {
    Promise::read(&head.to_bytes(), Kind::Avif, request)
}

#[test]
fn what_is_written_is_read() {
    let ask = Decode { at_least: Some((7, 9)), all_frames: true, page: 3, keep_profile: true, ..Decode::default() };
    for decode in [None, Some(Decode::default()), Some(ask)] {
        let request = request(decode);
        assert_eq!(Request::of_bytes(&request.to_bytes()), request);
    }
    for enforced in [
        Enforced::default(),
        Enforced { landlock: Some(Landlock { abi: 7, whole: true }), seccomp: true, limits: true, descriptors: 3 },
    ] {
        assert_eq!(read_hello(&hello(&enforced)), Some(enforced));
    }
    assert_eq!(read_hello(&[0; HELLO]), None);
    assert_eq!(ReplyHead::of_bytes(&honest().to_bytes()), honest());
}

#[test]
fn errors_come_through() {
    for error in [
        CodecError::Unsupported("a".into()),
        CodecError::Truncated("b".into()),
        CodecError::Corrupt("c".into()),
        CodecError::OverBudget { what: "input pixels", found: 1 << 40, limit: 7 },
        CodecError::TimedOut,
        CodecError::Internal("d".into()),
    ] {
        let reply = Reply::Error(error.clone());
        let Promise::Error { head, text } = Promise::read(&reply.head(), Kind::Avif, &request(None)).unwrap() else {
            panic!("{error:?}");
        };
        assert_eq!(text, reply.text().len());
        assert_eq!(head.with(reply.text().as_bytes()), error);
    }
    let long = Reply::Error(CodecError::Corrupt("ü".repeat(LONGEST_TEXT)));
    assert!(Promise::read(&long.head(), Kind::Avif, &request(None)).is_ok());
    let head = ErrorHead { variant: 2, what: "memory", found: 0, limit: 0 };
    assert_eq!(head.with(b"line\r\n\x1b[31mred\xFF"), CodecError::Corrupt("line[31mred\u{FFFD}".into()));
}

#[test]
fn a_head_that_promises_what_cannot_be_is_refused() {
    let whole = request(Some(Decode::default()));
    let shrunk = request(Some(Decode { at_least: Some((10, 10)), ..Decode::default() }));
    let keeping = request(Some(Decode { keep_profile: true, ..Decode::default() }));
    let half = ReplyHead { picture: (20, 15), pixels: 900, ..honest() };
    assert!(read(&honest(), &whole).is_ok());
    assert!(read(&half, &shrunk).is_ok());
    assert!(read(&ReplyHead { profile: 4000, ..honest() }, &keeping).is_ok());
    assert!(read(&ReplyHead { tag: INFO, ..honest() }, &request(None)).is_ok());

    let large =
        ReplyHead { picture: (1000, 1000), pixels: 4_000_000, channels: 4, ..ReplyHead::of(&sized(1000, 1000)) };
    for (what, head, request) in [
        ("no answer", ReplyHead::default(), &whole),
        ("headers for pixels", ReplyHead { tag: INFO, ..honest() }, &whole),
        ("pixels for headers", honest(), &request(None)),
        ("another kind", ReplyHead { kind: index(Kind::Jpeg), ..honest() }, &whole),
        ("no width", ReplyHead { info: (0, 30, 1), picture: (0, 30), pixels: 0, ..honest() }, &whole),
        ("too many pixels", ReplyHead { info: (u32::MAX, u32::MAX, 1), ..honest() }, &whole),
        ("two frames", ReplyHead { info: (40, 30, 2), ..honest() }, &whole),
        ("no orientation", ReplyHead { orientation: 9, ..honest() }, &whole),
        ("half alpha", ReplyHead { alpha: 2, ..honest() }, &whole),
        ("five channels", ReplyHead { channels: 5, pixels: 6000, ..honest() }, &whole),
        ("shrunk unasked", half.clone(), &whole),
        ("larger", ReplyHead { picture: (41, 30), pixels: 41 * 30 * 3, ..honest() }, &shrunk),
        ("shrunk to nothing", ReplyHead { picture: (40, 0), pixels: 0, ..honest() }, &shrunk),
        ("a byte more", ReplyHead { pixels: 3601, ..honest() }, &whole),
        ("all there is", ReplyHead { pixels: u64::MAX, ..honest() }, &whole),
        ("more memory than the budget", ReplyHead { tag: DECODED, ..large }, &whole),
        ("a profile unasked", ReplyHead { profile: 10, ..honest() }, &whole),
        ("a profile beyond the file", ReplyHead { profile: 5001, ..honest() }, &keeping),
        ("a long text", ReplyHead { tag: ERROR, text: 1001, ..ReplyHead::default() }, &whole),
        ("an unknown error", ReplyHead { tag: ERROR, variant: 6, ..ReplyHead::default() }, &whole),
        ("an unknown limit", ReplyHead { tag: ERROR, what: 6, ..ReplyHead::default() }, &whole),
    ] {
        assert!(read(&head, request).is_err(), "{what}");
    }
}

proptest! {
    /// Whatever comes, no more memory is taken than the budget allows.
    #[test]
    fn any_head_is_within_the_budget(bytes in prop::array::uniform32(any::<u8>()), rest in prop::array::uniform32(any::<u8>()), honest_start in any::<bool>()) {
        let mut head = [0; REPLY];
        head[..32].copy_from_slice(&bytes);
        head[32..].copy_from_slice(&rest);
        if honest_start {
            head[..24].copy_from_slice(&honest().to_bytes()[..24]);
        }
        for request in [request(None), request(Some(Decode { at_least: Some((1, 1)), keep_profile: true, ..Decode::default() }))] {
            match Promise::read(&head, Kind::Avif, &request) {
                Ok(Promise::Decoded { profile, pixels, info, .. }) => {
                    prop_assert!(pixels as u64 <= request.budget.memory);
                    prop_assert!(profile.unwrap_or(0) as u64 <= request.length);
                    prop_assert!(u64::from(info.width) * u64::from(info.height) <= request.budget.input_pixels);
                }
                Ok(Promise::Error { text, .. }) => prop_assert!(text <= LONGEST_TEXT),
                Ok(Promise::Info(_)) | Err(_) => {}
            }
        }
    }
}
