"""Everything about a store that the page shows, read once: manifest, pairs, series, files not taken, and pixels."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.columns import read_columns, read_table
from ganoscope.data.store.intensity import IntensityMap
from ganoscope.reports.store.measurements import Measurements, find_range, measure

NO_LABEL, UNLABELLED = "(no label)", "all images"
"""Shown for images without a class among others that have one, and where no image has one."""
DARK_OR_BRIGHT = 0.004
"""Share of pixels that galleries show black or white, by which a wide window does not leave all pictures dark."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that are the same or nearly so, by their positions in the store.

    Attributes:
        first: Position of one image.
        second: Position of the other.
        relation: `exact copy`, or how the second must be turned to match the first.
        correlation: Of the two pictures, -1 to 1.
        across_splits: Whether they lie in two splits of the store.
        across_source: Whether they lie in two of the source's own splits.
        conflicting: Whether their labels differ.
    """

    first: int
    second: int
    relation: str
    correlation: float
    across_splits: bool
    across_source: bool
    conflicting: bool

    @property
    def gravity(self) -> tuple[bool, bool, bool, float]:
        """Gravest first in ascending order: across splits, different labels, across source splits, most alike."""
        return (not self.across_splits, not self.conflicting, not self.across_source, -self.correlation)


@dataclass(frozen=True)
class Evidence:
    """What a store's tables and pixels say.

    Attributes:
        store: The store.
        columns: The manifest's columns by name, each of shape (N,).
        labels: Class of each image as it is shown, shape (N,).
        classes: The classes, most images first.
        pairs: Duplicates, gravest first; None where they were not looked for.
        series: Rows of series.csv; none where the source had no volumes.
        not_taken: File numbers by reason, most frequent reason first.
        measured: Brightness and contrast of the images, or of a sample of them.
        shown: Stored values that galleries show as black and white: what there is, inside the networks' range.
    """

    store: Store
    columns: dict[str, NDArray[np.str_]]
    labels: NDArray[np.str_]
    classes: tuple[str, ...]
    pairs: tuple[Pair, ...] | None
    series: tuple[dict[str, str], ...]
    not_taken: dict[str, list[str]]
    measured: Measurements
    shown: IntensityMap

    @property
    def labelled(self) -> bool:
        """Whether any image has a class."""
        return self.classes != (UNLABELLED,)

    @property
    def drawn(self) -> bool:
        """Whether all images are phantoms: drawn, not taken of persons."""
        return all(str(sample_id).startswith("phantom-") for sample_id in self.columns["sample_id"])

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Returns a column as numbers, shape (N,); NaN where the manifest has none."""
        return np.array([float(value or "nan") for value in self.columns[name]])


def read_evidence(store: Store, seed: int) -> Evidence:
    """Returns what a store's tables and pixels say; `seed` chooses which pixels are read where there are very many."""
    columns = read_columns(store, leave_out=("source_sha256", "placement"))
    unnamed = columns["label"] == ""
    labels = np.where(unnamed, UNLABELLED if unnamed.all() else NO_LABEL, columns["label"])
    names, counts = np.unique(labels, return_counts=True)
    classes = tuple(str(name) for name in names[np.argsort(-counts, kind="stable")])
    path = store.path / "duplicates.csv"
    measured = measure(store, labels, seed)
    return Evidence(
        store=store,
        columns=columns,
        labels=labels,
        classes=classes,
        pairs=read_pairs(path, columns) if path.exists() else None,
        series=tuple(read_table(store.path / "series.csv")),
        not_taken=read_not_taken(store.path / "quarantine.csv"),
        measured=measured,
        shown=find_shown(store.intensity, measured),
    )


def find_shown(intensity: IntensityMap, measured: Measurements) -> IntensityMap:
    """Returns the networks' range without what hardly any pixel has, so that pictures fill it from black to white."""
    if not measured.histograms:
        return intensity
    first, last = find_range(measured.histograms, DARK_OR_BRIGHT)
    low = max(intensity.low, float(measured.values[first]))
    high = min(intensity.high, float(measured.values[last] + measured.step - 1))
    return replace(intensity, low=low, high=high) if low < high else intensity


def read_pairs(path: Path, columns: dict[str, NDArray[np.str_]]) -> tuple[Pair, ...]:
    """Returns the pairs in a store's table of duplicates, gravest first."""
    position = {str(sample_id): index for index, sample_id in enumerate(columns["sample_id"])}
    with path.open(newline="", encoding="utf-8") as file:
        pairs = [make_pair(row, position, columns) for row in csv.DictReader(file)]
    return tuple(sorted(pairs, key=lambda pair: pair.gravity))


def make_pair(row: dict[str, str], position: dict[str, int], columns: dict[str, NDArray[np.str_]]) -> Pair:
    """Returns one row of the table of duplicates with what the manifest says about its two images."""
    first, second = position[row["first"]], position[row["second"]]
    stated = bool(columns["source_split"][first] and columns["source_split"][second])

    def differ(name: str) -> bool:
        return bool(columns[name][first] != columns[name][second])

    return Pair(
        first,
        second,
        row["relation"],
        float(row["correlation"]),
        across_splits=differ("split"),
        across_source=stated and differ("source_split"),
        conflicting=differ("label"),
    )


def read_not_taken(path: Path) -> dict[str, list[str]]:
    """Returns the numbers of the files that were not taken, by reason, most frequent reason first."""
    sources: dict[str, list[str]] = {}
    for row in read_table(path):
        sources.setdefault(row["reason"], []).append(row["source"])
    return dict(sorted(sources.items(), key=lambda item: -len(item[1])))
