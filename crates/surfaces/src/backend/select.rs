//! The choice of the backend, once per process.

use std::path::Path;
use std::sync::OnceLock;

use nvbufsurface_sys::{Generation, Libraries, LoadOptions};

use super::deepstream::{Cuda, DeepStreamBackend};
use super::host::HostBackend;
use super::{Backend, BackendKind, search};
use crate::error::Error;

/// Environment variable that names the backend: `deepstream`, `host` or `auto` (the default).
pub const BACKEND_VARIABLE: &str = "SAVANT_BACKEND";

/// Files that show an NVIDIA driver.
const GPU_SIGNS: [&str; 2] = ["/dev/nvidia0", "/proc/driver/nvidia/version"];

static CHOSEN: OnceLock<Result<Chosen, Error>> = OnceLock::new();

/// What was chosen.
enum Chosen {
    Host(HostBackend),
    DeepStream(DeepStreamBackend),
}

/// What [`BACKEND_VARIABLE`] asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Host,
    DeepStream,
    Automatic,
}

impl Wish {
    pub(super) fn from_environment() -> Result<Self, Error> {
        Self::from_value(std::env::var(BACKEND_VARIABLE).ok().as_deref())
    }

    fn from_value(value: Option<&str>) -> Result<Self, Error> {
        match value {
            Some("host") => Ok(Self::Host),
            Some("deepstream") => Ok(Self::DeepStream),
            None | Some("" | "auto") => Ok(Self::Automatic),
            Some(value) => Err(Error::UnknownBackend {
                value: value.to_owned(),
            }),
        }
    }
}

/// Whether there are signs of an NVIDIA driver. Opens no library.
pub(crate) fn is_gpu_visible() -> bool {
    GPU_SIGNS.iter().any(|path| Path::new(path).exists())
}

/// Says where NVIDIA's libraries may be. Counts if it comes before the first use of
/// [`backend`]; returns whether it did.
pub fn set_search(options: LoadOptions) -> bool {
    search::set(options);
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

/// Initialises `GStreamer`, if nobody has.
pub(super) fn init_gstreamer() -> Result<(), Error> {
    gst::init().map_err(|error| Error::GStreamer {
        reason: error.to_string(),
    })
}

fn chosen() -> Result<&'static Chosen, Error> {
    let chosen = CHOSEN.get_or_init(|| {
        // NVIDIA's libraries come first: a GStreamer that scans its plugins in this process may
        // otherwise open and close them, and closing them ends the process.
        let chosen = Wish::from_environment().and_then(choose);
        init_gstreamer()?;
        chosen
    });
    chosen.as_ref().map_err(Clone::clone)
}

fn choose(wish: Wish) -> Result<Chosen, Error> {
    let host = || Chosen::Host(HostBackend::new(Generation::NEWEST));
    match wish {
        Wish::Host => Ok(host()),
        Wish::Automatic => Ok(automatic().map_or_else(host, Chosen::DeepStream)),
        Wish::DeepStream => match Cuda::new().and_then(deepstream) {
            Ok(backend) => Ok(Chosen::DeepStream(backend)),
            Err(error) => Err(Error::BackendUnavailable {
                backend: BackendKind::DeepStream.name(),
                reason: error.to_string(),
            }),
        },
    }
}

/// The DeepStream backend where there is a GPU; a GPU that cannot be used is worth a warning.
fn automatic() -> Option<DeepStreamBackend> {
    let failure = match Cuda::new() {
        Ok(cuda) => match deepstream(cuda) {
            Ok(backend) => return Some(backend),
            Err(error) => error,
        },
        Err(_) if !is_gpu_visible() => return None,
        Err(error) => error,
    };
    tracing::warn!(
        "an NVIDIA GPU is visible, but the host backend is used, because DeepStream cannot be: \
         {failure}"
    );
    None
}

fn deepstream(cuda: Cuda) -> Result<DeepStreamBackend, Error> {
    DeepStreamBackend::new(cuda, &search::options())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for (value, wish) in [
            (None, Wish::Automatic),
            (Some(""), Wish::Automatic),
            (Some("auto"), Wish::Automatic),
            (Some("host"), Wish::Host),
            (Some("deepstream"), Wish::DeepStream),
        ] {
            assert_eq!(Wish::from_value(value), Ok(wish));
        }
        let unknown = Error::UnknownBackend {
            value: "cuda".to_owned(),
        };
        assert_eq!(Wish::from_value(Some("cuda")), Err(unknown));
    }

    #[test]
    fn there_is_always_a_backend_that_nobody_asked_for() {
        assert!(choose(Wish::Host).is_ok());
        assert!(choose(Wish::Automatic).is_ok());
    }

    #[test]
    fn asking_for_deepstream_says_what_is_missing() {
        // A machine that has everything gets it.
        if let Err(error) = choose(Wish::DeepStream) {
            let text = error.to_string();
            assert!(
                text.contains("deepstream backend cannot be used: "),
                "{text}"
            );
            assert!(text.contains("lib") || text.contains("cu"), "{text}");
        }
    }
}
