"""Options without effect: each is told where it did nothing, and none where it did."""

import pytest
from tests.fixtures.prepared import SMALL

from ganoscope.data.prepare.config import PrepareConfig
from ganoscope.data.prepare.idle_options import REASONS, Findings, find_idle_options, name_format
from ganoscope.workflows.prepare import prepare

FILMS = Findings(frozenset({"raster"}), "grey 8 bit")
SLICES = Findings(frozenset({"dicom"}), "HU", stacked=True)
SPLIT = Findings(frozenset({"raster"}), "grey 8 bit", source_splits=frozenset({"train", "test"}))


@pytest.mark.parametrize(
    ("options", "found", "option"),
    [
        ({"hu_offset": 1024}, SLICES, "--hu-offset"),
        ({"slices": "middle"}, FILMS, "--slices"),
        ({"plane": "sagittal"}, FILMS, "--plane"),
        ({"only_modality": "CT"}, FILMS, "--only-modality"),
        ({"window": "lung"}, FILMS, "--window"),
        ({"remove_table": True}, FILMS, "--remove-table"),
        ({"scale": "series"}, SLICES, "--scale"),
        ({"scale": "none"}, FILMS, "--scale"),
        ({"low_percentile": 1.0}, FILMS, "--low-percentile"),
        ({"high_percentile": 99.0}, SLICES, "--high-percentile"),
        ({"test": 0.2}, SPLIT, "--test"),
        ({"validation": 0.2, "split": "test"}, FILMS, "--validation"),
        ({"ignore_source_splits": True}, FILMS, "--ignore-source-splits"),
    ],
)
def test_an_option_without_effect_is_told(options, found, option):
    (line,) = find_idle_options(PrepareConfig(**options), found)
    assert line.startswith(f"{option} had no effect: ")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, FILMS),
        ({"hu_offset": 1024}, FILMS),
        ({"slices": "middle", "only_modality": "CT", "window": "lung", "remove_table": True}, SLICES),
        ({"plane": "sagittal"}, SLICES),
        ({"plane": "sagittal"}, Findings(frozenset({"nifti"}), "signal")),
        ({"slices": "middle", "plane": "sagittal"}, Findings(frozenset({"dicom"}), "HU", many_frames=True)),
        ({"scale": "image", "low_percentile": 1.0}, Findings(frozenset({"raster"}), "grey 16 bit", scaled=True)),
        ({"test": 0.2, "validation": 0.2}, FILMS),
        ({"validation": 0.2}, SPLIT),
        ({"test": 0.2, "ignore_source_splits": True}, SPLIT),
    ],
)
def test_an_option_with_effect_is_not_mentioned(options, found):
    assert not find_idle_options(PrepareConfig(**options), found)


def test_every_explained_option_exists():
    assert all(hasattr(PrepareConfig, name) for name in REASONS)


def test_formats_are_told_by_the_name():
    assert [name_format(name) for name in ("a.PNG", "b.nii.gz", "c.npz", "d.dcm", "IM1")] == [
        *("raster", "nifti", "array", "dicom", "dicom")
    ]


def test_prepare_says_it(make_source, target, pictures, capfd):
    prepare(make_source(pictures), target, PrepareConfig(size=16, slices="middle", only_modality="CT"))
    told = capfd.readouterr().err
    assert "--slices had no effect: the source holds no volumes." in told
    assert "--only-modality had no effect" in told


def test_prepare_says_nothing_without_options(make_source, target, pictures, capfd):
    prepare(make_source(pictures), target, SMALL)
    assert "no effect" not in capfd.readouterr().err
