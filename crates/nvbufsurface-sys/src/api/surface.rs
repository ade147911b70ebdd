//! `libnvbufsurface.so`.

use core::ffi::{c_int, c_void};

use super::function_table;
use crate::abi::new::{
    NvBufSurface, NvBufSurfaceAllocateParams, NvBufSurfaceCreateParams, NvBufSurfaceMapParams,
};
use crate::abi::{NvBufSurfaceDeviceInfo, NvBufSurfaceGpuL2SyncParams};
use crate::constants::NvBufSurfaceMemMapFlags;

/// `(surface, index, plane)`; -1 means all slots or all planes.
type SlotAndPlane = unsafe extern "C" fn(*mut NvBufSurface, c_int, c_int) -> c_int;

/// `(surface, index)`; -1 means all slots.
type Slot = unsafe extern "C" fn(*mut NvBufSurface, c_int) -> c_int;

function_table! {
    /// Functions of `libnvbufsurface.so`. They return 0 for success and -1 for failure, and print
    /// the reason of a failure themselves.
    ///
    /// A `*mut NvBufSurface` may point at the shorter form of an old library: read it as
    /// [`NvBufSurfaceHead`](crate::NvBufSurfaceHead).
    NvBufSurfaceApi {
        required {
            /// `(out, batch_size, params)`. The caller owns the result. `batch_size` 0 corrupts
            /// the heap of 9.0.
            create: unsafe extern "C" fn(
                *mut *mut NvBufSurface, u32, *mut NvBufSurfaceCreateParams,
            ) -> c_int = "NvBufSurfaceCreate";
            /// `(surface)`. Only for surfaces that the caller created.
            destroy: unsafe extern "C" fn(*mut NvBufSurface) -> c_int = "NvBufSurfaceDestroy";
            /// `(surface, index, plane, access)`. Fills `mappedAddr.addr`; for unified memory and
            /// Jetson memory only. Not safe against another call on the same surface.
            map: unsafe extern "C" fn(
                *mut NvBufSurface, c_int, c_int, NvBufSurfaceMemMapFlags,
            ) -> c_int = "NvBufSurfaceMap";
            /// `(surface, index, plane)`.
            unmap: SlotAndPlane = "NvBufSurfaceUnMap";
            /// `(surface, index, plane)`. Jetson memory only; -1 for other kinds is no error.
            sync_for_cpu: SlotAndPlane = "NvBufSurfaceSyncForCpu";
            /// `(surface, index, plane)`. Jetson memory only; -1 for other kinds is no error.
            sync_for_device: SlotAndPlane = "NvBufSurfaceSyncForDevice";
            /// `(source, destination)`. Batch sizes must match; waits for the copy.
            copy: unsafe extern "C" fn(*mut NvBufSurface, *mut NvBufSurface) -> c_int
                = "NvBufSurfaceCopy";
            /// `(surface, index, plane, value)`. Index -1 covers `numFilled` slots; an index out
            /// of range is not detected.
            memset: unsafe extern "C" fn(*mut NvBufSurface, c_int, c_int, u8) -> c_int
                = "NvBufSurfaceMemSet";
            /// `(buffer_desc, out)`. Lends the owner's surface.
            from_fd: unsafe extern "C" fn(c_int, *mut *mut c_void) -> c_int = "NvBufSurfaceFromFd";
            /// `(surface, index)`. On a discrete GPU it succeeds and leaves null.
            map_egl_image: Slot = "NvBufSurfaceMapEglImage";
            /// `(surface, index)`.
            unmap_egl_image: Slot = "NvBufSurfaceUnMapEglImage";
        }
        optional {
            /// `(out, batch_size, params)`, since 6.1. The form of `params` depends on the
            /// generation; cast the pointer for an old library.
            allocate: unsafe extern "C" fn(
                *mut *mut NvBufSurface, u32, *mut NvBufSurfaceAllocateParams,
            ) -> c_int = "NvBufSurfaceAllocate";
            /// `(surface, index, plane, width, height, out)`, since about 6.3: a plane to packed
            /// CPU memory.
            to_raw: unsafe extern "C" fn(*mut NvBufSurface, u32, u32, u32, u32, *mut u8) -> c_int
                = "NvBufSurface2Raw";
            /// `(in, index, plane, width, height, surface)`, since about 6.3.
            from_raw: unsafe extern "C" fn(*mut u8, u32, u32, u32, u32, *mut NvBufSurface) -> c_int
                = "Raw2NvBufSurface";
            /// `(out, params)`, since about 6.3. The form of `params` depends on the generation.
            import: unsafe extern "C" fn(
                *mut *mut NvBufSurface, *const NvBufSurfaceMapParams,
            ) -> c_int = "NvBufSurfaceImport";
            /// `(surface, index, out)`, since about 6.3. The form of `out` depends on the
            /// generation.
            get_map_params: unsafe extern "C" fn(
                *const NvBufSurface, c_int, *mut NvBufSurfaceMapParams,
            ) -> c_int = "NvBufSurfaceGetMapParams";
            /// `(surface, index)`, since 8.0, for Jetson. Fills `mappedAddr.cudaPtr`.
            map_cuda_buffer: Slot = "NvBufSurfaceMapCudaBuffer";
            /// `(surface, index)`, since 8.0.
            unmap_cuda_buffer: Slot = "NvBufSurfaceUnMapCudaBuffer";
            /// `(surface, index)`, since 8.0, for Jetson. Fills `mappedAddr.nvmmPtr`.
            map_nvmm_buffer: Slot = "NvBufSurfaceMapNvmmBuffer";
            /// `(surface, index)`, since 8.0.
            unmap_nvmm_buffer: Slot = "NvBufSurfaceUnMapNvmmBuffer";
            /// `(out)`, since 8.0.
            get_device_info: unsafe extern "C" fn(*mut NvBufSurfaceDeviceInfo) -> c_int
                = "NvBufSurfaceGetDeviceInfo";
            /// `(surface, index, params)`, since 9.0.
            sync_gpu_l2_cache_for_device: unsafe extern "C" fn(
                *mut NvBufSurface, c_int, *mut NvBufSurfaceGpuL2SyncParams,
            ) -> c_int = "NvBufSurfaceSyncGpuL2CacheForDevice";
        }
    }
}
