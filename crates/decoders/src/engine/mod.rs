//! Decoders behind one interface: packets in, pictures out, on threads of their own.

mod element;
mod image;
mod nvidia;
mod picture;
mod profile;
mod table;
pub(crate) mod workers;

use std::sync::{Arc, Weak};

use frames::Codec;
use gst::prelude::*;
use parking_lot::Mutex;
pub(crate) use picture::RawPicture;
pub use table::{Element, software_elements};

use crate::bitstream::presentation::PresentationClock;
use crate::config::{DecoderConfig, Hardware};
use crate::output::{DecoderInfo, Payload};

/// A decoder at work. None of the methods but [`stop`](Engine::stop) blocks.
pub(crate) trait Engine: Send + Sync {
    /// Begins to ask for packets.
    fn start(&self) -> Result<(), String>;
    /// Takes one packet, after [`Events::hungry`] was called.
    fn feed(&self, key: u64, payload: Payload);
    /// Takes the end of the stream.
    fn end(&self);
    /// Ends at once and joins the threads.
    fn stop(&self);
}

/// What an engine reports, from its own thread.
pub(crate) trait Events: Send + Sync {
    /// One more packet can be taken.
    fn hungry(&self);
    /// A picture, with the key of its packet if the decoder kept it. Blocks while the user holds
    /// every output buffer; `Err` when the session is over.
    fn picture(&self, key: Option<u64>, picture: RawPicture) -> Result<(), Stopped>;
    /// Everything has come out after [`Engine::end`].
    fn ended(&self);
    /// The decoder broke down.
    fn failed(&self, message: &str);
}

/// The session is over: nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped;

/// What to build.
pub(crate) struct Blueprint {
    /// The frame's codec, reported as it is.
    pub codec: Codec,
    pub config: DecoderConfig,
    pub hardware: Hardware,
    pub gpu_id: u32,
    /// Declared size in pixels.
    pub size: (u32, u32),
    pub profile_idc: Option<u8>,
}

impl Blueprint {
    /// Chooses the decoder and builds it, stopped.
    pub(crate) fn build(
        &self,
        events: impl FnOnce(Arc<DecoderInfo>) -> Weak<dyn Events>,
    ) -> Result<Box<dyn Engine>, String> {
        self.check_config()?;
        let info = |decoder: &str, hardware| {
            Arc::new(DecoderInfo {
                decoder: decoder.to_owned(),
                hardware,
                codec: self.codec,
            })
        };
        if self.uses_hardware()? {
            let stream = table::stream(self.codec)?;
            let mut clock = PresentationClock::new(self.codec);
            if let Some(parameter_sets) = self.config.codec_data() {
                clock.learn(parameter_sets);
            }
            let setup = element::Setup {
                element: nvidia::ELEMENT,
                caps: stream.hardware_caps(self.size),
                output: "video/x-raw(memory:NVMM)",
                clock: element::Clock::Presentation(Mutex::new(clock)),
                is_shown: stream.is_shown(),
                configure: &|element| nvidia::configure(element, &self.config, self.gpu_id),
            };
            let events = events(info(nvidia::ELEMENT, true));
            return Ok(Box::new(element::ElementEngine::new(setup, events)?));
        }
        if let Some(kind) = image::Kind::of(&self.config) {
            let events = events(info(kind.decoder(), false));
            return Ok(Box::new(image::ImageEngine::new(kind, events)));
        }
        let stream = table::stream(self.codec)?;
        let element = stream.choose()?;
        let setup = element::Setup {
            element,
            caps: stream.caps(self.profile_idc),
            output: "video/x-raw",
            clock: element::Clock::Counter,
            is_shown: None,
            configure: &share_cores,
        };
        let events = events(info(element, false));
        Ok(Box::new(element::ElementEngine::new(setup, events)?))
    }

    /// Whether to decode in hardware; the reason if that is required but not possible.
    fn uses_hardware(&self) -> Result<bool, String> {
        let is_video = !matches!(
            self.codec,
            Codec::Jpeg | Codec::SwJpeg | Codec::Png | Codec::RawRgba | Codec::RawRgb
        );
        if self.hardware == Hardware::Software || (!is_video && self.hardware != Hardware::Required)
        {
            return Ok(false);
        }
        let name = self.codec.name();
        let possible = if is_video {
            nvidia::check(self.codec, self.gpu_id)
        } else {
            Err(format!("{name} pictures are decoded by the CPU"))
        };
        match possible {
            Ok(()) => Ok(true),
            Err(reason) if self.hardware == Hardware::Required => Err(format!(
                "hardware decoding of {name} is required: {reason}; allow software with \
                 Hardware.PREFERRED or Hardware.SOFTWARE"
            )),
            Err(reason) => {
                tracing::info!("{name} is decoded in software: {reason}");
                Ok(false)
            }
        }
    }

    /// The user's callback may have changed the configuration.
    fn check_config(&self) -> Result<(), String> {
        let is_jpeg = |codec| matches!(codec, Codec::Jpeg | Codec::SwJpeg);
        let configured = self.config.codec();
        if configured != self.codec && !(is_jpeg(configured) && is_jpeg(self.codec)) {
            return Err(format!(
                "a decoder configuration for {} cannot decode {}",
                configured.name(),
                self.codec.name()
            ));
        }
        let (format, has_codec_data) = match &self.config {
            DecoderConfig::H264(config) if config.stream_format.is_length_prefixed() => (
                config.stream_format.caps_name(),
                config.codec_data.is_some(),
            ),
            DecoderConfig::Hevc(config) if config.stream_format.is_length_prefixed() => (
                config.stream_format.caps_name(),
                config.codec_data.is_some(),
            ),
            _ => return Ok(()),
        };
        if has_codec_data {
            return Ok(());
        }
        Err(format!(
            "stream format {format} needs the parameter sets of the stream: change the configuration that the \
             callback was given instead of making a new one"
        ))
    }
}

/// Gives a software decoder its share of the cores.
fn share_cores(element: &gst::Element) {
    if element.has_property("max-threads") {
        let threads = (workers::cores() / element::live().max(1)).max(1);
        element.set_property("max-threads", i32::try_from(threads).unwrap_or(1));
    }
}
