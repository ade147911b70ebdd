//! CUDA: devices, their primary contexts, streams, and copies that wait.
//!
//! Only primary contexts are used, which CUDA's runtime, PyTorch and CuPy use too. A context is
//! current for the length of a call only: whatever the calling thread had before is current again
//! afterwards.

mod queries;
mod texture;
mod work;

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;

use nvbufsurface_sys::cuda::{
    self, CU_EVENT_DISABLE_TIMING, CUDA_ERROR_NO_DEVICE, CuContext, CuDevice, CuResult, CuStream,
    CudaApi,
};
use parking_lot::Mutex;

use crate::backend::BackendKind;
use crate::error::Error;

pub(crate) use texture::Texture;
pub(crate) use work::Work;

use work::Lane;

/// The devices of this process.
pub(crate) struct Cuda {
    api: &'static CudaApi,
    devices: Vec<Device>,
}

struct Device {
    handle: CuDevice,
    /// Retained on the first use and never released: streams and surfaces of any thread need it.
    context: OnceLock<Result<Handle, Error>>,
    /// Lanes that no call uses at the moment.
    lanes: Mutex<Vec<Lane>>,
}

/// An address that CUDA gave out: valid in every thread, until it is given back.
#[derive(Clone, Copy)]
struct Handle(*mut c_void);

// SAFETY: the driver's handles may be used from every thread.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// The calling thread's context while it exists.
pub(crate) struct Current<'a> {
    api: &'a CudaApi,
    /// The context belongs to this thread.
    _thread: PhantomData<*mut ()>,
}

impl Drop for Current<'_> {
    fn drop(&mut self) {
        let mut context = ptr::null_mut();
        // SAFETY: this thread pushed a context when this value was made.
        unsafe { (self.api.ctx_pop_current)(&raw mut context) };
    }
}

impl Cuda {
    /// Initialises the driver. No context is created.
    ///
    /// # Errors
    /// [`Error::Driver`] without the driver, [`Error::Device`] without a device.
    pub(crate) fn new() -> Result<Self, Error> {
        let api = cuda::load().map_err(|error| Error::Driver {
            reason: error.to_string(),
        })?;
        // SAFETY: the driver may be initialised any number of times.
        check(api, "cuInit", unsafe { (api.init)(0) })?;
        let mut count = 0;
        // SAFETY: the driver is initialised; `count` is writable.
        let result = unsafe { (api.device_get_count)(&raw mut count) };
        check(api, "cuDeviceGetCount", result)?;
        if count < 1 {
            return Err(Error::Device {
                call: "cuDeviceGetCount",
                reason: api.describe(CUDA_ERROR_NO_DEVICE),
            });
        }
        let device = |ordinal| {
            let mut handle = 0;
            // SAFETY: the driver is initialised; `handle` is writable.
            check(api, "cuDeviceGet", unsafe {
                (api.device_get)(&raw mut handle, ordinal)
            })?;
            Ok(Device {
                handle,
                context: OnceLock::new(),
                lanes: Mutex::default(),
            })
        };
        let devices = (0..count).map(device).collect::<Result<_, Error>>()?;
        Ok(Self { api, devices })
    }

    /// The device of this number.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`].
    fn device(&self, gpu_id: u32) -> Result<&Device, Error> {
        self.devices.get(gpu_id as usize).ok_or(Error::NoSuchGpu {
            gpu_id,
            backend: BackendKind::DeepStream.name(),
            devices: self.devices.len() as u32,
        })
    }

    /// Fails for a device that does not exist.
    pub(crate) fn check_device(&self, gpu_id: u32) -> Result<(), Error> {
        self.device(gpu_id).map(|_| ())
    }

    /// The device's primary context, which is created on the first use.
    pub(crate) fn context(&self, gpu_id: u32) -> Result<CuContext, Error> {
        let device = self.device(gpu_id)?;
        let context = device.context.get_or_init(|| {
            let mut context = ptr::null_mut();
            // SAFETY: the device exists; `context` is writable.
            let result = unsafe { (self.api.primary_ctx_retain)(&raw mut context, device.handle) };
            self.check("cuDevicePrimaryCtxRetain", result)?;
            Ok(Handle(context))
        });
        context
            .as_ref()
            .map(|context| context.0)
            .map_err(Clone::clone)
    }

    /// Makes the device's context current until the result is dropped.
    pub(crate) fn enter(&self, gpu_id: u32) -> Result<Current<'_>, Error> {
        let context = self.context(gpu_id)?;
        // SAFETY: a retained primary context is alive.
        self.check("cuCtxPushCurrent", unsafe {
            (self.api.ctx_push_current)(context)
        })?;
        Ok(Current {
            api: self.api,
            _thread: PhantomData,
        })
    }

    /// Leaves the device's context current for the calling thread.
    pub(crate) fn make_current(&self, gpu_id: u32) -> Result<(), Error> {
        let context = self.context(gpu_id)?;
        // SAFETY: a retained primary context is alive.
        self.check("cuCtxSetCurrent", unsafe {
            (self.api.ctx_set_current)(context)
        })
    }

    /// Waits for a stream of any origin; 0 is the device's default stream.
    pub(crate) fn synchronize(&self, gpu_id: u32, stream: usize) -> Result<(), Error> {
        let _current = self.enter(gpu_id)?;
        // SAFETY: the context is current; the user vouches for the handle.
        self.check("cuStreamSynchronize", unsafe {
            (self.api.stream_synchronize)(stream as CuStream)
        })
    }

    /// Makes the stream `then` wait for what is queued on the stream `first` by now; both are of any
    /// origin, 0 is the device's default stream.
    pub(crate) fn order(&self, gpu_id: u32, first: usize, then: usize) -> Result<(), Error> {
        let _current = self.enter(gpu_id)?;
        let mut event = ptr::null_mut();
        // SAFETY: the context is current; `event` is writable.
        let result = unsafe { (self.api.event_create)(&raw mut event, CU_EVENT_DISABLE_TIMING) };
        self.check("cuEventCreate", result)?;
        // SAFETY: the context is current; the user vouches for the handles.
        let ordered = unsafe {
            self.check(
                "cuEventRecord",
                (self.api.event_record)(event, first as CuStream),
            )
            .and_then(|()| {
                self.check(
                    "cuStreamWaitEvent",
                    (self.api.stream_wait_event)(then as CuStream, event, 0),
                )
            })
        };
        // SAFETY: the event was made above; the driver keeps what the streams still need of it.
        let result = unsafe { (self.api.event_destroy)(event) };
        ordered.and(self.check("cuEventDestroy", result))
    }

    /// A result of the driver as an error.
    pub(crate) fn check(&self, call: &'static str, code: CuResult) -> Result<(), Error> {
        check(self.api, call, code)
    }
}

fn check(api: &CudaApi, call: &'static str, code: CuResult) -> Result<(), Error> {
    if code == 0 {
        return Ok(());
    }
    Err(Error::Device {
        call,
        reason: api.describe(code),
    })
}
