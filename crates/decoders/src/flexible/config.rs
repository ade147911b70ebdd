//! Configuration of a [`FlexibleDecoder`](super::FlexibleDecoder).

use std::sync::Arc;
use std::time::Duration;

use surfaces::{TransformConfig, VideoFormat};

use crate::config::{DecoderConfig, Hardware};
use crate::outcome::{DamagePolicy, QueuePolicy};

/// Changes the configuration of a decoder before it is built; runs on the submitting thread. Where one decoder takes
/// over from another in the midst of a stream it keeps the configuration, as long as the stream's headers tell of no
/// other.
pub type ConfigCallback<T> = Arc<dyn Fn(DecoderConfig, &T) -> DecoderConfig + Send + Sync>;

/// What a decoder makes of its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputConfig {
    /// Pixel format of the output buffers.
    pub format: VideoFormat,
    /// Width and height of the output buffers in pixels; `None` for those that the frames declare.
    pub size: Option<(u32, u32)>,
    /// How pictures of another size are placed and scaled.
    pub transform: TransformConfig,
}

impl Default for OutputConfig {
    /// RGBA in the declared size.
    fn default() -> Self {
        Self {
            format: VideoFormat::Rgba,
            size: None,
            transform: TransformConfig::NEAREST,
        }
    }
}

/// The packets that wait for a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueConfig {
    /// What becomes of packets for a full queue.
    pub policy: QueuePolicy,
    /// How many packets wait at most, at least 1.
    pub max_packets: usize,
}

impl Default for QueueConfig {
    /// 16 packets; then the submitter waits.
    fn default() -> Self {
        Self {
            policy: QueuePolicy::Block,
            max_packets: 16,
        }
    }
}

/// How streams are decoded; the same for a decoder and a pool of decoders.
#[derive(Clone)]
pub struct StreamConfig<T> {
    /// GPU ordinal.
    pub gpu_id: u32,
    /// Output buffers of a session; 0 allocates without limit.
    pub pool_size: u32,
    /// The longest gap between pictures while a decoder is drained.
    pub idle_timeout: Duration,
    /// How long a decoder may leave queued packets alone and return nothing, while an output buffer is
    /// free and no callback runs, before it is given up; `None` for ever.
    pub stall_timeout: Option<Duration>,
    /// H.264 and HEVC packets kept while waiting for a random access point.
    pub detect_buffer_limit: usize,
    /// The queue in front of the decoder.
    pub queue: QueueConfig,
    /// What becomes of damaged pictures.
    pub damage: DamagePolicy,
    /// How much the decoder may depend on hardware.
    pub hardware: Hardware,
    /// What is delivered.
    pub output: OutputConfig,
    /// Called once per activation, if set.
    pub config_callback: Option<ConfigCallback<T>>,
}

impl<T> StreamConfig<T> {
    /// A configuration with the defaults: 1 s idle timeout, 10 s stall timeout, 30 packets, damaged pictures
    /// delivered, hardware preferred, RGBA.
    pub fn new(gpu_id: u32, pool_size: u32) -> Self {
        Self {
            gpu_id,
            pool_size,
            idle_timeout: Duration::from_secs(1),
            stall_timeout: Some(Duration::from_secs(10)),
            detect_buffer_limit: 30,
            queue: QueueConfig::default(),
            damage: DamagePolicy::default(),
            hardware: Hardware::default(),
            output: OutputConfig::default(),
            config_callback: None,
        }
    }
}

/// How a decoder is bound and bounded.
#[derive(Clone)]
pub struct FlexibleDecoderConfig<T> {
    /// The only source whose frames are decoded.
    pub source_id: String,
    /// How they are decoded.
    pub stream: StreamConfig<T>,
}

impl<T> FlexibleDecoderConfig<T> {
    /// A configuration with the defaults of [`StreamConfig::new`].
    pub fn new(source_id: impl Into<String>, gpu_id: u32, pool_size: u32) -> Self {
        Self {
            source_id: source_id.into(),
            stream: StreamConfig::new(gpu_id, pool_size),
        }
    }
}
