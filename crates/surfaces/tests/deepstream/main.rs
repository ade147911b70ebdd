//! The DeepStream backend on stand-ins for NVIDIA's libraries, whose device memory is ordinary
//! memory: the code that handles pixels of a GPU runs, on machines without one.

#![allow(clippy::unwrap_used)] // its helpers are tests too

mod batches;
#[path = "../fake/mod.rs"]
mod fake;

use std::ffi::c_int;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};
use savant_surfaces as surfaces;
use surfaces::platform::report::{Answer, DeepStream, Report};
use surfaces::platform::{ChromaFormat, DecodeDemand};
use surfaces::wait::Wait;
use surfaces::{
    BackendKind, BufferGenerator, Colour, DstPadding, Error, ForeignArray, ForeignMemory,
    GeneratorConfig, Interpolation, Matrix, MemType, Padding, Picture, PictureLayout, Range, Rect,
    SharedBuffer, SurfaceView, TransformConfig, VideoFormat, backend, platform, render_picture,
    transform_keeping_colour,
};

/// The stand-ins, with the functions that only they have.
struct Fakes {
    depth: extern "C" fn() -> c_int,
    set_health: extern "C" fn(c_int),
    events: extern "C" fn() -> c_int,
    ordered: extern "C" fn(c_int) -> usize,
    live: extern "C" fn() -> c_int,
    fills: extern "C" fn() -> c_int,
    calls: extern "C" fn() -> u32,
    slots: extern "C" fn() -> u32,
    filter: extern "C" fn() -> u32,
    source_format: extern "C" fn() -> u32,
}

/// Compiles and loads the stand-ins, and makes them the backend.
fn fakes() -> &'static Fakes {
    static FAKES: OnceLock<Fakes> = OnceLock::new();
    FAKES.get_or_init(|| {
        let folder = fake::folder("deepstream");
        let compile = |source, file| fake::compile(source, &folder, file, &[]);
        let cuda = open(&compile("cuda.c", "libcuda.so.1"));
        let surface = compile("nvbufsurface.c", "libnvbufsurface.so");
        let transform = compile("nvbufsurftransform.c", "libnvbufsurftransform.so");
        // SAFETY: every test begins with this function, which runs once, and no other thread reads
        // the environment meanwhile.
        unsafe {
            std::env::set_var("SAVANT_BACKEND", "deepstream");
            std::env::set_var("SAVANT_DEEPSTREAM_LIB_DIR", &folder);
        }
        assert_eq!(backend().unwrap().kind(), BackendKind::DeepStream);
        assert_eq!(surfaces::backend::libraries().unwrap().root, folder);
        let error = surfaces::backend::load_plugins().unwrap_err().to_string();
        assert!(error.contains(folder.to_str().unwrap()), "{error}");
        let (surface, transform) = (open(&surface), open(&transform));
        // SAFETY: the types are those of the C declarations; the libraries stay open.
        let fakes = unsafe {
            Fakes {
                depth: *cuda.get(b"fake_depth").unwrap(),
                set_health: *cuda.get(b"fake_set_health").unwrap(),
                events: *cuda.get(b"fake_events").unwrap(),
                ordered: *cuda.get(b"fake_ordered").unwrap(),
                live: *surface.get(b"fake_live").unwrap(),
                fills: *cuda.get(b"fake_fills").unwrap(),
                calls: *transform.get(b"fake_calls").unwrap(),
                slots: *transform.get(b"fake_slots").unwrap(),
                filter: *transform.get(b"fake_filter").unwrap(),
                source_format: *transform.get(b"fake_source_format").unwrap(),
            }
        };
        std::mem::forget((cuda, surface, transform));
        fakes
    })
}

fn open(file: &Path) -> Library {
    // SAFETY: the stand-ins have no initialisers.
    unsafe { Library::open(Some(file), RTLD_LAZY | RTLD_GLOBAL) }.unwrap()
}

fn acquire(format: VideoFormat, width: u32, height: u32) -> SharedBuffer {
    let generator = BufferGenerator::new(GeneratorConfig::new(format, width, height)).unwrap();
    generator.acquire(Wait::forever()).unwrap()
}

fn view(buffer: &SharedBuffer) -> SurfaceView {
    SurfaceView::from_buffer(buffer, 0, 0).unwrap()
}

fn pixels(buffer: &SharedBuffer) -> Vec<u8> {
    let view = view(buffer);
    let mut pixels = vec![0; view.packed_size()];
    view.download(&mut pixels).unwrap();
    pixels
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 37 % 251) as u8).collect()
}

