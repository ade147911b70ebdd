//! Still pictures and raw frames: each packet is a picture of its own.

use super::threaded::{PacketDecoder, Sink};
use super::{RawPicture, Stopped};
use crate::config::DecoderConfig;
use crate::output::Payload;

/// How a packet holds its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Jpeg,
    Png,
    /// Tightly packed pixels of the given size and bytes per pixel (3: RGB, 4: RGBA).
    Raw {
        width: u32,
        height: u32,
        channels: u32,
    },
}

impl Kind {
    pub(crate) fn of(config: &DecoderConfig) -> Option<Self> {
        match config {
            DecoderConfig::Jpeg(_) => Some(Self::Jpeg),
            DecoderConfig::Png(_) => Some(Self::Png),
            DecoderConfig::RawRgba(raw) => Some(Self::Raw {
                width: raw.width,
                height: raw.height,
                channels: 4,
            }),
            DecoderConfig::RawRgb(raw) => Some(Self::Raw {
                width: raw.width,
                height: raw.height,
                channels: 3,
            }),
            _ => None,
        }
    }
}

/// Hands packets on as they are: the decoding itself is part of the conversion.
impl PacketDecoder for Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::Jpeg => "libjpeg-turbo",
            Self::Png => "png",
            Self::Raw { .. } => "raw",
        }
    }

    fn decode(&mut self, key: u64, packet: Payload, sink: &mut Sink<'_>) -> Result<(), Stopped> {
        sink(key, RawPicture::Encoded(*self, packet))
    }

    fn drain(&mut self, _sink: &mut Sink<'_>) -> Result<(), Stopped> {
        Ok(())
    }
}
