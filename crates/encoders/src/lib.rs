//! Encoding of surfaces: configurations with the properties of each encoder, and the encoder.

#![forbid(unsafe_code)]

mod codecs;
pub mod config;
mod element;
mod encoder;
mod error;
mod machine;
mod nvidia;
mod output;
pub mod properties;
mod software;
mod still;
mod video;
mod vocabulary;

pub use config::EncoderConfig;
pub use encoder::{Encoder, Rejected, Stats, Submission, live_encoders};
pub use error::EncoderError;
pub use machine::Counters;
pub use output::{Data, EncodedOutput, EncoderInfo, Output, Sink};
pub use properties::EncoderProperties;
pub use vocabulary::{
    DgpuPreset, H264Profile, HevcProfile, JetsonPresetLevel, Platform, RateControl, TuningPreset,
    UnknownName,
};
