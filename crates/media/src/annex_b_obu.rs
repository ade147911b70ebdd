//! From AV1 behind sizes (AV1 bitstream specification, annex B) to units that tell their own (section 5).
//!
//! `GStreamer`'s parser (1.22) aborts the process over the former, so it is never shown any.

use gst::prelude::*;
use parking_lot::Mutex;

use crate::obu::{EXTENSION, HAS_SIZE, leb128};

/// Lets a pad that is pushed a stream of annex B take it as one of section 5.
pub(crate) fn translate(pad: &gst::Pad) {
    let translator = Mutex::new(Translator::default());
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
    pad.add_probe(kinds, move |_, info| match &mut info.data {
        Some(gst::PadProbeData::Buffer(buffer)) => {
            let units = buffer
                .map_readable()
                .map(|bytes| translator.lock().push(&bytes))
                .unwrap_or_default();
            if units.is_empty() {
                return gst::PadProbeReturn::Drop;
            }
            *buffer = gst::Buffer::from_slice(units);
            gst::PadProbeReturn::Ok
        }
        Some(gst::PadProbeData::Event(event)) => {
            if matches!(event.view(), gst::EventView::Caps(_)) {
                let caps = gst::Caps::builder("video/x-av1").field("stream-format", "obu-stream");
                *event = gst::event::Caps::new(&caps.build());
            }
            gst::PadProbeReturn::Ok
        }
        _ => gst::PadProbeReturn::Ok,
    });
}

/// Keeps the bytes of a temporal unit until all of them are there.
#[derive(Default)]
struct Translator {
    pending: Vec<u8>,
}

impl Translator {
    /// Takes some bytes of the stream, and returns the units of temporal units that have become complete.
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        let mut units = Vec::new();
        let mut rest = &self.pending[..];
        while let Some(temporal_unit) = sized(&mut rest) {
            // What follows damage inside of a temporal unit cannot be told apart.
            let _ = append_units(temporal_unit, &mut units);
        }
        let done = self.pending.len() - rest.len();
        self.pending.drain(..done);
        units
    }
}

fn append_units(mut temporal_unit: &[u8], to: &mut Vec<u8>) -> Option<()> {
    while !temporal_unit.is_empty() {
        let mut frame_unit = sized(&mut temporal_unit)?;
        while !frame_unit.is_empty() {
            append_unit(sized(&mut frame_unit)?, to)?;
        }
    }
    Some(())
}

fn append_unit(unit: &[u8], to: &mut Vec<u8>) -> Option<()> {
    let (&header, behind) = unit.split_first()?;
    let extension = usize::from(header & EXTENSION != 0);
    let (extension, mut body) = behind.split_at_checked(extension)?;
    if header & HAS_SIZE != 0 {
        body = sized(&mut body)?;
    }
    to.push(header | HAS_SIZE);
    to.extend_from_slice(extension);
    let mut size = body.len();
    while size > 0x7f {
        to.push(size as u8 | 0x80);
        size >>= 7;
    }
    to.push(size as u8);
    to.extend_from_slice(body);
    Some(())
}

/// The bytes behind their size, if they are all there; else `rest` stays as it is.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let mut behind = *rest;
    let size = leb128(&mut behind)?;
    let (bytes, behind) = behind.split_at_checked(size)?;
    *rest = behind;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_get_sizes_of_their_own_however_the_stream_is_cut() {
        let long = [&[201, 1, 0x30][..], &[9; 200]].concat();
        let frame = [&[1, 0x10, 4, 0x0a, 1, 7, 99][..], &long].concat();
        let frame_unit = [&[frame.len() as u8 | 0x80, 1][..], &frame].concat();
        let mut stream = [&[frame_unit.len() as u8 | 0x80, 1][..], &frame_unit].concat();
        // Behind the size that a unit tells itself a byte is left over. Then come a temporal unit with an extension,
        // one that is damaged, and one that is cut off.
        stream.extend([5, 4, 3, 0x14, 0x08, 5, 3, 9, 1, 0x10, 9]);
        let mut expected = vec![0x12, 0, 0x0a, 1, 7, 0x32, 200, 1];
        expected.extend([9; 200]);
        expected.extend([0x16, 0x08, 1, 5]);
        for step in [1, 3, 64, stream.len()] {
            let mut translator = Translator::default();
            let units: Vec<u8> = stream
                .chunks(step)
                .flat_map(|bytes| translator.push(bytes))
                .collect();
            assert_eq!(units, expected, "{step}");
            assert_eq!(translator.pending, [9], "{step}");
        }
    }
}
