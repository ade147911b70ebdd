//! The vocabulary of the encoder configurations: platforms, rate control, profiles and presets.
//!
//! Every enum's discriminants are the numbers that the encoder elements take, gaps included, and
//! every enum is read from text by its `from_name`.

#![forbid(unsafe_code)]

mod vocabulary;

pub use vocabulary::{
    DgpuPreset, H264Profile, HevcProfile, JetsonPresetLevel, Platform, RateControl, TuningPreset,
    UnknownName,
};
