"""Near-duplicate pictures, also when mirrored, turned or brightened, found by the correlation of small thumbnails.

Two pictures are near-duplicates when their thumbnails correlate by at least `MIN_CORRELATION` under one of the eight
symmetries of the square. The search misses none of them, and yet compares few pairs in full: every thumbnail gets a
short descriptor that no symmetry changes and that never pushes two thumbnails apart. Pairs farther apart than the
threshold allows are thus ruled out: first whole leaves of a k-d tree by their boxes (after Bentley, 1975,
https://doi.org/10.1145/361002.361007), then single pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from ganoscope.data.checks.thumbnails import BLOCKS, correlate, normalise

MIN_CORRELATION = 0.98
"""Measured on three sets of chest films: finds all copies that were compressed, scaled, brightened by a fifth, mirrored
or turned, and joins none of 1.5 million pairs of different patients (largest correlation between those: 0.968)."""

MIN_CORRELATION_APART = 0.99
"""For two pictures whose patients are known and differ: they must be one picture under two names."""

MIN_CORRELATION_VOLUMES = 0.998
"""For slices of two volumes: outlines of bodies are alike, while copies of volumes are exact, not compressed anew."""

LEAF = 128
"""Most thumbnails in a leaf of the tree, which are compared with the others together."""
COLUMNS = 1024
"""Thumbnails compared in full with a leaf at once: bounds the memory to LEAF x COLUMNS correlations of each kind."""
PENDING = 1 << 18
"""Links collected before the weakest link of every ring is dropped: bounds the memory of a crowded cluster."""
CROWD = 1000
"""In clusters of more pictures, no better links are searched for among pictures that are already joined."""
SAMPLE = 4096
"""Thumbnails from which the descriptor is learnt."""
COORDINATES, LENGTH, START = 192, 64, 16
"""Length of the symmetry-adapted coordinates from which the descriptor is made, of the descriptor, and of its start
that is compared with the box around a leaf."""
SLACK = 1e-4
"""Added to distances against rounding in single precision."""
TIE = 1e-5
"""Transforms that fit equally well, up to this correlation, take the simplest name."""
INVERSE = np.array([0, 1, 2, 3, 4, 6, 5, 7], np.int8)
"""Code of the transform that undoes another: turning left undoes turning right, all others undo themselves."""


@dataclass(frozen=True)
class Duplicates:
    """Clusters of near-duplicates, and the links that join them.

    Attributes:
        clusters: Cluster of every picture, shape (N,), numbers from 0 in the order of first appearance.
        first: First picture of every link, shape (E,). The links of a cluster form a tree (in clusters of up to `CROWD`
            pictures a maximum spanning tree); clusters follow their numbers, in each the strongest link comes first.
        second: Second picture of every link, shape (E,), a later one than the first.
        transform: How the second must be turned to look like the first, shape (E,): index into `thumbnails.TRANSFORMS`.
        correlation: Shape (E,), up to 1.
    """

    clusters: NDArray[np.int32]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    transform: NDArray[np.int8]
    correlation: NDArray[np.float32]


@dataclass(frozen=True)
class Links:
    """Pairs of pictures above the threshold; arrays as in `Duplicates`."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    transform: NDArray[np.int8]
    correlation: NDArray[np.float32]


@dataclass(frozen=True)
class Forest:
    """What has been found so far.

    Attributes:
        links: A maximum spanning forest of the pairs seen.
        labels: Tree of every picture, shape (N,).
        crowded: Whether that tree has more than `CROWD` pictures, shape (N,).
    """

    links: Links
    labels: NDArray[np.int32]
    crowded: NDArray[np.bool_]


