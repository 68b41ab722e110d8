//! What server and worker say to each other: heads of fixed length, numbers with the lowest byte first, and bytes.
//!
//! The worker trusts the server. The server trusts nothing: a head is checked against what was asked, before memory is taken
//! for what it announces.

use codec::{Budget, Channels, CodecError, Decode, Decoded, Info, Kind, Picture, Pixels};

use crate::sandbox::{Enforced, Landlock};

/// What a worker says first, when it has given up its rights.
pub(crate) const HELLO: usize = 16;
/// The head of a job; the file follows.
pub(crate) const REQUEST: usize = 56;
/// The head of an answer; a text, or profile and pixels, follow.
pub(crate) const REPLY: usize = 64;
/// Longest text of an error, in bytes.
const LONGEST_TEXT: usize = 1000;

const MAGIC: [u8; 4] = *b"AfW\x01";
/// Limits that an error may name.
const LIMITS: [&str; 6] = ["memory", "input bytes", "input pixels", "frames", "elements", "work"];

/// What a worker has given up, as its first words.
pub(crate) fn hello(enforced: &Enforced) -> [u8; HELLO] {
    let mut head = Head::<HELLO>::default();
    head.bytes(&MAGIC);
    let (abi, whole) = enforced.landlock.as_ref().map_or((0, false), |landlock| (landlock.abi, landlock.whole));
    head.bytes(&[abi, whole.into(), enforced.seccomp.into(), enforced.limits.into()]);
    head.number(enforced.descriptors.into(), 2);
    head.done
}

/// `None` for anything that no worker of this version says.
pub(crate) fn read_hello(head: &[u8; HELLO]) -> Option<Enforced> {
    let mut at = Fields(head);
    let magic: [u8; 4] = at.bytes();
    let [abi, whole, seccomp, limits]: [u8; 4] = at.bytes();
    let landlock = (abi > 0).then_some(Landlock { abi, whole: whole == 1 });
    let descriptors = u16::try_from(at.number(2)).ok()?;
    (magic == MAGIC).then_some(Enforced { landlock, seccomp: seccomp == 1, limits: limits == 1, descriptors })
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// `None`: the headers alone.
    pub decode: Option<Decode>,
    pub budget: Budget,
    /// Bytes of the file.
    pub length: u64,
}

impl Request {
    pub(crate) fn to_bytes(&self) -> [u8; REQUEST] {
        let mut head = Head::<REQUEST>::default();
        let plain = Decode::default();
        let ask = self.decode.as_ref().unwrap_or(&plain);
        let flags = [self.decode.is_some(), ask.at_least.is_some(), ask.all_frames, ask.keep_profile];
        head.bytes(&flags.map(u8::from));
        let (width, height) = ask.at_least.unwrap_or_default();
        for number in [ask.page, width, height, self.budget.output_side, self.budget.frames] {
            head.number(number.into(), 4);
        }
        for number in [self.budget.input_bytes, self.budget.input_pixels, self.budget.memory, self.length] {
            head.number(number, 8);
        }
        head.done
    }

    pub(crate) fn of_bytes(head: &[u8; REQUEST]) -> Request {
        let mut at = Fields(head);
        let [decode, sized, all_frames, keep_profile] = at.bytes::<4>().map(|flag| flag == 1);
        let [page, width, height, output_side, frames] = std::array::from_fn(|_| at.number(4) as u32);
        let [input_bytes, input_pixels, memory, length] = std::array::from_fn(|_| at.number(8));
        let at_least = sized.then_some((width, height));
        let ask = Decode { at_least, all_frames, page, keep_profile, ..Decode::default() };
        let budget = Budget { input_bytes, input_pixels, output_side, frames, memory, ..Budget::default() };
        Request { decode: decode.then_some(ask), budget, length }
    }
}

/// An answer, as its worker has it.
#[derive(Debug)]
pub(crate) enum Reply {
    Info(Info),
    Decoded(Decoded),
    Error(CodecError),
}

