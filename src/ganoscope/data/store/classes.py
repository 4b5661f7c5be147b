"""Classes of the training images of a store, and their class codes."""

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.errors import UserError, describe


def count_classes(store: Store) -> dict[str, int]:
    """Returns the number of training images per class, in alphabetical order, which is that of the class codes.

    Empty if a training image has no label or all have the same: there is nothing to condition on.
    """
    labels = store.column("label")[store.indices("train")]
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < 2 or "" in names:
        return {}
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def encode_labels(labels: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Returns the class code of each label, shape (N,): its index in `classes`, or -1.

    Example:
        >>> encode_labels(np.array(["b", "a", ""]), ("a", "b")).tolist()
        [1, 0, -1]
    """
    codes = {name: code for code, name in enumerate(classes)}
    return np.array([codes.get(label, -1) for label in labels.tolist()], np.int64)


def refuse_test_only(store: Store, purpose: str) -> None:
    """Refuses a store without training images, such as one for external validation.

    Args:
        store: Store that something is to be learned from.
        purpose: What needs training images, such as `train`; begins the message.

    Raises:
        UserError: The store has no training images.
    """
    if not len(store.indices("train")):
        remedy = (
            "Name another store: this one is for evaluation, as by `ganoscope classify STORE OUT --classifier RUN`. "
            "Without --split test, prepare divides it."
        )
        given = f"0 in {store.path}, all of whose {store.count:,} images are held out (--split test)"
        raise UserError(describe(f"{purpose} needs training images", given, "1 or more", remedy))


def refuse_unlabelled(store: Store, purpose: str) -> None:
    """Refuses a store with unlabelled training images or fewer than two classes.

    Args:
        store: Training data.
        purpose: What needs the labels, such as `method cgan`; begins the message.

    Raises:
        UserError: A training image has no label, or there are fewer than two classes.
    """
    labels = store.column("label")[store.indices("train")]
    names = sorted(set(labels.tolist()) - {""})
    missing = int(np.sum(labels == ""))
    if missing or len(names) < 2:
        raise UserError(
            f"{purpose} needs the class of every training image: got {len(names)} classes"
            f"{f' ({names[0]})' if len(names) == 1 else ''}, {missing:,} of {len(labels):,} images without a label; "
            "allowed: 2 or more classes, 0 images without one. Prepare a store with labels (class folders, or a "
            "manifest with a column label), or choose a method that needs none."
        )
