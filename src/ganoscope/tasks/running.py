"""Makes the results of a graph of tasks that are not there yet, each once, and tells all failures at the end."""

import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ganoscope.errors import StoppedError, UserError, describe, refuse, write_count
from ganoscope.files import partial_name, remove, save_json
from ganoscope.locks import is_vacant, one_writer
from ganoscope.progress import CONSOLE, ProgressBar
from ganoscope.signals import hold_signals
from ganoscope.tasks.attempt import Ended, Job
from ganoscope.tasks.engines import Engine, EngineOptions, make_engine
from ganoscope.tasks.graph import Graph, order_tasks
from ganoscope.tasks.kept_results import UnlikeRecordError, verify_result
from ganoscope.tasks.launcher import SAVE_SECONDS
from ganoscope.tasks.task import Task
from ganoscope.tasks.time_left import TimeLeft

MARK = "tasks.json"
"""File that tells a folder of results."""
SCHEMA_VERSION = 1
RETRIES = 2
"""Attempts after the first, where a process ended without saying why, was stopped from outside, or wrote something else
than it reported."""
LATE_RETRIES = 1
"""Attempts after the first, where a process was ended as hanging: each of them may take the whole time again."""
HOUR = 3600.0
WAIT_SECONDS = 0.5
"""Time between two looks for signals."""
LOOKED_AT = 50
"""Most waiting tasks that are looked at for one that fits."""
MOST_PASSED = 20
"""Tasks that may start before one that came first and needs more room: then room is kept free until it fits."""
NAMED = 5
"""Most tasks that a list names."""


def read_own_limit(task: Task) -> float | None:
    """Returns the seconds that an attempt at a task may take, as the task itself declares."""
    return task.timeout_seconds


def run_tasks(
    tasks: Sequence[Task],
    folder: Path,
    options: EngineOptions | None = None,
    title: str = "tasks",
    find_limit: Callable[[Task], float | None] = read_own_limit,
) -> dict[str, Path]:
    """Returns the folders of the tasks' results by key, after making those that are not in `folder` yet.

    Tasks that others need are made too. A result is taken as it is only if it agrees with its record. Failing tasks do
    not stop those that do not need them.

    Args:
        tasks: What is wanted.
        folder: Folder of results; `KEY/` holds a result, `KEY.log` what its function printed.
        options: Where they run; by default on this machine.
        title: What the progress display calls them.
        find_limit: Returns the seconds after which an attempt at a task counts as hanging, None for never; a limit in
            the options comes first.

    Raises:
        UserError: Tasks failed; the message names them all. Or the folder holds something else, or is being written.
        StoppedError: A signal arrived; everything that is finished is kept.
    """
    graph, options = Graph(order_tasks(tasks)), options or EngineOptions()
    if options.task_hours:
        find_limit = partial(multiply_hours, options.task_hours)
    with one_writer(folder):
        claim(folder)
        with ProgressBar(title, len(graph.tasks), unit="tasks") as bar:
            run = Run(graph, folder, bar, find_limit)
            if run.look():
                make_missing(run, options)
    run.tell_failures()
    return {task.key: folder / task.key for task in tasks}


def multiply_hours(hours: float, task: Task) -> float:
    """Returns hours in seconds, whatever the task."""
    return hours * HOUR


def make_missing(run: "Run", options: EngineOptions) -> None:
    """Makes the results that are not there.

    Args:
        run: The call, which has looked for them.
        options: Where tasks run.

    Raises:
        UserError: Tasks can't run there.
        StoppedError: A signal arrived.
    """
    engine = make_engine(options, run.folder)
    try:
        refuse(engine.list_faults(run.graph.list_open(())))
        with hold_signals() as stopped:
            run.work(engine, stopped)
    finally:
        engine.close()


def claim(folder: Path) -> None:
    """Makes a folder of results, or checks that it is one.

    Raises:
        UserError: It holds something else.
    """
    if (folder / MARK).is_file():
        return
    if not is_vacant(folder):
        fault = f"{folder} holds something else than results of tasks"
        raise UserError(describe(fault, "other files", "a new or an empty folder", "Name another one."))
    save_json(folder / MARK, {"schema_version": SCHEMA_VERSION})


