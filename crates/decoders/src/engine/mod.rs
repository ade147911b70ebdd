//! Decoders behind one interface: packets in, pictures out, on threads of their own.

mod av1;
mod element;
#[cfg(test)]
pub(crate) mod fake;
mod follower;
mod image;
mod nvidia;
mod pacer;
mod picture;
mod profile;
mod repeats;
mod staff;
mod table;
mod threaded;

use std::sync::{Arc, Weak};

use frames::Codec;
use gst::prelude::*;
use picture::{Output, Place};
pub(crate) use picture::{RawPicture, Target};
use staff::Staff;
pub(crate) use staff::{Live, Presence, share_of_cores};
use surfaces::VideoFormat;
pub(crate) use surfaces::pipeline::Stopped;
use surfaces::platform::{ChromaFormat, DecodeDemand};
pub use table::{Element, software_elements};
use threaded::{PacketDecoder, ThreadedEngine};

use crate::bitstream::samples::Samples;
use crate::config::{DecoderConfig, Hardware, JpegBackend};
use crate::output::{DecoderInfo, Packet};

/// A decoder at work. None of the methods but [`stop`](Engine::stop) blocks.
pub(crate) trait Engine: Send + Sync {
    /// Begins to ask for packets.
    fn start(&self) -> Result<(), String>;
    /// Takes one packet, after [`Events::hungry`] was called.
    fn feed(&self, key: u64, packet: Packet) -> Result<(), Refused>;
    /// Whether a new decoder would get so many more or so many fewer threads that it is worth while to make one.
    fn is_ill_staffed(&self) -> bool {
        false
    }
    /// Takes the end of the stream.
    fn end(&self);
    /// Ends at once and joins the threads.
    fn stop(&self);
}

/// Why an engine did not take a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is nothing in it that the decoder could begin with, or it may not be given; it still wants one.
    Packet,
    /// Nothing in it is decoded; it still wants one.
    Empty,
    /// It is not the first such packet: the decoder makes nothing of this stream.
    Stream,
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
    /// What the stream's headers say of the samples.
    pub samples: Samples,
    /// Pixel format of the output buffers.
    pub format: VideoFormat,
    /// Whether the stream begins with a gap in the frame numbers of H.264.
    pub has_gap_in_front: bool,
    /// Why no hardware decoder should be tried.
    pub only_software: Option<&'static str>,
}

impl Blueprint {
    /// Chooses the decoder and builds it, stopped.
    pub(crate) fn build(
        &self,
        events: impl FnOnce(Arc<DecoderInfo>) -> Weak<dyn Events>,
    ) -> Result<Box<dyn Engine>, String> {
        self.check_config()?;
        let (width, height) = self.coded_size();
        picture::check_pixels(self.codec.name(), width.into(), height.into())?;
        let info = |decoder: &str, hardware| {
            Arc::new(DecoderInfo {
                decoder: decoder.to_owned(),
                hardware,
                codec: self.codec,
            })
        };
        if self.uses_hardware()? {
            #[cfg(test)]
            if fake::is_installed() {
                let events = events(info(nvidia::ELEMENT, true));
                return Ok(Box::new(fake::FakeEngine::new(events)));
            }
            let setup = element::Setup {
                element: nvidia::ELEMENT,
                caps: nvidia::caps(self.codec, self.coded_size())?,
                output: self.output(Place::Surfaces),
                stamps: element::Stamps::Presentation,
                follower: Some(follower::Follower::new(self.codec)),
                cut: None,
                shows_again: false,
                staff: None,
                configure: &|element| nvidia::configure(element, &self.config, self.gpu_id),
            };
            let events = events(info(nvidia::ELEMENT, true));
            return Ok(Box::new(element::ElementEngine::new(setup, events)?));
        }
        if let Some(kind) = image::Kind::of(&self.config) {
            let events = events(info(kind.name(), false));
            return Ok(Box::new(ThreadedEngine::new(Box::new(kind), events)));
        }
        if self.codec == Codec::Av1 {
            let decoder = Box::new(av1::Av1Decoder::new()?);
            let events = events(info(av1::NAME, false));
            return Ok(Box::new(ThreadedEngine::new(decoder, events)));
        }
        let stream = table::stream(self.codec)?;
        let element = stream.choose()?;
        table::check_samples(element, self.codec, &self.samples)?;
        let staff = Staff::due(libav_threads);
        let setup = element::Setup {
            element,
            caps: stream.caps(self.profile_idc),
            output: self.output(Place::Planes),
            stamps: element::Stamps::Decoding,
            follower: None,
            cut: table::cut(element, self.codec),
            shows_again: self.codec == Codec::Vp9,
            staff: element.starts_with("avdec_").then_some(staff),
            configure: &|element| set_threads(element, staff.threads(), self.has_gap_in_front),
        };
        let events = events(info(element, false));
        Ok(Box::new(element::ElementEngine::new(setup, events)?))
    }

