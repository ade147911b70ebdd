//! Scaling against a resampler in float64, and placement.

use proptest::prelude::*;

use super::texels::Texels;
use super::*;
use crate::colour::{Matrix, Range};
use crate::enums::{Interpolation, Padding};
use crate::format::{FORMATS, VideoFormat};
use crate::letterbox_map::LetterboxMap;

const SIZES: std::ops::Range<u32> = 1..60;

/// A picture in planes of its own.
struct Owned {
    layout: PictureLayout,
    size: (u32, u32),
    planes: Vec<Vec<u8>>,
    colour: Colour,
    bits: u32,
}

impl Owned {
    fn new(layout: PictureLayout, size: (u32, u32), colour: Colour, bits: u32) -> Self {
        let bytes = |index: usize| {
            let plane = &layout.planes()[index];
            (plane.row_bytes(size.0) * plane.rows(size.1) as usize) << u32::from(bits > 8)
        };
        let planes = (0..layout.planes().len()).map(|index| vec![0; bytes(index)]);
        Self {
            layout,
            size,
            planes: planes.collect(),
            colour,
            bits,
        }
    }

    /// Any samples, none greater than the depth allows.
    fn randomise(&mut self, seed: u64) {
        let mut state = seed | 1;
        let bits = self.bits;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 48) as u16 >> (16 - bits)
        };
        for plane in &mut self.planes {
            if bits == 8 {
                plane.fill_with(|| random() as u8);
            } else {
                for sample in plane.as_chunks_mut::<2>().0 {
                    *sample = random().to_le_bytes();
                }
            }
        }
    }

    fn borrow(&self) -> Picture<'_> {
        let (mut planes, mut strides) = ([&[][..]; 3], [0; 3]);
        for (index, format) in self.layout.planes().iter().enumerate() {
            planes[index] = &self.planes[index];
            strides[index] = format.row_bytes(self.size.0) << u32::from(self.bits > 8);
        }
        Picture {
            layout: self.layout,
            width: self.size.0,
            height: self.size.1,
            planes,
            strides,
            colour: self.colour,
            bits: self.bits,
        }
    }

    /// Channel 0, 1 or 2 (R, G, B or Y, Cb, Cr) or alpha of a sample, as a level.
    fn sample(&self, channel: usize, x: u32, y: u32) -> f64 {
        use PictureLayout::{Bgrx, Gbr, Gray8, Nv12, Nv21, Rgb, Rgba, Uyvy};
        let at = |plane: usize, byte: u32| {
            let format = &self.layout.planes()[plane];
            let deep = usize::from(self.bits > 8);
            let row = y as usize * (format.row_bytes(self.size.0) << deep);
            let start = row + ((byte as usize) << deep);
            let bytes = &self.planes[plane][start..];
            if deep == 0 {
                return f64::from(bytes[0]);
            }
            f64::from(u16::from_le_bytes([bytes[0], bytes[1]])) / f64::from(1 << (self.bits - 8))
        };
        match (self.layout, channel) {
            (Rgb | Bgrx | Gbr, 3) => 255.0,
            (Gbr, _) => at([2, 0, 1][channel], x),
            (Rgb, _) => at(0, 3 * x + channel as u32),
            (Rgba, _) => at(0, 4 * x + channel as u32),
            (Bgrx, _) => at(0, 4 * x + 2 - channel as u32),
            (Uyvy, 0) => at(0, 2 * x + 1),
            (Uyvy, _) => at(0, 4 * x + 2 * (channel as u32 - 1)),
            (Gray8, 1 | 2) => 128.0,
            (_, 0) => at(0, x),
            (Nv12, _) => at(1, 2 * x + channel as u32 - 1),
            (Nv21, _) => at(1, 2 * x + 2 - channel as u32),
            _ => at(channel, x),
        }
    }

    fn is_rgb(&self) -> bool {
        Texels::pixels(&self.borrow()).is_some()
    }

    /// How many pixels share a sample of a channel, in x and y.
    fn share(&self, channel: usize) -> (u32, u32) {
        let plane = self.layout.planes().last().unwrap();
        if channel == 0 || self.is_rgb() {
            (1, 1)
        } else {
            (1 << plane.width_shift, 1 << plane.height_shift)
        }
    }

    /// A channel at a position in pixels, mixed of its four neighbours inside the crop.
    fn bilinear(&self, channel: usize, crop: Rect, (x, y): (f64, f64)) -> f64 {
        let share = self.share(channel);
        let axis = |position: f64, share: u32, start: u32, length: u32| {
            let (first, last) = (start / share, (start + length - 1) / share);
            let at = (position / f64::from(share) - 0.5).clamp(f64::from(first), f64::from(last));
            let low = at.floor() as u32;
            (low, (low + 1).min(last), at - f64::from(low))
        };
        let (left, right, across) = axis(x, share.0, crop.left, crop.width);
        let (upper, lower, down) = axis(y, share.1, crop.top, crop.height);
        let row = |y: u32| {
            self.sample(channel, left, y) * (1.0 - across) + self.sample(channel, right, y) * across
        };
        row(upper) * (1.0 - down) + row(lower) * down
    }

    /// R, G, B, A that a pixel of the target should have.
    fn rgba(&self, map: &LetterboxMap, x: u32, y: u32) -> [f64; 4] {
        let mut position = [f64::from(x) + 0.5, f64::from(y) + 0.5];
        map.inverse(&mut position);
        let [x, y] = position;
        let channel = |channel| self.bilinear(channel, map.crop(), (x, y));
        if self.is_rgb() {
            return [0, 1, 2, 3].map(channel);
        }
        let [red, green, blue] = to_rgb([0, 1, 2].map(channel), self.colour, self.bits);
        [red, green, blue, 255.0]
    }
}

