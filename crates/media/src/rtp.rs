//! RTP packets that are lost on the way, told by the gaps in their sequence numbers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gst::prelude::*;
use parking_lot::Mutex;

/// Where the sequence number is in a packet (RFC 3550, section 5.1); it is in network order.
const SEQUENCE_OFFSET: usize = 2;
/// A larger gap is a sender that begins anew (RFC 3550, appendix A.1).
const MAX_DROPOUT: u16 = 3000;
/// A packet up to so many numbers late is only late (the same).
const MAX_MISORDER: u16 = 100;

/// How many packets were lost, over all connections of a source.
#[derive(Clone, Default)]
pub(crate) struct LostPackets(Arc<AtomicU64>);

/// The losses of one connection, and what had been lost when each of the access units came that wait to be read.
#[derive(Clone)]
pub(crate) struct Losses {
    total: LostPackets,
    waiting: Arc<Mutex<VecDeque<u64>>>,
}

impl LostPackets {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

impl Losses {
    /// Losses are added to `total`.
    pub(crate) fn new(total: LostPackets) -> Self {
        Self {
            total,
            waiting: Arc::default(),
        }
    }

    /// Counts what is missing at `pad` from now on if video packets pass there, in order.
    pub(crate) fn watch_packets(&self, pad: &gst::Pad, source_name: &str) {
        if !has_video_packets(pad) {
            return;
        }
        let (total, source_name) = (self.total.clone(), source_name.to_owned());
        let sequence = Mutex::new(Sequence::default());
        for_each_buffer(pad, move |packet| {
            let mut sequence = sequence.lock();
            let missing = sequence.missing_before(packet);
            if missing > 0 {
                total.0.fetch_add(missing, Ordering::AcqRel);
                if !std::mem::replace(&mut sequence.has_gaps, true) {
                    tracing::warn!("{source_name}: RTP packets are lost on the way");
                }
            }
        });
    }

    /// Takes note of the access units that enter the queue through `pad`.
    pub(crate) fn watch_queue(&self, pad: &gst::Pad) {
        let Self { total, waiting } = self.clone();
        for_each_buffer(pad, move |_| waiting.lock().push_back(total.get()));
    }

    /// An access unit leaves the queue. Returns how many packets had been lost when it came.
    pub(crate) fn leave_queue(&self) -> u64 {
        let first = self.waiting.lock().pop_front();
        first.unwrap_or_else(|| self.total.get())
    }
}

/// Calls `visit` with all that passes, alone or in lists.
fn for_each_buffer(pad: &gst::Pad, visit: impl Fn(&gst::BufferRef) + Send + Sync + 'static) {
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(kinds, move |_, info| {
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => visit(buffer),
            Some(gst::PadProbeData::BufferList(buffers)) => buffers.iter().for_each(&visit),
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
}

/// Whether RTP packets of video pass at `pad`.
pub(crate) fn has_video_packets(pad: &gst::Pad) -> bool {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    caps.structure(0).is_some_and(|structure| {
        structure.name() == "application/x-rtp"
            && structure
                .get::<&str>("media")
                .map_or(true, |media| media == "video")
    })
}

/// The packets of one stream of a connection.
#[derive(Default)]
struct Sequence {
    next: Option<u16>,
    has_gaps: bool,
}

impl Sequence {
    /// How many packets are missing between the last one and this one.
    fn missing_before(&mut self, packet: &gst::BufferRef) -> u64 {
        let mut number = [0; 2];
        if packet.size() < SEQUENCE_OFFSET + number.len()
            || packet.copy_to_slice(SEQUENCE_OFFSET, &mut number).is_err()
        {
            return 0;
        }
        self.missing_before_number(u16::from_be_bytes(number))
    }

    fn missing_before_number(&mut self, number: u16) -> u64 {
        let missing = self.next.map_or(0, |next| number.wrapping_sub(next));
        if missing >= u16::MAX - MAX_MISORDER {
            return 0;
        }
        self.next = Some(number.wrapping_add(1));
        if missing > MAX_DROPOUT {
            return 0;
        }
        missing.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn missing(numbers: &[u16]) -> Vec<u64> {
        let mut sequence = Sequence::default();
        numbers
            .iter()
            .map(|&number| sequence.missing_before_number(number))
            .collect()
    }

    #[test]
    fn gaps_are_counted_and_restarts_are_not() {
        assert_eq!(missing(&[7, 8, 10, 11]), [0, 0, 1, 0]);
        assert_eq!(missing(&[65_534, 1]), [0, 2]);
        // Late and repeated ones take nothing back and count nothing twice.
        assert_eq!(missing(&[10, 12, 11, 12, 13]), [0, 1, 0, 0, 0]);
        assert_eq!(missing(&[10, 3_011, 3_012, 3_014]), [0, 3_000, 0, 1]);
        assert_eq!(missing(&[10, 3_012, 3_014]), [0, 0, 1]);
        assert_eq!(missing(&[40_000, 10, 12]), [0, 0, 1]);
    }

    proptest! {
        #[test]
        fn every_missing_number_is_counted_once(first: u16, gaps in prop::collection::vec(0..=MAX_DROPOUT, 1..200)) {
            let mut number = first;
            let mut numbers = vec![first];
            for gap in &gaps {
                number = number.wrapping_add(gap + 1);
                numbers.push(number);
            }
            let counted: Vec<_> = missing(&numbers).split_off(1);
            prop_assert_eq!(counted, gaps.into_iter().map(u64::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn packets_are_read_alone_and_in_lists() {
        gst::init().unwrap();
        let pad = gst::Pad::builder(gst::PadDirection::Src).build();
        let lost = LostPackets::default();
        let losses = Losses::new(lost.clone());
        let packet = |number: u8| gst::Buffer::from_slice([0x80, 96, 0, number, 0]);
        let caps = gst::Caps::builder("application/x-rtp");
        pad.set_active(true).unwrap();
        pad.push_event(gst::event::StreamStart::new("stream"));
        pad.push_event(gst::event::Caps::new(&caps.field("media", "video").build()));
        pad.push_event(gst::event::Segment::new(&gst::FormattedSegment::<
            gst::ClockTime,
        >::new()));
        losses.watch_packets(&pad, "camera");
        losses.watch_queue(&pad);
        let push = |number| _ = pad.push(packet(number));
        push(1);
        push(3);
        assert_eq!(lost.get(), 1);
        let packets: gst::BufferList = [4, 6, 9].map(packet).into_iter().collect();
        _ = pad.push_list(packets);
        assert_eq!(lost.get(), 4);
        _ = pad.push(gst::Buffer::from_slice([0x80]));
        assert_eq!(lost.get(), 4);
        // Two alone, the list, the broken one.
        assert_eq!([(); 6].map(|()| losses.leave_queue()), [0, 1, 4, 4, 4, 4]);
    }
}
