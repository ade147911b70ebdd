//! `x264enc`.

use surfaces::VideoFormat;

use super::Translation;
use super::wish::{Quantisers, Wish};
use crate::{H264Profile, RateControl, TuningPreset};

/// The greatest constant quantiser that the element takes.
const GREATEST_QUANTISER: u32 = 50;
/// The largest buffer that the element takes, in milliseconds.
const GREATEST_BUFFER_MS: u32 = 10_000;
/// Spatial strengths of NVIDIA's elements for one of x264: 8 of 15 is x264's default.
const STRENGTH_UNIT: f64 = 8.0;

pub(super) fn translate(wish: &Wish) -> Translation {
    let mut properties = vec![
        // The preset would bring B frames back if this were left out.
        ("bframes", wish.b_frames.to_string()),
        ("key-int-max", wish.interval.to_string()),
    ];
    let mut ignored = wish.ignored.clone();
    rate(wish, &mut properties, &mut ignored);
    let mut add = |name, value: Option<String>| properties.extend(value.map(|value| (name, value)));
    add("speed-preset", wish.speed.map(|speed| speed.to_string()));
    match wish.tuning {
        Some(TuningPreset::LowLatency) => {
            add("rc-lookahead", Some("10".to_owned()));
            add("sync-lookahead", Some("0".to_owned()));
        }
        Some(TuningPreset::UltraLowLatency) => add("tune", Some("zerolatency".to_owned())),
        _ => {}
    }
    if let Some([(least, most), ..]) = wish.quantiser_range {
        add("qp-min", Some(least.to_string()));
        add("qp-max", Some(most.to_string()));
    }
    // Key frames come at the interval alone, as from NVIDIA's elements.
    let options = wish.spatial_strength.map_or_else(
        || "scenecut=0".to_owned(),
        |strength| {
            let strength = f64::from(strength) / STRENGTH_UNIT;
            format!("scenecut=0:aq-mode=1:aq-strength={strength}")
        },
    );
    add("option-string", Some(options));
    add(
        "mb-tree",
        wish.temporal.map(|temporal| temporal.to_string()),
    );
    add("ref", wish.references.map(|frames| frames.to_string()));
    add("aud", wish.delimiters.map(|insert| insert.to_string()));
    add(
        "insert-vui",
        wish.colour_info.map(|insert| insert.to_string()),
    );
    add("cabac", wish.cavlc.map(|cavlc| (!cavlc).to_string()));
    if wish.buffer_delay.is_some() {
        ignored.push("vbv_init: the element does not pass it on".to_owned());
    }
    Translation {
        element: "x264enc",
        package: "gstreamer1.0-plugins-ugly",
        input: VideoFormat::Nv12,
        output_caps: format!(
            "video/x-h264,stream-format=byte-stream,alignment=au{}",
            profile(wish, &mut ignored)
        ),
        properties,
        ignored,
        excess: None,
    }
}

fn rate(wish: &Wish, properties: &mut Vec<(&'static str, String)>, ignored: &mut Vec<String>) {
    let mut add = |name, value: String| properties.push((name, value));
    if wish.lossless {
        add("pass", "quant".to_owned());
        add("quantizer", "0".to_owned());
        return;
    }
    if wish.has_constant_quantiser() {
        add("pass", "quant".to_owned());
        if let Some(quantisers @ [_, predicted, _]) = wish.quantisers {
            let (intra, bidirectional) = factors(quantisers);
            add("quantizer", predicted.min(GREATEST_QUANTISER).to_string());
            add("ip-factor", intra.to_string());
            add("pb-factor", bidirectional.to_string());
        }
        return;
    }
    let quality = wish
        .quality
        .filter(|_| wish.rate_control == RateControl::VariableBitrate);
    let buffer = wish
        .buffer_milliseconds()
        .map(|ms| ms.min(GREATEST_BUFFER_MS));
    let (pass, rate, buffer) = match (wish.rate_control, quality) {
        (RateControl::VariableBitrate, Some(quality)) => {
            add("quantizer", quality.min(GREATEST_QUANTISER).to_string());
            ("qual", wish.max_bitrate.unwrap_or(wish.bitrate), buffer)
        }
        // Without a buffer nothing but the mean rate is held.
        (RateControl::VariableBitrate, None) => ("cbr", wish.bitrate, buffer.or(Some(0))),
        _ => ("cbr", wish.bitrate, buffer),
    };
    add("pass", pass.to_owned());
    add("bitrate", Wish::kilobits(rate).to_string());
    if let Some(buffer) = buffer {
        add("vbv-buf-capacity", buffer.to_string());
    }
    if wish.max_bitrate.is_some() && quality.is_none() {
        ignored.push("max_bitrate, peak_bitrate: the element has it beside cq only".to_owned());
    }
}

/// The factors between quantiser scales of I and P, and of P and B frames: six steps double the scale.
fn factors([intra, predicted, bidirectional]: Quantisers) -> (f64, f64) {
    let factor = |from: u32, to: u32| {
        let steps = f64::from(to) - f64::from(from);
        (steps / 6.0).exp2().min(2.0)
    };
    (factor(intra, predicted), factor(predicted, bidirectional))
}

fn profile(wish: &Wish, ignored: &mut Vec<String>) -> String {
    const NAMES: [(H264Profile, &str); 3] = [
        (H264Profile::Baseline, "baseline"),
        (H264Profile::Main, "main"),
        (H264Profile::High, "high"),
    ];
    if wish.lossless {
        // What is lossless has the profile High 4:4:4 Predictive.
        return String::new();
    }
    if wish.profile == Some(H264Profile::High444 as u32) {
        ignored.push("profile HIGH444: pictures are 4:2:0, and not lossless".to_owned());
    }
    NAMES
        .iter()
        .find(|(profile, _)| wish.profile == Some(*profile as u32))
        .map(|(_, name)| format!(",profile={name}"))
        .unwrap_or_default()
}
