//! NVIDIA's decoder element: where it comes from, what it can do, and its properties.

use frames::Codec;
use gst::prelude::*;
use surfaces::platform::DecodeDemand;
use surfaces::{BackendKind, backend};

use super::table;
use crate::config::{DecoderConfig, HardwareTunables};

pub(crate) const ELEMENT: &str = "nvv4l2decoder";

/// The plugin file that holds the element.
const PLUGIN: &str = "libgstnvvideo4linux2.so";

/// Makes sure that the element exists and that the chip decodes such a stream; the reason if not.
pub(crate) fn check(gpu_id: u32, demand: &DecodeDemand<'_>) -> Result<(), String> {
    let backend = backend().map_err(|error| error.to_string())?;
    if backend.kind() == BackendKind::Host {
        return Err("the host backend has no hardware decoder".to_owned());
    }
    load_plugin()?;
    surfaces::platform::check_decoder(gpu_id, demand).map_err(|error| error.to_string())
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

/// Loads the plugin into this process. The plugin scanner of GStreamer, a process of its own, does
/// not see the libraries that were loaded here and would blacklist it.
fn load_plugin() -> Result<(), String> {
    if gst::ElementFactory::find(ELEMENT).is_some() {
        return Ok(());
    }
    let folders = surfaces::backend::plugin_folders();
    let found = folders
        .iter()
        .map(|folder| folder.join(PLUGIN))
        .find(|path| path.exists());
    let Some(path) = found else {
        return Err(format!("{PLUGIN} is in none of {folders:?}"));
    };
    gst::Plugin::load_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if gst::ElementFactory::find(ELEMENT).is_some() {
        return Ok(());
    }
    Err(format!("{} has no element {ELEMENT}", path.display()))
}

/// Sets the properties that the element has; the others are left out.
pub(crate) fn configure(element: &gst::Element, config: &DecoderConfig, gpu_id: u32) {
    let HardwareTunables {
        num_extra_surfaces,
        drop_frame_interval,
        cudadec_memtype,
        low_latency_mode,
    } = config.tunables().copied().unwrap_or_default();
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
