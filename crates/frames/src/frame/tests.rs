use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn params() -> VideoFrameParams {
    VideoFrameParams {
        source_id: "cam".into(),
        fps: (30, 1),
        width: 640,
        height: 360,
        codec: Some(Codec::H264),
        pts: 40_000,
        ..VideoFrameParams::default()
    }
}

fn frame() -> VideoFrame {
    VideoFrame::new(params()).unwrap()
}

#[test]
fn defaults_are_microseconds_and_copy() {
    let frame = frame();
    assert_eq!(frame.time_base(), (1, 1_000_000));
    assert_eq!(
        frame.transcoding_method(),
        VideoFrameTranscodingMethod::Copy
    );
    assert_eq!(
        (frame.dts(), frame.duration(), frame.keyframe()),
        (None, None, None)
    );
    assert!(frame.creation_timestamp_ns() > 1_500_000_000_000_000_000);
}

#[test]
fn sizes_and_times_out_of_bounds_are_refused() {
    let cases = [
        (
            VideoFrameParams {
                width: 0,
                ..params()
            },
            "width",
        ),
        (
            VideoFrameParams {
                height: -1,
                ..params()
            },
            "height",
        ),
        (
            VideoFrameParams {
                width: 1 << 32,
                ..params()
            },
            "width",
        ),
        (
            VideoFrameParams {
                pts: -1,
                ..params()
            },
            "pts",
        ),
        (
            VideoFrameParams {
                dts: Some(-1),
                ..params()
            },
            "dts",
        ),
        (
            VideoFrameParams {
                duration: Some(-1),
                ..params()
            },
            "duration",
        ),
        (
            VideoFrameParams {
                time_base: (0, 1),
                ..params()
            },
            "time_base",
        ),
        (
            VideoFrameParams {
                time_base: (1, -1),
                ..params()
            },
            "time_base",
        ),
    ];
    for (params, field) in cases {
        let text = VideoFrame::new(params).unwrap_err().to_string();
        assert!(text.starts_with(field), "{text}");
    }
}

#[test]
fn a_refused_setter_changes_nothing() {
    let frame = frame();
    assert_eq!(
        frame.set_width(0),
        Err(FrameError::OutOfRange {
            field: "width",
            value: 0,
            min: 1,
            max: u32::MAX.into()
        })
    );
    assert!(frame.set_time_base((1, 0)).is_err());
    assert!(frame.set_duration(Some(-2)).is_err());
    assert_eq!(
        (frame.width(), frame.time_base(), frame.duration()),
        (640, (1, 1_000_000), None)
    );
    frame.set_dts(Some(7)).unwrap();
    frame.set_dts(None).unwrap();
    assert_eq!(frame.dts(), None);
}

#[test]
fn clones_are_one_frame_and_copies_are_not() {
    let frame = frame();
    let (clone, copy) = (frame.clone(), frame.copy());
    clone.set_source_id("other".into());
    assert_eq!(frame.source_id(), "other");
    assert_eq!(copy.source_id(), "cam");
    assert!(frame.is_same(&clone) && !frame.is_same(&copy));
    assert_eq!(frame.memory_handle(), clone.memory_handle());
    assert_ne!(frame.memory_handle(), copy.memory_handle());
    assert_eq!(frame.uuid(), copy.uuid());
}

#[test]
fn uuids_are_version_7_and_grow() {
    let frames: Vec<_> = (0..1000).map(|_| frame()).collect();
    assert!(
        frames
            .iter()
            .all(|frame| frame.uuid().get_version_num() == 7)
    );
    assert!(
        frames
            .windows(2)
            .all(|pair| pair[0].id_u128() < pair[1].id_u128())
    );
}

#[test]
fn json_has_the_fields_but_not_the_payload() {
    let frame = frame();
    frame.set_content(VideoFrameContent::Internal(vec![0_u8; 1000].into()));
    let value: Value = serde_json::from_str(&frame.json()).unwrap();
    assert_eq!(value["uuid"], frame.uuid().to_string());
    assert_eq!(value["codec"], "h264");
    assert_eq!(value["fps"], serde_json::json!([30, 1]));
    assert_eq!(value["content"]["internal"]["size"], 1000);
    let pretty: Value = serde_json::from_str(&frame.json_pretty()).unwrap();
    assert_eq!(pretty, value);
    assert!(frame.json_pretty().lines().count() > 10);
}

#[test]
fn concurrent_changes_are_seen_whole() {
    let frame = frame();
    std::thread::scope(|scope| {
        for writer in 1..=4 {
            let frame = &frame;
            scope.spawn(move || (0..500).for_each(|_| frame.set_fps((writer, writer))));
        }
        for _ in 0..500 {
            let (numerator, denominator) = frame.info().fps;
            assert!(numerator == denominator || (numerator, denominator) == (30, 1));
        }
    });
}

proptest! {
    #[test]
    fn info_agrees_with_the_getters(
        pts in 0..i64::MAX,
        dts in proptest::option::of(0..i64::MAX),
        duration in proptest::option::of(0..i64::MAX),
        width in 1..=i64::from(u32::MAX),
    ) {
        let frame = VideoFrame::new(VideoFrameParams {
            width, pts, dts, duration, time_base: (1, 1_000_000_000), ..params()
        }).unwrap();
        let info = frame.info();
        prop_assert_eq!(info.uuid, frame.uuid().as_u128());
        prop_assert_eq!(i64::from(info.width), width);
        prop_assert_eq!(info.pts_ns, pts as u64);
        prop_assert_eq!(info.dts_ns, dts.map(|value| value as u64));
        prop_assert_eq!(info.duration_ns, duration.map(|value| value as u64));
    }
}
