//! Pictures on RGBA surfaces in system memory: conversion of whole 1080p pictures, and letterboxing into 640x640.
//!
//! Eight pictures take turns, so that none of them stays in the cache.

use criterion::{Criterion, Throughput};
use savant_surfaces::wait::Wait;
use savant_surfaces::{
    BufferGenerator, Colour, Error, GeneratorConfig, Picture, PictureLayout, TransformConfig,
    VideoFormat, render_picture,
};

const PICTURES: usize = 8;
const MODEL_INPUT: (u32, u32) = (640, 640);

/// A picture in memory of its own.
struct Frame {
    layout: PictureLayout,
    size: (u32, u32),
    planes: Vec<Vec<u8>>,
}

impl Frame {
    /// Samples that are no ramp, so that nothing is saturated and no two rows are alike.
    fn new(layout: PictureLayout, size: (u32, u32), seed: usize) -> Self {
        let planes = layout.planes().iter().map(|plane| {
            let bytes = plane.row_bytes(size.0) * plane.rows(size.1) as usize;
            (0..bytes).map(|at| ((at + seed) * 31 / 8) as u8).collect()
        });
        Self {
            layout,
            size,
            planes: planes.collect(),
        }
    }

    fn picture(&self) -> Picture<'_> {
        let (mut planes, mut strides) = ([&[][..]; 3], [0; 3]);
        for (index, format) in self.layout.planes().iter().enumerate() {
            planes[index] = &self.planes[index];
            strides[index] = format.row_bytes(self.size.0);
        }
        Picture {
            layout: self.layout,
            width: self.size.0,
            height: self.size.1,
            planes,
            strides,
            colour: Colour::default(),
            bits: 8,
        }
    }
}

/// Draws pictures on one surface; the rate is that of target pixels.
fn draw(
    criterion: &mut Criterion,
    layout: PictureLayout,
    size: (u32, u32),
    target: (u32, u32),
) -> Result<(), Error> {
    let frames: Vec<_> = (0..PICTURES)
        .map(|seed| Frame::new(layout, size, seed))
        .collect();
    let pool = GeneratorConfig::new(VideoFormat::Rgba, target.0, target.1);
    let surface = BufferGenerator::new(pool)?.acquire(Wait::forever())?;
    let mut turns = (0..PICTURES).cycle();
    let verb = if size == target {
        "convert"
    } else {
        "letterbox"
    };
    let mut group = criterion.benchmark_group(verb);
    group.throughput(Throughput::Elements(
        u64::from(target.0) * u64::from(target.1),
    ));
    let name = format!(
        "{layout:?} {}x{} to RGBA {}x{}",
        size.0, size.1, target.0, target.1
    );
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let frame = &frames[turns.next().unwrap_or_default()];
            render_picture(&frame.picture(), &surface, &TransformConfig::default())
        });
    });
    Ok(())
}

fn main() -> Result<(), Error> {
    let mut criterion = Criterion::default().configure_from_args();
    for layout in [PictureLayout::I420, PictureLayout::Nv12] {
        draw(&mut criterion, layout, (1920, 1080), (1920, 1080))?;
    }
    for layout in [
        PictureLayout::Rgba,
        PictureLayout::Nv12,
        PictureLayout::I420,
    ] {
        for size in [(1920, 1080), (1600, 900), (1280, 720)] {
            draw(&mut criterion, layout, size, MODEL_INPUT)?;
        }
    }
    criterion.final_summary();
    Ok(())
}
