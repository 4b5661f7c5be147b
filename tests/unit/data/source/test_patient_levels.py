"""Which levels of folders could be the patients, stated exactly as `--levels` takes it."""

from pathlib import Path

import pytest

from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.patient_levels import find_patient_levels

SOURCE = Path("/source")


def make_series(*folders):
    """One series for each text; several folders of one are separated by spaces."""
    paths = (tuple(SOURCE / folder / "1.dcm" for folder in each.split()) for each in folders)
    return [SourceImage(each, str(each[0].relative_to(SOURCE))) for each in paths]


@pytest.mark.parametrize(
    ("folders", "roles", "stated"),
    [
        (["001", "002"], (), ("patient",)),
        (["a/s0", "a/s1", "b/s0"], (), ("patient/-", "-/patient")),
        (["study1/a", "study1/b", "study2/a"], (), ("patient/-", "-/patient")),
        (["x/a/s0", "x/b/s0", "x/b/s1"], (), ("-/patient/-", "-/-/patient")),
        (["sick/a/s0", "well/b/s0"], ("class", "-", "series"), ("class/patient/-", "class/-/patient")),
        (["train/a", "test/b"], ("split", "patient"), ("split/patient",)),
        (["a/1 a/2", "b/1 b/2"], (), ("patient/-",)),
        (["a/1 b/1", "a/2"], (), ()),
        (["a", "b/c"], (), ("patient/-",)),
        (["."], (), ()),
        ([], (), ()),
    ],
)
def test_levels_that_hold_whole_series_may_be_patients(folders, roles, stated):
    assert find_patient_levels(SOURCE, make_series(*folders), roles) == stated


def test_levels_whose_names_repeat_come_last():
    series = make_series("study0/a", "study0/b", "study1/c", "study1/d")
    assert find_patient_levels(SOURCE, series, ())[0] == "patient/-"
    series = make_series("ct/x/a", "ct/y/b", "mr/x/c")
    assert find_patient_levels(SOURCE, series, ()) == ("patient/-/-", "-/-/patient", "-/patient/-")
