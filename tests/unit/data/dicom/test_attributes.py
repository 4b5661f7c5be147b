"""Attributes: geometry, modality and person, from headers of any quality."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from tests.fixtures.dicom_files import AIR_TO_BONE, CR, CT, MR, read, read_one, refusal, write


def test_every_frame_has_its_own_scale_position_and_number(file):
    pixels = np.array([AIR_TO_BONE.T, AIR_TO_BONE.T + 10])
    shared, frames = Dataset(), []
    measures, orientation = Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [0.7, 0.8], 3
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    for number in range(2):
        item, position, rescale = Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = [5, 5, 100 + 3 * number]
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, -1024 - 10 * number, "HU"
        item.PlanePositionSequence = Sequence([position])
        item.PixelValueTransformationSequence = Sequence([rescale])
        frames.append(item)
    write(
        file,
        pixels,
        Modality="CT",
        SharedFunctionalGroupsSequence=Sequence([shared]),
        PerFrameFunctionalGroupsSequence=Sequence(frames),
    )
    first, second = read(file)
    assert np.array_equal(first.pixels, second.pixels)
    assert (first.frame, second.frame) == (0, 1)
    assert (first.position_mm, second.position_mm) == (100, 103)
    assert (second.spacing_mm, second.thickness_mm, second.view) == ((0.7, 0.8), 3, "axial")


@pytest.mark.parametrize(
    ("cosines", "corner", "view", "position"),
    [
        ([1, 0, 0, 0, 1, 0], [7, 8, 9], "axial", 9),
        ([1, 0, 0, 0, 0, -1], [7, 8, 9], "coronal", 8),
        ([0, 1, 0, 0, 0, -1], [7, 8, 9], "sagittal", -7),
        ([1, 0, 0, 0, 0.7071, 0.7071], [0, 0, 10], "oblique", 7.071),
        ([1, 0, 0, 0, 0.95, 0.3122], [0, 0, 10], "axial", 9.5),
        ([0, 0, 0, 0, 0, 0], [7, 8, 9], "", None),
    ],
)
def test_plane_and_position_follow_from_the_orientation(file, cosines, corner, view, position):
    write(file, AIR_TO_BONE, ImageOrientationPatient=cosines, ImagePositionPatient=corner, **CT)
    picture = read_one(file)
    assert picture.view == view
    assert picture.position_mm == (None if position is None else pytest.approx(position, abs=1e-3))


def test_shadow_images_have_a_view_and_the_detectors_spacing(file):
    write(file, AIR_TO_BONE, ViewPosition="PA", ImagerPixelSpacing=[0.143, 0.143], **CR)
    picture = read_one(file)
    assert (picture.modality, picture.view, picture.spacing_mm) == ("CR", "PA", (0.143, 0.143))
    write(file, AIR_TO_BONE, ViewPosition="PLANTED", PixelSpacing=[0.1, 0.1], ImagerPixelSpacing=[0.2, 0.2], **CR)
    picture = read_one(file)
    assert (picture.view, picture.spacing_mm) == ("", (0.1, 0.1))


def test_an_unknown_modality_is_not_repeated(file):
    assert read_one(write(file, AIR_TO_BONE, Modality="PLANTED")).modality == ""


def test_only_the_modality_asked_for_is_taken(file):
    write(file, AIR_TO_BONE, **MR)
    assert read_one(file, only_modality="mr").modality == "MR"
    assert refusal(file, only_modality="CT") == "modality MR was not asked for"
    write(file, AIR_TO_BONE, Modality="PLANTED")
    assert refusal(file, only_modality="CT") == "an unknown modality was not asked for"


def test_two_people_under_one_id_differ_in_their_check(file):
    def check(name, born="19560713", sex="F"):
        write(file, AIR_TO_BONE, PatientID="7", PatientName=name, PatientBirthDate=born, PatientSex=sex, **CT)
        picture = read_one(file)
        assert picture.patient == "7"
        return picture.patient_check

    assert check("Doe^Jane") == check("DOE^JANE^^") == check("doe jane")
    assert len({check("Doe^Jane"), check("Roe^Jane"), check("Doe^Jane", sex="M"), check("Doe^Jane", "19560714")}) == 4
    assert "doe" not in check("Doe^Jane").lower()
    assert check("", "", "") == ""


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("1.2.840.10008.5.1.4.1.1.481.3", "no pixel data: it is a radiotherapy structure set"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "no pixel data: it is a structured report"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "no pixel data: it is a PDF document"),
        ("1.2.3.77777", "no pixel data"),
    ],
)
def test_files_without_pixels_are_called_what_they_are(file, kind, reason):
    write(file, AIR_TO_BONE, SOPClassUID=kind, Modality="OT")
    data = pydicom.dcmread(file)
    del data.PixelData
    data.save_as(file)
    assert refusal(file) == reason


def test_a_tiled_image_is_told_by_what_it_is(file):
    slide = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.6", "Modality": "SM"}
    for known in (slide, {"Modality": "SM", "TotalPixelMatrixColumns": 90_000, "TotalPixelMatrixRows": 70_000}):
        assert "tiles of one picture and no slices; export one level" in refusal(
            write(file, np.zeros((2, 4, 4), np.uint8), **known)
        )
