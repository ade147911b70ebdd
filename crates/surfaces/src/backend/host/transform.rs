//! Scaling between surfaces of the same packed format.

use crate::convert::nearest;
use crate::convert::resample::{Samples, is_nearest, resample};
use crate::enums::{ComputeMode, Interpolation};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, TransformConfig, visible_letterbox_rect};
use crate::reader::SlotInfo;

/// A checked transform: which pixels go where.
pub(super) struct Plan {
    pixel_bytes: usize,
    src_size: (u32, u32),
    crop: Rect,
    target: Rect,
    dst_size: (u32, u32),
    interpolation: Interpolation,
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
        Ok(Self {
            pixel_bytes,
            src_size,
            crop,
            target,
            dst_size,
            interpolation: config.interpolation,
        })
    }

    /// Writes the picture, and zeros around it.
    pub(super) fn run(
        &self,
        from: &[u8],
        from_pitch: usize,
        to: &mut [u8],
        to_pitch: usize,
    ) -> Result<(), Error> {
        nearest::clear_around(to, to_pitch, self.dst_size, self.target, self.pixel_bytes);
        // Without scaling every interpolation gives the source's own pixels.
        if is_nearest(self.interpolation) || self.crop.size() == self.target.size() {
            self.pick(from, from_pitch, to, to_pitch);
            return Ok(());
        }
        self.interpolate(from, from_pitch, to, to_pitch)
    }

    fn pick(&self, from: &[u8], from_pitch: usize, to: &mut [u8], to_pitch: usize) {
        let map = nearest::Map::new(self.crop, self.target, self.pixel_bytes);
        for row in 0..self.target.height {
            let source = map.source_row(row) as usize;
            map.scale_row(
                &from[source * from_pitch..],
                &mut to[map.target_row(row) * to_pitch..],
            );
        }
    }

    fn interpolate(
        &self,
        from: &[u8],
        from_pitch: usize,
        to: &mut [u8],
        to_pitch: usize,
    ) -> Result<(), Error> {
        let samples = Samples {
            bytes: from,
            stride: from_pitch,
            size: self.src_size,
            bytes_per_sample: self.pixel_bytes as u32,
        };
        let Rect {
            top,
            left,
            width,
            height,
        } = self.crop;
        let part = (left.into(), top.into(), width.into(), height.into());
        let scaled =
            resample(samples, part, self.target.size(), self.interpolation).map_err(|reason| {
                Error::InvalidPicture {
                    plane: 0,
                    width,
                    height,
                    reason,
                }
            })?;
        let row_bytes = self.target.width as usize * self.pixel_bytes;
        let start = self.target.left as usize * self.pixel_bytes;
        let rows = to
            .chunks_mut(to_pitch)
            .skip(self.target.top as usize)
            .zip(scaled.chunks_exact(row_bytes));
        for (to, from) in rows {
            to[start..start + row_bytes].copy_from_slice(from);
        }
        Ok(())
    }
}
