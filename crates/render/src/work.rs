use codec::{Cancel, Chroma, ChromaSize, CodecError, Frame, Info, Picture, Pixels, Planar, Plane};
use fast_image_resize::Resizer;
use plan::{Background, Gravity, Sizes};

use crate::geometry::{Affine, Locate, Placement, Rect, Size, Smart, Turn};
use crate::scope::{Scope, blank, bytes, size};
use crate::settle::pair;
use crate::smart;
use crate::stages::resample::Lent;
use crate::stages::{background, orient, resample};

/// A picture under work.
///
/// Turns and cuts are noted in a [`View`] and carried out by the next scaling, so that a 12-megapixel master is neither
/// turned nor copied on its way to a thumbnail, and so that plans may speak of pixels that the decoder shrank away.
pub(crate) struct Work {
    /// None as long as there are planes.
    frames: Vec<Frame>,
    /// A still that has not become RGB yet: scaled and turned as it is, for whatever else it is unpacked first.
    planar: Option<Planar>,
    /// What a scaling leaves of its chroma.
    chroma: ChromaSize,
    loops: u32,
    view: View,
    /// From pixels of the upright master to pixels of the view.
    master: Affine,
    /// What stages that hang on sizes go by.
    sizes: Sizes,
    resizer: Lent,
}

/// The part of the stored pixels that is the picture, and how it is turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// In stored pixels.
    pub(crate) rect: Rect,
    pub(crate) turn: Turn,
    /// The size that the plan sees, after the turn.
    pub(crate) size: Size,
}

impl View {
    pub(crate) fn whole(size: Size) -> Self {
        View { rect: size.rect(), turn: Turn::NONE, size }
    }

    /// Notes a quarter turn or mirror.
    pub(crate) fn turned(&mut self, turn: Turn) {
        self.size = turn.size(self.size);
        self.turn = self.turn.then(turn);
    }

    /// Notes a cut.
    pub(crate) fn cut(&mut self, window: Rect, size: Size) {
        self.rect = self.stored(window);
        self.size = size;
    }

    /// A rectangle of the view in stored pixels.
    pub(crate) fn stored(&self, window: Rect) -> Rect {
        if window == self.size.rect() {
            return self.rect;
        }
        let unturned = self.turn.inverse().rect(window, (f64::from(self.size.w), f64::from(self.size.h)));
        let size = self.turn.inverse().size(self.size);
        let (sx, sy) = (self.rect.w / f64::from(size.w), self.rect.h / f64::from(size.h));
        Rect {
            x: self.rect.x + unturned.x * sx,
            y: self.rect.y + unturned.y * sy,
            w: unturned.w * sx,
            h: unturned.h * sy,
        }
    }
}

fn sizes(initial: Size) -> Sizes {
    let initial = Some(pair(initial));
    Sizes { initial, marked: initial, below: None }
}

impl Work {
    /// Takes a decoded picture; `info` tells its size and orientation before any shrinking.
    pub(crate) fn new(picture: Picture, info: &Info) -> Self {
        let actual = Size::new(picture.width(), picture.height());
        let stored = Size::new(info.width, info.height);
        let turn = Turn::from_exif(info.orientation);
        let upright = turn.size(stored);
        Work {
            frames: picture.frames,
            planar: None,
            chroma: ChromaSize::Full,
            loops: picture.loops,
            view: View { size: stored, ..View::whole(actual) },
            // Until the plan turns the picture upright, it lies as stored.
            master: Affine::turn(turn.inverse(), upright),
            sizes: sizes(upright),
            resizer: Lent::new(),
        }
    }

    /// As [`Work::new`], from planes; `chroma` is what is wanted beside the lightness in the end.
    pub(crate) fn of_planes(planar: Planar, chroma: ChromaSize, info: &Info) -> Self {
        let actual = Size::new(planar.luma.width, planar.luma.height);
        let stored = Size::new(info.width, info.height);
        let turn = Turn::from_exif(info.orientation);
        let upright = turn.size(stored);
        Work {
            frames: Vec::new(),
            planar: Some(planar),
            chroma,
            loops: 0,
            view: View { size: stored, ..View::whole(actual) },
            master: Affine::turn(turn.inverse(), upright),
            sizes: sizes(upright),
            resizer: Lent::new(),
        }
    }

