"""Statistics and alarms of a store: what to know before training on it."""

import csv
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm
from ganoscope.data.splits import SPLITS
from ganoscope.data.store import Store

FEW_IMAGES = 200
"""Below this many training images a GAN is likely to memorise them; a note says so."""
FEW_OF_CLASS = 10
"""Below this many held-out images of a class, scores on it say little."""
BLOCK = 256


@dataclass(frozen=True)
class Statistics:
    """What a store holds.

    Attributes:
        counts: Images by (split, label).
        groups: Independent groups (patients or near-duplicate clusters) by split.
        patients: Known patients by split.
        mean: Mean stored value over all pixels of all images.
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
    subset: NDArray[np.int32] = store.images[:: max(1, store.count // 1000)].astype(np.int32)
    low, middle, high = np.percentile(subset, (1, 50, 99))
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


def block_sums(pixels: NDArray[np.generic]) -> tuple[float, float, float]:
    """Returns the sum, the sum of squares and the number of a block's values."""
    values = pixels.astype(np.float64)
    return float(values.sum()), float((values**2).sum()), float(values.size)


def count_quarantined(store: Store) -> dict[str, int]:
    """Returns how many files were not taken, by reason; most frequent first."""
    path = store.path / "quarantine.csv"
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return dict(Counter(row["reason"] for row in csv.DictReader(file)).most_common())


def find_alarms(store: Store) -> list[Alarm]:
    """Returns every alarm that the manifest alone shows."""
    splits, groups = store.column("split"), store.column("group")
    return [
        *split_crossing(splits, groups),
        *exact_copies(store.column("source_sha256")),
        *source_split_overlap(store.column("source_sha256"), store.column("source_split"), splits),
        *near_duplicates(store.column("patient"), groups),
        *single_class(splits, store.column("label")),
        *thin_classes(splits, store.column("label")),
        *few_images(splits),
        *coloured(store.column("coloured")),
        *quarantined(store),
    ]


def split_crossing(splits: NDArray[np.str_], groups: NDArray[np.str_]) -> list[Alarm]:
    """Alarms when a patient or near-duplicate cluster is in two splits."""
    pairs = np.unique(np.stack([groups, splits]), axis=1)
    crossing = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    if not crossing:
        return []
    return [
        Alarm(
            "split_crossing",
            "danger",
            f"{crossing} groups (patients or near-duplicates) lie in more than one split: scores on held-out images "
            "are inflated. Prepare the store again.",
            {"groups": crossing},
        )
    ]


def exact_copies(digests: NDArray[np.str_]) -> list[Alarm]:
    """Alarms for byte-identical source files."""
    extra = len(digests) - len(np.unique(digests))
    if not extra:
        return []
    return [
        Alarm(
            "exact_copies",
            "warning",
            f"{extra} files are exact copies of another file. They stay in one split together, but count twice.",
            {"copies": extra},
        )
    ]


def source_split_overlap(
    digests: NDArray[np.str_], source_splits: NDArray[np.str_], splits: NDArray[np.str_]
) -> list[Alarm]:
    """Alarms for images, or near-duplicates of them, that are in two of the source's own split folders."""
    stated = source_splits != ""
    pairs = np.unique(np.stack([digests[stated], source_splits[stated]]), axis=1)
    crossing = int((np.unique(pairs[0], return_counts=True)[1] > 1).sum())
    moved = int((np.isin(source_splits, ("validation", "test")) & (splits != source_splits)).sum())
    if not crossing and not moved:
        return []
    return [
        Alarm(
            "source_split_overlap",
            "warning",
            f"{crossing} distinct images are, byte for byte, in more than one of the source's own split folders, and "
            f"{moved} of its held-out images are the same as, near-duplicates of, or of the same patient as training "
            "images: published scores on that division are inflated. Here those joined the training images they belong "
            "to, from which a validation part is drawn where the source has none.",
            {"identical": crossing, "moved": moved},
        )
    ]


def near_duplicates(patients: NDArray[np.str_], groups: NDArray[np.str_]) -> list[Alarm]:
    """Notes that near-duplicate clusters stand in for patients where ids are missing."""
    unknown = patients == ""
    if not unknown.any():
        return []
    sizes = np.unique(groups[unknown], return_counts=True)[1]
    joined, largest = int(sizes[sizes > 1].sum()), int(sizes.max())
    return [
        Alarm(
            "patients_unknown",
            "warning",
            f"{int(unknown.sum())} images have no patient id; near-duplicate clusters stand in for patients ({joined} "
            f"images in clusters of two or more, the largest of {largest}). Different slices of one patient may still "
            "be in two splits. If the file names hold an id, give --patient-pattern.",
            {"images": int(unknown.sum()), "clustered": joined, "largest_cluster": largest},
        )
    ]


def single_class(splits: NDArray[np.str_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Alarms when a store of several classes has a held-out part of one."""
    if len(np.unique(labels)) < 2:
        return []
    parts = [split for split in ("validation", "test") if len(np.unique(labels[splits == split])) < 2]
    return [
        Alarm(
            "single_class_part",
            "danger",
            f"the {part} part holds a single class: accuracy and precision on it mean nothing.",
            {"part": part},
        )
        for part in parts
    ]


def thin_classes(splits: NDArray[np.str_], labels: NDArray[np.str_]) -> list[Alarm]:
    """Warns where a held-out part has so few images of a class that no score on that class means much."""
    names = np.unique(labels)
    counts = {
        (split, label): int(((splits == split) & (labels == label)).sum())
        for split in ("validation", "test")
        for label in names
    }
    thin = [f"{count} {label} in {split}" for (split, label), count in counts.items() if 0 < count < FEW_OF_CLASS]
    if len(names) < 2 or not thin:
        return []
    message = f"few held-out images of some classes: {', '.join(thin)}. Scores on those classes are chance."
    return [Alarm("thin_classes", "warning", message, {"parts": thin})]


def few_images(splits: NDArray[np.str_]) -> list[Alarm]:
    """Notes a training part so small that a GAN may simply store it."""
    count = int((splits == "train").sum())
    if count >= FEW_IMAGES:
        return []
    return [
        Alarm(
            "few_images",
            "warning",
            f"only {count} training images: a GAN may memorise them, and no metric on so few is reliable.",
            {"images": count},
        )
    ]


def coloured(flags: NDArray[np.str_]) -> list[Alarm]:
    """Notes true-colour pictures that were reduced to grey."""
    count = int((flags == "1").sum())
    if not count:
        return []
    message = f"{count} pictures held true colour (overlays, stains, screenshots?) and were reduced to grey."
    return [Alarm("coloured", "warning", message, {"images": count})]


def quarantined(store: Store) -> list[Alarm]:
    """Notes files that were not taken."""
    reasons = count_quarantined(store)
    if not reasons:
        return []
    count = sum(reasons.values())
    listed = "; ".join(f"{number} x {reason}" for reason, number in list(reasons.items())[:3])
    return [
        Alarm(
            "quarantined",
            "warning",
            f"{count} files were not taken ({listed}{'; ...' if len(reasons) > 3 else ''}): see quarantine.csv.",
            {"files": count},
        )
    ]
