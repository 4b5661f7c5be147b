"""A series: what makes it none, and what its positions say about missing slices and thickness."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganoscope.data.checks.series import check_series
from ganoscope.data.layouts import dicom_tree
from ganoscope.data.picture import Picture, ReadOptions
from ganoscope.data.readers import read

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[4] / "../shared/data")


def make_slices(positions, thickness=2.0, **changes):
    usual = Picture(
        np.zeros((4, 4), np.int16), "HU", spacing_mm=(0.7, 0.7), modality="CT", view="axial", thickness_mm=thickness
    )
    return [replace(usual, position_mm=position, **changes) for position in positions]


@given(
    count=st.integers(2, 40),
    spacing=st.sampled_from([0.8, 1.0, 1.25, 4.25]),
    start=st.floats(-2000, 2000),
    absent=st.sets(st.integers(1, 38)),
    seed=st.randoms(),
)
def test_absent_slices_are_counted_in_any_order(count, spacing, start, absent, seed):
    kept = [k for k in range(count) if k not in absent or k == count - 1]
    slices = make_slices([round(start + k * spacing, 3) for k in kept], spacing)
    seed.shuffle(slices)
    fault, facts = check_series(slices)
    gaps = np.diff(kept)
    unit = gaps.min()  # where every gap is a multiple of the smallest, that is the distance
    if (gaps % unit == 0).all():
        assert fault == ""
        assert facts.slices == len(kept)
        assert facts.spacing_between_mm == pytest.approx(spacing * unit, abs=0.01)
        assert facts.missing == (kept[-1] - kept[0]) // unit + 1 - len(kept)
        assert bool(facts.missing) == any("missing" in problem for problem in facts.problems)


def test_a_sound_series_has_no_problems():
    fault, facts = check_series(make_slices([0, 2, 4, 6]))
    assert (fault, facts.spacing_between_mm, facts.thickness_mm, facts.missing, facts.problems) == ("", 2, 2, 0, ())


def test_problems_are_named_with_their_numbers():
    _, facts = check_series(make_slices([0, 2, 4, 10, 12]))
    assert facts.missing == 2
    assert facts.problems == ("2 slices are missing: the largest gap is 6 mm, 2 mm are usual",)
    assert check_series(make_slices([0, 2, 6]))[1].problems[0].startswith("1 slice is missing: ")
    _, facts = check_series(make_slices([0, 1, 2], thickness=2.0))
    assert facts.problems == ("slices are 2 mm thick but 1 mm apart: neighbours overlap",)
    _, facts = check_series(make_slices([0, 3, 6], thickness=2.0))
    assert facts.problems == ("slices are 2 mm thick but 3 mm apart: parts of the body lie between them",)
    _, facts = check_series(make_slices([0, 2, 5, 7, 9]))
    assert "slices lie at irregular distances of 2 to 3 mm" in facts.problems
    _, facts = check_series(make_slices([0, 2]) + make_slices([4], thickness=5.0))
    assert "slices are 2 to 5 mm thick" in facts.problems
    _, facts = check_series(make_slices([0, 2, 4, None]))
    assert facts.problems == ("1 of 4 slices state no position",)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"modality": "MR"}, "mixed modalities in one series: CT, MR"),
        ({"modality": ""}, "mixed modalities in one series: CT, unknown"),
        ({"unit": "signal"}, "mixed units of pixels in one series: HU, signal"),
        ({"pixels": np.zeros((4, 5), np.int16)}, "mixed picture sizes in one series: 4 x 4, 4 x 5"),
        ({"view": "coronal"}, "mixed orientations in one series: axial, coronal"),
        ({"spacing_mm": (0.7, 0.8)}, "mixed pixel spacings in one series: 0.7 to 0.8 mm"),
        ({"spacing_mm": None}, "mixed pixel spacings in one series: 1 of 4 slices state none"),
    ],
)
def test_mixed_slices_are_no_series(changes, reason):
    fault, facts = check_series(make_slices([0, 2, 4]) + make_slices([6], **changes))
    assert (fault, facts.slices) == (reason, 4)


def test_two_slices_at_one_position_are_no_volume():
    assert "1 of 4 slices lie where another one does" in check_series(make_slices([0, 2, 2.001, 4]))[0]


def test_rounded_spacings_are_one_spacing():
    slices = make_slices([0, 2]) + make_slices([4], spacing_mm=(0.70001, 0.7))
    assert check_series(slices)[0] == ""


def test_one_slice_and_slices_without_position_are_taken():
    assert check_series(make_slices([5]))[1].spacing_between_mm is None
    assert check_series(make_slices([None, None], thickness=None)) == (
        "",
        check_series(make_slices([None, None], None))[1],
    )


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")
@pytest.mark.parametrize(
    ("folder", "slices", "thickness", "spacing"),
    [
        ("ct_dicom/LungFCP-01-0001", 10, 2.0, 1.0),
        ("ct_dicom/RIDER-0117", 10, 1.25, 0.8),
        ("ct_dicom/ACRIN-FLT-Breast_001", 10, 5.0, 4.25),
        ("ct_dicom/CMB-CRC-MSB-01068", 10, 2.5, 2.5),
        ("formats/mr_dicom_series", 6, 1.5, 1.5),
    ],
)
def test_real_series_are_as_their_readme_says(folder, slices, thickness, spacing):
    (series,) = dicom_tree.list_images(SHARED / folder, ReadOptions())
    pictures = [picture for path in series.paths for picture in read(path)]
    assert np.all(np.diff([picture.position_mm for picture in pictures]) > 0)
    fault, facts = check_series(pictures)
    assert (fault, facts.slices, facts.missing) == ("", slices, 0)
    assert facts.thickness_mm == pytest.approx(thickness)
    assert facts.spacing_between_mm == pytest.approx(spacing, abs=1e-3)
    assert bool(facts.problems) == (thickness != spacing)
