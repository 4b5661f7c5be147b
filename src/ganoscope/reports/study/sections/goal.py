"""Row E9: the goal that the original study set, beside what is measured and what prevalence alone gives."""

from ganoscope.reports.kit.content import Chapter, Section, Table
from ganoscope.reports.study.artefacts import Findings
from ganoscope.reports.study.wording import NONE, write_change, write_interval, write_level
from ganoscope.studies.analysis.endpoint_means import ALWAYS, EndpointMean
from ganoscope.studies.analysis.original_goal import GOAL, ArmAccuracy
from ganoscope.studies.arms import BASELINE
from ganoscope.studies.result_files import HELD_OUT

METRICS = ("accuracy", "balanced_accuracy", "auroc")
HEADER = ("Classifier, arm", "accuracy", f"above {GOAL:.0%}", "accuracy minus baseline", "improved")
OTHERS = ("Classifier, arm", "accuracy", "balanced accuracy", "AUROC")


def show(findings: Findings) -> Chapter:
    """Returns the accuracies beside the goal, and the endpoints that prevalence can't fool."""
    always = {one.metric: one for one in findings.endpoints if one.arm == ALWAYS}
    levels = tuple(write_mean(always.get(metric)) for metric in METRICS)
    goal = sorted(findings.goal, key=lambda one: findings.design.config.families.index(one.family))
    name = f"always the {ALWAYS}"
    rows = (*(make_row(findings, one) for one in goal), (name, levels[0], "", "", ""))
    others = (*((name_arm(one), *list_levels(findings, one)) for one in goal), (name, *levels))
    text = (
        f"The original study set itself a test accuracy above {GOAL:.0%}, improved by augmentation. Accuracy alone "
        f"says little: always answering with the {ALWAYS} has an accuracy of {levels[0]} here, without any skill. "
        "Balanced accuracy and AUROC can't be fooled by prevalence. Improved means that the 95% interval of the "
        "difference of accuracy lies above 0; it is not adjusted for the number of arms, and it is not the verdict."
    )
    tables = (
        Table("Goal and measurement on held-out patients", HEADER, rows),
        Table("Beside endpoints that prevalence can't fool", OTHERS, others),
    )
    sections = (Section((text,), tables[:1]), Section(tables=tables[1:]))
    return Chapter("goal", "The original goal", sections)


def name_arm(one: ArmAccuracy) -> str:
    """Returns classifier and arm."""
    return f"{one.family}, {one.arm}"


def list_levels(findings: Findings, one: ArmAccuracy) -> list[str]:
    """Returns accuracy, balanced accuracy and AUROC of an arm."""
    means = [
        {mean.arm: mean for mean in findings.list_means(HELD_OUT, one.family, metric)}.get(one.arm)
        for metric in METRICS
    ]
    return [write_mean(mean) for mean in means]


def make_row(findings: Findings, one: ArmAccuracy) -> tuple[str, ...]:
    """Returns an arm's accuracy beside the goal."""
    level = list_levels(findings, one)[0]
    if one.arm == BASELINE:
        return name_arm(one), level, one.above, NONE, NONE
    interval = write_interval(one.low, one.high)
    change = f"{write_change(one.difference)}{f' ({interval})' if interval != NONE else ''}"
    return name_arm(one), level, one.above, change, one.improved


def write_mean(one: EndpointMean | None) -> str:
    """Returns a mean with its interval; a dash where there is none."""
    return write_level(one.mean, one.low, one.high) if one else NONE
