//! The Python extension module `savant_rs.deepstream._native`: wiring only.

mod batches;
mod callback;
mod configs;
mod decoder;
mod doctor;
mod encoder;
mod enums;
mod errors;
mod frames;
mod geometry;
mod gil;
mod letterbox_map;
mod live;
mod logging;
mod media;
mod packet_writer;
mod platform;
mod raw;
mod reconnect;
mod skia;
mod surfaces;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    logging::init();
    logging::register(module)?;
    enums::register(module)?;
    geometry::register(module)?;
    letterbox_map::register(module)?;
    frames::register(module)?;
    media::register(module)?;
    reconnect::register(module)?;
    packet_writer::register(module)?;
    surfaces::register(module)?;
    batches::register(module)?;
    platform::register(module)?;
    doctor::register(module)?;
    configs::register(module)?;
    decoder::register(module)?;
    encoder::register(module)?;
    skia::register(module)?;
    live::register(module)
}
