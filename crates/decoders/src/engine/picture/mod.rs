//! From what a decoder returns to pixels in a pooled surface.

mod jpeg;
mod png;
mod scratch;

use gst_video::{
    VideoColorMatrix, VideoColorRange, VideoColorimetry, VideoFormat, VideoFrame, VideoFrameExt,
    VideoInfo,
};
use surfaces::{
    Colour, Matrix, Picture, PictureLayout, Range, Rect, SharedBuffer, TransformConfig,
    render_picture, transform_keeping_colour,
};

use super::image::Kind;
use crate::output::Payload;

/// Pixels that one picture may have: a limit against decompression bombs, four times 16K UHD.
pub(super) const MAX_PIXELS: u64 = 4 * 15_360 * 8_640;

/// What a decoder element puts out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub place: Place,
    /// What the bitstream says of the colour. Elements do not tell it reliably: some not at all, NVIDIA's
    /// not the matrix of a stream that is tagged without primaries. So this holds, if there is one.
    pub colour: Option<Colour>,
}

/// Where a decoder element puts its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into planes in system memory.
    Planes,
    /// Into surfaces.
    Surfaces,
}

impl Output {
    /// Caps of the pictures.
    pub(super) fn caps(self) -> &'static str {
        match self.place {
            Place::Planes => "video/x-raw",
            Place::Surfaces => "video/x-raw(memory:NVMM)",
        }
    }

    /// A picture that the element has put out.
    pub(super) fn picture(self, sample: gst::Sample) -> RawPicture {
        RawPicture::Decoded {
            sample,
            output: self,
        }
    }
}

/// Where a picture goes.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub buffer: &'a SharedBuffer,
    /// How it is placed and scaled.
    pub transform: &'a TransformConfig,
}

impl Target<'_> {
    /// Writes a picture in ordinary memory, and returns the rectangle that it covers.
    pub(super) fn render(self, picture: &Picture<'_>) -> Result<Rect, String> {
        render_picture(picture, self.buffer, self.transform).map_err(|error| error.to_string())
    }
}

/// A picture as its decoder left it.
pub(crate) enum RawPicture {
    /// What an element has put out.
    Decoded { sample: gst::Sample, output: Output },
    /// Planes of the AV1 decoder.
    Av1(av1::Picture),
    /// A packet that is a picture of its own.
    Encoded(Kind, Payload),
}

impl RawPicture {
    /// Whether the decoder says that the picture is damaged.
    pub(crate) fn is_corrupt(&self) -> bool {
        let is_marked =
            |buffer: &gst::BufferRef| buffer.flags().contains(gst::BufferFlags::CORRUPTED);
        matches!(self, Self::Decoded { sample, .. } if sample.buffer().is_some_and(is_marked))
    }

    /// Whether another device converts the picture, while the calling thread waits.
    pub(crate) fn is_on_device(&self) -> bool {
        matches!(self, Self::Decoded { output, .. } if output.place == Place::Surfaces)
    }

    /// Writes the picture into `target` in that one's format, and returns the rectangle that it covers.
    pub(crate) fn render(self, target: Target<'_>) -> Result<Rect, String> {
        match self {
            Self::Decoded { sample, output } => match output.place {
                Place::Planes => render_sample(&sample, output.colour, target),
                Place::Surfaces => render_surface(&sample, output.colour, target),
            },
            Self::Av1(picture) => super::av1::render(&picture, target),
            Self::Encoded(Kind::Jpeg, data) => jpeg::render(&data, target),
            Self::Encoded(Kind::Png, data) => png::render(&data, target),
            Self::Encoded(
                Kind::Raw {
                    width,
                    height,
                    channels,
                },
                data,
            ) => {
                let layout = if channels == 4 {
                    PictureLayout::Rgba
                } else {
                    PictureLayout::Rgb
                };
                render_packed(
                    layout,
                    (width, height),
                    &data,
                    (width * channels) as usize,
                    target,
                )
            }
        }
    }
}

/// The layouts that are converted directly, with their bits a sample; everything else takes a detour over
/// `GStreamer`'s converter.
const LAYOUTS: &[(VideoFormat, PictureLayout, u32)] = &[
    (VideoFormat::I420, PictureLayout::I420, 8),
    (VideoFormat::Y42b, PictureLayout::I422, 8),
    (VideoFormat::Y444, PictureLayout::I444, 8),
    (VideoFormat::I42010le, PictureLayout::I420, 10),
    (VideoFormat::I42210le, PictureLayout::I422, 10),
    (VideoFormat::Y44410le, PictureLayout::I444, 10),
    (VideoFormat::I42012le, PictureLayout::I420, 12),
    (VideoFormat::I42212le, PictureLayout::I422, 12),
    (VideoFormat::Y44412le, PictureLayout::I444, 12),
    (VideoFormat::Gbr, PictureLayout::Gbr, 8),
    (VideoFormat::Gbr10le, PictureLayout::Gbr, 10),
    (VideoFormat::Gbr12le, PictureLayout::Gbr, 12),
    (VideoFormat::Nv12, PictureLayout::Nv12, 8),
    (VideoFormat::Gray8, PictureLayout::Gray8, 8),
    (VideoFormat::Rgb, PictureLayout::Rgb, 8),
    (VideoFormat::Rgba, PictureLayout::Rgba, 8),
];

