//! What the threads of a pipeline tell the reader: the stream that was found, or what went wrong.

use std::time::{Duration, Instant};

use gst::prelude::*;
use parking_lot::{Condvar, Mutex};

use crate::format::{Format, is_video};
use crate::{MediaError, elements};

/// What `rtspsrc` warns of. Without packets that is all it does.
const CONNECTION_CLOSED: &str = "The server closed the connection.";

/// The stream that is read.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) format: &'static Format,
    /// Whether frame rate and durations are those of the stream. An IVF file only has a time
    /// base, which its parser passes off as a frame rate.
    pub(crate) has_frame_rate: bool,
    /// Whether the container tells the size of the pictures. Otherwise a parser does.
    pub(crate) has_size: bool,
    /// Whether a container or a network protocol tells the times. Otherwise a parser does.
    pub(crate) has_times: bool,
}

/// Shared by a reader and the callbacks of its pipeline. No lock is held across either.
pub(crate) struct Progress {
    source_name: String,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether some stream is going to be the one that is read.
    is_claimed: bool,
    selected: Option<Stream>,
    failure: Option<MediaError>,
    /// The caps of the streams that are not read.
    others: Vec<gst::Caps>,
    /// Parsers that may still find streams.
    searching: usize,
    /// Whether the source itself will bring no more streams.
    is_source_complete: bool,
    /// What `GStreamer` missed last, in its words.
    missing_plugin: Option<String>,
    /// When the server ended the stream or closed the connection, or the last access unit after that.
    ending_since: Option<Instant>,
}

