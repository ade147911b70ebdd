//! CUDA: devices, their primary contexts, streams, and copies that wait.
//!
//! Only primary contexts are used, which CUDA's runtime, PyTorch and CuPy use too. A context is
//! current for the length of a call only: whatever the calling thread had before is current again
//! afterwards.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;

use nvbufsurface_sys::cuda::{
    self, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
    CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
    CU_EVENT_DISABLE_TIMING, CU_MEMHOSTALLOC_PORTABLE, CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_UNIFIED,
    CU_STREAM_NON_BLOCKING, CUDA_ERROR_DEINITIALIZED, CUDA_ERROR_NO_DEVICE, CUDA_ERROR_NOT_READY,
    CuContext, CuDevice, CuResult, CuStream, CudaApi, CudaMemcpy2D,
};
use parking_lot::Mutex;

use crate::backend::{BackendKind, ByteRows};
use crate::error::Error;

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

/// What one call at a time works with. Lanes are kept for later calls and never freed, so there
/// are as many as calls have run at once.
struct Lane {
    stream: Handle,
    /// Pinned memory, for pictures that the CPU makes.
    staging: Option<(Handle, usize)>,
}

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

    /// A stream, and the context for it, until the result is dropped.
    pub(crate) fn work(&self, gpu_id: u32) -> Result<Work<'_>, Error> {
        let current = self.enter(gpu_id)?;
        let device = self.device(gpu_id)?;
        let free = device.lanes.lock().pop();
        let lane = match free {
            Some(lane) => lane,
            None => self.new_lane()?,
        };
        Ok(Work {
            cuda: self,
            device,
            lane: Some(lane),
            queued: false,
            _current: current,
        })
    }

    fn new_lane(&self) -> Result<Lane, Error> {
        let mut stream = ptr::null_mut();
        // SAFETY: a context is current; `stream` is writable.
        let result = unsafe { (self.api.stream_create)(&raw mut stream, CU_STREAM_NON_BLOCKING) };
        self.check("cuStreamCreate", result)?;
        Ok(Lane {
            stream: Handle(stream),
            staging: None,
        })
    }

    fn attribute(&self, gpu_id: u32, attribute: c_int) -> Result<u32, Error> {
        let device = self.device(gpu_id)?;
        let mut value = 0;
        // SAFETY: the device exists; `value` is writable.
        let result =
            unsafe { (self.api.device_get_attribute)(&raw mut value, attribute, device.handle) };
        self.check("cuDeviceGetAttribute", result)?;
        Ok(u32::try_from(value).unwrap_or_default())
    }

    /// Compute capability as (major, minor).
    pub(crate) fn capability(&self, gpu_id: u32) -> Result<(u32, u32), Error> {
        Ok((
            self.attribute(gpu_id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            self.attribute(gpu_id, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ))
    }

    /// Number of streaming multiprocessors.
    pub(crate) fn multiprocessors(&self, gpu_id: u32) -> Result<u32, Error> {
        self.attribute(gpu_id, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
    }

    /// The device's PCI address, as NVML wants it.
    pub(crate) fn pci_bus_id(&self, gpu_id: u32) -> Result<std::ffi::CString, Error> {
        let device = self.device(gpu_id)?;
        let mut text = [0 as c_char; 32];
        // SAFETY: the device exists; the text has the length given.
        let result = unsafe {
            (self.api.device_get_pci_bus_id)(text.as_mut_ptr(), text.len() as c_int, device.handle)
        };
        self.check("cuDeviceGetPCIBusId", result)?;
        // SAFETY: the driver ended the text with a null byte.
        Ok(unsafe { CStr::from_ptr(text.as_ptr()) }.to_owned())
    }

    /// An attribute of an address, a `u32`.
    pub(crate) fn pointer_attribute(&self, address: usize, attribute: c_int) -> Result<u32, Error> {
        let mut value = 0u32;
        // SAFETY: the attributes asked for are written as 4 bytes; any address may be asked about.
        let result = unsafe {
            (self.api.pointer_get_attribute)((&raw mut value).cast(), attribute, address as u64)
        };
        self.check("cuPointerGetAttribute", result)?;
        Ok(value)
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

/// Work on one device. Addresses may be those of device, pinned or unified memory.
///
/// [`finish`](Self::finish) waits for what was queued; without it (after an error) the end of this
/// value does.
pub(crate) struct Work<'a> {
    cuda: &'a Cuda,
    device: &'a Device,
    /// `None` only while the value is dropped.
    lane: Option<Lane>,
    queued: bool,
    _current: Current<'a>,
}

impl Work<'_> {
    /// The stream of this work.
    pub(crate) fn stream(&self) -> CuStream {
        self.lane
            .as_ref()
            .map_or(ptr::null_mut(), |lane| lane.stream.0)
    }

    /// Sets `shape` to one value.
    ///
    /// # Safety
    /// The rows lie in live CUDA memory that nobody else touches.
    pub(crate) unsafe fn fill_bytes(
        &mut self,
        address: usize,
        shape: ByteRows,
        value: u8,
    ) -> Result<(), Error> {
        if shape.packed_size() == 0 {
            return Ok(());
        }
        self.queued = true;
        // SAFETY: the caller vouches for the rows.
        let result = unsafe {
            (self.cuda.api.memset_d2d8_async)(
                address as u64,
                shape.stride,
                value,
                shape.row_bytes,
                shape.rows,
                self.stream(),
            )
        };
        self.cuda.check("cuMemsetD2D8Async", result)
    }

    /// Sets `shape` to a repeated word of four bytes. Address, row length and distance of the rows
    /// are multiples of 4.
    ///
    /// # Safety
    /// As [`fill_bytes`](Self::fill_bytes).
    pub(crate) unsafe fn fill_words(
        &mut self,
        address: usize,
        shape: ByteRows,
        word: [u8; 4],
    ) -> Result<(), Error> {
        if shape.packed_size() == 0 {
            return Ok(());
        }
        self.queued = true;
        // SAFETY: the caller vouches for the rows.
        let result = unsafe {
            (self.cuda.api.memset_d2d32_async)(
                address as u64,
                shape.stride,
                u32::from_ne_bytes(word),
                shape.row_bytes / 4,
                shape.rows,
                self.stream(),
            )
        };
        self.cuda.check("cuMemsetD2D32Async", result)
    }

    /// Copies `shape` from ordinary memory, where its rows are `shape.stride` apart, to rows
    /// `pitch` apart.
    ///
    /// # Safety
    /// Both places have room; nobody else touches the destination; the source lives until this
    /// work has finished or ended.
    pub(crate) unsafe fn upload(
        &mut self,
        from: *const u8,
        address: usize,
        pitch: usize,
        shape: ByteRows,
    ) -> Result<(), Error> {
        let copy = CudaMemcpy2D {
            src_memory_type: CU_MEMORYTYPE_HOST,
            src_host: from.cast(),
            src_pitch: shape.stride,
            dst_memory_type: CU_MEMORYTYPE_UNIFIED,
            dst_device: address as u64,
            dst_pitch: pitch,
            ..CudaMemcpy2D::default()
        };
        // SAFETY: same contract.
        unsafe { self.copy(copy, shape) }
    }

    /// Copies `shape` from rows `pitch` apart to ordinary memory, where its rows are
    /// `shape.stride` apart.
    ///
    /// # Safety
    /// Both places have room; nobody writes the source; the destination lives, and nobody else
    /// touches it, until this work has finished or ended.
    pub(crate) unsafe fn download(
        &mut self,
        address: usize,
        pitch: usize,
        to: *mut u8,
        shape: ByteRows,
    ) -> Result<(), Error> {
        let copy = CudaMemcpy2D {
            src_memory_type: CU_MEMORYTYPE_UNIFIED,
            src_device: address as u64,
            src_pitch: pitch,
            dst_memory_type: CU_MEMORYTYPE_HOST,
            dst_host: to.cast(),
            dst_pitch: shape.stride,
            ..CudaMemcpy2D::default()
        };
        // SAFETY: same contract.
        unsafe { self.copy(copy, shape) }
    }

    /// Copies `shape` between two places of CUDA memory; the pitches are theirs.
    ///
    /// # Safety
    /// Both places have room; nobody writes the source or touches the destination.
    pub(crate) unsafe fn copy_within(
        &mut self,
        (from, from_pitch): (usize, usize),
        (to, to_pitch): (usize, usize),
        shape: ByteRows,
    ) -> Result<(), Error> {
        let copy = CudaMemcpy2D {
            src_memory_type: CU_MEMORYTYPE_UNIFIED,
            src_device: from as u64,
            src_pitch: from_pitch,
            dst_memory_type: CU_MEMORYTYPE_UNIFIED,
            dst_device: to as u64,
            dst_pitch: to_pitch,
            ..CudaMemcpy2D::default()
        };
        // SAFETY: same contract.
        unsafe { self.copy(copy, shape) }
    }

    /// # Safety
    /// The places that `copy` names have room for `shape`, and are free as the callers say.
    unsafe fn copy(&mut self, mut copy: CudaMemcpy2D, shape: ByteRows) -> Result<(), Error> {
        if shape.packed_size() == 0 {
            return Ok(());
        }
        (copy.width_in_bytes, copy.height) = (shape.row_bytes, shape.rows);
        self.queued = true;
        // SAFETY: same contract; the driver has read the struct when it returns.
        let result = unsafe { (self.cuda.api.memcpy_2d_async)(&raw const copy, self.stream()) };
        self.cuda.check("cuMemcpy2DAsync", result)
    }

    /// Pinned memory of at least `size` bytes, until this value is dropped. Its contents are
    /// whatever was there.
    pub(crate) fn staging(&mut self, size: usize) -> Result<*mut u8, Error> {
        let Some(lane) = &mut self.lane else {
            return Ok(ptr::null_mut());
        };
        if let Some((memory, room)) = lane.staging {
            if room >= size {
                return Ok(memory.0.cast());
            }
            lane.staging = None;
            // SAFETY: the memory came from the driver, and no work uses it: every call waits.
            let result = unsafe { (self.cuda.api.mem_free_host)(memory.0) };
            self.cuda.check("cuMemFreeHost", result)?;
        }
        let mut memory = ptr::null_mut();
        // SAFETY: a context is current; `memory` is writable.
        let result = unsafe {
            (self.cuda.api.mem_host_alloc)(&raw mut memory, size, CU_MEMHOSTALLOC_PORTABLE)
        };
        self.cuda.check("cuMemHostAlloc", result)?;
        lane.staging = Some((Handle(memory), size));
        Ok(memory.cast())
    }

    /// Fails if an earlier failure of CUDA makes every further call fail too.
    pub(crate) fn check_health(&self) -> Result<(), Error> {
        // SAFETY: the stream is alive and its context current.
        match unsafe { (self.cuda.api.stream_query)(self.stream()) } {
            CUDA_ERROR_NOT_READY => Ok(()),
            code => self.cuda.check("cuStreamQuery", code),
        }
    }

    /// Waits for what was queued so far.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        self.queued = false;
        // SAFETY: the stream is alive and its context current.
        let result = unsafe { (self.cuda.api.stream_synchronize)(self.stream()) };
        self.cuda.check("cuStreamSynchronize", result)
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        if self.queued {
            // An error has been reported already; what matters is that memory is no longer used.
            match self.finish() {
                Err(error) if !is_process_end(&error) => {
                    tracing::debug!("after a failure: {error}");
                }
                _ => {}
            }
        }
        if let Some(lane) = self.lane.take() {
            self.device.lanes.lock().push(lane);
        }
    }
}

/// Whether the error says that the driver has shut down because the process ends.
fn is_process_end(error: &Error) -> bool {
    matches!(error, Error::Device { reason, .. }
        if reason.contains(&format!("({CUDA_ERROR_DEINITIALIZED})")))
}