impl Reply {
    /// Its head.
    pub(crate) fn head(&self) -> [u8; REPLY] {
        let head = match self {
            Reply::Info(info) => ReplyHead { tag: INFO, ..ReplyHead::of(info) },
            Reply::Decoded(decoded) => {
                let (picture, of) = (&decoded.picture, ReplyHead::of(&decoded.info));
                ReplyHead {
                    tag: DECODED,
                    picture: (picture.width(), picture.height()),
                    channels: picture.channels().count() as u8,
                    // One more than its length; 0 is none.
                    profile: decoded.profile.as_ref().map_or(0, |profile| profile.len() as u64 + 1),
                    pixels: self.pixels().len() as u64,
                    ..of
                }
            }
            Reply::Error(error) => {
                let (variant, (what, found, limit)) = match error {
                    CodecError::Unsupported(_) => (0, (0, 0, 0)),
                    CodecError::Truncated(_) => (1, (0, 0, 0)),
                    CodecError::Corrupt(_) => (2, (0, 0, 0)),
                    CodecError::OverBudget { what, found, limit } => {
                        let at = LIMITS.iter().position(|known| known == what).unwrap_or(0);
                        (3, (at as u8, *found, *limit))
                    }
                    CodecError::TimedOut | CodecError::Cancelled => (4, (0, 0, 0)),
                    CodecError::Internal(_) => (5, (0, 0, 0)),
                };
                let text = self.text().len() as u64;
                ReplyHead { tag: ERROR, variant, what, found, limit, text, ..ReplyHead::default() }
            }
        };
        head.to_bytes()
    }

    /// The text of an error.
    pub(crate) fn text(&self) -> &str {
        let Reply::Error(
            CodecError::Unsupported(text)
            | CodecError::Truncated(text)
            | CodecError::Corrupt(text)
            | CodecError::Internal(text),
        ) = self
        else {
            return "";
        };
        &text[..text.floor_char_boundary(LONGEST_TEXT)]
    }

    /// The profile, if there is one.
    pub(crate) fn profile(&self) -> &[u8] {
        match self {
            Reply::Decoded(decoded) => decoded.profile.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// The pixels. Kinds that go to workers have one frame.
    pub(crate) fn pixels(&self) -> &[u8] {
        match self {
            Reply::Decoded(decoded) => decoded.picture.frames.first().map_or(&[], |frame| &frame.pixels.data),
            _ => &[],
        }
    }
}

const INFO: u8 = 1;
const DECODED: u8 = 2;
const ERROR: u8 = 3;

/// An answer's head as it comes. Nothing in it is to be believed.
#[derive(Debug, Clone, Default, PartialEq)]
struct ReplyHead {
    tag: u8,
    kind: u8,
    orientation: u8,
    alpha: u8,
    channels: u8,
    variant: u8,
    what: u8,
    /// Width, height, frames.
    info: (u32, u32, u32),
    picture: (u32, u32),
    text: u64,
    profile: u64,
    pixels: u64,
    found: u64,
    limit: u64,
}

impl ReplyHead {
    fn of(info: &Info) -> ReplyHead {
        ReplyHead {
            kind: index(info.kind),
            orientation: info.orientation,
            alpha: info.may_have_alpha.into(),
            info: (info.width, info.height, info.frames),
            ..ReplyHead::default()
        }
    }

    fn to_bytes(&self) -> [u8; REPLY] {
        let mut head = Head::<REPLY>::default();
        head.bytes(&[self.tag, self.kind, self.orientation, self.alpha, self.channels, self.variant, self.what, 0]);
        for number in [self.info.0, self.info.1, self.info.2, self.picture.0, self.picture.1] {
            head.number(number.into(), 4);
        }
        head.number(self.text, 4);
        for number in [self.profile, self.pixels, self.found, self.limit] {
            head.number(number, 8);
        }
        head.done
    }

    fn of_bytes(head: &[u8; REPLY]) -> ReplyHead {
        let mut at = Fields(head);
        let [tag, kind, orientation, alpha, channels, variant, what, _] = at.bytes::<8>();
        let [width, height, frames, across, down, text] = std::array::from_fn(|_| at.number(4) as u32);
        let [profile, pixels, found, limit] = std::array::from_fn(|_| at.number(8));
        let (info, picture, text) = ((width, height, frames), (across, down), text.into());
        ReplyHead {
            tag,
            kind,
            orientation,
            alpha,
            channels,
            variant,
            what,
            info,
            picture,
            text,
            profile,
            pixels,
            found,
            limit,
        }
    }
}

/// What is still to come of an answer, and may be taken memory for.
#[derive(Debug, PartialEq)]
pub(crate) enum Promise {
    Info(Info),
    Error {
        head: ErrorHead,
        /// Bytes of its text.
        text: usize,
    },
    Decoded {
        info: Info,
        width: u32,
        height: u32,
        channels: Channels,
        /// Bytes of its colour profile.
        profile: Option<usize>,
        /// Bytes of its pixels.
        pixels: usize,
    },
}

/// The part of an error that has a fixed length.
#[derive(Debug, PartialEq)]
pub(crate) struct ErrorHead {
    variant: u8,
    what: &'static str,
    found: u64,
    limit: u64,
}

impl Promise {
    /// Reads a head as the answer to a request about a file of a kind.
    ///
    /// # Errors
    /// In words, what no honest worker says.
    pub(crate) fn read(head: &[u8; REPLY], kind: Kind, request: &Request) -> Result<Promise, &'static str> {
        let head = ReplyHead::of_bytes(head);
        match (head.tag, &request.decode) {
            (INFO, None) => Ok(Promise::Info(info(&head, kind, &request.budget)?)),
            (DECODED, Some(ask)) => decoded(&head, kind, request, ask),
            (ERROR, _) => {
                let text = usize::try_from(head.text).unwrap_or(usize::MAX);
                let known = LIMITS.get(usize::from(head.what)).copied();
                let (Some(what), 0..=LONGEST_TEXT, 0..=5) = (known, text, head.variant) else {
                    return Err("an error of no kind");
                };
                let (variant, found, limit) = (head.variant, head.found, head.limit);
                Ok(Promise::Error { head: ErrorHead { variant, what, found, limit }, text })
            }
            _ => Err("an answer to something else"),
        }
    }
}

fn info(head: &ReplyHead, kind: Kind, budget: &Budget) -> Result<Info, &'static str> {
    let (width, height, frames) = head.info;
    if head.kind != index(kind) {
        return Err("a file of another kind");
    }
    if width == 0 || height == 0 || u64::from(width) * u64::from(height) > budget.input_pixels {
        return Err("a size beyond the limit");
    }
    if !(1..=8).contains(&head.orientation) || frames != 1 || head.alpha > 1 {
        return Err("headers that cannot be");
    }
    Ok(Info { kind, width, height, orientation: head.orientation, may_have_alpha: head.alpha == 1, frames })
}

