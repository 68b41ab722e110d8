//! Text to pixels: characters and a [`Style`] in, a picture with straight alpha out.
//!
//! ```
//! use plan::Color;
//! use text::{Fonts, Limits, Sides, Style, draw, layout};
//!
//! // Once, at start; shared by all threads.
//! let fonts = Fonts::embedded();
//!
//! let style = Style {
//!     size: 32.0,
//!     weight: 700,
//!     color: Color::WHITE,
//!     background: Color::BLACK.with_alpha(128),
//!     padding: Sides::all(10),
//!     max_width: Some(300),
//!     ..Style::default()
//! };
//! let laid = layout("Hello, שלום", &style, &fonts, &Limits::default())?;
//! assert!(laid.warnings.is_empty() && laid.frame.width <= 320);
//! let picture = draw(&laid)?;
//! assert_eq!(picture.data.len(), (picture.width * picture.height * 4) as usize);
//! # Ok::<(), text::TextError>(())
//! ```
//!
//! [`layout`] finds sizes, warnings and errors without painting, [`draw`] paints. A layer is placed by [`Laid::frame`], the
//! styled box: the picture itself is larger where letters lean out of their box, or outline and shadow surround it.
//!
//! Shaping, bidirectional order and line breaks are parley's, outlines skrifa's, painting vello_cpu's
//! (`docs/adr/0009-text-stack.md` says why). Fonts are the embedded family and those of folders that the settings name; nothing is sought on
//! the system unasked. A glyph that no font has is a box and a [`Warning`], never an error. What a text may cost has
//! [`Limits`] (G11).

mod check;
mod fit;
mod fonts;
mod glyph;
mod laid;
mod limits;
mod paint;
mod prepare;
mod shadow;
mod shape;
mod style;

pub use fonts::{DEFAULT_FAMILY, FontName, Fonts, FontsError, SYSTEM_FOLDERS, embedded_files};
pub use laid::{Frame, Laid, Warning, layout};
pub use limits::{Limits, TextError};
pub use paint::{Rgba, draw};
pub use style::{
    Align, Bounds, CutAt, Direction, Ligatures, LineHeight, Outline, Overflow, Shadow, Sides, Style, Vertical,
};
