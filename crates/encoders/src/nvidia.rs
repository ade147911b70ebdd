//! NVIDIA's encoder elements: whether this machine has them, and their properties.

use frames::Codec;
use surfaces::{BackendKind, VideoFormat, backend, platform};

use crate::Platform;
use crate::config::EncoderConfig;
use crate::element::ElementPlan;
use crate::properties::{EncoderProperties, Value};

/// One row for each codec that NVIDIA's hardware encodes.
struct Row {
    codec: Codec,
    element: &'static str,
    /// The format of the surfaces that it takes.
    input: VideoFormat,
    output_caps: &'static str,
    /// Whether the chip must have NVENC.
    needs_nvenc: bool,
    /// What is set whatever the configuration says, if the element has it: no B frames, and what a
    /// decoder needs in front of every key frame.
    always: &'static [(&'static str, &'static str)],
    /// What is set unless the configuration says otherwise.
    defaults: &'static [(&'static str, &'static str)],
}

const NO_B_FRAMES: (&str, &str) = ("num-B-Frames", "0");
const VIDEO_DEFAULTS: &[(&str, &str)] = &[("bitrate", "4000000"), ("iframeinterval", "30")];

const ROWS: [Row; 4] = [
    Row {
        codec: Codec::H264,
        element: "nvv4l2h264enc",
        input: VideoFormat::Nv12,
        output_caps: "video/x-h264,stream-format=byte-stream,alignment=au",
        needs_nvenc: true,
        always: &[NO_B_FRAMES, ("insert-sps-pps", "true")],
        defaults: VIDEO_DEFAULTS,
    },
    Row {
        codec: Codec::Hevc,
        element: "nvv4l2h265enc",
        input: VideoFormat::Nv12,
        output_caps: "video/x-h265,stream-format=byte-stream,alignment=au",
        needs_nvenc: true,
        always: &[NO_B_FRAMES, ("insert-sps-pps", "true")],
        defaults: VIDEO_DEFAULTS,
    },
    Row {
        codec: Codec::Av1,
        element: "nvv4l2av1enc",
        input: VideoFormat::Nv12,
        output_caps: "video/x-av1",
        needs_nvenc: true,
        always: &[NO_B_FRAMES, ("insert-seq-hdr", "true")],
        defaults: VIDEO_DEFAULTS,
    },
    Row {
        codec: Codec::Jpeg,
        element: "nvjpegenc",
        input: VideoFormat::I420,
        output_caps: "image/jpeg",
        needs_nvenc: false,
        always: &[],
        defaults: &[("quality", "85")],
    },
];

/// The kind of this machine; `None` on the host backend, which takes the properties of both.
pub(crate) fn machine() -> Result<Option<Platform>, surfaces::Error> {
    Ok(match backend()?.kind() {
        BackendKind::Host => None,
        BackendKind::DeepStream if platform::is_jetson_kernel() => Some(Platform::Jetson),
        BackendKind::DeepStream => Some(Platform::Dgpu),
    })
}

/// Whether hardware encodes the codec anywhere.
pub(crate) fn knows(codec: Codec) -> bool {
    ROWS.iter().any(|row| row.codec == codec)
}

/// The hardware encoder; the reason if there is none.
pub(crate) fn plan(config: &EncoderConfig) -> Result<ElementPlan, String> {
    let row = ROWS
        .iter()
        .find(|row| row.codec == config.codec)
        .ok_or_else(|| format!("{} is made by the CPU", config.codec))?;
    let kind = backend().map_err(|error| error.to_string())?.kind();
    if kind == BackendKind::Host {
        return Err("the host backend has no hardware encoder".to_owned());
    }
    surfaces::backend::load_plugins().map_err(|error| error.to_string())?;
    if row.needs_nvenc && !platform::has_nvenc(config.gpu_id).map_err(|error| error.to_string())? {
        let architecture = platform::gpu_architecture(config.gpu_id).ok().flatten();
        return Err(format!(
            "GPU {} ({}) has no NVENC, the hardware that encodes video",
            config.gpu_id,
            architecture.unwrap_or_else(|| "of unknown architecture".to_owned())
        ));
    }
    if config.b_frames > 0 {
        return Err("B frames are made in software only".to_owned());
    }
    if gst::ElementFactory::find(row.element).is_none() {
        return Err(format!("GStreamer has no element {}", row.element));
    }
    Ok(row.plan(config))
}

