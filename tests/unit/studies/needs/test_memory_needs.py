"""Tasks declare the memory that their networks, images and features take, not a fixed number."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganoscope.data.store import Store
from ganoscope.generators.memory_of_generators import PAIR, Kept, estimate_generator_gib
from ganoscope.nets.pretrained import make_network
from ganoscope.studies.arms import ARMS
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.needs.memory_needs import MemoryNeeds, estimate_training_gib, measure_network
from ganoscope.studies.split_tasks import SplitTasks

CONFIG = StudyConfig(
    arms=("baseline", "augmented", "classical"),
    families=("small_cnn", "random_features"),
    generator="cgan",
    repeats=1,
    folds=2,
    exploratory=True,
)


@pytest.fixture(scope="module")
def design(phantom_store):
    return make_design(Store.open(phantom_store), CONFIG)[0]


@pytest.mark.parametrize("family", ["small_cnn", "resnet50"])
def test_what_a_network_keeps_is_found_without_computing(family):
    kept, network = Kept(), make_network(family, 2, "grey").train()
    weights = {tensor.untyped_storage()._cdata for tensor in network.state_dict().values()}
    held = []
    with torch.autograd.graph.saved_tensors_hooks(lambda one: held.append(one) or kept.pack(one), lambda one: one):
        network(torch.rand(PAIR, 1, 64, 64)).logits.logsumexp(1).mean()
    real = sum(size for name, size in kept.sizes.items() if name not in weights) / PAIR
    assert measure_network(family, 64).kept == pytest.approx(real, rel=0.25)


def test_deep_networks_and_large_images_get_what_they_take():
    """Peaks were measured: 4.2 GiB for ResNet-50, 3.5 GiB for the generator, both beyond the libraries at 224 px."""
    assert 4.2 < estimate_training_gib("resnet50", 224, 32) < 6
    assert 3.5 < estimate_generator_gib("pneumonia_cgan", 224, 2, "bf16") < 7
    assert estimate_generator_gib("pneumonia_cgan", 224, 2, "fp32") > estimate_generator_gib(
        "pneumonia_cgan", 224, 2, "bf16"
    )
    assert estimate_training_gib("small_cnn", 32, 32) < 1.2


def test_more_images_need_more_memory(design):
    few, many = (MemoryNeeds(one, 224) for one in (design, replace(design, images=26_000)))
    for family in CONFIG.families:
        assert many.fit(family, ARMS["augmented"], 1.0, 4.0) > few.fit(family, ARMS["augmented"], 1.0, 4.0) + 1
    plain, moved = (many.fit("random_features", ARMS[arm], 1.0, 1.0) for arm in ("baseline", "classical"))
    assert moved > 2 * plain
    assert many.provide_images() > few.provide_images() + 1
    assert many.evaluate(0) < many.evaluate(100_000)


def test_all_tasks_of_a_small_study_fit_two_workers_of_a_small_machine(design, phantom_store):
    split = SplitTasks(design, Path(phantom_store), 0)
    tasks = [split.evaluate(), *split.evaluate().needs.values(), split.train_generator()]
    assert max(task.find_memory_gib() for task in tasks) <= 2.1


def test_the_memory_of_a_task_is_no_part_of_its_key(design, phantom_store, monkeypatch):
    before = SplitTasks(design, Path(phantom_store), 0).evaluate()
    monkeypatch.setattr(MemoryNeeds, "fit", lambda *_: 77.0)
    after = SplitTasks(design, Path(phantom_store), 0).evaluate()
    assert {task.find_memory_gib() for name, task in after.needs.items() if "/" in name} == {77.0}
    assert after.key == before.key
