//! Many slots: one call of the library, one allocation, and descriptors of slots of other buffers.

use surfaces::{PlaneDescription, SlotSource, assemble, transform_slots};

use super::*;

fn batch(format: VideoFormat, slots: u32, mem_type: MemType) -> SharedBuffer {
    let config = GeneratorConfig {
        batch_size: slots,
        mem_type,
        ..GeneratorConfig::new(format, 8, 8)
    };
    let buffer = BufferGenerator::new(config)
        .unwrap()
        .acquire_unfilled(Wait::forever())
        .unwrap();
    buffer.set_num_filled(slots).unwrap();
    buffer
}

fn source(format: VideoFormat, (width, height): (u32, u32), seed: usize) -> SharedBuffer {
    let buffer = acquire(format, width, height);
    let view = view(&buffer);
    let channels = view.channels() as usize;
    let data = noise(view.packed_size() + seed).split_off(seed);
    view.upload(&data, height as usize, width as usize, channels)
        .unwrap();
    buffer
}

fn slot_pixels(buffer: &SharedBuffer, slot: u32) -> Vec<u8> {
    let view = SurfaceView::from_buffer(buffer, slot, 0).unwrap();
    let mut pixels = vec![0; view.packed_size()];
    view.download(&mut pixels).unwrap();
    pixels
}

fn array(buffer: &SharedBuffer) -> Result<PlaneDescription, Error> {
    let planes: Vec<_> = (0..buffer.num_filled().unwrap())
        .map(|slot| {
            let view = SurfaceView::from_buffer(buffer, slot, 0).unwrap();
            view.interleaved_plane("the test").unwrap()
        })
        .collect();
    PlaneDescription::stack(&planes)
}

#[test]
fn slots_of_many_buffers_are_one_call_and_only_uncovered_ones_are_cleared() {
    let fakes = fakes();
    let target = batch(VideoFormat::Rgba, 8, MemType::Default);
    for slot in 0..8 {
        SurfaceView::from_buffer(&target, slot, 0)
            .unwrap()
            .memset(9)
            .unwrap();
    }
    // Slots 2 and 5 are letterboxed, slot 7 is left alone.
    let size = |slot: u32| {
        if [2, 5].contains(&slot) {
            (8, 4)
        } else {
            (8, 8)
        }
    };
    let sources: Vec<_> = (0..7)
        .map(|slot| source(VideoFormat::Rgba, size(slot), slot as usize))
        .collect();
    let jobs: Vec<_> = [6, 2, 0, 4, 5, 1, 3]
        .map(|slot| SlotSource {
            slot,
            src: &sources[slot as usize],
            src_rect: None,
        })
        .into();
    let before = ((fakes.calls)(), (fakes.fills)());
    transform_slots(&jobs, &target, &TransformConfig::default()).unwrap();
    assert_eq!(((fakes.calls)() - before.0, (fakes.slots)()), (1, 7));
    assert_eq!(
        (fakes.fills)() - before.1,
        2,
        "above and below, for both slots at once"
    );
    for slot in 0..7 {
        let (actual, expected) = (slot_pixels(&target, slot), pixels(&sources[slot as usize]));
        if size(slot) == (8, 8) {
            assert_eq!(actual, expected, "slot {slot}");
        } else {
            let border = [0; 2 * 32];
            assert_eq!(actual, [&border[..], &expected, &border[..]].concat());
        }
    }
    assert_eq!(slot_pixels(&target, 7), [9; 8 * 8 * 4]);
    assert_eq!((fakes.depth)(), 0);
}

#[test]
fn slots_that_one_call_cannot_take_are_grouped() {
    let fakes = fakes();
    let target = batch(VideoFormat::Rgba, 6, MemType::Default);
    let plain = source(VideoFormat::Rgba, (8, 8), 1);
    let wide = source(VideoFormat::Rgba, (16, 8), 2);
    let crop = Rect {
        top: 0,
        left: 0,
        width: 4,
        height: 4,
    };
    let mut bytes = vec![7u8; 5 * 40 * 4];
    let array = ForeignArray {
        width: 8,
        ..array_in(&mut bytes, ForeignMemory::Cpu)
    };
    // SAFETY: the memory has this layout and outlives the view.
    let system = unsafe { SurfaceView::adopt(&array, 0, Box::new(())) }.unwrap();
    let job = |slot, src, src_rect| SlotSource {
        slot,
        src,
        src_rect,
    };
    let config = TransformConfig {
        padding: Padding::None,
        interpolation: Interpolation::Bilinear,
        ..TransformConfig::default()
    };
    for (jobs, calls) in [
        // Neither scaled; both scaled; a crop; other memory.
        (vec![job(0, &plain, None), job(1, &plain, None)], 1),
        (vec![job(0, &wide, None), job(1, &wide, None)], 1),
        (vec![job(0, &plain, None), job(1, &wide, None)], 2),
        (vec![job(0, &wide, None), job(1, &wide, Some(crop))], 2),
        (vec![job(0, &wide, None), job(1, system.buffer(), None)], 2),
        (vec![], 0),
    ] {
        let before = (fakes.calls)();
        transform_slots(&jobs, &target, &config).unwrap();
        assert_eq!((fakes.calls)() - before, calls, "{jobs:?}");
    }
    assert_eq!(slot_pixels(&target, 1)[..4], [7; 4]);

    // The format of one of them is refused: the message says which.
    let gray = source(VideoFormat::Gray8, (8, 8), 3);
    let jobs = [job(0, &plain, None), job(1, &gray, None)];
    let error = transform_slots(&jobs, &target, &config).unwrap_err();
    assert!(error.to_string().contains("from 8x8 GRAY8"), "{error}");
    assert_eq!((fakes.depth)(), 0);
}

