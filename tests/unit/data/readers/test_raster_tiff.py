"""TIFF: every type, page and orientation, or a refusal."""

import itertools

import numpy as np
import pytest
from PIL import Image
from tests.fixtures.raster_files import GREY, VALID, WIDE, encode, exif, read_all, write_tiff

from ganoscope.data import file_limits
from ganoscope.data import readers as package
from ganoscope.data.picture import ReadOptions, UnreadableError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")  # pytest undoes the reader's filter


def test_a_tiff_that_points_to_an_impossible_place_is_unreadable(read_bytes):
    content = bytearray(VALID["float.tif"][:16])
    content[2] = 43  # now it claims to be a BigTIFF, whose first offset has eight bytes
    with pytest.raises(UnreadableError, match="corrupt or truncated"):
        read_bytes("float.tif", bytes(content))


RAMP = np.arange(480).reshape(20, 24)


TIFF_TYPES = [
    ("u1", RAMP % 256, "uint8", "grey 8 bit"),
    ("u2", RAMP * 136, "uint16", "grey 16 bit"),
    ("i2", RAMP * 100 - 20_000, "int16", "signal"),
    ("i2", RAMP, "uint16", "signal"),
    ("u4", RAMP * 100, "uint16", "grey 16 bit"),
    ("i4", RAMP * 100 - 20_000, "int16", "signal"),
    ("i4", RAMP * 1000 - 20_000, "float32", "signal"),
    ("f4", RAMP / 7 - 9, "float32", "signal"),
]


@pytest.mark.parametrize(("dtype", "values", "expected", "unit"), TIFF_TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_of_every_type_written_by_hand_keeps_its_values_or_is_refused(
    read_bytes, order, dtype, values, expected, unit
):
    content = write_tiff(values.astype(dtype), order)
    if order == ">" and dtype == "u4":  # Pillow does not know it
        with pytest.raises(UnreadableError, match="supported kind"):
            read_bytes("a.tif", content)
        return
    result = read_bytes("a.tif", content)
    np.testing.assert_array_equal(result.pixels, values.astype(dtype))
    assert (result.pixels.dtype, result.unit, result.spacing_mm) == (expected, unit, None)
    assert result.pixels.flags.c_contiguous


ENCODINGS = [
    *itertools.product(["none", "lzw", "deflate", "zstd", "lzma"], [False, True]),
    ("packbits", False),  # knows no predictor
]


@pytest.mark.parametrize(("compression", "predictor"), ENCODINGS)
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_compressed_tiff_agrees_with_an_independent_codec(read_bytes, compression, predictor, tile, dtype):
    imagecodecs = pytest.importorskip("imagecodecs")
    values = (RAMP * 100 - 20_000 if dtype == "int16" else RAMP / 7 if dtype == "float32" else RAMP % 256).astype(dtype)
    content = imagecodecs.tiff_encode(values, compression=compression, predictor=predictor, tile=tile)
    np.testing.assert_array_equal(imagecodecs.tiff_decode(content), values)
    try:
        result = read_bytes("a.tiff", content)
    except UnreadableError:
        assert compression in ("zstd", "lzma")  # with which Pillow's libtiff need not be built
    else:
        np.testing.assert_array_equal(result.pixels, values)


def test_every_page_of_a_tiff_is_a_picture(tmp_path):
    pages = [(RAMP + 7 * n).astype(np.uint16) for n in range(3)]
    (tmp_path / "a.tif").write_bytes(write_tiff(pages))
    pictures = read_all(tmp_path / "a.tif")
    assert [p.frame for p in pictures] == [0, 1, 2]
    np.testing.assert_array_equal([p.pixels for p in pictures], pages)


@pytest.mark.parametrize("kind", [1, 4, 5])
def test_small_copies_and_masks_of_pages_are_no_pictures(tmp_path, kind):
    pages = [RAMP.astype(np.uint16), RAMP[::2, ::2].astype(np.uint16), RAMP.astype(np.uint16) + 1]
    (tmp_path / "a.tif").write_bytes(write_tiff(pages, page_tags=[{}, {254: kind}, {254: 2}]))
    assert [(p.frame, p.pixels.shape) for p in read_all(tmp_path / "a.tif")] == [(0, (20, 24)), (2, (20, 24))]
    (tmp_path / "a.tif").write_bytes(write_tiff(pages[1:], page_tags=[{254: kind}, {254: kind}]))
    with pytest.raises(UnreadableError, match="only small copies or masks"):
        read_all(tmp_path / "a.tif")


def test_pages_that_are_too_many_in_all_are_refused_before_the_first(tmp_path, monkeypatch):
    (tmp_path / "a.tif").write_bytes(write_tiff([GREY] * 3))
    assert len(read_all(tmp_path / "a.tif")) == 3
    monkeypatch.setattr(file_limits, "MOST_EXPANSION", 0.5)
    small = ReadOptions(max_file_gib=(3 * GREY.size - 1) / 2**30)
    with pytest.raises(UnreadableError, match="decompression bomb refused"):
        next(iter(package.read(tmp_path / "a.tif", small)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_orientation_is_applied_once(read_bytes, orientation):
    content = write_tiff(GREY, t274=orientation)
    mark = encode(Image.fromarray(GREY), "PNG", exif=exif(orientation))
    np.testing.assert_array_equal(read_bytes("a.tif", content).pixels, read_bytes("a.png", mark).pixels)


def test_inverted_8_bit_tiff_is_shown_as_meant_and_wider_ones_are_refused(read_bytes):
    np.testing.assert_array_equal(read_bytes("a.tif", write_tiff(GREY, t262=0)).pixels, 255 - GREY)
    for values in (WIDE, WIDE.astype(np.float32)):
        with pytest.raises(UnreadableError, match="0 is white"):
            read_bytes("a.tif", write_tiff(values, t262=0))


def test_colour_tiff_is_reduced_and_16_bit_colour_refused(read_bytes):
    colour = np.stack([GREY, GREY // 2, 255 - GREY], axis=2)
    result = read_bytes("a.tif", write_tiff(colour, t262=2))
    np.testing.assert_array_equal(result.pixels, np.asarray(Image.fromarray(colour).convert("L")))
    assert (result.unit, result.coloured) == ("grey 8 bit", True)
    with pytest.raises(UnreadableError, match="16-bit colour TIFF"):
        read_bytes("a.tif", write_tiff(colour.astype(np.uint16), t262=2))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_float_tiff_with_values_that_are_no_numbers_is_refused(read_bytes, value):
    values = GREY.astype(np.float32)
    values[3, 4] = value
    with pytest.raises(UnreadableError, match="no numbers"):
        read_bytes("a.tif", write_tiff(values))


@pytest.mark.parametrize("value", [65536, 1 << 31, (1 << 32) - 1])
def test_unsigned_32_bit_values_that_do_not_fit_are_refused_not_wrapped(read_bytes, value):
    values = GREY.astype(np.uint32)
    values[3, 4] = value
    with pytest.raises(UnreadableError, match="outside 0 to 65535"):
        read_bytes("a.tif", write_tiff(values))


def test_the_library_that_unpacks_tiff_prints_nothing(read_bytes, tmp_path, capfd):
    Image.fromarray(GREY.astype(np.uint8)).save(tmp_path / "a.tif", compression="tiff_adobe_deflate")
    content = bytearray((tmp_path / "a.tif").read_bytes())
    content[12:20] = b"\xff" * 8
    with pytest.raises(UnreadableError):
        read_bytes("a.tif", bytes(content))
    assert capfd.readouterr().err == ""
