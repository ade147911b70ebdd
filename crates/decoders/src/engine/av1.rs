//! AV1 in software.
//!
//! `re_rav1d` is dav1d ported to Rust, with its assembly, and a safe interface. It needs no C build
//! system and travels in the binary; distributions still ship a dav1d of 2022, and `GStreamer` there
//! has only libaom's decoder, which is several times slower.

use re_rav1d::dav1d::pixel::{MatrixCoefficients, YUVRange};
use re_rav1d::dav1d::{Decoder, Error, Picture, PixelLayout, PlanarImageComponent, Settings};
use surfaces::{Colour, Matrix, PictureLayout, Range, Rect};

use super::live::Live;
use super::picture::MAX_PIXELS;
use super::picture::Target;
use super::threaded::{PacketDecoder, Sink};
use super::{RawPicture, Stopped};
use crate::output::Payload;

/// The name that is reported as the decoder.
pub(crate) const NAME: &str = "rav1d";

pub(super) struct Av1Decoder {
    decoder: Decoder,
    _live: Live,
}

impl Av1Decoder {
    /// A decoder with its share of the cores.
    pub(super) fn new() -> Result<Self, String> {
        let live = Live::begin();
        let threads = super::share_of_cores();
        let mut settings = Settings::new();
        settings.set_n_threads(u32::try_from(threads).unwrap_or(1));
        settings.set_frame_size_limit(u32::try_from(MAX_PIXELS).unwrap_or(u32::MAX));
        // Of several spatial layers only the best is shown.
        settings.set_all_layers(false);
        let decoder = Decoder::with_settings(&settings)
            .map_err(|error| format!("the AV1 decoder cannot be made: {error}"))?;
        Ok(Self {
            decoder,
            _live: live,
        })
    }

    /// Hands out one picture; `false` if none is ready.
    fn take(&mut self, sink: &mut Sink<'_>) -> Result<bool, Stopped> {
        match self.decoder.get_picture() {
            Ok(picture) => {
                let key = picture.timestamp().and_then(|key| u64::try_from(key).ok());
                if let Some(key) = key {
                    sink(key, RawPicture::Av1(picture))?;
                }
                Ok(true)
            }
            Err(Error::Again) => Ok(false),
            Err(error) => {
                report(error);
                Ok(true)
            }
        }
    }
}

impl PacketDecoder for Av1Decoder {
    fn name(&self) -> &'static str {
        NAME
    }

    fn decode(&mut self, key: u64, packet: Payload, sink: &mut Sink<'_>) -> Result<(), Stopped> {
        let key = i64::try_from(key).unwrap_or(i64::MAX);
        let mut sent = self.decoder.send_data(packet, None, Some(key), None);
        while matches!(sent, Err(Error::Again)) {
            self.take(sink)?;
            sent = self.decoder.send_pending_data();
        }
        match sent {
            Ok(()) => self.take(sink).map(drop),
            Err(error) => {
                report(error);
                Ok(())
            }
        }
    }

    fn drain(&mut self, sink: &mut Sink<'_>) -> Result<(), Stopped> {
        while self.take(sink)? {}
        Ok(())
    }
}

/// Writes a picture into `target`.
pub(super) fn render(picture: &Picture, target: Target<'_>) -> Result<Rect, String> {
    let components = [
        PlanarImageComponent::Y,
        PlanarImageComponent::U,
        PlanarImageComponent::V,
    ];
    let is_rgb = picture.matrix_coefficients() == MatrixCoefficients::Identity;
    let layout = match picture.pixel_layout() {
        PixelLayout::I400 => PictureLayout::Gray8,
        PixelLayout::I420 => PictureLayout::I420,
        PixelLayout::I422 => PictureLayout::I422,
        PixelLayout::I444 if is_rgb => PictureLayout::Gbr,
        PixelLayout::I444 => PictureLayout::I444,
    };
    let planes: Vec<_> = components
        .into_iter()
        .take(layout.planes().len())
        .map(|component| (picture.plane(component), picture.stride(component)))
        .collect();
    let mut source = surfaces::Picture {
        layout,
        width: picture.width(),
        height: picture.height(),
        planes: [&[]; 3],
        strides: [0; 3],
        colour: colour(picture),
        bits: picture
            .bits_per_component()
            .map_or(8, |bits| u32::try_from(bits.0).unwrap_or(8)),
    };
    for (index, (plane, stride)) in planes.iter().enumerate() {
        source.planes[index] = plane;
        source.strides[index] = *stride as usize;
    }
    target.render(&source)
}

/// What is not tagged counts as BT.601.
fn colour(picture: &Picture) -> Colour {
    Colour {
        matrix: match picture.matrix_coefficients() {
            MatrixCoefficients::BT709 => Matrix::Bt709,
            MatrixCoefficients::BT2020NonConstantLuminance => Matrix::Bt2020,
            _ => Matrix::Bt601,
        },
        range: match picture.color_range() {
            YUVRange::Limited => Range::Limited,
            YUVRange::Full => Range::Full,
        },
    }
}

/// The decoder goes on after a damaged packet, whose frame ends without a picture.
fn report(error: Error) {
    tracing::debug!("AV1: {error}");
}
