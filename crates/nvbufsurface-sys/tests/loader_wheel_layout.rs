//! In the wheel's layout the CUDA libraries are loaded first, and a library without a function
//! that every version has is refused.

mod fake;
mod toolchain;

use nvbufsurface_sys::loader::{ENVIRONMENT_VARIABLES, LoadError, LoadOptions, load};
use toolchain::{compile, empty_folder};

/// One test, because a process has one root and one environment.
#[test]
fn dependencies_beside_the_wheel_are_found() {
    for variable in ENVIRONMENT_VARIABLES {
        // SAFETY: this process has one test, and no other thread reads the environment.
        unsafe { std::env::remove_var(variable) };
    }
    let site_packages = empty_folder("site-packages");
    let cuda = site_packages.join("nvidia/cu13/lib/libcudart.so.13");
    compile(
        "fake/cudart.c",
        &cuda,
        &["-shared", "-fPIC", "-Wl,-soname,libcudart.so.13"],
    );
    let root = site_packages.join("nvidia/deepstream_videodecode/_libs");
    // Without the preload the dynamic linker has no way to find the CUDA runtime.
    let file = fake::surface_library(
        &root,
        &[
            "-DNEW=1",
            "-DWITHOUT_COPY",
            "-DNEEDS_CUDART",
            "-Wl,--no-as-needed",
            cuda.to_str().expect("ASCII"),
        ],
    );
    let options = LoadOptions {
        site_packages: vec![site_packages],
        ..LoadOptions::default()
    };
    let error = load(&options).expect_err("NvBufSurfaceCopy is missing");
    let LoadError::MissingSymbol {
        file: refused,
        missing,
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!((refused, missing.name), (&file, "NvBufSurfaceCopy"));
    assert!(error.to_string().contains("NvBufSurfaceCopy"), "{error}");
}
