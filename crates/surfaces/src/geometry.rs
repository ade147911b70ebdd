//! Rectangles, transform settings and letterboxing. Pure computation, all sizes in pixels.

use crate::enums::{ComputeMode, Interpolation, Padding};
use crate::error::Error;

/// The least width and height that `dst_padding` may leave.
const MIN_PADDED_SIDE: u32 = 16;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rect {
    /// Distance from the top edge.
    pub top: u32,
    /// Distance from the left edge.
    pub left: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Rect {
    /// The rectangle that covers a `width` x `height` picture.
    pub const fn covering((width, height): (u32, u32)) -> Self {
        Self {
            top: 0,
            left: 0,
            width,
            height,
        }
    }

    /// The size as (width, height).
    pub const fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The part inside a `width` x `height` picture.
    ///
    /// # Errors
    /// [`Error::CropOutside`] if nothing is left.
    pub fn clipped_to(self, (width, height): (u32, u32)) -> Result<Self, Error> {
        let clipped = Self {
            width: self.width.min(width.saturating_sub(self.left)),
            height: self.height.min(height.saturating_sub(self.top)),
            ..self
        };
        if clipped.width == 0 || clipped.height == 0 {
            return Err(Error::CropOutside {
                rect: self,
                width,
                height,
            });
        }
        Ok(clipped)
    }
}

/// Room kept free at the edges of a destination, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DstPadding {
    /// At the left edge.
    pub left: u32,
    /// At the top edge.
    pub top: u32,
    /// At the right edge.
    pub right: u32,
    /// At the bottom edge.
    pub bottom: u32,
}

impl DstPadding {
    /// The same room on all sides.
    pub const fn uniform(value: u32) -> Self {
        Self {
            left: value,
            top: value,
            right: value,
            bottom: value,
        }
    }
}

/// How a picture is scaled into a destination.
///
/// The default is symmetric letterboxing with bilinear interpolation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TransformConfig {
    /// Placement.
    pub padding: Padding,
    /// Room kept free at the destination's edges.
    pub dst_padding: Option<DstPadding>,
    /// Interpolation.
    pub interpolation: Interpolation,
    /// Hardware.
    pub compute_mode: ComputeMode,
}

impl TransformConfig {
    /// Symmetric letterboxing that shows single source pixels.
    pub const NEAREST: Self = Self {
        padding: Padding::Symmetric,
        dst_padding: None,
        interpolation: Interpolation::Nearest,
        compute_mode: ComputeMode::Default,
    };

    /// Where a picture of size `src` (width, height) lands in a destination of size `dst`.
    ///
    /// # Errors
    /// [`Error::DstPadding`] if `dst_padding` leaves less than 16 pixels of width or height;
    /// [`Error::EmptyRect`] if `src` or `dst` is empty, or no pixel would be left of the picture.
    pub fn place(&self, src: (u32, u32), dst: (u32, u32)) -> Result<Rect, Error> {
        let rect = letterbox_rect(src, dst, self.padding, self.dst_padding)?;
        if rect.width == 0 || rect.height == 0 {
            return Err(empty(src, dst));
        }
        Ok(rect)
    }
}

/// Where a picture of size `src` (width, height) lands in a destination of size `dst`.
///
/// One side of the result may be 0 when the aspect ratios differ extremely.
///
/// # Errors
/// [`Error::DstPadding`] if `dst_padding` leaves less than 16 pixels of width or height;
/// [`Error::EmptyRect`] if `src` or `dst` is empty.
fn letterbox_rect(
    src: (u32, u32),
    dst: (u32, u32),
    padding: Padding,
    dst_padding: Option<DstPadding>,
) -> Result<Rect, Error> {
    let inset = dst_padding.unwrap_or_default();
    let width = dst.0.saturating_sub(inset.left).saturating_sub(inset.right);
    let height = dst.1.saturating_sub(inset.top).saturating_sub(inset.bottom);
    if dst_padding.is_some() {
        for (dimension, remaining) in [("width", width), ("height", height)] {
            if remaining < MIN_PADDED_SIDE {
                return Err(Error::DstPadding {
                    dimension,
                    remaining,
                    minimum: MIN_PADDED_SIDE,
                });
            }
        }
    }
    if [src.0, src.1, width, height].contains(&0) {
        return Err(empty(src, dst));
    }
    if padding == Padding::None {
        return Ok(Rect {
            top: inset.top,
            left: inset.left,
            width,
            height,
        });
    }

    let src_aspect = f64::from(src.0) / f64::from(src.1);
    let dst_aspect = f64::from(width) / f64::from(height);
    // f64::round rounds halves away from zero, as NVIDIA's users expect of the rectangle.
    let (fitted_width, fitted_height) = if src_aspect > dst_aspect {
        (width, (f64::from(width) / src_aspect).round() as u32)
    } else {
        ((f64::from(height) * src_aspect).round() as u32, height)
    };
    let (x, y) = match padding {
        Padding::Symmetric => (
            width.saturating_sub(fitted_width) / 2,
            height.saturating_sub(fitted_height) / 2,
        ),
        Padding::None | Padding::RightBottom => (0, 0),
    };
    Ok(Rect {
        top: inset.top + y,
        left: inset.left + x,
        width: fitted_width,
        height: fitted_height,
    })
}

