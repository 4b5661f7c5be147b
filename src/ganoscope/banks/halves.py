"""Random halves of the patients: who is in which model of a bank."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.seeds import Stream, stream


@dataclass(frozen=True)
class Patients:
    """The patients of a store, or groups of near-duplicates where patients are not known.

    Attributes:
        groups: Group of each image, as a number from 0, shape (N,).
        strata: Stratum of each group, shape (G,): groups with images of the same classes share one.
    """

    groups: NDArray[np.int64]
    strata: NDArray[np.int64]

    @property
    def count(self) -> int:
        """Number of groups."""
        return len(self.strata)


def find_patients(store: Store) -> Patients:
    """Returns the patients of all images of a store, whatever their split."""
    names, groups = np.unique(store.column("group"), return_inverse=True)
    classes, codes = np.unique(store.column("label"), return_inverse=True)
    shown = np.zeros((len(names), len(classes)), bool)
    shown[groups, codes] = True
    strata = np.unique(shown, axis=0, return_inverse=True)[1].reshape(-1)
    return Patients(groups.astype(np.int64), strata.astype(np.int64))


def divide(patients: Patients, seed: int, pair: int) -> NDArray[np.bool_]:
    """Returns which groups the first model of a pair learns from, shape (G,); the second one learns from all others.

    Groups of a stratum are paired at random, and chance decides which one of two goes where; so are those that are left
    over in their strata, and the last one. Each group has the same chance to be in either half, whatever its size, and
    halves have the same number of groups, or differ by one.

    Args:
        patients: The patients.
        seed: Random seed of the bank.
        pair: Number of the pair of models.

    Example:
        >>> four = Patients(np.arange(4), np.array([0, 0, 1, 1]))
        >>> first = divide(four, seed=0, pair=0)
        >>> bool(first[0] != first[1]), bool(first[2] != first[3])
        (True, True)
    """
    rng = stream(seed, Stream.BANK_HALVES, pair)
    order = rng.permutation(patients.count)
    paired, left = [], []
    for stratum in np.unique(patients.strata):
        members = order[patients.strata[order] == stratum]
        even = len(members) // 2 * 2
        paired.append(members[:even])
        left.append(members[even:])
    others = rng.permutation(np.concatenate(left))
    even = len(others) // 2 * 2
    pairs = np.concatenate([*paired, others[:even]]).reshape(-1, 2)
    first = np.zeros(patients.count, bool)
    first[pairs[:, 0]] = True  # they are in a random order
    first[others[even:]] = rng.integers(2) == 1
    return first


def draw_half(patients: Patients, seed: int, model: int) -> NDArray[np.bool_]:
    """Returns which images a model learns from, shape (N,).

    Args:
        patients: The patients.
        seed: Random seed of the bank.
        model: Number of the model; 2j and 2j + 1 learn from the two halves of division j.
    """
    first = divide(patients, seed, model // 2)
    return (first if model % 2 == 0 else ~first)[patients.groups]


def draw_halves(patients: Patients, seed: int, models: int) -> Iterator[NDArray[np.bool_]]:
    """Yields for every model which images it learns from, shape (N,) each.

    Args:
        patients: The patients.
        seed: Random seed of the bank.
        models: Number of models.
    """
    for model in range(models):
        yield draw_half(patients, seed, model)
