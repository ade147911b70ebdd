//! NVIDIA's decoder element: what it can do, and its properties.

use frames::Codec;
use gst::prelude::*;
use surfaces::platform::DecodeDemand;
use surfaces::{BackendKind, Colour, Matrix, VideoFormat, backend};

use super::table;
use crate::config::{DecoderConfig, HardwareTunables};

pub(crate) use surfaces::backend::DECODER_ELEMENT as ELEMENT;

/// Makes sure that the element exists and that the chip decodes such a stream; the reason if not.
pub(crate) fn check(gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), String> {
    let backend = backend().map_err(|error| error.to_string())?;
    if backend.kind() == BackendKind::Host {
        return Err("the host backend has no hardware decoder".to_owned());
    }
    surfaces::backend::load_plugins().map_err(|error| error.to_string())?;
    surfaces::platform::check_decoder(gpu_id, demand).map_err(|error| error.to_string())
}

/// Whether NVIDIA's transform brings decoded pictures of this colour into a format; the reason if not.
pub(crate) fn check_conversion(colour: Option<Colour>, format: VideoFormat) -> Result<(), String> {
    let is_rgb = matches!(format, VideoFormat::Rgba | VideoFormat::Bgrx);
    let is_bt2020 = colour.is_some_and(|colour| colour.matrix == Matrix::Bt2020);
    if is_rgb && is_bt2020 {
        return Err(format!(
            "NvBufSurfTransform does not convert BT.2020 pictures to {}",
            format.name()
        ));
    }
    Ok(())
}

/// Whether the element puts out all of a picture of a size in pixels; the reason if not.
pub(crate) fn check_size((width, height): (u32, u32)) -> Result<(), String> {
    if width % 2 == 1 || height % 2 == 1 {
        return Err(format!(
            "{ELEMENT} leaves out the last column or row of {width}x{height} pictures"
        ));
    }
    Ok(())
}

/// Caps of the packets. The element wants a size for some codecs, where others need a parser's.
pub(crate) fn caps(codec: Codec, (width, height): (u32, u32)) -> Result<String, String> {
    let size = format!("width={width},height={height}");
    match codec {
        Codec::Jpeg | Codec::SwJpeg => Ok(format!("image/jpeg,parsed=true,framerate=30/1,{size}")),
        Codec::Av1 => Ok(format!(
            "video/x-av1,stream-format=obu-stream,alignment=tu,{size}"
        )),
        Codec::Vp9 => Ok(format!("{},{size}", table::stream(codec)?.caps(None))),
        _ => Ok(table::stream(codec)?.caps(None)),
    }
}

/// Sets the properties that the element has; the others are left out.
pub(crate) fn configure(element: &gst::Element, config: &DecoderConfig, gpu_id: u32) {
    let HardwareTunables {
        num_extra_surfaces,
        drop_frame_interval,
        cudadec_memtype,
        low_latency_mode,
    } = config.tunables().copied().unwrap_or_default();
    let low_latency_mode = match config {
        // Pictures that depend on nothing need not be held back until the next one comes.
        DecoderConfig::Jpeg(_) => Some(true),
        // In this mode the element returns pictures that the stream does not show, too.
        DecoderConfig::Vp8(_) | DecoderConfig::Vp9(_) | DecoderConfig::Av1(_) => None,
        _ => low_latency_mode,
    };
    let values = [
        ("gpu-id", Some(gpu_id.to_string())),
        (
            "num-extra-surfaces",
            num_extra_surfaces.map(|value| value.to_string()),
        ),
        (
            "drop-frame-interval",
            drop_frame_interval.map(|value| value.to_string()),
        ),
        (
            "cudadec-memtype",
            cudadec_memtype.map(|value| (value as u32).to_string()),
        ),
        (
            "low-latency-mode",
            low_latency_mode.map(|value| value.to_string()),
        ),
    ];
    for (name, value) in values {
        if let (Some(value), true) = (value, element.has_property(name)) {
            element.set_property_from_str(name, &value);
        }
    }
}
