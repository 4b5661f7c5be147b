"""Fixtures of the tests of DICOM."""

import pytest


@pytest.fixture
def file(tmp_path):
    return tmp_path / "image.dcm"
