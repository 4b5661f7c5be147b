"""Subgroups of the images that a classifier was measured on, and its metrics on each, with intervals over patients."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import Metric, Predictions, SplitScores, score

KINDS = ("view", "modality", "folder")
"""Columns of the manifest whose values are subgroups, beside the classes."""
LEAST_IMAGES = 10
"""Smallest subgroup that is measured."""
MEASURED = ("auroc", "sensitivity", "specificity", "accuracy")
COLUMNS = (
    *("kind", "subgroup", "images", "groups"),
    *(f"{name}{end}" for name in MEASURED for end in ("", "_low", "_high")),
)
"""Columns of `subgroups.csv`."""


def find_subgroups(predictions: Predictions, store: Store) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yields (column, value, which images have it, shape (N,)) of each subgroup with enough images.

    A column of which all images have one value has no subgroups.

    Args:
        predictions: Predictions for N images of the store.
        store: Store of the images.
    """
    places = {name: place for place, name in enumerate(store.column("sample_id").tolist())}
    positions = np.array([places[name] for name in predictions.sample_ids.tolist()])
    for kind in KINDS:
        found = store.column(kind)[positions]
        for name in np.unique(found[found != ""]).tolist() if len(np.unique(found)) > 1 else ():
            own = found == name
            if own.sum() >= LEAST_IMAGES:
                yield kind, name, own


def score_subgroups(
    predictions: Predictions, scores: SplitScores, store: Store, seed: int
) -> Iterator[dict[str, object]]:
    """Yields a row of `COLUMNS` for each class against the rest, then for each subgroup of the images.

    Args:
        predictions: Predictions for images of the store.
        scores: Their metrics.
        store: Store of the images.
        seed: Seed of the resampling.
    """
    for code, label in enumerate(predictions.classes):
        of_class = scores.by_class[label]
        metrics = {**{name: of_class[name] for name in MEASURED[:-1]}, "accuracy": of_class["sensitivity"]}
        yield make_row("class", label, predictions.groups[predictions.codes == code], metrics)
    for kind, name, own in find_subgroups(predictions, store):
        part = score(choose(predictions, own), seed)
        yield make_row(kind, name, predictions.groups[own], {metric: part.metrics[metric] for metric in MEASURED})


def choose(predictions: Predictions, own: NDArray[np.bool_]) -> Predictions:
    """Returns the predictions for some of the images, which shape (N,) tells."""
    names = ("sample_ids", "codes", "groups", "probabilities", "uncalibrated")
    return replace(predictions, **{name: getattr(predictions, name)[own] for name in names})


def make_row(kind: str, name: str, groups: NDArray[np.str_], metrics: dict[str, Metric]) -> dict[str, object]:
    """Returns a row of `COLUMNS`; what is not defined is empty.

    Args:
        kind: Column of the manifest, or `class`.
        name: Value of that column.
        groups: Groups of the images of the subgroup, shape (M,).
        metrics: Its metrics by name.
    """
    cells = {
        f"{metric}{end}": "" if np.isnan(number) else f"{number:.6g}"
        for metric, found in metrics.items()
        for end, number in (("", found.value), ("_low", found.low), ("_high", found.high))
    }
    return {"kind": kind, "subgroup": name, "images": len(groups), "groups": len(np.unique(groups)), **cells}
