"""Where tasks run: one file per engine, which provides `make_engine(options)`."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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
        address: Ray: address of a running cluster; empty: a cluster of its own on this machine.
        partition: SLURM: partition; empty: the default one.
    """

    engine: str = "local"
    cores: int = 0
    memory_gib: float = 0.0
    address: str = ""
    partition: str = ""


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


def make_engine(options: EngineOptions) -> Engine:
    """Returns an engine, which its user closes.

    Raises:
        UserError: There is no such engine, or what it needs is not installed.
    """
    engine: Engine = load_module(sys.modules[__name__], options.engine, ["make_engine"]).make_engine(options)
    return engine
