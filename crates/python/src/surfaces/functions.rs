//! Functions on buffers.

use pyo3::prelude::*;

use super::arguments::{BufferArgument, PyIds, ids_to_python};
use crate::errors::from_surfaces;
use crate::raw;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(get_nvbufsurface_info, module)?)?;
    module.add_function(wrap_pyfunction!(get_savant_id_meta, module)?)?;
    module.add_function(wrap_pyfunction!(set_num_filled, module)?)?;
    module.add_function(wrap_pyfunction!(
        super::shared_buffer::_test_consume_shared_buffer,
        module
    )?)
}

/// ``(data_ptr, pitch, width, height)`` of slot 0, filled or not.
///
/// ``buf`` is a :class:`SharedBuffer` or the address of a live ``GstBuffer``. Raises ``ValueError``
/// for address 0, ``RuntimeError`` if the buffer holds no surface.
#[pyfunction]
fn get_nvbufsurface_info(buf: BufferArgument) -> PyResult<(usize, u32, u32, u32)> {
    let slot = buf.borrow()?.first_slot().map_err(from_surfaces)?;
    Ok((slot.data_ptr, slot.pitch, slot.width, slot.height))
}

/// The ids on a buffer as ``(SavantIdMetaKind, int)``, in stored order.
///
/// ``buf`` is a :class:`SharedBuffer` or the address of a live ``GstBuffer``. Raises ``ValueError``
/// for address 0.
#[pyfunction]
fn get_savant_id_meta(buf: BufferArgument) -> PyResult<PyIds> {
    Ok(ids_to_python(buf.borrow()?.savant_ids()))
}

/// Sets the number of filled slots. It is not checked; readers stop at the number of slots.
///
/// ``buf`` is a :class:`SharedBuffer` or the address of a live ``GstBuffer`` with one reference.
/// Raises ``ValueError`` for address 0, ``RuntimeError`` if the buffer is shared or holds no
/// surface.
#[pyfunction]
fn set_num_filled(buf: BufferArgument, count: u32) -> PyResult<()> {
    let result = match buf {
        BufferArgument::Shared(buffer) => buffer.set_num_filled(count),
        BufferArgument::Address(address) => raw::set_num_filled(address, count)?,
    };
    result.map_err(from_surfaces)
}
