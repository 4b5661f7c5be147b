"""Masks beside DICOM series: attached, or listed; never a picture."""

import pytest

from ganoscope.data.source.entries import SourceImage
from ganoscope.data.source.series_masks import SLICE_MASK
from ganoscope.data.source.sorted_series import sort_series
from ganoscope.data.source.understood import DICOM_MASK, LONE_MASK


@pytest.fixture
def sort(make_source):
    """Names of files, masks of anatomy and fault of each entry, given the files of each series, and printed lines."""

    def sort(*series):
        source = make_source({name: b"" for names in series for name in names})
        entries = [
            SourceImage(tuple(source / name for name in names), names[0], modality="" if "png" in names[0] else "CR")
            for names in series
        ]
        listed = sort_series(source, entries, "")
        shown = [
            ([path.relative_to(source).as_posix() for path in item.paths], [path.name for path in item.anatomy], item)
            for item in listed
        ]
        return [(names, masks, item.label, item.fault) for names, masks, item in shown], listed.lines

    return sort


def test_pictures_in_folders_of_masks_are_attached_to_single_files(sort):
    found, lines = sort(["sick/1.dcm"], ["well/2.dcm"], ["Lungenmasken/1.png"], ["Lungenmasken/3.png"])
    assert found == [
        (["sick/1.dcm"], ["1.png"], "sick", ""),
        (["well/2.dcm"], [], "well", ""),
        (["Lungenmasken/3.png"], [], "", LONE_MASK),
    ]
    assert "masks taken as outlines of anatomy, not of findings: 1" in lines


@pytest.mark.parametrize("suffix", [".dcm", ""])
def test_masks_in_dicom_are_listed_and_not_attached(sort, suffix):
    found, lines = sort([f"sick/1{suffix}"], [f"well/2{suffix}"], [f"masks/1{suffix}"], [f"masks/2{suffix}"])
    assert [(names, masks, fault) for names, masks, _, fault in found[2:]] == [
        ([f"masks/{n}{suffix}"], [], DICOM_MASK) for n in (1, 2)
    ]
    assert [(masks, fault) for _, masks, _, fault in found[:2]] == [([], "")] * 2
    assert lines[-1].endswith("convert them to PNG: 2")


def test_a_series_in_a_folder_of_masks_is_listed_as_a_whole(sort):
    slices = [f"p/images/{n}.dcm" for n in range(3)]
    masks = [f"p/masks/{n}.dcm" for n in range(4)]
    found, _ = sort(slices, masks)
    assert [(names, fault) for names, _, _, fault in found] == [(slices, ""), (masks, DICOM_MASK)]
    found, _ = sort([*slices, *masks])  # one SeriesInstanceUID in all files
    assert [(names, fault) for names, _, _, fault in found] == [(slices, ""), (masks, DICOM_MASK)]


def test_pictures_of_masks_of_slices_are_listed(sort):
    found, lines = sort([f"p/images/{n}.dcm" for n in range(2)], ["p/masks/0.png"], ["p/masks/1.png"])
    assert [fault for *_, fault in found] == ["", SLICE_MASK, SLICE_MASK]
    assert "masks of single slices of series, listed in quarantine.csv and not attached: 2" in lines
    assert not any("taken as outlines" in line for line in lines)


def test_a_series_whose_folder_is_called_like_masks_is_none_without_files_of_its_names(sort):
    found, lines = sort(["p1/ROI/7.dcm"], ["p1/axial/8.dcm"], ["p2/ROI/9.dcm"])
    assert [fault for *_, fault in found] == [""] * 3
    assert not any("masks" in line and "listed" in line for line in lines)
