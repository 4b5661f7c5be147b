"""SLURM: each attempt is a job with the cores, memory and GPUs of its task, handed over by submitit."""

import getpass
import math
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from ganoscope.errors import UserError, describe, refuse
from ganoscope.files import remove
from ganoscope.signals import Stopped, raise_on_signals
from ganoscope.tasks.attempt import Ended, Job
from ganoscope.tasks.engines import EngineOptions, import_extra, list_too_large
from ganoscope.tasks.launcher import run_one
from ganoscope.tasks.task import Task

LOCAL = "local"
COMMANDS = ("sbatch", "srun", "sinfo", "squeue", "scancel")
"""Commands of SLURM that jobs are handed over, followed and ended by."""
PREFIX = ".jobs-"
"""Beginning of the name of the folder, inside that of results, through which jobs are handed over."""
MOST_JOBS = 200
"""Most jobs in the queue at a time."""
LIBRARIES_GIB = 1.0
"""Memory of a job beside that of its task: Python, its libraries, and SLURM's own process."""
LOOK_SECONDS = 0.2
"""Time between two looks for results."""
QUEUE_SECONDS = 5.0
"""Time between two looks at SLURM's queue."""
NODE = re.compile(r"(\d+)\+? +(\d+)\+? +(?:.*gpu:(?:[^:,(]+:)?(\d+))?")
"""Cores, memory in MiB and GPUs of a machine, as `sinfo` prints them."""
LOST_LOOKS = 2
"""Looks at the queue, one after another, at which a job without a result is not there: then it is lost."""


def refuse_missing(options: EngineOptions) -> None:
    """Refuses what can't be used from here.

    Raises:
        UserError: submitit or SLURM is not there; both are told.
    """
    faults = []
    try:
        import_extra("submitit")
    except UserError as error:
        faults.append(str(error))
    missing = [command for command in COMMANDS if not shutil.which(command)]
    if missing and options.address != LOCAL:
        remedy = "Install it (on Debian and Ubuntu `apt install slurm-client`), call it there, or use another engine."
        given = f"no command {', '.join(missing)}"
        faults.append(describe("SLURM is not on this machine", given, "a machine of the cluster", remedy))
    refuse(faults)


def make_engine(options: EngineOptions, folder: Path) -> "SubmititEngine":
    """Returns the engine; arguments as in the package."""
    submitit = import_extra("submitit")
    local = options.address == LOCAL
    for left in folder.glob(f"{PREFIX}*"):
        remove(left)
    files = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
    executor = submitit.LocalExecutor(files) if local else submitit.SlurmExecutor(files)
    return SubmititEngine(submitit, executor, options, files)


