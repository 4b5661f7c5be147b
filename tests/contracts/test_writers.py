"""What every file in `data/writers/` must do; a new format is tested without touching this one."""

import time

import numpy as np
import pytest

from ganoscope.data import writers
from ganoscope.data.affines import find_affine
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import read
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.data.writers import GENERATED, TRANSLATED, Mark, Output, Stack

pytestmark = pytest.mark.parametrize("name", writers.available())

SIZE, COUNT = 16, 6
UNITS = {
    "grey 8 bit": (IntensityMap(0, 255, "grey 8 bit", "uint8"), 0, 255),
    "grey 16 bit": (IntensityMap(0, 65535, "grey 16 bit", "uint16"), 300, 65535),
    "HU": (IntensityMap(-1024, 3071, "HU", "int16"), -1024, 3071),
    "HU below air": (IntensityMap(-1350, 150, "HU", "int16"), -1350, 150),
}


def draw_pixels(unit, count=COUNT, shape=(SIZE, SIZE)):
    intensity, low, high = UNITS[unit]
    return np.random.default_rng(0).integers(low, high, (count, *shape), endpoint=True).astype(intensity.dtype)


def find_offset(writer, unit):
    """What the format adds to HU: nothing, where it holds negative values."""
    return (0 if writer.SIGNED else writers.choose_hu_offset(UNITS[unit][1])) if unit.startswith("HU") else None


def write_set(name, folder, unit="HU", mark=GENERATED):
    """Writes a set of images in a new folder; returns pixels, files by image, and all files."""
    folder.mkdir()
    writer, pixels = writers.load(name), draw_pixels(unit)
    stack = Stack(COUNT, SIZE, UNITS[unit][0], ("a", "b"), (0.5, 0.75), mark)
    with writer.open_writer(folder, stack) as write:
        outputs = [
            Output(one, unit, mark, {"index": n}, writers.choose_hu_offset(UNITS[unit][1]))
            for n, one in enumerate(pixels)
        ]
        files = [write(output, f"{number:06d}", number % 2) for number, output in enumerate(outputs)]
    return pixels, files, sorted(folder.iterdir())


def test_it_tells_what_it_is(name):
    writer = writers.load(name)
    assert writer.SUFFIX.startswith(".")
    assert {type(trait) for trait in (writer.SEPARATE, writer.SIGNED, writer.PLACED)} == {bool}
    assert len(writers.available()[name]) > 20


@pytest.mark.parametrize("unit", UNITS)
def test_a_picture_keeps_its_stored_values_and_says_that_it_is_synthetic(name, unit, tmp_path):
    writer = writers.load(name)
    (pixels,) = draw_pixels(unit, 1, (12, 20))
    path = tmp_path / f"picture{writer.SUFFIX}"
    writer.save_picture(
        path, Output(pixels, unit.removesuffix(" below air"), TRANSLATED, {"target": "a"}, find_offset(writer, unit))
    )
    (picture,) = read(path, ReadOptions(hu_offset=find_offset(writer, unit)))
    assert np.array_equal(picture.pixels, pixels)
    assert picture.synthetic


@pytest.mark.parametrize("unit", UNITS)
def test_a_set_keeps_its_stored_values_in_order_and_says_that_it_is_synthetic(name, unit, tmp_path):
    pixels, files, found = write_set(name, tmp_path / "set", unit)
    writer = writers.load(name)
    assert (len(found) == COUNT, "" not in files) == (writer.SEPARATE, writer.SEPARATE)
    assert not writer.SEPARATE or [path.name for path in found] == files
    pictures = [picture for path in found for picture in read(path, ReadOptions(hu_offset=find_offset(writer, unit)))]
    assert np.array_equal(np.stack([picture.pixels for picture in pictures]), pixels)
    assert all(picture.synthetic for picture in pictures)


def test_signed_differences_are_written_as_they_are_or_with_their_offset(name, tmp_path):
    writer = writers.load(name)
    difference = np.arange(-200, 200, dtype=np.int32).reshape(20, 20)
    offset = writers.DIFFERENCE_OFFSET
    path = tmp_path / f"difference{writer.SUFFIX}"
    writer.save_picture(path, Output(difference, "grey 8 bit", TRANSLATED, {}, offset))
    (picture,) = read(path)
    assert np.array_equal(picture.pixels.astype(np.int64) - (0 if writer.SIGNED else offset), difference)


def test_the_same_images_give_the_same_bytes_at_any_time(name, tmp_path, monkeypatch):
    writer, written = writers.load(name), []
    for second in (1_000_000_000, 1_600_000_000):
        monkeypatch.setattr(time, "time", lambda second=second: float(second))
        _, _, files = write_set(name, tmp_path / f"{second}")
        path = tmp_path / f"{second}{writer.SUFFIX}"
        writer.save_picture(path, Output(draw_pixels("HU", 1)[0], "HU", TRANSLATED, {}, 1024, (0.5, 0.5)))
        written.append([file.read_bytes() for file in (*files, path)])
    assert written[0] == written[1]


def test_a_mark_of_its_own_is_written(name, tmp_path):
    marks = [Mark("SYNTHETIC, first", b"SYNTHETIC, first"), Mark("SYNTHETIC, other", b"SYNTHETIC, other")]
    sets = [write_set(name, tmp_path / str(number), mark=mark)[2] for number, mark in enumerate(marks)]
    assert [path.read_bytes() for path in sets[0]] != [path.read_bytes() for path in sets[1]]


def test_a_placed_slice_lies_where_it_was_said_to(name, tmp_path):
    writer = writers.load(name)
    if not writer.PLACED:
        pytest.skip("the format states no place")
    affine = np.array([[-0.75, 0, 0, 90], [0, -0.5, 0, 80], [0, 0, 2.5, -40], [0, 0, 0, 1]])
    path = tmp_path / f"slice{writer.SUFFIX}"
    (pixels,) = draw_pixels("HU", 1, (12, 20))
    writer.save_picture(path, Output(pixels, "HU", TRANSLATED, {}, None, (0.5, 0.75), 2.5, affine))
    (picture,) = read(path, ReadOptions(hu_offset=0))
    assert np.array_equal(picture.pixels, pixels)
    assert np.allclose(picture.spacing_mm, (0.5, 0.75))
    assert np.allclose(find_affine(path, picture, "axial"), affine, atol=1e-5)
