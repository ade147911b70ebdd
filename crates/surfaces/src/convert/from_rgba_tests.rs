//! From RGB to every other format, against float64 arithmetic.

use proptest::prelude::*;

use super::*;
use crate::colour::{Matrix, Range};
use crate::format::VideoFormat;

const SIZES: std::ops::Range<u32> = 1..70;

/// Y, Cb, Cr in float64.
fn reference([red, green, blue]: [f64; 3], Colour { matrix, range }: Colour) -> [f64; 3] {
    let (kr, kb) = match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Bt2020 => (0.2627, 0.0593),
    };
    let luma = kr * red + (1.0 - kr - kb) * green + kb * blue;
    let (cb, cr) = (
        (blue - luma) / (2.0 * (1.0 - kb)),
        (red - luma) / (2.0 * (1.0 - kr)),
    );
    match range {
        Range::Limited => [
            16.0 + luma * 219.0 / 255.0,
            128.0 + cb * 224.0 / 255.0,
            128.0 + cr * 224.0 / 255.0,
        ],
        Range::Full => [luma, 128.0 + cb, 128.0 + cr],
    }
}

/// A canvas's bytes, tightly packed.
struct Drawn {
    format: VideoFormat,
    width: u32,
    planes: Vec<Vec<u8>>,
}

impl Drawn {
    fn new(
        format: VideoFormat,
        (width, height): (u32, u32),
        picture: &Picture<'_>,
    ) -> Result<(Self, Rect), Error> {
        let mut planes: Vec<Vec<u8>> = plane_shapes(format, (width, height))
            .map(|shape| vec![77; shape.packed_size()])
            .collect();
        let rows = plane_shapes(format, (width, height)).map(|shape| shape.row_bytes);
        let borrowed = planes.iter_mut().map(Vec::as_mut_slice).zip(rows).collect();
        let covered = Canvas::new(format, (width, height), borrowed).render(
            picture,
            None,
            &TransformConfig::NEAREST,
        )?;
        let drawn = Self {
            format,
            width,
            planes,
        };
        Ok((drawn, covered))
    }

    fn at(&self, plane: usize, x: u32, y: u32, byte: u32) -> u8 {
        let format = &self.format.info().planes[plane];
        let row = format.row_bytes(self.width) * y as usize;
        self.planes[plane][row + (x * format.bytes_per_sample + byte) as usize]
    }

    fn luma(&self, x: u32, y: u32) -> u8 {
        match self.format {
            VideoFormat::Uyvy => self.at(0, x, y, 1),
            _ => self.at(0, x, y, 0),
        }
    }

    /// Cb and Cr of the block that a pixel lies in; an odd last pixel of UYVY has no Cr.
    fn chroma(&self, x: u32, y: u32) -> Vec<u8> {
        let (x, y2) = (x / 2, y / 2);
        match self.format {
            VideoFormat::I420 => vec![self.at(1, x, y2, 0), self.at(2, x, y2, 0)],
            VideoFormat::Nv12 => vec![self.at(1, x, y2, 0), self.at(1, x, y2, 1)],
            VideoFormat::Nv21 => vec![self.at(1, x, y2, 1), self.at(1, x, y2, 0)],
            VideoFormat::Uyvy if 2 * x + 1 == self.width => vec![self.at(0, 2 * x, y, 0)],
            VideoFormat::Uyvy => vec![self.at(0, 2 * x, y, 0), self.at(0, 2 * x + 1, y, 0)],
            _ => Vec::new(),
        }
    }
}

fn rgba(pixels: &[u8], (width, height): (u32, u32), colour: Colour) -> Picture<'_> {
    Picture {
        layout: PictureLayout::Rgba,
        width,
        height,
        planes: [pixels, &[], &[]],
        strides: [width as usize * 4, 0, 0],
        colour,
        bits: 8,
    }
}

/// Random pixels, half of their bytes at the ends of the range.
fn random(seed: u64, count: u32) -> Vec<u8> {
    let mut state = seed | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            match state >> 62 {
                0 => 0,
                1 => 255,
                _ => (state >> 50) as u8,
            }
        })
        .collect()
}

fn formats() -> impl Strategy<Value = VideoFormat> {
    prop::sample::select(vec![
        VideoFormat::Nv12,
        VideoFormat::Nv21,
        VideoFormat::I420,
        VideoFormat::Uyvy,
        VideoFormat::Gray8,
    ])
}

