//! Frames and what belongs to them as Python classes (`savant_rs.primitives`).

mod codec;
mod content;
mod end_of_stream;
mod video_frame;

use std::sync::Arc;

use pyo3::prelude::*;

pub(crate) use self::codec::PyCodec;
pub(crate) use self::content::{PyVideoFrameContent, PyVideoFrameTranscodingMethod};
use self::end_of_stream::PyEndOfStream;
pub(crate) use self::video_frame::PyVideoFrame;

/// What a submission to a decoder or an encoder carries: the very Python object, so that outputs return it.
pub(crate) type Token = Arc<Py<PyVideoFrame>>;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyCodec>()?;
    module.add_class::<PyVideoFrameContent>()?;
    module.add_class::<PyVideoFrameTranscodingMethod>()?;
    module.add_class::<PyVideoFrame>()?;
    module.add_class::<PyEndOfStream>()?;
    // The macro that makes enums puts them all into savant_rs.deepstream.
    let py = module.py();
    for class in [
        py.get_type::<PyCodec>(),
        py.get_type::<PyVideoFrameTranscodingMethod>(),
    ] {
        class.setattr("__module__", "savant_rs.primitives")?;
    }
    Ok(())
}
