"""Trackers are told the numbers of the history, and neither pictures nor paths."""

import csv
import json
import sys
from dataclasses import replace
from importlib.machinery import ModuleSpec
from types import SimpleNamespace

import numpy as np
import pytest

from ganoscope.errors import UserError
from ganoscope.methods.cyclegan_counterfactual import Config
from ganoscope.methods.dcgan import Config as DCGANConfig
from ganoscope.training.config import TrainConfig
from ganoscope.workflows.train import train

SMALL = DCGANConfig(latent_dim=4, generator_channels=4, discriminator_channels=4)
CONFIG = TrainConfig(images=32, batch_size=8, tick_images=16, device="cpu", precision="fp32")


@pytest.fixture(params=["trackio", "wandb"])
def backend(request, monkeypatch):
    """Stands in for the package: notes the calls that both packages share."""
    calls = SimpleNamespace(name=request.param, started=[], logged=[], finished=0)

    def finish():
        calls.finished += 1

    def init(**settings):
        calls.started.append(settings)
        return SimpleNamespace(log=lambda values, step: calls.logged.append((step, values)), finish=finish)

    module = SimpleNamespace(init=init, Settings=dict, __spec__=ModuleSpec(request.param, None))
    monkeypatch.setitem(sys.modules, request.param, module)
    return calls


def test_a_tracker_is_told_the_numbers_of_the_history(backend, phantom_store, tmp_path):
    config = replace(CONFIG, track=backend.name, project="brains", run_name="first")
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=SMALL)
    with (tmp_path / "run" / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [step for step, _ in backend.logged] == [16, 32]
    for step, values in backend.logged:
        part = [row for row in rows if step - 16 < int(row["images"]) <= step]
        assert values == pytest.approx({name: np.mean([float(row[name]) for row in part]) for name in values})
        assert {"generator.adversarial", "discriminator.real"} <= set(values)
    (started,) = backend.started
    assert (started["project"], started["name"], backend.finished) == ("brains", "first", 1)
    assert started["config"]["method"] == "dcgan"
    assert started["config"]["generator_channels"] == 4
    assert started.get("mode", "offline") == "offline"


def test_a_resumed_run_is_the_same_for_the_tracker_and_may_get_another_name(backend, phantom_store, tmp_path):
    train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, images=16, track=backend.name), method_config=SMALL)
    config = replace(CONFIG, track=backend.name, run_name="second")
    train("dcgan", phantom_store, tmp_path / "run", config, method_config=SMALL)
    first, second = backend.started
    assert (first["name"], second["name"]) == ("run", "second")
    assert first["project"] == second["project"] != ""
    assert first.get("id") == second.get("id")
    assert [step for step, _ in backend.logged] == [16, 32]


def test_no_path_reaches_a_tracker(backend, phantom_store, tiny_classifier, tmp_path):
    from ganoscope.classifiers.trained import load_classifier_record

    domains = load_classifier_record(tiny_classifier).classes[:2]
    config = replace(CONFIG, images=4, batch_size=2, tick_images=4, domains=domains, track=backend.name)
    small = Config(classifier=tiny_classifier, generator_channels=4, discriminator_channels=4)
    train("cyclegan_counterfactual", phantom_store, tmp_path / "run", config, method_config=small)
    assert str(tiny_classifier.parent) not in json.dumps(backend.started[0]["config"])


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_made(phantom_store, tmp_path, monkeypatch):
    monkeypatch.setattr("ganoscope.training.run_folder.tracking.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'ganoscope\[track\]'"):
        train("dcgan", phantom_store, tmp_path / "run", replace(CONFIG, track="wandb"), method_config=SMALL)
    assert not (tmp_path / "run").exists()


def test_names_without_a_tracker_are_refused():
    with pytest.raises(UserError, match=r"(?s)--project without a tracker: got brains.*--run-name without a tracker"):
        TrainConfig(project="brains", run_name="first")
