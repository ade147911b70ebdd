//! OpenGL contexts without a surface.

use khronos_egl as egl;

use super::display::{self, Candidate, Egl, egl_error};
use crate::error::RenderError;

/// What Skia needs at least.
const CONTEXT: [egl::Int; 7] = [
    egl::CONTEXT_MAJOR_VERSION,
    3,
    egl::CONTEXT_MINOR_VERSION,
    3,
    egl::CONTEXT_OPENGL_PROFILE_MASK,
    egl::CONTEXT_OPENGL_CORE_PROFILE_BIT,
    egl::NONE,
];

/// Any configuration that OpenGL draws with: what is drawn on is a framebuffer of ours.
const CONFIG: [egl::Int; 5] = [
    egl::SURFACE_TYPE,
    0,
    egl::RENDERABLE_TYPE,
    egl::OPENGL_BIT,
    egl::NONE,
];

/// An OpenGL context. It is current in at most one thread.
pub(super) struct Context {
    egl: &'static Egl,
    display: egl::Display,
    handle: egl::Context,
}

// SAFETY: EGL's handles may be used from every thread; in which one the context is current is EGL's to check.
unsafe impl Send for Context {}

/// What was current in a thread before.
pub(super) struct Before {
    display: Option<egl::Display>,
    draw: Option<egl::Surface>,
    read: Option<egl::Surface>,
    context: Option<egl::Context>,
}

impl Context {
    /// A context on the device that CUDA gives this number, or on anything that draws; it is current in the
    /// calling thread.
    ///
    /// # Errors
    /// [`RenderError::NoLibrary`], [`RenderError::NoDisplay`].
    pub(super) fn new(cuda_device: Option<u32>) -> Result<Self, RenderError> {
        let egl = display::library()?;
        let mut tried = Vec::new();
        for Candidate { name, display } in display::candidates(egl, cuda_device)? {
            match Self::on(egl, display) {
                Ok(context) => return Ok(context),
                Err(error) => tried.push(format!("{name}: {error}")),
            }
        }
        if let (Some(number), []) = (cuda_device, &tried[..]) {
            tried.push(format!("no EGL device is GPU {number}"));
        }
        Err(RenderError::NoDisplay { tried })
    }

    fn on(egl: &'static Egl, display: egl::Display) -> Result<Self, RenderError> {
        egl.initialize(display)
            .map_err(|error| egl_error("eglInitialize", error))?;
        egl.bind_api(egl::OPENGL_API)
            .map_err(|error| egl_error("eglBindAPI", error))?;
        let config = egl
            .choose_first_config(display, &CONFIG)
            .map_err(|error| egl_error("eglChooseConfig", error))?
            .ok_or(RenderError::Egl {
                call: "eglChooseConfig",
                reason: "it has no configuration for OpenGL".to_owned(),
            })?;
        let handle = egl
            .create_context(display, config, None, &CONTEXT)
            .map_err(|error| egl_error("eglCreateContext", error))?;
        let context = Self {
            egl,
            display,
            handle,
        };
        context.make_current()?;
        Ok(context)
    }

    /// Makes the context current in the calling thread, in place of another one.
    ///
    /// # Errors
    /// [`RenderError::Egl`], among others if it is current in another thread.
    pub(super) fn make_current(&self) -> Result<(), RenderError> {
        if self.egl.get_current_context() == Some(self.handle) {
            return Ok(());
        }
        self.egl
            .make_current(self.display, None, None, Some(self.handle))
            .map_err(|error| egl_error("eglMakeCurrent", error))
    }

    /// What is current in the calling thread.
    pub(super) fn before(&self) -> Before {
        Before {
            display: self.egl.get_current_display(),
            draw: self.egl.get_current_surface(egl::DRAW),
            read: self.egl.get_current_surface(egl::READ),
            context: self.egl.get_current_context(),
        }
    }

    /// Makes current again what was.
    pub(super) fn restore(&self, before: &Before) {
        let display = before.display.unwrap_or(self.display);
        let restored = self
            .egl
            .make_current(display, before.draw, before.read, before.context);
        if let Err(error) = restored {
            tracing::debug!("{}", egl_error("eglMakeCurrent", error));
        }
    }

    /// The functions of OpenGL. The context is current.
    pub(super) fn functions(&self) -> glow::Context {
        // SAFETY: a context is current in this thread; EGL gives out the functions of these names.
        unsafe {
            glow::Context::from_loader_function(|name| {
                self.egl
                    .get_proc_address(name)
                    .map_or(std::ptr::null(), |function| function as *const _)
            })
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // A context that is current lives on.
        if self.egl.get_current_context() == Some(self.handle) {
            let _ = self.egl.make_current(self.display, None, None, None);
        }
        if let Err(error) = self.egl.destroy_context(self.display, self.handle) {
            tracing::debug!("{}", egl_error("eglDestroyContext", error));
        }
    }
}