    /// The size that the plan sees.
    pub(crate) fn size(&self) -> Size {
        self.view.size
    }

    /// Notes a quarter turn or mirror.
    pub(crate) fn turn(&mut self, turn: Turn) {
        self.master = self.master.then(Affine::turn(turn, self.view.size));
        self.view.turned(turn);
    }

    /// The picture is upright now, by definition.
    pub(crate) fn upright(&mut self) {
        self.master = Affine::IDENTITY;
        self.sizes = Sizes { below: self.sizes.below, ..sizes(self.size()) };
    }

    /// The sizes that stages go by.
    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Its size here is what stages mean by the current one from now on.
    pub(crate) fn mark(&mut self) {
        self.sizes.marked = Some(pair(self.size()));
    }

    /// It is an overlay on a picture of this size.
    pub(crate) fn lies_on(mut self, below: Size) -> Self {
        self.sizes.below = Some(pair(below));
        self
    }

    /// Notes a cut.
    pub(crate) fn crop(&mut self, window: Rect, size: Size) {
        self.view.cut(window, size);
        self.master = self.master.then(Affine::scale_move(1.0, 1.0, -window.x, -window.y));
    }

    /// Scales a window of the picture, and puts it on a canvas.
    pub(crate) fn place(
        &mut self,
        placement: &Placement,
        background: Background,
        scope: &Scope<'_>,
    ) -> Result<(), CodecError> {
        let master = self.master.then(placement.map());
        self.scale(placement.window, placement.scaled, scope)?;
        if placement.canvas != placement.scaled {
            let (canvas, offset) = (placement.canvas, placement.offset);
            self.unpack(scope)?;
            let fill = background::Fill::new(background, &self.frames[0].pixels, scope);
            self.each(scope, canvas, |pixels, _| background::frame(pixels, canvas, offset, &fill, scope))?;
            self.view = View::whole(canvas);
        }
        self.master = master;
        Ok(())
    }

    /// Carries out what was noted: afterwards the stored pixels are the picture.
    pub(crate) fn settle(&mut self, scope: &Scope<'_>) -> Result<(), CodecError> {
        self.scale(self.view.size.rect(), self.view.size, scope)
    }

    /// Makes RGB of planes.
    fn unpack(&mut self, scope: &Scope<'_>) -> Result<(), CodecError> {
        let Some(planar) = self.planar.take() else { return Ok(()) };
        scope
            .room(planar.bytes(), bytes(Size::new(planar.luma.width, planar.luma.height), codec::Channels::Rgb) * 2)?;
        self.frames = vec![Frame { pixels: planar.to_rgb(scope.cancel)?, delay_ms: 0 }];
        Ok(())
    }

    /// Scales and turns planes as planes.
    fn scale_planes(&mut self, planar: Planar, window: Rect, to: Size, scope: &Scope<'_>) -> Result<(), CodecError> {
        let view = self.view;
        let source = view.stored(window);
        let to = view.turn.inverse().size(to);
        let actual = Size::new(planar.luma.width, planar.luma.height);
        scope.room(
            planar.bytes(),
            bytes(to, codec::Channels::Rgb) + bytes(Size::new(actual.w, to.h), codec::Channels::Rgb),
        )?;
        let chroma = self.chroma;
        let (resizer, cancel) = (self.resizer.get(), scope.cancel);
        let mut scaled = |plane: &Plane, (x, y): (f64, f64), to: Size| {
            let within = |rect: Rect| {
                Rect { x: rect.x * x, y: rect.y * y, w: rect.w * x, h: rect.h * y }
                    .held_in(f64::from(plane.width), f64::from(plane.height))
            };
            let out = resample::resample_plane(resizer, plane, within(view.rect), within(source), to, cancel)?;
            Ok::<_, CodecError>(match view.turn {
                Turn::NONE => out,
                turn => orient::turned_plane(&out, turn),
            })
        };
        let luma = scaled(&planar.luma, (1.0, 1.0), to)?;
        let beside = Size::new(chroma.of(to.w), chroma.of(to.h));
        let chroma = match planar.chroma {
            None => None,
            Some(Chroma { blue, red, ratio }) => {
                let (blue, red) = (scaled(&blue, ratio, beside)?, scaled(&red, ratio, beside)?);
                let ratio = |color: u32, light: u32| f64::from(color) / f64::from(light);
                let ratio = (ratio(blue.width, luma.width), ratio(blue.height, luma.height));
                Some(Chroma { blue, red, ratio })
            }
        };
        self.planar = Some(Planar { luma, chroma, profile: planar.profile });
        Ok(())
    }

