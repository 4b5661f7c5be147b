"""What the training of a generator will cost, from a few timed steps on this machine; and after what time it hangs.

A limit is many times what a training should take, so that no honest work is ended. Limits are no part of what a task
is: with other limits, the same results count.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from ganoscope.data.store import Store
from ganoscope.errors import write_count
from ganoscope.files import save_json
from ganoscope.files.records import load_record
from ganoscope.generators.fitting import build_generator, make_spec
from ganoscope.presets import find_preset
from ganoscope.training.loop import train_step
from ganoscope.training.processes import make_autocast
from ganoscope.training.speed import choose_speed, make_random_batch, place_networks

COSTS = "costs.json"
TIMED_STEPS = 2
"""Steps timed after one that is not."""
FACTOR = 50.0
"""A limit as a multiple of the estimate, which leaves out reading, checkpoints, evaluation and slower machines."""
TRAINING_SECONDS = 3600.0
"""Least limit of a training."""


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


def describe_costs(costs: Sequence[Cost]) -> str:
    """Returns the estimated costs in a sentence."""
    parts = [
        f"{write_count(cost.tasks, 'training')} of {cost.kind} ({cost.seconds / 60:.1f} min each)" for cost in costs
    ]
    total = sum(cost.tasks * cost.seconds for cost in costs) / 3600
    return f"estimated cost: {', '.join(parts)}; {total:.1f} hours on one core like these, without what is done already"


def recall_costs(folder: Path, estimate: Callable[[], list[Cost]]) -> list[Cost]:
    """Returns the estimated costs: those that are kept in a folder, or else measured now.

    Args:
        folder: Folder of the study or the bank.
        estimate: Measures them.
    """
    path = folder / COSTS
    return load_record(path, Costs).costs if path.exists() else estimate()


def keep_costs(folder: Path, costs: Sequence[Cost]) -> None:
    """Writes the estimated costs into the folder of a study or a bank, unless some are kept there."""
    if not (folder / COSTS).exists():
        save_json(folder / COSTS, {"costs": [asdict(cost) for cost in costs]})


@contextmanager
def one_thread() -> Iterator[None]:
    """Lets torch compute with one thread, as tasks do."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def limit_training(seconds: float) -> float:
    """Returns the seconds that a training may take that should take `seconds`."""
    return max(TRAINING_SECONDS, FACTOR * seconds)


def name_generator(method: str) -> str:
    """Returns the kind of a generator's training, as costs name it."""
    return f"generator {method}"


def time_generator(
    name: str, store: Store, classes: tuple[str, ...], precision: Literal["fp32", "bf16"], device: str
) -> float:
    """Returns the seconds that the generator's training takes per image.

    Args:
        name: Method or preset.
        store: The store.
        classes: Names of its classes.
        precision: Precision of forward passes.
        device: Device to compute on.
    """
    preset = find_preset(name)
    speed, place = choose_speed(replace(preset.train, precision=precision), device), torch.device(device)
    method = build_generator(name, store, classes)
    with torch.random.fork_rng(devices=[]):
        place_networks(method.networks.values(), place, speed)
        batch = make_random_batch(make_spec(store, classes), preset.train.batch_size, place)
        autocast = make_autocast(device, speed.precision)
        return time_steps(lambda: train_step(method, batch, 0, autocast), place) / preset.train.batch_size


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
