//! JPEG on the CPU, by libjpeg-turbo.

use std::cell::Cell;

use surfaces::{
    Canvas, Colour, Matrix, Picture, PictureLayout, Range, Rect, TransformConfig, VideoFormat,
};
use turbojpeg::{
    Colorspace, DecompressHeader, Decompressor, Error, Image, PixelFormat, Subsamp, YuvImage,
};

use super::scratch::with_scratch;
use super::{Target, check_pixels};
use crate::bitstream::image;

/// What JFIF says of Y, Cb, Cr.
const JFIF: Colour = Colour {
    matrix: Matrix::Bt601,
    range: Range::Full,
};

/// Scans of a progressive picture; encoders make about ten, attackers thousands of a few bytes each.
const MAX_SCANS: u32 = 500;

thread_local! {
    /// Taken out while it is in use. It keeps nothing of a picture but its tables.
    static DECODER: Cell<Option<Decompressor>> = const { Cell::new(None) };
}

/// Decodes a JPEG into a surface, straight into its pixels where it can.
pub(super) fn render(data: &[u8], target: Target<'_>) -> Result<Rect, String> {
    let mut decoder = match DECODER.take() {
        Some(decoder) => decoder,
        None => new_decoder().map_err(describe)?,
    };
    let result = decode(&mut decoder, data, target);
    DECODER.set(Some(decoder));
    result
}

fn new_decoder() -> Result<Decompressor, Error> {
    let mut decoder = Decompressor::new()?;
    decoder.set_scan_limit(MAX_SCANS)?;
    Ok(decoder)
}