    fn scale(&mut self, window: Rect, to: Size, scope: &Scope<'_>) -> Result<(), CodecError> {
        if let Some(planar) = self.planar.take() {
            let whole = Size::new(planar.luma.width, planar.luma.height);
            let still = self.view == View::whole(whole) && window == whole.rect() && to == whole;
            if still && planar.chroma.as_ref().is_none_or(|c| c.blue.width == self.chroma.of(whole.w)) {
                self.planar = Some(planar);
                return Ok(());
            }
            self.scale_planes(planar, window, to, scope)?;
            self.view = View::whole(to);
            return Ok(());
        }
        let view = self.view;
        let source = view.stored(window);
        let stored_to = view.turn.inverse().size(to);
        let actual = size(&self.frames[0].pixels);
        if !(source == actual.rect() && stored_to == actual) {
            let bounds = resample::bounds(view.rect, actual);
            let scratch = resample::scratch(self.frames[0].pixels.channels, bounds, stored_to);
            scope.room(self.held(), scratch)?;
            self.each(scope, stored_to, |pixels, resizer| {
                resample::resample_owned(resizer, pixels, bounds, source, stored_to, scope.cancel)
            })?;
        }
        if view.turn != Turn::NONE {
            self.each(scope, to, |pixels, _| Ok(orient::turned(&pixels, view.turn)))?;
        }
        self.view = View::whole(to);
        Ok(())
    }

    /// Replaces every frame by what `change` makes of it; `to` is the size to expect. The view must be the whole picture
    /// unless the caller sets it.
    fn each(
        &mut self,
        scope: &Scope<'_>,
        to: Size,
        mut change: impl FnMut(Pixels, &mut Resizer) -> Result<Pixels, CodecError>,
    ) -> Result<(), CodecError> {
        self.unpack(scope)?;
        let mut held = self.held();
        for frame in &mut self.frames {
            scope.cancel.check()?;
            // A stage may add alpha: reckon with four bytes a pixel.
            scope.room(held, bytes(to, codec::Channels::Rgba))?;
            let old = std::mem::replace(&mut frame.pixels, blank(Size::new(1, 1), codec::Channels::Rgb));
            held -= old.data.len() as u64;
            frame.pixels = change(old, self.resizer.get())?;
            held += frame.pixels.data.len() as u64;
        }
        Ok(())
    }

    /// Changes the pixels of every frame, to a size; settles first. `map` tells where points go.
    pub(crate) fn change(
        &mut self,
        scope: &Scope<'_>,
        to: Size,
        map: Affine,
        mut change: impl FnMut(Pixels) -> Result<Pixels, CodecError>,
    ) -> Result<(), CodecError> {
        self.settle(scope)?;
        self.each(scope, to, |pixels, _| change(pixels))?;
        self.view = View::whole(to);
        self.master = self.master.then(map);
        Ok(())
    }

    /// Changes pixels of every frame in place. Settle first.
    pub(crate) fn draw(
        &mut self,
        scope: &Scope<'_>,
        mut draw: impl FnMut(&mut Pixels) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        self.unpack(scope)?;
        for frame in &mut self.frames {
            scope.cancel.check()?;
            draw(&mut frame.pixels)?;
        }
        Ok(())
    }

    /// The stored pixels that can still be seen. Whatever follows reads no others.
    pub(crate) fn seen(&self) -> resample::Bounds {
        let stored = match (&self.planar, self.frames.first()) {
            (Some(planar), _) => Size::new(planar.luma.width, planar.luma.height),
            (None, frame) => frame.map_or(self.view.size, |frame| size(&frame.pixels)),
        };
        resample::bounds(self.view.rect, stored)
    }

