"""Other planes of a DICOM volume: the same slices that a NIfTI file of the volume gives."""

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset
from tests.fixtures.dicom_files import CT, write

from ganoscope.data.affines import find_dicom_affine
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import read
from ganoscope.data.readers._reformat import needs_cut, read_cut

HU = np.random.default_rng(0).integers(-1000, 900, (20, 24, 18))
"""Rows, columns, slices."""


def make_series(folder, positions=None, tilt=0.0):
    folder.mkdir()
    for k in range(HU.shape[2]):
        z = 2.5 * k if positions is None else positions[k]
        place = {"ImagePositionPatient": [-12, -10 + tilt * z, z], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0]}
        known = {"PixelSpacing": [0.8, 0.5], "SliceThickness": 2.5, "InstanceNumber": k}
        write(folder / f"{k:02d}.dcm", (HU[..., k] + 1024).astype(np.uint16), **CT, **place, **known)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_slices_equal_those_of_a_nifti_file(tmp_path, plane):
    paths = make_series(tmp_path / "series")
    affine = np.array([[-0.5, 0, 0, 12], [0, -0.8, 0, 10], [0, 0, 2.5, 0], [0, 0, 0, 1]])
    nibabel.save(nibabel.Nifti1Image(HU.transpose(1, 0, 2).astype(np.int16), affine), tmp_path / "a.nii")
    cut = list(read_cut(paths, ReadOptions(plane=plane, slices="20:80")))
    known = list(read(tmp_path / "a.nii", ReadOptions(plane=plane, slices="20:80", hu_offset=0)))
    assert len(cut) == len(known) > 5
    for one, other in zip(cut, known, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert (one.view, one.unit, one.modality) == (plane, "HU", "CT")
        assert one.spacing_mm == pytest.approx(other.spacing_mm)
        assert one.position_mm == pytest.approx(other.position_mm)
        lowest = find_dicom_affine(one)[:3, 3]
        assert -lowest[0] >= -12.1 and lowest[2] == pytest.approx(42.5)
    assert len({picture.frame for picture in cut}) == len(cut)


def test_only_slices_that_lie_otherwise_are_cut(tmp_path):
    path = make_series(tmp_path / "series")[0]
    assert [needs_cut(path, plane) for plane in ("axial", "coronal", "sagittal")] == [False, True, True]
    film = write(tmp_path / "film.dcm", np.zeros((4, 4), np.uint16), Modality="DX")
    assert not needs_cut(film, "coronal")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"positions": [2.0 * k + (k > 9) * 4 for k in range(18)]}, "slices are missing"),
        ({"tilt": 0.3}, "tilted"),
    ],
)
def test_what_would_show_a_wrong_shape_is_refused(tmp_path, changes, reason):
    paths = make_series(tmp_path / "series", **changes)
    (picture,) = read_cut(paths, ReadOptions(plane="coronal"))
    assert reason in picture.fault
    (single,) = read_cut(paths[:1], ReadOptions(plane="coronal"))
    assert "a single slice" in single.fault


def make_item(**attributes):
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def write_frames(path, order, echoes=(1,)):
    """Writes the slices of the volume as frames of one file, in the given order, once for each echo."""
    frames = [(k, echo) for echo in echoes for k in order]
    shared = make_item(
        PixelMeasuresSequence=[make_item(PixelSpacing=[0.8, 0.5], SliceThickness=2.5)],
        PlaneOrientationSequence=[make_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        PixelValueTransformationSequence=[make_item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")],
    )
    each = [
        make_item(
            PlanePositionSequence=[make_item(ImagePositionPatient=[-12, -10, 2.5 * k])],
            MREchoSequence=[make_item(EffectiveEchoTime=5.0 * echo)],
        )
        for k, echo in frames
    ]
    pixels = np.stack([HU[..., k] + 1024 + echo for k, echo in frames]).astype(np.uint16)
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": each}
    return write(path, pixels, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2.1", **groups)


@pytest.mark.parametrize(("slices", "count"), [("all", 18), ("middle", 1), ("every:5", 4), ("20:80", 10)])
def test_frames_are_ordered_by_position_and_chosen_like_files(tmp_path, slices, count):
    order = np.random.default_rng(4).permutation(18).tolist()
    pictures = list(read(write_frames(tmp_path / "a.dcm", order), ReadOptions(slices=slices)))
    files = make_series(tmp_path / "series")
    assert len(pictures) == count
    positions = [picture.position_mm for picture in pictures]
    assert positions == sorted(positions)
    for picture in pictures:
        assert picture.frame == order.index(round(picture.position_mm / 2.5))
        (single,) = read(files[round(picture.position_mm / 2.5)])
        np.testing.assert_array_equal(picture.pixels, single.pixels + 1)


def test_echoes_in_one_file_are_volumes_and_are_cut_each(tmp_path):
    path = write_frames(tmp_path / "a.dcm", list(range(18)), echoes=(1, 2))
    pictures = list(read(path, ReadOptions(slices="middle")))
    assert [(p.stack, p.told_by, p.position_mm) for p in pictures] == [(0, "EchoTime", 22.5), (1, "EchoTime", 22.5)]
    cut = list(read_cut([path], ReadOptions(plane="coronal", slices="middle")))
    assert [(p.stack, p.frame, p.pixels.shape) for p in cut] == [(0, 0, (18, 24)), (1, 1, (18, 24))]
    assert (cut[1].pixels == cut[0].pixels + 1).all()