#[test]
fn pixels_go_in_and_come_out() {
    let fakes = fakes();
    for format in [VideoFormat::Rgba, VideoFormat::Gray8, VideoFormat::Nv12] {
        let buffer = acquire(format, 33, 17);
        let view = view(&buffer);
        assert_eq!(view.mem_type(), Some(MemType::CudaDevice));
        assert!(pixels(&buffer).iter().all(|byte| *byte == 0), "{format:?}");
        view.memset(7).unwrap();
        assert!(pixels(&buffer).iter().all(|byte| *byte == 7), "{format:?}");
        if format != VideoFormat::Nv12 {
            let channels = view.channels() as usize;
            let data = noise(33 * 17 * channels);
            view.upload(&data, 17, 33, channels).unwrap();
            assert_eq!(pixels(&buffer), data);
            let color = &[1, 2, 3, 4][..channels];
            view.fill(color).unwrap();
            assert_eq!(pixels(&buffer), color.repeat(33 * 17));
        }
    }
    assert_eq!((fakes.depth)(), 0, "no context is left current");
}

#[test]
fn copies_of_a_buffer_have_their_own_pixels() {
    fakes();
    let buffer = acquire(VideoFormat::Nv12, 33, 17);
    view(&buffer).memset(9).unwrap();
    let copy = buffer.with_buffer(|buffer| buffer.copy_deep().unwrap());
    view(&buffer).memset(1).unwrap();
    let copy = SharedBuffer::from_buffer(copy);
    assert_eq!(copy.num_filled(), Ok(1));
    assert!(pixels(&copy).iter().all(|byte| *byte == 9));
}

#[test]
fn a_picture_of_the_cpu_is_converted_and_uploaded() {
    fakes();
    let buffer = acquire(VideoFormat::Rgba, 8, 8);
    let data = noise(8 * 4 * 3);
    let picture = Picture {
        layout: PictureLayout::Rgb,
        width: 8,
        height: 4,
        planes: [&data, &[], &[]],
        strides: [24, 0, 0],
        colour: Colour::default(),
        bits: 8,
    };
    let covered = render_picture(&picture, &buffer, &TransformConfig::NEAREST).unwrap();
    assert_eq!((covered.top, covered.height), (2, 4));
    let actual = pixels(&buffer);
    assert!(
        actual[..2 * 32]
            .iter()
            .chain(&actual[6 * 32..])
            .all(|byte| *byte == 0)
    );
    for (pixel, rgb) in actual[2 * 32..].chunks(4).zip(data.chunks(3)) {
        assert_eq!((&pixel[..3], pixel[3]), (rgb, 255));
    }
}

#[test]
fn a_transform_clears_what_it_does_not_cover() {
    let fakes = fakes();
    let source = acquire(VideoFormat::Rgba, 8, 4);
    view(&source).upload(&noise(8 * 4 * 4), 4, 8, 4).unwrap();
    let generator = BufferGenerator::new(GeneratorConfig::new(VideoFormat::Rgba, 8, 7)).unwrap();
    let run = |config: &TransformConfig, crop| {
        let wait = Wait::forever();
        generator.transform(&source, config, crop, None, wait)
    };
    let actual = pixels(&run(&TransformConfig::default(), None).unwrap());
    assert_eq!(actual[32..5 * 32], pixels(&source));
    assert!(
        actual[..32]
            .iter()
            .chain(&actual[5 * 32..])
            .all(|byte| *byte == 0)
    );
    assert_eq!(
        (fakes.filter)(),
        Interpolation::Nearest as u32,
        "nothing was scaled"
    );

    let config = TransformConfig {
        padding: Padding::None,
        interpolation: Interpolation::Bilinear,
        ..TransformConfig::default()
    };
    let crop = Rect {
        top: 1,
        left: 2,
        width: 100,
        height: 1,
    };
    let actual = pixels(&run(&config, Some(crop)).unwrap());
    assert_eq!(actual[..4], pixels(&source)[32 + 8..32 + 12]);
    assert_eq!((fakes.filter)(), Interpolation::Bilinear as u32);

    let narrow = TransformConfig {
        dst_padding: Some(DstPadding::uniform(1)),
        ..config
    };
    assert!(matches!(run(&narrow, None), Err(Error::DstPadding { .. })));
    let outside = Rect { left: 8, ..crop };
    assert!(matches!(
        run(&config, Some(outside)),
        Err(Error::CropOutside { .. })
    ));
    let nv12 = acquire(VideoFormat::Nv12, 8, 8);
    let refused = generator.transform(&nv12, &config, None, None, Wait::forever());
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("Unsupported (-1)")
    );

    // CUDA that has failed is an error before the library sees it.
    (fakes.set_health)(700);
    let error = run(&config, None).unwrap_err().to_string();
    (fakes.set_health)(0);
    assert!(
        error.contains("cuStreamQuery failed: CUDA_ERROR_OTHER (700)"),
        "{error}"
    );
    assert_eq!((fakes.depth)(), 0);
}

