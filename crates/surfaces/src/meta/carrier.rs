//! A `GstMeta` that carries one Rust value: registration and the C callbacks.

use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};

use gst::ffi;
use gst::glib;
use gst::glib::ffi::{GFALSE, GTRUE, gboolean, gpointer};

/// A registered `GstMetaInfo`. Registrations last as long as the process.
#[derive(Clone, Copy)]
pub(super) struct MetaInfo(NonNull<ffi::GstMetaInfo>);

// SAFETY: GStreamer never changes or frees a registered GstMetaInfo.
unsafe impl Send for MetaInfo {}
// SAFETY: as above.
unsafe impl Sync for MetaInfo {}

/// A value that travels on buffers.
///
/// # Safety
/// `info` must return what [`register::<Self>`] returned.
pub(super) unsafe trait Payload: Clone + Default + Send + Sync + 'static {
    /// The registration, made on first use.
    fn info() -> MetaInfo;
}

/// The meta as it lies in the buffer.
#[repr(C)]
struct Carrier<T> {
    meta: ffi::GstMeta,
    value: T,
}

/// Registers the meta. If the name is taken (a second copy of this library in the process, whose
/// layout may differ), a number is appended: a meta is only ever read by the copy that made it.
pub(super) fn register<T: Payload>(name: &str) -> MetaInfo {
    const {
        assert!(
            align_of::<T>() <= align_of::<usize>(),
            "GStreamer aligns metas to a pointer"
        );
    }
    let mut unique = name.to_owned();
    for number in 2.. {
        if glib::Type::from_name(&unique).is_none() {
            break;
        }
        unique = format!("{name}{number}");
    }
    let text = |suffix: &str| CString::new(format!("{unique}{suffix}")).unwrap_or_default();
    let (api_name, implementation_name) = (text(""), text("Impl"));
    let mut no_tags = [ptr::null::<std::ffi::c_char>()];
    // SAFETY: the names are C strings and the tag list ends with null; GStreamer copies them. The
    // callbacks match the size given and `Payload`'s contract ties `T` to this registration.
    let info = unsafe {
        let api = ffi::gst_meta_api_type_register(api_name.as_ptr(), no_tags.as_mut_ptr());
        ffi::gst_meta_register(
            api,
            implementation_name.as_ptr(),
            size_of::<Carrier<T>>(),
            Some(init::<T>),
            Some(free::<T>),
            Some(transform::<T>),
        )
    };
    // Registration fails only for a name that exists, which the loop above excludes.
    MetaInfo(NonNull::new(info.cast_mut()).unwrap_or_else(|| unreachable!("meta {unique} exists")))
}

/// Sets the value on a buffer, replacing an older one.
pub(super) fn set<T: Payload>(buffer: &mut gst::BufferRef, value: T) {
    let info = T::info();
    // SAFETY: `&mut BufferRef` proves that the buffer is writable; the meta found or added belongs
    // to the registration of `T`, so it is a Carrier<T> that `init` has initialised.
    unsafe {
        let mut meta = find::<T>(buffer);
        if meta.is_null() {
            meta = ffi::gst_buffer_add_meta(buffer.as_mut_ptr(), info.0.as_ptr(), ptr::null_mut())
                .cast();
        }
        if let Some(carrier) = meta.as_mut() {
            carrier.value = value;
        }
    }
}

/// The value on a buffer.
pub(super) fn get<T: Payload>(buffer: &gst::BufferRef) -> Option<&T> {
    // SAFETY: a meta of this registration is an initialised Carrier<T>, which stays until somebody
    // with mutable access to the buffer removes it.
    unsafe { find::<T>(buffer).as_ref().map(|carrier| &carrier.value) }
}

/// Removes the value from a buffer.
pub(super) fn remove<T: Payload>(buffer: &mut gst::BufferRef) {
    let meta = find::<T>(buffer);
    if !meta.is_null() {
        // SAFETY: `&mut BufferRef` proves that the buffer is writable, and the meta is on it.
        unsafe { ffi::gst_buffer_remove_meta(buffer.as_mut_ptr(), meta.cast()) };
    }
}

fn find<T: Payload>(buffer: &gst::BufferRef) -> *mut Carrier<T> {
    // SAFETY: the buffer is alive, and looking up a meta changes nothing.
    unsafe { ffi::gst_buffer_get_meta(buffer.as_ptr().cast_mut(), T::info().0.as_ref().api).cast() }
}

unsafe extern "C" fn init<T: Payload>(
    meta: *mut ffi::GstMeta,
    _params: gpointer,
    _buffer: *mut ffi::GstBuffer,
) -> gboolean {
    let Ok(value) = catch_unwind(T::default) else {
        return GFALSE;
    };
    // SAFETY: GStreamer passes size_of::<Carrier<T>>() bytes of which only the head is set.
    unsafe { (&raw mut (*meta.cast::<Carrier<T>>()).value).write(value) };
    GTRUE
}

unsafe extern "C" fn free<T: Payload>(meta: *mut ffi::GstMeta, _buffer: *mut ffi::GstBuffer) {
    // SAFETY: the value was initialised by `init`, and GStreamer frees a meta once.
    let drop_value = || unsafe { ptr::drop_in_place(&raw mut (*meta.cast::<Carrier<T>>()).value) };
    // There is nobody to tell about a panic, and it must not reach C.
    let _ = catch_unwind(AssertUnwindSafe(drop_value));
}

/// Follows every copy, of a part of a buffer too; other transformations (scaling of coordinates
/// and the like) do not concern these values.
unsafe extern "C" fn transform<T: Payload>(
    destination: *mut ffi::GstBuffer,
    meta: *mut ffi::GstMeta,
    _source: *mut ffi::GstBuffer,
    kind: glib::ffi::GQuark,
    _data: gpointer,
) -> gboolean {
    let copy = || {
        // SAFETY: the quark is initialised by gst_init, which the existence of buffers proves; the
        // meta is a live Carrier<T>, and GStreamer guarantees that the destination is writable.
        unsafe {
            if kind != glib::ffi::g_quark_from_static_string(c"gst-copy".as_ptr()) {
                return GFALSE;
            }
            let value = (*meta.cast::<Carrier<T>>()).value.clone();
            set(gst::BufferRef::from_mut_ptr(destination), value);
        }
        GTRUE
    };
    catch_unwind(AssertUnwindSafe(copy)).unwrap_or(GFALSE)
}
