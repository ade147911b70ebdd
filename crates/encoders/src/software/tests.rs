//! What the elements are told.

use frames::Codec;
use gst::prelude::*;

use super::*;
use crate::properties::{
    Av1DgpuProps, EncoderProperties, H264DgpuProps, H264JetsonProps, HevcDgpuProps, HevcJetsonProps,
};
use crate::{DgpuPreset, H264Profile, JetsonPresetLevel, RateControl, TuningPreset};

fn wish(codec: Codec, properties: EncoderProperties) -> Wish {
    Wish::of(&EncoderConfig {
        properties: Some(properties),
        ..EncoderConfig::new(codec, 640, 360)
    })
}

fn h264(props: H264DgpuProps) -> Translation {
    x264::translate(&wish(Codec::H264, EncoderProperties::H264Dgpu(props)))
}

/// The value of a property; empty if it is not set.
fn told(translation: &Translation, property: &str) -> String {
    let found = translation
        .properties
        .iter()
        .find(|(name, _)| *name == property);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn option(translation: &Translation, option: &str) -> String {
    told(translation, "option-string")
        .split(':')
        .find_map(|pair| Some(pair.strip_prefix(option)?.strip_prefix('=')?.to_owned()))
        .unwrap_or_default()
}

#[test]
fn without_properties_the_rate_and_the_interval_are_those_of_nvidias_elements() {
    let translation = h264(H264DgpuProps::default());
    let names = ["bframes", "key-int-max", "pass", "bitrate"];
    let values = names.map(|name| told(&translation, name));
    assert_eq!(values, ["0", "30", "cbr", "4000"]);
    assert!(translation.ignored.is_empty(), "{:?}", translation.ignored);
}

#[test]
fn bits_become_kilobits_and_a_buffer_becomes_milliseconds() {
    let translation = h264(H264DgpuProps {
        bitrate: Some(1_500_000),
        vbv_buf_size: Some(3_000_000),
        ..Default::default()
    });
    assert_eq!(told(&translation, "bitrate"), "1500");
    assert_eq!(told(&translation, "vbv-buf-capacity"), "2000");
}

#[test]
fn constant_quantisers_become_one_and_factors() {
    let translation = h264(H264DgpuProps {
        control_rate: Some(RateControl::ConstantQp),
        const_qp: Some("20:26:32".to_owned()),
        ..Default::default()
    });
    assert_eq!(told(&translation, "pass"), "quant");
    assert_eq!(told(&translation, "quantizer"), "26");
    assert_eq!(told(&translation, "ip-factor"), "2");
    assert_eq!(told(&translation, "bitrate"), "");
}

#[test]
fn presets_of_both_platforms_are_speeds() {
    for (preset, speed) in [(DgpuPreset::P1, "1"), (DgpuPreset::P7, "7")] {
        let translation = h264(H264DgpuProps {
            preset: Some(preset),
            ..Default::default()
        });
        assert_eq!(told(&translation, "speed-preset"), speed);
    }
    for (level, speed) in [
        (JetsonPresetLevel::Disabled, ""),
        (JetsonPresetLevel::Slow, "7"),
    ] {
        let props = H264JetsonProps {
            preset_level: Some(level),
            ..Default::default()
        };
        let wish = wish(Codec::H264, EncoderProperties::H264Jetson(props));
        assert_eq!(told(&x264::translate(&wish), "speed-preset"), speed);
    }
}

#[test]
fn every_intra_frame_is_a_key_frame() {
    let interval = |intra, key| {
        told(
            &h264(H264DgpuProps {
                iframeinterval: intra,
                idrinterval: key,
                ..Default::default()
            }),
            "key-int-max",
        )
    };
    assert_eq!(interval(Some(50), Some(20)), "20");
    assert_eq!(interval(Some(50), None), "50");
    assert_eq!(interval(None, Some(60)), "30");
    assert_eq!(interval(Some(u32::MAX), None), (1 << 30).to_string());
}

#[test]
fn a_profile_is_asked_for_by_the_caps() {
    let caps = |profile| {
        h264(H264DgpuProps {
            profile: Some(profile),
            ..Default::default()
        })
    };
    assert!(
        caps(H264Profile::Main)
            .output_caps
            .ends_with(",profile=main")
    );
    let impossible = caps(H264Profile::High444);
    assert!(impossible.output_caps.ends_with("alignment=au"));
    assert!(impossible.ignored[0].starts_with("profile HIGH444"));
}

#[test]
fn lossless_needs_no_rate() {
    let lossless = H264DgpuProps {
        tuning_info: Some(TuningPreset::Lossless),
        profile: Some(H264Profile::Main),
        ..Default::default()
    };
    let translation = h264(lossless);
    assert_eq!(told(&translation, "quantizer"), "0");
    assert!(!translation.output_caps.contains("profile"));
    let props = HevcJetsonProps {
        enable_lossless: Some(true),
        ..Default::default()
    };
    let wish = wish(Codec::Hevc, EncoderProperties::HevcJetson(props));
    assert_eq!(option(&x265::translate(&wish), "lossless"), "1");
}

#[test]
fn x265_gets_most_of_it_as_text() {
    let props = HevcDgpuProps {
        control_rate: Some(RateControl::VariableBitrate),
        max_bitrate: Some(3_000_000),
        vbv_buf_size: Some(2_000_000),
        vbv_init: Some(1_000_000),
        qp_range: Some("10:40".to_owned()),
        cq: Some(30),
        ..Default::default()
    };
    let translation = x265::translate(&wish(Codec::Hevc, EncoderProperties::HevcDgpu(props)));
    let names = [
        "vbv-maxrate",
        "vbv-bufsize",
        "vbv-init",
        "qpmin",
        "qpmax",
        "crf",
        "bframes",
    ];
    let values = names.map(|name| option(&translation, name));
    assert_eq!(values, ["3000", "2000", "0.5", "10", "40", "30", "0"]);
}

#[test]
fn what_x265enc_puts_in_front_of_its_first_packet_is_no_part_of_it() {
    let excess = x265::translate(&wish(
        Codec::Hevc,
        EncoderProperties::HevcDgpu(HevcDgpuProps::default()),
    ))
    .excess
    .unwrap();
    let headers = [&[0, 0, 0, 1, 0x40, 1, 9][..], &[0, 0, 0, 1, 0x42, 1, 7]].concat();
    let picture = [0, 0, 0, 1, 0x28, 1, 5, 0, 0, 3, 1];
    let packet = [&headers[..], &picture].concat();
    // What is behind the headers in memory: nothing of note, half of the headers, a slice, or the headers.
    for behind in [&[7, 7][..], &headers[..9], &picture, &headers] {
        let first = [&headers, behind, &packet].concat();
        assert_eq!(&first[excess(&first)..], packet);
    }
    for whole in [&packet, &picture[..], &[0, 0, 0, 1], &[]] {
        assert_eq!(excess(whole), 0);
    }
}

#[test]
fn quantisers_of_av1_are_scaled_and_never_those_that_end_the_process() {
    let quantisers = |qp_range: Option<&str>| {
        let props = Av1DgpuProps {
            qp_range: qp_range.map(str::to_owned),
            ..Default::default()
        };
        let translation = av1::translate(&wish(Codec::Av1, EncoderProperties::Av1Dgpu(props)));
        ["min-quantizer", "max-quantizer"].map(|name| told(&translation, name))
    };
    assert_eq!(quantisers(None), ["0", "63"]);
    assert_eq!(quantisers(Some("0:255")), ["0", "63"]);
    assert_eq!(quantisers(Some("102:204")), ["25", "50"]);
}

#[test]
fn what_has_no_counterpart_is_named() {
    let translation = h264(H264DgpuProps {
        init_qp: Some("1:2:3".to_owned()),
        max_bitrate: Some(5_000_000),
        vbv_init: Some(1),
        ..Default::default()
    });
    let fields: Vec<_> = translation
        .ignored
        .iter()
        .filter_map(|ignored| ignored.split([':', ',']).next())
        .collect();
    assert_eq!(fields, ["init_qp", "max_bitrate", "vbv_init"]);
}

/// Each translation is made into an element, which tells the properties that it was told.
#[test]
fn installed_elements_take_what_they_are_told() {
    gst::init().unwrap();
    let every = [
        (
            Codec::H264,
            EncoderProperties::H264Dgpu(H264DgpuProps {
                bitrate: Some(800_000),
                preset: Some(DgpuPreset::P2),
                tuning_info: Some(TuningPreset::UltraLowLatency),
                qp_range: Some("12:44".to_owned()),
                aq: Some(6),
                temporal_aq: Some(false),
                vbv_buf_size: Some(400_000),
                ..Default::default()
            }),
        ),
        (
            Codec::H264,
            EncoderProperties::H264Jetson(H264JetsonProps {
                ratecontrol_enable: Some(false),
                quant_i_frames: Some(20),
                quant_p_frames: Some(24),
                num_ref_frames: Some(2),
                insert_aud: Some(false),
                insert_vui: Some(false),
                disable_cabac: Some(true),
                ..Default::default()
            }),
        ),
        (
            Codec::Hevc,
            EncoderProperties::HevcDgpu(HevcDgpuProps::default()),
        ),
        (
            Codec::Av1,
            EncoderProperties::Av1Dgpu(Av1DgpuProps::default()),
        ),
    ];
    for (codec, properties) in every {
        let config = EncoderConfig {
            properties: Some(properties),
            ..EncoderConfig::new(codec, 640, 360)
        };
        match plan(&config) {
            Ok(Some(plan)) => {
                let element = plan.make().unwrap();
                for ((property, value, _), (_, read)) in
                    plan.properties.iter().zip(plan.read_back(&element))
                {
                    // Members of an enum are set by number and read by name.
                    let spec = element.find_property(property).unwrap();
                    let value = match spec.value_type() {
                        gst::glib::Type::STRING => value.clone(),
                        _ => gst::glib::Value::deserialize_with_pspec(value, &spec)
                            .and_then(|value| value.serialize())
                            .unwrap()
                            .to_string(),
                    };
                    assert_eq!(value, read, "{property} of {}", plan.element);
                }
            }
            Err(EncoderError::MissingElement { .. }) => {}
            other => panic!("{codec}: {other:?}"),
        }
    }
}
