"""Starts attempts on this machine and tells how they ended: the owner of a `template` process."""

import json
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from functools import cache

from ganoscope.tasks.attempt import Ended, Job
from ganoscope.tasks.process_limits import THREAD_VARIABLES
from ganoscope.tasks.template import MODULE

BLOCK_BYTES = 1 << 16
SAVE_SECONDS = 20.0
"""Time that attempts have to save which can go on later."""
LOOK_SECONDS = 0.5
"""Longest wait in which a process sees no request to stop."""
END_SECONDS = 5.0
"""Time in which a template process ends after its input has."""


class Launcher:
    """Runs attempts side by side; whoever opens one closes it.

    Attributes:
        running: Jobs under way, by key.
    """

    def __init__(self) -> None:
        self.running: dict[str, Job] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._unread = b""

    def start(self, job: Job) -> None:
        """Starts an attempt."""
        self.running[job.key] = job
        self._send({"job": asdict(job)})

    def stop(self, seconds: float) -> None:
        """Ends all attempts: those that can go on later get some time to save, the others none.

        Args:
            seconds: That time.
        """
        if self.running and self._process:
            self._send({"stop": True})
            end = time.monotonic() + seconds
            while self.running and time.monotonic() < end:
                self.wait(end - time.monotonic())
        self.close()

    def wait(self, seconds: float) -> list[Ended]:
        """Returns the attempts that have ended; waits for one where there is none.

        Args:
            seconds: Longest time to wait.
        """
        if not self.running:
            return []
        if not self._process or not self._process.stdout:
            return self._give_up()
        if not select.select([self._process.stdout], [], [], max(seconds, 0))[0]:
            return []
        block = os.read(self._process.stdout.fileno(), BLOCK_BYTES)
        if not block:
            self.close()
            return self._give_up()
        *lines, self._unread = (self._unread + block).split(b"\n")
        ended = [Ended(**json.loads(line)) for line in lines]
        for one in ended:
            self.running.pop(one.key, None)
        return ended

    def close(self) -> None:
        """Kills what is still running."""
        process, self._process, self._unread = self._process, None, b""
        if process:
            with suppress(OSError, subprocess.TimeoutExpired):
                process.communicate(timeout=END_SECONDS)  # ends its input
            process.kill()
            process.wait()

    def _give_up(self) -> list[Ended]:
        lost = [Ended(key, "died", "the end of its parent process") for key in self.running]
        self.running.clear()
        return lost

    def _send(self, command: dict[str, object]) -> None:
        self._process = self._process or start_template()
        if self._process.stdin:
            with suppress(BrokenPipeError):  # `wait` finds out
                self._process.stdin.write(json.dumps(command).encode() + b"\n")
                self._process.stdin.flush()


def start_template() -> subprocess.Popen[bytes]:
    """Returns a new template process, apart from this one's terminal; libraries start no threads in it."""
    quiet = {**dict.fromkeys(THREAD_VARIABLES, "1"), "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **quiet},
        start_new_session=True,
    )


@cache
def share_launcher() -> Launcher:
    """Returns the launcher of this process: the worker of an engine that runs one attempt after another."""
    return Launcher()


def run_one(job: Job) -> dict[str, object]:
    """Makes one attempt and returns how it ended, as plain values.

    Args:
        job: What to do.
    """
    launcher = share_launcher()
    try:
        launcher.start(job)
        while True:
            for ended in launcher.wait(LOOK_SECONDS):
                return asdict(ended)
    except BaseException:  # nobody waits for it any more
        launcher.stop(SAVE_SECONDS)
        share_launcher.cache_clear()
        raise
