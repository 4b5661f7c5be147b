"""The store that a training is repeated on."""

import shutil
from dataclasses import replace

import pytest

from ganoscope.cli.train import find_store
from ganoscope.errors import UserError
from ganoscope.training.run_folder.record import load_record


def test_a_moved_store_can_be_named_and_another_one_is_refused(tiny_run, phantom_store, tmp_path):
    record = load_record(tiny_run)
    assert find_store(record, None) == phantom_store
    gone = replace(record, store=str(tmp_path / "gone"))
    with pytest.raises(UserError, match="Give the store's folder with --store"):
        find_store(gone, None)
    moved = shutil.copytree(phantom_store, tmp_path / "moved")
    assert find_store(gone, moved) == moved
    with pytest.raises(UserError, match="its fingerprint differs"):
        find_store(replace(gone, store_fingerprint="0" * 64), moved)
