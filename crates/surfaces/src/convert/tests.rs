//! Conversion against float64 arithmetic.

use proptest::prelude::*;

use super::*;
use crate::colour::{Colour, Matrix, Range};
use crate::format::VideoFormat;

/// Kr and Kb, written down a second time.
fn luma_weights(matrix: Matrix) -> (f64, f64) {
    match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Bt2020 => (0.2627, 0.0593),
    }
}

/// R, G, B of one pixel in float64, clipped, not rounded.
fn reference(y: u8, u: u8, v: u8, Colour { matrix, range }: Colour) -> [f64; 3] {
    let (kr, kb) = luma_weights(matrix);
    let (y, chroma_scale) = match range {
        Range::Limited => ((f64::from(y) - 16.0) * 255.0 / 219.0, 255.0 / 224.0),
        Range::Full => (f64::from(y), 1.0),
    };
    let (cb, cr) = (
        (f64::from(u) - 128.0) * chroma_scale,
        (f64::from(v) - 128.0) * chroma_scale,
    );
    let (red, blue) = (y + 2.0 * (1.0 - kr) * cr, y + 2.0 * (1.0 - kb) * cb);
    let green = (y - kr * red - kb * blue) / (1.0 - kr - kb);
    [red, green, blue].map(|value| value.clamp(0.0, 255.0))
}

struct Owned {
    planes: [Vec<u8>; 3],
    strides: [usize; 3],
    picture: Picture<'static>,
}

impl Owned {
    fn new(layout: PictureLayout, (width, height): (u32, u32), padding: usize, seed: u64) -> Self {
        let (mut planes, mut strides) = (<[Vec<u8>; 3]>::default(), [0; 3]);
        let mut state = seed | 1;
        for (index, format) in layout.planes().iter().enumerate() {
            strides[index] = (format.samples(width) * format.bytes_per_sample) as usize + padding;
            planes[index] = (0..strides[index] * format.rows(height) as usize)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    (state >> 56) as u8
                })
                .collect();
        }
        let picture = Picture {
            layout,
            width,
            height,
            planes: [&[]; 3],
            strides,
            colour: Colour::default(),
            bits: 8,
        };
        Self {
            planes,
            strides,
            picture,
        }
    }

    fn borrow(&self) -> Picture<'_> {
        Picture {
            planes: [&self.planes[0], &self.planes[1], &self.planes[2]],
            ..self.picture
        }
    }

    /// Y, Cb, Cr at a pixel, chroma replicated over its block.
    fn sample(&self, x: u32, y: u32) -> [u8; 3] {
        let at = |plane: usize, column: u32, row: u32| {
            self.planes[plane][row as usize * self.strides[plane] + column as usize]
        };
        let luma = || at(0, x, y);
        match self.picture.layout {
            PictureLayout::I420 => [luma(), at(1, x / 2, y / 2), at(2, x / 2, y / 2)],
            PictureLayout::I422 => [luma(), at(1, x / 2, y), at(2, x / 2, y)],
            PictureLayout::I444 => [luma(), at(1, x, y), at(2, x, y)],
            PictureLayout::Nv12 => [luma(), at(1, x / 2 * 2, y / 2), at(1, x / 2 * 2 + 1, y / 2)],
            PictureLayout::Nv21 => [luma(), at(1, x / 2 * 2 + 1, y / 2), at(1, x / 2 * 2, y / 2)],
            PictureLayout::Uyvy => [
                at(0, x * 2 + 1, y),
                at(0, x / 2 * 4, y),
                at(0, x / 2 * 4 + 2, y),
            ],
            _ => [luma(), 128, 128],
        }
    }

    fn expected(&self, x: u32, y: u32) -> [f64; 4] {
        let at = |byte: u32, size: u32| {
            f64::from(self.planes[0][y as usize * self.strides[0] + (x * size + byte) as usize])
        };
        match self.picture.layout {
            PictureLayout::Rgb => [at(0, 3), at(1, 3), at(2, 3), 255.0],
            PictureLayout::Rgba => [at(0, 4), at(1, 4), at(2, 4), at(3, 4)],
            PictureLayout::Bgrx => [at(2, 4), at(1, 4), at(0, 4), 255.0],
            _ => {
                let [luma, cb, cr] = self.sample(x, y);
                let rgb = reference(luma, cb, cr, self.picture.colour);
                [rgb[0], rgb[1], rgb[2], 255.0]
            }
        }
    }
}

const LAYOUTS: [PictureLayout; 10] = [
    PictureLayout::I420,
    PictureLayout::I422,
    PictureLayout::I444,
    PictureLayout::Nv12,
    PictureLayout::Nv21,
    PictureLayout::Uyvy,
    PictureLayout::Gray8,
    PictureLayout::Rgb,
    PictureLayout::Rgba,
    PictureLayout::Bgrx,
];

