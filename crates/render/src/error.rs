//! What can go wrong with drawing.

use surfaces::Error;

/// Packages that bring OpenGL without a screen, drawn by the CPU.
const PACKAGES: &str =
    "on Debian and Ubuntu: apt-get install libegl1 libgl1 libegl-mesa0 libgl1-mesa-dri";

/// Why a call on a drawing context failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The surfaces or the device.
    #[error(transparent)]
    Surface(#[from] Error),
    /// The EGL library cannot be used.
    #[error("drawing needs EGL, but libEGL.so.1 cannot be used: {reason}; {PACKAGES}")]
    NoLibrary {
        /// The dynamic linker's words.
        reason: String,
    },
    /// Nothing that EGL offers can draw without a screen.
    #[error(
        "EGL offers no OpenGL 3.3 without a screen ({}); {PACKAGES}",
        tried_text(tried)
    )]
    NoDisplay {
        /// What was tried, and what failed.
        tried: Vec<String>,
    },
    /// A call of EGL failed.
    #[error("{call} failed: {reason}")]
    Egl {
        /// The C function.
        call: &'static str,
        /// EGL's words.
        reason: String,
    },
    /// A call of OpenGL failed.
    #[error("OpenGL cannot {what}: {reason}")]
    Gl {
        /// What was being done.
        what: &'static str,
        /// The driver's words, or its number for the error.
        reason: String,
    },
    /// A canvas of this size cannot exist.
    #[error("a canvas of {width}x{height} pixels is not possible: each side has 1 to {limit}")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The longest side, in pixels.
        limit: u32,
    },
    /// The context is bound to the thread that made it.
    #[error("the drawing context belongs to the thread that made it")]
    WrongThread,
    /// The context is gone.
    #[error("the drawing context has been closed")]
    Closed,
}

fn tried_text(tried: &[String]) -> String {
    match tried {
        [] => "it offers no display".to_owned(),
        tried => tried.join("; "),
    }
}
