//! `libnvdsbufferpool.so`: DeepStream's buffer pool for GStreamer.

use core::ffi::c_void;

use super::function_table;

function_table! {
    /// Functions of `libnvdsbufferpool.so`.
    NvDsBufferPoolApi {
        required {
            /// `()`. A new `GstBufferPool` with a floating reference.
            new: unsafe extern "C" fn() -> *mut c_void = "gst_nvds_buffer_pool_new";
        }
        optional {
            /// `()`. The `GType` of the pool.
            get_type: unsafe extern "C" fn() -> usize = "gst_nvds_buffer_pool_get_type";
            /// `()`. The `GType` of its allocator.
            allocator_get_type: unsafe extern "C" fn() -> usize
                = "gst_nvds_memory_allocator_get_type";
        }
    }
}
