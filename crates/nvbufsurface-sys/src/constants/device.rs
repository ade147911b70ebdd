//! The device that the library found, since 8.0. Values are those of the library; the member names
//! are this crate's, formed like the other ones.

c_enum! {
    /// `NvBufSurfaceDriverType`. A discrete GPU reports `RM`.
    NvBufSurfaceDriverType: u32, DRIVER_TYPES {
        NVBUF_DRIVER_TYPE_UNKNOWN = 0,
        NVBUF_DRIVER_TYPE_NVGPU = 1,
        NVBUF_DRIVER_TYPE_RM = 2,
    }
}

c_enum! {
    /// `NvBufSurfacePlatformType`, since 9.0: the Tegra chip. T234 is Orin, T264 is Thor.
    NvBufSurfacePlatformType: u32, PLATFORM_TYPES {
        NVBUF_PLATFORM_TYPE_UNKNOWN = 0,
        NVBUF_PLATFORM_TYPE_T186 = 1,
        NVBUF_PLATFORM_TYPE_T194 = 2,
        NVBUF_PLATFORM_TYPE_T210 = 3,
        NVBUF_PLATFORM_TYPE_T234 = 4,
        NVBUF_PLATFORM_TYPE_T256 = 5,
        NVBUF_PLATFORM_TYPE_T264 = 6,
    }
}

c_enum! {
    /// The operations of `NvBufSurfaceSyncGpuL2CacheForDevice`, since 9.0.
    NvBufSurfaceGpuL2SyncType: u32, GPU_L2_SYNC_TYPES {
        NVBUF_GPU_L2_SYNC_INVALIDATE = 1,
        NVBUF_GPU_L2_SYNC_FLUSH = 2,
        NVBUF_GPU_L2_SYNC_INVALIDATE_AND_FLUSH = 3,
    }
}
