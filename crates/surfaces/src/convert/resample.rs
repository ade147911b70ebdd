//! Scaling of planes by filters of many taps, in SIMD (the `fast_image_resize` crate).

use std::borrow::Cow;
use std::cell::RefCell;

use fast_image_resize::images::{CroppedImage, Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use crate::enums::Interpolation;

/// 8-bit samples in rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Samples<'a> {
    pub bytes: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Samples in a row, and rows.
    pub size: (u32, u32),
    /// Bytes of a sample, 1 to 4.
    pub bytes_per_sample: u32,
}

/// A part of a plane in samples: left, top, width, height.
pub(super) type Part = (f64, f64, f64, f64);

/// How the crate does what NVIDIA's library does on a GPU; `None` for nearest neighbour.
fn algorithm(interpolation: Interpolation) -> Option<ResizeAlg> {
    match interpolation {
        Interpolation::Nearest | Interpolation::Default => None,
        // Pixel centres, and no smoothing before a reduction.
        Interpolation::Bilinear => Some(ResizeAlg::Interpolation(FilterType::Bilinear)),
        Interpolation::GpuCubicVic5Tap | Interpolation::GpuIgnoredVicNicest => {
            Some(ResizeAlg::Interpolation(FilterType::CatmullRom))
        }
        // The mean of all source samples.
        Interpolation::GpuSuperVic10Tap => Some(ResizeAlg::Convolution(FilterType::Box)),
        Interpolation::GpuLanczosVicSmart => Some(ResizeAlg::Convolution(FilterType::Lanczos3)),
    }
}

/// Whether pictures are scaled by picking single pixels.
pub(super) fn is_nearest(interpolation: Interpolation) -> bool {
    algorithm(interpolation).is_none()
}

/// Scales a part of the samples to `size`, tightly packed. `Err` says why that is impossible.
pub(super) fn resample(
    samples: Samples<'_>,
    (left, top, width, height): Part,
    size: (u32, u32),
    interpolation: Interpolation,
) -> Result<Vec<u8>, String> {
    thread_local! {
        // Keeps its tables and buffers.
        static RESIZER: RefCell<Resizer> = RefCell::new(Resizer::new());
    }
    let pixel_type = match samples.bytes_per_sample {
        1 => PixelType::U8,
        2 => PixelType::U8x2,
        3 => PixelType::U8x3,
        4 => PixelType::U8x4,
        other => return Err(format!("samples of {other} bytes")),
    };
    let (columns, bytes) = whole_rows(samples);
    let rows = ImageRef::new(columns, samples.size.1, &bytes, pixel_type)
        .map_err(|error| error.to_string())?;
    // Filters read beyond the part that is scaled, but never beyond the image: so the image ends there.
    let (first_column, first_row) = (left.floor(), top.floor());
    let source = CroppedImage::new(
        &rows,
        first_column as u32,
        first_row as u32,
        ((left + width).ceil() - first_column) as u32,
        ((top + height).ceil() - first_row) as u32,
    )
    .map_err(|error| error.to_string())?;
    let mut result = vec![0; size.0 as usize * size.1 as usize * samples.bytes_per_sample as usize];
    let mut target = Image::from_slice_u8(size.0, size.1, &mut result, pixel_type)
        .map_err(|error| error.to_string())?;
    let options = ResizeOptions::new()
        .resize_alg(algorithm(interpolation).unwrap_or(ResizeAlg::Nearest))
        .crop(left - first_column, top - first_row, width, height)
        // Alpha is a channel like the others.
        .use_alpha(false);
    RESIZER
        .with_borrow_mut(|resizer| resizer.resize(&source, &mut target, &options))
        .map_err(|error| error.to_string())?;
    drop(target);
    Ok(result)
}

/// The samples as rows without gaps: as they are, with the padding as further columns, if every row is
/// whole and the padding is whole samples; else a copy.
fn whole_rows(samples: Samples<'_>) -> (u32, Cow<'_, [u8]>) {
    let Samples {
        bytes,
        stride,
        size: (width, height),
        bytes_per_sample,
    } = samples;
    let bytes_per_sample = bytes_per_sample as usize;
    let all = stride * height as usize;
    if stride.is_multiple_of(bytes_per_sample)
        && let Some(whole) = bytes.get(..all)
        && let Ok(columns) = u32::try_from(stride / bytes_per_sample)
    {
        return (columns, Cow::Borrowed(whole));
    }
    let row = width as usize * bytes_per_sample;
    let rows = bytes.chunks(stride).take(height as usize);
    let packed = rows.flat_map(|line| &line[..row]).copied().collect();
    (width, Cow::Owned(packed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ramp(width: u32, height: u32) -> Vec<u8> {
        (0..height)
            .flat_map(|y| (0..width).map(move |x| (x * 2 + y) as u8))
            .collect()
    }

    fn scaled(bytes: &[u8], size: (u32, u32), to: (u32, u32), how: Interpolation) -> Vec<u8> {
        let samples = Samples {
            bytes,
            stride: size.0 as usize,
            size,
            bytes_per_sample: 1,
        };
        let whole = (0.0, 0.0, f64::from(size.0), f64::from(size.1));
        resample(samples, whole, to, how).expect("it is possible")
    }

    #[test]
    fn bilinear_samples_at_pixel_centres() {
        let row = [0, 40, 80, 120, 160, 200];
        // 3:1 reads the middle of each three, 2:1 the mean of each two, 1:2 quarters between two.
        let bilinear = Interpolation::Bilinear;
        assert_eq!(scaled(&row, (6, 1), (2, 1), bilinear), [40, 160]);
        assert_eq!(scaled(&row, (6, 1), (3, 1), bilinear), [20, 100, 180]);
        assert_eq!(
            scaled(&[0, 100], (2, 1), (4, 1), bilinear),
            [0, 25, 75, 100]
        );
    }

    #[test]
    fn super_sampling_is_the_mean() {
        let row = [0, 30, 60, 90, 120, 150];
        let mean = scaled(&row, (6, 1), (2, 1), Interpolation::GpuSuperVic10Tap);
        assert_eq!(mean, [30, 120]);
    }

    proptest! {
        #[test]
        fn padding_and_a_short_last_row_do_not_matter(
            (width, height) in (1u32..40, 1u32..12),
            to in (1u32..40, 1u32..12),
            bytes_per_sample in 1u32..=4,
            padding in 0usize..9,
            how in prop::sample::select(vec![
                Interpolation::Bilinear, Interpolation::GpuCubicVic5Tap,
                Interpolation::GpuSuperVic10Tap, Interpolation::GpuLanczosVicSmart,
            ]),
        ) {
            let row = (width * bytes_per_sample) as usize;
            let packed = ramp(row as u32, height);
            let stride = row + padding;
            let mut padded = vec![255; stride * height as usize];
            for (to, from) in padded.chunks_mut(stride).zip(packed.chunks(row)) {
                to[..row].copy_from_slice(from);
            }
            let whole = (0.0, 0.0, f64::from(width), f64::from(height));
            let of = |bytes, stride| {
                let samples = Samples { bytes, stride, size: (width, height), bytes_per_sample };
                resample(samples, whole, to, how)
            };
            let expected = of(&packed, row);
            prop_assert!(expected.is_ok());
            prop_assert_eq!(&of(&padded, stride), &expected);
            prop_assert_eq!(&of(&padded[..padded.len() - padding], stride), &expected);
        }
    }
}
