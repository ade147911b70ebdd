//! Checks of where a plane lies, for every kind of memory.

use nvbufsurface_sys::NVBUF_LAYOUT_PITCH;

use super::ByteRows;
use crate::error::Error;
use crate::layout::PlaneLayout;
use crate::reader::SlotInfo;

/// A plane within its slot's memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub(super) layout: &'a PlaneLayout,
    /// Address of the first row.
    pub(crate) address: usize,
    /// Whether what lies between the rows and after the last one belongs to the slot.
    pub(super) owns_padding: bool,
    /// Rows that count: in plane 0 those of the picture, without the row that even plane heights
    /// add.
    pub(super) picture_rows: usize,
}

impl Plane<'_> {
    /// Bytes from one row to the next.
    pub(crate) fn pitch(&self) -> usize {
        self.layout.pitch as usize
    }

    /// Bytes of a row that may be written.
    pub(super) fn writable_row(&self) -> usize {
        if self.owns_padding {
            self.pitch()
        } else {
            self.row_bytes()
        }
    }

    /// Bytes of a row without padding.
    pub(super) fn row_bytes(&self) -> usize {
        self.layout.width as usize * self.layout.bytes_per_sample as usize
    }

    /// Checks that the top-left corner of the plane has room for `shape`.
    pub(crate) fn check(&self, shape: ByteRows) -> Result<(), Error> {
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
pub(crate) fn locate(slot: &SlotInfo, index: usize) -> Result<Plane<'_>, Error> {
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
    let picture_rows = match index {
        0 => layout.height.min(slot.height),
        _ => layout.height,
    };
    Ok(Plane {
        layout,
        address: slot.data_ptr.wrapping_add(layout.offset as usize),
        owns_padding: start + pitch * rows <= u64::from(slot.data_size),
        picture_rows: picture_rows as usize,
    })
}

/// Checks that `actual` bytes hold `shape`; the last row needs no padding.
///
/// # Errors
/// [`Error::DataSize`].
pub(super) fn check_room(actual: usize, shape: ByteRows) -> Result<(), Error> {
    let (expected, actual) = match shape.rows.checked_sub(1) {
        _ if shape.stride < shape.row_bytes => (shape.row_bytes, shape.stride),
        None => (0, actual),
        Some(last) => {
            let size = last
                .checked_mul(shape.stride)
                .and_then(|bytes| bytes.checked_add(shape.row_bytes));
            (size.unwrap_or(usize::MAX), actual)
        }
    };
    if actual < expected {
        return Err(Error::DataSize { expected, actual });
    }
    Ok(())
}
