//! What can go wrong while reading media.

use std::io;

/// Why a source could not be opened or read on. `source` is the file or URL as it was given.
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
    /// The interrupt hook asked to stop. Reading may go on.
    #[error("interrupted")]
    Interrupted,
}

fn list(streams: &[String]) -> String {
    if streams.is_empty() {
        "none".to_owned()
    } else {
        streams.join("; ")
    }
}
