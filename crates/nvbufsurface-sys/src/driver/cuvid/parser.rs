//! The structs of the stream parser (`nvcuvid.h` of the Video Codec SDK).

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr;

/// `CUvideoparser`.
pub type CuvidParser = *mut c_void;

/// A callback: `(pUserData, what was found)`. 0 means failure.
pub type CuvidCallback = unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int;

/// `CUVID_PKT_ENDOFPICTURE`: the packet is a whole picture.
pub const CUVID_PKT_ENDOFPICTURE: c_ulong = 8;

/// `CUVIDPARSERPARAMS`.
#[repr(C)]
#[derive(Debug)]
pub struct CuvidParserParams {
    /// `CodecType`.
    pub codec: c_int,
    /// `ulMaxNumDecodeSurfaces`.
    pub max_decode_surfaces: u32,
    clock_rate: u32,
    error_threshold: u32,
    max_display_delay: u32,
    is_annex_b: u32,
    reserved1: [u32; 4],
    /// `pUserData`, which the callbacks get.
    pub user_data: *mut c_void,
    /// `pfnSequenceCallback`: a sequence of another size or format begins. Returns the number of decode surfaces.
    pub on_sequence: Option<CuvidCallback>,
    /// `pfnDecodePicture`.
    pub on_decode: Option<CuvidCallback>,
    /// `pfnDisplayPicture`, in the order of display.
    pub on_display: Option<CuvidCallback>,
    on_operating_point: Option<CuvidCallback>,
    on_sei: Option<CuvidCallback>,
    reserved2: [*mut c_void; 5],
    extended_format: *mut c_void,
}

impl CuvidParserParams {
    /// For a codec, without callbacks; pictures are shown as soon as their order allows.
    pub fn new(codec: c_int, max_decode_surfaces: u32) -> Self {
        Self {
            codec,
            max_decode_surfaces,
            clock_rate: 0,
            error_threshold: 0,
            max_display_delay: 0,
            is_annex_b: 0,
            reserved1: [0; 4],
            user_data: ptr::null_mut(),
            on_sequence: None,
            on_decode: None,
            on_display: None,
            on_operating_point: None,
            on_sei: None,
            reserved2: [ptr::null_mut(); 5],
            extended_format: ptr::null_mut(),
        }
    }
}

/// `CUVIDSOURCEDATAPACKET`.
#[repr(C)]
#[derive(Debug)]
pub struct CuvidPacket {
    /// `CUVID_PKT_*`.
    pub flags: c_ulong,
    /// Bytes of the payload.
    pub payload_size: c_ulong,
    /// The payload.
    pub payload: *const u8,
    /// Handed out with the picture if the flags say so.
    pub timestamp: i64,
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn the_layouts_are_those_of_the_c_structs() {
        // Laid out by hand from the field lists, with C's alignment rules.
        assert_eq!(offset_of!(CuvidParserParams, user_data), 40);
        assert_eq!(offset_of!(CuvidParserParams, on_display), 64);
        assert_eq!(size_of::<CuvidParserParams>(), 136);
        assert_eq!(offset_of!(CuvidPacket, payload), 16);
        assert_eq!(size_of::<CuvidPacket>(), 32);
    }
}
