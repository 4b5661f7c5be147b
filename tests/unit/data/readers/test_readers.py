"""Readers: chosen by content, with reasons that hold no names, whatever the file."""

import numpy as np
import pydicom
import pytest
from PIL import Image, PngImagePlugin
from tests.fixtures.dicom_files import AIR_TO_BONE, CT, write
from tests.fixtures.raster_files import GREY, VALID, encode, read_all

from ganoscope.data.picture import UnreadableError
from ganoscope.data.readers import readers
from ganoscope.data.readers._content import tell_format

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")  # pytest undoes the reader's filter


@pytest.mark.parametrize("name", ["a.PNG", "a.Png"])
def test_suffix_may_be_upper_case(read_bytes, name):
    np.testing.assert_array_equal(read_bytes(name, encode(Image.fromarray(GREY), "PNG")).pixels, GREY)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".dcm", ""])
def test_empty_file_is_called_empty(read_bytes, suffix):
    with pytest.raises(UnreadableError, match="empty"):
        read_bytes(f"a{suffix}", b"")


def test_unsupported_format_names_the_supported_ones(read_bytes):
    with pytest.raises(UnreadableError, match=r"\.bmp is not supported.*\.png"):
        read_bytes("a.bmp", encode(Image.fromarray(GREY), "BMP"))
    with pytest.raises(UnreadableError, match="the format of its content is not supported"):
        read_bytes("LICENSE", b"text")


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


def test_every_suffix_has_a_reader():
    assert set(readers()) >= {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".nii", ".nii.gz", ".npy", ".npz"}
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in readers())


def test_reasons_hold_no_names(tmp_path, monkeypatch):
    for content in (b"text", VALID["grey.png"][:60], VALID["grey.jpg"], VALID["float.tif"][:90], bytes(200)):
        for suffix in (".png", ".jpg", ".tif"):
            path = tmp_path / f"Miller_Anna{suffix}"
            path.write_bytes(content)
            try:
                read_all(path)
            except UnreadableError as error:
                assert "Miller" not in str(error)
    path = tmp_path / "Miller_Anna.png"
    path.write_bytes(VALID["grey.png"])
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda image: (_ for _ in ()).throw(OSError(str(path))))
    with pytest.raises(UnreadableError, match=r"^corrupt or truncated \(OSError\)$"):
        read_all(path)


def test_what_the_system_refuses_is_no_fault_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(VALID["grey.png"])
    denied = PermissionError(13, "Permission denied", "a.png")
    monkeypatch.setattr(Image, "open", lambda path: (_ for _ in ()).throw(denied))
    with pytest.raises(PermissionError):
        read_all(tmp_path / "a.png")
