"""Task that opens the held-out patients of one outer split, once, and tests all of its classifiers on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganoscope.data.arrays import save_arrays
from ganoscope.data.store import Store
from ganoscope.data.store.classes import encode_labels
from ganoscope.evaluate.classification.calibration import apply_temperature
from ganoscope.evaluate.classification.metrics import METRICS, Predictions, compute_confusion, compute_values
from ganoscope.evaluate.classification.subgroup_scores import find_subgroups
from ganoscope.files.tables import save_csv
from ganoscope.generators.same_store import open_same
from ganoscope.studies.evidence.held_out_answers import (
    SUBGROUP_METRICS,
    Mask,
    collect_changes,
    measure_changes,
    number_blocks,
)
from ganoscope.studies.families import find_family
from ganoscope.studies.result_files import (
    CHANGES,
    CHOSEN,
    COLUMNS,
    CONFUSION,
    EXTERNAL,
    HELD_OUT,
    PREDICTIONS,
    RESULTS,
    RUN,
    STORE,
    SUBGROUPS,
    SYNTHETIC,
    choose_trial,
)
from ganoscope.studies.steps.added_images import open_images

REVISIONS = {"evaluate_split": 3}


@dataclass(frozen=True)
class Tested:
    """A classifier to test.

    Attributes:
        arm: Its arm.
        family: Its family.
        seed: Number of its seed.
        trials: Folders of its trials' results; validation chooses one.
        seen_synthetic: Whether it may have learned from the synthetic images: it is not tested on them.
    """

    arm: str
    family: str
    seed: int
    trials: Sequence[Path]
    seen_synthetic: bool


def evaluate_split(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    classifiers: Sequence[Mapping[str, Any]],
    patients: int,
    external_fingerprint: str = "",
    external_splits: Sequence[str] = (),
    external: str = "",
) -> None:
    """Tests all classifiers of a split: results, subgroups, confusion matrices, predictions, changes without patients.

    Args:
        output: Folder of the results.
        inputs: `held_out`: the held-out patients; `synthetic`: images of the split's generator, where there are any;
            and the results of all trials, by the names in `classifiers`.
        classifiers: For each classifier `arm`, `family`, `seed`, `trials`: names of the results of its trials, and
            `seen_synthetic`.
        patients: Number of patients that the splits draw from.
        external_fingerprint: Fingerprint of the external store.
        external_splits: Its splits to test on.
        external: Store of other patients; "" for none.
    """
    stores = {HELD_OUT: Store.open(inputs["held_out"] / STORE)}
    if external:
        stores[EXTERNAL] = open_same(external, external_fingerprint, "study")
    if "synthetic" in inputs and (images := open_images(inputs["synthetic"])):
        stores[SYNTHETIC] = images
    rows: dict[str, list[dict[str, object]]] = {RESULTS: [], SUBGROUPS: [], CONFUSION: []}
    arrays: dict[str, NDArray[Any]] = {}
    changes = []
    for tested in (make_tested(one, inputs) for one in classifiers):
        trial, fitted = choose_trial(tested.trials)
        chosen = {"trial": tested.trials.index(trial), **{name: fitted[name] for name in CHOSEN}}
        for part, store in stores.items():
            if part == SYNTHETIC and tested.seen_synthetic:
                continue
            positions = store.indices(*external_splits) if part == EXTERNAL else np.arange(store.count)
            predictions = predict(tested, trial, store, part, positions)
            key = {"part": part, "arm": tested.arm, "family": tested.family, "seed": tested.seed}
            rows[RESULTS].append({**key, **chosen, **measure(predictions)})
            rows[CONFUSION] += [{**key, **cell} for cell in count_confusion(predictions)]
            arrays |= {f"{part}/{name}": getattr(predictions, name) for name in ("codes", "groups", "sample_ids")}
            arrays[f"{part}/{tested.arm}/{tested.family}/{tested.seed}"] = predictions.probabilities
            if part != SYNTHETIC:
                subgroups = list(find_subgroups(predictions, store))
                rows[SUBGROUPS] += [{**key, **row} for row in measure_subgroups(predictions, subgroups)]
                blocks = number_blocks(
                    predictions.groups, patients if part == HELD_OUT else len(np.unique(predictions.groups))
                )
                found = measure_changes(predictions, subgroups, blocks)
                changes.append((part, f"{tested.arm}/{tested.family}", blocks, found))
    for file, columns in COLUMNS.items():
        save_csv(output / file, columns, rows[file])
    save_arrays(output / PREDICTIONS, arrays)
    save_arrays(output / CHANGES, collect_changes(changes))


def make_tested(described: Mapping[str, Any], inputs: Mapping[str, Path]) -> Tested:
    """Returns a classifier to test.

    Args:
        described: What the task says about it.
        inputs: Results that the task needs, by name.
    """
    return Tested(**{**described, "trials": [inputs[name] for name in described["trials"]]})


def predict(tested: Tested, folder: Path, store: Store, part: str, positions: NDArray[np.int64]) -> Predictions:
    """Returns a classifier's predictions for those of some images of a store whose class it knows.

    Args:
        tested: The classifier.
        folder: Result of the trial that is used.
        store: Store of the images.
        part: What the store is.
        positions: Positions of the images, shape (N,).
    """
    logits, temperature, classes = find_family(tested.family).predict(folder / RUN, store, positions)
    codes = encode_labels(store.column("label")[positions], classes)
    known = np.flatnonzero(codes >= 0)
    return Predictions(
        split=part,
        sample_ids=store.column("sample_id")[positions[known]],
        codes=codes[known],
        groups=store.column("group")[positions[known]],
        probabilities=apply_temperature(logits[known], temperature),
        uncalibrated=apply_temperature(logits[known], 1.0),
        classes=classes,
    )


def measure(predictions: Predictions) -> dict[str, object]:
    """Returns the numbers of images and groups, and all metrics."""
    values = compute_values(predictions, np.ones((1, len(predictions.codes))))
    counts = {"images": len(predictions.codes), "groups": len(np.unique(predictions.groups))}
    return {**counts, **{name: float(values[name][0]) for name in METRICS}}


def count_confusion(predictions: Predictions) -> Iterator[dict[str, object]]:
    """Yields the cells of the confusion matrix."""
    matrix = compute_confusion(predictions, np.ones((1, len(predictions.codes))))[0].astype(int)
    for row, label in enumerate(predictions.classes):
        for column, prediction in enumerate(predictions.classes):
            yield {"label": label, "prediction": prediction, "images": int(matrix[row, column])}


def measure_subgroups(predictions: Predictions, subgroups: Sequence[Mask]) -> Iterator[dict[str, object]]:
    """Yields metrics of the images of each class, and of each view, modality and source folder with enough images.

    Args:
        predictions: Predictions for N images of a store.
        subgroups: Kind, name and members, shape (N,), of each.
    """
    right = predictions.predicted == predictions.codes
    values = compute_values(predictions, np.ones((1, len(right))))
    for code, label in enumerate(predictions.classes):
        own = predictions.codes == code
        by_class = {name: float(values[f"{name} {label}"][0]) for name in ("auroc", "sensitivity")}
        accuracy = float(right[own].mean()) if own.any() else np.nan
        yield {"kind": "class", "subgroup": label, "images": int(own.sum()), **by_class, "accuracy": accuracy}
    for kind, name, own in subgroups:
        part = compute_values(predictions, own[None].astype(np.float64))
        metrics = {metric: float(part[metric][0]) for metric in SUBGROUP_METRICS}
        yield {"kind": kind, "subgroup": name, "images": int(own.sum()), **metrics}
