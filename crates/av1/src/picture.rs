//! Pictures of the decoder, in memory that it recycles.

use std::mem::MaybeUninit;
use std::slice;

use libdav1d_sys::{
    Dav1dMatrixCoefficients, Dav1dPicture, Dav1dPixelLayout, Dav1dSequenceHeader,
    dav1d_picture_unref,
};

/// Chroma subsampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Luma alone.
    I400,
    /// 4:2:0.
    I420,
    /// 4:2:2.
    I422,
    /// 4:4:4.
    I444,
}

/// Coefficients between Y, Cb, Cr and red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.709.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance.
    Bt2020,
    /// None: the planes are green, blue and red.
    Identity,
    /// Another one, or not tagged.
    Other,
}

/// A picture: planes of Y, Cb and Cr, in samples of one byte at 8 bits, else of two.
pub struct Picture(Box<Dav1dPicture>);

// SAFETY: the pointers lead to memory that is reference-counted atomically and that nobody writes any more, and the
// picture owns its references.
unsafe impl Send for Picture {}
// SAFETY: the same; no method writes.
unsafe impl Sync for Picture {}

impl Picture {
    pub(crate) fn empty() -> Self {
        // SAFETY: the struct holds pointers, numbers and a layout, for which 0 stands for none.
        Self(Box::new(unsafe { MaybeUninit::zeroed().assume_init() }))
    }

    pub(crate) fn as_native(&mut self) -> *mut Dav1dPicture {
        &raw mut *self.0
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.0.p.w.try_into().unwrap_or(0)
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.0.p.h.try_into().unwrap_or(0)
    }

    /// Bits of a sample: 8, 10 or 12.
    pub fn bits(&self) -> u32 {
        self.0.p.bpc.try_into().unwrap_or(8)
    }

    /// Which planes there are, and how large.
    pub fn layout(&self) -> Layout {
        match self.0.p.layout {
            Dav1dPixelLayout::DAV1D_PIXEL_LAYOUT_I400 => Layout::I400,
            Dav1dPixelLayout::DAV1D_PIXEL_LAYOUT_I420 => Layout::I420,
            Dav1dPixelLayout::DAV1D_PIXEL_LAYOUT_I422 => Layout::I422,
            _ => Layout::I444,
        }
    }

    /// The key of the packet that the picture came in.
    pub fn key(&self) -> i64 {
        self.0.m.timestamp
    }

    /// The bytes of a plane (0 to 2 for Y, Cb, Cr) and those from one row to the next. Empty if there is none.
    pub fn plane(&self, index: usize) -> (&[u8], usize) {
        let stride = self.0.stride.get(index.min(1)).copied().unwrap_or(0);
        let stride = usize::try_from(stride).unwrap_or(0);
        let height = match (index, self.layout()) {
            (1.., Layout::I420) => self.height().div_ceil(2),
            _ => self.height(),
        };
        let Some(data) = self.0.data.get(index).filter(|data| !data.is_null()) else {
            return (&[], stride);
        };
        // SAFETY: the decoder allocated at least `height` rows of `stride` bytes for the plane, initialised; they stay
        // while the picture does.
        let bytes = unsafe { slice::from_raw_parts(data.cast(), stride * height as usize) };
        (bytes, stride)
    }

    /// The matrix that the sequence header names.
    pub fn matrix(&self) -> Matrix {
        use Dav1dMatrixCoefficients as Native;
        const BT709: u32 = Native::DAV1D_MC_BT709 as u32;
        const BT2020: u32 = Native::DAV1D_MC_BT2020_NCL as u32;
        const IDENTITY: u32 = Native::DAV1D_MC_IDENTITY as u32;
        // Not as `Native`: a stream may name any number.
        let read = |header: *const Dav1dSequenceHeader| {
            // SAFETY: see `of_sequence`; the enumeration is a `u32`.
            unsafe { (&raw const (*header).mtrx).cast::<u32>().read() }
        };
        match self.of_sequence(read) {
            Some(BT709) => Matrix::Bt709,
            Some(BT2020) => Matrix::Bt2020,
            Some(IDENTITY) => Matrix::Identity,
            _ => Matrix::Other,
        }
    }

    /// Whether samples use the full range of values.
    pub fn is_full_range(&self) -> bool {
        // SAFETY: see `of_sequence`.
        self.of_sequence(|header| unsafe { (*header).color_range } != 0)
            .unwrap_or(false)
    }

    /// What `read` finds in the sequence header, which the picture holds a reference to and which is never written.
    fn of_sequence<T>(&self, read: impl FnOnce(*const Dav1dSequenceHeader) -> T) -> Option<T> {
        let header = self.0.seq_hdr.cast_const();
        (!header.is_null()).then(|| read(header))
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the pointer comes from a reference to what `dav1d_get_picture` wrote, or to an empty picture.
        unsafe { dav1d_picture_unref(self.as_native()) };
    }
}
