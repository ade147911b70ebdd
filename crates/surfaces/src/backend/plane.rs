//! Checks of where a plane lies, for every kind of memory.

use nvbufsurface_sys::NVBUF_LAYOUT_PITCH;

use super::ByteRows;
use crate::error::Error;
use crate::layout::PlaneLayout;
use crate::reader::SlotInfo;

/// A plane within its slot's memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane<'a> {
    pub(super) layout: &'a PlaneLayout,
    /// Address of the first row.
    pub(super) address: usize,
    /// Whether what lies between the rows and after the last one belongs to the slot.
    pub(super) owns_padding: bool,
}

impl Plane<'_> {
    /// Bytes of a row that may be written.
    pub(super) fn writable_row(&self) -> usize {
        if self.owns_padding {
            self.layout.pitch as usize
        } else {
            self.row_bytes()
        }
    }

    /// Bytes of a row without padding.
    pub(super) fn row_bytes(&self) -> usize {
        self.layout.width as usize * self.layout.bytes_per_sample as usize
    }

    /// Checks that the top-left corner of the plane has room for `shape`.
    pub(super) fn check(&self, shape: ByteRows) -> Result<(), Error> {
        let (row, rows) = (self.writable_row(), self.layout.height as usize);
        if shape.row_bytes > row || shape.rows > rows {
            return Err(Error::DataSize {
                expected: shape.packed_size(),
                actual: row * rows,
            });
        }
        Ok(())
    }
}

/// Finds a plane of a slot.
///
/// # Errors
/// [`Error::NotNvBufSurface`] if it does not lie within the slot's memory.
pub(super) fn locate(slot: &SlotInfo, index: usize) -> Result<Plane<'_>, Error> {
    let invalid = |reason: String| Error::NotNvBufSurface { reason };
    if slot.data_ptr == 0 {
        return Err(invalid("dataPtr is null".to_owned()));
    }
    if slot.layout != NVBUF_LAYOUT_PITCH {
        return Err(invalid(format!("its layout {} is no rows", slot.layout)));
    }
    let layout = slot
        .planes()
        .get(index)
        .ok_or_else(|| invalid(format!("the slot has no plane {index}")))?;
    let (pitch, rows) = (u64::from(layout.pitch), u64::from(layout.height));
    let row_bytes = u64::from(layout.width) * u64::from(layout.bytes_per_sample);
    if pitch == 0 || row_bytes > pitch {
        return Err(invalid(format!("plane {index} has a pitch of {pitch}")));
    }
    let visible = index != 0 || (slot.width <= layout.width && slot.height <= layout.height);
    let start = u64::from(layout.offset);
    let last_row = start + pitch * rows.saturating_sub(1);
    if !visible || last_row + row_bytes > u64::from(slot.data_size) {
        return Err(invalid(format!("plane {index} exceeds the slot's memory")));
    }
    Ok(Plane {
        layout,
        address: slot.data_ptr.wrapping_add(layout.offset as usize),
        owns_padding: start + pitch * rows <= u64::from(slot.data_size),
    })
}

/// Bytes that hold `shape` with rows `stride` apart; the last row needs no padding.
pub(super) fn required(shape: ByteRows, stride: usize) -> Result<usize, Error> {
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
