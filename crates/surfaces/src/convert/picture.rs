//! A picture in ordinary memory.

use std::ops::Range;

use crate::colour::Colour;
use crate::error::Error;
use crate::format::{PlaneFormat, VideoFormat};

/// How the samples of a picture lie in its planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureLayout {
    /// 4:2:0 in three planes.
    I420,
    /// 4:2:2 in three planes.
    I422,
    /// 4:4:4 in three planes.
    I444,
    /// Planes of G, B, R, from 0 to the greatest sample.
    Gbr,
    /// 4:2:0, luma and interleaved U, V.
    Nv12,
    /// 4:2:0, luma and interleaved V, U.
    Nv21,
    /// 4:2:2 packed as U, Y, V, Y.
    Uyvy,
    /// Luma only.
    Gray8,
    /// R, G, B.
    Rgb,
    /// R, G, B, A.
    Rgba,
    /// B, G, R, ignored.
    Bgrx,
}

impl PictureLayout {
    /// The planes, in order.
    pub const fn planes(self) -> &'static [PlaneFormat] {
        const LUMA: PlaneFormat = PlaneFormat::new(0, 0, 1);
        const QUARTER: PlaneFormat = PlaneFormat::new(1, 1, 1);
        const HALF: PlaneFormat = PlaneFormat::new(1, 0, 1);
        const QUARTER_PAIRS: PlaneFormat = PlaneFormat::new(1, 1, 2);
        const PACKED_PAIRS: PlaneFormat = PlaneFormat::new(1, 0, 4);
        const THREE_BYTES: PlaneFormat = PlaneFormat::new(0, 0, 3);
        const FOUR_BYTES: PlaneFormat = PlaneFormat::new(0, 0, 4);
        match self {
            Self::I420 => &[LUMA, QUARTER, QUARTER],
            Self::I422 => &[LUMA, HALF, HALF],
            Self::I444 | Self::Gbr => &[LUMA, LUMA, LUMA],
            Self::Nv12 | Self::Nv21 => &[LUMA, QUARTER_PAIRS],
            Self::Uyvy => &[PACKED_PAIRS],
            Self::Gray8 => &[LUMA],
            Self::Rgb => &[THREE_BYTES],
            Self::Rgba | Self::Bgrx => &[FOUR_BYTES],
        }
    }

    /// Whether the samples are Y, Cb, Cr or luma alone.
    pub(super) const fn is_ycbcr(self) -> bool {
        !matches!(self, Self::Gbr | Self::Rgb | Self::Rgba | Self::Bgrx)
    }
}

/// How the samples of a surface lie.
impl From<VideoFormat> for PictureLayout {
    fn from(format: VideoFormat) -> Self {
        match format {
            VideoFormat::Rgba => Self::Rgba,
            VideoFormat::Bgrx => Self::Bgrx,
            VideoFormat::Nv12 => Self::Nv12,
            VideoFormat::Nv21 => Self::Nv21,
            VideoFormat::I420 => Self::I420,
            VideoFormat::Uyvy => Self::Uyvy,
            VideoFormat::Gray8 => Self::Gray8,
        }
    }
}

/// A borrowed picture. Its colour matters for Y, Cb, Cr layouts and for grey only.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Sample layout.
    pub layout: PictureLayout,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The planes; those that the layout does not have are empty.
    pub planes: [&'a [u8]; 3],
    /// Bytes from one row to the next, for each plane.
    pub strides: [usize; 3],
    /// Matrix and range.
    pub colour: Colour,
    /// Bits of a sample: 8, or up to 15 in two bytes, the least significant first. More than 8 are
    /// taken in I420, I422, I444, GBR and grey only.
    pub bits: u32,
}

impl<'a> Picture<'a> {
    /// The rows of a plane without padding. The picture must have passed [`check`](Self::check).
    pub(super) fn rows(&self, plane: usize) -> impl Iterator<Item = &'a [u8]> {
        let format = &self.layout.planes()[plane];
        let row_bytes = self.row_bytes(format);
        self.planes[plane]
            .chunks(self.strides[plane])
            .take(format.rows(self.height) as usize)
            .map(move |row| &row[..row_bytes])
    }

    /// Whether samples have more than 8 bits.
    pub(super) fn is_deep(&self) -> bool {
        self.bits > 8
    }

    fn row_bytes(&self, format: &PlaneFormat) -> usize {
        format.row_bytes(self.width) << u32::from(self.is_deep())
    }

    /// Checks that every plane covers the picture's size.
    pub(super) fn check(&self) -> Result<(), Error> {
        let (width, height) = (self.width, self.height);
        let invalid = |plane, reason| {
            Err(Error::InvalidPicture {
                plane,
                width,
                height,
                reason,
            })
        };
        if width == 0 || height == 0 {
            return invalid(0, "the picture is empty".to_owned());
        }
        let may_be_deep = matches!(
            self.layout,
            PictureLayout::I420
                | PictureLayout::I422
                | PictureLayout::I444
                | PictureLayout::Gbr
                | PictureLayout::Gray8
        );
        if self.bits != 8 && !(may_be_deep && (9..=15).contains(&self.bits)) {
            return invalid(0, format!("samples of {} bits", self.bits));
        }
        for (index, format) in self.layout.planes().iter().enumerate() {
            let row_bytes = self.row_bytes(format) as u64;
            let stride = self.strides[index];
            // The converter counts strides in 32 bits.
            if u32::try_from(stride).is_err() || (stride as u64) < row_bytes {
                return invalid(
                    index,
                    format!("rows of {row_bytes} bytes cannot be {stride} bytes apart"),
                );
            }
            let needed =
                u128::from(format.rows(height) - 1) * stride as u128 + u128::from(row_bytes);
            let actual = self.planes[index].len();
            if (actual as u128) < needed {
                return invalid(
                    index,
                    format!("it has {actual} bytes, {needed} are required"),
                );
            }
        }
        Ok(())
    }

    /// Some rows as a picture of their own; more than one begin at an even row. The picture must have
    /// passed [`check`](Self::check).
    pub(super) fn strip(&self, rows: Range<u32>) -> Self {
        let mut picture = Self {
            height: rows.end - rows.start,
            ..*self
        };
        for (index, format) in self.layout.planes().iter().enumerate() {
            let start = (rows.start >> format.height_shift) as usize * self.strides[index];
            picture.planes[index] = &self.planes[index][start..];
        }
        picture
    }
}
