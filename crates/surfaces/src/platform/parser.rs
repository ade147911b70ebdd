//! The driver's parser of streams: what NVIDIA's decoder element finds in packets, without decoding them.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use nvbufsurface_sys::cuvid::{
    self, CUVID_PKT_ENDOFPICTURE, CuvidApi, CuvidPacket, CuvidParser, CuvidParserParams,
};

use super::decoding::number;

/// More than a picture of any codec refers to.
const DECODE_SURFACES: u8 = 32;

/// What the parser found in a packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Headers of a sequence that differ from those before.
    pub sequences: u32,
    /// Pictures to decode.
    pub decoded: u32,
    /// Pictures that are shown next.
    pub shown: u32,
}

/// Counted by the callbacks.
#[derive(Default)]
struct Counts {
    sequences: AtomicU32,
    decoded: AtomicU32,
    shown: AtomicU32,
}

/// A parser of one stream, by the driver of NVIDIA's chips. It needs no GPU.
pub struct StreamParser {
    api: &'static CuvidApi,
    parser: CuvidParser,
    /// At one address as long as the parser lives.
    counts: Box<Counts>,
}

// SAFETY: the parser may be used from every thread, by one at a time.
unsafe impl Send for StreamParser {}

impl StreamParser {
    /// A parser for `h264`, `hevc`, `vp8`, `vp9`, `av1` or `jpeg`; `None` where the driver has none, as on Jetson.
    pub fn new(codec: &str) -> Option<Self> {
        let api = cuvid::load().ok()?;
        let counts = Box::<Counts>::default();
        let mut params = CuvidParserParams::new(number(codec)?, DECODE_SURFACES.into());
        params.user_data = ptr::from_ref(&*counts).cast_mut().cast();
        params.on_sequence = Some(on_sequence);
        params.on_decode = Some(on_decode);
        params.on_display = Some(on_display);
        let mut parser = ptr::null_mut();
        // SAFETY: the struct is complete; what `user_data` points to lives as long as the parser.
        let result = unsafe { (api.create_video_parser)(&raw mut parser, &raw const params) };
        (result == 0).then_some(Self {
            api,
            parser,
            counts,
        })
    }

    /// Parses the next packet of the stream, a whole access unit.
    pub fn parse(&mut self, packet: &[u8]) -> Found {
        let packet = CuvidPacket {
            flags: CUVID_PKT_ENDOFPICTURE,
            payload_size: packet.len() as _,
            payload: packet.as_ptr(),
            timestamp: 0,
        };
        // SAFETY: the parser is alive, and the payload is as long as the packet says. A packet that is refused has
        // nothing in it.
        unsafe { (self.api.parse_video_data)(self.parser, &raw const packet) };
        Found {
            sequences: self.counts.sequences.swap(0, Ordering::Relaxed),
            decoded: self.counts.decoded.swap(0, Ordering::Relaxed),
            shown: self.counts.shown.swap(0, Ordering::Relaxed),
        }
    }
}

impl Drop for StreamParser {
    fn drop(&mut self) {
        // SAFETY: the parser is alive, and nobody uses it any more.
        unsafe { (self.api.destroy_video_parser)(self.parser) };
    }
}

/// The counts that a callback is for.
///
/// # Safety
/// `user_data` is that of a parser which is alive.
unsafe fn counts<'a>(user_data: *mut c_void) -> &'a Counts {
    // SAFETY: it points to the counts of the parser; only shared references to them exist.
    unsafe { &*user_data.cast::<Counts>() }
}

unsafe extern "C" fn on_sequence(user_data: *mut c_void, _: *mut c_void) -> c_int {
    // SAFETY: the parser calls this.
    let counts = unsafe { counts(user_data) };
    counts.sequences.fetch_add(1, Ordering::Relaxed);
    DECODE_SURFACES.into()
}

unsafe extern "C" fn on_decode(user_data: *mut c_void, _: *mut c_void) -> c_int {
    // SAFETY: as above.
    let counts = unsafe { counts(user_data) };
    counts.decoded.fetch_add(1, Ordering::Relaxed);
    1
}

unsafe extern "C" fn on_display(user_data: *mut c_void, picture: *mut c_void) -> c_int {
    // The end of the stream comes without a picture.
    if !picture.is_null() {
        // SAFETY: as above.
        let counts = unsafe { counts(user_data) };
        counts.shown.fetch_add(1, Ordering::Relaxed);
    }
    1
}
