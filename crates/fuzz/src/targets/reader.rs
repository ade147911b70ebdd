//! The reader of files: packets, then an end or an error.

use std::path::Path;

use media::{MediaError, PacketReader, PacketReaderOptions};

use super::Outcome;

pub(super) fn run(input: &[u8]) -> Outcome {
    let path = std::env::temp_dir().join(format!("savant-fuzz-{}", std::process::id()));
    let outcome = std::fs::write(&path, input)
        .map_err(|error| error.to_string())
        .and_then(|()| read(&path, input.len()));
    let _ = std::fs::remove_file(&path);
    outcome
}

fn read(path: &Path, size: usize) -> Outcome {
    let Ok(reader) = PacketReader::open(path, PacketReaderOptions::default()) else {
        return Ok(0);
    };
    let mut count = 0;
    for packet in reader {
        match packet {
            Ok(_) => count += 1,
            Err(MediaError::Interrupted) => return Err("nobody interrupted it".into()),
            Err(_) => break,
        }
        // No packet is empty.
        if count > size {
            return Err(format!("more than {size} packets of {size} bytes"));
        }
    }
    Ok(count)
}
