//! Transform and composite calls.

c_enum! {
    /// `NvBufSurfTransform_Error`: result of the transform calls.
    NvBufSurfTransformError: i32, TRANSFORM_ERRORS {
        NvBufSurfTransformError_Success = 0,
        NvBufSurfTransformError_Unsupported = -1,
        NvBufSurfTransformError_Execution_Error = -2,
        NvBufSurfTransformError_Invalid_Params = -3,
        NvBufSurfTransformError_ROI_Error = -4,
    }
}

c_enum! {
    /// `NvBufSurfTransform_Compute`: the engine that does the work.
    NvBufSurfTransformCompute: u32, TRANSFORM_COMPUTES {
        NvBufSurfTransformCompute_Default = 0,
        NvBufSurfTransformCompute_GPU = 1,
        NvBufSurfTransformCompute_VIC = 2,
    }
}

c_enum! {
    /// `NvBufSurfTransform_Flip`; rotations are clockwise.
    NvBufSurfTransformFlip: u32, TRANSFORM_FLIPS {
        NvBufSurfTransform_None = 0,
        NvBufSurfTransform_Rotate90 = 1,
        NvBufSurfTransform_Rotate180 = 2,
        NvBufSurfTransform_Rotate270 = 3,
        NvBufSurfTransform_FlipX = 4,
        NvBufSurfTransform_FlipY = 5,
        NvBufSurfTransform_Transpose = 6,
        NvBufSurfTransform_InvTranspose = 7,
    }
}

c_enum! {
    /// `NvBufSurfTransform_Inter`: the scaling filter. On a GPU `Algo1` to `Algo3` are cubic,
    /// super-sampling and Lanczos, and `Algo4` is ignored; on VIC `Algo1` to `Algo4` are 5-tap,
    /// 10-tap, smart and nicest. `Default` is nearest on both.
    NvBufSurfTransformInter: u32, TRANSFORM_INTERS {
        NvBufSurfTransformInter_Nearest = 0,
        NvBufSurfTransformInter_Bilinear = 1,
        NvBufSurfTransformInter_Algo1 = 2,
        NvBufSurfTransformInter_Algo2 = 3,
        NvBufSurfTransformInter_Algo3 = 4,
        NvBufSurfTransformInter_Algo4 = 5,
        NvBufSurfTransformInter_Default = 6,
    }
}

c_enum! {
    /// `NvBufSurfTransform_Transform_Flag`: which fields of the transform parameters count.
    /// `NORMALIZE` exists since 6.0, `ALLOW_ODD_CROP` since 6.3.
    NvBufSurfTransformFlag: u32, TRANSFORM_FLAGS {
        NVBUFSURF_TRANSFORM_CROP_SRC = 1,
        NVBUFSURF_TRANSFORM_CROP_DST = 2,
        NVBUFSURF_TRANSFORM_FILTER = 4,
        NVBUFSURF_TRANSFORM_FLIP = 8,
        NVBUFSURF_TRANSFORM_NORMALIZE = 16,
        NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP = 32,
    }
}

c_enum! {
    /// `NvBufSurfTransform_Composite_Flag`; 5.0 has only `COMPOSITE`.
    NvBufSurfTransformCompositeFlag: u32, COMPOSITE_FLAGS {
        NVBUFSURF_TRANSFORM_COMPOSITE = 1,
        NVBUFSURF_TRANSFORM_BLEND = 2,
        NVBUFSURF_TRANSFORM_COMPOSITE_FILTER = 4,
    }
}
