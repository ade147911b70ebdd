//! Measurement of the distance between two slots of `surfaceList`.
//!
//! The distance says which generation a library is of. Neither its file name nor its folder can
//! be trusted for that, so a small surface is created and its slots are looked for in memory.

use core::ffi::c_int;
use core::mem::{offset_of, size_of};
use core::ptr::null_mut;

use crate::Generation;
use crate::abi::new::{NvBufSurface, NvBufSurfaceCreateParams};
use crate::abi::{NvBufSurfaceCreateParamsHead, NvBufSurfaceHead, NvBufSurfaceParamsHead};
use crate::api::NvBufSurfaceApi;
use crate::constants::{
    NVBUF_COLOR_FORMAT_RGBA, NVBUF_LAYOUT_PITCH, NVBUF_MEM_DEFAULT, NVBUF_MEM_SYSTEM,
    NvBufSurfaceMemType,
};

/// Slots of the probe surface; bytes of them that every version has.
const SLOTS: u32 = 4;
const READABLE: usize = SLOTS as usize * Generation::Old.params_stride();

/// A size that no other field of a slot has by chance.
const WIDTH: u32 = 182;
const HEIGHT: u32 = 74;

/// The scan starts after `planeParams`, whose widths and heights cannot be mistaken for a slot
/// from there on, and ends far beyond the known strides.
const FIRST_STRIDE: usize = offset_of!(NvBufSurfaceParamsHead, mapped_addr) + 8;
const LAST_STRIDE: usize = 1024;

/// Why the slot stride could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The library created no surface, in system memory or in its default memory.
    #[error(
        "the library could not create a {WIDTH}x{HEIGHT} RGBA surface to measure its slot stride \
         (NvBufSurfaceCreate returned {system} for system memory and {default} for the default)"
    )]
    Create {
        /// Result for system memory.
        system: c_int,
        /// Result for the default memory.
        default: c_int,
    },
    /// The library returned success and no slots.
    #[error("the library created a surface without slots")]
    NoSlots,
    /// The first slot does not describe the surface that was asked for.
    #[error("the first slot reads {found:?} (width, height, format, layout), not {expected:?}")]
    FirstSlot {
        /// The four values found.
        found: [u32; 4],
        /// The four values asked for.
        expected: [u32; 4],
    },
    /// No distance fits.
    #[error("no slot stride from {FIRST_STRIDE} to {LAST_STRIDE} bytes fits the slots in memory")]
    NoStride,
}

/// Measures the distance in bytes between two slots of the loaded library.
///
/// Creates and destroys a small surface in system memory (which needs no GPU), or in the
/// library's default memory if that fails. A distance that belongs to no known
/// [`Generation`] is a result, not an error.
///
/// # Safety
/// The functions of `api` are those of an NvBufSurface library.
pub unsafe fn probe_params_stride(api: &NvBufSurfaceApi) -> Result<usize, ProbeError> {
    // SAFETY: same contract.
    let surface = match unsafe { create(api, NVBUF_MEM_SYSTEM) } {
        Ok(surface) => surface,
        // SAFETY: same contract.
        Err(system) => unsafe { create(api, NVBUF_MEM_DEFAULT) }
            .map_err(|default| ProbeError::Create { system, default })?,
    };
    // SAFETY: the library just created it, and every version begins with the head.
    let slots = unsafe { surface.cast::<NvBufSurfaceHead>().read() }.surface_list;
    let stride = if slots.is_null() {
        Err(ProbeError::NoSlots)
    } else {
        // SAFETY: the library allocated four slots of at least the old generation's size.
        stride_of_slots(unsafe { &*slots.cast::<[u8; READABLE]>() })
    };
    // SAFETY: the surface is ours and nothing points at it any more.
    unsafe { (api.destroy)(surface) };
    stride
}

/// Creates the probe surface; the error is the library's result.
///
/// # Safety
/// As for [`probe_params_stride`].
unsafe fn create(
    api: &NvBufSurfaceApi,
    mem_type: NvBufSurfaceMemType,
) -> Result<*mut NvBufSurface, c_int> {
    let mut params = NvBufSurfaceCreateParams::from(NvBufSurfaceCreateParamsHead {
        width: WIDTH,
        height: HEIGHT,
        color_format: NVBUF_COLOR_FORMAT_RGBA,
        layout: NVBUF_LAYOUT_PITCH,
        mem_type,
        ..NvBufSurfaceCreateParamsHead::default()
    });
    let mut surface = null_mut();
    // SAFETY: both pointers are to live locals; the parameters have the longest known form.
    let result = unsafe { (api.create)(&raw mut surface, SLOTS, &raw mut params) };
    if result == 0 && !surface.is_null() {
        Ok(surface)
    } else {
        Err(result)
    }
}

