"""Tasks of a split: what the reverse test opens, and whom it leaves out."""

from dataclasses import replace
from pathlib import Path

import pytest

from ganoscope.data.store import Store
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.design import make_design
from ganoscope.studies.split_tasks import SplitTasks


def evaluate(phantom_store, *arms):
    config = StudyConfig(generator="cgan", arms=("baseline", *arms), families=("small_cnn",), repeats=3, folds=2)
    return SplitTasks(make_design(Store.open(phantom_store), config)[0], Path(phantom_store), 0).evaluate()


@pytest.mark.parametrize(
    "arms", [("filtered", "classical"), ("augmented", "filtered", "duplicated"), ("shuffled_labels",)]
)
def test_synthetic_images_test_only_who_has_not_learned_from_them(phantom_store, arms):
    task = evaluate(phantom_store, *arms)
    seen = {one["arm"]: one["seen_synthetic"] for one in task.arguments["classifiers"]}
    learned = {"filtered", "augmented", "shuffled_labels"}
    assert seen == {arm: arm in learned for arm in ("baseline", *arms)}


def test_synthetic_images_that_the_baseline_is_tested_on_were_not_chosen_by_it(phantom_store):
    drawn = evaluate(phantom_store, "filtered").needs["synthetic"]
    assert not drawn.arguments["drawing"]["screened"]
    assert "classifier" not in drawn.needs
    assert drawn.key == evaluate(phantom_store, "augmented", "filtered").needs["synthetic"].key


def test_without_synthetic_images_there_is_no_reverse_test(phantom_store):
    task = evaluate(phantom_store, "classical")
    assert "synthetic" not in task.needs
    assert not any(one["seen_synthetic"] for one in task.arguments["classifiers"])


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda"])
def test_trainings_and_drawing_take_a_gpu_where_one_is_asked_for(phantom_store, device):
    config = StudyConfig(generator="cgan", arms=("baseline", "filtered"), repeats=3, folds=2, device=device)
    evaluation = SplitTasks(make_design(Store.open(phantom_store), config)[0], Path(phantom_store), 0).evaluate()
    open_tasks, gpus = [evaluation], {}
    while open_tasks:
        task = open_tasks.pop()
        gpus[task.name] = task.gpus
        open_tasks += task.needs.values()
    taking = {name for name in gpus if "generator" in name or "small_cnn" in name or name.endswith("ed images")}
    assert len(taking) >= 4
    assert {name for name, number in gpus.items() if number} == (taking if device == "cuda" else set())


def test_every_point_of_the_learning_curve_takes_as_many_steps(phantom_store):
    config = StudyConfig(generator="cgan", arms=("baseline", "augmented"), repeats=3, folds=2, real_fraction=0.5)
    config = replace(config, low_data=(0.25, 1.0))
    evaluation = SplitTasks(make_design(Store.open(phantom_store), config)[0], Path(phantom_store), 0).evaluate()
    scales = {
        name: task.arguments["which"].get("epoch_scale") for name, task in evaluation.needs.items() if "/" in name
    }
    assert scales["baseline/small_cnn/0/0"] is scales["augmented/small_cnn/0/0"] is None
    assert scales["baseline@0.25/small_cnn/0/0"] == 2
    assert scales["baseline@1/small_cnn/0/0"] == 0.5


def test_precision_is_part_of_the_work(phantom_store):
    found = []
    for precision in ("fp32", "bf16"):
        config = StudyConfig(generator="cgan", arms=("baseline", "augmented"), repeats=3, folds=2, precision=precision)
        split = SplitTasks(make_design(Store.open(phantom_store), config)[0], Path(phantom_store), 0)
        found.append(split.train_generator())
    assert [task.arguments["training"]["precision"] for task in found] == ["fp32", "bf16"]
    assert found[0].key != found[1].key
