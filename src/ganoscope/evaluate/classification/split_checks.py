"""What a reader must know before trusting a classifier's metrics: checks of each split, and of the temperature."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ganoscope.alarms import Alarm, Check, run_checks
from ganoscope.data.store import Store
from ganoscope.errors import write_count
from ganoscope.evaluate.classification.calibration import HIGHEST, LOWEST, Temperature
from ganoscope.evaluate.classification.metrics import SplitScores

FEW_GROUPS = 30
"""Patients or clusters of a split below which its intervals are rough."""
CHANCE = 0.5
"""AUROC of random scores."""
HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class ScoredSplits:
    """What the checks look at.

    Attributes:
        store: The store whose splits were used.
        scores: By the name of the split; a split without an image of a known class is missing.
        temperature: The temperature that is used, and the one fitted on the validation split.
    """

    store: Store
    scores: Mapping[str, SplitScores]
    temperature: Temperature


def find_alarms(store: Store, scores: Mapping[str, SplitScores], temperature: Temperature) -> list[Alarm]:
    """Returns the alarms about a classifier that learned from a store.

    Args:
        store: The store whose splits were used.
        scores: By the name of the split; a split without an image of a known class is missing.
        temperature: The temperature that is used, and the one fitted on the validation split.
    """
    return run_checks(CHECKS, ScoredSplits(store, scores, temperature))


def check_overlap(evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields alarms where patients, or groups of near-duplicates, of the train split are in another split."""
    splits = evidence.store.column("split")
    for column, named in (("group", "groups"), ("patient", "patients")):
        values = evidence.store.column(column)
        known = set(values[splits == "train"].tolist()) - {""}
        for split in HELD_OUT:
            shared = known & set(values[splits == split].tolist())
            if shared:
                message = (
                    f"{len(shared):,} {named} of the train split are in the {split} split as well: its metrics include "
                    f"memorised images. Prepare the store again so that no patient is in two splits."
                )
                yield Alarm(f"overlapping_{named}_{split}", "danger", message, {named: len(shared)})


