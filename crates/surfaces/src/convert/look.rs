//! Reading a surface as a picture in ordinary memory.

use super::picture::{Picture, PictureLayout};
use super::plane_shapes;
use crate::backend::{ByteRows, backend, picture_in_place};
use crate::colour;
use crate::error::Error;
use crate::shared_buffer::SharedBuffer;

/// Calls `look` with slot 0 of a buffer as a picture in ordinary memory: the surface's own where the CPU
/// reaches it, else a copy. Nobody writes the pixels through this crate meanwhile.
///
/// Work that is queued on the default stream is waited for.
///
/// # Errors
/// [`Error::UnsupportedConversion`] if the buffer has no [`VideoFormat`](crate::VideoFormat);
/// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`].
pub fn look_at<R>(buffer: &SharedBuffer, look: impl FnOnce(&Picture<'_>) -> R) -> Result<R, Error> {
    let backend = backend()?;
    let slot = buffer.slot(0)?;
    let (format, colour) =
        colour::describe(slot.color_format).ok_or(Error::UnsupportedConversion {
            color_format: slot.color_format,
            reason: "only the formats of VideoFormat can be read",
        })?;
    let layout = PictureLayout::from(format);
    backend.synchronize(slot.gpu_id, 0)?;
    let _guard = buffer.lock_pixels();
    // SAFETY: the buffer is alive, and the guard excludes writers.
    if let Some(picture) = unsafe { picture_in_place(&slot, layout, colour) } {
        return Ok(look(&picture));
    }
    let size = (slot.width, slot.height);
    let shapes: Vec<_> = plane_shapes(format, size).collect();
    let mut copy = vec![0; shapes.iter().map(ByteRows::packed_size).sum()];
    let mut rest = &mut copy[..];
    let mut picture = Picture {
        layout,
        width: slot.width,
        height: slot.height,
        planes: [&[]; 3],
        strides: [0; 3],
        colour,
        bits: 8,
    };
    for (plane, shape) in shapes.iter().enumerate() {
        let (to, behind) = rest.split_at_mut(shape.packed_size());
        // SAFETY: as above.
        unsafe { backend.copy_out(&slot, plane, to, *shape)? };
        (picture.planes[plane], picture.strides[plane]) = (to, shape.stride);
        rest = behind;
    }
    Ok(look(&picture))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VideoFormat;
    use crate::pool::{BufferGenerator, GeneratorConfig};
    use crate::view::SurfaceView;
    use crate::wait::Wait;

    #[test]
    fn the_picture_is_what_a_download_gives() {
        for format in [VideoFormat::Rgba, VideoFormat::Nv12, VideoFormat::I420] {
            let config = GeneratorConfig::new(format, 36, 22);
            let generator = BufferGenerator::new(config).unwrap();
            let buffer = generator.acquire(Wait::forever()).unwrap();
            let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
            view.memset(7).unwrap();
            let mut expected = vec![0; view.packed_size()];
            view.download(&mut expected).unwrap();
            let seen = look_at(&buffer, |picture| {
                assert_eq!(picture.layout, PictureLayout::from(format));
                let planes = 0..picture.layout.planes().len();
                planes
                    .flat_map(|plane| picture.rows(plane).flatten().copied().collect::<Vec<_>>())
                    .collect::<Vec<u8>>()
            });
            assert_eq!(seen.unwrap(), expected);
        }
    }
}
