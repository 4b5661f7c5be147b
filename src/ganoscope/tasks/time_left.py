"""Estimates how long the tasks that are left will take, from the mean time of each function."""

from collections import Counter
from collections.abc import Sequence

from ganoscope.tasks.task import Task

MINUTE, HOUR = 60.0, 3600.0


class TimeLeft:
    """Counts the tasks of each function that are left, and the time that those done took."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._left = Counter(task.function for task in tasks)
        self._done: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._side_by_side = 1

    def start(self, running: int) -> None:
        """Notes how many tasks run side by side."""
        self._side_by_side = max(self._side_by_side, running)

    def skip(self, task: Task) -> None:
        """Notes that a task was done before."""
        self._left[task.function] -= 1

    def add(self, task: Task, seconds: float) -> None:
        """Notes how long a task took."""
        self._left[task.function] -= 1
        self._done[task.function] += 1
        self._seconds[task.function] += seconds  # type: ignore[assignment]

    def estimate(self) -> float | None:
        """Returns the seconds left; None before any task is done."""
        if not self._done:
            return None
        mean = self._seconds.total() / self._done.total()
        times = (
            left * (self._seconds[name] / self._done[name] if self._done[name] else mean)
            for name, left in self._left.items()
        )
        return sum(times) / self._side_by_side

    def describe(self) -> str:
        """Returns the time left in words; nothing before any task is done, nor at the end."""
        seconds = self.estimate()
        if not seconds:
            return ""
        if seconds < 2 * MINUTE:
            return f"about {seconds:.0f} s left"
        return f"about {seconds / MINUTE:.0f} min left" if seconds < 2 * HOUR else f"about {seconds / HOUR:.1f} h left"
