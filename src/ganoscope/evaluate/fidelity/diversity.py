"""Diversity of generated images compared with that of real ones: within-set MS-SSIM."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganoscope.alarms import Alarm, Check, run_checks
from ganoscope.contracts import Measured, Need
from ganoscope.data.store import Store
from ganoscope.errors import describe, refuse
from ganoscope.evaluate.comparison import Comparison, require
from ganoscope.evaluate.ssim import DATA_RANGE, KERNEL_PX, SIGMA_PX
from ganoscope.files import save_json
from ganoscope.files.records import Number, load_record
from ganoscope.generation import draw_images
from ganoscope.seeds import Stream, stream
from ganoscope.statistics.dyadic import compute_dyadic_interval
from ganoscope.statistics.estimate import Estimate
from ganoscope.training.run_folder.trained_run import TrainedRun

NAME = "ms_ssim_within_set"
NEEDS: frozenset[Need] = frozenset({"generated", "held_out"})

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, finest first (Wang et al. 2003, sect. 3.2)."""
PAIRS = 500
"""Largest number of pairs of different images per set."""
PAIR_BLOCK = 32
MARGIN = 0.05
"""Excess of the generated images' mean over that of real ones above which an alarm is raised, intervals apart."""
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class SetDiversity:
    """MS-SSIM over random pairs of different images of one set; the lower, the more diverse.

    Attributes:
        images: Number of images.
        groups: Number of patients or near-duplicate clusters among them; each generated image is a group of its own.
        pairs: Number of pairs compared.
        mean: Mean MS-SSIM, 0 (nothing alike) to 1 (identical).
        low: Lower end of the 95% interval of the mean.
        high: Upper end.
    """

    images: int
    groups: int
    pairs: int
    mean: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class Diversity:
    """Within-set diversity of generated images, and of the real images that they are compared with.

    Attributes:
        generated: Diversity of generated images.
        held_out: Diversity of held-out real images (validation and test split); None with fewer than two.
        training: Diversity of the training images.
        images_seen: Number of images seen at the checkpoint.
        weights_sha256: SHA-256 of the generator's weights.
        store_fingerprint: Fingerprint of the store.
        number: Requested number of images per set.
        seed: Seed of the noise, the choice of images and the pairs.
        scales: Number of scales of MS-SSIM, each half the size of the one before.
        kernel_px: Side of the Gaussian window at every scale.
    """

    generated: SetDiversity
    held_out: SetDiversity | None
    training: SetDiversity
    images_seen: int
    weights_sha256: str
    store_fingerprint: str
    number: int
    seed: int
    scales: int
    kernel_px: int = KERNEL_PX


def measure_diversity(run: TrainedRun, store: Store, number: int, seed: int) -> Diversity:
    """Returns the diversity of generated, held-out and training images, with as many images of each as there are.

    Args:
        run: Run whose generator draws the images.
        store: Store that the run was trained on.
        number: Largest number of images per set, 4 or more.
        seed: Seed of the noise, the choice of real images and the pairs.

    Raises:
        UserError: `number` is too small.
    """
    refuse([describe("too few images for diversity", number, "4 or more", "Raise --number.")] if number < 4 else [])
    generated = np.concatenate(list(draw_images(run, number, seed)))
    held_out = store.indices("validation", "test")
    return Diversity(
        generated=compare_pairs(generated, np.arange(len(generated)), seed),
        held_out=measure_split(store, held_out, number, seed) if len(held_out) > 1 else None,
        training=measure_split(store, store.indices("train"), number, seed),
        images_seen=run.images_seen,
        weights_sha256=run.weights_sha256,
        store_fingerprint=store.fingerprint,
        number=number,
        seed=seed,
        scales=count_scales(store.size),
    )


def measure_split(store: Store, indices: NDArray[np.int64], number: int, seed: int) -> SetDiversity:
    """Returns the diversity of some real images, drawn at random.

    Args:
        store: Store with the images.
        indices: Positions to draw from, shape (N,), N of 2 or more.
        number: Largest number of images.
        seed: Seed of the choice of images and pairs.
    """
    chosen = np.sort(stream(seed, Stream.DIVERSITY_IMAGES).permutation(indices)[:number])
    return compare_pairs(store.load_images(chosen), store.column("group")[chosen], seed)


def compare_pairs(images: NDArray[np.float32], groups: NDArray[Any], seed: int, pairs: int = PAIRS) -> SetDiversity:
    """Returns the mean MS-SSIM over pairs of different images, with its interval.

    Args:
        images: Network range [-1, 1], shape (N, 1, H, W), N at least 2.
        groups: Group of each image, shape (N,): images of one group are not independent.
        seed: Seed of the choice of pairs.
        pairs: Largest number of pairs.
    """
    chosen = choose_pairs(len(images), pairs, seed)
    blocks = [chosen[at : at + PAIR_BLOCK] for at in range(0, len(chosen), PAIR_BLOCK)]
    values = np.concatenate([compute_ms_ssim(images[block[:, 0]], images[block[:, 1]]) for block in blocks])
    members = np.unique(groups, return_inverse=True)[1]
    low, high = compute_dyadic_interval(values, members[chosen])
    return SetDiversity(len(images), int(members.max()) + 1, len(values), float(values.mean()), low, high)


