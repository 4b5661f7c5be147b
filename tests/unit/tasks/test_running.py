"""Calls that are interrupted, repeated, or meet a folder that someone has changed."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import slurm_cluster
from tests.fixtures.task_functions import draw
from tests.fixtures.task_graphs import make, make_sum, read_results

from ganoscope.errors import UserError
from ganoscope.files import partial_name
from ganoscope.tasks import running
from ganoscope.tasks.attempt import Ended
from ganoscope.tasks.engines import EngineOptions
from ganoscope.tasks.kept_results import write_record
from ganoscope.tasks.running import run_tasks

ROOT = Path(__file__).parents[3]
TWO = EngineOptions(cores=2, memory_gib=8)
CALL = """
import sys
from pathlib import Path
from ganoscope.errors import StoppedError
from ganoscope.tasks.engines import EngineOptions
from ganoscope.tasks.running import run_tasks
from tests.unit.tasks.test_running import make_long
folder, places = map(Path, sys.argv[1:3])
try:
    run_tasks(make_long(places), folder, EngineOptions(sys.argv[3], cores=2, memory_gib=8, address=sys.argv[4]))
except StoppedError as stop:
    print(stop)
    sys.exit(128 + stop.number)
"""


STOPPED = [
    ("local", signal.SIGINT),
    pytest.param("local", signal.SIGTERM, marks=pytest.mark.slow),
    pytest.param("local", signal.SIGHUP, marks=pytest.mark.slow),
    pytest.param("ray", signal.SIGINT, marks=pytest.mark.slow),
    pytest.param("submitit", signal.SIGINT, marks=pytest.mark.slow),
]


def make_long(places):
    """Returns tasks that take until a file is there, or go on from what they saved."""
    waiting = {"path": str(places / "go"), "started": str(places / "started")}
    return [
        make_sum(range(3)),
        make("wait_for", seed=1, places=waiting),
        make("count_in_steps", steps=100, resumes=True, places={"counter": str(places / "steps")}),
    ]


def start_call(folder, places, options=TWO):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    process = subprocess.Popen(
        [sys.executable, "-c", CALL, str(folder), str(places), options.engine, options.address],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + 60
    while not ((places / "started").exists() and (places / "steps").exists()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
    return process


@pytest.mark.parametrize(("engine", "number"), STOPPED)
def test_a_stopped_call_says_so_and_the_next_goes_on(tmp_path, tmp_path_factory, engine, number):
    if engine != "local":
        pytest.importorskip(engine)
    folder, places = tmp_path / "results", tmp_path / "places"
    places.mkdir()
    used = slurm_cluster.use_if_possible(tmp_path_factory) if engine == "submitit" else nullcontext(None)
    with used as options:
        process = start_call(folder, places, options or EngineOptions(engine))
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number, err
    words = r"stopped: \d tasks are not done; what is finished is kept, and the same call goes on from there"
    assert re.search(words, out.decode())
    assert not (folder / make("wait_for", seed=1).key).exists()
    (places / "go").touch()
    done = len((places / "steps").read_text())
    assert done < 100
    run_tasks(make_long(places), folder, TWO)
    assert len((places / "steps").read_text()) == 100, "it saved when it was told to, and went on from there"


def test_a_killed_call_leaves_no_process_and_the_next_goes_on(tmp_path):
    folder, places = tmp_path / "results", tmp_path / "places"
    places.mkdir()
    process = start_call(folder, places)
    workers = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True).stdout
    template = next(int(line.split()[0]) for line in workers.splitlines()[1:] if int(line.split()[1]) == process.pid)
    children = [int(line.split()[0]) for line in workers.splitlines()[1:] if int(line.split()[1]) == template]
    assert children
    process.kill()
    process.communicate()
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in (template, *children)):
        assert time.monotonic() < end
        time.sleep(0.05)
    (places / "go").touch()
    assert set(run_tasks(make_long(places), folder, TWO)) == {task.key for task in make_long(places)}


def test_two_calls_into_one_folder_are_refused(tmp_path):
    folder, places = tmp_path / "results", tmp_path / "places"
    places.mkdir()
    process = start_call(folder, places)
    with pytest.raises(UserError, match=f"is being written by another process: got process {process.pid}"):
        run_tasks([make("draw", seed=1)], folder, TWO)
    process.kill()
    process.communicate()


def change(path):
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


TAMPERED = {
    "numbers.npy has other bytes": lambda result: change(result / "numbers.npy"),
    "numbers.npy has other bytes ": lambda result: cut(result / "numbers.npy"),
    "numbers.npy is missing": lambda result: (result / "numbers.npy").unlink(),
    "extra is not in the record": lambda result: (result / "extra").touch(),
    "task.json was changed": lambda result: edit(result / "task.json", lambda record: record["work"].update(cores=9)),
    "task.json was changed ": lambda result: edit(result / "task.json", lambda record: record.update(content="0")),
    "task.json does not exist": lambda result: (result / "task.json").unlink(),
    "is damaged": lambda result: (result / "task.json").write_text("{"),
}


def edit(path, function):
    record = json.loads(path.read_text())
    function(record)
    path.write_text(json.dumps(record))


@pytest.mark.parametrize("words", TAMPERED)
def test_a_tampered_result_is_told_and_made_again(tmp_path, words, capsys):
    wanted = make_sum(range(2))
    run_tasks([wanted], tmp_path / "r", TWO)
    results = read_results(tmp_path / "r")
    capsys.readouterr()
    TAMPERED[words](tmp_path / "r" / make("draw", seed=1).key)
    run_tasks([wanted], tmp_path / "r", TWO)
    said = capsys.readouterr().err
    assert f"draw 1: the result in {tmp_path / 'r'}" in said
    assert f"{words.strip()}" in said
    assert said.count("It is made again.") == 1, "the sum was made from the same bytes and still counts"
    assert read_results(tmp_path / "r") == results


def test_what_was_made_from_a_result_that_was_replaced_is_made_again(tmp_path, capsys):
    """Someone puts another result in place of one, record and all: only what reads it can tell."""
    wanted = make_sum(range(2))
    run_tasks([wanted], tmp_path / "r", TWO)
    result = tmp_path / "r" / make("draw", seed=1).key
    before = np.load(tmp_path / "r" / wanted.key / "numbers.npy")
    numbers = np.load(result / "numbers.npy") + 1
    np.save(result / "numbers.npy", numbers)
    record = json.loads((result / "task.json").read_text())
    write_record(result, record["work"], record["name"], record["read"], 0.0, 0.0)
    capsys.readouterr()
    run_tasks([wanted], tmp_path / "r", TWO)
    assert "sum: the result in " in (said := capsys.readouterr().err)
    assert "it was made from other results than those of now" in said
    np.testing.assert_allclose(np.load(tmp_path / "r" / wanted.key / "numbers.npy"), before + 1)


def test_a_moved_folder_still_counts(tmp_path, capsys):
    run_tasks([make_sum(range(2))], tmp_path / "r", TWO)
    shutil.copytree(tmp_path / "r", tmp_path / "copy", copy_function=shutil.copyfile)
    capsys.readouterr()
    run_tasks([make_sum(range(2))], tmp_path / "copy", TWO)
    assert "made again" not in capsys.readouterr().err
    assert read_results(tmp_path / "copy") == read_results(tmp_path / "r")


@pytest.mark.parametrize(("hours", "seconds"), [(0.0, 0.3), (1.5 / 3600, 1.5)])
def test_a_limit_of_the_call_ends_what_hangs_and_is_no_part_of_the_work(tmp_path, capsys, hours, seconds):
    counter = {"counter": str(tmp_path / "attempts")}
    hanging, other = make("hang", "hangs", places=counter), make("draw", seed=1)
    options = EngineOptions(cores=2, memory_gib=8, task_hours=hours)
    limits = {hanging.key: 0.3, other.key: 60.0}
    with pytest.raises(UserError, match=r"1 task of 2 failed; the others are kept.\nhangs: took longer than it may"):
        run_tasks([hanging, other], tmp_path / "r", options, find_limit=lambda task: limits[task.key])
    assert f"allowed: {seconds} s. It seems to hang" in (said := capsys.readouterr().err)
    assert said.count("It is tried again.") == 1
    assert (tmp_path / "attempts").read_text() == "xx"
    assert hanging.key == make("hang", "hangs", places=counter, timeout_seconds=9.0).key
    assert run_tasks([other], tmp_path / "r", TWO), "it is kept"


def test_equal_work_is_done_once(tmp_path):
    counter = {"counter": str(tmp_path / "attempts")}
    twins = [make("lie", name, seed=1, times=0, places=counter) for name in ("first", "second")]
    assert len(run_tasks(twins, tmp_path / "r", TWO)) == 1
    assert (tmp_path / "attempts").read_text() == "x"


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").touch()
    with pytest.raises(UserError, match="holds something else than results of tasks"):
        run_tasks([make("draw", seed=1)], tmp_path / "letters", TWO)


def test_tasks_that_never_fit_are_refused_together_before_anything_runs(tmp_path):
    tasks = [make("draw", "wide", seed=1, cores=3), make("draw", "heavy", seed=2, memory_gib=9), make("draw", seed=3)]
    with pytest.raises(UserError) as caught:
        run_tasks(tasks, tmp_path / "r", TWO)
    assert "wide needs more cores than there are for tasks: got 3 cores; allowed: up to 2 cores" in str(caught.value)
    assert "heavy needs more memory than there are for tasks: got 9 GiB" in str(caught.value)
    assert not (tmp_path / "r" / tasks[2].key).exists()


def test_a_template_that_is_killed_costs_one_attempt(tmp_path, monkeypatch, capsys):
    from ganoscope.tasks import launcher

    started = []
    monkeypatch.setattr(launcher, "start_template", keep(launcher.start_template, started))
    wait = launcher.Launcher.wait

    def kill_once(self, seconds):
        if len(started) == 1 and started[0].poll() is None:
            started[0].kill()
        return wait(self, seconds)

    monkeypatch.setattr(launcher.Launcher, "wait", kill_once)
    run_tasks([make("draw", seed=1), make("draw", seed=2)], tmp_path / "r", TWO)
    assert len(started) == 2
    assert "its process was ended by the end of its parent process" in capsys.readouterr().err


def keep(function, results):
    def call():
        results.append(function())
        return results[-1]

    return call


class Clockwork:
    """An engine with two cores in which each round ends the attempt that began first, drawn in this process."""

    def __init__(self, folder):
        self.folder, self.running, self.order = folder, [], []

    def list_faults(self, tasks):
        return []

    def fits(self, task):
        return sum(job.cores for job in self.running) + task.cores <= 2

    def start(self, job):
        self.running.append(job)
        self.order.append(job.name)

    def wait(self, seconds):
        job = self.running.pop(0)
        output = partial_name(job.result)
        output.mkdir()
        draw(output, {}, **job.work["arguments"])
        write_record(output, job.work, job.name, job.read, 0.0, 0.0)
        return [Ended(job.key, "done")]

    def close(self):
        pass


def test_wide_tasks_are_passed_only_so_often(tmp_path, monkeypatch):
    engine = Clockwork(tmp_path)
    monkeypatch.setattr(running, "make_engine", lambda options, folder: engine)
    narrow = [make("draw", f"narrow {seed}", seed=seed) for seed in range(60)]
    run_tasks([narrow[0], make("draw", "wide", seed=99, cores=2), *narrow[1:]], tmp_path / "r")
    assert 2 < engine.order.index("wide") <= running.MOST_PASSED + 3
    assert [name for name in engine.order if name != "wide"] == [task.name for task in narrow]


@pytest.mark.slow
def test_a_thousand_finished_tasks_are_verified_in_five_seconds(tmp_path, monkeypatch):
    wanted = [make("draw", f"draw {seed}", seed=seed) for seed in range(1000)]
    monkeypatch.setattr(running, "make_engine", lambda options, folder: Clockwork(folder))
    run_tasks(wanted, tmp_path / "r")
    monkeypatch.setattr(running, "make_engine", lambda *_: pytest.fail("all is there"))
    start = time.process_time()  # of this process, which does it all: another's work takes none of it
    run_tasks(wanted, tmp_path / "r", TWO)
    assert time.process_time() - start < 5