@dataclass(frozen=True)
class Origins:
    """Where pictures come from.

    Attributes:
        patients: Patient number of every picture, shape (N,), -1 where unknown.
        volumes: Volume number of every picture, shape (N,), -1 for pictures that are no slices.
    """

    patients: NDArray[np.int64]
    volumes: NDArray[np.int64]

    def find_least(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
        """Returns the least correlation of near-duplicates among pictures (m,) and others (n,), shape (m, n)."""
        least = np.where(differ(self.patients, one, other), MIN_CORRELATION_APART, MIN_CORRELATION)
        return np.where(differ(self.volumes, one, other), MIN_CORRELATION_VOLUMES, least)


@dataclass(frozen=True)
class Index:
    """Descriptors in the order of the tree's leaves.

    Attributes:
        members: Picture of every descriptor, shape (M,).
        descriptors: Shape (M, at most LENGTH).
        starts: First descriptor of every leaf, and the end, shape (L + 1,).
        low: Corner of the box around every leaf, shape (L, at most LENGTH).
        high: The opposite corner.
    """

    members: NDArray[np.int64]
    descriptors: NDArray[np.float32]
    starts: NDArray[np.int64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]


def find_duplicates(
    thumbnails: NDArray[np.float16],
    patients: NDArray[np.int64] | None = None,
    volumes: NDArray[np.int64] | None = None,
) -> Duplicates:
    """Returns the clusters of pictures that are joined by chains of near-duplicates, and their strongest links.

    Args:
        thumbnails: From `make_folded_thumbnail`, shape (N, THUMBNAIL_PX**2); may be memory-mapped.
        patients: Patient numbers, shape (N,), -1 where unknown. Pictures of two known, different patients are joined
            only from `MIN_CORRELATION_APART` on.
        volumes: Volume numbers, shape (N,), -1 for pictures that are no slices. Slices of two volumes are joined only
            from `MIN_CORRELATION_VOLUMES` on.
    """
    count = len(thumbnails)
    unknown = np.full(count, -1, np.int64)
    origins = Origins(unknown if patients is None else patients, unknown if volumes is None else volumes)
    forest, waiting = start_forest(count), 0
    pending: list[Links] = []
    index = make_index(thumbnails)
    for leaf in range(len(index.starts) - 1):
        rows = np.arange(index.starts[leaf], index.starts[leaf + 1])
        for columns in find_candidates(index, leaf, forest):
            links = compare(thumbnails, index, rows, columns, origins)
            links = take(links, ~is_crowded_pair(forest, links.first, links.second))
            pending, waiting = [*pending, links], waiting + len(links.first)
            if waiting >= PENDING:
                forest, pending, waiting = prune(forest, pending), [], 0
    return number_clusters(prune(forest, pending))


def make_index(thumbnails: NDArray[np.float16]) -> Index:
    """Returns the descriptors of all thumbnails (N, 1024) but constant ones, in the leaves of a k-d tree."""
    starts = range(0, len(thumbnails), COLUMNS)
    alive = [start + np.flatnonzero(thumbnails[start : start + COLUMNS].any(axis=1)) for start in starts]
    members = np.concatenate([np.empty(0, np.int64), *alive])
    descriptors = describe(thumbnails, members)
    order, leaves = sort_into_leaves(descriptors)
    low, high = (
        np.array([pick(descriptors[a:b], axis=0) for a, b in pairwise(leaves)], np.float32) for pick in (np.min, np.max)
    )
    return Index(members[order], descriptors, leaves, low, high)


def describe(thumbnails: NDArray[np.float16], members: NDArray[np.int64]) -> NDArray[np.float32]:
    """Returns short vectors that are equal for mirrored and turned pictures, shape (len(members), at most LENGTH).

    Their distance is never larger than that of the thumbnails after the best of the eight transforms: every step is a
    projection, or drops signs or order that a transform might change, and neither pushes two points apart.
    """
    sample = normalise(
        thumbnails[members[np.linspace(0, len(members) - 1, min(SAMPLE, len(members))).astype(np.int64)]]
    )
    projections = fit_projections(sample)
    shapes = drop_orientation(sample, projections)
    centre = shapes.mean(axis=0, keepdims=True) if len(shapes) else shapes.sum(axis=0, keepdims=True)
    axes = np.linalg.eigh((shapes - centre).T @ (shapes - centre))[1][:, ::-1][:, :LENGTH]
    descriptors = np.empty((len(members), axes.shape[1]), np.float32)
    for start in range(0, len(members), COLUMNS):
        part = normalise(thumbnails[members[start : start + COLUMNS]])
        descriptors[start : start + COLUMNS] = (drop_orientation(part, projections) - centre) @ axes
    return descriptors


def fit_projections(sample: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Returns the principal axes of each part of a folded sample, shape (n, 1024): the `COORDINATES` strongest of all.

    Each array has the shape (length of the part, axes kept). The last two parts, which transforms may swap, share their
    axes, which are returned once.
    """
    parts = [sample[:, block] for block in BLOCKS]
    parts[4:] = [np.concatenate(parts[4:])]
    found = [np.linalg.eigh(part.T @ part) for part in parts]
    weakest = np.sort(np.concatenate([values for values, _ in found]))[-COORDINATES]
    return [vectors[:, values >= weakest] for values, vectors in found]


def drop_orientation(folded: NDArray[np.float32], projections: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Returns coordinates of shape (n, about COORDINATES) that no transform changes: unsigned, swapped pairs sorted."""
    parts = [folded[:, block] @ projections[min(i, 4)] for i, block in enumerate(BLOCKS)]
    first, second = np.abs(parts[4]), np.abs(parts[5])
    signless = [np.abs(part) for part in parts[1:4]]
    return np.concatenate([parts[0], *signless, np.maximum(first, second), np.minimum(first, second)], axis=1)


def sort_into_leaves(descriptors: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sorts points (M, k), in place, into leaves of at most `LEAF`, by halving along the widest coordinate repeatedly.

    Returns:
        The former place of every point, and the first point of every leaf, and the end.
    """
    order, starts, pieces = np.arange(len(descriptors)), [], [(0, len(descriptors))]
    while pieces:
        start, end = pieces.pop()
        if end - start <= LEAF:
            starts.append(start)
            continue
        piece = descriptors[start:end]
        ranked = np.argsort(piece[:, find_widest(piece)], kind="stable")
        order[start:end], descriptors[start:end] = order[start:end][ranked], piece[ranked]
        middle = start + len(ranked) // 2
        pieces += [(middle, end), (start, middle)]
    return order, np.unique([*starts, len(descriptors)])


def find_widest(points: NDArray[np.float32]) -> int:
    """Returns the coordinate of largest variance of points (M, k), by blocks: a whole copy would double the memory."""
    centre = points.mean(axis=0)
    blocks = (points[start : start + COLUMNS] - centre for start in range(0, len(points), COLUMNS))
    return int(np.argmax(sum((block**2).sum(axis=0) for block in blocks)))


def find_candidates(index: Index, leaf: int, forest: Forest) -> Iterator[NDArray[np.int64]]:
    """Yields positions in the index, shape (n,), that may be near-duplicates of a member of the leaf.

    Only this leaf and later ones are searched.

    Args:
        index: All descriptors.
        leaf: Number of the leaf.
        forest: What has been found so far; pairs within its crowded trees are left out.
    """
    radius = np.sqrt(2 - 2 * MIN_CORRELATION) + SLACK
    own = slice(index.starts[leaf], index.starts[leaf + 1])
    low, high = index.low[leaf], index.high[leaf]
    near = leaf + np.flatnonzero(box_distance(index.low[leaf:], index.high[leaf:], low, high) <= radius)
    positions = np.concatenate([np.arange(index.starts[other], index.starts[other + 1]) for other in near])
    points = index.descriptors[positions, :START]
    positions = positions[box_distance(points, points, low[:START], high[:START]) <= radius]
    kept = []
    for start in range(0, len(positions), COLUMNS * 8):
        part = positions[start : start + COLUMNS * 8]
        close = square_distances(index.descriptors[own], index.descriptors[part]) <= radius**2
        if start == 0:  # the leaf itself comes first
            close[:, : len(close)] &= np.triu(np.ones((len(close), len(close)), bool), 1)
        if forest.crowded.any():
            close &= ~is_crowded_pair(forest, index.members[own, None], index.members[None, part])
        kept.append(part[close.any(axis=0)])
    found = np.concatenate(kept)
    yield from np.split(found, range(COLUMNS, len(found), COLUMNS)) if len(found) else ()


def box_distance(
    low: NDArray[np.float32], high: NDArray[np.float32], other_low: NDArray[np.float32], other_high: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Returns the distances of boxes from another box, shape (n,).

    Args:
        low: Lower corners of the boxes, shape (n, k).
        high: Upper corners, shape (n, k).
        other_low: Lower corner of the other box, shape (k,).
        other_high: Upper corner, shape (k,).
    """
    gaps = np.maximum(np.maximum(low - other_high, other_low - high), 0)
    return np.sqrt(np.einsum("nk,nk->n", gaps, gaps))


def square_distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the squared distances of points, shape (m, n), in one matrix product."""
    squares = np.einsum("nk,nk->n", first, first)[:, None], np.einsum("nk,nk->n", second, second)[:, None]
    left = np.concatenate([-2 * first, squares[0], np.ones_like(squares[0])], axis=1)
    return left @ np.concatenate([second, np.ones_like(squares[1]), squares[1]], axis=1).T


def is_crowded_pair(forest: Forest, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tells whether both pictures of each pair are in one crowded tree already.

    Args:
        forest: What has been found so far.
        first: First picture of every pair, any shape.
        second: Second picture, of a shape that broadcasts with it.
    """
    return forest.crowded[first] & (forest.labels[first] == forest.labels[second])


def compare(
    thumbnails: NDArray[np.float16],
    index: Index,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    origins: Origins,
) -> Links:
    """Returns the near-duplicates between two sets of positions in the index, those with the first position first.

    Args:
        thumbnails: Folded thumbnails of all pictures, shape (N, THUMBNAIL_PX**2).
        index: All descriptors.
        rows: Positions in the index, shape (m,).
        columns: Positions in the index, shape (n,).
        origins: Patient and volume of every picture.
    """
    one, other = index.members[rows], index.members[columns]
    values = correlate(normalise(thumbnails[one]), normalise(thumbnails[other]))
    best = values.max(axis=0)
    i, j = np.nonzero((best >= origins.find_least(one, other)) & (rows[:, None] < columns))
    best = best[i, j]
    transform = np.argmax(values[:, i, j] >= best - TIE, axis=0).astype(np.int8)
    first, second = one[i], other[j]
    transform = np.where(first < second, transform, INVERSE[transform])
    return Links(np.minimum(first, second), np.maximum(first, second), transform, np.minimum(best, 1))


def differ(numbers: NDArray[np.int64], one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tells where two numbers are known and differ, shape (m, n).

    Args:
        numbers: Number of every picture, shape (N,), -1 where unknown.
        one: Pictures, shape (m,).
        other: Others, shape (n,).
    """
    first, second = numbers[one, None], numbers[other]
    return (first >= 0) & (second >= 0) & (first != second)


def start_forest(count: int) -> Forest:
    """Returns a forest of pictures without links."""
    none = np.empty(0, np.int64)
    links = Links(none, none, none.astype(np.int8), none.astype(np.float32))
    return Forest(links, np.arange(count, dtype=np.int32), np.zeros(count, bool))


def take(links: Links, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Links:
    """Returns the links chosen by a mask of shape (E,) or by index."""
    return Links(links.first[chosen], links.second[chosen], links.transform[chosen], links.correlation[chosen])


def prune(forest: Forest, pending: list[Links]) -> Forest:
    """Returns the maximum spanning forest of the forest and the new links."""
    every = [forest.links, *pending]
    joined = Links(*(np.concatenate([getattr(one, field.name) for one in every]) for field in fields(Links)))
    count = len(forest.labels)
    # Links are sorted and numbered, so that the tree can be traced back to them; equal ones keep the order of pictures.
    joined = take(joined, np.lexsort((joined.second, joined.first, -joined.correlation)))
    numbers = np.arange(1, len(joined.first) + 1, dtype=np.float64)
    tree = minimum_spanning_tree(coo_array((numbers, (joined.first, joined.second)), shape=(count, count)).tocsr())
    labels = connected_components(tree, directed=False)[1].astype(np.int32)
    return Forest(take(joined, np.sort(tree.data).astype(np.int64) - 1), labels, np.bincount(labels)[labels] > CROWD)


def number_clusters(forest: Forest) -> Duplicates:
    """Returns the clusters in the order of first appearance, and their links, the strongest of each first."""
    _, appearance, inverse = np.unique(forest.labels, return_index=True, return_inverse=True)
    clusters = np.argsort(np.argsort(appearance)).astype(np.int32)[inverse]
    links = take(forest.links, np.argsort(clusters[forest.links.first], kind="stable"))
    return Duplicates(clusters, links.first, links.second, links.transform, links.correlation)
