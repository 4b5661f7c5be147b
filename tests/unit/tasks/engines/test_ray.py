"""What Ray needs and what it is told; the faults of workers are tried in test_init.py."""

import sys

import pytest
from tests.fixtures.task_graphs import make

from ganoscope.errors import UserError
from ganoscope.tasks.engines import EngineOptions
from ganoscope.tasks.running import run_tasks


def test_a_missing_library_is_told_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"engine ray needs a library .* allowed: pip install 'ganoscope\[cluster\]'"):
        run_tasks([make("draw", seed=1)], tmp_path / "r", EngineOptions("ray"))


@pytest.mark.slow
def test_tasks_that_no_machine_of_the_cluster_can_run_are_refused(tmp_path):
    pytest.importorskip("ray")
    tasks = [make("draw", "wide", seed=1, cores=99), make("draw", "on two GPUs", seed=1, gpus=2)]
    with pytest.raises(UserError) as caught:
        run_tasks(tasks, tmp_path / "r", EngineOptions("ray", cores=2, memory_gib=2))
    assert "wide needs more cores than there are for tasks: got 99 cores; allowed: up to 2 cores" in str(caught.value)
    assert "on two GPUs needs more GPUs" in str(caught.value)


@pytest.mark.slow
def test_an_address_without_a_cluster_is_refused(tmp_path):
    pytest.importorskip("ray")
    with pytest.raises(UserError, match=r"no Ray cluster answers: got 127\.0\.0\.1:1 "):
        run_tasks([make("draw", seed=1)], tmp_path / "r", EngineOptions("ray", address="127.0.0.1:1"))
