//! A 64-bit key that finds the way back from an element's output to what was put in.
//!
//! Video decoders of GStreamer carry it from the encoded buffer to the picture, whatever the
//! timestamps are.

use std::sync::OnceLock;

use super::carrier::{self, MetaInfo, Payload};

#[derive(Clone, Default)]
struct FlightKey(u64);

// SAFETY: `info` returns the registration of `FlightKey`.
unsafe impl Payload for FlightKey {
    fn info() -> MetaInfo {
        static INFO: OnceLock<MetaInfo> = OnceLock::new();
        *INFO.get_or_init(|| carrier::register::<FlightKey>("SavantFlightKeyMeta"))
    }
}

/// Puts the key on the buffer, replacing an older one.
pub fn attach(buffer: &mut gst::BufferRef, key: u64) {
    carrier::set(buffer, FlightKey(key));
}

/// The key on the buffer.
pub fn read(buffer: &gst::BufferRef) -> Option<u64> {
    carrier::get::<FlightKey>(buffer).map(|key| key.0)
}

#[cfg(test)]
mod tests {
    use gst::prelude::*;

    use super::*;

    #[test]
    fn key_follows_copies_and_can_be_replaced() {
        gst::init().unwrap();
        let mut buffer = gst::Buffer::from_slice([0u8; 100]);
        assert_eq!(read(&buffer), None);
        attach(buffer.make_mut(), 7);
        attach(buffer.make_mut(), u64::MAX);
        assert_eq!(read(&buffer), Some(u64::MAX));
        assert_eq!(read(&buffer.copy()), Some(u64::MAX));
        assert_eq!(read(&buffer.copy_deep().unwrap()), Some(u64::MAX));
        assert_eq!(
            read(
                &buffer
                    .copy_region(gst::BufferCopyFlags::META, 10..20)
                    .unwrap()
            ),
            Some(u64::MAX)
        );
    }

    /// `GstVideoDecoder` keeps metas without tags; pngdec is one.
    #[test]
    fn key_passes_a_video_decoder() {
        gst::init().unwrap();
        let mut png_bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut png_bytes, 16, 16);
        encoder.set_color(png::ColorType::Rgba);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&[9; 16 * 16 * 4])
            .unwrap();

        let pipeline = gst::parse::launch("appsrc name=in caps=image/png ! pngdec ! fakesink name=out sync=false signal-handoffs=true")
            .unwrap()
            .downcast::<gst::Pipeline>()
            .unwrap();
        let keys = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
        let seen = keys.clone();
        pipeline
            .by_name("out")
            .unwrap()
            .connect("handoff", false, move |values| {
                seen.lock()
                    .push(read(&values[1].get::<gst::Buffer>().unwrap()));
                None
            });
        pipeline.set_state(gst::State::Playing).unwrap();
        let input = pipeline.by_name("in").unwrap();
        for key in [3u64, 1, 2] {
            let mut buffer = gst::Buffer::from_slice(png_bytes.clone());
            attach(buffer.make_mut(), key);
            let pushed = input.emit_by_name::<gst::FlowReturn>("push-buffer", &[&buffer]);
            assert_eq!(pushed, gst::FlowReturn::Ok);
        }
        crate::send_eos(&input).unwrap();
        let message = pipeline.bus().unwrap().timed_pop_filtered(
            gst::ClockTime::from_seconds(10),
            &[gst::MessageType::Eos, gst::MessageType::Error],
        );
        pipeline.set_state(gst::State::Null).unwrap();
        assert_eq!(
            message.map(|message| message.type_()),
            Some(gst::MessageType::Eos)
        );
        assert_eq!(*keys.lock(), [Some(3), Some(1), Some(2)]);
    }
}
