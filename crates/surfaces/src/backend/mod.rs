//! The machine under the surfaces: who allocates, copies and transforms.

mod deepstream;
mod foreign;
mod host;
mod plane;
mod plugins;
mod search;
mod select;
mod stdout;

use std::any::Any;

pub use nvbufsurface_sys::LoadOptions;

use crate::colour::Colour;
use crate::convert::{Canvas, Picture, PictureLayout};
use crate::enums::MemType;
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};
use crate::layout::SurfaceSpec;
use crate::platform::Platform;
use crate::reader::SlotInfo;
use crate::texture::TextureDevice;

pub(crate) use deepstream::{Cuda, Texture};
pub use foreign::{ForeignArray, ForeignMemory};
pub(crate) use plane::locate as locate_plane;
pub(crate) use plugins::load_libraries;
pub use plugins::{DECODER_ELEMENT, load_plugins, offer_elements};
use select::init_gstreamer;
pub(crate) use select::is_gpu_visible;
pub use select::{BACKEND_VARIABLE, backend, libraries, set_search};

/// The backends that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BackendKind {
    /// System memory and the CPU.
    Host,
    /// NVIDIA's DeepStream libraries.
    DeepStream,
}

impl BackendKind {
    /// `"host"` or `"deepstream"`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::DeepStream => "deepstream",
        }
    }
}

/// A rectangular array of bytes in ordinary memory: `rows` rows of `row_bytes`, `stride` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRows {
    /// Bytes of a row.
    pub row_bytes: usize,
    /// Number of rows.
    pub rows: usize,
    /// Bytes from one row to the next in ordinary memory.
    pub stride: usize,
}

impl ByteRows {
    /// Rows without gaps.
    pub(crate) const fn packed(row_bytes: usize, rows: usize) -> Self {
        Self {
            row_bytes,
            rows,
            stride: row_bytes,
        }
    }

    /// Bytes of all rows without gaps.
    pub(crate) const fn packed_size(&self) -> usize {
        self.row_bytes * self.rows
    }
}

/// One slot to scale into another.
#[derive(Debug, Clone, Copy)]
pub struct TransformJob {
    /// Where the picture is.
    pub src: SlotInfo,
    /// The part of it that counts, clipped to it; `None` for all.
    pub src_rect: Option<Rect>,
    /// Where it goes.
    pub dst: SlotInfo,
}

/// The picture in a slot, in place; `None` if the CPU does not reach it, or it has gaps that belong to
/// somebody else.
///
/// # Safety
/// The slot must belong to a live buffer, and nobody may write its pixels during `'a`.
pub(crate) unsafe fn picture_in_place<'a>(
    slot: &SlotInfo,
    layout: PictureLayout,
    colour: Colour,
) -> Option<Picture<'a>> {
    // SAFETY: same contract.
    unsafe { host::pixels::picture(slot, layout, colour) }.ok()
}

/// What differs between machines. All calls are synchronous: when they return, the pixels are
/// complete.
///
/// # Safety of the pixel functions
/// The slot must belong to a live buffer, and for the length of the call nobody else may write its
/// pixels (reading functions) or touch them (writing functions).
pub trait Backend: Send + Sync {
    /// Which backend this is.
    fn kind(&self) -> BackendKind;

    /// The platform queries' answers.
    fn platform(&self) -> &dyn Platform;

    /// The memory type that a request for `mem_type` on this device gives.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`], [`Error::UnsupportedMemType`].
    fn resolve_mem_type(&self, gpu_id: u32, mem_type: MemType) -> Result<MemType, Error>;

    /// Allocates a surface with no filled slot.
    ///
    /// # Errors
    /// [`Error::InvalidSurfaceSize`], [`Error::OutOfMemory`].
    fn allocate(&self, spec: &SurfaceSpec) -> Result<gst::Memory, Error>;

    /// Sets `pitch * height` bytes of every plane to `value`, in plane 0 up to the visible height.
    ///
    /// # Safety
    /// See the trait.
    ///
    /// # Errors
    /// [`Error::NotNvBufSurface`] if the memory cannot be reached.
    unsafe fn memset(&self, slot: &SlotInfo, value: u8) -> Result<(), Error>;

