//! The `GstAllocator` of the memory that decoders draw in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;

use gst::glib;
use gst::glib::ffi::gpointer;
use gst::glib::translate::{FromGlibPtrBorrow, IntoGlib, ToGlibPtr};
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::stock::{Lease, Shape, Stock};

const MEMORY_TYPE: &glib::GStr = glib::gstr!("SavantPicture");

/// Our `GstMemory`: GStreamer's part first, then the block.
#[repr(C)]
struct PictureMemory {
    memory: gst::ffi::GstMemory,
    block: Arc<Lease>,
}

mod imp {
    use super::{
        AllocatorImpl, Arc, AssertUnwindSafe, Cast, GstObjectImpl, MEMORY_TYPE, ObjectImpl,
        ObjectImplExt, ObjectSubclass, ObjectSubclassExt, ObjectType, PictureMemory, Stock,
        allocate, catch_unwind, copy, glib, map, ptr, unmap,
    };

    #[derive(Default)]
    pub struct PictureAllocator {
        pub(super) stock: Arc<Stock>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PictureAllocator {
        const NAME: &'static str = "SavantPictureAllocator";
        type Type = super::PictureAllocator;
        type ParentType = gst::Allocator;
    }

    impl ObjectImpl for PictureAllocator {
        fn constructed(&self) {
            self.parent_constructed();
            let allocator: *mut gst::ffi::GstAllocator =
                self.obj().upcast_ref::<gst::Allocator>().as_ptr();
            // SAFETY: the instance is alive and under construction, so nobody else sees it; the
            // functions have the signatures that GstAllocator documents.
            unsafe {
                (*allocator).mem_type = MEMORY_TYPE.as_ptr();
                (*allocator).mem_map = Some(map);
                (*allocator).mem_unmap = Some(unmap);
                (*allocator).mem_copy = Some(copy);
                (*allocator).mem_share = Some(copy);
            }
        }
    }

    impl GstObjectImpl for PictureAllocator {}

    // SAFETY: `alloc` returns a memory with one reference, or null, which GStreamer reads as "no memory"; `free`
    // releases what `new_memory` made.
    unsafe impl AllocatorImpl for PictureAllocator {
        unsafe fn alloc(
            &self,
            size: usize,
            params: &gst::AllocationParams,
        ) -> *mut gst::ffi::GstMemory {
            let made = || allocate(&self.obj(), &self.stock, size, params);
            catch_unwind(AssertUnwindSafe(made)).unwrap_or(ptr::null_mut())
        }

        unsafe fn free(&self, memory: *mut gst::ffi::GstMemory) {
            // SAFETY: every memory of this allocator is a boxed PictureMemory, and GStreamer frees
            // it once, when its last reference is gone.
            drop(unsafe { Box::from_raw(memory.cast::<PictureMemory>()) });
        }
    }
}

glib::wrapper! {
    /// Memory for pictures. A copy shows the same bytes and cannot be written.
    ///
    /// That is right only for memory that is not written any more once it has been copied. Its block is used again
    /// when the last view of it is gone, so a pool must not keep the memory for that.
    pub struct PictureAllocator(ObjectSubclass<imp::PictureAllocator>) @extends gst::Allocator, gst::Object;
}

/// Where a memory lies in its block.
struct Extent {
    max_size: usize,
    align_mask: usize,
    offset: usize,
    size: usize,
}

fn allocate(
    allocator: &PictureAllocator,
    stock: &Arc<Stock>,
    size: usize,
    params: &gst::AllocationParams,
) -> *mut gst::ffi::GstMemory {
    let (prefix, padding) = (params.prefix(), params.padding());
    let Some(max_size) = size
        .checked_add(prefix)
        .and_then(|sum| sum.checked_add(padding))
    else {
        return ptr::null_mut();
    };
    // GStreamer's alignments are masks: powers of two less 1.
    let alignment = (params.align() | 15) + 1;
    if !alignment.is_power_of_two() {
        return ptr::null_mut();
    }
    let shape = Shape {
        size: max_size,
        alignment,
    };
    match stock.take(shape) {
        Ok(block) => {
            let extent = Extent {
                max_size,
                align_mask: alignment - 1,
                offset: prefix,
                size,
            };
            new_memory(
                allocator.upcast_ref(),
                Arc::new(block),
                &extent,
                gst::MemoryFlags::empty(),
            )
        }
        Err(error) => {
            tracing::error!("no memory for a picture: {error}");
            ptr::null_mut()
        }
    }
}

fn new_memory(
    allocator: &gst::Allocator,
    block: Arc<Lease>,
    extent: &Extent,
    flags: gst::MemoryFlags,
) -> *mut gst::ffi::GstMemory {
    // SAFETY: GstMemory is plain data whose all-zero pattern is valid; it is initialised below.
    let head = unsafe { std::mem::zeroed::<gst::ffi::GstMemory>() };
    let memory = Box::into_raw(Box::new(PictureMemory {
        memory: head,
        block,
    }));
    // SAFETY: `memory` points to a PictureMemory, which begins with a GstMemory; GStreamer takes its own
    // reference to the allocator.
    unsafe {
        gst::ffi::gst_memory_init(
            memory.cast(),
            flags.into_glib(),
            allocator.to_glib_none().0,
            ptr::null_mut(),
            extent.max_size,
            extent.align_mask,
            extent.offset,
            extent.size,
        );
    }
    memory.cast()
}

unsafe extern "C" fn map(
    memory: *mut gst::ffi::GstMemory,
    _max_size: usize,
    _flags: gst::ffi::GstMapFlags,
) -> gpointer {
    // SAFETY: GStreamer calls this with a live memory of this allocator, which is a PictureMemory.
    unsafe { (*memory.cast::<PictureMemory>()).block.start() }.cast()
}

unsafe extern "C" fn unmap(_memory: *mut gst::ffi::GstMemory) {}

/// Another view of the same bytes, read-only.
unsafe extern "C" fn copy(
    memory: *mut gst::ffi::GstMemory,
    offset: isize,
    size: isize,
) -> *mut gst::ffi::GstMemory {
    let share = || {
        // SAFETY: GStreamer calls this with a live memory of this allocator, which is a PictureMemory.
        let source = unsafe { &*memory.cast::<PictureMemory>() };
        let head = &source.memory;
        let offset = head.offset.checked_add_signed(offset)?;
        // -1 stands for all that is left.
        let size = match usize::try_from(size) {
            Ok(size) => size,
            Err(_) => (head.offset + head.size).checked_sub(offset)?,
        };
        let end = offset.checked_add(size)?;
        if end > head.maxsize {
            return None;
        }
        let extent = Extent {
            max_size: head.maxsize,
            align_mask: head.align,
            offset,
            size,
        };
        // SAFETY: the allocator of a live memory is alive.
        let allocator = unsafe { gst::Allocator::from_glib_borrow(head.allocator) };
        Some(new_memory(
            &allocator,
            source.block.clone(),
            &extent,
            gst::MemoryFlags::READONLY,
        ))
    };
    catch_unwind(AssertUnwindSafe(share))
        .ok()
        .flatten()
        .unwrap_or(ptr::null_mut())
}
