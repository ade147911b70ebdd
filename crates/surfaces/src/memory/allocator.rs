//! The `GstAllocator` whose memories map to an `NvBufSurface`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use gst::glib;
use gst::glib::ffi::gpointer;
use gst::glib::translate::{IntoGlib, ToGlibPtr};
use gst::prelude::*;
use gst::subclass::prelude::*;
use nvbufsurface_sys::Generation;

use super::surface::HostSurface;
use crate::error::Error;
use crate::layout::SurfaceSpec;

/// The memory type name of surfaces in system memory.
pub const MEMORY_TYPE: &glib::GStr = glib::gstr!("SavantHostSurface");

/// Our `GstMemory`: GStreamer's part first, then the surface.
#[repr(C)]
struct HostMemory {
    memory: gst::ffi::GstMemory,
    surface: HostSurface,
}

mod imp {
    use super::{
        AllocatorImpl, Cast, GstObjectExtManual, GstObjectImpl, HostMemory, MEMORY_TYPE,
        ObjectImpl, ObjectImplExt, ObjectSubclass, ObjectSubclassExt, ObjectType, copy, glib, map,
        ptr, share, unmap,
    };

    #[derive(Default)]
    pub struct HostAllocator;

    #[glib::object_subclass]
    impl ObjectSubclass for HostAllocator {
        const NAME: &'static str = "SavantHostSurfaceAllocator";
        type Type = super::HostAllocator;
        type ParentType = gst::Allocator;
    }

    impl ObjectImpl for HostAllocator {
        fn constructed(&self) {
            self.parent_constructed();
            let allocator: *mut gst::ffi::GstAllocator =
                self.obj().upcast_ref::<gst::Allocator>().as_ptr();
            // SAFETY: the instance is alive and under construction, so nobody else sees it; the
            // functions have the signatures and the behaviour that GstAllocator documents.
            unsafe {
                (*allocator).mem_type = MEMORY_TYPE.as_ptr();
                (*allocator).mem_map = Some(map);
                (*allocator).mem_unmap = Some(unmap);
                (*allocator).mem_copy = Some(copy);
                (*allocator).mem_share = Some(share);
            }
            self.obj().set_object_flags(gst::ObjectFlags::MAY_BE_LEAKED);
        }
    }

    impl GstObjectImpl for HostAllocator {}

    // SAFETY: `alloc` returns null, which GStreamer reads as "no memory"; `free` releases what
    // `new_memory` made.
    unsafe impl AllocatorImpl for HostAllocator {
        unsafe fn alloc(
            &self,
            _size: usize,
            _params: &gst::AllocationParams,
        ) -> *mut gst::ffi::GstMemory {
            // A surface is not described by a number of bytes: only `allocate` makes one.
            ptr::null_mut()
        }

        unsafe fn free(&self, memory: *mut gst::ffi::GstMemory) {
            // SAFETY: every memory of this allocator is a boxed HostMemory, and GStreamer frees
            // it once, when its last reference is gone.
            drop(unsafe { Box::from_raw(memory.cast::<HostMemory>()) });
        }
    }
}

glib::wrapper! {
    /// Allocates surfaces in system memory.
    pub struct HostAllocator(ObjectSubclass<imp::HostAllocator>) @extends gst::Allocator, gst::Object;
}

/// Allocates a surface in system memory.
///
/// # Errors
/// [`Error::InvalidSurfaceSize`], [`Error::OutOfMemory`].
pub(crate) fn allocate(spec: &SurfaceSpec, generation: Generation) -> Result<gst::Memory, Error> {
    let memory = new_memory(HostSurface::new(spec, generation)?);
    // SAFETY: `new_memory` returns a memory with one reference, which is ours.
    Ok(unsafe { gst::Memory::from_glib_full(memory) })
}

fn new_memory(surface: HostSurface) -> *mut gst::ffi::GstMemory {
    static ALLOCATOR: OnceLock<HostAllocator> = OnceLock::new();
    let allocator = ALLOCATOR.get_or_init(glib::Object::new);

    let size = surface.descriptor_size();
    // SAFETY: GstMemory is plain data whose all-zero pattern is valid; it is initialised below.
    let head = unsafe { std::mem::zeroed::<gst::ffi::GstMemory>() };
    let memory = Box::into_raw(Box::new(HostMemory {
        memory: head,
        surface,
    }));
    // SAFETY: `memory` points to a HostMemory, which begins with a GstMemory; the allocator lives
    // as long as the process, and GStreamer takes its own reference to it.
    unsafe {
        gst::ffi::gst_memory_init(
            memory.cast(),
            gst::MemoryFlags::NO_SHARE.into_glib(),
            allocator.upcast_ref::<gst::Allocator>().to_glib_none().0,
            ptr::null_mut(),
            size,
            0,
            0,
            size,
        );
    }
    memory.cast()
}

unsafe extern "C" fn map(
    memory: *mut gst::ffi::GstMemory,
    _maxsize: usize,
    _flags: gst::ffi::GstMapFlags,
) -> gpointer {
    // SAFETY: GStreamer calls this with a memory of this allocator, which is a HostMemory.
    unsafe {
        (*memory.cast::<HostMemory>())
            .surface
            .descriptor()
            .as_ptr()
            .cast()
    }
}

unsafe extern "C" fn unmap(_memory: *mut gst::ffi::GstMemory) {}

/// Copies the pixels: a byte copy of the descriptor would point into the original.
unsafe extern "C" fn copy(
    memory: *mut gst::ffi::GstMemory,
    offset: isize,
    size: isize,
) -> *mut gst::ffi::GstMemory {
    let duplicate = || {
        // SAFETY: GStreamer calls this with a live HostMemory, and it is the caller's duty, as
        // for any memory, that nobody writes what is being copied.
        unsafe {
            let source = &(*memory.cast::<HostMemory>()).surface;
            let whole = size == -1 || usize::try_from(size) == Ok(source.descriptor_size());
            if offset != 0 || !whole {
                return ptr::null_mut();
            }
            source.duplicate().map_or_else(
                |error| {
                    tracing::error!("cannot copy a surface: {error}");
                    ptr::null_mut()
                },
                new_memory,
            )
        }
    };
    catch_unwind(AssertUnwindSafe(duplicate)).unwrap_or(ptr::null_mut())
}

/// Part of a descriptor is of no use to anybody.
unsafe extern "C" fn share(
    _memory: *mut gst::ffi::GstMemory,
    _offset: isize,
    _size: isize,
) -> *mut gst::ffi::GstMemory {
    ptr::null_mut()
}
