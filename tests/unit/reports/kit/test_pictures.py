"""Pictures in a page: small, faithful where pixels count, described."""

import base64
import io

import numpy as np
from PIL import Image

from ganoscope.reports.kit.pictures import MAX_BYTES, embed_image, embed_svg, show_file, show_pixels


def decode(source):
    return Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))


def make_noise(side, mode="L"):
    shape = (side, side) if mode == "L" else (side, side, 3)
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8))


def test_small_pictures_keep_every_pixel():
    image = make_noise(40)
    assert np.array_equal(np.asarray(decode(embed_image(image))), np.asarray(image))


def test_large_pictures_become_small():
    image = decode(embed_image(make_noise(2400), 900))
    assert image.size == (900, 900)
    assert image.mode == "P"
    assert len(embed_image(make_noise(2400), 900)) < 2 * MAX_BYTES


def test_an_svg_is_embedded_as_it_is():
    assert base64.b64decode(embed_svg("<svg/>").partition(";base64,")[2]) == b"<svg/>"


def test_a_file_is_described_by_the_first_sentence_of_its_caption(tmp_path):
    make_noise(20, "RGB").save(tmp_path / "one.png")
    picture = show_file(tmp_path / "one.png", "What it shows. How to read it.")
    assert (picture.alt, picture.fine, picture.width_px) == ("What it shows", False, 1000)
    assert decode(picture.source).mode == "RGB"


def test_pixels_are_grey_and_at_most_twice_as_many_as_shown():
    picture = show_pixels(make_noise(300, "RGB"), "Caption.", "Alt", 100)
    assert picture.fine
    assert (decode(picture.source).size, decode(picture.source).mode) == ((200, 200), "L")
