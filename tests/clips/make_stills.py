#!/usr/bin/env python3
"""Makes the JPEGs in ``stills/``, of kinds that ffmpeg does not make.

    python3 tests/clips/make_stills.py

Needs Pillow. ``stills/reference.json`` holds for each file the size and the R, G, B of its four quarters: each
quarter is of one colour, so that nothing depends on the decoder but the colours.
"""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parent / "stills"
SIZE = (32, 32)

# Inks of the quarters (top left, top right, bottom left, bottom right), 255 for all of it.
INKS = [(0, 255, 255, 0), (255, 0, 255, 0), (200, 40, 0, 90), (0, 0, 0, 128)]
COLOURS = [(220, 30, 40), (20, 200, 60), (30, 60, 210), (240, 240, 240)]

ADOBE_MARKER = 0xEE
ADOBE_TRANSFORM = 11  # position of the colour transform in the marker's data
# Where the start of frame and the start of scan hold the first component's name, and how far it is to the next.
COMPONENTS = {0xC0: (10, 3), 0xDA: (5, 2)}
ORIENTATION = 0x0112
ROTATED_BY_90 = 6


def rgb_of(inks: tuple[int, ...]) -> list[int]:
    """What is left of white: (1 - ink) (1 - black)."""
    black = 255 - inks[3]
    return [round((255 - ink) * black / 255) for ink in inks[:3]]


def quarters(mode: str, colours: list[tuple[int, ...]]) -> Image.Image:
    image = Image.new(mode, SIZE)
    width, height = SIZE[0] // 2, SIZE[1] // 2
    for index, colour in enumerate(colours):
        image.paste(
            colour, (index % 2 * width, index // 2 * height, (index % 2 + 1) * width, (index // 2 + 1) * height)
        )
    return image


def segments(jpeg: bytes) -> list[bytes]:
    """The start of image, each segment before the scan, and the rest."""
    parts, at = [jpeg[:2]], 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        parts.append(jpeg[at:end])
        at = end
    return [*parts, jpeg[at:]]


def without_adobe(jpeg: bytes) -> bytes:
    return b"".join(part for part in segments(jpeg) if part[1] != ADOBE_MARKER)


def as_ycck(jpeg: bytes) -> bytes:
    """Says that the first three components are Y, Cb, Cr."""
    parts = [bytearray(part) for part in segments(jpeg)]
    for part in parts[1:]:
        if part[1] == ADOBE_MARKER:
            part[4 + ADOBE_TRANSFORM] = 2
        elif part[1] in COMPONENTS:
            first, step = COMPONENTS[part[1]]
            part[first : first + 4 * step : step] = bytes([1, 2, 3, 4])
    return b"".join(parts)


def ycck_components(inks: tuple[int, ...]) -> tuple[int, ...]:
    """Inks as Pillow must store them for a file that is then read as YCCK: Y, Cb, Cr of the colours under the black."""
    red, green, blue = (255 - ink for ink in inks[:3])
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402
    # Pillow inverts all that it stores. In a file by Adobe the conversion to inks gives back inverted ones, so that
    # Y, Cb, Cr are those of the inks themselves.
    wanted = (255 - luma, 256 - cb, 256 - cr)
    return (*(255 - round(min(max(value, 0), 255)) for value in wanted), inks[3])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    options = {"format": "JPEG", "quality": 100, "subsampling": 0}
    path = FOLDER / "unsaved.jpg"

    def saved(image: Image.Image, **more: object) -> bytes:
        image.save(path, **options, **more)
        data = path.read_bytes()
        path.unlink()
        return data

    inks = saved(quarters("CMYK", INKS))
    plain = saved(quarters("CMYK", [tuple(255 - ink for ink in quarter) for quarter in INKS]))
    ycck = saved(quarters("CMYK", [ycck_components(quarter) for quarter in INKS]))
    exif = Image.Exif()
    exif[ORIENTATION] = ROTATED_BY_90
    by_ink = [rgb_of(quarter) for quarter in INKS]
    files = {
        "cmyk_adobe.jpg": (inks, by_ink),
        "cmyk_plain.jpg": (without_adobe(plain), by_ink),
        "ycck_adobe.jpg": (as_ycck(ycck), by_ink),
        "exif_rotated.jpg": (saved(quarters("RGB", COLOURS), exif=exif), [list(colour) for colour in COLOURS]),
    }
    for kind, more in {"progressive": {"progressive": True}, "restarts": {"restart_marker_blocks": 3}}.items():
        files[f"{kind}.jpg"] = (saved(quarters("RGB", COLOURS), **more), [list(colour) for colour in COLOURS])
    levels = [10, 90, 170, 250]
    files["grey.jpg"] = (saved(quarters("L", levels)), [[level] * 3 for level in levels])
    (FOLDER / "one_pixel.jpg").write_bytes(saved(Image.new("RGB", (1, 1), (200, 200, 200))))
    reference = {}
    for name, (data, colours) in files.items():
        (FOLDER / name).write_bytes(data)
        reference[name] = {"size": list(SIZE), "quarters": colours}
    (FOLDER / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")


if __name__ == "__main__":
    main()
