//! The `GStreamer` pipeline behind a reader: source, demuxer and parsers, up to a bounded queue of
//! access units of one video stream.
//!
//! A source is read by one streaming thread, so the queue's bound holds back the whole pipeline.
//! Streams that are not read end in sinks that never wait: no sink prerolls, and none is
//! synchronised to a clock, so that no stream can hold up another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use frames::Codec;
use gst::prelude::*;

use crate::format::{Format, picture_size};
use crate::location::check_file;
use crate::obu::is_annex_b;
use crate::progress::{Progress, Stream};
use crate::rtp::{Losses, LostPackets};
use crate::{
    Location, MediaError, annex_b_obu, elements, jitter_buffers, type_finders, whole_segments,
};

/// How many access units wait to be read before the source is held back.
const QUEUE_LENGTH: u32 = 16;

/// How many waits in a row must find the pipeline idle before it counts as dead.
const IDLE_WAITS: u32 = 4;

/// How long a source may bring nothing once its server has ended the stream or closed the connection. Above the two
/// seconds for which `rtspsrc` holds packets back to put them in order.
const ENDING_LIMIT: Duration = Duration::from_secs(3);

/// A running pipeline. Dropping it stops it.
pub(crate) struct Demuxer {
    pipeline: gst::Pipeline,
    graph: Graph,
    reads_file: bool,
    idle_waits: AtomicU32,
}

/// What a wait for the next access unit came to.
pub(crate) enum Pull {
    /// An access unit of the stream.
    Sample {
        stream: Stream,
        sample: gst::Sample,
        /// How many RTP packets had been lost when it came, over all connections.
        rtp_packets_lost: u64,
    },
    /// None yet.
    Pending,
    /// The source is between two connections.
    Paused,
    /// There are no more.
    End,
}

impl Demuxer {
    /// Starts reading. Returns as soon as the pipeline runs, which says nothing yet about what the
    /// source contains; a missing file is found at once. RTP packets that get lost are added to `lost`.
    pub(crate) fn start(location: &Location, lost: &LostPackets) -> Result<Self, MediaError> {
        if let Location::File(path) = location {
            check_file(path)?;
        }
        gst::init().map_err(|error| MediaError::Init(error.to_string()))?;
        type_finders::register()?;
        let pipeline = gst::Pipeline::new();
        let graph = Graph {
            pipeline: pipeline.downgrade(),
            sink: gst_app::AppSink::builder()
                .async_(false)
                .sync(false)
                .max_buffers(QUEUE_LENGTH)
                .enable_last_sample(false)
                .build(),
            progress: Arc::new(Progress::new(location.to_string())),
            losses: Losses::new(lost.clone()),
        };
        let demuxer = Self {
            pipeline,
            graph,
            reads_file: matches!(location, Location::File(_)),
            idle_waits: AtomicU32::new(0),
        };
        demuxer.watch_bus();
        if !demuxer.reads_file {
            let progress = demuxer.graph.progress.clone();
            jitter_buffers::watch_ends(&demuxer.pipeline, move || progress.stream_is_ending());
        }
        demuxer.graph.add_source(location)?;
        let started = demuxer.pipeline.set_state(gst::State::Playing).map(drop);
        let progress = &demuxer.graph.progress;
        // An element that cannot start has usually said why on the bus already.
        progress.fail_if(progress.check(started));
        Ok(demuxer)
    }

