//! What letterboxed pictures leave of their slots, made black with few fills.

use super::cuda::Work;
use super::pixels::{self, Black};
use crate::backend::ByteRows;
use crate::backend::plane::{self, Plane};
use crate::error::Error;
use crate::geometry::Rect;
use crate::reader::SlotInfo;

/// Makes `slots`, which have one format, black around `picture`, whose own bytes are not touched: what
/// writes those need not wait for this. Queued only.
///
/// Does nothing and returns `false` in formats that are not in [`VideoFormat`](crate::VideoFormat), and
/// where the picture's edges are odd: there the library leaves a row or a column of it as it was, and a
/// sample of chroma may belong to both sides.
///
/// # Safety
/// The slots belong to live surfaces, and nobody else touches their pixels outside of `picture`.
pub(super) unsafe fn clear_around(
    work: &mut Work<'_>,
    slots: &[&SlotInfo],
    picture: Rect,
) -> Result<bool, Error> {
    let Some(format) = slots.first().and_then(|slot| slot.format()) else {
        return Ok(false);
    };
    let Rect {
        left,
        top,
        width,
        height,
    } = picture;
    if [left, top, width, height].iter().any(|edge| edge % 2 != 0) {
        return Ok(false);
    }
    for (index, samples) in format.info().planes.iter().enumerate() {
        let planes = slots
            .iter()
            .map(|slot| plane::locate(slot, index))
            .collect::<Result<Vec<_>, _>>()?;
        let black = Black::of(format, index);
        if matches!(black, Black::Words(_)) && !planes.iter().all(in_words) {
            return Ok(false);
        }
        let hole = Hole {
            left: samples.row_bytes(left),
            right: samples.row_bytes(left + width),
            top: samples.rows(top) as usize,
            bottom: samples.rows(top + height) as usize,
        };
        for (address, shape) in fills(&planes, &hole) {
            // SAFETY: the fills lie within the planes, which `locate` checked, and outside of the
            // picture; the caller excludes all others from there.
            unsafe { pixels::paint(work, address, shape, black)? };
        }
    }
    Ok(true)
}

fn in_words(plane: &Plane<'_>) -> bool {
    [plane.address, plane.pitch(), plane.writable_row()]
        .iter()
        .all(|value| value % 4 == 0)
}

/// Where the picture is in a plane: bytes of a row, and rows.
#[derive(Debug, Clone)]
struct Hole {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

/// Rows of bytes, each at an address, that are all samples of the planes but those in the hole; whole rows
/// take their padding along.
fn fills(planes: &[Plane<'_>], hole: &Hole) -> Vec<(usize, ByteRows)> {
    let mut fills = Vec::new();
    for plane in planes {
        let rows = |row_bytes| ByteRows {
            row_bytes,
            rows: hole.bottom - hole.top,
            stride: plane.pitch(),
        };
        let row = plane.address + hole.top * plane.pitch();
        fills.push((row, rows(hole.left)));
        let behind = plane.row_bytes().saturating_sub(hole.right);
        fills.push((row + hole.right, rows(behind)));
    }
    bands(planes, |_| 0, |_| hole.top, &mut fills);
    bands(
        planes,
        |_| hole.bottom,
        |plane| plane.picture_rows,
        &mut fills,
    );
    fills.retain(|(_, shape)| shape.packed_size() != 0);
    fills
}

/// Whole rows of all planes: one fill where the planes are alike and evenly spaced, as the slots of a
/// batch are.
fn bands(
    planes: &[Plane<'_>],
    from: impl Fn(&Plane<'_>) -> usize,
    to: impl Fn(&Plane<'_>) -> usize,
    fills: &mut Vec<(usize, ByteRows)>,
) {
    let mut bands: Vec<_> = planes
        .iter()
        .map(|plane| {
            let rows = to(plane).saturating_sub(from(plane));
            let shape = ByteRows {
                row_bytes: plane.writable_row(),
                rows,
                stride: plane.pitch(),
            };
            (plane.address + from(plane) * plane.pitch(), shape)
        })
        .collect();
    bands.sort_unstable_by_key(|(address, _)| *address);
    match stacked(&bands) {
        Some(stack) => fills.push(stack),
        None => fills.append(&mut bands),
    }
}

/// Equal, gapless bands at equal distances as one band each of whose rows is a whole band.
fn stacked(bands: &[(usize, ByteRows)]) -> Option<(usize, ByteRows)> {
    let [(first, shape), (second, _), ..] = *bands else {
        return None;
    };
    let (stride, row_bytes) = (second - first, shape.packed_size());
    let alike = bands.iter().all(|(_, other)| *other == shape);
    let even = bands.windows(2).all(|pair| pair[1].0 - pair[0].0 == stride);
    let fits = shape.row_bytes == shape.stride && row_bytes <= stride;
    (alike && even && fits).then_some((
        first,
        ByteRows {
            row_bytes,
            rows: bands.len(),
            stride,
        },
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::PlaneLayout;

    const PITCH: usize = 32;
    const ROWS: usize = 10;

    fn hole() -> impl Strategy<Value = Hole> {
        (0..=24usize, 0..=24usize, 0..=ROWS, 0..=ROWS).prop_map(|(a, b, c, d)| Hole {
            left: a.min(b),
            right: a.max(b),
            top: c.min(d),
            bottom: c.max(d),
        })
    }

    proptest! {
        #[test]
        fn every_byte_outside_of_the_hole_is_filled_once(
            hole in hole(),
            slots in 1..5usize,
            gap in 0..70usize,
            owns_padding: bool,
            uneven: bool,
        ) {
            let layout = PlaneLayout {
                width: 24,
                height: ROWS as u32,
                pitch: PITCH as u32,
                offset: 0,
                size: 0,
                bytes_per_sample: 1,
            };
            let place = |slot: usize| {
                slot * (PITCH * ROWS + gap) + if uneven && slot > 1 { 5 } else { 0 }
            };
            let planes: Vec<_> = (0..slots)
                .rev()
                .map(|slot| Plane { layout: &layout, address: place(slot), owns_padding, picture_rows: ROWS })
                .collect();
            let size = place(slots - 1) + PITCH * ROWS;
            let mut filled = vec![0u8; size];
            for (address, shape) in fills(&planes, &hole) {
                for row in 0..shape.rows {
                    let start = address + row * shape.stride;
                    filled[start..start + shape.row_bytes].iter_mut().for_each(|byte| *byte += 1);
                }
            }
            let mut expected = vec![0u8; size];
            for slot in 0..slots {
                for (y, x) in (0..ROWS).flat_map(|y| (0..PITCH).map(move |x| (y, x))) {
                    let (row, column) = ((hole.top..hole.bottom).contains(&y), (hole.left..hole.right).contains(&x));
                    let filled = match x {
                        ..24 => !(row && column),
                        _ => owns_padding && !row,
                    };
                    expected[place(slot) + y * PITCH + x] = u8::from(filled);
                }
            }
            prop_assert_eq!(filled, expected);
        }
    }

    #[test]
    fn bands_of_a_batch_are_one_fill() {
        let shape = ByteRows {
            row_bytes: 8,
            rows: 3,
            stride: 8,
        };
        let batch: Vec<_> = (0..8).map(|slot| (100 * slot, shape)).collect();
        let (address, stack) = stacked(&batch).unwrap();
        assert_eq!(
            (address, stack.row_bytes, stack.rows, stack.stride),
            (0, 24, 8, 100)
        );
    }
}
