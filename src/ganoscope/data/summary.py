"""Statistics of a store: what it holds, read block by block."""

import csv
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.readers import PADDING_HU
from ganoscope.data.splits import SPLITS
from ganoscope.data.store import Store

BLOCK = 256


@dataclass(frozen=True)
class Statistics:
    """What a store holds.

    Attributes:
        counts: Images by (split, label).
        groups: Independent groups (patients or near-duplicate clusters) by split.
        patients: Known patients by split.
        mean: Mean stored value over all measured pixels of all images.
        deviation: Standard deviation of the same.
        percentiles: 1st, 50th and 99th percentile over an even subset of at most 1,000 images.
        shapes: The five most frequent (height, width) of the source pictures, with their counts.
        quarantined: Files not taken, by reason.
    """

    counts: dict[tuple[str, str], int]
    groups: dict[str, int]
    patients: dict[str, int]
    mean: float
    deviation: float
    percentiles: tuple[float, float, float]
    shapes: list[tuple[tuple[int, int], int]]
    quarantined: dict[str, int]


def compute_statistics(store: Store) -> Statistics:
    """Returns the store's statistics; pixels are read block by block."""
    counts: Counter[tuple[str, str]] = Counter()
    shapes: Counter[tuple[int, int]] = Counter()
    members: dict[str, tuple[set[str], set[str]]] = {split: (set(), set()) for split in SPLITS}
    for sample in store.samples():
        counts[sample.split, sample.label] += 1
        shapes[sample.height_px, sample.width_px] += 1
        members[sample.split][0].add(sample.group)
        members[sample.split][1].add(sample.patient)
    sums = np.array([block_sums(store.images[at : at + BLOCK]) for at in range(0, store.count, BLOCK)]).sum(axis=0)
    mean = sums[0] / sums[2]
    subset = store.images[:: max(1, store.count // 1000)]
    low, middle, high = np.percentile(subset[measured(subset)].astype(np.int32), (1, 50, 99))
    return Statistics(
        counts=dict(sorted(counts.items())),
        groups={split: len(groups) for split, (groups, _) in members.items()},
        patients={split: len(patients - {""}) for split, (_, patients) in members.items()},
        mean=float(mean),
        deviation=float(np.sqrt(max(sums[1] / sums[2] - mean**2, 0.0))),
        percentiles=(float(low), float(middle), float(high)),
        shapes=shapes.most_common(5),
        quarantined=count_quarantined(store),
    )


def measured(pixels: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Returns a mask of the pixels that were measured: all but those beyond a CT scanner's field of view."""
    return pixels != PADDING_HU if pixels.dtype == np.int16 else np.ones(pixels.shape, bool)


def block_sums(pixels: NDArray[np.generic]) -> tuple[float, float, float]:
    """Returns the sum, the sum of squares and the number of a block's values."""
    values = pixels[measured(pixels)].astype(np.float64)
    return float(values.sum()), float((values**2).sum()), float(values.size)


def count_quarantined(store: Store) -> dict[str, int]:
    """Returns how many files were not taken, by reason; most frequent first."""
    path = store.path / "quarantine.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return dict(Counter(row["reason"] for row in csv.DictReader(file)).most_common())
