/// How the bytes of [`Pixels`] are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, straight alpha.
    Rgba,
}

impl Channels {
    /// Bytes of one pixel.
    pub const fn count(self) -> usize {
        match self {
            Channels::Rgb => 3,
            Channels::Rgba => 4,
        }
    }
}

/// A rectangle of 8-bit sRGB pixels, rows from top to bottom without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
    /// Layout.
    pub channels: Channels,
    /// `width * height * channels.count()` bytes.
    pub data: Vec<u8>,
}

/// One frame of a picture, already composed: every frame has the picture's full size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its pixels.
    pub pixels: Pixels,
    /// How long it is shown, in milliseconds; 0 for a still.
    pub delay_ms: u32,
}

/// A decoded picture: one frame, or several of one size and layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// At least one.
    pub frames: Vec<Frame>,
    /// How often an animation plays; 0 for ever.
    pub loops: u32,
}

impl Picture {
    /// A still.
    pub fn still(pixels: Pixels) -> Self {
        Picture { frames: vec![Frame { pixels, delay_ms: 0 }], loops: 0 }
    }

    /// Width of every frame.
    pub fn width(&self) -> u32 {
        self.frames[0].pixels.width
    }

    /// Height of every frame.
    pub fn height(&self) -> u32 {
        self.frames[0].pixels.height
    }

    /// Layout of every frame.
    pub fn channels(&self) -> Channels {
        self.frames[0].pixels.channels
    }

    /// Whether it has several frames.
    pub fn is_animated(&self) -> bool {
        self.frames.len() > 1
    }

    /// Whether any pixel is not opaque.
    pub fn has_alpha(&self) -> bool {
        self.channels() == Channels::Rgba
            && self.frames.iter().any(|f| f.pixels.data.chunks_exact(4).any(|p| p[3] != 255))
    }
}