@dataclass(frozen=True)
class Failure:
    """A task that failed.

    Attributes:
        task: The task.
        message: Why.
    """

    task: Task
    message: str


class Run:
    """One call: what is running, what has failed.

    Attributes:
        graph: Its tasks.
        folder: Folder of results.
        failures: Tasks that failed.
    """

    def __init__(
        self, graph: Graph, folder: Path, bar: ProgressBar, find_limit: Callable[[Task], float | None]
    ) -> None:
        self.graph, self.folder, self.bar, self._find_limit = graph, folder, bar, find_limit
        self.failures: list[Failure] = []
        self._contents: dict[str, str] = {}
        self._queue: deque[Task] = deque()
        self._attempts: dict[str, tuple[Task, int]] = {}
        self._passed = 0
        self._died: Counter[str] = Counter()
        self._time = TimeLeft(graph.tasks)

    def look(self) -> bool:
        """Counts results that are there as done, and tells whether others are missing."""
        self._look_at(self.graph.begin())
        return bool(self._queue)

    def work(self, engine: Engine, stopped: Callable[[], int]) -> None:
        """Works until nothing more can be made.

        Args:
            engine: Where tasks run.
            stopped: Tells the number of the signal that arrived; 0 for none.

        Raises:
            StoppedError: A signal arrived.
        """
        while self._queue or self._attempts:
            if stopped():
                engine.stop(SAVE_SECONDS)
                missing = write_count(len(self.graph.tasks) - self.bar.done, "task is", "tasks are")
                words = f"stopped: {missing} not done; what is finished is kept, and the same call goes on from there"
                raise StoppedError(words, stopped())
            self._start_what_fits(engine)
            for ended in engine.wait(WAIT_SECONDS):
                self._settle(ended)

    def _look_at(self, tasks: Sequence[Task]) -> None:
        """Counts tasks as done whose results are there, and queues the others."""
        pending = deque(tasks)
        while pending:
            task = pending.popleft()
            if self._is_there(task):
                self._time.skip(task)
                pending.extend(self._finish(task))
            else:
                self._queue.append(task)

    def _is_there(self, task: Task) -> bool:
        """Tells whether a result is there and agrees with its record; says so where it does not agree."""
        result = self.folder / task.key
        if not result.exists():
            return False
        try:
            self._contents[task.key] = verify_result(result, task.key, self._list_read(task)).content
        except UnlikeRecordError as error:
            CONSOLE.print(f"{task.name}: the result in {result} does not count: {error}. It is made again.")
            return False
        return True

    def _list_read(self, task: Task) -> dict[str, str]:
        return {name: self._contents[needed.key] for name, needed in task.needs.items()}

    def _finish(self, task: Task) -> list[Task]:
        """Counts a task as done and returns those that can follow."""
        self.bar.advance(1, self._time.describe())
        return self.graph.finish(task)

    def _start_what_fits(self, engine: Engine) -> None:
        """Starts queued tasks in order; those behind one that does not fit may pass it, but only so often."""
        kept: deque[Task] = deque()
        while self._queue and len(kept) < (LOOKED_AT if self._passed < MOST_PASSED else 1):
            task = self._queue.popleft()
            if engine.fits(task):
                engine.start(self._describe_attempt(task))
                self._passed = self._passed + 1 if kept else 0
            else:
                kept.append(task)
        self._queue.extendleft(reversed(kept))

    def _describe_attempt(self, task: Task) -> Job:
        """Returns the next attempt at a task, which counts as under way."""
        attempt = self._died[task.key] + 1
        self._attempts[task.key] = (task, attempt)
        self._time.start(len(self._attempts))
        return Job(
            task.key,
            task.name,
            task.function,
            task.describe_work(),
            dict(task.places),
            self._list_read(task),
            str(self.folder.resolve()),
            task.cores,
            task.find_memory_gib(),
            task.gpus,
            self._find_limit(task),
            task.resumes,
            attempt,
            None,
            [place for place in sys.path if place],
        )

    def _settle(self, ended: Ended) -> None:
        """Keeps the result of an attempt, tries again, or notes the failure."""
        task, attempt = self._attempts.pop(ended.key)
        fault = self._publish(task) if ended.state == "done" else ""
        if ended.state == "done" and not fault:
            self._time.add(task, ended.seconds)
            self._look_at(self._finish(task))
            return
        words = f"wrote something else than it reported: {fault}" if fault else self._describe_end(task, ended)
        retries = RETRIES if fault or ended.state in ("died", "stopped") else LATE_RETRIES * (ended.state == "late")
        if attempt <= retries:
            CONSOLE.print(f"{task.name}: {words}. It is tried again.")
            self._died[task.key] += 1
            self._queue.appendleft(task)
            return
        if not task.resumes:
            remove(partial_name(self.folder / task.key))
        self.failures.append(Failure(task, words))
        CONSOLE.print(f"{task.name}: {words}")

    def _describe_end(self, task: Task, ended: Ended) -> str:
        return describe_lateness(ended, self._find_limit(task)) if ended.state == "late" else describe_end(task, ended)

    def _publish(self, task: Task) -> str:
        """Gives a finished result its name; returns what is wrong with it instead, and removes it."""
        result = self.folder / task.key
        partial = partial_name(result)
        try:
            record = verify_result(partial, task.key, self._list_read(task), thorough=True)
        except UnlikeRecordError as error:
            remove(partial)
            return str(error)
        if result.exists():
            remove(result)
        partial.rename(result)
        log = self.folder / f"{task.key}.log"
        if log.is_file() and not log.stat().st_size:
            remove(log)
        self._contents[task.key] = record.content
        return ""

    def tell_failures(self) -> None:
        """Tells all failures at once; does nothing where there are none.

        Raises:
            UserError: There are some.
        """
        if not self.failures:
            return
        skipped = self.graph.list_open({failure.task.key for failure in self.failures})
        order = {task.key: index for index, task in enumerate(self.graph.tasks)}
        self.failures.sort(key=lambda failure: order[failure.task.key])
        lines = [f"{one.task.name}: {one.message}; see {self.folder / one.task.key}.log" for one in self.failures]
        if skipped:
            more = f" and {len(skipped) - NAMED:,} more" if len(skipped) > NAMED else ""
            lines.append(f"not run, as they need those: {', '.join(task.name for task in skipped[:NAMED])}{more}")
        failed = write_count(len(self.failures), "task", "tasks")
        raise UserError(f"{failed} of {len(self.graph.tasks):,} failed; the others are kept.\n" + "\n".join(lines))


def describe_end(task: Task, ended: Ended) -> str:
    """Returns how an attempt ended, in words.

    Args:
        task: The task.
        ended: Its end.
    """
    peak = f"its peak was {ended.peak_mib / 1024:.2f} GiB" if ended.peak_mib else "its peak is unknown"
    if ended.state == "memory":
        return f"ran out of memory: {peak}; allowed: {task.find_memory_gib():g} GiB beyond the libraries. Allow it more"
    if ended.state == "stopped":
        return f"was stopped from outside{f': {ended.message}' if ended.message else ''}"
    if ended.state == "died":
        hint = ", as the system does where memory runs out" if ended.message == "signal 9" else ""
        return f"its process was ended by {ended.message}{hint}; {peak}"
    return ended.message


def describe_lateness(ended: Ended, limit_seconds: float | None) -> str:
    """Returns in words that an attempt took too long, and what to do.

    Args:
        ended: Its end.
        limit_seconds: Time that it was allowed.
    """
    took = f"took longer than it may: ended after {ended.seconds:.0f} s; allowed: {limit_seconds or 0:g} s"
    return f"{took}. It seems to hang; if it was still at work, allow more (--task-hours)"
