//! The blocks of a GIF file, walked without decoding: how many frames there are and whether all are there.

use crate::CodecError;

/// What the blocks say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Blocks {
    pub width: u32,
    pub height: u32,
    /// Image blocks that are whole.
    pub frames: u32,
    /// Widest and highest image block; at least 1.
    pub widest: u32,
    pub highest: u32,
    pub may_have_alpha: bool,
    /// How often it plays; 0 for ever.
    pub plays: u32,
    /// A looping extension was seen: more than one frame is meant.
    loops: bool,
    /// The data ends at the trailer.
    ended: bool,
    /// The data ends inside a block.
    cut: bool,
}

impl Blocks {
    /// Walks to the trailer or to where the data ends.
    ///
    /// # Errors
    /// `Truncated` when the data ends before the first block.
    pub(super) fn read(bytes: &[u8]) -> Result<Blocks, CodecError> {
        let header = bytes.get(6..13).ok_or_else(|| CodecError::Truncated("a GIF without a header".into()))?;
        let mut blocks = Blocks {
            width: u16::from_le_bytes([header[0], header[1]]).into(),
            height: u16::from_le_bytes([header[2], header[3]]).into(),
            widest: 1,
            highest: 1,
            plays: 1,
            ..Blocks::default()
        };
        let mut at = 13 + table(header[4]);
        blocks.cut = blocks.walk(bytes, &mut at).is_none() && at != bytes.len();
        Ok(blocks)
    }

    /// `None` when the data ends first; `at` is then its end if that is between two blocks.
    fn walk(&mut self, bytes: &[u8], at: &mut usize) -> Option<()> {
        let (mut transparent, mut disposal) = (false, 0);
        loop {
            match *bytes.get(*at)? {
                0x3B => {
                    self.ended = true;
                    return Some(());
                }
                0x2C => {
                    let place = bytes.get(*at + 1..*at + 10)?;
                    let number = |i: usize| u32::from(u16::from_le_bytes([place[i], place[i + 1]]));
                    let (left, top, width, height) = (number(0), number(2), number(4), number(6));
                    self.widest = self.widest.max(width);
                    self.highest = self.highest.max(height);
                    let covers = left == 0 && top == 0 && width >= self.width && height >= self.height;
                    // On the first frame what is not drawn, or not kept, stays transparent; later ones show what is below.
                    let first = self.frames == 0;
                    self.may_have_alpha |= disposal == 2 || (first && (transparent || !covers || disposal == 3));
                    let end = data_blocks(bytes, *at + 11 + table(place[8]))?;
                    *at = end;
                    self.frames += 1;
                    (transparent, disposal) = (false, 0);
                }
                0x21 => {
                    let body = bytes.get(*at + 2..)?;
                    match *bytes.get(*at + 1)? {
                        0xF9 => {
                            let flags = *body.get(1)?;
                            (transparent, disposal) = (flags & 1 == 1, flags >> 2 & 7);
                        }
                        0xFF if body.get(1..12) == Some(b"NETSCAPE2.0") || body.get(1..12) == Some(b"ANIMEXTS1.0") => {
                            if let Some([3, 1, low, high]) = body.get(12..16) {
                                let repeats = u32::from(u16::from_le_bytes([*low, *high]));
                                self.plays = if repeats == 0 { 0 } else { repeats + 1 };
                                self.loops = true;
                            }
                        }
                        _ => {}
                    }
                    let end = data_blocks(bytes, *at + 2)?;
                    *at = end;
                }
                // Some writers pad between blocks.
                0 => *at += 1,
                // The decoder names the error, if it comes this far.
                _ => return Some(()),
            }
        }
    }

    /// Whether nothing is missing. The trailer alone may be, if the file was not meant to go on.
    pub(super) fn is_complete(&self) -> bool {
        self.frames > 0 && !self.cut && (self.ended || (self.frames == 1 && !self.loops))
    }
}

/// Bytes of the colour table that a flags byte announces.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Skips data sub-blocks and their terminator. `None` when the data ends first.
fn data_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length => at += 1 + usize::from(length),
        }
    }
}
