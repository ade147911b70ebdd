//! Work of one call: fills and copies on a stream of ours.

use std::ptr;

use nvbufsurface_sys::cuda::{
    CU_MEMHOSTALLOC_PORTABLE, CU_MEMORYTYPE_ARRAY, CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_UNIFIED,
    CU_STREAM_NON_BLOCKING, CUDA_ERROR_DEINITIALIZED, CUDA_ERROR_NOT_READY, CuArray, CuStream,
    CudaMemcpy2D,
};

use super::{Cuda, Current, Device, Handle};
use crate::backend::ByteRows;
use crate::error::Error;

/// What one call at a time works with. Lanes are kept for later calls and never freed, so there
/// are as many as calls have run at once.
pub(super) struct Lane {
    stream: Handle,
    /// Pinned memory, for pictures that the CPU makes.
    staging: Option<(Handle, usize)>,
}

impl Cuda {
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

    /// Copies `shape` from the top-left corner of an array to rows `pitch` apart.
    ///
    /// # Safety
    /// Both places have room; nobody writes the array or touches the destination.
    pub(crate) unsafe fn copy_from_array(
        &mut self,
        from: CuArray,
        (to, to_pitch): (usize, usize),
        shape: ByteRows,
    ) -> Result<(), Error> {
        let copy = CudaMemcpy2D {
            src_memory_type: CU_MEMORYTYPE_ARRAY,
            src_array: from,
            dst_memory_type: CU_MEMORYTYPE_UNIFIED,
            dst_device: to as u64,
            dst_pitch: to_pitch,
            ..CudaMemcpy2D::default()
        };
        // SAFETY: same contract.
        unsafe { self.copy(copy, shape) }
    }

    /// Copies `shape` from rows `pitch` apart to the top-left corner of an array.
    ///
    /// # Safety
    /// Both places have room; nobody writes the source or touches the array.
    pub(crate) unsafe fn copy_to_array(
        &mut self,
        (from, from_pitch): (usize, usize),
        to: CuArray,
        shape: ByteRows,
    ) -> Result<(), Error> {
        let copy = CudaMemcpy2D {
            src_memory_type: CU_MEMORYTYPE_UNIFIED,
            src_device: from as u64,
            src_pitch: from_pitch,
            dst_memory_type: CU_MEMORYTYPE_ARRAY,
            dst_array: to,
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
