//! Scaling and conversion by NVIDIA's library, as many slots a call as it can take.

use std::ptr::NonNull;

use nvbufsurface_sys::{
    AssembledSurface, NVBUF_COLOR_FORMAT_GRAY8, NVBUFSURF_TRANSFORM_CROP_DST,
    NVBUFSURF_TRANSFORM_CROP_SRC, NVBUFSURF_TRANSFORM_FILTER, NvBufSurfTransformCompute_Default,
    NvBufSurfTransformCompute_GPU, NvBufSurfTransformCompute_VIC, NvBufSurfTransformConfigParams,
    NvBufSurfTransformConfigParamsHead, NvBufSurfTransformError, NvBufSurfTransformParams,
    NvBufSurfTransformParamsHead, NvBufSurfTransformRectHead, NvBufSurfaceParamsHead, RectList,
    TRANSFORM_ERRORS,
};

use super::cuda::Work;
use super::engine::Engine;
use super::{margins, pixels};
use crate::backend::TransformJob;
use crate::colour;
use crate::enums::{ComputeMode, Interpolation};
use crate::error::{Error, color_format_text};
use crate::geometry::{Rect, TransformConfig};
use crate::letterbox_map::LetterboxMap;
use crate::reader::SlotInfo;

/// Scales slots of one device into others and waits. Slots that can share a call of the library do.
///
/// # Safety
/// All slots belong to live surfaces, the destinations differ from each other and from the sources;
/// nobody writes the sources or touches the destinations.
pub(super) unsafe fn run(
    engine: &Engine,
    jobs: &[TransformJob],
    config: &TransformConfig,
) -> Result<(), Error> {
    let mut calls: Vec<(Call, Vec<Plan<'_>>)> = Vec::new();
    for job in jobs {
        let (call, plan) = plan(job, config)?;
        match calls.iter_mut().find(|(known, _)| *known == call) {
            Some((_, plans)) => plans.push(plan),
            None => calls.push((call, vec![plan])),
        }
    }
    for (call, plans) in calls {
        // SAFETY: same contract.
        unsafe { call.run(engine, &plans)? };
    }
    Ok(())
}

/// What all slots of one call have in common.
#[derive(PartialEq)]
struct Call {
    gpu_id: u32,
    compute_mode: u32,
    flags: u32,
    filter: u32,
    src_mem_type: u32,
    src_format: u32,
    dst_mem_type: u32,
    dst_format: u32,
}

/// Which part of a slot goes where.
struct Plan<'a> {
    job: &'a TransformJob,
    crop: Rect,
    target: Rect,
}

impl Plan<'_> {
    fn covers_destination(&self) -> bool {
        self.target == Rect::covering(size(&self.job.dst))
    }
}

pub(super) fn size(slot: &SlotInfo) -> (u32, u32) {
    (slot.width, slot.height)
}

fn plan<'a>(job: &'a TransformJob, config: &TransformConfig) -> Result<(Call, Plan<'a>), Error> {
    let TransformJob { src, src_rect, dst } = job;
    let whole = Rect::covering(size(src));
    let map = LetterboxMap::new(config, size(src), *src_rect, size(dst))?;
    let (crop, target) = (map.crop(), map.rect());
    let mut flags = NVBUFSURF_TRANSFORM_CROP_DST | NVBUFSURF_TRANSFORM_FILTER;
    if crop != whole {
        flags |= NVBUFSURF_TRANSFORM_CROP_SRC;
    }
    let filter = filter(src, dst, config, crop.size() != target.size())?;
    let (src_format, dst_format) = shown_formats(src.color_format, dst.color_format);
    let call = Call {
        gpu_id: src.gpu_id,
        compute_mode: compute_mode(src, dst, config)?,
        flags,
        filter: filter as u32,
        src_mem_type: src.mem_type,
        src_format,
        dst_mem_type: dst.mem_type,
        dst_format,
    };
    Ok((call, Plan { job, crop, target }))
}

