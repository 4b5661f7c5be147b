"""What a reader must know before trusting a classifier's metrics on a store of other patients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganoscope.alarms import Alarm, Check
from ganoscope.classifiers.fitness import DANGER_CHECK
from ganoscope.evaluate.classification.metrics import SplitScores
from ganoscope.evaluate.classification.split_checks import (
    CHANCE_CHECK,
    SCALING_CHECK,
    ScoredSplits,
    list_checks_of_split,
    make_unscored_check,
)


@dataclass(frozen=True)
class ExternalScores:
    """What the checks look at.

    Attributes:
        scores: Metrics on the test split of the store.
        own: Metrics on the test split of the store that it learned from; None where that split could not be scored.
        subgroups: Rows of `subgroups.csv`.
    """

    scores: SplitScores
    own: SplitScores | None
    subgroups: Sequence[Mapping[str, object]]


def check_transfer(evidence: ExternalScores) -> Iterator[Alarm]:
    """Yields an alarm where the AUROC lies below that on the classifier's own store, interval below interval."""
    if evidence.own is None:
        return
    here, own = evidence.scores.metrics["auroc"], evidence.own.metrics["auroc"]
    if here.high < own.low:
        message = (
            f"AUROC {here.value:.3f} ({here.low:.3f} to {here.high:.3f}) on this store, {own.value:.3f} "
            f"({own.low:.3f} to {own.high:.3f}) on the test split of the store that the classifier learned from: it "
            "does not carry over. Look for what differs, such as device, framing or patients, and for shortcuts in "
            "the training images (`ganoscope inspect`)."
        )
        yield Alarm("worse_on_external_store", "danger", message, {"here": here.value, "own": own.value})


def check_subgroups(evidence: ExternalScores) -> Iterator[Alarm]:
    """Yields an alarm where subgroups have an AUROC below that of all images, interval below interval."""
    low = evidence.scores.metrics["auroc"].low
    rows = [row for row in evidence.subgroups if row["kind"] != "class" and row["auroc_high"] != ""]
    weak = [f"{row['kind']} {row['subgroup']}" for row in rows if float(str(row["auroc_high"])) < low]
    if weak:
        message = (
            f"the AUROC is lower in {', '.join(weak)} than in all images, interval below interval. Metrics of all "
            f"images do not hold there ({len(rows)} subgroups were looked at)."
        )
        yield Alarm("weak_subgroup", "warning", message, {"subgroups": weak})


OF_SCORES: tuple[Check[ScoredSplits], ...] = (
    CHANCE_CHECK,
    make_unscored_check(("test",)),
    *list_checks_of_split("test"),
    SCALING_CHECK,
)
"""What is looked for as in the scores of any classifier."""
OF_TRANSFER: tuple[Check[ExternalScores], ...] = (
    Check(
        ("worse_on_external_store",),
        "an AUROC below that on the classifier's own store",
        check_transfer,
        "interval below interval",
    ),
    Check(("weak_subgroup",), "subgroups with a lower AUROC", check_subgroups, "interval below interval"),
)
"""What is looked for on a store of other patients alone."""
CHECKS: tuple[Check[Any], ...] = (*OF_TRANSFER, *OF_SCORES, DANGER_CHECK)
"""What is looked for in the scores on a store of other patients."""
