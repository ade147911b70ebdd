//! How the pixels of one slot lie in memory. Pure computation with checked arithmetic.

use crate::error::Error;
use crate::format::VideoFormat;

/// Most slots that one surface may have.
pub const MAX_BATCH_SIZE: u32 = 1024;

/// Row alignment in bytes of luma and packed planes, as NVIDIA's library chooses it.
const PITCH_ALIGNMENT: u32 = 512;

/// Row alignment in bytes of separate (not interleaved) chroma planes.
const SEPARATE_CHROMA_PITCH_ALIGNMENT: u32 = 256;

/// What is allocated: `batch_size` slots of one size and format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SurfaceSpec {
    /// Pixel format of every slot.
    pub format: VideoFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Number of slots, 1 to [`MAX_BATCH_SIZE`].
    pub batch_size: u32,
    /// Device that owns the memory.
    pub gpu_id: u32,
    /// Memory type, already resolved by the backend.
    pub mem_type: crate::enums::MemType,
}

/// One plane of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PlaneLayout {
    /// Samples in a row; an interleaved chroma pair is one sample.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next.
    pub pitch: u32,
    /// Bytes from the start of the slot's memory.
    pub offset: u32,
    /// Bytes of the plane.
    pub size: u32,
    /// Bytes of one sample.
    pub bytes_per_sample: u32,
}

/// The planes of one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotLayout {
    /// The planes, in memory order.
    pub planes: Vec<PlaneLayout>,
    /// Bytes of the slot's memory.
    pub size: u32,
}

impl SurfaceSpec {
    /// The layout of each slot. Plane sizes are rounded up to even numbers, as NVIDIA's library
    /// does.
    ///
    /// # Errors
    /// [`Error::InvalidSurfaceSize`] if a side or the number of slots is out of range.
    pub fn slot_layout(&self) -> Result<SlotLayout, Error> {
        if self.width == 0 || self.height == 0 {
            return Err(self.invalid("width and height must be at least 1"));
        }
        if !(1..=MAX_BATCH_SIZE).contains(&self.batch_size) {
            return Err(self.invalid("the number of slots must be 1 to 1024"));
        }
        self.checked_layout()
            .ok_or_else(|| self.invalid("a slot must be smaller than 4 GiB"))
    }

    fn checked_layout(&self) -> Option<SlotLayout> {
        let even_width = self.width.checked_next_multiple_of(2)?;
        let even_height = self.height.checked_next_multiple_of(2)?;
        let mut size = 0u32;
        let mut planes = Vec::new();
        for (index, plane) in self.format.info().planes.iter().enumerate() {
            let separate_chroma = index > 0 && plane.bytes_per_sample == 1;
            let alignment = if separate_chroma {
                SEPARATE_CHROMA_PITCH_ALIGNMENT
            } else {
                PITCH_ALIGNMENT
            };
            let (width, height) = (plane.samples(even_width), plane.rows(even_height));
            let pitch = width
                .checked_mul(plane.bytes_per_sample)?
                .checked_next_multiple_of(alignment)?;
            let plane_size = pitch.checked_mul(height)?;
            planes.push(PlaneLayout {
                width,
                height,
                pitch,
                offset: size,
                size: plane_size,
                bytes_per_sample: plane.bytes_per_sample,
            });
            size = size.checked_add(plane_size)?;
        }
        Some(SlotLayout { planes, size })
    }

    fn invalid(&self, reason: &'static str) -> Error {
        Error::InvalidSurfaceSize {
            format: self.format,
            width: self.width,
            height: self.height,
            slots: self.batch_size,
            reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enums::MemType;

    fn layout(format: VideoFormat, width: u32, height: u32) -> Result<SlotLayout, Error> {
        SurfaceSpec {
            format,
            width,
            height,
            batch_size: 1,
            gpu_id: 0,
            mem_type: MemType::System,
        }
        .slot_layout()
    }

    #[test]
    fn pitches_match_nvidias_library() {
        for (format, pitches) in [
            (VideoFormat::Rgba, vec![2560]),
            (VideoFormat::Nv12, vec![1024, 1024]),
            (VideoFormat::I420, vec![1024, 512, 512]),
            (VideoFormat::Uyvy, vec![1536]),
            (VideoFormat::Gray8, vec![1024]),
        ] {
            let layout = layout(format, 640, 480).unwrap();
            assert_eq!(
                layout
                    .planes
                    .iter()
                    .map(|plane| plane.pitch)
                    .collect::<Vec<_>>(),
                pitches
            );
        }
    }

    #[test]
    fn plane_sizes_are_even_and_offsets_follow_each_other() {
        let layout = layout(VideoFormat::I420, 641, 481).unwrap();
        assert_eq!(
            (layout.planes[0].width, layout.planes[0].height),
            (642, 482)
        );
        assert_eq!(
            (layout.planes[2].width, layout.planes[2].height),
            (321, 241)
        );
        let mut end = 0;
        for plane in &layout.planes {
            assert_eq!(plane.offset, end);
            assert_eq!(plane.size, plane.pitch * plane.height);
            end += plane.size;
        }
        assert_eq!(layout.size, end);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for (width, height) in [
            (0, 1),
            (1, 0),
            (u32::MAX, 1),
            (1, u32::MAX),
            (65_536, 65_536),
        ] {
            assert!(
                matches!(
                    layout(VideoFormat::Rgba, width, height),
                    Err(Error::InvalidSurfaceSize { .. })
                ),
                "{width}x{height}"
            );
        }
    }
}