fn decoded(head: &ReplyHead, kind: Kind, request: &Request, ask: &Decode) -> Result<Promise, &'static str> {
    let info = info(head, kind, &request.budget)?;
    let (width, height) = head.picture;
    let channels = match head.channels {
        3 => Channels::Rgb,
        4 => Channels::Rgba,
        _ => return Err("pixels of no layout"),
    };
    let shrunk = ask.at_least.is_some();
    let fits = |side: u32, of: u32| side == of || shrunk && (1..of).contains(&side);
    if !fits(width, info.width) || !fits(height, info.height) {
        return Err("a picture of another size");
    }
    let bytes = u64::from(width) * u64::from(height) * channels.count() as u64;
    if head.pixels != bytes || bytes > request.budget.memory {
        return Err("more pixels, or fewer, than its size has");
    }
    // A profile is a part of the file, as it lies there.
    if head.profile > request.length || head.profile > 0 && !ask.keep_profile {
        return Err("a profile that the file cannot hold");
    }
    let length = |bytes: u64| usize::try_from(bytes).map_err(|_| "more than memory holds");
    let profile = head.profile.checked_sub(1).map(length).transpose()?;
    Ok(Promise::Decoded { info, width, height, channels, profile, pixels: length(bytes)? })
}

impl ErrorHead {
    /// The error, with its text. That may be anything, and ends up before people and in logs.
    pub(crate) fn with(self, text: &[u8]) -> CodecError {
        let shown = String::from_utf8_lossy(text);
        let text = shown.chars().filter(|c| !c.is_control()).collect();
        match self.variant {
            0 => CodecError::Unsupported(text),
            1 => CodecError::Truncated(text),
            2 => CodecError::Corrupt(text),
            3 => CodecError::OverBudget { what: self.what, found: self.found, limit: self.limit },
            4 => CodecError::TimedOut,
            _ => CodecError::Internal(text),
        }
    }
}

/// The picture that was promised.
pub(crate) fn picture((width, height): (u32, u32), channels: Channels, data: Vec<u8>) -> Picture {
    Picture::still(Pixels { width, height, channels, data })
}

fn index(kind: Kind) -> u8 {
    Kind::ALL.iter().position(|known| *known == kind).unwrap_or(0) as u8
}

/// Fills a head from its first byte on.
struct Head<const N: usize> {
    done: [u8; N],
    at: usize,
}

impl<const N: usize> Default for Head<N> {
    fn default() -> Self {
        Head { done: [0; N], at: 0 }
    }
}

impl<const N: usize> Head<N> {
    fn bytes(&mut self, bytes: &[u8]) {
        // Both ends are ours, and the lengths are constants.
        if let Some(room) = self.done.get_mut(self.at..self.at + bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.at += bytes.len();
    }

    fn number(&mut self, number: u64, length: usize) {
        self.bytes(&number.to_le_bytes()[..length]);
    }
}

/// Takes a head apart. Past its end there are zeros.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_at(N.min(self.0.len()));
        self.0 = rest;
        let mut out = [0; N];
        out[..head.len()].copy_from_slice(head);
        out
    }

    fn number(&mut self, length: usize) -> u64 {
        let (head, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        head.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests;
