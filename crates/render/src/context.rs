//! `SkiaContext`.

use std::thread::{self, ThreadId};

use parking_lot::Mutex;
use surfaces::wait::Wait;
use surfaces::{
    BufferGenerator, GeneratorConfig, SharedBuffer, TransformConfig, VideoFormat, transform,
};

use crate::error::RenderError;
use crate::gl::OffScreen;

/// A canvas of RGBA pixels in an OpenGL context of its own, without a screen.
///
/// The context belongs to the thread that made it, and is current there until that thread makes another one
/// current; calls from other threads fail with [`RenderError::WrongThread`]. Dropping is possible on any thread.
///
/// The pixels are as they were drawn: with Skia, colours are multiplied by alpha.
pub struct SkiaContext {
    owner: ThreadId,
    framebuffer: u32,
    width: u32,
    height: u32,
    gpu_id: u32,
    /// Locked by the owner only, but for the end.
    open: Mutex<Option<Open>>,
}

struct Open {
    offscreen: OffScreen,
    /// An RGBA buffer of the canvas's size, between it and buffers that need a transform.
    between: Option<SharedBuffer>,
}

impl SkiaContext {
    /// A transparent canvas of `width` x `height` pixels, whose context is current afterwards.
    ///
    /// # Errors
    /// [`RenderError::NoLibrary`], [`RenderError::NoDisplay`], [`RenderError::Size`], [`RenderError::Gl`];
    /// [`RenderError::Surface`] for a device that does not exist or cannot share its memory with OpenGL.
    pub fn new(width: u32, height: u32, gpu_id: u32) -> Result<Self, RenderError> {
        let offscreen = OffScreen::new(gpu_id, (width, height))?;
        Ok(Self {
            owner: thread::current().id(),
            framebuffer: offscreen.framebuffer(),
            width,
            height,
            gpu_id,
            open: Mutex::new(Some(Open {
                offscreen,
                between: None,
            })),
        })
    }

