"""Every engine copes with every way in which a worker goes wrong, and all give the same results, byte for byte."""

import importlib.util
import os
import re
import time
from contextlib import nullcontext

import numpy as np
import pytest
from tests.fixtures import slurm_cluster
from tests.fixtures.task_graphs import make, make_sum, read_results

from ganoscope.errors import UserError
from ganoscope.registry import list_modules
from ganoscope.tasks import engines
from ganoscope.tasks.engines import EngineOptions, make_engine
from ganoscope.tasks.running import LATE_RETRIES, RETRIES, run_tasks

NEEDED = {"local": "numpy", "ray": "ray", "submitit": "submitit"}
ENGINES = [
    pytest.param(name, marks=[pytest.mark.slow] if name != "local" else [], id=name) for name in list_modules(engines)
]


class Played:
    """One graph with every fault, run twice by one engine."""

    def __init__(self, engine, folder, places):
        self.folder, self.places = folder, places
        address = "local" if engine == "submitit" and "SLURM_CONF" not in os.environ else ""
        self.options = EngineOptions(engine, cores=2, memory_gib=8, address=address)
        self.sum = make_sum(range(4))
        self.good = [
            self.sum,
            make("die_once", "killed once", seed=7, places=self.count("killed")),
            make("lie", "lies once", seed=8, places=self.count("lies")),
            make("hang_once", "hangs once", seed=11, timeout_seconds=5.0, places=self.count("hangs once")),
            make("leave_process", "leaves a process", seed=9, places={"pid": str(places / "pid")}),
            make("tell_threads", "threads", cores=2),
        ]
        dying = make("die", "always dies", places=self.count("dies"))
        self.bad = [
            make("lie", "always lies", seed=10, times=99, places=self.count("always lies")),
            make("fill_memory", "fills memory", mib=600, memory_gib=0.25),
            make("refuse", "refuses"),
            make("crash", "crashes"),
            make("hang", "hangs", timeout_seconds=1.0, places=self.count("hangs")),
            make("link", "writes a link"),
            make("add", "needs what dies", needs={"a": dying, "b": self.sum}),
        ]
        self.first = self.call()
        self.results = read_results(folder)
        self.second = self.call()

    def count(self, name):
        return {"counter": str(self.places / name)}

    def attempts(self, name):
        return len((self.places / name).read_text())

    def call(self):
        with pytest.raises(UserError) as caught:
            run_tasks([*self.bad, *self.good], self.folder, self.options)
        return str(caught.value)


PLAYED = {}


@pytest.fixture(params=ENGINES)
def played(request, tmp_path_factory):
    """What happened; the engine submitit runs on a SLURM cluster where one can be started here."""
    name = request.param
    if not importlib.util.find_spec(NEEDED[name]):
        pytest.skip(f"{NEEDED[name]} is not installed")
    if name not in PLAYED:
        with slurm_cluster.use_if_possible(tmp_path_factory) if name == "submitit" else nullcontext():
            PLAYED[name] = Played(name, tmp_path_factory.mktemp(name) / "results", tmp_path_factory.mktemp("places"))
    return PLAYED[name]


def test_results_are_read_by_those_that_need_them(played):
    drawn = sum(np.random.default_rng(seed).standard_normal(1000) for seed in range(4))
    np.testing.assert_allclose(np.load(played.folder / played.sum.key / "numbers.npy"), drawn, atol=1e-12)


def test_a_killed_task_is_tried_again_in_a_fresh_folder(played):
    killed = played.good[1]
    assert played.attempts("killed") == 2
    assert [path.name for path in sorted((played.folder / killed.key).iterdir())] == ["numbers.npy", "task.json"]


def test_a_process_that_dies_each_time_is_tried_three_times_in_each_call(played):
    assert played.attempts("dies") == 2 * (1 + RETRIES)
    assert "always dies: its process was ended by status 3" in played.first


def test_a_task_that_hangs_is_ended_and_tried_once_more(played):
    assert played.attempts("hangs once") == 2
    assert (played.folder / played.good[3].key / "numbers.npy").exists()
    assert played.attempts("hangs") == 2 * (1 + LATE_RETRIES)


def test_wrong_bytes_never_count(played):
    assert played.attempts("lies") == 2
    assert "always lies: wrote something else than it reported: numbers.npy has other bytes" in played.first
    assert not (played.folder / played.bad[0].key).exists()


def test_memory_is_limited_to_what_is_declared(played):
    line = next(line for line in played.first.splitlines() if line.startswith("fills memory: "))
    assert "ran out of memory: its peak was 0." in line
    assert "allowed: 0.25 GiB" in line


@pytest.mark.parametrize(
    "words",
    [
        "refuses: the class has fewer patients than folds; see ",
        "crashes: ZeroDivisionError: division by zero; see ",
        r"hangs: took longer than it may: ended after \d+ s; allowed: 1 s. It seems to hang; if it was still at work, ",
        "writes a link: numbers.npy is no plain file; see ",
        "not run, as they need those: needs what dies",
    ],
)
def test_all_failures_are_told_at_once(played, words):
    assert played.first.startswith("7 tasks of 18 failed")
    assert re.search(words, played.first)


def test_what_a_task_prints_is_in_its_log(played):
    log = (played.folder / f"{played.bad[3].key}.log").read_text()
    assert "about to divide" in log
    assert "ZeroDivisionError" in log
    assert not (played.folder / f"{played.sum.key}.log").exists()


def test_a_second_call_keeps_what_is_done_and_fails_alike(played):
    assert read_results(played.folder) == played.results
    assert played.attempts("killed") == played.attempts("lies") == 2
    first, second = (re.sub(r"\d\.\d\d GiB|after \d s", "", words) for words in (played.first, played.second))
    assert second == first


def test_what_failed_leaves_no_folder_behind(played):
    assert [path for path in played.folder.iterdir() if path.suffix == ".partial"] == []


def test_what_a_task_started_ends_with_it(played):
    pid = int((played.places / "pid").read_text())
    end = time.monotonic() + 5
    while time.monotonic() < end and is_alive(pid):
        time.sleep(0.05)
    assert not is_alive(pid)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_threads_and_gpus_are_those_declared(played):
    assert (played.folder / played.good[5].key / "threads.txt").read_text() == "2 2 "


def test_all_engines_give_the_same_bytes(played):
    for other in PLAYED.values():
        assert other.results == played.results


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(UserError, match="nothing called abacus in engines; allowed: local"):
        make_engine(EngineOptions("abacus"), tmp_path)


def test_numbers_below_nothing_are_refused_together():
    with pytest.raises(UserError) as caught:
        EngineOptions(cores=-1, task_hours=-0.5)
    assert "--cores is out of range: got -1; allowed: 0 or more" in str(caught.value)
    assert "--task-hours is out of range: got -0.5" in str(caught.value)
