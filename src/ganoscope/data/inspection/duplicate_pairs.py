"""Pairs of duplicates in a store, most serious first, and the choice of those that a gallery shows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.files.records import reading
from ganoscope.files.tables import read_csv

NEEDED = ("first", "second", "relation", "correlation")
"""Columns that the table of duplicates has."""

PAIRS_PER_RELATION, MOST_PAIRS = 24, 120
"""Pairs shown of one relation, and of all relations together."""
LEAST_ALIKE = 0.25
"""Share of the pairs shown that have the lowest correlation: they show how far the search for duplicates reaches."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that are identical or nearly so, by their positions in the store.

    Attributes:
        first: Position of one image.
        second: Position of the other image.
        relation: `exact copy`, or how the second image must be turned to match the first.
        correlation: Correlation of the two images, -1 to 1.
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
        """Sort key, gravest first: across splits, different labels, across source splits, highest correlation."""
        return (not self.across_splits, not self.conflicting, not self.across_source, -self.correlation)


def read_pairs(path: Path, columns: Mapping[str, NDArray[np.str_]]) -> tuple[Pair, ...] | None:
    """Returns the pairs in a store's `duplicates.csv`, gravest first; None where it has no such table.

    Args:
        path: Path of the table.
        columns: Columns of the manifest by name, each of shape (N,).
    """
    if not path.exists():
        return None
    position = {str(sample_id): index for index, sample_id in enumerate(columns["sample_id"])}
    with reading(path):
        pairs = [make_pair(row, position, columns) for row in read_csv(path, NEEDED)]
    return tuple(sorted(pairs, key=lambda pair: pair.gravity))


def make_pair(row: Mapping[str, str], position: Mapping[str, int], columns: Mapping[str, NDArray[np.str_]]) -> Pair:
    """Returns one row of the table of duplicates with the manifest's entries for its two images.

    Args:
        row: Row of the table.
        position: Position of every image in the store by its sample id.
        columns: Columns of the manifest by name, each of shape (N,).
    """
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


@dataclass(frozen=True)
class ShownPairs:
    """The pairs of one relation that a gallery shows.

    Attributes:
        relation: `exact copy`, or how the second image must be turned to match the first.
        number: Number of pairs of that relation in the store.
        gravest: The gravest pairs, as (position of the first image, position of the second).
        least_alike: The pairs of lowest correlation among the others.
    """

    relation: str
    number: int
    gravest: tuple[tuple[int, int], ...]
    least_alike: tuple[tuple[int, int], ...]


def choose_shown_pairs(pairs: Sequence[Pair]) -> tuple[ShownPairs, ...]:
    """Returns the pairs to be shown of every relation, the most frequent relation first."""
    counts = Counter(pair.relation for pair in pairs)
    each = min(PAIRS_PER_RELATION, max(6, MOST_PAIRS // max(1, len(counts))))
    shown = []
    for relation, number in counts.most_common():
        chosen = choose_pairs([pair for pair in pairs if pair.relation == relation], each)
        gravest, least_alike = (tuple((pair.first, pair.second) for pair in part) for part in chosen)
        shown.append(ShownPairs(relation, number, gravest, least_alike))
    return tuple(shown)


def choose_pairs(pairs: Sequence[Pair], most: int) -> tuple[list[Pair], list[Pair]]:
    """Returns (the gravest pairs, the least alike of the others).

    Pairs with different labels and pairs across the source's splits are among the gravest, however many there are of
    one kind.

    Args:
        pairs: Pairs of one relation, gravest first.
        most: Number of pairs to choose at most.
    """
    if len(pairs) <= most:
        return list(pairs), []
    last = 0 if pairs[0].relation == "exact copy" else round(LEAST_ALIKE * most)
    share = (most - last) // 2
    conflicting = [pair for pair in pairs if pair.conflicting][:share]
    others = [pair for pair in pairs if pair not in conflicting]
    others.sort(key=lambda pair: (not pair.across_splits, not pair.across_source, -pair.correlation))
    first = sorted([*conflicting, *others[: most - last - len(conflicting)]], key=lambda pair: pair.gravity)
    rest = sorted(others[most - last - len(conflicting) :], key=lambda pair: pair.correlation)
    return first, rest[:last]
