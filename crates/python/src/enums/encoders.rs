//! Enums of the encoder configurations.

use encoders::{
    DgpuPreset, H264Profile, HevcProfile, JetsonPresetLevel, Platform, RateControl, TuningPreset,
};
use pyo3::prelude::*;

use super::named_py_enum;

pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPlatform>()?;
    module.add_class::<PyRateControl>()?;
    module.add_class::<PyH264Profile>()?;
    module.add_class::<PyHevcProfile>()?;
    module.add_class::<PyDgpuPreset>()?;
    module.add_class::<PyTuningPreset>()?;
    module.add_class::<PyJetsonPresetLevel>()
}

named_py_enum! {
    /// The kind of machine that encoder properties are meant for: ``DGPU`` or ``JETSON``.
    "Platform" PyPlatform for Platform {
        "DGPU" = Dgpu,
        "JETSON" = Jetson,
    }
    spelled "in any case"
}

named_py_enum! {
    /// What an encoder holds constant.
    ///
    /// * ``VARIABLE_BITRATE``: nothing; bits a second vary around the target.
    /// * ``CONSTANT_BITRATE``: bits a second.
    /// * ``CONSTANT_QP``: the quantiser.
    "RateControl" PyRateControl for RateControl {
        "VARIABLE_BITRATE" = VariableBitrate,
        "CONSTANT_BITRATE" = ConstantBitrate,
        "CONSTANT_QP" = ConstantQp,
    }
    spelled "in any case"
}

named_py_enum! {
    /// H.264 profiles; the ints are the encoder elements' own numbers (0, 2, 4, 7).
    "H264Profile" PyH264Profile for H264Profile {
        "BASELINE" = Baseline,
        "MAIN" = Main,
        "HIGH" = High,
        "HIGH444" = High444,
    }
    spelled "in any case"
}

named_py_enum! {
    /// HEVC profiles; the ints are the encoder elements' own numbers (0, 1, 3).
    "HevcProfile" PyHevcProfile for HevcProfile {
        "MAIN" = Main,
        "MAIN10" = Main10,
        "FREXT" = Frext,
    }
    spelled "in any case"
}

named_py_enum! {
    /// NVENC presets, from ``P1`` (fastest) to ``P7`` (best quality).
    "DgpuPreset" PyDgpuPreset for DgpuPreset {
        "P1" = P1,
        "P2" = P2,
        "P3" = P3,
        "P4" = P4,
        "P5" = P5,
        "P6" = P6,
        "P7" = P7,
    }
    spelled "in any case"
}

named_py_enum! {
    /// What an NVENC preset is tuned for.
    ///
    /// * ``HIGH_QUALITY``: quality at the given bit rate.
    /// * ``LOW_LATENCY`` and ``ULTRA_LOW_LATENCY``: little delay.
    /// * ``LOSSLESS``: bit-exact pictures.
    "TuningPreset" PyTuningPreset for TuningPreset {
        "HIGH_QUALITY" = HighQuality,
        "LOW_LATENCY" = LowLatency,
        "ULTRA_LOW_LATENCY" = UltraLowLatency,
        "LOSSLESS" = Lossless,
    }
    spelled "in any case, dashes as underscores"
}

named_py_enum! {
    /// Speed levels of the Jetson encoder, from ``ULTRA_FAST`` to ``SLOW``; ``DISABLED`` sets none.
    "JetsonPresetLevel" PyJetsonPresetLevel for JetsonPresetLevel {
        "DISABLED" = Disabled,
        "ULTRA_FAST" = UltraFast,
        "FAST" = Fast,
        "MEDIUM" = Medium,
        "SLOW" = Slow,
    }
    spelled "in any case, dashes as underscores"
}
