//! What is known of each codec: the caps of its streams, the parser that cuts them into access
//! units, and the form in which those are handed out.

use frames::Codec;

/// One row of [`FORMATS`].
pub(crate) struct Format {
    pub(crate) codec: Codec,
    /// The media type of the stream.
    pub(crate) media_type: &'static str,
    /// The element that cuts the stream into access units, if there is one.
    pub(crate) parser: Option<&'static str>,
    /// Whether the parser has nothing to do behind a demuxer.
    pub(crate) containers_hold_access_units: bool,
    /// The form in which access units are handed out.
    output_fields: &'static [(&'static str, &'static str)],
    /// Whether pictures may be shown in another order than they are decoded in.
    pub(crate) reorders: bool,
}

const BYTE_STREAM: &[(&str, &str)] = &[("stream-format", "byte-stream"), ("alignment", "au")];

const FORMATS: [Format; 7] = [
    Format {
        codec: Codec::H264,
        media_type: "video/x-h264",
        parser: Some("h264parse"),
        containers_hold_access_units: false,
        output_fields: BYTE_STREAM,
        reorders: true,
    },
    Format {
        codec: Codec::Hevc,
        media_type: "video/x-h265",
        parser: Some("h265parse"),
        containers_hold_access_units: false,
        output_fields: BYTE_STREAM,
        reorders: true,
    },
    Format {
        codec: Codec::Vp8,
        media_type: "video/x-vp8",
        parser: None,
        containers_hold_access_units: true,
        output_fields: &[],
        reorders: false,
    },
    Format {
        codec: Codec::Vp9,
        media_type: "video/x-vp9",
        parser: Some("vp9parse"),
        containers_hold_access_units: false,
        output_fields: &[("alignment", "super-frame")],
        reorders: false,
    },
    Format {
        codec: Codec::Av1,
        media_type: "video/x-av1",
        parser: Some("av1parse"),
        containers_hold_access_units: false,
        output_fields: &[("stream-format", "obu-stream"), ("alignment", "tu")],
        reorders: false,
    },
    Format {
        codec: Codec::Jpeg,
        media_type: "image/jpeg",
        parser: Some("jpegparse"),
        containers_hold_access_units: true,
        output_fields: &[],
        reorders: false,
    },
    Format {
        codec: Codec::Png,
        media_type: "image/png",
        parser: Some("pngparse"),
        containers_hold_access_units: true,
        output_fields: &[],
        reorders: false,
    },
];

impl Format {
    /// The format of a stream with these caps.
    pub(crate) fn of(caps: &gst::CapsRef) -> Option<&'static Self> {
        let media_type = caps.structure(0)?.name();
        FORMATS
            .iter()
            .find(|format| format.media_type == media_type)
    }

    /// The format of a codec. Raw pictures have none, and get that of the first row.
    pub(crate) fn for_codec(codec: Codec) -> &'static Self {
        FORMATS
            .iter()
            .find(|format| format.codec == codec)
            .unwrap_or(&FORMATS[0])
    }

    /// The caps of access units in this form, with what is known of the pictures.
    pub(crate) fn stream_caps(&self, size: Option<(u32, u32)>, fps: (i32, i32)) -> gst::Caps {
        let mut caps = self.output_caps();
        let Some(structure) = caps.get_mut().and_then(|caps| caps.structure_mut(0)) else {
            return caps;
        };
        let pixels = |side: u32| i32::try_from(side).unwrap_or(i32::MAX);
        if let Some((width, height)) = size {
            structure.set("width", pixels(width));
            structure.set("height", pixels(height));
        }
        if fps.0 > 0 && fps.1 > 0 {
            structure.set("framerate", gst::Fraction::new(fps.0, fps.1));
        }
        caps
    }

    /// The caps in which access units are handed out.
    pub(crate) fn output_caps(&self) -> gst::Caps {
        let mut structure = gst::Structure::new_empty(self.media_type);
        for (field, value) in self.output_fields {
            structure.set(*field, *value);
        }
        gst::Caps::from(structure)
    }

    /// Whether an access unit consists of NAL units.
    pub(crate) fn has_nal_units(&self) -> bool {
        matches!(self.codec, Codec::H264 | Codec::Hevc)
    }
}

/// Width and height in pixels, if the caps give them.
pub(crate) fn picture_size(caps: &gst::CapsRef) -> Option<(i64, i64)> {
    let structure = caps.structure(0)?;
    let field = |name| structure.get::<i32>(name).ok().map(i64::from);
    Some((field("width")?, field("height")?))
}

/// Whether a stream with these caps has pictures, of whatever codec.
pub(crate) fn is_video(caps: &gst::CapsRef) -> bool {
    caps.structure(0).is_some_and(|structure| {
        ["video/", "image/"]
            .iter()
            .any(|kind| structure.name().starts_with(kind))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_recognised_by_their_media_type() {
        gst::init().unwrap();
        for format in &FORMATS {
            let caps = format.output_caps();
            assert_eq!(
                Format::of(&caps).map(|found| found.codec),
                Some(format.codec)
            );
            assert!(is_video(&caps));
        }
        let mpeg = gst::Caps::new_empty_simple("video/mpeg");
        assert!(Format::of(&mpeg).is_none() && is_video(&mpeg));
        assert!(!is_video(&gst::Caps::new_empty_simple("audio/mpeg")));
        assert!(!is_video(&gst::Caps::new_empty()));
    }

    #[test]
    fn access_units_of_h264_are_byte_streams() {
        gst::init().unwrap();
        let caps = FORMATS[0].output_caps();
        assert_eq!(
            caps.to_string(),
            "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"
        );
    }
}
