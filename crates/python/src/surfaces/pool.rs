//! What generators of all kinds have in common.

use std::collections::BTreeSet;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use surfaces::{Error, PoolStats, SharedBuffer};

/// The stream that CuPy and PyTorch use unless told otherwise.
const DEFAULT_STREAM: usize = 0;

/// Waits for the work on the default stream, which may still write the sources of a transform.
pub(crate) fn complete_sources<'a>(
    sources: impl IntoIterator<Item = &'a SharedBuffer>,
) -> Result<(), Error> {
    let devices = sources
        .into_iter()
        .map(|source| Ok(source.first_slot()?.gpu_id))
        .collect::<Result<BTreeSet<_>, Error>>()?;
    devices
        .into_iter()
        .try_for_each(|gpu_id| surfaces::backend()?.synchronize(gpu_id, DEFAULT_STREAM))
}

/// The dictionary described at `BufferGenerator.stats`.
pub(crate) fn pool_stats<'py>(py: Python<'py>, stats: &PoolStats) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("capacity", stats.capacity)?;
    dict.set_item("free", stats.free)?;
    dict.set_item("in_use", stats.in_use)?;
    dict.set_item("waits", stats.waits)?;
    dict.set_item("longest_wait_ms", milliseconds(stats.longest_wait))?;
    if let Some(holders) = &stats.holders {
        let holders = holders.iter().map(|holder| {
            let dict = PyDict::new(py);
            dict.set_item("where", &holder.place)?;
            dict.set_item("held_ms", milliseconds(holder.since.elapsed()))?;
            Ok(dict)
        });
        dict.set_item("holders", holders.collect::<PyResult<Vec<_>>>()?)?;
    }
    Ok(dict)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