    /// Whether it counts where decoders share the cores: pictures that stand alone come when they come.
    pub(crate) fn shares_cores(&self) -> bool {
        image::Kind::of(&self.config).is_none()
    }

    /// Whether a hardware decoder is asked to return fewer pictures than it takes packets.
    pub(crate) fn drops_pictures(&self) -> bool {
        let tunables = self.config.tunables();
        tunables.is_some_and(|tunables| {
            tunables
                .drop_frame_interval
                .is_some_and(|one_of| one_of > 1)
        })
    }

    /// Whether to decode in hardware; the reason if that is required but not possible.
    fn uses_hardware(&self) -> Result<bool, String> {
        if self.hardware == Hardware::Software {
            return Ok(false);
        }
        let name = self.codec.name();
        match self.check_hardware() {
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

    /// Why the hardware cannot decode this stream, if it cannot.
    fn check_hardware(&self) -> Result<(), String> {
        let on_cpu = match &self.config {
            DecoderConfig::Jpeg(jpeg) => jpeg.backend == JpegBackend::Cpu,
            DecoderConfig::Png(_) | DecoderConfig::RawRgba(_) | DecoderConfig::RawRgb(_) => true,
            _ => false,
        };
        if on_cpu {
            return Err("such pictures are decoded by the CPU".to_owned());
        }
        if let Some(reason) = self.only_software {
            return Err(reason.to_owned());
        }
        if self.samples.is_rgb {
            return Err(
                "NvBufSurfTransform takes the samples for Y, Cb, Cr, but they are G, B, R"
                    .to_owned(),
            );
        }
        #[cfg(test)]
        if fake::is_installed() {
            return Ok(());
        }
        let demand = DecodeDemand {
            codec: self.codec.name(),
            chroma: self.samples.chroma,
            bit_depth: self.samples.bit_depth,
            size: self.coded_size(),
        };
        nvidia::check(self.gpu_id, &demand)?;
        nvidia::check_size(self.shown_size())?;
        nvidia::check_colours(self.codec, &self.samples, self.format)
    }

    fn output(&self, place: Place) -> Output {
        Output {
            place,
            colour: self.samples.colour,
        }
    }

    fn coded_size(&self) -> (u32, u32) {
        self.samples.size.unwrap_or(self.size)
    }

    /// H.264 and HEVC code whole blocks; what is shown of them, the frames declare. In 4:2:0 that is of even size.
    fn shown_size(&self) -> (u32, u32) {
        match (self.codec, self.samples.chroma) {
            (Codec::H264 | Codec::Hevc, chroma) if chroma != ChromaFormat::Yuv420 => self.size,
            _ => self.coded_size(),
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

/// Threads for a decoder of libav. Those that decode one picture each wait for each other and for the
/// packets, so it takes four a core to keep several cores busy; more than 16 only hold back more pictures.
fn libav_threads(cores: usize) -> usize {
    match cores {
        0 | 1 => 1,
        cores => cores.saturating_mul(4).min(16),
    }
}

/// Gives an element its threads, if it takes any.
///
/// With one thread, libav's element (1.22) fails on a gap in the frame numbers: it lets go of the packet that libav
/// still fills the gap for. A gap in front comes with each session that does not begin with an IDR picture.
fn set_threads(element: &gst::Element, threads: usize, has_gap_in_front: bool) {
    if element.has_property("max-threads") {
        let threads = threads.max(if has_gap_in_front { 2 } else { 1 });
        element.set_property("max-threads", i32::try_from(threads).unwrap_or(1));
    }
}
