"""DICOM as a whole: Hounsfield units whatever the encoding, and nothing but pictures or refusals from damaged files."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from tests.fixtures.dicom_files import (
    AIR_TO_BONE,
    CT,
    PLANTED,
    make_rle_of,
    planted,
    read,
    read_one,
    refusal,
    write,
)

from ganoscope.data.picture import UnreadableError


@pytest.fixture
def file(tmp_path):
    return tmp_path / "image.dcm"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_ct_is_in_hounsfield_units(file, syntax):
    picture = read_one(write(file, AIR_TO_BONE, syntax, **CT))
    assert (picture.unit, picture.pixels.dtype) == ("HU", np.int16)
    assert picture.pixels.tolist() == [[-1024, -1000, -100], [0, 50, 1000]]
    assert picture.pixels.flags.c_contiguous


def test_a_ct_in_colour_is_refused(file):
    assert "a CT in colour" in refusal(write(file, np.zeros((4, 4, 3), np.uint8), **CT))


def test_images_that_say_they_were_generated_are_known(file):
    for said, synthetic in (("YES", True), ("NO", False), (None, False)):
        write(file, AIR_TO_BONE, SyntheticData=said, **CT)
        assert read_one(file).synthetic is synthetic


@pytest.mark.parametrize(
    "changes",
    [
        {"RescaleSlope": None, "RescaleIntercept": None},
        {"RescaleType": PLANTED[-1].upper()[:16]},
        {"Rows": 4000},
        {"PhotometricInterpretation": "PLANTED TEXT"},
        {"BitsStored": 40, "HighBit": 39},
        {"NumberOfFrames": 77777},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.481.2"},
    ],
)
def test_no_reason_holds_what_names_a_person(tmp_path, changes, capfd, recwarn):
    path = write(tmp_path / "PLANTED-file.dcm", AIR_TO_BONE, **planted(**CT | changes))
    text = refusal(path).lower() + "".join(capfd.readouterr()).lower()
    assert "planted" not in text
    assert not [word for word in (*PLANTED, "77777.") if word.lower() in text]
    assert not recwarn.list


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6), rle=st.booleans())
def test_damaged_bytes_are_read_or_refused_but_nothing_else_happens(file, damage, rle):
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8) * 30
    if rle:
        write(file, pixels, RLELossless, content=encapsulate([make_rle_of(pixels)]), **CT)
    else:
        write(file, pixels, ImplicitVRLittleEndian, **CT)
    content = bytearray(file.read_bytes())
    for place, byte in damage:
        content[132 + int(place * (len(content) - 133))] = byte
    file.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            pictures = read(file)
        except UnreadableError as error:
            assert str(error)
        else:
            assert all(picture.pixels.ndim == 2 for picture in pictures)
