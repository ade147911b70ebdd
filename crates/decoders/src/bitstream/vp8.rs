//! Whether a VP8 frame leaves anything behind, by its frame header (RFC 6386, 9.2 to 9.11 and 19.2).

/// The frame tag; in key frames a start code and the size follow.
const TAG_SIZE: usize = 3;
const KEY_TAG_SIZE: usize = 10;

/// Adjustments of the loop filter for each reference frame and each prediction mode. They stay until a frame
/// brings others; streams for lossy networks bring them with every frame.
type Deltas = [i32; 8];

/// Reads the frame headers of one stream.
#[derive(Debug, Clone, Default)]
pub struct HeaderReader {
    /// `None` when they are not known.
    deltas: Option<Deltas>,
}

impl HeaderReader {
    /// Whether no frame behind this one is decoded with the help of it: it refreshes no reference, and changes
    /// neither the probabilities nor the segments nor the adjustments of the loop filter for those behind.
    pub fn is_disposable(&mut self, packet: &[u8]) -> bool {
        let before = self.deltas.take();
        let Some(header) = Header::read(packet, before) else {
            return false;
        };
        self.deltas = header.deltas;
        header.leaves_nothing && header.deltas.is_some() && header.deltas == before
    }
}

struct Header {
    leaves_nothing: bool,
    deltas: Option<Deltas>,
}

impl Header {
    /// `None` when the data ends too early. `deltas`: those in front of the frame.
    fn read(packet: &[u8], deltas: Option<Deltas>) -> Option<Self> {
        let is_key = packet.first()? & 1 == 0;
        let size = if is_key { KEY_TAG_SIZE } else { TAG_SIZE };
        let mut bits = BoolReader::new(packet.get(size..)?)?;
        if is_key {
            bits.literal(2)?; // color_space, clamping_type
        }
        let changes_segments = bits.segments()?;
        bits.literal(1 + 6 + 3)?; // filter_type, loop_filter_level, sharpness_level
        let before = if is_key { Some([0; 8]) } else { deltas };
        let deltas = bits.deltas(before)?;
        bits.literal(2)?; // log2_nbr_of_dct_partitions
        bits.literal(7)?; // y_ac_qi
        for _ in 0..5 {
            bits.optional(4)?; // the delta of another quantizer
        }
        if is_key {
            return Some(Self {
                leaves_nothing: false,
                deltas,
            });
        }
        let mut refreshes = [bits.flag()?, bits.flag()?]; // refresh_golden_frame, refresh_alternate_frame
        for refreshed in &mut refreshes {
            // copy_buffer_to_golden, copy_buffer_to_alternate
            *refreshed = *refreshed || bits.literal(2)? != 0;
        }
        bits.literal(2)?; // sign_bias_golden, sign_bias_alternate
        let keeps_probabilities = bits.flag()?;
        let refreshes_last = bits.flag()?;
        Some(Self {
            leaves_nothing: !changes_segments
                && !keeps_probabilities
                && !refreshes_last
                && refreshes == [false, false],
            deltas,
        })
    }
}

/// The boolean entropy decoder (RFC 6386, 7.3), for bits of even probability.
struct BoolReader<'a> {
    rest: std::slice::Iter<'a, u8>,
    value: u32,
    range: u32,
    /// Bits taken of the byte that is the lower half of `value`.
    taken: u32,
}

impl<'a> BoolReader<'a> {
    fn new(data: &'a [u8]) -> Option<Self> {
        let mut rest = data.iter();
        let value = u32::from(*rest.next()?) << 8 | u32::from(*rest.next()?);
        Some(Self {
            rest,
            value,
            range: 255,
            taken: 0,
        })
    }

    fn flag(&mut self) -> Option<bool> {
        let split = 1 + ((self.range - 1) >> 1);
        let is_set = self.value >= split << 8;
        if is_set {
            self.range -= split;
            self.value -= split << 8;
        } else {
            self.range = split;
        }
        while self.range < 128 {
            self.range <<= 1;
            self.value <<= 1;
            self.taken += 1;
            if self.taken == 8 {
                self.taken = 0;
                self.value |= u32::from(*self.rest.next()?);
            }
        }
        Some(is_set)
    }

