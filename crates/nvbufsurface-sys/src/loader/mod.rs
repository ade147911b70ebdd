//! Finding and opening the libraries, once per process.
//!
//! All libraries come from one folder, the *root*. The places are searched in this order; the
//! first that has a working library wins:
//! 1. the folder named by an environment variable ([`ENVIRONMENT_VARIABLES`]): a demand, so
//!    nothing else is tried if it does not work;
//! 2. a copy that is in the process already;
//! 3. the root of the `nvv4l2decoder` that GStreamer knows ([`LoadOptions::gstreamer_root`]);
//! 4. NVIDIA's Python wheel ([`LoadOptions::site_packages`]);
//! 5. the dynamic linker's own search;
//! 6. the DeepStream installation ([`SYSTEM_FOLDER`]);
//! 7. the Jetson folders ([`JETSON_FOLDERS`]).
//!
//! A second copy in one process would corrupt memory, so two roots are an error that names both.
//! Nothing that was opened is ever closed.

mod error;
mod fork;
mod open;
mod place;
mod preload;
mod process;

use core::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use error::{Attempt, LoadError};
pub use place::{ENVIRONMENT_VARIABLES, JETSON_FOLDERS, Place, SYSTEM_FOLDER};
pub(crate) use process::{canonical, file_of};

use crate::Generation;
use crate::api::{NvBufSurfTransformApi, NvBufSurfaceApi, NvDsBufferPoolApi};

/// File names of a library in a folder, preferred first. Some Jetson images have only the last.
pub(crate) struct LibraryName {
    names: [&'static str; 2],
}

const SURFACE: LibraryName = LibraryName {
    names: ["libnvbufsurface.so", "libnvbufsurface.so.1.0.0"],
};
const TRANSFORM: LibraryName = LibraryName {
    names: ["libnvbufsurftransform.so", "libnvbufsurftransform.so.1.0.0"],
};
const BUFFER_POOL: LibraryName = LibraryName {
    names: ["libnvdsbufferpool.so", "libnvdsbufferpool.so.1.0.0"],
};

/// What the caller knows about the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Folder of the libraries that belong to the `nvv4l2decoder` that GStreamer knows.
    pub gstreamer_root: Option<PathBuf>,
    /// `site-packages` folders of Python, in the order of the import path.
    pub site_packages: Vec<PathBuf>,
}

/// The libraries of this process.
#[derive(Debug)]
pub struct Libraries {
    /// Folder of all of them.
    pub root: PathBuf,
    /// The file of `libnvbufsurface.so`, as the dynamic linker reports it.
    pub file: PathBuf,
    /// The place that won the search.
    pub place: Place,
    /// `libnvbufsurface.so`.
    pub surface: NvBufSurfaceApi,
    /// `libnvbufsurftransform.so`; `None` if the root has none that works.
    pub transform: Option<NvBufSurfTransformApi>,
    /// Why there is no `transform`.
    pub transform_failure: Option<Attempt>,
    /// Measured distance in bytes between two slots of `surfaceList`.
    pub params_stride: usize,
}

impl Libraries {
    /// The generation of the libraries; `None` if [`params_stride`](Self::params_stride) is that
    /// of neither. Then only the heads of structs are known.
    pub fn generation(&self) -> Option<Generation> {
        Generation::from_params_stride(self.params_stride)
    }

    /// The file of `libnvbufsurftransform.so`, as the dynamic linker reports it.
    pub fn transform_file(&self) -> Option<PathBuf> {
        let transform = self.transform?;
        file_of(transform.transform as *const c_void)
    }

    /// Opens DeepStream's buffer pool in the root or, on Jetson, where the root belongs to the
    /// board support package, in [`SYSTEM_FOLDER`]. It needs GStreamer.
    pub fn load_buffer_pool(&self) -> Result<NvDsBufferPoolApi, LoadError> {
        let folders = [
            (self.place, self.root.as_path()),
            (Place::System, Path::new(SYSTEM_FOLDER)),
        ];
        let pool = open::open_buffer_pool(&folders)?;
        open::refuse_second_copy(&self.file)?;
        Ok(pool)
    }
}

/// Finds and opens the libraries, on the first call that succeeds.
///
/// Later calls return the same libraries, after a check that neither the environment nor
/// `options` names another root. A failure is not kept: the next call searches again. Blocks
/// while another thread searches. Opening runs the constructors of the libraries and creates
/// and destroys one small surface in system memory. A fork that is made afterwards ends without the
/// exit handlers that are registered by then: those of NVIDIA's libraries would wait for ever.
pub fn load(options: &LoadOptions) -> Result<&'static Libraries, LoadError> {
    static LIBRARIES: OnceLock<Libraries> = OnceLock::new();
    // Held across the libraries' constructors: two searches at a time could open two copies.
    static SEARCH: Mutex<()> = Mutex::new(());

    let _search = SEARCH.lock().unwrap_or_else(PoisonError::into_inner);
    let libraries = if let Some(libraries) = LIBRARIES.get() {
        libraries
    } else {
        let found = open::search(options)?;
        fork::let_forks_end();
        LIBRARIES.get_or_init(|| found)
    };
    open::refuse_second_root(&libraries.file, options)?;
    Ok(libraries)
}
