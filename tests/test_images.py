import gzip
import io
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import bomb, encoded, tiled_tiff
from PIL import Image, ImageFile

import deepfake_detector.files
from deepfake_detector import ImageError, ImageNotFound, ImageTooLarge, ImageUnreadable, images, jpeg

GRADIENT = np.dstack([np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))] * 3)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    picture = images.read(encoded(Image.fromarray(GRADIENT), kind))
    assert picture.format == kind
    assert picture.size == (64, 48)
    np.testing.assert_array_equal(picture.pixels, GRADIENT)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_come_close(kind: str) -> None:
    picture = images.read(encoded(Image.fromarray(GRADIENT), kind, quality=95))
    assert picture.pixels.shape == (48, 64, 3)
    assert np.abs(picture.pixels.astype(int) - GRADIENT).mean() < 4


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (47, 63)), (6, (0, 47)), (8, (63, 0))])
def test_exif_rotation_is_applied(orientation: int, corner: tuple[int, int]) -> None:
    """A white corner at the top left is stored; where it appears follows from the EXIF definition."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = images.read(encoded(Image.fromarray(pixels), "PNG", exif=exif))
    y, x = corner
    assert picture.pixels.shape == ((48, 64, 3) if orientation in (1, 3) else (64, 48, 3))
    assert picture.pixels[y, x].tolist() == [255, 255, 255]


def test_transparency_is_composited_on_white() -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[..., 3] = 51  # black at 20 % on white: 255 * 0.8 = 204
    assert images.read(encoded(Image.fromarray(rgba), "PNG")).pixels[0, 0].tolist() == [204, 204, 204]
    np.testing.assert_array_equal(images.read(rgba).pixels, images.read(encoded(Image.fromarray(rgba), "PNG")).pixels)


def test_transparent_palette_is_composited_on_white() -> None:
    image = Image.new("P", (40, 40), 0)
    image.putpalette([10, 20, 30, 200, 100, 50])
    assert images.read(encoded(image, "PNG", transparency=0)).pixels[0, 0].tolist() == [255, 255, 255]
    assert images.read(encoded(image, "PNG")).pixels[0, 0].tolist() == [10, 20, 30]


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    values = np.full((40, 40), 257 * 100, np.uint16)  # 100 in 8 bits
    values[0, 0] = 65535
    pixels = images.read(encoded(Image.fromarray(values), "PNG")).pixels
    assert pixels[5, 5].tolist() == [100, 100, 100]
    assert pixels[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_grey_of_fewer_bits_in_sixteen_is_as_bright_as_it_was(bits: int) -> None:
    values = np.full((40, 40), (2**bits - 1) * 2 // 3, np.uint16)
    values[0, 0] = 2**bits - 1
    for kind in ("PNG", "TIFF"):
        pixels = images.read(encoded(Image.fromarray(values), kind)).pixels
        assert pixels[5, 5].tolist() == [170, 170, 170]
        assert pixels[0, 0].tolist() == [255, 255, 255]


def test_floating_tiff_in_unit_range_is_scaled() -> None:
    pixels = images.read(encoded(Image.fromarray(np.full((40, 40), 0.4, np.float32)), "TIFF")).pixels
    assert pixels[0, 0].tolist() == [102, 102, 102]


def test_one_bit_grey_and_cmyk() -> None:
    assert images.read(encoded(Image.new("1", (40, 40), 1), "PNG")).pixels[3, 3].tolist() == [255, 255, 255]
    assert images.read(encoded(Image.new("L", (40, 40), 7), "PNG")).pixels[3, 3].tolist() == [7, 7, 7]
    red = images.read(encoded(Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "TIFF")).pixels[3, 3]
    assert red.tolist() == [255, 0, 0]


def test_first_frame_of_an_animation_and_a_note_of_it() -> None:
    frames = [Image.new("L", (40, 40), level) for level in (10, 200)]
    picture = images.read(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert picture.pixels[0, 0].tolist() == [10, 10, 10]
    assert picture.reasons == ("first_frame",)


def test_of_a_pil_image_the_frame_it_stands_at_is_taken_and_stays() -> None:
    frames = [Image.new("L", (40, 40), level) for level in (10, 200)]
    image = Image.open(io.BytesIO(encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:])))
    image.seek(1)
    picture = images.read(image)
    assert picture.pixels[0, 0].tolist() == [200, 200, 200]
    assert (picture.reasons, image.tell()) == ((), 1)
    image.seek(0)
    assert images.read(image).reasons == ("first_frame",)


def test_a_file_object_may_be_read_twice_or_just_written() -> None:
    stream = io.BytesIO()
    Image.fromarray(GRADIENT).save(stream, "PNG")
    for _ in range(2):
        np.testing.assert_array_equal(images.read(stream).pixels, GRADIENT)


def test_an_address_is_not_fetched() -> None:
    with pytest.raises(ImageNotFound, match="Addresses are not fetched"):
        images.read("https://example.org/a.jpg")


def test_all_ways_in_give_the_same_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a name with spaces and ünïcode 写真.png"
    Image.fromarray(GRADIENT).save(path)
    with open(path, "rb") as file:
        sources = [str(path), path, path.read_bytes(), bytearray(path.read_bytes()), file, Image.open(path), GRADIENT]
        for source in sources:
            np.testing.assert_array_equal(images.read(source).pixels, GRADIENT)


def test_missing_file_folder_and_strange_names(tmp_path: Path) -> None:
    for name in (str(tmp_path / "none.jpg"), str(tmp_path), "a\0b", "x" * 5000):
        with pytest.raises(ImageNotFound) as caught:
            images.read(name)
        assert caught.value.source == name


def test_damaged_files_are_unreadable(tmp_path: Path) -> None:
    whole = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)), "JPEG")
    text = tmp_path / "text.jpg"
    text.write_text("this is not a picture")
    for source in (b"", text, whole[: len(whole) // 2], whole[:30], b"\x89PNG\r\n\x1a\n" + b"\0" * 40):
        with pytest.raises(ImageUnreadable):
            images.read(source)


NOISE = np.random.default_rng(1).integers(0, 255, (120, 136, 3), np.uint8)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {}),
        ("RGB", {"progressive": True}),
        ("RGB", {"restart_marker_blocks": 3}),
        ("RGB", {"subsampling": 0}),
        ("L", {}),
        ("CMYK", {}),
    ],
)
def test_a_jpeg_that_was_cut_and_ended_is_unreadable(mode: str, options: dict[str, Any]) -> None:
    """Its decoder fills the rest with grey and says nothing; what is complete is read, whatever follows it."""
    whole = encoded(Image.fromarray(NOISE).convert(mode), "JPEG", **options)
    after = encoded(Image.fromarray(NOISE), "JPEG")
    assert np.array_equal(images.read(whole + b"\xff\xd8 more" + after).pixels, images.read(whole).pixels)
    for share in (0.4, 0.7, 0.9):
        with pytest.raises(ImageUnreadable, match=r"too soon|truncated"):
            images.read(whole[: int(share * len(whole))] + b"\xff\xd9")


def scans_apart(pixels: np.ndarray) -> bytes:
    """A sequential JPEG with a scan for each channel, put together from three grey ones."""
    parts = [encoded(Image.fromarray(channel), "JPEG") for channel in np.moveaxis(pixels, 2, 0)]
    frame = parts[0].index(b"\xff\xc0")
    scans = []
    for number, part in enumerate(parts, start=1):
        start = part.index(b"\xff\xda")
        header = b"\xff\xda" + struct.pack(">HBBBBBB", 8, 1, number, 0, 0, 63, 0)
        scans.append(header + part[start + 10 : -2])
    size = parts[0][frame + 5 : frame + 9]
    channels = b"".join(bytes([number, 0x11, 0]) for number in (1, 2, 3))
    of_frame = b"\xff\xc0" + struct.pack(">HB", 17, 8) + size + b"\x03" + channels
    tables = parts[0][frame + 13 : parts[0].index(b"\xff\xda")]
    return parts[0][:frame] + of_frame + tables + b"".join(scans) + b"\xff\xd9"


def test_a_jpeg_cut_between_or_within_scans_of_single_channels_is_unreadable() -> None:
    whole = scans_apart(NOISE)
    assert images.read(whole).size == (136, 120)
    for share in (0.5, 0.7, 0.9):
        with pytest.raises(ImageUnreadable, match=r"too soon|truncated"):
            images.read(whole[: int(share * len(whole))] + b"\xff\xd9")


@pytest.mark.parametrize("blocks", [1, 3, 20])
def test_a_jpeg_cut_where_it_would_restart_is_unreadable(blocks: int) -> None:
    whole = encoded(Image.fromarray(NOISE), "JPEG", restart_marker_blocks=blocks)
    middle = len(whole) // 2
    for at in range(middle, middle + 150):
        with pytest.raises(ImageUnreadable, match=r"too soon|truncated"):
            images.read(whole[:at] + b"\xff\xd9")


def test_the_last_rows_are_looked_at_where_they_are_few() -> None:
    pixels = np.random.default_rng(3).integers(0, 255, (161, 160, 3), np.uint8)
    whole = encoded(Image.fromarray(pixels), "JPEG")
    with pytest.raises(ImageUnreadable, match="too soon"):
        images.read(whole[:-400] + b"\xff\xd9")


def test_any_number_of_fill_bytes_may_stand_before_the_end() -> None:
    for options in ({}, {"progressive": True}):
        picture = NOISE.copy()
        picture[-40:] = 255
        whole = encoded(Image.fromarray(picture), "JPEG", **options)
        assert np.array_equal(images.read(whole[:-2] + b"\xff" * 5 + whole[-2:]).pixels, images.read(whole).pixels)


def test_endless_markers_are_not_followed_and_what_comes_after_the_end_is_not_searched() -> None:
    whole = encoded(Image.fromarray(NOISE), "JPEG")
    assert jpeg.ending(whole + b"\xff" * 10_000_000) == jpeg.ending(whole) == jpeg.Ending(len(whole) - 2, 1)
    assert jpeg.ending(whole[:-2] + b"\xff\xfe\x00\x02" * 20_000 + b"\xff\xd9") is None


def test_of_a_pil_image_the_file_is_looked_at_unless_it_was_decoded() -> None:
    whole = encoded(Image.fromarray(NOISE), "JPEG")
    cut = whole[: len(whole) // 2] + b"\xff\xd9"
    with pytest.raises(ImageUnreadable, match="too soon"):
        images.read(Image.open(io.BytesIO(cut)))
    assert np.array_equal(images.read(Image.open(io.BytesIO(whole))).pixels, images.read(whole).pixels)
    decoded = Image.open(io.BytesIO(cut))
    decoded.load()  # now nobody can tell
    assert images.read(decoded).size == (136, 120)
    small = Image.open(io.BytesIO(encoded(Image.fromarray(NOISE), "JPEG", progressive=True)))
    small.draft("L", (68, 60))
    assert images.read(small).size == (68, 60)


def test_a_jpeg_without_an_end_is_unreadable() -> None:
    whole = encoded(Image.fromarray(NOISE), "JPEG")
    for rest in (b"", b"<html>504 Gateway timeout</html>" * 999):
        with pytest.raises(ImageUnreadable, match="truncated"):
            images.read(whole[: len(whole) // 2] + rest)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_corner_is_no_damage(level: int) -> None:
    """Of such pictures the corner does not tell, and they are decoded twice."""
    picture = NOISE.copy()
    picture[-40:] = level
    for options in ({}, {"progressive": True}):
        images.read(encoded(Image.fromarray(picture), "JPEG", **options))


def test_a_phones_file_of_several_pictures_is_read_and_held_to_be_complete() -> None:
    picture = Image.fromarray(NOISE)
    whole = encoded(picture, "MPO", save_all=True, append_images=[picture])
    assert images.read(whole).format == "MPO"
    ending = jpeg.ending(whole)
    assert ending is not None
    with pytest.raises(ImageUnreadable, match="too soon"):
        images.read(whole[: ending.at // 2] + whole[ending.at :])


def test_pillow_set_to_accept_what_is_truncated_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for kind in ("JPEG", "PNG"):
        whole = encoded(Image.fromarray(NOISE), kind)
        with pytest.raises(ImageUnreadable):
            images.read(whole[: len(whole) // 2])
        with pytest.raises(ImageUnreadable):
            images.read(Image.open(io.BytesIO(whole[: len(whole) // 2])))
        assert images.read(whole).size == (136, 120)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_what_a_program_sets_while_a_picture_is_read_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)

    class Setting(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            assert Image.MAX_IMAGE_PIXELS == 5000
            return super().read(size)

    lazy = Image.open(io.BytesIO(encoded(Image.fromarray(GRADIENT), "PNG")))
    lazy.fp = Setting(lazy.fp.getvalue())
    lazy.fp.seek(41)
    with pytest.raises(ImageUnreadable):
        images.read(lazy)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_threads_that_share_an_image_get_its_pixels() -> None:
    large = Image.fromarray(np.random.default_rng(2).integers(0, 255, (600, 700, 3), np.uint8))
    data = encoded(large, "JPEG")
    for _ in range(5):
        lazy = Image.open(io.BytesIO(data))
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(images.read, [lazy] * 8))
        assert all(np.array_equal(one.pixels, images.read(data).pixels) for one in found)


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe, data = tmp_path / "pipe.jpg", encoded(Image.fromarray(NOISE), "PNG")
    os.mkfifo(pipe)
    with pytest.raises(ImageNotFound, match="named pipe"):
        images.read(pipe)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(images.read, pipe)
        with open(pipe, "wb") as file:
            for at in range(0, len(data), 5000):
                file.write(data[at : at + 5000])
        assert found.result().size == (136, 120)
    read, write = os.pipe()  # as a shell's <(command)
    with open(write, "wb") as file:
        file.write(data)
    assert images.read(f"/dev/fd/{read}").size == (136, 120)
    os.close(read)


def test_whatever_a_file_object_raises_is_a_typed_error() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise RuntimeError("connection lost")

    with pytest.raises(ImageUnreadable, match="connection lost"):
        images.read(Broken())
    cut = gzip.compress(encoded(Image.fromarray(NOISE), "PNG"))[:-50]
    with pytest.raises(ImageUnreadable, match="cannot be read"):
        images.read(gzip.GzipFile(fileobj=io.BytesIO(cut)))


def test_sixteen_bit_grey_where_zero_is_white_is_no_negative(tmp_path: Path) -> None:
    grey = np.linspace(0, 65535, 64 * 48).reshape(48, 64).astype(np.uint16)
    for photometric, expected in ((1, grey), (0, 65535 - grey)):
        written = io.BytesIO()
        Image.fromarray(grey).save(written, "TIFF", tiffinfo={262: photometric})
        assert np.abs(images.read(written.getvalue()).pixels[:, :, 0] - expected / 257.0).max() < 1


def test_transparent_sixteen_bit_grey_is_laid_on_white() -> None:
    grey = np.full((40, 40), 30_000, np.uint16)
    grey[:10, :10] = 7
    data = encoded(Image.fromarray(grey), "PNG")
    at = data.index(b"IDAT") - 4
    chunk = b"tRNS" + struct.pack(">H", 7)
    clear = data[:at] + struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[at:]
    assert images.read(clear).pixels[0, 0, 0] == 255
    assert images.read(clear).pixels[20, 20, 0] == images.read(data).pixels[20, 20, 0] < 255


def test_svg_pdf_and_eps_are_not_decoded() -> None:
    for data in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        with pytest.raises(ImageUnreadable, match="supported format"):
            images.read(data)


@pytest.mark.parametrize("size", [(100_000, 100_000), (12_001, 10_000)])
def test_size_is_checked_before_pixels_are_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge, match="max_pixels"):
        images.read(bomb(*size))


def test_the_limit_can_be_set() -> None:
    with pytest.raises(ImageTooLarge):
        images.read(GRADIENT, max_pixels=64 * 48 - 1)
    assert images.read(GRADIENT, max_pixels=64 * 48).size == (64, 48)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (GRADIENT.astype(np.float32) / 255, r"in \[0, 1\], convert: \(array \* 255\)\.round"),
        (GRADIENT.astype(np.float32), r"in \[0, 255\], convert: \(array\)\.round"),
        (GRADIENT.astype(np.int64), r"expected dtype uint8 .*in \[0, 255\]"),
        (GRADIENT.astype(bool), "got bool.$"),
        (np.zeros((3, 48, 64), np.uint8), "expected shape"),
        (np.zeros((0, 64, 3), np.uint8), "empty"),
        (np.zeros(64, np.uint8), "expected shape"),
    ],
)
def test_arrays_that_do_not_fit_say_what_was_expected(array: np.ndarray, message: str) -> None:
    with pytest.raises(ImageUnreadable, match=message):
        images.read(array)


def test_something_else_entirely() -> None:
    with pytest.raises(ImageUnreadable, match="int: expected a path"):
        images.read(42)  # type: ignore[arg-type]
    with pytest.raises(ImageUnreadable, match="'rb'"):
        images.read(io.StringIO("text"))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "JPEG", "WEBP", "BMP"])
def test_corrupted_files_raise_nothing_untyped(kind: str) -> None:
    """Random bytes overwritten: a picture or an ImageError, never anything else."""
    rng = np.random.default_rng(0)
    whole = encoded(Image.fromarray(GRADIENT), kind)
    for _ in range(120):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 6):
            data[place] = rng.integers(0, 256)
        try:
            assert images.read(bytes(data)).pixels.dtype == np.uint8
        except ImageError as error:
            assert error.source == "bytes"


def test_rotation_survives_damage_to_other_tags() -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Some camera"
    data = exif.tobytes()
    damaged = data.replace(b"Some camera", b"\xff\xfe\x00\xff camera")
    assert images.read(encoded(Image.fromarray(pixels), "PNG", exif=damaged)).size == (48, 64)


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_closed_file_is_unreadable(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    Image.fromarray(GRADIENT).save(path)
    with open(path, "rb") as file:
        lazy = Image.open(file)
    with pytest.raises(ImageUnreadable, match="closed"):
        images.read(file)
    with pytest.raises(ImageUnreadable):
        images.read(lazy)


def test_the_process_wide_limit_of_pillow_is_left_as_it_was() -> None:
    before = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageTooLarge, match="100000 x 100000"):
        images.read(bomb(100_000, 100_000))
    assert before == Image.MAX_IMAGE_PIXELS


def test_errors_cross_process_borders() -> None:
    import pickle

    error = pickle.loads(pickle.dumps(ImageTooLarge("a.png", "too large")))  # noqa: S301
    assert (type(error), error.source, error.reason) == (ImageTooLarge, "a.png", "too large")


def test_a_header_tells_of_the_file_what_reading_tells_of_the_pixels(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(GRADIENT), "JPEG", quality=75, subsampling=2, comment="a note")
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    header = images.header(path)
    assert (header.name, header.data, header.format, header.size) == (str(path), data, "JPEG", (64, 48))
    assert header.info["comment"] == b"a note"
    assert header.tables[0][:3] == (8, 6, 5)  # 16, 11, 10 of the standard's example, halved and rounded
    assert header.sampling == "4:2:0"
    assert images.header(data[:-40]).size == (64, 48)  # cut off within the pixels


def test_a_header_has_the_errors_of_reading(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound):
        images.header(tmp_path / "none.jpg")
    for source in (b"", b"no picture", 42):
        with pytest.raises(ImageUnreadable):
            images.header(source)  # type: ignore[arg-type]
    with pytest.raises(ImageTooLarge, match="max_pixels"):
        images.header(bomb(100_000, 100_000))
    for pixels in (GRADIENT, Image.fromarray(GRADIENT)):
        assert images.header(pixels).data is None


def test_a_file_without_end_is_not_read_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(deepfake_detector.files, "MAX_BYTES", 3 << 20)
    with pytest.raises(ImageTooLarge, match="more than 3,145,728 bytes"):
        images.read("/dev/zero")
    path = tmp_path / "large.png"
    path.write_bytes(encoded(Image.fromarray(GRADIENT), "PNG") + bytes(4 << 20))
    with pytest.raises(ImageTooLarge, match="large"):
        images.header(path)
    path.write_bytes(encoded(Image.fromarray(GRADIENT), "PNG") + bytes(1 << 20))
    assert images.read(path).format == "PNG"


def test_a_progressive_file_of_endless_scans_is_not_decoded() -> None:
    """64 x 64 pixels where 64 x 64 are allowed: a hundred scans may be, the last one 150 times more may not."""
    data = encoded(Image.fromarray(GRADIENT).resize((64, 64)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    for function in (images.read, images.header):
        assert function(data, 64 * 64).format == "JPEG"
        with pytest.raises(ImageUnreadable, match="scans"):
            function(data[:-2] + 150 * last + data[-2:], 64 * 64)


def test_tiles_larger_than_pictures_may_be_are_not_unfolded() -> None:
    """A TIFF of 64 x 64 pixels in one deflated tile of 40,000 x 40,000."""
    data = tiled_tiff(64, 40_000, bytes(100))
    for function in (images.read, images.header):
        with pytest.raises(ImageTooLarge, match="40000 x 40000"):
            function(data)


def test_a_tile_of_no_finite_size_is_a_typed_error() -> None:
    entries = struct.pack("<HHIf", 322, 11, 1, float("inf"))
    tags = {256: 64, 257: 64, 258: 8, 259: 1, 262: 1, 277: 1}
    first = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 7) + first + entries + bytes(4)
    for function in (images.read, images.header):
        with pytest.raises(ImageUnreadable):
            function(data)
