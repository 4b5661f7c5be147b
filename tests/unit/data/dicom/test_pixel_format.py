"""Pixel format: any layout of bits, and bombs refused by their header."""

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless
from tests.fixtures.dicom_files import AIR_TO_BONE, CT, MR, make_rle_of, read_one, refusal, write


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bits=st.integers(6, 16),
    spare=st.integers(0, 10),
    signed=st.booleans(),
    slope=st.sampled_from([1.0, 1.000244, 0.5, 2.0]),
    seed=st.integers(0, 99),
)
def test_any_layout_of_bits_gives_the_same_hounsfield_units(file, bits, spare, signed, slope, seed):
    random = np.random.default_rng(seed)
    high = min(15, bits - 1 + spare)
    numbers = random.integers(0, 1 << bits, (5, 7))
    noise = random.integers(0, 1 << 16, (5, 7)) & ~(((1 << bits) - 1) << (high + 1 - bits))  # overlays of old files
    stored = ((numbers << (high + 1 - bits)) | noise).astype(np.uint16)
    values = np.where(numbers >= 1 << (bits - 1), numbers - (1 << bits), numbers) if signed else numbers
    # above the lowest HU, below 0 somewhere, and within int16
    intercept = -1000.0 - float(values.min() * slope)
    expected = np.rint(values * slope + intercept)
    write(
        file,
        stored,
        Modality="CT",
        RescaleSlope=slope,
        RescaleIntercept=f"{intercept:.10g}",
        BitsStored=bits,
        HighBit=high,
        PixelRepresentation=int(signed),
    )
    clipped = np.minimum(expected, 32767)
    assert np.abs(read_one(file).pixels - clipped).max() <= (slope == 1.000244)  # intercepts are rounded to text


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_float_pixels_stay_float_and_must_be_numbers(file, kind):
    values = np.array([[0.25, -1.5]])
    for content, fine in ((values, True), (values * np.nan, False)):
        write(file, np.zeros((1, 2), np.uint16), **MR)
        data = pydicom.dcmread(file)
        del data.PixelData
        data.BitsAllocated = 32 if kind == "f4" else 64
        setattr(data, "FloatPixelData" if kind == "f4" else "DoubleFloatPixelData", content.astype(kind).tobytes())
        data.save_as(file)
        if fine:
            assert read_one(file).pixels.tolist() == values.tolist()
        else:
            assert "no numbers" in refusal(file)


def test_pixels_of_an_unknown_representation_are_refused(file):
    write(file, AIR_TO_BONE, **CT)
    file.write_bytes(file.read_bytes().replace(b"\xe0\x7f\x10\0OW", b"\xe0\x7f\x10\0O\xf6"))
    assert "damaged" in refusal(file)
    assert refusal(write(file, AIR_TO_BONE, content=b"", **CT)) == "truncated: the pixel data is empty"


def test_a_bomb_is_refused_by_its_header(file):
    frame = encapsulate([make_rle_of(AIR_TO_BONE)])
    write(file, AIR_TO_BONE, RLELossless, content=frame, Rows=30000, Columns=30000, **CT)
    assert "--max-file-gib 15.3" in refusal(file)
    write(file, AIR_TO_BONE, RLELossless, content=frame, NumberOfFrames=10**9, **CT)
    assert "decompression bomb refused" in refusal(file)
    write(file, AIR_TO_BONE, Rows=30000, Columns=30000, NumberOfFrames=10**9, **CT)
    assert "truncated: 12 of" in refusal(file)
