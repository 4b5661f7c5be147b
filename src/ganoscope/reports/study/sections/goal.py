"""Row E9: the goal that the original study set, beside what is measured and what prevalence alone gives."""

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import NONE, write_change, write_level
from ganoscope.studies.analysis.endpoint_means import ALWAYS, EndpointMean
from ganoscope.studies.analysis.original_goal import GOAL, ArmAccuracy
from ganoscope.studies.steps.evaluation import HELD_OUT

METRICS = ("accuracy", "balanced_accuracy", "auroc")
HEADER = (
    *("Classifier, arm", "accuracy", f"above {GOAL:.0%}", "accuracy minus baseline", "improved"),
    *("balanced accuracy", "AUROC"),
)


def show(findings: Findings) -> Chapter:
    """Returns the accuracies beside the goal, and the endpoints that prevalence can't fool."""
    always = {one.metric: one for one in findings.endpoints if one.arm == ALWAYS}
    rows = [make_row(findings, one) for one in findings.goal]
    levels = [write_mean(always.get(metric)) for metric in METRICS]
    rows.append((f"always the {ALWAYS}", levels[0], "", "", "", *levels[1:]))
    text = (
        f"The original study set itself a test accuracy above {GOAL:.0%}, improved by augmentation. Accuracy alone "
        f"says little: always answering with the {ALWAYS} is right in {levels[0]} here, without any skill. "
        "Balanced accuracy and AUROC can't be fooled by prevalence. Improved means that the corrected 95 % interval of "
        "the difference of accuracy lies above 0; it is not adjusted for the number of arms, and it is not the verdict."
    )
    table = Table("Goal and measurement on held-out patients", HEADER, tuple(rows))
    return Chapter("goal", "The original goal", (Section((text,), (table,)),))


def make_row(findings: Findings, one: ArmAccuracy) -> tuple[str, ...]:
    """Returns an arm's accuracy beside the goal, and its other endpoints."""
    means = {
        metric: next((mean for mean in findings.list_means(HELD_OUT, one.family, metric) if mean.arm == one.arm), None)
        for metric in METRICS
    }
    change = f"{write_change(one.difference)} ({write_change(one.low)} to {write_change(one.high)})"
    baseline = one.difference != one.difference
    return (
        *(f"{one.family}, {one.arm}", write_mean(means["accuracy"]), one.above),
        *(NONE if baseline else change, NONE if baseline else one.improved),
        *(write_mean(means["balanced_accuracy"]), write_mean(means["auroc"])),
    )


def write_mean(one: EndpointMean | None) -> str:
    """Returns a mean with its interval; a dash where there is none."""
    return write_level(one.mean, one.low, one.high) if one else NONE
