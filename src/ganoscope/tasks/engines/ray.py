"""A Ray cluster: one that is running, given by its address, or one of its own on this machine.

What each task needs is declared to Ray, which would start too many side by side otherwise. Results lie in a folder that
all machines share; Ray carries only the description of a task and a few words about its end.
"""

import os
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganoscope.errors import UserError, describe
from ganoscope.locks import private_folder
from ganoscope.signals import keep_handlers
from ganoscope.tasks.attempt import Ended, Job
from ganoscope.tasks.engines import EngineOptions, import_extra, list_too_large
from ganoscope.tasks.launcher import run_one
from ganoscope.tasks.task import Task

GIB = 1 << 30
STORE_BYTES = 100 << 20
"""Size of Ray's object store, which holds no results: about the smallest that Ray allows."""
CONNECT_SECONDS = 10.0
LONGEST_FOLDER = 40
"""Letters of a temporary folder below which Ray's sockets still have names that Linux allows."""
QUEUED = 2
"""Cores that waiting tasks want, as a multiple of those there are, at which no more are handed over."""


def refuse_missing(options: EngineOptions) -> None:
    """Refuses what can't be used from here.

    Raises:
        UserError: Ray is not installed, or nothing listens at the address.
    """
    import_ray()
    check_address(options.address)


def import_ray() -> Any:
    """Returns the library, which reports nothing to anybody.

    Raises:
        UserError: It is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    return import_extra("ray")


def make_engine(options: EngineOptions, folder: Path) -> "RayEngine":
    """Returns the engine; arguments as in the package.

    Raises:
        UserError: There is no cluster at the address.
    """
    ray = import_ray()
    stack = ExitStack()
    try:
        if not ray.is_initialized():
            connect(ray, options, stack)
            stack.callback(ray.shutdown)
        return RayEngine(ray, stack)
    except BaseException:
        stack.close()
        raise


def connect(ray: Any, options: EngineOptions, stack: ExitStack) -> None:
    """Connects to a cluster, or starts one.

    Args:
        ray: The library.
        options: Where it is, or how large it may be.
        stack: Gets what is to be removed at the end.

    Raises:
        UserError: There is no cluster at the address.
    """
    settings: dict[str, Any] = {"address": options.address or "local"}
    if not options.address:
        settings |= {"include_dashboard": False, "object_store_memory": STORE_BYTES, "_node_ip_address": "127.0.0.1"}
        settings |= {"num_cpus": options.cores} if options.cores else {}
        settings |= {"_memory": int(options.memory_gib * GIB)} if options.memory_gib else {}
        files = stack.enter_context(private_folder("ray"))
        settings |= {"_temp_dir": str(files)} if len(str(files)) <= LONGEST_FOLDER else {}
    try:
        with keep_handlers():
            ray.init(log_to_driver=False, configure_logging=False, logging_level="error", **settings)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(describe_silence(options.address, error)) from None


def check_address(address: str) -> None:
    """Refuses an address at which nothing listens: Ray would try for minutes.

    Raises:
        UserError: Nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        try:
            socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
        except OSError as error:
            raise UserError(describe_silence(address, error)) from None


def describe_silence(address: str, error: Exception) -> str:
    """Returns the message that no cluster answers.

    Args:
        address: Where it should be.
        error: What happened instead.
    """
    remedy = "Start one with `ray start --head`, or leave the address out."
    given = f"{address or 'this machine'} ({error})"
    return describe("no Ray cluster answers", given, "the address of a running cluster", remedy)


class RayEngine:
    """Runs attempts as Ray tasks, each in a process of its own below a worker of Ray.

    Attributes:
        running: Jobs under way, by their reference.
    """

    def __init__(self, ray: Any, stack: ExitStack) -> None:
        self._ray, self._stack = ray, stack
        self.running: dict[Any, Job] = {}
        self._call = ray.remote(max_retries=0)(run_on_ray)
        self._cores = ray.cluster_resources().get("CPU", 0)

    def list_faults(self, tasks: Sequence[Task]) -> list[str]:
        """Returns why tasks could never run here, a message each: Ray would let them wait for ever."""
        nodes = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
        cores, memory, gpus = (max(node.get(name, 0) for node in nodes) for name in ("CPU", "memory", "GPU"))
        return list_too_large(tasks, cores, memory / GIB, gpus)

    def fits(self, task: Task) -> bool:
        """Tells whether a task can be handed over now; Ray starts it when there is room."""
        return sum(job.cores for job in self.running.values()) < QUEUED * self._cores

    def start(self, job: Job) -> None:
        """Hands an attempt over."""
        wanted = {"num_cpus": job.cores, "memory": int(job.memory_gib * GIB), "num_gpus": job.gpus}
        self.running[self._call.options(name=job.key, **wanted).remote(job)] = job

    def wait(self, seconds: float) -> list[Ended]:
        """Returns the attempts that have ended, after waiting for one for at most the given time."""
        if not self.running:
            return []
        ready, _ = self._ray.wait(list(self.running), timeout=seconds)
        return [self._read(one, self.running.pop(one)) for one in ready]

    def _read(self, reference: Any, job: Job) -> Ended:
        try:
            return Ended(**self._ray.get(reference))
        except self._ray.exceptions.RayError as error:
            return Ended(job.key, "died", f"Ray ({type(error).__name__})")

    def stop(self, seconds: float) -> None:
        """Ends all attempts; those that can go on later have the given time to save."""
        for reference in self.running:
            self._ray.cancel(reference)
        end = time.monotonic() + seconds
        while self.running and time.monotonic() < end:
            self.wait(end - time.monotonic())

    def close(self) -> None:
        """Ends what is still running, at once, and a cluster of its own."""
        for reference in self.running:
            self._ray.cancel(reference, force=True)
        self.running.clear()
        self._stack.close()


def run_on_ray(job: Job) -> dict[str, object]:
    """Makes one attempt on the GPUs that Ray chose, and returns how it ended, as plain values.

    Args:
        job: What to do.
    """
    import ray

    gpus = ",".join(str(gpu) for gpu in ray.get_gpu_ids())
    return run_one(replace(job, devices=gpus))