    /// Fills the visible rows of plane 0, padding included, with a repeated pixel.
    ///
    /// # Safety
    /// See the trait.
    ///
    /// # Errors
    /// [`Error::NotNvBufSurface`] if the memory cannot be reached.
    unsafe fn fill(&self, slot: &SlotInfo, pixel: &[u8]) -> Result<(), Error>;

    /// Copies `shape` from ordinary memory to the top-left corner of a plane.
    ///
    /// # Safety
    /// See the trait.
    ///
    /// # Errors
    /// [`Error::DataSize`] if `from` or the plane is smaller than `shape`;
    /// [`Error::NotNvBufSurface`] if the memory cannot be reached.
    unsafe fn copy_in(
        &self,
        slot: &SlotInfo,
        plane: usize,
        from: &[u8],
        shape: ByteRows,
    ) -> Result<(), Error>;

    /// Copies `shape` from the top-left corner of a plane to ordinary memory.
    ///
    /// # Safety
    /// See the trait.
    ///
    /// # Errors
    /// As [`copy_in`](Self::copy_in).
    unsafe fn copy_out(
        &self,
        slot: &SlotInfo,
        plane: usize,
        to: &mut [u8],
        shape: ByteRows,
    ) -> Result<(), Error>;

    /// Calls `paint` once with the pixels of a slot or with memory that is then copied there. What they
    /// are before is not specified.
    ///
    /// # Safety
    /// See the trait.
    ///
    /// # Errors
    /// [`Error::UnsupportedConversion`] for formats other than [`VideoFormat`](crate::VideoFormat),
    /// [`Error::NotNvBufSurface`].
    unsafe fn draw(
        &self,
        slot: &SlotInfo,
        paint: &mut dyn FnMut(&mut Canvas<'_>),
    ) -> Result<(), Error>;

    /// Scales `src_rect` of one slot (clipped to it) into another.
    ///
    /// # Safety
    /// See the trait; the slots must be distinct.
    ///
    /// # Errors
    /// [`Error::UnsupportedTransform`], [`Error::DstPadding`], [`Error::EmptyRect`],
    /// [`Error::CropOutside`], [`Error::NotNvBufSurface`].
    unsafe fn transform(
        &self,
        src: &SlotInfo,
        src_rect: Option<Rect>,
        dst: &SlotInfo,
        config: &TransformConfig,
    ) -> Result<(), Error> {
        let job = TransformJob {
            src: *src,
            src_rect,
            dst: *dst,
        };
        // SAFETY: same contract.
        unsafe { self.transform_slots(&[job], config) }
    }

    /// Scales many slots at once. After an error the pixels of any destination may have changed.
    ///
    /// # Safety
    /// See the trait; the destinations must differ from each other and from the sources.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    unsafe fn transform_slots(
        &self,
        jobs: &[TransformJob],
        config: &TransformConfig,
    ) -> Result<(), Error>;

    /// A surface of one filled slot around memory of somebody else; `owner` is dropped with the
    /// surface, on whatever thread that is.
    ///
    /// # Safety
    /// The memory has the layout that `array` states, and lives as long as `owner`.
    ///
    /// # Errors
    /// [`Error::NoCuda`], [`Error::InvalidSurfaceSize`], or a failure of the driver.
    unsafe fn adopt(
        &self,
        array: &ForeignArray,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Result<gst::Memory, Error>;

    /// What copies between surfaces of a device and textures of OpenGL; `None` where that is left to
    /// OpenGL and the CPU.
    ///
    /// # Errors
    /// [`Error::NoSuchGpu`].
    fn texture_device(&self, gpu_id: u32) -> Result<Option<TextureDevice>, Error>;

    /// Waits until work queued on a CUDA stream handle is done; 0 is the default stream of the
    /// device. Does nothing without CUDA.
    ///
    /// # Errors
    /// A failure of the device.
    fn synchronize(&self, gpu_id: u32, cuda_stream: usize) -> Result<(), Error>;

    /// Makes the stream `then` wait, on the device, for what is queued on the stream `first` by now.
    /// Returns at once. The handles are as in [`synchronize`](Self::synchronize).
    ///
    /// # Errors
    /// A failure of the device.
    fn order(&self, gpu_id: u32, first: usize, then: usize) -> Result<(), Error>;
}
