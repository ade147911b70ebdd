//! The video encoder, `libnvidia-encode.so.1`: just enough to open a session and close it again.
//!
//! Whether a chip has an encoder cannot be read anywhere: NVML's encoder capacity says 100 for
//! chips that have none.

use core::ffi::{c_int, c_void};

use super::cuda::CuContext;
use crate::api::function_table;

/// The library's soname.
pub const LIBRARY: &str = "libnvidia-encode.so.1";

/// `NVENCSTATUS`: 0 is success.
pub type NvencStatus = c_int;
/// `NV_ENC_ERR_NO_ENCODE_DEVICE`.
pub const NV_ENC_ERR_NO_ENCODE_DEVICE: NvencStatus = 1;
/// `NV_ENC_ERR_UNSUPPORTED_DEVICE`.
pub const NV_ENC_ERR_UNSUPPORTED_DEVICE: NvencStatus = 2;
/// `NV_ENC_ERR_OUT_OF_MEMORY`: also when no further session is allowed.
pub const NV_ENC_ERR_OUT_OF_MEMORY: NvencStatus = 10;

/// Interface version 11.0, which every driver since 2020 serves.
const API_VERSION: u32 = 11;
/// `NV_ENC_DEVICE_TYPE_CUDA`.
const DEVICE_TYPE_CUDA: u32 = 1;

/// The version word of a struct.
const fn struct_version(revision: u32) -> u32 {
    API_VERSION | (revision << 16) | (0x7 << 28)
}

type OpenSessionEx =
    unsafe extern "C" fn(*mut OpenSessionExParams, *mut *mut c_void) -> NvencStatus;
type DestroyEncoder = unsafe extern "C" fn(*mut c_void) -> NvencStatus;

/// `NV_ENCODE_API_FUNCTION_LIST`: the entries are function pointers; the rest is larger than that
/// of any version.
#[repr(C)]
struct FunctionList {
    version: u32,
    reserved: u32,
    entries: [*mut c_void; 512],
}

/// Positions in [`FunctionList::entries`].
const DESTROY_ENCODER: usize = 27;
const OPEN_SESSION_EX: usize = 29;

/// `NV_ENC_OPEN_ENCODE_SESSION_EX_PARAMS`.
#[repr(C)]
struct OpenSessionExParams {
    version: u32,
    device_type: u32,
    device: *mut c_void,
    reserved: *mut c_void,
    api_version: u32,
    reserved1: [u32; 253],
    reserved2: [*mut c_void; 64],
}

function_table! {
    /// Functions of `libnvidia-encode.so.1`.
    NvencApi {
        required {
            /// `(list)`: fills an `NV_ENCODE_API_FUNCTION_LIST`.
            create_instance: unsafe extern "C" fn(*mut c_void) -> NvencStatus
                = "NvEncodeAPICreateInstance";
        }
        optional {}
    }
}

super::opened_once! {
    /// The functions of the library, opened on the first call.
    ///
    /// # Errors
    /// The same on every call.
    load: NvencApi
}

impl NvencApi {
    /// Opens an encode session on a context's device and closes it. The result is the name of the
    /// failed call with its status.
    ///
    /// # Safety
    /// `context` is a live CUDA context.
    ///
    /// # Errors
    /// The call that failed.
    pub unsafe fn try_session(
        &self,
        context: CuContext,
    ) -> Result<(), (&'static str, NvencStatus)> {
        let mut list = FunctionList {
            version: struct_version(2),
            reserved: 0,
            entries: [core::ptr::null_mut(); 512],
        };
        // SAFETY: the list is at least as large as that of the version it states.
        let status = unsafe { (self.create_instance)((&raw mut list).cast()) };
        if status != 0 {
            return Err(("NvEncodeAPICreateInstance", status));
        }
        let [open, destroy] = [OPEN_SESSION_EX, DESTROY_ENCODER].map(|entry| list.entries[entry]);
        if open.is_null() || destroy.is_null() {
            return Err(("NvEncodeAPICreateInstance", status));
        }
        // SAFETY: the library filled the entries with functions of these types.
        let (open, destroy) = unsafe {
            (
                core::mem::transmute::<*mut c_void, OpenSessionEx>(open),
                core::mem::transmute::<*mut c_void, DestroyEncoder>(destroy),
            )
        };
        let mut params = OpenSessionExParams {
            version: struct_version(1),
            device_type: DEVICE_TYPE_CUDA,
            device: context,
            reserved: core::ptr::null_mut(),
            api_version: API_VERSION,
            reserved1: [0; 253],
            reserved2: [core::ptr::null_mut(); 64],
        };
        let mut encoder = core::ptr::null_mut();
        // SAFETY: the parameters are complete and the context is alive.
        let status = unsafe { open(&raw mut params, &raw mut encoder) };
        if status != 0 {
            return Err(("NvEncOpenEncodeSessionEx", status));
        }
        // SAFETY: the library made the session, and it is used no more.
        unsafe { destroy(encoder) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenSessionExParams, struct_version};

    #[test]
    fn the_session_parameters_have_the_published_size() {
        assert_eq!(size_of::<OpenSessionExParams>(), 1552);
        assert_eq!(struct_version(1), 0x7001_000b);
    }
}
