"""A training that is a part of something larger: checkpoints as few as wanted, and done once."""

import pytest

from ganoscope.data.store import Store
from ganoscope.generators.learning import learn
from ganoscope.training.run_folder.checkpoint import list_checkpoints
from ganoscope.training.run_folder.record import load_record


@pytest.mark.parametrize(("ticks", "expected"), [(None, 32), (2, 64), (1, 96)])
def test_checkpoints_are_as_few_as_wanted(ticks, expected, phantom_store, tmp_path):
    training = {"images": 96, "seed": 1, "device": "cpu", "precision": "fp32"}
    data = Store.open(phantom_store)
    learn(data, tmp_path / "run", "cgan", training, ticks)
    assert load_record(tmp_path / "run").train.tick_images == expected
    assert list_checkpoints(tmp_path / "run")[-1].name == "0000000096"
    learn(data, tmp_path / "run", "cgan", training, ticks)
    assert len(load_record(tmp_path / "run").sessions) == 1
