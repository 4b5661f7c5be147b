"""One attempt at a task, in a process of its own: limits, the function's call, and the record of what it wrote."""

import importlib
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ganoscope.errors import StoppedError, UserError
from ganoscope.files import partial_name, remove
from ganoscope.tasks.kept_results import UnlikeRecordError, write_record
from ganoscope.tasks.process_limits import limit_process

State = Literal["done", "refused", "failed", "memory", "stopped", "died", "late"]
"""How an attempt ended: with a result, a `UserError`, an exception, out of memory, by a signal that was heeded, by one
that was not, or after its time."""
LONGEST_MESSAGE = 4000
"""Letters of a message: with them, a report still fits into a pipe."""
MIB = 1 << 20


@dataclass(frozen=True)
class Job:
    """What the process of an attempt is told.

    Attributes:
        key: Key of the task.
        name: Its name for people.
        function: Module and function.
        work: What the key is the hash of.
        places: Paths handed over like arguments.
        read: Contents of the results that it reads, by name.
        folder: Folder of all results.
        cores: Threads.
        memory_gib: Most memory beyond the libraries, in GiB.
        gpus: Number of GPUs.
        timeout_seconds: Time after which the attempt is ended.
        resumes: Whether the function goes on from what is there.
        attempt: 1 for the first attempt of a call.
        devices: Value of CUDA_VISIBLE_DEVICES; None leaves it as it is.
        path: Folders in which Python looks for modules.
    """

    key: str
    name: str
    function: str
    work: dict[str, Any]
    places: dict[str, str]
    read: dict[str, str]
    folder: str
    cores: int
    memory_gib: float
    gpus: float
    timeout_seconds: float | None
    resumes: bool
    attempt: int
    devices: str | None
    path: list[str]

    @property
    def result(self) -> Path:
        """Folder of the result."""
        return Path(self.folder) / self.key

    @property
    def log(self) -> Path:
        """File that takes what the function prints."""
        return Path(self.folder) / f"{self.key}.log"

    @property
    def module(self) -> str:
        """Module of the function."""
        return self.function.split(":")[0]


@dataclass(frozen=True)
class Ended:
    """How an attempt ended.

    Attributes:
        key: Key of the task.
        state: How.
        message: What was wrong, for people.
        seconds: Time that it took.
        peak_mib: Most memory of its process; 0 where unknown.
    """

    key: str
    state: State
    message: str = ""
    seconds: float = 0.0
    peak_mib: float = 0.0


def import_function(job: Job) -> Callable[..., object]:
    """Returns the function of a job."""
    for folder in job.path:
        if folder not in sys.path:
            sys.path.append(folder)
    found: Callable[..., object] = getattr(importlib.import_module(job.module), job.function.split(":")[1])
    return found


def execute(job: Job) -> Ended:
    """Makes the result under its temporary name, in this process, which is limited to what the task declares."""
    start = time.monotonic()
    state, message = try_to_make(job, start)
    return Ended(job.key, state, message[:LONGEST_MESSAGE], time.monotonic() - start, measure_peak_mib())


def try_to_make(job: Job, start: float) -> tuple[State, str]:
    """Makes the result, and returns how that ended, with a message for people.

    Args:
        job: What to do.
        start: Time at which the attempt began, by the monotonic clock.
    """
    try:
        make_result(job, start)
    except StoppedError as stop:
        return "stopped", str(stop)
    except (UserError, UnlikeRecordError) as error:
        return "refused", str(error)
    except KeyboardInterrupt:
        return "stopped", ""
    except BaseException as error:
        traceback.print_exc()
        if is_out_of_memory(error):
            return "memory", ""
        return "failed", f"{type(error).__name__}: {error}"
    return "done", ""


def make_result(job: Job, start: float) -> None:
    """Calls the function of a job in its folder, and writes the record.

    Args:
        job: What to do.
        start: Time at which the attempt began, by the monotonic clock.
    """
    function = import_function(job)
    limit_process(job.cores, job.memory_gib if job.gpus == 0 else None, job.devices)
    output = partial_name(job.result)
    prepare_output(output, job.resumes)
    inputs = {name: Path(job.folder) / key for name, key in job.work["needs"].items()}
    function(output, inputs, **job.work["arguments"], **job.places)
    write_record(output, job.work, job.name, job.read, time.monotonic() - start, measure_peak_mib())


def prepare_output(output: Path, resumes: bool) -> None:
    """Makes the folder that a task writes to; what is there stays only for a function that goes on from it.

    Args:
        output: Temporary name of the result.
        resumes: Whether the function goes on.
    """
    if not resumes or not output.is_dir() or output.is_symlink():
        if output.exists() or output.is_symlink():
            remove(output)
        output.mkdir(parents=True)


def is_out_of_memory(error: BaseException) -> bool:
    """Tells whether an error means that memory ran out: torch reports that in words only."""
    words = ("can't allocate memory", "out of memory", "Cannot allocate memory", "bad_alloc")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)


def measure_peak_mib() -> float:
    """Returns the most memory that this process has had, in MiB."""
    import resource

    return convert_peak(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def convert_peak(peak: int) -> float:
    """Returns a peak of memory in MiB, given as the system counts it."""
    return peak / MIB if sys.platform == "darwin" else peak / 1024
