//! The codecs that a frame may declare.

use std::fmt;
use std::str::FromStr;

/// How the payload of a frame is coded.
///
/// The integer values (`codec as u8`) are part of the public interface and start at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    Hevc,
    /// JPEG, decoded by hardware where there is some.
    Jpeg,
    /// JPEG, decoded by the CPU.
    SwJpeg,
    /// AV1.
    Av1,
    /// PNG.
    Png,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// Packed 8-bit RGBA, 4 bytes a pixel, no row padding.
    RawRgba,
    /// Packed 8-bit RGB, 3 bytes a pixel, no row padding.
    RawRgb,
    /// 8-bit 4:2:0, a luma plane and a plane of interleaved chroma.
    RawNv12,
}

/// No codec has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown codec {name:?}; known are {}", known_names())]
pub struct UnknownCodec {
    /// The name as it was given.
    pub name: String,
}

/// Every codec in the order of its integer, with the names it goes by; the first is its own.
const NAMES: [(Codec, &[&str]); 11] = [
    (Codec::H264, &["h264", "avc"]),
    (Codec::Hevc, &["hevc", "h265"]),
    (Codec::Jpeg, &["jpeg"]),
    (Codec::SwJpeg, &["swjpeg"]),
    (Codec::Av1, &["av1"]),
    (Codec::Png, &["png"]),
    (Codec::Vp8, &["vp8"]),
    (Codec::Vp9, &["vp9"]),
    (Codec::RawRgba, &["raw_rgba"]),
    (Codec::RawRgb, &["raw_rgb"]),
    (Codec::RawNv12, &["raw_nv12"]),
];

fn known_names() -> String {
    NAMES
        .iter()
        .flat_map(|(_, names)| names.iter().copied())
        .collect::<Vec<_>>()
        .join(", ")
}

impl Codec {
    /// Every codec, in the order of the integer values.
    pub const ALL: [Self; NAMES.len()] = {
        let mut all = [Self::H264; NAMES.len()];
        let mut index = 0;
        while index < NAMES.len() {
            all[index] = NAMES[index].0;
            index += 1;
        }
        all
    };

    /// The codec's lower-case name, for example `raw_rgba`.
    pub fn name(self) -> &'static str {
        NAMES[self as usize].1[0]
    }

    /// The codec called `name`; case and surrounding white space do not matter.
    ///
    /// Besides [`Codec::name`], `avc` and `h265` are understood.
    pub fn from_name(name: &str) -> Result<Self, UnknownCodec> {
        let wanted = name.trim();
        NAMES
            .iter()
            .find(|(_, names)| names.iter().any(|known| known.eq_ignore_ascii_case(wanted)))
            .map(|(codec, _)| *codec)
            .ok_or_else(|| UnknownCodec {
                name: name.to_owned(),
            })
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Codec {
    type Err = UnknownCodec;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_integers() {
        for (index, codec) in Codec::ALL.into_iter().enumerate() {
            assert_eq!(codec as usize, index);
        }
        assert_eq!(Codec::RawNv12 as u8, 10);
    }

    #[test]
    fn every_name_leads_back_to_its_codec() {
        for (codec, names) in NAMES {
            assert_eq!(codec.name(), names[0]);
            for name in names {
                assert_eq!(Codec::from_name(name), Ok(codec));
                assert_eq!(format!(" {}\t", name.to_uppercase()).parse(), Ok(codec));
            }
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_name() {
        for name in ["", " ", "h266", "raw-rgba", "h264 avc"] {
            let error = Codec::from_name(name).unwrap_err();
            assert_eq!(error.name, name);
            assert!(error.to_string().contains("raw_nv12"));
        }
    }
}