/// The stride of an array of four equal slots, of which the first bytes are given.
fn stride_of_slots(slots: &[u8; READABLE]) -> Result<usize, ProbeError> {
    let expected = [WIDTH, HEIGHT, NVBUF_COLOR_FORMAT_RGBA, NVBUF_LAYOUT_PITCH];
    let found = geometry(slots, 0).unwrap_or_default();
    if found != expected {
        return Err(ProbeError::FirstSlot { found, expected });
    }
    let data_size = word(slots, offset_of!(NvBufSurfaceParamsHead, data_size));
    (FIRST_STRIDE..=LAST_STRIDE)
        .step_by(size_of::<u64>())
        .find(|&stride| {
            let confirmed = (1..SLOTS as usize)
                .filter_map(|index| geometry(slots, index * stride))
                .all(|found| found == expected);
            confirmed
                && word(
                    slots,
                    stride + offset_of!(NvBufSurfaceParamsHead, data_size),
                ) == data_size
                && word(
                    slots,
                    stride + offset_of!(NvBufSurfaceParamsHead, plane_params),
                ) == Some(1)
        })
        .ok_or(ProbeError::NoStride)
}

/// Width, height, colour format and layout of a slot at `at`, if it is inside the bytes.
fn geometry(slots: &[u8], at: usize) -> Option<[u32; 4]> {
    Some([
        word(slots, at + offset_of!(NvBufSurfaceParamsHead, width))?,
        word(slots, at + offset_of!(NvBufSurfaceParamsHead, height))?,
        word(slots, at + offset_of!(NvBufSurfaceParamsHead, color_format))?,
        word(slots, at + offset_of!(NvBufSurfaceParamsHead, layout))?,
    ])
}

/// The 32-bit value at `at`, if it is inside the bytes.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::stride_of_slots;
    use super::{HEIGHT, LAST_STRIDE, NVBUF_COLOR_FORMAT_RGBA, ProbeError, READABLE, WIDTH};

    /// Four slots `stride` bytes apart in memory that is otherwise filled with `noise`.
    fn slots(stride: usize, noise: u8) -> [u8; READABLE] {
        let mut bytes = vec![noise; 4 * stride.max(READABLE)];
        for base in (0..4).map(|index| index * stride) {
            let mut put = |offset: usize, value: u32| {
                bytes[base + offset..][..4].copy_from_slice(&value.to_ne_bytes());
            };
            for (offset, value) in [
                (0, WIDTH),
                (4, HEIGHT),
                (8, 1024),
                (12, NVBUF_COLOR_FORMAT_RGBA),
                (16, 0),
                (32, 75_776),
                (48, 1),
                (52, WIDTH),
                (68, HEIGHT),
            ] {
                put(offset, value);
            }
        }
        *bytes.first_chunk().expect("at least the readable part")
    }

    #[test]
    fn finds_every_stride_of_a_simulated_array() {
        for stride in (384..=448).step_by(8).chain([1024]) {
            for noise in [0, 0xff] {
                assert_eq!(stride_of_slots(&slots(stride, noise)), Ok(stride));
            }
        }
    }

    #[test]
    fn an_unexpected_first_slot_is_named() {
        let mut bytes = slots(416, 0);
        bytes[0] = 1;
        assert_eq!(
            stride_of_slots(&bytes),
            Err(ProbeError::FirstSlot {
                found: [1, HEIGHT, NVBUF_COLOR_FORMAT_RGBA, 0],
                expected: [WIDTH, HEIGHT, NVBUF_COLOR_FORMAT_RGBA, 0],
            })
        );
    }

    #[test]
    fn a_lone_slot_has_no_stride() {
        let bytes = slots(LAST_STRIDE + 8, 0);
        assert_eq!(stride_of_slots(&bytes), Err(ProbeError::NoStride));
    }

    #[test]
    fn a_chance_copy_of_the_geometry_is_not_a_slot() {
        let mut bytes = slots(416, 0);
        let geometry = *bytes.first_chunk::<20>().expect("a slot");
        bytes[304..324].copy_from_slice(&geometry);
        assert_eq!(stride_of_slots(&bytes), Ok(416));
    }
}
