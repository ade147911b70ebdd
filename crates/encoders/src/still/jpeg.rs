//! JPEG, straight from the pixels where libjpeg-turbo takes them as they are.

use std::cell::Cell;

use surfaces::{Colour, Matrix, Picture, PictureLayout, Range, VideoFormat};
use turbojpeg::{Compressor, Error, Image, PixelFormat, Subsamp};

use super::converted_as;

/// What JFIF says of Y, Cb, Cr.
const JFIF: Colour = Colour {
    matrix: Matrix::Bt601,
    range: Range::Full,
};

thread_local! {
    /// Taken out while it is in use. It keeps nothing of a picture but its tables.
    static ENCODER: Cell<Option<Compressor>> = const { Cell::new(None) };
}

/// A baseline JPEG with chroma halved in both directions. Alpha is left out.
pub(super) fn encode(picture: &Picture<'_>, quality: u32) -> Result<Vec<u8>, String> {
    let format = match picture.layout {
        PictureLayout::Rgba => Some(PixelFormat::RGBX),
        PictureLayout::Bgrx => Some(PixelFormat::BGRX),
        PictureLayout::Gray8 if picture.colour.range == Range::Full => Some(PixelFormat::GRAY),
        _ => None,
    };
    if let Some(format) = format {
        return compress(
            picture.planes[0],
            picture.strides[0],
            picture,
            format,
            quality,
        );
    }
    let pixels = converted_as(picture, VideoFormat::Rgba, JFIF)?;
    let pitch = picture.width as usize * 4;
    compress(&pixels, pitch, picture, PixelFormat::RGBX, quality)
}

fn compress(
    pixels: &[u8],
    pitch: usize,
    picture: &Picture<'_>,
    format: PixelFormat,
    quality: u32,
) -> Result<Vec<u8>, String> {
    let image = Image {
        pixels,
        width: picture.width as usize,
        pitch,
        height: picture.height as usize,
        format,
    };
    let subsampling = if format == PixelFormat::GRAY {
        Subsamp::Gray
    } else {
        Subsamp::Sub2x2
    };
    let mut encoder = match ENCODER.take() {
        Some(encoder) => encoder,
        None => Compressor::new().map_err(describe)?,
    };
    let coded = run(&mut encoder, image, subsampling, quality).map_err(describe);
    ENCODER.set(Some(encoder));
    coded
}

fn run(
    encoder: &mut Compressor,
    image: Image<&[u8]>,
    subsampling: Subsamp,
    quality: u32,
) -> Result<Vec<u8>, Error> {
    // libjpeg-turbo has no quality 0; 1 is its worst.
    encoder.set_quality(quality.max(1) as i32)?;
    encoder.set_subsamp(subsampling)?;
    encoder.compress_to_vec(image)
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn describe(error: Error) -> String {
    format!("JPEG: {error}")
}
