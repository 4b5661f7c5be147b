"""The images of a store that an inspection shows: some of every class, and the offenders of every kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.inspection.brightness import Measurements, choose_positions, find_range
from ganoscope.data.inspection.duplicate_pairs import Pair, ShownPairs, choose_shown_pairs
from ganoscope.data.store.intensity import IntensityMap

NO_LABEL, UNLABELLED = "(no label)", "all images"
"""Class of images without a label among labelled ones, and the only class of a store without labels."""
DARK_OR_BRIGHT = 0.004
"""Share of pixels that galleries show black or white: a wide intensity window would leave all images dark."""
SHEET_CLASSES, SHEET_ROWS, SHEET_COLUMNS = 10, 2, 10
"""Classes with a contact sheet, at most, and the size of a sheet."""
MARKED, COLOURED, OUTLIERS = 24, 16, 8
"""Images shown of those with markers, of those that were in colour, and of each extreme of brightness and contrast."""
EXTREMES = ("darkest", "brightest", "least varied", "most varied")


@dataclass(frozen=True)
class Exhibits:
    """Positions in the store of the images that galleries show.

    Attributes:
        sheets: By class: random images, each of shape (n,).
        pairs: Duplicates of every relation.
        markers: Images with burnt-in text or markers, ordered by class, shape (n,).
        coloured: Images whose source was in colour, shape (n,).
        extremes: By name, as in `EXTREMES`: the most extreme image of each group, in order, each of shape (n,).
    """

    sheets: Mapping[str, NDArray[np.int64]]
    pairs: tuple[ShownPairs, ...]
    markers: NDArray[np.int64]
    coloured: NDArray[np.int64]
    extremes: Mapping[str, NDArray[np.int64]]


def name_classes(labels: NDArray[np.str_]) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    """Returns (class of every image as it is shown, shape (N,); the classes, most images first).

    Example:
        >>> name_classes(np.array(["", "", "a"]))[1], name_classes(np.array(["", ""]))[1]
        (('(no label)', 'a'), ('all images',))
    """
    unnamed = labels == ""
    shown = np.where(unnamed, UNLABELLED if unnamed.all() else NO_LABEL, labels)
    names, counts = np.unique(shown, return_counts=True)
    return shown, tuple(str(name) for name in names[np.argsort(-counts, kind="stable")])


def choose_exhibits(
    columns: Mapping[str, NDArray[np.str_]], pairs: tuple[Pair, ...], measured: Measurements, seed: int
) -> Exhibits:
    """Returns the images to show.

    Args:
        columns: Columns of the manifest by name, each of shape (N,).
        pairs: Duplicates, most serious first.
        measured: Brightness and contrast.
        seed: Random seed of all choices.
    """
    labels, classes = name_classes(columns["label"])
    markers = sample(np.flatnonzero(columns["markers"] != ""), MARKED, seed)
    return Exhibits(
        sheets={
            label: sample(np.flatnonzero(labels == label), SHEET_ROWS * SHEET_COLUMNS, seed)
            for label in classes[:SHEET_CLASSES]
        },
        pairs=choose_shown_pairs(pairs),
        markers=markers[np.argsort(labels[markers], kind="stable")],
        coloured=sample(np.flatnonzero(columns["coloured"] == "yes"), COLOURED, seed),
        extremes=find_extremes(measured, columns["group"]),
    )


def sample(positions: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Returns up to `most` of the positions, in order; a random subset where there are more.

    Args:
        positions: Shape (n,).
        most: Number of positions to choose.
        seed: Random seed of the choice.
    """
    return positions[choose_positions(len(positions), most, seed)]


def find_extremes(measured: Measurements, groups: NDArray[np.str_]) -> dict[str, NDArray[np.int64]]:
    """Returns the positions of the darkest, brightest, least and most varied images, at most one of each group.

    Args:
        measured: Brightness and contrast.
        groups: Group of every image of the store, shape (N,).
    """
    there = np.flatnonzero(np.isfinite(measured.means))
    keys = (measured.means, -measured.means, measured.deviations, -measured.deviations)
    found = {}
    for name, key in zip(EXTREMES, keys, strict=True):
        ordered = measured.indices[there[np.argsort(key[there], kind="stable")]]
        found[name] = keep_one_per_group(ordered, groups)[:OUTLIERS]
    return found


def keep_one_per_group(positions: NDArray[np.int64], groups: NDArray[np.str_]) -> NDArray[np.int64]:
    """Returns the first position of each group, in order, so that neighbouring slices are not shown side by side.

    Positions have the shape (n,); `groups` has the group of every image in the store, shape (N,).

    Example:
        >>> keep_one_per_group(np.array([2, 0, 1]), np.array(["a", "b", "a"])).tolist()
        [2, 1]
    """
    return positions[np.sort(np.unique(groups[positions], return_index=True)[1])]


def find_window(intensity: IntensityMap, measured: Measurements) -> IntensityMap:
    """Returns the stored values that galleries show black and white.

    It is the networks' range without values that hardly any pixel has, so that pictures use all greys.
    """
    if not measured.histograms:
        return intensity
    first, last = find_range(measured.histograms, DARK_OR_BRIGHT)
    low = max(intensity.low, float(measured.values[first]))
    high = min(intensity.high, float(measured.values[last] + measured.step - 1))
    return replace(intensity, low=low, high=high) if low < high else intensity