#[test]
fn a_source_is_converted_in_the_colour_that_is_assumed_of_it() {
    let fakes = fakes();
    let colour = |matrix, range| Some(Colour { matrix, range });
    let source = acquire(VideoFormat::Nv12, 8, 8);
    view(&source).memset(9).unwrap();
    // NvBufSurfaceColorFormat of NV12; the source is marked with 6.
    for (assumed, expected) in [
        (None, 6),
        (colour(Matrix::Bt601, Range::Limited), 6),
        (colour(Matrix::Bt601, Range::Full), 7),
        (colour(Matrix::Bt709, Range::Limited), 33),
        (colour(Matrix::Bt709, Range::Full), 34),
        (colour(Matrix::Bt2020, Range::Limited), 36),
    ] {
        let target = acquire(VideoFormat::Nv12, 8, 8);
        let config = TransformConfig::default();
        transform_keeping_colour(&source, None, assumed, &target, &config).unwrap();
        assert_eq!((fakes.source_format)(), 6, "nothing is to be converted");
        assert_eq!(view(&target).color_format(), expected);
        assert_eq!(view(&source).color_format(), 6, "the source is not written");
        assert_eq!(pixels(&target)[..64], pixels(&source)[..64]);

        let rgba = acquire(VideoFormat::Rgba, 8, 8);
        // The stand-in does not convert, but notes what it was shown.
        assert!(transform_keeping_colour(&source, None, assumed, &rgba, &config).is_err());
        assert_eq!((fakes.source_format)(), expected, "what the library sees");
        assert_eq!(view(&rgba).color_format(), 19);
    }
}

#[test]
fn memory_of_somebody_else_is_used_in_place_and_its_neighbours_are_not_touched() {
    fakes();
    for (memory, mem_type) in [
        (ForeignMemory::Cpu, MemType::System),
        (ForeignMemory::Cuda(0), MemType::CudaDevice),
    ] {
        adopt_in_place(memory, mem_type);
    }
}

fn adopt_in_place(memory: ForeignMemory, mem_type: MemType) {
    let owner = Arc::new(());
    let mut bytes = vec![7u8; 5 * 40 * 4];
    let array = array_in(&mut bytes, memory);
    // SAFETY: the memory has this layout and outlives the view.
    let view = unsafe { SurfaceView::adopt(&array, 0, Box::new(owner.clone())) }.unwrap();
    assert_eq!((view.data_ptr(), view.pitch()), (array.data_ptr, 160));
    assert_eq!(view.mem_type(), Some(mem_type));
    view.memset(1).unwrap();
    view.fill(&[1, 1, 1, 1]).unwrap();
    view.upload(&[1; 4 * 3 * 4], 3, 4, 4).unwrap();
    let copy = view
        .buffer()
        .with_buffer(|buffer| buffer.copy_deep().unwrap());
    assert_eq!(pixels(&SharedBuffer::from_buffer(copy)), [1; 48]);
    assert_eq!(Arc::strong_count(&owner), 2);
    drop(view);
    assert_eq!(Arc::strong_count(&owner), 1);
    let ones = |row: usize, byte: usize| row < 3 && (40..56).contains(&byte);
    for (index, byte) in bytes.iter().enumerate() {
        let expected = if ones(index / 160, index % 160) { 1 } else { 7 };
        assert_eq!(*byte, expected, "at {index}");
    }
}

/// 4 x 3 pixels within rows of 160 bytes.
fn array_in(bytes: &mut [u8], memory: ForeignMemory) -> ForeignArray {
    ForeignArray {
        data_ptr: bytes.as_mut_ptr() as usize + 40,
        format: VideoFormat::Rgba,
        width: 4,
        height: 3,
        pitch: 160,
        memory,
        read_only: false,
    }
}

#[test]
fn read_only_memory_is_read_but_not_written_and_its_copy_may_be_written() {
    fakes();
    for memory in [ForeignMemory::Cpu, ForeignMemory::Cuda(0)] {
        let mut bytes = vec![7u8; 5 * 40 * 4];
        let array = ForeignArray {
            read_only: true,
            ..array_in(&mut bytes, memory)
        };
        // SAFETY: the memory has this layout and outlives the view.
        let view = unsafe { SurfaceView::adopt(&array, 0, Box::new(())) }.unwrap();
        assert!(view.is_read_only());
        assert_eq!(view.memset(1), Err(Error::ReadOnly));
        assert_eq!(view.fill(&[1; 4]), Err(Error::ReadOnly));
        assert_eq!(view.upload(&[1; 48], 3, 4, 4), Err(Error::ReadOnly));
        assert_eq!(pixels(view.buffer()), [7; 48]);
        let copy = view
            .buffer()
            .with_buffer(|buffer| buffer.copy_deep().unwrap());
        let copy = SharedBuffer::from_buffer(copy);
        self::view(&copy).memset(1).unwrap();
        assert_eq!(pixels(&copy), [1; 48]);
        assert!(bytes.iter().all(|byte| *byte == 7));
    }
}