class SubmititEngine:
    """Runs attempts as jobs of SLURM.

    Attributes:
        running: Jobs under way, as submitit and as we know them.
    """

    def __init__(self, submitit: Any, executor: Any, options: EngineOptions, files: Path) -> None:
        self.running: dict[str, tuple[Any, Job]] = {}
        self._submitit, self._executor, self._options, self._files = submitit, executor, options, files
        self._local = options.address == LOCAL
        self._refused: list[Ended] = []
        self._unseen: dict[str, int] = {}
        self._next_look = time.monotonic() + QUEUE_SECONDS

    def list_faults(self, tasks: Sequence[Task]) -> list[str]:
        """Returns why tasks could never run here, a message each: SLURM would let them wait for ever.

        Raises:
            UserError: SLURM does not answer.
        """
        if self._local:
            return []
        command = ["sinfo", "--noheader", "--exact", "--format=%c %m %G"]
        command += [f"--partition={self._options.partition}"] if self._options.partition else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        nodes = [NODE.match(line) for line in done.stdout.splitlines()]
        if done.returncode or not any(nodes):
            said = done.stderr.strip() or "no machines"
            raise UserError(describe("SLURM does not answer", said, "a partition with machines", "See `sinfo`."))
        sizes = [[float(size or 0) for size in node.groups()] for node in nodes if node]
        cores, memory_mib, gpus = (max(size) for size in zip(*sizes, strict=True))
        return list_too_large(tasks, cores, memory_mib / 1024 - LIBRARIES_GIB, gpus)

    def fits(self, task: Task) -> bool:
        """Tells whether a task can be handed over now; SLURM starts it when there is room."""
        if self._local:
            return sum(job.cores for _, job in self.running.values()) + task.cores <= max(
                self._options.cores, task.cores
            )
        return len(self.running) < MOST_JOBS

    def start(self, job: Job) -> None:
        """Hands an attempt over."""
        self._executor.update_parameters(**(self._describe_local() if self._local else self._describe(job)))
        try:
            self.running[job.key] = self._executor.submit(run_as_job, job), job
        except (self._submitit.core.utils.FailedJobError, self._submitit.core.utils.FailedSubmissionError) as error:
            self._refused.append(Ended(job.key, "refused", f"SLURM refuses the job: {error}"))

    def _describe(self, job: Job) -> dict[str, Any]:
        """Returns what a job needs, as submitit calls it; the step inside a job must be told its cores again."""
        return {
            "job_name": f"ganoscope-{job.key[:8]}",
            "cpus_per_task": job.cores,
            "srun_args": [f"--cpus-per-task={job.cores}"],
            "mem": f"{math.ceil((job.memory_gib + LIBRARIES_GIB) * 1024)}M",
            "gpus_per_node": math.ceil(job.gpus) or None,
            "partition": self._options.partition or None,
            "time": self._options.minutes or None,
            "stderr_to_stdout": True,
        }

    def _describe_local(self) -> dict[str, Any]:
        return {"timeout_min": self._options.minutes or 60 * 24 * 365}

    def wait(self, seconds: float) -> list[Ended]:
        """Returns the attempts that have ended, after waiting for one for at most the given time."""
        end = time.monotonic() + seconds
        while True:
            ended, self._refused = self._refused, []
            ended += [self._read(key) for key in list(self.running) if self._has_result(key)]
            ended += [Ended(key, "died", "SLURM, without a result") for key in self._list_lost()]
            for one in ended:
                self.running.pop(one.key, None)
                self._unseen.pop(one.key, None)
            if ended or time.monotonic() >= end:
                return ended
            time.sleep(LOOK_SECONDS)

    def _has_result(self, key: str) -> bool:
        return bool(self.running[key][0].paths.result_pickle.exists())

    def _read(self, key: str) -> Ended:
        try:
            return Ended(**self.running[key][0].result())
        except self._submitit.core.utils.UncompletedJobError as error:
            return Ended(key, "died", f"SLURM: {str(error).strip().splitlines()[-1]}")

    def _list_lost(self) -> list[str]:
        """Returns the keys of jobs that are over and have left no result."""
        if time.monotonic() < self._next_look:
            return []
        self._next_look = time.monotonic() + QUEUE_SECONDS
        known = self._list_known()
        if known is None:
            return []
        for key, (handle, _) in self.running.items():
            self._unseen[key] = 0 if handle.job_id in known else self._unseen.get(key, 0) + 1
        return [key for key, looks in self._unseen.items() if looks >= LOST_LOOKS and not self._has_result(key)]

    def _list_known(self) -> set[str] | None:
        """Returns the ids of the jobs that are waiting or running; None where SLURM does not answer."""
        if self._local:
            return {handle.job_id for handle, _ in self.running.values() if handle.state == "RUNNING"}
        command = ["squeue", "--noheader", "--format=%i", f"--user={getpass.getuser()}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return None if done.returncode else set(done.stdout.split())

    def stop(self, seconds: float) -> None:
        """Ends all attempts; those that can go on later have the given time to save."""
        for handle, _ in self.running.values():
            handle.cancel(check=False)
        end = time.monotonic() + seconds
        while self.running and time.monotonic() < end:
            known = self._list_known()
            for key in list(self.running):
                if self._has_result(key) or (known is not None and self.running[key][0].job_id not in known):
                    del self.running[key]
            time.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """Ends what is still running, and removes what jobs were handed over through."""
        for handle, _ in self.running.values():
            handle.cancel(check=False)
        self.running.clear()
        remove(self._files)


def run_as_job(job: Job) -> dict[str, object]:
    """Makes one attempt inside a job, and returns how it ended, as plain values.

    SLURM sends USR2 before a job's time is over and TERM when it is cancelled: then a task that can go on saves.

    Args:
        job: What to do.
    """
    raise_on_signals()
    signal.signal(signal.SIGUSR2, end_with_time)
    try:
        return run_one(job if job.gpus else replace(job, devices=""))
    except KeyboardInterrupt:
        return {"key": job.key, "state": "stopped", "message": "SLURM, as at the end of a job's time"}


def end_with_time(number: int, _: FrameType | None) -> None:
    """Ends an attempt whose job's time is nearly over.

    Args:
        number: Number of the signal that says so.
        _: Where the process is.

    Raises:
        Stopped: Always.
    """
    raise Stopped(number)
