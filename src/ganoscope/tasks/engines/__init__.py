"""Where tasks run: one file per engine, which provides `make_engine(options, folder)`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ganoscope.errors import UserError, describe
from ganoscope.registry import load_module
from ganoscope.tasks.attempt import Ended, Job
from ganoscope.tasks.task import Task


@dataclass(frozen=True)
class EngineOptions:
    """Which engine, and how much it may use.

    Attributes:
        engine: Name of a file of this package: `local`, `ray` or `submitit`.
        cores: Cores to use on this machine; 0: all that this process may use.
        memory_gib: Memory to use on this machine, in GiB; 0: nine tenths of what is free at the start.
        address: Ray: address of a running cluster; empty: a cluster of its own on this machine. SLURM: `local` runs
            the jobs on this machine, to try without SLURM.
        partition: SLURM: partition; empty: the default one.
        minutes: SLURM: time limit of a job; 0: that of the partition.
    """

    engine: str = "local"
    cores: int = 0
    memory_gib: float = 0.0
    address: str = ""
    partition: str = ""
    minutes: int = 0


class Engine(Protocol):
    """Runs attempts; each ends by itself, with its result in the folder of results."""

    def list_faults(self, tasks: Sequence[Task]) -> list[str]:
        """Returns why tasks could never run here, a message each."""

    def fits(self, task: Task) -> bool:
        """Tells whether a task can start now."""

    def start(self, job: Job) -> None:
        """Starts an attempt."""

    def wait(self, seconds: float) -> list[Ended]:
        """Returns the attempts that have ended, after waiting for one for at most the given time."""

    def stop(self, seconds: float) -> None:
        """Ends all attempts; those that can go on later have the given time to save."""

    def close(self) -> None:
        """Ends what is still running, at once, and gives everything back."""


def make_engine(options: EngineOptions, folder: Path) -> Engine:
    """Returns an engine, which its user closes.

    Args:
        options: Which one, and how much it may use.
        folder: Folder of results; machines of a cluster share it.

    Raises:
        UserError: There is no such engine, or what it needs is not installed.
    """
    module = load_module(sys.modules[__name__], options.engine, ["make_engine"])
    engine: Engine = module.make_engine(options, folder)
    return engine


def import_extra(name: str) -> Any:
    """Returns a library that an engine needs.

    Args:
        name: Name of the library, and of the engine.

    Raises:
        UserError: It is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        fault, remedy = f"engine {name} needs a library that can't be imported", "Or use the engine local."
        raise UserError(describe(fault, error, "pip install 'ganoscope[cluster]'", remedy)) from None


def list_too_large(tasks: Sequence[Task], cores: float, memory_gib: float, gpus: float) -> list[str]:
    """Returns why tasks could never run, a message each.

    Args:
        tasks: The tasks.
        cores: Cores of a machine that tasks may use.
        memory_gib: Its memory, in GiB.
        gpus: Its GPUs.
    """
    faults = []
    remedy = "Let it have less, or use a larger machine or another engine."
    for task in tasks:
        for name, needed, there, unit in (
            ("cores", task.cores, cores, "cores"),
            ("memory", task.memory_gib, round(memory_gib, 2), "GiB"),
            ("GPUs", task.gpus, gpus, "GPUs"),
        ):
            if needed > there:
                fault = f"{task.name} needs more {name} than there are for tasks"
                faults.append(describe(fault, f"{needed:g} {unit}", f"up to {there:g} {unit}", remedy))
    return faults
