//! Nearest-neighbour scaling: target column `x` shows source column `floor(x * source / target)`,
//! which is what NVIDIA's transform does.

use crate::geometry::Rect;

/// Which source pixel each target pixel shows.
pub(crate) struct Map {
    crop: Rect,
    target: Rect,
    pixel_bytes: usize,
    /// Byte offset in a source row, for each target column.
    columns: Vec<usize>,
}

impl Map {
    /// Scales `crop` of the source to `target` of the destination; neither may be empty.
    pub(crate) fn new(crop: Rect, target: Rect, pixel_bytes: usize) -> Self {
        let columns = (0..target.width)
            .map(|x| (crop.left + scale(x, crop.width, target.width)) as usize * pixel_bytes)
            .collect();
        Self {
            crop,
            target,
            pixel_bytes,
            columns,
        }
    }

    /// The source row that is shown in the `row`-th row of the target rectangle.
    pub(crate) fn source_row(&self, row: u32) -> u32 {
        self.crop.top + scale(row, self.crop.height, self.target.height)
    }

    /// The destination row of the `row`-th row of the target rectangle.
    pub(crate) fn target_row(&self, row: u32) -> usize {
        (self.target.top + row) as usize
    }

    /// Writes the target rectangle's part of a destination row from a whole source row.
    pub(crate) fn scale_row(&self, from: &[u8], to: &mut [u8]) {
        let start = self.target.left as usize * self.pixel_bytes;
        let to = &mut to[start..start + self.columns.len() * self.pixel_bytes];
        if self.crop.width == self.target.width {
            let first = self.columns[0];
            to.copy_from_slice(&from[first..first + to.len()]);
        } else if self.pixel_bytes == 4 {
            gather::<4>(&self.columns, from, to);
        } else {
            for (to, column) in to.chunks_exact_mut(self.pixel_bytes).zip(&self.columns) {
                to.copy_from_slice(&from[*column..*column + self.pixel_bytes]);
            }
        }
    }
}

fn gather<const N: usize>(columns: &[usize], from: &[u8], to: &mut [u8]) {
    for (to, column) in to.as_chunks_mut::<N>().0.iter_mut().zip(columns) {
        to.copy_from_slice(&from[*column..*column + N]);
    }
}

fn scale(position: u32, source: u32, target: u32) -> u32 {
    (u64::from(position) * u64::from(source) / u64::from(target)) as u32
}

/// Zeroes the visible pixels around `target`.
pub(crate) fn clear_around(
    to: &mut [u8],
    pitch: usize,
    (width, height): (u32, u32),
    target: Rect,
    pixel_bytes: usize,
) {
    let row_bytes = (width as usize * pixel_bytes).min(pitch);
    let inside = target.top..target.top + target.height;
    for (row, bytes) in (0..height).zip(to.chunks_mut(pitch)) {
        let bytes = &mut bytes[..row_bytes];
        if inside.contains(&row) {
            clear_beside(bytes, target, pixel_bytes);
        } else {
            bytes.fill(0);
        }
    }
}

/// Zeroes the pixels of a row that are left and right of `target`.
pub(crate) fn clear_beside(row: &mut [u8], target: Rect, pixel_bytes: usize) {
    let left = target.left as usize * pixel_bytes;
    let right = (target.left + target.width) as usize * pixel_bytes;
    row[..left].fill(0);
    row[right..].fill(0);
}
