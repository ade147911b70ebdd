//! The checks of an object that exposes `__cuda_array_interface__`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use surfaces::{ForeignArray, ForeignMemory, VideoFormat};

/// What the interface describes: 8-bit pixels, rows `pitch` bytes apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CudaArrayArgument {
    data_ptr: usize,
    width: u32,
    height: u32,
    format: VideoFormat,
    pitch: u32,
    read_only: bool,
    /// The stream that may still write the pixels; `None` if there is none.
    pub(super) stream: Option<usize>,
}

impl CudaArrayArgument {
    /// The array as memory of a device.
    pub(super) fn on(&self, gpu_id: u32) -> ForeignArray {
        ForeignArray {
            data_ptr: self.data_ptr,
            format: self.format,
            width: self.width,
            height: self.height,
            pitch: self.pitch,
            memory: ForeignMemory::Cuda(gpu_id),
            read_only: self.read_only,
        }
    }
}

impl<'py> FromPyObject<'_, 'py> for CudaArrayArgument {
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
        let format = match channels {
            1 => VideoFormat::Gray8,
            4 => VideoFormat::Rgba,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "unsupported channel count {channels}: 1 or 4 is required"
                )));
            }
        };
        let (data_ptr, read_only): (usize, bool) = item("data")?.extract()?;
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
        let side = |value: usize| {
            u32::try_from(value)
                .map_err(|_| PyValueError::new_err(format!("unsupported size {value}")))
        };
        Ok(Self {
            data_ptr,
            width: side(width)?,
            height: side(height)?,
            format,
            pitch: side(pitch)?,
            read_only,
            stream: stream(&interface)?,
        })
    }
}

/// The stream of the interface; 1 stands for the default stream, which we call 0.
fn stream(interface: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
    let stream = interface
        .get_item("stream")
        .ok()
        .filter(|stream| !stream.is_none())
        .map(|stream| stream.extract::<usize>())
        .transpose()?;
    Ok(stream.map(|stream| if stream == 1 { 0 } else { stream }))
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
