"""Reads the tables of a store as arrays, some rows at a time, so that those of many images fit into memory."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.data.store.sample import DEFAULTS, make_column, read_manifest
from ganoscope.errors import UserError
from ganoscope.files.tables import RESTORE, read_csv, show_cell

ROWS = 4096
"""Number of rows in memory as text at a time."""
DIGEST = 32
"""Number of hexadecimal digits of a SHA-256 that distinguish files: 128 bits."""


@dataclass(frozen=True)
class Pairs:
    """The table of duplicates, as numbers.

    Attributes:
        first: Index of the first image of every pair, shape (E,).
        second: Index of the second image of every pair, shape (E,).
        relation: Index into `relations`, shape (E,).
        relations: Transformations that map the second image to the first, or `exact copy`.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    relation: NDArray[np.int64]
    relations: tuple[str, ...]


def read_columns(
    store: Store, only: Collection[str] = (), leave_out: Collection[str] = ()
) -> dict[str, NDArray[np.str_]]:
    """Returns columns of the manifest by name, shape (N,) each, in one pass; defaults of those that are not there.

    Args:
        store: Store with the manifest.
        only: Columns to read; all by default.
        leave_out: Columns to skip.
    """

    def is_wanted(name: str) -> bool:
        return (not only or name in only) and name not in leave_out

    parts: dict[str, list[NDArray[np.str_]]] = {}
    rows = read_manifest(store.path)
    names = next(rows)
    while chunk := list(islice(rows, ROWS)):
        for name, values in zip(names, zip(*chunk, strict=True), strict=True):
            if is_wanted(name):
                parts.setdefault(name, []).append(make_column(name, values))
    found = {name: np.concatenate(parts.pop(name)) for name in tuple(parts)}
    absent = [name for name in DEFAULTS if name not in names and is_wanted(name)]
    return found | {name: np.full(store.count, show_cell(DEFAULTS[name])) for name in absent}


def read_keys(store: Store) -> tuple[NDArray[np.bytes_], NDArray[np.int64]]:
    """Returns the sample ids, and content numbers that are equal for copies of one frame, both of shape (N,)."""
    ids: list[NDArray[np.bytes_]] = []
    contents: list[NDArray[np.bytes_]] = []
    rows = read_manifest(store.path)
    names = next(rows)
    sample, digest, frame = (names.index(name) for name in ("sample_id", "source_sha256", "frame"))
    while chunk := list(islice(rows, ROWS)):
        ids.append(to_bytes(row[sample] for row in chunk))
        contents.append(to_bytes(f"{row[digest][-DIGEST:]} {row[frame]}" for row in chunk))
    return np.concatenate(ids), number(np.concatenate(contents))


def to_bytes(texts: Iterable[str]) -> NDArray[np.bytes_]:
    """Returns texts as UTF-8 bytes, shape (N,): one byte for most letters, where NumPy strings take four."""
    return np.array([text.encode("utf-8", "surrogateescape") for text in texts], np.bytes_)


def number(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Returns a number from 0 for every value, shape (N,): equal for equal values."""
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def count_divided(parts: NDArray[np.generic], values: NDArray[np.generic]) -> int:
    """Returns the number of parts that hold more than one value, from arrays of shape (N,).

    Example:
        >>> count_divided(np.array(["a", "a", "b", "b"]), np.array([1, 2, 3, 3]))
        1
    """
    codes = number(values)
    pairs = np.unique(number(parts) * (codes.max(initial=0) + 1) + codes)
    return int((np.bincount(pairs // (codes.max(initial=0) + 1)) > 1).sum())


def find_ids(
    path: Path, ids: NDArray[np.bytes_], order: NDArray[np.int64], wanted: NDArray[np.bytes_]
) -> NDArray[np.int64]:
    """Returns the positions of some sample ids, shape (K,).

    Args:
        path: File that names them, for messages.
        ids: All sample ids, shape (N,).
        order: Positions that sort them, shape (N,).
        wanted: Ids to look for, shape (K,).

    Raises:
        UserError: One is not in the store.
    """
    found = order[np.searchsorted(ids, wanted, sorter=order).clip(max=len(order) - 1)]
    if (ids[found] != wanted).any():
        raise UserError(f"{path} is damaged: it names images that are not in the store. {RESTORE}")
    return found


def read_pairs(path: Path, ids: NDArray[np.bytes_]) -> Pairs:
    """Returns the table of duplicates, given the sample ids of the store, shape (N,); no pairs if it is missing."""
    order, relations = np.argsort(ids), dict[str, int]()
    parts = [np.empty((3, 0), np.int64)]
    if path.exists():
        rows = read_csv(path, ("first", "second", "relation"))
        while chunk := list(islice(rows, ROWS)):
            ends = (to_bytes(row[name] for row in chunk) for name in ("first", "second"))
            one, other = (find_ids(path, ids, order, end) for end in ends)
            relation = [relations.setdefault(row["relation"], len(relations)) for row in chunk]
            parts.append(np.stack([one, other, np.array(relation, np.int64)]))
    first, second, relation = np.concatenate(parts, axis=1)
    return Pairs(first, second, relation, tuple(relations))
