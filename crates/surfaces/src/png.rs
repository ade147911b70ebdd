//! Surfaces as PNG files.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use crate::backend::ByteRows;
use crate::colour::{self, Colour};
use crate::convert::{Picture, PictureLayout, to_rgba};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::shared_buffer::SharedBuffer;
use crate::view::SurfaceView;

/// Writes slot 0 of a buffer: RGBA with alpha, `BGRx` and Y, Cb, Cr formats as RGB, GRAY8 as grey.
///
/// # Errors
/// [`Error::Png`] if the file cannot be written, [`Error::UnsupportedConversion`],
/// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`].
pub fn save_png(buffer: &SharedBuffer, path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    let view = SurfaceView::from_buffer(buffer, 0, 0)?;
    let (format, colour) =
        colour::describe(view.color_format()).ok_or(Error::UnsupportedConversion {
            color_format: view.color_format(),
            reason: "only the formats of VideoFormat can be written as PNG",
        })?;
    let layout = PictureLayout::from(format);
    let png_type = match format {
        VideoFormat::Rgba => png::ColorType::Rgba,
        VideoFormat::Gray8 => png::ColorType::Grayscale,
        _ => png::ColorType::Rgb,
    };
    let size = (view.width(), view.height());
    // Unlike a download, this includes the whole last chroma pair of packed formats.
    let shapes: Vec<_> = layout
        .planes()
        .iter()
        .map(|plane| ByteRows::packed(plane.row_bytes(size.0), plane.rows(size.1) as usize))
        .collect();
    let mut pixels = vec![0; shapes.iter().map(ByteRows::packed_size).sum()];
    view.copy_planes(shapes.iter().copied(), &mut pixels)?;
    if png_type == png::ColorType::Rgb {
        pixels = rgb(layout, colour, &pixels, &shapes, size)?;
    }
    write(path, size, png_type, &pixels).map_err(|reason| Error::Png {
        path: path.display().to_string(),
        reason: reason.to_string(),
    })
}

/// Converts packed planes to RGB.
fn rgb(
    layout: PictureLayout,
    colour: Colour,
    mut planes: &[u8],
    shapes: &[ByteRows],
    (width, height): (u32, u32),
) -> Result<Vec<u8>, Error> {
    let mut picture = Picture {
        layout,
        width,
        height,
        planes: [&[]; 3],
        strides: [0; 3],
        colour,
        bits: 8,
    };
    for (index, shape) in shapes.iter().enumerate() {
        picture.strides[index] = shape.stride;
        (picture.planes[index], planes) = planes.split_at(shape.packed_size());
    }
    let pitch = width as usize * 4;
    let mut rgba = vec![0; pitch * height as usize];
    to_rgba(&picture, &mut rgba, pitch)?;
    Ok(rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect())
}

fn write(
    path: &Path,
    (width, height): (u32, u32),
    color: png::ColorType,
    pixels: &[u8],
) -> Result<(), png::EncodingError> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()
}
