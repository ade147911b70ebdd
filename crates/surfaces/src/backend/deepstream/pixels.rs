//! Pixels of device, pinned and unified memory, through CUDA.

use super::cuda::{Cuda, Work};
use crate::backend::ByteRows;
use crate::backend::plane::{self, check_room};
use crate::error::Error;
use crate::format::VideoFormat;
use crate::reader::SlotInfo;

/// Sets every plane to a value of its own, padding included. Queued only.
///
/// # Safety
/// The slot belongs to a live surface, and nobody else touches its pixels.
pub(super) unsafe fn set(
    work: &mut Work<'_>,
    slot: &SlotInfo,
    value: impl Fn(usize) -> u8,
) -> Result<(), Error> {
    for index in 0..slot.planes().len() {
        let plane = plane::locate(slot, index)?;
        let shape = ByteRows {
            row_bytes: plane.writable_row(),
            rows: plane.picture_rows,
            stride: plane.pitch(),
        };
        // SAFETY: `locate` checked that the rows are the slot's; the caller excludes all others.
        unsafe { work.fill_bytes(plane.address, shape, value(index))? };
    }
    Ok(())
}

/// What black is in a plane.
#[derive(Debug, Clone, Copy)]
pub(super) enum Black {
    Bytes(u8),
    Words([u8; 4]),
}

impl Black {
    /// Zero bytes where a pixel is one sample group; the darkest luma of the limited range and neutral
    /// chroma elsewhere.
    pub(super) fn of(format: VideoFormat, plane: usize) -> Self {
        const LUMA: u8 = 16;
        const CHROMA: u8 = 128;
        match format {
            VideoFormat::Nv12 | VideoFormat::Nv21 | VideoFormat::I420 if plane == 0 => {
                Self::Bytes(LUMA)
            }
            VideoFormat::Nv12 | VideoFormat::Nv21 | VideoFormat::I420 => Self::Bytes(CHROMA),
            VideoFormat::Uyvy => Self::Words([CHROMA, LUMA, CHROMA, LUMA]),
            VideoFormat::Rgba | VideoFormat::Bgrx | VideoFormat::Gray8 => Self::Bytes(0),
        }
    }
}

/// Queues one fill. For words, everything is a multiple of 4.
///
/// # Safety
/// As [`Work::fill_bytes`].
pub(super) unsafe fn paint(
    work: &mut Work<'_>,
    address: usize,
    shape: ByteRows,
    black: Black,
) -> Result<(), Error> {
    // SAFETY: same contract.
    unsafe {
        match black {
            Black::Bytes(value) => work.fill_bytes(address, shape, value),
            Black::Words(pattern) => work.fill_words(address, shape, pattern),
        }
    }
}

/// Makes the picture black, or zero in a format that is not in [`VideoFormat`].
///
/// # Safety
/// As [`set`].
pub(super) unsafe fn clear(work: &mut Work<'_>, slot: &SlotInfo) -> Result<(), Error> {
    let black = |plane| {
        slot.format()
            .map_or(Black::Bytes(0), |format| Black::of(format, plane))
    };
    // SAFETY: same contract.
    unsafe {
        match black(0) {
            Black::Words(pattern) => fill(work, slot, &pattern),
            Black::Bytes(_) => set(work, slot, |plane| match black(plane) {
                Black::Bytes(value) => value,
                Black::Words(_) => 0,
            }),
        }
    }
}

/// Fills the visible rows of plane 0, padding included, with a repeated pixel. Waits.
///
/// # Safety
/// As [`set`].
pub(super) unsafe fn fill(work: &mut Work<'_>, slot: &SlotInfo, pixel: &[u8]) -> Result<(), Error> {
    let plane = plane::locate(slot, 0)?;
    let pitch = plane.pitch();
    let shape = ByteRows {
        row_bytes: plane.writable_row(),
        rows: plane.picture_rows,
        stride: pitch,
    };
    let words = [plane.address, pitch, shape.row_bytes]
        .iter()
        .all(|value| value % 4 == 0);
    // SAFETY: `locate` checked that the rows are the slot's; the caller excludes all others. The
    // pattern lives until `finish` returns.
    unsafe {
        match *pixel {
            [value] => work.fill_bytes(plane.address, shape, value)?,
            [a, b, c, d] if words => work.fill_words(plane.address, shape, [a, b, c, d])?,
            _ => {
                let row: Vec<u8> = pixel
                    .iter()
                    .copied()
                    .cycle()
                    .take(shape.row_bytes)
                    .collect();
                let pattern = row.repeat(shape.rows);
                let packed = ByteRows::packed(shape.row_bytes, shape.rows);
                work.upload(pattern.as_ptr(), plane.address, pitch, packed)?;
                work.finish()?;
            }
        }
    }
    work.finish()
}

/// Copies `shape` from ordinary memory to the top-left corner of a plane. Waits.
///
/// # Safety
/// As [`set`].
pub(super) unsafe fn copy_in(
    cuda: &Cuda,
    slot: &SlotInfo,
    index: usize,
    from: &[u8],
    shape: ByteRows,
) -> Result<(), Error> {
    let plane = plane::locate(slot, index)?;
    check_room(from.len(), shape)?;
    plane.check(shape)?;
    let mut work = cuda.work(slot.gpu_id)?;
    // SAFETY: both places were checked; the caller excludes all others; `from` outlives the wait.
    unsafe {
        work.upload(from.as_ptr(), plane.address, plane.pitch(), shape)?;
    }
    work.finish()
}

/// Copies `shape` from the top-left corner of a plane to ordinary memory. Waits.
///
/// # Safety
/// The slot belongs to a live surface, and nobody writes its pixels.
pub(super) unsafe fn copy_out(
    cuda: &Cuda,
    slot: &SlotInfo,
    index: usize,
    to: &mut [u8],
    shape: ByteRows,
) -> Result<(), Error> {
    let plane = plane::locate(slot, index)?;
    check_room(to.len(), shape)?;
    plane.check(shape)?;
    let mut work = cuda.work(slot.gpu_id)?;
    // SAFETY: both places were checked; the caller excludes writers; `to` outlives the wait.
    unsafe {
        work.download(plane.address, plane.pitch(), to.as_mut_ptr(), shape)?;
    }
    work.finish()
}

/// Copies every plane of a slot to another slot of the same size and format. Queued only.
///
/// # Safety
/// Both slots belong to live surfaces in CUDA memory; nobody writes the source or touches the
/// destination.
pub(super) unsafe fn copy_slot(
    work: &mut Work<'_>,
    from: &SlotInfo,
    to: &SlotInfo,
) -> Result<(), Error> {
    for index in 0..from.planes().len() {
        let (from, to) = (plane::locate(from, index)?, plane::locate(to, index)?);
        let rows = from.layout.height.min(to.layout.height) as usize;
        let shape = ByteRows::packed(from.row_bytes().min(to.writable_row()), rows);
        // SAFETY: the rows are those of the slots; the caller excludes all others.
        unsafe {
            work.copy_within(
                (from.address, from.pitch()),
                (to.address, to.pitch()),
                shape,
            )?;
        }
    }
    Ok(())
}
