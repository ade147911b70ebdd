//! Configuration of a [`FlexibleDecoderPool`](super::FlexibleDecoderPool).

use std::sync::Arc;
use std::time::Duration;

use crate::flexible::StreamConfig;

/// What becomes of a source that has been idle for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EvictionDecision {
    /// Its decoder is drained and let go of.
    Evict,
    /// It is idle from now on.
    Keep,
}

/// Decides about an idle source, given its id; runs on the pool's own thread.
pub type EvictionCallback = Arc<dyn Fn(&str) -> EvictionDecision + Send + Sync>;

/// How a pool decodes, and when it lets go of a source.
#[derive(Clone)]
pub struct FlexibleDecoderPoolConfig<T> {
    /// How each source is decoded.
    pub stream: StreamConfig<T>,
    /// How long nothing may be submitted for a source before it is evicted.
    pub eviction_ttl: Duration,
}

impl<T> FlexibleDecoderPoolConfig<T> {
    /// A configuration with the defaults of [`StreamConfig::new`].
    pub fn new(gpu_id: u32, pool_size: u32, eviction_ttl: Duration) -> Self {
        Self {
            stream: StreamConfig::new(gpu_id, pool_size),
            eviction_ttl,
        }
    }
}
