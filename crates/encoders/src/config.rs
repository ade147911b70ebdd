//! What an encoder is asked to be, and whether it can be.

use std::fmt;
use std::time::Duration;

use frames::Codec;
use surfaces::{Hardware, MemType, VideoFormat};

use crate::error::EncoderError;
use crate::properties::EncoderProperties;
use crate::{Platform, codecs};

/// Configuration of an encoder: a value that opens no device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderConfig {
    /// How pictures are coded.
    pub codec: Codec,
    /// Width of the pictures in pixels.
    pub width: u32,
    /// Height of the pictures in pixels.
    pub height: u32,
    /// Pixel format of the surfaces that will be given; others are converted too.
    pub format: VideoFormat,
    /// Pictures a second, as a fraction.
    pub fps: (i32, i32),
    /// GPU ordinal.
    pub gpu_id: u32,
    /// Memory of surfaces that the encoder makes for itself.
    pub mem_type: MemType,
    /// Properties of the codec's encoder.
    pub properties: Option<EncoderProperties>,
    /// How much the encoder may depend on hardware. `None` means required for video on a GPU, and
    /// preferred everywhere else.
    pub hardware: Option<Hardware>,
    /// Most B frames between two others; software encoders of H.264 and HEVC only.
    pub b_frames: u32,
    /// How long an element may do nothing although it could; `None` is for ever.
    pub stall_timeout: Option<Duration>,
}

/// Most B frames that may be asked for.
pub const MOST_B_FRAMES: u32 = 16;

impl EncoderConfig {
    /// NV12 at 30 frames a second on GPU 0, with the encoder's own properties and no B frames.
    pub const fn new(codec: Codec, width: u32, height: u32) -> Self {
        Self {
            codec,
            width,
            height,
            format: VideoFormat::Nv12,
            fps: (30, 1),
            gpu_id: 0,
            mem_type: MemType::Default,
            properties: None,
            hardware: None,
            b_frames: 0,
            stall_timeout: Some(Duration::from_secs(10)),
        }
    }

    /// Checks everything that can be checked without an element. `platform` is that of the machine;
    /// `None` takes properties of every platform.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, platform: Option<Platform>) -> Result<(), EncoderError> {
        let traits = codecs::traits(self.codec).ok_or(EncoderError::NoEncoder {
            codec: self.codec,
            known: codecs::names(),
        })?;
        let (width, height) = (self.width, self.height);
        let divisor = traits.size_divisor;
        if width == 0 || height == 0 || width % divisor != 0 || height % divisor != 0 {
            return Err(EncoderError::Size {
                codec: self.codec,
                width,
                height,
                divisor,
            });
        }
        let (numerator, denominator) = self.fps;
        if numerator < 1 || denominator < 1 {
            return Err(EncoderError::FrameRate {
                numerator,
                denominator,
            });
        }
        if let Some(format) = traits.only_format
            && self.format != format
        {
            return Err(EncoderError::Format {
                codec: self.codec,
                given: self.format,
                wanted: format,
            });
        }
        if self.b_frames > MOST_B_FRAMES || (self.b_frames > 0 && !traits.has_b_frames) {
            let most = if traits.has_b_frames {
                MOST_B_FRAMES
            } else {
                0
            };
            return Err(EncoderError::value(
                "b_frames",
                self.b_frames,
                format!("0 to {most} for {}", self.codec),
            ));
        }
        self.properties.as_ref().map_or(Ok(()), |properties| {
            self.check_properties(properties, platform)
        })
    }

    fn check_properties(
        &self,
        properties: &EncoderProperties,
        platform: Option<Platform>,
    ) -> Result<(), EncoderError> {
        if properties.codec() != self.codec {
            return Err(EncoderError::PropertiesCodec {
                given: properties.name(),
                of: properties.codec(),
                wanted: self.codec,
            });
        }
        if let (Some(of), Some(machine)) = (properties.platform(), platform)
            && of != machine
        {
            return Err(EncoderError::PropertiesPlatform {
                given: properties.name(),
                of: of.name(),
                machine: machine.name(),
            });
        }
        let settings = properties.settings();
        let wrong = settings
            .iter()
            .find(|setting| !setting.limit.allows(&setting.value));
        wrong.map_or(Ok(()), |setting| {
            Err(EncoderError::value(
                setting.field,
                &setting.value,
                setting.limit,
            ))
        })
    }
}

impl fmt::Display for EncoderConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (numerator, denominator) = self.fps;
        write!(
            formatter,
            "EncoderConfig(codec={}, width={}, height={}, format={}, fps={numerator}/{denominator}, gpu_id={}, properties=",
            self.codec,
            self.width,
            self.height,
            self.format.name(),
            self.gpu_id,
        )?;
        match &self.properties {
            Some(properties) => write!(formatter, "{properties})"),
            None => formatter.write_str("None)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::{H264DgpuProps, H264JetsonProps, HevcDgpuProps};

    fn h264(properties: EncoderProperties) -> EncoderConfig {
        EncoderConfig {
            properties: Some(properties),
            ..EncoderConfig::new(Codec::H264, 640, 360)
        }
    }

    fn reason(config: &EncoderConfig, platform: Option<Platform>) -> String {
        config.check(platform).expect_err("it is wrong").to_string()
    }

    #[test]
    fn codecs_that_are_only_decoded_are_refused() {
        for codec in [Codec::Vp8, Codec::Vp9, Codec::SwJpeg] {
            let text = reason(&EncoderConfig::new(codec, 640, 360), None);
            assert!(
                text.contains(codec.name()) && text.contains("h264"),
                "{text}"
            );
        }
    }

    #[test]
    fn properties_are_for_their_codec_and_platform() {
        let hevc = h264(EncoderProperties::HevcDgpu(HevcDgpuProps::default()));
        assert!(reason(&hevc, None).contains("HevcDgpuProps"));
        let jetson = h264(EncoderProperties::H264Jetson(H264JetsonProps::default()));
        assert_eq!(jetson.check(None), Ok(()));
        assert_eq!(jetson.check(Some(Platform::Jetson)), Ok(()));
        assert!(reason(&jetson, Some(Platform::Dgpu)).contains("jetson"));
    }

    #[test]
    fn a_value_out_of_range_is_named_with_the_range() {
        let config = h264(EncoderProperties::H264Dgpu(H264DgpuProps {
            bitrate: Some(1),
            aq: Some(16),
            ..Default::default()
        }));
        assert_eq!(
            reason(&config, None),
            "aq=16 is not allowed: it must be 0 to 15"
        );
    }

    #[test]
    fn sizes_rates_and_formats_are_checked() {
        let odd = EncoderConfig::new(Codec::H264, 641, 360);
        assert!(reason(&odd, None).contains("641x360"));
        let mut png = EncoderConfig::new(Codec::Png, 641, 359);
        assert!(reason(&png, None).contains("RGBA"));
        png.format = VideoFormat::Rgba;
        assert_eq!(png.check(None), Ok(()));
        png.fps = (0, 1);
        assert!(reason(&png, None).contains("0/1"));
        let jpeg = EncoderConfig {
            b_frames: 1,
            ..EncoderConfig::new(Codec::Jpeg, 64, 64)
        };
        assert!(reason(&jpeg, None).starts_with("b_frames=1"));
    }
}
