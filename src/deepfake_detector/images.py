"""Any picture a user holds -> RGB uint8 pixels, or a typed error. The only place that opens and decodes.

What is done, so that every way in gives the same pixels: EXIF rotation applied; transparency composited on
white; 16-bit and floating grey scaled to 8 bits; CMYK, palette, 1-bit converted; the first frame of an animation
taken, and said so (of a PIL image the frame it stands at). Size is checked from the header, before any pixel is
decoded. ``header`` decodes none. A picture that was cut short is an error, also where its decoder would fill the rest.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageFile, JpegImagePlugin, UnidentifiedImageError

from . import jpeg
from .errors import ImageTooLarge, ImageUnreadable
from .files import ImageSource, limited, whole_file
from .types import Pixels

MAX_PIXELS = 120_000_000
"""Largest picture accepted by default, in pixels (12,000 x 10,000)."""

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".avif", ".bmp", ".dib", ".gif", ".tif", ".tiff"}
    | {".heic", ".heif", ".jxl", ".jp2"}
)
"""File name endings looked for in folders; a file named outright is tried whatever its name.

The last four are pictures of formats that cannot be read here: they are told as such, not passed over.
"""

_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "DIB", "GIF", "TIFF")  # MPO opens as JPEG
_settings = threading.Lock()
_handed = threading.RLock()
"""Held while a PIL image of the user's is decoded: threads that load the same one spoil it for each other."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    pixels: RGB uint8 (height, width, 3), upright. name: how the user called it. format: container
    ("JPEG", "PNG", ...) or None for pixels handed over. reasons: what a reader should know of the decoding.
    """

    pixels: Pixels
    name: str
    format: str | None = None
    reasons: tuple[str, ...] = field(default=())

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])


@dataclass(frozen=True, eq=False)
class Header:
    """A picture's file, opened but not decoded.

    data: the whole file, or None for pixels handed over (then nothing else is known either). size: (width, height)
    as stored, not turned upright. info: what Pillow found before the pixels, raw ("exif", "xmp", "comment" ...).
    tables: a JPEG's quantisation tables, 64 steps each in rows, by number. sampling: a JPEG's chroma, "4:2:0" ...
    """

    name: str
    data: bytes | None = None
    format: str | None = None
    size: tuple[int, int] | None = None
    info: Mapping[Any, Any] = field(default_factory=dict)
    tables: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    sampling: str | None = None


_SAMPLINGS = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


def read(source: ImageSource | Picture, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a path, bytes, binary file object, PIL image, or uint8 array. What was read before is given back.

    Arrays are RGB (H, W, 3), RGBA (H, W, 4), or grey (H, W), uint8.
    Raises ImageNotFound, ImageUnreadable or ImageTooLarge (all ImageError).
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    if isinstance(source, Image.Image):
        name = str(getattr(source, "filename", "") or "image")
        _check_size(source.width, source.height, name, max_pixels)
        with _strict(), _handed:
            data = _undecoded(source, name)
            picture = _finish(source, name, rewind=False)
            if data is not None:
                _check_complete(source, data, name)
            return picture
    file, name = whole_file(source)
    with _strict(), _opened(file, name) as image:
        _check_work(image, file, name, max_pixels)
        picture = _finish(image, name)
        if image.format in ("JPEG", "MPO"):
            _check_complete(image, file.getvalue(), name)
        return picture


def held(source: ImageSource | Picture, max_pixels: int = MAX_PIXELS) -> ImageSource | Picture:
    """A source that its owner can no longer change: images and arrays are read now, files when they are wanted.

    Frames of a film are often handed over in one image or array, which moves on to the next. Raises as ``read`` does.
    """
    if isinstance(source, (bytearray, memoryview)):
        return bytes(source)
    return read(source, max_pixels) if isinstance(source, (np.ndarray, Image.Image)) else source


def header(source: ImageSource, max_pixels: int = MAX_PIXELS) -> Header:
    """What a picture's file says of itself; no pixel is decoded, so damage to the pixels goes unnoticed.

    Takes what ``read`` takes and raises what it raises, as far as the header shows it.
    """
    if isinstance(source, np.ndarray):
        return Header(name="array")
    if isinstance(source, Image.Image):
        return Header(name=str(getattr(source, "filename", "") or "image"))
    file, name = whole_file(source)
    data = file.getvalue()
    with _strict(), _opened(file, name) as image:
        _check_work(image, file, name, max_pixels)
        tables, sampling = {}, None
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            tables = {number: tuple(table) for number, table in image.quantization.items()}
            sampling = _SAMPLINGS.get(JpegImagePlugin.get_sampling(image)) if len(image.layer) == 3 else None
        return Header(name, data, image.format, (image.width, image.height), dict(image.info), tables, sampling)


def as_pixels(values: np.ndarray) -> Pixels:
    """Numbers on the scale of 0 to 255 as pixels: rounded, and clipped where they lie beyond it."""
    pixels: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels


_strict_now = 0
_lenient = False


@contextmanager
def _strict() -> Iterator[None]:
    """Nothing that is cut short passes, though a program has set Pillow to let it.

    That belongs to the whole process, so the first thread that comes in changes it, and the last that leaves puts back
    what was there, unless the program has set it again.
    """
    global _strict_now, _lenient
    with _settings:
        if not _strict_now:
            _lenient, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
        _strict_now += 1
    try:
        yield
    finally:
        with _settings:
            _strict_now -= 1
            if not (_strict_now or ImageFile.LOAD_TRUNCATED_IMAGES):
                ImageFile.LOAD_TRUNCATED_IMAGES = _lenient


def _opened(file: io.BytesIO, name: str) -> Image.Image:
    if not file.getbuffer().nbytes:
        raise ImageUnreadable(name, "the file is empty (0 bytes).")
    try:
        with _settings:
            # Pillow's own limit is lifted: ours is checked right below, from the header. Under a lock, because it
            # belongs to the whole process and threads would restore each other's.
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            try:
                return Image.open(file, formats=_FORMATS)
            finally:
                Image.MAX_IMAGE_PIXELS = limit
    except UnidentifiedImageError:
        known = "JPEG, PNG, WebP, AVIF, BMP, GIF, TIFF"
        raise ImageUnreadable(name, f"not a picture of a supported format ({known}).") from None
    except Exception as error:  # damaged headers raise many types, by format
        raise ImageUnreadable(name, f"damaged header ({type(error).__name__}: {error}).") from None


def _finish(image: Image.Image, name: str, rewind: bool = True) -> Picture:
    container = image.format
    try:
        animated = bool(getattr(image, "is_animated", False)) and (rewind or image.tell() == 0)
        if animated and image.tell() != 0:
            image.seek(0)
        image.load()
        pixels = _to_rgb(_upright(image), negative=getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
    except Exception as error:  # truncated or corrupt data raise OSError, SyntaxError, struct.error ... by format
        raise ImageUnreadable(name, f"damaged or truncated ({type(error).__name__}: {error}).") from None
    # An MPO's further frames are a phone's depth map or second lens, not an animation.
    reasons = ("first_frame",) if animated and container != "MPO" else ()
    return Picture(pixels, name, container, reasons)


def _undecoded(image: Image.Image, name: str) -> bytes | None:
    """The file of a JPEG that is opened and not decoded yet; None where there are pixels already, or it is another."""
    file = getattr(image, "fp", None)
    if image.format not in ("JPEG", "MPO") or not file or not getattr(image, "tile", None) or image.tell():
        return None
    try:
        place = file.tell()
        file.seek(0)
        data = limited(file, name)
        file.seek(place)
    except (OSError, ValueError):  # a closed file; decoding will say so
        return None
    return data


def _check_complete(image: Image.Image, data: bytes, name: str) -> None:
    """Raise ImageUnreadable for a JPEG that ends before its picture does, though a marker says that this is the end.

    What is missing of a file of one scan has a luma of 128, so of most files the last block says that nothing is.
    Others are decoded once more, with data added where they end: a complete picture stays as it is. What was changed
    or lost within the data is not noticed.
    """
    ending = jpeg.ending(data)
    if ending is None:
        raise ImageUnreadable(name, "damaged or truncated (the file has no end).")
    x, y = ((side - 1) // 8 * 8 for side in image.size)
    last = np.asarray(image.crop((x, y, min(x + 4, image.width), min(y + 4, image.height))).convert("L"))
    if ending.scans == 1 and image.mode in ("RGB", "L") and (last.min() < 126 or last.max() > 130):
        return
    with _opened(io.BytesIO(jpeg.lengthened(data, ending)), name) as again:
        if (again.size, again.mode) != (image.size, image.mode):  # of a PIL image that is to be decoded smaller
            return
        try:
            changed = ImageChops.difference(image, again).getbbox()
        except Exception as error:  # as in _finish
            raise ImageUnreadable(name, f"damaged or truncated ({type(error).__name__}: {error}).") from None
    if changed:
        raise ImageUnreadable(name, "damaged or truncated (the picture's data end too soon).")


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation. Only that tag is read: damage to others must not cost the rotation."""
    try:
        turn = _TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # no EXIF that can be parsed: the picture itself is fine, taken as stored
        return image
    return image.transpose(turn) if turn is not None else image


