//! The software decoder elements per codec, preferred first.

use frames::Codec;
use surfaces::platform::ChromaFormat;

use super::element::Cut;
use super::profile;
use crate::bitstream::samples::Samples;
use crate::bitstream::vpx;
use crate::output::Packet;

/// How packets of a codec enter a decoder element.
pub(crate) struct Stream {
    codec: Codec,
    caps: &'static str,
    elements: &'static [Element],
}

/// A software decoder element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// The element's name.
    pub name: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
}

const fn element(name: &'static str, package: &'static str) -> Element {
    Element { name, package }
}

const LIBAV: &str = "gstreamer1.0-libav";
const GOOD: &str = "gstreamer1.0-plugins-good";
const BAD: &str = "gstreamer1.0-plugins-bad";

const STREAMS: &[Stream] = &[
    Stream {
        codec: Codec::H264,
        caps: "video/x-h264,stream-format=byte-stream,alignment=au",
        elements: &[element("avdec_h264", LIBAV), element("openh264dec", BAD)],
    },
    Stream {
        codec: Codec::Hevc,
        caps: "video/x-h265,stream-format=byte-stream,alignment=au",
        elements: &[element("avdec_h265", LIBAV), element("libde265dec", BAD)],
    },
    Stream {
        codec: Codec::Vp8,
        caps: "video/x-vp8",
        elements: &[element("avdec_vp8", LIBAV), element("vp8dec", GOOD)],
    },
    Stream {
        codec: Codec::Vp9,
        caps: "video/x-vp9",
        elements: &[element("avdec_vp9", LIBAV), element("vp9dec", GOOD)],
    },
];

impl Stream {
    /// Caps of the packets.
    pub(crate) fn caps(&self, profile_idc: Option<u8>) -> String {
        match profile_idc.and_then(profile::h264_caps_name) {
            Some(profile) => format!("{},profile={profile}", self.caps),
            None => self.caps.to_owned(),
        }
    }

    /// The best software decoder element that is installed.
    pub(crate) fn choose(&self) -> Result<&'static str, String> {
        let is_installed = |element: &&Element| gst::ElementFactory::find(element.name).is_some();
        let Some(chosen) = self.elements.iter().find(is_installed) else {
            let wanted: Vec<String> = self
                .elements
                .iter()
                .map(|element| format!("{} (Debian package {})", element.name, element.package))
                .collect();
            return Err(format!(
                "no {} decoder is installed; install one of: {}",
                self.codec.name(),
                wanted.join(", ")
            ));
        };
        let preferred = &self.elements[0];
        if chosen.name != preferred.name {
            tracing::warn!(
                "decoding {} with {}, since the better {} is not installed (Debian package {})",
                self.codec.name(),
                chosen.name,
                preferred.name,
                preferred.package
            );
        }
        Ok(chosen.name)
    }
}

/// Whether an element can put out pictures of such samples; the reason if not.
///
/// libav's elements (1.22) crash on a picture for whose samples `GStreamer` has no format.
pub(crate) fn check_samples(element: &str, codec: Codec, samples: &Samples) -> Result<(), String> {
    let Samples {
        chroma, bit_depth, ..
    } = *samples;
    let has_format = match chroma {
        ChromaFormat::Other => false,
        // H.264 without chroma is decoded as 4:2:0.
        ChromaFormat::Monochrome if codec == Codec::Hevc => bit_depth == 8,
        _ => matches!(bit_depth, 8 | 10 | 12),
    };
    if has_format || !element.starts_with("avdec_") {
        return Ok(());
    }
    let chroma = match chroma {
        ChromaFormat::Monochrome => "no chroma",
        ChromaFormat::Yuv420 => "4:2:0",
        ChromaFormat::Yuv422 => "4:2:2",
        ChromaFormat::Yuv444 => "4:4:4",
        ChromaFormat::Other => "4:4:0",
    };
    Err(format!(
        "GStreamer has no picture format for {} with {chroma} and {bit_depth} bits a sample",
        codec.name()
    ))
}

/// How to tell whether a packet shows a picture, for codecs that are shown in decode order and have
/// packets which do not.
pub(crate) fn is_shown(codec: Codec) -> Option<fn(&[u8]) -> bool> {
    match codec {
        Codec::Vp8 => Some(vpx::vp8_is_shown),
        Codec::Vp9 => Some(vpx::vp9_is_shown),
        _ => None,
    }
}

/// What cuts packets for an element that wants their pictures one by one.
///
/// The elements of H.264 and HEVC take several access units for one picture, and mix them. libav's VP9 decoder splits
/// superframes itself. When the first frame of one fails, `GStreamer`'s element (1.22) does not ask for the other,
/// which then keeps all packets behind it out, until the element ends.
pub(crate) fn cut(element: &str, codec: Codec) -> Option<Cut> {
    match codec {
        Codec::H264 | Codec::Hevc => Some(Packet::access_units),
        Codec::Vp9 if element == "avdec_vp9" => Some(|packet| vpx::vp9_superframe(&packet.data)),
        _ => None,
    }
}

/// The software decoder elements of every codec that `GStreamer` decodes, preferred first.
pub fn software_elements() -> impl Iterator<Item = (Codec, &'static [Element])> {
    STREAMS.iter().map(|stream| (stream.codec, stream.elements))
}

/// How packets of `codec` enter a decoder element.
pub(crate) fn stream(codec: Codec) -> Result<&'static Stream, String> {
    STREAMS
        .iter()
        .find(|stream| stream.codec == codec)
        .ok_or_else(|| format!("no decoder element for {} is known", codec.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_preferred_element_and_valid_caps() {
        gst::init().expect("GStreamer");
        for stream in STREAMS {
            assert!(!stream.elements.is_empty());
            assert!(
                stream.caps(Some(100)).parse::<gst::Caps>().is_ok(),
                "{}",
                stream.caps
            );
        }
    }

    #[test]
    fn raw_pictures_have_no_element() {
        assert!(stream(Codec::RawNv12).is_err());
    }
}
