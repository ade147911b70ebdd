//! Scaling and conversion between surfaces.

use crate::colour::{self, Colour};
use crate::convert::{Canvas, PictureLayout};
use crate::enums::ComputeMode;
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::reader::SlotInfo;

use super::pixels;

/// A checked transform: both formats are known.
pub(super) struct Plan<'a> {
    layout: PictureLayout,
    src_colour: Colour,
    dst_colour: Colour,
    crop: Option<Rect>,
    config: &'a TransformConfig,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        src: &SlotInfo,
        crop: Option<Rect>,
        dst: &SlotInfo,
        config: &'a TransformConfig,
    ) -> Result<Self, Error> {
        let unsupported = |reason| Error::UnsupportedTransform {
            backend: "host",
            source_format: src.color_format,
            destination_format: dst.color_format,
            interpolation: config.interpolation,
            reason,
        };
        if config.compute_mode == ComputeMode::Vic {
            return Err(unsupported("the VIC exists on Jetson only"));
        }
        let known = colour::describe(src.color_format).zip(colour::describe(dst.color_format));
        let ((format, src_colour), (_, dst_colour)) =
            known.ok_or_else(|| unsupported("only the formats of VideoFormat are known"))?;
        Ok(Self {
            layout: format.into(),
            src_colour,
            dst_colour,
            crop,
            config,
        })
    }

    /// Writes the picture, and what is around it. Blocks until that is done, on the calling thread.
    ///
    /// # Safety
    /// `src` belongs to a live surface, and nobody writes its pixels meanwhile.
    pub(super) unsafe fn run(&self, src: &SlotInfo, to: &mut Canvas<'_>) -> Result<(), Error> {
        // SAFETY: the caller excludes writers.
        let picture = unsafe { pixels::picture(src, self.layout, self.src_colour)? };
        to.render_as(self.dst_colour, &picture, self.crop, self.config)?;
        Ok(())
    }
}
