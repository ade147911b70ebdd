//! The errors of this crate.

use crate::enums::{Interpolation, MemType};
use crate::format::VideoFormat;
use crate::wait::WaitError;

/// Why an operation on surfaces failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that is not in the vocabulary of its enumeration.
    #[error("unknown {kind} {name:?}; expected one of: {expected}")]
    UnknownName {
        /// What the name should denote, e.g. `"video format"`.
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// The accepted names, comma separated.
        expected: String,
    },
    /// `SAVANT_BACKEND` holds something other than `deepstream`, `host` or `auto`.
    #[error("SAVANT_BACKEND is {value:?}; expected deepstream, host or auto")]
    UnknownBackend {
        /// The variable's value.
        value: String,
    },
    /// The backend that was asked for cannot be used.
    #[error("the {backend} backend cannot be used: {reason}")]
    BackendUnavailable {
        /// The backend's name.
        backend: &'static str,
        /// What was tried, and what failed.
        reason: String,
    },
    /// GStreamer could not be initialised.
    #[error("GStreamer cannot be initialised: {reason}")]
    GStreamer {
        /// GStreamer's message.
        reason: String,
    },
    /// The GPU does not exist on this backend.
    #[error("GPU {gpu_id} does not exist: the {backend} backend has devices 0 to {}", devices - 1)]
    NoSuchGpu {
        /// The device that was asked for.
        gpu_id: u32,
        /// The backend's name.
        backend: &'static str,
        /// Number of devices, at least 1.
        devices: u32,
    },
    /// A call into NVIDIA's libraries failed.
    #[error("{call} failed: {reason}")]
    Device {
        /// The C function.
        call: &'static str,
        /// Its result, and what it was called for.
        reason: String,
    },
    /// A library of the driver cannot be used.
    #[error("{reason}")]
    Driver {
        /// The library, and what is wrong with it.
        reason: String,
    },
    /// The chip cannot decode a codec.
    #[error("GPU {gpu_id} cannot decode {codec}: {reason}")]
    NoDecoder {
        /// The codec's name.
        codec: String,
        /// The device.
        gpu_id: u32,
        /// Who says so.
        reason: String,
    },
    /// CUDA memory is given to a backend without CUDA.
    #[error("the {backend} backend cannot reach CUDA memory ({array})")]
    NoCuda {
        /// The backend's name.
        backend: &'static str,
        /// The memory.
        array: crate::backend::ForeignArray,
    },
    /// The platform query has no answer on this machine.
    #[error("{query} is not available on the {backend} backend: {reason}")]
    NoPlatformAnswer {
        /// The query's name.
        query: &'static str,
        /// The backend's name.
        backend: &'static str,
        /// Why there is no answer.
        reason: String,
    },
    /// The backend has no memory of this type.
    #[error("memory type {} does not exist on the {backend} backend", mem_type.name())]
    UnsupportedMemType {
        /// The memory type that was asked for.
        mem_type: MemType,
        /// The backend's name.
        backend: &'static str,
    },
    /// A surface of this size cannot exist.
    #[error("a {} surface of {width}x{height} with {slots} slots is not possible: {reason}", format.name())]
    InvalidSurfaceSize {
        /// Pixel format.
        format: VideoFormat,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Number of slots.
        slots: u32,
        /// The rule that was broken.
        reason: &'static str,
    },
    /// The machine has not enough memory.
    #[error("cannot allocate {bytes} bytes of surface memory")]
    OutOfMemory {
        /// The size of the failed allocation.
        bytes: usize,
    },
    /// A generator's configuration is out of range.
    #[error("invalid generator configuration: {reason}")]
    InvalidGenerator {
        /// The rule that was broken.
        reason: String,
    },
    /// The buffer does not hold a usable `NvBufSurface`.
    #[error("the buffer does not hold an NvBufSurface: {reason}")]
    NotNvBufSurface {
        /// The check that failed.
        reason: String,
    },
    /// A slot that is not filled.
    #[error("Slot {slot} is out of bounds: the surface has {filled} filled slots")]
    SlotOutOfBounds {
        /// The slot that was asked for.
        slot: u32,
        /// Number of filled slots.
        filled: u32,
    },
    /// Two pictures for one slot in one call.
    #[error("slot {slot} is the destination of more than one picture")]
    RepeatedSlot {
        /// The slot.
        slot: u32,
    },
    /// A buffer cannot be transformed into itself.
    #[error("the destination of a transform is one of its sources")]
    SourceIsDestination,
    /// Slots that one descriptor cannot show.
    #[error("slots cannot be assembled: {reason}")]
    NotAssemblable {
        /// What they do not have in common.
        reason: String,
    },
    /// The slots of a batch are no array.
    #[error("the batch is no array: {reason}")]
    NoArray {
        /// What is missing.
        reason: &'static str,
    },
    /// The handle was given away.
    #[error("the {what} has been consumed")]
    Consumed {
        /// The kind of handle.
        what: &'static str,
    },
    /// The buffer cannot be taken while other handles exist.
    #[error("the buffer has {strong_count} outstanding references, 1 is required to take it")]
    Outstanding {
        /// Handles that exist, this one included.
        strong_count: usize,
    },
    /// The `GstBuffer` is shared with GStreamer elements or is part of a batch, so it must not change.
    #[error("the GstBuffer is shared with GStreamer elements or a batch and cannot be modified")]
    NotWritable,
    /// The memory belongs to somebody who allows no writing.
    #[error("the memory is read-only")]
    ReadOnly,
    /// 2^64-1 is GStreamer's marker for "no time" and cannot be stored as a time.
    #[error("18446744073709551615 ns is GStreamer's marker for an unset time")]
    InvalidTime,
    /// A blocking call reached its time limit.
    #[error("timed out")]
    TimedOut,
    /// A blocking call was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// The generator was closed.
    #[error("the buffer generator has been shut down")]
    GeneratorClosed,
    /// A colour with a wrong number of components.
    #[error("the colour has {components} components, the surface has {channels} channels")]
    WrongColor {
        /// Components given.
        components: usize,
        /// Channels of the surface.
        channels: u32,
    },
    /// The operation needs a surface with one interleaved plane.
    #[error("{operation} is not possible on the multi-plane or packed format {}", color_format_text(*color_format))]
    MultiPlane {
        /// The operation.
        operation: &'static str,
        /// `NvBufSurfaceColorFormat` of the surface.
        color_format: u32,
    },
    /// Pixels that do not fit the surface.
    #[error(
        "an upload of {height}x{width}x{channels} does not fit a surface of \
         {surface_height}x{surface_width}x{surface_channels} (height x width x channels)"
    )]
    UploadShape {
        /// Rows given.
        height: usize,
        /// Columns given.
        width: usize,
        /// Channels given.
        channels: usize,
        /// Rows of the surface.
        surface_height: u32,
        /// Columns of the surface.
        surface_width: u32,
        /// Channels of the surface.
        surface_channels: u32,
    },
    /// A pixel array whose length differs from what its shape says.
    #[error("the pixel data has {actual} bytes, {expected} are required")]
    DataSize {
        /// Bytes required.
        expected: usize,
        /// Bytes given.
        actual: usize,
    },
    /// `dst_padding` leaves too little room.
    #[error(
        "dst_padding leaves {remaining} pixels of {dimension}, at least {minimum} are required"
    )]
    DstPadding {
        /// `"width"` or `"height"`.
        dimension: &'static str,
        /// Pixels that are left.
        remaining: u32,
        /// Pixels that are required.
        minimum: u32,
    },
    /// The picture vanishes in the destination.
    #[error("{src_width}x{src_height} scales to an empty rectangle in {dst_width}x{dst_height}")]
    EmptyRect {
        /// Source width in pixels.
        src_width: u32,
        /// Source height in pixels.
        src_height: u32,
        /// Destination width in pixels.
        dst_width: u32,
        /// Destination height in pixels.
        dst_height: u32,
    },
    /// The crop does not touch the source.
    #[error("the source rectangle {rect:?} lies outside the {width}x{height} source")]
    CropOutside {
        /// The crop.
        rect: crate::geometry::Rect,
        /// Source width in pixels.
        width: u32,
        /// Source height in pixels.
        height: u32,
    },
    /// The backend cannot do this transform.
    #[error(
        "the {backend} backend cannot transform {} to {} with {interpolation:?} interpolation: {reason}",
        color_format_text(*source_format), color_format_text(*destination_format)
    )]
    UnsupportedTransform {
        /// The backend's name.
        backend: &'static str,
        /// `NvBufSurfaceColorFormat` of the source.
        source_format: u32,
        /// `NvBufSurfaceColorFormat` of the destination.
        destination_format: u32,
        /// The interpolation that was asked for.
        interpolation: Interpolation,
        /// What is missing.
        reason: &'static str,
    },
    /// A picture whose planes do not cover its size.
    #[error("plane {plane} of the {width}x{height} picture is too small: {reason}")]
    InvalidPicture {
        /// Plane number.
        plane: usize,
        /// Picture width in pixels.
        width: u32,
        /// Picture height in pixels.
        height: u32,
        /// What is missing.
        reason: String,
    },
    /// The pixel conversion is not supported.
    #[error("cannot convert to or from the format {}: {reason}", color_format_text(*color_format))]
    UnsupportedConversion {
        /// `NvBufSurfaceColorFormat` of the surface.
        color_format: u32,
        /// What is missing.
        reason: &'static str,
    },
    /// A PNG file could not be written.
    #[error("cannot write {path}: {reason}")]
    Png {
        /// The file.
        path: String,
        /// The operating system's or the encoder's message.
        reason: String,
    },
    /// The element takes no end-of-stream signal.
    #[error("cannot send end-of-stream to {element}: {reason}")]
    SendEos {
        /// The element's name.
        element: String,
        /// What failed.
        reason: String,
    },
}

impl From<WaitError> for Error {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::TimedOut => Self::TimedOut,
            WaitError::Interrupted => Self::Interrupted,
        }
    }
}

/// The name of a color format this crate knows, else its number.
pub(crate) fn color_format_text(color_format: u32) -> String {
    VideoFormat::from_color_format(color_format).map_or_else(
        || format!("NvBufSurfaceColorFormat {color_format}"),
        |format| format.name().to_owned(),
    )
}
