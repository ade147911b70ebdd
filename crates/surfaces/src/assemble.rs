//! Buffers of slots of other buffers.

use crate::error::Error;
use crate::layout::MAX_BATCH_SIZE;
use crate::locks::in_lock_order;
use crate::memory::{self, AssembledBatch};
use crate::shared_buffer::SharedBuffer;
use crate::view::SurfaceView;

/// A buffer of slots of other buffers, all filled, without a copy. It keeps them alive and away from
/// their pools; who has it may write its pixels only while nobody else has theirs. Waits for the
/// work on the views' streams.
///
/// `gpu_id` is the device of the result, which is that of the views.
///
/// # Errors
/// [`Error::NotAssemblable`] without views, with more than 1024, for views of several memory types, and for views
/// on another device;
/// [`Error::NotNvBufSurface`]; a failure of the device.
pub fn assemble(gpu_id: u32, views: &[SurfaceView]) -> Result<SharedBuffer, Error> {
    if views.len() > MAX_BATCH_SIZE as usize {
        let reason = format!("{} are more than {MAX_BATCH_SIZE}", views.len());
        return Err(Error::NotAssemblable { reason });
    }
    for view in views {
        view.synchronize()?;
    }
    let guards: Vec<_> = in_lock_order(views.iter().map(SurfaceView::buffer))
        .map(SharedBuffer::lock_pixels)
        .collect();
    let part = |view: &SurfaceView| view.buffer().part(view.slot_index());
    // SAFETY: the guards exclude whoever writes a descriptor.
    let batch = unsafe { AssembledBatch::new(gpu_id, views.iter().map(part).collect())? };
    drop(guards);
    let mut buffer = gst::Buffer::new();
    buffer
        .make_mut()
        .append_memory(memory::wrap(Box::new(batch)));
    Ok(SharedBuffer::from_buffer(buffer))
}
