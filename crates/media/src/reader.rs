//! The reader: access units of one video stream, with their descriptions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::packet::Packetizer;
use crate::pipeline::Pull;
use crate::progress::Stream;
use crate::reconnect::Retries;
use crate::source::Source;
use crate::{Location, MediaError, Packet, Reconnect, StreamFormat};

/// The longest time a waiting reader sleeps before it asks whether it has been interrupted.
const WAKE_INTERVAL: Duration = Duration::from_millis(50);

/// How a source is read.
#[derive(Debug, Clone, Default)]
pub struct PacketReaderOptions {
    /// The source id of all frames; the file or URL as given by default.
    pub source_id: Option<String>,
    /// The form of H.264 and HEVC access units.
    pub stream_format: StreamFormat,
    /// What to do when a live source is lost: without it, that ends the reading.
    pub reconnect: Option<Reconnect>,
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
/// A live source with [`PacketReaderOptions::reconnect`] is connected to again when it is lost. The first frame
/// of each connection has no previous frame; its `pts` is that of the very first frame plus the time that has passed
/// since that came, and in any case behind all those of the connection before. Access units come as they are
/// received, also those before the first random access point, except for VP8 ones whose size is not known yet.
///
/// The reader reads ahead by a bounded number of access units. It may be used from several
/// threads; each access unit goes to one of them. Dropping it stops it.
pub struct PacketReader {
    source_name: String,
    source: Source,
    reading: Mutex<Reading>,
    connections: AtomicU64,
    rtp_packets_lost: AtomicU64,
}

/// What the thread that reads changes.
struct Reading {
    packetizer: Packetizer,
    retries: Option<Retries>,
    /// When the very first access unit came.
    first: Option<Instant>,
    /// Whether the connection has brought nothing yet.
    is_new: bool,
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
        if options.reconnect.is_some() && !location.is_live() {
            return Err(MediaError::NotLive { source_name });
        }
        let source_id = options.source_id.unwrap_or_else(|| location.as_given());
        let reading = Reading {
            packetizer: Packetizer::new(source_name.clone(), source_id, options.stream_format),
            retries: options.reconnect.map(Retries::new),
            first: None,
            is_new: true,
        };
        Ok(Self {
            source_name,
            source: Source::open(location)?,
            reading: reading.into(),
            connections: AtomicU64::new(0),
            rtp_packets_lost: AtomicU64::new(0),
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

    /// How many connections have brought an access unit so far. Grows with the first one of each.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Acquire)
    }

    /// How many RTP packets of video streams were lost on the way so far, over all connections; 0 for sources without
    /// RTP. Grows with the first access unit that comes behind a loss.
    pub fn rtp_packets_lost(&self) -> u64 {
        self.rtp_packets_lost.load(Ordering::Acquire)
    }

    /// Waits for at most [`WAKE_INTERVAL`].
    fn poll(&self) -> Poll<Result<Option<Packet>, MediaError>> {
        // Held while waiting, so that threads that share the reader keep the order of the stream.
        let mut reading = self.reading.lock();
        if self.source.is_closed() {
            return Poll::Ready(Ok(None));
        }
        let before = Instant::now();
        match self.source.pull(WAKE_INTERVAL) {
            Ok(Pull::Sample {
                stream,
                sample,
                rtp_packets_lost,
            }) => {
                self.rtp_packets_lost
                    .store(rtp_packets_lost, Ordering::Release);
                self.packet(&mut reading, stream, &sample)
            }
            Ok(Pull::Paused) => Poll::Pending,
            Ok(Pull::Pending) => match reading.stalled(before.elapsed()) {
                None => Poll::Pending,
                Some(limit) => {
                    let source_name = self.source_name.clone();
                    self.lost(&mut reading, MediaError::Stalled { source_name, limit })
                }
            },
            Ok(Pull::End) if reading.retries.is_none() => Poll::Ready(Ok(None)),
            Ok(Pull::End) => {
                let source_name = self.source_name.clone();
                self.lost(&mut reading, MediaError::Ended { source_name })
            }
            Err(error) => self.lost(&mut reading, error),
        }
    }

    fn packet(
        &self,
        reading: &mut Reading,
        stream: Stream,
        sample: &gst::Sample,
    ) -> Poll<Result<Option<Packet>, MediaError>> {
        let packet = match reading.packet(stream, sample) {
            Err(MediaError::UnknownSize { .. }) if reading.is_new && reading.retries.is_some() => {
                return Poll::Pending;
            }
            packet => packet?,
        };
        if std::mem::take(&mut reading.is_new) {
            self.connections.fetch_add(1, Ordering::AcqRel);
        }
        Poll::Ready(Ok(Some(packet)))
    }

    /// Prepares for the next connection, or fails if there is to be none.
    fn lost(
        &self,
        reading: &mut Reading,
        reason: MediaError,
    ) -> Poll<Result<Option<Packet>, MediaError>> {
        if self.source.is_closed() {
            return Poll::Ready(Ok(None));
        }
        let retries = reading.retries.as_mut();
        let Some(retries) = retries.filter(|_| !reason.is_permanent()) else {
            return Poll::Ready(Err(reason));
        };
        match retries.lost() {
            Ok(delay) => {
                let delay_ms = delay.as_millis();
                tracing::warn!("{reason}; connecting again in {delay_ms} ms");
                reading.is_new = true;
                self.source.pause(delay);
                Poll::Pending
            }
            Err(attempts) => Poll::Ready(Err(MediaError::GaveUp {
                attempts,
                last: reason.into(),
            })),
        }
    }

    /// Stops reading and frees the source. Whoever waits in [`PacketReader::read`] gets `None`.
    pub fn close(&self) {
        self.source.close();
    }
}

impl Reading {
    fn packet(&mut self, stream: Stream, sample: &gst::Sample) -> Result<Packet, MediaError> {
        if let Some(first) = self.first.filter(|_| self.is_new) {
            self.packetizer.begin_connection(first.elapsed());
        }
        let packet = self.packetizer.packet(stream, sample)?;
        self.first.get_or_insert_with(Instant::now);
        if let Some(retries) = &mut self.retries {
            retries.packet();
        }
        Ok(packet)
    }

    /// The limit, if the source has brought nothing for so long.
    fn stalled(&mut self, waited: Duration) -> Option<Duration> {
        self.retries.as_mut()?.waited(waited)
    }
}

impl Iterator for PacketReader {
    type Item = Result<Packet, MediaError>;

    /// Like [`PacketReader::read`] without interruption.
    fn next(&mut self) -> Option<Self::Item> {
        self.read(&|| false).transpose()
    }
}
