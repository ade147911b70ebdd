//! An `NvBufSurface` whose slots are those of other buffers.

use std::ptr::NonNull;

use nvbufsurface_sys::{AssembledSurface, Generation, NvBufSurfaceHead, NvBufSurfaceParamsHead};

use super::allocator::OwnedSurface;
use crate::error::Error;
use crate::reader::{Surface, Trust};

/// A slot of a buffer.
pub(crate) struct Part {
    pub(crate) buffer: gst::Buffer,
    pub(crate) trust: Trust,
    pub(crate) slot: u32,
}

/// A descriptor of slots of other buffers, which it keeps alive.
pub(crate) struct AssembledBatch {
    gpu_id: u32,
    generation: Generation,
    descriptor: NonNull<NvBufSurfaceHead>,
    /// Keeps the descriptor.
    _surface: AssembledSurface,
    /// For each slot the number of its buffer, and its number there.
    slots: Vec<(usize, u32)>,
    /// Each buffer once, so that a count of 1 means that nobody else has it.
    buffers: Vec<gst::Buffer>,
}

// SAFETY: the descriptor is memory of this value's own, used through raw pointers; whoever
// dereferences them answers for the synchronisation.
unsafe impl Send for AssembledBatch {}
// SAFETY: as above; a shared reference gives a pointer only.
unsafe impl Sync for AssembledBatch {}

impl AssembledBatch {
    /// A batch of these slots, all filled.
    ///
    /// # Safety
    /// Nobody writes the descriptors of the buffers meanwhile.
    ///
    /// # Errors
    /// [`Error::NotAssemblable`], [`Error::NotNvBufSurface`], [`Error::SlotOutOfBounds`].
    pub(crate) unsafe fn new(gpu_id: u32, parts: Vec<Part>) -> Result<Self, Error> {
        let mut common = None;
        let mut entries = Vec::new();
        for part in &parts {
            let surface = Surface::read(&part.buffer, part.trust)?;
            let slot = surface.any_slot(part.slot)?;
            let layout = (surface.generation(), slot.mem_type);
            let first = *common.get_or_insert(layout);
            if layout != first {
                return Err(not_assemblable(format!(
                    "memory type {} ({}) cannot follow type {} ({})",
                    layout.1,
                    layout.0.name(),
                    first.1,
                    first.0.name()
                )));
            }
            let entry = NonNull::new(slot.entry as *mut NvBufSurfaceParamsHead)
                .ok_or_else(|| not_assemblable("a slot has no entry".to_owned()))?;
            entries.push((entry, slot.mark));
        }
        let (generation, mem_type) =
            common.ok_or_else(|| not_assemblable("there are none".to_owned()))?;
        // SAFETY: the entries are those of buffers that this value keeps alive, all of this
        // generation; the caller excludes writers.
        let mut surface = unsafe { AssembledSurface::new(generation, gpu_id, mem_type, &entries) };
        let descriptor = NonNull::new(surface.as_mut_ptr().cast())
            .ok_or_else(|| not_assemblable("there is no descriptor".to_owned()))?;
        let (mut buffers, mut slots) = (Vec::<gst::Buffer>::new(), Vec::new());
        for Part { buffer, slot, .. } in parts {
            let same = |known: &gst::Buffer| known.as_ptr() == buffer.as_ptr();
            let number = buffers.iter().position(same).unwrap_or(buffers.len());
            if number == buffers.len() {
                buffers.push(buffer);
            }
            slots.push((number, slot));
        }
        Ok(Self {
            gpu_id,
            generation,
            descriptor,
            _surface: surface,
            slots,
            buffers,
        })
    }
}

impl OwnedSurface for AssembledBatch {
    fn descriptor(&self) -> NonNull<NvBufSurfaceHead> {
        self.descriptor
    }

    fn descriptor_size(&self) -> usize {
        self.generation.surface_size()
    }

    fn read_only(&self) -> bool {
        let memories = self
            .buffers
            .iter()
            .flat_map(|buffer| buffer.iter_memories());
        memories
            .into_iter()
            .any(|memory| memory.flags().contains(gst::MemoryFlags::READONLY))
    }

    fn is_shared(&self) -> bool {
        !self.buffers.iter().all(gst::Buffer::is_writable)
    }

    unsafe fn duplicate(&self) -> Result<Box<dyn OwnedSurface>, Error> {
        let copies = self
            .buffers
            .iter()
            .map(|buffer| buffer.copy_deep())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| not_assemblable(error.message.to_string()))?;
        let part = |&(buffer, slot): &(usize, u32)| Part {
            buffer: copies[buffer].clone(),
            // Whoever vouched for the original knows nothing of the copy.
            trust: Trust::Allocator,
            slot,
        };
        // SAFETY: nobody else knows the copies; both descriptors are alive, and the caller excludes
        // writers of the original.
        unsafe {
            let copy = Self::new(self.gpu_id, self.slots.iter().map(part).collect())?;
            (*copy.descriptor.as_ptr()).num_filled = (*self.descriptor.as_ptr()).num_filled;
            Ok(Box::new(copy))
        }
    }
}

fn not_assemblable(reason: String) -> Error {
    Error::NotAssemblable { reason }
}