#[test]
fn slots_in_system_memory_are_the_cpus_work() {
    let fakes = fakes();
    let target = batch(VideoFormat::Rgba, 2, MemType::System);
    let config = GeneratorConfig {
        mem_type: MemType::System,
        ..GeneratorConfig::new(VideoFormat::Rgba, 8, 8)
    };
    let source = BufferGenerator::new(config)
        .unwrap()
        .acquire(Wait::forever())
        .unwrap();
    view(&source).memset(6).unwrap();
    let before = (fakes.calls)();
    let job = SlotSource {
        slot: 1,
        src: &source,
        src_rect: None,
    };
    transform_slots(&[job], &target, &TransformConfig::default()).unwrap();
    assert_eq!((fakes.calls)(), before);
    assert_eq!(slot_pixels(&target, 1), [6; 8 * 8 * 4]);
}

#[test]
fn a_batch_is_one_allocation_where_the_library_makes_one() {
    fakes();
    for mem_type in [MemType::Default, MemType::CudaPinned, MemType::CudaUnified] {
        let whole = array(&batch(VideoFormat::Rgba, 5, mem_type)).unwrap();
        assert_eq!(whole.shape(), [5, 8, 8, 4]);
        assert_eq!(whole.strides(), [8 * 512, 512, 4, 1], "slots of dataSize");
    }
    let scattered = array(&batch(VideoFormat::Rgba, 5, MemType::System));
    assert!(matches!(scattered, Err(Error::NoArray { .. })));
}

#[test]
fn copies_of_a_batch_have_all_its_slots() {
    fakes();
    let original = batch(VideoFormat::Nv12, 3, MemType::Default);
    for slot in 0..3 {
        let view = SurfaceView::from_buffer(&original, slot, 0).unwrap();
        view.memset(slot as u8 + 1).unwrap();
    }
    let copy = original.with_buffer(|buffer| buffer.copy_deep().unwrap());
    drop(original);
    let copy = SharedBuffer::from_buffer(copy);
    for slot in 0..3 {
        let pixels = slot_pixels(&copy, slot);
        assert!(pixels.iter().all(|byte| *byte == slot as u8 + 1));
    }
}

#[test]
fn slots_of_other_buffers_make_a_buffer_that_keeps_them() {
    fakes();
    let rgba = source(VideoFormat::Rgba, (8, 4), 1);
    let (expected, address) = (pixels(&rgba), view(&rgba).data_ptr());
    let many = batch(VideoFormat::Nv12, 3, MemType::Default);
    SurfaceView::from_buffer(&many, 2, 0)
        .unwrap()
        .memset(5)
        .unwrap();
    let views = [
        SurfaceView::from_buffer(&many, 2, 0).unwrap(),
        view(&rgba),
        SurfaceView::from_buffer(&many, 1, 0).unwrap(),
    ];
    let assembled = assemble(0, &views).unwrap();
    drop((views, rgba, many));
    assert_eq!(assembled.num_filled(), Ok(3));
    assert!(slot_pixels(&assembled, 0).iter().all(|byte| *byte == 5));
    assert_eq!(slot_pixels(&assembled, 1), expected);
    assert_eq!(assembled.slot(1).unwrap().data_ptr, address);

    // It may be written by the one who has it, and transformed from.
    let first = view(&assembled);
    first.memset(8).unwrap();
    assert!(pixels(&assembled).iter().all(|byte| *byte == 8));
    let copy = assembled.with_buffer(|buffer| buffer.copy_deep().unwrap());
    first.memset(1).unwrap();
    let copy = SharedBuffer::from_buffer(copy);
    assert_eq!(slot_pixels(&copy, 1), expected);
    assert!(pixels(&copy).iter().all(|byte| *byte == 8));
    assert_ne!(copy.slot(1).unwrap().data_ptr, address);
}

#[test]
fn pictures_of_another_gpu_make_no_batch() {
    let _fakes = fakes();
    let buffer = source(VideoFormat::Rgba, (8, 8), 0);
    let views = [SurfaceView::from_buffer(&buffer, 0, 0).unwrap()];
    let error = assemble(1, &views).map(drop).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("a picture on GPU 0 cannot be part of a batch on GPU 1"),
        "{error}"
    );
    assert!(assemble(0, &views).is_ok());
}
