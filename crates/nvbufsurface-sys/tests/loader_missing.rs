//! The loader where there is nothing to load.

use std::path::Path;

use nvbufsurface_sys::loader::{ENVIRONMENT_VARIABLES, LoadError, LoadOptions, Place, load};

/// One test, because it changes the environment of the process.
#[test]
fn the_error_lists_every_place_tried() {
    for variable in ENVIRONMENT_VARIABLES {
        // SAFETY: this process has one test, and no other thread reads the environment.
        unsafe { std::env::remove_var(variable) };
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nothing-here");
    let options = LoadOptions {
        gstreamer_root: Some(folder.join("gstreamer")),
        site_packages: vec![folder.join("site-packages")],
    };

    demanded_folder(&options, &folder.join("demanded"));

    let error = match load(&options) {
        Err(error) => error,
        Ok(libraries) => {
            // A machine with DeepStream: only the places that belong to the machine can have it.
            assert!(matches!(
                libraries.place,
                Place::Linker | Place::System | Place::Jetson
            ));
            return;
        }
    };
    let text = error.to_string();
    let mut rest = text.as_str();
    for part in [
        "libnvbufsurface.so could not be loaded",
        "environment variable SAVANT_DEEPSTREAM_LIB_DIR: not set",
        "environment variable DEEPSTREAM_LIB_DIR: not set",
        "environment variable NVIDIA_DEEPSTREAM_DECODE_LIB_DIR: not set",
        "already in the process: no copy is loaded",
        "GStreamer's nvv4l2decoder: ",
        "nothing-here/gstreamer/libnvbufsurface.so: cannot open shared object file",
        "Python wheel: ",
        "nothing-here/site-packages/nvidia/deepstream_videodecode/_libs/libnvbufsurface.so: ",
        "ld.so: libnvbufsurface.so: cannot open shared object file",
        "ld.so: libnvbufsurface.so.1.0.0: ",
        "DeepStream installation: /opt/nvidia/deepstream/deepstream/lib/libnvbufsurface.so: ",
        "Jetson folder: /usr/lib/aarch64-linux-gnu/nvidia/libnvbufsurface.so: ",
        "Jetson folder: /usr/lib/aarch64-linux-gnu/tegra/libnvbufsurface.so: ",
    ] {
        let at = rest.find(part);
        assert!(at.is_some(), "{part:?} is not next in\n{text}");
        rest = &rest[at.unwrap_or_default() + part.len()..];
    }
}

/// A folder that the environment demands is the only one tried; the first variable counts.
fn demanded_folder(options: &LoadOptions, folder: &Path) {
    let [first, second, _] = ENVIRONMENT_VARIABLES;
    for variable in [second, first] {
        // SAFETY: this process has one test, and no other thread reads the environment.
        unsafe { std::env::set_var(variable, folder) };
        let error = load(options).expect_err("the folder has no library");
        let text = error.to_string();
        let note = format!("{variable} is set, so no other place was tried");
        assert!(text.contains(&note), "{text}");
        let LoadError::NotFound { attempts, .. } = error else {
            panic!("{text}")
        };
        let last = attempts.last().expect("the demanded folder was tried");
        assert_eq!(last.place, Place::Environment(variable));
        assert_eq!(last.target, Some(folder.join("libnvbufsurface.so")));
        assert!(
            last.reason.contains("cannot open shared object file"),
            "{}",
            last.reason
        );
        assert!(
            attempts
                .iter()
                .all(|attempt| matches!(attempt.place, Place::Environment(_)))
        );
    }
    for variable in [first, second] {
        // SAFETY: as above.
        unsafe { std::env::remove_var(variable) };
    }
}
