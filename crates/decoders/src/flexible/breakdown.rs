//! Hardware that breaks down: what takes its place, by the rule that the user set.

use std::path::Path;
use std::sync::Arc;

use frames::FrameInfo;
use surfaces::sync::Mutex;

use super::*;
use crate::bitstream::presentation::PresentationClock;
use crate::config::Hardware;
use crate::engine::fake;
use crate::output::{Output, Packet};

const SOURCE: &str = "camera-1";
/// Two groups of pictures without reordering.
const CLIP: &str = "h264_baseline_640x360.h264";
const FRAMES: usize = 60;
const SECOND_GROUP: usize = 30;

fn access_units() -> Vec<Payload> {
    let clips = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clips");
    let data: Payload = std::fs::read(clips.join(CLIP))
        .expect("the clip is checked in")
        .into();
    let stamp = PresentationClock::new(frames::Codec::H264).stamp(&data);
    let packet = Packet {
        data,
        order: stamp.order,
        further: stamp.further,
    };
    let units = packet.access_units().expect("several");
    units.into_iter().map(Payload::from).collect()
}

/// The frame of an output, and what became of it.
fn outcome(output: &Output<usize>) -> (Option<usize>, String) {
    match output {
        Output::Frame(output) if output.decoded.decoder.hardware => {
            (Some(output.frame), "hardware".to_owned())
        }
        Output::Frame(output) => (Some(output.frame), "software".to_owned()),
        Output::Skipped { frame, reason, .. } => (Some(*frame), reason.name().to_owned()),
        Output::Error { message, frame } => (*frame, format!("error: {message}")),
        _ => (None, "other".to_owned()),
    }
}

/// What becomes of the clip's frames in order, and how many hardware decoders are built.
fn outcomes(hardware: Hardware) -> (Vec<String>, usize) {
    fake::install();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = seen.clone();
    let mut config = FlexibleDecoderConfig::new(SOURCE, 0, 4);
    config.stream.hardware = hardware;
    let decoder = FlexibleDecoder::new(
        config,
        Arc::new(move |output: Output<usize>| sink.lock().push(outcome(&output))),
    );
    for (frame, data) in access_units().into_iter().enumerate() {
        let info = FrameInfo {
            uuid: frame as u128,
            codec: Some(frames::Codec::H264),
            width: 640,
            height: 360,
            fps: (30, 1),
            pts_ns: 0,
            dts_ns: None,
            duration_ns: None,
            keyframe: None,
        };
        let submission = Submission {
            source_id: SOURCE.to_owned(),
            info,
            data: Some(data),
            frame,
        };
        decoder
            .submit(submission, Wait::forever())
            .expect("it is taken");
    }
    decoder.graceful_shutdown(Wait::forever()).expect("once");
    let mut seen = seen.lock().clone();
    // Skips are told by the submitting thread.
    seen.sort();
    let frames: Vec<_> = seen.iter().map(|(frame, _)| *frame).collect();
    assert_eq!(frames, (0..FRAMES).map(Some).collect::<Vec<_>>());
    let outcomes = seen.into_iter().map(|(_, outcome)| outcome).collect();
    (outcomes, fake::built())
}

const BROKEN: &str = "error: the chip is gone";

fn expected(from_the_second_group: &[&str]) -> Vec<String> {
    let waiting = std::iter::repeat_n("waiting_for_keyframe", SECOND_GROUP - 1);
    let all = std::iter::once(BROKEN).chain(waiting);
    all.chain(from_the_second_group.iter().copied())
        .map(str::to_owned)
        .collect()
}

#[test]
fn software_takes_the_place_of_preferred_hardware_at_the_next_random_access_point() {
    let software = ["software"; FRAMES - SECOND_GROUP];
    assert_eq!(outcomes(Hardware::Preferred), (expected(&software), 1));
}

#[test]
fn required_hardware_is_built_again_and_each_breakdown_is_told_of_once() {
    let mut again = ["waiting_for_keyframe"; FRAMES - SECOND_GROUP];
    again[0] = BROKEN;
    assert_eq!(outcomes(Hardware::Required), (expected(&again), 2));
}
