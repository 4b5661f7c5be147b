"""After what time a task of a study counts as hanging: many times what it should take, so that no honest work is ended.

Limits are no part of what a task is: with other limits, the same results count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ganoscope.studies.cost import Cost, name_generator
from ganoscope.studies.design import Design
from ganoscope.studies.split_tasks import measure_store
from ganoscope.tasks.task import Task

FACTOR = 50.0
"""A limit as a multiple of the estimate, which leaves out reading, checkpoints, evaluation and slower machines."""
TRAINING_SECONDS = 3600.0
"""Least limit of a training."""
OTHER_SECONDS = 4 * 3600.0
"""Least limit of other tasks, whose cost is not estimated: cutting a store, drawing images, evaluation."""


@dataclass(frozen=True)
class TimeLimits:
    """Finds the time after which a task of a study counts as hanging.

    Attributes:
        design: The design.
        costs: Its estimated costs.
    """

    design: Design
    costs: Sequence[Cost]

    def find(self, task: Task) -> float:
        """Returns the seconds that an attempt at a task may take.

        A training may take `FACTOR` times its estimate; anything else `FACTOR` times all trainings of its split, and
        more where the external store has more images than the split learns from.

        Args:
            task: The task.
        """
        seconds = {cost.kind: cost.seconds for cost in self.costs}
        kind = find_kind(task)
        if kind in seconds:
            return max(TRAINING_SECONDS, FACTOR * seconds[kind])
        split_seconds = sum(cost.tasks * cost.seconds for cost in self.costs) / self.design.plan.count
        return max(OTHER_SECONDS, FACTOR * split_seconds * self._compare_external())

    def _compare_external(self) -> float:
        """Returns the images of the external store per training image; 1 where that is less or there is none."""
        external, training = self.design.config.external, self.design.images / (1 + self.design.ratio)
        return max(1.0, measure_store(external)[1] / training) if external else 1.0


def find_kind(task: Task) -> str:
    """Returns the kind of training, as estimated costs name it; "" for a task that is none."""
    name, arguments = task.function.rsplit(":", 1)[1], task.arguments
    if name == "train_generator":
        return name_generator(str(arguments["method"]))
    which: Any = arguments.get("which", {})
    return str(which["family"]) if name == "fit_classifier" else ""
