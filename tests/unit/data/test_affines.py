"""What is written lies where the source lies: the same patient coordinates for the same pixel."""

import nibabel
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ganoscope.counterfactuals.cases.case import Case
from ganoscope.counterfactuals.results.images import make_output
from ganoscope.data import writers
from ganoscope.data.affines import find_affine
from ganoscope.data.geometry.placement import Placement, Rectangle
from ganoscope.data.picture import ReadOptions
from ganoscope.data.readers import read

ORIENTATIONS = {
    "as scanners write it": np.array([[-0.8, 0, 0, 90], [0, -0.7, 0, 80], [0, 0, 2.5, -40], [0, 0, 0, 1]]),
    "turned and mirrored": np.array([[0, 0, 2.0, -30], [0.9, 0, 0, -50], [0, -0.6, 0, 70], [0, 0, 0, 1]]),
    "oblique": np.array([[-0.7, 0.1, 0.2, 9], [0.1, 0.75, -0.3, 8], [0.05, 0.2, 2.0, 7], [0, 0, 0, 1]]),
}


def make_case(picture, path, form="nifti", offset=0):
    whole, pixels = Rectangle(0, 0, *picture.pixels.shape), picture.pixels
    return Case("0", "", picture, pixels, Placement(whole, whole), whole, "g", form=form, hu_offset=offset, path=path)


def save_pixels(path, pixels, case, affine, notes):
    writers.load(case.form).save_picture(path, make_output(pixels, case, affine, notes))


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("name", ORIENTATIONS)
def test_a_slice_of_a_volume_has_its_voxels_at_the_volumes_places(tmp_path, name, plane):
    values = np.random.default_rng(0).permutation(18 * 20 * 22).reshape(18, 20, 22).astype(np.int16)
    volume = nibabel.Nifti1Image(values, ORIENTATIONS[name])
    volume.header.set_xyzt_units("mm")
    nibabel.save(volume, tmp_path / "v.nii.gz")
    picture = list(read(tmp_path / "v.nii.gz", ReadOptions(plane=plane)))[5]
    affine = find_affine(tmp_path / "v.nii.gz", picture, plane)
    save_pixels(tmp_path / "out.nii.gz", picture.pixels, make_case(picture, tmp_path / "v.nii.gz"), affine, {})
    written = nibabel.load(tmp_path / "out.nii.gz")
    found = np.asarray(written.dataobj)
    assert found.shape == (*picture.pixels.T.shape, 1)
    assert (written.header["sform_code"], written.header.get_xyzt_units()[0]) == (2, "mm")
    for column, row, _ in np.random.default_rng(1).integers(0, found.shape, (12, 3)):
        place = written.affine @ (column, row, 0, 1)
        voxel = np.rint(np.linalg.inv(volume.affine) @ place).astype(int)[:3]
        assert np.abs(volume.affine @ (*voxel, 1) - place).max() < 1e-3
        assert values[tuple(voxel)] == found[column, row, 0]


def write_slice(path, position=(-120.0, -110.0, 30.0), cosines=(1, 0, 0, 0, 0.8, 0.6)):
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
    dataset.Modality, dataset.PatientID, dataset.PatientName = "CT", "id-4711", "Doe^Jane"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 20, 24, 1
    dataset.PhotometricInterpretation, dataset.BitsAllocated, dataset.BitsStored = "MONOCHROME2", 16, 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
    dataset.PixelSpacing, dataset.SliceThickness = [0.5, 0.7], 3.0
    if position:
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = list(position), list(cosines)
    values = np.random.default_rng(0).integers(0, 2000, (20, 24)).astype(np.int16)
    dataset.PixelData = values.tobytes()
    dataset.save_as(path, enforce_file_format=True)
    return values - 1024


def test_a_dicom_slice_has_its_pixels_where_the_standard_puts_them(tmp_path):
    hu = write_slice(tmp_path / "a.dcm")
    (picture,) = read(tmp_path / "a.dcm")
    affine = find_affine(tmp_path / "a.dcm", picture, "axial")
    save_pixels(tmp_path / "out.nii.gz", picture.pixels, make_case(picture, tmp_path / "a.dcm"), affine, {})
    written = nibabel.load(tmp_path / "out.nii.gz")
    found = np.asarray(written.dataobj)
    assert found.dtype == np.int16
    assert np.array_equal(found[..., 0].T, hu)
    for row, column in ((0, 0), (3, 7), (19, 23)):
        across, down = np.array([1, 0, 0]), np.array([0, 0.8, 0.6])
        left, back, head = np.array([-120, -110, 30]) + column * 0.7 * across + row * 0.5 * down
        assert np.allclose((written.affine @ (column, row, 0, 1))[:3], (-left, -back, head), atol=1e-4)
    assert np.allclose(np.abs(written.header.get_zooms()), (0.7, 0.5, 3.0))
    raw = (tmp_path / "out.nii.gz").read_bytes() + bytes(written.header.binaryblock)
    assert b"Doe" not in raw
    assert b"4711" not in raw


def test_without_a_place_the_spacing_alone_is_stated(tmp_path):
    write_slice(tmp_path / "a.dcm", position=None)
    (picture,) = read(tmp_path / "a.dcm")
    assert find_affine(tmp_path / "a.dcm", picture, "axial") is None
    save_pixels(tmp_path / "out.nii.gz", picture.pixels, make_case(picture, tmp_path / "a.dcm"), None, {})
    written = nibabel.load(tmp_path / "out.nii.gz")
    assert np.allclose(written.header.get_zooms(), (0.7, 0.5, 3.0))
    assert (written.header["sform_code"], written.header["qform_code"]) == (0, 0)
    again = list(read(tmp_path / "out.nii.gz", ReadOptions(hu_offset=0)))
    assert [one.spacing_mm for one in again] == [pytest.approx((0.5, 0.7))]
