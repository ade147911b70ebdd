//! What a decoder is asked to be: one configuration per codec, and [`DecoderConfig`] over them.
//!
//! A configuration is a value: it opens no device and checks no range. `None` in a tunable means
//! "leave the element's own default"; a tunable that the chosen element does not have is ignored.
//! The `Display` form is the `repr` that Python shows.

use std::fmt;
use std::sync::Arc;

use frames::Codec;
pub use surfaces::Hardware;

/// How the NAL units of an H.264 access unit are framed; `stream-format` in the caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum H264StreamFormat {
    /// Annex B: start codes, parameter sets in band.
    ByteStream,
    /// Length prefixes, parameter sets in the codec data only.
    Avc,
    /// Length prefixes, parameter sets in the codec data and in band.
    Avc3,
}

impl H264StreamFormat {
    /// The caps' name of this format.
    #[must_use]
    pub const fn caps_name(self) -> &'static str {
        match self {
            Self::ByteStream => "byte-stream",
            Self::Avc => "avc",
            Self::Avc3 => "avc3",
        }
    }

    /// Whether NAL units are length-prefixed, so that a decoder needs codec data to start.
    #[must_use]
    pub const fn is_length_prefixed(self) -> bool {
        matches!(self, Self::Avc | Self::Avc3)
    }
}

impl fmt::Display for H264StreamFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.caps_name())
    }
}

/// How the NAL units of an HEVC access unit are framed; `stream-format` in the caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HevcStreamFormat {
    /// Annex B: start codes, parameter sets in band.
    ByteStream,
    /// Length prefixes, parameter sets in the codec data only.
    Hvc1,
    /// Length prefixes, parameter sets in the codec data and in band.
    Hev1,
}

impl HevcStreamFormat {
    /// The caps' name of this format.
    #[must_use]
    pub const fn caps_name(self) -> &'static str {
        match self {
            Self::ByteStream => "byte-stream",
            Self::Hvc1 => "hvc1",
            Self::Hev1 => "hev1",
        }
    }

    /// Whether NAL units are length-prefixed, so that a decoder needs codec data to start.
    #[must_use]
    pub const fn is_length_prefixed(self) -> bool {
        matches!(self, Self::Hvc1 | Self::Hev1)
    }
}

impl fmt::Display for HevcStreamFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.caps_name())
    }
}

/// Which kind of JPEG decoder a configuration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JpegBackend {
    /// The hardware JPEG decoder ([`Codec::Jpeg`]).
    Gpu,
    /// The software JPEG decoder ([`Codec::SwJpeg`]).
    Cpu,
}

/// Memory that `nvv4l2decoder` decodes into; the discriminants are its `cudadec-memtype` values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CudadecMemtype {
    /// CUDA device memory.
    Device = 0,
    /// Page-locked host memory.
    Pinned = 1,
    /// CUDA unified memory.
    Unified = 2,
}

/// Properties of a hardware decoder element, the same for every codec that it decodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HardwareTunables {
    /// `num-extra-surfaces`: pictures allocated beyond what the stream needs.
    pub num_extra_surfaces: Option<u32>,
    /// `drop-frame-interval`: deliver one picture out of this many.
    pub drop_frame_interval: Option<u32>,
    /// `cudadec-memtype`: memory of the decoded pictures (desktop GPUs only).
    pub cudadec_memtype: Option<CudadecMemtype>,
    /// `low-latency-mode`: deliver in decode order, for streams without B-frames (desktop GPUs only). Not used for VP8,
    /// VP9 and AV1: the element would return pictures that are not shown, too.
    pub low_latency_mode: Option<bool>,
}

impl fmt::Display for HardwareTunables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            num_extra_surfaces,
            drop_frame_interval,
            cudadec_memtype,
            low_latency_mode,
        } = self;
        write!(
            f,
            "num_extra_surfaces={num_extra_surfaces:?}, drop_frame_interval={drop_frame_interval:?}, \
             cudadec_memtype={cudadec_memtype:?}, low_latency_mode={low_latency_mode:?}"
        )
    }
}

