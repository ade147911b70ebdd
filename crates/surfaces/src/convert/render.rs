//! Pictures on a canvas: placed, scaled, converted, with borders.

use std::cell::RefCell;

use super::canvas::Canvas;
use super::from_rgba::{FromRgba, rows_of_a_block};
use super::picture::{Picture, PictureLayout};
use super::source::{Placement, Samplers, Source};
use super::{planar, rgba};
use crate::colour::{Colour, Range};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, TransformConfig};
use crate::letterbox_map::LetterboxMap;

/// Kept from one picture to the next, so that nothing is allocated as long as sizes stay.
#[derive(Default)]
struct Scratch {
    samplers: Samplers,
    /// Rows that are RGBA on their way to another format.
    strip: Vec<u8>,
    /// Rows of luma that share their chroma.
    luma: [Vec<u8>; 2],
    /// Cb and Cr of these rows.
    chroma: [Vec<u8>; 2],
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Rows that are RGBA at a time on their way to another format: few enough to stay in the cache. Even, so
/// that no chroma sample belongs to two strips.
const STRIP: u32 = 16;

impl Canvas<'_> {
    /// Draws a picture of any layout, or the part `crop` of it, and returns the rectangle that it covers.
    /// Works on the calling thread.
    ///
    /// It is placed and scaled as `config` says; what it does not cover becomes zero in RGBA and `BGRx`
    /// (and in GRAY8 if the picture is grey), black in the others. `config.compute_mode` does not matter.
    ///
    /// Samples of a picture that is not scaled are not changed where the format holds the same ones: luma
    /// in every format but RGBA and `BGRx`, 4:2:0 in NV12, NV21 and I420, 4:2:2 in UYVY. A scaled picture
    /// of Y, Cb, Cr is scaled as such: chroma samples lie in the middle of the pixels that share them, and
    /// are scaled to the pixels of RGB or to the blocks of the format. RGB is scaled as such and becomes
    /// Y, Cb, Cr in the picture's matrix and range, chroma averaged over its block.
    ///
    /// A block of pixels that the rectangle covers in part has the picture's chroma in that proportion.
    ///
    /// # Errors
    /// [`Error::InvalidPicture`] if a plane is too small, [`Error::EmptyRect`] if the picture would
    /// vanish, [`Error::CropOutside`], [`Error::DstPadding`].
    pub fn render(
        &mut self,
        picture: &Picture<'_>,
        crop: Option<Rect>,
        config: &TransformConfig,
    ) -> Result<Rect, Error> {
        self.render_as(picture.colour, picture, crop, config)
    }