impl Progress {
    pub(crate) fn new(source_name: String) -> Self {
        Self {
            source_name,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn source_name(&self) -> &str {
        &self.source_name
    }

    /// The stream that is read, or `None` if it takes longer than `timeout` to find it.
    pub(crate) fn wait_for_stream(&self, timeout: Duration) -> Result<Option<Stream>, MediaError> {
        let mut state = self.state.lock();
        if state.selected.is_none() && state.failure.is_none() {
            self.changed.wait_for(&mut state, timeout);
        }
        match state.selected {
            None => state.failure.take().map_or(Ok(None), Err),
            selected => Ok(selected),
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.state.lock().failure.is_some()
    }

    pub(crate) fn take_failure(&self) -> Option<MediaError> {
        self.state.lock().failure.take()
    }

    /// An access unit was received.
    pub(crate) fn sample_came(&self) {
        if let Some(since) = &mut self.state.lock().ending_since {
            *since = Instant::now();
        }
    }

    /// The server has ended the stream or closed the connection. Access units may still be on their way.
    pub(crate) fn stream_is_ending(&self) {
        self.state.lock().ending_since = Some(Instant::now());
    }

    /// Whether the stream is ending and nothing was received for so long.
    pub(crate) fn is_ending_for(&self, limit: Duration) -> bool {
        let since = self.state.lock().ending_since;
        since.is_some_and(|since| since.elapsed() >= limit)
    }

    /// The format of a stream that has just been found if it is the one to read: the first one of
    /// a known codec.
    pub(crate) fn claim(&self, caps: &gst::Caps) -> Option<&'static Format> {
        let mut state = self.state.lock();
        let format = Format::of(caps).filter(|_| !state.is_claimed);
        match format {
            Some(_) => state.is_claimed = true,
            None => state.others.push(caps.clone()),
        }
        format
    }

    pub(crate) fn select(&self, stream: Stream) {
        self.update(|state| state.selected = Some(stream));
    }

    /// A parser begins to look for streams.
    pub(crate) fn search_begins(&self) {
        self.update(|state| state.searching += 1);
    }

    /// A parser has found all its streams.
    pub(crate) fn search_ends(&self) {
        self.update(|state| state.searching = state.searching.saturating_sub(1));
    }

    /// There will be no more parsers.
    pub(crate) fn source_is_complete(&self) {
        self.update(|state| state.is_source_complete = true);
    }

    /// Takes note of a failure, if there is one. The first is kept: later ones follow from it.
    pub(crate) fn fail_if(&self, result: Result<(), MediaError>) {
        if let Err(failure) = result {
            self.update(|state| _ = state.failure.get_or_insert(failure));
        }
    }

    pub(crate) fn check<E: std::fmt::Display>(
        &self,
        result: Result<(), E>,
    ) -> Result<(), MediaError> {
        result.map_err(|error| self.failure("pipeline".into(), &error))
    }

    fn failure(&self, element: String, message: &dyn std::fmt::Display) -> MediaError {
        MediaError::Element {
            source_name: self.source_name.clone(),
            element,
            message: message.to_string(),
        }
    }

    /// Handles what the pipeline posts on its bus.
    pub(crate) fn on_message(&self, message: &gst::Message) {
        match message.view() {
            gst::MessageView::Error(error) => self.on_error(error),
            gst::MessageView::Warning(warning) => {
                let is_closed = |debug: gst::glib::GString| debug.contains(CONNECTION_CLOSED);
                if warning.debug().is_some_and(is_closed) {
                    self.stream_is_ending();
                }
            }
            gst::MessageView::Eos(_) => self.update(|state| {
                state.is_source_complete = true;
                state.searching = 0;
            }),
            gst::MessageView::Element(element) => {
                let wanted = element
                    .structure()
                    .filter(|structure| structure.name() == "missing-plugin")
                    .and_then(|structure| structure.get::<String>("name").ok());
                if let Some(wanted) = wanted {
                    self.update(|state| state.missing_plugin = Some(wanted));
                }
            }
            _ => {}
        }
    }

    fn on_error(&self, error: &gst::message::Error) {
        let element = error.src().map_or("pipeline".into(), GstObjectExt::name);
        // The first line of the detail is a place in GStreamer's source code.
        let debug = error.debug();
        let detail = debug.as_ref().and_then(|debug| debug.split_once('\n'));
        let detail = detail.map_or(String::new(), |(_, text)| format!(" ({text})"));
        let failure = self.failure(element.into(), &format_args!("{}{detail}", error.error()));
        self.update(|state| {
            let is_searching = state.selected.is_none();
            let missing = state.missing_plugin.take().filter(|_| is_searching);
            let failure = missing.map_or(failure, |wanted| MediaError::MissingPlugin {
                source_name: self.source_name.clone(),
                wanted,
            });
            state.failure.get_or_insert(failure);
        });
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        change(&mut state);
        let is_over = state.is_source_complete && state.searching == 0;
        if is_over && !state.is_claimed && state.failure.is_none() {
            state.failure = Some(self.nothing_found(&state.others));
        }
        self.changed.notify_all();
    }

    /// Why none of the streams is read.
    fn nothing_found(&self, streams: &[gst::Caps]) -> MediaError {
        if let Some(error) = streams
            .iter()
            .find_map(|caps| elements::missing_demuxer(caps))
        {
            return error;
        }
        let (video, other): (Vec<_>, Vec<_>) = streams.iter().partition(|caps| is_video(caps));
        let text = |caps: Vec<&gst::Caps>| caps.into_iter().map(ToString::to_string).collect();
        let source_name = self.source_name.clone();
        if video.is_empty() {
            MediaError::NoVideo {
                source_name,
                streams: text(other),
            }
        } else {
            MediaError::UnknownCodec {
                source_name,
                streams: text(video),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_WAIT: Duration = Duration::ZERO;

    fn progress() -> Progress {
        gst::init().unwrap();
        Progress::new("clip".to_owned())
    }

    fn caps(media_type: &str) -> gst::Caps {
        gst::Caps::new_empty_simple(media_type)
    }

    fn wait(progress: &Progress) -> String {
        match progress.wait_for_stream(NO_WAIT) {
            Ok(Some(stream)) => stream.format.codec.to_string(),
            Ok(None) => "pending".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_first_known_video_stream_is_read() {
        let progress = progress();
        progress.source_is_complete_after(|| {
            assert!(progress.claim(&caps("audio/mpeg")).is_none());
            assert!(progress.claim(&caps("video/mpeg")).is_none());
            let format = progress.claim(&caps("video/x-vp8")).unwrap();
            assert!(progress.claim(&caps("video/x-vp9")).is_none());
            assert_eq!(wait(&progress), "pending");
            progress.select(Stream {
                format,
                has_frame_rate: true,
                has_size: true,
                has_times: true,
            });
        });
        assert_eq!(wait(&progress), "vp8");
    }

    #[test]
    fn what_is_there_instead_is_named() {
        let sound = progress();
        sound.source_is_complete_after(|| assert!(sound.claim(&caps("audio/mpeg")).is_none()));
        assert_eq!(
            wait(&sound),
            "clip has no video stream; its streams are: audio/mpeg"
        );

        let video = progress();
        video.source_is_complete_after(|| {
            video.claim(&caps("audio/mpeg"));
            video.claim(&caps("video/x-theora"));
        });
        assert_eq!(
            wait(&video),
            "clip: no known codec among its video streams: video/x-theora"
        );

        let container = progress();
        container
            .source_is_complete_after(|| assert!(container.claim(&caps("video/mpegts")).is_none()));
        assert!(wait(&container).contains("tsdemux"));
    }

    #[test]
    fn the_search_goes_on_while_a_parser_or_the_source_may_find_more() {
        let progress = progress();
        progress.search_begins();
        progress.search_begins();
        progress.search_ends();
        progress.source_is_complete();
        assert_eq!(wait(&progress), "pending");
        progress.search_ends();
        progress.search_ends();
        assert!(wait(&progress).contains("no video stream"));
    }

    #[test]
    fn a_missing_plugin_explains_a_failure_only_before_a_stream_is_found() {
        let missing = gst::message::Element::new(
            gst::Structure::builder("missing-plugin")
                .field("name", "Foo demuxer")
                .build(),
        );
        let error = gst::message::Error::builder(gst::StreamError::Failed, "broken")
            .debug("somewhere.c(1): f ():\nthe reason")
            .build();
        let searching = progress();
        searching.on_message(&missing);
        searching.on_message(&error);
        assert!(wait(&searching).contains("no GStreamer plugin for Foo demuxer"));

        let reading = progress();
        let format = reading.claim(&caps("video/x-vp8")).unwrap();
        reading.select(Stream {
            format,
            has_frame_rate: true,
            has_size: true,
            has_times: true,
        });
        reading.on_message(&missing);
        reading.on_message(&error);
        assert!(reading.has_failed());
        let failure = reading.take_failure().unwrap().to_string();
        assert_eq!(failure, "clip: pipeline: broken (the reason)");
    }

    #[test]
    fn silence_counts_once_the_stream_is_ending() {
        let progress = progress();
        let warn = |debug: &str| {
            let warning = gst::message::Warning::builder(gst::ResourceError::Read, "cannot read");
            progress.on_message(&warning.debug(debug).build());
        };
        warn("something else");
        progress.sample_came();
        assert!(!progress.is_ending_for(NO_WAIT));
        warn("gstrtspsrc.c(1): loop ():\nThe server closed the connection.");
        assert!(progress.is_ending_for(NO_WAIT));
        std::thread::sleep(Duration::from_millis(100));
        assert!(progress.is_ending_for(Duration::from_millis(100)));
        progress.sample_came();
        assert!(!progress.is_ending_for(Duration::from_millis(100)));
    }

    impl Progress {
        fn source_is_complete_after(&self, found: impl FnOnce()) {
            self.search_begins();
            self.source_is_complete();
            found();
            self.search_ends();
        }
    }
}
