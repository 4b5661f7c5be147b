"""Pictures in a page: small, faithful where pixels count, described."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ganoscope.errors import UserError
from ganoscope.figures.overlays import blend
from ganoscope.reports.kit.pictures import MAX_BYTES, embed_image, embed_svg, show_file, show_pixels


def decode(source):
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def make_noise(side, mode="L"):
    shape = (side, side) if mode == "L" else (side, side, 3)
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8))


def make_heat_map(side):
    """Returns a smooth map over a noisy image, RGB: thousands of colours, which no palette holds."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    grain = np.random.default_rng(0).normal(0, 0.1, (side, side))
    return Image.fromarray(blend(np.clip(x + grain, -1, 1), np.exp(-3 * (x**2 + y**2)), 1.0))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_pictures_keep_every_pixel(mode):
    image = make_noise(40, mode)
    assert np.array_equal(np.asarray(decode(embed_image(image)).convert(mode)), np.asarray(image))


def test_a_heat_map_has_the_same_colours_in_its_file_and_on_a_page(tmp_path):
    make_heat_map(600).save(tmp_path / "map.png")
    written = np.asarray(Image.open(tmp_path / "map.png"))
    shown = np.asarray(decode(show_file(tmp_path / "map.png", "A map.").source))
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 10_000
    assert np.array_equal(shown, written)


def test_a_very_large_picture_differs_by_two_of_255_on_average():
    image = make_heat_map(1500)
    source = embed_image(image)
    shown = np.asarray(decode(source)).astype(int)
    assert source.startswith("data:image/jpeg")
    assert len(source) < 2 * MAX_BYTES
    difference = np.abs(shown - np.asarray(image))
    assert difference.mean() < 2
    assert np.percentile(difference, 99.9) < 10


def test_large_pictures_become_small():
    image = decode(embed_image(make_noise(2400), 900))
    assert image.size == (900, 900)
    assert len(embed_image(make_noise(2400), 900)) < 2 * MAX_BYTES


def test_an_svg_is_embedded_as_it_is():
    assert base64.b64decode(embed_svg("<svg/>").partition(";base64,")[2]) == b"<svg/>"


def test_a_file_is_described_by_the_first_sentence_of_its_caption(tmp_path):
    make_noise(20, "RGB").save(tmp_path / "one.png")
    picture = show_file(tmp_path / "one.png", "What it shows. How to read it.")
    assert (picture.alt, picture.fine, picture.width_px) == ("What it shows", False, 1000)
    assert len(np.unique(np.asarray(decode(picture.source)).reshape(-1, 3), axis=0)) > 256


def test_pixels_are_grey_and_at_most_twice_as_many_as_shown():
    picture = show_pixels(make_noise(300, "RGB"), "Caption.", "Alt", 100)
    assert picture.fine
    red, green, blue = np.moveaxis(np.asarray(decode(picture.source)), 2, 0)
    assert red.shape == (200, 200)
    assert np.array_equal(red, green)
    assert np.array_equal(red, blue)


@pytest.mark.parametrize("content", [None, b"", b"<html>404</html>", b"\x89PNG\r\n\x1a\n", "cut", "swapped", "bomb"])
def test_a_damaged_picture_is_told_in_words(tmp_path, content):
    path = tmp_path / "sheet.png"
    make_noise(64).save(path)
    whole = path.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "swapped": whole.replace(b"IDAT", b"IDOT"),
        "bomb": whole[:16] + (30_000).to_bytes(4) * 2 + whole[24:],
    }.get(content, content)
    path.unlink() if damaged is None else path.write_bytes(damaged)
    with pytest.raises(UserError, match=r"sheet\.png is missing or damaged: .*Restore it"):
        show_file(path, "Caption.")