fn render_surface(
    sample: &gst::Sample,
    colour: Option<Colour>,
    Target { buffer, transform }: Target<'_>,
) -> Result<Rect, String> {
    let source = SharedBuffer::from_buffer(buffer_of(sample)?);
    transform_keeping_colour(&source, None, colour, buffer, transform)
        .map_err(|error| error.to_string())
}

fn buffer_of(sample: &gst::Sample) -> Result<gst::Buffer, &'static str> {
    sample
        .buffer_owned()
        .ok_or("the decoder returned no picture")
}

fn render_sample(
    sample: &gst::Sample,
    colour: Option<Colour>,
    target: Target<'_>,
) -> Result<Rect, String> {
    let caps = sample
        .caps()
        .ok_or("the decoder returned a picture without caps")?;
    let info = VideoInfo::from_caps(caps).map_err(|error| format!("caps {caps}: {error}"))?;
    let frame = VideoFrame::from_buffer_readable(buffer_of(sample)?, &info)
        .map_err(|_| format!("the decoder's {} picture cannot be mapped", info.format()))?;
    let colour = colour.unwrap_or_else(|| colour_of(caps));
    match LAYOUTS.iter().find(|(format, ..)| *format == info.format()) {
        Some(&(_, layout, bits)) => render_planes(layout, bits, &frame, colour, target),
        None => render_planes(PictureLayout::Rgba, 8, &converted(&frame)?, colour, target),
    }
}

/// Matrix and range of a stream. What is not tagged counts as BT.601, limited, whatever the size;
/// `VideoInfo` would guess from the size, so the caps are read here.
fn colour_of(caps: &gst::CapsRef) -> Colour {
    let tag = caps
        .structure(0)
        .and_then(|structure| structure.get::<&str>("colorimetry").ok());
    let Some(colorimetry) = tag.and_then(|tag| tag.parse::<VideoColorimetry>().ok()) else {
        return Colour::default();
    };
    let matrix = match colorimetry.matrix() {
        VideoColorMatrix::Bt709 => Matrix::Bt709,
        VideoColorMatrix::Bt2020 => Matrix::Bt2020,
        _ => Matrix::Bt601,
    };
    let range = match colorimetry.range() {
        VideoColorRange::Range0_255 => Range::Full,
        _ => Range::Limited,
    };
    Colour { matrix, range }
}

fn render_planes(
    layout: PictureLayout,
    bits: u32,
    frame: &VideoFrame<gst_video::video_frame::Readable>,
    colour: Colour,
    target: Target<'_>,
) -> Result<Rect, String> {
    let info = frame.info();
    let mut planes: [&[u8]; 3] = [&[]; 3];
    let mut strides = [0; 3];
    for index in 0..frame.n_planes().min(3) {
        let plane = index as usize;
        planes[plane] = frame.plane_data(index).map_err(|error| error.to_string())?;
        strides[plane] = usize::try_from(frame.plane_stride()[plane])
            .map_err(|_| "the decoder returned a picture with negative strides")?;
    }
    let picture = Picture {
        layout,
        width: info.width(),
        height: info.height(),
        planes,
        strides,
        colour,
        bits,
    };
    target.render(&picture)
}

/// A picture of an unusual format as RGBA.
fn converted(
    frame: &VideoFrame<gst_video::video_frame::Readable>,
) -> Result<VideoFrame<gst_video::video_frame::Readable>, String> {
    let from = frame.info();
    let describe = |error: &dyn std::fmt::Display| {
        format!("{} cannot be converted to RGBA: {error}", from.format())
    };
    // The converter changes neither of these two.
    let to = VideoInfo::builder(VideoFormat::Rgba, from.width(), from.height())
        .fps(from.fps())
        .interlace_mode(from.interlace_mode())
        .build()
        .map_err(|error| describe(&error))?;
    let converter =
        gst_video::VideoConverter::new(from, &to, None).map_err(|error| describe(&error))?;
    let buffer = gst::Buffer::with_size(to.size()).map_err(|error| describe(&error))?;
    let mut target =
        VideoFrame::from_buffer_writable(buffer, &to).map_err(|_| describe(&"out of memory"))?;
    converter.frame(frame, &mut target);
    VideoFrame::from_buffer_readable(target.into_buffer(), &to)
        .map_err(|_| describe(&"it cannot be mapped"))
}

fn render_packed(
    layout: PictureLayout,
    (width, height): (u32, u32),
    data: &[u8],
    stride: usize,
    target: Target<'_>,
) -> Result<Rect, String> {
    let picture = Picture {
        layout,
        width,
        height,
        planes: [data, &[], &[]],
        strides: [stride, 0, 0],
        // RGB has neither.
        colour: Colour::default(),
        bits: 8,
    };
    target.render(&picture)
}

/// Refuses sizes that nobody has memory for.
pub(super) fn check_pixels(what: &str, width: u64, height: u64) -> Result<(), String> {
    if width * height <= MAX_PIXELS {
        return Ok(());
    }
    Err(format!(
        "{what}: {width}x{height} is more than the limit of {MAX_PIXELS} pixels"
    ))
}
