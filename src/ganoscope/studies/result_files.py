"""Files that the tasks of a study write, and what is in their columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganoscope.evaluate.classification.metrics import METRICS
from ganoscope.files import load_json

STORE = "store"
"""Folder of the store in a task's result."""
RUN = "run"
"""Folder of what a task trained."""
FITTED, IMAGES = "fitted.json", "images.json"
"""Facts about a classifier, and about the images that an arm adds."""
RESULTS, SUBGROUPS, CONFUSION, PREDICTIONS = "results.csv", "subgroups.csv", "confusion.csv", "predictions.npz"
CHANGES = "patient_changes.npz"
"""How much every metric changes without each patient."""
KEYS = ("part", "arm", "family", "seed")
CHOSEN = ("real_groups", "ratio", "added", "asked", "validation_auroc")
"""Facts about the trial that was chosen."""
RESULT_COLUMNS = (*KEYS, "trial", *CHOSEN, "images", "groups", *METRICS)
SUBGROUP_COLUMNS = (*KEYS, "kind", "subgroup", "images", "auroc", "sensitivity", "accuracy")
CONFUSION_COLUMNS = (*KEYS, "label", "prediction", "images")
COLUMNS = {RESULTS: RESULT_COLUMNS, SUBGROUPS: SUBGROUP_COLUMNS, CONFUSION: CONFUSION_COLUMNS}
HELD_OUT, EXTERNAL, SYNTHETIC = "held_out", "external", "synthetic"
"""What classifiers are tested on: the split's held-out patients, another store, and the generator's own images."""


def choose_trial(trials: Sequence[Path]) -> tuple[Path, dict[str, Any]]:
    """Returns (folder, facts) of the trial with the highest validation AUROC, the first of several."""
    found = [(folder, load_json(folder / FITTED)) for folder in trials]
    return max(found, key=lambda each: float(each[1]["validation_auroc"]))
