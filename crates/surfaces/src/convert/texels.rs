//! Planes of a picture, read row by row as samples that lie side by side.

use std::borrow::Cow;
use std::ops::Range;

use super::levels::narrow;
use super::picture::{Picture, PictureLayout};
use super::prefetch::prefetch;
use super::{deep, gbr};

/// What the bytes of a plane are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Texel {
    /// Samples of 8-bit values, side by side already.
    Plain,
    /// Samples of one value in two bytes, of so many bits.
    Deep(u32),
    /// The luma of U, Y, V, Y.
    PackedLuma,
    /// The U, V of U, Y, V, Y.
    PackedChroma,
    /// R, G, B, read with an alpha of 255.
    Rgb,
    /// B, G, R and a byte that is not used, read as R, G, B with an alpha of 255.
    Bgrx,
}

/// Rows of samples.
#[derive(Debug, Clone)]
pub(super) struct Texels<'a> {
    pub bytes: Cow<'a, [u8]>,
    pub stride: usize,
    pub texel: Texel,
}

/// Chroma planes of a picture.
pub(super) enum Chroma<'a> {
    /// There is none, it is grey.
    Neutral,
    /// Cb and Cr.
    Separate([Texels<'a>; 2]),
    /// Pairs of them.
    Pairs { texels: Texels<'a>, cr_first: bool },
}

/// Some samples of a row: of 8 bits, or levels times 64.
#[derive(Clone, Copy)]
pub(super) enum Row<'a, const N: usize> {
    Bytes(&'a [[u8; N]]),
    Levels(&'a [[i16; N]]),
}

/// Keeps what was unpacked.
#[derive(Default)]
pub(super) struct Unpacked<const N: usize> {
    bytes: Vec<[u8; N]>,
    levels: Vec<[i16; N]>,
}

impl<'a> Texels<'a> {
    fn new(picture: &Picture<'a>, plane: usize, texel: Texel) -> Self {
        Self {
            bytes: Cow::Borrowed(picture.planes[plane]),
            stride: picture.strides[plane],
            texel,
        }
    }

    /// The plane of R, G, B, A pixels of a checked picture; `None` for Y, Cb, Cr and grey.
    pub(super) fn pixels(picture: &Picture<'a>) -> Option<Self> {
        let texel = match picture.layout {
            PictureLayout::Rgba => Texel::Plain,
            PictureLayout::Bgrx => Texel::Bgrx,
            PictureLayout::Rgb => Texel::Rgb,
            PictureLayout::Gbr => return Some(Self::packed(picture)),
            _ => return None,
        };
        Some(Self::new(picture, 0, texel))
    }

    fn packed(picture: &Picture<'_>) -> Self {
        let stride = picture.width as usize * 4;
        let mut bytes = vec![0; stride * picture.height as usize];
        gbr::pack(picture, &mut bytes, stride);
        Self {
            bytes: Cow::Owned(bytes),
            stride,
            texel: Texel::Plain,
        }
    }

    /// The luma of a checked picture that is not RGB.
    pub(super) fn luma(picture: &Picture<'a>) -> Self {
        let texel = match picture.layout {
            PictureLayout::Uyvy => Texel::PackedLuma,
            _ => of_depth(picture),
        };
        Self::new(picture, 0, texel)
    }

    /// The samples `columns` of a row.
    #[inline]
    pub(super) fn row<'b, const N: usize>(
        &'b self,
        row: u32,
        columns: Range<usize>,
        unpacked: &'b mut Unpacked<N>,
    ) -> Row<'b, N> {
        let count = columns.len();
        let from = self.cut::<N>(row, columns);
        if let Texel::Deep(bits) = self.texel {
            unpacked.levels.resize(count, [0; N]);
            deep::levels(from, bits, unpacked.levels.as_flattened_mut());
            return Row::Levels(&unpacked.levels);
        }
        if self.texel == Texel::Plain {
            return Row::Bytes(from.as_chunks().0);
        }
        unpacked.bytes.resize(count, [0; N]);
        let to = unpacked.bytes.as_flattened_mut();
        match self.texel {
            Texel::PackedLuma => {
                for (to, [_, luma]) in to.iter_mut().zip(from.as_chunks().0) {
                    *to = *luma;
                }
            }
            Texel::PackedChroma => {
                for (to, [cb, _, cr, _]) in to.as_chunks_mut().0.iter_mut().zip(from.as_chunks().0)
                {
                    *to = [*cb, *cr];
                }
            }
            Texel::Rgb => {
                for (to, [red, green, blue]) in
                    to.as_chunks_mut().0.iter_mut().zip(from.as_chunks().0)
                {
                    *to = [*red, *green, *blue, u8::MAX];
                }
            }
            _ => {
                for (to, [blue, green, red, _]) in
                    to.as_chunks_mut().0.iter_mut().zip(from.as_chunks().0)
                {
                    *to = [*red, *green, *blue, u8::MAX];
                }
            }
        }
        Row::Bytes(&unpacked.bytes)
    }

    /// Has the processor fetch the samples `columns` of a row.
    pub(super) fn prefetch<const N: usize>(&self, row: u32, columns: Range<usize>) {
        prefetch(self.cut::<N>(row, columns));
    }

    /// The bytes of the samples `columns` of a row.
    #[inline]
    fn cut<const N: usize>(&self, row: u32, columns: Range<usize>) -> &[u8] {
        let bytes = match self.texel {
            Texel::Plain => N,
            Texel::Deep(_) | Texel::PackedLuma => 2,
            Texel::Rgb => 3,
            Texel::PackedChroma | Texel::Bgrx => 4,
        };
        let from = &self.bytes[row as usize * self.stride..];
        &from[columns.start * bytes..columns.end * bytes]
    }

    /// The same samples as plain ones of 8 bits: as they are, or the columns and rows that are asked for,
    /// tightly packed. With it goes the place of the first of them.
    pub(super) fn plain<const N: usize>(
        self,
        columns: Range<usize>,
        rows: Range<u32>,
    ) -> (Self, (u32, u32)) {
        if self.texel == Texel::Plain {
            return (self, (columns.start as u32, rows.start));
        }
        let row_bytes = columns.len() * N;
        let mut bytes = vec![0; row_bytes * rows.len()];
        let mut unpacked = Unpacked::<N>::default();
        for (row, to) in rows.zip(bytes.chunks_exact_mut(row_bytes)) {
            match self.row(row, columns.clone(), &mut unpacked) {
                Row::Bytes(samples) => to.copy_from_slice(samples.as_flattened()),
                Row::Levels(levels) => narrow(levels.as_flattened(), to),
            }
        }
        let plain = Texels {
            bytes: Cow::Owned(bytes),
            stride: row_bytes,
            texel: Texel::Plain,
        };
        (plain, (0, 0))
    }
}

impl<'a> Chroma<'a> {
    /// The chroma of a checked picture that is not RGB.
    pub(super) fn new(picture: &Picture<'a>) -> Self {
        use PictureLayout::{I420, I422, I444, Nv12, Nv21, Uyvy};
        let pairs = |plane, texel| Self::Pairs {
            texels: Texels::new(picture, plane, texel),
            cr_first: picture.layout == Nv21,
        };
        match picture.layout {
            I420 | I422 | I444 => {
                Self::Separate([1, 2].map(|plane| Texels::new(picture, plane, of_depth(picture))))
            }
            Nv12 | Nv21 => pairs(1, Texel::Plain),
            Uyvy => pairs(0, Texel::PackedChroma),
            _ => Self::Neutral,
        }
    }
}

fn of_depth(picture: &Picture<'_>) -> Texel {
    if picture.is_deep() {
        Texel::Deep(picture.bits)
    } else {
        Texel::Plain
    }
}
