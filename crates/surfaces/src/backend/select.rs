//! The choice of the backend, once per process.

use std::path::Path;
use std::sync::OnceLock;

use nvbufsurface_sys::Generation;

use super::host::HostBackend;
use super::{Backend, BackendKind};
use crate::error::Error;

/// Environment variable that names the backend: `deepstream`, `host` or `auto` (the default).
pub const BACKEND_VARIABLE: &str = "SAVANT_BACKEND";

/// Files that show an NVIDIA driver.
const GPU_SIGNS: [&str; 2] = ["/dev/nvidia0", "/proc/driver/nvidia/version"];

/// The backend of this process. The first call decides, by `SAVANT_BACKEND`, and initialises
/// `GStreamer`.
///
/// # Errors
/// [`Error::UnknownBackend`], [`Error::BackendUnavailable`], [`Error::GStreamer`]; the same error
/// on every call.
pub fn backend() -> Result<&'static dyn Backend, Error> {
    static BACKEND: OnceLock<Result<HostBackend, Error>> = OnceLock::new();
    let chosen = BACKEND.get_or_init(|| {
        gst::init().map_err(|error| Error::GStreamer {
            reason: error.to_string(),
        })?;
        choose(std::env::var(BACKEND_VARIABLE).ok().as_deref())
    });
    chosen
        .as_ref()
        .map(|backend| backend as &dyn Backend)
        .map_err(Clone::clone)
}

fn choose(value: Option<&str>) -> Result<HostBackend, Error> {
    match value {
        Some("host") => {}
        None | Some("" | "auto") => warn_of_unused_gpu(),
        Some("deepstream") => return Err(deepstream_unavailable()),
        Some(value) => {
            return Err(Error::UnknownBackend {
                value: value.to_owned(),
            });
        }
    }
    Ok(HostBackend::new(Generation::NEWEST))
}

fn warn_of_unused_gpu() {
    if GPU_SIGNS.iter().any(|path| Path::new(path).exists()) {
        tracing::warn!("an NVIDIA GPU is visible, but this build has the host backend only");
    }
}

fn deepstream_unavailable() -> Error {
    let tried = match nvbufsurface_sys::load(&nvbufsurface_sys::LoadOptions::default()) {
        Ok(_) => "the DeepStream libraries were found".to_owned(),
        Err(error) => error.to_string(),
    };
    Error::BackendUnavailable {
        backend: BackendKind::DeepStream.name(),
        reason: format!("this build has the host backend only ({tried})"),
    }
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
        let Err(error) = choose(Some("deepstream")) else {
            panic!("accepted")
        };
        assert!(error.to_string().contains("host backend only"), "{error}");
    }
}
