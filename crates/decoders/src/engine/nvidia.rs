//! NVIDIA's decoder element: what it can do, and its properties.

use frames::Codec;
use gst::prelude::*;
use surfaces::platform::{ChromaFormat, DecodeDemand};
use surfaces::{BackendKind, Colour, Matrix, VideoFormat, backend};

use super::table;
use crate::bitstream::samples::Samples;
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

/// Whether decoded pictures come into a format with the colours of the stream; the reason if not.
pub(crate) fn check_colours(
    codec: Codec,
    samples: &Samples,
    format: VideoFormat,
) -> Result<(), String> {
    let colour = samples.colour.unwrap_or_default();
    let is_rgb = matches!(format, VideoFormat::Rgba | VideoFormat::Bgrx);
    if is_rgb && colour.matrix == Matrix::Bt2020 {
        return Err(format!(
            "NvBufSurfTransform does not convert BT.2020 pictures to {}",
            format.name()
        ));
    }
    // Those of 8 bits in 4:2:0 are marked anew here. JPEG has no other colours than the element expects.
    let keeps_mark = samples.bit_depth > 8 || samples.chroma != ChromaFormat::Yuv420;
    if codec != Codec::Jpeg && keeps_mark && colour != Colour::default() {
        return Err(format!(
            "{ELEMENT} may mark pictures of {} bits in {} with other colours than those of the stream",
            samples.bit_depth, samples.chroma
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

#[cfg(test)]
mod tests {
    use surfaces::Range;

    use super::*;

    #[test]
    fn colours_that_the_element_may_mark_wrongly_are_left_to_software() {
        let rgba = VideoFormat::Rgba;
        let colour = |matrix, range| Some(Colour { matrix, range });
        let bt601 = colour(Matrix::Bt601, Range::Limited);
        let bt709 = colour(Matrix::Bt709, Range::Limited);
        let bt2020 = colour(Matrix::Bt2020, Range::Limited);
        let full = colour(Matrix::Bt601, Range::Full);
        for (codec, bit_depth, colour, format, is_right) in [
            (Codec::Hevc, 8, bt709, rgba, true),
            (Codec::Hevc, 8, bt2020, rgba, false),
            (Codec::Hevc, 8, bt2020, VideoFormat::Nv12, true),
            (Codec::Hevc, 10, None, rgba, true),
            (Codec::Hevc, 10, bt601, rgba, true),
            (Codec::Hevc, 10, bt709, rgba, false),
            (Codec::Vp9, 10, bt709, VideoFormat::Nv12, false),
            (Codec::Vp9, 10, full, rgba, false),
        ] {
            let samples = Samples {
                bit_depth,
                colour,
                ..Samples::default()
            };
            let found = check_colours(codec, &samples, format).is_ok();
            assert_eq!(
                found, is_right,
                "{codec:?} {bit_depth} {colour:?} {format:?}"
            );
        }
        let jpeg = Samples {
            chroma: ChromaFormat::Yuv444,
            colour: full,
            ..Samples::default()
        };
        assert!(check_colours(Codec::Jpeg, &jpeg, rgba).is_ok());
    }
}
