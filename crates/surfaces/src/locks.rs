//! Locking the pixels of several buffers.

use crate::error::Error;
use crate::shared_buffer::SharedBuffer;

/// Each buffer once, in the order in which all who lock several do it: otherwise two of them could
/// wait for each other.
pub(crate) fn in_lock_order<'a>(
    buffers: impl Iterator<Item = &'a SharedBuffer>,
) -> impl Iterator<Item = &'a SharedBuffer> {
    let mut buffers: Vec<_> = buffers.collect();
    buffers.sort_unstable_by_key(|buffer| buffer.lock_order());
    buffers.dedup_by(|one, other| one.is_same(other));
    buffers.into_iter()
}

/// Excludes writers from the pixels of `sources`, and everybody from those of `dst`.
///
/// # Errors
/// [`Error::SourceIsDestination`], [`Error::NotWritable`], [`Error::ReadOnly`].
pub(crate) fn lock_for_transform<'a>(
    sources: impl Iterator<Item = &'a SharedBuffer>,
    dst: &'a SharedBuffer,
) -> Result<impl Sized + 'a, Error> {
    let sources: Vec<_> = sources.collect();
    if sources.iter().any(|source| source.is_same(dst)) {
        return Err(Error::SourceIsDestination);
    }
    let (mut reading, mut writing) = (Vec::new(), None);
    for buffer in in_lock_order(sources.into_iter().chain([dst])) {
        if buffer.is_same(dst) {
            writing = Some(buffer.lock_pixels_mut()?);
        } else {
            reading.push(buffer.lock_pixels());
        }
    }
    Ok((reading, writing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lock_in_one_order_whatever_they_were_given_in() {
        gst::init().unwrap();
        let buffers: Vec<_> = (0..4)
            .map(|_| SharedBuffer::from_buffer(gst::Buffer::new()))
            .collect();
        let order = |numbers: &[usize]| -> Vec<_> {
            in_lock_order(numbers.iter().map(|number| &buffers[*number]))
                .map(SharedBuffer::as_ptr)
                .collect()
        };
        let expected = order(&[0, 1, 2, 3]);
        assert_eq!(expected.len(), 4);
        for numbers in [&[3, 2, 1, 0][..], &[2, 0, 3, 1], &[1, 3, 1, 0, 2, 0]] {
            assert_eq!(order(numbers), expected, "{numbers:?}");
        }
    }
}
