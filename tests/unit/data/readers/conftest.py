"""Fixtures of the tests of readers."""

import pytest
from tests.fixtures.raster_files import read


@pytest.fixture
def read_bytes(tmp_path):
    def read_as(name, content, **options):
        (tmp_path / name).write_bytes(content)
        return read(tmp_path / name, **options)

    return read_as
