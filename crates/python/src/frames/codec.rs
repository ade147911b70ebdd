//! `Codec`.

use ::frames::Codec;

use crate::enums::named_py_enum;

named_py_enum! {
    /// How the payload of a frame is coded.
    ///
    /// * ``H264``, ``Hevc``, ``Vp8``, ``Vp9``, ``Av1``: video.
    /// * ``Jpeg``: JPEG, decoded by hardware where there is some; ``SwJpeg``: by the CPU.
    /// * ``Png``: PNG.
    /// * ``RawRgba``, ``RawRgb``: 4 or 3 bytes a pixel, rows without padding.
    /// * ``RawNv12``: 8-bit 4:2:0, a luma plane and one of interleaved chroma.
    ///
    /// Each member but ``H264`` also has an upper-case name: ``HEVC``, ``SW_JPEG``, ``RAW_RGBA`` ...
    "Codec" PyCodec for Codec {
        "H264" = H264,
        "Hevc" = Hevc,
        "Jpeg" = Jpeg,
        "SwJpeg" = SwJpeg,
        "Av1" = Av1,
        "Png" = Png,
        "Vp8" = Vp8,
        "Vp9" = Vp9,
        "RawRgba" = RawRgba,
        "RawRgb" = RawRgb,
        "RawNv12" = RawNv12,
    }
    spelled "as ``name()`` spells it, or ``avc`` or ``h265``; case and white space around it do not matter"
    {
        /// The codec's name in lower case, for example ``"raw_rgba"``.
        fn name(&self) -> &'static str {
            Codec::from(*self).name()
        }

        #[classattr]
        const HEVC: Self = Self::Hevc;
        #[classattr]
        const JPEG: Self = Self::Jpeg;
        #[classattr]
        const SW_JPEG: Self = Self::SwJpeg;
        #[classattr]
        const AV1: Self = Self::Av1;
        #[classattr]
        const PNG: Self = Self::Png;
        #[classattr]
        const VP8: Self = Self::Vp8;
        #[classattr]
        const VP9: Self = Self::Vp9;
        #[classattr]
        const RAW_RGBA: Self = Self::RawRgba;
        #[classattr]
        const RAW_RGB: Self = Self::RawRgb;
        #[classattr]
        const RAW_NV12: Self = Self::RawNv12;
    }
}
