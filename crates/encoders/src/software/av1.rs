//! `av1enc` of libaom, in its real-time mode.

use surfaces::{VideoFormat, workers};

use super::Translation;
use super::wish::Wish;
use crate::RateControl;

/// Quantisers of libaom and of NVIDIA's element.
const GREATEST_QUANTISER: u32 = 63;
const GREATEST_INDEX: u32 = 255;
/// Fastest and slowest speed of the real-time mode, and the one between.
const FASTEST: u32 = 10;
const SLOWEST: u32 = 5;
const DEFAULT_SPEED: u32 = 8;
/// Size of the decoder's buffer when none is given, in milliseconds.
const DEFAULT_BUFFER_MS: u32 = 1000;

pub(super) fn translate(wish: &Wish) -> Translation {
    let mut ignored = wish.ignored.clone();
    let (least, most) = quantisers(wish, &mut ignored);
    let usage = match wish.rate_control {
        _ if wish.lossless => "q",
        RateControl::ConstantBitrate => "cbr",
        RateControl::VariableBitrate => "vbr",
        RateControl::ConstantQp => "q",
    };
    // From 1, the fastest, upwards.
    let speed = wish.speed.map_or(DEFAULT_SPEED, |speed| {
        (FASTEST + 1).saturating_sub(speed).max(SLOWEST)
    });
    let mut properties = vec![
        ("usage-profile", "realtime".to_owned()),
        ("cpu-used", speed.to_string()),
        ("threads", workers::cores().to_string()),
        ("end-usage", usage.to_owned()),
        ("target-bitrate", Wish::kilobits(wish.bitrate).to_string()),
        ("keyframe-max-dist", wish.interval.to_string()),
        // The element's own defaults are both 0, with which libaom ends the process.
        ("min-quantizer", least.to_string()),
        ("max-quantizer", most.to_string()),
    ];
    let mut add = |name, value: Option<u32>| {
        properties.extend(value.map(|value| (name, value.to_string())));
    };
    // The element's own buffer, six seconds, lets a stream begin with four times its rate.
    let buffer = wish.buffer_milliseconds().unwrap_or(DEFAULT_BUFFER_MS);
    add("buf-sz", Some(buffer));
    add("buf-initial-sz", Some(buffer / 2));
    add("buf-optimal-sz", Some(buffer / 2));
    // Free to make good what a key frame took, within one buffer and not several.
    add("undershoot-pct", Some(100));
    add("overshoot-pct", Some(100));
    add("tile-rows", wish.tiles.map(|(rows, _)| rows));
    add("tile-columns", wish.tiles.map(|(_, columns)| columns));
    let absent = [
        ("max_bitrate, peak_bitrate", wish.max_bitrate.is_some()),
        ("vbv_init", wish.buffer_delay.is_some()),
        ("cq", wish.quality.is_some()),
        ("aq", wish.spatial_strength.is_some()),
        ("temporal_aq", wish.temporal.is_some()),
        ("num_ref_frames", wish.references.is_some()),
        ("tuning_info", wish.tuning.is_some() && !wish.lossless),
    ];
    ignored.extend(
        absent
            .iter()
            .filter(|(_, is_asked)| *is_asked)
            .map(|(field, _)| format!("{field}: the element has no such property")),
    );
    Translation {
        element: "av1enc",
        package: "gstreamer1.0-plugins-bad",
        input: VideoFormat::I420,
        output_caps: "video/x-av1,alignment=tu".to_owned(),
        properties,
        ignored,
        excess: None,
    }
}

/// The least and the greatest quantiser.
fn quantisers(wish: &Wish, ignored: &mut Vec<String>) -> (u32, u32) {
    let scaled = |index: u32| index * GREATEST_QUANTISER / GREATEST_INDEX;
    if wish.lossless {
        return (0, 0);
    }
    match (
        wish.has_constant_quantiser(),
        wish.quantisers,
        wish.quantiser_range,
    ) {
        (true, Some([intra, predicted, _]), _) => {
            if intra != predicted {
                ignored.push(
                    "quant_i_frames: the element has one quantiser for all frames".to_owned(),
                );
            }
            (scaled(predicted), scaled(predicted))
        }
        (_, _, Some([(least, most), ..])) => (scaled(least), scaled(most)),
        _ => (0, GREATEST_QUANTISER),
    }
}
