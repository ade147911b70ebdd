//! Pictures that are coded each on its own, by libraries and not by elements.

mod jpeg;
mod png;
mod raw;

use frames::Codec;
use surfaces::{Canvas, Colour, Picture, SharedBuffer, TransformConfig, VideoFormat, look_at};

use crate::config::EncoderConfig;
use crate::properties::EncoderProperties;

/// How a picture is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Still {
    /// Baseline JPEG of this quality, 4:2:0.
    Jpeg { quality: u32 },
    /// PNG of this effort, RGBA.
    Png { level: u32 },
    /// Pixels, row by row without gaps.
    RawRgba,
    /// The same without alpha.
    RawRgb,
    /// The planes of NV12 without gaps.
    RawNv12,
}

const DEFAULT_QUALITY: u32 = 85;
const DEFAULT_LEVEL: u32 = 6;

impl Still {
    /// For a codec whose pictures are coded each on its own.
    pub(crate) fn of(config: &EncoderConfig) -> Option<Self> {
        let properties = config.properties.as_ref();
        Some(match config.codec {
            Codec::Jpeg => Self::Jpeg {
                quality: match properties {
                    Some(EncoderProperties::Jpeg(props)) => props.quality,
                    _ => None,
                }
                .unwrap_or(DEFAULT_QUALITY),
            },
            Codec::Png => Self::Png {
                level: match properties {
                    Some(EncoderProperties::Png(props)) => props.compression_level,
                    _ => None,
                }
                .unwrap_or(DEFAULT_LEVEL),
            },
            Codec::RawRgba => Self::RawRgba,
            Codec::RawRgb => Self::RawRgb,
            Codec::RawNv12 => Self::RawNv12,
            _ => return None,
        })
    }

    /// The library that does it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "libjpeg-turbo",
            Self::Png { .. } => "png",
            Self::RawRgba | Self::RawRgb | Self::RawNv12 => "raw",
        }
    }

    /// What it is told, by the names of the properties.
    pub(crate) fn settings(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Jpeg { quality } => vec![("quality", quality.to_string())],
            Self::Png { level } => vec![("compression-level", level.to_string())],
            _ => Vec::new(),
        }
    }

    /// Codes slot 0 of a buffer, on the calling thread.
    pub(crate) fn encode(self, buffer: &SharedBuffer) -> Result<Vec<u8>, String> {
        let coded = look_at(buffer, |picture| match self {
            Self::Jpeg { quality } => jpeg::encode(picture, quality),
            Self::Png { level } => png::encode(picture, level),
            Self::RawRgba => converted(picture, VideoFormat::Rgba),
            Self::RawRgb => raw::rgb(picture),
            Self::RawNv12 => converted(picture, VideoFormat::Nv12),
        });
        coded.map_err(|error| error.to_string())?
    }
}

/// The picture in another format and its own colour, without gaps.
fn converted(picture: &Picture<'_>, format: VideoFormat) -> Result<Vec<u8>, String> {
    converted_as(picture, format, picture.colour)
}

/// The picture in another format and colour, without gaps.
fn converted_as(
    picture: &Picture<'_>,
    format: VideoFormat,
    colour: Colour,
) -> Result<Vec<u8>, String> {
    let size = (picture.width, picture.height);
    let mut bytes = vec![0; Canvas::packed_size(format, size)];
    Canvas::packed(format, size, &mut bytes)
        .render_as(colour, picture, None, &TransformConfig::default())
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}