    /// [`render`](Self::render) on a canvas whose Y, Cb, Cr are in `colour`. A picture in another one goes
    /// by way of RGB.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn render_as(
        &mut self,
        colour: Colour,
        picture: &Picture<'_>,
        crop: Option<Rect>,
        config: &TransformConfig,
    ) -> Result<Rect, Error> {
        picture.check()?;
        let whole = Rect::covering((picture.width, picture.height));
        let map = LetterboxMap::new(config, whole.size(), crop, self.size())?;
        let (crop, target) = (map.crop(), map.rect());
        let placement = Placement {
            crop,
            target,
            interpolation: config.interpolation,
            chroma: (0, 0),
        };
        let is_whole = crop == whole && target == whole && self.size() == whole.size();
        SCRATCH.with_borrow_mut(|scratch| match self.format() {
            VideoFormat::Rgba | VideoFormat::Bgrx => {
                self.draw_pixels(picture, &placement, is_whole, scratch)
            }
            format if holds_samples(picture, format, colour) => {
                if !(is_whole && planar::copy(picture, self)) {
                    self.draw_samples(picture, &placement, scratch)?;
                }
                Ok(())
            }
            _ => self.draw_converted(colour, picture, &placement, is_whole, scratch),
        })?;
        Ok(target)
    }

    fn draw_pixels(
        &mut self,
        picture: &Picture<'_>,
        placement: &Placement,
        is_whole: bool,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let (format, (width, height)) = (self.format(), self.size());
        let (picture, is_swapped) = match (picture.layout, format) {
            // Pixels stay as they are, the unused byte too.
            (PictureLayout::Bgrx, VideoFormat::Bgrx) => (
                Picture {
                    layout: PictureLayout::Rgba,
                    ..*picture
                },
                false,
            ),
            _ => (*picture, format == VideoFormat::Bgrx),
        };
        let mut pixels = Pixels::new(&picture, placement, is_whole, &mut scratch.samplers)?;
        let row_bytes = width as usize * 4;
        let (to, pitch) = self.plane(0);
        // Only what is changed once more should still be in the cache.
        let step = if is_swapped { STRIP } else { height };
        for (first, to) in (0..height)
            .step_by(step as usize)
            .zip(to.chunks_mut(pitch * step as usize))
        {
            let rows = first..height.min(first.saturating_add(step));
            pixels.draw(rows, to, pitch, row_bytes)?;
            if is_swapped {
                rgba::swap_red_and_blue(to);
            }
        }
        Ok(())
    }

    fn draw_converted(
        &mut self,
        colour: Colour,
        picture: &Picture<'_>,
        placement: &Placement,
        is_whole: bool,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let (width, height) = self.size();
        let mut converter = FromRgba::new(colour, self.format(), width);
        let mut pixels = Pixels::new(picture, placement, is_whole, &mut scratch.samplers)?;
        let pitch = width as usize * 4;
        scratch.strip.resize(pitch * STRIP.min(height) as usize, 0);
        for first in (0..height).step_by(STRIP as usize) {
            let rows = first..height.min(first.saturating_add(STRIP));
            pixels.draw(rows.clone(), &mut scratch.strip, pitch, pitch)?;
            converter.convert(&scratch.strip, rows, self);
        }
        Ok(())
    }

    fn draw_samples(
        &mut self,
        picture: &Picture<'_>,
        placement: &Placement,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let (width, height) = self.size();
        let target = placement.target;
        let step = rows_of_a_block(self.format());
        let shifts = (1, step.trailing_zeros());
        let placement = Placement {
            chroma: shifts,
            ..*placement
        };
        let black = black(picture, self.format());
        let mut source = Source::new(picture, &mut scratch.samplers, &placement)?;
        let [across, down] = [
            Blocks::new(target.left, target.width, width, shifts.0),
            Blocks::new(target.top, target.height, height, shifts.1),
        ];
        let inside = target.left as usize..(target.left + target.width) as usize;
        let touched = across.first as usize..(across.first + across.count) as usize;
        for line in &mut scratch.luma {
            line.resize(width as usize, black);
        }
        for line in &mut scratch.chroma {
            line.resize(width.div_ceil(2) as usize, 128);
        }
        let has_chroma = self.format() != VideoFormat::Gray8;
        for upper in (0..height).step_by(step as usize) {
            let rows = upper..(upper + step).min(height);
            for (row, line) in rows.clone().zip(&mut scratch.luma) {
                line.fill(black);
                if let Some(row) = within(row, target.top, target.height) {
                    source.luma(row, &mut line[inside.clone()]);
                }
            }
            if has_chroma {
                let mut lines = scratch.chroma.each_mut();
                for line in &mut lines {
                    line.fill(128);
                }
                let blocks = upper >> shifts.1;
                if let Some(row) = within(blocks, down.first, down.count) {
                    let mut touched = lines.map(|line| &mut line[touched.clone()]);
                    source.chroma(row, touched.each_mut().map(|line| &mut **line));
                    for line in touched {
                        across.dilute(line, down.share(blocks));
                    }
                }
            }
            let luma = scratch.luma.each_ref().map(Vec::as_slice);
            let chroma = scratch.chroma.each_ref().map(Vec::as_slice);
            planar::write_rows(self, upper..=rows.end - 1, luma, chroma);
        }
        Ok(())
    }
}

