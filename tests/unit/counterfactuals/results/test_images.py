"""Written images keep the source's unit, and source and difference add up. Places in the patient: test_affines."""

import numpy as np
import pytest
from tests.unit.data.test_affines import make_case

from ganoscope.counterfactuals.results.images import get_plane, make_difference, make_output
from ganoscope.data import writers
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.picture import Picture, ReadOptions
from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.readers import read


def save(path, output, form):
    writers.load(form).save_picture(path, output)


@pytest.mark.parametrize(
    ("pixels", "unit", "form", "offset"),
    [
        (np.full((16, 16), 200, np.uint8), "grey 8 bit", "png", 0),
        (np.full((16, 16), 50_000, np.uint16), "grey 16 bit", "png", 0),
        (np.full((16, 16), -700, np.int16), "HU", "png", 1024),
        (np.full((16, 16), -700, np.int16), "HU", "nifti", 0),
        (np.full((16, 16), 0.25, np.float32), "signal", "nifti", 0),
    ],
)
def test_source_and_difference_add_up_to_the_counterfactual(tmp_path, pixels, unit, form, offset):
    moved = pixels.copy()
    moved[2:5, 3:9] -= np.asarray(60 if pixels.dtype != np.float32 else 0.125, pixels.dtype)
    suffix = writers.load(form).SUFFIX
    case = make_case(Picture(pixels, unit), None, form, offset)
    save(tmp_path / f"c{suffix}", make_output(moved, case, None, {}), form)
    save(tmp_path / f"d{suffix}", make_difference(moved, case, None, {}), form)
    options = ReadOptions(hu_offset=offset if unit == "HU" else None)
    (counterfactual,) = read(tmp_path / f"c{suffix}", options)
    (difference,) = read(tmp_path / f"d{suffix}")
    shift = 32768 if form == "png" else 0
    assert np.array_equal(counterfactual.pixels, moved)
    assert np.array_equal(pixels.astype(np.float64) + difference.pixels - shift, moved)


def test_only_files_have_a_plane_to_cut_volumes_in():
    assert get_plane(PrepareConfig(plane="coronal")) == "coronal"
    assert get_plane(GeometryConfig(16)) == "axial"
