//! `FlexibleDecoderConfig`.

use std::time::Duration;

use decoders::{FlexibleDecoderConfig, StreamConfig};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::Token;
use super::options::{Options, milliseconds, options_class, output_config, queue_config};
use crate::callback::Callback;
use crate::enums::{PyDamagePolicy, PyHardware, PyQueuePolicy, PyVideoFormat};
use crate::geometry::PyTransformConfig;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlexibleDecoderConfig>()
}

options_class! {
    /// Configuration of a :class:`FlexibleDecoder`. The ``with_*`` methods return a new configuration.
    ///
    /// * ``source_id``: the only source whose frames are decoded.
    /// * ``gpu_id``: GPU ordinal; the host backend has device 0 only.
    /// * ``pool_size``: RGBA buffers of the decoder; decoding pauses while all are in use. 0 means no limit.
    "FlexibleDecoderConfig" PyFlexibleDecoderConfig(String)
    {
        #[new]
        fn new(source_id: String, gpu_id: u32, pool_size: u32) -> Self {
            Self {
                head: source_id,
                options: Options::new(gpu_id, pool_size),
            }
        }

        /// The only source whose frames are decoded.
        #[getter]
        fn source_id(&self) -> &str {
            &self.head
        }

        fn __repr__(&self) -> String {
            format!(
                "FlexibleDecoderConfig(source_id={:?}, gpu_id={}, pool_size={}, idle_timeout_ms={}, \
                 detect_buffer_limit={})",
                self.head,
                self.gpu_id(),
                self.pool_size(),
                self.idle_timeout_ms(),
                self.detect_buffer_limit()
            )
        }
    }
}

impl PyFlexibleDecoderConfig {
    /// The native configuration, and the callback that its owner has to report to the collector.
    pub(super) fn to_native(
        &self,
        py: Python<'_>,
    ) -> (FlexibleDecoderConfig<Token>, Option<Callback>) {
        let (stream, callback) = self.options.to_native(py);
        let source_id = self.head.clone();
        (FlexibleDecoderConfig { source_id, stream }, callback)
    }
}
