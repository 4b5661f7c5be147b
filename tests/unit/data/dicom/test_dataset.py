"""Data sets: only allowed attributes, any encoding, bounded size, no names in messages."""

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)
from tests.fixtures.dicom_files import AIR_TO_BONE, CT, planted, read_one, refusal, write

from ganoscope.data.dicom import dataset as dataset_module


def test_only_allowed_attributes_are_read(file):
    write(file, AIR_TO_BONE, **planted(**CT))
    data = dataset_module.open_dataset(file)
    assert "StudyDescription" not in data and "ImageComments" not in data and "PatientID" in data


def test_a_file_without_the_mark_is_read_when_its_data_set_proves_itself(file):
    for syntax in (ImplicitVRLittleEndian, ExplicitVRLittleEndian):
        write(file, AIR_TO_BONE, syntax, **CT)
        start = pydicom.filereader.read_file_meta_info(file).FileMetaInformationGroupLength + 144
        file.write_bytes(file.read_bytes()[start:])
        assert read_one(file).pixels[0, 1] == -1000


def test_a_file_without_the_mark_but_compressed_is_refused(file):
    write(file, AIR_TO_BONE, JPEG2000Lossless, content=encapsulate([b"\xff\x4f\xff\x51" + bytes(60)]), **CT)
    start = pydicom.filereader.read_file_meta_info(file).FileMetaInformationGroupLength + 144
    file.write_bytes(file.read_bytes()[start:])
    assert "no meta header, but compressed pixels" in refusal(file)


@pytest.mark.parametrize(
    "content", [b"plain text", bytes(500), b"\x08\x00\x05\x00CS\n\x00ISO", b"\x89PNG\r\n", b"<html>"]
)
def test_other_content_is_no_dicom(file, content):
    file.write_bytes(content)
    assert "DICOM" in refusal(file)


def test_an_invalid_transfer_syntax_is_refused(file):
    write(file, AIR_TO_BONE, **CT)
    file.write_bytes(file.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.7.7.7\0"))
    assert "names no known transfer syntax" in refusal(file)


def test_a_deflated_bomb_is_refused_while_it_inflates(file, monkeypatch):
    write(file, np.zeros((512, 512), np.uint16) + AIR_TO_BONE[0, 1], DeflatedExplicitVRLittleEndian, **CT)
    assert read_one(file).pixels.min() == -1000
    monkeypatch.setattr(dataset_module, "MAX_INFLATED", 1 << 16)
    assert "inflates to more than 65536 bytes" in refusal(file)


def test_a_deflated_data_set_that_ends_early_is_refused(file):
    random = np.random.default_rng(0).integers(0, 4096, (64, 64)).astype(np.uint16)
    write(file, random, DeflatedExplicitVRLittleEndian, **CT)
    file.write_bytes(file.read_bytes()[:-2000])
    assert "truncated" in refusal(file)
