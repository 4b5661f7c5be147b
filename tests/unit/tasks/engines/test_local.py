"""Tasks run side by side as far as cores, memory and GPUs go."""

import pytest
from tests.fixtures.task_graphs import make

from ganoscope.tasks.attempt import Ended
from ganoscope.tasks.engines import local
from ganoscope.tasks.engines.local import LocalEngine, list_gpus, measure_free_memory


class Pretended:
    """A launcher that starts nothing; attempts end when they are told to."""

    def __init__(self):
        self.running = {}

    def start(self, job):
        self.running[job.key] = job

    def wait(self, seconds):
        ended = [Ended(key, "done") for key in self.running]
        self.running.clear()
        return ended


class Wanted:
    """A job, as far as the engine looks at it."""

    def __init__(self, key, cores=1, memory_gib=1.0, gpus=0.0):
        self.key, self.cores, self.memory_gib, self.gpus = key, cores, memory_gib, gpus


@pytest.fixture
def engine(monkeypatch):
    monkeypatch.setattr(local, "Launcher", Pretended)
    monkeypatch.setattr(local, "replace", lambda job, devices: setattr(job, "devices", devices) or job)
    return LocalEngine(4, 8.0, ["0", "1"])


@pytest.mark.parametrize(
    ("needs", "fits"),
    [
        ({"cores": 2}, True),
        ({"cores": 3}, False),
        ({"memory_gib": 2.5}, True),
        ({"memory_gib": 2.6}, False),
        ({"gpus": 1}, True),
        ({"gpus": 0.5}, True),
        ({"gpus": 2}, False),
    ],
)
def test_a_task_starts_only_where_all_of_it_fits(engine, needs, fits):
    engine.start(Wanted("a", cores=2, memory_gib=5.5, gpus=0.5))
    assert engine.fits(make("draw", seed=1, **needs)) is fits


def test_shares_fill_one_gpu_before_the_next_and_come_back(engine):
    jobs = [Wanted(str(number), gpus=0.5) for number in range(3)]
    for job in jobs:
        engine.start(job)
    assert [job.devices for job in jobs] == ["0", "0", "1"]
    engine.wait(0)
    both, none = Wanted("both", gpus=2), Wanted("none")
    engine.start(both)
    engine.start(none)
    assert (both.devices, none.devices) == ("0,1", "")
    assert not engine.fits(make("draw", seed=1, gpus=0.1))


def test_what_never_fits_is_told(engine):
    faults = engine.list_faults([make("draw", "a", seed=1, cores=5, gpus=3), make("draw", "b", seed=1)])
    assert [fault.split(":")[0] for fault in faults] == [
        "a needs more cores than there are for tasks",
        "a needs more GPUs than there are for tasks",
    ]


def test_many_tasks_that_never_fit_make_one_message(engine):
    faults = engine.list_faults([make("draw", f"task {gpus}", seed=1, gpus=gpus) for gpus in range(2, 6)])
    assert [fault.split(". ")[0] for fault in faults] == [
        "task 5 needs more GPUs than there are for tasks (3 such tasks): got 5 GPUs; allowed: up to 2 GPUs"
    ]


def test_free_memory_is_positive_and_plausible():
    assert 1 << 26 < measure_free_memory() < 1 << 46


@pytest.mark.parametrize(("visible", "gpus"), [("", []), ("-1", []), ("0,2", ["0", "2"])])
def test_gpus_are_those_that_the_process_may_use(monkeypatch, visible, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert list_gpus() == gpus