fn to_rgb([luma, cb, cr]: [f64; 3], Colour { matrix, range }: Colour, bits: u32) -> [f64; 3] {
    let (kr, kb) = match matrix {
        Matrix::Bt601 => (0.299, 0.114),
        Matrix::Bt709 => (0.2126, 0.0722),
        Matrix::Bt2020 => (0.2627, 0.0593),
    };
    let end = 255.0 / (256.0 - f64::from(1 << 8) / f64::from(1 << bits));
    let (luma, scale) = match range {
        Range::Limited => ((luma - 16.0) * 255.0 / 219.0, 255.0 / 224.0),
        Range::Full => (luma * end, end),
    };
    let (cb, cr) = ((cb - 128.0) * scale, (cr - 128.0) * scale);
    let (red, blue) = (luma + 2.0 * (1.0 - kr) * cr, luma + 2.0 * (1.0 - kb) * cb);
    let green = (luma - kr * red - kb * blue) / (1.0 - kr - kb);
    [red, green, blue].map(|value| value.clamp(0.0, 255.0))
}

fn draw(
    picture: &Picture<'_>,
    format: VideoFormat,
    size: (u32, u32),
    crop: Option<Rect>,
    config: &TransformConfig,
) -> Result<(Owned, Rect), Error> {
    let mut drawn = Owned::new(format.into(), size, picture.colour, 8);
    drawn.planes.iter_mut().for_each(|plane| plane.fill(77));
    let pitches: Vec<_> = drawn.borrow().strides.to_vec();
    let planes = drawn.planes.iter_mut().map(Vec::as_mut_slice);
    let planes = planes.zip(pitches).collect();
    let covered = Canvas::new(format, size, planes).render(picture, crop, config)?;
    Ok((drawn, covered))
}

fn layouts() -> impl Strategy<Value = (PictureLayout, u32)> {
    use PictureLayout::{Bgrx, Gbr, Gray8, I420, I422, I444, Nv12, Nv21, Rgb, Rgba, Uyvy};
    let shallow = prop::sample::select(vec![
        I420, I422, I444, Gbr, Nv12, Nv21, Uyvy, Gray8, Rgb, Rgba, Bgrx,
    ]);
    let deep = prop::sample::select(vec![I420, I422, I444, Gray8]);
    prop_oneof![3 => (shallow, Just(8u32)), 1 => (deep, 9u32..=15)]
}

fn colours() -> impl Strategy<Value = Colour> {
    let matrices = prop::sample::select(vec![Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020]);
    let ranges = prop::sample::select(vec![Range::Limited, Range::Full]);
    (matrices, ranges).prop_map(|(matrix, range)| Colour { matrix, range })
}

fn configs() -> impl Strategy<Value = TransformConfig> {
    let paddings = prop::sample::select(vec![
        Padding::None,
        Padding::RightBottom,
        Padding::Symmetric,
    ]);
    let interpolations = prop::sample::select(vec![
        Interpolation::Nearest,
        Interpolation::Bilinear,
        Interpolation::GpuCubicVic5Tap,
        Interpolation::GpuSuperVic10Tap,
        Interpolation::GpuLanczosVicSmart,
    ]);
    (paddings, interpolations).prop_map(|(padding, interpolation)| TransformConfig {
        padding,
        interpolation,
        ..TransformConfig::default()
    })
}

