"""Where images come from: batches in order, refused files noted, a private key."""

import csv
import stat

import pytest

from ganoscope.counterfactuals.cases.case import Refused
from ganoscope.counterfactuals.cases.image_sources import Source, open_source, save_key
from ganoscope.counterfactuals.config import CounterfactualConfig
from ganoscope.data.geometry.placement import GeometryConfig
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.training.run_folder.trained_run import open_run


@pytest.mark.parametrize(("most", "sizes"), [(None, [2, 2, 1]), (3, [2, 1])])
def test_batches_are_in_order_and_refused_files_are_noted(most, sizes):
    entries = ["a", Refused("file-1", "flat"), "b", "c", "d", Refused("file-2", "empty"), "e"]
    noted = []
    batches = list(Source(iter(entries), None, GeometryConfig(16), most=most).read(2, noted.append))
    assert [len(batch) for batch in batches] == sizes
    assert "".join(case for batch in batches for case in batch) == "abcde"[:most]
    assert [one.file for one in noted] == (["file-1", "file-2"] if most is None else ["file-1"])


def test_a_store_has_no_key_and_a_folder_has_a_private_one(disc_run, disc_store, disc_source, tmp_path):
    run, store, config = open_run(disc_run), Store.open(disc_store), CounterfactualConfig(number=4)
    with open_source(disc_store, tmp_path / "out", run, None, store, config) as source:
        assert (source.total, source.key, source.listing) == (4, None, None)
        save_key(source)
    assert list(tmp_path.iterdir()) == []
    with open_source(disc_source, tmp_path / "out", run, None, store, config) as source:
        assert source.total == 4
        save_key(source)
    key = tmp_path / "out.key.csv"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with key.open() as file:
        assert next(csv.reader(file)) == ["file", "name"]


def test_files_need_the_runs_store(disc_run, disc_source, tmp_path):
    config = CounterfactualConfig()
    with (
        pytest.raises(UserError, match=r"--store STORE"),
        open_source(disc_source, tmp_path / "out", open_run(disc_run), None, None, config),
    ):
        pass
