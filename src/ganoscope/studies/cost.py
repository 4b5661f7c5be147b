"""What a study will cost, from a few timed training steps of its generator and its networks on this machine.

And after what time a task counts as hanging: many times what it should take, so that no honest work is ended. Limits
are no part of what a task is: with other limits, the same results count.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ganoscope.contracts import ImageSpec
from ganoscope.data.store import Store
from ganoscope.files.records import load_record
from ganoscope.nets.pretrained import make_network
from ganoscope.presets import find_preset
from ganoscope.studies.design import Design
from ganoscope.studies.families import RANDOM_FEATURES
from ganoscope.studies.refusals.chosen_generator import build_generator
from ganoscope.studies.split_tasks import list_classifiers, measure_store
from ganoscope.tasks.task import Task
from ganoscope.training.loop import train_step
from ganoscope.training.processes import choose_device, make_autocast
from ganoscope.training.speed import choose_speed, make_random_batch, place_networks

COSTS = "costs.json"
TIMED_STEPS = 2
"""Steps timed after one that is not."""
RANDOM_FEATURES_SECONDS = 10.0
"""Rough time of one fit of random features on up to a thousand images; it takes no steps."""
FACTOR = 50.0
"""A limit as a multiple of the estimate, which leaves out reading, checkpoints, evaluation and slower machines."""
TRAINING_SECONDS = 3600.0
"""Least limit of a training."""
OTHER_SECONDS = 4 * 3600.0
"""Least limit of other tasks, whose cost is not estimated: cutting a store, drawing images, evaluation."""


@dataclass(frozen=True)
class Cost:
    """Estimated cost of one kind of task.

    Attributes:
        kind: The generator, or a family of classifiers.
        tasks: Number of trainings.
        seconds: Estimated seconds of each, on one core of the machine that asks.
    """

    kind: str
    tasks: int
    seconds: float


@dataclass(frozen=True)
class Costs:
    """The content of `costs.json`.

    Attributes:
        costs: Estimated costs.
    """

    costs: list[Cost]


def find_costs(out: Path, design: Design, store: Store) -> list[Cost]:
    """Returns the estimated costs: those that are kept in the folder of the study, or else measured now.

    Args:
        out: Folder of the study.
        design: Its design.
        store: Its store.
    """
    path = out / COSTS
    return load_record(path, Costs).costs if path.exists() else estimate_cost(design, store)


def estimate_cost(design: Design, store: Store) -> list[Cost]:
    """Returns the estimated cost of the trainings, as tasks do them; sampling and evaluation add little.

    Tasks work with one thread, and see no GPU unless the design asks for one. Where that is somewhere else, as behind a
    login node, the estimate is that of this machine's CPU.

    Args:
        design: The design.
        store: Its store.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return list(time_trainings(design, store, choose_device("auto" if design.config.device == "cuda" else "cpu")))
    finally:
        torch.set_num_threads(threads)


def time_trainings(design: Design, store: Store, device: str) -> Iterator[Cost]:
    """Yields the estimated costs.

    Args:
        design: The design.
        store: Its store.
        device: Device to compute on.
    """
    config, splits = design.config, design.plan.count
    if config.generates and not config.generator_run:
        seconds = time_generator(design, store, device) * config.generator_images
        yield Cost(name_generator(config.generator), splits, seconds)
    images = config.real_fraction * design.images / (1 + design.ratio)
    fits = [family for _, family, _ in list_classifiers(design)]
    for family in config.families:
        if family == RANDOM_FEATURES:
            seconds = RANDOM_FEATURES_SECONDS * max(1.0, images / 1000)
        else:
            seconds = time_network(family, design, store, device) * images * config.epochs
        yield Cost(family, splits * fits.count(family) * len(config.ratios), seconds)


def name_generator(method: str) -> str:
    """Returns the kind of a generator's training, as costs name it."""
    return f"generator {method}"


def time_generator(design: Design, store: Store, device: str) -> float:
    """Returns the seconds that the generator's training takes per image.

    Args:
        design: The design.
        store: Its store.
        device: Device to compute on.
    """
    preset = find_preset(design.config.generator)
    train = replace(preset.train, precision=design.config.precision)
    speed, place = choose_speed(train, device), torch.device(device)
    method = build_generator(design.config.generator, store, design.classes)
    with torch.random.fork_rng(devices=[]):
        place_networks(method.networks.values(), place, speed)
        batch = make_random_batch(ImageSpec(store.size, design.classes), preset.train.batch_size, place)
        autocast = make_autocast(device, speed.precision)
        return time_steps(lambda: train_step(method, batch, 0, autocast), place) / preset.train.batch_size


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


def time_steps(step: Callable[[], object], device: torch.device) -> float:
    """Returns the seconds that a step takes, after one that is not timed.

    Args:
        step: The step.
        device: Device that it computes on.
    """
    step()
    settle(device)
    start = time.perf_counter()
    for _ in range(TIMED_STEPS):
        step()
    settle(device)
    return (time.perf_counter() - start) / TIMED_STEPS


def settle(device: torch.device) -> None:
    """Waits until a device has finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
