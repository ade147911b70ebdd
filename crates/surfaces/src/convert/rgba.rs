//! One-pass conversion to RGBA of the same size.

use yuv::YuvError;

use super::picture::{Picture, PictureLayout};
use super::{gbr, ycbcr};
use crate::error::Error;

/// Converts a checked picture of 8-bit samples to RGBA rows, `pitch` bytes apart. Alpha is 255, except that RGBA
/// pictures keep theirs.
pub(crate) fn to_rgba(picture: &Picture<'_>, to: &mut [u8], pitch: usize) -> Result<(), Error> {
    match picture.layout {
        layout if layout.is_ycbcr() => ycbcr::convert(picture, to, pitch),
        PictureLayout::Gbr => gbr::pack(picture, to, pitch),
        PictureLayout::Rgb => {
            let (from, stride) = (picture.planes[0], picture.strides[0] as u32);
            yuv::rgb_to_rgba(
                from,
                stride,
                to,
                pitch as u32,
                picture.width,
                picture.height,
            )
            .map_err(|error| refused(picture, &error))?;
        }
        PictureLayout::Bgrx => each_row(picture, to, pitch, |to, from| {
            for (to, &[b, g, r, _]) in to
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(from.as_chunks::<4>().0)
            {
                *to = [r, g, b, u8::MAX];
            }
        }),
        // What is left is RGBA; the guard of the first arm hides that from the compiler.
        _ => each_row(picture, to, pitch, <[u8]>::copy_from_slice),
    }
    Ok(())
}

/// Turns RGBA into BGRA, and the other way round; padding may lie between the rows.
pub(super) fn swap_red_and_blue(rows: &mut [u8]) {
    for pixel in rows.as_chunks_mut::<4>().0 {
        pixel.swap(0, 2);
    }
}

/// Calls `convert(to, from)` for every row of a picture with 4 bytes a pixel.
fn each_row(
    picture: &Picture<'_>,
    to: &mut [u8],
    pitch: usize,
    convert: impl Fn(&mut [u8], &[u8]),
) {
    let row_bytes = picture.width as usize * 4;
    let rows = picture.planes[0]
        .chunks(picture.strides[0])
        .zip(to.chunks_mut(pitch));
    for (from, to) in rows.take(picture.height as usize) {
        convert(&mut to[..row_bytes], &from[..row_bytes]);
    }
}

fn refused(picture: &Picture<'_>, error: &YuvError) -> Error {
    Error::InvalidPicture {
        plane: 0,
        width: picture.width,
        height: picture.height,
        reason: error.to_string(),
    }
}
