//! The way of pictures in Y, Cb and Cr to the longer filters of NVIDIA's library: by way of RGBA.
//!
//! The library itself converts such a picture into memory of its own before it filters it, and reads past the end of the
//! picture there. Its last rows and columns then show what that memory held before, up to 255 levels off (docs/gpu-facts.md).
//! In RGBA only the last row is a few levels off.

use std::sync::Arc;

use super::engine::Engine;
use super::surface::LibrarySurface;
use super::transform::{self, size};
use crate::backend::TransformJob;
use crate::enums::{Interpolation, MemType};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::geometry::{Rect, TransformConfig};
use crate::layout::SurfaceSpec;
use crate::letterbox_map::LetterboxMap;
use crate::platform::is_jetson_kernel;

/// Scales slots as [`transform::run`] does, those that need it by way of RGBA.
///
/// # Safety
/// As [`transform::run`].
pub(super) unsafe fn run(
    engine: &Arc<Engine>,
    mut jobs: Vec<TransformJob>,
    config: &TransformConfig,
) -> Result<(), Error> {
    let mut copies = Vec::new();
    // Alive until all work on them has been waited for.
    let mut surfaces = Vec::new();
    for job in &mut jobs {
        let Some(crop) = crop_to_copy(job, config)? else {
            continue;
        };
        let surface = LibrarySurface::new(
            engine,
            &SurfaceSpec {
                format: VideoFormat::Rgba,
                width: crop.width,
                height: crop.height,
                batch_size: 1,
                gpu_id: job.src.gpu_id,
                mem_type: MemType::CudaDevice,
            },
        )?;
        let copy = surface.slots().any_slot(0)?;
        copies.push(TransformJob {
            src: job.src,
            src_rect: Some(crop),
            dst: copy,
        });
        (job.src, job.src_rect) = (copy, None);
        surfaces.push(surface);
    }
    // SAFETY: the copies belong to nobody else; for the rest the same contract.
    unsafe {
        if !copies.is_empty() {
            transform::run(engine, &copies, &TransformConfig::NEAREST)?;
        }
        transform::run(engine, &jobs, config)
    }
}

/// What of the source has to be copied to RGBA, if anything.
fn crop_to_copy(job: &TransformJob, config: &TransformConfig) -> Result<Option<Rect>, Error> {
    let TransformJob { src, src_rect, dst } = job;
    let is_long = matches!(
        config.interpolation,
        Interpolation::GpuCubicVic5Tap
            | Interpolation::GpuSuperVic10Tap
            | Interpolation::GpuLanczosVicSmart
    );
    let is_affected = matches!(src.format(), Some(VideoFormat::Nv12 | VideoFormat::I420))
        && matches!(dst.format(), Some(VideoFormat::Rgba | VideoFormat::Bgrx));
    if !is_long || !is_affected || is_jetson_kernel() {
        return Ok(None);
    }
    let map = LetterboxMap::new(config, size(src), *src_rect, size(dst))?;
    let crop = map.crop();
    Ok((crop.size() != map.rect().size()).then_some(crop))
}
