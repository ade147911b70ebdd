//! Where a frame's payload is, and what later stages do with it.

use std::sync::Arc;

/// Where the payload of a frame is.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum VideoFrameContent {
    /// The payload travels inside the frame. Cloning shares the bytes.
    Internal(Arc<[u8]>),
    /// The payload is kept elsewhere.
    External {
        /// How to get it, for example `zeromq` or `file`.
        method: String,
        /// Where to get it, if the method needs to know.
        location: Option<String>,
    },
    /// There is no payload, or it travels beside the frame.
    #[default]
    None,
}

impl VideoFrameContent {
    /// The payload, if it travels inside the frame.
    pub fn data(&self) -> Option<&Arc<[u8]>> {
        match self {
            Self::Internal(data) => Some(data),
            Self::External { .. } | Self::None => None,
        }
    }
}

impl std::fmt::Debug for VideoFrameContent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Internal(data) => write!(formatter, "Internal({} bytes)", data.len()),
            Self::External { method, location } => formatter
                .debug_struct("External")
                .field("method", method)
                .field("location", location)
                .finish(),
            Self::None => formatter.write_str("None"),
        }
    }
}

/// Whether later stages pass the payload on as it is or encode it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum VideoFrameTranscodingMethod {
    /// Pass it on as it is.
    #[default]
    Copy,
    /// Encode it anew.
    Encoded,
}

impl VideoFrameTranscodingMethod {
    /// The lower-case name, as it appears in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Encoded => "encoded",
        }
    }
}