_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
"""A tag of TIFF, and its value where 0 is white. Pillow sees to it for 8 bits alone."""


def _to_rgb(image: Image.Image, negative: bool = False) -> Pixels:
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        values = np.asarray(image)
        pixels = _grey_to_rgb(values)
        if negative:
            pixels = 255 - pixels
        if isinstance(transparent := image.info.get("transparency"), int):
            pixels[values == transparent] = 255
        return pixels
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, rgba)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)


_WHITES = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))


def _grey_to_rgb(values: np.ndarray) -> Pixels:
    """High-range grey to 8 bits: 16-bit by the fewest bits that hold it; wider or floating data by its own range.

    Scanners and cameras keep 10, 12 or 14 bits in 16, and few formats say so.
    """
    numbers = values.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError("the picture holds values that are not finite")
    low, high = float(numbers.min()), float(numbers.max())
    if low >= 0 and np.issubdtype(values.dtype, np.integer) and high <= 65535:
        scaled = numbers * (255 / next(most for most in _WHITES if high <= most))
    elif low >= 0 and high <= 1 and not np.issubdtype(values.dtype, np.integer):
        scaled = numbers * 255
    else:
        scaled = (numbers - low) * (255 / (high - low)) if high > low else np.zeros_like(numbers)
    return np.repeat(as_pixels(scaled)[:, :, None], 3, axis=2)