    /// An unsigned number, its most significant bit first.
    fn literal(&mut self, bits: u32) -> Option<u32> {
        (0..bits).try_fold(0, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    /// A number of so many bits and a sign, if it is there.
    fn optional(&mut self, bits: u32) -> Option<Option<i32>> {
        if !self.flag()? {
            return Some(None);
        }
        let size = self.literal(bits)? as i32;
        Some(Some(if self.flag()? { -size } else { size }))
    }

    /// `update_segmentation` (9.3): whether the map or the features of the segments change.
    fn segments(&mut self) -> Option<bool> {
        if !self.flag()? {
            return Some(false);
        }
        let (changes_map, changes_features) = (self.flag()?, self.flag()?);
        if changes_features {
            self.flag()?; // segment_feature_mode
            for bits in [7, 7, 7, 7, 6, 6, 6, 6] {
                self.optional(bits)?; // quantizer_update, loop_filter_update
            }
        }
        if changes_map {
            for _ in 0..3 {
                if self.flag()? {
                    self.literal(8)?; // segment_prob
                }
            }
        }
        Some(changes_map || changes_features)
    }

    /// `mb_lf_adjustments` (9.6): the adjustments from this frame on.
    fn deltas(&mut self, before: Option<Deltas>) -> Option<Option<Deltas>> {
        let changes = self.flag()? && self.flag()?; // loop_filter_adj_enable, mode_ref_lf_delta_update
        if !changes {
            return Some(before);
        }
        let mut updates = [None; 8];
        for update in &mut updates {
            *update = self.optional(6)?;
        }
        let mut deltas = before.unwrap_or_default();
        for (delta, update) in deltas.iter_mut().zip(updates) {
            *delta = update.unwrap_or(*delta);
        }
        let are_known = before.is_some() || updates.iter().all(Option::is_some);
        Some(are_known.then_some(deltas))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The boolean entropy encoder (RFC 6386, 7.3), for bits of even probability.
    fn encode(bits: &[bool]) -> Vec<u8> {
        let (mut out, mut range, mut bottom, mut left) = (Vec::<u8>::new(), 255u32, 0u32, 24);
        // What is behind the last bit pushes it out.
        for &bit in bits.iter().chain([false; 32].iter()) {
            let split = 1 + ((range - 1) >> 1);
            if bit {
                let (sum, carries) = bottom.overflowing_add(split);
                bottom = sum;
                range -= split;
                assert!(!carries, "24 bits and one of carry fit");
            } else {
                range = split;
            }
            while range < 128 {
                range <<= 1;
                if bottom & 1 << 31 != 0 {
                    carry(&mut out);
                }
                bottom <<= 1;
                left -= 1;
                if left == 0 {
                    out.push((bottom >> 24) as u8);
                    bottom &= (1 << 24) - 1;
                    left = 8;
                }
            }
        }
        out
    }

    fn carry(out: &mut [u8]) {
        for byte in out.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                return;
            }
        }
    }

    fn number(value: u32, bits: u32) -> Vec<bool> {
        (0..bits).rev().map(|bit| value >> bit & 1 == 1).collect()
    }

    /// What a frame says of what it leaves behind.
    #[derive(Debug, Clone, Default)]
    struct Frame {
        is_key: bool,
        segments: Option<(bool, bool)>,
        deltas: Option<Option<[Option<i32>; 8]>>,
        quantizer: [Option<i32>; 5],
        refreshes: [bool; 2],
        copies: [u32; 2],
        keeps_probabilities: bool,
        refreshes_last: bool,
    }

    impl Frame {
        /// Whether an inter frame leaves nothing, if its adjustments are those of before.
        fn leaves_nothing(&self) -> bool {
            self.segments
                .is_none_or(|updates| updates == (false, false))
                && self.refreshes == [false, false]
                && self.copies == [0, 0]
                && !self.keeps_probabilities
                && !self.refreshes_last
        }

        fn packet(&self) -> Vec<u8> {
            let mut bits = number(0b01, if self.is_key { 2 } else { 0 });
            bits.push(self.segments.is_some());
            if let Some((map, features)) = self.segments {
                bits.extend([map, features]);
                if features {
                    bits.push(true);
                    bits.extend(
                        [7, 7, 7, 7, 6, 6, 6, 6]
                            .map(|size| optional(Some(-3), size))
                            .concat(),
                    );
                }
                if map {
                    bits.extend(
                        [
                            [vec![true], number(0xa5, 8)].concat(),
                            vec![false],
                            vec![false],
                        ]
                        .concat(),
                    );
                }
            }
            bits.extend(number(0b01_0101_0011, 10));
            bits.push(self.deltas.is_some());
            if let Some(updates) = self.deltas {
                bits.push(updates.is_some());
                bits.extend(
                    updates
                        .iter()
                        .flatten()
                        .flat_map(|update| optional(*update, 6)),
                );
            }
            bits.extend(number(0b0_1101_0101, 9));
            bits.extend(
                self.quantizer
                    .iter()
                    .flat_map(|update| optional(*update, 4)),
            );
            if self.is_key {
                return [
                    vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 16, 0, 16, 0],
                    encode(&bits),
                ]
                .concat();
            }
            bits.extend(self.refreshes);
            for (refreshed, copied) in self.refreshes.iter().zip(self.copies) {
                bits.extend(number(copied, if *refreshed { 0 } else { 2 }));
            }
            bits.extend([true, false, self.keeps_probabilities, self.refreshes_last]);
            [vec![0x11, 0, 0], encode(&bits)].concat()
        }
    }

