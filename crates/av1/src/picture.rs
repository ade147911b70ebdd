//! Pictures of the decoder, in memory that it recycles.

use std::ptr::NonNull;
use std::slice;

use re_rav1d::include::dav1d::headers::{
    DAV1D_MC_BT709, DAV1D_MC_BT2020_NCL, DAV1D_MC_IDENTITY, DAV1D_PIXEL_LAYOUT_I400,
    DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422, Dav1dSequenceHeader,
};
use re_rav1d::include::dav1d::picture::Dav1dPicture;
use re_rav1d::src::lib::dav1d_picture_unref;

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

// SAFETY: the pointers lead to reference-counted memory (atomically) that nobody writes any more, and the picture owns
// its references.
unsafe impl Send for Picture {}
// SAFETY: the same; no method writes.
unsafe impl Sync for Picture {}

impl Picture {
    pub(crate) fn empty() -> Self {
        Self(Box::default())
    }

    pub(crate) fn as_native(&mut self) -> NonNull<Dav1dPicture> {
        NonNull::from(&mut *self.0)
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
            DAV1D_PIXEL_LAYOUT_I400 => Layout::I400,
            DAV1D_PIXEL_LAYOUT_I420 => Layout::I420,
            DAV1D_PIXEL_LAYOUT_I422 => Layout::I422,
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
        let Some(&Some(data)) = self.0.data.get(index) else {
            return (&[], stride);
        };
        // SAFETY: the decoder allocated at least `height` rows of `stride` bytes for the plane, initialised; they stay
        // while the picture does.
        let bytes =
            unsafe { slice::from_raw_parts(data.cast().as_ptr(), stride * height as usize) };
        (bytes, stride)
    }

    /// The matrix that the sequence header names.
    pub fn matrix(&self) -> Matrix {
        match self.sequence().map(|header| header.mtrx) {
            Some(DAV1D_MC_BT709) => Matrix::Bt709,
            Some(DAV1D_MC_BT2020_NCL) => Matrix::Bt2020,
            Some(DAV1D_MC_IDENTITY) => Matrix::Identity,
            _ => Matrix::Other,
        }
    }

    /// Whether samples use the full range of values.
    pub fn is_full_range(&self) -> bool {
        self.sequence()
            .is_some_and(|header| header.color_range != 0)
    }

    fn sequence(&self) -> Option<&Dav1dSequenceHeader> {
        // SAFETY: the picture holds a reference to its sequence header, which is never written.
        self.0.seq_hdr.map(|header| unsafe { header.as_ref() })
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the pointer comes from a reference to what `dav1d_get_picture` wrote, or to an empty picture.
        unsafe { dav1d_picture_unref(Some(self.as_native())) };
        if let Some(left) = self.0.itut_t35_ref.take() {
            // SAFETY: the function made it from a new `Arc` that no other picture knows.
            drop(unsafe { left.into_arc() });
        }
    }
}
