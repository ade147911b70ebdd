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
            if slot.gpu_id != gpu_id {
                return Err(not_assemblable(format!(
                    "a picture on GPU {} cannot be part of a batch on GPU {gpu_id}",
                    slot.gpu_id
                )));
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enums::MemType;
    use crate::format::VideoFormat;
    use crate::layout::SurfaceSpec;
    use crate::memory::{HostSurface, wrap};

    fn part(generation: Generation, width: u32, slot: u32) -> Part {
        let spec = SurfaceSpec {
            format: VideoFormat::Rgba,
            width,
            height: 4,
            batch_size: 3,
            gpu_id: 0,
            mem_type: MemType::System,
        };
        let surface = HostSurface::new(&spec, generation).unwrap();
        let mut buffer = gst::Buffer::new();
        buffer.make_mut().append_memory(wrap(Box::new(surface)));
        Part {
            buffer,
            trust: Trust::Allocator,
            slot,
        }
    }

    fn batch(parts: Vec<Part>) -> Result<AssembledBatch, Error> {
        // SAFETY: nobody else knows the buffers.
        unsafe { AssembledBatch::new(0, parts) }
    }

    #[test]
    fn a_batch_has_the_generation_of_its_slots() {
        gst::init().unwrap();
        for generation in [Generation::Old, Generation::New] {
            let parts: Vec<_> = [(10, 2), (20, 0), (30, 1)]
                .map(|(width, slot)| part(generation, width, slot))
                .into();
            let addresses: Vec<_> = parts
                .iter()
                .map(|part| {
                    let surface = Surface::read(&part.buffer, part.trust).unwrap();
                    surface.any_slot(part.slot).unwrap().data_ptr
                })
                .collect();
            let mut buffer = gst::Buffer::new();
            let memory = wrap(Box::new(batch(parts).unwrap()));
            assert_eq!(memory.size(), generation.surface_size());
            buffer.make_mut().append_memory(memory);
            let surface = Surface::read(&buffer, Trust::Allocator).unwrap();
            assert_eq!((surface.generation(), surface.filled()), (generation, 3));
            for (index, (width, address)) in [10, 20, 30].into_iter().zip(addresses).enumerate() {
                let slot = surface.filled_slot(index as u32).unwrap();
                assert_eq!((slot.width, slot.data_ptr), (width, address));
            }
        }
    }

    #[test]
    fn slots_without_a_common_descriptor_are_refused() {
        gst::init().unwrap();
        let refused = |parts| {
            let result = batch(parts).err();
            assert!(
                matches!(result, Some(Error::NotAssemblable { .. })),
                "{result:?}"
            );
        };
        refused(vec![]);
        refused(vec![
            part(Generation::New, 8, 0),
            part(Generation::Old, 8, 0),
        ]);
    }

    #[test]
    fn a_buffer_of_which_only_the_batch_has_slots_is_not_shared() {
        gst::init().unwrap();
        let first = part(Generation::New, 8, 0);
        let second = Part {
            buffer: first.buffer.clone(),
            trust: first.trust,
            slot: 1,
        };
        let outside = first.buffer.clone();
        let batch = batch(vec![first, second]).unwrap();
        assert!(batch.is_shared());
        drop(outside);
        assert!(!batch.is_shared());
    }
}
