//! Decoding of encoded video frames into pooled RGBA surfaces.
//!
//! [`FlexibleDecoder`] takes the packets of one stream and builds the decoders that the stream needs;
//! [`FlexibleDecoderPool`] has one for each of many streams.
//! Its state machine (`machine`) is pure; threads, `GStreamer` and the user's callbacks are around it.

#![forbid(unsafe_code)]

mod bitstream;
mod callback;
pub mod config;
mod engine;
mod flexible;
#[doc(hidden)]
pub mod fuzzing;
mod inspect;
mod machine;
mod outcome;
mod output;
mod pool;
mod process;
mod pull;
mod sealed;

pub use engine::{Element, software_elements};
pub use flexible::{
    ConfigCallback, DecoderError, FlexibleDecoder, FlexibleDecoderConfig, OutputConfig,
    QueueConfig, Stats, StreamConfig, Submission, live_sessions,
};
pub use machine::{Counters, Latency};
pub use outcome::{DamagePolicy, DecoderParameters, NoPicture, QueuePolicy, SkipReason};
pub use output::{DecodedFrame, DecoderInfo, FrameOutput, Output, Payload, Sink};
pub use pool::{
    EvictionCallback, EvictionDecision, FlexibleDecoderPool, FlexibleDecoderPoolConfig, PoolStats,
};
pub use pull::{Outputs, Waker};
pub use sealed::{SealedDelivery, UnsealError};
