//! The pixels of a surface, for writing.

use crate::backend::ByteRows;
use crate::format::VideoFormat;

/// What a picture is drawn on: the planes of a surface or of a copy of it in ordinary memory.
pub struct Canvas<'a> {
    format: VideoFormat,
    size: (u32, u32),
    /// Rows and the bytes from one to the next, of each plane of the format.
    planes: Vec<(&'a mut [u8], usize)>,
}

impl<'a> Canvas<'a> {
    /// A canvas of `size` pixels on rows and the bytes from one to the next, for each plane of the format.
    /// Each plane must hold the rows that the size needs; drawing panics otherwise.
    pub fn new(format: VideoFormat, size: (u32, u32), planes: Vec<(&'a mut [u8], usize)>) -> Self {
        debug_assert_eq!(planes.len(), format.info().planes.len());
        Self {
            format,
            size,
            planes,
        }
    }

    /// Bytes that a canvas without padding needs.
    pub fn packed_size(format: VideoFormat, size: (u32, u32)) -> usize {
        plane_shapes(format, size)
            .map(|shape| shape.packed_size())
            .sum()
    }

    /// A canvas without padding in `bytes`, plane after plane.
    ///
    /// # Panics
    /// If there are fewer bytes than [`packed_size`](Self::packed_size).
    pub fn packed(format: VideoFormat, size: (u32, u32), mut bytes: &'a mut [u8]) -> Self {
        let planes = plane_shapes(format, size)
            .map(|shape| {
                let (plane, rest) = std::mem::take(&mut bytes).split_at_mut(shape.packed_size());
                bytes = rest;
                (plane, shape.row_bytes)
            })
            .collect();
        Self::new(format, size, planes)
    }

    /// The pixel format.
    pub fn format(&self) -> VideoFormat {
        self.format
    }

    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// A plane with its padding, and the bytes from one row to the next. After the last row there may be
    /// no padding.
    ///
    /// # Panics
    /// If the format has no such plane.
    pub fn plane(&mut self, index: usize) -> (&mut [u8], usize) {
        let (bytes, pitch) = &mut self.planes[index];
        (bytes, *pitch)
    }

    /// A row of a plane without padding.
    pub(super) fn row(&mut self, plane: usize, row: u32) -> &mut [u8] {
        let row_bytes = self.format.info().planes[plane].row_bytes(self.size.0);
        let (bytes, pitch) = self.plane(plane);
        &mut bytes[row as usize * pitch..][..row_bytes]
    }

    /// The rows of a plane without padding.
    pub(crate) fn rows(&mut self, index: usize) -> impl Iterator<Item = &mut [u8]> {
        let format = &self.format.info().planes[index];
        let (row_bytes, rows) = (format.row_bytes(self.size.0), format.rows(self.size.1));
        let (bytes, pitch) = self.plane(index);
        bytes
            .chunks_mut(pitch)
            .take(rows as usize)
            .map(move |row| &mut row[..row_bytes])
    }
}

/// The rows of each plane of a picture, whole samples included.
pub(crate) fn plane_shapes(
    format: VideoFormat,
    (width, height): (u32, u32),
) -> impl Iterator<Item = ByteRows> {
    format
        .info()
        .planes
        .iter()
        .map(move |plane| ByteRows::packed(plane.row_bytes(width), plane.rows(height) as usize))
}