    /// The next access unit; waits for at most `timeout` if there is none yet.
    ///
    /// What was queued before an error comes first, then the error, then the end.
    pub(crate) fn pull(&self, timeout: Duration) -> Result<Pull, MediaError> {
        let Graph { sink, progress, .. } = &self.graph;
        let Some(stream) = progress.wait_for_stream(timeout)? else {
            self.fail_if_dead();
            return if progress.is_ending_for(ENDING_LIMIT) {
                let source_name = progress.source_name().to_owned();
                Err(MediaError::Ended { source_name })
            } else {
                Ok(Pull::Pending)
            };
        };
        // Access units are queued before an error is noted, and an error is noted before the end
        // of the stream is: look for them in the reverse order.
        let has_failed = progress.has_failed();
        let next = |timeout| {
            let sample = sink.try_pull_sample(timeout)?;
            progress.sample_came();
            Some(Pull::Sample {
                stream,
                sample,
                rtp_packets_lost: self.graph.losses.leave_queue(),
            })
        };
        if let Some(sample) = next(gst::ClockTime::ZERO) {
            return Ok(sample);
        }
        if has_failed || sink.is_eos() {
            return progress.take_failure().map_or(Ok(Pull::End), Err);
        }
        let timeout = gst::ClockTime::try_from(timeout).unwrap_or(gst::ClockTime::MAX);
        Ok(match next(timeout) {
            Some(sample) => sample,
            None if progress.is_ending_for(ENDING_LIMIT) => Pull::End,
            None => Pull::Pending,
        })
    }

    /// Stops the pipeline and wakes whoever waits for it. Returns when its threads have ended.
    pub(crate) fn stop(&self) {
        if !self.reads_file {
            jitter_buffers::release(&self.pipeline);
        }
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            let source = self.graph.progress.source_name();
            tracing::warn!(source, %error, "the pipeline does not stop");
        }
    }

    /// Fails if nothing works on finding a stream any more.
    ///
    /// `parsebin` swallows what a demuxer posts while it is being plugged in, also if that is the
    /// demuxer's last word: it has a thread of its own by then. All that can be seen of that is
    /// that the threads of the pipeline have stopped. Sources of URLs may have other threads.
    fn fail_if_dead(&self) {
        if !self.reads_file || self.has_running_task() {
            self.idle_waits.store(0, Ordering::Relaxed);
        } else if self.idle_waits.fetch_add(1, Ordering::Relaxed) + 1 >= IDLE_WAITS {
            let progress = &self.graph.progress;
            progress.fail_if(progress.check(Err("it cannot be read; no reason is given")));
        }
    }

    fn has_running_task(&self) -> bool {
        let elements = self.pipeline.iterate_recurse();
        elements
            .into_iter()
            .flatten()
            .flat_map(|element| element.pads())
            .any(|pad| pad.task_state() == gst::TaskState::Started)
    }

    fn watch_bus(&self) {
        let Some(bus) = self.pipeline.bus() else {
            return;
        };
        let progress = self.graph.progress.clone();
        bus.set_sync_handler(move |_, message| {
            progress.on_message(message);
            gst::BusSyncReply::Drop
        });
    }
}

impl Drop for Demuxer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The pipeline as its own callbacks see it, which extend it as streams are found.
#[derive(Clone)]
struct Graph {
    /// Weak, as the pipeline owns the callbacks.
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    sink: gst_app::AppSink,
    progress: Arc<Progress>,
    losses: Losses,
}

impl Graph {
    fn add_source(&self, location: &Location) -> Result<(), MediaError> {
        match location {
            Location::File(path) => {
                let source = elements::make("filesrc")?;
                source.set_property("location", path.as_path());
                self.add(&source)?;
                let parser = self.add_parser()?;
                self.progress.source_is_complete();
                self.progress.check(source.link(&parser))
            }
            Location::Url(url) => {
                let source = elements::make("urisourcebin")?;
                source.set_property("uri", url);
                let progress = self.progress.clone();
                source.connect_no_more_pads(move |_| progress.source_is_complete());
                let graph = self.clone();
                source.connect_pad_added(move |_, pad| {
                    graph
                        .losses
                        .watch_packets(pad, graph.progress.source_name());
                    let parser = graph.add_parser();
                    let linked = parser.and_then(|parser| graph.link(pad, &parser));
                    graph.progress.fail_if(linked);
                });
                self.add(&source)
            }
        }
    }

