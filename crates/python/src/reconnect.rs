//! `Reconnect` (`savant_rs.gstreamer`).

use std::num::NonZeroU32;
use std::time::Duration;

use ::media::Reconnect;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyReconnect>()
}

/// What a ``PacketReader`` does when a live source drops, ends or stalls: it connects again. Addition.
///
/// * ``attempts``: how many connections in a row may end without a packet before the iteration raises; the very
///   first one counts too. ``None``: no limit.
/// * ``first_delay_ms``, ``max_delay_ms``: the pause before the first new connection. Each further one without a
///   packet doubles it, up to the longest.
/// * ``stall_timeout_ms``: a connection for whose packets the reader has waited so long, or that takes so long to be
///   made, is given up. The time between two reads does not count.
///
/// All are keywords. ``ValueError`` for zeros, and for a longest delay below the first. Immutable; two of the same
/// values are equal.
#[pyclass(frozen, eq, hash, name = "Reconnect", module = "savant_rs.gstreamer")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct PyReconnect {
    pub(crate) inner: Reconnect,
}

#[pymethods]
impl PyReconnect {
    #[new]
    #[pyo3(signature = (*, attempts=None, first_delay_ms=500, max_delay_ms=10_000, stall_timeout_ms=10_000))]
    fn new(
        attempts: Option<u32>,
        first_delay_ms: u32,
        max_delay_ms: u32,
        stall_timeout_ms: u32,
    ) -> PyResult<Self> {
        let attempts = attempts
            .map(|attempts| {
                NonZeroU32::new(attempts)
                    .ok_or_else(|| PyValueError::new_err("attempts must be at least 1, or None"))
            })
            .transpose()?;
        if first_delay_ms == 0 || stall_timeout_ms == 0 {
            let message = "first_delay_ms and stall_timeout_ms must be at least 1";
            return Err(PyValueError::new_err(message));
        }
        if max_delay_ms < first_delay_ms {
            let message = "max_delay_ms must not be less than first_delay_ms";
            return Err(PyValueError::new_err(message));
        }
        let ms = |value: u32| Duration::from_millis(value.into());
        Ok(Self {
            inner: Reconnect {
                attempts,
                first_delay: ms(first_delay_ms),
                max_delay: ms(max_delay_ms),
                stall_timeout: ms(stall_timeout_ms),
            },
        })
    }

    /// The limit of connections in a row without a packet, if there is one.
    #[getter]
    fn attempts(&self) -> Option<u32> {
        self.inner.attempts.map(NonZeroU32::get)
    }

    /// The pause before the first new connection, in milliseconds.
    #[getter]
    fn first_delay_ms(&self) -> u128 {
        self.inner.first_delay.as_millis()
    }

    /// The longest pause, in milliseconds.
    #[getter]
    fn max_delay_ms(&self) -> u128 {
        self.inner.max_delay.as_millis()
    }

    /// The time without a packet after which a connection is given up, in milliseconds.
    #[getter]
    fn stall_timeout_ms(&self) -> u128 {
        self.inner.stall_timeout.as_millis()
    }

    fn __repr__(&self) -> String {
        let attempts = self
            .attempts()
            .map_or("None".to_owned(), |attempts| attempts.to_string());
        format!(
            "Reconnect(attempts={attempts}, first_delay_ms={}, max_delay_ms={}, stall_timeout_ms={})",
            self.first_delay_ms(),
            self.max_delay_ms(),
            self.stall_timeout_ms()
        )
    }
}
