//! Header checks of still pictures, before a decoder is asked.

use surfaces::platform::ChromaFormat;

use super::samples::Samples;

const PNG_SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

/// What the start of frame of a JPEG says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JpegHeader {
    /// Size, subsampling and depth.
    pub samples: Samples,
    /// Sequential and Huffman coded, as decoders in hardware want it.
    pub is_baseline: bool,
    /// Has Adobe's marker, which means that inks are stored inverted.
    pub is_adobe: bool,
}

/// Reads the segment chain of a JPEG up to its start of frame (ITU-T T.81, B.1.1 and B.2.2).
pub fn jpeg_header(data: &[u8]) -> Result<JpegHeader, String> {
    if !data.starts_with(&[0xff, 0xd8]) {
        return Err("JPEG: no start-of-image marker".into());
    }
    let mut at = 2;
    let mut is_adobe = false;
    loop {
        let Some(&[prefix, marker]) = data.get(at..at + 2).and_then(|bytes| bytes.first_chunk())
        else {
            return Err(format!(
                "JPEG: truncated at byte {at}, before a start of frame"
            ));
        };
        if prefix != 0xff {
            return Err(format!("JPEG: no marker at byte {at}"));
        }
        match marker {
            // Fill byte.
            0xff => at += 1,
            // SOF0..15 without DHT, JPG and DAC.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return start_of_frame(marker, &data[at + 2..])
                    .map(|header| JpegHeader { is_adobe, ..header })
                    .ok_or_else(|| "JPEG: truncated start of frame".into());
            }
            // TEM and RSTn have no length.
            0x01 | 0xd0..=0xd7 => at += 2,
            0xd9 => return Err("JPEG: end of image before a start of frame".into()),
            0xda => return Err("JPEG: start of scan before a start of frame".into()),
            _ => {
                let length = data
                    .get(at + 2..at + 4)
                    .and_then(|bytes| bytes.first_chunk::<2>());
                match length.map(|&bytes| usize::from(u16::from_be_bytes(bytes))) {
                    Some(length @ 2..) => {
                        is_adobe |= marker == 0xee && data[at + 4..].starts_with(b"Adobe");
                        at += 2 + length;
                    }
                    Some(_) => {
                        return Err(format!("JPEG: segment of impossible length at byte {at}"));
                    }
                    None => return Err(format!("JPEG: truncated segment at byte {at}")),
                }
            }
        }
    }
}

/// Reads a start of frame from its length field on; `None` if it is too short.
fn start_of_frame(marker: u8, segment: &[u8]) -> Option<JpegHeader> {
    let &[
        _,
        _,
        precision,
        height_high,
        height_low,
        width_high,
        width_low,
        components,
        ..,
    ] = segment
    else {
        return None;
    };
    // Identifier, sampling factors and table of each component.
    let factors: Vec<u8> = segment[8..]
        .chunks_exact(3)
        .take(components.into())
        .map(|component| component[1])
        .collect();
    let chroma = match factors[..] {
        [_] => ChromaFormat::Monochrome,
        [0x22, 0x11, 0x11] => ChromaFormat::Yuv420,
        [0x21, 0x11, 0x11] => ChromaFormat::Yuv422,
        [0x11, 0x11, 0x11] => ChromaFormat::Yuv444,
        _ => ChromaFormat::Other,
    };
    let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
    Some(JpegHeader {
        samples: Samples {
            chroma,
            bit_depth: precision.into(),
            size: Some((side(width_high, width_low), side(height_high, height_low))),
            ..Samples::default()
        },
        is_baseline: matches!(marker, 0xc0 | 0xc1),
        is_adobe: false,
    })
}

/// Checks the signature and the first chunk of a PNG (ISO/IEC 15948, 5.2 and 11.2.1).
pub fn check_png(data: &[u8]) -> Result<(), String> {
    if data.len() < 16 {
        return Err(format!(
            "PNG: {} bytes are too few for a header",
            data.len()
        ));
    }
    if !data.starts_with(&PNG_SIGNATURE) {
        return Err("PNG: no PNG signature".into());
    }
    if &data[12..16] != b"IHDR" {
        return Err("PNG: the first chunk is not IHDR".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JPEG: &[u8] = &[
        0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc0, 0, 17, 8, 0, 16, 0, 16, 3, 0, 0,
    ];

    #[test]
    fn a_start_of_frame_makes_a_jpeg() {
        let header = jpeg_header(JPEG).expect("a header");
        assert_eq!(header.samples.size, Some((16, 16)));
        assert_eq!(header.samples.bit_depth, 8);
        assert!(header.is_baseline);
    }

    #[test]
    fn adobe_leaves_its_mark() {
        let marker = [&[0xff, 0xee, 0, 14][..], b"Adobe", &[0; 7]].concat();
        let by_adobe = [&JPEG[..2], &marker, &JPEG[2..]].concat();
        assert!(jpeg_header(&by_adobe).expect("a header").is_adobe);
        assert!(!jpeg_header(JPEG).expect("a header").is_adobe);
    }

    #[test]
    fn the_sampling_factors_tell_the_chroma_format() {
        for (factors, chroma) in [
            (&[0x22, 0x11, 0x11][..], ChromaFormat::Yuv420),
            (&[0x21, 0x11, 0x11], ChromaFormat::Yuv422),
            (&[0x11, 0x11, 0x11], ChromaFormat::Yuv444),
            (&[0x11], ChromaFormat::Monochrome),
            (&[0x11, 0x11, 0x11, 0x11], ChromaFormat::Other),
        ] {
            let mut segment = vec![0, 17, 8, 0, 16, 0, 16, factors.len() as u8];
            for &factor in factors {
                segment.extend([1, factor, 0]);
            }
            let header = start_of_frame(0xc2, &segment).expect("a header");
            assert_eq!(header.samples.chroma, chroma, "{factors:x?}");
            assert!(!header.is_baseline);
        }
    }

    #[test]
    fn garbage_truncation_and_empty_images_are_refused() {
        for data in [
            &[][..],
            &[0xff],
            b"garbage",
            &[0xff, 0xd8, 0xff, 0xd9],
            &JPEG[..8],
            &JPEG[..12],
        ] {
            assert!(jpeg_header(data).is_err(), "{data:?}");
        }
    }

    #[test]
    fn png_needs_signature_and_ihdr() {
        let mut png = [&PNG_SIGNATURE[..], &[0, 0, 0, 13], b"IHDR"].concat();
        assert_eq!(check_png(&png), Ok(()));
        assert!(check_png(&png[..15]).is_err());
        png[12] = b'X';
        assert!(check_png(&png).is_err());
        assert!(check_png(&[0; 32]).is_err());
    }

    proptest! {
        #[test]
        fn no_input_panics(tail in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = jpeg_header(&tail);
            let _ = jpeg_header(&[&[0xff, 0xd8, 0xff][..], &tail].concat());
            let _ = check_png(&tail);
        }
    }
}
