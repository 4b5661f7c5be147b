"""The two domains of an image translation: two classes of one store, or two stores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe, refuse

HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Domain:
    """One domain of an image translation.

    Attributes:
        name: Name of the class or store, followed by A or B if both stores have the same name.
        store: Store with its images.
        members: Whether each image of the store belongs to the domain, shape (N,), bool.
    """

    name: str
    store: Store
    members: NDArray[np.bool_]

    def indices(self, *parts: str) -> NDArray[np.int64]:
        """Returns the store indices of the domain's images in the given splits, such as `train`, shape (B,)."""
        found = self.store.indices(*parts)
        return found[self.members[found]]


def open_domains(
    store: Store, names: Sequence[str] | None = None, target: Store | None = None
) -> tuple[Domain, Domain]:
    """Returns domains A and B.

    Args:
        store: Store with both domains as classes, or with domain A if there is a `target`.
        names: Names of the two classes, A first; optional for a store with exactly two.
        target: Store that is domain B.

    Raises:
        UserError: A class is missing, the stores are identical or differ in size or intensity, a domain has no training
            images, or an image or patient is in training in one domain and held out in the other.
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
    """Returns a domain of all images of a store, named after the store plus an ending."""
    return Domain(store.name + ending, store, np.ones(store.count, np.bool_))


def split_by_class(store: Store, names: Sequence[str] | None) -> tuple[Domain, Domain]:
    """Returns two classes of a store as domains.

    Raises:
        UserError: There are not exactly two different classes.
    """
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
    """Returns the reasons why two stores can't be used as two domains."""
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
    """Returns a fault if a domain has no training images."""
    if len(domain.indices("train")):
        return []
    return [describe(f"domain {domain.name} has no training images", 0, "1 or more", "Prepare a store with some.")]


def list_leaks(a: Domain, b: Domain) -> list[str]:
    """Returns faults for images or patients that are trained on in one domain and held out in the other.

    Separately prepared stores use different pseudonyms, so a patient in both can't be recognised; copies of an image
    can.
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
    """Returns a column of the manifest for a domain's images in the given splits."""
    values: list[str] = domain.store.column(column)[domain.indices(*parts)].tolist()
    return values
