"""One study gives the same bytes by every engine and number of workers, and when its workers are killed on the way."""

import importlib.util
import json
import os
import signal
import threading
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
from tests.fixtures import slurm_cluster

from ganoscope.studies.analysis.config import AnalysisConfig
from ganoscope.studies.config import StudyConfig
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
    with kill_some(tmp_path / "study" / "tasks") as killed:
        study(phantom_store, tmp_path / "study", SMALL, EngineOptions(cores=2), PLAIN)
    assert len(killed) == KILLS
    told = capsys.readouterr().err.count("its process was ended by signal 9")
    assert 1 <= told <= KILLS  # a process that had just finished is none that was ended
    assert_same(tmp_path / "study", alone)


@contextmanager
def kill_some(tasks):
    """Kills some attempts, each of another task, once they have begun to train; yields the keys of these tasks."""
    killed, over = set(), threading.Event()

    def work():
        while len(killed) < KILLS and not over.wait(LOOK_SECONDS):
            for key, pid in list_attempts(tasks):
                if len(killed) < KILLS and key not in killed and any(tasks.glob(f".{key}.partial/run/*")):
                    killed.add(key)
                    os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield killed
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