/// A picture as RGBA rows of a canvas, transparent black around it.
enum Pixels<'a> {
    /// Neither scaled nor cropped, and it covers the canvas.
    Whole(Picture<'a>),
    Placed(Source<'a>, Rect),
}

impl<'a> Pixels<'a> {
    fn new(
        picture: &Picture<'a>,
        placement: &Placement,
        is_whole: bool,
        samplers: &'a mut Samplers,
    ) -> Result<Self, Error> {
        // One conversion for all rows is faster; it does not take deep samples.
        if is_whole && !picture.is_deep() {
            return Ok(Self::Whole(*picture));
        }
        let source = Source::new(picture, samplers, placement)?;
        Ok(Self::Placed(source, placement.target))
    }

    /// Writes rows of the canvas, `pitch` bytes apart. The first one is even.
    fn draw(
        &mut self,
        rows: std::ops::Range<u32>,
        to: &mut [u8],
        pitch: usize,
        row_bytes: usize,
    ) -> Result<(), Error> {
        match self {
            Self::Whole(picture) => rgba::to_rgba(&picture.strip(rows), to, pitch)?,
            Self::Placed(source, target) => {
                let left = target.left as usize * 4;
                let right = left + target.width as usize * 4;
                for (row, to) in rows.zip(to.chunks_mut(pitch)) {
                    let to = &mut to[..row_bytes];
                    let Some(row) = within(row, target.top, target.height) else {
                        to.fill(0);
                        continue;
                    };
                    to[..left].fill(0);
                    source.rgba(row, &mut to[left..right]);
                    to[right..].fill(0);
                }
            }
        }
        Ok(())
    }
}

/// The blocks along an axis of a canvas that a rectangle touches.
struct Blocks {
    first: u32,
    count: u32,
    target: (u32, u32),
    canvas: u32,
    shift: u32,
}

impl Blocks {
    fn new(start: u32, length: u32, canvas: u32, shift: u32) -> Self {
        let end = start + length;
        let first = start >> shift;
        Self {
            first,
            count: end.div_ceil(1 << shift) - first,
            target: (start, end),
            canvas,
            shift,
        }
    }

    /// How many pixels of a block the rectangle covers, of how many that it has.
    fn share(&self, block: u32) -> (u32, u32) {
        let start = block << self.shift;
        let end = ((block + 1) << self.shift).min(self.canvas);
        let covered = end.min(self.target.1) - start.max(self.target.0);
        (covered, end - start)
    }

    /// Mixes chroma of blocks that are not covered whole with the neutral one of the borders. `down` is
    /// the share of these blocks in the other direction.
    fn dilute(&self, line: &mut [u8], down: (u32, u32)) {
        let last = self.count - 1;
        let is_partial = down.0 < down.1;
        for (index, sample) in (0..).zip(line) {
            if !is_partial && index != 0 && index != last {
                continue;
            }
            let across = self.share(self.first + index);
            let (covered, all) = ((across.0 * down.0) as i32, (across.1 * down.1) as i32);
            let excess = (i32::from(*sample) - 128) * covered;
            *sample = (128 + (2 * excess + all).div_euclid(2 * all)) as u8;
        }
    }
}

/// The position from `start`, if it is within `length` of it.
fn within(position: u32, start: u32, length: u32) -> Option<u32> {
    position.checked_sub(start).filter(|row| *row < length)
}

/// Whether a format holds a picture's samples, if it is in `colour`. Grey has no matrix.
fn holds_samples(picture: &Picture<'_>, format: VideoFormat, colour: Colour) -> bool {
    let is_grey = picture.layout == PictureLayout::Gray8 || format == VideoFormat::Gray8;
    picture.layout.is_ycbcr()
        && picture.colour.range == colour.range
        && (is_grey || picture.colour.matrix == colour.matrix)
}

/// The luma of what the picture does not cover.
fn black(picture: &Picture<'_>, format: VideoFormat) -> u8 {
    let is_grey_alone = picture.layout == PictureLayout::Gray8 && format == VideoFormat::Gray8;
    match picture.colour.range {
        Range::Limited if !is_grey_alone => 16,
        _ => 0,
    }
}