/// A crop that has something of every picture; it may stick out.
fn crops() -> impl Strategy<Value = Option<Rect>> {
    let sides = (0u32..60, 0u32..60, 1u32..60, 1u32..60);
    prop::option::of(sides.prop_map(|(top, left, width, height)| Rect {
        top,
        left,
        width,
        height,
    }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn bilinear_is_within_two_levels_of_float64(
        (layout, bits) in layouts(),
        colour in colours(),
        source in (SIZES, SIZES),
        size in (SIZES, SIZES),
        crop in crops(),
        seed: u64,
    ) {
        let mut picture = Owned::new(layout, source, colour, bits);
        picture.randomise(seed);
        let config = TransformConfig::default();
        let Ok(map) = LetterboxMap::new(&config, source, crop, size) else {
            return Ok(());
        };
        if map.crop().size() == map.rect().size() {
            return Ok(());
        }
        let (drawn, covered) = draw(&picture.borrow(), VideoFormat::Rgba, size, crop, &config).unwrap();
        prop_assert_eq!(covered, map.rect());
        for y in covered.top..covered.top + covered.height {
            for x in covered.left..covered.left + covered.width {
                for (channel, expected) in picture.rgba(&map, x, y).into_iter().enumerate() {
                    let actual = drawn.sample(channel, x, y);
                    prop_assert!((actual - expected).abs() <= 2.0,
                        "{:?} of {} bits, {:?} at {},{} channel {}: {} for {}",
                        layout, bits, map, x, y, channel, actual, expected);
                }
            }
        }
    }

    #[test]
    fn bilinear_planes_are_within_one_level_of_float64(
        (layout, bits) in layouts(),
        format in prop::sample::select(vec![VideoFormat::Nv12, VideoFormat::Nv21, VideoFormat::I420, VideoFormat::Uyvy]),
        source in (SIZES, SIZES),
        size in (SIZES, SIZES),
        crop in crops(),
        seed: u64,
    ) {
        let mut picture = Owned::new(layout, source, Colour::default(), bits);
        picture.randomise(seed);
        let config = TransformConfig::default();
        let Ok(map) = LetterboxMap::new(&config, source, crop, size) else {
            return Ok(());
        };
        // Chroma of pictures that are not scaled is replicated.
        if picture.is_rgb() || map.crop().size() == map.rect().size() {
            return Ok(());
        }
        let (drawn, rect) = draw(&picture.borrow(), format, size, crop, &config).unwrap();
        for channel in 0..3 {
            let share = drawn.share(channel);
            for y in 0..size.1.div_ceil(share.1) {
                // The Cr that an odd width of UYVY lacks has no place.
                let odd = u32::from(format == VideoFormat::Uyvy && channel == 2);
                for x in 0..(size.0 + odd).div_ceil(share.0) - odd {
                    let covered = |at: u32, share: u32, start: u32, length: u32, end: u32| {
                        let block = (at * share, ((at + 1) * share).min(end));
                        let inside = block.1.min(start + length).saturating_sub(block.0.max(start));
                        f64::from(inside) / f64::from(block.1 - block.0)
                    };
                    let part = covered(x, share.0, rect.left, rect.width, size.0)
                        * covered(y, share.1, rect.top, rect.height, size.1);
                    let centre = |at: u32, share: u32| f64::from(at * share) + f64::from(share) / 2.0;
                    let mut position = [centre(x, share.0), centre(y, share.1)];
                    map.inverse(&mut position);
                    let value = picture.bilinear(channel, map.crop(), (position[0], position[1]));
                    let border = if channel == 0 { 16.0 } else { 128.0 };
                    let expected = (border + (value - border) * part).min(255.0);
                    let actual = drawn.sample(channel, x, y);
                    prop_assert!((actual - expected).abs() <= 1.1,
                        "{:?} of {} bits, {:?} at {},{} channel {}: {} for {}",
                        layout, bits, map, x, y, channel, actual, expected);
                }
            }
        }
    }

    #[test]
    fn pixels_are_where_the_rectangle_says(
        (layout, bits) in layouts(),
        format in prop::sample::select(FORMATS.map(|info| info.format).to_vec()),
        config in configs(),
        source in (SIZES, SIZES),
        size in (SIZES, SIZES),
        crop in crops(),
    ) {
        let mut picture = Owned::new(layout, source, Colour::default(), bits);
        // White, whatever the layout.
        for (index, plane) in picture.planes.iter_mut().enumerate() {
            let is_chroma = index > 0;
            let level = |byte: usize| match layout {
                PictureLayout::Uyvy if byte.is_multiple_of(2) => 128u16,
                PictureLayout::Gbr
                | PictureLayout::Rgb
                | PictureLayout::Rgba
                | PictureLayout::Bgrx => 255,
                _ if is_chroma => 128,
                _ => 235,
            };
            if bits == 8 {
                for (byte, sample) in plane.iter_mut().enumerate() {
                    *sample = level(byte) as u8;
                }
            } else {
                for sample in plane.as_chunks_mut::<2>().0 {
                    *sample = (level(0) << (bits - 8)).to_le_bytes();
                }
            }
        }
        let drawn = draw(&picture.borrow(), format, size, crop, &config);
        let map = match LetterboxMap::new(&config, source, crop, size) {
            Ok(map) => map,
            Err(error) => {
                prop_assert_eq!(drawn.err(), Some(error));
                return Ok(());
            }
        };
        let (drawn, rect) = drawn.unwrap();
        prop_assert_eq!(rect, map.rect());
        let is_rgb = drawn.is_rgb();
        let black = if is_rgb || (layout, format) == (PictureLayout::Gray8, VideoFormat::Gray8) { 0.0 } else { 16.0 };
        let white = if is_rgb { 255.0 } else { 235.0 };
        for y in 0..size.1 {
            for x in 0..size.0 {
                let is_inside = (rect.left..rect.left + rect.width).contains(&x)
                    && (rect.top..rect.top + rect.height).contains(&y);
                let expected: f64 = if is_inside { white } else { black };
                let actual = drawn.sample(0, x, y);
                prop_assert!((actual - expected).abs() <= 1.0,
                    "{:?} to {:?}, {:?} at {},{}: {}", layout, format, map, x, y, actual);
                if format == VideoFormat::Rgba {
                    prop_assert_eq!(drawn.sample(3, x, y) as u8, if is_inside { 255 } else { 0 });
                }
            }
        }
    }

    #[test]
    fn moved_420_samples_stay(
        from in prop::sample::select(vec![PictureLayout::I420, PictureLayout::Nv12, PictureLayout::Nv21]),
        to in prop::sample::select(vec![VideoFormat::I420, VideoFormat::Nv12, VideoFormat::Nv21]),
        config in configs(),
        (width, height) in (1u32..20, 1u32..20),
        (left, top) in (0u32..8, 0u32..8),
        seed: u64,
    ) {
        let source = (64, 64);
        let mut picture = Owned::new(from, source, Colour::default(), 8);
        picture.randomise(seed);
        let crop = Rect { top: top * 2, left: left * 2, width: width * 2, height: height * 2 };
        let config = TransformConfig { padding: Padding::RightBottom, ..config };
        // One side has room.
        let size = (crop.width, crop.height + 6);
        let (drawn, rect) = draw(&picture.borrow(), to, size, Some(crop), &config).unwrap();
        prop_assert_eq!(rect.size(), crop.size());
        for y in 0..rect.height {
            for x in 0..rect.width {
                prop_assert_eq!(drawn.sample(0, x, y) as u8, picture.sample(0, x + crop.left, y + crop.top) as u8);
                for channel in 1..3 {
                    let expected = picture.sample(channel, x / 2 + left, y / 2 + top);
                    prop_assert_eq!(drawn.sample(channel, x / 2, y / 2) as u8, expected as u8);
                }
            }
        }
    }
}

#[test]
fn another_colour_goes_by_way_of_rgb() {
    let bt709 = Colour {
        matrix: Matrix::Bt709,
        ..Colour::default()
    };
    let mut picture = Owned::new(PictureLayout::Nv12, (4, 4), bt709, 8);
    picture.planes[0].fill(81);
    picture.planes[1].as_chunks_mut::<2>().0.fill([90, 200]);
    let [red, green, blue] = to_rgb([81.0, 90.0, 200.0], bt709, 8);
    let mut to = Owned::new(PictureLayout::Nv12, (4, 4), Colour::default(), 8);
    let planes = to.planes.iter_mut().map(|plane| (plane.as_mut_slice(), 4));
    let mut canvas = Canvas::new(VideoFormat::Nv12, (4, 4), planes.collect());
    canvas
        .render_as(
            Colour::default(),
            &picture.borrow(),
            None,
            &TransformConfig::default(),
        )
        .unwrap();
    let luma = 16.0 + (0.299 * red + 0.587 * green + 0.114 * blue) * 219.0 / 255.0;
    assert!((to.sample(0, 1, 1) - luma).abs() <= 2.0);
    assert_ne!(to.sample(1, 0, 0) as u8, 90);
}

#[test]
fn grey_levels_are_the_same_scaled_and_not() {
    // Two conversions: of whole pictures and of rows.
    for range in [Range::Limited, Range::Full] {
        let colour = Colour {
            range,
            ..Colour::default()
        };
        let mut picture = Owned::new(PictureLayout::Gray8, (256, 2), colour, 8);
        for (index, level) in picture.planes[0].iter_mut().enumerate() {
            *level = index as u8;
        }
        let config = TransformConfig {
            padding: Padding::None,
            ..TransformConfig::NEAREST
        };
        let draw = |size| draw(&picture.borrow(), VideoFormat::Rgba, size, None, &config);
        let (whole, scaled) = (draw((256, 2)).unwrap().0, draw((256, 4)).unwrap().0);
        assert_eq!(whole.planes[0][..1024], scaled.planes[0][..1024]);
    }
}