fn colours() -> impl Strategy<Value = Colour> {
    let matrices = prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020]);
    let ranges = prop::sample::select(vec![Range::Limited, Range::Full]);
    (matrices, ranges).prop_map(|(matrix, range)| Colour { matrix, range })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rgb_becomes_rounded_luma_and_the_chroma_of_blocks(
        format in formats(),
        colour in colours(),
        (width, height) in (SIZES, SIZES),
        seed: u64,
    ) {
        let pixels = random(seed, width * height * 4);
        let picture = rgba(&pixels, (width, height), colour);
        let (drawn, covered) = Drawn::new(format, (width, height), &picture).unwrap();
        prop_assert_eq!(covered, Rect::covering((width, height)));
        let pixel = |x: u32, y: u32| {
            let (x, y) = (x.min(width - 1), y.min(height - 1));
            let start = (y * width + x) as usize * 4;
            [0, 1, 2].map(|channel| f64::from(pixels[start + channel]))
        };
        for y in 0..height {
            for x in 0..width {
                let [luma, ..] = reference(pixel(x, y), colour);
                let actual = f64::from(drawn.luma(x, y));
                prop_assert!((actual - luma).abs() <= 0.51, "luma {} for {} at {},{}", actual, luma, x, y);
                let (left, rows) = (x / 2 * 2, if format == VideoFormat::Uyvy { [y, y] } else { [y / 2 * 2, y / 2 * 2 + 1] });
                let block = rows.into_iter().flat_map(|row| [pixel(left, row), pixel(left + 1, row)]);
                let mean = block.fold([0.0; 3], |sum: [f64; 3], pixel| [0, 1, 2].map(|c| sum[c] + pixel[c] / 4.0));
                let [_, cb, cr] = reference(mean, colour);
                for (actual, expected) in drawn.chroma(x, y).into_iter().zip([cb, cr]) {
                    let error = (f64::from(actual) - expected.min(255.0)).abs();
                    prop_assert!(error <= 0.51, "chroma {} for {} at {},{}", actual, expected, x, y);
                }
            }
        }
    }

    #[test]
    fn every_layout_becomes_bgrx_as_it_becomes_rgba(
        source in (SIZES, SIZES),
        size in (SIZES, SIZES),
        seed: u64,
    ) {
        let pixels = random(seed, source.0 * source.1 * 4);
        let picture = rgba(&pixels, source, Colour::default());
        let Ok((straight, covered)) = Drawn::new(VideoFormat::Rgba, size, &picture) else {
            return Ok(());
        };
        let (swapped, same) = Drawn::new(VideoFormat::Bgrx, size, &picture).unwrap();
        prop_assert_eq!(covered, same);
        let pixels = straight.planes[0].as_chunks::<4>().0.iter();
        for (rgba, bgrx) in pixels.zip(swapped.planes[0].as_chunks::<4>().0) {
            prop_assert_eq!([rgba[2], rgba[1], rgba[0]], [bgrx[0], bgrx[1], bgrx[2]]);
        }
    }

    #[test]
    fn luma_and_422_samples_stay(
        (width, height) in (SIZES, SIZES),
        format in formats(),
        colour in colours(),
        seed: u64,
    ) {
        let half = width.div_ceil(2);
        let samples = random(seed, (width + 2 * half) * height);
        let (luma, chroma) = samples.split_at((width * height) as usize);
        let (cb, cr) = chroma.split_at((half * height) as usize);
        let is_422 = matches!(format, VideoFormat::Uyvy | VideoFormat::Gray8);
        let picture = Picture {
            layout: if is_422 { PictureLayout::I422 } else { PictureLayout::Gray8 },
            planes: if is_422 { [luma, cb, cr] } else { [luma, &[], &[]] },
            strides: [width as usize, half as usize, half as usize],
            ..rgba(&[], (width, height), colour)
        };
        let (drawn, _) = Drawn::new(format, (width, height), &picture).unwrap();
        for y in 0..height {
            for x in 0..width {
                prop_assert_eq!(drawn.luma(x, y), luma[(y * width + x) as usize]);
                let at = (y * half + x / 2) as usize;
                let expected = if is_422 { [cb[at], cr[at]] } else { [128; 2] };
                for (actual, expected) in drawn.chroma(x, y).into_iter().zip(expected) {
                    prop_assert_eq!(actual, expected);
                }
            }
        }
    }
}

#[test]
fn letterboxes_have_black_borders() {
    let white = [255; 4 * 16 * 8];
    for (range, levels) in [(Range::Limited, [16, 235]), (Range::Full, [0, 255])] {
        let colour = Colour {
            range,
            ..Colour::default()
        };
        let picture = rgba(&white, (16, 8), colour);
        let (drawn, covered) = Drawn::new(VideoFormat::Nv12, (16, 16), &picture).unwrap();
        assert_eq!((covered.top, covered.height), (4, 8));
        for y in 0..16 {
            let is_inside = (4..12).contains(&y);
            for x in 0..16 {
                assert_eq!(drawn.luma(x, y), levels[usize::from(is_inside)]);
                assert_eq!(drawn.chroma(x, y), [128, 128]);
            }
        }
    }
}
