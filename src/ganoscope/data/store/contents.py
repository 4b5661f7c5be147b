"""Summary statistics of a store, read block by block."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.picture import PADDING_HU
from ganoscope.data.store import Store
from ganoscope.data.store.pixel_file import PixelFile
from ganoscope.data.store.splits import SPLITS
from ganoscope.files.tables import read_csv

FINDINGS, ANATOMY = "masks or boxes of findings", "masks of anatomy"
"""Kinds of masks, in words."""
BLOCK_PX = 1 << 20
"""Number of pixels counted at a time: more would not fit into the processor cache."""


@dataclass(frozen=True)
class Statistics:
    """Summary statistics of a store.

    Attributes:
        counts: Number of images by (split, label).
        groups: Number of independent groups (patients or near-duplicate clusters) by split.
        patients: Number of known patients by split.
        mean: Mean stored value over all measured pixels of all images.
        deviation: Standard deviation of these values.
        percentiles: 1st, 50th and 99th percentile of these values.
        shapes: Five most frequent (height, width) of the source pictures, with counts.
        quarantined: Number of rejected files by reason.
        masked: Number of images with something outlined by kind of mask, in words; kinds without any are left out.
    """

    counts: dict[tuple[str, str], int]
    groups: dict[str, int]
    patients: dict[str, int]
    mean: float
    deviation: float
    percentiles: tuple[float, float, float]
    shapes: list[tuple[tuple[int, int], int]]
    quarantined: dict[str, int]
    masked: dict[str, int]


def compute_statistics(store: Store) -> Statistics:
    """Returns the statistics of a store; pixels are read block by block."""
    counts: Counter[tuple[str, str]] = Counter()
    shapes: Counter[tuple[int, int]] = Counter()
    masked: Counter[str] = Counter()
    members: dict[str, tuple[set[str], set[str]]] = {split: (set(), set()) for split in SPLITS}
    findings, anatomy = (find_outlined(masks, store.count) for masks in (store.masks, store.anatomy))
    for index, sample in enumerate(store.samples()):
        counts[sample.split, sample.label] += 1
        shapes[sample.height_px, sample.width_px] += 1
        masked[FINDINGS] += bool(findings[index] or sample.boxes)
        masked[ANATOMY] += bool(anatomy[index])
        members[sample.split][0].add(sample.group)
        members[sample.split][1].add(sample.patient)
    values, numbers = count_values(store)
    mean, deviation = measure_moments(values, numbers)
    return Statistics(
        counts=dict(sorted(counts.items())),
        groups={split: len(groups) for split, (groups, _) in members.items()},
        patients={split: len(patients - {""}) for split, (_, patients) in members.items()},
        mean=mean,
        deviation=deviation,
        percentiles=(find_rank(values, numbers, 1), find_rank(values, numbers, 50), find_rank(values, numbers, 99)),
        shapes=shapes.most_common(5),
        quarantined=count_quarantined(store),
        masked={kind: count for kind, count in masked.items() if count},
    )


def find_outlined(masks: PixelFile | None, count: int) -> NDArray[np.bool_]:
    """Returns which masks outline something, shape (N,): an empty one says that there is nothing to outline.

    Args:
        masks: Masks of one kind, shape (N, H, W); None if there are none.
        count: Number of images, N.
    """
    if masks is None:
        return np.zeros(count, bool)
    step = max(1, BLOCK_PX // masks[0].size)
    return np.concatenate([masks[start : start + step].any((1, 2)) for start in range(0, count, step)])


def measured(pixels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Returns a mask of the measured pixels, same shape: all except those outside a CT scanner's field of view."""
    return pixels != PADDING_HU if pixels.dtype == np.int16 else np.ones(pixels.shape, bool)


def count_values(store: Store) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Returns every possible stored value in ascending order, and the number of measured pixels with it: (K,) each."""
    dtype = store.images.dtype
    bins, unsigned, step = 256**dtype.itemsize, f"u{dtype.itemsize}", max(1, BLOCK_PX // store.size**2)
    numbers = np.zeros(bins, np.int64)
    for start in range(0, store.count, step):
        numbers += np.bincount(store.images[start : start + step].ravel().view(unsigned), minlength=bins)
    values = np.arange(bins).astype(unsigned).view(dtype)
    numbers[~measured(values)] = 0
    order = np.argsort(values)
    return values[order].astype(np.float64), numbers[order]


def measure_moments(values: NDArray[np.float64], numbers: NDArray[np.int64]) -> tuple[float, float]:
    """Returns mean and standard deviation of values with frequencies `numbers`, both of shape (K,)."""
    mean = float(np.average(values, weights=numbers))
    return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=numbers)))


def find_rank(values: NDArray[np.float64], numbers: NDArray[np.int64], percent: float) -> float:
    """Returns a percentile of values with given frequencies, interpolated as by `numpy.percentile`.

    Args:
        values: Values in ascending order, shape (K,).
        numbers: Frequency of each value, shape (K,).
        percent: Percentile, 0 to 100.
    """
    ends = np.cumsum(numbers)
    place = percent / 100 * (int(ends[-1]) - 1)
    below, above = values[np.searchsorted(ends, [np.floor(place), np.ceil(place)], side="right")].tolist()
    return float(below + (above - below) * (place % 1))


def count_quarantined(store: Store) -> dict[str, int]:
    """Returns the number of rejected files by reason, most frequent first."""
    path = store.path / "quarantine.csv"
    rows = read_csv(path, ("reason",)) if path.exists() else ()
    return dict(Counter(row["reason"] for row in rows).most_common())
