//! Writing packets into files: parser, muxer and file behind an appsrc.

mod container;
mod pipeline;
mod times;

use std::path::{Path, PathBuf};

use frames::Codec;
use parking_lot::Mutex;

use self::pipeline::Muxer;
use self::times::Clock;
use crate::MediaError;

pub use container::Container;
pub use times::BadTimestamps;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketWriterOptions {
    /// How packets are put into the file.
    pub container: Container,
    /// What to do about times that it does not take.
    pub on_bad_timestamps: BadTimestamps,
}

/// One access unit to write. Times are nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct WritePacket<'a> {
    /// H.264 and HEVC as byte stream.
    pub data: &'a [u8],
    /// How it is coded.
    pub codec: Codec,
    /// Width and height in pixels, if they are known; VP8 needs them.
    pub size: Option<(u32, u32)>,
    /// Frames a second as a fraction; not positive if they are not known.
    pub fps: (i32, i32),
    /// Presentation time.
    pub pts_ns: Option<i64>,
    /// Decode time; that of presentation without it.
    pub dts_ns: Option<i64>,
    /// Duration.
    pub duration_ns: Option<u64>,
    /// Whether it can be decoded on its own.
    pub keyframe: bool,
}

/// Writes the packets of one video stream into a file.
///
/// The file is complete after [`close`](Self::close), which dropping does too. It may be used from several
/// threads.
pub struct PacketWriter {
    path: PathBuf,
    options: PacketWriterOptions,
    state: Mutex<State>,
}

struct State {
    clock: Clock,
    phase: Phase,
}

enum Phase {
    /// Nothing was written.
    Empty,
    Open(Codec, Muxer),
    Closed,
}

/// What a frame lasts when nobody says so.
const DEFAULT_STEP_NS: i64 = 40_000_000;

impl PacketWriter {
    /// Makes the file, empty; what was there is lost.
    ///
    /// # Errors
    /// [`MediaError::File`], [`MediaError::Init`].
    pub fn create(
        path: impl Into<PathBuf>,
        options: PacketWriterOptions,
    ) -> Result<Self, MediaError> {
        let path = path.into();
        gst::init().map_err(|error| MediaError::Init(error.to_string()))?;
        std::fs::File::create(&path).map_err(|error| MediaError::File {
            path: path.display().to_string(),
            error,
        })?;
        let state = State {
            clock: Clock::new(
                options.on_bad_timestamps,
                options.container.has_decode_times(),
            ),
            phase: Phase::Empty,
        };
        Ok(Self {
            path,
            options,
            state: Mutex::new(state),
        })
    }

    /// Writes a packet, in decode order. Blocks while the file is behind; `interrupt` is asked every 50 ms
    /// whether to give up.
    ///
    /// # Errors
    /// [`MediaError::NotInContainer`], [`MediaError::BadTimestamps`], [`MediaError::OtherStream`],
    /// [`MediaError::NotByteStream`]: the packet is left out. [`MediaError::Write`]: the file is broken.
    /// [`MediaError::Closed`], [`MediaError::Interrupted`].
    pub fn write(
        &self,
        packet: &WritePacket<'_>,
        interrupt: &dyn Fn() -> bool,
    ) -> Result<(), MediaError> {
        // Held while waiting, so that threads that share the writer keep the order of the stream.
        let mut state = self.state.lock();
        let state = &mut *state;
        match &state.phase {
            Phase::Closed => return Err(MediaError::Closed),
            Phase::Open(codec, _) if *codec != packet.codec => {
                return Err(MediaError::OtherStream {
                    first: *codec,
                    now: packet.codec,
                });
            }
            _ => {}
        }
        self.options.container.check(packet.codec)?;
        check_framing(packet)?;
        let step = packet
            .duration_ns
            .and_then(|duration| i64::try_from(duration).ok())
            .or_else(|| frame_ns(packet.fps))
            .unwrap_or(DEFAULT_STEP_NS);
        if matches!(state.phase, Phase::Empty) {
            let muxer = Muxer::start(
                &self.path,
                self.options.container,
                packet,
                rate(packet, step),
            )?;
            state.phase = Phase::Open(packet.codec, muxer);
        }
        let Phase::Open(_, muxer) = &state.phase else {
            return Err(MediaError::Closed);
        };
        muxer.wait_for_room(interrupt)?;
        let times = state.clock.next(packet.pts_ns, packet.dts_ns, step)?;
        muxer.push(packet, times);
        Ok(())
    }

    /// Completes the file. Closing again does nothing. A file without a packet stays empty.
    ///
    /// # Errors
    /// [`MediaError::Write`]; [`MediaError::Interrupted`], after which the file is not complete.
    pub fn close(&self, interrupt: &dyn Fn() -> bool) -> Result<(), MediaError> {
        let phase = std::mem::replace(&mut self.state.lock().phase, Phase::Closed);
        match phase {
            Phase::Open(_, muxer) => muxer.finish(interrupt),
            Phase::Empty | Phase::Closed => Ok(()),
        }
    }

    /// Packets whose times were moved.
    pub fn fixed_timestamps(&self) -> u64 {
        self.state.lock().clock.fixed()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for PacketWriter {
    fn drop(&mut self) {
        if let Err(error) = self.close(&|| false) {
            tracing::error!("{error}");
        }
    }
}

/// Frames a second, from the duration of a frame if nobody says: without either, what the last one of a file
/// lasts is not known.
fn rate(packet: &WritePacket<'_>, step: i64) -> (i32, i32) {
    match (frame_ns(packet.fps), i32::try_from(step)) {
        (None, Ok(step @ 1..)) => (1_000_000_000, step),
        _ => packet.fps,
    }
}

/// Nanoseconds of a frame at this rate.
fn frame_ns((numerator, denominator): (i32, i32)) -> Option<i64> {
    if numerator <= 0 || denominator <= 0 {
        return None;
    }
    Some(1_000_000_000 * i64::from(denominator) / i64::from(numerator))
}

/// Refuses NAL units without start codes, which a parser would take for garbage.
fn check_framing(packet: &WritePacket<'_>) -> Result<(), MediaError> {
    let has_nal_units = matches!(packet.codec, Codec::H264 | Codec::Hevc);
    let has_start_code =
        packet.data.starts_with(&[0, 0, 1]) || packet.data.starts_with(&[0, 0, 0, 1]);
    if has_nal_units && !has_start_code {
        return Err(MediaError::NotByteStream {
            codec: packet.codec,
        });
    }
    Ok(())
}
