"""The order of tasks: which can begin, and which can follow."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from ganoscope.tasks.task import Task


def order_tasks(tasks: Iterable[Task]) -> list[Task]:
    """Returns tasks and all that they need, each key once, what is needed before what needs it."""
    ordered: dict[str, Task] = {}
    pending = list(tasks)[::-1]
    while pending:
        task = pending[-1]
        missing = [needed for needed in task.needs.values() if needed.key not in ordered]
        if task.key not in ordered and missing:
            pending += missing[::-1]
            continue
        ordered.setdefault(pending.pop().key, task)
    return list(ordered.values())


class Graph:
    """Tasks, and how many results each still waits for.

    Attributes:
        tasks: All tasks, what is needed before what needs it.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = list(tasks)
        self._waits = {task.key: len({needed.key for needed in task.needs.values()}) for task in tasks}
        self._followers: dict[str, list[Task]] = defaultdict(list)
        for task in tasks:
            for key in {needed.key for needed in task.needs.values()}:
                self._followers[key].append(task)
        self._done: set[str] = set()

    def begin(self) -> list[Task]:
        """Returns the tasks that need nothing."""
        return [task for task in self.tasks if not self._waits[task.key]]

    def finish(self, task: Task) -> list[Task]:
        """Notes that a task is done, and returns those that waited for it alone."""
        self._done.add(task.key)
        ready = []
        for follower in self._followers[task.key]:
            self._waits[follower.key] -= 1
            if not self._waits[follower.key]:
                ready.append(follower)
        return ready

    def list_open(self, but: Collection[str]) -> list[Task]:
        """Returns the tasks that are not done.

        Args:
            but: Keys of tasks to leave out.
        """
        return [task for task in self.tasks if task.key not in self._done and task.key not in but]
