//! Compares every size, offset and constant with what a C compiler makes of the same fields.

mod toolchain;

use std::collections::BTreeMap;
use std::mem::{offset_of, size_of};
use std::process::Command;

use nvbufsurface_sys::abi::{
    self, NvBufSurfaceCudaBuffer, NvBufSurfaceDeviceInfo, NvBufSurfaceExtendedMapParams,
    NvBufSurfaceGpuL2SyncParams, NvBufSurfaceMapPlaneParams, NvBufSurfaceNvmmBuffer,
    NvBufSurfacePlaneParams,
};
use nvbufsurface_sys::{Generation, constants};

/// "size X", "offset X.y" or "constant N", and its value.
type Report = BTreeMap<String, i64>;

/// Compiles and runs a program of `tests/abi` and reads what it prints.
fn c_report(source: &str, name: &str, arguments: &[&str]) -> Report {
    let program = toolchain::empty_folder(name).join("report");
    toolchain::compile(source, &program, arguments);
    let output = Command::new(&program)
        .output()
        .expect("it was just compiled");
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .expect("ASCII")
        .lines()
        .map(|line| {
            let (key, value) = line.rsplit_once(' ').expect("a key and a value");
            (key.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

/// Adds the size of a struct and the offsets of its fields, under their C names.
macro_rules! layout {
    ($report:ident, $c:literal, $type:ty, { $($c_field:literal: ($($field:tt)+)),+ $(,)? }) => {
        $report.insert(concat!("size ", $c).to_owned(), size_of::<$type>() as i64);
        $(
            $report.insert(
                concat!("offset ", $c, ".", $c_field).to_owned(),
                offset_of!($type, $($field)+) as i64,
            );
        )+
    };
}

/// The structs of a generation; `input` is how the fields of its input structs are reached.
macro_rules! generation_layout {
    ($report:ident, $generation:ident, input = [$($input:tt)*]) => {
        use abi::$generation::*;
        layout!($report, "PlaneParams", NvBufSurfacePlaneParams, {
            "num_planes": (num_planes), "width": (width), "height": (height), "pitch": (pitch),
            "offset": (offset), "psize": (psize), "bytesPerPix": (bytes_per_pix),
            "reserved": (reserved),
        });
        layout!($report, "MappedAddr", NvBufSurfaceMappedAddr, {
            "addr": (head.addr), "eglImage": (head.egl_image), "reserved": (reserved),
        });
        layout!($report, "Params", NvBufSurfaceParams, {
            "width": (head.width), "height": (head.height), "pitch": (head.pitch),
            "colorFormat": (head.color_format), "layout": (head.layout),
            "bufferDesc": (head.buffer_desc), "dataSize": (head.data_size),
            "dataPtr": (head.data_ptr), "planeParams": (head.plane_params),
            "mappedAddr": (head.mapped_addr),
            "mappedAddr.eglImage": (head.mapped_addr.egl_image),
            "mappedAddr.reserved": (mapped_addr_reserved),
            "paramex": (paramex), "reserved": (reserved),
        });
        layout!($report, "Surface", NvBufSurface, {
            "gpuId": (head.gpu_id), "batchSize": (head.batch_size),
            "numFilled": (head.num_filled), "isContiguous": (head.is_contiguous),
            "memType": (head.mem_type), "surfaceList": (head.surface_list),
            "reserved": (reserved),
        });
        layout!($report, "CreateParams", NvBufSurfaceCreateParams, {
            "gpuId": ($($input)* gpu_id), "width": ($($input)* width),
            "height": ($($input)* height), "size": ($($input)* size),
            "isContiguous": ($($input)* is_contiguous),
            "colorFormat": ($($input)* color_format), "layout": ($($input)* layout),
            "memType": ($($input)* mem_type),
        });
        layout!($report, "AllocateParams", NvBufSurfaceAllocateParams, {
            "params": (params), "displayscanformat": (display_scan_format),
            "chromaSubsampling": (chroma_subsampling), "memtag": (mem_tag),
            "disablePitchPadding": (disable_pitch_padding), "reservedParam": (reserved_param),
            "reserved": (reserved),
        });
        layout!($report, "ChromaSubsampling", NvBufSurfaceChromaSubsamplingParams, {
            "chromaLocHoriz": (chroma_loc_horiz), "chromaLocVert": (chroma_loc_vert),
        });
        layout!($report, "PlaneParamsEx", NvBufSurfacePlaneParamsEx, {
            "scanformat": (head.scan_format), "secondfieldoffset": (head.second_field_offset),
            "blockheightlog2": (head.block_height_log2),
            "physicaladdress": (head.physical_address), "flags": (head.flags),
            "drmModifier": (head.drm_modifier), "reserved": (reserved),
        });
        layout!($report, "ParamsEx", NvBufSurfaceParamsEx, {
            "startofvaliddata": (start_of_valid_data),
            "sizeofvaliddatainbytes": (size_of_valid_data),
            "chromaSubsampling": (chroma_subsampling), "is_protected": (is_protected),
            "planeParamsex": (plane_params_ex), "reserved": (reserved),
        });
        layout!($report, "MapPlaneParams", NvBufSurfaceMapPlaneParams, {
            "width": (width), "height": (height), "pitch": (pitch), "offset": (offset),
            "psize": (psize), "secondfieldoffset": (second_field_offset),
            "blockheightlog2": (block_height_log2), "flags": (flags), "reserved": (reserved),
        });
        layout!($report, "MapParams", NvBufSurfaceMapParams, {
            "num_planes": (head.num_planes), "gpuId": (head.gpu_id), "fd": (head.fd),
            "totalSize": (head.total_size), "memType": (head.mem_type),
            "layout": (head.layout), "scanformat": (head.scan_format),
            "colorFormat": (color_format), "chromaSubsampling": (chroma_subsampling),
            "planes": (planes), "reserved": (reserved),
        });
        layout!($report, "Rect", NvBufSurfTransformRect, {
            "top": ($($input)* top), "left": ($($input)* left), "width": ($($input)* width),
            "height": ($($input)* height),
        });
        layout!($report, "ConfigParams", NvBufSurfTransformConfigParams, {
            "compute_mode": ($($input)* compute_mode), "gpu_id": ($($input)* gpu_id),
            "cuda_stream": ($($input)* cuda_stream),
        });
        layout!($report, "TransformParams", NvBufSurfTransformParams, {
            "transform_flag": ($($input)* transform_flag),
            "transform_flip": ($($input)* transform_flip),
            "transform_filter": ($($input)* transform_filter),
            "src_rect": ($($input)* src_rect), "dst_rect": ($($input)* dst_rect),
        });
        layout!($report, "CompositeParams", NvBufSurfTransformCompositeParams, {
            "composite_flag": ($($input)* composite_flag),
            "input_buf_count": ($($input)* input_buf_count),
            "src_comp_rect": ($($input)* src_comp_rect),
            "dst_comp_rect": ($($input)* dst_comp_rect),
            "composite_filter": ($($input)* composite_filter),
        });
        layout!($report, "ColorParams", NvBufSurfTransformColorParams, {
            "red": ($($input)* red), "green": ($($input)* green), "blue": ($($input)* blue),
            "alpha": ($($input)* alpha),
        });
        layout!($report, "CompositeBlendParams", NvBufSurfTransformCompositeBlendParams, {
            "composite_blend_flag": ($($input)* composite_blend_flag),
            "input_buf_count": ($($input)* input_buf_count),
            "composite_blend_filter": ($($input)* composite_blend_filter),
            "color_bg": ($($input)* color_bg),
            "perform_blending": ($($input)* perform_blending),
        });
        layout!($report, "CompositeBlendParamsEx", NvBufSurfTransformCompositeBlendParamsEx, {
            "params": (params), "src_comp_rect": (src_comp_rect),
            "dst_comp_rect": (dst_comp_rect),
            "composite_blend_filter": (composite_blend_filter), "alpha": (alpha),
            "reserved": (reserved),
        });
    };
}

fn old_report() -> Report {
    let mut report = Report::new();
    generation_layout!(report, old, input = []);
    report
}

fn new_report() -> Report {
    let mut report = Report::new();
    generation_layout!(report, new, input = [head.]);
    for (c_name, offset) in [
        (
            "MappedAddr.nvmmPtr",
            offset_of!(NvBufSurfaceMappedAddr, nvmm_ptr),
        ),
        (
            "MappedAddr.cudaPtr",
            offset_of!(NvBufSurfaceMappedAddr, cuda_ptr),
        ),
        (
            "Params.mappedAddr.nvmmPtr",
            offset_of!(NvBufSurfaceParams, nvmm_ptr),
        ),
        (
            "Params.mappedAddr.cudaPtr",
            offset_of!(NvBufSurfaceParams, cuda_ptr),
        ),
        (
            "Params.cudaBuffer",
            offset_of!(NvBufSurfaceParams, cuda_buffer),
        ),
        (
            "Surface.isImportedBuf",
            offset_of!(NvBufSurface, is_imported_buf),
        ),
        (
            "CreateParams.reserved",
            offset_of!(NvBufSurfaceCreateParams, reserved),
        ),
        (
            "MapParams.extendedMapParams",
            offset_of!(NvBufSurfaceMapParams, extended_map_params),
        ),
        (
            "Rect.reserved",
            offset_of!(NvBufSurfTransformRect, reserved),
        ),
        (
            "ConfigParams.reserved",
            offset_of!(NvBufSurfTransformConfigParams, reserved),
        ),
        (
            "TransformParams.reserved",
            offset_of!(NvBufSurfTransformParams, reserved),
        ),
        (
            "CompositeParams.reserved",
            offset_of!(NvBufSurfTransformCompositeParams, reserved),
        ),
        (
            "ColorParams.reserved",
            offset_of!(NvBufSurfTransformColorParams, reserved),
        ),
        (
            "CompositeBlendParams.reserved",
            offset_of!(NvBufSurfTransformCompositeBlendParams, reserved),
        ),
    ] {
        report.insert(format!("offset {c_name}"), offset as i64);
    }
    layout!(report, "CudaBuffer", NvBufSurfaceCudaBuffer, {
        "basePtr": (base_ptr), "dataPtr": (data_ptr), "extMem": (ext_mem), "mipmap": (mipmap),
        "reserved": (reserved),
    });
    layout!(report, "NvmmBuffer", NvBufSurfaceNvmmBuffer, {
        "dataPtr": (data_ptr), "bufferDesc": (buffer_desc), "reserved": (reserved),
    });
    layout!(report, "ExtendedMapParams", NvBufSurfaceExtendedMapParams, {
        "ipcHandle": (ipc_handle), "reserved": (reserved),
    });
    layout!(report, "DeviceInfo", NvBufSurfaceDeviceInfo, {
        "driverType": (driver_type), "isVicPresent": (is_vic_present),
        "isIntegratedGpu": (is_integrated_gpu), "spare": (spare),
        "platformType": (platform_type), "reserved": (reserved),
    });
    layout!(report, "GpuL2SyncParams", NvBufSurfaceGpuL2SyncParams, {
        "type": (sync_type), "reserved": (reserved),
    });
    report
}

#[test]
fn the_old_generation_is_laid_out_as_in_c() {
    assert_eq!(
        old_report(),
        c_report("abi/layout.c", "layout-old", &["-DNEW=0"])
    );
}

#[test]
fn the_new_generation_is_laid_out_as_in_c() {
    assert_eq!(
        new_report(),
        c_report("abi/layout.c", "layout-new", &["-DNEW=1"])
    );
}

/// The figures measured on, or documented for, NVIDIA's libraries: what keeps both mirrors from
/// being wrong in the same way.
#[test]
fn the_layouts_have_the_published_figures() {
    let (old, new) = (old_report(), new_report());
    for (key, old_value, new_value) in [
        ("size Params", 384, 416),
        ("size Surface", 64, 72),
        ("size CreateParams", 32, 64),
        ("size AllocateParams", 80, 120),
        ("size Rect", 16, 48),
        ("size ConfigParams", 16, 48),
        ("size TransformParams", 32, 64),
        ("size CompositeParams", 32, 64),
        ("size ColorParams", 32, 64),
        ("size CompositeBlendParams", 32, 64),
        ("size CompositeBlendParamsEx", 96, 128),
        ("size PlaneParams", 232, 232),
        ("size MappedAddr", 72, 88),
        ("size ChromaSubsampling", 2, 8),
        ("size PlaneParamsEx", 224, 256),
        ("size ParamsEx", 272, 312),
        ("size MapPlaneParams", 104, 104),
        ("size MapParams", 520, 504),
        ("offset Surface.isContiguous", 12, 12),
        ("offset Surface.memType", 16, 16),
        ("offset Surface.surfaceList", 24, 24),
        ("offset Surface.reserved", 32, 40),
        ("offset Params.colorFormat", 12, 12),
        ("offset Params.layout", 16, 16),
        ("offset Params.bufferDesc", 24, 24),
        ("offset Params.dataSize", 32, 32),
        ("offset Params.dataPtr", 40, 40),
        ("offset Params.planeParams", 48, 48),
        ("offset Params.mappedAddr", 280, 280),
        ("offset Params.mappedAddr.eglImage", 312, 312),
        ("offset Params.paramex", 352, 368),
        ("offset Params.reserved", 360, 384),
        ("offset PlaneParams.bytesPerPix", 84, 84),
        ("offset PlaneParams.reserved", 104, 104),
        ("offset AllocateParams.disablePitchPadding", 44, 80),
        ("offset ParamsEx.planeParamsex", 16, 24),
        ("offset MapParams.planes", 40, 48),
        ("offset MapParams.reserved", 456, 472),
        ("offset CompositeBlendParamsEx.alpha", 56, 88),
    ] {
        assert_eq!(old.get(key), Some(&old_value), "{key}, old");
        assert_eq!(new.get(key), Some(&new_value), "{key}, new");
    }
    for (key, value) in [
        ("size CudaBuffer", 96),
        ("size NvmmBuffer", 80),
        ("size DeviceInfo", 72),
        ("size GpuL2SyncParams", 40),
        ("size ExtendedMapParams", 576),
        ("offset Surface.isImportedBuf", 32),
        ("offset Params.mappedAddr.nvmmPtr", 320),
        ("offset Params.mappedAddr.cudaPtr", 328),
        ("offset Params.cudaBuffer", 376),
        ("offset CudaBuffer.dataPtr", 8),
        ("offset MapParams.extendedMapParams", 464),
    ] {
        assert_eq!(new.get(key), Some(&value), "{key}");
    }
}

#[test]
fn a_generation_knows_its_sizes() {
    let sizes = |generation: Generation| {
        [
            generation.params_stride(),
            generation.surface_size(),
            generation.create_params_size(),
            generation.allocate_params_size(),
            generation.rect_stride(),
            generation.config_params_size(),
            generation.transform_params_size(),
        ]
    };
    assert_eq!(sizes(Generation::Old), [384, 64, 32, 80, 16, 16, 32]);
    assert_eq!(sizes(Generation::New), [416, 72, 64, 120, 48, 48, 64]);
}

/// A table of constants as the C program prints it.
fn constant_report<T: Copy + Into<i64>>(table: &[(&str, T)]) -> Report {
    table
        .iter()
        .map(|&(name, value)| (format!("constant {name}"), value.into()))
        .collect()
}

#[test]
fn color_formats_have_the_values_of_c() {
    let c = c_report("abi/color_format.c", "color-format", &[]);
    assert_eq!(constant_report(constants::COLOR_FORMATS), c);
    for (name, value) in [
        ("GRAY8", 1),
        ("NV12", 6),
        ("RGBA", 19),
        ("NV12_709", 33),
        ("YUV422", 46),
    ] {
        assert_eq!(c[&format!("constant NVBUF_COLOR_FORMAT_{name}")], value);
    }
    assert_eq!(c.len(), 113);
}

#[test]
fn the_other_enums_have_the_values_of_c() {
    let mut report = Report::new();
    for table in [
        constants::MEM_TYPES,
        constants::LAYOUTS,
        constants::MEM_MAP_FLAGS,
        constants::DISPLAY_SCAN_FORMATS,
        constants::TAGS,
        constants::TRANSFORM_COMPUTES,
        constants::TRANSFORM_FLIPS,
        constants::TRANSFORM_INTERS,
        constants::TRANSFORM_FLAGS,
        constants::COMPOSITE_FLAGS,
        constants::DRIVER_TYPES,
        constants::PLATFORM_TYPES,
        constants::GPU_L2_SYNC_TYPES,
    ] {
        report.append(&mut constant_report(table));
    }
    report.append(&mut constant_report(constants::TRANSFORM_ERRORS));
    assert_eq!(report, c_report("abi/constant.c", "constant", &[]));
}
