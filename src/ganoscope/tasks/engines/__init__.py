"""Where tasks run: one file per engine, which provides `refuse_missing(options)` and `make_engine(options, folder)`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ganoscope.errors import Range, UserError, describe, list_range_faults, refuse
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
        task_hours: Hours after which an attempt at a task counts as hanging and is ended, by every engine; 0: many
            times what the task should take.
    """

    engine: str = "local"
    cores: int = 0
    memory_gib: float = 0.0
    address: str = ""
    partition: str = ""
    minutes: int = 0
    task_hours: float = 0.0

    def __post_init__(self) -> None:
        """Checks every number.

        Raises:
            UserError: Some are below 0.
        """
        refuse(list_range_faults(self, dict.fromkeys(("cores", "memory_gib", "minutes", "task_hours"), Range(0))))


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
    refuse_missing(options)
    engine: Engine = load_engine(options).make_engine(options, folder)
    return engine


def refuse_missing(options: EngineOptions) -> None:
    """Refuses an engine that can't be used from here; starts and writes nothing.

    Args:
        options: Which one.

    Raises:
        UserError: There is no such engine, or what it needs is not installed.
    """
    load_engine(options).refuse_missing(options)


def load_engine(options: EngineOptions) -> Any:
    """Returns the module of an engine.

    Raises:
        UserError: There is none.
    """
    return load_module(sys.modules[__name__], options.engine, ["make_engine", "refuse_missing"])


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
    """Returns why tasks could never run: for each resource a message, which names the largest of them.

    Args:
        tasks: The tasks.
        cores: Cores of a machine that tasks may use.
        memory_gib: Its memory, in GiB.
        gpus: Its GPUs.
    """
    faults = []
    remedy = "Let it have less, or use a larger machine or another engine."
    needs = [(task, {"cores": task.cores, "memory": task.find_memory_gib(), "GPUs": task.gpus}) for task in tasks]
    for name, there, unit in (
        ("cores", cores, "cores"),
        ("memory", round(memory_gib, 2), "GiB"),
        ("GPUs", gpus, "GPUs"),
    ):
        above = [(needed[name], task.name) for task, needed in needs if needed[name] > there]
        if above:
            needed, largest = max(above, key=lambda one: one[0])
            others = f" ({len(above):,} such tasks)" if len(above) > 1 else ""
            fault = f"{largest} needs more {name} than there are for tasks{others}"
            faults.append(describe(fault, f"{needed:g} {unit}", f"up to {there:g} {unit}", remedy))
    return faults
