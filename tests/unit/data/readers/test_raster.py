"""x"""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps, PngImagePlugin
from tests.fixtures.raster_files import GREY, ORIENTATION, VALID, WIDE, encode, exif, read, write_tiff

from ganoscope.data.picture import UnreadableError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")  # pytest undoes the reader's filter


SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[4] / "../shared/data")


needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_grey_png_keeps_its_values_in_every_colour_mode(read_bytes, mode):
    picture = read_bytes("a.png", encode(Image.fromarray(GREY).convert(mode), "PNG"))
    np.testing.assert_array_equal(picture.pixels, GREY)
    assert (picture.pixels.dtype, picture.unit, picture.coloured) == (np.uint8, "grey 8 bit", False)


def test_16_bit_png_keeps_all_its_bits(read_bytes):
    picture = read_bytes("a.png", encode(Image.fromarray(WIDE), "PNG"))
    np.testing.assert_array_equal(picture.pixels, WIDE)
    assert (picture.pixels.dtype, picture.unit, picture.coloured) == (np.uint16, "grey 16 bit", False)


def test_1_bit_png_becomes_black_and_white(read_bytes):
    picture = read_bytes("a.png", encode(Image.fromarray(GREY > 100), "PNG"))
    np.testing.assert_array_equal(picture.pixels, np.where(GREY > 100, 255, 0))
    assert (picture.pixels.dtype, picture.unit) == (np.uint8, "grey 8 bit")


def test_palette_is_looked_up_not_taken_as_grey(read_bytes):
    image = Image.fromarray((GREY > 100).astype(np.uint8), "P")
    image.putpalette([200, 200, 200, 10, 10, 10])
    np.testing.assert_array_equal(
        read_bytes("a.png", encode(image, "PNG")).pixels, np.where(GREY > 100, 10, 200).astype(np.uint8)
    )


def test_colour_palette_is_flagged(read_bytes):
    image = Image.fromarray((GREY > 100).astype(np.uint8), "P")
    image.putpalette([200, 20, 20, 10, 10, 10])
    assert read_bytes("a.png", encode(image, "PNG")).coloured


