//! From the addresses in a slot to slices of its pixels.

use nvbufsurface_sys::{NVBUF_MEM_CUDA_PINNED, NVBUF_MEM_CUDA_UNIFIED, NVBUF_MEM_SYSTEM};

use crate::backend::ByteRows;
use crate::error::Error;
use crate::layout::PlaneLayout;
use crate::reader::SlotInfo;

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

impl RowsMut<'_> {
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

/// Bytes that hold `shape` with rows `stride` apart; the last row needs no padding.
fn required(shape: ByteRows, stride: usize) -> Result<usize, Error> {
    if stride < shape.row_bytes {
        return Err(Error::DataSize {
            expected: shape.row_bytes,
            actual: stride,
        });
    }
    let Some(last) = shape.rows.checked_sub(1) else {
        return Ok(0);
    };
    last.checked_mul(stride)
        .and_then(|bytes| bytes.checked_add(shape.row_bytes))
        .ok_or(Error::DataSize {
            expected: usize::MAX,
            actual: 0,
        })
}

fn locate(slot: &SlotInfo, plane: usize) -> Result<(*mut u8, &PlaneLayout), Error> {
    let invalid = |reason: String| Error::NotNvBufSurface { reason };
    if ![
        NVBUF_MEM_SYSTEM,
        NVBUF_MEM_CUDA_PINNED,
        NVBUF_MEM_CUDA_UNIFIED,
    ]
    .contains(&slot.mem_type)
    {
        return Err(invalid(format!(
            "the CPU cannot reach memory of type {}",
            slot.mem_type
        )));
    }
    if slot.data_ptr == 0 {
        return Err(invalid("dataPtr is null".to_owned()));
    }
    let layout = slot
        .planes()
        .get(plane)
        .ok_or_else(|| invalid(format!("the slot has no plane {plane}")))?;
    if layout.pitch == 0
        || u64::from(layout.width) * u64::from(layout.bytes_per_sample) > u64::from(layout.pitch)
    {
        return Err(invalid(format!(
            "plane {plane} has a pitch of {}",
            layout.pitch
        )));
    }
    let visible = plane != 0 || (slot.width <= layout.width && slot.height <= layout.height);
    let end = u64::from(layout.offset) + u64::from(layout.pitch) * u64::from(layout.height);
    if !visible || end > u64::from(slot.data_size) {
        return Err(invalid(format!("plane {plane} exceeds the slot's memory")));
    }
    Ok((
        (slot.data_ptr as *mut u8).wrapping_add(layout.offset as usize),
        layout,
    ))
}

fn byte_count(plane: &PlaneLayout) -> usize {
    plane.pitch as usize * plane.height as usize
}
