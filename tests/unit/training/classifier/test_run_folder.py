"""The run folder of a classifier: what was requested, and the record."""

from pathlib import Path

import pytest
import torch

from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.nets.pretrained import PretrainedWeights
from ganoscope.training.classifier.config import ClassifyConfig
from ganoscope.training.classifier.run_folder import claim_run, describe_config, make_record, start_network

QUICK = ClassifyConfig(epochs=3, batch_size=16, device="cpu", precision="fp32").resolve()


def test_a_run_is_claimed_once_and_only_epochs_may_change(phantom_store, tmp_path):
    store = Store.open(phantom_store)
    started = claim_run(tmp_path / "run", store, QUICK)
    longer = ClassifyConfig(epochs=9, batch_size=16, device="cpu", precision="fp32").resolve()
    assert claim_run(tmp_path / "run", store, longer) == started
    other = ClassifyConfig(epochs=3, batch_size=8, seed=4, device="cpu", precision="fp32").resolve()
    with pytest.raises(UserError, match=r"started with batch_size 16; got 8[^$]*started with seed 0; got 4"):
        claim_run(tmp_path / "run", store, other)


def test_the_folder_of_the_weights_is_not_written_down():
    config = ClassifyConfig(weights=Path("/home/person/weights.safetensors"), weights_source="xrv-all")
    assert describe_config(config)["weights"] == "weights.safetensors"
    assert describe_config(QUICK)["weights_source"] is None


def test_the_same_seed_gives_the_same_initial_weights():
    first, second = (start_network(3, QUICK)[0].state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_record_names_the_images_of_each_part(phantom_store):
    store = Store.open(phantom_store)
    record = make_record(store, QUICK, "2026-01-01", PretrainedWeights("", "", ()), "0" * 64)
    splits = dict(zip(store.column("sample_id").tolist(), store.column("split").tolist(), strict=True))
    assert {splits[name] for name in record.sample_ids} == {"train"}
    assert {splits[name] for name in record.validation_ids} == {"validation"}
    assert (record.temperature, record.metrics, record.trained_on) == (1.0, {}, [])
