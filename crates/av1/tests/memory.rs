//! Nothing stays allocated of pictures that were decoded, damaged or not there.

use savant_av1::{Decoder, Error, Settings};

/// A gray picture of 64x64 pixels.
const PICTURE: &[u8] = &[
    0x12, 0x00, 0x0a, 0x0a, 0x00, 0x00, 0x00, 0x02, 0xaf, 0xff, 0x8d, 0x5f, 0x30, 0x08, 0x32, 0x0d,
    0x10, 0x00, 0xba, 0x02, 0x08, 0x20, 0x41, 0x01, 0x00, 0x00, 0x08, 0x98, 0x20,
];
const ROUNDS: i64 = 100;

/// The bytes that are allocated in the process.
fn allocated() -> usize {
    // SAFETY: the function only counts.
    let counts = unsafe { libc::mallinfo2() };
    counts.uordblks + counts.hblkhd
}

/// Sends a packet that is taken at once, and counts the pictures that come out, each of which must be as the stream has
/// it.
fn decode(decoder: &mut Decoder, packet: &[u8], key: i64) -> usize {
    let _ = decoder.send(packet, key);
    let mut pictures = 0;
    loop {
        match decoder.picture() {
            Ok(picture) => {
                assert_eq!((picture.width(), picture.height()), (64, 64));
                assert_eq!((picture.bits(), picture.key()), (8, key));
                let (luma, stride) = picture.plane(0);
                assert!(luma.chunks(stride).all(|row| row[..64] == [128; 64]));
                assert_eq!(picture.plane(1).0.len(), 32 * picture.plane(1).1);
                assert!(picture.plane(3).0.is_empty());
                pictures += 1;
            }
            Err(Error::Again) => return pictures,
            Err(Error::Failed(_)) => {}
        }
    }
}

#[test]
fn pictures_leave_nothing_behind() {
    let settings = Settings {
        threads: 1,
        pictures_at_once: 0,
        max_pixels: 1 << 16,
    };
    let mut decoder = Decoder::new(settings).expect("it needs nothing");
    let mut damaged = PICTURE.to_vec();
    damaged[20] ^= 0xff;
    let mut round = |key| {
        let _ = decode(&mut decoder, &damaged, key);
        let _ = decode(&mut decoder, &[], key);
        assert_eq!(decode(&mut decoder, PICTURE, key), 1);
    };
    for key in 0..ROUNDS {
        round(key);
    }
    let before = allocated();
    for key in 0..ROUNDS {
        round(key);
    }
    let grown = allocated().saturating_sub(before);
    assert!(grown < 1024, "{grown} bytes in {ROUNDS} rounds");
}
