//! The checks that an array of another library must pass to be a picture.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use surfaces::{ForeignArray, ForeignMemory, VideoFormat};

/// An array of bytes, as its owner describes it.
#[derive(Debug)]
pub(super) struct Bytes<'a> {
    pub(super) address: usize,
    pub(super) shape: &'a [i64],
    /// In bytes; `None` for C order without gaps.
    pub(super) strides: Option<&'a [i64]>,
    pub(super) memory: ForeignMemory,
    pub(super) read_only: bool,
}

impl Bytes<'_> {
    /// The array as a picture: `(H, W)`, `(H, W, 1)` or `(H, W, 4)` with contiguous rows.
    ///
    /// Raises `ValueError` for anything else.
    pub(super) fn picture(&self) -> PyResult<ForeignArray> {
        let shape = self.shape;
        let (height, width, channels) = match *shape {
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
        let side = |length| u32::try_from(length).ok().filter(|length| *length > 0);
        let (Some(height), Some(width)) = (side(height), side(width)) else {
            return Err(PyValueError::new_err(format!(
                "unsupported shape {shape:?}: each side must be 1 or more, and fit in 32 bits"
            )));
        };
        if self.address == 0 {
            return Err(PyValueError::new_err("the data pointer is null"));
        }
        Ok(ForeignArray {
            data_ptr: self.address,
            format,
            width,
            height,
            pitch: self.pitch(i64::from(width) * channels)?,
            memory: self.memory,
            read_only: self.read_only,
        })
    }

    fn pitch(&self, row_bytes: i64) -> PyResult<u32> {
        let pitch = match (self.strides, self.shape) {
            (None, _) => row_bytes,
            // There is no second row, so its place says nothing.
            (Some(&[pitch, ref rest @ ..]), &[1, ..]) if self.rows_are_contiguous(rest) => {
                pitch.max(row_bytes)
            }
            (Some(&[pitch, ref rest @ ..]), _)
                if pitch >= row_bytes && self.rows_are_contiguous(rest) =>
            {
                pitch
            }
            (Some(strides), _) => {
                return Err(PyValueError::new_err(format!(
                    "unsupported strides {strides:?}: rows must be contiguous and at least \
                     {row_bytes} bytes apart"
                )));
            }
        };
        u32::try_from(pitch).map_err(|_| {
            PyValueError::new_err(format!("unsupported distance of rows: {pitch} bytes"))
        })
    }

    /// Whether the strides behind the first one leave no gaps; that of a single element says nothing.
    fn rows_are_contiguous(&self, strides: &[i64]) -> bool {
        let shape = &self.shape[1..];
        let mut expected = 1;
        let mut contiguous = strides.len() == shape.len();
        for (length, stride) in shape.iter().zip(strides).rev() {
            contiguous &= *length == 1 || *stride == expected;
            expected *= length;
        }
        contiguous
    }
}
