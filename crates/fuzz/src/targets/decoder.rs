//! A whole decoder: every packet ends once, and the counters add up.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use decoders::{FlexibleDecoder, FlexibleDecoderConfig, Output, Submission};
use frames::{VideoFrame, VideoFrameParams};
use surfaces::Hardware;
use surfaces::wait::Wait;

use super::Outcome;
use crate::stream::Stream;

const SOURCE: &str = "fuzz";
const POOL_SIZE: u32 = 4;
/// No decoder needs as long for a few small pictures; a drain that ends by this limit shows as errors only.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn run(input: &[u8]) -> Outcome {
    let stream = Stream::from_bytes(input);
    let mut config = FlexibleDecoderConfig::new(SOURCE, 0, POOL_SIZE);
    config.stream.hardware = Hardware::Software;
    config.stream.stall_timeout = Some(PATIENCE);
    config.stream.idle_timeout = PATIENCE;
    let ended = Arc::new(Mutex::new(vec![0u32; stream.packets.len()]));
    let counted = ended.clone();
    let sink = move |output: Output<usize>| {
        let index = match output {
            Output::Frame(output) => output.frame,
            Output::Skipped { frame, .. }
            | Output::Error {
                frame: Some(frame), ..
            } => frame,
            _ => return,
        };
        counted.lock().unwrap_or_else(PoisonError::into_inner)[index] += 1;
    };
    let decoder = FlexibleDecoder::new(config, Arc::new(sink));
    for (index, packet) in stream.packets.iter().enumerate() {
        let frame = VideoFrame::new(VideoFrameParams {
            width: stream.size.0.into(),
            height: stream.size.1.into(),
            fps: (30, 1),
            codec: Some(stream.codec),
            ..VideoFrameParams::default()
        });
        let submission = Submission {
            source_id: SOURCE.to_owned(),
            info: frame.map_err(|error| error.to_string())?.info(),
            data: Some(packet.as_slice().into()),
            frame: index,
        };
        decoder
            .submit(submission, Wait::forever())
            .map_err(|error| format!("submit: {error}"))?;
    }
    decoder
        .graceful_shutdown(Wait::forever())
        .map_err(|error| format!("graceful_shutdown: {error}"))?;
    let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
    if ended.iter().any(|&times| times != 1) {
        return Err(format!("packets ended so many times each: {ended:?}"));
    }
    let stats = decoder.stats();
    let counters = &stats.counters;
    let skipped: u64 = counters.skipped.values().sum();
    let sum = counters.delivered + skipped + counters.errors + counters.lost;
    if (counters.submitted, sum) == (ended.len() as u64, ended.len() as u64) && stats.in_flight == 0
    {
        Ok(counters.delivered as usize)
    } else {
        Err(format!("counters do not add up: {stats:?}"))
    }
}
