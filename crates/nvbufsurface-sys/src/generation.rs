//! The two generations of the binary interface.

use core::mem::size_of;

use crate::abi::{new, old};

/// A generation of the NvBufSurface binary interface. They differ in the sizes of structs and in
/// the strides of arrays, never in the offset of a field that both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// DeepStream 4.0 to 7.1 and the Jetson releases of that time.
    Old,
    /// DeepStream 8.0 and later.
    New,
}

impl Generation {
    /// The newest generation known to this crate.
    pub const NEWEST: Self = Self::New;

    /// The releases of DeepStream that have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "DeepStream 4.0 to 7.1",
            Self::New => "DeepStream 8.0 or later",
        }
    }

    /// Distance in bytes between two slots of `surfaceList`.
    pub const fn params_stride(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurfaceParams>(),
            Self::New => size_of::<new::NvBufSurfaceParams>(),
        }
    }

    /// Size in bytes of `NvBufSurface`, and so of the mapped memory of an NVMM `GstBuffer`.
    pub const fn surface_size(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurface>(),
            Self::New => size_of::<new::NvBufSurface>(),
        }
    }

    /// Bytes of `NvBufSurfaceCreateParams` that the library reads.
    pub const fn create_params_size(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurfaceCreateParams>(),
            Self::New => size_of::<new::NvBufSurfaceCreateParams>(),
        }
    }

    /// Bytes of `NvBufSurfaceAllocateParams`; its fields move between the generations.
    pub const fn allocate_params_size(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurfaceAllocateParams>(),
            Self::New => size_of::<new::NvBufSurfaceAllocateParams>(),
        }
    }

    /// Distance in bytes between two rectangles of a rectangle list.
    pub const fn rect_stride(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurfTransformRect>(),
            Self::New => size_of::<new::NvBufSurfTransformRect>(),
        }
    }

    /// Bytes of `NvBufSurfTransformConfigParams`.
    pub const fn config_params_size(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurfTransformConfigParams>(),
            Self::New => size_of::<new::NvBufSurfTransformConfigParams>(),
        }
    }

    /// Bytes of `NvBufSurfTransformParams`.
    pub const fn transform_params_size(self) -> usize {
        match self {
            Self::Old => size_of::<old::NvBufSurfTransformParams>(),
            Self::New => size_of::<new::NvBufSurfTransformParams>(),
        }
    }

    /// The generation whose slots are `stride` bytes apart; `None` for a stride of neither.
    pub const fn from_params_stride(stride: usize) -> Option<Self> {
        if stride == Self::Old.params_stride() {
            Some(Self::Old)
        } else if stride == Self::New.params_stride() {
            Some(Self::New)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Generation;

    #[test]
    fn strides_identify_their_generation() {
        for generation in [Generation::Old, Generation::New] {
            let stride = generation.params_stride();
            assert_eq!(Generation::from_params_stride(stride), Some(generation));
        }
        assert_eq!(Generation::from_params_stride(400), None);
    }
}