    /// Changes in place, on every frame, the stored pixels that can still be seen: for what looks at one pixel at a time,
    /// and so may come before the turns and cuts that are noted.
    pub(crate) fn touch(
        &mut self,
        scope: &Scope<'_>,
        mut change: impl FnMut(&mut Pixels, resample::Bounds) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        let seen = self.seen();
        self.draw(scope, |pixels| change(pixels, seen))
    }

    /// The frames as they are. Settle first.
    pub(crate) fn frames(&mut self, scope: &Scope<'_>) -> Result<&[Frame], CodecError> {
        self.unpack(scope)?;
        Ok(&self.frames)
    }

    /// Whether no pixel can be transparent, by its layout.
    pub(crate) fn is_opaque(&self) -> bool {
        self.frames.iter().all(|frame| frame.pixels.channels == codec::Channels::Rgb)
    }

    /// The finished picture.
    pub(crate) fn finish(mut self, scope: &Scope<'_>) -> Result<Picture, CodecError> {
        self.settle(scope)?;
        self.unpack(scope)?;
        Ok(Picture { frames: self.frames, loops: self.loops })
    }

    /// The finished picture, if it is in planes to the end.
    ///
    /// # Errors
    /// As [`Work::finish`].
    pub(crate) fn finish_planes(&mut self, scope: &Scope<'_>) -> Result<Option<Planar>, CodecError> {
        self.settle(scope)?;
        Ok(self.planar.take())
    }

    /// Works something out with eyes on the picture.
    pub(crate) fn locate<T>(&self, scope: &Scope<'_>, work: impl FnOnce(&Locate<'_>) -> T) -> T {
        work(&Locate { master: self.master, smart: &Eyes { work: self, cancel: scope.cancel } })
    }

    /// Bytes of its pixels.
    pub(crate) fn held(&self) -> u64 {
        let planes = self.planar.as_ref().map_or(0, Planar::bytes);
        self.frames.iter().map(|frame| frame.pixels.data.len() as u64).sum::<u64>() + planes
    }

    /// A small copy of the first frame, as the plan sees it.
    fn glance(&self, cancel: &Cancel) -> Result<Pixels, CodecError> {
        let to = self.view.turn.inverse().size(self.view.size.capped(smart::SIDE));
        if let Some(planar) = &self.planar {
            return self.glance_at(planar, to, cancel);
        }
        let pixels = &self.frames[0].pixels;
        let bounds = resample::bounds(self.view.rect, size(pixels));
        let small = resample::resample(Lent::new().get(), pixels, bounds, self.view.rect, to, cancel)?;
        Ok(orient::turned(&small, self.view.turn))
    }
}

impl Work {
    fn glance_at(&self, planar: &Planar, to: Size, cancel: &Cancel) -> Result<Pixels, CodecError> {
        let mut lent = Lent::new();
        let resizer = lent.get();
        let mut small = |plane: &Plane, (x, y): (f64, f64)| {
            let Rect { x: left, y: top, w, h } = self.view.rect;
            let rect = Rect { x: left * x, y: top * y, w: w * x, h: h * y };
            let rect = rect.held_in(f64::from(plane.width), f64::from(plane.height));
            resample::resample_plane(resizer, plane, rect, rect, to, cancel)
        };
        let luma = small(&planar.luma, (1.0, 1.0))?;
        let chroma = match &planar.chroma {
            None => None,
            Some(c) => Some(Chroma { blue: small(&c.blue, c.ratio)?, red: small(&c.red, c.ratio)?, ratio: (1.0, 1.0) }),
        };
        let small = Planar { luma, chroma, profile: planar.profile.clone() }.to_rgb(cancel)?;
        Ok(orient::turned(&small, self.view.turn))
    }
}

/// Sees the picture for those who place windows.
struct Eyes<'a> {
    work: &'a Work,
    cancel: &'a Cancel,
}

impl Smart for Eyes<'_> {
    fn best(&self, gravity: Gravity, window: (f64, f64)) -> (f64, f64) {
        match self.work.glance(self.cancel) {
            // The stage that asked will hear of it too.
            Err(CodecError::Cancelled | CodecError::TimedOut) => (0.5, 0.5),
            Ok(small) => smart::best(&small, gravity, window),
            Err(error) => {
                tracing::warn!(%error, "no look at the picture: the crop is centred");
                (0.5, 0.5)
            }
        }
    }
}
