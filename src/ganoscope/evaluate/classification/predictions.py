"""A classifier's predictions for the images of each split, with all measurements of them, as files.

`metrics.json` and `predictions.csv` are for readers; `predictions.npz` holds predictions in full precision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import RECORD, SCHEMA_VERSION, ClassifierRecord
from ganoscope.data.arrays import load_arrays, save_arrays
from ganoscope.data.store import Store
from ganoscope.errors import UserError
from ganoscope.evaluate.classification.calibration import apply_temperature
from ganoscope.evaluate.classification.curve_points import SplitCurves, compute_curves
from ganoscope.evaluate.classification.metrics import (
    CLASS_METRICS,
    METRICS,
    Metric,
    Predictions,
    SplitScores,
    to_json,
)
from ganoscope.files import save_json
from ganoscope.files.records import convert, load_mapping, misfit, reading
from ganoscope.files.tables import save_csv

SCORED = ("validation", "test")
FORMER_KEY = "parts"
"""Key of the splits in `metrics.json` until version 0.1."""
REMEDY = "Train the classifier again, into a new folder."
ROUNDING = 1e-6
"""How far rounding may lift a probability above 1."""
ARRAYS = ("sample_ids", "codes", "probabilities", "uncalibrated")
"""Arrays of `Predictions` in `predictions.npz`, by split; groups, which may be patients, stay in the store."""


@dataclass(frozen=True)
class SplitResults:
    """Everything about one split.

    Attributes:
        indices: Positions of the images in the store, shape (N,).
        predictions: Predictions for these images.
        scores: Metrics with intervals.
        curves: Points of curves.
    """

    indices: NDArray[np.int64]
    predictions: Predictions
    scores: SplitScores
    curves: SplitCurves


def make_predictions(
    store: Store,
    split: str,
    scored: tuple[NDArray[np.int64], NDArray[np.int64]],
    outputs: tuple[NDArray[np.float32], float],
    classes: tuple[str, ...],
) -> Predictions:
    """Returns a classifier's predictions for one split.

    Args:
        store: Store of the images.
        split: Name of the split.
        scored: (Positions of its images in the store, their label codes), both of shape (N,).
        outputs: (Logits of shape (N, K), temperature).
        classes: Names of the classes.
    """
    (indices, codes), (logits, temperature) = scored, outputs
    return Predictions(
        split=split,
        sample_ids=store.column("sample_id")[indices],
        codes=codes,
        groups=store.column("group")[indices],
        probabilities=apply_temperature(logits, temperature),
        uncalibrated=apply_temperature(logits, 1.0),
        classes=classes,
    )


def save_results(
    run: Path,
    predictions: Mapping[str, Predictions],
    scores: Mapping[str, SplitScores],
    indices: Mapping[str, NDArray[np.int64]],
    temperature: float,
) -> None:
    """Writes `metrics.json`, `predictions.csv` and `predictions.npz`.

    Args:
        run: Folder of the classifier.
        predictions: Predictions by the name of the split.
        scores: Metrics by the name of the split.
        indices: Positions of the images in the store by the name of the split, each of shape (N,).
        temperature: Divisor of the logits.
    """
    splits = {split: to_json(one) for split, one in scores.items()}
    save_json(run / "metrics.json", {"schema_version": SCHEMA_VERSION, "temperature": temperature, "splits": splits})
    save_table(run / "predictions.csv", predictions)
    arrays: dict[str, NDArray[Any]] = {}
    for split, one in predictions.items():
        arrays |= {f"{split}/indices": indices[split], f"{split}/classes": np.array(one.classes, np.str_)}
        arrays |= {f"{split}/{name}": getattr(one, name) for name in ARRAYS}
    save_arrays(run / "predictions.npz", arrays)


def save_table(path: Path, predictions: Mapping[str, Predictions]) -> None:
    """Writes the predictions of all splits as a CSV table, probabilities with six digits."""
    classes = next(iter(predictions.values())).classes
    columns = ["sample_id", "split", "label", "prediction", *(f"probability {label}" for label in classes)]
    rows = (
        dict(zip(columns, [sample_id, one.split, classes[code], classes[said], *map(write_digits, row)], strict=True))
        for one in predictions.values()
        for sample_id, code, said, row in zip(
            one.sample_ids.tolist(), one.codes, one.predicted, one.probabilities.tolist(), strict=True
        )
    )
    save_csv(path, columns, rows)


def write_digits(probability: float) -> str:
    """Returns a probability with six digits.

    Example:
        >>> write_digits(1 / 3)
        '0.333333'
    """
    return f"{probability:.6g}"


def load_results(run: Path, store: Store) -> dict[str, SplitResults]:
    """Returns the results written by `save_results`, by the name of the split.

    Args:
        run: Folder of the classifier.
        store: Store that it learned from.

    Raises:
        UserError: A file is missing or damaged, or is about another store.
    """
    with reading(run / "metrics.json"):
        content = load_mapping(run / "metrics.json")
        recorded = content["splits"] if "splits" in content else content[FORMER_KEY]
        scored = {split: restore_scores(one) for split, one in recorded.items()}
        refuse_other_splits(list(scored))
    with reading(run / "predictions.npz"):
        shapes = {f"{split}/{name}": shape for split in scored for name, shape in name_shapes(split).items()}
        arrays = load_arrays(run / "predictions.npz", REMEDY, shapes)
        return {
            split: restore_results(arrays, split, scores, restore_predictions(run, store, arrays, split))
            for split, scores in scored.items()
        }


def restore_results(
    arrays: Mapping[str, NDArray[Any]], split: str, scores: SplitScores, predictions: Predictions
) -> SplitResults:
    """Returns everything about one split.

    Args:
        arrays: Content of `predictions.npz`, shapes as in `Predictions`.
        split: Name of the split.
        scores: Its scores.
        predictions: Its predictions.

    Raises:
        ValueError: Scores and predictions have other classes.
    """
    if list(predictions.classes) != list(scores.counts):
        raise ValueError(f"it has the classes {', '.join(predictions.classes)}, not {', '.join(scores.counts)}")
    return SplitResults(arrays[f"{split}/indices"], predictions, scores, compute_curves(predictions))


def name_shapes(split: str) -> dict[str, str]:
    """Returns the shapes of the arrays in `predictions.npz` of one split, for `load_arrays`: images of it, classes."""
    images = f"N-{split}"
    columns = {"indices": "number", "sample_ids": "text", "codes": "number"}
    tables = dict.fromkeys(("probabilities", "uncalibrated"), f"number {images} K")
    return {**{name: f"{kind} {images}" for name, kind in columns.items()}, "classes": "text K", **tables}


def refuse_other_splits(names: list[str]) -> None:
    """Refuses names of splits that are not written, or none.

    Raises:
        ValueError: A name is unknown, or there is none.
    """
    if not names or not set(names) <= set(SCORED):
        raise ValueError(f"it has the splits {', '.join(names)}, not some of {', '.join(SCORED)}")


def restore_predictions(run: Path, store: Store, arrays: Mapping[str, NDArray[Any]], split: str) -> Predictions:
    """Returns the predictions for one split.

    Args:
        run: Folder of the classifier.
        store: Store that it learned from.
        arrays: Content of `predictions.npz`, shapes as in `Predictions`.
        split: Name of the split.

    Raises:
        UserError: They are about another store.
        ValueError: They are no predictions.
    """
    refuse_other_numbers(arrays, split)
    indices = arrays[f"{split}/indices"]
    if indices.max() >= store.count or (store.column("sample_id")[indices] != arrays[f"{split}/sample_ids"]).any():
        raise UserError(f"predictions in {run} are about another store than {store.path}. Name the classifier's own.")
    return Predictions(
        split=split,
        groups=store.column("group")[indices],
        classes=tuple(arrays[f"{split}/classes"].tolist()),
        **{name: arrays[f"{split}/{name}"] for name in ARRAYS},
    )


def refuse_other_numbers(arrays: Mapping[str, NDArray[Any]], split: str) -> None:
    """Refuses numbers of classes that are not there, and probabilities that are none.

    Args:
        arrays: Content of `predictions.npz`, shapes as in `Predictions`.
        split: Name of the split.

    Raises:
        ValueError: There are some.
    """
    ranges = {"codes": len(arrays[f"{split}/classes"]) - 1, "probabilities": 1 + ROUNDING, "uncalibrated": 1 + ROUNDING}
    for name, most in ranges.items():
        values = arrays[f"{split}/{name}"]
        if not ((values >= 0) & (values <= most)).all():
            raise ValueError(f"{split}/{name} holds numbers beside 0 to {most:g}")


def restore_own(record: ClassifierRecord) -> SplitScores | None:
    """Returns a classifier's metrics on the test split of its own store; None where that split could not be scored."""
    with reading(Path(RECORD)):
        return restore_scores(record.metrics) if record.metrics else None


def restore_scores(content: Mapping[str, Any]) -> SplitScores:
    """Returns the scores that `metrics.to_json` described.

    Raises:
        MisfitError: A value is of another type or shape.
    """
    counts = convert(dict[str, int], content["counts"], "counts")
    confusion = np.array(convert(list[list[int]], content["confusion"], "confusion"), np.int64)
    if confusion.shape != (len(counts), len(counts)):
        raise misfit("confusion", confusion.shape, "a row and a column per class")
    return SplitScores(
        counts=counts,
        groups=convert(int, content["groups"], "groups"),
        metrics=restore_metrics(content["metrics"], METRICS, "metrics"),
        by_class={label: restore_metrics(content["by_class"][label], CLASS_METRICS, label) for label in counts},
        confusion=confusion,
    )


def restore_metrics(content: object, names: Iterable[str], place: str) -> dict[str, Metric]:
    """Returns metrics by name.

    Args:
        content: Metrics as JSON values.
        names: The metrics that there must be.
        place: Name of the field that holds them.

    Raises:
        MisfitError: A value is of another type.
        KeyError: A metric is missing.
    """
    found = convert(dict[str, Metric], content, place)
    return {name: found[name] for name in names}
