//! Memory: kinds, layouts, mapping, tags.

c_enum! {
    /// `NvBufSurfaceMemType`: where the pixels are. A request for `DEFAULT` becomes
    /// `CUDA_DEVICE` on a discrete GPU and `SURFACE_ARRAY` on Jetson. `CUDA_ARRAY` is new in 9.x.
    NvBufSurfaceMemType: u32, MEM_TYPES {
        NVBUF_MEM_DEFAULT = 0,
        NVBUF_MEM_CUDA_PINNED = 1,
        NVBUF_MEM_CUDA_DEVICE = 2,
        NVBUF_MEM_CUDA_UNIFIED = 3,
        NVBUF_MEM_SURFACE_ARRAY = 4,
        NVBUF_MEM_HANDLE = 5,
        NVBUF_MEM_SYSTEM = 6,
        NVBUF_MEM_CUDA_ARRAY = 7,
    }
}

c_enum! {
    /// `NvBufSurfaceLayout`.
    NvBufSurfaceLayout: u32, LAYOUTS {
        NVBUF_LAYOUT_PITCH = 0,
        NVBUF_LAYOUT_BLOCK_LINEAR = 1,
    }
}

c_enum! {
    /// `NvBufSurfaceMemMapFlags`: access that `NvBufSurfaceMap` is asked for.
    NvBufSurfaceMemMapFlags: u32, MEM_MAP_FLAGS {
        NVBUF_MAP_READ = 0,
        NVBUF_MAP_WRITE = 1,
        NVBUF_MAP_READ_WRITE = 2,
    }
}

c_enum! {
    /// `NvBufSurfaceDisplayScanFormat`, since 6.1.
    NvBufSurfaceDisplayScanFormat: u32, DISPLAY_SCAN_FORMATS {
        NVBUF_DISPLAYSCANFORMAT_PROGRESSIVE = 0,
        NVBUF_DISPLAYSCANFORMAT_INTERLACED = 1,
    }
}

c_enum! {
    /// `NvBufSurfaceTag`: which component asks for memory, since 6.1.
    NvBufSurfaceTag: u32, TAGS {
        NvBufSurfaceTag_NONE = 0x0,
        NvBufSurfaceTag_CAMERA = 0x200,
        NvBufSurfaceTag_VIDEO_CONVERT = 0xf01,
        NvBufSurfaceTag_VIDEO_ENC = 0x1200,
        NvBufSurfaceTag_VIDEO_DEC = 0x1400,
        NvBufSurfaceTag_JPEG = 0x1500,
        NvBufSurfaceTag_PROTECTED = 0x1504,
    }
}
