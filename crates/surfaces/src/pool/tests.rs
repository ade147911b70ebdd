//! Pools, buffers and memories together.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::*;
use crate::memory::live_surfaces;
use crate::view::SurfaceView;

/// `live_surfaces` counts for the whole process, so tests that allocate take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn generator(format: VideoFormat, pool_size: u32) -> BufferGenerator {
    BufferGenerator::new(GeneratorConfig {
        pool_size,
        ..GeneratorConfig::new(format, 33, 17)
    })
    .unwrap()
}

fn poll<'a>() -> Wait<'a> {
    Wait::at_most(Duration::ZERO)
}

fn pixels(buffer: &SharedBuffer) -> Vec<u8> {
    let view = SurfaceView::from_buffer(buffer, 0, 0).unwrap();
    let mut pixels = vec![0; view.packed_size()];
    view.download(&mut pixels).unwrap();
    pixels
}

#[test]
fn all_buffers_are_allocated_at_construction_and_freed_after_the_last_reference() {
    let _turn = alone();
    let before = live_surfaces();
    let generator = generator(VideoFormat::Rgba, 3);
    assert_eq!(live_surfaces(), before + 3);
    let buffer = generator.acquire(poll()).unwrap();
    assert_eq!((generator.in_use(), generator.capacity()), (1, 3));
    drop(generator);
    assert_eq!(live_surfaces(), before + 1);
    assert_eq!(pixels(&buffer).len(), 33 * 17 * 4);
    drop(buffer);
    assert_eq!(live_surfaces(), before);
}

#[test]
fn an_exhausted_pool_waits_for_the_last_reference() {
    let _turn = alone();
    let generator = generator(VideoFormat::Nv12, 1);
    let buffer = generator.acquire(poll()).unwrap();
    assert_eq!(generator.acquire(poll()).unwrap_err(), Error::TimedOut);
    let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
    drop(buffer);
    assert_eq!(
        generator
            .acquire(Wait::at_most(Duration::from_millis(60)))
            .unwrap_err(),
        Error::TimedOut
    );
    let waiter = std::thread::spawn({
        let generator = generator.clone();
        move || {
            generator
                .acquire(Wait::forever())
                .map(|buffer| buffer.strong_count())
        }
    });
    drop(view);
    assert_eq!(waiter.join().unwrap(), Ok(1));
    assert_eq!(generator.in_use(), 0);
}

#[test]
fn a_pipeline_reference_keeps_the_buffer_out() {
    let _turn = alone();
    let generator = generator(VideoFormat::Rgba, 1);
    let buffer = generator.acquire(poll()).unwrap();
    let held_by_a_pipeline = buffer.into_buffer().unwrap();
    assert_eq!(generator.acquire(poll()).unwrap_err(), Error::TimedOut);
    drop(held_by_a_pipeline);
    assert!(generator.acquire(poll()).is_ok());
}

#[test]
fn unlimited_pools_grow_and_reuse() {
    let _turn = alone();
    let before = live_surfaces();
    let generator = generator(VideoFormat::Gray8, 0);
    assert_eq!(live_surfaces(), before);
    let buffers: Vec<_> = (0..5).map(|_| generator.acquire(poll()).unwrap()).collect();
    drop(buffers);
    let _again = generator.acquire(poll()).unwrap();
    assert_eq!(live_surfaces(), before + 5);
}

#[test]
fn the_surface_that_came_back_last_is_used_first() {
    let _turn = alone();
    // On the GPU it is the other way round.
    let generator = BufferGenerator::new(GeneratorConfig {
        pool_size: 3,
        mem_type: MemType::System,
        ..GeneratorConfig::new(VideoFormat::Rgba, 33, 17)
    })
    .unwrap();
    let address = |buffer: &_| SurfaceView::from_buffer(buffer, 0, 0).unwrap().data_ptr();
    let [first, second] = [(); 2].map(|()| generator.acquire(poll()).unwrap());
    let last = address(&second);
    drop(first);
    drop(second);
    assert_eq!(address(&generator.acquire(poll()).unwrap()), last);
}

