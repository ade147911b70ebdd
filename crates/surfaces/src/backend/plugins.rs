//! NVIDIA's `GStreamer` plugins, loaded into this process.
//!
//! `GStreamer` looks at plugins in a process of its own, which has none of the libraries that were
//! opened here: there they cannot be loaded, and the plugins would be passed over ever after. In
//! this process they are loaded by their files, which also works after the application has
//! initialised `GStreamer`.

use std::path::PathBuf;

use nvbufsurface_sys::{Libraries, LoadError};

use super::search;
use super::select::{Wish, is_gpu_visible};
use super::stdout::Diverted;
use crate::error::Error;

/// NVIDIA's decoder element.
pub const DECODER_ELEMENT: &str = "nvv4l2decoder";

/// The plugin of the decoder element.
const DECODER_PLUGIN: &str = "libgstnvvideo4linux2.so";

/// The plugin of `nvvideoconvert`, without which a pipeline of the application's own could do
/// little with decoded pictures.
const CONVERTER_PLUGIN: &str = "libgstnvvideoconvert.so";

/// Folder of the plugins below that of the libraries, in an installation of DeepStream.
const PLUGIN_FOLDER: &str = "gst-plugins";

/// Makes NVIDIA's elements known to `GStreamer` on a machine that has them, for pipelines of the
/// application's own; returns whether they are. Meant to be called before anything else.
///
/// It opens NVIDIA's libraries, then initialises `GStreamer`. It does not choose the backend,
/// and initialises no CUDA. Without a visible GPU (unless `SAVANT_BACKEND` demands one) or with
/// `SAVANT_BACKEND=host` it does nothing at all.
///
/// # Errors
/// [`Error::Driver`], [`Error::GStreamer`]. Nothing is decided by a failure: whoever needs the
/// libraries searches again.
pub fn offer_elements() -> Result<bool, Error> {
    let wanted = match Wish::from_environment() {
        Ok(Wish::DeepStream) => true,
        Ok(Wish::Automatic) => is_gpu_visible(),
        Ok(Wish::Host) | Err(_) => false,
    };
    if !wanted {
        return Ok(false);
    }
    // Before GStreamer, which may otherwise open and close them as it looks for plugins; closing
    // them ends the process.
    load_libraries().map_err(|error| unusable(error.to_string()))?;
    super::init_gstreamer()?;
    load_plugins()?;
    Ok(true)
}

/// Makes sure that [`DECODER_ELEMENT`] exists. `GStreamer` is initialised.
///
/// # Errors
/// [`Error::Driver`] without libraries or plugin, or if `GStreamer` knows the element from
/// another root than the libraries in use.
pub fn load_plugins() -> Result<(), Error> {
    let libraries = load_libraries().map_err(|error| unusable(error.to_string()))?;
    if has_decoder_element() {
        return Ok(());
    }
    load(libraries, DECODER_PLUGIN)?;
    if let Err(error) = load(libraries, CONVERTER_PLUGIN) {
        tracing::debug!("{error}");
    }
    if has_decoder_element() {
        return Ok(());
    }
    Err(unusable(format!(
        "{DECODER_PLUGIN} of {} has no element {DECODER_ELEMENT}",
        libraries.root.display()
    )))
}

fn has_decoder_element() -> bool {
    gst::ElementFactory::find(DECODER_ELEMENT).is_some()
}

/// NVIDIA's libraries, whether or not they are in use.
pub(crate) fn load_libraries() -> Result<&'static Libraries, LoadError> {
    nvbufsurface_sys::load(&search::options())
}

fn load(libraries: &Libraries, plugin: &str) -> Result<(), Error> {
    let folders = folders(libraries);
    let path = folders
        .iter()
        .map(|folder| folder.join(plugin))
        .find(|path| path.exists())
        .ok_or_else(|| unusable(format!("{plugin} is in none of {folders:?}")))?;
    let _diverted = Diverted::new();
    gst::Plugin::load_file(&path)
        .map(|_| ())
        .map_err(|error| unusable(format!("{}: {error}", path.display())))
}

/// Folders that may have the plugins that belong to the libraries.
fn folders(libraries: &Libraries) -> Vec<PathBuf> {
    let root = &libraries.root;
    let mut folders = vec![root.clone(), root.join(PLUGIN_FOLDER)];
    // On Jetson the libraries are in .../nvidia or .../tegra, the plugins beside that.
    folders.extend(root.parent().map(|parent| parent.join("gstreamer-1.0")));
    folders
}

fn unusable(reason: String) -> Error {
    Error::Driver { reason }
}
