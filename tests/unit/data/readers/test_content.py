"""Formats: told by content, whatever the name."""

import numpy as np
import pydicom
import pytest
from PIL import Image
from tests.fixtures.dicom_files import AIR_TO_BONE, CT, write
from tests.fixtures.raster_files import GREY, encode, read_all

from ganoscope.data.readers._content import tell_format


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("name", ["a.dcm", "a.nii.gz", "a.jpg", "a.tif", "a.png", "IM0001", "a.txt"])
def test_pictures_are_told_by_their_content_whatever_the_name(read_bytes, kind, name):
    np.testing.assert_array_equal(read_bytes(name, encode(Image.fromarray(GREY), kind)).pixels, GREY)


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("name", ["IM0001", "scan.png", "scan.nii.gz", "scan.dcm"])
def test_dicom_is_told_by_its_content_with_and_without_a_preamble(tmp_path, name, implicit):
    whole = write(tmp_path / "whole", AIR_TO_BONE, **CT)
    bare = pydicom.dcmread(whole)
    del bare.file_meta
    bare.preamble = None
    (tmp_path / name).write_bytes(whole.read_bytes())
    pydicom.dcmwrite(
        tmp_path / f"bare-{name}", bare, implicit_vr=implicit, little_endian=True, enforce_file_format=False
    )
    expected = AIR_TO_BONE.astype(int) - 1024
    for path in (tmp_path / name, tmp_path / f"bare-{name}"):
        assert tell_format(path) == ".dcm"
        (picture,) = read_all(path)
        np.testing.assert_array_equal(picture.pixels, expected)


def test_what_only_begins_like_a_data_set_is_no_dicom(tmp_path):
    path = tmp_path / "table.bin"
    path.write_bytes(b"\x08\0\x05\0" + bytes(range(256)) * 4)
    assert tell_format(path) == ""
