//! The `GstBufferPool` that a decoder is offered.

use gst::glib;
use gst::glib::subclass::prelude::*;
use gst::subclass::prelude::*;

use super::allocator::PictureAllocator;

mod imp {
    use super::{
        BufferPoolImpl, BufferPoolImplExt, GstObjectImpl, ObjectImpl, ObjectSubclass, glib,
    };

    #[derive(Default)]
    pub struct PicturePool;

    #[glib::object_subclass]
    impl ObjectSubclass for PicturePool {
        const NAME: &'static str = "SavantPicturePool";
        type Type = super::PicturePool;
        type ParentType = gst_video::VideoBufferPool;
    }

    impl ObjectImpl for PicturePool {}
    impl GstObjectImpl for PicturePool {}

    impl BufferPoolImpl for PicturePool {
        fn options() -> &'static [&'static str] {
            // Those of the parent, which are asked of the class.
            &[
                "GstBufferPoolOptionVideoMeta",
                "GstBufferPoolOptionVideoAlignment",
            ]
        }

        fn release_buffer(&self, mut buffer: gst::Buffer) {
            if let Some(buffer) = buffer.get_mut() {
                // GStreamer frees such a buffer instead of keeping it. So its block goes back to the stock once nobody
                // reads the pixels any more, and the next picture is drawn in the block that was used last: of those
                // that are free the likeliest one to be in the caches.
                buffer.set_flags(gst::BufferFlags::TAG_MEMORY);
            }
            self.parent_release_buffer(buffer);
        }
    }
}

glib::wrapper! {
    /// Buffers for pictures, each free again when nobody reads its pixels.
    pub struct PicturePool(ObjectSubclass<imp::PicturePool>) @extends gst_video::VideoBufferPool, gst::BufferPool, gst::Object;
}

// SAFETY: the parent's class structure begins with that of GstBufferPool, whose functions are all that a subclass here
// overrides.
unsafe impl IsSubclassable<imp::PicturePool> for gst_video::VideoBufferPool {
    fn class_init(class: &mut glib::Class<Self>) {
        Self::parent_class_init::<imp::PicturePool>(class);
    }
}

/// Answers a decoder that asks how to allocate pictures: row strides as it likes and, where they lie in system memory,
/// buffers of ours.
pub(crate) fn offer(query: &mut gst::query::Allocation) {
    query.add_allocation_meta::<gst_video::VideoMeta>(None);
    let Some(size) = query.get().0.and_then(size_in_system_memory) else {
        return;
    };
    let pool: PicturePool = glib::Object::new();
    let allocator: PictureAllocator = glib::Object::new();
    query.add_allocation_pool(Some(&pool), size, 0, 0);
    query.add_allocation_param(Some(&allocator), gst::AllocationParams::default());
}

/// Bytes of a picture without padding; `None` for pictures in other memory and for other media.
fn size_in_system_memory(caps: &gst::CapsRef) -> Option<u32> {
    let system = gst::CAPS_FEATURES_MEMORY_SYSTEM_MEMORY.as_ref();
    let elsewhere = |features: &gst::CapsFeaturesRef| !features.is_equal(system);
    if caps.structure(0)?.name() != "video/x-raw" || caps.features(0).is_some_and(elsewhere) {
        return None;
    }
    let info = gst_video::VideoInfo::from_caps(caps).ok()?;
    u32::try_from(info.size()).ok()
}

#[cfg(test)]
mod tests {
    use gst_video::prelude::*;
    use gst_video::{VideoFormat, VideoFrame, VideoInfo};

    use super::*;

    /// What a decoder is offered, configured as it would do that.
    fn offered(info: &VideoInfo) -> gst::BufferPool {
        gst::init().unwrap();
        let caps = info.to_caps().unwrap();
        let mut query = gst::query::Allocation::new(Some(&caps), true);
        offer(&mut query);
        let (pool, size, min, max) = query.allocation_pools().next().unwrap();
        let (allocator, params) = query.allocation_params().next().unwrap();
        let pool = pool.unwrap();
        let mut config = pool.config();
        config.set_params(Some(&caps), size, min, max);
        config.set_allocator(allocator.as_ref(), Some(&params));
        config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_META);
        pool.set_config(config).unwrap();
        pool.set_active(true).unwrap();
        pool
    }

    fn info() -> VideoInfo {
        gst::init().unwrap();
        VideoInfo::builder(VideoFormat::I420, 320, 240)
            .build()
            .unwrap()
    }

    fn acquire(pool: &gst::BufferPool) -> gst::Buffer {
        pool.acquire_buffer(None).unwrap()
    }

    fn address(buffer: &gst::BufferRef) -> usize {
        buffer.map_readable().unwrap().as_slice().as_ptr() as usize
    }

    #[test]
    fn a_copy_of_a_picture_that_is_mapped_for_writing_shows_the_same_pixels() {
        let (info, pool) = (info(), offered(&info()));
        let mut frame = VideoFrame::from_buffer_writable(acquire(&pool), &info).unwrap();
        frame.plane_data_mut(0).unwrap().fill(7);
        let here = frame.plane_data(0).unwrap().as_ptr() as usize;
        let mut copy = frame.buffer().copy();
        assert_eq!(address(&copy), here);
        assert!(copy.get_mut().unwrap().map_writable().is_err());
        drop(frame);
        assert_eq!(copy.map_readable().unwrap()[0], 7);
    }

    #[test]
    fn a_picture_that_somebody_reads_is_not_drawn_over() {
        let (info, pool) = (info(), offered(&info()));
        let frame = VideoFrame::from_buffer_writable(acquire(&pool), &info).unwrap();
        let copy = frame.buffer().copy();
        drop(frame);
        let next = acquire(&pool);
        assert_ne!(address(&next), address(&copy));
        let free = address(&copy);
        drop(copy);
        assert_eq!(address(&acquire(&pool)), free);
    }

    #[test]
    fn a_picture_that_nobody_reads_any_more_is_drawn_over() {
        let pool = offered(&info());
        let first = acquire(&pool);
        let second = acquire(&pool);
        let free = [&first, &second].map(|buffer| address(buffer));
        drop(first);
        drop(second);
        assert_eq!(address(&acquire(&pool)), free[1]);
    }

    #[test]
    fn part_of_a_memory_is_part_of_its_bytes() {
        let buffer = acquire(&offered(&info()));
        let memory = buffer.peek_memory(0);
        let start = address(&buffer);
        let at = |memory: &gst::Memory| memory.map_readable().unwrap().as_ptr() as usize - start;
        let part = memory.share(16..48);
        assert_eq!((part.size(), at(&part)), (32, 16));
        let rest = part.share(8..);
        assert_eq!((rest.size(), at(&rest)), (24, 24));
    }

    #[test]
    fn pictures_in_other_memory_and_other_media_get_no_pool() {
        gst::init().unwrap();
        for caps in [
            "video/x-raw(memory:NVMM),format=NV12,width=64,height=64,framerate=1/1",
            "video/x-h264",
        ] {
            let caps: gst::Caps = caps.parse().unwrap();
            let mut query = gst::query::Allocation::new(Some(&caps), true);
            offer(&mut query);
            assert_eq!(query.allocation_pools().count(), 0);
            assert!(
                query
                    .find_allocation_meta::<gst_video::VideoMeta>()
                    .is_some()
            );
        }
    }
}
