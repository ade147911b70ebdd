//! The decoder configurations as Python classes: values whose `with_*` methods return new objects.

use decoders::config::{
    Av1DecoderConfig, DecoderConfig, H264DecoderConfig, HardwareTunables, HevcDecoderConfig,
    JpegBackend, JpegDecoderConfig, PngDecoderConfig, RawRgbDecoderConfig, RawRgbaDecoderConfig,
    Vp8DecoderConfig, Vp9DecoderConfig,
};
use pyo3::prelude::*;

#[cfg(not(target_arch = "aarch64"))]
use crate::enums::PyCudadecMemtype;
use crate::enums::{PyH264StreamFormat, PyHevcStreamFormat, PyJpegBackend};
use crate::frames::PyCodec;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyH264DecoderConfig>()?;
    module.add_class::<PyHevcDecoderConfig>()?;
    module.add_class::<PyVp8DecoderConfig>()?;
    module.add_class::<PyVp9DecoderConfig>()?;
    module.add_class::<PyAv1DecoderConfig>()?;
    module.add_class::<PyJpegDecoderConfig>()?;
    module.add_class::<PyPngDecoderConfig>()?;
    module.add_class::<PyRawRgbaDecoderConfig>()?;
    module.add_class::<PyRawRgbDecoderConfig>()?;
    module.add_class::<PyDecoderConfig>()
}

