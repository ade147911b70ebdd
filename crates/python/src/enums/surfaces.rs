//! Enums of surfaces, transforms and buffer metadata.

use pyo3::prelude::*;
use surfaces::{
    ComputeMode, Interpolation, MemType, MetaClearPolicy, Padding, SavantIdKind, VideoFormat,
};

use super::{named_py_enum, py_enum};

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyVideoFormat>()?;
    module.add_class::<PyMemType>()?;
    module.add_class::<PyPadding>()?;
    module.add_class::<PyInterpolation>()?;
    module.add_class::<PyComputeMode>()?;
    module.add_class::<PySavantIdMetaKind>()?;
    module.add_class::<PyMetaClearPolicy>()
}

named_py_enum! {
    /// Pixel formats of surfaces, 8 bits a component.
    ///
    /// * ``RGBA``, ``BGRx``: 4 bytes a pixel; the x byte has no meaning.
    /// * ``NV12``, ``NV21``: 4:2:0, a luma plane and one of interleaved UV or VU.
    /// * ``I420``: 4:2:0 in three planes.
    /// * ``UYVY``: 4:2:2 in one plane.
    /// * ``GRAY8``: one byte a pixel.
    "VideoFormat" PyVideoFormat for VideoFormat {
        "RGBA" = Rgba,
        "BGRx" = Bgrx,
        "NV12" = Nv12,
        "NV21" = Nv21,
        "I420" = I420,
        "UYVY" = Uyvy,
        "GRAY8" = Gray8,
    }
    spelled "exactly as ``name()`` spells it"
    {
        /// The format's name in caps, for example ``"NV12"``.
        fn name(&self) -> &'static str {
            VideoFormat::from(*self).name()
        }
    }
}

py_enum! {
    /// Memory that holds the pixels of a surface.
    ///
    /// * ``DEFAULT``: the machine's own choice.
    /// * ``CUDA_PINNED``: page-locked host memory.
    /// * ``CUDA_DEVICE``: memory of the GPU.
    /// * ``CUDA_UNIFIED``: managed memory, visible to the CPU and the GPU.
    /// * ``SURFACE_ARRAY``, ``HANDLE``: Jetson only.
    /// * ``SYSTEM``: ordinary host memory.
    "MemType" PyMemType for MemType {
        "DEFAULT" = Default,
        "CUDA_PINNED" = CudaPinned,
        "CUDA_DEVICE" = CudaDevice,
        "CUDA_UNIFIED" = CudaUnified,
        "SURFACE_ARRAY" = SurfaceArray,
        "HANDLE" = Handle,
        "SYSTEM" = System,
    }
    {
        /// The memory type's name in lower case, for example ``"cuda_device"``.
        fn name(&self) -> &'static str {
            MemType::from(*self).name()
        }
    }
}

named_py_enum! {
    /// Where a scaled picture lies in a destination of another shape.
    ///
    /// * ``NONE``: everywhere; the picture may be distorted.
    /// * ``RIGHT_BOTTOM``: at the top left, padded on the right and at the bottom.
    /// * ``SYMMETRIC``: in the centre, padded on both sides.
    "Padding" PyPadding for Padding {
        "NONE" = None,
        "RIGHT_BOTTOM" = RightBottom,
        "SYMMETRIC" = Symmetric,
    }
    spelled "in any case"
}

named_py_enum! {
    /// How pixels are interpolated when a picture is scaled.
    ///
    /// Compound names say what a GPU does and what Jetson's image compositor (VIC) does.
    ///
    /// * ``NEAREST``, ``BILINEAR``: the same on both.
    /// * ``GPU_CUBIC_VIC_5TAP``: cubic, or a filter of 5 taps.
    /// * ``GPU_SUPER_VIC_10TAP``: super-sampling, or a filter of 10 taps.
    /// * ``GPU_LANCZOS_VIC_SMART``: Lanczos, or the compositor's "smart" filter.
    /// * ``GPU_IGNORED_VIC_NICEST``: not scaled by a GPU, or the compositor's "nicest" filter.
    /// * ``DEFAULT``: nearest on both.
    "Interpolation" PyInterpolation for Interpolation {
        "NEAREST" = Nearest,
        "BILINEAR" = Bilinear,
        "GPU_CUBIC_VIC_5TAP" = GpuCubicVic5Tap,
        "GPU_SUPER_VIC_10TAP" = GpuSuperVic10Tap,
        "GPU_LANCZOS_VIC_SMART" = GpuLanczosVicSmart,
        "GPU_IGNORED_VIC_NICEST" = GpuIgnoredVicNicest,
        "DEFAULT" = Default,
    }
    spelled "in any case and with or without underscores"
}

py_enum! {
    /// The processor that runs a transform.
    ///
    /// * ``DEFAULT``: the image compositor (VIC) on Jetson, else the GPU.
    /// * ``GPU``: the GPU.
    /// * ``VIC``: the image compositor, on Jetson only.
    "ComputeMode" PyComputeMode for ComputeMode {
        "DEFAULT" = Default,
        "GPU" = Gpu,
        "VIC" = Vic,
    }
}

py_enum! {
    /// What the number of a ``(SavantIdMetaKind, int)`` entry identifies: a ``FRAME`` or a ``BATCH``.
    ///
    /// Members equal their lower-case names too, which is how ``get_savant_id_meta`` spells them;
    /// the hash agrees with the int only.
    "SavantIdMetaKind" PySavantIdMetaKind for SavantIdKind {
        "FRAME" = Frame,
        "BATCH" = Batch,
    }
    equal_to_str(kind_name)
}

py_enum! {
    /// When the object metadata of a batch is erased.
    ///
    /// * ``NONE``: never.
    /// * ``BEFORE``: before new objects are attached.
    /// * ``AFTER``: when the output is dropped.
    /// * ``BOTH``: at both times.
    "MetaClearPolicy" PyMetaClearPolicy for MetaClearPolicy {
        "NONE" = None,
        "BEFORE" = Before,
        "AFTER" = After,
        "BOTH" = Both,
    }
}

/// The text of a kind in `get_savant_id_meta`.
pub(crate) fn kind_name(kind: SavantIdKind) -> &'static str {
    match kind {
        SavantIdKind::Frame => "frame",
        SavantIdKind::Batch => "batch",
    }
}
