//! AV1 in software.
//!
//! dav1d is built with the library and travels in the binary: distributions still ship one of 2022, and `GStreamer`
//! there has only libaom's decoder, which is several times slower.

use av1::{Decoder, Error, Layout, Picture, Settings};
use surfaces::{Colour, Matrix, PictureLayout, Range, Rect};

use super::picture::MAX_PIXELS;
use super::picture::Target;
use super::staff::Staff;
use super::threaded::{PacketDecoder, Sink};
use super::{RawPicture, Stopped};
use crate::bitstream;
use crate::output::Payload;

/// The name that is reported as the decoder.
pub(crate) const NAME: &str = "dav1d";

/// What dav1d takes at most.
const MAX_THREADS: u32 = 256;

pub(super) struct Av1Decoder {
    decoder: Decoder,
    settings: Settings,
    /// A packet could not be decoded since the decoder was made.
    has_failed: bool,
    staff: Staff,
}

impl Av1Decoder {
    /// A decoder with its share of the cores.
    pub(super) fn new() -> Result<Self, String> {
        let staff = Staff::due(threads);
        let threads = u32::try_from(staff.threads()).unwrap_or(MAX_THREADS);
        let settings = Settings {
            threads,
            pictures_at_once: pictures_at_once(threads),
            max_pixels: u32::try_from(MAX_PIXELS).unwrap_or(u32::MAX),
        };
        Ok(Self {
            decoder: make(settings)?,
            settings,
            has_failed: false,
            staff,
        })
    }

    /// With one thread, dav1d (1.4) decodes hardly anything any more once a frame has failed. So a new decoder takes
    /// the next packet that a stream may begin with.
    fn recover(&mut self, sink: &mut Sink<'_>) -> Result<(), Stopped> {
        self.drain(sink)?;
        match make(self.settings) {
            Ok(decoder) => {
                self.decoder = decoder;
                self.has_failed = false;
            }
            Err(message) => tracing::warn!("{message}"),
        }
        Ok(())
    }

    fn report(&mut self, error: Error) {
        tracing::debug!("AV1: {error}");
        self.has_failed = true;
    }

    /// Hands out one picture; `false` if none is ready.
    fn take(&mut self, sink: &mut Sink<'_>) -> Result<bool, Stopped> {
        match self.decoder.picture() {
            Ok(picture) => {
                if let Ok(key) = u64::try_from(picture.key()) {
                    sink(key, RawPicture::Av1(picture))?;
                }
                Ok(true)
            }
            Err(Error::Again) => Ok(false),
            Err(error) => {
                self.report(error);
                Ok(true)
            }
        }
    }
}

impl PacketDecoder for Av1Decoder {
    fn name(&self) -> &'static str {
        NAME
    }

    fn staff(&self) -> Option<Staff> {
        Some(self.staff)
    }

    fn decode(&mut self, key: u64, packet: Payload, sink: &mut Sink<'_>) -> Result<(), Stopped> {
        if self.has_failed && self.settings.threads == 1 && bitstream::av1::is_start(&packet) {
            self.recover(sink)?;
        }
        let key = i64::try_from(key).unwrap_or(i64::MAX);
        let mut sent = self.decoder.send(&packet, key);
        while matches!(sent, Err(Error::Again)) {
            self.take(sink)?;
            sent = self.decoder.send_rest();
        }
        match sent {
            Ok(()) => self.take(sink).map(drop),
            Err(error) => {
                self.report(error);
                Ok(())
            }
        }
    }

    fn drain(&mut self, sink: &mut Sink<'_>) -> Result<(), Stopped> {
        while self.take(sink)? {}
        Ok(())
    }
}

fn make(settings: Settings) -> Result<Decoder, String> {
    Decoder::new(settings).map_err(|error| format!("the AV1 decoder cannot be made: {error}"))
}

/// Threads for a number of cores. One more than those, and three pictures at once, keep the cores busy while some wait
/// for others: 8 % more pictures a second on two cores than two and two.
fn threads(cores: usize) -> usize {
    match cores {
        0 | 1 => 1,
        cores => cores.saturating_add(1).min(MAX_THREADS as usize),
    }
}

/// Pictures that so many threads decode at once.
fn pictures_at_once(threads: u32) -> u32 {
    threads.min(3.max(threads.isqrt()))
}

/// Writes a picture into `target`.
pub(super) fn render(picture: &Picture, target: Target<'_>) -> Result<Rect, String> {
    let is_rgb = picture.matrix() == av1::Matrix::Identity;
    let layout = match picture.layout() {
        Layout::I400 => PictureLayout::Gray8,
        Layout::I420 => PictureLayout::I420,
        Layout::I422 => PictureLayout::I422,
        Layout::I444 if is_rgb => PictureLayout::Gbr,
        Layout::I444 => PictureLayout::I444,
    };
    let mut source = surfaces::Picture {
        layout,
        width: picture.width(),
        height: picture.height(),
        planes: [&[]; 3],
        strides: [0; 3],
        colour: colour(picture),
        bits: picture.bits(),
    };
    for index in 0..layout.planes().len() {
        (source.planes[index], source.strides[index]) = picture.plane(index);
    }
    target.render(&source)
}

/// What is not tagged counts as BT.601.
fn colour(picture: &Picture) -> Colour {
    Colour {
        matrix: match picture.matrix() {
            av1::Matrix::Bt709 => Matrix::Bt709,
            av1::Matrix::Bt2020 => Matrix::Bt2020,
            av1::Matrix::Identity | av1::Matrix::Other => Matrix::Bt601,
        },
        range: if picture.is_full_range() {
            Range::Full
        } else {
            Range::Limited
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_pictures_are_decoded_at_once_than_there_are_threads() {
        assert_eq!([0, 1, 2, 3, 64].map(threads), [1, 1, 3, 4, 65]);
        assert_eq!([1, 3, 4, 65].map(pictures_at_once), [1, 3, 3, 8]);
        assert_eq!(threads(usize::MAX), MAX_THREADS as usize);
        assert_eq!(pictures_at_once(MAX_THREADS), 16);
    }
}
