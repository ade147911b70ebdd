//! CUDA's driver interface, `libcuda.so.1`.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};

use crate::api::function_table;

/// The library's soname.
pub const LIBRARY: &str = "libcuda.so.1";

/// `CUresult`: 0 is success.
pub type CuResult = c_int;
/// `CUdevice`.
pub type CuDevice = c_int;
/// `CUcontext`.
pub type CuContext = *mut c_void;
/// `CUstream`; null is the default stream.
pub type CuStream = *mut c_void;
/// `CUevent`.
pub type CuEvent = *mut c_void;
/// `CUdeviceptr`.
pub type CuDevicePtr = u64;
/// `CUarray`: texels in an order of the device's own.
pub type CuArray = *mut c_void;
/// `CUgraphicsResource`: an object of a graphics interface that CUDA may use too.
pub type CuGraphicsResource = *mut c_void;

/// `CUDA_ERROR_DEINITIALIZED`: the process is ending.
pub const CUDA_ERROR_DEINITIALIZED: CuResult = 4;
/// `CUDA_ERROR_NO_DEVICE`.
pub const CUDA_ERROR_NO_DEVICE: CuResult = 100;
/// `CUDA_ERROR_NOT_READY`: queued work is not done yet.
pub const CUDA_ERROR_NOT_READY: CuResult = 600;

/// `CU_STREAM_NON_BLOCKING`: a stream that does not wait for the default stream.
pub const CU_STREAM_NON_BLOCKING: c_uint = 1;
/// `CU_EVENT_DISABLE_TIMING`: an event that only orders streams.
pub const CU_EVENT_DISABLE_TIMING: c_uint = 2;
/// `CU_MEMHOSTALLOC_PORTABLE`: pinned memory for all contexts.
pub const CU_MEMHOSTALLOC_PORTABLE: c_uint = 1;

/// `CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT`.
pub const CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: c_int = 16;
/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR`.
pub const CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: c_int = 75;
/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR`.
pub const CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: c_int = 76;

/// `CU_POINTER_ATTRIBUTE_MEMORY_TYPE`, a `u32`: one of the `CU_MEMORYTYPE_*`.
pub const CU_POINTER_ATTRIBUTE_MEMORY_TYPE: c_int = 2;
/// `CU_POINTER_ATTRIBUTE_IS_MANAGED`, a `u32`: not 0 for unified memory.
pub const CU_POINTER_ATTRIBUTE_IS_MANAGED: c_int = 8;

/// `CU_MEMORYTYPE_HOST`.
pub const CU_MEMORYTYPE_HOST: c_uint = 1;
/// `CU_MEMORYTYPE_DEVICE`.
pub const CU_MEMORYTYPE_DEVICE: c_uint = 2;
/// `CU_MEMORYTYPE_ARRAY`.
pub const CU_MEMORYTYPE_ARRAY: c_uint = 3;
/// `CU_MEMORYTYPE_UNIFIED`: the driver finds out from the address.
pub const CU_MEMORYTYPE_UNIFIED: c_uint = 4;

/// `CU_GRAPHICS_REGISTER_FLAGS_NONE`: CUDA may read and write.
pub const CU_GRAPHICS_REGISTER_FLAGS_NONE: c_uint = 0;
/// `GL_TEXTURE_2D`, as OpenGL numbers it.
pub const GL_TEXTURE_2D: c_uint = 0x0DE1;

/// `CUDA_MEMCPY2D`: rows of bytes from one place to another. Sizes and pitches are in bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CudaMemcpy2D {
    /// `srcXInBytes`.
    pub src_x_in_bytes: usize,
    /// `srcY`.
    pub src_y: usize,
    /// `srcMemoryType`: says which of the source's addresses counts.
    pub src_memory_type: c_uint,
    /// `srcHost`.
    pub src_host: *const c_void,
    /// `srcDevice`, also of unified addresses.
    pub src_device: CuDevicePtr,
    /// `srcArray`.
    pub src_array: CuArray,
    /// `srcPitch`.
    pub src_pitch: usize,
    /// `dstXInBytes`.
    pub dst_x_in_bytes: usize,
    /// `dstY`.
    pub dst_y: usize,
    /// `dstMemoryType`: says which of the destination's addresses counts.
    pub dst_memory_type: c_uint,
    /// `dstHost`.
    pub dst_host: *mut c_void,
    /// `dstDevice`, also of unified addresses.
    pub dst_device: CuDevicePtr,
    /// `dstArray`.
    pub dst_array: CuArray,
    /// `dstPitch`.
    pub dst_pitch: usize,
    /// `WidthInBytes`.
    pub width_in_bytes: usize,
    /// `Height`.
    pub height: usize,
}

