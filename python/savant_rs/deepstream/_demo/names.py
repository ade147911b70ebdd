"""The names of the streams, drawn over the mosaic where skia-python and EGL are there."""

from __future__ import annotations

from savant_rs.deepstream import SharedBuffer, SkiaCanvas

TEXT_SIZE = 18
MARGIN = 8
BAND_HEIGHT = TEXT_SIZE + MARGIN


class Names:
    """Writes each name on a dark band at the foot of its tile. To be used by one thread."""

    def __init__(self, corners: dict[str, tuple[int, int]], tile: int, gpu_id: int) -> None:
        self.missing: str | None = None
        """Why there are no names."""
        self._corners = corners
        self._tile = tile
        self._gpu_id = gpu_id
        self._canvas: SkiaCanvas | None = None

    def draw_over(self, buffer: SharedBuffer) -> None:
        """Draw over a picture of the mosaic, if that works here. Blocks until its pixels are complete."""
        if self._canvas is None and self.missing is None:
            try:
                self._canvas = SkiaCanvas.from_buffer(buffer, self._gpu_id)
            except (ImportError, RuntimeError) as error:
                self.missing = str(error)
        elif self._canvas is not None:
            self._canvas.load(buffer)
        if self._canvas is not None:
            self._draw(self._canvas)
            self._canvas.render_to_nvbuf(buffer)

    def _draw(self, canvas: SkiaCanvas) -> None:
        import skia

        # None where no font is installed: then there is no text.
        font = skia.Font(skia.FontMgr().matchFamilyStyle("sans", skia.FontStyle()), TEXT_SIZE)
        band = skia.Paint(Color=skia.Color(24, 24, 28, 160))
        text = skia.Paint(Color=skia.ColorWHITE, AntiAlias=True)
        for name, (top, left) in self._corners.items():
            bottom = top + self._tile
            tile = skia.Rect.MakeLTRB(left, bottom - BAND_HEIGHT, left + self._tile, bottom)
            sheet = canvas.canvas()
            sheet.save()
            sheet.clipRect(tile)
            sheet.drawRect(tile, band)
            sheet.drawString(name, left + MARGIN, bottom - MARGIN, font, text)
            sheet.restore()
