"""The DICOM tree: series by their headers whatever the folders, slices by position whatever their names."""

import os
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from ganoscope.data.layouts import dicom_tree, find_layout
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import read
from ganoscope.errors import UserError

SHARED = Path(os.environ.get("GANOSCOPE_SHARED_DATA") or Path(__file__).parents[4] / "../shared/data")


@pytest.fixture
def add(tmp_path):
    """Writes a slice into the tree; attributes as given, None leaves one out."""

    def add(name, series="1.2.3", position=0.0, **attributes):
        data = Dataset()
        data.SOPClassUID, data.SOPInstanceUID, data.SeriesInstanceUID = CTImageStorage, "1.2.9", series
        data.Modality, data.PatientID, data.Rows, data.Columns = "CT", "patient-7", 2, 2
        data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
        data.BitsAllocated = data.BitsStored = 16
        data.HighBit, data.RescaleSlope, data.RescaleIntercept = 15, 1, -1024
        data.PixelData = np.arange(4, dtype="<u2").tobytes()
        data["PixelData"].VR = "OW"
        if position is not None:
            data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, position]
        for keyword, value in attributes.items():
            setattr(data, keyword, value)
        for keyword in [keyword for keyword, value in attributes.items() if value is None]:
            delattr(data, keyword)
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.file_meta.MediaStorageSOPClassUID, data.file_meta.MediaStorageSOPInstanceUID = CTImageStorage, "1.2.9"
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pydicom.dcmwrite(path, data, enforce_file_format=True)
        return path

    (tmp_path / "tree").mkdir()
    return add


@pytest.fixture
def tree(tmp_path):
    return tmp_path / "tree"


def listed(tree, **options):
    return list(dicom_tree.list_images(tree, ReadOptions(**options)))


def names(image):
    return [path.name for path in image.paths]


def test_slices_follow_their_position_and_not_their_name_or_number(add, tree):
    for name, position, number in (("a.dcm", 30, 1), ("b.dcm", -10, 2), ("c.dcm", 5, 3)):
        add(f"Doe Jane/{name}", position=position, InstanceNumber=number)
    (series,) = listed(tree)
    assert names(series) == ["b.dcm", "c.dcm", "a.dcm"]
    assert (series.name, series.patient, series.modality) == ("Doe Jane/b.dcm", "patient-7", "CT")
    assert (series.label, series.split, series.fault) == ("", "", "")


def test_without_positions_the_number_decides_and_then_the_name(add, tree):
    add("a.dcm", position=None, InstanceNumber=2)
    add("b.dcm", position=None, InstanceNumber=1)
    add("c.dcm", position=None, InstanceNumber=1)
    assert [names(series) for series in listed(tree)] == [["b.dcm", "c.dcm", "a.dcm"]]


def test_one_slice_without_position_lets_the_number_decide_for_all(add, tree):
    add("a.dcm", position=9, InstanceNumber=1)
    add("b.dcm", position=None, InstanceNumber=2)
    add("c.dcm", position=1, InstanceNumber=3)
    assert [names(series) for series in listed(tree)] == [["a.dcm", "b.dcm", "c.dcm"]]


def test_a_series_may_be_spread_over_folders_and_folders_may_be_mixed(add, tree):
    add("x/1.dcm", "1.2.3", 1)
    add("x/2.dcm", "1.2.4", 2)
    add("y/3.dcm", "1.2.3", 0)
    add("train/4.dcm", "1.2.5", 0)
    assert [(names(s), s.label, s.split) for s in listed(tree)] == [
        (["4.dcm"], "", "train"),
        (["3.dcm", "1.dcm"], "", ""),
        (["2.dcm"], "", ""),
    ]


def test_files_without_a_series_and_with_several_frames_are_alone(add, tree):
    add("a.dcm", SeriesInstanceUID=None)
    add("b.dcm", SeriesInstanceUID=None)
    add("c.dcm", NumberOfFrames=2, PixelData=bytes(16))
    add("d.dcm")
    assert [names(series) for series in listed(tree)] == [["a.dcm"], ["b.dcm"], ["c.dcm"], ["d.dcm"]]


def test_a_copy_is_a_copy_whatever_differs_in_dates_and_identifiers(add, tree):
    for name, time in (("a.dcm", "1200"), ("b.dcm", "1300")):
        add(name, SOPInstanceUID=f"1.2.{time}", ContentTime=time, AcquisitionTime=time, InstanceNumber=int(time))
    add("c.dcm", position=3)
    assert [(names(series), series.fault) for series in listed(tree)] == [
        (["b.dcm"], "an exact copy of another slice of its series"),
        (["a.dcm", "c.dcm"], ""),
    ]


def test_two_files_with_one_instance_id_and_different_pixels_are_both_kept(add, tree):
    add("a.dcm", position=None)
    add("b.dcm", position=None)
    assert [names(series) for series in listed(tree)] == [["a.dcm", "b.dcm"]]


def test_patients_that_share_a_series_identifier_are_told_apart(add, tree, capsys):
    for patient in ("p1", "p2"):
        for position in (0, 1):
            add(f"{patient}/{position}.dcm", position=position, PatientID=patient)
    assert [(len(series.paths), series.patient) for series in listed(tree)] == [(2, "p1"), (2, "p2")]
    assert "2 patients share a SeriesInstanceUID" in capsys.readouterr().err.replace("\n", " ")


