//! Software encoder elements: which one, and how the properties are told to it.
//!
//! The properties are those of NVIDIA's elements. What each becomes here is said in `docs/encoding.md`.

mod av1;
mod wish;
mod x264;
mod x265;

use frames::Codec;
use surfaces::VideoFormat;

use crate::config::EncoderConfig;
use crate::element::{ElementPlan, Excess};
use crate::error::EncoderError;
use wish::Wish;

/// What one element makes of a wish.
struct Translation {
    element: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    input: VideoFormat,
    output_caps: String,
    properties: Vec<(&'static str, String)>,
    /// Fields that the element cannot follow, as `field: why`.
    ignored: Vec<String>,
    /// See [`ElementPlan::excess`].
    excess: Option<Excess>,
}

/// The software encoder of a video codec; `None` for other codecs.
pub(crate) fn plan(config: &EncoderConfig) -> Result<Option<ElementPlan>, EncoderError> {
    let wish = Wish::of(config);
    let translation = match config.codec {
        Codec::H264 => x264::translate(&wish),
        Codec::Hevc => x265::translate(&wish),
        Codec::Av1 => av1::translate(&wish),
        _ => return Ok(None),
    };
    if gst::ElementFactory::find(translation.element).is_none() {
        return Err(EncoderError::MissingElement {
            codec: config.codec,
            element: translation.element,
            package: translation.package,
        });
    }
    if !translation.ignored.is_empty() {
        tracing::warn!(
            "{} has nothing for {}",
            translation.element,
            translation.ignored.join("; ")
        );
    }
    Ok(Some(ElementPlan {
        element: translation.element,
        hardware: false,
        input: translation.input,
        output_caps: translation.output_caps,
        properties: translation
            .properties
            .into_iter()
            .map(|(name, value)| (name, value, None))
            .collect(),
        full_range: wish.full_range,
        excess: translation.excess,
    }))
}

#[cfg(test)]
mod tests;
