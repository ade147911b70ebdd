//! The EGL library, and the displays that it offers without a screen.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use khronos_egl::{self as egl, ATTRIB_NONE, DEFAULT_DISPLAY, EXTENSIONS};

use crate::error::RenderError;

/// EGL 1.5, which has displays of platforms.
pub(super) type Egl = egl::DynamicInstance<egl::EGL1_5>;

const LIBRARY: &str = "libEGL.so.1";

/// `EGL_PLATFORM_DEVICE_EXT`: a display of a device.
const PLATFORM_DEVICE: egl::Enum = 0x313F;
/// `EGL_PLATFORM_SURFACELESS_MESA`: Mesa without a window system.
const PLATFORM_SURFACELESS: egl::Enum = 0x31DD;
/// `EGL_CUDA_DEVICE_NV`: a device's number in CUDA.
const CUDA_DEVICE: egl::Int = 0x323A;

/// `EGLDeviceEXT`.
type Device = *mut c_void;
/// `eglQueryDevicesEXT`: `(room, out, count)`.
type QueryDevices = unsafe extern "system" fn(egl::Int, *mut Device, *mut egl::Int) -> egl::Boolean;
/// `eglQueryDeviceAttribEXT`: `(device, attribute, out)`.
type QueryDeviceAttribute =
    unsafe extern "system" fn(Device, egl::Int, *mut egl::Attrib) -> egl::Boolean;

/// A display that may or may not be usable, and what it is called in messages.
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) display: egl::Display,
}

/// The library, opened on the first call and never closed.
pub(super) fn library() -> Result<&'static Egl, RenderError> {
    static EGL: OnceLock<Result<Egl, RenderError>> = OnceLock::new();
    EGL.get_or_init(|| {
        // SAFETY: the constructors of an EGL library have no preconditions.
        unsafe { Egl::load_required_from_filename(LIBRARY) }.map_err(|error| {
            RenderError::NoLibrary {
                reason: match error {
                    egl::LoadError::Library(error) => error.to_string(),
                    egl::LoadError::InvalidVersion { provided, .. } => {
                        format!("it has only {provided:?}")
                    }
                },
            }
        })
    })
    .as_ref()
    .map_err(Clone::clone)
}

/// The displays to try, best first: those of the device that CUDA gives the number `cuda_device`, or of
/// anything that draws.
pub(super) fn candidates(
    egl: &Egl,
    cuda_device: Option<u32>,
) -> Result<Vec<Candidate>, RenderError> {
    let extensions = egl
        .query_string(None, EXTENSIONS)
        .map_err(|error| egl_error("eglQueryString", error))?
        .to_string_lossy();
    let offers = |name| extensions.split(' ').any(|extension| extension == name);
    let mut found = Vec::new();
    if cuda_device.is_none() && offers("EGL_MESA_platform_surfaceless") {
        // SAFETY: this platform takes the default display only.
        let display = unsafe { platform_display(egl, PLATFORM_SURFACELESS, DEFAULT_DISPLAY) };
        found.extend(display.map(|display| Candidate {
            name: "Mesa without a window system".to_owned(),
            display,
        }));
    }
    if offers("EGL_EXT_platform_device") {
        for (index, device) in devices(egl).into_iter().enumerate() {
            let number = cuda_number(egl, device);
            if cuda_device.is_some() && number != cuda_device {
                continue;
            }
            // SAFETY: EGL has just given this device out; devices live as long as the library.
            let display = unsafe { platform_display(egl, PLATFORM_DEVICE, device) };
            found.extend(display.map(|display| Candidate {
                name: match number {
                    Some(number) => format!("EGL device {index}, GPU {number}"),
                    None => format!("EGL device {index}"),
                },
                display,
            }));
        }
    }
    Ok(found)
}

/// An error of EGL.
pub(super) fn egl_error(call: &'static str, error: egl::Error) -> RenderError {
    RenderError::Egl {
        call,
        reason: error.to_string(),
    }
}

/// # Safety
/// `native` is a display of the platform.
unsafe fn platform_display(
    egl: &Egl,
    platform: egl::Enum,
    native: *mut c_void,
) -> Option<egl::Display> {
    // SAFETY: same contract; the list of attributes ends.
    unsafe { egl.get_platform_display(platform, native, &[ATTRIB_NONE]) }.ok()
}

/// All devices of EGL.
fn devices(egl: &Egl) -> Vec<Device> {
    let Some(query) = egl.get_proc_address("eglQueryDevicesEXT") else {
        return Vec::new();
    };
    // SAFETY: the function of this name has this type.
    let query = unsafe { std::mem::transmute::<extern "system" fn(), QueryDevices>(query) };
    let mut count = 0;
    // SAFETY: without room only the number is written.
    if unsafe { query(0, ptr::null_mut(), &raw mut count) } == egl::FALSE {
        return Vec::new();
    }
    let mut devices = vec![ptr::null_mut(); usize::try_from(count).unwrap_or_default()];
    // SAFETY: there is room for `count` devices.
    if unsafe { query(count, devices.as_mut_ptr(), &raw mut count) } == egl::FALSE {
        return Vec::new();
    }
    devices.truncate(usize::try_from(count).unwrap_or_default());
    devices
}

/// The number of a device in CUDA.
fn cuda_number(egl: &Egl, device: Device) -> Option<u32> {
    let query = egl.get_proc_address("eglQueryDeviceAttribEXT")?;
    // SAFETY: the function of this name has this type.
    let query = unsafe { std::mem::transmute::<extern "system" fn(), QueryDeviceAttribute>(query) };
    let mut number: egl::Attrib = 0;
    // SAFETY: the device is EGL's; a device without the attribute is an error, and nothing is written.
    let known = unsafe { query(device, CUDA_DEVICE, &raw mut number) };
    if known == egl::FALSE {
        // Takes the error away, which would otherwise be reported for a later call.
        let _ = egl.get_error();
        return None;
    }
    u32::try_from(number).ok()
}
