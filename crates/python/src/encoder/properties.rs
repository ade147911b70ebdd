//! The property classes, made of the table of the `encoders` crate, and `EncoderProperties`.

use encoders::properties::EncoderProperties;
use pyo3::prelude::*;

use crate::enums::{
    PyDgpuPreset, PyH264Profile, PyHevcProfile, PyJetsonPresetLevel, PyRateControl, PyTuningPreset,
};

/// The Python class of a field's type.
trait InPython {
    type Class;
}

macro_rules! in_python {
    ($($native:ty => $class:ty),+ $(,)?) => {
        $(impl InPython for $native {
            type Class = $class;
        })+
    };
}

in_python! {
    u32 => u32,
    bool => bool,
    String => String,
    encoders::RateControl => PyRateControl,
    encoders::H264Profile => PyH264Profile,
    encoders::HevcProfile => PyHevcProfile,
    encoders::DgpuPreset => PyDgpuPreset,
    encoders::TuningPreset => PyTuningPreset,
    encoders::JetsonPresetLevel => PyJetsonPresetLevel,
}

macro_rules! classes {
    ($(
        $(#[$docs:meta])*
        $name:ident {
            $($(#[$field_docs:meta])* $field:ident: $type:ty = $property:literal, $limit:expr;)+
        }
    )+) => {
        $(
            $(#[$docs])*
            ///
            /// All fields can be read and written, and start as ``None``, the default. Ranges are checked when
            /// an encoder is made.
            #[derive(Clone)]
            #[pyclass(from_py_object, get_all, set_all, module = "savant_rs.deepstream")]
            pub(crate) struct $name {
                $($(#[$field_docs])* $field: Option<<$type as InPython>::Class>,)+
            }

            #[pymethods]
            impl $name {
                #[new]
                #[pyo3(signature = ($($field=None),+))]
                #[allow(clippy::too_many_arguments, reason = "a Python signature")]
                fn new($($field: Option<<$type as InPython>::Class>),+) -> Self {
                    Self { $($field),+ }
                }

                fn __repr__(&self) -> String {
                    encoders::properties::$name::from(self).to_string()
                }
            }

            impl From<&$name> for encoders::properties::$name {
                fn from(props: &$name) -> Self {
                    Self { $($field: props.$field.clone().map(Into::into)),+ }
                }
            }
        )+
    };
}

encoders::property_table!(classes);

/// Declares `EncoderProperties` with the function for each kind.
macro_rules! umbrella {
    ($($(#[$docs:meta])* $function:ident($class:ident): $variant:ident;)+) => {
        /// Properties of one encoder, of whichever codec and platform: a copy of what is given to the function
        /// that makes it.
        #[derive(Clone)]
        #[pyclass(frozen, from_py_object, name = "EncoderProperties", module = "savant_rs.deepstream")]
        pub(crate) struct PyEncoderProperties {
            pub(super) inner: EncoderProperties,
        }

        #[pymethods]
        impl PyEncoderProperties {
            $(
                $(#[$docs])*
                #[staticmethod]
                fn $function(props: PyRef<'_, $class>) -> Self {
                    Self { inner: EncoderProperties::$variant((&*props).into()) }
                }
            )+

            fn __repr__(&self) -> String {
                format!("EncoderProperties({})", self.inner)
            }
        }

        pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_class::<$class>()?;)+
            module.add_class::<PyEncoderProperties>()
        }
    };
}

umbrella! {
    /// Those of H.264 on a desktop GPU.
    h264_dgpu(H264DgpuProps): H264Dgpu;
    /// Those of H.264 on a Jetson.
    h264_jetson(H264JetsonProps): H264Jetson;
    /// Those of HEVC on a desktop GPU.
    hevc_dgpu(HevcDgpuProps): HevcDgpu;
    /// Those of HEVC on a Jetson.
    hevc_jetson(HevcJetsonProps): HevcJetson;
    /// Those of AV1 on a desktop GPU.
    av1_dgpu(Av1DgpuProps): Av1Dgpu;
    /// Those of AV1 on a Jetson.
    av1_jetson(Av1JetsonProps): Av1Jetson;
    /// Those of JPEG.
    jpeg(JpegProps): Jpeg;
    /// Those of PNG, which the CPU makes.
    png(PngProps): Png;
}
