//! Between the coordinates of a source and of the destination it is scaled into.

use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};

/// Where a transform reads and writes, and the map between the coordinates of both.
///
/// Coordinates are continuous: pixel `i` covers `[i, i + 1)`, its centre is `i + 0.5`. So
/// `x' = (x - crop.left) * rect.width / crop.width + rect.left`, and likewise for `y`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LetterboxMap {
    crop: Rect,
    rect: Rect,
}

impl LetterboxMap {
    /// Of the part `crop` of a picture of size `src` (width, height) in a destination of size `dst`.
    ///
    /// # Errors
    /// [`Error::CropOutside`] if nothing of the crop is inside; those of [`TransformConfig::place`].
    pub fn new(
        config: &TransformConfig,
        src: (u32, u32),
        crop: Option<Rect>,
        dst: (u32, u32),
    ) -> Result<Self, Error> {
        let crop = crop.unwrap_or(Rect::covering(src)).clipped_to(src)?;
        let rect = config.place(crop.size(), dst)?;
        Ok(Self { crop, rect })
    }

    /// What is read of the source, in pixels.
    pub fn crop(&self) -> Rect {
        self.crop
    }

    /// What is written of the destination, in pixels.
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// Destination pixels for a source pixel, in x and y.
    pub fn scale(&self) -> [f64; 2] {
        [
            f64::from(self.rect.width) / f64::from(self.crop.width),
            f64::from(self.rect.height) / f64::from(self.crop.height),
        ]
    }

    /// Where the source's (0, 0) lies in the destination: `x' = x * scale + offset`.
    pub fn offset(&self) -> [f64; 2] {
        let mut origin = [0.0; 2];
        self.forward(&mut origin);
        origin
    }

    /// Maps coordinates of the source to the destination, in place: x and y take turns.
    pub fn forward(&self, coordinates: &mut [f64]) {
        let (scale, [from, to]) = (self.scale(), self.corners());
        for point in coordinates.as_chunks_mut::<2>().0 {
            for axis in 0..2 {
                point[axis] = (point[axis] - from[axis]) * scale[axis] + to[axis];
            }
        }
    }

    /// Maps coordinates of the destination to the source, in place: x and y take turns.
    pub fn inverse(&self, coordinates: &mut [f64]) {
        let (scale, [from, to]) = (self.scale(), self.corners());
        for point in coordinates.as_chunks_mut::<2>().0 {
            for axis in 0..2 {
                point[axis] = (point[axis] - to[axis]) / scale[axis] + from[axis];
            }
        }
    }

    /// The left and top of the crop and of the rectangle.
    fn corners(&self) -> [[f64; 2]; 2] {
        [self.crop, self.rect].map(|rect| [f64::from(rect.left), f64::from(rect.top)])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enums::Padding;

    #[test]
    fn the_corners_of_the_crop_are_those_of_the_rectangle() {
        let crop = Rect {
            top: 20,
            left: 10,
            width: 80,
            height: 40,
        };
        let config = TransformConfig::default();
        let map = LetterboxMap::new(&config, (200, 100), Some(crop), (160, 160)).unwrap();
        assert_eq!(map.rect().size(), (160, 80));
        let mut corners = [10.0, 20.0, 90.0, 60.0];
        map.forward(&mut corners);
        assert_eq!(corners.map(|corner| corner as i32), [0, 40, 160, 120]);
        assert_eq!(map.offset().map(|offset| offset as i32), [-20, 0]);
    }

    #[test]
    fn the_crop_is_clipped() {
        let crop = Rect {
            width: 100,
            ..Rect::covering((1, 10))
        };
        let config = TransformConfig::default();
        let map = LetterboxMap::new(&config, (50, 50), Some(crop), (20, 20)).unwrap();
        assert_eq!(map.crop().size(), (50, 10));
    }

    proptest! {
        #[test]
        fn the_inverse_is_the_inverse(
            src in (1u32..4000, 1u32..4000),
            dst in (16u32..4000, 16u32..4000),
            mut points in prop::collection::vec(-5000f64..5000.0, 0..20),
            padding in prop::sample::select(vec![Padding::None, Padding::RightBottom, Padding::Symmetric]),
        ) {
            points.truncate(points.len() / 2 * 2);
            let config = TransformConfig { padding, ..TransformConfig::default() };
            let Ok(map) = LetterboxMap::new(&config, src, None, dst) else {
                return Ok(());
            };
            let mut mapped = points.clone();
            map.forward(&mut mapped);
            map.inverse(&mut mapped);
            for (before, after) in points.iter().zip(mapped) {
                prop_assert!((before - after).abs() <= 1e-9);
            }
        }
    }
}