impl Default for CudaMemcpy2D {
    fn default() -> Self {
        Self {
            src_x_in_bytes: 0,
            src_y: 0,
            src_memory_type: 0,
            src_host: core::ptr::null(),
            src_device: 0,
            src_array: core::ptr::null_mut(),
            src_pitch: 0,
            dst_x_in_bytes: 0,
            dst_y: 0,
            dst_memory_type: 0,
            dst_host: core::ptr::null_mut(),
            dst_device: 0,
            dst_array: core::ptr::null_mut(),
            dst_pitch: 0,
            width_in_bytes: 0,
            height: 0,
        }
    }
}

function_table! {
    /// Functions of `libcuda.so.1`. They return 0 for success; an error may also be that of work
    /// queued earlier.
    CudaApi {
        required {
            /// `(0)`.
            init: unsafe extern "C" fn(c_uint) -> CuResult = "cuInit";
            /// `(out)`: 1000 times the major version of CUDA plus 10 times the minor one.
            driver_get_version: unsafe extern "C" fn(*mut c_int) -> CuResult
                = "cuDriverGetVersion";
            /// `(out)`.
            device_get_count: unsafe extern "C" fn(*mut c_int) -> CuResult = "cuDeviceGetCount";
            /// `(out, ordinal)`.
            device_get: unsafe extern "C" fn(*mut CuDevice, c_int) -> CuResult = "cuDeviceGet";
            /// `(out, attribute, device)`.
            device_get_attribute: unsafe extern "C" fn(*mut c_int, c_int, CuDevice) -> CuResult
                = "cuDeviceGetAttribute";
            /// `(out, bytes, device)`.
            device_get_name: unsafe extern "C" fn(*mut c_char, c_int, CuDevice) -> CuResult
                = "cuDeviceGetName";
            /// `(out, bytes, device)`: `domain:bus:device.function`.
            device_get_pci_bus_id: unsafe extern "C" fn(*mut c_char, c_int, CuDevice) -> CuResult
                = "cuDeviceGetPCIBusId";
            /// `(out, device)`. Creates the context on its first use.
            primary_ctx_retain: unsafe extern "C" fn(*mut CuContext, CuDevice) -> CuResult
                = "cuDevicePrimaryCtxRetain";
            /// `(device)`.
            primary_ctx_release: unsafe extern "C" fn(CuDevice) -> CuResult
                = "cuDevicePrimaryCtxRelease_v2";
            /// `(context)`: for the calling thread, on top of its current one.
            ctx_push_current: unsafe extern "C" fn(CuContext) -> CuResult = "cuCtxPushCurrent_v2";
            /// `(out)`: the calling thread's context before the last push becomes current.
            ctx_pop_current: unsafe extern "C" fn(*mut CuContext) -> CuResult
                = "cuCtxPopCurrent_v2";
            /// `(context)`: replaces the calling thread's current one.
            ctx_set_current: unsafe extern "C" fn(CuContext) -> CuResult = "cuCtxSetCurrent";
            /// `(out)`.
            ctx_get_current: unsafe extern "C" fn(*mut CuContext) -> CuResult = "cuCtxGetCurrent";
            /// `(out, flags)`.
            stream_create: unsafe extern "C" fn(*mut CuStream, c_uint) -> CuResult
                = "cuStreamCreate";
            /// `(stream)`.
            stream_synchronize: unsafe extern "C" fn(CuStream) -> CuResult
                = "cuStreamSynchronize";
            /// `(stream)`: [`CUDA_ERROR_NOT_READY`] while work is queued.
            stream_query: unsafe extern "C" fn(CuStream) -> CuResult = "cuStreamQuery";
            /// `(stream)`.
            stream_destroy: unsafe extern "C" fn(CuStream) -> CuResult = "cuStreamDestroy_v2";
            /// `(stream, event, flags)`: work that is queued on the stream later waits for the event.
            stream_wait_event: unsafe extern "C" fn(CuStream, CuEvent, c_uint) -> CuResult
                = "cuStreamWaitEvent";
            /// `(out, flags)`.
            event_create: unsafe extern "C" fn(*mut CuEvent, c_uint) -> CuResult = "cuEventCreate";
            /// `(event, stream)`: of the event's context. What is queued by now is the event.
            event_record: unsafe extern "C" fn(CuEvent, CuStream) -> CuResult = "cuEventRecord";
            /// `(event)`: may still be waited for.
            event_destroy: unsafe extern "C" fn(CuEvent) -> CuResult = "cuEventDestroy_v2";
            /// `(copy, stream)`.
            memcpy_2d_async: unsafe extern "C" fn(*const CudaMemcpy2D, CuStream) -> CuResult
                = "cuMemcpy2DAsync_v2";
            /// `(to, pitch, value, width, height, stream)`.
            memset_d2d8_async: unsafe extern "C" fn(
                CuDevicePtr, usize, u8, usize, usize, CuStream,
            ) -> CuResult = "cuMemsetD2D8Async";
            /// `(to, pitch, value, width, height, stream)`; the width counts 4-byte words.
            memset_d2d32_async: unsafe extern "C" fn(
                CuDevicePtr, usize, c_uint, usize, usize, CuStream,
            ) -> CuResult = "cuMemsetD2D32Async";
            /// `(out, bytes, flags)`.
            mem_host_alloc: unsafe extern "C" fn(*mut *mut c_void, usize, c_uint) -> CuResult
                = "cuMemHostAlloc";
            /// `(memory)`.
            mem_free_host: unsafe extern "C" fn(*mut c_void) -> CuResult = "cuMemFreeHost";
            /// `(free, total)` of the current device, in bytes.
            mem_get_info: unsafe extern "C" fn(*mut usize, *mut usize) -> CuResult
                = "cuMemGetInfo_v2";
            /// `(out, attribute, address)`.
            pointer_get_attribute: unsafe extern "C" fn(
                *mut c_void, c_int, CuDevicePtr,
            ) -> CuResult = "cuPointerGetAttribute";
            /// `(out, texture, target, flags)`: of the OpenGL context that is current in the calling
            /// thread.
            graphics_gl_register_image: unsafe extern "C" fn(
                *mut CuGraphicsResource, c_uint, c_uint, c_uint,
            ) -> CuResult = "cuGraphicsGLRegisterImage";
            /// `(resource)`.
            graphics_unregister_resource: unsafe extern "C" fn(CuGraphicsResource) -> CuResult
                = "cuGraphicsUnregisterResource";
            /// `(count, resources, stream)`: later work on the stream comes after what the graphics
            /// interface was given before.
            graphics_map_resources: unsafe extern "C" fn(
                c_uint, *mut CuGraphicsResource, CuStream,
            ) -> CuResult = "cuGraphicsMapResources";
            /// `(count, resources, stream)`: what the graphics interface is given later comes after
            /// the work on the stream.
            graphics_unmap_resources: unsafe extern "C" fn(
                c_uint, *mut CuGraphicsResource, CuStream,
            ) -> CuResult = "cuGraphicsUnmapResources";
            /// `(out, resource, array index, mip level)` while the resource is mapped.
            graphics_sub_resource_get_mapped_array: unsafe extern "C" fn(
                *mut CuArray, CuGraphicsResource, c_uint, c_uint,
            ) -> CuResult = "cuGraphicsSubResourceGetMappedArray";
            /// `(code, out)`.
            get_error_name: unsafe extern "C" fn(CuResult, *mut *const c_char) -> CuResult
                = "cuGetErrorName";
            /// `(code, out)`.
            get_error_string: unsafe extern "C" fn(CuResult, *mut *const c_char) -> CuResult
                = "cuGetErrorString";
        }
        optional {}
    }
}

