"""Sizes of splits: held-out splits too small or too uniform to score anything, and few training images."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganoscope.alarms import Alarm, Check
from ganoscope.data.checks.store_tables import StoreTables

FEW_IMAGES = 200
"""With fewer training images a GAN is likely to memorise them."""
FEW_OF_CLASS = 10
"""With fewer held-out images of a class, scores on it are unreliable."""
FEW_GROUPS = 5
"""With fewer independent groups in a held-out split, its scores describe only a few persons."""
HELD_OUT = ("validation", "test")


def list_held_out(tables: StoreTables) -> tuple[str, ...]:
    """Returns the held-out splits that a store should have: test alone in a store for external validation."""
    return ("test",) if tables.test_only else HELD_OUT


def find_single_class_splits(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm for each held-out split of a single class in a store of several."""
    known = tables.columns["label"] != ""
    splits, labels = tables.columns["split"][known], tables.columns["label"][known]
    if len(np.unique(labels)) < 2:
        return
    groups = count_groups(labels, tables.groups[known])
    for split in list_held_out(tables):
        inside = set(labels[splits == split].tolist())
        if len(inside) < 2:
            others = ", ".join(f"{name}: {count}" for name, count in groups.items() if name not in inside)
            yield Alarm(
                "single_class_split",
                "danger",
                f"the {split} split contains a single class: accuracy and precision on it are meaningless. Independent "
                f"groups (patients, volumes or clusters of near-duplicates) of the other classes in all: {others}.",
                {"split": split},
            )


def find_missing_classes(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when a held-out split lacks a class because too few independent groups have it."""
    splits, labels, groups = tables.columns["split"], tables.columns["label"], tables.groups
    inside = {split: set(labels[(splits == split) & (labels != "")].tolist()) for split in list_held_out(tables)}
    missing = [
        f"{name} in {split} ({count} in all)"
        for name, count in count_groups(labels, groups).items()
        for split, found in inside.items()
        if len(found) > 1 and name not in found  # see also `find_single_class_splits`
    ]
    if missing:
        yield Alarm(
            "missing_classes",
            "warning",
            f"held-out splits lack classes: {', '.join(missing)} independent groups (patients, volumes or clusters of "
            "near-duplicates). A class is in every split from three groups on, unless the source states the splits.",
            {"splits": missing},
        )


def find_untrained_classes(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when the training split lacks a class of the store."""
    splits, labels = tables.columns["split"], tables.columns["label"]
    trained = set(labels[splits == "train"].tolist())
    counts = count_groups(labels, tables.groups)
    lacking = [f"{name} ({count})" for name, count in counts.items() if name not in trained]
    if lacking and not tables.test_only:
        yield Alarm(
            "untrained_classes",
            "danger",
            f"the training split has no image of {', '.join(lacking)}; in brackets, independent groups (patients, "
            "volumes or clusters of near-duplicates) in all. Nothing can learn such a class. Add patients of it, or "
            "leave it out.",
            {"classes": lacking},
        )


def find_thin_classes(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when a held-out split has too few images of a class to score it."""
    splits, labels = tables.columns["split"], tables.columns["label"]
    names = np.unique(labels[labels != ""])
    counts = {
        (split, label): int(((splits == split) & (labels == label)).sum())
        for split in list_held_out(tables)
        for label in names
    }
    thin = [f"{count} {label} in {split}" for (split, label), count in counts.items() if count < FEW_OF_CLASS]
    if len(names) >= 2 and thin:
        message = f"few held-out images of some classes: {', '.join(thin)}. Scores on those classes depend on chance."
        yield Alarm("thin_classes", "warning", message, {"splits": thin})


def find_few_groups(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when a held-out split, or a class of it with enough images, consists of a few groups."""
    splits, labels, groups = tables.columns["split"], tables.columns["label"], tables.groups
    several, thin = len(np.unique(labels[labels != ""])) > 1, []
    for split in list_held_out(tables):
        inside = splits == split
        if (count := len(np.unique(groups[inside]))) < FEW_GROUPS:
            thin.append(f"{count} in {split}")
        elif several:
            counts = count_groups_of_classes(labels[inside], groups[inside])
            thin += [f"{count} of {name} in {split}" for name, count in counts.items() if count < FEW_GROUPS]
    if thin:
        yield Alarm(
            "few_groups",
            "warning",
            f"few independent groups (patients, volumes or clusters of near-duplicates) are held out: "
            f"{', '.join(thin)}. Scores there describe only those few; use intervals over groups.",
            {"splits": thin},
        )


def count_groups_of_classes(labels: NDArray[np.str_], groups: NDArray[np.int64]) -> dict[str, int]:
    """Returns the number of groups of each class with enough images; `find_thin_classes` reports the others.

    Args:
        labels: Class of each image of a split, shape (N,).
        groups: Group of each image, shape (N,).
    """
    names, images = np.unique(labels[labels != ""], return_counts=True)
    enough = set(names[images >= FEW_OF_CLASS].tolist())
    return {name: count for name, count in count_groups(labels, groups).items() if name in enough}


def count_groups(labels: NDArray[np.str_], groups: NDArray[np.int64]) -> dict[str, int]:
    """Returns the number of groups of each class, from arrays of shape (N,)."""
    return {name: len(np.unique(groups[labels == name])) for name in np.unique(labels[labels != ""]).tolist()}


def find_few_images(tables: StoreTables) -> Iterator[Alarm]:
    """Yields an alarm when the training split is so small that a GAN may simply memorise it."""
    count = int((tables.columns["split"] == "train").sum())
    if count < FEW_IMAGES and not tables.test_only:
        yield Alarm(
            "few_images",
            "warning",
            f"only {count} training images: a GAN may memorise them, and no metric on so few is reliable.",
            {"images": count},
        )


CHECKS = (
    Check(("single_class_split",), "held-out splits with a single class", find_single_class_splits, rank=120),
    Check(("missing_classes",), "classes that a held-out split lacks", find_missing_classes, rank=125),
    Check(("untrained_classes",), "classes that the training split lacks", find_untrained_classes, rank=122),
    Check(
        ("thin_classes",), "few held-out images of a class", find_thin_classes, f"fewer than {FEW_OF_CLASS}", rank=130
    ),
    Check(("few_groups",), "few independent groups held out", find_few_groups, f"fewer than {FEW_GROUPS}", rank=140),
    Check(("few_images",), "few training images", find_few_images, f"fewer than {FEW_IMAGES}", rank=150),
)
