"""Frames: as many and as large as the header states, decoded only where that is safe."""

import os

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLSLossless,
    RLELossless,
)
from tests.fixtures.dicom_files import (
    AIR_TO_BONE,
    CT,
    MR,
    US,
    make_rle_of,
    read,
    read_one,
    refusal,
    write,
)

from ganoscope.data.dicom import dataset
from ganoscope.data.dicom import frames as frames_module
from ganoscope.data.picture import ReadOptions, UnreadableError
from ganoscope.data.readers import dicom


def test_padding_beyond_the_stored_bits_is_refused_rather_than_taken_for_bone(file):
    write(file, np.array([[63536, 24, 1024]], np.uint16), BitsStored=12, PixelPaddingValue=63536, **CT)
    assert "PixelPaddingValue" in refusal(file)


def test_pixels_that_end_early_or_go_on_are_refused(file):
    write(file, AIR_TO_BONE, content=AIR_TO_BONE.tobytes()[:-4], **CT)
    assert refusal(file) == "truncated: 8 of 12 bytes of pixel data are there"
    write(file, AIR_TO_BONE, content=AIR_TO_BONE.tobytes() * 2, **CT)
    assert "the pixel data holds more" in refusal(file)


def test_rle_frames_are_decoded_and_must_be_as_many_as_stated(file):
    rle = make_rle_of(AIR_TO_BONE)
    write(file, AIR_TO_BONE, RLELossless, content=encapsulate([rle]), **CT)
    assert read_one(file).pixels.tolist() == [[-1024, -1000, -100], [0, 50, 1000]]
    write(file, AIR_TO_BONE, RLELossless, content=encapsulate([rle]), NumberOfFrames=3, **CT)
    assert "compressed frames" in refusal(file)
    write(file, AIR_TO_BONE, RLELossless, content=encapsulate([rle + bytes(5000)]), **CT)
    assert "longer than its uncompressed pixels" in refusal(file)


@pytest.mark.parametrize(
    ("syntax", "frame", "size"),
    [
        (JPEG2000Lossless, b"\xff\x4f\xff\x51\0\x29\0\0" + np.array([60000, 50000], ">u4").tobytes(), "60000 x 50000"),
        (JPEGBaseline8Bit, b"\xff\xd8\xff\xfe\0\x04..\xff\xff\xc0\0\x0b\x08\xc3\x50\xea\x60\x01", "60000 x 50000"),
        (JPEGLSLossless, b"\xff\xd8\xff\xf7\0\x0b\x08\xc3\x50\xea\x60\x01", "60000 x 50000"),
    ],
)
def test_a_compressed_frame_larger_than_stated_never_reaches_a_decoder(file, syntax, frame, size, monkeypatch):
    tail = np.zeros(24 + 16, np.uint8).tobytes() if syntax == JPEG2000Lossless else bytes(30)
    write(file, AIR_TO_BONE.astype(np.uint8), syntax, content=encapsulate([frame + tail]), **US)
    monkeypatch.setattr(frames_module, "decode", lambda *_: pytest.fail("a decoder was called"))
    assert f"a compressed frame is {size}" in refusal(file)
    write(file, AIR_TO_BONE.astype(np.uint8), syntax, content=encapsulate([b"no header"]), **US)
    assert "no readable header of its own" in refusal(file)


def test_what_gdcm_is_needed_for_says_how_to_get_it(file, monkeypatch):
    monkeypatch.setattr(frames_module, "have_gdcm", lambda: False)
    write(file, AIR_TO_BONE, JPEGExtended12Bit, content=encapsulate([bytes(40)]), BitsStored=12, **CT)
    assert 'pip install "ganoscope[dicom]"' in refusal(file)
    write(file, AIR_TO_BONE, JPEGLSLossless, content=encapsulate([bytes(40)]), **CT)
    assert 'pip install "ganoscope[dicom]"' in refusal(file)


def test_video_and_private_compressions_are_refused(file):
    syntax = pydicom.uid.MPEG2MPML
    write(file, AIR_TO_BONE, syntax, content=encapsulate([bytes(40)]), **US)
    assert "its compression is not supported" in refusal(file)


@pytest.mark.parametrize("kind", ["u1", "i2", "colour", "planar"])
def test_frames_that_are_left_in_the_file_are_the_same_one_by_one(file, monkeypatch, kind):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 200, (3, 5, 6, 3) if kind in ("colour", "planar") else (3, 5, 6))
    pixels = pixels.astype("i2" if kind == "i2" else "u1")
    colour = {"NumberOfFrames": 3, "Rows": 5, "Columns": 6, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}
    if kind == "planar":
        pixels = np.moveaxis(pixels, -1, 1)
    more = {**colour, "PlanarConfiguration": int(kind == "planar")} if "l" in kind else {}
    write(file, pixels, content=pixels.tobytes(), **(MR if kind == "i2" else US), **more)
    whole = read(file)
    monkeypatch.setattr(dataset, "DEFERRED_BYTES", 1)
    pieces = read(file)
    assert len(whole) == len(pieces) == 3
    for one, other in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)


def test_a_file_that_becomes_shorter_while_it_is_read_is_refused(file, monkeypatch):
    monkeypatch.setattr(dataset, "DEFERRED_BYTES", 1)
    write(file, np.arange(30_000, dtype=np.int16).reshape(3, 100, 100), **MR)
    pictures = dicom.read(file, ReadOptions())
    next(pictures)
    os.truncate(file, file.stat().st_size - 6000)
    with pytest.raises(UnreadableError, match="became shorter"):
        list(pictures)