/// Configuration of an H.264 decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct H264DecoderConfig {
    /// Framing of the NAL units.
    pub stream_format: H264StreamFormat,
    /// Properties of a hardware element.
    pub tunables: HardwareTunables,
    /// The parameter sets found in the stream, with start codes; length-prefixed formats need them.
    pub codec_data: Option<Arc<[u8]>>,
}

impl H264DecoderConfig {
    /// A configuration with every tunable unset and no codec data.
    #[must_use]
    pub fn new(stream_format: H264StreamFormat) -> Self {
        Self {
            stream_format,
            tunables: HardwareTunables::default(),
            codec_data: None,
        }
    }
}

/// Configuration of an HEVC decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HevcDecoderConfig {
    /// Framing of the NAL units.
    pub stream_format: HevcStreamFormat,
    /// Properties of a hardware element.
    pub tunables: HardwareTunables,
    /// The parameter sets found in the stream, with start codes; length-prefixed formats need them.
    pub codec_data: Option<Arc<[u8]>>,
}

impl HevcDecoderConfig {
    /// A configuration with every tunable unset and no codec data.
    #[must_use]
    pub fn new(stream_format: HevcStreamFormat) -> Self {
        Self {
            stream_format,
            tunables: HardwareTunables::default(),
            codec_data: None,
        }
    }
}

/// Configuration of a VP8 decoder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vp8DecoderConfig {
    /// Properties of a hardware element.
    pub tunables: HardwareTunables,
}

/// Configuration of a VP9 decoder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vp9DecoderConfig {
    /// Properties of a hardware element.
    pub tunables: HardwareTunables,
}

/// Configuration of an AV1 decoder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Av1DecoderConfig {
    /// Properties of a hardware element.
    pub tunables: HardwareTunables,
}

/// Configuration of a JPEG decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JpegDecoderConfig {
    /// Hardware or software.
    pub backend: JpegBackend,
}

/// Configuration of a PNG decoder, which has nothing to tune.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PngDecoderConfig;

/// Configuration for raw RGBA payloads: 4 bytes a pixel, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRgbaDecoderConfig {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Configuration for raw RGB payloads: 3 bytes a pixel, rows without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRgbDecoderConfig {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// The configuration of one decoder, of any codec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecoderConfig {
    /// H.264.
    H264(H264DecoderConfig),
    /// HEVC.
    Hevc(HevcDecoderConfig),
    /// VP8.
    Vp8(Vp8DecoderConfig),
    /// VP9.
    Vp9(Vp9DecoderConfig),
    /// AV1.
    Av1(Av1DecoderConfig),
    /// JPEG, in hardware or software.
    Jpeg(JpegDecoderConfig),
    /// PNG.
    Png(PngDecoderConfig),
    /// Raw RGBA pictures.
    RawRgba(RawRgbaDecoderConfig),
    /// Raw RGB pictures.
    RawRgb(RawRgbDecoderConfig),
}

impl DecoderConfig {
    /// The codec that this configuration decodes; a CPU JPEG one gives [`Codec::SwJpeg`].
    #[must_use]
    pub const fn codec(&self) -> Codec {
        match self {
            Self::H264(_) => Codec::H264,
            Self::Hevc(_) => Codec::Hevc,
            Self::Vp8(_) => Codec::Vp8,
            Self::Vp9(_) => Codec::Vp9,
            Self::Av1(_) => Codec::Av1,
            Self::Jpeg(JpegDecoderConfig {
                backend: JpegBackend::Gpu,
            }) => Codec::Jpeg,
            Self::Jpeg(JpegDecoderConfig {
                backend: JpegBackend::Cpu,
            }) => Codec::SwJpeg,
            Self::Png(_) => Codec::Png,
            Self::RawRgba(_) => Codec::RawRgba,
            Self::RawRgb(_) => Codec::RawRgb,
        }
    }

