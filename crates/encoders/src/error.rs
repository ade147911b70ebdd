//! Why an encoder could not be made or used.

use std::fmt::Display;

use frames::Codec;
use surfaces::VideoFormat;

/// Why a configuration cannot be used, or a call on an encoder failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EncoderError {
    /// The codec is only decoded.
    #[error("{codec} cannot be encoded, only {known}")]
    NoEncoder {
        /// The codec.
        codec: Codec,
        /// Those that can.
        known: String,
    },
    /// The codec has no pictures of this size.
    #[error(
        "{codec} has no pictures of {width}x{height}: both must be positive multiples of {divisor}"
    )]
    Size {
        /// The codec.
        codec: Codec,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// What both must be multiples of.
        divisor: u32,
    },
    /// The frame rate is not positive.
    #[error("{numerator}/{denominator} is no frame rate: both must be positive")]
    FrameRate {
        /// Numerator.
        numerator: i32,
        /// Denominator.
        denominator: i32,
    },
    /// The codec takes another pixel format.
    #[error("{codec} is made of {} only, not of {}: set the format of the configuration", wanted.name(), given.name())]
    Format {
        /// The codec.
        codec: Codec,
        /// The format in the configuration.
        given: VideoFormat,
        /// The one that it takes.
        wanted: VideoFormat,
    },
    /// The properties are those of another codec.
    #[error("{given} are properties of {of} encoders, and the encoder is one of {wanted}")]
    PropertiesCodec {
        /// The class of the properties.
        given: &'static str,
        /// Their codec.
        of: Codec,
        /// The encoder's codec.
        wanted: Codec,
    },
    /// The properties are those of another kind of machine.
    #[error("{given} are properties for {of} machines, and this one is {machine}")]
    PropertiesPlatform {
        /// The class of the properties.
        given: &'static str,
        /// What they are for.
        of: &'static str,
        /// What the machine is.
        machine: &'static str,
    },
    /// A value is out of its range.
    #[error("{field}={value} is not allowed: it must be {allowed}")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        allowed: String,
    },
}

impl EncoderError {
    pub(crate) fn value(field: &'static str, value: impl Display, allowed: impl Display) -> Self {
        Self::Value {
            field,
            value: value.to_string(),
            allowed: allowed.to_string(),
        }
    }
}
