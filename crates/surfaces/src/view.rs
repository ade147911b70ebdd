//! A view of the pixels of one slot.

use std::any::Any;

use crate::backend::{ByteRows, ForeignArray, backend};
use crate::enums::MemType;
use crate::error::Error;
use crate::reader::SlotInfo;
use crate::shared_buffer::SharedBuffer;

/// One slot of a buffer. The view is a further handle of the buffer and keeps it alive.
///
/// Views may be used from any thread; calls that write exclude all others on the same buffer.
#[derive(Debug, Clone)]
pub struct SurfaceView {
    buffer: SharedBuffer,
    slot_index: u32,
    slot: SlotInfo,
    cuda_stream: usize,
}

impl SurfaceView {
    /// A view of a filled slot. `cuda_stream` is a raw stream handle, 0 for the default stream.
    ///
    /// # Errors
    /// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`].
    pub fn from_buffer(
        buffer: &SharedBuffer,
        slot: u32,
        cuda_stream: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            slot_index: slot,
            slot: buffer.slot(slot)?,
            buffer: buffer.clone(),
            cuda_stream,
        })
    }

    /// A view of memory of somebody else, in a buffer of its own that keeps `owner`.
    ///
    /// # Safety
    /// See [`Backend::adopt`](crate::Backend::adopt).
    ///
    /// # Errors
    /// Those of [`Backend::adopt`](crate::Backend::adopt).
    pub unsafe fn adopt(
        array: &ForeignArray,
        cuda_stream: usize,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Result<Self, Error> {
        // SAFETY: same contract.
        let memory = unsafe { backend()?.adopt(array, owner)? };
        let mut buffer = gst::Buffer::new();
        buffer.make_mut().append_memory(memory);
        Self::from_buffer(&SharedBuffer::from_buffer(buffer), 0, cuda_stream)
    }

    /// The buffer.
    pub fn buffer(&self) -> &SharedBuffer {
        &self.buffer
    }

    /// Number of the slot in its buffer.
    pub fn slot_index(&self) -> u32 {
        self.slot_index
    }

    /// Addresses, sizes and planes.
    pub fn slot(&self) -> &SlotInfo {
        &self.slot
    }

    /// Address of the first pixel.
    pub fn data_ptr(&self) -> usize {
        self.slot.data_ptr
    }

    /// Bytes from one row to the next.
    pub fn pitch(&self) -> u32 {
        self.slot.pitch
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.slot.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.slot.height
    }

    /// Device that owns the memory.
    pub fn gpu_id(&self) -> u32 {
        self.slot.gpu_id
    }

    /// Interleaved channels of a pixel; 0 for formats with more than one plane.
    pub fn channels(&self) -> u32 {
        self.slot.channels()
    }

    /// `NvBufSurfaceColorFormat`.
    pub fn color_format(&self) -> u32 {
        self.slot.color_format
    }

    /// The CUDA stream handle given at construction.
    pub fn cuda_stream(&self) -> usize {
        self.cuda_stream
    }

    /// Where the pixels are; `None` for memory of an unknown type.
    pub fn mem_type(&self) -> Option<MemType> {
        MemType::from_int(u64::from(self.slot.mem_type))
    }

    /// Whether ordinary code can read and write the pixels at their address.
    pub fn is_cpu_memory(&self) -> bool {
        matches!(
            self.mem_type(),
            Some(MemType::System | MemType::CudaPinned | MemType::CudaUnified)
        )
    }

    /// Whether CUDA can read and write the pixels at their address.
    pub fn is_cuda_memory(&self) -> bool {
        matches!(
            self.mem_type(),
            Some(MemType::CudaDevice | MemType::CudaPinned | MemType::CudaUnified)
        )
    }

    /// Whether the memory belongs to somebody who allows no writing.
    pub fn is_read_only(&self) -> bool {
        self.buffer.is_read_only()
    }

    /// Sets every byte, padding included, in all planes.
    ///
    /// # Errors
    /// [`Error::NotWritable`], [`Error::ReadOnly`], [`Error::NotNvBufSurface`].
    pub fn memset(&self, value: u8) -> Result<(), Error> {
        let _guard = self.buffer.lock_pixels_mut()?;
        self.synchronize()?;
        // SAFETY: the view keeps the buffer alive, and the guard excludes every other access.
        unsafe { backend()?.memset(&self.slot, value) }
    }

    /// Fills whole rows, padding included, with one colour in memory order (R, G, B, A for RGBA).
    ///
    /// # Errors
    /// [`Error::WrongColor`] unless the surface has 1 or 4 channels and `color` as many;
    /// [`Error::NotWritable`], [`Error::ReadOnly`], [`Error::NotNvBufSurface`].
    pub fn fill(&self, color: &[u8]) -> Result<(), Error> {
        let channels = self.channels();
        if ![1, 4].contains(&channels) || color.len() != channels as usize {
            return Err(Error::WrongColor {
                components: color.len(),
                channels,
            });
        }
        let _guard = self.buffer.lock_pixels_mut()?;
        self.synchronize()?;
        // SAFETY: the view keeps the buffer alive, and the guard excludes every other access.
        unsafe { backend()?.fill(&self.slot, color) }
    }

    /// Copies tightly packed pixels of shape `height` x `width` x `channels` into the top-left
    /// corner; the rest keeps its pixels.
    ///
    /// # Errors
    /// [`Error::MultiPlane`], [`Error::UploadShape`], [`Error::DataSize`],
    /// [`Error::NotWritable`], [`Error::ReadOnly`], [`Error::NotNvBufSurface`].
    pub fn upload(
        &self,
        pixels: &[u8],
        height: usize,
        width: usize,
        channels: usize,
    ) -> Result<(), Error> {
        let surface_channels = self.interleaved_channels("upload")?;
        if height > self.height() as usize
            || width > self.width() as usize
            || channels != surface_channels as usize
        {
            return Err(Error::UploadShape {
                height,
                width,
                channels,
                surface_height: self.height(),
                surface_width: self.width(),
                surface_channels,
            });
        }
        let row_bytes = width * channels;
        let expected = row_bytes * height;
        if pixels.len() != expected {
            return Err(Error::DataSize {
                expected,
                actual: pixels.len(),
            });
        }
        let shape = ByteRows::packed(row_bytes, height);
        let _guard = self.buffer.lock_pixels_mut()?;
        self.synchronize()?;
        // SAFETY: the view keeps the buffer alive, and the guard excludes every other access.
        unsafe { backend()?.copy_in(&self.slot, 0, pixels, shape) }
    }

    /// Bytes of a tightly packed copy of the visible pixels: all planes, in order.
    pub fn packed_size(&self) -> usize {
        self.packed_planes().map(|shape| shape.packed_size()).sum()
    }

    /// Copies the visible pixels, tightly packed, all planes in order.
    ///
    /// # Errors
    /// [`Error::DataSize`] unless `pixels` has [`packed_size`](Self::packed_size) bytes;
    /// [`Error::NotNvBufSurface`].
    pub fn download(&self, pixels: &mut [u8]) -> Result<(), Error> {
        let expected = self.packed_size();
        if pixels.len() != expected {
            return Err(Error::DataSize {
                expected,
                actual: pixels.len(),
            });
        }
        self.copy_planes(self.packed_planes(), pixels)
    }

    /// Copies the given part of each plane, one after the other. `pixels` has room for all.
    pub(crate) fn copy_planes(
        &self,
        shapes: impl Iterator<Item = ByteRows>,
        mut pixels: &mut [u8],
    ) -> Result<(), Error> {
        let backend = backend()?;
        let _guard = self.buffer.lock_pixels();
        self.synchronize()?;
        for (plane, shape) in shapes.enumerate() {
            let (to, rest) = pixels.split_at_mut(shape.packed_size());
            // SAFETY: the view keeps the buffer alive, and the guard excludes writers.
            unsafe { backend.copy_out(&self.slot, plane, to, shape)? };
            pixels = rest;
        }
        Ok(())
    }

    /// Channels of a surface whose pixels are one interleaved plane.
    ///
    /// # Errors
    /// [`Error::MultiPlane`].
    pub fn interleaved_channels(&self, operation: &'static str) -> Result<u32, Error> {
        match self.channels() {
            0 => Err(Error::MultiPlane {
                operation,
                color_format: self.color_format(),
            }),
            channels => Ok(channels),
        }
    }

    /// Waits for work queued on the view's CUDA stream; nothing to wait for in system memory. The other
    /// methods that touch pixels do so first.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn synchronize(&self) -> Result<(), Error> {
        if !self.is_cuda_memory() {
            return Ok(());
        }
        backend()?.synchronize(self.gpu_id(), self.cuda_stream)
    }

    /// Makes work that is queued on another stream from now on wait, on the device, for what the
    /// view's stream still has. Returns at once.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn order_before(&self, cuda_stream: usize) -> Result<(), Error> {
        self.order(self.cuda_stream, cuda_stream)
    }

    /// Makes the view's stream wait, on the device, for what another stream still has. Returns at
    /// once.
    ///
    /// # Errors
    /// A failure of the device.
    pub fn order_after(&self, cuda_stream: usize) -> Result<(), Error> {
        self.order(cuda_stream, self.cuda_stream)
    }

    fn order(&self, first: usize, then: usize) -> Result<(), Error> {
        /// `CU_STREAM_LEGACY`, a second handle of the default stream.
        const LEGACY: usize = 1;
        let same = |stream| if stream == LEGACY { 0 } else { stream };
        if !self.is_cuda_memory() || same(first) == same(then) {
            return Ok(());
        }
        backend()?.order(self.gpu_id(), first, then)
    }
}