fn decode(decoder: &mut Decompressor, data: &[u8], target: Target<'_>) -> Result<Rect, String> {
    let header = decoder.read_header(data).map_err(describe)?;
    check_pixels("JPEG", header.width as u64, header.height as u64)?;
    let mut source = Source {
        decoder,
        data,
        header,
        transform: target.transform,
    };
    surfaces::draw(target.buffer, JFIF, |canvas| source.paint(canvas))
        .map_err(|error| error.to_string())?
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` hands it over
fn describe(error: Error) -> String {
    format!("JPEG: {error}")
}

/// A JPEG whose header has been read.
struct Source<'a> {
    decoder: &'a mut Decompressor,
    data: &'a [u8],
    header: DecompressHeader,
    transform: &'a TransformConfig,
}

impl Source<'_> {
    fn paint(&mut self, canvas: &mut Canvas<'_>) -> Result<Rect, String> {
        use Colorspace::{CMYK, YCCK};
        let is_ink = matches!(self.header.colorspace, CMYK | YCCK);
        let whole = Rect::covering(canvas.size());
        let fits = self.size() == canvas.size() && self.place(canvas)? == whole;
        let packed = match canvas.format() {
            VideoFormat::Rgba => Some(PixelFormat::RGBA),
            VideoFormat::Bgrx => Some(PixelFormat::BGRA),
            _ => None,
        };
        match (packed, planes_of(&self.header)) {
            _ if is_ink => self.paint_ink(canvas),
            (Some(format), _) if fits => {
                let (to, pitch) = canvas.plane(0);
                self.decompress(format, to, pitch)?;
                Ok(whole)
            }
            (None, Some(layout)) => self.paint_planes(layout, canvas),
            _ => self.paint_packed(canvas, PixelFormat::RGBA, |_| {}),
        }
    }

    fn decompress(
        &mut self,
        format: PixelFormat,
        to: &mut [u8],
        pitch: usize,
    ) -> Result<(), String> {
        let image = Image {
            pixels: to,
            width: self.header.width,
            pitch,
            height: self.header.height,
            format,
        };
        self.decoder.decompress(self.data, image).map_err(describe)
    }

    /// By way of pixels of four bytes that `convert` makes RGBA of.
    fn paint_packed(
        &mut self,
        canvas: &mut Canvas<'_>,
        format: PixelFormat,
        convert: impl FnOnce(&mut [u8]),
    ) -> Result<Rect, String> {
        let pitch = self.header.width * 4;
        with_scratch(pitch * self.header.height, |pixels| {
            self.decompress(format, pixels, pitch)?;
            convert(pixels);
            let picture = self.picture(PictureLayout::Rgba, [pixels, &[], &[]], [pitch, 0, 0]);
            self.draw(&picture, canvas)
        })
    }

    /// Inks: Adobe's programs store how much is left of the paper's white.
    fn paint_ink(&mut self, canvas: &mut Canvas<'_>) -> Result<Rect, String> {
        let flip = if image::jpeg_header(self.data)?.is_adobe {
            0
        } else {
            u8::MAX
        };
        self.paint_packed(canvas, PixelFormat::CMYK, |pixels| {
            for pixel in pixels.as_chunks_mut::<4>().0 {
                let [cyan, magenta, yellow, black] = pixel.map(|ink| u16::from(ink ^ flip));
                let [red, green, blue] =
                    [cyan, magenta, yellow].map(|left| ((left * black + 127) / 255) as u8);
                *pixel = [red, green, blue, u8::MAX];
            }
        })
    }

    /// By way of the coded planes, whose samples are kept where the canvas holds the same ones.
    fn paint_planes(
        &mut self,
        layout: PictureLayout,
        canvas: &mut Canvas<'_>,
    ) -> Result<Rect, String> {
        let DecompressHeader {
            width,
            height,
            subsamp,
            ..
        } = self.header;
        let size = turbojpeg::yuv_pixels_len(width, 1, height, subsamp).map_err(describe)?;
        with_scratch(size, |samples| {
            let mut planar = YuvImage {
                pixels: samples,
                width,
                align: 1,
                height,
                subsamp,
            };
            self.decoder
                .decompress_to_yuv(self.data, planar.as_deref_mut())
                .map_err(describe)?;
            let strides = [planar.y_width(), planar.uv_width(), planar.uv_width()];
            let (luma, chroma) = planar.pixels.split_at(strides[0] * planar.y_height());
            let (cb, cr) = match layout {
                PictureLayout::Gray8 => (chroma, chroma),
                _ => chroma.split_at(strides[1] * planar.uv_height()),
            };
            self.draw(&self.picture(layout, [luma, cb, cr], strides), canvas)
        })
    }

    /// The size, which has been checked.
    fn size(&self) -> (u32, u32) {
        (self.header.width as u32, self.header.height as u32)
    }

    /// What the picture covers.
    fn place(&self, canvas: &Canvas<'_>) -> Result<Rect, String> {
        let placed = self.transform.place(self.size(), canvas.size());
        placed.map_err(|error| error.to_string())
    }

    fn draw(&self, picture: &Picture<'_>, canvas: &mut Canvas<'_>) -> Result<Rect, String> {
        let drawn = canvas.render(picture, None, self.transform);
        drawn.map_err(|error| error.to_string())
    }

    fn picture<'p>(
        &self,
        layout: PictureLayout,
        planes: [&'p [u8]; 3],
        strides: [usize; 3],
    ) -> Picture<'p> {
        Picture {
            layout,
            width: self.size().0,
            height: self.size().1,
            planes,
            strides,
            colour: JFIF,
            bits: 8,
        }
    }
}

/// The layout of the coded planes, for Y, Cb, Cr in a layout that there is, and grey.
fn planes_of(header: &DecompressHeader) -> Option<PictureLayout> {
    match (header.colorspace, header.subsamp) {
        (Colorspace::Gray, _) => Some(PictureLayout::Gray8),
        (Colorspace::YCbCr, Subsamp::Sub2x2) => Some(PictureLayout::I420),
        (Colorspace::YCbCr, Subsamp::Sub2x1) => Some(PictureLayout::I422),
        (Colorspace::YCbCr, Subsamp::None) => Some(PictureLayout::I444),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use surfaces::wait::Wait;
    use surfaces::{BufferGenerator, GeneratorConfig, SharedBuffer, SurfaceView};
    use turbojpeg::Compressor;

    use super::*;

    const SIZE: (usize, usize) = (69, 51);
    /// Of the quarters, row by row.
    const COLOURS: [[u8; 3]; 4] = [[220, 30, 40], [20, 200, 60], [30, 60, 210], [240, 240, 240]];
    const TOLERANCE: u8 = 3;

    fn quarters(subsamp: Subsamp, is_progressive: bool) -> Vec<u8> {
        let (width, height) = SIZE;
        let pixels: Vec<u8> = (0..width * height)
            .flat_map(|index| {
                let (x, y) = (index % width, index / width);
                COLOURS[y * 2 / height * 2 + x * 2 / width]
            })
            .collect();
        let mut compressor = Compressor::new().unwrap();
        compressor.set_quality(100).unwrap();
        compressor.set_subsamp(subsamp).unwrap();
        compressor.set_progressive(is_progressive).unwrap();
        let image = Image {
            pixels: &pixels[..],
            width,
            pitch: width * 3,
            height,
            format: PixelFormat::RGB,
        };
        compressor.compress_to_vec(image).unwrap()
    }

    fn decoded(data: &[u8], format: VideoFormat) -> Vec<u8> {
        let config = GeneratorConfig::new(format, SIZE.0 as u32, SIZE.1 as u32);
        let generator = BufferGenerator::new(config).unwrap();
        let buffer = generator.acquire(Wait::forever()).unwrap();
        render(data, target(&buffer)).unwrap();
        let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
        let mut pixels = vec![0; view.packed_size()];
        view.download(&mut pixels).unwrap();
        pixels
    }

    fn target(buffer: &SharedBuffer) -> Target<'_> {
        Target {
            buffer,
            transform: &TransformConfig::NEAREST,
        }
    }

    fn luma([red, green, blue]: [u8; 3]) -> u8 {
        let [red, green, blue] = [red, green, blue].map(f64::from);
        (0.299 * red + 0.587 * green + 0.114 * blue).round() as u8
    }

    #[test]
    fn every_subsampling_has_its_colours_in_every_format() {
        for subsamp in [
            Subsamp::None,
            Subsamp::Sub2x1,
            Subsamp::Sub2x2,
            Subsamp::Sub1x2,
            Subsamp::Sub4x1,
            Subsamp::Sub1x4,
            Subsamp::Gray,
        ] {
            for is_progressive in [false, true] {
                let data = quarters(subsamp, is_progressive);
                let rgba = decoded(&data, VideoFormat::Rgba);
                let bgrx = decoded(&data, VideoFormat::Bgrx);
                let grey = decoded(&data, VideoFormat::Gray8);
                let nv12 = decoded(&data, VideoFormat::Nv12);
                for (index, colour) in COLOURS.into_iter().enumerate() {
                    let (x, y) = (
                        SIZE.0 / 4 + index % 2 * SIZE.0 / 2,
                        SIZE.1 / 4 + index / 2 * SIZE.1 / 2,
                    );
                    let at = y * SIZE.0 + x;
                    let level = luma(colour);
                    let expected = if subsamp == Subsamp::Gray {
                        [level; 3]
                    } else {
                        colour
                    };
                    for (channel, expected) in expected.into_iter().enumerate() {
                        let error = rgba[at * 4 + channel].abs_diff(expected);
                        assert!(error <= TOLERANCE, "{subsamp:?} {colour:?} off by {error}");
                        assert_eq!(rgba[at * 4 + channel], bgrx[at * 4 + 2 - channel]);
                    }
                    assert_eq!(rgba[at * 4 + 3], 255);
                    assert!(
                        grey[at].abs_diff(level) <= TOLERANCE,
                        "{subsamp:?} {colour:?}"
                    );
                    assert!(
                        nv12[at].abs_diff(level) <= TOLERANCE,
                        "{subsamp:?} {colour:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn too_many_scans_and_garbage_are_errors_that_leave_the_decoder_usable() {
        let data = quarters(Subsamp::Sub2x2, true);
        let before = decoded(&data, VideoFormat::Rgba);
        let start = data
            .windows(2)
            .rposition(|marker| marker == [0xff, 0xda])
            .unwrap();
        let scan = &data[start..data.len() - 2];
        let bomb = [
            &data[..start],
            &scan.repeat(MAX_SCANS as usize),
            &data[data.len() - 2..],
        ]
        .concat();
        let config = GeneratorConfig::new(VideoFormat::Rgba, SIZE.0 as u32, SIZE.1 as u32);
        let buffer = BufferGenerator::new(config)
            .unwrap()
            .acquire(Wait::forever())
            .unwrap();
        for damaged in [&bomb[..], &data[..start], b"garbage"] {
            assert!(render(damaged, target(&buffer)).is_err());
        }
        assert_eq!(decoded(&data, VideoFormat::Rgba), before);
    }
}