    /// The parameter sets found in the stream, for the codecs and framings that have them apart.
    #[must_use]
    pub fn codec_data(&self) -> Option<&[u8]> {
        match self {
            Self::H264(config) => config.codec_data.as_deref(),
            Self::Hevc(config) => config.codec_data.as_deref(),
            _ => None,
        }
    }

    /// The hardware element's properties; `None` for the codecs that have none.
    #[must_use]
    pub const fn tunables(&self) -> Option<&HardwareTunables> {
        match self {
            Self::H264(config) => Some(&config.tunables),
            Self::Hevc(config) => Some(&config.tunables),
            Self::Vp8(config) => Some(&config.tunables),
            Self::Vp9(config) => Some(&config.tunables),
            Self::Av1(config) => Some(&config.tunables),
            Self::Jpeg(_) | Self::Png(_) | Self::RawRgba(_) | Self::RawRgb(_) => None,
        }
    }
}

/// Displays a configuration as the Python call that would name all of its fields.
macro_rules! display_as_call {
    ($($config:ident($format:literal $(, $field:ident)*);)+) => {
        $(impl fmt::Display for $config {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($config), "(", $format, ")") $(, self.$field)*)
            }
        })+
    };
}

display_as_call! {
    H264DecoderConfig("stream_format={}, {}", stream_format, tunables);
    HevcDecoderConfig("stream_format={}, {}", stream_format, tunables);
    Vp8DecoderConfig("{}", tunables);
    Vp9DecoderConfig("{}", tunables);
    Av1DecoderConfig("{}", tunables);
    JpegDecoderConfig("backend={:?}", backend);
    PngDecoderConfig("");
    RawRgbaDecoderConfig("width={}, height={}", width, height);
    RawRgbDecoderConfig("width={}, height={}", width, height);
}

impl fmt::Display for DecoderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner: &dyn fmt::Display = match self {
            Self::H264(config) => config,
            Self::Hevc(config) => config,
            Self::Vp8(config) => config,
            Self::Vp9(config) => config,
            Self::Av1(config) => config,
            Self::Jpeg(config) => config,
            Self::Png(config) => config,
            Self::RawRgba(config) => config,
            Self::RawRgb(config) => config,
        };
        write!(f, "DecoderConfig({inner})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpu_jpeg_config_is_another_codec_than_a_gpu_one() {
        let codec = |backend| DecoderConfig::Jpeg(JpegDecoderConfig { backend }).codec();
        assert_eq!(codec(JpegBackend::Gpu), Codec::Jpeg);
        assert_eq!(codec(JpegBackend::Cpu), Codec::SwJpeg);
    }

    #[test]
    fn only_annex_b_starts_without_codec_data() {
        assert!(!H264StreamFormat::ByteStream.is_length_prefixed());
        assert!(!HevcStreamFormat::ByteStream.is_length_prefixed());
        assert!(
            H264StreamFormat::Avc.is_length_prefixed()
                && H264StreamFormat::Avc3.is_length_prefixed()
        );
        assert!(
            HevcStreamFormat::Hvc1.is_length_prefixed()
                && HevcStreamFormat::Hev1.is_length_prefixed()
        );
    }

    #[test]
    fn display_names_the_class_and_every_field() {
        let mut config = H264DecoderConfig::new(H264StreamFormat::Avc3);
        config.tunables.drop_frame_interval = Some(4);
        assert_eq!(
            DecoderConfig::H264(config).to_string(),
            "DecoderConfig(H264DecoderConfig(stream_format=avc3, num_extra_surfaces=None, \
             drop_frame_interval=Some(4), cudadec_memtype=None, low_latency_mode=None))"
        );
        assert_eq!(PngDecoderConfig.to_string(), "PngDecoderConfig()");
    }
}
