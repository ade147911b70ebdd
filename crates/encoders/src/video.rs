//! One element at work: pictures into the form that it takes, and into the element.

use std::sync::Weak;
use std::time::Duration;

use gst::prelude::*;
use gst_video::{
    VideoColorMatrix, VideoColorPrimaries, VideoColorRange, VideoColorimetry, VideoInfo,
    VideoTransferFunction,
};
use surfaces::pipeline::{ElementPipeline, Events, Setup, parse_caps};
use surfaces::wait::Wait;
use surfaces::{
    BufferGenerator, Canvas, Colour, GeneratorConfig, Matrix, Padding, Range, SharedBuffer,
    TransformConfig, colour, flight_key, look_at, transform,
};

use crate::config::EncoderConfig;
use crate::element::ElementPlan;

/// Surfaces that a hardware encoder may hold at once.
const SURFACES: u32 = 16;
/// How long a hardware encoder may hold all of them.
const PATIENCE: Duration = Duration::from_secs(10);

/// An element with its pipeline.
pub(crate) struct Session {
    pipeline: ElementPipeline,
    input: Input,
    fps: (i32, i32),
}

/// What the element takes.
enum Input {
    /// Planes in system memory.
    Memory {
        info: VideoInfo,
        pool: gst::BufferPool,
        canvas: surfaces::VideoFormat,
        colour: Colour,
    },
    /// Surfaces of the device.
    Surfaces(BufferGenerator),
}

impl Drop for Input {
    fn drop(&mut self) {
        if let Self::Memory { pool, .. } = self {
            // It fails for a pool that is inactive already, which is what is wanted.
            let _ = pool.set_active(false);
        }
    }
}

impl Session {
    /// Makes the element and its pipeline, stopped. The first picture decides the colours of all.
    pub(crate) fn open(
        plan: &ElementPlan,
        config: &EncoderConfig,
        first: &SharedBuffer,
        events: &Weak<dyn Events>,
    ) -> Result<Self, String> {
        let element = plan.make().map_err(|error| error.to_string())?;
        let (input, caps) = if plan.hardware {
            surfaces_input(plan, config)?
        } else {
            memory_input(plan, config, colour_of(plan, first)?)?
        };
        let setup = Setup {
            element,
            input: &caps,
            output: &parse_caps(&plan.output_caps)?,
        };
        Ok(Self {
            pipeline: ElementPipeline::new(setup, events)?,
            input,
            fps: config.fps,
        })
    }

    pub(crate) fn start(&self) -> Result<(), String> {
        self.pipeline.start()
    }

    /// The picture as the element takes it, with times that grow with the key whatever the user's are.
    pub(crate) fn prepare(&self, key: u64, picture: SharedBuffer) -> Result<gst::Buffer, String> {
        let mut buffer = match &self.input {
            Input::Memory {
                info,
                pool,
                canvas,
                colour,
            } => {
                let mut buffer = pool
                    .acquire_buffer(None)
                    .map_err(|error| format!("no memory for a picture: {error}"))?;
                let to = buffer.get_mut().ok_or("a new buffer is in use already")?;
                let mut map = to.map_writable().map_err(|error| error.to_string())?;
                draw(&picture, info, *canvas, *colour, map.as_mut_slice())?;
                drop(map);
                buffer
            }
            Input::Surfaces(generator) => on_device(generator, picture)?,
        };
        let to = buffer.make_mut();
        to.set_pts(self.time(key));
        to.set_dts(gst::ClockTime::NONE);
        to.set_duration(self.time(key + 1) - self.time(key));
        flight_key::attach(to, key);
        Ok(buffer)
    }

    pub(crate) fn push(&self, buffer: gst::Buffer) {
        self.pipeline.input().push(buffer);
    }

    pub(crate) fn end(&self) {
        self.pipeline.end();
    }

    /// Ends at once and joins the threads.
    pub(crate) fn stop(&self) {
        self.pipeline.stop();
    }

    /// When the picture with this key begins, at the configured rate.
    fn time(&self, key: u64) -> gst::ClockTime {
        let (numerator, denominator) = self.fps;
        let seconds = u128::from(key) * u128::from(denominator.unsigned_abs());
        let nanoseconds = seconds * 1_000_000_000 / u128::from(numerator.unsigned_abs().max(1));
        gst::ClockTime::from_nseconds(u64::try_from(nanoseconds).unwrap_or(u64::MAX / 2))
    }
}

/// Matrix and range of what is encoded: those of the first picture. RGB becomes BT.601 in limited range.
fn colour_of(plan: &ElementPlan, first: &SharedBuffer) -> Result<Colour, String> {
    let slot = first.first_slot().map_err(|error| error.to_string())?;
    let described = colour::describe(slot.color_format);
    let mut colour = described.map_or_else(Colour::default, |(_, colour)| colour);
    match plan.full_range {
        Some(true) => colour.range = Range::Full,
        Some(false) => colour.range = Range::Limited,
        None => {}
    }
    Ok(colour)
}

