//! One root a process.

mod fake;
mod toolchain;

use nvbufsurface_sys::loader::{ENVIRONMENT_VARIABLES, LoadError, LoadOptions, Place, load};
use nvbufsurface_sys::{
    Generation, Libraries, NvBufSurfaceCreateParams, NvBufSurfaceCreateParamsHead,
    NvBufSurfaceHead, slot_pointer,
};

use toolchain::{compile, empty_folder};

/// One test, because a process has one root and one environment.
#[test]
fn a_second_root_is_refused() {
    for variable in ENVIRONMENT_VARIABLES {
        // SAFETY: this process has one test, and no other thread reads the environment.
        unsafe { std::env::remove_var(variable) };
    }
    let first = empty_folder("root-first");
    let first_file = fake::surface_library(&first, &["-DNEW=0"]);
    compile(
        "fake/nvbufsurftransform.c",
        &first.join("libnvbufsurftransform.so"),
        &["-shared", "-fPIC"],
    );
    let second = empty_folder("root-second");
    let second_file = fake::surface_library(&second, &["-DNEW=1"]);
    let of_gstreamer = |folder: &std::path::Path| LoadOptions {
        gstreamer_root: Some(folder.to_owned()),
        ..LoadOptions::default()
    };

    let libraries = load(&of_gstreamer(&first)).expect("the first root works");
    assert_eq!(libraries.place, Place::GStreamer);
    assert_eq!(libraries.root, first);
    assert_eq!(libraries.generation(), Some(Generation::Old));
    assert!(
        libraries.transform.is_some(),
        "{:?}",
        libraries.transform_failure
    );
    assert!(libraries.surface.get_device_info.is_none());

    let again = load(&LoadOptions::default()).expect("it is loaded");
    assert!(std::ptr::eq(libraries, again));

    let refused = LoadError::SecondRoot {
        loaded: first_file.clone(),
        refused: second_file.clone(),
    };
    let text = refused.to_string();
    assert!(text.contains(first_file.to_str().expect("ASCII")), "{text}");
    assert!(
        text.contains(second_file.to_str().expect("ASCII")),
        "{text}"
    );
    assert_eq!(load(&of_gstreamer(&second)).err(), Some(refused.clone()));

    // SAFETY: this process has one test, and no other thread reads the environment.
    unsafe { std::env::set_var("DEEPSTREAM_LIB_DIR", &second) };
    assert_eq!(load(&LoadOptions::default()).err(), Some(refused.clone()));
    // SAFETY: as above.
    unsafe { std::env::remove_var("DEEPSTREAM_LIB_DIR") };

    create_through_the_table(libraries);

    // Another component loads the second copy behind our back.
    // SAFETY: the stand-in has no constructors.
    let other = unsafe { libloading::Library::new(&second_file) }.expect("it was just compiled");
    assert_eq!(load(&LoadOptions::default()).err(), Some(refused));
    drop(other);
}

fn create_through_the_table(libraries: &Libraries) {
    let mut params = NvBufSurfaceCreateParams::from(NvBufSurfaceCreateParamsHead {
        width: 640,
        ..NvBufSurfaceCreateParamsHead::default()
    });
    let mut surface = std::ptr::null_mut();
    // SAFETY: both pointers are to live locals, and the batch is not empty.
    let result = unsafe { (libraries.surface.create)(&raw mut surface, 2, &raw mut params) };
    assert_eq!(result, 0);
    // SAFETY: every surface begins with the head.
    let head = unsafe { surface.cast::<NvBufSurfaceHead>().read() };
    assert_eq!(head.batch_size, 2);
    // SAFETY: the surface has two slots of the measured stride.
    let slot = unsafe { slot_pointer(surface, 1, libraries.params_stride) };
    // SAFETY: the slot lives as long as the surface.
    assert_eq!(unsafe { slot.expect("slot 1").as_ref() }.width, 640);
    // SAFETY: we created it.
    assert_eq!(unsafe { (libraries.surface.destroy)(surface) }, 0);
}
