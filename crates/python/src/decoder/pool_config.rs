//! `FlexibleDecoderPoolConfig`.

use std::time::Duration;

use decoders::{FlexibleDecoderPoolConfig, StreamConfig};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use super::Token;
use super::options::{Options, milliseconds, options_class, output_config, queue_config};
use crate::callback::Callback;
use crate::enums::{PyDamagePolicy, PyHardware, PyQueuePolicy, PyVideoFormat};
use crate::geometry::PyTransformConfig;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyFlexibleDecoderPoolConfig>()
}

options_class! {
    /// Configuration of a :class:`FlexibleDecoderPool`. The ``with_*`` methods return a new configuration.
    ///
    /// * ``gpu_id``: GPU ordinal; the host backend has device 0 only.
    /// * ``pool_size``: RGBA buffers of each decoder; a source pauses while all of its own are in use. 0 means no
    ///   limit.
    /// * ``eviction_ttl_ms``: how long nothing may be submitted for a source before it is evicted, in milliseconds.
    "FlexibleDecoderPoolConfig" PyFlexibleDecoderPoolConfig(Duration)
    {
        #[new]
        fn new(gpu_id: u32, pool_size: u32, eviction_ttl_ms: u64) -> Self {
            Self {
                head: Duration::from_millis(eviction_ttl_ms),
                options: Options::new(gpu_id, pool_size),
            }
        }

        /// How long nothing may be submitted for a source before it is evicted, in milliseconds.
        #[getter]
        fn eviction_ttl_ms(&self) -> u64 {
            milliseconds(self.head)
        }

        fn __repr__(&self) -> String {
            format!(
                "FlexibleDecoderPoolConfig(gpu_id={}, pool_size={}, eviction_ttl_ms={}, idle_timeout_ms={}, \
                 detect_buffer_limit={})",
                self.gpu_id(),
                self.pool_size(),
                self.eviction_ttl_ms(),
                self.idle_timeout_ms(),
                self.detect_buffer_limit()
            )
        }
    }
}

impl PyFlexibleDecoderPoolConfig {
    /// The native configuration, and the callback that its owner has to report to the collector.
    pub(super) fn to_native(
        &self,
        py: Python<'_>,
    ) -> (FlexibleDecoderPoolConfig<Token>, Option<Callback>) {
        let (stream, callback) = self.options.to_native(py);
        let eviction_ttl = self.head;
        (
            FlexibleDecoderPoolConfig {
                stream,
                eviction_ttl,
            },
            callback,
        )
    }
}
