//! A picture at the size of its target, as RGBA rows.

use std::ops::Range;

use super::nearest::{self, Map};
use super::picture::Picture;
use super::rgba::to_rgba;
use crate::error::Error;
use crate::geometry::{Rect, TransformConfig};

/// A checked picture that covers a target or is letterboxed in it.
pub(super) struct Letterbox<'a> {
    picture: &'a Picture<'a>,
    size: (u32, u32),
    /// `None` if the sizes agree.
    scaling: Option<Scaling>,
}

struct Scaling {
    target: Rect,
    map: Map,
    /// The source row that was converted last.
    line: Vec<u8>,
    line_holds: Option<u32>,
}

impl<'a> Letterbox<'a> {
    /// Lays a part of a picture out in a target of `size`.
    ///
    /// # Errors
    /// [`Error::EmptyRect`], [`Error::CropOutside`], [`Error::DstPadding`].
    pub(super) fn new(
        picture: &'a Picture<'a>,
        crop: Option<Rect>,
        size: (u32, u32),
        config: &TransformConfig,
    ) -> Result<Self, Error> {
        let picture_size = (picture.width, picture.height);
        let whole = Rect::covering(picture_size);
        let crop = crop.unwrap_or(whole).clipped_to(picture_size)?;
        let target = config.place(crop.size(), size)?;
        let mut scaling = None;
        if crop != whole || target != Rect::covering(size) || picture_size != size {
            scaling = Some(Scaling {
                target,
                map: Map::new(crop, target, 4),
                line: vec![0; picture.width as usize * 4],
                line_holds: None,
            });
        }
        Ok(Self {
            picture,
            size,
            scaling,
        })
    }

    /// Whether the picture is neither scaled nor cropped and covers the target.
    pub(super) fn is_whole(&self) -> bool {
        self.scaling.is_none()
    }

    /// What the picture covers.
    pub(super) fn covered(&self) -> Rect {
        self.scaling
            .as_ref()
            .map_or(Rect::covering(self.size), |scaling| scaling.target)
    }

    /// Writes rows of the target, `pitch` bytes apart; borders are zero. The first one is even.
    ///
    /// # Errors
    /// Those of the conversion to RGBA.
    pub(super) fn draw(
        &mut self,
        rows: Range<u32>,
        to: &mut [u8],
        pitch: usize,
    ) -> Result<(), Error> {
        let Some(scaling) = &mut self.scaling else {
            return to_rgba(&self.picture.strip(rows), to, pitch);
        };
        let row_bytes = self.size.0 as usize * 4;
        for (row, to) in rows.zip(to.chunks_mut(pitch)) {
            scaling.draw_row(self.picture, row, &mut to[..row_bytes])?;
        }
        Ok(())
    }
}

impl Scaling {
    fn draw_row(&mut self, picture: &Picture<'_>, row: u32, to: &mut [u8]) -> Result<(), Error> {
        let Some(row) = row
            .checked_sub(self.target.top)
            .filter(|row| *row < self.target.height)
        else {
            to.fill(0);
            return Ok(());
        };
        let source = self.map.source_row(row);
        if self.line_holds != Some(source) {
            let pitch = self.line.len();
            // The picture is valid, so that nothing is left half written when this fails.
            to_rgba(&picture.row(source), &mut self.line, pitch)?;
            self.line_holds = Some(source);
        }
        nearest::clear_beside(to, self.target, 4);
        self.map.scale_row(&self.line, to);
        Ok(())
    }
}
