//! Reading the `NvBufSurface` in a `GstBuffer`, whoever allocated it.

use std::mem::size_of;
use std::ptr::NonNull;

use gst::prelude::*;
use nvbufsurface_sys::{Generation, NVBUF_MAX_PLANES, NvBufSurfaceHead, NvBufSurfaceParamsHead};

use crate::colour::{self, Colour};
use crate::error::Error;
use crate::format::{VideoFormat, channels_of};
use crate::layout::{MAX_BATCH_SIZE, PlaneLayout};
use crate::memory;

/// Memory types whose allocators put live descriptors into them: ours and that of NVIDIA's pools.
/// Other memory may hold a byte copy of a descriptor, whose pointers dangle once the original is
/// gone.
const SURFACE_MEMORY_TYPES: [&gst::glib::GStr; 2] = [memory::MEMORY_TYPE, gst::glib::gstr!("nvds")];

/// Type names of NVIDIA's allocators of live descriptors: that of the decoder element and that of
/// the pools.
const SURFACE_ALLOCATORS: [&str; 2] = ["GstNvV4l2Allocator", "GstNvDsMemoryAllocator"];

/// One slot of a surface. The addresses are valid while the buffer is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotInfo {
    /// Address of the first pixel; device memory on a GPU.
    pub data_ptr: usize,
    /// Bytes of the slot's memory.
    pub data_size: u32,
    /// Bytes from one row of the first plane to the next.
    pub pitch: u32,
    /// Visible width in pixels.
    pub width: u32,
    /// Visible height in pixels.
    pub height: u32,
    /// `NvBufSurfaceColorFormat`.
    pub color_format: u32,
    /// `NvBufSurfaceMemType`.
    pub mem_type: u32,
    /// `NvBufSurfaceLayout`: 0 is rows, anything else cannot be read by address.
    pub layout: u32,
    /// Device that owns the memory.
    pub gpu_id: u32,
    /// Address of the slot's entry in `surfaceList`.
    pub(crate) entry: usize,
    /// The `NvBufSurfaceColorFormat` in that entry.
    pub(crate) mark: u32,
    plane_count: u32,
    planes: [PlaneLayout; NVBUF_MAX_PLANES],
}

impl SlotInfo {
    /// The planes, in memory order.
    pub fn planes(&self) -> &[PlaneLayout] {
        &self.planes[..self.plane_count as usize]
    }

    /// The format, if it is one that this crate allocates.
    pub fn format(&self) -> Option<VideoFormat> {
        VideoFormat::from_color_format(self.color_format)
    }

    /// Interleaved channels of a pixel, 0 for planar formats.
    pub fn channels(&self) -> u32 {
        channels_of(self.color_format)
    }

    /// Describes the slot's samples with this matrix and range, whatever the slot is marked with.
    /// Descriptions of layouts that this crate does not know stay as they are.
    pub(crate) fn assume_colour(&mut self, colour: Colour) {
        if let Some(format) = self.format() {
            self.color_format = colour::color_format(format, colour);
        }
    }

    /// As [`assume_colour`](Self::assume_colour), and marks the slot so.
    ///
    /// # Safety
    /// The slot must belong to a live buffer whose descriptor nobody else uses meanwhile.
    pub(crate) unsafe fn set_colour(&mut self, colour: Colour) {
        self.assume_colour(colour);
        self.mark = self.color_format;
        let entry = self.entry as *mut NvBufSurfaceParamsHead;
        // SAFETY: `entry` is the slot's address in the list of a live surface, which the caller
        // keeps others from; it need not be aligned for the head of either generation.
        unsafe { (&raw mut (*entry).color_format).write_unaligned(self.mark) };
    }
}

/// Who vouches for the pointers in a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The memory's allocator: only memory types made for surfaces are accepted.
    Allocator,
    /// The caller, in an unsafe call: any memory is accepted.
    Caller,
}

/// The surface of a mapped buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surface {
    head: NvBufSurfaceHead,
    generation: Generation,
}

impl Surface {
    /// Reads the descriptor of the buffer's only memory.
    pub(crate) fn read(buffer: &gst::BufferRef, trust: Trust) -> Result<Self, Error> {
        let memory = surface_memory(buffer, trust)?;
        let map = memory
            .map_readable()
            .map_err(|error| not_a_surface(&error.message))?;
        let (head, generation) = read_head(map.as_slice())?;
        Ok(Self { head, generation })
    }

    /// The surface of a descriptor that this crate or NVIDIA's library made.
    ///
    /// # Safety
    /// `head` belongs to a live surface of `generation` with `batch_size` slots, and stays alive
    /// as long as the result is used.
    pub(crate) unsafe fn from_head(
        head: NonNull<NvBufSurfaceHead>,
        generation: Generation,
    ) -> Self {
        Self {
            // SAFETY: the caller vouches for the descriptor.
            head: unsafe { head.as_ptr().read() },
            generation,
        }
    }

    /// Slots that exist.
    pub(crate) fn batch_size(&self) -> u32 {
        self.head.batch_size
    }

    /// The layout of the descriptor and its slots.
    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    /// Slots that hold a frame.
    pub(crate) fn filled(&self) -> u32 {
        self.head.num_filled.min(self.head.batch_size)
    }

