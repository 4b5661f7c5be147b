"""A task's key is the hash of everything that its result depends on, and of nothing else."""

import numpy as np
import pytest
from tests.fixtures.task_graphs import make

from ganoscope.errors import UserError
from ganoscope.tasks import task as module
from ganoscope.tasks.task import find_revision


def test_equal_work_has_equal_keys_whatever_it_is_called():
    first = make("draw", "first", seed=1, number=5, memory_gib=2, timeout_seconds=9, resumes=True, places={"p": "/a"})
    second = make("draw", "second", number=5, seed=1)
    assert first.key == second.key
    assert len(first.key) == 64


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"seed": 1, "number": 5},
        {"seed": 1, "cores": 2},
        {"seed": 1, "gpus": 0.5},
        {"seed": 1, "needs": {"a": make("draw", seed=1)}},
        {"seed": 1, "needs": {"b": make("draw", seed=1)}},
        {"seed": 1, "needs": {"b": make("draw", seed=2)}},
    ],
)
def test_other_work_has_another_key(other):
    keys = {make("draw", **work).key for work in ({"seed": 1}, {"seed": 1, "needs": {"c": make("add")}}, other)}
    assert len(keys) == 3


def test_a_new_revision_or_version_is_other_work(monkeypatch):
    keys = [make("draw", seed=1).key]
    monkeypatch.setattr(module, "find_revision", lambda function: 2)
    keys.append(make("draw", seed=1).key)
    monkeypatch.setattr(module, "read_version", lambda: "99")
    keys.append(make("draw", seed=1).key)
    assert len(set(keys)) == 3


def test_the_key_of_a_long_chain_is_computed():
    task = make("draw", seed=0)
    for _ in range(3000):
        task = make("add", needs={"before": task})
    assert task.key


@pytest.mark.parametrize("value", [(1, 2), float("nan"), np.zeros(2), {1: 2}, {"a": object()}, np.int64(3)])
def test_arguments_are_plain(value):
    with pytest.raises(UserError, match="task draw: arguments are not plain"):
        make("draw", seed=value)


def test_all_faults_are_told_at_once():
    with pytest.raises(UserError) as caught:
        make("nothing", "first", cores=0, memory_gib=-1, gpus=-1, timeout_seconds=0, inputs=3)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert all(line.startswith("task first: ") for line in lines)
    assert "offers no such function: got nothing; allowed: draw, add" in lines[-1]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("os.system", "misspelt"),
        ("shutil:rmtree", "shutil offers no such function"),
        ("ganoscope.nowhere:run", "a task's module does not exist: got ganoscope.nowhere"),
        ("nowhere.at.all:run", "a task's module does not exist"),
    ],
)
def test_only_functions_that_a_module_lists_are_called(function, words):
    with pytest.raises(UserError, match=words):
        find_revision(function)


def test_memory_is_found_only_where_it_is_asked_for():
    asked = []
    task = make("draw", seed=1, memory_gib=lambda: asked.append(1) or 3.0)
    assert task.key == make("draw", seed=1).key
    assert not asked
    assert task.find_memory_gib() == 3.0
    assert make("draw", seed=1, memory_gib=2).find_memory_gib() == 2
