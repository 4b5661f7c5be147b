"""Costs are those of one core; limits leave honest work far more time than it should take, whatever the study."""

import pytest
import torch

from ganoscope.data.phantoms.phantom_store import PhantomConfig
from ganoscope.data.store import Store
from ganoscope.generators import timing
from ganoscope.generators.timing import Cost
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.needs import cost
from ganoscope.studies.needs.cost import TimeLimits, estimate_cost
from ganoscope.studies.split_tasks import list_evaluations
from ganoscope.tasks.graph import order_tasks
from ganoscope.workflows.phantom import phantom

HOUR = 3600.0
OPTIONS = {"generator": "cgan", "arms": ("baseline", "augmented"), "repeats": 1, "folds": 2, "exploratory": True}


def find_limits(store, costs, **changes):
    """The limit of every task of the first split, by its name."""
    design = make_design(Store.open(store), StudyConfig(**{**OPTIONS, **changes}))[0]
    found = TimeLimits(design, costs)
    tasks = order_tasks(list_evaluations(design, store))
    return {task.name.removeprefix("split 1: "): found.find(task) for task in tasks if "split 1: " in task.name}


def make_costs(generator, small_cnn, random_features):
    seconds = {"generator cgan": generator, "small_cnn": small_cnn, "random_features": random_features}
    return [Cost(kind, 2 if "generator" in kind else 4, each) for kind, each in seconds.items()]


def test_costs_are_measured_with_one_thread_as_tasks_have(phantom_store, monkeypatch):
    seen = []
    for module in (cost, timing):
        monkeypatch.setattr(module, "time_steps", lambda step, device: seen.append(torch.get_num_threads()) or 32.0)
    store, before = Store.open(phantom_store), torch.get_num_threads()
    design = make_design(store, StudyConfig(**OPTIONS, generator_images=64, epochs=2, batch_size=32))[0]
    torch.set_num_threads(2)
    try:
        found = estimate_cost(design, store)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 1]
    assert [(one.kind, one.tasks) for one in found] == [("generator cgan", 2), ("small_cnn", 4), ("random_features", 4)]
    training = design.images / (1 + design.ratio)
    assert [one.seconds for one in found] == pytest.approx([64.0, 2 * training, 10.0])


def test_short_trainings_have_an_hour_and_long_ones_fifty_times_their_estimate(phantom_store):
    limits = find_limits(phantom_store, make_costs(1000.0, 2.0, 100.0))
    assert limits["generator"] == 50_000
    assert limits["small_cnn, baseline"] == limits["small_cnn, augmented"] == HOUR
    assert limits["random_features, augmented"] == 5000


def test_other_tasks_have_fifty_times_the_trainings_of_their_split_and_four_hours_at_least(phantom_store):
    others = ("training patients", "held-out patients", "generated images", "evaluation")
    limits = find_limits(phantom_store, make_costs(1.0, 1.0, 1.0))
    assert {limits[name] for name in others} == {4 * HOUR}
    limits = find_limits(phantom_store, make_costs(1000.0, 200.0, 10.0))
    assert {limits[name] for name in others} == {50 * (1000 + 2 * 200 + 2 * 10)}


def test_an_external_store_gets_time_by_its_size(phantom_store, tmp_path):
    phantom(tmp_path / "other", PhantomConfig(modality="mri", number=300, size=32, seed=5))
    costs = make_costs(1000.0, 200.0, 10.0)
    alone = find_limits(phantom_store, costs)["evaluation"]
    design = make_design(Store.open(phantom_store), StudyConfig(**OPTIONS))[0]
    training = design.images / (1 + design.ratio)
    larger = find_limits(phantom_store, costs, external=tmp_path / "other")["evaluation"]
    assert larger == pytest.approx(alone * 300 / training)
