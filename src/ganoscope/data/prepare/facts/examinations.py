"""Examinations that hold images together: identifiers that the files of one patient alone may share.

A study under two patient ids is one person's, whose images must not be in two splits. A constant that an anonymiser
wrote into all files is told apart by the share of the patients that bear it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.checks.store_tables import SharedIds
from ganoscope.data.dicom.attributes import SHARED_IDS
from ganoscope.data.prepare.grouping import Columns, join_groups
from ganoscope.data.store.columns import number

MOST_SHARE, MOST_PATIENTS = 0.5, 3
"""An identifier that this share of the patients, and this many of them, bear is a constant."""


@dataclass(frozen=True)
class Bearers:
    """Who bears the identifiers of one kind, of which there are K.

    Attributes:
        images: Indices of the images that bear one, shape (M,).
        ids: Number of the identifier of each, shape (M,).
        patients: Number of patients that bear each identifier, shape (K,).
        stated: Number of those of them that the user states, shape (K,).
        constant: Whether the identifier means nothing, shape (K,).
    """

    images: NDArray[np.int64]
    ids: NDArray[np.int64]
    patients: NDArray[np.int64]
    stated: NDArray[np.int64]
    constant: NDArray[np.bool_]

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Identifiers of several patients, according to the user, shape (K,)."""
        return ~self.constant & (self.stated > 1)

    @property
    def joined(self) -> NDArray[np.bool_]:
        """Identifiers under several patient ids that stand for one person, shape (K,)."""
        return ~self.constant & (self.patients > 1) & ~self.apart


def find_examinations(columns: Columns) -> tuple[NDArray[np.int64], SharedIds]:
    """Returns the number of each image's examination, shape (N,), and the identifiers that several patients share.

    Args:
        columns: Columns of all images.
    """
    count = len(columns.patient)
    kinds = {name: find_bearers(columns, index) for index, name in enumerate(SHARED_IDS)}
    concerned = [columns.patient[kind.images[(kind.joined | kind.apart)[kind.ids]]] for kind in kinds.values()]
    shared = SharedIds(
        joined={name: int(kind.joined.sum()) for name, kind in kinds.items() if kind.joined.any()},
        apart={name: int(kind.apart.sum()) for name, kind in kinds.items() if kind.apart.any()},
        patients=int((np.unique(np.concatenate(concerned)) >= 0).sum()),
        constants={name: most for name, kind in kinds.items() if (most := int(kind.patients[kind.constant].sum()))},
    )
    parts = [join_bearers(kind, count) for kind in kinds.values() if len(kind.images)]
    return join_groups(np.arange(count), *parts).astype(np.int64), shared


def find_bearers(columns: Columns, kind: int) -> Bearers:
    """Returns who bears the identifiers of one kind.

    Args:
        columns: Columns of all images.
        kind: Index into `SHARED_IDS`.
    """
    images = np.flatnonzero(columns.shared_ids[:, kind])
    ids = number(columns.shared_ids[images, kind])
    patient, stated = columns.patient[images], columns.stated[images]
    patients = count_different(ids, patient, patient >= 0)
    units = np.where(columns.patient >= 0, columns.patient, columns.patient.max(initial=-1) + 1 + columns.volume)
    bearing = count_different(ids, units[images])
    many = (patients >= MOST_PATIENTS) & (patients >= MOST_SHARE * len(np.unique(patient[patient >= 0])))
    everywhere = (bearing >= MOST_PATIENTS) & (bearing == len(np.unique(units)))
    return Bearers(
        images, ids, patients, count_different(ids, patient, (patient >= 0) & stated), np.asarray(many | everywhere)
    )


def count_different(
    parts: NDArray[np.int64], values: NDArray[np.int64], counted: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Returns the number of different values of each part, shape (K,).

    Args:
        parts: Number of the part of each value, from 0 to K - 1, shape (M,).
        values: Values from 0, shape (M,).
        counted: Which values count, shape (M,); all by default.

    Example:
        >>> count_different(np.array([0, 0, 1]), np.array([4, 5, 5])).tolist()
        [2, 1]
    """
    chosen = slice(None) if counted is None else counted
    most = values.max(initial=0) + 1
    pairs = np.unique(parts[chosen] * most + values[chosen])
    return np.bincount(pairs // most, minlength=int(parts.max(initial=-1)) + 1)


def join_bearers(kind: Bearers, count: int) -> NDArray[np.int64]:
    """Returns a partition, shape (N,), whose parts are the images that share an identifier that means something.

    Args:
        kind: Who bears the identifiers.
        count: Number N of images.
    """
    taken = ~(kind.constant | kind.apart)[kind.ids]
    partition = np.arange(count)
    partition[kind.images[taken]] = count + kind.ids[taken]
    return partition
