//! The `GstAllocator` whose memories map to an `NvBufSurface`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::glib;
use gst::glib::ffi::gpointer;
use gst::glib::translate::{IntoGlib, ToGlibPtr};
use gst::prelude::*;
use gst::subclass::prelude::*;
use nvbufsurface_sys::NvBufSurfaceHead;

use crate::error::Error;

/// The memory type name of our surfaces.
pub const MEMORY_TYPE: &glib::GStr = glib::gstr!("SavantSurface");

static LIVE_SURFACES: AtomicUsize = AtomicUsize::new(0);

/// Number of surfaces that this process has allocated and not yet freed.
pub fn live_surfaces() -> usize {
    LIVE_SURFACES.load(Ordering::Relaxed)
}

/// A surface that its holder frees by dropping it.
pub(crate) trait OwnedSurface: Send + Sync {
    /// The `NvBufSurface` struct; it stays where it is.
    fn descriptor(&self) -> NonNull<NvBufSurfaceHead>;

    /// Bytes of the `NvBufSurface` struct.
    fn descriptor_size(&self) -> usize;

    /// Whether nobody may write the pixels.
    fn read_only(&self) -> bool {
        false
    }

    /// Whether the pixels are those of buffers that others have as well.
    fn is_shared(&self) -> bool {
        false
    }

    /// A surface of its own with the same pixels and fill count.
    ///
    /// # Safety
    /// Nobody may write the pixels or the descriptor meanwhile.
    unsafe fn duplicate(&self) -> Result<Box<dyn OwnedSurface>, Error>;
}

/// Our `GstMemory`: GStreamer's part first, then the surface.
#[repr(C)]
struct SurfaceMemory {
    memory: gst::ffi::GstMemory,
    surface: Box<dyn OwnedSurface>,
}

impl Drop for SurfaceMemory {
    fn drop(&mut self) {
        LIVE_SURFACES.fetch_sub(1, Ordering::Relaxed);
    }
}

mod imp {
    use super::{
        AllocatorImpl, Cast, GstObjectExtManual, GstObjectImpl, MEMORY_TYPE, ObjectImpl,
        ObjectImplExt, ObjectSubclass, ObjectSubclassExt, ObjectType, SurfaceMemory, copy, glib,
        map, ptr, share, unmap,
    };

    #[derive(Default)]
    pub struct SurfaceAllocator;

    #[glib::object_subclass]
    impl ObjectSubclass for SurfaceAllocator {
        const NAME: &'static str = "SavantSurfaceAllocator";
        type Type = super::SurfaceAllocator;
        type ParentType = gst::Allocator;
    }

    impl ObjectImpl for SurfaceAllocator {
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

    impl GstObjectImpl for SurfaceAllocator {}

    // SAFETY: `alloc` returns null, which GStreamer reads as "no memory"; `free` releases what
    // `new_memory` made.
    unsafe impl AllocatorImpl for SurfaceAllocator {
        unsafe fn alloc(
            &self,
            _size: usize,
            _params: &gst::AllocationParams,
        ) -> *mut gst::ffi::GstMemory {
            // A surface is not described by a number of bytes: only `allocate` makes one.
            ptr::null_mut()
        }

        unsafe fn free(&self, memory: *mut gst::ffi::GstMemory) {
            // SAFETY: every memory of this allocator is a boxed SurfaceMemory, and GStreamer frees
            // it once, when its last reference is gone.
            drop(unsafe { Box::from_raw(memory.cast::<SurfaceMemory>()) });
        }
    }
}

glib::wrapper! {
    /// Allocates the memory of our surfaces.
    pub struct SurfaceAllocator(ObjectSubclass<imp::SurfaceAllocator>) @extends gst::Allocator, gst::Object;
}

/// A memory that maps to the surface's descriptor and frees the surface at its end.
pub(crate) fn wrap(surface: Box<dyn OwnedSurface>) -> gst::Memory {
    let memory = new_memory(surface);
    // SAFETY: `new_memory` returns a memory with one reference, which is ours.
    unsafe { gst::Memory::from_glib_full(memory) }
}

/// Whether the pixels of a memory are those of buffers that others have as well.
pub(crate) fn is_shared(memory: &gst::MemoryRef) -> bool {
    let ours = memory
        .allocator()
        .is_some_and(ObjectExt::is::<SurfaceAllocator>);
    // SAFETY: every memory of this allocator is a SurfaceMemory, and this one is alive.
    ours && unsafe {
        (*memory.as_ptr().cast::<SurfaceMemory>())
            .surface
            .is_shared()
    }
}

fn new_memory(surface: Box<dyn OwnedSurface>) -> *mut gst::ffi::GstMemory {
    static ALLOCATOR: OnceLock<SurfaceAllocator> = OnceLock::new();
    let allocator = ALLOCATOR.get_or_init(glib::Object::new);

    let size = surface.descriptor_size();
    let mut flags = gst::MemoryFlags::NO_SHARE;
    flags.set(gst::MemoryFlags::READONLY, surface.read_only());
    // SAFETY: GstMemory is plain data whose all-zero pattern is valid; it is initialised below.
    let head = unsafe { std::mem::zeroed::<gst::ffi::GstMemory>() };
    LIVE_SURFACES.fetch_add(1, Ordering::Relaxed);
    let memory = Box::into_raw(Box::new(SurfaceMemory {
        memory: head,
        surface,
    }));
    // SAFETY: `memory` points to a SurfaceMemory, which begins with a GstMemory; the allocator lives
    // as long as the process, and GStreamer takes its own reference to it.
    unsafe {
        gst::ffi::gst_memory_init(
            memory.cast(),
            flags.into_glib(),
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
    // SAFETY: GStreamer calls this with a memory of this allocator, which is a SurfaceMemory.
    unsafe {
        (*memory.cast::<SurfaceMemory>())
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
        // SAFETY: GStreamer calls this with a live SurfaceMemory, and it is the caller's duty, as
        // for any memory, that nobody writes what is being copied.
        unsafe {
            let source = &(*memory.cast::<SurfaceMemory>()).surface;
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
