//! What is read of packets before a decoder gets them.

use decoders::fuzzing::HeaderReader;

use crate::stream::Stream;

pub(super) fn run(input: &[u8]) -> usize {
    let Stream {
        codec,
        size,
        packets,
    } = Stream::from_bytes(input);
    let mut reader = HeaderReader::new(codec, (size.0.into(), size.1.into()));
    let mut good = 0;
    for packet in packets {
        media::length_prefixed(&packet);
        good += usize::from(reader.read(packet.into()));
    }
    good
}
