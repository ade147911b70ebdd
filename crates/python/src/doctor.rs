//! What the self-check needs to know and Python cannot find out.

use std::path::PathBuf;

use gst::prelude::*;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use serde::Serialize;
use surfaces::backend::{DECODER_ELEMENT, load_plugins};
use surfaces::platform::report::{Answer, Report};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_doctor_report, module)?)
}

#[derive(Serialize)]
struct Doctor {
    machine: Report,
    gstreamer: GStreamer,
}

#[derive(Serialize)]
struct GStreamer {
    version: String,
    /// NVIDIA's decoder element.
    nvv4l2decoder: Answer<Plugin>,
    /// Software decoder elements, preferred first.
    decoders: Vec<Decoders>,
    /// What `PacketReader` is made of.
    reader: Vec<Element>,
}

/// Where an element comes from.
#[derive(Serialize)]
struct Plugin {
    path: Option<PathBuf>,
    version: String,
}

#[derive(Serialize)]
struct Decoders {
    codec: &'static str,
    elements: Vec<Element>,
}

#[derive(Serialize)]
struct Element {
    name: &'static str,
    /// The Debian package that has it.
    package: &'static str,
    installed: bool,
}

impl Element {
    fn new(name: &'static str, package: &'static str) -> Self {
        Self {
            name,
            package,
            installed: gst::ElementFactory::find(name).is_some(),
        }
    }
}

impl GStreamer {
    fn new() -> Self {
        let (major, minor, micro, _) = gst::version();
        let decoders = decoders::software_elements().map(|(codec, elements)| Decoders {
            codec: codec.name(),
            elements: elements
                .iter()
                .map(|element| Element::new(element.name, element.package))
                .collect(),
        });
        let reader = ::media::elements()
            .iter()
            .map(|(name, package)| Element::new(name, package));
        Self {
            version: format!("{major}.{minor}.{micro}"),
            nvv4l2decoder: nvidia_plugin().into(),
            decoders: decoders.collect(),
            reader: reader.collect(),
        }
    }
}

/// The plugin of NVIDIA's decoder element, or what is wrong with it.
fn nvidia_plugin() -> Result<Plugin, String> {
    load_plugins().map_err(|error| error.to_string())?;
    let plugin = gst::ElementFactory::find(DECODER_ELEMENT)
        .and_then(|factory| factory.plugin())
        .ok_or_else(|| format!("GStreamer knows no {DECODER_ELEMENT}"))?;
    Ok(Plugin {
        path: plugin.filename(),
        version: plugin.version().to_string(),
    })
}

/// The machine, its libraries and GPUs, and the elements of GStreamer, as a JSON document: ``machine`` is
/// `surfaces::platform::report::Report`, ``gstreamer`` the elements. A value that cannot be found out is an
/// object with the key ``error``.
///
/// Chooses the backend and initialises CUDA; blocks for seconds where there are GPUs. Raises ``RuntimeError``
/// only if GStreamer cannot be initialised.
#[pyfunction]
fn _doctor_report(py: Python<'_>) -> PyResult<String> {
    let text = py.detach(|| {
        let machine = Report::new();
        gst::init().map_err(|error| error.to_string())?;
        let report = Doctor {
            machine,
            gstreamer: GStreamer::new(),
        };
        serde_json::to_string(&report).map_err(|error| error.to_string())
    });
    text.map_err(PyRuntimeError::new_err)
}
