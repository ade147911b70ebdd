//! Copies between 4:2:0 layouts of the same size: samples move, their values stay.

use super::canvas::Canvas;
use super::deep;
use super::picture::{Picture, PictureLayout};
use crate::format::VideoFormat;

/// How 4:2:0 chroma lies behind the luma plane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chroma {
    /// A plane of Cb and a plane of Cr.
    Separate,
    /// One plane of Cb, Cr pairs.
    Pairs,
    /// One plane of Cr, Cb pairs.
    SwappedPairs,
}

fn of_layout(layout: PictureLayout) -> Option<Chroma> {
    match layout {
        PictureLayout::I420 => Some(Chroma::Separate),
        PictureLayout::Nv12 => Some(Chroma::Pairs),
        PictureLayout::Nv21 => Some(Chroma::SwappedPairs),
        _ => None,
    }
}

fn of_format(format: VideoFormat) -> Option<Chroma> {
    match format {
        VideoFormat::I420 => Some(Chroma::Separate),
        VideoFormat::Nv12 => Some(Chroma::Pairs),
        VideoFormat::Nv21 => Some(Chroma::SwappedPairs),
        _ => None,
    }
}

/// Copies a checked picture onto a canvas of its size, rounded to 8 bits; `false` if either is of
/// another kind.
pub(super) fn copy(picture: &Picture<'_>, canvas: &mut Canvas<'_>) -> bool {
    if picture.is_deep() {
        let planes = deep::reduced(picture);
        return copy(&picture.packed_in_8_bits(&planes), canvas);
    }
    let (Some(from), Some(to)) = (of_layout(picture.layout), of_format(canvas.format())) else {
        return false;
    };
    copy_plane(picture, 0, canvas);
    match (from, to) {
        (Chroma::Separate, Chroma::Separate) => {
            copy_plane(picture, 1, canvas);
            copy_plane(picture, 2, canvas);
        }
        (Chroma::Separate, Chroma::Pairs) => interleave(picture, [1, 2], canvas),
        (Chroma::Separate, Chroma::SwappedPairs) => interleave(picture, [2, 1], canvas),
        (Chroma::Pairs, Chroma::Separate) => split(picture, canvas, [1, 2]),
        (Chroma::SwappedPairs, Chroma::Separate) => split(picture, canvas, [2, 1]),
        (from, to) if from == to => copy_plane(picture, 1, canvas),
        _ => swap(picture, canvas),
    }
    true
}

fn copy_plane(picture: &Picture<'_>, plane: usize, canvas: &mut Canvas<'_>) {
    for (from, to) in picture.rows(plane).zip(canvas.rows(plane)) {
        to.copy_from_slice(from);
    }
}

fn interleave(picture: &Picture<'_>, [first, second]: [usize; 2], canvas: &mut Canvas<'_>) {
    let from = picture.rows(first).zip(picture.rows(second));
    for ((first, second), to) in from.zip(canvas.rows(1)) {
        let pairs = to.as_chunks_mut::<2>().0.iter_mut();
        for ((pair, first), second) in pairs.zip(first).zip(second) {
            *pair = [*first, *second];
        }
    }
}

fn split(picture: &Picture<'_>, canvas: &mut Canvas<'_>, planes: [usize; 2]) {
    for (index, plane) in planes.into_iter().enumerate() {
        for (from, to) in picture.rows(1).zip(canvas.rows(plane)) {
            for (sample, pair) in to.iter_mut().zip(from.as_chunks::<2>().0) {
                *sample = pair[index];
            }
        }
    }
}

fn swap(picture: &Picture<'_>, canvas: &mut Canvas<'_>) {
    for (from, to) in picture.rows(1).zip(canvas.rows(1)) {
        let pairs = to.as_chunks_mut::<2>().0.iter_mut();
        for (to, [first, second]) in pairs.zip(from.as_chunks::<2>().0) {
            *to = [*second, *first];
        }
    }
}
