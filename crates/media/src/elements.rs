//! Making elements, and saying what to install when one is missing.

use crate::MediaError;

const CORE: &str = "libgstreamer1.0-0";
const BASE: &str = "gstreamer1.0-plugins-base";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";

/// The Debian package of every element that this crate makes itself or needs for a container.
const PACKAGES: [(&str, &str); 23] = [
    ("av1parse", BAD),
    ("avidemux", GOOD),
    ("fakesink", CORE),
    ("filesink", CORE),
    ("filesrc", CORE),
    ("flvdemux", GOOD),
    ("h264parse", BAD),
    ("h265parse", BAD),
    ("ivfparse", BAD),
    ("jpegparse", BAD),
    ("matroskademux", GOOD),
    ("matroskamux", GOOD),
    ("mp4mux", GOOD),
    ("mpegpsdemux", BAD),
    ("mpegtsmux", BAD),
    ("oggdemux", BASE),
    ("parsebin", BASE),
    ("pngparse", BAD),
    ("qtdemux", GOOD),
    ("queue", CORE),
    ("tsdemux", BAD),
    ("urisourcebin", BASE),
    ("vp9parse", BAD),
];

/// Containers by their media type, with the element that takes them apart.
const DEMUXERS: [(&str, &str); 9] = [
    ("application/ogg", "oggdemux"),
    ("video/mpeg", "mpegpsdemux"),
    ("video/mpegts", "tsdemux"),
    ("video/quicktime", "qtdemux"),
    ("video/webm", "matroskademux"),
    ("video/x-flv", "flvdemux"),
    ("video/x-ivf", "ivfparse"),
    ("video/x-matroska", "matroskademux"),
    ("video/x-msvideo", "avidemux"),
];

/// The elements that reading and writing files takes, each with the Debian package that has it. Those for a
/// container matter only for files of that kind.
pub fn elements() -> &'static [(&'static str, &'static str)] {
    &PACKAGES
}

/// Makes an element.
pub(crate) fn make(factory: &str) -> Result<gst::Element, MediaError> {
    gst::ElementFactory::make(factory)
        .build()
        .map_err(|_| missing(factory))
}

/// The error for a stream that is a container, for which there is no demuxer then.
pub(crate) fn missing_demuxer(stream: &gst::CapsRef) -> Option<MediaError> {
    let structure = stream.structure(0)?;
    let (media_type, factory) = DEMUXERS
        .iter()
        .find(|(known, _)| *known == structure.name())?;
    // MPEG video has the media type of its container.
    let is_container =
        *media_type != "video/mpeg" || structure.get::<bool>("systemstream").is_ok_and(|is| is);
    is_container.then(|| missing(factory))
}

fn missing(factory: &str) -> MediaError {
    let package = PACKAGES.iter().find(|(element, _)| *element == factory);
    MediaError::MissingElement {
        element: factory.to_owned(),
        package: package.map_or("GStreamer's plugins", |(_, package)| package),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_elements_are_named_with_their_package() {
        gst::init().unwrap();
        for (_, demuxer) in DEMUXERS {
            assert!(
                PACKAGES.iter().any(|(element, _)| *element == demuxer),
                "{demuxer}"
            );
        }
        let error = make("nosuchelement").unwrap_err().to_string();
        assert!(error.contains("nosuchelement"), "{error}");
    }

    #[test]
    fn containers_are_told_from_video_streams() {
        gst::init().unwrap();
        let mpeg = |is_container: bool| {
            gst::Caps::builder("video/mpeg")
                .field("systemstream", is_container)
                .build()
        };
        let error = missing_demuxer(&mpeg(true)).unwrap().to_string();
        assert!(
            error.contains("mpegpsdemux") && error.contains(BAD),
            "{error}"
        );
        assert!(missing_demuxer(&mpeg(false)).is_none());
        assert!(missing_demuxer(&gst::Caps::new_empty_simple("video/x-h264")).is_none());
    }
}