def _from_array(array: np.ndarray, max_pixels: int) -> Picture:
    shape = " x ".join(map(str, array.shape))
    if array.dtype != np.uint8:
        shares = np.issubdtype(array.dtype, np.floating) and array.size and np.nanmax(array) <= 1
        convert = f"(array{' * 255' if shares else ''}).round().astype(np.uint8)"
        hint = f" If they lie in [0, {1 if shares else 255}], convert: {convert}" if array.dtype.kind in "fiu" else ""
        raise ImageUnreadable("array", f"expected dtype uint8 with values 0-255, got {array.dtype}.{hint}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ImageUnreadable("array", f"expected shape (H, W, 3) in RGB order, got {shape}.")
    if 0 in array.shape:
        raise ImageUnreadable("array", f"the picture is empty ({shape}).")
    _check_size(array.shape[1], array.shape[0], "array", max_pixels)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return Picture(_to_rgb(Image.fromarray(np.ascontiguousarray(array))), "array")


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ImageTooLarge(name, _too_large(f"{width} x {height}", max_pixels))


_SCANS = 100
"""A progressive JPEG may take the work of this many scans over a picture of the most pixels; most files have ten."""


def _check_work(image: Image.Image, file: io.BytesIO, name: str, max_pixels: int) -> None:
    """Hold an opened file to the limit: its size, and what that does not tell, how often and how much beyond the
    picture a decoder must unfold.
    """
    _check_size(image.width, image.height, name, max_pixels)
    if image.format == "TIFF":  # whole tiles are unfolded, however small the picture
        tags = getattr(image, "tag_v2", {})
        try:
            width, height = int(tags.get(322, 0) or 0), int(tags.get(323, 0) or 0)
        except (TypeError, ValueError, OverflowError):
            raise ImageUnreadable(name, "damaged header (the size of its tiles is no number).") from None
        _check_size(width, height, name, max_pixels)
    if image.info.get("progressive"):  # every scan goes over all of it
        scans = file.getvalue().count(b"\xff\xda")
        if scans * image.width * image.height > _SCANS * max_pixels:
            raise ImageUnreadable(name, f"it has {scans:,} scans, far more than pictures of its size have.")


def _too_large(what: str, max_pixels: int) -> str:
    return f"{what} pixels is over the limit of {max_pixels:,}. Scale the picture down, or raise max_pixels."
