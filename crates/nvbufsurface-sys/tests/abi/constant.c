/* The small enums; where the members count up from zero, C counts. */
#include "report.h"

enum MemType {
    NVBUF_MEM_DEFAULT,
    NVBUF_MEM_CUDA_PINNED,
    NVBUF_MEM_CUDA_DEVICE,
    NVBUF_MEM_CUDA_UNIFIED,
    NVBUF_MEM_SURFACE_ARRAY,
    NVBUF_MEM_HANDLE,
    NVBUF_MEM_SYSTEM,
    NVBUF_MEM_CUDA_ARRAY,
};

enum Layout {
    NVBUF_LAYOUT_PITCH,
    NVBUF_LAYOUT_BLOCK_LINEAR,
};

enum MemMapFlags {
    NVBUF_MAP_READ,
    NVBUF_MAP_WRITE,
    NVBUF_MAP_READ_WRITE,
};

enum DisplayScanFormat {
    NVBUF_DISPLAYSCANFORMAT_PROGRESSIVE,
    NVBUF_DISPLAYSCANFORMAT_INTERLACED,
};

enum Tag {
    NvBufSurfaceTag_NONE = 0x0,
    NvBufSurfaceTag_CAMERA = 0x200,
    NvBufSurfaceTag_VIDEO_CONVERT = 0xf01,
    NvBufSurfaceTag_VIDEO_ENC = 0x1200,
    NvBufSurfaceTag_VIDEO_DEC = 0x1400,
    NvBufSurfaceTag_JPEG = 0x1500,
    NvBufSurfaceTag_PROTECTED = 0x1504,
};

enum TransformError {
    NvBufSurfTransformError_ROI_Error = -4,
    NvBufSurfTransformError_Invalid_Params,
    NvBufSurfTransformError_Execution_Error,
    NvBufSurfTransformError_Unsupported,
    NvBufSurfTransformError_Success,
};

enum TransformCompute {
    NvBufSurfTransformCompute_Default,
    NvBufSurfTransformCompute_GPU,
    NvBufSurfTransformCompute_VIC,
};

enum TransformFlip {
    NvBufSurfTransform_None,
    NvBufSurfTransform_Rotate90,
    NvBufSurfTransform_Rotate180,
    NvBufSurfTransform_Rotate270,
    NvBufSurfTransform_FlipX,
    NvBufSurfTransform_FlipY,
    NvBufSurfTransform_Transpose,
    NvBufSurfTransform_InvTranspose,
};

enum TransformInter {
    NvBufSurfTransformInter_Nearest,
    NvBufSurfTransformInter_Bilinear,
    NvBufSurfTransformInter_Algo1,
    NvBufSurfTransformInter_Algo2,
    NvBufSurfTransformInter_Algo3,
    NvBufSurfTransformInter_Algo4,
    NvBufSurfTransformInter_Default,
};

enum TransformFlag {
    NVBUFSURF_TRANSFORM_CROP_SRC = 1 << 0,
    NVBUFSURF_TRANSFORM_CROP_DST = 1 << 1,
    NVBUFSURF_TRANSFORM_FILTER = 1 << 2,
    NVBUFSURF_TRANSFORM_FLIP = 1 << 3,
    NVBUFSURF_TRANSFORM_NORMALIZE = 1 << 4,
    NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP = 1 << 5,
};

enum CompositeFlag {
    NVBUFSURF_TRANSFORM_COMPOSITE = 1 << 0,
    NVBUFSURF_TRANSFORM_BLEND = 1 << 1,
    NVBUFSURF_TRANSFORM_COMPOSITE_FILTER = 1 << 2,
};

enum DriverType {
    NVBUF_DRIVER_TYPE_UNKNOWN,
    NVBUF_DRIVER_TYPE_NVGPU,
    NVBUF_DRIVER_TYPE_RM,
};

enum PlatformType {
    NVBUF_PLATFORM_TYPE_UNKNOWN,
    NVBUF_PLATFORM_TYPE_T186,
    NVBUF_PLATFORM_TYPE_T194,
    NVBUF_PLATFORM_TYPE_T210,
    NVBUF_PLATFORM_TYPE_T234,
    NVBUF_PLATFORM_TYPE_T256,
    NVBUF_PLATFORM_TYPE_T264,
};

enum GpuL2SyncType {
    NVBUF_GPU_L2_SYNC_INVALIDATE = 1,
    NVBUF_GPU_L2_SYNC_FLUSH,
    NVBUF_GPU_L2_SYNC_INVALIDATE_AND_FLUSH,
};