def check_unscored(held_out: Sequence[str], evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields alarms where held-out images have no label, or one that no training image has: they can't be scored.

    Args:
        held_out: Names of the splits to look at.
        evidence: Scores of all splits.
    """
    splits = evidence.store.column("split")
    for split in held_out:
        number = int((splits == split).sum())
        scored = sum(evidence.scores[split].counts.values()) if split in evidence.scores else 0
        if not scored:
            message = f"the {split} split contains no image of a trained class: nothing was measured on it."
            yield Alarm(f"nothing_scored_{split}", "danger", message, {"images": number})
        elif scored < number:
            message = (
                f"{number - scored:,} of {number:,} images of the {split} split have no label, or one that no training "
                "image has: they are left out of all metrics."
            )
            yield Alarm(f"unscored_images_{split}", "warning", message, {"images": number - scored})


def check_classes(split: str, evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields an alarm where a split holds a single class, or lacks some."""
    counts = evidence.scores[split].counts if split in evidence.scores else {}
    absent = [label for label, count in counts.items() if not count]
    if not absent:
        return
    alone = len(absent) == len(counts) - 1
    held = [label for label, count in counts.items() if count]
    message = (
        f"every image of the {split} split is of class {held[0]}: AUROC and balanced accuracy are not defined, "
        "accuracy is only the share of that class that is recognised, and weighted precision is 1 whatever the "
        "classifier does."
        if alone
        else f"the {split} split contains no image of {', '.join(absent)}: averages over the classes are not defined."
    )
    code = f"single_class_{split}" if alone else f"absent_classes_{split}"
    yield Alarm(code, "danger" if alone else "warning", message, {"absent": absent})


def check_perfection(split: str, evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields an alarm where weighted precision is exactly 1 and weighted recall equals accuracy."""
    if split not in evidence.scores:
        return
    metrics = evidence.scores[split].metrics
    accuracy, recall = metrics["accuracy"].value, metrics["recall_weighted"].value
    if metrics["precision_weighted"].value != 1.0 or not np.isclose(recall, accuracy, rtol=0, atol=1e-12):
        return
    message = (
        f"every image of the {split} split is classified correctly. Before trusting this, look for a shortcut "
        "(`ganoscope inspect`), for copies across the splits, and at what the heat maps point to."
        if accuracy == 1.0
        else f"weighted precision on the {split} split is exactly 1 and recall equals accuracy ({accuracy:.3f}): the "
        "pattern of a split that contains a single class."
    )
    yield Alarm(f"perfect_precision_{split}", "warning", message, {"accuracy": round(accuracy, 4)})


def check_groups(split: str, evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields an alarm where a split has few independent groups: bootstrap intervals are then too narrow."""
    if split not in evidence.scores or evidence.scores[split].groups >= FEW_GROUPS:
        return
    groups = evidence.scores[split].groups
    message = (
        f"the {split} split has only {write_count(groups, 'independent group')} (patients or clusters of "
        "near-duplicates): the intervals are rough, and probably too narrow."
    )
    yield Alarm(f"few_groups_{split}", "warning", message, {"groups": groups})


def check_chance(evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields an alarm where the interval of the test AUROC reaches chance."""
    if "test" not in evidence.scores:
        return
    auroc = evidence.scores["test"].metrics["auroc"]
    if auroc.low <= CHANCE:
        message = (
            f"test AUROC {auroc.value:.3f} ({auroc.low:.3f} to {auroc.high:.3f}): chance can't be ruled out. Train "
            "longer, on more images, or accept that these images do not show the class."
        )
        yield Alarm("no_better_than_chance", "danger", message, {"auroc": round(auroc.value, 4)})


def check_answers(split: str, evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields an alarm where a classifier ranks the images of a split well and yet gives all of them the same answer.

    Args:
        split: Name of the split.
        evidence: Scores of all splits.
    """
    if split not in evidence.scores:
        return
    scores = evidence.scores[split]
    answered = np.flatnonzero(scores.confusion.sum(axis=0))
    classes = int((scores.confusion.sum(axis=1) > 0).sum())
    if classes < 2 or len(answered) != 1 or not scores.metrics["auroc"].low > CHANCE:
        return
    name, auroc = list(scores.counts)[answered[0]], scores.metrics["auroc"].value
    message = (
        f"every image of the {split} split is answered with {name}, although the AUROC is {auroc:.3f}: the scores rank "
        "the images, but their level is off. Don't use the probabilities as they are; train longer, or on more images."
    )
    yield Alarm(f"one_answer_{split}", "danger", message, {"answer": name})


def check_temperature(evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields a note where the validation split could not determine the temperature."""
    temperature, scores = evidence.temperature.fitted, evidence.scores
    if "validation" in scores and scores["validation"].metrics["accuracy"].value == 1.0:
        message = (
            "no image of the validation split is misclassified, so no temperature fits it best: probabilities are not "
            "calibrated, and probably too close to 0 and 1."
        )
        yield Alarm("temperature_not_fitted", "note", message, {"temperature": round(temperature, 4)})
    elif not LOWEST * 1.001 < temperature < HIGHEST * 0.999:
        message = (
            f"the temperature that would calibrate the validation split lies outside {LOWEST:g} to {HIGHEST:g}: "
            f"{evidence.temperature.value:g} is used. Do not trust the probabilities."
        )
        yield Alarm("temperature_at_limit", "note", message, {"temperature": round(temperature, 4)})


def check_scaling(evidence: ScoredSplits) -> Iterator[Alarm]:
    """Yields a note where the fitted temperature is not used, and a warning where the one that is used does harm."""
    used, scores = evidence.temperature, evidence.scores
    if used.value != used.fitted:
        tried = (
            f"cross-entropy {used.loss:.4f} with it, {used.plain_loss:.4f} without, over {used.groups:,} patients or "
            "groups that it was not fitted on"
            if used.groups > 1
            else "there are too few patients to try it on"
        )
        message = (
            f"temperature scaling does not help: the fitted temperature {used.fitted:.3f} makes probabilities no "
            f"better on validation patients ({tried}). Temperature 1 is kept."
        )
        yield Alarm("temperature_not_used", "note", message, {"fitted": round(used.fitted, 4)})
        return
    if "test" not in scores or used.value == 1:
        return
    after, before = (scores["test"].metrics[name] for name in ("ece", "ece_uncalibrated"))
    if after.value > before.value:
        message = (
            f"temperature scaling ({used.value:.3f}) helped on validation patients and not on the test split: the "
            f"expected calibration error is {after.value:.3f} ({after.low:.3f} to {after.high:.3f}) with it and "
            f"{before.value:.3f} ({before.low:.3f} to {before.high:.3f}) without. Do not read probabilities as risks."
        )
        errors = {"with": round(after.value, 4), "without": round(before.value, 4)}
        yield Alarm("temperature_worse_on_test", "warning", message, errors)


def list_checks_of_split(split: str) -> tuple[Check[ScoredSplits], ...]:
    """Returns the checks of the scores on one split."""
    return (
        Check(
            (f"single_class_{split}", f"absent_classes_{split}"),
            f"classes without an image in the {split} split",
            partial(check_classes, split),
            titles=(f"a single class in the {split} split", f"classes without an image in the {split} split"),
        ),
        Check(
            (f"perfect_precision_{split}",),
            f"a perfect weighted precision on the {split} split",
            partial(check_perfection, split),
            "weighted precision exactly 1, recall equal to accuracy",
        ),
        Check(
            (f"few_groups_{split}",),
            f"few independent groups in the {split} split",
            partial(check_groups, split),
            f"fewer than {FEW_GROUPS} patients or clusters of near-duplicates",
        ),
        Check(
            (f"one_answer_{split}",),
            f"one answer for all images of the {split} split",
            partial(check_answers, split),
            f"a single predicted class, with an AUROC whose interval is above {CHANCE:g}",
        ),
    )


def make_unscored_check(held_out: Sequence[str]) -> Check[ScoredSplits]:
    """Returns the check for images of some splits that can't be scored."""
    return Check(
        ("nothing_scored_*", "unscored_images_*"),
        "held-out images that can't be scored",
        partial(check_unscored, held_out),
        titles=("a split without an image that can be scored", "held-out images that can't be scored"),
    )


CHANCE_CHECK: Check[ScoredSplits] = Check(
    ("no_better_than_chance",),
    "a test AUROC that may be chance",
    check_chance,
    f"lower end of the interval at {CHANCE:g} or below",
)
SCALING_CHECK: Check[ScoredSplits] = Check(
    ("temperature_not_used", "temperature_worse_on_test"),
    "temperature scaling that makes probabilities worse on patients that it was not fitted on",
    check_scaling,
    titles=("temperature scaling that does not help", "temperature scaling that does harm on the test split"),
)
CHECKS: tuple[Check[ScoredSplits], ...] = (
    Check(("overlapping_*",), "patients or near-duplicates shared by the train split and another split", check_overlap),
    make_unscored_check(HELD_OUT),
    *list_checks_of_split("validation"),
    *list_checks_of_split("test"),
    CHANCE_CHECK,
    Check(
        ("temperature_not_fitted", "temperature_at_limit"),
        "a temperature that the validation split does not determine",
        check_temperature,
        f"no misclassified image, or a temperature outside {LOWEST:g} to {HIGHEST:g}",
        titles=("a temperature that can't be fitted", "a temperature at its limit"),
    ),
    SCALING_CHECK,
)
"""What is looked for in the scores of a classifier."""
