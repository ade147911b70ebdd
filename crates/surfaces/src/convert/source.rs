//! A part of a picture at the size of its target, row by row: as RGBA, or as Y, Cb, Cr.

use super::axis::{Span, Taps};
use super::levels::{NEUTRAL, narrow};
use super::picture::{Picture, PictureLayout};
use super::resample::{self, Samples};
use super::sampler::Sampler;
use super::split::split;
use super::texels::{Chroma, Texel, Texels};
use super::ycbcr::{Factors, Row, convert_levels};
use crate::enums::Interpolation;
use crate::error::Error;
use crate::geometry::Rect;

/// Base-2 logarithms of the pixels that share a chroma sample, in x and y.
pub(super) type Shifts = (u32, u32);

/// Tables and rows that are kept from one picture to the next.
#[derive(Default)]
pub(super) struct Samplers {
    pixels: Sampler<4>,
    luma: Sampler<1>,
    pairs: Sampler<2>,
    chroma: [Sampler<1>; 2],
    /// Cb and Cr of a row.
    rows: [Vec<i16>; 2],
}

/// A checked picture that is drawn in a rectangle.
pub(super) struct Source<'a> {
    samplers: &'a mut Samplers,
    content: Content<'a>,
    factors: Factors,
}

enum Content<'a> {
    Pixels(Texels<'a>),
    Samples {
        luma: Texels<'a>,
        chroma: Chroma<'a>,
    },
}

/// From where to where, and how.
#[derive(Clone, Copy)]
pub(super) struct Placement {
    pub crop: Rect,
    pub target: Rect,
    pub interpolation: Interpolation,
    /// How many target pixels share a chroma sample.
    pub chroma: Shifts,
}

impl Placement {
    fn is_scaled(&self) -> bool {
        self.crop.size() != self.target.size()
    }

    /// `None` for filters of more taps. A picture that is not scaled keeps its samples: chroma is
    /// replicated, or averaged where more pixels share it.
    fn taps(&self, span: &Span) -> Option<Taps> {
        match self.interpolation {
            _ if !self.is_scaled() && span.target_shift < span.source_shift => Some(Taps::One),
            _ if !self.is_scaled() => Some(Taps::Two),
            Interpolation::Bilinear => Some(Taps::Two),
            other => resample::is_nearest(other).then_some(Taps::One),
        }
    }

    fn spans(&self, source: Shifts, target: Shifts) -> [Span; 2] {
        let Self {
            crop, target: to, ..
        } = self;
        let x = Span {
            source: (crop.left, crop.width),
            target: (to.left, to.width),
            source_shift: source.0,
            target_shift: target.0,
        };
        let y = Span {
            source: (crop.top, crop.height),
            target: (to.top, to.height),
            source_shift: source.1,
            target_shift: target.1,
        };
        [x, y]
    }

    /// Readies a sampler for a plane, which is scaled at once by filters of many taps.
    fn place<'a, const N: usize>(
        &self,
        sampler: &mut Sampler<N>,
        texels: Texels<'a>,
        spans: [Span; 2],
    ) -> Result<Texels<'a>, Error> {
        let [x, y] = spans;
        if let Some(taps) = self.taps(&x).zip(self.taps(&y)) {
            sampler.set((&x, taps.0), (&y, taps.1));
            return Ok(texels);
        }
        let scaled = scaled::<N>(texels, x, y, self.interpolation).map_err(|reason| {
            Error::InvalidPicture {
                plane: 0,
                width: self.crop.width,
                height: self.crop.height,
                reason,
            }
        })?;
        let [x, y] = [x, y].map(|span| span.unscaled());
        sampler.set((&x, Taps::One), (&y, Taps::One));
        Ok(scaled)
    }
}

/// A plane scaled by a filter of many taps.
fn scaled<const N: usize>(
    texels: Texels<'_>,
    x: Span,
    y: Span,
    interpolation: Interpolation,
) -> Result<Texels<'_>, String> {
    let ((left, columns), (top, rows)) = (x.sources(), y.sources());
    let (plain, (left, top)) =
        texels.plain::<N>(left as usize..(left + columns) as usize, top..top + rows);
    let part = |first: u32, samples: u32, span: &Span| {
        let (start, step) = span.scale();
        let end = start + step * f64::from(span.targets().1);
        // Blocks at the edge of a rectangle may stick out of it.
        let (start, end) = (start.max(0.0), end.min(f64::from(samples)));
        (f64::from(first) + start, end - start)
    };
    let (x_part, y_part) = (part(left, columns, &x), part(top, rows, &y));
    let samples = Samples {
        bytes: &plain.bytes,
        stride: plain.stride,
        size: (left + columns, top + rows),
        bytes_per_sample: N as u32,
    };
    let size = (x.targets().1, y.targets().1);
    let part = (x_part.0, y_part.0, x_part.1, y_part.1);
    let bytes = resample::resample(samples, part, size, interpolation)?;
    Ok(Texels {
        bytes: bytes.into(),
        stride: size.0 as usize * N,
        texel: Texel::Plain,
    })
}

