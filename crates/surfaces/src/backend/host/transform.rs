//! Scaling between surfaces of the same packed format with nearest-neighbour sampling.

use crate::convert::nearest;
use crate::enums::{ComputeMode, Interpolation};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, TransformConfig, visible_letterbox_rect};
use crate::reader::SlotInfo;

/// A checked transform: which pixels go where.
pub(super) struct Plan {
    pixel_bytes: usize,
    crop: Rect,
    target: Rect,
    dst_size: (u32, u32),
}

impl Plan {
    pub(super) fn new(
        src: &SlotInfo,
        src_rect: Option<Rect>,
        dst: &SlotInfo,
        config: &TransformConfig,
    ) -> Result<Self, Error> {
        let unsupported = |reason| Error::UnsupportedTransform {
            backend: "host",
            source_format: src.color_format,
            destination_format: dst.color_format,
            interpolation: config.interpolation,
            reason,
        };
        let (src_size, dst_size) = ((src.width, src.height), (dst.width, dst.height));
        let crop = src_rect
            .unwrap_or(Rect::covering(src_size))
            .clipped_to(src_size)?;
        let target =
            visible_letterbox_rect(crop.size(), dst_size, config.padding, config.dst_padding)?;
        if config.compute_mode == ComputeMode::Vic {
            return Err(unsupported("the VIC exists on Jetson only"));
        }
        if src.color_format != dst.color_format {
            return Err(unsupported("the formats differ"));
        }
        let pixel_bytes = match src.format() {
            Some(VideoFormat::Rgba | VideoFormat::Bgrx | VideoFormat::Gray8) => {
                src.channels() as usize
            }
            _ => return Err(unsupported("the format is not RGBA, BGRx or GRAY8")),
        };
        // Without scaling every interpolation gives the source's own pixels.
        let nearest = matches!(
            config.interpolation,
            Interpolation::Nearest | Interpolation::Default
        );
        if !nearest && crop.size() != target.size() {
            return Err(unsupported("scaling is done with NEAREST"));
        }
        Ok(Self {
            pixel_bytes,
            crop,
            target,
            dst_size,
        })
    }

    /// Writes the picture, and zeros around it.
    pub(super) fn run(&self, from: &[u8], from_pitch: usize, to: &mut [u8], to_pitch: usize) {
        let map = nearest::Map::new(self.crop, self.target, self.pixel_bytes);
        nearest::clear_around(to, to_pitch, self.dst_size, self.target, self.pixel_bytes);
        for row in 0..self.target.height {
            let source = map.source_row(row) as usize;
            map.scale_row(
                &from[source * from_pitch..],
                &mut to[map.target_row(row) * to_pitch..],
            );
        }
    }
}
