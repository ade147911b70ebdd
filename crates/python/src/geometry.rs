//! `Rect`, `DstPadding` and `TransformConfig`.

use std::hash::{DefaultHasher, Hash, Hasher};

use pyo3::prelude::*;
use surfaces::{DstPadding, LetterboxMap, Rect, TransformConfig};

use crate::enums::{PyComputeMode, PyInterpolation, PyPadding};
use crate::errors::from_surfaces;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyRect>()?;
    module.add_class::<PyDstPadding>()?;
    module.add_class::<PyTransformConfig>()
}

/// A rectangle in pixels: ``Rect(top, left, width, height)``, top first.
///
/// Nothing is checked here; a crop that lies outside its source fails when it is used.
#[pyclass(name = "Rect", module = "savant_rs.deepstream", get_all, set_all)]
#[derive(Clone, Copy)]
pub(crate) struct PyRect {
    /// Distance from the top edge in pixels.
    top: u32,
    /// Distance from the left edge in pixels.
    left: u32,
    /// Width in pixels.
    width: u32,
    /// Height in pixels.
    height: u32,
}

#[pymethods]
impl PyRect {
    #[new]
    fn new(top: u32, left: u32, width: u32, height: u32) -> Self {
        Self {
            top,
            left,
            width,
            height,
        }
    }

    pub(crate) fn __repr__(&self) -> String {
        let Self {
            top,
            left,
            width,
            height,
        } = self;
        format!("Rect(top={top}, left={left}, width={width}, height={height})")
    }
}

impl From<PyRect> for Rect {
    fn from(
        PyRect {
            top,
            left,
            width,
            height,
        }: PyRect,
    ) -> Self {
        Self {
            top,
            left,
            width,
            height,
        }
    }
}

impl From<Rect> for PyRect {
    fn from(
        Rect {
            top,
            left,
            width,
            height,
        }: Rect,
    ) -> Self {
        Self {
            top,
            left,
            width,
            height,
        }
    }
}

/// Room kept free at the edges of a destination, in pixels: left first. Equal and hashable by value.
#[pyclass(
    name = "DstPadding",
    module = "savant_rs.deepstream",
    get_all,
    set_all,
    from_py_object
)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PyDstPadding {
    /// Pixels at the left edge.
    left: u32,
    /// Pixels at the top edge.
    top: u32,
    /// Pixels at the right edge.
    right: u32,
    /// Pixels at the bottom edge.
    bottom: u32,
}

#[pymethods]
impl PyDstPadding {
    #[new]
    #[pyo3(signature = (left=0, top=0, right=0, bottom=0))]
    fn new(left: u32, top: u32, right: u32, bottom: u32) -> Self {
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    /// The same padding on all sides.
    #[staticmethod]
    fn uniform(value: u32) -> Self {
        DstPadding::uniform(value).into()
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other
            .cast::<Self>()
            .is_ok_and(|other| other.try_borrow().is_ok_and(|other| *self == *other))
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let Self {
            left,
            top,
            right,
            bottom,
        } = self;
        format!("DstPadding(left={left}, top={top}, right={right}, bottom={bottom})")
    }
}

impl From<PyDstPadding> for DstPadding {
    fn from(
        PyDstPadding {
            left,
            top,
            right,
            bottom,
        }: PyDstPadding,
    ) -> Self {
        Self {
            left,
            top,
            right,
            bottom,
        }
    }
}

impl From<DstPadding> for PyDstPadding {
    fn from(
        DstPadding {
            left,
            top,
            right,
            bottom,
        }: DstPadding,
    ) -> Self {
        Self {
            left,
            top,
            right,
            bottom,
        }
    }
}

/// How a picture is scaled into a destination.
///
/// The defaults are ``Padding.SYMMETRIC``, no ``dst_padding``, ``Interpolation.BILINEAR`` and
/// ``ComputeMode.DEFAULT``. All attributes can be set; reading ``dst_padding`` gives a copy.
#[pyclass(
    name = "TransformConfig",
    module = "savant_rs.deepstream",
    get_all,
    set_all
)]
#[derive(Clone, Copy)]
pub(crate) struct PyTransformConfig {
    /// Where the picture lies.
    padding: PyPadding,
    /// Room kept free at the edges, or ``None``; at least 16 pixels of each side must be left.
    dst_padding: Option<PyDstPadding>,
    /// Interpolation.
    interpolation: PyInterpolation,
    /// Hardware that does it.
    compute_mode: PyComputeMode,
}

#[pymethods]
impl PyTransformConfig {
    #[new]
    #[pyo3(signature = (
        padding=PyPadding::Symmetric,
        dst_padding=None,
        interpolation=PyInterpolation::Bilinear,
        compute_mode=PyComputeMode::Default,
    ))]
    fn new(
        padding: PyPadding,
        dst_padding: Option<PyDstPadding>,
        interpolation: PyInterpolation,
        compute_mode: PyComputeMode,
    ) -> Self {
        Self {
            padding,
            dst_padding,
            interpolation,
            compute_mode,
        }
    }

    /// The rectangle, in pixels, that a picture of ``src_w`` x ``src_h`` pixels covers in a destination of
    /// ``dst_w`` x ``dst_h`` pixels; of a ``src_rect``, the part inside the picture is meant. Addition.
    ///
    /// Raises ``RuntimeError`` as a transform does: if ``dst_padding`` leaves less than 16 pixels of a side, if
    /// ``src_rect`` lies outside, if a size is 0 or nothing would be left of the picture.
    #[pyo3(signature = (src_w, src_h, dst_w, dst_h, src_rect=None))]
    fn letterbox_rect(
        &self,
        src_w: u32,
        src_h: u32,
        dst_w: u32,
        dst_h: u32,
        src_rect: Option<PyRef<'_, PyRect>>,
    ) -> PyResult<PyRect> {
        let crop = src_rect.map(|rect| (*rect).into());
        let map = LetterboxMap::new(&(*self).into(), (src_w, src_h), crop, (dst_w, dst_h));
        Ok(map.map_err(from_surfaces)?.rect().into())
    }

    fn __repr__(&self) -> String {
        let config = TransformConfig::from(*self);
        format!(
            "TransformConfig(padding={:?}, dst_padding={}, interpolation={:?}, compute_mode={:?})",
            config.padding,
            self.dst_padding
                .map_or_else(|| "None".to_owned(), |padding| padding.__repr__()),
            config.interpolation,
            config.compute_mode
        )
    }
}

impl From<PyTransformConfig> for TransformConfig {
    fn from(config: PyTransformConfig) -> Self {
        Self {
            padding: config.padding.into(),
            dst_padding: config.dst_padding.map(Into::into),
            interpolation: config.interpolation.into(),
            compute_mode: config.compute_mode.into(),
        }
    }
}

impl From<TransformConfig> for PyTransformConfig {
    fn from(config: TransformConfig) -> Self {
        Self {
            padding: config.padding.into(),
            dst_padding: config.dst_padding.map(Into::into),
            interpolation: config.interpolation.into(),
            compute_mode: config.compute_mode.into(),
        }
    }
}