#[test]
fn a_pool_keeps_only_what_it_gave_out() {
    let _turn = alone();
    let before = live_surfaces();
    let generator = generator(VideoFormat::Rgba, 1);
    let mut buffer = generator.acquire(poll()).unwrap().into_buffer().unwrap();
    let mut other = gst::Buffer::new();
    other.make_mut().append_memory(buffer.memory(0).unwrap());
    drop(buffer);
    assert_eq!((live_surfaces(), generator.stats().free), (before + 1, 0));
    buffer = generator.acquire(poll()).unwrap().into_buffer().unwrap();
    drop(other);
    let foreign = gst::Memory::from_slice([0; 64]);
    buffer.make_mut().replace_all_memory(foreign);
    drop(buffer);
    assert_eq!((live_surfaces(), generator.stats().free), (before, 0));
    assert_eq!(
        pixels(&generator.acquire(poll()).unwrap()).len(),
        33 * 17 * 4
    );
    assert_eq!(generator.stats().free, 1);
}

#[test]
fn closing_ends_blocked_acquires() {
    let _turn = alone();
    let generator = generator(VideoFormat::Rgba, 1);
    let held = generator.acquire(poll()).unwrap();
    let waiter = std::thread::spawn({
        let generator = generator.clone();
        move || generator.acquire(Wait::forever()).err()
    });
    generator.waker().close();
    assert_eq!(waiter.join().unwrap(), Some(Error::GeneratorClosed));
    drop(held);
    assert_eq!(
        generator.acquire(poll()).unwrap_err(),
        Error::GeneratorClosed
    );
}

#[test]
fn a_blocked_acquire_can_be_interrupted() {
    let _turn = alone();
    let generator = generator(VideoFormat::Rgba, 1);
    let _held = generator.acquire(poll()).unwrap();
    let begin = Instant::now();
    let interrupt = || begin.elapsed() > Duration::from_millis(80);
    assert_eq!(
        generator
            .acquire(Wait::forever().or_interrupted(&interrupt))
            .unwrap_err(),
        Error::Interrupted
    );
}

