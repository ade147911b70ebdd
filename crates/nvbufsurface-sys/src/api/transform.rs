//! `libnvbufsurftransform.so`.

use core::ffi::c_int;

use super::function_table;
use crate::abi::NvBufSurfTransformSyncObj;
use crate::abi::new::{
    NvBufSurfTransformCompositeBlendParams, NvBufSurfTransformCompositeBlendParamsEx,
    NvBufSurfTransformCompositeParams, NvBufSurfTransformConfigParams, NvBufSurfTransformParams,
    NvBufSurface,
};
use crate::constants::NvBufSurfTransformError;

/// `NvBufSurfTransformSyncObj_t`: waited for, then destroyed, each exactly once.
type SyncObj = *mut NvBufSurfTransformSyncObj;

function_table! {
    /// Functions of `libnvbufsurftransform.so`.
    ///
    /// They work on `numFilled` slots of the source, with the session of the calling thread. A
    /// rectangle that does not fit is not detected. A CUDA failure may end the process.
    NvBufSurfTransformApi {
        required {
            /// `(config)`. Sets the session of the calling thread.
            set_session_params: unsafe extern "C" fn(
                *mut NvBufSurfTransformConfigParams,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformSetSessionParams";
            /// `(out)`. Fails on a thread that never set its session.
            get_session_params: unsafe extern "C" fn(
                *mut NvBufSurfTransformConfigParams,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformGetSessionParams";
            /// `(source, destination, params)`. Waits for the result.
            transform: unsafe extern "C" fn(
                *mut NvBufSurface, *mut NvBufSurface, *mut NvBufSurfTransformParams,
            ) -> NvBufSurfTransformError = "NvBufSurfTransform";
            /// `(source, destination, params)`. Waits for the result.
            composite: unsafe extern "C" fn(
                *mut NvBufSurface, *mut NvBufSurface, *mut NvBufSurfTransformCompositeParams,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformComposite";
        }
        optional {
            /// `(source0, source1, alpha, destination, params)`, since 5.1.
            composite_blend: unsafe extern "C" fn(
                *mut NvBufSurface, *mut NvBufSurface, *mut NvBufSurface, *mut NvBufSurface,
                *mut NvBufSurfTransformCompositeBlendParams,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformCompositeBlend";
            /// `(source, destination, params, out)`, by 6.2.
            transform_async: unsafe extern "C" fn(
                *mut NvBufSurface, *mut NvBufSurface, *mut NvBufSurfTransformParams, *mut SyncObj,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformAsync";
            /// `(source, destination, params, out)`, by 6.2.
            composite_async: unsafe extern "C" fn(
                *mut NvBufSurface, *mut NvBufSurface, *mut NvBufSurfTransformCompositeParams,
                *mut SyncObj,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformCompositeAsync";
            /// `(sources, destination, params)`, since about 6.3, Jetson only. The form of
            /// `params` depends on the generation.
            multi_input_buf_composite_blend: unsafe extern "C" fn(
                *mut *mut NvBufSurface, *mut NvBufSurface,
                *mut NvBufSurfTransformCompositeBlendParamsEx,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformMultiInputBufCompositeBlend";
            /// `(sources, destination, params, out)`, as the synchronous form.
            multi_input_buf_composite_blend_async: unsafe extern "C" fn(
                *mut *mut NvBufSurface, *mut NvBufSurface,
                *mut NvBufSurfTransformCompositeBlendParamsEx, *mut SyncObj,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformMultiInputBufCompositeBlendAsync";
            /// `(object, timeout_ms)`, by 6.2. Only VIC honours the timeout.
            sync_obj_wait: unsafe extern "C" fn(SyncObj, u32) -> NvBufSurfTransformError
                = "NvBufSurfTransformSyncObjWait";
            /// `(object)`, by 6.2.
            sync_obj_destroy: unsafe extern "C" fn(*mut SyncObj) -> NvBufSurfTransformError
                = "NvBufSurfTransformSyncObjDestroy";
            /// `(fd, out, count_out)`, since 9.0.
            sync_obj_from_file: unsafe extern "C" fn(
                c_int, *mut SyncObj, *mut u32,
            ) -> NvBufSurfTransformError = "NvBufSurfTransformSyncObjFromFile";
            /// `()`, since 9.0.
            set_default_session: unsafe extern "C" fn() -> NvBufSurfTransformError
                = "NvBufSurfTransformSetDefaultSession";
        }
    }
}