super::opened_once! {
    /// The functions of the driver, opened on the first call. Nothing is initialised.
    ///
    /// # Errors
    /// The same on every call.
    load: CudaApi
}

impl CudaApi {
    /// A result as text: name, number and the driver's explanation.
    pub fn describe(&self, code: CuResult) -> String {
        let text = |function: unsafe extern "C" fn(CuResult, *mut *const c_char) -> CuResult| {
            let mut text = core::ptr::null();
            // SAFETY: `text` is writable; every code may be asked about.
            let result = unsafe { function(code, &raw mut text) };
            if result != 0 || text.is_null() {
                return None;
            }
            // SAFETY: the driver's texts are static C strings.
            Some(unsafe { CStr::from_ptr(text) }.to_string_lossy())
        };
        match (text(self.get_error_name), text(self.get_error_string)) {
            (Some(name), Some(explanation)) => format!("{name} ({code}): {explanation}"),
            (Some(name), None) => format!("{name} ({code})"),
            _ => format!("CUDA error {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::mem::offset_of;

    use super::CudaMemcpy2D;

    #[test]
    fn the_copy_is_laid_out_as_in_c() {
        assert_eq!(offset_of!(CudaMemcpy2D, src_host), 24);
        assert_eq!(offset_of!(CudaMemcpy2D, src_pitch), 48);
        assert_eq!(offset_of!(CudaMemcpy2D, dst_host), 80);
        assert_eq!(offset_of!(CudaMemcpy2D, dst_pitch), 104);
        assert_eq!(offset_of!(CudaMemcpy2D, height), 120);
        assert_eq!(size_of::<CudaMemcpy2D>(), 128);
    }
}
