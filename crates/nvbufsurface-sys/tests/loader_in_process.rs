//! A copy that something else has loaded is the one that is used.

mod fake;
mod toolchain;

use nvbufsurface_sys::Generation;
use nvbufsurface_sys::loader::{ENVIRONMENT_VARIABLES, LoadError, LoadOptions, Place, load};
use toolchain::empty_folder;

/// One test, because a process has one root and one environment.
#[test]
fn a_loaded_copy_wins_over_the_later_places() {
    for variable in ENVIRONMENT_VARIABLES {
        // SAFETY: this process has one test, and no other thread reads the environment.
        unsafe { std::env::remove_var(variable) };
    }
    let root = empty_folder("root-in-process");
    let file = fake::surface_library(&root, &["-DNEW=1"]);
    let demanded = empty_folder("root-demanded");
    let demanded_file = fake::surface_library(&demanded, &["-DNEW=1"]);
    // SAFETY: the stand-in has no constructors.
    let loaded = unsafe { libloading::Library::new(&file) }.expect("it was just compiled");

    // SAFETY: this process has one test, and no other thread reads the environment.
    unsafe { std::env::set_var("SAVANT_DEEPSTREAM_LIB_DIR", &demanded) };
    assert_eq!(
        load(&LoadOptions::default()).err(),
        Some(LoadError::SecondRoot {
            loaded: file.clone(),
            refused: demanded_file
        })
    );
    // SAFETY: as above.
    unsafe { std::env::remove_var("SAVANT_DEEPSTREAM_LIB_DIR") };

    let libraries = load(&LoadOptions::default()).expect("the loaded copy works");
    assert_eq!(libraries.place, Place::Process);
    assert_eq!((&libraries.root, &libraries.file), (&root, &file));
    assert_eq!(libraries.generation(), Some(Generation::New));
    assert!(libraries.transform.is_none());
    let failure = libraries
        .transform_failure
        .as_ref()
        .expect("the root has no transform library");
    assert_eq!(failure.target, Some(root.join("libnvbufsurftransform.so")));
    drop(loaded);
}
