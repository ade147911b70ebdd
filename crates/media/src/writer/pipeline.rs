//! The pipeline behind a writer: appsrc, parser, muxer, file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gst::prelude::*;
use parking_lot::{Condvar, Mutex};

use super::times::Times;
use super::{Container, WritePacket};
use crate::format::Format;
use crate::{MediaError, elements};

/// Packets that wait to be written before the writer is held back.
const QUEUE_LENGTH: u64 = 32;

/// The longest time a waiting writer sleeps before it asks whether it has been interrupted.
const WAKE_INTERVAL: Duration = Duration::from_millis(50);

/// A running pipeline. Dropping it stops it, which leaves the file as it is.
pub(super) struct Muxer {
    pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    report: Arc<Report>,
}

/// What the pipeline has told.
#[derive(Default)]
struct Report {
    state: Mutex<Told>,
    changed: Condvar,
}

impl Report {
    fn wake(&self) {
        // Who has looked at the queue, but does not sleep yet, must not miss this.
        let _told = self.state.lock();
        self.changed.notify_all();
    }
}

#[derive(Default)]
struct Told {
    failure: Option<String>,
    has_ended: bool,
}

impl Muxer {
    pub(super) fn start(
        path: &Path,
        container: Container,
        first: &WritePacket<'_>,
        fps: (i32, i32),
    ) -> Result<Self, MediaError> {
        let report = Arc::new(Report::default());
        let format = Format::for_codec(first.codec);
        let waker = report.clone();
        let source = gst_app::AppSrc::builder()
            .caps(&format.stream_caps(first.size, fps))
            .format(gst::Format::Time)
            .max_bytes(0)
            .max_buffers(QUEUE_LENGTH)
            .block(false)
            .callbacks(
                gst_app::AppSrcCallbacks::builder()
                    .need_data(move |_, _| waker.wake())
                    .build(),
            )
            .build();
        let muxer = elements::make(container.muxer())?;
        for (property, value) in container.settings() {
            if muxer.has_property(property) {
                muxer.set_property_from_str(property, value);
            }
        }
        let file = elements::make("filesink")?;
        file.set_property("location", path);
        file.set_property("sync", false);
        file.set_property("async", false);
        if container.is_unbuffered() {
            file.set_property_from_str("buffer-mode", "unbuffered");
        }
        let this = Self {
            pipeline: gst::Pipeline::new(),
            source,
            report,
        };
        let mut chain = vec![this.source.clone().upcast()];
        if let Some(parser) = format.parser {
            chain.push(elements::make(parser)?);
        }
        chain.extend([muxer, file]);
        let built = this
            .pipeline
            .add_many(&chain)
            .and_then(|()| gst::Element::link_many(&chain));
        built.map_err(|error| failure(path, &error.to_string()))?;
        this.watch_bus(path);
        let started = this.pipeline.set_state(gst::State::Playing);
        // An element that cannot start has usually said why on the bus already.
        this.check(path)?;
        started.map_err(|error| failure(path, &error.to_string()))?;
        Ok(this)
    }

    /// Waits until the queue has room.
    pub(super) fn wait_for_room(&self, interrupt: &dyn Fn() -> bool) -> Result<(), MediaError> {
        self.wait(interrupt, |told, source| {
            told.has_ended || source.current_level_buffers() < QUEUE_LENGTH
        })
    }

    pub(super) fn push(&self, packet: &WritePacket<'_>, times: Times) {
        let mut buffer = gst::Buffer::from_slice(packet.data.to_vec());
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds(times.pts));
            buffer.set_dts(times.dts.map(gst::ClockTime::from_nseconds));
            buffer.set_duration(packet.duration_ns.map(gst::ClockTime::from_nseconds));
            if !packet.keyframe {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        // It fails only when the pipeline is broken, which the next wait tells.
        let _ = self.source.push_buffer(buffer);
    }

    /// Writes what is left, and what the container has at its end.
    pub(super) fn finish(self, interrupt: &dyn Fn() -> bool) -> Result<(), MediaError> {
        let _ = self.source.end_of_stream();
        self.wait(interrupt, |told, _| told.has_ended)
    }

    fn wait(
        &self,
        interrupt: &dyn Fn() -> bool,
        is_over: impl Fn(&Told, &gst_app::AppSrc) -> bool,
    ) -> Result<(), MediaError> {
        loop {
            {
                let mut told = self.report.state.lock();
                if let Some(text) = &told.failure {
                    return Err(MediaError::Write(text.clone()));
                }
                if is_over(&told, &self.source) {
                    return Ok(());
                }
                let timed_out = self.report.changed.wait_for(&mut told, WAKE_INTERVAL);
                if !timed_out.timed_out() {
                    continue;
                }
            }
            if interrupt() {
                return Err(MediaError::Interrupted);
            }
        }
    }

    fn check(&self, path: &Path) -> Result<(), MediaError> {
        let failed = self.report.state.lock().failure.clone();
        failed.map_or(Ok(()), |text| {
            tracing::debug!("{}: {text}", path.display());
            Err(MediaError::Write(text))
        })
    }

    fn watch_bus(&self, path: &Path) {
        let Some(bus) = self.pipeline.bus() else {
            return;
        };
        let (report, path) = (self.report.clone(), path.display().to_string());
        bus.set_sync_handler(move |_, message| {
            match message.view() {
                gst::MessageView::Error(error) => {
                    let source = error
                        .src()
                        .map_or_else(String::new, |e| format!("{}: ", e.name()));
                    let text = if error.error().matches(gst::ResourceError::NoSpaceLeft) {
                        format!("{path}: no space is left on the device")
                    } else {
                        let detail = error
                            .debug()
                            .map_or_else(String::new, |d| format!(" ({d})"));
                        format!("{path}: {source}{}{detail}", error.error())
                    };
                    // What follows from the first error is of no interest.
                    report.state.lock().failure.get_or_insert(text);
                }
                gst::MessageView::Eos(_) => report.state.lock().has_ended = true,
                _ => {}
            }
            report.wake();
            gst::BusSyncReply::Drop
        });
    }
}

impl Drop for Muxer {
    fn drop(&mut self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::warn!(%error, "the pipeline of a writer does not stop");
        }
    }
}

fn failure(path: &Path, text: &str) -> MediaError {
    MediaError::Write(format!("{}: {text}", path.display()))
}
