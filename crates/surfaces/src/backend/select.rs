//! The choice of the backend, once per process.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, OnceLock, PoisonError};

use gst::prelude::*;
use nvbufsurface_sys::{Generation, Libraries, LoadOptions};

use super::deepstream::{Cuda, DeepStreamBackend};
use super::host::HostBackend;
use super::{Backend, BackendKind};
use crate::error::Error;

/// Environment variable that names the backend: `deepstream`, `host` or `auto` (the default).
pub const BACKEND_VARIABLE: &str = "SAVANT_BACKEND";

/// Files that show an NVIDIA driver.
const GPU_SIGNS: [&str; 2] = ["/dev/nvidia0", "/proc/driver/nvidia/version"];

/// The element of NVIDIA's that may have brought the libraries.
const DECODER_ELEMENT: &str = "nvv4l2decoder";

/// Folder of the plugins below that of the libraries, in an installation of DeepStream.
const PLUGIN_FOLDER: &str = "gst-plugins";

static SEARCH: Mutex<LoadOptions> = Mutex::new(LoadOptions {
    gstreamer_root: None,
    site_packages: Vec::new(),
});

static CHOSEN: OnceLock<Result<Chosen, Error>> = OnceLock::new();

/// What was chosen.
enum Chosen {
    Host(HostBackend),
    DeepStream(DeepStreamBackend),
}

/// Says where NVIDIA's libraries may be. Counts if it comes before the first use of
/// [`backend`]; returns whether it did.
pub fn set_search(options: LoadOptions) -> bool {
    let mut search = SEARCH.lock().unwrap_or_else(PoisonError::into_inner);
    *search = options;
    CHOSEN.get().is_none()
}

/// The backend of this process. The first call decides, by `SAVANT_BACKEND`, and initialises
/// `GStreamer`.
///
/// # Errors
/// [`Error::UnknownBackend`], [`Error::BackendUnavailable`], [`Error::GStreamer`]; the same error
/// on every call.
pub fn backend() -> Result<&'static dyn Backend, Error> {
    match chosen()? {
        Chosen::Host(backend) => Ok(backend),
        Chosen::DeepStream(backend) => Ok(backend),
    }
}

/// NVIDIA's libraries, if they are in use.
pub fn libraries() -> Option<&'static Libraries> {
    match chosen() {
        Ok(Chosen::DeepStream(backend)) => Some(backend.libraries()),
        _ => None,
    }
}

/// Folders that may have the `GStreamer` plugins that belong to the libraries in use.
pub fn plugin_folders() -> Vec<PathBuf> {
    let Some(libraries) = libraries() else {
        return Vec::new();
    };
    let root = &libraries.root;
    let mut folders = vec![root.clone(), root.join(PLUGIN_FOLDER)];
    // On Jetson the libraries are in .../nvidia or .../tegra, the plugins beside that.
    folders.extend(root.parent().map(|parent| parent.join("gstreamer-1.0")));
    folders
}

fn chosen() -> Result<&'static Chosen, Error> {
    let chosen = CHOSEN.get_or_init(|| {
        // NVIDIA's libraries come first: a GStreamer that scans its plugins in this process may
        // otherwise open and close them, and closing them ends the process.
        let chosen = choose(std::env::var(BACKEND_VARIABLE).ok().as_deref());
        gst::init().map_err(|error| Error::GStreamer {
            reason: error.to_string(),
        })?;
        chosen
    });
    chosen.as_ref().map_err(Clone::clone)
}

fn choose(value: Option<&str>) -> Result<Chosen, Error> {
    let host = || Chosen::Host(HostBackend::new(Generation::NEWEST));
    match value {
        Some("host") => Ok(host()),
        None | Some("" | "auto") => Ok(automatic().map_or_else(host, Chosen::DeepStream)),
        Some("deepstream") => match Cuda::new().and_then(deepstream) {
            Ok(backend) => Ok(Chosen::DeepStream(backend)),
            Err(error) => Err(Error::BackendUnavailable {
                backend: BackendKind::DeepStream.name(),
                reason: error.to_string(),
            }),
        },
        Some(value) => Err(Error::UnknownBackend {
            value: value.to_owned(),
        }),
    }
}

/// The DeepStream backend where there is a GPU; a GPU that cannot be used is worth a warning.
fn automatic() -> Option<DeepStreamBackend> {
    let failure = match Cuda::new() {
        Ok(cuda) => match deepstream(cuda) {
            Ok(backend) => return Some(backend),
            Err(error) => error,
        },
        Err(_) if !GPU_SIGNS.iter().any(|path| Path::new(path).exists()) => return None,
        Err(error) => error,
    };
    tracing::warn!(
        "an NVIDIA GPU is visible, but the host backend is used, because DeepStream cannot be: \
         {failure}"
    );
    None
}

fn deepstream(cuda: Cuda) -> Result<DeepStreamBackend, Error> {
    let mut options = SEARCH
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if options.gstreamer_root.is_none() {
        options.gstreamer_root = gstreamer_root();
    }
    DeepStreamBackend::new(cuda, &options)
}

/// The folder of the libraries that belong to the decoder element that GStreamer knows, if the
/// application has initialised GStreamer already.
fn gstreamer_root() -> Option<PathBuf> {
    if !gst::INITIALIZED.load(Ordering::SeqCst) {
        return None;
    }
    let plugin = gst::ElementFactory::find(DECODER_ELEMENT)?.plugin()?;
    let file = plugin.filename()?;
    let folders = file.ancestors().skip(1).take(2);
    let has_libraries = |folder: &&Path| {
        ["libnvbufsurface.so", "libnvbufsurface.so.1.0.0"]
            .iter()
            .any(|name| folder.join(name).exists())
    };
    folders
        .into_iter()
        .find(has_libraries)
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(choose(Some("host")).is_ok());
        assert!(choose(Some("auto")).is_ok());
        assert!(choose(None).is_ok());
        let Err(error) = choose(Some("cuda")) else {
            panic!("accepted")
        };
        assert_eq!(
            error,
            Error::UnknownBackend {
                value: "cuda".to_owned()
            }
        );
    }

    #[test]
    fn asking_for_deepstream_says_what_is_missing() {
        // A machine that has everything gets it.
        if let Err(error) = choose(Some("deepstream")) {
            let text = error.to_string();
            assert!(
                text.contains("deepstream backend cannot be used: "),
                "{text}"
            );
            assert!(text.contains("lib") || text.contains("cu"), "{text}");
        }
    }
}