    /// The framebuffer's name in the OpenGL context.
    pub fn fbo_id(&self) -> u32 {
        self.framebuffer
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Makes the OpenGL context current in the thread that it belongs to.
    ///
    /// # Errors
    /// [`RenderError::WrongThread`], [`RenderError::Closed`], [`RenderError::Egl`].
    pub fn make_current(&self) -> Result<(), RenderError> {
        self.with(|_| Ok(()))
    }

    /// Copies the canvas to slot 0 of a buffer, when all that was drawn is complete; the top row comes first.
    /// Blocks until the pixels are.
    ///
    /// Without `config` an RGBA buffer of the canvas's size gets the very pixels. Otherwise the canvas is
    /// scaled as `config` (by default [`TransformConfig::default`]) says, and converted to the buffer's format.
    ///
    /// # Errors
    /// [`RenderError::WrongThread`], [`RenderError::Closed`], [`RenderError::Gl`], [`RenderError::Egl`];
    /// [`RenderError::Surface`] if the buffer may not be written, or the transform is not possible.
    pub fn render_to_nvbuf(
        &self,
        dst: &SharedBuffer,
        config: Option<&TransformConfig>,
    ) -> Result<(), RenderError> {
        self.with(|open| {
            if config.is_none() && self.fits(dst)? {
                return open.offscreen.store(dst);
            }
            let between = self.between(open)?;
            open.offscreen.store(&between)?;
            let config = config.copied().unwrap_or_default();
            Ok(transform(&between, None, dst, &config)?)
        })
    }

    /// Replaces the canvas by slot 0 of a buffer, so that one can draw over it; the way back of
    /// [`render_to_nvbuf`](Self::render_to_nvbuf). Waits for work on CUDA's default stream, and blocks until the
    /// buffer may change.
    ///
    /// # Errors
    /// As [`render_to_nvbuf`](Self::render_to_nvbuf).
    pub fn load_nvbuf(
        &self,
        src: &SharedBuffer,
        config: Option<&TransformConfig>,
    ) -> Result<(), RenderError> {
        self.with(|open| {
            if config.is_none() && self.fits(src)? {
                return open.offscreen.load(src);
            }
            let between = self.between(open)?;
            let config = config.copied().unwrap_or_default();
            transform(src, None, &between, &config)?;
            open.offscreen.load(&between)
        })
    }

    /// Lets go of the context and its canvas. What was drawn with it must not be used any more.
    ///
    /// # Errors
    /// [`RenderError::WrongThread`].
    pub fn close(&self) -> Result<(), RenderError> {
        self.check_thread()?;
        let open = self.open.lock().take();
        if let Some(open) = open {
            open.offscreen.end();
        }
        Ok(())
    }

    /// Calls `work` with the context current.
    fn with<R>(
        &self,
        work: impl FnOnce(&mut Open) -> Result<R, RenderError>,
    ) -> Result<R, RenderError> {
        self.check_thread()?;
        let mut open = self.open.lock();
        let open = open.as_mut().ok_or(RenderError::Closed)?;
        open.offscreen.make_current()?;
        work(open)
    }

    fn check_thread(&self) -> Result<(), RenderError> {
        if thread::current().id() == self.owner {
            return Ok(());
        }
        Err(RenderError::WrongThread)
    }

    /// Whether the canvas and slot 0 of a buffer have the same pixels.
    fn fits(&self, buffer: &SharedBuffer) -> Result<bool, RenderError> {
        let slot = buffer.first_slot()?;
        Ok(slot.format() == Some(VideoFormat::Rgba)
            && (slot.width, slot.height) == (self.width, self.height))
    }

    fn between(&self, open: &mut Open) -> Result<SharedBuffer, RenderError> {
        if let Some(between) = &open.between {
            return Ok(between.clone());
        }
        let config = GeneratorConfig {
            gpu_id: self.gpu_id,
            pool_size: 1,
            ..GeneratorConfig::new(VideoFormat::Rgba, self.width, self.height)
        };
        let between = BufferGenerator::new(config)?.acquire(Wait::forever())?;
        open.between = Some(between.clone());
        Ok(between)
    }
}

impl Drop for SkiaContext {
    fn drop(&mut self) {
        if let Some(open) = self.open.get_mut().take() {
            open.offscreen.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use surfaces::SurfaceView;

    use super::*;

    fn buffer(format: VideoFormat, width: u32, height: u32) -> SharedBuffer {
        let config = GeneratorConfig::new(format, width, height);
        let generator = BufferGenerator::new(config).unwrap();
        generator.acquire(Wait::forever()).unwrap()
    }

    fn pixels(buffer: &SharedBuffer) -> Vec<u8> {
        let view = SurfaceView::from_buffer(buffer, 0, 0).unwrap();
        let mut pixels = vec![0; view.packed_size()];
        view.download(&mut pixels).unwrap();
        pixels
    }

    fn filled(width: u32, height: u32) -> SharedBuffer {
        let buffer = buffer(VideoFormat::Rgba, width, height);
        let noise: Vec<u8> = (0..width * height * 4).map(|i| (i * i / 7) as u8).collect();
        let view = SurfaceView::from_buffer(&buffer, 0, 0).unwrap();
        view.upload(&noise, height as usize, width as usize, 4)
            .unwrap();
        buffer
    }

    #[test]
    fn a_new_canvas_is_transparent_and_pixels_come_back() {
        let context = SkiaContext::new(37, 21, 0).unwrap();
        let (source, target) = (filled(37, 21), filled(37, 21));
        context.render_to_nvbuf(&target, None).unwrap();
        assert!(pixels(&target).iter().all(|byte| *byte == 0));
        context.load_nvbuf(&source, None).unwrap();
        context.render_to_nvbuf(&target, None).unwrap();
        assert_eq!(pixels(&target), pixels(&source));
    }

    #[test]
    fn other_sizes_formats_and_a_config_mean_a_transform() {
        let source = filled(64, 32);
        let context = SkiaContext::new(64, 32, 0).unwrap();
        context.load_nvbuf(&source, None).unwrap();
        for (format, size, config) in [
            (VideoFormat::Rgba, (48, 48), None),
            (VideoFormat::Nv12, (64, 32), None),
            (
                VideoFormat::Rgba,
                (64, 32),
                Some(TransformConfig {
                    dst_padding: Some(surfaces::DstPadding {
                        left: 8,
                        ..Default::default()
                    }),
                    ..TransformConfig::default()
                }),
            ),
        ] {
            let (drawn, expected) = (
                buffer(format, size.0, size.1),
                buffer(format, size.0, size.1),
            );
            context.render_to_nvbuf(&drawn, config.as_ref()).unwrap();
            transform(&source, None, &expected, &config.unwrap_or_default()).unwrap();
            assert_eq!(pixels(&drawn), pixels(&expected));
        }
    }

    #[test]
    fn only_the_owner_may_call_and_only_until_the_end() {
        let context = Arc::new(SkiaContext::new(8, 8, 0).unwrap());
        let target = buffer(VideoFormat::Rgba, 8, 8);
        let others = {
            let (context, target) = (context.clone(), target.clone());
            thread::spawn(move || {
                [
                    context.render_to_nvbuf(&target, None),
                    context.load_nvbuf(&target, None),
                    context.make_current(),
                    context.close(),
                ]
            })
        };
        let others = others.join().unwrap();
        assert!(others.iter().all(|it| *it == Err(RenderError::WrongThread)));
        context.render_to_nvbuf(&target, None).unwrap();
        context.close().unwrap();
        context.close().unwrap();
        for refused in [
            context.render_to_nvbuf(&target, None),
            context.load_nvbuf(&target, None),
            context.make_current(),
        ] {
            assert_eq!(refused, Err(RenderError::Closed));
        }
    }

    #[test]
    fn contexts_end_on_any_thread() {
        let first = SkiaContext::new(8, 8, 0).unwrap();
        let second = SkiaContext::new(8, 8, 0).unwrap();
        // The second one is current here, so it is put off.
        thread::spawn(move || drop((first, second))).join().unwrap();
        let third = SkiaContext::new(8, 8, 0).unwrap();
        third.make_current().unwrap();
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for (width, height) in [(0, 8), (8, 0), (u32::MAX, 8)] {
            assert!(matches!(
                SkiaContext::new(width, height, 0),
                Err(RenderError::Size { limit: 1.., .. })
            ));
        }
    }
}
