//! From the addresses in a slot to slices of its pixels.

use nvbufsurface_sys::{NVBUF_MEM_CUDA_PINNED, NVBUF_MEM_CUDA_UNIFIED, NVBUF_MEM_SYSTEM};

use crate::backend::ByteRows;
use crate::backend::plane::{self, required};
use crate::error::Error;
use crate::layout::PlaneLayout;
use crate::reader::SlotInfo;

/// Memory types that the CPU reaches by address.
pub(in crate::backend) const MEM_TYPES: [u32; 3] = [
    NVBUF_MEM_SYSTEM,
    NVBUF_MEM_CUDA_PINNED,
    NVBUF_MEM_CUDA_UNIFIED,
];

/// A plane's rows for reading, padding included.
pub(super) struct Rows<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) pitch: usize,
}

/// A plane's rows for writing, padding included.
pub(super) struct RowsMut<'a> {
    bytes: &'a mut [u8],
    pitch: usize,
}

impl<'a> RowsMut<'a> {
    /// The bytes, and how many there are from one row to the next.
    pub(super) fn into_parts(self) -> (&'a mut [u8], usize) {
        (self.bytes, self.pitch)
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        self.bytes
    }

    pub(super) fn pitch(&self) -> usize {
        self.pitch
    }

    /// Leaves out the row that even plane heights add below an odd picture.
    pub(super) fn truncate_to_visible(&mut self, slot: &SlotInfo) {
        let visible = (slot.height as usize)
            .saturating_mul(self.pitch)
            .min(self.bytes.len());
        self.bytes = &mut std::mem::take(&mut self.bytes)[..visible];
    }
}

/// The rows of a plane.
///
/// # Safety
/// The slot must belong to a live surface, and nobody may write its pixels during `'a`.
pub(super) unsafe fn rows<'a>(slot: &SlotInfo, plane: usize) -> Result<Rows<'a>, Error> {
    let (start, plane) = locate(slot, plane)?;
    // SAFETY: `locate` checked that the plane lies within the slot's memory, which the surface's
    // allocator initialised and the caller keeps alive and unwritten.
    let bytes = unsafe { std::slice::from_raw_parts(start, byte_count(plane)) };
    Ok(Rows {
        bytes,
        pitch: plane.pitch as usize,
    })
}

/// The rows of a plane, for writing.
///
/// # Safety
/// The slot must belong to a live surface, and nobody else may touch its pixels during `'a`.
pub(super) unsafe fn rows_mut<'a>(slot: &SlotInfo, plane: usize) -> Result<RowsMut<'a>, Error> {
    let (start, plane) = locate(slot, plane)?;
    // SAFETY: as in `rows`; the caller excludes all other access.
    let bytes = unsafe { std::slice::from_raw_parts_mut(start, byte_count(plane)) };
    Ok(RowsMut {
        bytes,
        pitch: plane.pitch as usize,
    })
}

/// Copies rows between two arrays of bytes.
pub(super) fn copy_rows(
    from: &[u8],
    from_stride: usize,
    to: &mut [u8],
    to_stride: usize,
    shape: ByteRows,
) -> Result<(), Error> {
    for (stride, actual) in [(from_stride, from.len()), (to_stride, to.len())] {
        let expected = required(shape, stride)?;
        if actual < expected {
            return Err(Error::DataSize { expected, actual });
        }
    }
    if shape.row_bytes == 0 {
        return Ok(());
    }
    for (from, to) in from
        .chunks(from_stride)
        .zip(to.chunks_mut(to_stride))
        .take(shape.rows)
    {
        to[..shape.row_bytes].copy_from_slice(&from[..shape.row_bytes]);
    }
    Ok(())
}

fn locate(slot: &SlotInfo, index: usize) -> Result<(*mut u8, &PlaneLayout), Error> {
    if !MEM_TYPES.contains(&slot.mem_type) {
        return Err(Error::NotNvBufSurface {
            reason: format!("the CPU cannot reach memory of type {}", slot.mem_type),
        });
    }
    let plane = plane::locate(slot, index)?;
    if !plane.owns_padding {
        return Err(Error::NotNvBufSurface {
            reason: format!("plane {index} exceeds the slot's memory"),
        });
    }
    Ok((plane.address as *mut u8, plane.layout))
}

fn byte_count(plane: &PlaneLayout) -> usize {
    plane.pitch as usize * plane.height as usize
}