impl Row {
    fn plan(&self, config: &EncoderConfig) -> ElementPlan {
        let settings = config
            .properties
            .as_ref()
            .map(EncoderProperties::settings)
            .unwrap_or_default();
        let is_forced = |property: &str| self.has_always(property);
        let is_set = |property: &str| settings.iter().any(|set| set.property == property);
        let fixed = |rows: &[(&'static str, &'static str)]| {
            rows.iter()
                .map(|(property, value)| (*property, (*value).to_owned(), None))
                .collect::<Vec<_>>()
        };
        let mut properties = vec![("gpu-id", config.gpu_id.to_string(), None)];
        properties.extend(
            fixed(self.defaults)
                .into_iter()
                .filter(|(property, _, _)| !is_set(property)),
        );
        properties.extend(
            settings
                .iter()
                .filter(|set| !is_forced(set.property))
                .map(|set| (set.property, set.value.for_element(), Some(set.field))),
        );
        properties.extend(fixed(self.always));
        let full_range = settings
            .iter()
            .find(|set| set.field == "extended_colorformat")
            .map(|set| set.value == Value::Switch(true));
        ElementPlan {
            element: self.element,
            hardware: true,
            input: self.input,
            output_caps: self.output_caps.to_owned(),
            properties: self.existing(properties),
            full_range,
            excess: None,
        }
    }

    fn has_always(&self, property: &str) -> bool {
        self.always.iter().any(|(forced, _)| *forced == property)
    }

    /// Without those that nobody asked for and that this version of the element lacks.
    fn existing(
        &self,
        properties: Vec<(&'static str, String, Option<&'static str>)>,
    ) -> Vec<(&'static str, String, Option<&'static str>)> {
        use gst::prelude::*;
        let class = gst::ElementFactory::find(self.element)
            .and_then(|factory| factory.load().ok())
            .map(|factory| factory.element_type())
            .and_then(gst::glib::object::ObjectClass::from_type);
        let has = |property: &str| {
            class
                .as_ref()
                .is_none_or(|class| class.find_property(property).is_some())
        };
        properties
            .into_iter()
            .filter(|(property, _, field)| field.is_some() || has(property))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::properties::{H264DgpuProps, H264JetsonProps};
    use crate::{DgpuPreset, RateControl};

    fn told(properties: EncoderProperties) -> Vec<(&'static str, String)> {
        gst::init().unwrap();
        let config = EncoderConfig {
            properties: Some(properties),
            ..EncoderConfig::new(Codec::H264, 640, 360)
        };
        ROWS[0]
            .plan(&config)
            .properties
            .into_iter()
            .map(|(property, value, _)| (property, value))
            .collect()
    }

    #[test]
    fn the_element_is_told_every_field_and_what_always_holds() {
        let told = told(EncoderProperties::H264Dgpu(H264DgpuProps {
            bitrate: Some(7),
            control_rate: Some(RateControl::VariableBitrate),
            preset: Some(DgpuPreset::P4),
            qp_range: Some("1:2".to_owned()),
            ..Default::default()
        }));
        let expected = [
            ("gpu-id", "0"),
            ("iframeinterval", "30"),
            ("bitrate", "7"),
            ("control-rate", "0"),
            ("preset-id", "4"),
            ("qp-range", "1:2"),
            ("num-B-Frames", "0"),
            ("insert-sps-pps", "true"),
        ];
        assert_eq!(told, expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn parameter_sets_cannot_be_switched_off() {
        let told = told(EncoderProperties::H264Jetson(H264JetsonProps {
            insert_sps_pps: Some(false),
            ..Default::default()
        }));
        let repeated: Vec<_> = told
            .iter()
            .filter(|(name, _)| *name == "insert-sps-pps")
            .collect();
        assert_eq!(repeated, [&("insert-sps-pps", "true".to_owned())]);
    }
}
