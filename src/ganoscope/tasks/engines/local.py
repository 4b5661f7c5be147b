"""This machine: as many tasks side by side as its cores, memory and GPUs allow."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ganoscope.errors import UserError, describe
from ganoscope.parallel import count_cores
from ganoscope.tasks.attempt import Ended, Job
from ganoscope.tasks.engines import EngineOptions, list_too_large
from ganoscope.tasks.launcher import Launcher
from ganoscope.tasks.process_limits import VISIBLE_GPUS
from ganoscope.tasks.task import Task

GIB = 1 << 30
SHARE = 0.9
"""Share of the free memory that tasks may use."""
GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much memory a container may have."""


def refuse_missing(options: EngineOptions) -> None:
    """Refuses Windows.

    Raises:
        UserError: This machine runs it.
    """
    if sys.platform == "win32":
        raise UserError(describe("tasks can't run here", "Windows", "Linux or macOS", "Use the Linux inside Windows."))


def make_engine(options: EngineOptions, folder: Path) -> "LocalEngine":
    """Returns the engine of this machine; arguments as in the package."""
    return LocalEngine(
        options.cores or count_cores(), options.memory_gib or SHARE * measure_free_memory() / GIB, list_gpus()
    )


class LocalEngine:
    """Runs attempts as processes of this machine.

    Attributes:
        cores: Cores to use.
        memory_gib: Memory to use, in GiB.
        gpus: Share of each GPU that is free, by its name for CUDA.
    """

    def __init__(self, cores: int, memory_gib: float, gpus: Sequence[str] = ()) -> None:
        self.cores, self.memory_gib = cores, memory_gib
        self.gpus = dict.fromkeys(gpus, 1.0)
        self._given: dict[str, tuple[str, ...]] = {}
        self._launcher = Launcher()

    def list_faults(self, tasks: Sequence[Task]) -> list[str]:
        """Returns why tasks could never run here, a message each."""
        return list_too_large(tasks, self.cores, self.memory_gib, len(self.gpus))

    def fits(self, task: Task) -> bool:
        """Tells whether a task can start now."""
        jobs = self._launcher.running.values()
        return (
            sum(job.cores for job in jobs) + task.cores <= self.cores
            and sum(job.memory_gib for job in jobs) + task.find_memory_gib() <= self.memory_gib
            and (not task.gpus or bool(self._choose_gpus(task.gpus)))
        )

    def start(self, job: Job) -> None:
        """Starts an attempt, on GPUs of its own where it needs any; others see none."""
        chosen = self._choose_gpus(job.gpus) if job.gpus else ()
        for gpu in chosen:
            self.gpus[gpu] -= min(job.gpus, 1.0)
        self._given[job.key] = chosen
        self._launcher.start(replace(job, devices=",".join(chosen)))

    def wait(self, seconds: float) -> list[Ended]:
        """Returns the attempts that have ended, after waiting for one for at most the given time."""
        jobs = dict(self._launcher.running)
        ended = self._launcher.wait(seconds)
        for one in ended:
            for gpu in self._given.pop(one.key, ()):
                self.gpus[gpu] += min(jobs[one.key].gpus, 1.0)
        return ended

    def stop(self, seconds: float) -> None:
        """Ends all attempts; those that can go on later have the given time to save."""
        self._launcher.stop(seconds)

    def close(self) -> None:
        """Ends what is still running, at once."""
        self._launcher.close()

    def _choose_gpus(self, number: float) -> tuple[str, ...]:
        """Returns GPUs with enough left; none where there are too few."""
        share, wanted = min(number, 1.0), max(1, round(number))
        free = [gpu for gpu, left in sorted(self.gpus.items(), key=lambda item: item[1]) if left >= share - 1e-9]
        return tuple(free[:wanted]) if len(free) >= wanted else ()


def measure_free_memory() -> int:
    """Returns the bytes of memory that are free here, or that a container may have in all, whichever is less."""
    limits = [int(text) for path in GROUP_LIMITS if Path(path).is_file() and (text := read(path)).isdigit()]
    if sys.platform == "linux":
        found = re.search(r"^MemAvailable:\s+(\d+) kB", read("/proc/meminfo"), re.MULTILINE)
        limits += [int(found[1]) << 10] if found else []
    return min(limits, default=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def read(path: str) -> str:
    """Returns what the system says in a file, without spaces around it."""
    return Path(path).read_text(encoding="ascii").strip()


def list_gpus() -> list[str]:
    """Returns the names for CUDA of the NVIDIA GPUs that this process may use."""
    visible = os.environ.get(VISIBLE_GPUS)
    if visible is not None:
        return [name for name in visible.split(",") if name and name != "-1"]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]
