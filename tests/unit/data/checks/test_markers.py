"""Burnt-in letters: planted ones are found where they stand, at any size and type; clean phantoms are left alone."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from ganoscope.data.checks import markers
from ganoscope.data.checks.markers import SMALLEST_PX, Marker, find_markers, open_grey
from ganoscope.data.phantoms import make_phantom

PLACES = {"top left": (0.04, 0.05), "top right": (0.9, 0.05), "bottom left": (0.04, 0.88), "left": (0.03, 0.45)}
BRIGHTEST = {"uint8": 255, "uint16": 65535, "int16": 3071, "float32": 1.0}


def draw(modality, index, size, dtype="uint8"):
    """A phantom's picture in a type's full range, CT from -1024 HU."""
    pixels = make_phantom(modality, index, size, seed=3).pixels.astype(np.float32)
    if modality == "ct":
        return pixels.astype(np.int16) if dtype == "int16" else np.rint((pixels + 1024) / 2524 * 230).astype(np.uint8)
    return (pixels * (BRIGHTEST[dtype] / 255)).astype(dtype)


def burn(pixels, text, place, height=0.06, darken=True):
    """Writes a text into a picture, `height` of its side high, after clearing the ground as collimators do."""
    size = len(pixels)
    font = ImageFont.load_default(height * size / 0.72)
    canvas = Image.new("L", (size, size))
    at = (place[0] * size, place[1] * size)
    ImageDraw.Draw(canvas).text(at, text, fill=255, font=font, anchor="lt")
    letters = np.asarray(canvas) / 255
    left, top, right, bottom = canvas.getbbox()
    burnt = pixels.astype(np.float64)
    low = burnt.min()
    if darken:
        room = max(2, round(0.02 * size))
        ground = (slice(max(0, top - room), bottom + room), slice(max(0, left - room), right + room))
        burnt[ground] = low + 0.2 * (burnt[ground] - low)
    burnt = burnt + letters * (BRIGHTEST[str(pixels.dtype)] - burnt)
    return burnt.astype(pixels.dtype), (left, top, right - left, bottom - top)


def overlap(first, second):
    """Share of the first box that lies in the second."""
    sides = (min(first[i] + first[i + 2], second[i] + second[i + 2]) - max(first[i], second[i]) for i in (0, 1))
    return float(np.prod([max(0, side) for side in sides])) / (first[2] * first[3])


def hits(pixels, box):
    return any(overlap(marker.box, box) > 0.8 for marker in find_markers(pixels))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("letter", ["R", "L", "P"])
@pytest.mark.parametrize("modality", ["cxr", "mri"])
def test_planted_letters_are_found_where_they_stand(modality, letter, place):
    found = [hits(*burn(draw(modality, index, 256), letter, PLACES[place])) for index in range(0, 40, 4)]
    assert np.mean(found) >= 0.9


@pytest.mark.parametrize("height", [0.035, 0.05, 0.08, 0.1])
@pytest.mark.parametrize("size", [192, 256, 320, 512])
def test_letters_of_every_size_are_found_in_pictures_of_every_size(size, height):
    found = [hits(*burn(draw("cxr", index, size), "R", PLACES["top left"], height)) for index in range(0, 32, 4)]
    assert np.mean(found) >= 0.75


@pytest.mark.parametrize(
    ("modality", "dtype"), [("cxr", "uint16"), ("mri", "float32"), ("ct", "int16"), ("ct", "uint8")]
)
def test_letters_are_found_in_pictures_of_every_type(modality, dtype):
    found = [hits(*burn(draw(modality, index, 256, dtype), "R", PLACES["top left"])) for index in range(0, 32, 4)]
    assert np.mean(found) >= 0.85


@pytest.mark.parametrize("text", ["AP", "KV 70", "12:45"])
def test_at_least_a_part_of_a_text_is_found(text):
    found = [hits(*burn(draw("mri", index, 256), text, (0.05, 0.05))) for index in range(0, 40, 4)]
    assert np.mean(found) >= 0.9


def test_mirrored_letters_are_found_too():
    pixels, (x, y, width, height) = burn(draw("mri", 0, 256), "R", PLACES["top left"])
    assert hits(pixels[:, ::-1], (256 - x - width, y, width, height))


@pytest.mark.parametrize(("modality", "dtype"), [("cxr", "uint8"), ("mri", "uint8"), ("ct", "int16")])
@pytest.mark.parametrize("size", [128, 256])
def test_phantoms_without_letters_are_left_alone(modality, dtype, size):
    flagged = [bool(find_markers(draw(modality, index, size, dtype))) for index in range(40)]
    assert sum(flagged) <= 1


def test_letters_in_the_middle_and_discs_and_lines_are_no_markers():
    assert not find_markers(burn(np.zeros((256, 256), np.uint8), "R", (0.48, 0.48))[0])
    canvas = Image.new("L", (256, 256))
    pen = ImageDraw.Draw(canvas)
    pen.ellipse((10, 10, 22, 22), fill=255)
    pen.line((40, 12, 56, 20), fill=255, width=2)
    pen.line((4, 200, 4, 216), fill=255, width=3)
    pen.rectangle((200, 10, 212, 20), fill=255)
    assert not find_markers(np.asarray(canvas))


def test_boxes_are_in_pixels_of_the_picture_that_was_given():
    pixels, box = burn(np.zeros((1500, 1500), np.uint8), "R", (0.03, 0.05))
    (marker,) = find_markers(pixels)
    assert np.abs(np.subtract(marker.box, box)).max() <= 2 * -(-1500 // markers.WORK_PX)


def test_boxes_end_at_the_border():
    picture = np.zeros((401, 403), np.uint8)
    pixels = np.zeros((512, 512), np.uint8)
    pixels[:401, :403] = picture
    burnt, _ = burn(pixels, "R", (0.74, 0.7), 0.07)
    for marker in find_markers(burnt[:401, :403]):
        x, y, width, height = marker.box
        assert x + width <= 403
        assert y + height <= 401


def test_small_pictures_are_not_judged():
    pixels, _ = burn(np.zeros((256, 256), np.uint8), "R", PLACES["top left"], 0.1)
    side = SMALLEST_PX - 1
    assert find_markers(pixels)
    assert find_markers(np.asarray(Image.fromarray(pixels).resize((side, side)))) == ()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_constant_and_thin_pictures_have_no_markers(dtype):
    for shape in ((256, 256), (1, 300), (300, 1), (2, 1000)):
        assert find_markers(np.full(shape, 7, dtype)) == ()
        assert isinstance(find_markers(np.arange(np.prod(shape)).reshape(shape).astype(dtype)), tuple)


def test_values_that_are_not_finite_are_no_crash():
    pixels = np.zeros((200, 200), np.float32)
    for value in (np.nan, np.inf):
        pixels[5, 5] = value
        assert find_markers(pixels) == ()


@given(st.integers(0, 10_000), st.sampled_from([3, 5, 9, 11]), st.integers(20, 60), st.integers(20, 60))
@settings(deadline=None, max_examples=40)
def test_the_fast_opening_equals_scipys(seed, side, height, width):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    expected = ndimage.grey_opening(picture, size=(side, side), mode="nearest")
    inner = (slice(side, -side), slice(side, -side))
    opened = open_grey(picture, side)
    assert opened.shape == picture.shape
    assert np.array_equal(opened[inner], expected[inner])


@given(st.integers(0, 1000), st.sampled_from([2.0, 0.25]), st.integers(-500, 500))
@settings(deadline=None, max_examples=20)
def test_brightness_and_contrast_change_nothing(seed, gain, offset):
    place = list(PLACES.values())[seed % 4]
    pixels, _ = burn(draw("mri", seed % 40, 192), "R", place)
    assert find_markers(pixels.astype(np.float32) * np.float32(gain) + offset) == find_markers(pixels)


def test_a_slice_of_512_pixels_takes_a_few_milliseconds():
    pixels = draw("ct", 0, 512, "int16")
    times = []
    for _ in range(15):
        start = time.perf_counter()
        find_markers(pixels)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.006


def test_markers_are_plain_values():
    assert Marker((1, 2, 3, 4)) == Marker((1, 2, 3, 4))
