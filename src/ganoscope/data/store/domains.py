"""The two domains of a translation: two classes of one store, or two stores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse

HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Domain:
    """One side of a translation.

    Attributes:
        name: Of its class, or of its store, with A or B after it where both stores are called the same.
        store: Where its images are.
        members: Whether each image of the store belongs to it, shape (N,), bool.
    """

    name: str
    store: Store
    members: NDArray[np.bool_]

    def indices(self, *parts: str) -> NDArray[np.int64]:
        """Returns the positions in the store of the domain's images in some parts, such as `train`."""
        found = self.store.indices(*parts)
        return found[self.members[found]]


def open_domains(
    store: Store, names: Sequence[str] | None = None, target: Store | None = None
) -> tuple[Domain, Domain]:
    """Returns domains A and B.

    Args:
        store: Holds both as classes, or A alone where there is a `target`.
        names: Of the two classes, A first; may be left out of a store that has just two.
        target: Store that is domain B as a whole.

    Raises:
        UserError: The classes are not there, the stores are one and the same or differ in size or intensity, a domain
            has no training images, or an image or a patient is in training in one domain and held out in the other.
    """
    if target is None:
        domains = split_by_class(store, names)
    else:
        if names:
            given = " ".join(names)
            raise UserError(f"--domains with --target-store: got {given}; allowed: one of both. Leave --domains out.")
        refuse(list_differences(store, target))
        endings = (" A", " B") if store.name == target.name else ("", "")
        domains = whole(store, endings[0]), whole(target, endings[1])
    refuse([fault for domain in domains for fault in list_empty(domain)] + list_leaks(*domains))
    return domains


def whole(store: Store, ending: str) -> Domain:
    """Returns a domain of all images of a store, called as the store is, with an ending."""
    return Domain(store.name + ending, store, np.ones(store.count, np.bool_))


def split_by_class(store: Store, names: Sequence[str] | None) -> tuple[Domain, Domain]:
    """Returns two classes of a store as domains."""
    labels = store.column("label")
    known = sorted(set(labels.tolist()) - {""})
    chosen = tuple(names or known)
    if len(chosen) != 2 or chosen[0] == chosen[1] or not set(chosen) <= set(known):
        listed = ", ".join(known) or "the store has no labels"
        remedy = "Name two of them, domain A first: --domains A B; or give a second store with --target-store."
        raise UserError(describe("two classes to translate between are needed", " ".join(chosen), listed, remedy))
    first, second = (Domain(name, store, labels == name) for name in chosen)
    return first, second


def list_differences(store: Store, target: Store) -> list[str]:
    """Returns why two stores can't be two domains."""
    if store.fingerprint == target.fingerprint:
        remedy = "Name the store of the other domain; two classes of one store are --domains A B."
        return [describe("--target-store is the store of domain A", target.name, "another store", remedy)]
    remedy = "Prepare both with the same options."
    return [
        describe(f"the two stores differ in {name}", f"{one} and {other}", "equal", remedy)
        for name, one, other in (
            ("size", store.size, target.size),
            ("intensity", store.intensity, target.intensity),
            ("modality", store.modality, target.modality),
        )
        if one != other
    ]


def list_empty(domain: Domain) -> list[str]:
    """Returns whether a domain has no training images."""
    if len(domain.indices("train")):
        return []
    return [describe(f"domain {domain.name} has no training images", 0, "1 or more", "Prepare a store with some.")]


def list_leaks(a: Domain, b: Domain) -> list[str]:
    """Returns which images or patients are trained on in one domain and held out in the other.

    Stores prepared apart have pseudonyms of their own, by which a patient in both can't be recognised; copies of an
    image can.
    """
    faults = []
    for column, what in (("sample_id", "images"), ("patient", "patients")):
        shared = {
            value
            for one, other in ((a, b), (b, a))
            for value in set(select(one, column, "train")) & set(select(other, column, *HELD_OUT))
        } - {""}
        if shared:
            fault = f"{what} trained on in one domain and held out in the other"
            remedy = "Prepare both domains as classes of one store: it keeps every patient on one side."
            faults.append(describe(fault, len(shared), "0", remedy))
    return faults


def select(domain: Domain, column: str, *parts: str) -> list[str]:
    """Returns a column of the manifest for a domain's images in some parts."""
    values: list[str] = domain.store.column(column)[domain.indices(*parts)].tolist()
    return values
