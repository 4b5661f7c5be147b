"""What a study will cost, from a few timed training steps of its generator and its networks on this machine.

And after what time a task counts as hanging: many times what it should take, so that no honest work is ended. Limits
are no part of what a task is: with other limits, the same results count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ganoscope.data.store import Store
from ganoscope.generators.timing import (
    FACTOR,
    Cost,
    limit_training,
    name_generator,
    one_thread,
    time_generator,
    time_steps,
)
from ganoscope.nets.pretrained import make_network
from ganoscope.studies.design import Design
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.split_tasks import list_classifiers, measure_store
from ganoscope.tasks.task import Task
from ganoscope.training.processes import choose_device, make_autocast

RANDOM_FEATURES_SECONDS = 10.0
"""Rough time of one fit of random features on up to a thousand images; it takes no steps."""
OTHER_SECONDS = 4 * 3600.0
"""Least limit of other tasks, whose cost is not estimated: cutting a store, drawing images, evaluation."""


def estimate_cost(design: Design, store: Store) -> list[Cost]:
    """Returns the estimated cost of the trainings, as tasks do them; sampling and evaluation add little.

    Tasks work with one thread, and see no GPU unless the design asks for one. Where that is somewhere else, as behind a
    login node, the estimate is that of this machine's CPU.

    Args:
        design: The design.
        store: Its store.
    """
    with one_thread():
        return list(time_trainings(design, store, choose_device("auto" if design.config.device == "cuda" else "cpu")))


def time_trainings(design: Design, store: Store, device: str) -> Iterator[Cost]:
    """Yields the estimated costs.

    Args:
        design: The design.
        store: Its store.
        device: Device to compute on.
    """
    config, splits = design.config, design.plan.count
    if config.generates and not config.generator_run:
        seconds = (
            time_generator(config.generator, store, design.classes, config.precision, device) * config.generator_images
        )
        yield Cost(name_generator(config.generator), splits, seconds)
    images = config.real_fraction * design.images / (1 + design.ratio)
    fits = [family for _, family, _ in list_classifiers(design)]
    for family in config.families:
        if family == RANDOM_FEATURES:
            seconds = RANDOM_FEATURES_SECONDS * max(1.0, images / 1000)
        else:
            seconds = time_network(family, design, store, device) * images * config.epochs
        yield Cost(family, splits * fits.count(family) * len(config.ratios), seconds)


def time_network(family: str, design: Design, store: Store, device: str) -> float:
    """Returns the seconds that a network's training takes per image.

    Args:
        family: Name of the network.
        design: The design.
        store: Its store.
        device: Device to compute on.
    """
    place, size = torch.device(device), design.config.batch_size
    with torch.random.fork_rng(devices=[]):
        network = make_network(family, len(design.classes), "grey").to(place)
        image = torch.rand(size, 1, store.size, store.size, device=place) * 2 - 1

        autocast = make_autocast(device, design.config.precision)

        def step() -> None:
            with autocast():
                loss = network(image).logits.float().logsumexp(1).mean()
            loss.backward()

        return time_steps(step, place) / size


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
            return limit_training(seconds[kind])
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