int main(void) {
    CONSTANT(NVBUF_MEM_DEFAULT);
    CONSTANT(NVBUF_MEM_CUDA_PINNED);
    CONSTANT(NVBUF_MEM_CUDA_DEVICE);
    CONSTANT(NVBUF_MEM_CUDA_UNIFIED);
    CONSTANT(NVBUF_MEM_SURFACE_ARRAY);
    CONSTANT(NVBUF_MEM_HANDLE);
    CONSTANT(NVBUF_MEM_SYSTEM);
    CONSTANT(NVBUF_MEM_CUDA_ARRAY);
    CONSTANT(NVBUF_LAYOUT_PITCH);
    CONSTANT(NVBUF_LAYOUT_BLOCK_LINEAR);
    CONSTANT(NVBUF_MAP_READ);
    CONSTANT(NVBUF_MAP_WRITE);
    CONSTANT(NVBUF_MAP_READ_WRITE);
    CONSTANT(NVBUF_DISPLAYSCANFORMAT_PROGRESSIVE);
    CONSTANT(NVBUF_DISPLAYSCANFORMAT_INTERLACED);
    CONSTANT(NvBufSurfaceTag_NONE);
    CONSTANT(NvBufSurfaceTag_CAMERA);
    CONSTANT(NvBufSurfaceTag_VIDEO_CONVERT);
    CONSTANT(NvBufSurfaceTag_VIDEO_ENC);
    CONSTANT(NvBufSurfaceTag_VIDEO_DEC);
    CONSTANT(NvBufSurfaceTag_JPEG);
    CONSTANT(NvBufSurfaceTag_PROTECTED);
    CONSTANT(NvBufSurfTransformError_ROI_Error);
    CONSTANT(NvBufSurfTransformError_Invalid_Params);
    CONSTANT(NvBufSurfTransformError_Execution_Error);
    CONSTANT(NvBufSurfTransformError_Unsupported);
    CONSTANT(NvBufSurfTransformError_Success);
    CONSTANT(NvBufSurfTransformCompute_Default);
    CONSTANT(NvBufSurfTransformCompute_GPU);
    CONSTANT(NvBufSurfTransformCompute_VIC);
    CONSTANT(NvBufSurfTransform_None);
    CONSTANT(NvBufSurfTransform_Rotate90);
    CONSTANT(NvBufSurfTransform_Rotate180);
    CONSTANT(NvBufSurfTransform_Rotate270);
    CONSTANT(NvBufSurfTransform_FlipX);
    CONSTANT(NvBufSurfTransform_FlipY);
    CONSTANT(NvBufSurfTransform_Transpose);
    CONSTANT(NvBufSurfTransform_InvTranspose);
    CONSTANT(NvBufSurfTransformInter_Nearest);
    CONSTANT(NvBufSurfTransformInter_Bilinear);
    CONSTANT(NvBufSurfTransformInter_Algo1);
    CONSTANT(NvBufSurfTransformInter_Algo2);
    CONSTANT(NvBufSurfTransformInter_Algo3);
    CONSTANT(NvBufSurfTransformInter_Algo4);
    CONSTANT(NvBufSurfTransformInter_Default);
    CONSTANT(NVBUFSURF_TRANSFORM_CROP_SRC);
    CONSTANT(NVBUFSURF_TRANSFORM_CROP_DST);
    CONSTANT(NVBUFSURF_TRANSFORM_FILTER);
    CONSTANT(NVBUFSURF_TRANSFORM_FLIP);
    CONSTANT(NVBUFSURF_TRANSFORM_NORMALIZE);
    CONSTANT(NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP);
    CONSTANT(NVBUFSURF_TRANSFORM_COMPOSITE);
    CONSTANT(NVBUFSURF_TRANSFORM_BLEND);
    CONSTANT(NVBUFSURF_TRANSFORM_COMPOSITE_FILTER);
    CONSTANT(NVBUF_DRIVER_TYPE_UNKNOWN);
    CONSTANT(NVBUF_DRIVER_TYPE_NVGPU);
    CONSTANT(NVBUF_DRIVER_TYPE_RM);
    CONSTANT(NVBUF_PLATFORM_TYPE_UNKNOWN);
    CONSTANT(NVBUF_PLATFORM_TYPE_T186);
    CONSTANT(NVBUF_PLATFORM_TYPE_T194);
    CONSTANT(NVBUF_PLATFORM_TYPE_T210);
    CONSTANT(NVBUF_PLATFORM_TYPE_T234);
    CONSTANT(NVBUF_PLATFORM_TYPE_T256);
    CONSTANT(NVBUF_PLATFORM_TYPE_T264);
    CONSTANT(NVBUF_GPU_L2_SYNC_INVALIDATE);
    CONSTANT(NVBUF_GPU_L2_SYNC_FLUSH);
    CONSTANT(NVBUF_GPU_L2_SYNC_INVALIDATE_AND_FLUSH);
    return 0;
}
