//! The reader: access units of one video stream, with their descriptions.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;

use crate::packet::Packetizer;
use crate::pipeline::{Demuxer, Pull};
use crate::{Location, MediaError, Packet, StreamFormat};

/// The longest time a waiting reader sleeps before it asks whether it has been interrupted.
const WAKE_INTERVAL: Duration = Duration::from_millis(50);

/// How a source is read.
#[derive(Debug, Clone, Default)]
pub struct PacketReaderOptions {
    /// The source id of all frames; the file or URL as given by default.
    pub source_id: Option<String>,
    /// The form of H.264 and HEVC access units.
    pub stream_format: StreamFormat,
}

/// Reads the first video stream of a known codec out of a file or URL.
///
/// Access units come in decode order. Before every random access point of an H.264 or HEVC
/// stream stand its parameter sets. Times are those of the container, in nanoseconds, shifted if
/// that takes to have none below zero:
///
/// - `pts` is always set. Where the container has none (elementary streams, AVI, an access unit
///   inside a larger packet), it is the decode time, else the `pts` before plus the duration of a
///   frame (of 1/25 s if the stream does not give its rate). It then follows the decode order.
/// - `dts` is set for H.264 and HEVC if the container or the parser gives one. The other codecs
///   decode in presentation order.
/// - `duration` is set if it is known.
///
/// The reader reads ahead by a bounded number of access units. It may be used from several
/// threads; each access unit goes to one of them. Dropping it stops it.
pub struct PacketReader {
    demuxer: Demuxer,
    packetizer: Mutex<Packetizer>,
    finished: AtomicBool,
}

impl PacketReader {
    /// Starts reading. Does not wait for the first access unit: that the source has no video, for
    /// example, is an error of the first read. A file that cannot be opened is one here.
    pub fn open(
        location: impl Into<Location>,
        options: PacketReaderOptions,
    ) -> Result<Self, MediaError> {
        let location = location.into();
        let source_name = location.to_string();
        let source_id = options.source_id.unwrap_or_else(|| source_name.clone());
        Ok(Self {
            demuxer: Demuxer::start(&location)?,
            packetizer: Packetizer::new(source_name, source_id, options.stream_format).into(),
            finished: AtomicBool::new(false),
        })
    }

    /// The next access unit, or `None` after the last one, after an error and after
    /// [`PacketReader::close`].
    ///
    /// Blocks until there is one. `interrupt` is asked every 50 ms of waiting, on this thread and
    /// with no lock held, whether to give up; the reader can be used on after that.
    pub fn read(&self, interrupt: &dyn Fn() -> bool) -> Result<Option<Packet>, MediaError> {
        loop {
            if let Poll::Ready(outcome) = self.poll() {
                if !matches!(outcome, Ok(Some(_))) {
                    self.close();
                }
                return outcome;
            }
            if interrupt() {
                return Err(MediaError::Interrupted);
            }
        }
    }

    /// Waits for at most [`WAKE_INTERVAL`].
    fn poll(&self) -> Poll<Result<Option<Packet>, MediaError>> {
        // Held while waiting, so that threads that share the reader keep the order of the stream.
        let mut packetizer = self.packetizer.lock();
        if self.finished.load(Ordering::Acquire) {
            return Poll::Ready(Ok(None));
        }
        match self.demuxer.pull(WAKE_INTERVAL)? {
            Pull::Pending => Poll::Pending,
            Pull::End => Poll::Ready(Ok(None)),
            Pull::Sample(stream, sample) => {
                Poll::Ready(packetizer.packet(stream, &sample).map(Some))
            }
        }
    }

    /// Stops reading and frees the source. Whoever waits in [`PacketReader::read`] gets `None`.
    pub fn close(&self) {
        if !self.finished.swap(true, Ordering::AcqRel) {
            self.demuxer.stop();
        }
    }
}

impl Iterator for PacketReader {
    type Item = Result<Packet, MediaError>;

    /// Like [`PacketReader::read`] without interruption.
    fn next(&mut self) -> Option<Self::Item> {
        self.read(&|| false).transpose()
    }
}