    fn optional(value: Option<i32>, bits: u32) -> Vec<bool> {
        value.map_or(vec![false], |value| {
            [
                vec![true],
                number(value.unsigned_abs(), bits),
                vec![value < 0],
            ]
            .concat()
        })
    }

    prop_compose! {
        fn frames()(
            is_key in proptest::bool::weighted(0.2),
            segments in proptest::option::weighted(0.3, any::<(bool, bool)>()),
            deltas in proptest::option::of(proptest::option::of(
                proptest::array::uniform8(proptest::option::weighted(0.8, 1..3i32)),
            )),
            quantizer in proptest::array::uniform5(proptest::option::of(-9..9i32)),
            refreshes in proptest::array::uniform2(proptest::bool::weighted(0.2)),
            copies in proptest::array::uniform2(prop_oneof![4 => Just(0u32), 1 => 1..4u32]),
            keeps_probabilities in proptest::bool::weighted(0.2),
            refreshes_last in proptest::bool::weighted(0.2),
        ) -> Frame {
            let copies = [0, 1].map(|index| if refreshes[index] { 0 } else { copies[index] });
            Frame {
                is_key, segments, deltas, quantizer, refreshes, copies, keeps_probabilities, refreshes_last,
            }
        }
    }

    proptest! {
        #[test]
        fn it_is_as_the_headers_say(frames in proptest::collection::vec(frames(), 1..20)) {
            let mut reader = HeaderReader::default();
            reader.is_disposable(&Frame { is_key: true, ..Frame::default() }.packet());
            let mut deltas = [0; 8];
            for frame in frames {
                let before = if frame.is_key { [0; 8] } else { deltas };
                deltas = before;
                for (delta, update) in deltas.iter_mut().zip(frame.deltas.flatten().unwrap_or_default()) {
                    *delta = update.unwrap_or(*delta);
                }
                let leaves_nothing = !frame.is_key && frame.leaves_nothing() && deltas == before;
                prop_assert_eq!(reader.is_disposable(&frame.packet()), leaves_nothing);
            }
        }

        #[test]
        fn damaged_packets_do_not_panic(packet in proptest::collection::vec(any::<u8>(), 0..40)) {
            HeaderReader::default().is_disposable(&packet);
        }
    }

    #[test]
    fn without_a_key_frame_and_behind_a_short_packet_frames_are_kept() {
        let key = Frame {
            is_key: true,
            ..Frame::default()
        }
        .packet();
        let packet = Frame::default().packet();
        let mut reader = HeaderReader::default();
        assert!(!reader.is_disposable(&packet));
        for length in 0..6 {
            assert!(!reader.is_disposable(&key));
            assert!(reader.is_disposable(&packet));
            assert!(!reader.is_disposable(&packet[..length]));
            assert!(!reader.is_disposable(&packet));
        }
    }
}
