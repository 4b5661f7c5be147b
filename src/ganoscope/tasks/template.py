"""The process that all attempts on one machine are copies of: it imports what they need once and stays idle.

It reads commands as lines of JSON on standard input and writes how attempts ended on standard output. When its input
ends, however its owner ended, it kills every attempt with all that it started, and ends. On systems whose processes
can't be copied, and for GPUs, whose drivers can't, each attempt is a fresh process instead.
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from typing import Any

from ganoscope.parallel.one_process import CAN_COPY
from ganoscope.parallel.worker import end_with_parent
from ganoscope.signals import ENDING, raise_on_signals
from ganoscope.tasks.attempt import Ended, Job, convert_peak, execute, import_function
from ganoscope.tasks.kept_results import list_task_versions

MODULE = "ganoscope.tasks.template"
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
BLOCK_BYTES = 1 << 16
IMPORTED_LATE = ("torch._dynamo", "torch.profiler")
"""What torch imports when an optimiser is first made: a second that each attempt would spend again."""


@dataclass
class Child:
    """A running attempt.

    Attributes:
        job: What it does.
        pipe: Where its report is read.
        started: When it began, by the monotonic clock.
        late: Whether it was killed for taking too long.
    """

    job: Job
    pipe: int
    started: float = field(default_factory=time.monotonic)
    late: bool = False

    @property
    def deadline(self) -> float:
        """When it is killed, by the monotonic clock."""
        return self.started + (self.job.timeout_seconds or float("inf"))


class Template:
    """Starts attempts and says how they ended.

    Attributes:
        commands: Where commands are read.
        events: Where ends are written.
        children: Running attempts by process.
    """

    def __init__(self, commands: int, events: int) -> None:
        self.commands, self.events = commands, events
        self.children: dict[int, Child] = {}
        self._woken, waker = os.pipe()
        self._private = [commands, events, self._woken, waker]
        os.set_blocking(self._woken, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def serve(self) -> None:
        """Follows commands until there are no more."""
        unread = b""
        try:
            while True:
                readable, _, _ = select.select([self.commands, self._woken], [], [], self.measure_patience())
                if self._woken in readable:
                    with suppress(BlockingIOError):
                        os.read(self._woken, BLOCK_BYTES)
                if self.commands in readable:
                    block = os.read(self.commands, BLOCK_BYTES)
                    if not block:
                        return
                    *lines, unread = (unread + block).split(b"\n")
                    for line in lines:
                        self.follow(json.loads(line))
                self.end_late()
                self.collect()
        finally:
            for pid in self.children:
                send(pid, signal.SIGKILL)

    def measure_patience(self) -> float | None:
        """Returns the seconds until the next attempt is late; None for never."""
        next_deadline = min((child.deadline for child in self.children.values()), default=float("inf"))
        return None if next_deadline == float("inf") else max(next_deadline - time.monotonic(), 0)

    def follow(self, command: dict[str, Any]) -> None:
        """Follows one command: a job to start, or the word that all shall end."""
        if "job" in command:
            self.start(Job(**command["job"]))
            return
        for pid, child in self.children.items():
            send(pid, signal.SIGTERM if child.job.resumes else signal.SIGKILL)

    def start(self, job: Job) -> None:
        """Starts an attempt."""
        flags = LOG_FLAGS | (os.O_TRUNC if job.attempt == 1 else 0)
        log = os.open(job.log, flags, 0o666)
        reading, writing = os.pipe()
        copied = CAN_COPY and job.gpus == 0
        pid = self.copy(job, writing, log) if copied else start_fresh(job, writing, log)
        os.close(writing)
        os.close(log)
        os.set_blocking(reading, False)
        self.children[pid] = Child(job, reading)

    def copy(self, job: Job, report: int, log: int) -> int:
        """Returns the id of a copy of this process that makes an attempt.

        Args:
            job: What it does.
            report: Where it writes how that ended.
            log: Where it writes what the function prints.
        """
        list_task_versions()  # read once for all records
        with suppress(Exception):  # the attempt meets the same error, and reports it
            import_function(job)
            for name in IMPORTED_LATE if "torch" in sys.modules else ():
                import_module(name)
        gc.collect()
        gc.freeze()
        owner, pid = os.getpid(), os.fork()
        if pid:
            return pid
        try:
            os.setsid()
            end_with_parent()
            if os.getppid() != owner:  # it ended before we asked to end with it
                os._exit(1)
            signal.set_wakeup_fd(-1)
            for descriptor in (*self._private, *(child.pipe for child in self.children.values())):
                os.close(descriptor)
            os.dup2(log, 1)
            os.dup2(log, 2)
            attempt(job, report)
        finally:
            os._exit(1)

    def end_late(self) -> None:
        """Kills attempts that take longer than they may."""
        for pid, child in self.children.items():
            if not child.late and time.monotonic() >= child.deadline:
                child.late = True
                child.job = replace(child.job, timeout_seconds=None)
                send(pid, signal.SIGKILL)

    def collect(self) -> None:
        """Says of every attempt that has ended how it did, after killing what it left running."""
        for pid, status, peak_mib in list_dead():
            child = self.children.pop(pid, None)
            if child:
                send(pid, signal.SIGKILL)
                ended = replace(read_report(child, status), peak_mib=peak_mib)
                os.close(child.pipe)
                os.write(self.events, json.dumps(asdict(ended)).encode() + b"\n")


def list_dead() -> Iterator[tuple[int, int, float]]:
    """Yields the id, the exit code (negative for a signal) and the peak of memory in MiB of each process that ended."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, os.waitstatus_to_exitcode(status), convert_peak(usage.ru_maxrss)


def read_report(child: Child, status: int) -> Ended:
    """Returns how an attempt ended, from its own report or from its exit code.

    Args:
        child: The attempt.
        status: Its exit code; negative for a signal.
    """
    if child.late:
        return Ended(child.job.key, "late", seconds=time.monotonic() - child.started)
    try:
        return Ended(**json.loads(os.read(child.pipe, BLOCK_BYTES)))
    except (BlockingIOError, ValueError, TypeError):
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return Ended(child.job.key, "died", how, time.monotonic() - child.started)


def send(group: int, number: int) -> None:
    """Sends a signal to an attempt and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def start_fresh(job: Job, report: int, log: int) -> int:
    """Returns the id of a new process that makes an attempt.

    Args:
        job: What it does.
        report: Where it writes how that ended.
        log: Where it writes what the function prints.
    """
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", MODULE, str(report)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        pass_fds=[report],
        start_new_session=True,
    )
    if process.stdin:
        process.stdin.write(json.dumps(asdict(job)).encode())
        process.stdin.close()
    process.returncode = 0  # `list_dead` waits for it
    return process.pid


def attempt(job: Job, report: int) -> None:
    """Makes an attempt in this process, writes how it ended, and ends the process.

    Args:
        job: What to do.
        report: Where to write.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL)
    raise_on_signals()
    ended = execute(job)
    sys.stdout.flush()
    sys.stderr.flush()
    os.write(report, json.dumps(asdict(ended)).encode())
    os._exit(0)


def main(arguments: Sequence[str]) -> None:
    """Serves, or makes one attempt where the argument is the descriptor that its report goes to."""
    if arguments:
        end_with_parent()
        attempt(Job(**json.load(sys.stdin)), int(arguments[0]))
    commands, events = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    Template(commands, events).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