#[test]
fn streams_are_ordered_by_events_that_do_not_stay() {
    let fakes = fakes();
    let buffer = acquire(VideoFormat::Rgba, 8, 8);
    let ordered = || ((fakes.ordered)(0), (fakes.ordered)(1));
    let view = SurfaceView::from_buffer(&buffer, 0, 7).unwrap();
    view.order_before(2).unwrap();
    assert_eq!(ordered(), (7, 2));
    view.order_after(9).unwrap();
    assert_eq!(ordered(), (9, 7));
    // A stream does not wait for itself, under neither of the default stream's handles.
    view.order_after(7).unwrap();
    let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
    view.order_before(1).unwrap();
    assert_eq!(ordered(), (9, 7));
    view.order_before(7).unwrap();
    assert_eq!(ordered(), (0, 7));
    assert_eq!(((fakes.events)(), (fakes.depth)()), (0, 0));
}

#[test]
fn an_address_that_is_not_cudas_is_refused() {
    fakes();
    let nowhere = ForeignArray {
        data_ptr: 4096,
        ..array_in(&mut [], ForeignMemory::Cuda(0))
    };
    // SAFETY: the address is refused before anybody reads there.
    let refused = unsafe { SurfaceView::adopt(&nowhere, 0, Box::new(())) };
    let error = refused.unwrap_err().to_string();
    assert!(
        error.contains("cuPointerGetAttribute failed: CUDA_ERROR_INVALID_VALUE"),
        "{error}"
    );
}

#[test]
fn requests_that_cannot_be_met_are_errors() {
    let fakes = fakes();
    let config = GeneratorConfig::new(VideoFormat::Rgba, 8, 8);
    let result = |config| BufferGenerator::new(config).map(|_| ());
    assert!(matches!(
        result(GeneratorConfig {
            gpu_id: 1,
            ..config
        }),
        Err(Error::NoSuchGpu { devices: 1, .. })
    ));
    assert!(matches!(
        result(GeneratorConfig {
            mem_type: MemType::Handle,
            ..config
        }),
        Err(Error::UnsupportedMemType { .. })
    ));
    let error = result(GeneratorConfig {
        format: VideoFormat::Uyvy,
        ..config
    });
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("NvBufSurfaceCreate failed: it returned -1"),
        "{error}"
    );
    assert_eq!((fakes.depth)(), 0);
}

#[test]
fn the_platform_answers() {
    let fakes = fakes();
    assert!((fakes.live)() >= 0);
    if cfg!(target_arch = "x86_64") {
        assert_eq!(platform::gpu_architecture(0), Ok(Some("hopper".to_owned())));
        assert_eq!(platform::gpu_platform_tag(0), Ok("hopper".to_owned()));
    }
    let png = DecodeDemand {
        codec: "png",
        chroma: ChromaFormat::Yuv444,
        bit_depth: 8,
        size: (64, 64),
    };
    assert!(matches!(
        platform::check_decoder(0, &png),
        Err(Error::NoDecoder { .. })
    ));
    for result in [platform::init_cuda(1), platform::has_nvenc(1).map(drop)] {
        assert!(matches!(result, Err(Error::NoSuchGpu { gpu_id: 1, .. })));
    }
    std::thread::spawn(move || {
        assert_eq!(platform::init_cuda(0), Ok(()));
        assert_eq!((fakes.depth)(), 1, "the context stays current");
    })
    .join()
    .unwrap();
}

#[test]
fn the_report_knows_the_stand_ins() {
    fakes();
    let report = Report::new();
    assert_eq!(report.backend, Answer::Known("deepstream"));
    assert_eq!(report.driver.cuda, Answer::Known("13.2".to_owned()));
    let DeepStream::Found {
        root,
        slot_stride,
        libraries,
        ..
    } = report.deepstream
    else {
        panic!("{:?}", report.deepstream)
    };
    assert_eq!((&root, slot_stride), (&fake::folder("deepstream"), 416));
    for library in libraries {
        let file = root.join(&library.name);
        assert_eq!(library.path, Answer::Known(file));
    }
    let Answer::Known(gpus) = report.gpus else {
        panic!("{:?}", report.gpus)
    };
    let [gpu] = gpus.as_slice() else {
        panic!("{gpus:?}")
    };
    assert_eq!(gpu.name, Answer::Known("fake 0".to_owned()));
    assert_eq!(gpu.capability, Answer::Known("9.0".to_owned()));
}
