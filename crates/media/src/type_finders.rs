//! Streams without a container, which `GStreamer` comes to know by finders of its applications.

use std::sync::OnceLock;

use crate::{MediaError, nal_stream, obu};

/// Suggests caps for bytes that a stream begins with.
struct Finder {
    name: &'static str,
    extensions: Option<&'static str>,
    media_types: &'static [&'static str],
    /// Bytes that are looked at.
    probe: u32,
    caps: fn(&[u8]) -> Option<gst::Caps>,
}

const FINDERS: [Finder; 2] = [
    Finder {
        name: "savant-av1",
        extensions: Some("obu,av1"),
        media_types: &["video/x-av1"],
        probe: obu::PROBE_BYTES,
        caps: obu::caps,
    },
    Finder {
        name: "savant-nal",
        extensions: None,
        media_types: &[nal_stream::H264, nal_stream::HEVC],
        probe: nal_stream::PROBE_BYTES,
        caps: nal_stream::caps,
    },
];

/// Registers the finders in the process, with the first call.
pub(crate) fn register() -> Result<(), MediaError> {
    static REGISTERED: OnceLock<Result<(), String>> = OnceLock::new();
    let register = || FINDERS.iter().try_for_each(Finder::register);
    let result = REGISTERED.get_or_init(register);
    result.clone().map_err(MediaError::Init)
}

impl Finder {
    fn register(&'static self) -> Result<(), String> {
        let possible: gst::Caps = self
            .media_types
            .iter()
            .map(|&name| gst::Structure::new_empty(name))
            .collect();
        gst::TypeFind::register(
            None,
            self.name,
            gst::Rank::PRIMARY,
            self.extensions,
            Some(&possible),
            |stream| self.find(stream),
        )
        .map_err(|error| error.to_string())
    }

    fn find(&self, stream: &mut gst::TypeFind) {
        let length = stream
            .length()
            .and_then(|length| u32::try_from(length).ok());
        let Some(bytes) = stream.peek(0, length.unwrap_or(u32::MAX).min(self.probe)) else {
            return;
        };
        if let Some(caps) = (self.caps)(bytes) {
            stream.suggest(gst::TypeFindProbability::NearlyCertain, &caps);
        }
    }
}
