//! `EvictionDecision` and the callback that returns it.

use std::sync::Arc;

use decoders::{EvictionCallback, EvictionDecision};
use pyo3::prelude::*;

use crate::callback::{Callback, log_error};

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyEvictionDecision>()
}

/// What an eviction callback returns.
///
/// * ``EVICT``: the source's decoder is drained and let go of.
/// * ``KEEP``: the source is idle from now on.
#[pyclass(
    frozen,
    eq,
    hash,
    name = "EvictionDecision",
    module = "savant_rs.deepstream"
)]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct PyEvictionDecision {
    keeps: bool,
}

#[pymethods]
impl PyEvictionDecision {
    #[classattr]
    const EVICT: Self = Self { keeps: false };

    #[classattr]
    const KEEP: Self = Self { keeps: true };

    /// Whether the source is evicted.
    #[getter]
    fn is_evict(&self) -> bool {
        !self.keeps
    }

    /// Whether the source stays.
    #[getter]
    fn is_keep(&self) -> bool {
        self.keeps
    }

    fn __repr__(&self) -> &'static str {
        if self.keeps {
            "EvictionDecision.KEEP"
        } else {
            "EvictionDecision.EVICT"
        }
    }
}

/// The native form of an eviction callback. What is no decision is logged, and evicts.
pub(super) fn eviction_callback(callback: Callback) -> EvictionCallback {
    const NAME: &str = "the eviction callback";
    Arc::new(move |source_id: &str| {
        let keeps = Python::try_attach(|py| {
            let result = callback.call(py, NAME, (source_id,))?;
            if let Ok(decision) = result.cast::<PyEvictionDecision>() {
                return Some(decision.get().keeps);
            }
            let class = result.get_type().name();
            let got = class.map_or_else(|_| "?".into(), |name| name.to_string());
            log_error(
                py,
                &format!(
                    "{NAME} must return an EvictionDecision, not {got}; source {source_id:?} is evicted"
                ),
            );
            None
        });
        match keeps.flatten() {
            Some(true) => EvictionDecision::Keep,
            _ => EvictionDecision::Evict,
        }
    })
}