fn render_rgba(
    picture: &Picture<'_>,
    rows: &mut [u8],
    pitch: usize,
    size: (u32, u32),
) -> Result<Rect, Error> {
    let mut canvas = Canvas::new(VideoFormat::Rgba, size, vec![(rows, pitch)]);
    canvas.render(picture, None, &TransformConfig::NEAREST)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn conversion_is_within_one_level_of_float64(
        layout in prop::sample::select(LAYOUTS.to_vec()),
        matrix in prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020]),
        range in prop::sample::select(vec![Range::Limited, Range::Full]),
        size in (1u32..140, 1u32..40),
        padding in 0usize..9,
        seed: u64,
    ) {
        let mut owned = Owned::new(layout, size, padding, seed);
        owned.picture.colour = Colour { matrix, range };
        let pitch = size.0 as usize * 4 + padding;
        let mut rows = vec![77u8; pitch * size.1 as usize];
        prop_assert_eq!(render_rgba(&owned.borrow(), &mut rows, pitch, size), Ok(Rect::covering(size)));
        for y in 0..size.1 {
            for x in 0..size.0 {
                let start = y as usize * pitch + x as usize * 4;
                let expected = owned.expected(x, y);
                for (channel, expected) in expected.iter().enumerate() {
                    let actual = f64::from(rows[start + channel]);
                    prop_assert!((actual - expected).abs() <= 1.0,
                        "{:?} {:?} {:?} {:?} at {},{} channel {}: {} for {}",
                        layout, matrix, range, size, x, y, channel, actual, expected);
                }
            }
        }
    }

    #[test]
    fn scaling_shows_source_pixels_and_zero_borders(
        layout in prop::sample::select(LAYOUTS.to_vec()),
        source in (1u32..40, 1u32..40),
        size in (1u32..40, 1u32..40),
        seed: u64,
    ) {
        let owned = Owned::new(layout, source, 0, seed);
        let pitch = size.0 as usize * 4;
        let mut scaled = vec![77u8; pitch * size.1 as usize];
        let rect = match render_rgba(&owned.borrow(), &mut scaled, pitch, size) {
            Ok(rect) => rect,
            Err(error) => {
                prop_assert!(matches!(error, Error::EmptyRect { .. }), "{:?}", error);
                return Ok(());
            }
        };
        for y in 0..size.1 {
            for x in 0..size.0 {
                let start = y as usize * pitch + x as usize * 4;
                let actual = &scaled[start..start + 4];
                let inside = (rect.left..rect.left + rect.width).contains(&x)
                    && (rect.top..rect.top + rect.height).contains(&y);
                if !inside {
                    prop_assert_eq!(actual, [0; 4]);
                    continue;
                }
                let expected = owned.expected(
                    (x - rect.left) * source.0 / rect.width,
                    (y - rect.top) * source.1 / rect.height,
                );
                for (actual, expected) in actual.iter().zip(expected) {
                    prop_assert!((f64::from(*actual) - expected).abs() <= 1.0);
                }
            }
        }
    }

    #[test]
    fn short_planes_are_an_error(
        layout in prop::sample::select(LAYOUTS.to_vec()),
        size in (1u32..40, 1u32..40),
        target in (1u32..40, 1u32..40),
        victim in 0usize..3,
        missing in 1usize..2000,
    ) {
        let mut owned = Owned::new(layout, size, 0, 1);
        let victim = victim % layout.planes().len();
        let length = owned.planes[victim].len();
        owned.planes[victim].truncate(length.saturating_sub(missing));
        let pitch = target.0 as usize * 4;
        let mut rows = vec![0u8; pitch * target.1 as usize];
        let result = render_rgba(&owned.borrow(), &mut rows, pitch, target);
        let is_invalid_picture = matches!(result, Err(Error::InvalidPicture { plane, .. }) if plane == victim);
        prop_assert!(is_invalid_picture, "{:?}", result);
    }
}

#[test]
fn narrow_strides_and_empty_pictures_are_errors() {
    let mut owned = Owned::new(PictureLayout::I420, (16, 16), 0, 1);
    let mut rows = vec![0u8; 16 * 16 * 4];
    owned.picture.strides[1] = 7;
    assert!(matches!(
        render_rgba(&owned.borrow(), &mut rows, 64, (16, 16)),
        Err(Error::InvalidPicture { plane: 1, .. })
    ));
    owned.picture.width = 0;
    assert!(matches!(
        render_rgba(&owned.borrow(), &mut rows, 64, (16, 16)),
        Err(Error::InvalidPicture { .. })
    ));
}

proptest! {
    #[test]
    fn copies_between_420_layouts_keep_every_sample(
        layout in prop::sample::select(vec![PictureLayout::I420, PictureLayout::Nv12, PictureLayout::Nv21]),
        (format, copy_layout) in prop::sample::select(vec![
            (VideoFormat::I420, PictureLayout::I420),
            (VideoFormat::Nv12, PictureLayout::Nv12),
            (VideoFormat::Nv21, PictureLayout::Nv21),
        ]),
        size in (1u32..70, 1u32..20),
        padding in 0usize..5,
        seed: u64,
    ) {
        let original = Owned::new(layout, size, padding, seed);
        let mut copy = Owned::new(copy_layout, size, padding + 1, 0);
        let planes = copy.planes.iter_mut().zip(copy.strides);
        let planes = planes.take(copy_layout.planes().len());
        let planes = planes.map(|(plane, stride)| (&mut plane[..], stride)).collect();
        let mut canvas = Canvas::new(format, size, planes);
        prop_assert_eq!(canvas.render(&original.borrow(), None, &TransformConfig::NEAREST), Ok(Rect::covering(size)));
        for y in 0..size.1 {
            for x in 0..size.0 {
                prop_assert_eq!(copy.sample(x, y), original.sample(x, y), "{},{}", x, y);
            }
        }
    }
}

