"""Heat maps of a trained classifier's predictions: computed from its run folder, written there, and read back."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganoscope.alarms import load_alarms, run_checks, save_alarms
from ganoscope.classifiers.trained import open_classifier
from ganoscope.data.arrays import load_arrays, save_arrays
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.metrics import Predictions
from ganoscope.evaluate.classification.predictions import load_results
from ganoscope.explanation.answers import CHECKS, HeatMaps, WeightDependence, explain_answers
from ganoscope.explanation.regions import RegionSummary
from ganoscope.files import save_json
from ganoscope.files.records import convert, load_mapping, reading
from ganoscope.statistics.estimate import Estimate

SCHEMA_VERSION = 1
ARRAYS, DESCRIPTION = "heat_maps.npz", "heat_maps.json"
BACKGROUND = ("share", "area", "excess")
"""What is kept of the maps' share in the background."""


def explain_run(run: Path, store: Store, device: str) -> HeatMaps:
    """Explains right and wrong predictions of a trained classifier; writes heat maps, and alarms to `alarms.json`.

    The test split is explained, or the validation split where the test split can't be scored.

    Args:
        run: Folder of the classifier, evaluated before.
        store: Store that it learned from.
        device: `cpu` or `cuda`.

    Raises:
        UserError: The run folder is incomplete or damaged.
    """
    classifier = open_classifier(run, device)
    classifier.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # as it was trained
    shown = list(load_results(run, store).values())[-1]
    heat = explain_answers(classifier, store, shown.predictions, shown.indices, int(classifier.record.config["seed"]))
    save_heat_maps(run, heat, shown.predictions)
    known = [alarm for alarm in load_alarms(run / "alarms.json") if not any(one.raises(alarm.code) for one in CHECKS)]
    save_alarms(run / "alarms.json", [*known, *run_checks(CHECKS, heat)])
    return heat


def save_heat_maps(run: Path, heat: HeatMaps, predictions: Predictions) -> None:
    """Writes `heat_maps.npz` (raw maps by sample id) and `heat_maps.json` (galleries and checks).

    Args:
        run: Folder of the classifier.
        heat: The heat maps.
        predictions: Predictions whose rows they are of.
    """
    ids = predictions.sample_ids
    save_arrays(run / ARRAYS, {"sample_ids": ids[heat.rows], "maps": heat.maps})
    content = {
        "schema_version": SCHEMA_VERSION,
        "split": predictions.split,
        "layer": heat.layer,
        "galleries": {
            label: {kind: ids[rows].tolist() for kind, rows in kinds.items()} for label, kinds in heat.galleries.items()
        },
        "randomisation": describe_numbers(heat.dependence),
        "share_inside_findings": describe_numbers(heat.inside),
        "share_of_area": describe_numbers(heat.area),
        "background": {
            name: describe_numbers(getattr(heat.background, name)) if heat.background else None for name in BACKGROUND
        },
    }
    save_json(run / DESCRIPTION, content)


def describe_numbers(found: WeightDependence | Estimate | None) -> dict[str, float | int | None] | None:
    """Returns a result as JSON values; what is not defined is null."""
    return None if found is None else {name: None if n != n else n for name, n in asdict(found).items()}


def parse_background(content: dict[str, Any] | None) -> RegionSummary | None:
    """Returns the maps' share in the background; None where there is none, as in files of earlier versions."""
    found = [convert(Estimate | None, (content or {}).get(name), name) for name in BACKGROUND]
    estimates = [one for one in found if one]
    if len(estimates) < len(BACKGROUND):
        return None
    share, area, excess = estimates
    return RegionSummary(share, area, excess, share.value / area.value if area.value > 0 else np.nan)


def load_heat_maps(run: Path, predictions: Predictions) -> HeatMaps:
    """Returns the heat maps that `save_heat_maps` wrote.

    Args:
        run: Folder of the classifier.
        predictions: Predictions for the split that they are of.

    Raises:
        UserError: A file is missing or damaged.
    """
    with reading(run / DESCRIPTION):
        return compose_heat_maps(run, predictions)


def compose_heat_maps(run: Path, predictions: Predictions) -> HeatMaps:
    """Returns the heat maps in a run folder, without naming a damaged file in every error.

    Args:
        run: Folder of the classifier.
        predictions: Predictions for the split that they are of.
    """
    content = load_mapping(run / DESCRIPTION)
    remedy = "Remove classifier.html and run `ganoscope classify` again."
    arrays = load_arrays(run / ARRAYS, remedy, {"sample_ids": "text N", "maps": "number N H W"})
    row_of = {str(sample_id): row for row, sample_id in enumerate(predictions.sample_ids)}

    def find_rows(ids: Iterable[str]) -> NDArray[np.int64]:
        return np.array([row_of[sample_id] for sample_id in ids], np.int64)

    return HeatMaps(
        galleries={
            label: {kind: find_rows(ids) for kind, ids in kinds.items()}
            for label, kinds in content["galleries"].items()
        },
        rows=find_rows(arrays["sample_ids"].tolist()),
        maps=arrays["maps"],
        layer=convert(str, content["layer"], "layer"),
        dependence=convert(WeightDependence | None, content["randomisation"], "randomisation"),
        inside=convert(Estimate | None, content["share_inside_findings"], "share_inside_findings"),
        area=convert(Estimate | None, content["share_of_area"], "share_of_area"),
        background=parse_background(content.get("background")),
    )