fn memory_input(
    plan: &ElementPlan,
    config: &EncoderConfig,
    colour: Colour,
) -> Result<(Input, gst::Caps), String> {
    let (numerator, denominator) = config.fps;
    let info = VideoInfo::builder(plan.input.info().gst, config.width, config.height)
        .fps(gst::Fraction::new(numerator, denominator))
        .colorimetry(&colorimetry(colour))
        .build()
        .map_err(|error| error.to_string())?;
    let caps = info.to_caps().map_err(|error| error.to_string())?;
    let size = u32::try_from(info.size()).map_err(|_| "the picture is too large")?;
    let pool = gst::BufferPool::new();
    let mut pool_config = pool.config();
    pool_config.set_params(Some(&caps), size, 0, 0);
    pool.set_config(pool_config)
        .and_then(|()| pool.set_active(true))
        .map_err(|error| error.to_string())?;
    let input = Input::Memory {
        info,
        pool,
        canvas: plan.input,
        colour,
    };
    Ok((input, caps))
}

fn surfaces_input(
    plan: &ElementPlan,
    config: &EncoderConfig,
) -> Result<(Input, gst::Caps), String> {
    let generator = BufferGenerator::new(GeneratorConfig {
        fps: config.fps,
        gpu_id: config.gpu_id,
        mem_type: config.mem_type,
        pool_size: SURFACES,
        ..GeneratorConfig::new(plan.input, config.width, config.height)
    })
    .map_err(|error| format!("no surfaces for the encoder: {error}"))?;
    let caps = generator.nvmm_caps().clone();
    Ok((Input::Surfaces(generator), caps))
}

/// Draws a picture in the layout that `GStreamer` gives such planes.
fn draw(
    picture: &SharedBuffer,
    info: &VideoInfo,
    format: surfaces::VideoFormat,
    colour: Colour,
    mut bytes: &mut [u8],
) -> Result<(), String> {
    let mut planes = Vec::new();
    let offsets = info.offset();
    for (index, stride) in info.stride().iter().enumerate() {
        let end = offsets.get(index + 1).map_or(info.size(), |next| *next);
        let (plane, rest) = bytes
            .split_at_mut_checked(end - offsets[index])
            .ok_or("a buffer is too small for its picture")?;
        planes.push((plane, usize::try_from(*stride).unwrap_or_default()));
        bytes = rest;
    }
    let mut canvas = Canvas::new(format, (info.width(), info.height()), planes);
    look_at(picture, |picture| {
        canvas.render_as(colour, picture, None, &TransformConfig::default())
    })
    .and_then(|drawn| drawn)
    .map(drop)
    .map_err(|error| error.to_string())
}

/// The picture in a surface that the element takes: the user's own, if it is one.
fn on_device(generator: &BufferGenerator, picture: SharedBuffer) -> Result<gst::Buffer, String> {
    let describe = |error: surfaces::Error| error.to_string();
    let slot = picture.first_slot().map_err(describe)?;
    surfaces::backend()
        .and_then(|backend| backend.synchronize(slot.gpu_id, 0))
        .map_err(describe)?;
    let wanted = generator.config();
    let as_it_is = slot.format() == Some(wanted.format)
        && !picture.is_read_only()
        && generator
            .acquire(Wait::at_most(Duration::ZERO))
            .and_then(|own| own.first_slot())
            .is_ok_and(|own| own.mem_type == slot.mem_type && own.pitch == slot.pitch);
    let surface = if as_it_is {
        picture
    } else {
        let converted = generator
            .acquire(Wait::at_most(PATIENCE))
            .map_err(describe)?;
        let config = TransformConfig {
            padding: Padding::None,
            ..TransformConfig::default()
        };
        transform(&picture, None, &converted, &config).map_err(describe)?;
        converted
    };
    surface
        .into_buffer()
        .map_err(|(_, error)| error.to_string())
}

/// `GStreamer`'s words for a colour.
fn colorimetry(colour: Colour) -> VideoColorimetry {
    let range = match colour.range {
        Range::Limited => VideoColorRange::Range16_235,
        Range::Full => VideoColorRange::Range0_255,
    };
    let (matrix, transfer, primaries) = match colour.matrix {
        Matrix::Bt601 => (
            VideoColorMatrix::Bt601,
            VideoTransferFunction::Bt601,
            VideoColorPrimaries::Smpte170m,
        ),
        Matrix::Bt709 => (
            VideoColorMatrix::Bt709,
            VideoTransferFunction::Bt709,
            VideoColorPrimaries::Bt709,
        ),
        Matrix::Bt2020 => (
            VideoColorMatrix::Bt2020,
            VideoTransferFunction::Bt202010,
            VideoColorPrimaries::Bt2020,
        ),
    };
    VideoColorimetry::new(range, matrix, transfer, primaries)
}
