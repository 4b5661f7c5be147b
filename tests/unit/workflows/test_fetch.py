"""`ganoscope fetch`: a data set in a new folder, or nothing and a way to get it by hand."""

import os
import sys

import pytest
from tests.fixtures.archives import assert_nothing_left, make_zip

from ganoscope.data.fetch import FetchError, available, find_source
from ganoscope.data.fetch.clients import archive as _archive
from ganoscope.errors import UserError
from ganoscope.workflows.fetch import fetch


def test_an_unknown_name_is_answered_with_those_known(tmp_path):
    with pytest.raises(UserError, match=r"no data set called mnist.*brain-mri.*pneumoniamnist.*rsna"):
        fetch("mnist", tmp_path / "out")


@pytest.mark.parametrize("name", available())
def test_without_the_client_the_message_says_how_to_install_it_and_what_to_do_by_hand(monkeypatch, tmp_path, name):
    for module in ("kaggle", "kaggle.api", "kaggle.api.kaggle_api_extended", "medmnist"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError) as error:
        fetch(name, tmp_path / "out")
    text, source = str(error.value), find_source(name)
    assert 'pip install "ganoscope[fetch]"' in text
    for part in (source.page, f"Download {source.file.format(size='')}", f"ganoscope prepare {tmp_path / 'out'} STORE"):
        assert part in text
    assert_nothing_left(tmp_path / "out")


def test_a_folder_with_content_is_never_written_to(kaggle, tmp_path):
    calls = kaggle(make_zip({"a.png": b""}))
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        fetch("rsna", tmp_path)
    assert (calls, os.listdir(tmp_path)) == ([], ["mine.txt"])  # noqa: PTH208


def test_a_failure_is_a_fetch_error_with_no_path_of_the_unfinished_folder(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(FetchError) as error:
        _archive.unpack(tmp_path / "a.zip", tmp_path)
    assert str(tmp_path) not in str(error.value)
