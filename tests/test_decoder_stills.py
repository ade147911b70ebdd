"""Pictures of their own, decoded on the CPU: JPEG of every kind, PNG of every kind, and raw, into every format."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from clips_lib import CLIPS, CLIPS_DIR, native_planes
from decoding import Picture, make_frame, planes_of, psnr, recorded
from savant_rs.deepstream import VideoFormat
from savant_rs.primitives import Codec

STILLS = CLIPS_DIR / "stills"
REFERENCE = json.loads((STILLS / "reference.json").read_text())
PLANAR = [VideoFormat.NV12, VideoFormat.NV21, VideoFormat.I420]
FORMATS = [*PLANAR, VideoFormat.UYVY, VideoFormat.GRAY8, VideoFormat.BGRx, VideoFormat.RGBA]

# NvBufSurfaceColorFormat of BT.601 in full range.
FULL_RANGE = {VideoFormat.NV12: 7, VideoFormat.NV21: 9, VideoFormat.I420: 4}
JPEG_PSNR_DB = 45


def decode(
    data: bytes, size: tuple[int, int], codec: Codec = Codec.SwJpeg, output: VideoFormat = VideoFormat.RGBA
) -> Picture:
    with recorded(output=output) as (decoder, recorder):
        decoder.submit(make_frame(codec, *size), data)
    assert recorder.kinds.count("frame") == 1, recorder.events
    (picture,) = recorder.pictures
    return picture


def refusal(data: bytes, codec: Codec) -> str:
    """What is said of data that cannot be decoded; a picture behind it comes all the same."""
    with recorded() as (decoder, recorder):
        decoder.submit(make_frame(codec, 16, 16), data)
        decoder.submit(make_frame(Codec.RawRgba, 16, 16), bytes(16 * 16 * 4))
    assert len(recorder.pictures) == 1
    told = [value for kind, value in recorder.events if kind in {"error", "skipped"}]
    (reason,) = [value.message if hasattr(value, "message") else value.reason.detail for value in told]
    return str(reason)


# ---- JPEG


@pytest.mark.parametrize("name", REFERENCE)
def test_checked_in_jpegs_have_their_colours_and_are_as_coded(name: str) -> None:
    """Four inks (with Adobe's marker: inverted), progressive, with restarts, grey; turned ones are not turned back."""
    entry = REFERENCE[name]
    width, height = entry["size"]
    pixels = decode((STILLS / name).read_bytes(), (width, height)).pixels.astype(int)
    centres = pixels[height // 4 :: height // 2, width // 4 :: width // 2, :3].reshape(4, 3)
    assert np.abs(centres - entry["quarters"]).max() <= 3
    assert (pixels[..., 3] == 255).all()


@pytest.mark.parametrize("output", [VideoFormat.BGRx, VideoFormat.NV12, VideoFormat.GRAY8])
def test_inks_come_in_other_formats_too(output: VideoFormat) -> None:
    data = (STILLS / "cmyk_adobe.jpg").read_bytes()
    pixels = decode(data, (32, 32), output=output).pixels
    rgba = decode(data, (32, 32)).pixels.astype(float)
    if output == VideoFormat.BGRx:
        np.testing.assert_array_equal(pixels[..., :3], rgba[..., 2::-1])
    else:
        luma = pixels.reshape(-1)[: 32 * 32].reshape(32, 32)
        assert np.abs(luma - rgba[..., :3] @ [0.299, 0.587, 0.114]).max() <= 1


@pytest.mark.ffmpeg
@pytest.mark.parametrize("pixel_format", ["yuvj420p", "yuvj422p", "yuvj444p"])
@pytest.mark.parametrize("output", FORMATS, ids=str)
def test_jpegs_in_every_format(pixel_format: str, output: VideoFormat, tmp_path: Path) -> None:
    width, height = size = (161, 95)
    path = tmp_path / "still.jpg"
    source = f"testsrc2=size={width}x{height},format=yuv444p,boxblur=4"
    make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1"]
    subprocess.run([*make, "-pix_fmt", pixel_format, "-q:v", "2", str(path)], check=True)
    read = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-"]
    raw = np.frombuffer(subprocess.run(read, check=True, stdout=subprocess.PIPE).stdout, np.uint8)
    rows, columns = {"yuvj420p": (48, 81), "yuvj422p": (95, 81), "yuvj444p": (95, 161)}[pixel_format]
    luma, chroma = raw[: width * height].reshape(height, width), raw[width * height :].reshape(2, rows, columns)

    picture = decode(path.read_bytes(), size, output=output)
    pixels = picture.pixels
    if output in PLANAR:
        assert picture.color_format == FULL_RANGE[output]
        planes = planes_of(pixels, output, width, height)
        if pixel_format == "yuvj420p":
            assert min(psnr(*pair) for pair in zip(planes, [luma, *chroma], strict=True)) >= JPEG_PSNR_DB
        else:
            assert psnr(planes[0], luma) >= 35
    elif output == VideoFormat.GRAY8:
        assert psnr(pixels.reshape(height, width), luma) >= JPEG_PSNR_DB
    elif output == VideoFormat.UYVY:
        packed = pixels.reshape(height, 2 * width)
        assert psnr(packed[:, 1::2], luma) >= (JPEG_PSNR_DB if pixel_format == "yuvj422p" else 35)
        if pixel_format == "yuvj422p":
            assert psnr(packed[:, ::4], chroma[0]) >= JPEG_PSNR_DB
    else:
        rgb = pixels[..., :3] if output == VideoFormat.RGBA else pixels[..., 2::-1]
        assert psnr(rgb @ np.array([0.299, 0.587, 0.114]), luma) >= 35


@pytest.mark.ffmpeg
@pytest.mark.parametrize("output", PLANAR, ids=str)
def test_the_samples_of_a_420_jpeg_are_kept(output: VideoFormat) -> None:
    clip = CLIPS["jpeg_640x360"]
    picture = decode(clip.path.read_bytes(), (640, 360), output=output)
    assert picture.color_format == FULL_RANGE[output]
    planes = planes_of(picture.pixels, output, 640, 360)
    assert min(psnr(*pair) for pair in zip(planes, native_planes(clip)[0], strict=True)) >= JPEG_PSNR_DB


def test_damaged_jpegs_are_refused_and_the_decoder_goes_on() -> None:
    data = CLIPS["jpeg_100x100"].path.read_bytes()
    assert "JPEG" in refusal(data[: len(data) // 2], Codec.SwJpeg)
    start = data.index(b"\xff\xc0")
    huge = data[: start + 5] + b"\xff\xdc\xff\xdc" + data[start + 9 :]
    assert "is more than the limit" in refusal(huge, Codec.SwJpeg)
    with recorded() as (decoder, recorder):
        for part in (data[:200] + bytes(50) + data[250:], data):
            decoder.submit(make_frame(Codec.SwJpeg, 100, 100), part)
    np.testing.assert_array_equal(recorder.pictures[-1].pixels, decode(data, (100, 100)).pixels)


# ---- PNG

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
NAMES = {GREY: "grey", RGB: "rgb", PALETTE: "palette", GREY_ALPHA: "grey-alpha", RGBA: "rgba"}
KINDS = [
    *((GREY, depth) for depth in (1, 2, 4, 8, 16)),
    *((PALETTE, depth) for depth in (1, 2, 4, 8)),
    *((kind, depth) for kind in (RGB, GREY_ALPHA, RGBA) for depth in (8, 16)),
]


def png(samples: np.ndarray, kind: int, depth: int, *more: tuple[bytes, bytes], interlaced: bool = False) -> bytes:
    """A PNG of samples of shape (height, width, channels), with more chunks before the data."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def packed(row: np.ndarray) -> bytes:
        if depth == 16:
            return bytes(row.astype(">u2").tobytes())
        bits = np.unpackbits(row.reshape(-1, 1).astype(np.uint8), axis=1)[:, 8 - depth :]
        return np.packbits(bits).tobytes()

    passes = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    rows = b"".join(b"\0" + packed(row) for part in passes if part.size for row in part)
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced)
    chunks = [(b"IHDR", header), *more, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def random_samples(kind: int, depth: int, size: tuple[int, int] = (13, 19)) -> np.ndarray:
    generator = np.random.default_rng(kind * 16 + depth)
    return generator.integers(0, 1 << depth, (*size, CHANNELS[kind]), dtype=np.uint16)


def expected_rgba(samples: np.ndarray, kind: int, depth: int, palette: np.ndarray) -> np.ndarray:
    """The samples scaled to 8 bits and rounded; palettes looked up."""
    if kind == PALETTE:
        return np.asarray(palette[samples[..., 0]])
    scaled = np.round(samples * 255.0 / ((1 << depth) - 1)).astype(np.uint8)
    alpha = scaled[..., -1:] if kind in {GREY_ALPHA, RGBA} else np.full_like(scaled[..., :1], 255)
    colour = scaled[..., :3] if kind in {RGB, RGBA} else scaled[..., :1].repeat(3, axis=-1)
    return np.concatenate([colour, alpha], axis=-1)


@pytest.mark.parametrize("interlaced", [False, True], ids=["rows", "interlaced"])
@pytest.mark.parametrize(("kind", "depth"), KINDS, ids=[f"{NAMES[kind]}-{depth}" for kind, depth in KINDS])
def test_png_pixels_are_exact(kind: int, depth: int, interlaced: bool) -> None:
    samples = random_samples(kind, depth)
    palette = np.random.default_rng(3).integers(0, 256, (1 << min(depth, 8), 4), dtype=np.uint8)
    palette[:, 3] = 255
    more = [(b"PLTE", palette[:, :3].tobytes())] if kind == PALETTE else []
    data = png(samples, kind, depth, *more, interlaced=interlaced)
    pixels = decode(data, (19, 13), Codec.Png).pixels
    np.testing.assert_array_equal(pixels, expected_rgba(samples, kind, depth, palette))


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_png_palettes_may_be_transparent(depth: int) -> None:
    samples = random_samples(PALETTE, depth)
    palette = np.random.default_rng(4).integers(0, 256, (1 << depth, 4), dtype=np.uint8)
    palette[-1, 3] = 255  # the list of alphas may end early
    more = [(b"PLTE", palette[:, :3].tobytes()), (b"tRNS", palette[:-1, 3].tobytes())]
    pixels = decode(png(samples, PALETTE, depth, *more), (19, 13), Codec.Png).pixels
    np.testing.assert_array_equal(pixels, palette[samples[..., 0]])


@pytest.mark.parametrize(("kind", "depth"), [(GREY, 2), (GREY, 8), (GREY, 16), (RGB, 8), (RGB, 16)])
def test_png_colour_keys_are_transparent(kind: int, depth: int) -> None:
    samples = random_samples(kind, depth)
    key = samples[5, 7]
    data = png(samples, kind, depth, (b"tRNS", key.astype(">u2").tobytes()))
    expected = expected_rgba(samples, kind, depth, np.empty(0))
    expected[(samples == key).all(axis=-1), 3] = 0
    np.testing.assert_array_equal(decode(data, (19, 13), Codec.Png).pixels, expected)


@pytest.mark.parametrize("size", [(0x7FFFFFFF, 0x7FFFFFFF), (100_000, 100_000), (20_000, 20_000), (1, 0x7FFFFFFF)])
def test_png_headers_that_promise_too_much_are_refused(size: tuple[int, int]) -> None:
    data = png(random_samples(RGBA, 8), RGBA, 8)
    header = b"IHDR" + struct.pack(">II", *size) + data[24:29]
    bomb = data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
    assert re.search("PNG: .*(is more than the limit|cannot hold a picture)", refusal(bomb, Codec.Png))


# ---- All of them


def rgb_source(codec: Codec, pixels: np.ndarray) -> bytes:
    if codec == Codec.Png:
        return png(pixels.astype(np.uint16), RGBA, 8)
    return pixels.tobytes() if codec == Codec.RawRgba else np.ascontiguousarray(pixels[..., :3]).tobytes()


@pytest.mark.parametrize("output", FORMATS, ids=str)
@pytest.mark.parametrize("codec", [Codec.Png, Codec.RawRgba, Codec.RawRgb], ids=str)
@pytest.mark.parametrize("size", [(19, 13), (64, 36)])
def test_rgb_in_every_format(codec: Codec, output: VideoFormat, size: tuple[int, int]) -> None:
    """BT.601 in limited range; chroma is that of the mean of its block, whose last row and column may be double."""
    width, height = size
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 4), dtype=np.uint8)
    actual = decode(rgb_source(codec, pixels), size, codec, output).pixels
    if output in {VideoFormat.RGBA, VideoFormat.BGRx}:
        swapped = pixels[..., :3] if output == VideoFormat.RGBA else pixels[..., 2::-1]
        np.testing.assert_array_equal(actual[..., :3], swapped)
        return
    rgb = pixels[..., :3].astype(np.float64)
    luma = 16 + rgb @ np.array([65.481, 128.553, 24.966]) / 255
    doubled = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    columns = (doubled[:, ::2] + doubled[:, 1::2]) / 2
    blocks = columns[:height] if output == VideoFormat.UYVY else (columns[::2] + columns[1::2]) / 2
    cb = 128 + blocks @ np.array([-37.797, -74.203, 112.0]) / 255
    cr = 128 + blocks @ np.array([112.0, -93.786, -18.214]) / 255
    if output == VideoFormat.UYVY:
        packed = actual.reshape(height, 2 * width)
        pairs = [(packed[:, 1::2], luma), (packed[:, ::4], cb), (packed[:, 2::4], cr[:, : width // 2])]
    elif output == VideoFormat.GRAY8:
        pairs = [(actual.reshape(height, width), luma)]
    else:
        pairs = list(zip(planes_of(actual, output, width, height), (luma, cb, cr), strict=True))
    for plane, expected in pairs:
        assert np.abs(plane - expected).max() <= 0.52


@pytest.mark.parametrize("output", FORMATS, ids=str)
@pytest.mark.parametrize("codec", [Codec.SwJpeg, Codec.Png, Codec.RawRgba], ids=str)
def test_a_single_pixel(codec: Codec, output: VideoFormat) -> None:
    if codec == Codec.SwJpeg:
        data = (STILLS / "one_pixel.jpg").read_bytes()
    else:
        data = rgb_source(codec, np.full((1, 1, 4), 200, np.uint8))
    pixels = decode(data, (1, 1), codec, output).pixels.reshape(-1)
    is_full_range = codec == Codec.SwJpeg or output in {VideoFormat.RGBA, VideoFormat.BGRx}
    luma = pixels[1] if output == VideoFormat.UYVY else pixels[0]
    assert abs(int(luma) - (200 if is_full_range else 188)) <= 1
