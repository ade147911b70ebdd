//! How a submitted frame can end without a picture.

use std::fmt;

use frames::Codec;

/// Codec and declared size of a decoder session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecoderParameters {
    /// Codec of the submitted frames.
    pub codec: Codec,
    /// Declared width in pixels.
    pub width: u32,
    /// Declared height in pixels.
    pub height: u32,
}

/// Why a frame that the decoder took has no picture of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPicture {
    /// The frame is never shown (VP8 and VP9 alternate reference frames), or is none that decoders look at (HEVC: slices
    /// of further layers and of reserved types).
    NotShown,
    /// The frame is the second field of a picture that came out with the first.
    SecondField,
    /// A leading picture whose references lie before the random access point (HEVC RASL).
    MissingReference,
    /// The decoder returned nothing for it, most likely because the data is damaged.
    Corrupt,
    /// The packet asks for a picture that was decoded before (VP9), and the decoder does not show it again. NVIDIA's never
    /// does.
    Repeated,
    /// The decoder was asked to drop it (`drop_frame_interval`).
    DropInterval,
}

impl NoPicture {
    /// The same where the decoder was asked to drop pictures, too.
    pub(crate) fn of_dropping_decoder(self) -> Self {
        match self {
            Self::Corrupt => Self::DropInterval,
            other => other,
        }
    }

    /// The name given as the detail of the skip reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotShown => "not_shown",
            Self::SecondField => "second_field",
            Self::MissingReference => "missing_reference",
            Self::Corrupt => "corrupt",
            Self::Repeated => "repeated",
            Self::DropInterval => "drop_interval",
        }
    }
}

/// What becomes of packets that come faster than they are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QueuePolicy {
    /// The submitter waits.
    #[default]
    Block,
    /// The oldest packets are left out, up to one that no picture from there on refers beyond. If none is queued,
    /// so is what comes until then.
    DropOldestGop,
    /// Packets are left out whose pictures no other refers to, the oldest first. If none is queued, the submitter
    /// waits.
    DropNonReference,
}

impl QueuePolicy {
    /// The name given as the detail of the skip reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::DropOldestGop => "drop_oldest_gop",
            Self::DropNonReference => "drop_non_reference",
        }
    }
}

/// What becomes of frames that are damaged, or refer to one that is or that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DamagePolicy {
    /// Their pictures are delivered, and say so.
    #[default]
    Deliver,
    /// They are skipped, up to the next random access point.
    DropUntilKeyframe,
    /// The first ends in an error; the others are skipped, up to the next random access point.
    Error,
}

impl DamagePolicy {
    /// The name given as the detail of the skip reason.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deliver => "deliver",
            Self::DropUntilKeyframe => "drop_until_keyframe",
            Self::Error => "error",
        }
    }
}

/// Why a frame was not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The frame belongs to another source than the decoder.
    SourceIdMismatch {
        /// The decoder's source.
        expected: String,
        /// The frame's source.
        actual: String,
    },
    /// There is neither a payload argument nor internal content.
    NoPayload,
    /// No decoder exists for the codec (its name, or `(none)`).
    UnsupportedCodec(String),
    /// The picture's header is damaged.
    InvalidPayload(String),
    /// The packet came before the first random access point and was given up.
    WaitingForKeyframe,
    /// Too many packets came without a random access point.
    DetectionBufferOverflow,
    /// The decoder could not be built.
    DecoderCreationFailed(String),
    /// The decoder took the frame, and no picture belongs to it.
    NoPicture(NoPicture),
    /// Packets came faster than they were decoded, and the queue's policy left it out.
    QueueOverflow(QueuePolicy),
    /// Its picture is damaged or refers to one that is, and the damage policy leaves such out.
    Damaged(DamagePolicy),
}

impl SkipReason {
    /// The key under which `stats()` counts this reason.
    pub fn name(&self) -> &'static str {
        match self {
            Self::SourceIdMismatch { .. } => "source_id_mismatch",
            Self::NoPayload => "no_payload",
            Self::UnsupportedCodec(_) => "unsupported_codec",
            Self::InvalidPayload(_) => "invalid_payload",
            Self::WaitingForKeyframe => "waiting_for_keyframe",
            Self::DetectionBufferOverflow => "detection_buffer_overflow",
            Self::DecoderCreationFailed(_) => "decoder_creation_failed",
            Self::NoPicture(_) => "no_picture",
            Self::QueueOverflow(_) => "queue_overflow",
            Self::Damaged(_) => "damaged",
        }
    }

    /// The reason's text, for the reasons that have one.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::SourceIdMismatch { expected, actual } => {
                Some(format!("expected \"{expected}\", got \"{actual}\""))
            }
            Self::UnsupportedCodec(text)
            | Self::InvalidPayload(text)
            | Self::DecoderCreationFailed(text) => Some(text.clone()),
            Self::NoPicture(why) => Some(why.name().to_owned()),
            Self::QueueOverflow(policy) => Some(policy.name().to_owned()),
            Self::Damaged(policy) => Some(policy.name().to_owned()),
            Self::NoPayload | Self::WaitingForKeyframe | Self::DetectionBufferOverflow => None,
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail() {
            Some(detail) => write!(f, "{}: {detail}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}