impl<'a> Source<'a> {
    pub(super) fn new(
        picture: &Picture<'a>,
        samplers: &'a mut Samplers,
        placement: &Placement,
    ) -> Result<Self, Error> {
        let whole = placement.spans((0, 0), (0, 0));
        let content = if let Some(pixels) = Texels::pixels(picture) {
            Content::Pixels(placement.place(&mut samplers.pixels, pixels, whole)?)
        } else {
            let luma = placement.place(&mut samplers.luma, Texels::luma(picture), whole)?;
            let shared = chroma_shifts(picture.layout);
            let spans = placement.spans(shared, placement.chroma);
            let chroma = match Chroma::new(picture) {
                Chroma::Neutral => Chroma::Neutral,
                Chroma::Pairs { texels, cr_first } => Chroma::Pairs {
                    texels: placement.place(&mut samplers.pairs, texels, spans)?,
                    cr_first,
                },
                Chroma::Separate([cb, cr]) => {
                    let [first, second] = &mut samplers.chroma;
                    Chroma::Separate([
                        placement.place(first, cb, spans)?,
                        placement.place(second, cr, spans)?,
                    ])
                }
            };
            let columns = spans[0].targets().1 as usize;
            for row in &mut samplers.rows {
                row.clear();
                row.resize(columns, NEUTRAL);
            }
            Content::Samples { luma, chroma }
        };
        Ok(Self {
            samplers,
            content,
            factors: Factors::new(picture.colour, picture.bits),
        })
    }

    /// Writes a row of the rectangle as RGBA. Chroma is at the size of the rectangle.
    pub(super) fn rgba(&mut self, row: u32, to: &mut [u8]) {
        match &self.content {
            Content::Pixels(pixels) => {
                self.samplers.pixels.narrow_row(pixels, row, to);
            }
            Content::Samples { luma, chroma } => {
                let Samplers {
                    luma: of_luma,
                    pairs,
                    chroma: of_chroma,
                    rows,
                    ..
                } = &mut *self.samplers;
                let luma = of_luma.row(luma, row).as_flattened();
                let [cb, cr] = chroma_row(chroma, pairs, of_chroma, rows, row);
                let row = Row {
                    luma,
                    cb,
                    cr,
                    is_paired: false,
                };
                convert_levels(&self.factors, row, to);
            }
        }
    }

    /// Writes a row of the rectangle's luma; there must be some.
    pub(super) fn luma(&mut self, row: u32, to: &mut [u8]) {
        if let Content::Samples { luma, .. } = &self.content {
            self.samplers.luma.narrow_row(luma, row, to);
        }
    }

    /// Writes a row of the blocks that the rectangle touches.
    pub(super) fn chroma(&mut self, row: u32, to: [&mut [u8]; 2]) {
        if let Content::Samples { chroma, .. } = &self.content {
            let Samplers {
                pairs,
                chroma: of_chroma,
                rows,
                ..
            } = &mut *self.samplers;
            let from = chroma_row(chroma, pairs, of_chroma, rows, row);
            for (from, to) in from.into_iter().zip(to) {
                narrow(from, to);
            }
        }
    }
}

fn chroma_row<'a>(
    chroma: &Chroma<'_>,
    pairs: &'a mut Sampler<2>,
    [first, second]: &'a mut [Sampler<1>; 2],
    [cb, cr]: &'a mut [Vec<i16>; 2],
    row: u32,
) -> [&'a [i16]; 2] {
    match chroma {
        Chroma::Neutral => {}
        Chroma::Separate([of_first, of_second]) => {
            return [
                first.row(of_first, row).as_flattened(),
                second.row(of_second, row).as_flattened(),
            ];
        }
        Chroma::Pairs { texels, cr_first } => {
            let pairs = pairs.row(texels, row);
            if *cr_first {
                split(pairs, cr, cb);
            } else {
                split(pairs, cb, cr);
            }
        }
    }
    [cb, cr]
}

fn chroma_shifts(layout: PictureLayout) -> Shifts {
    let planes = layout.planes();
    // The last plane holds chroma, if there is any.
    planes
        .last()
        .map_or((0, 0), |plane| (plane.width_shift, plane.height_shift))
}
