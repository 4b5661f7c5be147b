"""What a reader must know before believing a classifier's metrics."""

from collections.abc import Mapping

import numpy as np

from ganoscope.alarms import Alarm
from ganoscope.data.store import Store
from ganoscope.evaluate.classification.calibration import HIGHEST, LOWEST
from ganoscope.evaluate.classification.metrics import PartScores

FEW_GROUPS = 30
"""Patients or clusters of a part below which its intervals are rough."""
CHANCE = 0.5


def find_alarms(store: Store, scores: Mapping[str, PartScores], temperature: float) -> list[Alarm]:
    """Returns the alarms about a classifier that learned from a store.

    Args:
        store: Whose parts were used.
        scores: By the name of the part; a part without an image of a known class is not there.
        temperature: Fitted on the validation part.
    """
    alarms = [*check_overlap(store), *check_unscored(store, scores)]
    for split, part in scores.items():
        alarms += [*check_classes(split, part), *check_perfection(split, part), *check_groups(split, part)]
    if "test" in scores:
        alarms += check_chance(scores["test"])
    alarms += check_temperature(scores, temperature)
    return alarms


def check_overlap(store: Store) -> list[Alarm]:
    """Alarms when patients, or groups of near-duplicates, of the train part are in another part."""
    splits = store.column("split")
    alarms = []
    for column, named in (("group", "groups"), ("patient", "patients")):
        values = store.column(column)
        known = set(values[splits == "train"].tolist()) - {""}
        for split in ("validation", "test"):
            shared = known & set(values[splits == split].tolist())
            if shared:
                message = (
                    f"{len(shared):,} {named} of the train part are in the {split} part as well: its metrics are those "
                    "of images that were learned by heart. Prepare the store again, so that no patient crosses."
                )
                evidence: dict[str, float | int | str | list[str]] = {named: len(shared)}
                alarms.append(Alarm(f"overlapping_{named}_{split}", "danger", message, evidence))
    return alarms


def check_unscored(store: Store, scores: Mapping[str, PartScores]) -> list[Alarm]:
    """Alarms when held-out images have no label, or one that no training image has: they can't be scored."""
    splits = store.column("split")
    alarms = []
    for split in ("validation", "test"):
        number = int((splits == split).sum())
        scored = sum(scores[split].counts.values()) if split in scores else 0
        if not scored:
            message = f"the {split} part holds no image of a class that was learned: nothing was measured on it."
            alarms.append(Alarm(f"nothing_scored_{split}", "danger", message, {"images": number}))
        elif scored < number:
            message = (
                f"{number - scored:,} of {number:,} images of the {split} part have no label, or one that no training "
                "image has: they are left out of all metrics."
            )
            alarms.append(Alarm(f"unscored_images_{split}", "warning", message, {"images": number - scored}))
    return alarms


def check_classes(split: str, part: PartScores) -> list[Alarm]:
    """Alarms when a part holds one class, or lacks some."""
    absent = [label for label, count in part.counts.items() if not count]
    if not absent:
        return []
    alone = len(absent) == len(part.counts) - 1
    held = [label for label, count in part.counts.items() if count]
    message = (
        f"every image of the {split} part is of class {held[0]}: AUROC and balanced accuracy are not defined, accuracy "
        "is only the share of that class that is recognised, and weighted precision is 1 whatever the classifier does."
        if alone
        else f"the {split} part holds no image of {', '.join(absent)}: averages over the classes are not defined."
    )
    evidence: dict[str, float | int | str | list[str]] = {"absent": absent}
    code = f"single_class_{split}" if alone else f"absent_classes_{split}"
    return [Alarm(code, "danger" if alone else "warning", message, evidence)]


def check_perfection(split: str, part: PartScores) -> list[Alarm]:
    """Alarms when weighted precision is exactly 1 and weighted recall equals accuracy: too good, or a single class."""
    accuracy, recall = part.metrics["accuracy"].value, part.metrics["recall_weighted"].value
    if part.metrics["precision_weighted"].value != 1.0 or not np.isclose(recall, accuracy, rtol=0, atol=1e-12):
        return []
    message = (
        f"every image of the {split} part is classified rightly. Before believing it, look for a shortcut (`ganoscope "
        "inspect`), for copies across the parts, and at what the heat maps point to."
        if accuracy == 1.0
        else f"weighted precision on the {split} part is exactly 1 and recall equals accuracy ({accuracy:.3f}): the "
        "pattern of a part that holds one class."
    )
    return [Alarm(f"perfect_precision_{split}", "warning", message, {"accuracy": round(accuracy, 4)})]


def check_temperature(scores: Mapping[str, PartScores], temperature: float) -> list[Alarm]:
    """Alarms when the validation part could not tell the temperature."""
    evidence: dict[str, float | int | str | list[str]] = {"temperature": round(temperature, 4)}
    if "validation" in scores and scores["validation"].metrics["accuracy"].value == 1.0:
        message = (
            "no image of the validation part is classified wrongly, so no temperature fits it best: probabilities are "
            "not calibrated, and probably too close to 0 and 1."
        )
        return [Alarm("temperature_not_fitted", "note", message, evidence)]
    if LOWEST * 1.001 < temperature < HIGHEST * 0.999:
        return []
    message = (
        f"the temperature that would calibrate the validation part lies outside {LOWEST:g} to {HIGHEST:g}: "
        f"{temperature:g} is used. Probabilities are not to be trusted."
    )
    return [Alarm("temperature_at_limit", "note", message, evidence)]


def check_groups(split: str, part: PartScores) -> list[Alarm]:
    """Alarms when a part has few independent groups: a bootstrap of few groups gives intervals that are too narrow."""
    if part.groups >= FEW_GROUPS:
        return []
    message = (
        f"the {split} part has only {part.groups:,} independent groups (patients or clusters of near-duplicates): the "
        "intervals are rough, and rather too narrow."
    )
    return [Alarm(f"few_groups_{split}", "warning", message, {"groups": part.groups})]


def check_chance(part: PartScores) -> list[Alarm]:
    """Alarms when the interval of the test AUROC reaches chance."""
    auroc = part.metrics["auroc"]
    if not auroc.low <= CHANCE:
        return []
    message = (
        f"test AUROC {auroc.value:.3f} ({auroc.low:.3f} to {auroc.high:.3f}): chance can't be ruled out. Train longer, "
        "on more images, or accept that these images do not show the class."
    )
    return [Alarm("no_better_than_chance", "danger", message, {"auroc": round(auroc.value, 4)})]