def measure(evidence: Comparison) -> Measured:
    """Returns the mean MS-SSIM within the generated images; its floor is that within as many held-out images.

    Args:
        evidence: Holds generated and held-out images, two or more of each.

    Raises:
        UserError: Something is missing, or a set has fewer than two images.
    """
    images, real = require(evidence.generated, "generated").images, require(evidence.held_out, "held_out")
    fewest = min(len(images), len(real.indices))
    refuse([describe("too few images for diversity", fewest, "2 or more per set", "Take more.")] if fewest < 2 else [])
    found = compare_pairs(images, np.arange(len(images)), evidence.seed)
    floor = measure_split(real.store, real.indices, len(images), evidence.seed)
    return Measured(to_estimate(found), to_estimate(floor), "like real")


def to_estimate(diversity: SetDiversity) -> Estimate:
    """Returns the mean MS-SSIM of a set as an estimate."""
    return Estimate(diversity.mean, diversity.low, diversity.high, diversity.images, diversity.groups)


def choose_pairs(count: int, pairs: int, seed: int) -> NDArray[np.int64]:
    """Returns random pairs of different positions below `count`, shape (P, 2), no pair twice.

    All images occur equally often, give or take one: images on a shuffled circle are paired at growing distance.

    Args:
        count: Number of images, 2 or more.
        pairs: Largest number of pairs.
        seed: Seed of the shuffle.

    Example:
        >>> choose_pairs(3, pairs=100, seed=0).shape
        (3, 2)
    """
    order = stream(seed, Stream.DIVERSITY_PAIRS).permutation(count)
    position = np.arange(min(pairs, count * (count - 1) // 2))
    first, distance = position % count, position // count + 1
    return np.stack([order[first], order[(first + distance) % count]], axis=1)


def count_scales(size: int) -> int:
    """Returns how many of the five scales fit: the window must fit into the coarsest one.

    Example:
        >>> [count_scales(size) for size in (32, 64, 128, 256, 512)]
        [2, 3, 4, 5, 5]
    """
    return sum(size >> scale >= KERNEL_PX for scale in range(len(WEIGHTS)))


def compute_ms_ssim(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns the multi-scale structural similarity of pairs of images.

    MS-SSIM = SSIM_M^{w_M} * prod_{j=1}^{M-1} CS_j^{w_j}: the contrast and structure term at every scale, luminance at
    the coarsest alone, each averaged over the image, and set to 0 where the average is negative.

    Source: Wang, Simoncelli, Bovik 2003, eq. 7, https://doi.org/10.1109/ACSSC.2003.1292216; SSIM by MONAI.
    Differs: images under 176 px have room for fewer than five scales (64 px: three, 128 px: four). The published
    weights of the scales that remain, the finest ones, are divided by their sum.

    Args:
        first: Network range [-1, 1], shape (B, 1, H, W), H = W at least 11.
        second: The images that they are compared with, same shape and range.

    Returns:
        Shape (B,), 0 to 1.
    """
    from monai.metrics.regression import compute_ssim_and_cs  # imported late: it takes seconds

    scales = count_scales(first.shape[-1])
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    x, y = (torch.from_numpy(images).float() + 1.0 for images in (first, second))
    product = torch.ones(len(x), dtype=torch.float64)
    for scale, weight in enumerate(weights):
        if scale:
            x, y = halve(x), halve(y)
        ssim, contrast = compute_ssim_and_cs(x, y, 2, (KERNEL_PX,) * 2, (SIGMA_PX,) * 2, DATA_RANGE)
        term = ssim if scale == scales - 1 else contrast
        product *= term.double().mean(dim=(1, 2, 3)).clamp(min=0.0) ** weight
    return product.numpy()


def halve(images: Tensor) -> Tensor:
    """Returns images (B, C, H, W) at half the size, the mean of 2 x 2 pixels: low-pass and decimation of Wang et al."""
    return torch.nn.functional.avg_pool2d(images, kernel_size=2)


def check_collapse(diversity: Diversity) -> Iterator[Alarm]:
    """Yields an alarm where generated images resemble each other more than real ones do."""
    generated, real = diversity.generated, diversity.held_out or diversity.training
    excess = generated.mean - real.mean
    if excess > MARGIN and generated.low > real.high:
        yield Alarm(
            "collapsed_diversity",
            "warning",
            f"generated images resemble each other more than real ones do: mean MS-SSIM {generated.mean:.3f} "
            f"({generated.low:.3f} to {generated.high:.3f}) against {real.mean:.3f} ({real.low:.3f} to "
            f"{real.high:.3f}). The generator does not cover the full variety of its data.",
            {"excess": round(excess, 4), "margin": MARGIN, "pairs": generated.pairs},
        )


CHECKS: tuple[Check[Diversity], ...] = (
    Check(
        ("collapsed_diversity",),
        "generated images that resemble each other more than real ones do",
        check_collapse,
        f"mean MS-SSIM more than {MARGIN:g} above that of real images, intervals apart",
    ),
)
"""What is looked for in the diversity of generated images."""


def find_alarms(diversity: Diversity) -> list[Alarm]:
    """Returns the alarm that generated images resemble each other more than real ones do, where they do."""
    return run_checks(CHECKS, diversity)


def save(path: Path, diversity: Diversity) -> None:
    """Writes the result as JSON."""
    save_json(path, {"schema_version": SCHEMA_VERSION, **asdict(diversity)})


def load(path: Path) -> Diversity:
    """Returns the result in a JSON file.

    Raises:
        UserError: The file is missing, damaged or of another version.
    """
    return load_record(path, Diversity, SCHEMA_VERSION)
