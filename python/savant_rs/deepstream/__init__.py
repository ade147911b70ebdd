"""Decoding of video into pooled, zero-copy RGBA surfaces.

The same classes work on machines with an NVIDIA GPU and on machines without one; see :func:`backend`.
"""

import atexit
import platform

from savant_rs.deepstream import _loading

_loading.prepare()
_loading.load_native()

from savant_rs.deepstream._native import (  # noqa: E402
    Av1DecoderConfig,
    BufferGenerator,
    ComputeMode,
    DecodedFrame,
    DecoderConfig,
    DecoderParameters,
    DgpuPreset,
    DstPadding,
    ErrorOutput,
    EventOutput,
    FlexibleDecoder,
    FlexibleDecoderConfig,
    FlexibleDecoderOutput,
    FrameOutput,
    H264DecoderConfig,
    H264Profile,
    H264StreamFormat,
    Hardware,
    HevcDecoderConfig,
    HevcProfile,
    HevcStreamFormat,
    Interpolation,
    JetsonPresetLevel,
    JpegBackend,
    JpegDecoderConfig,
    MemType,
    MetaClearPolicy,
    OrphanFrameOutput,
    Padding,
    ParameterChangeOutput,
    Platform,
    PngDecoderConfig,
    RateControl,
    RawRgbaDecoderConfig,
    RawRgbDecoderConfig,
    Rect,
    SavantIdMetaKind,
    SealedDelivery,
    SharedBuffer,
    SkippedOutput,
    SkipReason,
    SourceEosOutput,
    SurfaceView,
    TransformConfig,
    TuningPreset,
    VideoFormat,
    Vp8DecoderConfig,
    Vp9DecoderConfig,
    _shutdown_all,
    backend,
    get_nvbufsurface_info,
    get_savant_id_meta,
    gpu_architecture,
    gpu_mem_used_mib,
    gpu_platform_tag,
    has_nvenc,
    init_cuda,
    is_jetson_kernel,
    jetson_model,
    set_num_filled,
)
from savant_rs.deepstream._native import (  # noqa: E402
    # Not part of the API: lets tests consume a buffer as a native consumer would.
    _test_consume_shared_buffer as _test_consume_shared_buffer,
)

__all__ = [
    "Av1DecoderConfig",
    "BufferGenerator",
    "ComputeMode",
    "DecodedFrame",
    "DecoderConfig",
    "DecoderParameters",
    "DgpuPreset",
    "DstPadding",
    "ErrorOutput",
    "EventOutput",
    "FlexibleDecoder",
    "FlexibleDecoderConfig",
    "FlexibleDecoderOutput",
    "FrameOutput",
    "H264DecoderConfig",
    "H264Profile",
    "H264StreamFormat",
    "Hardware",
    "HevcDecoderConfig",
    "HevcProfile",
    "HevcStreamFormat",
    "Interpolation",
    "JetsonPresetLevel",
    "JpegBackend",
    "JpegDecoderConfig",
    "MemType",
    "MetaClearPolicy",
    "OrphanFrameOutput",
    "Padding",
    "ParameterChangeOutput",
    "Platform",
    "PngDecoderConfig",
    "RateControl",
    "RawRgbDecoderConfig",
    "RawRgbaDecoderConfig",
    "Rect",
    "SavantIdMetaKind",
    "SealedDelivery",
    "SharedBuffer",
    "SkipReason",
    "SkippedOutput",
    "SourceEosOutput",
    "SurfaceView",
    "TransformConfig",
    "TuningPreset",
    "VideoFormat",
    "Vp8DecoderConfig",
    "Vp9DecoderConfig",
    "backend",
    "get_nvbufsurface_info",
    "get_savant_id_meta",
    "gpu_architecture",
    "gpu_mem_used_mib",
    "gpu_platform_tag",
    "has_nvenc",
    "init_cuda",
    "is_jetson_kernel",
    "jetson_model",
    "set_num_filled",
]

if platform.machine() != "aarch64":  # a property of desktop GPUs
    from savant_rs.deepstream._native import CudadecMemtype

    __all__ += ["CudadecMemtype"]

# Decoders own threads that call into Python, so they end before the interpreter does.
atexit.register(_shutdown_all)
