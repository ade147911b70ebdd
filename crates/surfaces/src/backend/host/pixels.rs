//! From the addresses in a slot to slices of its pixels.
//!
//! What lies between the rows may belong to somebody else, who may write it at any time: only
//! planes that own it are one slice; others are worked on row by row.

use nvbufsurface_sys::{NVBUF_MEM_CUDA_PINNED, NVBUF_MEM_CUDA_UNIFIED, NVBUF_MEM_SYSTEM};

use crate::backend::ByteRows;
use crate::backend::plane::{self, Plane, check_room};
use crate::colour::Colour;
use crate::convert::{Picture, PictureLayout};
use crate::error::Error;
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
}

/// The rows of a plane that owns its padding.
///
/// # Safety
/// The slot must belong to a live surface, and nobody may write its pixels during `'a`.
pub(super) unsafe fn rows<'a>(slot: &SlotInfo, plane: usize) -> Result<Rows<'a>, Error> {
    let (start, pitch, size) = whole(slot, plane)?;
    // SAFETY: `whole` checked that the bytes lie within the slot's memory, which its allocator
    // initialised and the caller keeps alive and unwritten.
    let bytes = unsafe { std::slice::from_raw_parts(start, size) };
    Ok(Rows { bytes, pitch })
}

/// The picture in a slot, in place. Its planes must own their padding.
///
/// # Safety
/// As [`rows`](fn@rows).
pub(in crate::backend) unsafe fn picture<'a>(
    slot: &SlotInfo,
    layout: PictureLayout,
    colour: Colour,
) -> Result<Picture<'a>, Error> {
    let (mut planes, mut strides) = ([&[][..]; 3], [0; 3]);
    for index in 0..layout.planes().len() {
        // SAFETY: same contract.
        let rows = unsafe { rows(slot, index)? };
        (planes[index], strides[index]) = (rows.bytes, rows.pitch);
    }
    Ok(Picture {
        layout,
        width: slot.width,
        height: slot.height,
        planes,
        strides,
        colour,
        bits: 8,
    })
}

/// The rows of a plane that owns its padding, for writing.
///
/// # Safety
/// The slot must belong to a live surface, and nobody else may touch its pixels during `'a`.
pub(super) unsafe fn rows_mut<'a>(slot: &SlotInfo, plane: usize) -> Result<RowsMut<'a>, Error> {
    let (start, pitch, size) = whole(slot, plane)?;
    // SAFETY: as in `rows`; the caller excludes all other access.
    let bytes = unsafe { std::slice::from_raw_parts_mut(start, size) };
    Ok(RowsMut { bytes, pitch })
}

/// Calls `write` with each row of the picture, padding included where the plane owns it.
///
/// # Safety
/// As [`rows_mut`].
pub(super) unsafe fn write_rows(
    slot: &SlotInfo,
    plane: usize,
    write: impl FnMut(&mut [u8]),
) -> Result<(), Error> {
    let plane = locate(slot, plane)?;
    // SAFETY: `locate` checked that the rows lie within the slot's memory; the caller excludes all
    // other access.
    unsafe { each_row_mut(&plane, plane.writable_row(), plane.picture_rows) }.for_each(write);
    Ok(())
}

/// Copies `shape` to the top-left corner of a plane.
///
/// # Safety
/// As [`rows_mut`].
pub(super) unsafe fn copy_in(
    slot: &SlotInfo,
    plane: usize,
    from: &[u8],
    shape: ByteRows,
) -> Result<(), Error> {
    let plane = locate_shape(slot, plane, from.len(), shape)?;
    // SAFETY: `locate_shape` checked that the rows lie within the slot's memory; the caller excludes
    // all other access.
    let rows = unsafe { each_row_mut(&plane, shape.row_bytes, shape.rows) };
    for (from, to) in from.chunks(shape.stride.max(1)).zip(rows) {
        to.copy_from_slice(&from[..shape.row_bytes]);
    }
    Ok(())
}

/// Copies `shape` from the top-left corner of a plane.
///
/// # Safety
/// As [`rows`](fn@rows).
pub(super) unsafe fn copy_out(
    slot: &SlotInfo,
    plane: usize,
    to: &mut [u8],
    shape: ByteRows,
) -> Result<(), Error> {
    let plane = locate_shape(slot, plane, to.len(), shape)?;
    // SAFETY: `locate_shape` checked that the rows lie within the slot's memory; the caller excludes
    // writers.
    let rows = unsafe { each_row(&plane, shape.row_bytes, shape.rows) };
    for (from, to) in rows.zip(to.chunks_mut(shape.stride.max(1))) {
        to[..shape.row_bytes].copy_from_slice(from);
    }
    Ok(())
}

/// The first `row_bytes` of the first `rows` rows.
///
/// # Safety
/// They lie within the memory of a live surface, and nobody writes them during `'a`.
unsafe fn each_row<'a>(
    plane: &Plane<'_>,
    row_bytes: usize,
    rows: usize,
) -> impl Iterator<Item = &'a [u8]> {
    addresses(plane, rows).map(move |row| {
        // SAFETY: same contract.
        unsafe { std::slice::from_raw_parts(row, row_bytes) }
    })
}

/// The first `row_bytes` of the first `rows` rows, for writing.
///
/// # Safety
/// They lie within the memory of a live surface, do not overlap, and nobody else touches them
/// during `'a`.
unsafe fn each_row_mut<'a>(
    plane: &Plane<'_>,
    row_bytes: usize,
    rows: usize,
) -> impl Iterator<Item = &'a mut [u8]> {
    addresses(plane, rows).map(move |row| {
        // SAFETY: same contract.
        unsafe { std::slice::from_raw_parts_mut(row, row_bytes) }
    })
}

fn addresses(plane: &Plane<'_>, rows: usize) -> impl Iterator<Item = *mut u8> + use<> {
    let (address, pitch) = (plane.address, plane.pitch());
    (0..rows).map(move |row| (address + row * pitch) as *mut u8)
}

/// A plane that has room for `shape`, as `actual` bytes of ordinary memory have.
fn locate_shape(
    slot: &SlotInfo,
    plane: usize,
    actual: usize,
    shape: ByteRows,
) -> Result<Plane<'_>, Error> {
    let plane = locate(slot, plane)?;
    check_room(actual, shape)?;
    plane.check(shape)?;
    Ok(plane)
}

/// First byte, pitch and size of a plane that owns its padding.
fn whole(slot: &SlotInfo, index: usize) -> Result<(*mut u8, usize, usize), Error> {
    let plane = locate(slot, index)?;
    if !plane.owns_padding {
        return Err(Error::NotNvBufSurface {
            reason: format!("plane {index} has gaps that belong to somebody else"),
        });
    }
    let pitch = plane.pitch();
    Ok((
        plane.address as *mut u8,
        pitch,
        pitch * plane.layout.height as usize,
    ))
}

fn locate(slot: &SlotInfo, index: usize) -> Result<Plane<'_>, Error> {
    if !MEM_TYPES.contains(&slot.mem_type) {
        return Err(Error::NotNvBufSurface {
            reason: format!("the CPU cannot reach memory of type {}", slot.mem_type),
        });
    }
    plane::locate(slot, index)
}
