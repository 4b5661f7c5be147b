"""SSIM of synthetic with real images, and of real images with each other: kept from system E; no quality measure."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.arrays import save_arrays
from ganoscope.data.store import Store
from ganoscope.evaluate.ssim import KERNEL_PX, SIGMA_PX, compute_all_ssim
from ganoscope.files import save_json
from ganoscope.seeds import Stream, stream

FILE, ARRAYS = "ssim.json", "ssim.npz"
SCHEMA_VERSION = 1
BLOCK = 256
"""Synthetic images that are in memory at once."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Distribution:
    """SSIM over pairs of images.

    Attributes:
        pairs: Number of pairs.
        mean: Mean.
        sd: Standard deviation over pairs, which are not independent.
        quantiles: 5th, 25th, 50th, 75th and 95th percentile.
    """

    pairs: int
    mean: float
    sd: float
    quantiles: list[float]


@dataclass(frozen=True)
class SsimDistributions:
    """The content of `ssim.json`; `ssim.npz` holds the values.

    Attributes:
        real: Number of real images, training images of the first split.
        synthetic: Number of synthetic images of the first split.
        size_px: Side of the images.
        kernel_px: Side of the Gaussian window.
        sigma_px: Its standard deviation.
        seed: Seed of the choice of images.
        synthetic_to_real: Over all pairs of a synthetic and a real image.
        real_to_real: Over all pairs of real images of different patients or groups; None where there is none.
    """

    real: int
    synthetic: int
    size_px: int
    kernel_px: int
    sigma_px: float
    seed: int
    synthetic_to_real: Distribution
    real_to_real: Distribution | None


def measure_ssim(real: Store, synthetic: Store, numbers: tuple[int, int], seed: int, folder: Path) -> SsimDistributions:
    """Returns both distributions, after writing `ssim.npz` and `ssim.json`.

    Args:
        real: Store whose training images are drawn from.
        synthetic: Store of synthetic images.
        numbers: Largest number of real and of synthetic images.
        seed: Seed of the choice.
        folder: Folder to write to.
    """
    chosen = choose(real.indices("train"), numbers[0], seed, 0)
    images, groups = real.load_images(chosen)[:, 0], real.column("group")[chosen]
    drawn = choose(np.arange(synthetic.count), numbers[1], seed, 1)
    blocks = [drawn[at : at + BLOCK] for at in range(0, len(drawn), BLOCK)]
    across = np.concatenate([compute_all_ssim(synthetic.load_images(block)[:, 0], images) for block in blocks])
    apart = np.triu(groups[:, None] != groups, 1)
    within = compute_all_ssim(images, images)[apart]
    found = SsimDistributions(
        real=len(chosen),
        synthetic=len(drawn),
        size_px=real.size,
        kernel_px=KERNEL_PX,
        sigma_px=SIGMA_PX,
        seed=seed,
        synthetic_to_real=summarise(across.ravel()),
        real_to_real=summarise(within) if len(within) else None,
    )
    save_arrays(folder / ARRAYS, {"synthetic_to_real": across, "real_to_real": within})
    save_json(folder / FILE, {"schema_version": SCHEMA_VERSION, **asdict(found)})
    return found


def choose(positions: NDArray[np.int64], number: int, seed: int, kind: int) -> NDArray[np.int64]:
    """Returns up to `number` of some positions, drawn at random, in order.

    Args:
        positions: Shape (N,).
        number: Largest number.
        seed: Random seed.
        kind: What they are for: every kind is drawn by itself.
    """
    return np.sort(stream(seed, Stream.ANALYSED_IMAGES, kind).permutation(positions)[:number])


def summarise(values: NDArray[np.float64]) -> Distribution:
    """Returns what describes some values, shape (N,)."""
    quantiles = [float(value) for value in np.quantile(values, QUANTILES)]
    return Distribution(len(values), float(values.mean()), float(values.std()), quantiles)
