//! Why an encoder could not be made or used.

use std::fmt::Display;

use frames::Codec;
use surfaces::VideoFormat;
use surfaces::wait::WaitError;

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
    /// The element lacks a property that the configuration sets.
    #[error("element {element} has no property {property}, which {field}={value} asks for")]
    UnknownProperty {
        /// The element.
        element: &'static str,
        /// The property.
        property: &'static str,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// Hardware is required, but there is none for the codec.
    #[error(
        "hardware encoding of {codec} is required: {reason}; allow software with Hardware.PREFERRED or \
         Hardware.SOFTWARE"
    )]
    NoHardware {
        /// The codec.
        codec: Codec,
        /// Why there is none.
        reason: String,
    },
    /// The software encoder is not installed.
    #[error(
        "no {codec} encoder is installed; install element {element} (Debian package {package})"
    )]
    MissingElement {
        /// The codec.
        codec: Codec,
        /// The element that encodes it.
        element: &'static str,
        /// The Debian package that has the element.
        package: &'static str,
    },
    /// An element cannot be made.
    #[error("element {element} cannot be made: {reason}")]
    Element {
        /// The element.
        element: &'static str,
        /// What `GStreamer` says.
        reason: String,
    },
    /// The buffer is not one picture of the configured size.
    #[error(
        "the buffer holds {pictures} pictures of {width}x{height}, the encoder takes one of {}x{}",
        wanted.0, wanted.1
    )]
    Buffer {
        /// Filled slots.
        pictures: u32,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The configured size.
        wanted: (u32, u32),
    },
    /// Of the surfaces below.
    #[error(transparent)]
    Surface(#[from] surfaces::Error),
    /// The encoder takes nothing more.
    #[error("the encoder is shut down")]
    ShutDown,
    /// Too many pictures were submitted from the encoder's own callback, where a submission cannot wait.
    #[error(
        "{queued} pictures are queued already, and a submit from the callback of the same encoder cannot wait"
    )]
    CallbackOverrun {
        /// Pictures in the queue.
        queued: usize,
    },
    /// The call would wait for the callback that it is made from.
    #[error(
        "{call} inside the callback of the same encoder would never return: call it from another thread"
    )]
    InsideCallback {
        /// The call's name.
        call: &'static str,
    },
    /// The wait ended before the call was complete.
    #[error("the call was given up: {0}")]
    Wait(#[from] WaitError),
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
