//! Why a call on a decoder failed.

use surfaces::wait::WaitError;

/// Why a call on a [`FlexibleDecoder`](super::FlexibleDecoder) failed. The frame of such a submission is
/// not counted, except after [`Wait`](Self::Wait), when it may have been taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecoderError {
    /// The decoder takes nothing more.
    #[error("the decoder is shut down")]
    ShutDown,
    /// The pool takes nothing more.
    #[error("the decoder pool is shut down")]
    PoolShutDown,
    /// This process is a fork of the one whose threads decode.
    #[error(
        "this process was forked from the one that its decoders work in, whose threads it does not have: start \
         processes with the method \"spawn\", or fork before the first decoder is made"
    )]
    Forked,
    /// A raw picture has the wrong size.
    #[error("a raw payload of {actual} bytes was given, {width}x{height} needs exactly {expected}")]
    RawSize {
        /// Declared width in pixels.
        width: u32,
        /// Declared height in pixels.
        height: u32,
        /// Bytes of a picture of the declared size.
        expected: u64,
        /// Bytes that were given.
        actual: usize,
    },
    /// Too many frames were submitted from the decoder's own callbacks, where a submission cannot wait.
    #[error(
        "{queued} packets are queued already, and a submit from a callback of the same decoder cannot wait"
    )]
    CallbackOverrun {
        /// Packets in the queue.
        queued: usize,
    },
    /// The call would wait for the callback that it is made from.
    #[error(
        "{call} inside a callback of the same decoder would never return: call it from another thread"
    )]
    InsideCallback {
        /// The call's name.
        call: &'static str,
    },
    /// There was no room in the queue within the time that a submission may take.
    #[error(
        "{queued} packets wait for the decoder of source {source_id:?}, and there was no room in time: {holder}"
    )]
    QueueFull {
        /// The decoder's source.
        source_id: String,
        /// Packets in the queue.
        queued: usize,
        /// What keeps the decoder from taking them.
        holder: String,
    },
    /// It was being decided about the source for longer than a submission may take.
    #[error("the eviction callback decides about source {source_id:?}, and did not return in time")]
    Undecided {
        /// The source.
        source_id: String,
    },
    /// The wait ended before the call was complete.
    #[error("the call was given up: {0}")]
    Wait(#[from] WaitError),
    /// The system has no thread for the decoder.
    #[error("no thread for the decoder: {0}")]
    NoThread(String),
}