/// Cb, Cr and luma of one pixel in float64 on the scale of 8 bits, as [`reference`] wants them.
fn deep_reference([y, u, v]: [u16; 3], colour: Colour, bits: u32) -> [f64; 3] {
    let (kr, kb) = luma_weights(colour.matrix);
    let step = f64::from(1u32 << (bits - 8));
    let middle = f64::from(1u32 << (bits - 1));
    let (y, chroma_scale) = match colour.range {
        Range::Limited => (
            (f64::from(y) / step - 16.0) * 255.0 / 219.0,
            255.0 / 224.0 / step,
        ),
        Range::Full => {
            let end = f64::from((1u32 << bits) - 1);
            (f64::from(y) * 255.0 / end, 255.0 / end)
        }
    };
    let (cb, cr) = (
        (f64::from(u) - middle) * chroma_scale,
        (f64::from(v) - middle) * chroma_scale,
    );
    let (red, blue) = (y + 2.0 * (1.0 - kr) * cr, y + 2.0 * (1.0 - kb) * cb);
    let green = (y - kr * red - kb * blue) / (1.0 - kr - kb);
    [red, green, blue].map(|value| value.clamp(0.0, 255.0))
}

proptest! {
    #[test]
    fn deep_conversion_is_within_one_level_of_float64(
        layout in prop::sample::select(vec![
            PictureLayout::I420, PictureLayout::I422, PictureLayout::I444, PictureLayout::Gray8,
        ]),
        matrix in prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020]),
        range in prop::sample::select(vec![Range::Limited, Range::Full]),
        bits in 9u32..=15,
        (width, height) in (1u32..70, 1u32..12),
        seed: u64,
    ) {
        let colour = Colour { matrix, range };
        let mut state = seed | 1;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 48) as u16 & ((1 << bits) - 1)
        };
        let samples: Vec<Vec<u16>> = layout
            .planes()
            .iter()
            .map(|plane| {
                let count = plane.samples(width) * plane.rows(height);
                (0..count).map(|_| random()).collect()
            })
            .collect();
        let bytes: Vec<Vec<u8>> = samples
            .iter()
            .map(|plane| plane.iter().flat_map(|sample| sample.to_le_bytes()).collect())
            .collect();
        let mut picture = Picture {
            layout, width, height, planes: [&[]; 3], strides: [0; 3], colour, bits,
        };
        for (index, plane) in layout.planes().iter().enumerate() {
            picture.planes[index] = &bytes[index];
            picture.strides[index] = plane.samples(width) as usize * 2;
        }
        let pitch = width as usize * 4;
        let mut rows = vec![0u8; pitch * height as usize];
        prop_assert_eq!(render_rgba(&picture, &mut rows, pitch, (width, height)), Ok(Rect::covering((width, height))));
        for y in 0..height {
            for x in 0..width {
                let sample = |index: usize| match layout.planes().get(index) {
                    Some(plane) => {
                        let at = (y >> plane.height_shift) * plane.samples(width) + (x >> plane.width_shift);
                        samples[index][at as usize]
                    }
                    None => 1 << (bits - 1),
                };
                let expected = deep_reference([sample(0), sample(1), sample(2)], colour, bits);
                let start = y as usize * pitch + x as usize * 4;
                for (actual, expected) in rows[start..].iter().zip(expected) {
                    prop_assert!((f64::from(*actual) - expected).abs() <= 1.0,
                        "{:?} {:?} {} bits at {},{}: {} for {}", layout, colour, bits, x, y, actual, expected);
                }
            }
        }
    }

    #[test]
    fn deep_samples_are_rounded_to_8_bits(bits in 9u32..=15, sample: u16) {
        let sample = sample & ((1 << bits) - 1);
        let bytes = sample.to_le_bytes();
        let picture = Picture {
            layout: PictureLayout::I420,
            width: 1,
            height: 1,
            planes: [&bytes, &bytes, &bytes],
            strides: [2; 3],
            colour: Colour::default(),
            bits,
        };
        let mut planes = [0; 3];
        let mut canvas = Canvas::packed(VideoFormat::I420, (1, 1), &mut planes);
        prop_assert_eq!(canvas.render(&picture, None, &TransformConfig::NEAREST), Ok(Rect::covering((1, 1))));
        let expected = (f64::from(sample) / f64::from(1u32 << (bits - 8))).round().min(255.0);
        prop_assert_eq!(planes, [expected as u8; 3]);
    }
}
