"""Statistics of real images under every model of a bank: density of its images there, and its discriminator's score."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.banks.bank_plan import MEMBERSHIP
from ganoscope.banks.model_table import Bank
from ganoscope.banks.model_task import IMAGES, RUN
from ganoscope.data.real_images import Images
from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe
from ganoscope.evaluate.attacks.likelihood_ratio import FEWEST_MODELS
from ganoscope.evaluate.attacks.nearest_images import Placed, estimate_log_density, measure_nearest, place_images
from ganoscope.evaluate.membership.discriminator_score import score_images
from ganoscope.files.tables import read_csv
from ganoscope.presets import find_preset
from ganoscope.progress import ProgressBar
from ganoscope.training.run_folder.trained_run import TrainedRun, open_run

BLOCK = 512


@dataclass(frozen=True)
class BankStatistics:
    """Statistics of N real images under M models.

    Attributes:
        by_name: `density` and, where models have one, `discriminator`, shape (N, M) each.
        inside: Whether each model has learned from each image, shape (N, M).
    """

    by_name: Mapping[str, NDArray[np.float64]]
    inside: NDArray[np.bool_]


def load_inside(bank: Bank, sample_ids: NDArray[np.str_]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Returns which models have learned from which images, and the positions of those that the bank knows.

    Args:
        bank: The bank.
        sample_ids: Ids of images of the bank's store, shape (N,).

    Returns:
        Shapes (n, M), for the images that the bank knows, and (n,).
    """
    wanted = {name: place for place, name in enumerate(sample_ids.tolist())}
    models = [one.model for one in bank.models]
    known = [
        (wanted[row["sample_id"]], [row[model] == "yes" for model in models])
        for row in read_csv(bank.path / MEMBERSHIP)
        if row["sample_id"] in wanted
    ]
    known.sort()
    inside = np.array([flags for _, flags in known], bool).reshape(-1, len(models))
    return inside, np.array([place for place, _ in known], np.int64)


def measure_bank(bank: Bank, images: Images, inside: NDArray[np.bool_], device: str) -> BankStatistics:
    """Returns the statistics of real images under every model of a bank.

    Args:
        bank: The bank.
        images: Network range, shape (N, 1, H, W).
        inside: As in `BankStatistics`.
        device: Device of the networks.

    Raises:
        UserError: The bank has too few models.
    """
    if len(bank.models) < FEWEST_MODELS:
        fault, remedy = "too few models in the bank for likelihood ratios", "Make a bank of more, 64 are usual."
        raise UserError(describe(fault, len(bank.models), f"{FEWEST_MODELS} or more", remedy))
    density, scores, placed = [], [], place_images(images)
    with ProgressBar("trying models of the bank", len(bank.models), unit="models") as progress:
        for model in bank.models:
            folder = bank.path / model.folder
            density.append(measure_density(placed, load_blocks(Store.open(folder / IMAGES))))
            run = open_run(folder / RUN, device)
            if "D" in run.networks:
                scores.append(score_images(run, images))
            progress.advance(1)
    named = {"density": density, "discriminator": scores}
    return BankStatistics({name: np.column_stack(each) for name, each in named.items() if each}, inside)


def load_blocks(store: Store) -> Iterator[NDArray[np.float32]]:
    """Yields all images of a store in blocks, shape (B, 1, H, W)."""
    for start in range(0, store.count, BLOCK):
        yield store.load_images(np.arange(start, min(start + BLOCK, store.count)))


def measure_density(placed: Placed, synthetic: Iterable[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Returns the log density of synthetic images at N real ones, up to a constant, shape (N,).

    Args:
        placed: The real images.
        synthetic: Blocks of synthetic images.
    """
    return estimate_log_density(measure_nearest(placed, synthetic)[:, :, 0])


def fits_run(bank: Bank, run: TrainedRun | None) -> bool:
    """Tells whether a run is of the method, the hyper-parameters, the store and the size of a bank's models."""
    if run is None:
        return False
    plan, preset = bank.frozen.plan, find_preset(bank.frozen.plan["method"])
    return (
        run.record.store_fingerprint == plan["fingerprint"]
        and run.record.method == preset.method
        and run.record.size == plan["size"]
        and run.record.method_config == describe_models(bank)
    )


def describe_models(bank: Bank) -> Mapping[str, object]:
    """Returns the hyper-parameters of a bank's models."""
    return open_run(bank.path / bank.models[0].folder / RUN).record.method_config