impl Call {
    /// # Safety
    /// As [`run`].
    unsafe fn run(&self, engine: &Engine, plans: &[Plan<'_>]) -> Result<(), Error> {
        let mut work = engine.cuda.work(self.gpu_id)?;
        work.check_health()?;
        if engine.is_cuda_memory(self.dst_mem_type) {
            // SAFETY: the caller excludes all others from the destinations.
            unsafe { clear_margins(&mut work, plans)? };
        }

        let mut session =
            NvBufSurfTransformConfigParams::from(NvBufSurfTransformConfigParamsHead {
                compute_mode: self.compute_mode,
                gpu_id: self.gpu_id as i32,
                cuda_stream: work.stream(),
            });
        // SAFETY: the struct has the longest known form; the stream is never destroyed.
        let result = unsafe { (engine.transform.set_session_params)(&raw mut session) };
        check("NvBufSurfTransformSetSessionParams", result, plans)?;

        let rects = |which: fn(&Plan<'_>) -> Rect| {
            RectList::new(
                engine.generation,
                plans.iter().map(|plan| head(which(plan))),
            )
        };
        let (mut src_rects, mut dst_rects) = (rects(|plan| plan.crop), rects(|plan| plan.target));
        let mut params = NvBufSurfTransformParams::from(NvBufSurfTransformParamsHead {
            transform_flag: self.flags,
            transform_filter: self.filter,
            src_rect: src_rects.as_mut_ptr(),
            dst_rect: dst_rects.as_mut_ptr(),
            ..NvBufSurfTransformParamsHead::default()
        });
        let assemble = |mem_type, format, which: fn(&TransformJob) -> &SlotInfo| {
            let entries = plans
                .iter()
                .map(|plan| Ok((entry(which(plan.job))?, format)))
                .collect::<Result<Vec<_>, Error>>()?;
            // SAFETY: the slots are alive and the caller excludes writers; slots that the library is
            // given are of its generation.
            Ok::<_, Error>(unsafe {
                AssembledSurface::new(engine.generation, self.gpu_id, mem_type, &entries)
            })
        };
        let mut from = assemble(self.src_mem_type, self.src_format, |job| &job.src)?;
        let mut to = assemble(self.dst_mem_type, self.dst_format, |job| &job.dst)?;
        // SAFETY: the descriptors show live slots, the rectangles lie within them, there are as many
        // of each, and all structs have the longest known form.
        let result = unsafe {
            (engine.transform.transform)(from.as_mut_ptr(), to.as_mut_ptr(), &raw mut params)
        };
        check("NvBufSurfTransform", result, plans)?;
        work.finish()
    }
}

/// Makes black what the pictures do not cover. Where that is not queued beside the pictures, it waits.
///
/// # Safety
/// As [`run`].
unsafe fn clear_margins(work: &mut Work<'_>, plans: &[Plan<'_>]) -> Result<(), Error> {
    let mut rest: Vec<_> = plans
        .iter()
        .filter(|plan| !plan.covers_destination())
        .collect();
    let mut whole = Vec::new();
    while let Some(first) = rest.first() {
        let target = first.target;
        let (same, others): (Vec<_>, _) = rest.into_iter().partition(|plan| plan.target == target);
        let slots: Vec<_> = same.iter().map(|plan| &plan.job.dst).collect();
        // SAFETY: same contract; nothing else is queued yet.
        if !unsafe { margins::clear_around(work, &slots, target)? } {
            whole.extend(slots);
        }
        rest = others;
    }
    for slot in &whole {
        // SAFETY: same contract.
        unsafe { pixels::clear(work, slot)? };
    }
    if !whole.is_empty() {
        // The library orders its work after ours only on the stream that it uses last.
        work.finish()?;
    }
    Ok(())
}

/// The library's filter. Where nothing is scaled every filter should show the pixels as they are: only
/// `NEAREST` does, the others round, or look beside the pixel where colours are converted.
fn filter(
    src: &SlotInfo,
    dst: &SlotInfo,
    config: &TransformConfig,
    is_scaled: bool,
) -> Result<Interpolation, Error> {
    let is_gray = [src, dst]
        .iter()
        .any(|slot| slot.color_format == NVBUF_COLOR_FORMAT_GRAY8);
    match config.interpolation {
        _ if !is_scaled => Ok(Interpolation::Nearest),
        simple @ (Interpolation::Nearest | Interpolation::Bilinear) => Ok(simple),
        _ if is_gray && !crate::platform::is_jetson_kernel() => Err(unsupported(
            src,
            dst,
            config,
            "NvBufSurfTransform damages GRAY8 pictures with this filter; use NEAREST or BILINEAR",
        )),
        other => Ok(other),
    }
}

/// The engine that does the work; slots that cannot be combined are refused.
fn compute_mode(src: &SlotInfo, dst: &SlotInfo, config: &TransformConfig) -> Result<u32, Error> {
    let unsupported = |reason| Err(unsupported(src, dst, config, reason));
    let jetson = crate::platform::is_jetson_kernel();
    match config.compute_mode {
        _ if src.gpu_id != dst.gpu_id => unsupported("the surfaces are on different GPUs"),
        ComputeMode::Vic if !jetson => unsupported("the VIC exists on Jetson only"),
        ComputeMode::Vic => Ok(NvBufSurfTransformCompute_VIC),
        ComputeMode::Default if jetson => Ok(NvBufSurfTransformCompute_Default),
        ComputeMode::Default | ComputeMode::Gpu => Ok(NvBufSurfTransformCompute_GPU),
    }
}

fn unsupported(
    src: &SlotInfo,
    dst: &SlotInfo,
    config: &TransformConfig,
    reason: &'static str,
) -> Error {
    Error::UnsupportedTransform {
        backend: "deepstream",
        source_format: src.color_format,
        destination_format: dst.color_format,
        interpolation: config.interpolation,
        reason,
    }
}

fn head(rect: Rect) -> NvBufSurfTransformRectHead {
    NvBufSurfTransformRectHead {
        top: rect.top,
        left: rect.left,
        width: rect.width,
        height: rect.height,
    }
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

fn entry(slot: &SlotInfo) -> Result<NonNull<NvBufSurfaceParamsHead>, Error> {
    NonNull::new(slot.entry as *mut NvBufSurfaceParamsHead).ok_or_else(|| Error::NotNvBufSurface {
        reason: "the slot has no entry".to_owned(),
    })
}

fn check(
    call: &'static str,
    result: NvBufSurfTransformError,
    plans: &[Plan<'_>],
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
    let slots: Vec<_> = plans
        .iter()
        .map(|plan| {
            format!(
                "from {} to {}",
                describe(&plan.job.src),
                describe(&plan.job.dst)
            )
        })
        .collect();
    Err(Error::Device {
        call,
        reason: format!("{name} ({result}) {}", slots.join("; ")),
    })
}
