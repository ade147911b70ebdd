//! What can go wrong while reading and writing media.

use std::io;
use std::time::Duration;

use frames::Codec;

/// Why a source could not be opened or read on, or a file not written. `source` is the file or URL as it was given.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// `GStreamer` could not be initialised.
    #[error("GStreamer does not start: {0}")]
    Init(String),
    /// The file does not exist or cannot be read.
    #[error("cannot open {path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What the operating system says.
        error: io::Error,
    },
    /// A `GStreamer` element that is needed is not installed.
    #[error("GStreamer has no element {element}; on Debian and Ubuntu install {package}")]
    MissingElement {
        /// The element's factory name.
        element: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// No installed `GStreamer` plugin understands the source.
    #[error(
        "{source_name}: no GStreamer plugin for {wanted}; on Debian and Ubuntu it is likely to be \
         in gstreamer1.0-plugins-good, -bad or -ugly"
    )]
    MissingPlugin {
        /// The file or URL.
        source_name: String,
        /// What was looked for, in `GStreamer`'s words.
        wanted: String,
    },
    /// The source has no video stream.
    #[error("{source_name} has no video stream; its streams are: {}", list(.streams))]
    NoVideo {
        /// The file or URL.
        source_name: String,
        /// The caps of the streams that it has.
        streams: Vec<String>,
    },
    /// None of the source's video streams has a codec that is known here.
    #[error("{source_name}: no known codec among its video streams: {}", list(.streams))]
    UnknownCodec {
        /// The file or URL.
        source_name: String,
        /// The caps of the video streams.
        streams: Vec<String>,
    },
    /// The stream does not say how large its pictures are.
    #[error("{source_name}: the stream does not give the size of its pictures: {caps}")]
    UnknownSize {
        /// The file or URL.
        source_name: String,
        /// The caps of the stream.
        caps: String,
    },
    /// Reconnecting makes sense for live sources only.
    #[error("{source_name} is no live source that can be connected to again")]
    NotLive {
        /// The file or URL.
        source_name: String,
    },
    /// A live source has ended.
    #[error("{source_name}: the server has ended the stream or dropped the connection")]
    Ended {
        /// The URL.
        source_name: String,
    },
    /// A live source brings nothing.
    #[error("{source_name}: no packet for {} ms", .limit.as_millis())]
    Stalled {
        /// The URL.
        source_name: String,
        /// How long was waited.
        limit: Duration,
    },
    /// A live source could not be connected to again.
    #[error("{last}; {attempts} attempts in a row brought no packet")]
    GaveUp {
        /// How many connections in a row brought no packet.
        attempts: u32,
        /// Why the last one brought none.
        last: Box<MediaError>,
    },
    /// A `GStreamer` element failed.
    #[error("{source_name}: {element}: {message}")]
    Element {
        /// The file or URL.
        source_name: String,
        /// The element that failed.
        element: String,
        /// What it says, with its own detail.
        message: String,
    },
    /// The ending of a file stands for no container that can be written.
    #[error("{path}: its ending tells no container that can be written, known are {known}")]
    UnknownContainer {
        /// The file.
        path: String,
        /// The endings that are known.
        known: &'static str,
    },
    /// The container does not hold this codec.
    #[error("{container} files do not hold {codec}, only {known}")]
    NotInContainer {
        /// The codec.
        codec: Codec,
        /// The container.
        container: &'static str,
        /// What it holds.
        known: String,
    },
    /// A packet of another codec than those before.
    #[error("a file holds one stream: it began with {first}, and the packet is {now}")]
    OtherStream {
        /// The codec of the first packet.
        first: Codec,
        /// That of this one.
        now: Codec,
    },
    /// NAL units without start codes.
    #[error(
        "{codec} is written from a byte stream, and the packet does not begin with a start code"
    )]
    NotByteStream {
        /// The codec.
        codec: Codec,
    },
    /// The times of a packet are none that a container takes.
    #[error("the times of a packet cannot be written: {reason}")]
    BadTimestamps {
        /// What is wrong with them.
        reason: String,
    },
    /// The file could not be written; the text begins with its path.
    #[error("{0}")]
    Write(String),
    /// The writer was closed.
    #[error("the writer is closed")]
    Closed,
    /// The interrupt hook asked to stop. Reading or writing may go on.
    #[error("interrupted")]
    Interrupted,
}

impl MediaError {
    /// Whether connecting again cannot help.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            Self::Init(_)
            | Self::MissingElement { .. }
            | Self::MissingPlugin { .. }
            | Self::UnknownCodec { .. } => true,
            // A connection that was lost before its streams were known has none.
            Self::NoVideo { streams, .. } => !streams.is_empty(),
            _ => false,
        }
    }
}

fn list(streams: &[String]) -> String {
    if streams.is_empty() {
        "none".to_owned()
    } else {
        streams.join("; ")
    }
}
