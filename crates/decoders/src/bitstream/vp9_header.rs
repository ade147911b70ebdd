//! The uncompressed header of VP9 frames (VP9 bitstream specification, 6.2), read only to see that it is whole.
//!
//! A decoder that takes what is missing for zeros finds a picture of one pixel in it, and NVIDIA's breaks down over that.

use h264_reader::rbsp::{BitRead, BitReader, BitReaderError};

use super::vpx;

type Read<T = ()> = Result<T, BitReaderError>;

/// Whether a header in a VP9 packet is cut.
pub fn is_cut(packet: &[u8]) -> bool {
    let frames = vpx::vp9_superframe(packet).unwrap_or_else(|| vec![packet]);
    frames
        .into_iter()
        .any(|frame| Header(BitReader::new(frame)).skip_all().is_err())
}

struct Header<R>(R);

impl<R: BitRead> Header<R> {
    fn flag(&mut self) -> Read<bool> {
        self.0.read_bit("uncompressed_header")
    }

    fn number(&mut self, bits: u32) -> Read<u32> {
        self.0.read_var(bits, "uncompressed_header")
    }

    fn skip(&mut self, bits: u32) -> Read {
        self.0.skip(bits, "uncompressed_header")
    }

    /// Skips `bits` where a flag in front of them is set.
    fn skip_optional(&mut self, bits: u32) -> Read {
        if self.flag()? {
            self.skip(bits)
        } else {
            Ok(())
        }
    }

    /// Skips the header. What is not one at all is left to the decoder.
    fn skip_all(&mut self) -> Read {
        const FRAME_MARKER: u32 = 2;
        const REFERENCES: u32 = 3;
        if self.number(2)? != FRAME_MARKER {
            return Ok(());
        }
        let profile = self.number(1)? | self.number(1)? << 1;
        if profile == 3 {
            self.skip(1)?;
        }
        if self.flag()? {
            return self.skip(3); // frame_to_show_map_idx
        }
        let (is_predicted, is_shown, is_resilient) = (self.flag()?, self.flag()?, self.flag()?);
        if is_predicted {
            let is_intra_only = !is_shown && self.flag()?;
            if !is_resilient {
                self.skip(2)?; // reset_frame_context
            }
            if is_intra_only {
                self.skip(24)?; // frame_sync_code
                if profile > 0 {
                    self.skip_colour(profile)?;
                }
                self.skip(8)?; // refresh_frame_flags
                self.skip_size()?;
            } else {
                self.skip(8 + REFERENCES * 4)?; // refresh_frame_flags, ref_frame_idx, ref_frame_sign_bias
                self.skip_size_with_references(REFERENCES)?;
                self.skip(1)?; // allow_high_precision_mv
                if !self.flag()? {
                    self.skip(2)?; // raw_interpolation_filter
                }
            }
        } else {
            self.skip(24)?;
            self.skip_colour(profile)?;
            self.skip_size()?;
        }
        if !is_resilient {
            self.skip(2)?; // refresh_frame_context, frame_parallel_decoding_mode
        }
        self.skip(2)?; // frame_context_idx
        self.skip_loop_filter()?;
        self.skip_quantization()?;
        self.skip_segmentation()?;
        self.skip(1 + 16) // tile_rows_log2, header_size_in_bytes
    }

    /// `color_config`.
    fn skip_colour(&mut self, profile: u32) -> Read {
        const RGB: u32 = 7;
        if profile >= 2 {
            self.skip(1)?; // ten_or_twelve_bit
        }
        let is_rgb = self.number(3)? == RGB;
        let has_subsampling = profile & 1 == 1;
        self.skip(match (is_rgb, has_subsampling) {
            (false, true) => 1 + 3,
            (false, false) | (true, true) => 1,
            (true, false) => 0,
        })
    }

    /// `frame_size` and `render_size`.
    fn skip_size(&mut self) -> Read {
        self.skip(2 * 16)?;
        self.skip_optional(2 * 16)
    }

    fn skip_size_with_references(&mut self, references: u32) -> Read {
        for _ in 0..references {
            if self.flag()? {
                return self.skip_optional(2 * 16);
            }
        }
        self.skip_size()
    }

    fn skip_loop_filter(&mut self) -> Read {
        self.skip(6 + 3)?;
        // loop_filter_delta_enabled, loop_filter_delta_update
        if self.flag()? && self.flag()? {
            for _ in 0..4 + 2 {
                self.skip_optional(6 + 1)?;
            }
        }
        Ok(())
    }

    fn skip_quantization(&mut self) -> Read {
        self.skip(8)?;
        (0..3).try_for_each(|_| self.skip_optional(4 + 1))
    }

    fn skip_segmentation(&mut self) -> Read {
        /// Bits of each feature, with the sign where it has one.
        const FEATURES: [u32; 4] = [8 + 1, 6 + 1, 2, 0];
        if !self.flag()? {
            return Ok(());
        }
        if self.flag()? {
            (0..7).try_for_each(|_| self.skip_optional(8))?;
            if self.flag()? {
                (0..3).try_for_each(|_| self.skip_optional(8))?;
            }
        }
        if self.flag()? {
            self.skip(1)?; // segmentation_abs_or_delta_update
            for _ in 0..8 {
                FEATURES
                    .into_iter()
                    .try_for_each(|bits| self.skip_optional(bits))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a key frame of 640x360, as libvpx writes it.
    const KEY: [u8; 18] = [
        0x82, 0x49, 0x83, 0x42, 0x00, 0x27, 0xf0, 0x16, 0x76, 0x06, 0x38, 0x24, 0x1c, 0x18, 0x74,
        0x10, 0x05, 0x70,
    ];

    #[test]
    fn a_header_may_be_cut_anywhere() {
        assert!(!is_cut(&KEY));
        for length in 0..KEY.len() - 4 {
            assert!(is_cut(&KEY[..length]), "{length} bytes");
        }
    }

    #[test]
    fn every_frame_of_a_superframe_counts() {
        let whole = [&KEY[..], &KEY, &[0xc1, 18, 18, 0xc1]].concat();
        let second = [&KEY[..], &KEY[..5], &[0xc1, 18, 5, 0xc1]].concat();
        assert!(!is_cut(&whole));
        assert!(is_cut(&second));
    }

    #[test]
    fn what_shows_an_existing_frame_is_short_and_what_is_no_frame_is_left_alone() {
        assert!(!is_cut(&[0b1000_1000]));
        assert!(!is_cut(&[0, 1]));
        assert!(is_cut(&[]));
    }
}