fn empty(src: (u32, u32), dst: (u32, u32)) -> Error {
    Error::EmptyRect {
        src_width: src.0,
        src_height: src.1,
        dst_width: dst.0,
        dst_height: dst.1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INSET: Option<DstPadding> = Some(DstPadding {
        left: 10,
        top: 20,
        right: 10,
        bottom: 20,
    });

    #[test]
    fn check_values() {
        use Padding::{None as Fill, RightBottom, Symmetric};
        let rows = [
            ((800, 600), (800, 800), Symmetric, None, (0, 100, 800, 600)),
            ((800, 600), (840, 660), Symmetric, INSET, (10, 22, 820, 615)),
            (
                (1920, 1080),
                (650, 650),
                RightBottom,
                Some(DstPadding::uniform(5)),
                (5, 5, 640, 360),
            ),
            ((800, 600), (820, 640), Fill, INSET, (10, 20, 800, 600)),
            (
                (1920, 1080),
                (640, 640),
                Symmetric,
                None,
                (0, 140, 640, 360),
            ),
        ];
        for (src, dst, padding, dst_padding, (left, top, width, height)) in rows {
            assert_eq!(
                letterbox_rect(src, dst, padding, dst_padding),
                Ok(Rect {
                    top,
                    left,
                    width,
                    height
                }),
                "{src:?} -> {dst:?} {padding:?}"
            );
        }
    }

    #[test]
    fn odd_leftover_goes_right_and_bottom() {
        let rect = letterbox_rect((10, 10), (10, 15), Padding::Symmetric, None).unwrap();
        assert_eq!((rect.top, rect.height), (2, 10));
    }

    #[test]
    fn dst_padding_needs_sixteen_pixels_and_width_is_checked_first() {
        let rect = |pad| letterbox_rect((32, 32), (32, 32), Padding::Symmetric, Some(pad));
        assert_eq!(
            rect(DstPadding {
                left: 17,
                top: 17,
                right: 0,
                bottom: 0
            }),
            Err(Error::DstPadding {
                dimension: "width",
                remaining: 15,
                minimum: 16
            })
        );
        assert_eq!(
            rect(DstPadding {
                left: 16,
                top: 17,
                right: 0,
                bottom: 0
            }),
            Err(Error::DstPadding {
                dimension: "height",
                remaining: 15,
                minimum: 16
            })
        );
        assert!(
            rect(DstPadding {
                left: 16,
                top: 16,
                right: 0,
                bottom: 0
            })
            .is_ok()
        );
        assert!(letterbox_rect((32, 32), (8, 8), Padding::Symmetric, None).is_ok());
    }

    #[test]
    fn an_extreme_aspect_ratio_may_vanish() {
        let rect = letterbox_rect((10_000, 1), (100, 100), Padding::Symmetric, None).unwrap();
        assert_eq!(rect.height, 0);
        assert!(
            TransformConfig::default()
                .place((10_000, 1), (100, 100))
                .is_err()
        );
    }

    #[test]
    fn crop_is_clipped_or_refused() {
        let crop = Rect {
            top: 5,
            left: 8,
            width: 10,
            height: 10,
        };
        assert_eq!(
            crop.clipped_to((10, 10)),
            Ok(Rect {
                top: 5,
                left: 8,
                width: 2,
                height: 5
            })
        );
        assert!(crop.clipped_to((8, 10)).is_err());
        assert!(
            Rect {
                width: u32::MAX,
                height: 0,
                ..crop
            }
            .clipped_to((10, 10))
            .is_err()
        );
    }

    proptest! {
        #[test]
        fn rectangle_stays_inside_and_keeps_the_aspect_ratio(
            src in (1u32..8192, 1u32..8192),
            dst in (1u32..8192, 1u32..8192),
            pad in (0u32..64, 0u32..64, 0u32..64, 0u32..64),
            with_pad: bool,
            padding in prop::sample::select(vec![Padding::None, Padding::RightBottom, Padding::Symmetric]),
        ) {
            let dst_padding = with_pad.then_some(DstPadding { left: pad.0, top: pad.1, right: pad.2, bottom: pad.3 });
            let inner = dst_padding.unwrap_or_default();
            let Ok(rect) = letterbox_rect(src, dst, padding, dst_padding) else {
                let room = |side: u32, a: u32, b: u32| side.saturating_sub(a).saturating_sub(b);
                prop_assert!(room(dst.0, inner.left, inner.right) < 16 || room(dst.1, inner.top, inner.bottom) < 16);
                return Ok(());
            };
            prop_assert!(rect.left >= inner.left && rect.left + rect.width + inner.right <= dst.0);
            prop_assert!(rect.top >= inner.top && rect.top + rect.height + inner.bottom <= dst.1);
            let room = (dst.0 - inner.left - inner.right, dst.1 - inner.top - inner.bottom);
            if padding == Padding::None {
                prop_assert_eq!(rect.size(), room);
            } else {
                // One side fills the room, the other differs from the exact ratio by rounding only.
                prop_assert!(rect.width == room.0 || rect.height == room.1);
                let exact_height = f64::from(rect.width) * f64::from(src.1) / f64::from(src.0);
                let exact_width = f64::from(rect.height) * f64::from(src.0) / f64::from(src.1);
                prop_assert!((f64::from(rect.height) - exact_height).abs() <= 0.5001
                    || (f64::from(rect.width) - exact_width).abs() <= 0.5001);
            }
            if padding == Padding::Symmetric {
                let (before, after) = (rect.left - inner.left, room.0 - (rect.left - inner.left) - rect.width);
                prop_assert!(after == before || after == before + 1);
            }
        }
    }
}
