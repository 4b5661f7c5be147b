"""What SLURM needs and what it is told; the faults of workers are tried in test_init.py."""

import os
import subprocess
import sys

import pytest
from tests.fixtures import slurm_cluster
from tests.fixtures.task_graphs import make

from ganoscope.errors import UserError
from ganoscope.tasks.engines import EngineOptions, refuse_missing
from ganoscope.tasks.engines.submitit import NODE
from ganoscope.tasks.running import run_tasks


def test_a_missing_library_is_told_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(
        UserError, match=r"engine submitit needs a library .* allowed: pip install 'ganoscope\[cluster\]'"
    ):
        run_tasks([make("draw", seed=1)], tmp_path / "r", EngineOptions("submitit"))


def test_a_machine_without_slurm_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="SLURM is not on this machine: got no command sbatch, srun, sinfo"):
        run_tasks([make("draw", seed=1)], tmp_path / "r", EngineOptions("submitit"))


def test_a_missing_library_and_missing_commands_are_told_together(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "submitit", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"(?s)pip install 'ganoscope\[cluster\]'.*apt install slurm-client"):
        refuse_missing(EngineOptions("submitit"))


@pytest.mark.slow
def test_a_cancelled_job_is_tried_again_and_one_that_never_fits_is_refused(tmp_path, tmp_path_factory, monkeypatch):
    pytest.importorskip("submitit")
    if not slurm_cluster.can_start():
        pytest.skip("no SLURM cluster can be started here")
    from ganoscope.tasks.engines import submitit

    honest, cancelled = submitit.SubmititEngine.wait, []

    def cancel_once(self, seconds):
        running = [handle for handle, job in self.running.values() if job.name == "cancelled"]
        if running and not cancelled and (tmp_path / "attempts").exists():
            cancelled.append(running[0].job_id)
            subprocess.run(["scancel", "--signal=KILL", "--full", running[0].job_id], check=True)
            (tmp_path / "go").touch()
        return honest(self, seconds)

    monkeypatch.setattr(submitit.SubmititEngine, "wait", cancel_once)
    monkeypatch.setattr(submitit, "QUEUE_SECONDS", 1.0)
    waiting = {"path": str(tmp_path / "go"), "started": str(tmp_path / "attempts")}
    task = make("wait_for", "cancelled", seed=1, places=waiting)
    with slurm_cluster.use_if_possible(tmp_path_factory) as options:
        run_tasks([task], tmp_path / "r", options)
        with pytest.raises(UserError, match="wide needs more cores than there are for tasks: got 99 cores"):
            run_tasks([make("draw", "wide", seed=1, cores=99)], tmp_path / "r", options)
    assert (tmp_path / "attempts").read_text() == "xx"
    assert (tmp_path / "r" / task.key / "numbers.npy").exists()
    assert [name for name in os.listdir(tmp_path / "r") if name.startswith(".")] == []  # noqa: PTH208
    with pytest.raises(UserError, match="SLURM does not answer"):
        run_tasks([task], tmp_path / "r", options)


@pytest.mark.parametrize(
    ("line", "sizes"),
    [
        ("2 8000 (null)", ("2", "8000", None)),
        ("64+ 512000+ gpu:a100:8(S:0-1)", ("64", "512000", "8")),
        ("64 512000 gpu:4", ("64", "512000", "4")),
        ("64 512000 tmp:1,gpu:h200:2,nic:1", ("64", "512000", "2")),
    ],
)
def test_sizes_of_machines_are_read(line, sizes):
    assert NODE.match(line).groups() == sizes
