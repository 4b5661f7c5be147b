"""One study gives the same bytes by every engine and number of workers, and when workers are killed or hang on the way.

A worker hangs here as it is stopped by a signal: it is there, and does nothing more.
"""

import importlib.util
import json
import os
import signal
import threading
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
from tests.fixtures import slurm_cluster

from ganoscope.errors import UserError
from ganoscope.generators import timing
from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.config import StudyConfig
from ganoscope.studies.needs import cost
from ganoscope.tasks.engines import EngineOptions
from ganoscope.workflows.study import study

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SMALL = StudyConfig(
    generator="cgan",
    arms=("baseline", "filtered"),
    families=("small_cnn", "random_features"),
    repeats=1,
    folds=2,
    generator_images=160,
    epochs=2,
    min_label_confidence=0.3,  # of three classes: some images pass, so that no filter draws in vain up to its limit
    exploratory=True,
    seed=4,
)
PLAIN = AnalysisConfig(skip_plots=True, skip_ssim=True, skip_gradcam=True)
WAYS = {
    "two workers": EngineOptions(cores=2),
    "ray": EngineOptions("ray", cores=2, memory_gib=8),
    "submitit": EngineOptions("submitit"),
}
NEEDED = {"ray": "ray", "submitit": "submitit"}
"""Library that an engine needs, beside what is always there."""
KILLS, LOOK_SECONDS = 3, 0.02
PATIENCE_SECONDS = 20.0
"""More than any honest training of the study takes, on a busy machine too."""


@pytest.fixture(scope="module")
def alone(phantom_store, tmp_path_factory):
    """The study by one worker."""
    out = tmp_path_factory.mktemp("alone") / "study"
    study(phantom_store, out, SMALL, EngineOptions(cores=1), PLAIN)
    return out


def assert_same(folder, other):
    """Verdict, tables, keys of tasks, and all weights, images and predictions are the same bytes."""
    tables = read_files(folder, "verdict.json", "*.csv", "analysis/*.csv")
    assert {"verdict.json", "splits.csv", "results.csv", "confusion.csv"} <= tables.keys()
    assert tables == read_files(other, "verdict.json", "*.csv", "analysis/*.csv")
    assert read_works(folder) == read_works(other)
    made = read_files(folder, "tasks/*/**/*.safetensors", "tasks/*/**/*.np[yz]")
    names = {path.rsplit("/", 1)[1] for path in made}
    assert {"classifier.safetensors", "networks.safetensors", "random_features.npz", "predictions.npz"} <= names
    assert made == read_files(other, "tasks/*/**/*.safetensors", "tasks/*/**/*.np[yz]")


def read_files(folder, *patterns):
    """The bytes of files by name; histories hold the seconds of every step, which no two calls share."""
    found = [path for pattern in patterns for path in sorted(folder.glob(pattern)) if path.name != "history.csv"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def read_works(folder):
    """What every task depends on, by its key; the key is the hash of it."""
    records = [json.loads(path.read_text()) for path in folder.glob("tasks/*/task.json")]
    return {record["key"]: (record["name"], record["work"]) for record in records}


@pytest.mark.parametrize("way", WAYS)
def test_every_engine_gives_the_same_study_byte_for_byte(way, alone, phantom_store, tmp_path_factory, tmp_path):
    if not importlib.util.find_spec(NEEDED.get(way, "numpy")):
        pytest.skip(f"{NEEDED[way]} is not installed")
    cluster = slurm_cluster.use_if_possible(tmp_path_factory) if way == "submitit" else nullcontext(WAYS[way])
    with cluster as engine:
        study(phantom_store, tmp_path / "study", SMALL, engine, PLAIN)
    assert_same(tmp_path / "study", alone)


def test_workers_that_are_killed_while_they_train_change_nothing(alone, phantom_store, tmp_path, capsys):
    with strike(tmp_path / "study" / "tasks", signal.SIGKILL, is_training, KILLS) as killed:
        study(phantom_store, tmp_path / "study", SMALL, EngineOptions(cores=2), PLAIN)
    assert len(killed) == KILLS
    told = capsys.readouterr().err.count("its process was ended by signal 9")
    assert 1 <= told <= KILLS  # a process that had just finished is none that was ended
    assert_same(tmp_path / "study", alone)


def test_a_worker_that_hangs_is_ended_and_its_retry_changes_nothing(
    alone, phantom_store, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(timing, "TRAINING_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(timing, "FACTOR", 0.0)
    with strike(tmp_path / "study" / "tasks", signal.SIGSTOP, is_training, 1) as hanging:
        study(phantom_store, tmp_path / "study", SMALL, EngineOptions(cores=2), PLAIN)
    assert len(hanging) == 1
    told = capsys.readouterr().err
    assert f"allowed: {PATIENCE_SECONDS:g} s. It seems to hang" in told
    assert told.count("It is tried again.") == 1
    assert_same(tmp_path / "study", alone)


def test_a_worker_that_hangs_each_time_fails_in_words_and_all_else_is_kept(
    alone, phantom_store, tmp_path, monkeypatch, capsys
):
    tasks, bad, limits = tmp_path / "study" / "tasks", "split 2: small_cnn, baseline", {}

    def find_limit(self, task):
        limits[task.key] = 2.0 if task.name == bad else 600.0
        return limits[task.key]

    monkeypatch.setattr(cost.TimeLimits, "find", find_limit)
    with (
        strike(tasks, signal.SIGSTOP, lambda _, key: limits.get(key) == 2.0, 2, again=True),
        pytest.raises(UserError, match="1 task of 20 failed; the others are kept") as caught,
    ):
        study(phantom_store, tmp_path / "study", SMALL, EngineOptions(cores=2), PLAIN)
    assert f"{bad}: took longer than it may: ended after 2 s; allowed: 2 s. It seems to hang" in str(caught.value)
    assert "not run, as they need those: " in str(caught.value)
    assert "split 2: evaluation" in str(caught.value)
    assert not (tmp_path / "study" / "verdict.json").exists()
    kept = {name for name, _ in read_works(tmp_path / "study").values()}
    assert {"split 1: evaluation", "split 2: generator", "split 2: random_features, baseline"} <= kept
    monkeypatch.undo()
    study(phantom_store, tmp_path / "study", SMALL, EngineOptions(cores=2), PLAIN)
    assert_same(tmp_path / "study", alone)


def is_training(tasks, key):
    """Tells whether an attempt has begun to train."""
    return any(tasks.glob(f".{key}.partial/run/*"))


@contextmanager
def strike(tasks, number, chosen, most, again=False):
    """Sends a signal to some attempts, each of another task unless `again`; yields the keys of tasks by process.

    Args:
        tasks: Folder of results.
        number: Number of the signal.
        chosen: Tells from the folder and the key of a task whether its attempt is one of them.
        most: How many of them.
        again: Whether further attempts of the same task may follow.
    """
    struck, over = {}, threading.Event()

    def work():
        while len(struck) < most and not over.wait(LOOK_SECONDS):
            for key, pid in list_attempts(tasks):
                seen = pid in struck or (key in struck.values() and not again)
                if len(struck) < most and not seen and chosen(tasks, key):
                    struck[pid] = key
                    os.kill(pid, number)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield struck
    finally:
        over.set()
        thread.join()


def list_attempts(tasks):
    """The key of the task and the process of every attempt under way: its output is the log of its task."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            log = (process / "fd" / "1").readlink()
            if log.parent == tasks and log.suffix == ".log":
                yield log.stem, int(process.name)
