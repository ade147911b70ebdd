//! A stream of packets as flat bytes.

use frames::Codec;

/// Codecs in the order of the byte that stands for them.
const CODECS: [Codec; 8] = [
    Codec::H264,
    Codec::Hevc,
    Codec::Vp8,
    Codec::Vp9,
    Codec::Av1,
    Codec::Jpeg,
    Codec::SwJpeg,
    Codec::Png,
];

/// Declared sides are 1 to this many pixels. What the payload says of its size is not bounded.
const MAX_SIDE: u16 = 1024;

/// The packets of a stream, in decode order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// The declared codec.
    pub codec: Codec,
    /// The declared width and height in pixels.
    pub size: (u16, u16),
    /// The encoded data.
    pub packets: Vec<Vec<u8>>,
}

impl Stream {
    /// Any bytes are a stream: codec, width and height, then packets behind their lengths; big-endian. What is missing
    /// is 0, and lengths beyond the end reach to the end.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (head, mut rest) = bytes.split_at(bytes.len().min(5));
        let at = |index: usize| head.get(index).copied().unwrap_or_default();
        let side =
            |index| u16::from_be_bytes([at(index), at(index + 1)]).wrapping_sub(1) % MAX_SIDE + 1;
        let mut packets = Vec::new();
        while let Some((length, behind)) = rest.split_first_chunk() {
            let length = u32::from_be_bytes(*length) as usize;
            let (packet, tail) = behind.split_at(length.min(behind.len()));
            packets.push(packet.to_vec());
            rest = tail;
        }
        Self {
            codec: CODECS[usize::from(at(0)) % CODECS.len()],
            size: (side(1), side(3)),
            packets,
        }
    }

    /// The bytes of which [`from_bytes`](Self::from_bytes) makes this stream.
    pub fn to_bytes(&self) -> Vec<u8> {
        let codec = CODECS.iter().position(|&codec| codec == self.codec);
        let mut bytes = vec![codec.unwrap_or_default() as u8];
        bytes.extend(self.size.0.to_be_bytes());
        bytes.extend(self.size.1.to_be_bytes());
        for packet in &self.packets {
            bytes.extend((packet.len() as u32).to_be_bytes());
            bytes.extend(packet);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_survives_as_bytes() {
        for codec in CODECS {
            let stream = Stream {
                codec,
                size: (320, 1024),
                packets: vec![vec![1, 2, 3], vec![], vec![4]],
            };
            assert_eq!(Stream::from_bytes(&stream.to_bytes()), stream);
        }
    }

    #[test]
    fn any_bytes_are_a_stream() {
        assert_eq!(Stream::from_bytes(&[]).packets, Vec::<Vec<u8>>::new());
        let cut = Stream::from_bytes(&[250, 0, 0, 255, 255, 0, 0, 0, 9, 7, 7]);
        assert_eq!(cut.packets, [[7, 7]]);
        assert!((1..=MAX_SIDE).contains(&cut.size.0) && (1..=MAX_SIDE).contains(&cut.size.1));
    }
}
