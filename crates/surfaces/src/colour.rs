//! How samples become colours, and the one table of `NvBufSurfaceColorFormat`s that say so.

use nvbufsurface_sys::{
    NVBUF_COLOR_FORMAT_BGRx, NVBUF_COLOR_FORMAT_GRAY8, NVBUF_COLOR_FORMAT_GRAY8_ER,
    NVBUF_COLOR_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_709, NVBUF_COLOR_FORMAT_NV12_709_ER,
    NVBUF_COLOR_FORMAT_NV12_2020, NVBUF_COLOR_FORMAT_NV12_ER, NVBUF_COLOR_FORMAT_NV21,
    NVBUF_COLOR_FORMAT_NV21_ER, NVBUF_COLOR_FORMAT_RGBA, NVBUF_COLOR_FORMAT_UYVY,
    NVBUF_COLOR_FORMAT_UYVY_709, NVBUF_COLOR_FORMAT_UYVY_709_ER, NVBUF_COLOR_FORMAT_UYVY_2020,
    NVBUF_COLOR_FORMAT_UYVY_ER, NVBUF_COLOR_FORMAT_YUV420, NVBUF_COLOR_FORMAT_YUV420_709,
    NVBUF_COLOR_FORMAT_YUV420_709_ER, NVBUF_COLOR_FORMAT_YUV420_2020, NVBUF_COLOR_FORMAT_YUV420_ER,
};

use crate::format::VideoFormat;

/// The matrix between Y, Cb, Cr and R, G, B.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Matrix {
    /// ITU-R BT.601, also used for untagged streams.
    #[default]
    Bt601,
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
}

impl Matrix {
    /// Weights of red and blue in the luma; that of green is what they leave of 1.
    pub const fn luma_weights(self) -> (f64, f64) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// The numeric range of the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Range {
    /// Luma 16 to 235, chroma 16 to 240.
    #[default]
    Limited,
    /// 0 to 255.
    Full,
}

/// Matrix and range together; the default is BT.601, limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Colour {
    /// Matrix.
    pub matrix: Matrix,
    /// Range.
    pub range: Range,
}

impl Colour {
    const fn new(matrix: Matrix, range: Range) -> Self {
        Self { matrix, range }
    }
}

const BT601: Colour = Colour::new(Matrix::Bt601, Range::Limited);
const BT601_FULL: Colour = Colour::new(Matrix::Bt601, Range::Full);
const BT709: Colour = Colour::new(Matrix::Bt709, Range::Limited);
const BT709_FULL: Colour = Colour::new(Matrix::Bt709, Range::Full);
const BT2020: Colour = Colour::new(Matrix::Bt2020, Range::Limited);

/// Pixel format and colour of each `NvBufSurfaceColorFormat` that this crate writes.
#[rustfmt::skip]
const COLOUR_FORMATS: &[(VideoFormat, Colour, u32)] = &[
    (VideoFormat::Rgba, BT601, NVBUF_COLOR_FORMAT_RGBA),
    (VideoFormat::Bgrx, BT601, NVBUF_COLOR_FORMAT_BGRx),
    (VideoFormat::Nv12, BT601, NVBUF_COLOR_FORMAT_NV12),
    (VideoFormat::Nv12, BT601_FULL, NVBUF_COLOR_FORMAT_NV12_ER),
    (VideoFormat::Nv12, BT709, NVBUF_COLOR_FORMAT_NV12_709),
    (VideoFormat::Nv12, BT709_FULL, NVBUF_COLOR_FORMAT_NV12_709_ER),
    (VideoFormat::Nv12, BT2020, NVBUF_COLOR_FORMAT_NV12_2020),
    (VideoFormat::Nv21, BT601, NVBUF_COLOR_FORMAT_NV21),
    (VideoFormat::Nv21, BT601_FULL, NVBUF_COLOR_FORMAT_NV21_ER),
    (VideoFormat::I420, BT601, NVBUF_COLOR_FORMAT_YUV420),
    (VideoFormat::I420, BT601_FULL, NVBUF_COLOR_FORMAT_YUV420_ER),
    (VideoFormat::I420, BT709, NVBUF_COLOR_FORMAT_YUV420_709),
    (VideoFormat::I420, BT709_FULL, NVBUF_COLOR_FORMAT_YUV420_709_ER),
    (VideoFormat::I420, BT2020, NVBUF_COLOR_FORMAT_YUV420_2020),
    (VideoFormat::Uyvy, BT601, NVBUF_COLOR_FORMAT_UYVY),
    (VideoFormat::Uyvy, BT601_FULL, NVBUF_COLOR_FORMAT_UYVY_ER),
    (VideoFormat::Uyvy, BT709, NVBUF_COLOR_FORMAT_UYVY_709),
    (VideoFormat::Uyvy, BT709_FULL, NVBUF_COLOR_FORMAT_UYVY_709_ER),
    (VideoFormat::Uyvy, BT2020, NVBUF_COLOR_FORMAT_UYVY_2020),
    (VideoFormat::Gray8, BT601, NVBUF_COLOR_FORMAT_GRAY8),
    (VideoFormat::Gray8, BT601_FULL, NVBUF_COLOR_FORMAT_GRAY8_ER),
];

/// The `NvBufSurfaceColorFormat` of a pixel format in this colour. Where there is none (RGB, grey
/// with a matrix, NV21 in BT.709), that of the same range, or else of the format alone.
pub fn color_format(format: VideoFormat, colour: Colour) -> u32 {
    let find = |wanted: Colour| {
        COLOUR_FORMATS
            .iter()
            .find(|(of, in_colour, _)| *of == format && *in_colour == wanted)
            .map(|(_, _, color_format)| *color_format)
    };
    find(colour)
        .or_else(|| find(Colour::new(Matrix::default(), colour.range)))
        .unwrap_or(format.info().color_format)
}

/// Pixel format and colour of an `NvBufSurfaceColorFormat`; `None` for those of other layouts.
pub fn describe(color_format: u32) -> Option<(VideoFormat, Colour)> {
    COLOUR_FORMATS
        .iter()
        .find(|(_, _, of)| *of == color_format)
        .map(|(format, colour, _)| (*format, *colour))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::FORMATS;

    #[test]
    fn the_table_holds_what_is_allocated_and_is_unambiguous() {
        for info in &FORMATS {
            assert_eq!(
                describe(info.color_format),
                Some((info.format, Colour::default()))
            );
        }
        for (format, colour, number) in COLOUR_FORMATS {
            assert_eq!(color_format(*format, *colour), *number);
            assert_eq!(describe(*number), Some((*format, *colour)));
        }
    }

    #[test]
    fn a_colour_without_a_format_of_its_own_keeps_its_range() {
        let bt709_full = Colour::new(Matrix::Bt709, Range::Full);
        for (format, expected) in [
            (VideoFormat::Rgba, NVBUF_COLOR_FORMAT_RGBA),
            (VideoFormat::Gray8, NVBUF_COLOR_FORMAT_GRAY8_ER),
            (VideoFormat::Nv21, NVBUF_COLOR_FORMAT_NV21_ER),
        ] {
            assert_eq!(color_format(format, bt709_full), expected);
        }
        let bt2020_full = Colour::new(Matrix::Bt2020, Range::Full);
        assert_eq!(
            color_format(VideoFormat::Nv12, bt2020_full),
            NVBUF_COLOR_FORMAT_NV12_ER
        );
    }
}
