//! NVIDIA's libraries from the Python package index, without a GPU or a driver.
//!
//! Runs with `cargo test -- --ignored`; `SAVANT_TEST_DEEPSTREAM_WHEEL` names a folder filled with
//! ```text
//! pip install --no-deps --target FOLDER \
//!     nvidia-deepstream-videodecode-cu13 nvidia-cuda-runtime nvidia-npp
//! ```
//! An empty library stands in for the driver's `libcuda.so.1`: surfaces in system memory need no
//! driver.

mod toolchain;

use std::path::Path;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};
use nvbufsurface_sys::loader::{ENVIRONMENT_VARIABLES, LoadOptions, Place, load};
use nvbufsurface_sys::{Generation, probe_params_stride};

/// One test, because a process has one root and one environment.
#[test]
#[ignore = "needs NVIDIA's wheels, see above"]
fn the_stride_of_the_real_library_is_measured() {
    let folder = std::env::var_os("SAVANT_TEST_DEEPSTREAM_WHEEL")
        .expect("SAVANT_TEST_DEEPSTREAM_WHEEL names the folder with NVIDIA's wheels");
    for variable in ENVIRONMENT_VARIABLES {
        // SAFETY: this process has one test, and no other thread reads the environment.
        unsafe { std::env::remove_var(variable) };
    }
    // SAFETY: the driver's constructors have no preconditions.
    let driver = unsafe { Library::open(Some("libcuda.so.1"), RTLD_LAZY | RTLD_GLOBAL) };
    let _driver = driver.unwrap_or_else(|_| {
        let file = toolchain::empty_folder("no-driver").join("libcuda.so.1");
        let arguments = ["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1"];
        toolchain::compile("fake/empty.c", &file, &arguments);
        // SAFETY: the library is empty.
        unsafe { Library::open(Some(&file), RTLD_LAZY | RTLD_GLOBAL) }.expect("just compiled")
    });

    let folder = Path::new(&folder);
    let libraries = load(&LoadOptions {
        site_packages: vec![folder.to_owned()],
        ..LoadOptions::default()
    })
    .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(libraries.place, Place::Wheel);
    assert_eq!(
        libraries.root,
        folder.join("nvidia/deepstream_videodecode/_libs")
    );
    assert_eq!(libraries.params_stride, 416);
    assert_eq!(libraries.generation(), Some(Generation::New));
    assert!(
        libraries.transform.is_some(),
        "{:?}",
        libraries.transform_failure
    );
    assert!(libraries.surface.get_device_info.is_some());
    // SAFETY: the functions are those of the loaded library.
    assert_eq!(unsafe { probe_params_stride(&libraries.surface) }, Ok(416));
    libraries
        .load_buffer_pool()
        .unwrap_or_else(|error| panic!("{error}"));
}
