//! `LetterboxMap`.

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use surfaces::LetterboxMap;

use crate::errors::from_surfaces;
use crate::geometry::{PyRect, PyTransformConfig};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyLetterboxMap>()
}

/// The map between the coordinates of a source and of the destination it is scaled into. Addition.
///
/// ``config``, the sizes in pixels and ``src_rect`` are those of the transform. Raises ``RuntimeError`` as
/// :meth:`TransformConfig.letterbox_rect` does.
///
/// Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)``, its centre is ``i + 0.5``. So
/// ``x' = (x - crop.left) * rect.width / crop.width + rect.left``, and likewise for ``y``. Nothing is clipped.
///
/// The methods take ``float64`` arrays and return new ones of the same shape; ``TypeError`` for other types,
/// ``ValueError`` for other shapes.
#[pyclass(frozen, name = "LetterboxMap", module = "savant_rs.deepstream")]
pub(crate) struct PyLetterboxMap(LetterboxMap);

#[pymethods]
impl PyLetterboxMap {
    #[new]
    #[pyo3(signature = (config, src_w, src_h, dst_w, dst_h, src_rect=None))]
    fn new(
        config: &PyTransformConfig,
        src_w: u32,
        src_h: u32,
        dst_w: u32,
        dst_h: u32,
        src_rect: Option<PyRef<'_, PyRect>>,
    ) -> PyResult<Self> {
        let crop = src_rect.map(|rect| (*rect).into());
        LetterboxMap::new(&(*config).into(), (src_w, src_h), crop, (dst_w, dst_h))
            .map(Self)
            .map_err(from_surfaces)
    }

    /// What is read of the source, in pixels: ``src_rect`` clipped to it, or all.
    #[getter]
    fn crop(&self) -> PyRect {
        self.0.crop().into()
    }

    /// What is written of the destination, in pixels.
    #[getter]
    fn rect(&self) -> PyRect {
        self.0.rect().into()
    }

    /// Destination pixels for a source pixel, in x and y.
    #[getter]
    fn scale(&self) -> (f64, f64) {
        self.0.scale().into()
    }

    /// Where the source's (0, 0) lies, in x and y: ``x' = x * scale[0] + offset[0]``.
    #[getter]
    fn offset(&self) -> (f64, f64) {
        self.0.offset().into()
    }

    /// Maps points of the source, shape ``(N, 2)``: x and y in pixels.
    fn forward<'py>(&self, points: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        mapped(points, 2, |points| self.0.forward(points))
    }

    /// Maps points of the destination back, shape ``(N, 2)``: x and y in pixels.
    fn inverse<'py>(&self, points: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        mapped(points, 2, |points| self.0.inverse(points))
    }

    /// Maps boxes of the source, shape ``(N, 4)``: left, top, right and bottom in pixels.
    fn forward_boxes<'py>(&self, boxes: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        mapped(boxes, 4, |boxes| self.0.forward(boxes))
    }

    /// Maps boxes of the destination back, shape ``(N, 4)``: left, top, right and bottom in pixels.
    fn inverse_boxes<'py>(&self, boxes: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        mapped(boxes, 4, |boxes| self.0.inverse(boxes))
    }

    fn __repr__(&self) -> String {
        let [crop, rect] = [self.0.crop(), self.0.rect()].map(|rect| PyRect::from(rect).__repr__());
        format!("LetterboxMap(crop={crop}, rect={rect})")
    }
}

/// A mapped copy of an array of `columns` numbers a row.
fn mapped<'py>(
    array: &Bound<'py, PyAny>,
    columns: usize,
    map: impl FnOnce(&mut [f64]),
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let array = array
        .cast::<PyArrayDyn<f64>>()
        .map_err(|_| PyTypeError::new_err("a numpy.ndarray of float64 is required"))?;
    let shape = array.shape().to_vec();
    let &[rows, actual] = &shape[..] else {
        return Err(wrong_shape(&shape, columns));
    };
    if actual != columns {
        return Err(wrong_shape(&shape, columns));
    }
    let array_view = array.try_readonly()?;
    let mut values: Vec<f64> = array_view.as_array().iter().copied().collect();
    map(&mut values);
    let result = Array2::from_shape_vec((rows, columns), values)
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(result.into_pyarray(array.py()))
}

fn wrong_shape(actual: &[usize], columns: usize) -> PyErr {
    PyValueError::new_err(format!(
        "the shape is {actual:?}, (N, {columns}) is required"
    ))
}
