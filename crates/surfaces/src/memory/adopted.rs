//! An `NvBufSurface` around pixels that somebody else owns.

use std::any::Any;
use std::ptr::NonNull;

use nvbufsurface_sys::{
    Generation, NVBUF_LAYOUT_PITCH, NvBufSurfaceHead, NvBufSurfaceParamsHead,
    NvBufSurfacePlaneParams,
};

use super::allocator::OwnedSurface;
use super::block::ZeroedBlock;
use super::surface::DESCRIPTOR_ALIGNMENT;
use crate::backend::ForeignArray;
use crate::enums::MemType;
use crate::error::Error;
use crate::layout::SurfaceSpec;

/// Makes surfaces with pixels of their own from others.
pub(crate) trait Duplicate: Send + Sync {
    /// The layout of the descriptors.
    fn generation(&self) -> Generation;

    /// A new surface with the pixels and the fill count of another one.
    ///
    /// # Safety
    /// `original` is the descriptor of a live surface as `spec` says, and nobody may write its
    /// pixels meanwhile.
    unsafe fn duplicate(
        &self,
        spec: &SurfaceSpec,
        original: NonNull<NvBufSurfaceHead>,
    ) -> Result<Box<dyn OwnedSurface>, Error>;
}

/// A descriptor of memory that somebody else owns.
pub(crate) struct AdoptedSurface<D> {
    spec: SurfaceSpec,
    read_only: bool,
    duplicate: D,
    descriptor: ZeroedBlock,
    /// Keeps the memory that the descriptor's `surfaceList` points to.
    _slot: ZeroedBlock,
    /// Keeps the pixels.
    _owner: Box<dyn Any + Send + Sync>,
}

impl<D: Duplicate> AdoptedSurface<D> {
    /// A surface of one filled slot.
    pub(crate) fn new(
        array: &ForeignArray,
        mem_type: MemType,
        duplicate: D,
        owner: Box<dyn Any + Send + Sync>,
    ) -> Result<Self, Error> {
        let spec = SurfaceSpec {
            format: array.format,
            width: array.width,
            height: array.height,
            batch_size: 1,
            gpu_id: array.gpu_id(),
            mem_type,
        };
        spec.slot_layout()?;
        let generation = duplicate.generation();
        let slot = ZeroedBlock::new(generation.params_stride(), DESCRIPTOR_ALIGNMENT)?;
        let descriptor = ZeroedBlock::new(generation.surface_size(), DESCRIPTOR_ALIGNMENT)?;
        let params = slot_params(array)?;
        let head = NvBufSurfaceHead {
            gpu_id: array.gpu_id(),
            batch_size: 1,
            num_filled: 1,
            is_contiguous: 0,
            mem_type: mem_type as u32,
            surface_list: slot.as_ptr().cast().as_ptr(),
        };
        // SAFETY: both blocks are at least as large as the heads of either generation, and aligned.
        unsafe {
            slot.as_ptr().cast::<NvBufSurfaceParamsHead>().write(params);
            descriptor.as_ptr().cast::<NvBufSurfaceHead>().write(head);
        }
        Ok(Self {
            spec,
            read_only: array.read_only,
            duplicate,
            descriptor,
            _slot: slot,
            _owner: owner,
        })
    }
}

impl<D: Duplicate> OwnedSurface for AdoptedSurface<D> {
    fn descriptor(&self) -> NonNull<NvBufSurfaceHead> {
        self.descriptor.as_ptr().cast()
    }

    fn descriptor_size(&self) -> usize {
        self.duplicate.generation().surface_size()
    }

    fn read_only(&self) -> bool {
        self.read_only
    }

    unsafe fn duplicate(&self) -> Result<Box<dyn OwnedSurface>, Error> {
        // SAFETY: same contract.
        unsafe { self.duplicate.duplicate(&self.spec, self.descriptor()) }
    }
}

/// The slot of an array. What lies after its last pixel is not part of it.
fn slot_params(array: &ForeignArray) -> Result<NvBufSurfaceParamsHead, Error> {
    let bytes = array.format.channels();
    let too_large = || Error::InvalidSurfaceSize {
        format: array.format,
        width: array.width,
        height: array.height,
        slots: 1,
        reason: "a slot must be smaller than 4 GiB",
    };
    let row = array.width.checked_mul(bytes).ok_or_else(too_large)?;
    let size = array
        .pitch
        .checked_mul(array.height - 1)
        .and_then(|size| size.checked_add(row))
        .ok_or_else(too_large)?;
    let mut planes = NvBufSurfacePlaneParams {
        num_planes: 1,
        ..NvBufSurfacePlaneParams::default()
    };
    planes.width[0] = array.width;
    planes.height[0] = array.height;
    planes.pitch[0] = array.pitch;
    planes.psize[0] = size;
    planes.bytes_per_pix[0] = bytes;
    Ok(NvBufSurfaceParamsHead {
        width: array.width,
        height: array.height,
        pitch: array.pitch,
        color_format: array.format.info().color_format,
        layout: NVBUF_LAYOUT_PITCH,
        data_size: size,
        data_ptr: array.data_ptr as *mut _,
        plane_params: planes,
        ..NvBufSurfaceParamsHead::default()
    })
}
