//! Scaling and conversion by NVIDIA's library, one slot a call.

use std::ptr::NonNull;

use nvbufsurface_sys::{
    NVBUFSURF_TRANSFORM_CROP_DST, NVBUFSURF_TRANSFORM_CROP_SRC, NVBUFSURF_TRANSFORM_FILTER,
    NvBufSurfTransformCompute_Default, NvBufSurfTransformCompute_GPU,
    NvBufSurfTransformCompute_VIC, NvBufSurfTransformConfigParams,
    NvBufSurfTransformConfigParamsHead, NvBufSurfTransformError, NvBufSurfTransformParams,
    NvBufSurfTransformParamsHead, NvBufSurfTransformRect, NvBufSurfTransformRectHead,
    NvBufSurfaceParamsHead, OneSlotSurface, TRANSFORM_ERRORS,
};

use super::engine::Engine;
use super::pixels;
use crate::colour;
use crate::enums::{ComputeMode, Interpolation};
use crate::error::{Error, color_format_text};
use crate::geometry::{Rect, TransformConfig};
use crate::letterbox_map::LetterboxMap;
use crate::reader::SlotInfo;

/// Scales `src_rect` of a slot into another slot of the same device and waits.
///
/// # Safety
/// Both slots belong to live surfaces and differ; nobody writes the source or touches the
/// destination.
pub(super) unsafe fn run(
    engine: &Engine,
    src: &SlotInfo,
    src_rect: Option<Rect>,
    dst: &SlotInfo,
    config: &TransformConfig,
) -> Result<(), Error> {
    let src_size = (src.width, src.height);
    let whole = Rect::covering(src_size);
    let dst_size = (dst.width, dst.height);
    let map = LetterboxMap::new(config, src_size, src_rect, dst_size)?;
    let (crop, target) = (map.crop(), map.rect());
    let compute_mode = compute_mode(src, dst, config)?;

    let mut work = engine.cuda.work(src.gpu_id)?;
    work.check_health()?;
    if target != Rect::covering(dst_size) && engine.is_cuda_memory(dst.mem_type) {
        // SAFETY: the caller excludes all others from the destination.
        unsafe { pixels::clear(&mut work, dst)? };
        // The library orders its work after ours only on the stream that it uses last.
        work.finish()?;
    }

    let mut session = NvBufSurfTransformConfigParams::from(NvBufSurfTransformConfigParamsHead {
        compute_mode,
        gpu_id: src.gpu_id as i32,
        cuda_stream: work.stream(),
    });
    // SAFETY: the struct has the longest known form; the stream is never destroyed.
    let result = unsafe { (engine.transform.set_session_params)(&raw mut session) };
    check("NvBufSurfTransformSetSessionParams", result, src, dst)?;

    let (mut src_rects, mut dst_rects) = (rect(crop), rect(target));
    let mut flags = NVBUFSURF_TRANSFORM_CROP_DST | NVBUFSURF_TRANSFORM_FILTER;
    if crop != whole {
        flags |= NVBUFSURF_TRANSFORM_CROP_SRC;
    }
    // A picture that is neither scaled nor converted is copied exactly: the library's other filters
    // round.
    let same = crop.size() == target.size() && src.color_format == dst.color_format;
    let filter = if same {
        Interpolation::Nearest
    } else {
        config.interpolation
    };
    let (shown_src, shown_dst) = shown_formats(src.color_format, dst.color_format);
    let mut params = NvBufSurfTransformParams::from(NvBufSurfTransformParamsHead {
        transform_flag: flags,
        transform_filter: filter as u32,
        src_rect: (&raw mut src_rects).cast(),
        dst_rect: (&raw mut dst_rects).cast(),
        ..NvBufSurfTransformParamsHead::default()
    });
    // SAFETY: both slots are alive; the caller excludes writers.
    let (mut from, mut to) = unsafe {
        (
            shadow(engine, src, shown_src)?,
            shadow(engine, dst, shown_dst)?,
        )
    };
    // SAFETY: the descriptors show one live slot each, the rectangles lie within them, and all
    // structs have the longest known form.
    let result = unsafe {
        (engine.transform.transform)(from.as_mut_ptr(), to.as_mut_ptr(), &raw mut params)
    };
    check("NvBufSurfTransform", result, src, dst)?;
    work.finish()
}

/// The engine that does the work; slots that cannot be combined are refused.
fn compute_mode(src: &SlotInfo, dst: &SlotInfo, config: &TransformConfig) -> Result<u32, Error> {
    let unsupported = |reason| {
        Err(Error::UnsupportedTransform {
            backend: "deepstream",
            source_format: src.color_format,
            destination_format: dst.color_format,
            interpolation: config.interpolation,
            reason,
        })
    };
    let jetson = crate::platform::is_jetson_kernel();
    match config.compute_mode {
        _ if src.gpu_id != dst.gpu_id => unsupported("the surfaces are on different GPUs"),
        ComputeMode::Vic if !jetson => unsupported("the VIC exists on Jetson only"),
        ComputeMode::Vic => Ok(NvBufSurfTransformCompute_VIC),
        ComputeMode::Default if jetson => Ok(NvBufSurfTransformCompute_Default),
        ComputeMode::Default | ComputeMode::Gpu => Ok(NvBufSurfTransformCompute_GPU),
    }
}

fn rect(rect: Rect) -> NvBufSurfTransformRect {
    NvBufSurfTransformRect::from(NvBufSurfTransformRectHead {
        top: rect.top,
        left: rect.left,
        width: rect.width,
        height: rect.height,
    })
}

/// The colour formats to show to the library. Between surfaces of one colour nothing is converted, so it
/// need not know the colour: it does not take every one in every format.
fn shown_formats(src: u32, dst: u32) -> (u32, u32) {
    match (colour::describe(src), colour::describe(dst)) {
        (Some((from, its)), Some((to, same))) if its == same => {
            (from.info().color_format, to.info().color_format)
        }
        _ => (src, dst),
    }
}

/// A descriptor of this slot alone, in this color format.
///
/// # Safety
/// The slot is that of a live surface, and nobody writes its entry during this call.
unsafe fn shadow(
    engine: &Engine,
    slot: &SlotInfo,
    color_format: u32,
) -> Result<OneSlotSurface, Error> {
    let entry = NonNull::new(slot.entry as *mut NvBufSurfaceParamsHead).ok_or_else(|| {
        Error::NotNvBufSurface {
            reason: "the slot has no entry".to_owned(),
        }
    })?;
    let shadow = OneSlotSurface::from_parts(slot.gpu_id, slot.mem_type, entry);
    if color_format == slot.mark {
        return Ok(shadow);
    }
    // SAFETY: same contract; slots that the library is given are of its generation.
    Ok(unsafe { shadow.with_color_format(engine.generation, color_format) })
}

fn check(
    call: &'static str,
    result: NvBufSurfTransformError,
    src: &SlotInfo,
    dst: &SlotInfo,
) -> Result<(), Error> {
    if result == 0 {
        return Ok(());
    }
    let name = TRANSFORM_ERRORS
        .iter()
        .find(|(_, value)| *value == result)
        .map_or("unknown", |(name, _)| *name);
    let describe = |slot: &SlotInfo| {
        format!(
            "{}x{} {}, memory type {}",
            slot.width,
            slot.height,
            color_format_text(slot.color_format),
            slot.mem_type
        )
    };
    Err(Error::Device {
        call,
        reason: format!(
            "{name} ({result}) from {} to {}",
            describe(src),
            describe(dst)
        ),
    })
}
