//! `stats()` as a Python dictionary.

use std::time::Duration;

use decoders::{PoolStats, Stats};
use pyo3::prelude::*;
use pyo3::types::PyDict;

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The dictionary described at `FlexibleDecoder.stats`.
pub(super) fn of_decoder<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let dict = counts(py, stats)?;
    dict.set_item("last_pts_ns", stats.last_pts_ns)?;
    dict.set_item("blocked_on", stats.blocked_on)?;
    Ok(dict)
}

/// The dictionary described at `FlexibleDecoderPool.stats`.
pub(super) fn of_pool<'py>(py: Python<'py>, stats: &PoolStats) -> PyResult<Bound<'py, PyDict>> {
    let sources = PyDict::new(py);
    for (id, stats) in &stats.sources {
        sources.set_item(id, of_decoder(py, stats)?)?;
    }
    let dict = counts(py, &stats.total)?;
    dict.set_item("evictions", stats.evictions)?;
    dict.set_item("sources", sources)?;
    Ok(dict)
}

/// What can be summed up.
fn counts<'py>(py: Python<'py>, stats: &Stats) -> PyResult<Bound<'py, PyDict>> {
    let skipped = PyDict::new(py);
    for (reason, count) in &stats.counters.skipped {
        skipped.set_item(reason, count)?;
    }
    let (input, decoder, output) = stats.queue_depths;
    let queue_depths = PyDict::new(py);
    queue_depths.set_item("input", input)?;
    queue_depths.set_item("decoder", decoder)?;
    queue_depths.set_item("output", output)?;
    let pool = stats.pool.map(|(capacity, in_use)| {
        let pool = PyDict::new(py);
        pool.set_item("capacity", capacity)?;
        pool.set_item("in_use", in_use)?;
        PyResult::Ok(pool)
    });
    let latency = stats.latency.map(|latency| {
        let dict = PyDict::new(py);
        dict.set_item("p50", nanoseconds(latency.p50))?;
        dict.set_item("p99", nanoseconds(latency.p99))?;
        dict.set_item("max", nanoseconds(latency.max))?;
        PyResult::Ok(dict)
    });
    let dict = PyDict::new(py);
    dict.set_item("submitted", stats.counters.submitted)?;
    dict.set_item("delivered", stats.counters.delivered)?;
    dict.set_item("skipped", skipped)?;
    dict.set_item("errors", stats.counters.errors)?;
    dict.set_item("lost", stats.counters.lost)?;
    dict.set_item("in_flight", stats.in_flight)?;
    dict.set_item("orphans", stats.counters.orphans)?;
    dict.set_item("queue_depths", queue_depths)?;
    dict.set_item("pool", pool.transpose()?)?;
    dict.set_item("latency_ns", latency.transpose()?)?;
    Ok(dict)
}
