//! Pixel formats and their one table of properties.

use nvbufsurface_sys::{
    NVBUF_COLOR_FORMAT_BGRx, NVBUF_COLOR_FORMAT_GRAY8, NVBUF_COLOR_FORMAT_NV12,
    NVBUF_COLOR_FORMAT_NV21, NVBUF_COLOR_FORMAT_RGBA, NVBUF_COLOR_FORMAT_UYVY,
    NVBUF_COLOR_FORMAT_YUV420,
};

use crate::colour;
use crate::error::Error;

/// Pixel format of a surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum VideoFormat {
    /// 8-bit R, G, B, A; 4 bytes a pixel.
    Rgba = 0,
    /// 8-bit B, G, R, ignored; 4 bytes a pixel.
    Bgrx = 1,
    /// 4:2:0, a luma plane and an interleaved U, V plane.
    Nv12 = 2,
    /// 4:2:0, a luma plane and an interleaved V, U plane.
    Nv21 = 3,
    /// 4:2:0, separate Y, U and V planes.
    I420 = 4,
    /// 4:2:2 packed as U, Y, V, Y.
    Uyvy = 5,
    /// One 8-bit grey channel.
    Gray8 = 6,
}

/// One plane of a pixel format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneFormat {
    /// Base-2 logarithm of the horizontal subsampling.
    pub width_shift: u32,
    /// Base-2 logarithm of the vertical subsampling.
    pub height_shift: u32,
    /// Bytes of one sample of this plane (a chroma pair counts as one sample).
    pub bytes_per_sample: u32,
}

impl PlaneFormat {
    pub(crate) const fn new(width_shift: u32, height_shift: u32, bytes_per_sample: u32) -> Self {
        Self {
            width_shift,
            height_shift,
            bytes_per_sample,
        }
    }

    /// Samples in a row of a picture that is `width` pixels wide.
    pub const fn samples(&self, width: u32) -> u32 {
        width.div_ceil(1 << self.width_shift)
    }

    /// Bytes of a row of a picture that is `width` pixels wide, without padding.
    pub const fn row_bytes(&self, width: u32) -> usize {
        self.samples(width) as usize * self.bytes_per_sample as usize
    }

    /// Rows of this plane in a picture that is `height` pixels high.
    pub const fn rows(&self, height: u32) -> u32 {
        height.div_ceil(1 << self.height_shift)
    }
}

/// What is known about a pixel format.
#[derive(Debug, Clone, Copy)]
pub struct FormatInfo {
    /// The format.
    pub format: VideoFormat,
    /// The name in caps and in Python.
    pub name: &'static str,
    /// `NvBufSurfaceColorFormat` used when such a surface is allocated.
    pub color_format: u32,
    /// The format in GStreamer.
    pub gst: gst_video::VideoFormat,
    /// The planes, in memory order.
    pub planes: &'static [PlaneFormat],
}

const FULL: PlaneFormat = PlaneFormat::new(0, 0, 1);

/// All formats; the position equals the integer of the format.
pub const FORMATS: [FormatInfo; 7] = [
    FormatInfo {
        format: VideoFormat::Rgba,
        name: "RGBA",
        color_format: NVBUF_COLOR_FORMAT_RGBA,
        gst: gst_video::VideoFormat::Rgba,
        planes: &[PlaneFormat::new(0, 0, 4)],
    },
    FormatInfo {
        format: VideoFormat::Bgrx,
        name: "BGRx",
        color_format: NVBUF_COLOR_FORMAT_BGRx,
        gst: gst_video::VideoFormat::Bgrx,
        planes: &[PlaneFormat::new(0, 0, 4)],
    },
    FormatInfo {
        format: VideoFormat::Nv12,
        name: "NV12",
        color_format: NVBUF_COLOR_FORMAT_NV12,
        gst: gst_video::VideoFormat::Nv12,
        planes: &[FULL, PlaneFormat::new(1, 1, 2)],
    },
    FormatInfo {
        format: VideoFormat::Nv21,
        name: "NV21",
        color_format: NVBUF_COLOR_FORMAT_NV21,
        gst: gst_video::VideoFormat::Nv21,
        planes: &[FULL, PlaneFormat::new(1, 1, 2)],
    },
    FormatInfo {
        format: VideoFormat::I420,
        name: "I420",
        color_format: NVBUF_COLOR_FORMAT_YUV420,
        gst: gst_video::VideoFormat::I420,
        planes: &[FULL, PlaneFormat::new(1, 1, 1), PlaneFormat::new(1, 1, 1)],
    },
    FormatInfo {
        format: VideoFormat::Uyvy,
        name: "UYVY",
        color_format: NVBUF_COLOR_FORMAT_UYVY,
        gst: gst_video::VideoFormat::Uyvy,
        planes: &[PlaneFormat::new(0, 0, 2)],
    },
    FormatInfo {
        format: VideoFormat::Gray8,
        name: "GRAY8",
        color_format: NVBUF_COLOR_FORMAT_GRAY8,
        gst: gst_video::VideoFormat::Gray8,
        planes: &[FULL],
    },
];

impl VideoFormat {
    /// The row of [`FORMATS`] for this format.
    pub const fn info(self) -> &'static FormatInfo {
        &FORMATS[self as usize]
    }

    /// The name in caps and in Python, e.g. `"NV12"`.
    pub const fn name(self) -> &'static str {
        self.info().name
    }

    /// The format of this exact (case-sensitive) name.
    pub fn from_name(name: &str) -> Result<Self, Error> {
        FORMATS
            .iter()
            .find(|info| info.name == name)
            .map(|info| info.format)
            .ok_or_else(|| Error::UnknownName {
                kind: "video format",
                name: name.to_owned(),
                expected: FORMATS.map(|info| info.name).join(", "),
            })
    }

    /// The format of this `NvBufSurfaceColorFormat`, whatever its matrix and range.
    pub fn from_color_format(color_format: u32) -> Option<Self> {
        colour::describe(color_format).map(|(format, _)| format)
    }

    /// Interleaved channels of a pixel; 0 for formats with more than one plane, 2 for UYVY.
    pub fn channels(self) -> u32 {
        channels_of(self.info().color_format)
    }
}

/// Interleaved channels of a pixel of any `NvBufSurfaceColorFormat`, 0 for planar formats.
pub const fn channels_of(color_format: u32) -> u32 {
    match color_format {
        1 | 68 | 88 => 1,
        10..=17 | 89..=91 => 2,
        27 | 28 | 42 | 43 => 3,
        19..=26 => 4,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_positions_names_and_color_formats_agree() {
        for (index, info) in FORMATS.iter().enumerate() {
            assert_eq!(info.format as usize, index);
            assert_eq!(VideoFormat::from_name(info.name), Ok(info.format));
            assert_eq!(
                VideoFormat::from_color_format(info.color_format),
                Some(info.format)
            );
            assert_eq!(info.gst.to_str(), info.name);
        }
        assert!(VideoFormat::from_name("nv12").is_err());
    }

    #[test]
    fn channels_match_the_single_plane_formats() {
        for info in &FORMATS {
            let expected = if info.planes.len() == 1 {
                info.planes[0].bytes_per_sample
            } else {
                0
            };
            assert_eq!(info.format.channels(), expected, "{}", info.name);
        }
    }

    #[test]
    fn odd_sizes_keep_their_last_chroma_sample() {
        let chroma = VideoFormat::Nv12.info().planes[1];
        assert_eq!((chroma.samples(641), chroma.rows(481)), (321, 241));
    }
}
