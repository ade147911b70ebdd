//! `SkipReason`.

use decoders::SkipReason;
use pyo3::prelude::*;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySkipReason>()
}

/// Why a frame was not decoded: exactly one of the ``is_*`` properties is true.
#[pyclass(frozen, name = "SkipReason", module = "savant_rs.deepstream")]
pub(crate) struct PySkipReason {
    pub(super) inner: SkipReason,
}

#[pymethods]
impl PySkipReason {
    /// The frame belongs to another source than the decoder; ``detail`` names both.
    #[getter]
    fn is_source_id_mismatch(&self) -> bool {
        matches!(self.inner, SkipReason::SourceIdMismatch { .. })
    }

    /// There is neither a ``data`` argument nor internal content.
    #[getter]
    fn is_no_payload(&self) -> bool {
        matches!(self.inner, SkipReason::NoPayload)
    }

    /// No decoder exists for the codec that ``detail`` names.
    #[getter]
    fn is_unsupported_codec(&self) -> bool {
        matches!(self.inner, SkipReason::UnsupportedCodec(_))
    }

    /// The picture's header is damaged, as ``detail`` says.
    #[getter]
    fn is_invalid_payload(&self) -> bool {
        matches!(self.inner, SkipReason::InvalidPayload(_))
    }

    /// The packet came before the first random access point, or before the one where decoding begins again after a
    /// decoder broke down.
    #[getter]
    fn is_waiting_for_keyframe(&self) -> bool {
        matches!(self.inner, SkipReason::WaitingForKeyframe)
    }

    /// Too many packets came without a random access point.
    #[getter]
    fn is_detection_buffer_overflow(&self) -> bool {
        matches!(self.inner, SkipReason::DetectionBufferOverflow)
    }

    /// The decoder could not be built, as ``detail`` says.
    #[getter]
    fn is_decoder_creation_failed(&self) -> bool {
        matches!(self.inner, SkipReason::DecoderCreationFailed(_))
    }

    /// The decoder took the frame and no picture belongs to it. Addition. ``detail`` is one of
    /// ``not_shown``, ``second_field``, ``missing_reference``, ``corrupt``, ``repeated``, ``drop_interval``.
    #[getter]
    fn is_no_picture(&self) -> bool {
        matches!(self.inner, SkipReason::NoPicture(_))
    }

    /// Packets came faster than they were decoded, and the queue's policy left it out. Addition. ``detail`` is
    /// ``drop_oldest_gop`` or ``drop_non_reference``.
    #[getter]
    fn is_queue_overflow(&self) -> bool {
        matches!(self.inner, SkipReason::QueueOverflow(_))
    }

    /// The picture is damaged or refers to one that is or that was lost, and the damage policy leaves such out.
    /// Addition. ``detail`` is ``drop_until_keyframe`` or ``error``.
    #[getter]
    fn is_damaged(&self) -> bool {
        matches!(self.inner, SkipReason::Damaged(_))
    }

    /// The reason's text, or ``None`` for reasons without one.
    #[getter]
    fn detail(&self) -> Option<String> {
        self.inner.detail()
    }

    fn __repr__(&self) -> String {
        format!("SkipReason({})", self.inner)
    }
}
