"""The tasks of a bank: one for each model, with its needs in time and memory."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ganoscope.banks.bank_plan import Plan
from ganoscope.data.store import Store
from ganoscope.generators.memory_of_generators import estimate_generator_gib, estimate_images_gib
from ganoscope.generators.timing import Cost, limit_training, name_generator, one_thread, time_generator
from ganoscope.seeds import Stream, stream
from ganoscope.tasks.own_modules import find_modules
from ganoscope.tasks.task import Task
from ganoscope.training.processes import choose_device

FUNCTION = "ganoscope.banks.model_task:make_model"


def list_tasks(plan: Plan, store: Path) -> list[Task]:
    """Returns the task of every model, in their order.

    Args:
        plan: The plan.
        store: Folder of the store.
    """
    config = plan.config
    drawing = {"number": config.number, "seed": config.seed, "classes": plan.classes}
    return [
        Task(
            f"model {model}",
            FUNCTION,
            {
                "fingerprint": plan.fingerprint,
                "half": {"model": model, "seed": config.seed},
                "training": {
                    "method": config.method,
                    "images": config.images,
                    "seed": draw_training_seed(config.seed, model),
                    "device": config.device,
                    "precision": config.precision,
                    **find_modules(plan.hashes),
                },
                "drawing": drawing,
            },
            places={"store": str(store)},
            resumes=True,
            memory_gib=partial(estimate_gib, plan),
            gpus=float(config.device == "cuda"),
        )
        for model in range(config.models)
    ]


def draw_training_seed(seed: int, model: int) -> int:
    """Returns the random seed of a model's training.

    Args:
        seed: Random seed of the bank.
        model: Number of the model.
    """
    return int(stream(seed, Stream.BANK_MODELS, model).integers(2**31))


def estimate_gib(plan: Plan) -> float:
    """Returns the memory in GiB that a model needs: its training, and its images, which are drawn at once."""
    network = estimate_generator_gib(plan.config.method, plan.size, len(plan.classes), plan.config.precision)
    return network + estimate_images_gib(plan.config.number, plan.size)


def estimate_cost(plan: Plan, store: Store) -> list[Cost]:
    """Returns the estimated cost of the trainings, from a few timed steps with one thread.

    Args:
        plan: The plan.
        store: Its store.
    """
    config = plan.config
    device = choose_device("auto" if config.device == "cuda" else "cpu")
    with one_thread():
        seconds = time_generator(config.method, store, tuple(plan.classes), config.precision, device)
    return [Cost(name_generator(config.method), config.models, seconds * config.images)]


@dataclass(frozen=True)
class ModelLimit:
    """Finds the time after which a model counts as hanging.

    Attributes:
        costs: Estimated costs of the bank.
    """

    costs: Sequence[Cost]

    def find(self, task: Task) -> float:
        """Returns the seconds that an attempt at a model may take; all models may take the same."""
        return limit_training(max(cost.seconds for cost in self.costs))
