//! One element between an appsrc and an appsink: what decoders and encoders drive.
//!
//! The source asks for buffers one by one and never blocks; outputs come on the element's streaming
//! thread, which may wait in [`Events::output`].

use std::sync::Weak;

use gst::prelude::*;

use crate::pictures;

/// What a pipeline reports, from its streaming thread.
pub trait Events: Send + Sync {
    /// One more buffer can be taken.
    fn hungry(&self);
    /// An output of the element. `Err` ends the stream.
    ///
    /// # Errors
    /// [`Stopped`] when nothing more is taken.
    fn output(&self, sample: gst::Sample) -> Result<(), Stopped>;
    /// Everything has come out after [`ElementPipeline::end`].
    fn ended(&self);
    /// An element broke down.
    fn failed(&self, message: &str);
}

/// Nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// What to build.
pub struct Setup<'a> {
    /// The element, configured.
    pub element: gst::Element,
    /// Caps of the buffers that go in.
    pub input: &'a gst::Caps,
    /// Caps of what comes out.
    pub output: &'a gst::Caps,
}

/// A pipeline of one element. Dropping it stops it.
pub struct ElementPipeline {
    pipeline: gst::Pipeline,
    input: Input,
}

/// Where buffers go into a pipeline; it may outlive it.
#[derive(Clone)]
pub struct Input(gst_app::AppSrc);

impl Input {
    /// Gives a buffer in, after [`Events::hungry`] was called.
    pub fn push(&self, buffer: gst::Buffer) {
        // It fails only when the pipeline is stopping or broken, which is reported elsewhere.
        let _ = self.0.push_buffer(buffer);
    }
}

impl ElementPipeline {
    /// Builds the pipeline, stopped.
    ///
    /// # Errors
    /// A text that says what cannot be linked.
    pub fn new(setup: Setup<'_>, events: &Weak<dyn Events>) -> Result<Self, String> {
        let Setup {
            element,
            input,
            output,
        } = setup;
        let name = element
            .factory()
            .map_or_else(|| element.name(), |factory| factory.name());
        let source = gst_app::AppSrc::builder()
            .caps(input)
            .format(gst::Format::Time)
            .stream_type(gst_app::AppStreamType::Stream)
            .is_live(false)
            .block(false)
            .max_buffers(1)
            .max_bytes(0)
            .callbacks(need_data(events.clone()))
            .build();
        let sink = gst_app::AppSink::builder()
            .caps(output)
            .sync(false)
            .async_(false)
            .qos(false)
            .enable_last_sample(false)
            .callbacks(outputs(events.clone()))
            .build();
        accept_strides(sink.upcast_ref())?;
        // Made first, so that whatever fails below stops and frees all of it.
        let this = Self {
            pipeline: gst::Pipeline::new(),
            input: Input(source),
        };
        let elements = [this.input.0.upcast_ref(), &element, sink.upcast_ref()];
        this.pipeline
            .add_many(elements)
            .map_err(|error| error.to_string())?;
        gst::Element::link_many(elements)
            .map_err(|error| format!("{name} cannot be linked: {error}"))?;
        if let Some(bus) = this.pipeline.bus() {
            watch_errors(&bus, events.clone());
        }
        Ok(this)
    }

    /// Begins to ask for buffers.
    ///
    /// # Errors
    /// A text that says that an element does not start; why is told by [`Events::failed`].
    pub fn start(&self) -> Result<(), String> {
        self.pipeline
            .set_state(gst::State::Playing)
            .map(|_| ())
            .map_err(|error| {
                format!(
                    "pipeline {} cannot be started: {error}",
                    self.pipeline.name()
                )
            })
    }

    /// Where buffers go in.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// Gives the end of the stream in.
    pub fn end(&self) {
        let _ = self.input.0.end_of_stream();
    }

    /// Ends at once and joins the threads.
    pub fn stop(&self) {
        if let Err(error) = self.pipeline.set_state(gst::State::Null) {
            tracing::error!("a pipeline cannot be stopped: {error}");
        }
    }
}

impl Drop for ElementPipeline {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads caps.
///
/// # Errors
/// A text with the caps and what is wrong with them.
pub fn parse_caps(caps: &str) -> Result<gst::Caps, String> {
    caps.parse()
        .map_err(|error| format!("caps {caps}: {error}"))
}

fn need_data(events: Weak<dyn Events>) -> gst_app::AppSrcCallbacks {
    gst_app::AppSrcCallbacks::builder()
        .need_data(move |_, _| {
            if let Some(events) = events.upgrade() {
                events.hungry();
            }
        })
        .build()
}

fn outputs(events: Weak<dyn Events>) -> gst_app::AppSinkCallbacks {
    let at_end = events.clone();
    gst_app::AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let events = events.upgrade().ok_or(gst::FlowError::Flushing)?;
            events
                .output(sample)
                .map(|()| gst::FlowSuccess::Ok)
                .map_err(|Stopped| gst::FlowError::Flushing)
        })
        .eos(move |_| {
            if let Some(events) = at_end.upgrade() {
                events.ended();
            }
        })
        .build()
}

/// Tells the element that any row stride will do, so that a decoder need not copy its pictures.
fn accept_strides(sink: &gst::Element) -> Result<(), String> {
    let pad = sink
        .static_pad("sink")
        .ok_or("the appsink has no sink pad")?;
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        match info.query_mut().map(gst::QueryRef::view_mut) {
            Some(gst::QueryViewMut::Allocation(query)) => {
                pictures::offer(query);
                gst::PadProbeReturn::Handled
            }
            _ => gst::PadProbeReturn::Ok,
        }
    });
    Ok(())
}

fn watch_errors(bus: &gst::Bus, events: Weak<dyn Events>) {
    bus.set_sync_handler(move |_, message| {
        if let gst::MessageView::Error(error) = message.view()
            && let Some(events) = events.upgrade()
        {
            let source = error
                .src()
                .map_or_else(String::new, |element| format!("{}: ", element.name()));
            let detail = error
                .debug()
                .map_or_else(String::new, |debug| format!(" ({debug})"));
            events.failed(&format!("{source}{}{detail}", error.error()));
        }
        gst::BusSyncReply::Drop
    });
}