    /// A filled slot.
    ///
    /// # Errors
    /// [`Error::SlotOutOfBounds`], [`Error::NotNvBufSurface`] if the slot's planes are nonsense.
    pub(crate) fn filled_slot(&self, slot: u32) -> Result<SlotInfo, Error> {
        if slot >= self.filled() {
            return Err(Error::SlotOutOfBounds {
                slot,
                filled: self.filled(),
            });
        }
        self.any_slot(slot)
    }

    /// A slot below the batch size, filled or not.
    pub(crate) fn any_slot(&self, slot: u32) -> Result<SlotInfo, Error> {
        if slot >= self.head.batch_size {
            return Err(Error::SlotOutOfBounds {
                slot,
                filled: self.head.batch_size,
            });
        }
        let list = NonNull::new(self.head.surface_list.cast::<u8>())
            .ok_or_else(|| not_a_surface("surfaceList is null"))?;
        // SAFETY: the allocator of the memory, or the unsafe caller, vouches that a descriptor
        // which passed `read_head` has a list of `batch_size` slots, `stride` bytes apart.
        let (entry, params) = unsafe {
            let entry = list.add(self.generation.params_stride() * slot as usize);
            (
                entry,
                entry.cast::<NvBufSurfaceParamsHead>().read_unaligned(),
            )
        };
        slot_info(&self.head, &params, entry.as_ptr() as usize)
    }
}

/// Writes `numFilled`. The number is not checked: readers take the smaller of it and the batch
/// size.
///
/// # Errors
/// [`Error::NotNvBufSurface`].
pub(crate) fn write_num_filled(
    buffer: &mut gst::BufferRef,
    count: u32,
    trust: Trust,
) -> Result<(), Error> {
    surface_memory(buffer, trust)?;
    let mut map = buffer
        .map_writable()
        .map_err(|error| not_a_surface(&error.message))?;
    let bytes = map.as_mut_slice();
    read_head(bytes)?;
    let offset = std::mem::offset_of!(NvBufSurfaceHead, num_filled);
    bytes[offset..offset + size_of::<u32>()].copy_from_slice(&count.to_ne_bytes());
    Ok(())
}

fn surface_memory(buffer: &gst::BufferRef, trust: Trust) -> Result<&gst::MemoryRef, Error> {
    if buffer.n_memory() != 1 {
        return Err(not_a_surface(&format!(
            "the buffer has {} memories, not 1",
            buffer.n_memory()
        )));
    }
    let memory = buffer.peek_memory(0);
    if memory.offset() != 0 {
        return Err(not_a_surface("the memory was resized"));
    }
    if trust == Trust::Allocator && !holds_surfaces(memory) {
        let allocator = memory
            .allocator()
            .map_or("none", |allocator| allocator.type_().name());
        return Err(not_a_surface(&format!(
            "its memory was not allocated for surfaces (allocator: {allocator})"
        )));
    }
    Ok(memory)
}

fn holds_surfaces(memory: &gst::MemoryRef) -> bool {
    SURFACE_MEMORY_TYPES
        .iter()
        .any(|known| memory.is_type(*known))
        || memory
            .allocator()
            .is_some_and(|allocator| SURFACE_ALLOCATORS.contains(&allocator.type_().name()))
}

fn read_head(bytes: &[u8]) -> Result<(NvBufSurfaceHead, Generation), Error> {
    if bytes.len() < Generation::Old.surface_size() {
        return Err(not_a_surface(&format!("{} bytes are too few", bytes.len())));
    }
    // SAFETY: the slice is at least as long as the head, which is plain data.
    let head = unsafe { bytes.as_ptr().cast::<NvBufSurfaceHead>().read_unaligned() };
    if head.surface_list.is_null() {
        return Err(not_a_surface("surfaceList is null"));
    }
    if !(1..=MAX_BATCH_SIZE).contains(&head.batch_size) {
        return Err(not_a_surface(&format!("batchSize is {}", head.batch_size)));
    }
    // The mapped size tells the generations apart, and with it the stride of the slots.
    let newest = bytes.len() >= Generation::New.surface_size();
    Ok((
        head,
        if newest {
            Generation::New
        } else {
            Generation::Old
        },
    ))
}

fn slot_info(
    head: &NvBufSurfaceHead,
    params: &NvBufSurfaceParamsHead,
    entry: usize,
) -> Result<SlotInfo, Error> {
    let from = &params.plane_params;
    if !(1..=NVBUF_MAX_PLANES as u32).contains(&from.num_planes) {
        return Err(not_a_surface(&format!(
            "a slot has {} planes",
            from.num_planes
        )));
    }
    let mut planes = [PlaneLayout::default(); NVBUF_MAX_PLANES];
    for (index, plane) in planes.iter_mut().enumerate().take(from.num_planes as usize) {
        *plane = PlaneLayout {
            width: from.width[index],
            height: from.height[index],
            pitch: from.pitch[index],
            offset: from.offset[index],
            size: from.psize[index],
            bytes_per_sample: from.bytes_per_pix[index],
        };
    }
    Ok(SlotInfo {
        data_ptr: params.data_ptr as usize,
        data_size: params.data_size,
        pitch: params.pitch,
        width: params.width,
        height: params.height,
        color_format: params.color_format,
        mark: params.color_format,
        mem_type: head.mem_type,
        layout: params.layout,
        gpu_id: head.gpu_id,
        entry,
        plane_count: from.num_planes,
        planes,
    })
}

fn not_a_surface(reason: &str) -> Error {
    Error::NotNvBufSurface {
        reason: reason.to_owned(),
    }
}