def test_studies_that_share_a_series_identifier_are_told_apart_unless_every_file_has_one(add, tree):
    for study in ("1.1", "1.2"):
        for position in (0, 1):
            add(f"{study}/{position}.dcm", position=position + int(study[-1]) / 4, StudyInstanceUID=study)
    for position in range(4):
        add(f"z/{position}.dcm", "9.9", position, StudyInstanceUID=f"5.{position}")
    assert [len(series.paths) for series in listed(tree)] == [2, 2, 4]


def test_echoes_are_volumes_of_one_patient_and_a_scout_costs_nobody_else(add, tree):
    for position in range(3):
        for echo in (1, 2):
            add(f"{position}_{echo}.dcm", position=position, EchoNumbers=echo, PixelData=bytes([echo] * 8))
    add("scout.dcm", ImageOrientationPatient=[1, 0, 0, 0, 0, -1], Rows=4, PixelData=bytes(16))
    entries = listed(tree)
    assert [(names(s), s.told_by, s.fault[:16]) for s in entries] == [
        (["0_1.dcm", "1_1.dcm", "2_1.dcm"], "EchoNumbers", ""),
        (["0_2.dcm", "1_2.dcm", "2_2.dcm"], "EchoNumbers", ""),
        (["scout.dcm"], "", "a single slice o"),
    ]
    assert len({s.kin for s in entries}) == 1 != entries[0].kin


def test_slices_without_position_follow_the_location_and_say_so(add, tree):
    for name, location, number in (("a", 3.0, 1), ("b", 1.0, 2), ("c", 2.0, 3)):
        add(f"{name}.dcm", position=None, SliceLocation=location, InstanceNumber=number)
    (series,) = listed(tree)
    assert (names(series), series.order) == (["b.dcm", "c.dcm", "a.dcm"], "SliceLocation")


def test_what_was_not_asked_for_is_listed_with_a_fault(add, tree):
    add("1.dcm", "1.1", SeriesDescription="Lung 1.0")
    add("2.dcm", "1.2", SeriesDescription="ABDOMEN")
    add("3.dcm", "1.3", Modality="MR", SeriesDescription="lung")
    add("4.dcm", "1.4", SeriesDescription="lung", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    add("5.dcm", "1.5", Modality="PLANTED", SeriesDescription=None)
    assert [series.fault for series in listed(tree, only_modality="ct", only_series="LUNG|thorax")] == [
        "",
        "its series was not asked for",
        "modality MR was not asked for",
        "a localizer (scout) image",
        "an unknown modality was not asked for",
    ]


def test_a_scout_within_a_series_does_not_take_the_slices_with_it(add, tree):
    add("1.dcm", position=1)
    add("2.dcm", position=2)
    add("0.dcm", position=0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    assert [(names(s), s.fault) for s in listed(tree)] == [
        (["0.dcm"], "a localizer (scout) image"),
        (["1.dcm", "2.dcm"], ""),
    ]


def test_an_invalid_pattern_is_the_users_error(add, tree):
    with pytest.raises(UserError, match=r"--only-series is not a valid regular expression.*got \(lung; allowed: "):
        listed(tree, only_series="(lung")


def test_unreadable_files_are_entries_of_their_own_without_fault(add, tree):
    add("a.dcm")
    (tree / "b.dcm").write_bytes(b"no DICOM at all")
    (tree / "notes.txt").write_text("text")
    (tree / "DICOMDIR").write_bytes(b"index")
    (tree / ".hidden.dcm").write_bytes(b"hidden")
    assert [(names(series), series.fault) for series in listed(tree)] == [
        (["a.dcm"], ""),
        (["b.dcm"], ""),
        (["notes.txt"], ""),
    ]


def test_links_that_lead_nowhere_keep_their_fault(add, tree):
    add("a.dcm")
    (tree / "b.dcm").symlink_to(tree / "gone.dcm")
    assert [bool(series.fault) for series in listed(tree)] == [False, True]


def test_names_are_fit_for_text_files(add, tree):
    add("odd\rname.dcm")
    assert listed(tree)[0].name == "odd\\rname.dcm"


def test_trees_are_recognised_by_their_content(add, tree):
    assert not dicom_tree.matches(tree)
    path = add("IM0001")
    assert dicom_tree.matches(tree)
    (tree / "picture.png").write_bytes(path.read_bytes())
    assert dicom_tree.matches(tree)
    for name in ("a.dcm", "b.dcm"):
        Image.fromarray(np.zeros((4, 4), np.uint8)).save(tree / name, "PNG")
    assert not dicom_tree.matches(tree)
    (tree / "x.IMA").write_bytes(b"")
    assert dicom_tree.matches(tree)
    assert not dicom_tree.matches(path)


def test_a_large_tree_is_sampled_evenly(add, tree):
    for number in range(300):
        (tree / f"{number:03d}.{'dcm' if number < 200 else 'png'}").touch()
    paths = dicom_tree.sample_paths(tree)
    assert 25 <= len(paths) <= dicom_tree.LOOKED_AT
    assert 0.6 < sum(path.endswith(".dcm") for path in paths) / len(paths) < 0.73


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"no shared data at {SHARED}")
def test_the_shared_ct_slices_are_22_series_that_can_all_be_read():
    name, layout = find_layout(SHARED / "ct_dicom")
    images = list(layout.list_images(SHARED / "ct_dicom", ReadOptions()))
    assert name == "dicom_tree"
    assert sorted(len(image.paths) for image in images) == [1] * 18 + [10] * 4
    assert len({image.patient for image in images}) == 22
    assert {picture.unit for image in images for path in image.paths for picture in read(path)} == {"HU"}
