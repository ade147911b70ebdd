//! The checks of an object that exposes `__cuda_array_interface__`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

/// What the interface describes: 8-bit pixels, rows `pitch` bytes apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CudaArray {
    pub(super) data_ptr: usize,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) channels: usize,
    pub(super) pitch: usize,
}

impl<'py> FromPyObject<'_, 'py> for CudaArray {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let interface = object
            .getattr_opt("__cuda_array_interface__")?
            .ok_or_else(|| PyTypeError::new_err("the object has no __cuda_array_interface__"))?;
        let item = |key| -> PyResult<Bound<'py, PyAny>> {
            interface.get_item(key).map_err(|_| {
                PyValueError::new_err(format!("__cuda_array_interface__ has no {key}"))
            })
        };

        let typestr: String = item("typestr")?.extract()?;
        if !["|u1", "<u1"].contains(&typestr.as_str()) {
            return Err(PyValueError::new_err(format!(
                "unsupported dtype {typestr}: 8-bit unsigned is required"
            )));
        }
        let shape: Vec<usize> = item("shape")?.extract()?;
        let (height, width, channels) = match shape[..] {
            [height, width] => (height, width, 1),
            [height, width, channels] => (height, width, channels),
            _ => {
                return Err(PyValueError::new_err(format!(
                    "unsupported shape {shape:?}: (H, W) or (H, W, C) is required"
                )));
            }
        };
        if ![1, 4].contains(&channels) {
            return Err(PyValueError::new_err(format!(
                "unsupported channel count {channels}: 1 or 4 is required"
            )));
        }
        let (data_ptr, _read_only): (usize, bool) = item("data")?.extract()?;
        if data_ptr == 0 {
            return Err(PyValueError::new_err("the data pointer is null"));
        }
        let strides = interface
            .get_item("strides")
            .ok()
            .filter(|strides| !strides.is_none());
        let strides = strides
            .map(|strides| strides.extract::<Vec<usize>>())
            .transpose()?;
        let pitch = pitch(strides.as_deref(), shape.len(), width, channels)?;
        Ok(Self {
            data_ptr,
            width,
            height,
            channels,
            pitch,
        })
    }
}

fn pitch(
    strides: Option<&[usize]>,
    dimensions: usize,
    width: usize,
    channels: usize,
) -> PyResult<usize> {
    let row_bytes = width
        .checked_mul(channels)
        .ok_or_else(|| PyValueError::new_err(format!("unsupported width {width}")))?;
    let inner: &[usize] = if dimensions == 2 {
        &[1]
    } else {
        &[channels, 1]
    };
    match strides {
        None => Ok(row_bytes),
        Some([pitch, rest @ ..]) if rest == inner && *pitch >= row_bytes => Ok(*pitch),
        Some(strides) => Err(PyValueError::new_err(format!(
            "unsupported strides {strides:?}: rows must be contiguous and at least {row_bytes} bytes apart"
        ))),
    }
}