    /// Adds a `parsebin`, whose streams are looked at as they are found.
    ///
    /// It leaves the streams of known codecs as they are: what has to be parsed is parsed here,
    /// once.
    fn add_parser(&self) -> Result<gst::Element, MediaError> {
        let parser = elements::make("parsebin")?;
        parser.connect("autoplug-continue", false, |arguments| {
            let caps = arguments
                .get(2)
                .and_then(|caps| caps.get::<gst::Caps>().ok());
            let is_known = caps.is_some_and(|caps| Format::of(&caps).is_some());
            Some((!is_known).to_value())
        });
        let graph = self.clone();
        parser.connect_pad_added(move |parser, pad| {
            graph.progress.fail_if(graph.add_stream(parser, pad));
        });
        let progress = self.progress.clone();
        parser.connect_no_more_pads(move |_| progress.search_ends());
        self.progress.search_begins();
        self.add(&parser)?;
        Ok(parser)
    }

    /// Reads the stream of `pad` if it is the first one of a known codec; else discards it.
    fn add_stream(&self, parser: &gst::Element, pad: &gst::Pad) -> Result<(), MediaError> {
        let caps = pad
            .current_caps()
            .or_else(|| pad.stream()?.caps())
            .unwrap_or_else(|| pad.query_caps(None));
        let Some(format) = self.progress.claim(&caps) else {
            let discard = elements::make("fakesink")?;
            discard.set_property("async", false);
            discard.set_property("sync", false);
            self.add(&discard)?;
            return self.link(pad, &discard);
        };
        let sink: &gst::Element = self.sink.upcast_ref();
        self.sink.set_caps(Some(&format.output_caps()));
        self.add(sink)?;
        if let Some(pad) = sink.static_pad("sink") {
            self.losses.watch_queue(&pad);
            whole_segments::widen(&pad);
        }
        let has_size = picture_size(&caps).is_some();
        let has = |kind| contains(parser, |factory| factory.has_type(kind));
        let is_contained = has(gst::ElementFactoryType::DEMUXER);
        let is_framed = format.containers_hold_access_units && has_size && is_contained;
        match format.parser {
            Some(factory) if !is_framed => {
                let access_units = elements::make(factory)?;
                if format.has_nal_units() {
                    // Parameter sets before every random access point.
                    access_units.set_property("config-interval", -1);
                }
                if let Some(pad) = access_units.static_pad("sink") {
                    whole_segments::widen(&pad);
                }
                self.add(&access_units)?;
                self.progress.check(access_units.link(sink))?;
                if format.codec == Codec::Av1 && is_annex_b(&caps) {
                    self.link_translated(pad, &access_units)?;
                } else {
                    self.link(pad, &access_units)?;
                }
            }
            _ => self.link(pad, sink)?,
        }
        let has_frame_rate = !contains(parser, |factory| factory.name() == "ivfparse");
        self.progress.select(Stream {
            format,
            has_frame_rate,
            has_size,
            has_times: is_contained || has(gst::ElementFactoryType::DEPAYLOADER),
        });
        Ok(())
    }

    /// Links a stream of AV1's annex B to its parser.
    fn link_translated(&self, pad: &gst::Pad, parser: &gst::Element) -> Result<(), MediaError> {
        // A parser would pull from a file itself; only what is pushed can be translated.
        let queue = elements::make("queue")?;
        self.add(&queue)?;
        if let Some(sink_pad) = parser.static_pad("sink") {
            annex_b_obu::translate(&sink_pad);
        }
        self.progress.check(queue.link(parser))?;
        self.link(pad, &queue)
    }

    fn add(&self, element: &gst::Element) -> Result<(), MediaError> {
        let Some(pipeline) = self.pipeline.upgrade() else {
            return Ok(());
        };
        self.progress.check(pipeline.add(element))?;
        self.progress.check(element.sync_state_with_parent())
    }

    fn link(&self, pad: &gst::Pad, element: &gst::Element) -> Result<(), MediaError> {
        let Some(sink_pad) = element.static_pad("sink") else {
            return Ok(());
        };
        self.progress.check(pad.link(&sink_pad).map(drop))
    }
}

/// Whether `bin` contains an element made by such a factory, at any depth.
fn contains(bin: &gst::Element, wanted: impl Fn(&gst::ElementFactory) -> bool) -> bool {
    let elements = bin
        .downcast_ref::<gst::Bin>()
        .map(GstBinExtManual::iterate_recurse);
    elements
        .into_iter()
        .flatten()
        .flatten()
        .any(|element| element.factory().is_some_and(|factory| wanted(&factory)))
}
