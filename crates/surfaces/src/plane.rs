//! The planes of a view, as arrays of bytes in place.

use crate::backend::{ByteRows, locate_plane};
use crate::error::Error;
use crate::view::SurfaceView;

/// Most dimensions of a [`PlaneDescription`].
pub const MAX_DIMENSIONS: usize = 4;

/// The visible bytes of one plane, in place: an array of rows of samples.
///
/// The shape is `(rows, samples)`, or `(rows, samples, bytes of a sample)` where a sample has more
/// than one byte, such as an RGBA pixel or an interleaved chroma pair. A [`stack`](Self::stack) of
/// planes has one dimension more, in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneDescription {
    /// Address of the first byte.
    pub address: usize,
    dimensions: usize,
    shape: [usize; MAX_DIMENSIONS],
    strides: [usize; MAX_DIMENSIONS],
}

impl PlaneDescription {
    /// Extent of each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.shape[..self.dimensions]
    }

    /// Bytes from one element of a dimension to the next.
    pub fn strides(&self) -> &[usize] {
        &self.strides[..self.dimensions]
    }

    /// Planes of one shape that follow each other at even distances, as one array.
    ///
    /// # Errors
    /// [`Error::NoArray`].
    pub fn stack(planes: &[Self]) -> Result<Self, Error> {
        let no_array = |reason| Error::NoArray { reason };
        let &[first, ..] = planes else {
            return Err(no_array("no slot is filled"));
        };
        let extent = first.shape[0] * first.strides[0];
        let distance = planes.get(1).map_or(extent, |second| {
            second.address.saturating_sub(first.address)
        });
        let mut expected = first;
        for plane in planes {
            if distance < extent || *plane != expected {
                return Err(no_array(
                    "its slots are not evenly spaced pictures of one size",
                ));
            }
            expected.address = expected.address.wrapping_add(distance);
        }
        let in_front = |number, [a, b, c, _]: [usize; MAX_DIMENSIONS]| [number, a, b, c];
        Ok(Self {
            address: first.address,
            dimensions: first.dimensions + 1,
            shape: in_front(planes.len(), first.shape),
            strides: in_front(distance, first.strides),
        })
    }
}

/// The visible part of one plane.
struct Visible {
    rows: usize,
    samples: usize,
    bytes_per_sample: usize,
}

impl Visible {
    fn packed(&self) -> ByteRows {
        ByteRows::packed(self.samples * self.bytes_per_sample, self.rows)
    }
}

impl SurfaceView {
    /// The planes, in memory order; a format with interleaved pixels has one.
    ///
    /// # Errors
    /// [`Error::NotNvBufSurface`] for memory without an address.
    pub fn planes(&self) -> Result<Vec<PlaneDescription>, Error> {
        self.visible_planes()
            .enumerate()
            .map(|(index, visible)| {
                let plane = locate_plane(self.slot(), index)?;
                plane.check(visible.packed())?;
                let bytes = visible.bytes_per_sample;
                Ok(PlaneDescription {
                    address: plane.address,
                    dimensions: if bytes == 1 { 2 } else { 3 },
                    shape: [visible.rows, visible.samples, bytes, 1],
                    strides: [plane.pitch(), bytes, 1, 1],
                })
            })
            .collect()
    }

    /// The only plane of a surface with interleaved pixels.
    ///
    /// # Errors
    /// [`Error::MultiPlane`], [`Error::NotNvBufSurface`].
    pub fn interleaved_plane(&self, operation: &'static str) -> Result<PlaneDescription, Error> {
        self.interleaved_channels(operation)?;
        self.planes()?
            .first()
            .copied()
            .ok_or_else(|| Error::NotNvBufSurface {
                reason: "the slot has no plane".to_owned(),
            })
    }

    /// The visible part of each plane, without padding.
    pub(crate) fn packed_planes(&self) -> impl Iterator<Item = ByteRows> + '_ {
        self.visible_planes().map(|visible| visible.packed())
    }

    fn visible_planes(&self) -> impl Iterator<Item = Visible> + '_ {
        let format = self.slot().format();
        self.slot()
            .planes()
            .iter()
            .enumerate()
            .map(move |(index, plane)| {
                let visible = format.and_then(|format| format.info().planes.get(index));
                // A format that we do not allocate is used with the plane sizes it states.
                let (samples, rows) = visible.map_or((plane.width, plane.height), |visible| {
                    (visible.samples(self.width()), visible.rows(self.height()))
                });
                Visible {
                    rows: rows as usize,
                    samples: samples as usize,
                    bytes_per_sample: plane.bytes_per_sample as usize,
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::VideoFormat;
    use crate::pool::{BufferGenerator, GeneratorConfig};
    use crate::wait::Wait;

    fn planes(format: VideoFormat) -> Vec<(Vec<usize>, Vec<usize>)> {
        let config = GeneratorConfig::new(format, 9, 5);
        let buffer = BufferGenerator::new(config)
            .unwrap()
            .acquire(Wait::forever())
            .unwrap();
        let planes = SurfaceView::from_buffer(&buffer, 0, 0)
            .unwrap()
            .planes()
            .unwrap();
        planes
            .iter()
            .map(|plane| (plane.shape().to_vec(), plane.strides().to_vec()))
            .collect()
    }

    fn plane(address: usize) -> PlaneDescription {
        PlaneDescription {
            address,
            dimensions: 3,
            shape: [2, 3, 4, 1],
            strides: [16, 4, 1, 1],
        }
    }

    #[test]
    fn planes_at_even_distances_are_one_array() {
        let stacked = PlaneDescription::stack(&[plane(100), plane(140), plane(180)]).unwrap();
        assert_eq!(stacked.address, 100);
        assert_eq!(stacked.shape(), [3, 2, 3, 4]);
        assert_eq!(stacked.strides(), [40, 16, 4, 1]);
        let alone = PlaneDescription::stack(&[plane(100)]).unwrap();
        assert_eq!((alone.shape()[0], alone.strides()[0]), (1, 32));
    }

    #[test]
    fn other_planes_are_no_array() {
        let wide = PlaneDescription {
            shape: [2, 4, 4, 1],
            ..plane(140)
        };
        for planes in [
            &[][..],
            &[plane(100), wide],
            &[plane(100), plane(131)],
            &[plane(100), plane(60)],
            &[plane(100), plane(140), plane(190)],
        ] {
            let result = PlaneDescription::stack(planes);
            assert!(matches!(result, Err(Error::NoArray { .. })), "{planes:?}");
        }
    }

    #[test]
    fn chroma_of_odd_sizes_is_rounded_up() {
        let luma = (vec![5, 9], vec![512, 1]);
        let pairs = (vec![3, 5, 2], vec![512, 2, 1]);
        let chroma = (vec![3, 5], vec![256, 1]);
        assert_eq!(planes(VideoFormat::Nv12), [luma.clone(), pairs]);
        assert_eq!(
            planes(VideoFormat::I420),
            [luma.clone(), chroma.clone(), chroma]
        );
        assert_eq!(planes(VideoFormat::Gray8), [luma]);
        assert_eq!(
            planes(VideoFormat::Bgrx),
            [(vec![5, 9, 4], vec![512, 4, 1])]
        );
    }
}