/// Declares the class of one configuration with its own methods.
macro_rules! config_class {
    ($(#[$docs:meta])* $name:literal $class:ident($core:ty) { $($methods:tt)* }) => {
        $(#[$docs])*
        #[derive(Clone)]
        #[pyclass(frozen, from_py_object, name = $name, module = "savant_rs.deepstream")]
        pub(crate) struct $class {
            inner: $core,
        }

        #[pymethods]
        impl $class {
            fn __repr__(&self) -> String {
                self.inner.to_string()
            }

            $($methods)*
        }
    };
}

/// [`config_class`] for a codec of the hardware decoder: adds its tunables and their builders.
macro_rules! hardware_config_class {
    ($(#[$docs:meta])* $name:literal $class:ident($core:ty) { $($methods:tt)* }) => {
        config_class! {
            $(#[$docs])*
            $name $class($core) {
                $($methods)*

                /// Surfaces allocated beyond what the stream needs; ``None`` is the element's default.
                #[getter]
                fn num_extra_surfaces(&self) -> Option<u32> {
                    self.inner.tunables.num_extra_surfaces
                }

                /// One picture of this many is delivered; ``None`` is the element's default.
                #[getter]
                fn drop_frame_interval(&self) -> Option<u32> {
                    self.inner.tunables.drop_frame_interval
                }

                /// CUDA memory of the decoded pictures; ``None`` is the element's default.
                #[cfg(not(target_arch = "aarch64"))]
                #[getter]
                fn cudadec_memtype(&self) -> Option<PyCudadecMemtype> {
                    self.inner.tunables.cudadec_memtype.map(Into::into)
                }

                /// Whether pictures come in decode order; ``None`` is the element's default. Without effect on VP8, VP9
                /// and AV1, whose hidden pictures the element would return, too.
                #[cfg(not(target_arch = "aarch64"))]
                #[getter]
                fn low_latency_mode(&self) -> Option<bool> {
                    self.inner.tunables.low_latency_mode
                }

                /// A copy with ``num_extra_surfaces`` set; the range is the element's own.
                fn with_num_extra_surfaces(&self, n: u32) -> Self {
                    self.tuned(|tunables| tunables.num_extra_surfaces = Some(n))
                }

                /// A copy with ``drop_frame_interval`` set; the range is the element's own.
                fn with_drop_frame_interval(&self, n: u32) -> Self {
                    self.tuned(|tunables| tunables.drop_frame_interval = Some(n))
                }

                /// A copy with ``cudadec_memtype`` set.
                #[cfg(not(target_arch = "aarch64"))]
                fn with_cudadec_memtype(&self, t: PyCudadecMemtype) -> Self {
                    self.tuned(|tunables| tunables.cudadec_memtype = Some(t.into()))
                }

                /// A copy with ``low_latency_mode`` set.
                #[cfg(not(target_arch = "aarch64"))]
                fn with_low_latency_mode(&self, v: bool) -> Self {
                    self.tuned(|tunables| tunables.low_latency_mode = Some(v))
                }
            }
        }

        impl $class {
            fn tuned(&self, set: impl FnOnce(&mut HardwareTunables)) -> Self {
                let mut inner = self.inner.clone();
                set(&mut inner.tunables);
                Self { inner }
            }
        }
    };
}

hardware_config_class! {
    /// How an H.264 stream is decoded.
    ///
    /// Every tunable starts as ``None``, which leaves the decoder element's own default. Codec data is
    /// taken from the stream and is not visible here.
    "H264DecoderConfig" PyH264DecoderConfig(H264DecoderConfig) {
        #[new]
        fn new(stream_format: PyH264StreamFormat) -> Self {
            Self { inner: H264DecoderConfig::new(stream_format.into()) }
        }

        /// Framing of the NAL units.
        #[getter]
        fn stream_format(&self) -> PyH264StreamFormat {
            self.inner.stream_format.into()
        }
    }
}

hardware_config_class! {
    /// How an HEVC stream is decoded.
    ///
    /// Every tunable starts as ``None``, which leaves the decoder element's own default. Codec data is
    /// taken from the stream and is not visible here.
    "HevcDecoderConfig" PyHevcDecoderConfig(HevcDecoderConfig) {
        #[new]
        fn new(stream_format: PyHevcStreamFormat) -> Self {
            Self { inner: HevcDecoderConfig::new(stream_format.into()) }
        }

        /// Framing of the NAL units.
        #[getter]
        fn stream_format(&self) -> PyHevcStreamFormat {
            self.inner.stream_format.into()
        }
    }
}

hardware_config_class! {
    /// How a VP8 stream is decoded; every tunable starts as ``None``, the element's own default.
    "Vp8DecoderConfig" PyVp8DecoderConfig(Vp8DecoderConfig) {
        #[new]
        fn new() -> Self {
            Self { inner: Vp8DecoderConfig::default() }
        }
    }
}

hardware_config_class! {
    /// How a VP9 stream is decoded; every tunable starts as ``None``, the element's own default.
    "Vp9DecoderConfig" PyVp9DecoderConfig(Vp9DecoderConfig) {
        #[new]
        fn new() -> Self {
            Self { inner: Vp9DecoderConfig::default() }
        }
    }
}

hardware_config_class! {
    /// How an AV1 stream is decoded; every tunable starts as ``None``, the element's own default.
    "Av1DecoderConfig" PyAv1DecoderConfig(Av1DecoderConfig) {
        #[new]
        fn new() -> Self {
            Self { inner: Av1DecoderConfig::default() }
        }
    }
}

config_class! {
    /// How JPEG pictures are decoded; made by :meth:`gpu` or :meth:`cpu`.
    "JpegDecoderConfig" PyJpegDecoderConfig(JpegDecoderConfig) {
        /// Decoding by hardware.
        #[staticmethod]
        fn gpu() -> Self {
            Self { inner: JpegDecoderConfig { backend: JpegBackend::Gpu } }
        }

        /// Decoding by the CPU.
        #[staticmethod]
        fn cpu() -> Self {
            Self { inner: JpegDecoderConfig { backend: JpegBackend::Cpu } }
        }

        /// The kind of decoder.
        #[getter]
        fn backend(&self) -> PyJpegBackend {
            self.inner.backend.into()
        }
    }
}

config_class! {
    /// How PNG pictures are decoded; there is nothing to tune.
    "PngDecoderConfig" PyPngDecoderConfig(PngDecoderConfig) {
        #[new]
        fn new() -> Self {
            Self { inner: PngDecoderConfig }
        }
    }
}

/// Declares the class of a raw format: a configuration of a width and a height in pixels.
macro_rules! raw_config_class {
    ($(#[$docs:meta])* $name:literal $class:ident($core:ident)) => {
        config_class! {
            $(#[$docs])*
            $name $class($core) {
                #[new]
                fn new(width: u32, height: u32) -> Self {
                    Self { inner: $core { width, height } }
                }

                /// Width in pixels.
                #[getter]
                fn width(&self) -> u32 {
                    self.inner.width
                }

                /// Height in pixels.
                #[getter]
                fn height(&self) -> u32 {
                    self.inner.height
                }
            }
        }
    };
}

raw_config_class! {
    /// The size of raw RGBA payloads: 4 bytes a pixel, rows without padding.
    "RawRgbaDecoderConfig" PyRawRgbaDecoderConfig(RawRgbaDecoderConfig)
}

raw_config_class! {
    /// The size of raw RGB payloads: 3 bytes a pixel, rows without padding.
    "RawRgbDecoderConfig" PyRawRgbDecoderConfig(RawRgbDecoderConfig)
}

/// Declares `DecoderConfig` with the three methods of each variant.
macro_rules! decoder_config_class {
    ($($variant:ident($class:ident): $from:ident, $as:ident, $with:ident;)+) => {
        /// The configuration of one decoder, of whichever codec.
        ///
        /// ``from_*`` wraps a configuration, ``as_*`` returns a copy of it or ``None`` when another codec's
        /// is inside, and ``with_*`` returns a new object around the given one.
        #[derive(Clone)]
        #[pyclass(frozen, from_py_object, name = "DecoderConfig", module = "savant_rs.deepstream")]
        pub(crate) struct PyDecoderConfig {
            pub(crate) inner: DecoderConfig,
        }

        #[pymethods]
        impl PyDecoderConfig {
            /// The codec of the configuration inside; ``SwJpeg`` for JPEG on the CPU.
            fn codec(&self) -> PyCodec {
                self.inner.codec().into()
            }

            fn __repr__(&self) -> String {
                self.inner.to_string()
            }

            $(
                #[doc = concat!("A decoder configuration around ``cfg`` (", stringify!($variant), ").")]
                #[staticmethod]
                fn $from(cfg: $class) -> Self {
                    Self { inner: DecoderConfig::$variant(cfg.inner) }
                }

                #[doc = concat!("A copy of the ", stringify!($variant), " configuration inside, else ``None``.")]
                fn $as(&self) -> Option<$class> {
                    match &self.inner {
                        DecoderConfig::$variant(inner) => Some($class { inner: inner.clone() }),
                        _ => None,
                    }
                }

                #[doc = concat!("A new object around ``cfg`` (", stringify!($variant), "), whatever this one holds.")]
                #[allow(clippy::unused_self, reason = "a method in Python, so that calls can be chained")]
                fn $with(&self, cfg: $class) -> Self {
                    Self::$from(cfg)
                }
            )+
        }
    };
}

decoder_config_class! {
    H264(PyH264DecoderConfig): from_h264, as_h264, with_h264;
    Hevc(PyHevcDecoderConfig): from_hevc, as_hevc, with_hevc;
    Vp8(PyVp8DecoderConfig): from_vp8, as_vp8, with_vp8;
    Vp9(PyVp9DecoderConfig): from_vp9, as_vp9, with_vp9;
    Av1(PyAv1DecoderConfig): from_av1, as_av1, with_av1;
    Jpeg(PyJpegDecoderConfig): from_jpeg, as_jpeg, with_jpeg;
    Png(PyPngDecoderConfig): from_png, as_png, with_png;
    RawRgba(PyRawRgbaDecoderConfig): from_raw_rgba, as_raw_rgba, with_raw_rgba;
    RawRgb(PyRawRgbDecoderConfig): from_raw_rgb, as_raw_rgb, with_raw_rgb;
}