def test_true_colour_becomes_luminance_and_is_flagged(read_bytes):
    colour = np.stack([GREY, GREY // 2, 255 - GREY], axis=2)
    picture = read_bytes("a.png", encode(Image.fromarray(colour), "PNG"))
    np.testing.assert_allclose(picture.pixels, colour @ [0.299, 0.587, 0.114], atol=1)
    assert picture.coloured


@pytest.mark.parametrize(("spread", "flagged"), [(1, False), (8, False), (9, True), (200, True)])
def test_colour_flag_starts_above_the_tolerance(read_bytes, spread, flagged):
    colour = np.full((20, 24, 3), 30, np.uint8)
    colour[3, 4, 1] += spread
    assert read_bytes("a.png", encode(Image.fromarray(colour), "PNG")).coloured is flagged


def test_grey_jpeg_stored_as_colour_is_not_flagged(read_bytes):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    for quality in (30, 75, 95):
        image = Image.fromarray(noise)
        picture = read_bytes("a.jpg", encode(image.convert("RGB"), "JPEG", quality=quality))
        assert not picture.coloured
        plain = read_bytes("b.jpeg", encode(image, "JPEG", quality=quality))
        np.testing.assert_allclose(picture.pixels.astype(int), plain.pixels, atol=3)


def test_tinted_jpeg_is_flagged(read_bytes):
    tinted = np.stack([GREY, GREY, GREY // 3], axis=2)
    assert read_bytes("a.jpg", encode(Image.fromarray(tinted), "JPEG")).coloured


def see_through(mode):
    image = Image.fromarray(GREY).convert(mode)
    image.putalpha(Image.fromarray(np.where(np.eye(20, 24), 254, 255).astype(np.uint8)))
    return encode(image, "PNG")


@pytest.mark.parametrize(
    "content",
    [
        see_through("RGBA"),
        see_through("LA"),
        encode(Image.fromarray(GREY), "PNG", transparency=int(GREY[3, 3])),
        encode(Image.fromarray(WIDE), "PNG", transparency=int(WIDE[3, 3])),
        encode(Image.fromarray(GREY).convert("RGB"), "PNG", transparency=(int(GREY[3, 3]),) * 3),
        encode(Image.fromarray(GREY).convert("P"), "PNG", transparency=int(GREY[3, 3])),
        encode(Image.fromarray(GREY > 100), "PNG", transparency=0),
    ],
    ids=["RGBA", "LA", "L", "16 bit", "RGB", "P", "1"],
)
def test_transparent_pixels_are_refused(read_bytes, content):
    with pytest.raises(UnreadableError, match="transparent pixels"):
        read_bytes("a.png", content)


@pytest.mark.parametrize("pixels", [GREY, WIDE], ids=["8 bit", "16 bit"])
def test_unused_transparent_colour_does_no_harm(read_bytes, pixels):
    unused = int(pixels.max()) + 1
    picture = read_bytes("a.png", encode(Image.fromarray(pixels), "PNG", transparency=unused))
    np.testing.assert_array_equal(picture.pixels, pixels)


@pytest.mark.parametrize(("channels", "colour_type"), [(3, 2), (2, 4), (4, 6)])
def test_16_bit_colour_is_refused(read_bytes, channels, colour_type):
    with pytest.raises(UnreadableError, match="16-bit colour"):
        read_bytes("a.png", encode_16_bit_colour(channels, colour_type))


def encode_16_bit_colour(channels, colour_type):
    """Pillow can't write these: PNG by hand, 4 x 4."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(range(4 * channels * 2)) for _ in range(4))
    header = struct.pack(">IIBBBBB", 4, 4, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_cmyk_is_refused(read_bytes):
    with pytest.raises(UnreadableError, match="CMYK has no defined grey"):
        read_bytes("a.jpg", encode(Image.fromarray(GREY).convert("CMYK"), "JPEG"))


def test_several_frames_are_refused(read_bytes):
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    with pytest.raises(UnreadableError, match="several frames"):
        read_bytes("a.png", encode(frames[0], "PNG", save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("orientation", range(9))
def test_exif_orientation_is_applied(read_bytes, kind, orientation):
    content = encode(Image.fromarray(GREY), kind, exif=exif(orientation))
    upright = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))
    picture = read_bytes(f"a.{kind.lower()}", content)
    np.testing.assert_array_equal(picture.pixels, upright)
    assert picture.pixels.shape == ((24, 20) if orientation >= 5 else (20, 24))


def test_6_in_exif_turns_clockwise(read_bytes):
    picture = read_bytes("a.png", encode(Image.fromarray(WIDE), "PNG", exif=exif(6)))
    np.testing.assert_array_equal(picture.pixels, np.rot90(WIDE, -1))


def test_damaged_exif_does_not_cost_the_picture(read_bytes):
    mark = Image.Exif()
    mark[ORIENTATION], mark[282] = 3, 72.0  # XResolution, a rational
    content = encode(Image.fromarray(GREY), "PNG", exif=mark)
    at = content.index(b"eXIf")
    entry = content.index(b"\x01\x1a\x00\x05", at)
    damaged = content[: entry + 3] + b"\x02" + content[entry + 4 :]  # now it claims to be text
    size = int.from_bytes(content[at - 4 : at], "big")
    checksum = zlib.crc32(damaged[at : at + 4 + size]).to_bytes(4, "big")
    damaged = damaged[: at + 4 + size] + checksum + damaged[at + 8 + size :]
    np.testing.assert_array_equal(read_bytes("a.png", damaged).pixels, np.rot90(GREY, 2))


@pytest.mark.parametrize(("name", "kind"), [("a.png", "BMP"), ("a.jpeg", "GIF")])
def test_another_format_under_a_supported_name_is_refused(read_bytes, name, kind):
    with pytest.raises(UnreadableError, match=f"wrong extension: the content is {kind}"):
        read_bytes(name, encode(Image.fromarray(GREY), kind))


def test_text_is_no_image(read_bytes):
    with pytest.raises(UnreadableError, match="no PNG, JPEG or TIFF"):
        read_bytes("a.png", b"Findings: no acute disease.\n")


@pytest.mark.parametrize("limit", [GREY.size // 2 - 1, GREY.size // 3])
def test_decompression_bomb_is_refused_whatever_the_warning_filters(read_bytes, monkeypatch, limit):
    content = encode(Image.fromarray(GREY), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    for action in ("ignore", "error"):
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            with pytest.raises(UnreadableError, match="decompression bomb"):
                read_bytes("a.png", content)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_picture_at_the_pixel_limit_is_read(read_bytes, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", GREY.size // 2)  # Pillow itself refuses from twice as many
    assert read_bytes("a.png", encode(Image.fromarray(GREY), "PNG")).pixels.shape == GREY.shape


@pytest.mark.parametrize("error", [struct.error("short"), KeyError("tag"), TypeError("text"), IndexError("far")])
def test_whatever_the_decoder_raises_is_the_files_fault(read_bytes, monkeypatch, error):
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "getexif", lambda image: (_ for _ in ()).throw(error))
    with pytest.raises(UnreadableError, match="corrupt or truncated"):
        read_bytes("a.png", VALID["grey.png"])


def test_lack_of_memory_is_not_the_files_fault(read_bytes, monkeypatch):
    monkeypatch.setattr(Image.Image, "getexif", lambda image: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        read_bytes("a.jpg", VALID["grey.jpg"])


def test_exif_after_the_pixels_is_found(read_bytes):
    content = encode(Image.fromarray(GREY), "PNG", exif=exif(6))
    at = content.index(b"eXIf") - 4
    size = 12 + int.from_bytes(content[at : at + 4], "big")
    moved = content[:at] + content[at + size : -12] + content[at : at + size] + content[-12:]
    np.testing.assert_array_equal(read_bytes("a.png", moved).pixels, np.rot90(GREY, -1))


@pytest.mark.parametrize("name", VALID)
def test_truncated_file_is_refused_or_complete(tmp_path, name):
    content, path = VALID[name], tmp_path / name
    path.write_bytes(content)
    whole = read(path).pixels
    refused = 0
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            np.testing.assert_array_equal(read(path).pixels, whole)
        except UnreadableError:
            refused += 1
    assert refused >= len(content) - 32  # only the last checksum, end mark or padding may be missing


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("damaged")


@given(st.sampled_from(sorted(VALID)), st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_file_decodes_or_is_unreadable_and_nothing_else(folder, name, data):
    content = bytearray(VALID[name])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(1, len(content)) | st.just(len(content))) :]
    (folder / name).write_bytes(content)
    try:
        result = read(folder / name)
    except UnreadableError as error:
        assert str(error)
        assert name not in str(error)
    else:
        assert result.pixels.ndim == 2
        kinds = {"grey 8 bit": ["uint8"], "grey 16 bit": ["uint16"], "signal": ["uint16", "int16", "float32"]}
        assert result.pixels.dtype in kinds[result.unit]


REAL_MODES = {
    "cxr_fullsize_gray_person1063_bacteria_2997.jpeg": ("L", (976, 1232)),
    "cxr_fullsize_rgb_person1052_virus_1751.jpeg": ("RGB", (521, 836)),
    "cxr_rgba_00000004_000.png": ("RGBA", (64, 64)),
    "cxr_rgba_00000058_000.png": ("RGBA", (64, 64)),
    "cxr_rgba_00000076_000.png": ("RGBA", (64, 64)),
    "mri_rgb_notumor_Te-no_0108.jpg": ("RGB", (224, 224)),
    "mri_rgb_notumor_Te-no_0178.jpg": ("RGB", (224, 224)),
    "mri_rgb_notumor_Te-no_0254.jpg": ("RGB", (224, 224)),
    "mri_rgb_notumor_Te-no_0370.jpg": ("RGB", (224, 224)),
}


@needs_shared
@pytest.mark.parametrize("name", REAL_MODES)
def test_real_colour_modes_are_read_as_grey(name):
    mode, shape = REAL_MODES[name]
    path = SHARED / "formats/image_modes" / name
    with Image.open(path) as image:
        assert image.mode == mode
    picture = read(path)
    assert (picture.pixels.shape, picture.pixels.dtype, picture.coloured) == (shape, np.uint8, False)
    assert picture.pixels.std() > 20


REAL_MALFORMED = {
    "ct16_truncated.png": "corrupt or truncated",
    "cxr_truncated.jpeg": "corrupt or truncated",
    "empty.png": "empty",
    "empty.dcm": "empty",
    "text_named.dcm": r"\S",  # whatever the reason, there is one
    "header_only_132_bytes.dcm": r"\S",  # whatever the reason, there is one
    "ct_truncated_half.dcm": r"\S",  # whatever the reason, there is one
    "volume_truncated.nii.gz": r"\S",  # whatever the reason, there is one
}


@needs_shared
@pytest.mark.parametrize("name", REAL_MALFORMED)
def test_real_malformed_files_are_refused_with_the_reason(name):
    with pytest.raises(UnreadableError, match=REAL_MALFORMED[name]):
        read(SHARED / "formats/made_malformed" / name)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_resolution_of_print_is_not_taken_as_spacing(read_bytes, kind):
    content = encode(Image.fromarray(GREY), kind, dpi=(254, 254))
    assert read_bytes(f"a.{kind.lower()}", content).spacing_mm is None


HU = np.arange(-1024, 3072, 8).reshape(16, 32).astype(np.int16)


@pytest.mark.parametrize("offset", [1024, 2000, 32768])
def test_stated_hu_in_16_bit_pictures_are_int16_less_the_offset(read_bytes, offset):
    stored = (HU.astype(np.int64) + offset).astype(np.uint16)
    for name, content in (("a.png", encode(Image.fromarray(stored), "PNG")), ("a.tif", write_tiff(stored))):
        result = read_bytes(name, content, hu_offset=offset)
        np.testing.assert_array_equal(result.pixels, HU)
        assert (result.unit, result.pixels.dtype) == ("HU", np.int16)
    signed = read_bytes("b.tif", write_tiff(HU), hu_offset=0)
    np.testing.assert_array_equal(signed.pixels, HU)
    assert signed.unit == "HU"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_8_bit_pictures_hold_no_hu_whatever_the_user_says(read_bytes, kind):
    content = encode(Image.fromarray(GREY), kind)
    with pytest.raises(UnreadableError, match="8-bit values hold no Hounsfield units"):
        read_bytes(f"a.{kind.lower()}", content, hu_offset=1024)


@pytest.mark.parametrize(
    ("offset", "lowest", "highest", "reason"),
    [
        (0, 24, 3000, "no value below 0 HU after the offset .lowest: 24"),
        (6000, 0, 4000, "no value above -1024 HU after the offset .highest: -2000"),
    ],
)
def test_an_offset_that_cannot_be_true_is_refused(read_bytes, offset, lowest, highest, reason):
    stored = np.linspace(lowest, highest, 480).reshape(20, 24).astype(np.uint16)
    with pytest.raises(UnreadableError, match=reason):
        read_bytes("a.png", encode(Image.fromarray(stored), "PNG"), hu_offset=offset)


@needs_shared
def test_real_16_bit_pictures_hold_hu():
    paths = sorted((SHARED / "ct_contrast_png16").rglob("*.png"))[::8]
    assert len(paths) > 5
    for path in paths:
        result = read(path, hu_offset=1024)
        with Image.open(path) as image:
            np.testing.assert_array_equal(result.pixels, np.asarray(image).astype(np.int32) - 1024)
        assert (result.unit, result.pixels.dtype) == ("HU", np.int16)
        assert result.pixels.min() < -900  # air


def test_a_progressive_picture_of_very_many_scans_is_refused_before_it_is_decoded(read_bytes):
    content = encode(Image.fromarray(GREY), "JPEG", progressive=True)
    assert read_bytes("a.jpg", content).pixels.shape == GREY.shape
    last = content[content.rindex(b"\xff\xda") : -2]
    with pytest.raises(UnreadableError, match=r"would take too long: 1\d\d scans"):
        read_bytes("a.jpg", content[:-2] + last * 100 + content[-2:])
