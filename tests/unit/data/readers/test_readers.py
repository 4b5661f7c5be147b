"""Readers: chosen by content, with reasons that hold no names, whatever the file."""

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from tests.fixtures.raster_files import GREY, VALID, encode, read_all

from ganoscope.data.picture import UnreadableError
from ganoscope.data.readers import readers

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