#[test]
fn threads_share_a_pool_without_losing_buffers() {
    let _turn = alone();
    let before = live_surfaces();
    let generator = generator(VideoFormat::Rgba, 3);
    let broken = Arc::new(AtomicBool::new(false));
    std::thread::scope(|scope| {
        for thread in 0..8u8 {
            let (generator, broken) = (generator.clone(), broken.clone());
            scope.spawn(move || {
                for round in 0..200u8 {
                    let buffer = generator.acquire(Wait::forever()).unwrap();
                    let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
                    let value = thread.wrapping_mul(31).wrapping_add(round);
                    view.memset(value).unwrap();
                    std::thread::yield_now();
                    // Nobody else may have had this buffer meanwhile.
                    if pixels(&buffer).iter().any(|byte| *byte != value) {
                        broken.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(!broken.load(Ordering::Relaxed));
    assert_eq!(generator.in_use(), 0);
    assert_eq!(live_surfaces(), before + 3);
    let all: Vec<_> = (0..3).map(|_| generator.acquire(poll()).unwrap()).collect();
    assert_eq!(generator.acquire(poll()).unwrap_err(), Error::TimedOut);
    drop(all);
}

#[test]
fn a_recycled_buffer_keeps_pixels_but_neither_ids_nor_times() {
    let _turn = alone();
    let generator = generator(VideoFormat::Rgba, 1);
    let buffer = generator
        .acquire_with_params(Some(7), Some(8), Some(u128::MAX), poll())
        .unwrap();
    assert_eq!((buffer.pts_ns(), buffer.duration_ns()), (Some(7), Some(8)));
    assert_eq!(buffer.savant_ids(), [(SavantIdKind::Frame, u128::MAX)]);
    buffer.set_num_filled(0).unwrap();
    assert!(matches!(
        buffer.slot(0),
        Err(Error::SlotOutOfBounds { slot: 0, filled: 0 })
    ));
    let first = SharedBuffer::first_slot(&buffer).unwrap();
    drop(buffer);
    let buffer = generator.acquire(poll()).unwrap();
    assert_eq!(
        (buffer.pts_ns(), buffer.duration_ns(), buffer.savant_ids()),
        (None, None, vec![])
    );
    assert_eq!(buffer.slot(0), Ok(first));
}

#[test]
fn copies_of_a_buffer_own_their_pixels_and_ids() {
    let _turn = alone();
    let before = live_surfaces();
    for format in crate::format::FORMATS.map(|info| info.format) {
        let generator = generator(format, 1);
        let buffer = generator
            .acquire_with_params(None, None, Some(5), poll())
            .unwrap();
        SurfaceView::from_buffer(&buffer, 0, 0)
            .unwrap()
            .memset(9)
            .unwrap();
        let copies = buffer.with_buffer(|buffer| [buffer.copy(), buffer.copy_deep().unwrap()]);
        SurfaceView::from_buffer(&buffer, 0, 0)
            .unwrap()
            .memset(1)
            .unwrap();
        let source_ptr = buffer.slot(0).unwrap().data_ptr;
        drop((buffer, generator));
        assert_eq!(live_surfaces(), before + 2);
        for copy in copies.map(SharedBuffer::from_buffer) {
            assert_ne!(copy.slot(0).unwrap().data_ptr, source_ptr);
            assert!(
                pixels(&copy).iter().all(|byte| *byte == 9),
                "{}",
                format.name()
            );
            assert_eq!(copy.savant_ids(), [(SavantIdKind::Frame, 5)]);
        }
        assert_eq!(live_surfaces(), before);
    }
}

#[test]
fn buffers_shared_with_elements_are_not_modified() {
    let _turn = alone();
    let generator = generator(VideoFormat::Rgba, 1);
    let buffer = generator.acquire(poll()).unwrap();
    // SAFETY: the buffer is alive; this takes a reference, as an element would.
    let element_reference = unsafe { gst::Buffer::from_glib_none(buffer.as_ptr()) };
    let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
    assert_eq!(buffer.set_pts_ns(1), Err(Error::NotWritable));
    assert_eq!(buffer.set_savant_ids(vec![]), Err(Error::NotWritable));
    assert_eq!(buffer.set_num_filled(1), Err(Error::NotWritable));
    assert_eq!(view.memset(1), Err(Error::NotWritable));
    drop(element_reference);
    assert_eq!(view.memset(1), Ok(()));
    assert_eq!(buffer.set_pts_ns(1), Ok(()));
}

#[test]
fn taking_a_buffer_needs_the_only_handle() {
    let _turn = alone();
    let generator = generator(VideoFormat::Rgba, 1);
    let buffer = generator.acquire(poll()).unwrap();
    let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
    let (buffer, error) = buffer.into_buffer().unwrap_err();
    assert_eq!(error, Error::Outstanding { strong_count: 2 });
    assert_eq!(buffer.pts_ns(), None);
    drop(view);
    assert!(buffer.into_buffer().is_ok());
}

#[test]
fn the_unset_marker_is_no_time() {
    let _turn = alone();
    let buffer = generator(VideoFormat::Rgba, 1).acquire(poll()).unwrap();
    assert_eq!(buffer.set_pts_ns(u64::MAX), Err(Error::InvalidTime));
    assert_eq!(buffer.set_duration_ns(u64::MAX), Err(Error::InvalidTime));
    assert_eq!(buffer.set_pts_ns(u64::MAX - 1), Ok(()));
    assert_eq!(buffer.pts_ns(), Some(u64::MAX - 1));
}

#[test]
fn foreign_buffers_are_checked() {
    let _turn = alone();
    let reason = |buffer: gst::Buffer| {
        // SAFETY: none of the descriptors below passes the checks, so no pointer is followed.
        match unsafe { SharedBuffer::from_trusted_buffer(buffer) }.slot(0) {
            Err(Error::NotNvBufSurface { reason }) => reason,
            other => panic!("{other:?}"),
        }
    };
    generator(VideoFormat::Rgba, 1);
    assert!(reason(gst::Buffer::new()).contains("memories"));
    assert!(reason(gst::Buffer::from_slice([0u8; 63])).contains("63 bytes"));
    assert!(reason(gst::Buffer::from_slice([0u8; 72])).contains("surfaceList"));
    for batch_size in [0u8, 0xff] {
        let mut bytes = [0u8; 72];
        bytes[4..8].fill(batch_size);
        bytes[24] = 8;
        assert!(reason(gst::Buffer::from_slice(bytes)).contains("batchSize"));
    }
    // A byte copy of a descriptor dangles: plain memory is refused unless the caller vouches.
    let plain = SharedBuffer::from_buffer(gst::Buffer::from_slice([1u8; 72]));
    assert!(
        matches!(plain.slot(0), Err(Error::NotNvBufSurface { reason }) if reason.contains("allocated"))
    );
}

#[test]
fn caps_name_the_memory_and_the_format() {
    let _turn = alone();
    let generator = generator(VideoFormat::Nv12, 1);
    assert_eq!(
        generator.nvmm_caps_str(),
        "video/x-raw(memory:NVMM), format=(string)NV12, width=(int)33, height=(int)17, framerate=(fraction)30/1"
    );
}

#[test]
fn bad_configurations_are_errors() {
    let _turn = alone();
    let good = GeneratorConfig::new(VideoFormat::Rgba, 64, 64);
    let fails = |config: GeneratorConfig| BufferGenerator::new(config).err().expect("an error");
    assert!(matches!(
        fails(GeneratorConfig { width: 0, ..good }),
        Error::InvalidSurfaceSize { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig {
            width: 0,
            pool_size: 0,
            ..good
        }),
        Error::InvalidSurfaceSize { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig {
            width: u32::MAX,
            ..good
        }),
        Error::InvalidGenerator { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig {
            width: 1 << 20,
            height: 1 << 20,
            ..good
        }),
        Error::InvalidSurfaceSize { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig {
            fps: (30, 0),
            ..good
        }),
        Error::InvalidGenerator { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig {
            fps: (i32::MIN, i32::MIN),
            ..good
        }),
        Error::InvalidGenerator { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig {
            pool_size: u32::MAX,
            ..good
        }),
        Error::InvalidGenerator { .. }
    ));
    assert!(matches!(
        fails(GeneratorConfig { gpu_id: 1, ..good }),
        Error::NoSuchGpu { gpu_id: 1, .. }
    ));
    for mem_type in [MemType::Handle, MemType::SurfaceArray] {
        assert!(matches!(
            fails(GeneratorConfig { mem_type, ..good }),
            Error::UnsupportedMemType { .. }
        ));
    }
    for mem_type in [
        MemType::Default,
        MemType::System,
        MemType::CudaDevice,
        MemType::CudaUnified,
    ] {
        assert!(BufferGenerator::new(GeneratorConfig { mem_type, ..good }).is_ok());
    }
}

#[test]
fn transform_letterboxes_crops_and_says_what_it_cannot_do() {
    let _turn = alone();
    let config = |width, height| GeneratorConfig {
        pool_size: 1,
        ..GeneratorConfig::new(VideoFormat::Rgba, width, height)
    };
    let source = BufferGenerator::new(config(4, 2)).unwrap();
    let target = BufferGenerator::new(config(4, 4)).unwrap();
    let src = source
        .acquire_with_params(Some(3), None, Some(1), poll())
        .unwrap();
    let picture: Vec<u8> = (0..4 * 2 * 4).map(|byte| byte as u8 + 1).collect();
    SurfaceView::from_buffer(&src, 0, 0)
        .unwrap()
        .upload(&picture, 2, 4, 4)
        .unwrap();

    // Equal scale: any interpolation is exact. Borders are zero, alpha too.
    let dst = target
        .transform(&src, &TransformConfig::default(), None, None, poll())
        .unwrap();
    let zeros = [0u8; 16];
    assert_eq!(
        pixels(&dst),
        [&zeros[..], &picture[..], &zeros[..]].concat()
    );
    assert_eq!((dst.pts_ns(), dst.savant_ids()), (None, vec![]));
    assert_eq!(target.acquire(poll()).unwrap_err(), Error::TimedOut);
    drop(dst);

    // A crop that sticks out is clipped to 2 x 1, then doubled.
    let nearest = TransformConfig {
        interpolation: crate::Interpolation::Nearest,
        ..TransformConfig::default()
    };
    let crop = Rect {
        top: 1,
        left: 2,
        width: 100,
        height: 100,
    };
    let dst = target
        .transform(&src, &nearest, Some(crop), Some(9), poll())
        .unwrap();
    let row = [
        &picture[24..28],
        &picture[24..28],
        &picture[28..32],
        &picture[28..32],
    ]
    .concat();
    assert_eq!(
        pixels(&dst),
        [&zeros[..], &row[..], &row[..], &zeros[..]].concat()
    );
    assert_eq!(dst.savant_ids(), [(SavantIdKind::Frame, 9)]);
    drop(dst);

    let outside = Rect { left: 4, ..crop };
    assert!(matches!(
        target.transform(&src, &nearest, Some(outside), None, poll()),
        Err(Error::CropOutside { .. })
    ));
    let vic = TransformConfig {
        compute_mode: crate::ComputeMode::Vic,
        ..nearest
    };
    assert!(matches!(
        target.transform(&src, &vic, None, None, poll()),
        Err(Error::UnsupportedTransform { .. })
    ));
    // Failed transforms gave their destination back.
    assert_eq!(target.in_use(), 0);
}

#[test]
fn only_an_appsrc_takes_end_of_stream() {
    gst::init().unwrap();
    let element = gst::ElementFactory::make("fakesink").build().unwrap();
    assert!(matches!(send_eos(&element), Err(Error::SendEos { .. })));
}
