//! Enums of the decoder configurations.

use decoders::config::{H264StreamFormat, Hardware, HevcStreamFormat, JpegBackend};
use decoders::{DamagePolicy, QueuePolicy};
use pyo3::prelude::*;

use super::py_enum;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyH264StreamFormat>()?;
    module.add_class::<PyHevcStreamFormat>()?;
    module.add_class::<PyJpegBackend>()?;
    #[cfg(not(target_arch = "aarch64"))]
    module.add_class::<PyCudadecMemtype>()?;
    module.add_class::<PyQueuePolicy>()?;
    module.add_class::<PyDamagePolicy>()?;
    module.add_class::<PyHardware>()
}

py_enum! {
    /// How the NAL units of an H.264 access unit are framed.
    ///
    /// * ``BYTE_STREAM``: Annex B, start codes, parameter sets in band.
    /// * ``AVC``: length prefixes, parameter sets apart from the stream.
    /// * ``AVC3``: length prefixes, parameter sets in band as well.
    "H264StreamFormat" PyH264StreamFormat for H264StreamFormat {
        "BYTE_STREAM" = ByteStream,
        "AVC" = Avc,
        "AVC3" = Avc3,
    }
}

py_enum! {
    /// How the NAL units of an HEVC access unit are framed.
    ///
    /// * ``BYTE_STREAM``: Annex B, start codes, parameter sets in band.
    /// * ``HVC1``: length prefixes, parameter sets apart from the stream.
    /// * ``HEV1``: length prefixes, parameter sets in band as well.
    "HevcStreamFormat" PyHevcStreamFormat for HevcStreamFormat {
        "BYTE_STREAM" = ByteStream,
        "HVC1" = Hvc1,
        "HEV1" = Hev1,
    }
}

py_enum! {
    /// Which kind of JPEG decoder a configuration asks for: ``GPU`` or ``CPU``.
    "JpegBackend" PyJpegBackend for JpegBackend {
        "GPU" = Gpu,
        "CPU" = Cpu,
    }
}

#[cfg(not(target_arch = "aarch64"))]
py_enum! {
    /// CUDA memory that the hardware decoder decodes into; absent on aarch64.
    ///
    /// * ``DEVICE``: device memory.
    /// * ``PINNED``: page-locked host memory.
    /// * ``UNIFIED``: unified memory.
    "CudadecMemtype" PyCudadecMemtype for decoders::config::CudadecMemtype {
        "DEVICE" = Device,
        "PINNED" = Pinned,
        "UNIFIED" = Unified,
    }
}

py_enum! {
    /// How much a decoder or an encoder may depend on dedicated hardware.
    ///
    /// * ``REQUIRED``: only hardware; where there is none for the codec, creation fails.
    /// * ``PREFERRED``: hardware where the machine has it, software elsewhere.
    /// * ``SOFTWARE``: only software, even where the machine has hardware.
    "Hardware" PyHardware for Hardware {
        "REQUIRED" = Required,
        "PREFERRED" = Preferred,
        "SOFTWARE" = Software,
    }
}

py_enum! {
    /// What becomes of packets that come faster than they are decoded. Addition.
    ///
    /// * ``BLOCK``: the submit waits.
    /// * ``DROP_OLDEST_GOP``: the oldest packets of the queue are skipped, up to one that no picture from there on
    ///   refers beyond. If none is queued, so is all that comes until then; when none came in 300 packets, an
    ///   ``ErrorOutput`` without a frame tells so once.
    /// * ``DROP_NON_REFERENCE``: packets are skipped that no other needs, the oldest first (H.264 without fields,
    ///   HEVC, VP8, error resilient VP9, still pictures; of AV1 none). If none is queued, the submit waits.
    "QueuePolicy" PyQueuePolicy for QueuePolicy {
        "BLOCK" = Block,
        "DROP_OLDEST_GOP" = DropOldestGop,
        "DROP_NON_REFERENCE" = DropNonReference,
    }
}

py_enum! {
    /// What becomes of frames that are damaged, or refer to one that is or that was lost. Addition.
    ///
    /// * ``DELIVER``: their pictures are delivered, with :attr:`DecodedFrame.is_corrupt`.
    /// * ``DROP_UNTIL_KEYFRAME``: they are skipped, up to the next random access point.
    /// * ``ERROR``: the first ends in an :class:`ErrorOutput`; the others are skipped, up to the next random access
    ///   point.
    "DamagePolicy" PyDamagePolicy for DamagePolicy {
        "DELIVER" = Deliver,
        "DROP_UNTIL_KEYFRAME" = DropUntilKeyframe,
        "ERROR" = Error,
    }
}
