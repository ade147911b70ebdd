//! Encoding of surfaces: configurations with the properties of each encoder.

#![forbid(unsafe_code)]

mod codecs;
pub mod config;
mod error;
pub mod properties;
mod vocabulary;

pub use config::EncoderConfig;
pub use error::EncoderError;
pub use properties::EncoderProperties;
pub use vocabulary::{
    DgpuPreset, H264Profile, HevcProfile, JetsonPresetLevel, Platform, RateControl, TuningPreset,
    UnknownName,
};
