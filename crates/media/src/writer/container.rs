//! The containers that can be written.

use std::path::Path;

use frames::Codec;

use crate::MediaError;

/// How packets are put into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// MP4, whose index is written at the end: without it the file cannot be read.
    Mp4,
    /// MP4 in fragments of a second, each of which can be read as soon as it is written.
    FragmentedMp4,
    /// Matroska.
    Matroska,
    /// MPEG transport stream, which can be read up to wherever it ends.
    MpegTs,
}

/// One row for each container.
struct Row {
    container: Container,
    /// Its name; also the endings of files.
    names: &'static [&'static str],
    muxer: &'static str,
    /// Properties of the muxer.
    settings: &'static [(&'static str, &'static str)],
    codecs: &'static [Codec],
    /// Whether the order of decoding is written, and not just that of the packets.
    has_decode_times: bool,
    /// Whether each write reaches the file at once, because what is there can be read at any time.
    is_unbuffered: bool,
}

const MP4_CODECS: &[Codec] = &[Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9];
/// Of all usual frame rates a frame is a whole number of such ticks.
const MP4_SETTINGS: &[(&str, &str)] = &[("trak-timescale", "90000"), ("movie-timescale", "90000")];

const ROWS: [Row; 4] = [
    Row {
        container: Container::Mp4,
        names: &["mp4", "m4v", "mov"],
        muxer: "mp4mux",
        settings: MP4_SETTINGS,
        codecs: MP4_CODECS,
        has_decode_times: true,
        is_unbuffered: false,
    },
    Row {
        container: Container::FragmentedMp4,
        names: &["fragmented mp4"],
        muxer: "mp4mux",
        settings: &[
            MP4_SETTINGS[0],
            MP4_SETTINGS[1],
            ("fragment-duration", "1000"),
            // The file gets its index in the end after all, and with it the place of its first picture.
            ("fragment-mode", "first-moov-then-finalise"),
        ],
        codecs: MP4_CODECS,
        has_decode_times: true,
        is_unbuffered: true,
    },
    Row {
        container: Container::Matroska,
        names: &["mkv"],
        muxer: "matroskamux",
        settings: &[],
        codecs: &[
            Codec::H264,
            Codec::Hevc,
            Codec::Av1,
            Codec::Vp8,
            Codec::Vp9,
            Codec::Jpeg,
        ],
        has_decode_times: false,
        is_unbuffered: true,
    },
    Row {
        container: Container::MpegTs,
        names: &["ts", "mts", "m2ts"],
        muxer: "mpegtsmux",
        settings: &[],
        codecs: &[Codec::H264, Codec::Hevc],
        has_decode_times: true,
        is_unbuffered: true,
    },
];

impl Container {
    /// The container that a file's ending stands for.
    ///
    /// # Errors
    /// [`MediaError::UnknownContainer`].
    pub fn of(path: &Path) -> Result<Self, MediaError> {
        let ending = path
            .extension()
            .map(|ending| ending.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default();
        Self::from_name(&ending).ok_or_else(|| MediaError::UnknownContainer {
            path: path.display().to_string(),
            known: "mp4, m4v, mov, mkv, ts, mts, m2ts",
        })
    }

    /// The container of this name, `"mp4"` for example.
    pub fn from_name(name: &str) -> Option<Self> {
        let row = ROWS.iter().find(|row| row.names.contains(&name));
        row.map(|row| row.container)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().names[0]
    }

    pub(super) fn muxer(self) -> &'static str {
        self.row().muxer
    }

    pub(super) fn settings(self) -> &'static [(&'static str, &'static str)] {
        self.row().settings
    }

    pub(super) fn has_decode_times(self) -> bool {
        self.row().has_decode_times
    }

    pub(super) fn is_unbuffered(self) -> bool {
        self.row().is_unbuffered
    }

    pub(super) fn check(self, codec: Codec) -> Result<(), MediaError> {
        let codecs = self.row().codecs;
        if codecs.contains(&codec) {
            return Ok(());
        }
        let names: Vec<_> = codecs.iter().map(|codec| codec.name()).collect();
        Err(MediaError::NotInContainer {
            codec,
            container: self.name(),
            known: names.join(", "),
        })
    }

    fn row(self) -> &'static Row {
        // Every container has a row, which a test makes sure of.
        ROWS.iter()
            .find(|row| row.container == self)
            .unwrap_or(&ROWS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_has_a_row_of_its_own() {
        for container in [
            Container::Mp4,
            Container::FragmentedMp4,
            Container::Matroska,
            Container::MpegTs,
        ] {
            assert_eq!(container.row().container, container);
            assert_eq!(Container::from_name(container.name()), Some(container));
        }
    }

    #[test]
    fn endings_tell_the_container() {
        assert_eq!(
            Container::of(Path::new("a/b.MKV")).unwrap(),
            Container::Matroska
        );
        let error = Container::of(Path::new("a/b.avi")).unwrap_err().to_string();
        assert!(
            error.contains("a/b.avi") && error.contains("mkv"),
            "{error}"
        );
    }

    #[test]
    fn codecs_that_a_container_does_not_hold_are_refused() {
        assert!(Container::Matroska.check(Codec::Jpeg).is_ok());
        let error = Container::MpegTs.check(Codec::Av1).unwrap_err().to_string();
        assert!(
            error.contains("av1") && error.contains("h264, hevc"),
            "{error}"
        );
    }
}
