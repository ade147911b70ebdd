//! Copies between layouts of the same size: samples move, their values stay.

use std::ops::RangeInclusive;

use super::canvas::Canvas;
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

/// What a copy does.
#[derive(Clone, Copy)]
enum Copy {
    /// Takes the luma plane alone.
    Luma,
    /// Takes the luma plane and adds neutral chroma planes.
    Grey,
    /// Moves 4:2:0 samples from one order to another.
    Chroma(Chroma, Chroma),
    /// Packs 4:2:2 planes.
    Pack,
}

fn plan(layout: PictureLayout, format: VideoFormat) -> Option<Copy> {
    use PictureLayout::{Gray8, I420, I422, I444, Nv12, Nv21};
    let to = of_format(format);
    match (layout, format) {
        (I420 | I422 | I444 | Nv12 | Nv21 | Gray8, VideoFormat::Gray8) => Some(Copy::Luma),
        (Gray8, _) => to.map(|_| Copy::Grey),
        (I422, VideoFormat::Uyvy) => Some(Copy::Pack),
        _ => Some(Copy::Chroma(of_layout(layout)?, to?)),
    }
}

/// Copies a checked picture onto a canvas of its size; `false` if the canvas does not hold the same
/// samples.
pub(super) fn copy(picture: &Picture<'_>, canvas: &mut Canvas<'_>) -> bool {
    let copy = plan(picture.layout, canvas.format()).filter(|_| !picture.is_deep());
    if let Some(copy) = copy {
        run(copy, picture, canvas);
    }
    copy.is_some()
}

fn run(copy: Copy, picture: &Picture<'_>, canvas: &mut Canvas<'_>) {
    if let Copy::Pack = copy {
        let rows = picture.rows(0).zip(picture.rows(1)).zip(picture.rows(2));
        for (((luma, cb), cr), to) in rows.zip(canvas.rows(0)) {
            pack(luma, [cb, cr], to);
        }
        return;
    }
    copy_plane(picture, 0, canvas);
    match copy {
        Copy::Luma | Copy::Pack => {}
        Copy::Grey => {
            for plane in 1..canvas.format().info().planes.len() {
                canvas.rows(plane).for_each(|row| row.fill(128));
            }
        }
        Copy::Chroma(Chroma::Separate, Chroma::Separate) => {
            copy_plane(picture, 1, canvas);
            copy_plane(picture, 2, canvas);
        }
        Copy::Chroma(Chroma::Separate, Chroma::Pairs) => interleave(picture, [1, 2], canvas),
        Copy::Chroma(Chroma::Separate, Chroma::SwappedPairs) => {
            interleave(picture, [2, 1], canvas);
        }
        Copy::Chroma(Chroma::Pairs, Chroma::Separate) => split(picture, canvas, [1, 2]),
        Copy::Chroma(Chroma::SwappedPairs, Chroma::Separate) => split(picture, canvas, [2, 1]),
        Copy::Chroma(from, to) if from == to => copy_plane(picture, 1, canvas),
        Copy::Chroma(..) => swap(picture, canvas),
    }
}

/// Writes rows that share their chroma: one or two of luma, with Cb and Cr at half the width.
pub(super) fn write_rows(
    canvas: &mut Canvas<'_>,
    rows: RangeInclusive<u32>,
    luma: [&[u8]; 2],
    [cb, cr]: [&[u8]; 2],
) {
    let first = *rows.start();
    if canvas.format() == VideoFormat::Uyvy {
        return pack(luma[0], [cb, cr], canvas.row(0, first));
    }
    for (row, luma) in rows.zip(luma) {
        canvas.row(0, row).copy_from_slice(luma);
    }
    match of_format(canvas.format()) {
        Some(Chroma::Separate) => {
            canvas.row(1, first / 2).copy_from_slice(cb);
            canvas.row(2, first / 2).copy_from_slice(cr);
        }
        Some(Chroma::Pairs) => pair(cb, cr, canvas.row(1, first / 2)),
        Some(Chroma::SwappedPairs) => pair(cr, cb, canvas.row(1, first / 2)),
        None => {}
    }
}

/// Packs a row as U, Y, V, Y; an odd width ends with U, Y.
fn pack(luma: &[u8], [cb, cr]: [&[u8]; 2], to: &mut [u8]) {
    let (pairs, last) = luma.as_chunks::<2>();
    let (to, to_last) = to.as_chunks_mut::<4>();
    for (((to, luma), cb), cr) in to.iter_mut().zip(pairs).zip(cb).zip(cr) {
        *to = [*cb, luma[0], *cr, luma[1]];
    }
    if let ([luma], [.., cb], [to_cb, to_luma]) = (last, cb, to_last) {
        (*to_cb, *to_luma) = (*cb, *luma);
    }
}

fn pair(first: &[u8], second: &[u8], to: &mut [u8]) {
    let pairs = to.as_chunks_mut::<2>().0.iter_mut();
    for ((pair, first), second) in pairs.zip(first).zip(second) {
        *pair = [*first, *second];
    }
}

fn copy_plane(picture: &Picture<'_>, plane: usize, canvas: &mut Canvas<'_>) {
    for (from, to) in picture.rows(plane).zip(canvas.rows(plane)) {
        to.copy_from_slice(from);
    }
}

fn interleave(picture: &Picture<'_>, [first, second]: [usize; 2], canvas: &mut Canvas<'_>) {
    let from = picture.rows(first).zip(picture.rows(second));
    for ((first, second), to) in from.zip(canvas.rows(1)) {
        pair(first, second, to);
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
