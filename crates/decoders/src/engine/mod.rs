//! Decoders behind one interface: packets in, pictures out, on threads of their own.

mod element;
mod image;
mod picture;
mod profile;
mod table;
pub(crate) mod workers;

use std::sync::{Arc, Weak};

use frames::Codec;
pub(crate) use picture::RawPicture;

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
    pub profile_idc: Option<u8>,
}

impl Blueprint {
    /// Chooses the decoder and builds it, stopped.
    pub(crate) fn build(
        &self,
        events: impl FnOnce(Arc<DecoderInfo>) -> Weak<dyn Events>,
    ) -> Result<Box<dyn Engine>, String> {
        self.check_config()?;
        if self.hardware == Hardware::Required {
            return Err(format!(
                "hardware decoding of {} is required, but the host backend has no hardware decoder; \
                 allow software with Hardware.PREFERRED or Hardware.SOFTWARE",
                self.codec.name()
            ));
        }
        let info = |decoder: &str| {
            Arc::new(DecoderInfo {
                decoder: decoder.to_owned(),
                hardware: false,
                codec: self.codec,
            })
        };
        if let Some(kind) = image::Kind::of(&self.config) {
            return Ok(Box::new(image::ImageEngine::new(
                kind,
                events(info(kind.decoder())),
            )));
        }
        let (stream, element) = table::choose(self.codec)?;
        let caps = stream.caps(self.profile_idc);
        Ok(Box::new(element::ElementEngine::new(
            element,
            &caps,
            events(info(element)),
        )?))
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
