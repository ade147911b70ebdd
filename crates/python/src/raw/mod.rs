//! The only module with unsafe code: raw addresses from Python, `DLPack` capsules, and the state of threads.
//!
//! An address that Python passes as an int is trusted to be that of a live GStreamer object; null
//! is refused.
#![allow(unsafe_code)]

mod dlpack;
pub(crate) mod thread_state;

use std::any::Any;

use gst::glib;
use gst::glib::translate::{FromGlibPtrNone, IntoGlibPtr};
use gst::prelude::*;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use surfaces::{Error, ForeignArray, SharedBuffer, SurfaceView};

pub(crate) use dlpack::{
    CPU, CPU_DEVICE, CUDA, CUDA_HOST, CUDA_MANAGED, DataType, Device, Tensor, device, export, take,
};

fn not_null(address: usize, what: &str) -> PyResult<usize> {
    if address == 0 {
        return Err(PyValueError::new_err(format!("the {what} pointer is null")));
    }
    Ok(address)
}

/// A handle of a `GstBuffer` that the caller keeps owning.
pub(crate) fn borrow_buffer(address: usize) -> PyResult<SharedBuffer> {
    let buffer = not_null(address, "buffer")? as *mut gst::ffi::GstBuffer;
    // SAFETY: the address is trusted to be that of a live GstBuffer with a valid surface; a
    // reference of our own keeps it alive.
    Ok(unsafe { SharedBuffer::from_trusted_buffer(gst::Buffer::from_glib_none(buffer)) })
}

/// A view of a slot that takes the caller's reference to the `GstBuffer` over; if this fails, the
/// caller keeps it.
pub(crate) fn take_view(
    address: usize,
    slot: u32,
    cuda_stream: usize,
) -> PyResult<Result<SurfaceView, Error>> {
    let shared = borrow_buffer(address)?;
    let view = SurfaceView::from_buffer(&shared, slot, cuda_stream);
    if view.is_ok() {
        // SAFETY: the caller gives its reference away; the view has one of its own, so the buffer
        // stays alive.
        drop(unsafe { gst::Buffer::from_glib_full(address as *mut gst::ffi::GstBuffer) });
    }
    Ok(view)
}

/// A view of memory that `owner` keeps alive.
pub(crate) fn adopt(
    array: &ForeignArray,
    cuda_stream: usize,
    owner: Box<dyn Any + Send + Sync>,
) -> Result<SurfaceView, Error> {
    // SAFETY: the owner is trusted to have the memory that its interface describes.
    unsafe { SurfaceView::adopt(array, cuda_stream, owner) }
}

/// Writes `numFilled` of a buffer of which the caller has the only reference.
pub(crate) fn set_num_filled(address: usize, count: u32) -> PyResult<Result<(), Error>> {
    let buffer = not_null(address, "buffer")? as *mut gst::ffi::GstBuffer;
    // SAFETY: the address is trusted to be that of a live GstBuffer with a valid surface. The
    // caller's reference is used, not a new one, since a second one would make it unwritable.
    let shared = unsafe { SharedBuffer::from_trusted_buffer(gst::Buffer::from_glib_full(buffer)) };
    let result = shared.set_num_filled(count);
    match shared.into_buffer() {
        // Gives the reference back to the caller, unchanged.
        Ok(buffer) => {
            buffer.into_glib_ptr();
        }
        Err((_, error)) => unreachable!("nobody else has this handle: {error}"),
    }
    Ok(result)
}

/// The element at an address, which the caller keeps owning.
pub(crate) fn borrow_element(address: usize) -> PyResult<gst::Element> {
    let object = not_null(address, "element")? as *mut glib::gobject_ffi::GObject;
    // SAFETY: the address is trusted to be that of a live GObject; its class is checked below.
    let object = unsafe { glib::Object::from_glib_none(object) };
    object.downcast().map_err(|object| {
        PyRuntimeError::new_err(format!("a {} is not an element", object.type_()))
    })
}
