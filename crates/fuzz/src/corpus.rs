//! Undamaged inputs: the repository's test clips.

use std::path::{Path, PathBuf};

use media::{MediaError, PacketReader, PacketReaderOptions, StreamFormat};

use crate::stream::Stream;

/// Packets of each clip: a decoder gets a few pictures out of them and is soon done.
const PACKETS: usize = 12;
/// Larger files would take the time of many small ones.
const MAX_FILE: u64 = 140_000;
const FOLDERS: [&str; 3] = ["", "containers", "stills"];
/// With what media files end; other files lie beside them.
const ENDINGS: [&str; 9] = [
    "mp4", "mkv", "webm", "ts", "ivf", "h264", "hevc", "jpg", "png",
];

/// The folder of the test clips.
fn clips() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clips")
}

/// All small clips, sorted by name.
fn paths() -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for folder in FOLDERS {
        for entry in std::fs::read_dir(clips().join(folder))? {
            let path = entry?.path();
            let is_media = path
                .extension()
                .is_some_and(|ending| ENDINGS.iter().any(|&known| ending == known));
            if is_media && path.metadata()?.len() <= MAX_FILE {
                paths.push(path);
            }
        }
    }
    paths.sort();
    Ok(paths)
}

/// The bytes of each clip.
pub fn files() -> std::io::Result<Vec<Vec<u8>>> {
    paths()?.into_iter().map(std::fs::read).collect()
}

/// The first packets of each clip, as the bytes of a [`Stream`]; those of H.264 and HEVC in both framings.
pub fn streams() -> std::io::Result<Vec<Vec<u8>>> {
    let mut streams = Vec::new();
    for path in paths()? {
        for stream_format in [StreamFormat::AnnexB, StreamFormat::Avc] {
            // There are clips without a codec that is known here.
            if let Ok(Some(stream)) = stream(&path, stream_format) {
                streams.push(stream.to_bytes());
            }
        }
    }
    streams.sort();
    streams.dedup();
    Ok(streams)
}

fn stream(path: &Path, stream_format: StreamFormat) -> Result<Option<Stream>, MediaError> {
    let options = PacketReaderOptions {
        stream_format,
        ..PacketReaderOptions::default()
    };
    let packets = PacketReader::open(path, options)?
        .take(PACKETS)
        .collect::<Result<Vec<_>, _>>()?;
    let Some(info) = packets.first().map(|packet| packet.frame.info()) else {
        return Ok(None);
    };
    Ok(info.codec.map(|codec| Stream {
        codec,
        size: (info.width as u16, info.height as u16),
        packets: packets.iter().map(|packet| packet.data.to_vec()).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_clips_have_every_codec_and_both_framings() {
        let streams: Vec<Stream> = streams()
            .expect("clips")
            .iter()
            .map(|bytes| Stream::from_bytes(bytes))
            .collect();
        let codecs: HashSet<_> = streams.iter().map(|stream| stream.codec).collect();
        assert_eq!(codecs.len(), 7, "{codecs:?}");
        let starts_with_code = |stream: &&Stream| stream.packets[0].starts_with(&[0, 0, 0, 1]);
        assert!(streams.iter().any(|stream| starts_with_code(&stream)));
    }
}
