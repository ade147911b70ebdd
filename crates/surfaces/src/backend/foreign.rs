//! Pixels that somebody else owns.

use std::fmt;

use crate::format::VideoFormat;

/// Who reaches the memory of a [`ForeignArray`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignMemory {
    /// The CPU: ordinary memory.
    Cpu,
    /// CUDA: device, pinned or unified memory of this device.
    Cuda(u32),
}

/// Memory of somebody else: one interleaved picture, 8 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignArray {
    /// Address of the first pixel.
    pub data_ptr: usize,
    /// [`VideoFormat::Rgba`] or [`VideoFormat::Gray8`].
    pub format: VideoFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Bytes from one row to the next. What lies between two rows belongs to somebody else.
    pub pitch: u32,
    /// Who reaches it.
    pub memory: ForeignMemory,
    /// Whether its owner allows no writing.
    pub read_only: bool,
}

impl ForeignArray {
    /// The device number of the surface around it.
    pub(crate) const fn gpu_id(&self) -> u32 {
        match self.memory {
            ForeignMemory::Cpu => 0,
            ForeignMemory::Cuda(gpu_id) => gpu_id,
        }
    }
}

impl fmt::Display for ForeignMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("the CPU"),
            Self::Cuda(gpu_id) => write!(f, "GPU {gpu_id}"),
        }
    }
}

impl fmt::Display for ForeignArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            data_ptr,
            format,
            width,
            height,
            pitch,
            memory,
            read_only: _,
        } = self;
        write!(
            f,
            "a {width}x{height} {} array, {pitch} bytes a row, at {data_ptr:#x} of {memory}",
            format.name()
        )
    }
}
