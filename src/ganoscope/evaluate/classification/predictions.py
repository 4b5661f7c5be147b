"""Predictions of a classifier on each part, calibrated on the validation part, and their tables."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganoscope.classifiers.trained import SCHEMA_VERSION
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.calibration import apply_temperature
from ganoscope.evaluate.classification.metrics import PartScores, Predictions, to_json
from ganoscope.files import save_csv, save_json

PARTS = ("validation", "test")


def make_predictions(
    store: Store,
    split: str,
    scored: tuple[NDArray[np.int64], NDArray[np.int64]],
    outputs: tuple[NDArray[np.float32], float],
    classes: tuple[str, ...],
) -> Predictions:
    """Returns the predictions of a classifier on one part.

    Args:
        store: Store with the images.
        split: Name of the part.
        scored: Positions of its images, and their label codes, both of shape (N,).
        outputs: Logits, shape (N, K), and the temperature.
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
    run: Path, predictions: Mapping[str, Predictions], scores: Mapping[str, PartScores], temperature: float
) -> None:
    """Writes `metrics.json` and `predictions.csv`.

    Args:
        run: Folder of the run.
        predictions: Predictions by the name of the part, of one part or more.
        scores: Metrics by the name of the part.
        temperature: Temperature of the probabilities.
    """
    parts = {split: to_json(part) for split, part in scores.items()}
    save_json(run / "metrics.json", {"schema_version": SCHEMA_VERSION, "temperature": temperature, "parts": parts})
    classes = next(iter(predictions.values())).classes
    columns = ["sample_id", "split", "label", "prediction", *(f"probability {label}" for label in classes)]
    rows = (
        dict(zip(columns, [sample_id, one.split, classes[code], classes[said], *map(write_digits, row)], strict=True))
        for one in predictions.values()
        for sample_id, code, said, row in zip(
            one.sample_ids.tolist(), one.codes, one.predicted, one.probabilities.tolist(), strict=True
        )
    )
    save_csv(run / "predictions.csv", columns, rows)


def write_digits(probability: float) -> str:
    """Returns a probability with six digits.

    Example:
        >>> write_digits(1 / 3)
        '0.333333'
    """
    return f"{probability:.6g}"
